/*
 * door_test.c - a lock that cannot be given back holds up nobody.
 *
 * To give back a part of what it has locked the system may need memory.  When
 * that failed once, as the door was left, every other process waited for ever
 * to get in.
 */
#include <errno.h>
#include <journal.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/faults.h"
#include "support/test.h"

#define CALLS_MAX 100u
#define SECONDS 20u

/* Opens and closes the journal once it is told to; started before anything. */
static pid_t
start_other(int *orders)
{
    struct journal *journal = NULL;
    int pipes[2];
    pid_t pid;
    char order;

    ck_assert_int_eq(pipe(pipes), 0);
    pid = fork();
    if (pid == 0) {
        (void)signal(SIGALRM, SIG_DFL);
        (void)close(pipes[1]);
        (void)!read(pipes[0], &order, 1);
        (void)alarm(SECONDS);
        _exit(journal_open(test_path("journal"), NULL, &journal) != 0);
    }
    (void)close(pipes[0]);
    *orders = pipes[1];
    return pid;
}

/* Lets lock call N fail; false if there are not so many. */
static bool
open_beside(unsigned n)
{
    struct journal *journal = NULL;
    int orders, status;
    pid_t other = start_other(&orders);

    faults_arm(test_path("journal"), FAULT_LOCK, n, ENOLCK, FAULT_BEFORE,
               false);
    (void)journal_open(test_path("journal"), NULL, &journal);
    faults_disarm();
    (void)close(orders);
    ck_assert_int_eq(waitpid(other, &status, 0), other);
    ck_assert_msg(status == 0, "call %u: status %d", n, status);
    journal_close(journal);
    return faults_hit();
}

START_TEST(others_get_in_whatever_lock_call_fails)
{
    unsigned n = 1;

    while (n < CALLS_MAX && open_beside(n))
        n++;
    ck_assert_uint_gt(n, 5);
    ck_assert_uint_lt(n, CALLS_MAX);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("door");
    TCase *tcase = tcase_create("door");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, others_get_in_whatever_lock_call_fails);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
