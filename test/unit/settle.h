/* settle.h - what has been appended goes into the store, all or some of it. */
#ifndef TEST_UNIT_SETTLE_H
#define TEST_UNIT_SETTLE_H

#include <limits.h>

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

#endif
