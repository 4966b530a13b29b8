/*
 * writing.h - a fixture: a journal that is open, and a transaction of it that
 * writes and is not committed.
 */
#ifndef TEST_UNIT_WRITING_H
#define TEST_UNIT_WRITING_H

#include <journal.h>

#include "store/store.h"

struct writing {
    struct journal *journal;
    struct jn_txn txn;
};

extern struct writing writing;

void writing_setup(void);
void writing_teardown(void);

/* Applies RECORDS as one request and gives its result. */
int writing_apply(const struct journal_record *records, size_t count,
                  bool *changed);

/* Commits it, and begins the next one. */
void writing_commit(void);

#endif
