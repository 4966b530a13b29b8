/* robbed_test.c - files that go, or others in their place, while open. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "api/steps.h"

#define ENTRIES 20u

static struct bell done, go;

static void
append_some(void)
{
    for (unsigned i = 0; i < ENTRIES; i++)
        append("key", "value");
}

/* Appends, and goes on when it is told to. */
static void
append_twice(void *context)
{
    const int *result = context;

    journal = open_path(home(), 0);
    append_some();
    bell_ring(&done);
    bell_wait(&go);
    if (*result == 0)
        append_some();
    else
        ck_assert_int_eq(journal_append(journal, "key", 3, "v", 1, NULL),
                         *result);
    journal_close(journal);
}

/* The other is to get RESULT when it appends again. */
static pid_t
start_other(const int *result)
{
    pid_t pid;

    bell_make(&done);
    bell_make(&go);
    pid = start(append_twice, (void *)(uintptr_t)result);
    bell_wait(&done);
    return pid;
}

/* By now nobody else has it open. */
static void
assert_entries(uint64_t size)
{
    struct journal_report report = new_report();

    journal = open_path(home(), 0);
    ck_assert_uint_eq(assert_no_gap(journal), size);
    ck_assert_int_eq(journal_verify(journal, &report, NULL, NULL), 0);
    assert_clean(&report);
}

static void
close_it(void)
{
    journal_close(journal);
    journal = NULL;
}

/* The next took itself to be alone, and the two wrote over each other. */
START_TEST(without_the_lock_file_nobody_else_gets_in)
{
    const int result = 0;
    pid_t other;

    close_it();
    other = start_other(&result);
    ck_assert_int_eq(unlink(test_path("journal/journal.lock")), 0);
    ck_assert_int_eq(result_of_open(home(), 0), JOURNAL_BUSY);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_READ_ONLY),
                     JOURNAL_BUSY);
    ck_assert_int_eq(journal_destroy(home()), JOURNAL_BUSY);
    bell_ring(&go);
    finish(other);
    assert_entries(2 * (uint64_t)ENTRIES);
}
END_TEST

/*
 * Another journal's data file, of one entry, in place of the one there.  Who is
 * in a hurry looks for it now and then.
 */
static void
replace_data(void)
{
    struct timespec moment = {.tv_nsec = 50000000};

    ck_assert_int_eq(rename(test_path("copy"), test_path("journal/data.mdb")),
                     0);
    nanosleep(&moment, NULL);
}

static void
make_copy(void)
{
    append("key", "value");
    close_it();
    journal = open_path(test_path("new"), 0);
    append("key", "other");
    close_it();
    ck_assert_int_eq(rename(test_path("new/data.mdb"), test_path("copy")), 0);
}

/*
 * LMDB's lock file told the number of the other's last transaction, by which
 * the next one chose what to build on, and the library ended the process.
 */
START_TEST(what_was_put_in_place_of_an_open_journal_waits_until_it_is_closed)
{
    const int result = ESTALE;
    pid_t other;

    make_copy();
    other = start_other(&result);
    replace_data();
    if (_i == 1)
        ck_assert_int_eq(unlink(test_path("journal/journal.lock")), 0);
    ck_assert_int_eq(result_of_open(home(), 0), JOURNAL_BUSY);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_READ_ONLY),
                     JOURNAL_BUSY);
    bell_ring(&go);
    finish(other);
    assert_entries(1);
    assert_value("key", "other");
}
END_TEST

START_TEST(in_the_same_process_it_waits_too)
{
    make_copy();
    journal = open_path(home(), 0);
    append_some();
    replace_data();
    ck_assert_int_eq(result_of_open(home(), 0), JOURNAL_BUSY);
    ck_assert_int_eq(journal_append(journal, "key", 3, "v", 1, NULL), ESTALE);
    close_it();
    assert_entries(1);
}
END_TEST

static Suite *
suite(void)
{
    Suite *robbed = suite_create("robbed");
    TCase *tcase = tcase_create("robbed");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, without_the_lock_file_nobody_else_gets_in);
    tcase_add_loop_test(
        tcase,
        what_was_put_in_place_of_an_open_journal_waits_until_it_is_closed, 0,
        2);
    tcase_add_test(tcase, in_the_same_process_it_waits_too);
    suite_add_tcase(robbed, tcase);
    return robbed;
}

TEST_MAIN(suite)
