/* exclusive_test.c - JOURNAL_OPEN_EXCLUSIVE: one process writes. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/steps.h"

/* A child that opens with FLAGS, says so, and ends when it is told to. */
struct holder {
    uint32_t flags;
    struct bell opened;
    struct bell enough;
    pid_t pid;
};

static void
hold(void *context)
{
    struct holder *holder = context;
    struct journal *own;

    journal_close(journal);
    own = open_path(home(), holder->flags);
    bell_ring(&holder->opened);
    bell_wait(&holder->enough);
    journal_close(own);
}

static void
holder_start(struct holder *holder, uint32_t flags)
{
    holder->flags = flags;
    bell_make(&holder->opened);
    bell_make(&holder->enough);
    holder->pid = start(hold, holder);
    bell_wait(&holder->opened);
}

static void
holder_end(struct holder *holder)
{
    bell_ring(&holder->enough);
    finish(holder->pid);
}

static void
setup(void)
{
    test_setup();
    ck_assert_int_eq(result_of_open(home(), 0), 0);
}

START_TEST(exclusive_is_busy_at_once_while_another_process_may_write)
{
    struct holder writer;

    holder_start(&writer, 0);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_EXCLUSIVE),
                     JOURNAL_BUSY);
    holder_end(&writer);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_EXCLUSIVE), 0);
}
END_TEST

START_TEST(exclusive_keeps_writers_out)
{
    struct holder only;

    holder_start(&only, JOURNAL_OPEN_EXCLUSIVE);
    ck_assert_int_eq(result_of_open(home(), 0), JOURNAL_BUSY);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_EXCLUSIVE),
                     JOURNAL_BUSY);
    holder_end(&only);
    ck_assert_int_eq(result_of_open(home(), 0), 0);
}
END_TEST

START_TEST(exclusive_lets_readers_in)
{
    struct holder only;

    holder_start(&only, JOURNAL_OPEN_EXCLUSIVE);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_READ_ONLY), 0);
    holder_end(&only);
}
END_TEST

START_TEST(readers_do_not_hinder_exclusive)
{
    struct holder reader;

    holder_start(&reader, JOURNAL_OPEN_READ_ONLY);
    journal = open_path(home(), JOURNAL_OPEN_EXCLUSIVE);
    append("key", "value");
    holder_end(&reader);
    append("key", "value");
}
END_TEST

START_TEST(handles_of_the_same_process_go_on)
{
    struct journal *second;

    journal = open_path(home(), 0);
    second = open_path(home(), JOURNAL_OPEN_EXCLUSIVE);
    append("key", "through the first");
    append_to(second, "key", "through the second");
    ck_assert_int_eq(result_of_open(home(), 0), 0);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_EXCLUSIVE), 0);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_READ_ONLY), 0);
    ck_assert_uint_eq(assert_no_gap(journal), 2);
    journal_close(second);
}
END_TEST

/* A second handle of some tests, beside `journal`. */
static struct journal *only_one;

static void
open_elsewhere(void *context)
{
    const int *expected = context;

    journal_close(journal);
    journal_close(only_one);
    ck_assert_int_eq(result_of_open(home(), 0), *expected);
}

START_TEST(exclusive_ends_with_the_handle_that_asked_for_it)
{
    int busy = JOURNAL_BUSY;
    int fine = 0;

    journal = open_path(home(), 0);
    only_one = open_path(home(), JOURNAL_OPEN_EXCLUSIVE);
    in_child(open_elsewhere, &busy);
    journal_close(only_one);
    only_one = NULL;
    in_child(open_elsewhere, &fine);
    append("key", "value");
}
END_TEST

START_TEST(exclusive_lasts_when_other_handles_of_the_process_close)
{
    int busy = JOURNAL_BUSY;

    journal = open_path(home(), JOURNAL_OPEN_EXCLUSIVE);
    ck_assert_int_eq(result_of_open(home(), 0), 0);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_READ_ONLY), 0);
    in_child(open_elsewhere, &busy);
}
END_TEST

START_TEST(exclusive_ends_with_its_process_however_that_dies)
{
    struct holder only;
    int status;

    holder_start(&only, JOURNAL_OPEN_EXCLUSIVE);
    ck_assert_int_eq(kill(only.pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(only.pid, &status, 0), only.pid);
    journal = open_path(home(), JOURNAL_OPEN_EXCLUSIVE);
    append("key", "value");
}
END_TEST

START_TEST(exclusive_creates_too)
{
    int busy = JOURNAL_BUSY;

    ck_assert_int_eq(journal_destroy(home()), 0);
    journal = open_path(home(), JOURNAL_OPEN_EXCLUSIVE | JOURNAL_OPEN_NEW);
    in_child(open_elsewhere, &busy);
}
END_TEST

START_TEST(a_refused_exclusive_leaves_the_others_alone)
{
    struct holder writer;
    struct journal *own;

    holder_start(&writer, 0);
    own = open_path(home(), 0);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_EXCLUSIVE),
                     JOURNAL_BUSY);
    append_to(own, "key", "value");
    ck_assert_uint_eq(assert_no_gap(own), 1);
    journal_close(own);
    holder_end(&writer);
}
END_TEST

static Suite *
suite(void)
{
    Suite *exclusive = suite_create("exclusive");
    TCase *tcase = tcase_create("exclusive");

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_test(tcase,
                   exclusive_is_busy_at_once_while_another_process_may_write);
    tcase_add_test(tcase, exclusive_keeps_writers_out);
    tcase_add_test(tcase, exclusive_lets_readers_in);
    tcase_add_test(tcase, readers_do_not_hinder_exclusive);
    tcase_add_test(tcase, handles_of_the_same_process_go_on);
    tcase_add_test(tcase, exclusive_ends_with_the_handle_that_asked_for_it);
    tcase_add_test(tcase,
                   exclusive_lasts_when_other_handles_of_the_process_close);
    tcase_add_test(tcase, exclusive_ends_with_its_process_however_that_dies);
    tcase_add_test(tcase, exclusive_creates_too);
    tcase_add_test(tcase, a_refused_exclusive_leaves_the_others_alone);
    suite_add_tcase(exclusive, tcase);
    return exclusive;
}

TEST_MAIN(suite)
