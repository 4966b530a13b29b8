/* standard_test.c - a program without stdin, stdout and stderr. */
#include <fcntl.h>
#include <unistd.h>

#include "api/steps.h"

static void
close_standard(void)
{
    for (int file = 0; file <= STDERR_FILENO; file++)
        close(file);
}

/* A message that finds its way into a file of the journal would damage it. */
static void
assert_nowhere_to_write(void)
{
    for (int file = 0; file <= STDERR_FILENO; file++)
        ck_assert_int_lt(write(file, "a message", 9), 0);
}

static int
look(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    (void)done;
    (void)total;
    assert_nowhere_to_write();
    return 0;
}

static void
use(struct journal *used)
{
    append_to(used, "key", "value");
    append_to(used, "key", "newer");
    append_to(used, "key", "newest");
    assert_nowhere_to_write();
    ck_assert_int_eq(journal_verify(used, NULL, look, NULL), 0);
}

static void
open_without(void *unused)
{
    struct journal *opened;

    (void)unused;
    close_standard();
    opened = open_path(home(), 0);
    assert_nowhere_to_write();
    use(opened);
    journal_close(opened);
}

START_TEST(whoever_opens_without_them_writes_into_no_file)
{
    in_child(open_without, NULL);
    journal = open_path(home(), JOURNAL_OPEN_EXISTING);
    ck_assert_uint_eq(assert_no_gap(journal), 3);
    journal_close(journal);
}
END_TEST

/* The tail is opened by the second append. */
static void
close_after_open(void *unused)
{
    struct journal *opened = open_path(home(), 0);

    (void)unused;
    close_standard();
    use(opened);
    ck_assert_int_eq(journal_backup(opened, test_path("backup"), 0, look, NULL),
                     0);
    journal_close(opened);
}

START_TEST(whoever_closes_them_later_writes_into_no_file)
{
    in_child(close_after_open, NULL);
}
END_TEST

static void
copy_without(void *unused)
{
    struct journal *opened = open_path(home(), 0);

    (void)unused;
    close_standard();
    ck_assert_int_eq(journal_backup(opened, test_path("backup"), 0, look, NULL),
                     0);
    journal_close(opened);
    close_standard();
    ck_assert_int_eq(journal_salvage(test_path("backup"), test_path("salvaged"),
                                     NULL, look, NULL),
                     0);
}

START_TEST(copies_without_them_are_whole)
{
    in_child(copy_without, NULL);
    journal = open_path(test_path("salvaged"), JOURNAL_OPEN_EXISTING);
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), 0);
    journal_close(journal);
}
END_TEST

/* What is run by such a program finds them closed, as it would have. */
static void
run_another(void *unused)
{
    (void)unused;
    close_standard();
    journal = open_path(home(), 0);
    for (int file = 0; file <= STDERR_FILENO; file++)
        ck_assert_int_eq(fcntl(file, F_GETFD), FD_CLOEXEC);
    journal_close(journal);
}

START_TEST(no_other_program_inherits_them)
{
    in_child(run_another, NULL);
}
END_TEST

static Suite *
suite(void)
{
    Suite *standard = suite_create("standard");
    TCase *tcase = tcase_create("standard");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, whoever_opens_without_them_writes_into_no_file);
    tcase_add_test(tcase, whoever_closes_them_later_writes_into_no_file);
    tcase_add_test(tcase, copies_without_them_are_whole);
    tcase_add_test(tcase, no_other_program_inherits_them);
    suite_add_tcase(standard, tcase);
    return standard;
}

TEST_MAIN(suite)
