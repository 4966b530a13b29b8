/* settle.h - what is recent goes into the store; how far that has come. */
#ifndef TEST_UNIT_SETTLE_H
#define TEST_UNIT_SETTLE_H

#include <limits.h>

#include "journal/view.h"
#include "support/test.h"
#include "write/drain.h"
#include "write/handle.h"
#include "write/slices.h"

static inline void
settle(struct journal *journal)
{
    ck_assert_int_eq(jn_slices_drain(journal->shared, 0, 0, UINT_MAX), 0);
}

/*
 * What goes on with a round, or begins it: so many KEYS, or the least of the
 * entries.  Whether it was keys.
 */
static inline bool
settle_some(struct journal *journal, uint64_t keys)
{
    const struct jn_slice slice = {.keys = keys, .bytes = 1};
    struct jn_shared *shared = journal->shared;
    struct jn_txn txn;
    bool keyed;

    ck_assert_int_eq(jn_shared_begin_write(shared, &txn), 0);
    ck_assert_int_eq(jn_drain(&shared->files.newest, &txn, &slice, &keyed), 0);
    ck_assert_int_eq(jn_shared_commit(shared, &txn), 0);
    return keyed;
}

/* What the row of the tail says of it. */
static inline struct jn_tail_row
settle_row(struct journal *journal)
{
    struct jn_tail_row row;
    struct jn_txn txn;

    ck_assert_int_eq(jn_shared_begin_read(journal->shared, &txn), 0);
    ck_assert_int_eq(jn_view_tail(&txn, &row), 0);
    jn_store_end_read(&txn);
    return row;
}

#endif
