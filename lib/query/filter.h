/*
 * filter.h - what a query asks for, besides a range of numbers.
 */
#ifndef JN_FILTER_H
#define JN_FILTER_H

#include <journal.h>
#include <stdbool.h>

#include "base/bytes.h"

struct jn_filter {
    enum journal_match match;
    uint8_t *copy;      /* of what the caller gave */
    struct jn_span key; /* a key, a prefix or a key expression */
    /* Every key that matches begins with these, the first bytes of it. */
    struct jn_span literal;
    bool latest;             /* of each key its newest entry only */
    bool live;               /* no tombstones */
    uint64_t first_revision; /* 0: from whichever there is */
};

/* EINVAL, JOURNAL_TOO_BIG: not something to be looked for. */
int jn_filter_make(struct jn_filter *filter, const struct journal_query *query);
void jn_filter_free(struct jn_filter *filter);

/* Whether every entry is wanted, so that none needs to be looked at. */
bool jn_filter_takes_all(const struct jn_filter *filter);

/* Whether KEY is asked for; it is empty for an entry that has none. */
bool jn_filter_matches(const struct jn_filter *filter, struct jn_span key);

/* Whether a key whose first bytes are START may match. */
bool jn_filter_may_match(const struct jn_filter *filter, struct jn_span start);

/* Whether a key of which SIZE bytes may match is known to do so. */
bool jn_filter_knows_by(const struct jn_filter *filter, size_t size);

#endif
