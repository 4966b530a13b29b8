/* figures.h - what a journal says of itself, where that cannot fail. */
#ifndef TEST_SUPPORT_FIGURES_H
#define TEST_SUPPORT_FIGURES_H

#include <journal.h>

#include "support/test.h"

static inline struct journal_stat
figures_of(struct journal *journal)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    return stat;
}

#endif
