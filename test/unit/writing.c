/* writing.c - a journal that is open, and a transaction of it that writes. */
#include "writing.h"

#include "base/clock.h"
#include "journal/shared.h"
#include "support/test.h"
#include "write/apply.h"
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

int
writing_apply(const struct journal_record *records, size_t count, bool *changed)
{
    struct jn_request request;
    int rc;

    ck_assert_int_eq(jn_request_make(&request, records, count), 0);
    rc = jn_apply_to_store(&writing.txn, &request, jn_clock_now(), changed);
    ck_assert_int_eq(rc, 0);
    rc = request.result;
    jn_request_free(&request);
    return rc;
}

void
writing_commit(void)
{
    struct jn_shared *shared = writing.journal->shared;

    ck_assert_int_eq(jn_shared_commit(shared, &writing.txn), 0);
    ck_assert_int_eq(jn_shared_begin_write(shared, &writing.txn), 0);
}

void
writing_teardown(void)
{
    jn_store_abort(&writing.txn);
    journal_close(writing.journal);
    test_teardown();
}
