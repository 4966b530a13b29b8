/* sight_test.c - what cannot be seen for a moment is not taken for absent. */
#include <errno.h>
#include <journal.h>

#include "fault/faults.h"
#include "support/test.h"

#define CALLS_MAX 200u

static void
make_journal(const char *path)
{
    struct journal *made = NULL;

    ck_assert_int_eq(journal_open(path, NULL, &made), 0);
    ck_assert_int_eq(journal_append(made, "key", 3, "value", 5, NULL), 0);
    journal_close(made);
}

/* With look N below PATH failing. */
static int
open_once(const char *path, uint32_t flags, unsigned n)
{
    struct journal_options options;
    struct journal *journal = NULL;
    int rc;

    journal_options_init(&options);
    options.flags = flags;
    faults_arm(path, FAULT_LOOK, n, EIO, FAULT_BEFORE, false);
    rc = journal_open(path, &options, &journal);
    faults_disarm();
    journal_close(journal);
    return rc;
}

START_TEST(a_journal_that_is_there_is_not_missed)
{
    unsigned n = 0;

    make_journal(test_path("journal"));
    do {
        int rc = open_once(test_path("journal"), JOURNAL_OPEN_EXISTING, ++n);

        ck_assert_msg(rc == 0 || rc == EIO, "look %u: %s", n,
                      journal_errname(rc));
    } while (faults_hit() && n < CALLS_MAX);
    ck_assert_uint_gt(n, 5);
    ck_assert_uint_lt(n, CALLS_MAX);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("sight");
    TCase *tcase = tcase_create("sight");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, a_journal_that_is_there_is_not_missed);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
