/* group_test.c - appends whose commit is to remove old entries, and fails. */
#include "write/group.h"

#include "base/error.h"
#include "support/figures.h"
#include "support/test.h"
#include "write/handle.h"
#include "write/retention.h"

#define THERE 100u /* entries, of which KEPT are to be kept */
#define KEPT 10u

static struct journal *journal;

/* ---- what fails ---------------------------------------------------------- */

static int removal_fails; /* the result of the next one */

int __real_jn_retention_apply(struct jn_newest *newest, struct jn_txn *txn,
                              const struct jn_limits *limits,
                              const struct jn_amount *added,
                              struct jn_slowest *slowest, uint64_t *removed);
int __wrap_jn_retention_apply(struct jn_newest *newest, struct jn_txn *txn,
                              const struct jn_limits *limits,
                              const struct jn_amount *added,
                              struct jn_slowest *slowest, uint64_t *removed);

int
__wrap_jn_retention_apply(struct jn_newest *newest, struct jn_txn *txn,
                          const struct jn_limits *limits,
                          const struct jn_amount *added,
                          struct jn_slowest *slowest, uint64_t *removed)
{
    int rc = removal_fails;

    removal_fails = 0;
    return rc != 0 ? rc
                   : __real_jn_retention_apply(newest, txn, limits, added,
                                               slowest, removed);
}

static int commit_fails; /* the result of the next one, which does nothing */
static unsigned commits; /* that were tried */

int __real_jn_shared_commit(struct jn_shared *shared, struct jn_txn *txn);
int __wrap_jn_shared_commit(struct jn_shared *shared, struct jn_txn *txn);

int
__wrap_jn_shared_commit(struct jn_shared *shared, struct jn_txn *txn)
{
    int rc = commit_fails;

    commits++;
    commit_fails = 0;
    if (rc == 0)
        return __real_jn_shared_commit(shared, txn);
    jn_shared_abort(shared, txn);
    return rc;
}

/* ---- appends ------------------------------------------------------------- */

static int
append(void)
{
    return journal_append(journal, "key", 3, "value", 5, NULL);
}

/* What the next handle appends first goes into the store. */
static void
open_journal(uint64_t keep_entries)
{
    struct journal_options options;

    journal_options_init(&options);
    options.keep_entries = keep_entries;
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(journal_open(test_path("journal"), &options, &journal), 0);
}

static void
setup(void)
{
    test_setup();
    open_journal(0);
    for (unsigned i = 0; i < THERE; i++)
        ck_assert_int_eq(append(), 0);
    open_journal(KEPT);
    commits = 0;
}

static void
teardown(void)
{
    journal_close(journal);
    journal = NULL;
    test_teardown();
}

/* The SIZE entries are there, and the next append removes all but the last. */
static void
assert_goes_on(uint64_t size)
{
    ck_assert_uint_eq(figures_of(journal).size, size);
    ck_assert_uint_eq(figures_of(journal).entries, size);
    open_journal(KEPT);
    ck_assert_int_eq(append(), 0);
    ck_assert_uint_eq(figures_of(journal).size, size + 1);
    ck_assert_uint_eq(figures_of(journal).entries, KEPT);
}

START_TEST(old_entries_go_in_the_commit_of_the_new_one)
{
    ck_assert_int_eq(append(), 0);
    ck_assert_uint_eq(commits, 1);
    ck_assert_uint_eq(figures_of(journal).size, THERE + 1);
    ck_assert_uint_eq(figures_of(journal).entries, KEPT);
}
END_TEST

/* Whatever it is that fails. */
START_TEST(where_old_entries_cannot_be_removed_the_new_one_is_appended)
{
    static const int results[] = {JOURNAL_CORRUPT, JOURNAL_TOO_BIG,
                                  JOURNAL_FULL, ENOMEM, EIO};

    removal_fails = results[_i];
    ck_assert_int_eq(append(), 0);
    ck_assert_int_eq(removal_fails, 0);
    ck_assert_uint_eq(commits, 1);
    assert_goes_on(THERE + 1);
}
END_TEST

/* LMDB has an end to the pages that a transaction may change. */
START_TEST(what_is_too_big_with_the_old_entries_is_appended_without_them)
{
    commit_fails = JOURNAL_TOO_BIG;
    ck_assert_int_eq(append(), 0);
    ck_assert_uint_eq(commits, 2);
    assert_goes_on(THERE + 1);
}
END_TEST

/* It has nothing to do with the old entries: to try again helps nobody. */
START_TEST(another_failure_is_one_of_the_append)
{
    static const int results[] = {ENOMEM, EIO, JOURNAL_CORRUPT};

    commit_fails = results[_i];
    ck_assert_int_eq(append(), results[_i]);
    ck_assert_uint_eq(commits, 1);
    assert_goes_on(THERE);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("group");
    TCase *tcase = tcase_create("group");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, old_entries_go_in_the_commit_of_the_new_one);
    tcase_add_loop_test(
        tcase, where_old_entries_cannot_be_removed_the_new_one_is_appended, 0,
        5);
    tcase_add_test(
        tcase, what_is_too_big_with_the_old_entries_is_appended_without_them);
    tcase_add_loop_test(tcase, another_failure_is_one_of_the_append, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
