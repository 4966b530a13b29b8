/*
 * account.h - what a damaged journal says of itself, as far as it can be read.
 *
 * Rows of `meta`, from its tree or from a leaf that was found somewhere; those
 * that are not sound are left out.
 */
#ifndef JN_ACCOUNT_H
#define JN_ACCOUNT_H

#include <journal.h>

#include "pages/page.h"
#include "format/state.h"

struct jn_account_mark {
    char name[JOURNAL_MARK_SIZE];
    uint64_t seq;
};

/* Begins as {0}. */
struct jn_account {
    bool has_state, has_id, has_tail, has_rewinds;
    struct jn_state state;
    uint8_t id[JN_ID_SIZE];
    struct jn_tail_row tail;
    struct jn_cuts rewinds; /* none if there were none */
    uint64_t bad;           /* rows that are not sound */
    struct jn_account_mark *marks;
    size_t mark_count, mark_capacity;
    /* Of the state, as they come. */
    uint8_t next[8], first[8], totals[JN_TOTALS_MAX];
    size_t next_size, first_size, totals_size;
    bool rewinds_bad, tail_bad;
};

int jn_account_add(struct jn_account *account, struct jn_span key,
                   struct jn_span value);

/* All rows have been added. */
void jn_account_settle(struct jn_account *account);

/*
 * Takes the rows of PAGE, a leaf that was found, if they tell the state, and of
 * a later time than those of ACCOUNT.
 */
int jn_account_take(struct jn_account *account, const struct jn_page *page);

/*
 * Numbers below this have been given away, as far as the journal says itself:
 * its index may know of entries that are in its tail.
 */
uint64_t jn_account_size(const struct jn_account *account);

void jn_account_free(struct jn_account *account);

#endif
