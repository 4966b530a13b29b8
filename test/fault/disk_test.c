/*
 * disk_test.c - each write and each flush fails in turn.
 *
 * Without the failure word the other handles and the other process go on
 * writing; without the flush at open a session builds on what may not be on
 * the disk; without opening the file anew after a panic of LMDB's, reads end.
 */
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <journal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/faults.h"
#include "support/mode.h"
#include "support/test.h"

#define CALLS_MAX 200u

static const char *
home(void)
{
    return test_path("journal");
}

/* With this limit there is no tail, and appends go to LMDB. */
#define NO_TAIL (UINT64_C(1) << 20)

static uint64_t bytes_max;

/* Durable in any run: else an append would not come to the disk. */
static struct journal *
open_home(uint32_t flags)
{
    struct journal_options options;
    struct journal *journal = NULL;

    journal_options_init(&options);
    options.flags = flags;
    options.bytes_max = bytes_max;
    options.tail_bytes = mode_tail_bytes();
    ck_assert_int_eq(mode_open_as_is(home(), &options, &journal), 0);
    return journal;
}

static uint64_t
size_of(struct journal *journal)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    return stat.size;
}

/* Reads all there is; every entry must be as append() made it. */
static uint64_t
read_all(struct journal *journal)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    char value[32];
    uint64_t count = 0;
    int rc;

    ck_assert_int_eq(journal_replay(journal, JOURNAL_NONE, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0) {
        snprintf(value, sizeof(value), "value %llu",
                 (unsigned long long)entry->seq);
        ck_assert_uint_eq(entry->value_size, strlen(value));
        ck_assert_mem_eq(entry->value, value, strlen(value));
        count++;
    }
    ck_assert_int_eq(rc, JOURNAL_END);
    journal_cursor_close(cursor);
    return count;
}

static int
append(struct journal *journal, uint64_t seq)
{
    char value[32];

    snprintf(value, sizeof(value), "value %llu", (unsigned long long)seq);
    return journal_append(journal, "key", 3, value, strlen(value), NULL);
}

static void
append_good(struct journal *journal, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(append(journal, size_of(journal)), 0);
}

/* ---- another process ---------------------------------------------------- */

/* It has the journal open all the while, and appends when it is told to. */
struct other {
    pid_t pid;
    int orders[2];
    int answers[2];
};

static void
serve(struct other *other)
{
    struct journal *journal = NULL;
    int rc = journal_open(home(), NULL, &journal);
    char order;

    (void)!write(other->answers[1], &rc, sizeof(rc));
    while (read(other->orders[0], &order, 1) == 1) {
        struct journal_entry *entry = NULL;

        if (order == 'a')
            rc = journal_append(journal, "other", 5, "", 0, NULL);
        else
            rc = journal_get(journal, "key", 3, &entry);
        journal_entry_free(entry);
        (void)!write(other->answers[1], &rc, sizeof(rc));
    }
    journal_close(journal);
    _exit(0);
}

static int
answer_of(struct other *other)
{
    int rc = -1;

    ck_assert_int_eq(read(other->answers[0], &rc, sizeof(rc)), sizeof(rc));
    return rc;
}

static int
ask(struct other *other, char order)
{
    ck_assert_int_eq(write(other->orders[1], &order, 1), 1);
    return answer_of(other);
}

static void
start_other(struct other *other)
{
    ck_assert_int_eq(pipe(other->orders), 0);
    ck_assert_int_eq(pipe(other->answers), 0);
    other->pid = fork();
    if (other->pid == 0) {
        close(other->orders[1]);
        serve(other);
    }
    close(other->orders[0]);
    ck_assert_int_eq(answer_of(other), 0);
}

static void
stop_other(struct other *other)
{
    int status;

    close(other->orders[1]);
    ck_assert_int_eq(waitpid(other->pid, &status, 0), other->pid);
    ck_assert_int_eq(status, 0);
    close(other->answers[0]);
    close(other->answers[1]);
}

/* ---- failures that leave the outcome unknown ---------------------------- */

static void
assert_poisoned(struct journal *journal)
{
    struct journal_entry *entry = NULL;

    ck_assert_int_eq(append(journal, 0), JOURNAL_FAILED);
    ck_assert_int_eq(journal_delete(journal, "key", 3, NULL), JOURNAL_FAILED);
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), JOURNAL_FAILED);
    ck_assert_int_eq(journal_rewind(journal, 1), JOURNAL_FAILED);
    ck_assert_int_eq(journal_sync(journal), JOURNAL_FAILED);
    ck_assert_int_eq(journal_get(journal, "key", 3, &entry), 0);
    journal_entry_free(entry);
    ck_assert_uint_ge(read_all(journal), 5);
}

/* Lets call N fail; false when the append has fewer calls than that. */
static bool
poison_at(unsigned n, int class, enum fault_effect effect, bool for_ever)
{
    struct journal *first, *second;
    struct other other;
    uint64_t size;
    int rc;

    start_other(&other);
    first = open_home(0);
    second = open_home(0);
    append_good(first, 5 - (unsigned)size_of(first));
    faults_arm(home(), class, n, EIO, effect, for_ever);
    rc = append(first, 5);
    if (for_ever && faults_hit())
        ck_assert_int_ne(rc, 0);
    faults_disarm();
    if (faults_hit() && rc == 0 && effect == FAULT_SHORT) {
        /* The tail is written on from there, and nothing is amiss. */
        ck_assert_int_eq(append(second, 6), 0);
        ck_assert_int_eq(journal_rewind(second, 6), 0);
    } else if (faults_hit()) {
        ck_assert_msg(rc > 0, "call %u: %s", n, journal_errname(rc));
        assert_poisoned(first);
        assert_poisoned(second);
        ck_assert_int_eq(ask(&other, 'a'), JOURNAL_FAILED);
        ck_assert_int_eq(ask(&other, 'g'), 0);
    } else {
        ck_assert_int_eq(rc, 0);
    }
    journal_close(first);
    journal_close(second);
    stop_other(&other);

    first = open_home(0);
    size = read_all(first);
    ck_assert_msg(size == 5 || size == 6, "call %u: %d left", n, (int)size);
    ck_assert_uint_eq(size_of(first), size);
    append_good(first, 3);
    ck_assert_uint_eq(read_all(first), size + 3);
    journal_close(first);
    ck_assert_int_eq(journal_destroy(home()), 0);
    return faults_hit();
}

static const struct {
    int class;
    enum fault_effect effect;
    bool for_ever;
} cases[] = {
    {FAULT_WRITE, FAULT_BEFORE, false}, {FAULT_WRITE, FAULT_BEFORE, true},
    {FAULT_WRITE, FAULT_AFTER, false},  {FAULT_WRITE, FAULT_AFTER, true},
    {FAULT_SYNC, FAULT_BEFORE, false},  {FAULT_SYNC, FAULT_BEFORE, true},
    {FAULT_SYNC, FAULT_AFTER, false},   {FAULT_WRITE, FAULT_SHORT, false},
};

#define CASES ((int)(sizeof(cases) / sizeof(cases[0])))

START_TEST(a_failed_write_or_flush_fails_all_handles_until_all_are_closed)
{
    int i = _i % CASES;
    unsigned n = 1;

    bytes_max = _i < CASES ? 0 : NO_TAIL;
    while (n < CALLS_MAX &&
           poison_at(n, cases[i].class, cases[i].effect, cases[i].for_ever))
        n++;
    ck_assert_uint_gt(n, 1);
    ck_assert_uint_lt(n, CALLS_MAX);
}
END_TEST

/*
 * File systems that find room only when they write say ENOSPC then.  The append
 * gave JOURNAL_FULL, "nothing was appended", and the entry was there again
 * after the journal had been opened anew.
 */
START_TEST(a_flush_for_which_there_is_no_room_leaves_the_append_unknown)
{
    struct journal *journal;
    uint64_t size;
    int rc;

    bytes_max = 0;
    journal = open_home(0);
    append_good(journal, 5);
    faults_arm(home(), FAULT_SYNC, 1, ENOSPC, FAULT_BEFORE, false);
    rc = append(journal, 5);
    faults_disarm();
    ck_assert(faults_hit());
    ck_assert_int_eq(rc, ENOSPC);
    assert_poisoned(journal);
    journal_close(journal);

    journal = open_home(0);
    size = read_all(journal);
    ck_assert(size == 5 || size == 6);
    ck_assert_uint_eq(size_of(journal), size);
    journal_close(journal);
}
END_TEST

/* ---- failures for want of room ------------------------------------------ */

/* Lets call N of an append say that the disk is full, once. */
static bool
fill_at(unsigned n)
{
    struct journal *journal = open_home(0);
    int rc;

    append_good(journal, 5);
    faults_arm(home(), FAULT_WRITE | FAULT_SPACE, n, ENOSPC, FAULT_BEFORE,
               false);
    rc = append(journal, 5);
    faults_disarm();
    /* The meta page has its block: ENOSPC for it is a failing disk. */
    if (rc > 0) {
        ck_assert_int_eq(append(journal, 5), JOURNAL_FAILED);
        journal_close(journal);
        journal = open_home(0);
    } else {
        ck_assert_msg(rc == 0 || rc == JOURNAL_FULL, "call %u: %s", n,
                      journal_errname(rc));
    }
    ck_assert_uint_eq(read_all(journal), size_of(journal));
    append_good(journal, 2);
    ck_assert_int_eq(journal_prune(journal, 4, 0, NULL), 0);
    ck_assert_uint_eq(read_all(journal), size_of(journal) - 4);
    journal_close(journal);
    ck_assert_int_eq(journal_destroy(home()), 0);
    return faults_hit();
}

START_TEST(a_full_disk_at_any_call_is_said_and_survived)
{
    unsigned n = 1;

    bytes_max = _i == 0 ? 0 : NO_TAIL;
    while (n < CALLS_MAX && fill_at(n))
        n++;
    ck_assert_uint_gt(n, _i == 0 ? 1 : 2);
    ck_assert_uint_lt(n, CALLS_MAX);
}
END_TEST

START_TEST(pruning_survives_a_full_disk_at_any_call)
{
    for (unsigned n = 1; n < CALLS_MAX; n++) {
        struct journal *journal = open_home(0);
        uint64_t removed = 0;
        int rc;

        append_good(journal, 40);
        faults_arm(home(), FAULT_WRITE, n, ENOSPC, FAULT_BEFORE, false);
        rc = journal_prune(journal, 30, 0, &removed);
        faults_disarm();
        ck_assert_msg(rc >= 0 || rc == JOURNAL_FULL || rc == JOURNAL_FAILED,
                      "call %u: %s", n, journal_errname(rc));
        journal_close(journal);
        journal = open_home(0);
        ck_assert_int_eq(journal_prune(journal, 30, 0, NULL), 0);
        ck_assert_uint_eq(read_all(journal), 10);
        append_good(journal, 1);
        journal_close(journal);
        ck_assert_int_eq(journal_destroy(home()), 0);
        if (!faults_hit())
            return;
    }
    ck_abort_msg("no end of calls");
}
END_TEST

/* ---- creating ----------------------------------------------------------- */

static void
assert_empty_or_journal(void)
{
    struct journal *journal = NULL;
    int rc = journal_open(home(), NULL, &journal);

    ck_assert_msg(rc == 0, "%s", journal_errname(rc));
    ck_assert_uint_eq(size_of(journal), 0);
    append_good(journal, 2);
    ck_assert_uint_eq(read_all(journal), 2);
    journal_close(journal);
    ck_assert_int_eq(journal_destroy(home()), 0);
    ck_assert_int_ne(access(home(), F_OK), 0);
}

static const int errors[] = {EIO, ENOSPC, EACCES};

START_TEST(creation_fails_whole_at_any_call)
{
    for (unsigned n = 1; n < CALLS_MAX; n++) {
        struct journal *journal = NULL;
        int rc;

        faults_arm(test_dir, FAULT_ANY, n, errors[_i], FAULT_BEFORE, false);
        rc = journal_open(home(), NULL, &journal);
        faults_disarm();
        journal_close(journal);
        if (!faults_hit()) {
            ck_assert_int_eq(rc, 0);
            return;
        }
        if (rc == JOURNAL_FULL)
            ck_assert_msg(access(home(), F_OK) != 0, "call %u left files", n);
        assert_empty_or_journal();
    }
    ck_abort_msg("no end of calls");
}
END_TEST

/*
 * The tail that could not be removed stayed behind, where nothing showed any
 * more whose it was: the call had succeeded, and the directory was of no use.
 */
START_TEST(destroying_fails_at_any_call_and_can_be_done_again)
{
    for (unsigned n = 1; n < CALLS_MAX; n++) {
        struct journal *journal = open_home(0);
        int rc;

        append_good(journal, 3);
        journal_close(journal);
        faults_arm(home(), FAULT_NAME | FAULT_SYNC, n, EIO, FAULT_BEFORE,
                   false);
        rc = journal_destroy(home());
        faults_disarm();
        if (!faults_hit()) {
            ck_assert_int_eq(rc, 0);
            return;
        }
        ck_assert_msg(rc == EIO, "call %u: %s", n, journal_errname(rc));
        rc = journal_destroy(home());
        ck_assert_msg(rc == 0 || rc == JOURNAL_NOT_FOUND, "after call %u: %s",
                      n, journal_errname(rc));
        /* Where only the flush of the empty directory failed it stays. */
        ck_assert_int_eq(rmdir(home()), rc == 0 ? -1 : 0);
    }
    ck_abort_msg("no end of calls");
}
END_TEST

START_TEST(creation_may_be_killed_at_any_call)
{
    for (unsigned n = 1; n < CALLS_MAX; n++) {
        struct journal *journal = NULL;
        pid_t pid;
        int status;

        faults_arm(test_dir, FAULT_ANY, n, 0, FAULT_KILL, false);
        pid = fork();
        if (pid == 0)
            _exit(journal_open(home(), NULL, &journal) != 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        faults_disarm();
        if (WIFEXITED(status)) {
            ck_assert_int_eq(status, 0);
            return;
        }
        assert_empty_or_journal();
    }
    ck_abort_msg("no end of calls");
}
END_TEST

/* ---- opening ------------------------------------------------------------ */

START_TEST(opening_to_write_flushes_what_an_earlier_session_left)
{
    struct journal *journal = open_home(0);
    unsigned flushes;

    append_good(journal, 1);
    journal_close(journal);

    faults_count(home(), FAULT_SYNC);
    journal = open_home(JOURNAL_OPEN_EXISTING);
    flushes = faults_disarm();
    /* Its names, and its data. */
    ck_assert_uint_ge(flushes, 2);
    journal_close(journal);
}
END_TEST

START_TEST(an_open_whose_flush_fails_is_refused)
{
    struct journal *journal = open_home(0);

    append_good(journal, 1);
    journal_close(journal);
    journal = NULL;

    for (unsigned n = 1; n <= 2; n++) {
        faults_arm(home(), FAULT_SYNC, n, EIO, FAULT_BEFORE, false);
        ck_assert_int_eq(journal_open(home(), NULL, &journal), EIO);
        faults_disarm();
        ck_assert_ptr_null(journal);
    }

    journal = open_home(0);
    ck_assert_uint_eq(read_all(journal), 1);
    journal_close(journal);
}
END_TEST

static unsigned
flushes_of_an_append(struct journal *journal)
{
    faults_count(home(), FAULT_SYNC);
    append_good(journal, 1);
    return faults_disarm();
}

/*
 * What the commit of another had brought to the disk when it ended there, and
 * not to the page cache, must not be overwritten while the disk names it.
 */
START_TEST(who_goes_on_after_an_unfinished_commit_flushes_first)
{
    struct journal *journal;
    unsigned usual;
    int status;
    pid_t pid;

    bytes_max = NO_TAIL;
    journal = open_home(0);
    append_good(journal, 2);
    usual = flushes_of_an_append(journal);
    faults_arm(home(), FAULT_SYNC, 3, 0, FAULT_KILL, false);
    pid = fork();
    if (pid == 0) {
        journal_close(journal);
        /* Opening flushes data and names; the append's own is the third. */
        journal = open_home(0);
        (void)append(journal, 3);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
    faults_disarm();

    ck_assert_uint_eq(flushes_of_an_append(journal), usual + 1);
    ck_assert_uint_eq(flushes_of_an_append(journal), usual);
    ck_assert_uint_eq(read_all(journal), 5);
    journal_close(journal);
}
END_TEST

START_TEST(no_file_of_a_journal_survives_an_exec)
{
    struct journal *journal = open_home(0);
    DIR *files = opendir("/proc/self/fd");
    struct dirent *entry;
    unsigned ours = 0;

    append_good(journal, 1);
    while ((entry = readdir(files)) != NULL) {
        int file = atoi(entry->d_name);
        char link[300], path[4096];
        ssize_t size;

        snprintf(link, sizeof(link), "/proc/self/fd/%s", entry->d_name);
        size = readlink(link, path, sizeof(path) - 1);
        path[size > 0 ? size : 0] = '\0';
        if (strncmp(path, home(), strlen(home())) != 0)
            continue;
        ours++;
        ck_assert_msg((fcntl(file, F_GETFD) & FD_CLOEXEC) != 0, "%s", path);
    }
    closedir(files);
    ck_assert_uint_ge(ours, 3);
    journal_close(journal);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("disk");
    TCase *tcase = tcase_create("disk");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(
        tcase, a_failed_write_or_flush_fails_all_handles_until_all_are_closed,
        0, 2 * CASES);
    tcase_add_test(
        tcase, a_flush_for_which_there_is_no_room_leaves_the_append_unknown);
    tcase_add_loop_test(tcase, a_full_disk_at_any_call_is_said_and_survived, 0,
                        2);
    tcase_add_test(tcase, pruning_survives_a_full_disk_at_any_call);
    tcase_add_loop_test(tcase, creation_fails_whole_at_any_call, 0, 3);
    tcase_add_test(tcase, destroying_fails_at_any_call_and_can_be_done_again);
    tcase_add_test(tcase, creation_may_be_killed_at_any_call);
    tcase_add_test(tcase,
                   opening_to_write_flushes_what_an_earlier_session_left);
    tcase_add_test(tcase, an_open_whose_flush_fails_is_refused);
    tcase_add_test(tcase, who_goes_on_after_an_unfinished_commit_flushes_first);
    tcase_add_test(tcase, no_file_of_a_journal_survives_an_exec);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
