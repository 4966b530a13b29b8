/*
 * closing_test.c - one closes the journal while another opens it.
 *
 * This program is linked so that it gets to work when somebody has just left
 * the door.
 */
#include <journal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "store/lock.h"
#include "support/test.h"

static bool armed;

/* By these names the linker knows the function and what is called for it. */
void __real_jn_lock_leave(struct jn_lock *lock);
void __wrap_jn_lock_leave(struct jn_lock *lock);

/* No fork: its handlers would wait for the one who closes. */
static void
open_in_another_process(void)
{
    char name[] = "journal", command[] = "append", quiet[] = "-q";
    char path[256], key[] = "k", value[] = "v";
    char *arguments[] = {name, command, quiet, path, key, value, NULL};
    pid_t child;
    int status;

    (void)snprintf(path, sizeof(path), "%s", test_path("journal"));
    ck_assert_int_eq(posix_spawn(&child, getenv("JOURNAL"), NULL, NULL,
                                 arguments, environ),
                     0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

void
__wrap_jn_lock_leave(struct jn_lock *lock)
{
    bool act = armed;

    armed = false;
    __real_jn_lock_leave(lock);
    if (act)
        open_in_another_process();
}

/* LMDB has not got its lock any more, which is not taken for a lost one. */
START_TEST(who_has_left_the_door_is_not_in_the_way)
{
    struct journal *journal;

    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    ck_assert_int_eq(journal_append(journal, "k", 1, "v", 1, NULL), 0);
    armed = true;
    journal_close(journal);
    ck_assert(!armed);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("closing");
    TCase *tcase = tcase_create("closing");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, who_has_left_the_door_is_not_in_the_way);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
