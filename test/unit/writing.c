/* writing.c - a journal that is open, and a transaction of it that writes. */
#include "writing.h"

#include "journal/shared.h"
#include "support/test.h"
#include "write/handle.h"

struct writing writing;

void
writing_setup(void)
{
    test_setup();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &writing.journal),
                     0);
    ck_assert_int_eq(jn_shared_begin_write(writing.journal->shared,
                                           &writing.txn),
                     0);
}

void
writing_teardown(void)
{
    jn_store_abort(&writing.txn);
    journal_close(writing.journal);
    test_teardown();
}
