/*
 * anew_test.c - after a write that failed the store is read anew.
 *
 * A block of data.mdb whose first write had failed was written again by the
 * next session, and flushed; ext4, which took it to be on the disk, did not
 * make it part of the file, and after a loss of power it read as zeros:
 * JOURNAL_CORRUPT, with entries that had been acknowledged.  test/blocks shows
 * it with the kernel's own file system; here it is seen that the journal asks
 * for what helps.
 */
#include <errno.h>
#include <fcntl.h>
#include <journal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/faults.h"
#include "support/mode.h"
#include "support/test.h"

/* How often the system was told to forget what it knows of data.mdb. */
static unsigned forgotten;

static bool dies; /* who is about to tell it */

int
posix_fadvise(int file, off_t offset, off_t size, int advice)
{
    struct stat asked, data;

    (void)offset;
    (void)size;
    if (dies)
        _exit(0);
    forgotten += advice == POSIX_FADV_DONTNEED && fstat(file, &asked) == 0 &&
                 stat(test_path("journal/data.mdb"), &data) == 0 &&
                 asked.st_ino == data.st_ino;
    return 0;
}

static struct journal *
open_home(void)
{
    struct journal *journal = NULL;

    ck_assert_int_eq(mode_open_as_is(test_path("journal"), NULL, &journal), 0);
    return journal;
}

START_TEST(a_session_after_one_that_went_well_has_nothing_to_forget)
{
    struct journal *journal = open_home();

    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), 0);
    journal_close(journal);
    journal_close(open_home());
    ck_assert_uint_eq(forgotten, 0);
}
END_TEST

START_TEST(a_session_after_a_write_that_failed_forgets_once)
{
    struct journal *journal = open_home();

    faults_arm(test_path("journal"), FAULT_WRITE, 1, EIO, FAULT_BEFORE, false);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), EIO);
    faults_disarm();
    journal_close(journal);
    ck_assert_uint_eq(forgotten, 0);
    journal = open_home();
    ck_assert_uint_eq(forgotten, 1);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), 0);
    journal_close(journal);
    journal_close(open_home());
    ck_assert_uint_eq(forgotten, 1);
}
END_TEST

/* What a killed session had not flushed the next one is told of, and fails. */
START_TEST(a_session_after_an_open_whose_flush_failed_forgets_too)
{
    struct journal *journal = open_home();

    journal_close(journal);
    faults_arm(test_path("journal"), FAULT_SYNC, 1, EIO, FAULT_BEFORE, false);
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), EIO);
    faults_disarm();
    journal_close(open_home());
    ck_assert_uint_eq(forgotten, 1);
}
END_TEST

/* As long as it cannot be flushed it is not built upon. */
START_TEST(what_cannot_be_flushed_keeps_the_next_session_out)
{
    struct journal *journal = open_home();

    faults_arm(test_path("journal"), FAULT_WRITE | FAULT_SYNC, 1, EIO,
               FAULT_BEFORE, true);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), EIO);
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), EIO);
    faults_disarm();
    ck_assert_uint_eq(forgotten, 0);
    journal_close(open_home());
    ck_assert_uint_eq(forgotten, 1);
}
END_TEST

/* The system may not have forgotten: what is read has to be on the disk. */
START_TEST(what_cannot_be_written_once_more_keeps_the_next_session_out)
{
    struct journal *journal = open_home();

    faults_arm(test_path("journal"), FAULT_WRITE, 1, EIO, FAULT_BEFORE, false);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), EIO);
    faults_disarm();
    journal_close(journal);
    faults_arm(test_path("journal/data.mdb"), FAULT_WRITE, 1, EIO, FAULT_BEFORE,
               false);
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), EIO);
    faults_disarm();
    journal = open_home();
    ck_assert_uint_eq(forgotten, 2);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), 0);
    journal_close(journal);
}
END_TEST

/* A journal one of whose writes has failed, closed. */
static void
leave_doubt(void)
{
    struct journal *journal = open_home();

    faults_arm(test_path("journal"), FAULT_WRITE, 1, EIO, FAULT_BEFORE, false);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), EIO);
    faults_disarm();
    journal_close(journal);
}

static const struct {
    int classes;
    enum fault_effect effect;
} ways[] = {
    {FAULT_OPEN, FAULT_BEFORE},  {FAULT_READ | FAULT_WRITE, FAULT_BEFORE},
    {FAULT_WRITE, FAULT_BEFORE}, {FAULT_WRITE, FAULT_AFTER},
    {FAULT_WRITE, FAULT_SHORT},  {FAULT_SYNC, FAULT_BEFORE},
    {FAULT_SYNC, FAULT_AFTER},
};

/*
 * Whichever call fails while the file is made sure of, the next session does
 * it again; unless that was done, and something later failed.
 *
 * A read that failed once let the meta pages be as they were, and opened.
 */
START_TEST(whatever_fails_meanwhile_leaves_the_doubt_to_the_next_session)
{
    bool hit = true;

    for (unsigned n = 1; hit; n++) {
        struct journal *journal = NULL;
        unsigned before;
        int rc;

        leave_doubt();
        faults_arm(test_path("journal/data.mdb"), ways[_i].classes, n, EIO,
                   ways[_i].effect, false);
        rc = journal_open(test_path("journal"), NULL, &journal);
        faults_disarm();
        hit = faults_hit();
        if (rc == 0 && (ways[_i].classes & FAULT_READ) != 0)
            ck_assert_uint_gt(faults_calls(FAULT_WRITE), 0);
        else
            ck_assert_msg(hit ? rc != 0 : rc == 0, "call %u: %s", n,
                          journal_errname(rc));
        journal_close(journal);
        before = forgotten;
        journal = open_home();
        ck_assert_uint_eq(forgotten - before, rc > 0);
        ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), 0);
        ck_assert_int_eq(journal_sync(journal), 0);
        journal_close(journal);
    }
}
END_TEST

START_TEST(an_open_that_comes_to_nothing_leaves_the_doubt_where_it_is)
{
    struct journal_options options;
    struct journal *journal = NULL;

    leave_doubt();
    journal_options_init(&options);
    options.flags = JOURNAL_OPEN_NEW;
    ck_assert_int_eq(journal_open(test_path("journal"), &options, &journal),
                     JOURNAL_EXISTS);
    ck_assert_uint_eq(forgotten, 0);
    journal_close(open_home());
    ck_assert_uint_eq(forgotten, 1);
}
END_TEST

START_TEST(a_session_that_dies_meanwhile_leaves_the_doubt_to_the_next_one)
{
    pid_t child;

    leave_doubt();
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        dies = true;
        (void)open_home();
        _exit(1);
    }
    ck_assert_int_eq(waitpid(child, &(int){0}, 0), child);
    journal_close(open_home());
    ck_assert_uint_eq(forgotten, 1);
}
END_TEST

/* Writes zeros over the meta pages. */
static void
lose_metas(void)
{
    static const char zeros[2 * 65536];
    int file = open(test_path("journal/data.mdb"), O_WRONLY);

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(pwrite(file, zeros, 2 * (size_t)sysconf(_SC_PAGESIZE), 0),
                     2 * sysconf(_SC_PAGESIZE));
    close(file);
}

/* Nothing is written to a file that is not known any more. */
START_TEST(damage_that_is_met_meanwhile_is_told)
{
    struct journal *journal = NULL;

    leave_doubt();
    lose_metas();
    faults_arm(test_path("journal/data.mdb"), FAULT_WRITE, 1, EIO, FAULT_BEFORE,
               true);
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal),
                     JOURNAL_UNSUPPORTED);
    faults_disarm();
    ck_assert(!faults_hit());
}
END_TEST

START_TEST(who_only_reads_leaves_the_doubt_to_who_writes)
{
    struct journal *journal = open_home();
    struct journal_options options;

    faults_arm(test_path("journal"), FAULT_WRITE, 1, EIO, FAULT_BEFORE, false);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), EIO);
    faults_disarm();
    journal_close(journal);
    journal_options_init(&options);
    options.flags |= JOURNAL_OPEN_READ_ONLY;
    ck_assert_int_eq(journal_open(test_path("journal"), &options, &journal), 0);
    journal_close(journal);
    ck_assert_uint_eq(forgotten, 1);
    journal_close(open_home());
    ck_assert_uint_eq(forgotten, 2);
    journal_close(open_home());
    ck_assert_uint_eq(forgotten, 2);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("anew");
    TCase *tcase = tcase_create("anew");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase,
                   a_session_after_one_that_went_well_has_nothing_to_forget);
    tcase_add_test(tcase, a_session_after_a_write_that_failed_forgets_once);
    tcase_add_test(tcase,
                   a_session_after_an_open_whose_flush_failed_forgets_too);
    tcase_add_test(tcase, what_cannot_be_flushed_keeps_the_next_session_out);
    tcase_add_test(tcase,
                   what_cannot_be_written_once_more_keeps_the_next_session_out);
    tcase_add_test(tcase,
                   an_open_that_comes_to_nothing_leaves_the_doubt_where_it_is);
    tcase_add_test(
        tcase, a_session_that_dies_meanwhile_leaves_the_doubt_to_the_next_one);
    tcase_add_loop_test(
        tcase, whatever_fails_meanwhile_leaves_the_doubt_to_the_next_session, 0,
        (int)(sizeof(ways) / sizeof(ways[0])));
    tcase_add_test(tcase, damage_that_is_met_meanwhile_is_told);
    tcase_add_test(tcase, who_only_reads_leaves_the_doubt_to_who_writes);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
