/* lock_test.c - `journal.lock`: who may, who waits, and words for all. */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "support/test.h"

static struct jn_lock *
open_lock(void)
{
    struct jn_lock *lock = NULL;

    ck_assert_int_eq(jn_lock_open(&lock, test_dir, true, 0600), 0);
    return lock;
}

static struct jn_lock *
open_joined(bool *alone)
{
    struct jn_lock *lock = open_lock();
    bool in_doubt;

    ck_assert_int_eq(jn_lock_enter(lock), 0);
    ck_assert_int_eq(jn_lock_join(lock, alone, &in_doubt), 0);
    jn_lock_leave(lock);
    return lock;
}

START_TEST(the_first_is_alone_and_the_second_is_not)
{
    bool alone = false;
    struct jn_lock *first = open_joined(&alone), *second;

    ck_assert(alone);
    second = open_joined(&alone);
    ck_assert(!alone);
    jn_lock_close(first);
    jn_lock_close(second);
    first = open_joined(&alone);
    ck_assert(alone);
    jn_lock_close(first);
}
END_TEST

/* JOURNAL_NOT_FOUND says that there is no journal, which nobody knows here. */
START_TEST(who_cannot_look_for_the_file_is_told_why)
{
    struct jn_lock *lock = NULL;

    ck_assert_int_eq(mkdir(test_path("here"), 0700), 0);
    ck_assert_int_eq(jn_lock_open(&lock, test_path("here"), true, 0600), 0);
    ck_assert_int_eq(rename(test_path("here"), test_path("there")), 0);
    ck_assert_int_eq(jn_lock_enter(lock), JOURNAL_NOT_FOUND);
    ck_assert_int_eq(symlink("here", test_path("here")), 0);
    ck_assert_int_eq(jn_lock_enter(lock), ELOOP);
    jn_lock_close(lock);
}
END_TEST

/* Though the file is still open, as in a child of whoever has parted. */
START_TEST(who_parts_is_no_longer_there)
{
    bool alone = false;
    struct jn_lock *first = open_joined(&alone), *second;

    ck_assert_int_eq(jn_lock_writer(first, true), 0);
    jn_lock_part(first);
    second = open_joined(&alone);
    ck_assert(alone);
    ck_assert_int_eq(jn_lock_writer(second, true), 0);
    jn_lock_close(second);
    jn_lock_close(first);
}
END_TEST

START_TEST(only_one_means_nobody_else)
{
    bool alone;
    struct jn_lock *first = open_joined(&alone), *second = open_lock();

    ck_assert_int_eq(jn_lock_enter(second), 0);
    ck_assert_int_eq(jn_lock_only_one(second), JOURNAL_BUSY);
    jn_lock_leave(second);
    jn_lock_close(first);
    ck_assert_int_eq(jn_lock_enter(second), 0);
    ck_assert_int_eq(jn_lock_only_one(second), 0);
    jn_lock_close(second);
}
END_TEST

START_TEST(the_door_lets_in_one_at_a_time)
{
    struct jn_lock *lock = open_lock();
    int through[2], status;
    char byte = 0;
    pid_t pid;

    ck_assert_int_eq(pipe(through), 0);
    ck_assert_int_eq(fcntl(through[0], F_SETFL, O_NONBLOCK), 0);
    ck_assert_int_eq(jn_lock_enter(lock), 0);
    pid = fork();
    if (pid == 0) {
        struct jn_lock *own = open_lock();

        (void)jn_lock_enter(own);
        (void)!write(through[1], "x", 1);
        _exit(0);
    }
    usleep(100000);
    ck_assert_int_eq(read(through[0], &byte, 1), -1);
    jn_lock_leave(lock);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(read(through[0], &byte, 1), 1);
    jn_lock_close(lock);
}
END_TEST

START_TEST(one_writer_may_be_the_only_one)
{
    struct jn_lock *first = open_lock(), *second = open_lock();

    ck_assert_int_eq(jn_lock_writer(first, false), 0);
    ck_assert_int_eq(jn_lock_writer(second, false), 0);
    ck_assert_int_eq(jn_lock_writer(first, true), JOURNAL_BUSY);
    jn_lock_no_writer(second);
    ck_assert_int_eq(jn_lock_writer(first, true), 0);
    ck_assert_int_eq(jn_lock_writer(second, false), JOURNAL_BUSY);
    ck_assert_int_eq(jn_lock_writer(first, false), 0);
    ck_assert_int_eq(jn_lock_writer(second, false), 0);
    jn_lock_close(first);
    jn_lock_close(second);
}
END_TEST

START_TEST(a_failed_change_of_a_lock_leaves_the_old_one)
{
    struct jn_lock *first = open_lock(), *second = open_lock();

    ck_assert_int_eq(jn_lock_writer(first, false), 0);
    ck_assert_int_eq(jn_lock_writer(second, false), 0);
    ck_assert_int_eq(jn_lock_writer(first, true), JOURNAL_BUSY);
    ck_assert_int_eq(jn_lock_writer(second, true), JOURNAL_BUSY);
    jn_lock_close(first);
    jn_lock_close(second);
}
END_TEST

START_TEST(the_words_are_everybodys_until_somebody_is_alone)
{
    bool alone;
    struct jn_lock *first = open_joined(&alone), *second = open_joined(&alone);

    ck_assert(!jn_lock_failed(second));
    jn_lock_set_failed(first);
    jn_lock_set_attempt(first, 77);
    jn_futex_enter(jn_lock_futex(first));
    jn_futex_wake(jn_lock_futex(first));
    ck_assert(jn_lock_failed(second));
    ck_assert_uint_eq(jn_lock_attempt(second), 77);
    ck_assert_uint_eq(jn_futex_turn(jn_lock_futex(second)), 1);
    ck_assert_uint_eq(jn_lock_futex(second)->waiters, 1);
    jn_lock_close(first);
    first = open_joined(&alone);
    ck_assert(jn_lock_failed(first));
    jn_lock_close(first);
    jn_lock_close(second);
    first = open_joined(&alone);
    ck_assert(jn_lock_failed(first));
    jn_lock_settled(first);
    ck_assert(!jn_lock_failed(first));
    ck_assert_uint_eq(jn_lock_attempt(first), 0);
    ck_assert_uint_eq(jn_futex_turn(jn_lock_futex(first)), 0);
    ck_assert_uint_eq(jn_lock_futex(first)->waiters, 0);
    jn_lock_close(first);
}
END_TEST

START_TEST(a_file_that_was_removed_is_not_entered)
{
    struct jn_lock *lock = open_lock();

    ck_assert_int_eq(unlink(test_path(JN_LOCK_FILE)), 0);
    ck_assert_int_eq(jn_lock_enter(lock), JOURNAL_NOT_FOUND);
    jn_lock_close(lock);
    ck_assert_int_eq(jn_lock_open(&lock, test_dir, false, 0600),
                     JOURNAL_NOT_FOUND);
}
END_TEST

static void
write_file(const char *text, size_t size)
{
    FILE *out = fopen(test_path(JN_LOCK_FILE), "wb");

    ck_assert_uint_eq(fwrite(text, 1, size, out), size);
    fclose(out);
}

START_TEST(a_file_of_somebody_else_is_refused_and_stays)
{
    static char text[8192] = "libjournal, but not its lock file";
    static const size_t sizes[] = {1, 20, 33, 4096, 8192};
    struct jn_lock *lock = open_lock();
    struct stat status;

    jn_lock_close(lock);
    text[0] = _i == 0 ? 'x' : 'l';
    write_file(text, sizes[_i]);
    lock = open_lock();
    ck_assert_int_eq(jn_lock_enter(lock), JOURNAL_UNSUPPORTED);
    jn_lock_close(lock);
    ck_assert_int_eq(stat(test_path(JN_LOCK_FILE), &status), 0);
    ck_assert_uint_eq((size_t)status.st_size, sizes[_i]);
}
END_TEST

START_TEST(a_file_that_a_crash_left_unfinished_is_finished)
{
    static const char zeros[4096];
    static const size_t sizes[] = {0, 1, 100, 4096};
    bool alone;

    write_file(zeros, sizes[_i]);
    jn_lock_close(open_joined(&alone));
    ck_assert(alone);
}
END_TEST

START_TEST(a_child_that_forgets_holds_nothing)
{
    bool alone;
    struct jn_lock *lock = open_joined(&alone);
    int done[2], status;
    char byte;
    pid_t pid;

    ck_assert_int_eq(pipe(done), 0);
    pid = fork();
    if (pid == 0) {
        jn_lock_forget(lock);
        (void)!write(done[1], "x", 1);
        pause();
        _exit(0);
    }
    ck_assert_int_eq(read(done[0], &byte, 1), 1);
    jn_lock_close(lock);
    jn_lock_close(open_joined(&alone));
    ck_assert(alone);
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("lock");
    TCase *tcase = tcase_create("lock");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, the_first_is_alone_and_the_second_is_not);
    tcase_add_test(tcase, who_cannot_look_for_the_file_is_told_why);
    tcase_add_test(tcase, who_parts_is_no_longer_there);
    tcase_add_test(tcase, only_one_means_nobody_else);
    tcase_add_test(tcase, the_door_lets_in_one_at_a_time);
    tcase_add_test(tcase, one_writer_may_be_the_only_one);
    tcase_add_test(tcase, a_failed_change_of_a_lock_leaves_the_old_one);
    tcase_add_test(tcase, the_words_are_everybodys_until_somebody_is_alone);
    tcase_add_test(tcase, a_file_that_was_removed_is_not_entered);
    tcase_add_loop_test(tcase, a_file_of_somebody_else_is_refused_and_stays, 0,
                        5);
    tcase_add_loop_test(tcase, a_file_that_a_crash_left_unfinished_is_finished,
                        0, 4);
    tcase_add_test(tcase, a_child_that_forgets_holds_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
