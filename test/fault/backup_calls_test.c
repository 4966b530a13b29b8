/*
 * backup_calls_test.c - each call of a backup fails in turn, or is the last one
 * of the process.
 */
#include <errno.h>
#include <journal.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/faults.h"
#include "support/fast_dir.h"
#include "support/figures.h"
#include "support/test.h"

#define CALLS_MAX 2000u
#define ENTRIES 500u

static struct journal *journal;
static struct journal_stat source;

/* The directory that is to be the backup is there, or it is not. */
static bool is_there;

static const char *
target(void)
{
    return test_path("backup");
}

static void
open_source(void)
{
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
}

/* Some of it is in the tail, and some takes pages of its own. */
static void
setup(void)
{
    static char value[9000];

    test_setup();
    open_source();
    for (unsigned i = 0; i < ENTRIES; i++)
        ck_assert_int_eq(journal_append(journal, &i, 1 + i % 3, value,
                                        i % 50 == 0 ? sizeof(value) : i % 90,
                                        NULL),
                         0);
    ck_assert_int_eq(journal_mark(journal, "reader", 7), 0);
    ck_assert_int_eq(journal_append(journal, "last", 4, "", 0, NULL), 0);
    source = figures_of(journal);
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

/* ---- afterwards ---------------------------------------------------------- */

static bool
exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

/* Whether there is a journal at the target; if so it has to be all of it. */
static bool
is_whole(void)
{
    struct journal_options options;
    struct journal *copy;
    struct journal_stat stat;

    journal_options_init(&options);
    options.flags = JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE;
    if (journal_open(target(), &options, &copy) != 0)
        return false;
    stat = figures_of(copy);
    ck_assert_uint_eq(stat.size, source.size);
    ck_assert_uint_eq(stat.entries, source.entries);
    ck_assert_uint_eq(stat.bytes_logical, source.bytes_logical);
    ck_assert_uint_eq(stat.marks, source.marks);
    ck_assert_int_eq(journal_verify(copy, NULL, NULL, NULL), 0);
    journal_close(copy);
    return true;
}

static void
assert_nothing(void)
{
    ck_assert(!exists(test_path("backup.partial")));
    ck_assert(!exists(test_path("backup/data.mdb")));
    ck_assert(!exists(test_path("backup/data.mdb.partial")));
    ck_assert_int_eq(exists(target()), is_there);
}

/* Whatever was left, the next attempt comes to its end. */
static void
try_again(void)
{
    if (is_whole())
        ck_assert_int_eq(journal_destroy(target()), 0);
    ck_assert_int_eq(journal_backup(journal, target(), 0, NULL, NULL), 0);
    ck_assert(is_whole());
    ck_assert(!exists(test_path("backup.partial")));
    ck_assert(!exists(test_path("backup/data.mdb.partial")));
    ck_assert_int_eq(journal_destroy(target()), 0);
    ck_assert(!exists(target()));
}

static void
prepare(void)
{
    if (is_there)
        ck_assert_int_eq(mkdir(target(), 0700), 0);
}

/* ---- one failure --------------------------------------------------------- */

struct failure {
    int class;
    int error;
    enum fault_effect effect;
};

/* False if there are fewer calls than N. */
static bool
fail_at(const struct failure *failure, unsigned n)
{
    bool hit;
    int rc;

    prepare();
    faults_arm(test_dir, failure->class, n, failure->error, failure->effect,
               false);
    rc = journal_backup(journal, target(), 0, NULL, NULL);
    hit = faults_hit();
    (void)faults_disarm();
    if (rc == 0)
        ck_assert(is_whole());
    else if (failure->effect == FAULT_BEFORE)
        assert_nothing();
    if (!hit)
        ck_assert_int_eq(rc, 0);
    if (hit && failure->class == FAULT_WRITE && failure->error == ENOSPC)
        ck_assert_int_eq(rc, JOURNAL_FULL);
    if (hit && failure->class == FAULT_SYNC)
        ck_assert_int_ne(rc, 0);
    try_again();
    return hit;
}

static const struct failure failures[] = {
    {FAULT_WRITE, EIO, FAULT_BEFORE},   {FAULT_WRITE, ENOSPC, FAULT_BEFORE},
    {FAULT_WRITE, EIO, FAULT_AFTER},    {FAULT_WRITE, EIO, FAULT_SHORT},
    {FAULT_SYNC, EIO, FAULT_BEFORE},    {FAULT_OPEN, EMFILE, FAULT_BEFORE},
    {FAULT_NAME, ENOSPC, FAULT_BEFORE}, {FAULT_NAME, EIO, FAULT_AFTER},
    {FAULT_SPACE, EIO, FAULT_BEFORE},   {FAULT_READ, EIO, FAULT_BEFORE},
    {FAULT_READ, EIO, FAULT_SHORT},     {FAULT_LOOK, EACCES, FAULT_BEFORE},
    {FAULT_CLOSE, EIO, FAULT_BEFORE},
};

#define FAILURES (sizeof(failures) / sizeof(failures[0]))

START_TEST(a_failed_call_leaves_nothing_or_all)
{
    unsigned n = 1;

    is_there = (size_t)_i >= FAILURES;
    while (n < CALLS_MAX && fail_at(&failures[(size_t)_i % FAILURES], n))
        n++;
    ck_assert_uint_gt(n, 1);
    ck_assert_uint_lt(n, CALLS_MAX);
}
END_TEST

/* Where an attempt before has left something. */
START_TEST(a_failed_call_in_what_was_left_is_told)
{
    static const int classes[] = {FAULT_LOOK, FAULT_NAME, FAULT_OPEN};
    bool hit = true;
    unsigned n;

    is_there = false;
    for (n = 1; n < CALLS_MAX && hit; n++) {
        int rc;

        ck_assert_int_eq(mkdir(test_path("backup.partial"), 0700), 0);
        faults_arm(test_dir, classes[_i], n, EACCES, FAULT_BEFORE, false);
        rc = journal_backup(journal, target(), 0, NULL, NULL);
        hit = faults_hit();
        (void)faults_disarm();
        ck_assert_int_eq(is_whole(), rc == 0);
        ck_assert(hit || rc == 0);
        try_again();
    }
    ck_assert_uint_gt(n, 5);
    ck_assert_uint_lt(n, CALLS_MAX);
}
END_TEST

/* ---- one death ----------------------------------------------------------- */

static bool
die_at(unsigned n)
{
    int status;
    pid_t pid;

    prepare();
    faults_arm(test_dir, FAULT_ANY, n, 0, FAULT_KILL, false);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int rc;

        faults_pause();
        journal_close(journal);
        open_source();
        faults_resume();
        rc = journal_backup(journal, target(), 0, NULL, NULL);
        faults_pause();
        _exit(rc == 0 ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    (void)faults_disarm();
    if (!WIFSIGNALED(status)) {
        ck_assert_int_eq(status, 0);
        ck_assert(is_whole());
        try_again();
        return false;
    }
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
    try_again();
    return true;
}

START_TEST(a_death_at_any_call_leaves_a_place_for_the_next)
{
    unsigned n = 1;

    is_there = _i == 1;
    while (n < CALLS_MAX && die_at(n))
        n++;
    ck_assert_uint_gt(n, 5);
    ck_assert_uint_lt(n, CALLS_MAX);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("backup_calls");
    TCase *tcase = tcase_create("backup_calls");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_failed_call_leaves_nothing_or_all, 0,
                        2 * FAILURES);
    tcase_add_loop_test(tcase, a_failed_call_in_what_was_left_is_told, 0, 3);
    tcase_add_loop_test(tcase, a_death_at_any_call_leaves_a_place_for_the_next,
                        0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
