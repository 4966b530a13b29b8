/*
 * mixture.h - a journal of many entries, and the same in plain arrays.
 *
 * Whoever makes one chooses the key of each entry; the arrays say what number,
 * previous entry and revision it gets, and what prunes and compactions leave.
 * Values are numbers of 8 bytes in the order of the machine: the entry's own.
 */
#ifndef TEST_API_MIXTURE_H
#define TEST_API_MIXTURE_H

#include "api/steps.h"
#include "support/oracle.h"

#define NO_KEY UINT32_MAX

struct mixture_key {
    char *data;
    size_t size;
    uint64_t latest; /* JOURNAL_NONE: it is not known */
    uint64_t revision;
    bool deleted;
};

struct mixture {
    struct mixture_key *keys;
    uint32_t key_count;
    struct journal_entry *entries; /* those that are retained */
    uint32_t *key_of;              /* the key of each, or NO_KEY */
    size_t count, room;
    uint64_t first, size;
};

void mixture_init(struct mixture *mixture);
void mixture_free(struct mixture *mixture);

/* The number of a new key of these bytes, of which there is no other. */
uint32_t mixture_add_key(struct mixture *mixture, const void *data,
                         size_t size);

/* COUNT keys "START0END", "START1END" and so on, START of up to 700 bytes. */
void mixture_add_keys(struct mixture *mixture, const char *start,
                      unsigned count, const char *end);

/* Appends an entry to the arrays; mixture_flush() brings them to the journal.
 */
void mixture_append(struct mixture *mixture, uint32_t key, bool deleted);
void mixture_flush(struct mixture *mixture);

/* Both in the arrays and in the journal, which says the same of itself. */
void mixture_prune(struct mixture *mixture, uint64_t before, uint32_t flags);

/* Asks the journal, and fails the test if the answer isn't the oracle's. */
void mixture_ask(const struct mixture *mixture,
                 const struct journal_query *query);

#endif
