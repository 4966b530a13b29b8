/* settle.h - what has been appended goes into the store, where tests look. */
#ifndef TEST_UNIT_SETTLE_H
#define TEST_UNIT_SETTLE_H

#include <check.h>
#include <limits.h>

#include "write/handle.h"
#include "write/slices.h"

static inline void
settle(struct journal *journal)
{
    ck_assert_int_eq(jn_slices_drain(journal->shared, 0, 0, UINT_MAX), 0);
}

#endif
