/*
 * upkeep_calls_test.c - each write and flush of a mark, a compaction, a rewind
 * fails in turn, says that the disk is full, or is the last one of the process.
 */
#include <errno.h>
#include <journal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/faults.h"
#include "support/figures.h"
#include "support/test.h"

#define CALLS_MAX 400u
#define ENTRIES 600u
#define KEYS 50u
#define STARTED 5u /* the marks' positions, before */

/* Each has its calls to fail; all are done on a journal of ENTRIES entries. */
enum work { NEW_MARK, MOVED_MARK, NO_MARK, COMPACTED, REWOUND, WORKS };

static struct journal *journal;

static void
open_home(void)
{
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
}

static void
prepare(void)
{
    static struct journal_record records[ENTRIES];
    static char keys[ENTRIES][12];

    for (unsigned i = 0; i < ENTRIES; i++)
        records[i] = (struct journal_record){
            .key = keys[i],
            .key_size = (size_t)snprintf(keys[i], sizeof(keys[i]), "%u",
                                         i % KEYS)};
    open_home();
    ck_assert_int_eq(journal_append_batch(journal, records, ENTRIES, NULL), 0);
    ck_assert_int_eq(journal_mark(journal, "moved", STARTED), 0);
    ck_assert_int_eq(journal_mark(journal, "removed", STARTED), 0);
}

static int
work(enum work what)
{
    switch (what) {
    case NEW_MARK:
        return journal_mark(journal, "new", 100);
    case MOVED_MARK:
        return journal_mark(journal, "moved", 100);
    case NO_MARK:
        return journal_unmark(journal, "removed");
    case COMPACTED:
        return journal_prune(journal, JOURNAL_NONE,
                             JOURNAL_PRUNE_KEEP_LATEST |
                                 JOURNAL_PRUNE_PAST_MARKS,
                             NULL);
    default:
        return journal_rewind(journal, 3);
    }
}

/* ---- afterwards --------------------------------------------------------- */

/* Where the mark NAME stands, or JOURNAL_NONE. */
static uint64_t
mark(const char *name)
{
    uint64_t seq = JOURNAL_NONE;
    int rc = journal_marked(journal, name, &seq);

    ck_assert(rc == 0 || rc == JOURNAL_NOT_FOUND);
    return seq;
}

/* Each entry is found by its key, and the figures count them. */
static void
assert_whole(void)
{
    struct journal_stat stat = figures_of(journal);
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    struct journal_entry *found;
    uint64_t count = 0;
    int rc;

    ck_assert_int_eq(journal_replay(journal, JOURNAL_NONE, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0) {
        found = NULL;
        rc = journal_get_at(journal, entry->key, entry->key_size,
                            entry->seq + 1, &found);
        ck_assert(rc == 0 && found->seq == entry->seq);
        journal_entry_free(found);
        count++;
    }
    ck_assert_int_eq(rc, JOURNAL_END);
    ck_assert_uint_eq(count, stat.entries);
    journal_cursor_close(cursor);
}

static bool
is_before(enum work what)
{
    switch (what) {
    case NEW_MARK:
        return mark("new") == JOURNAL_NONE;
    case MOVED_MARK:
        return mark("moved") == STARTED;
    case NO_MARK:
        return mark("removed") == STARTED;
    case COMPACTED:
        return figures_of(journal).entries > KEYS;
    default:
        return figures_of(journal).size > 3;
    }
}

static bool
is_done(enum work what)
{
    switch (what) {
    case NEW_MARK:
        return mark("new") == 100;
    case MOVED_MARK:
        return mark("moved") == 100;
    case NO_MARK:
        return mark("removed") == JOURNAL_NONE;
    case COMPACTED:
        return figures_of(journal).entries == KEYS;
    default:
        return figures_of(journal).size == 3 && mark("moved") == 3;
    }
}

/* Done, or as before but for a few steps; the same may then be done again. */
static void
assert_goes_on(enum work what, bool surely)
{
    int rc;

    open_home();
    assert_whole();
    ck_assert(is_done(what) || (is_before(what) && !surely));
    rc = work(what);
    ck_assert(rc == 0 || (rc == JOURNAL_NOT_FOUND && what == NO_MARK));
    ck_assert(is_done(what));
    assert_whole();
    ck_assert_int_eq(journal_append(journal, "key", 3, NULL, 0, NULL), 0);
    journal_close(journal);
    ck_assert_int_eq(journal_destroy(test_path("journal")), 0);
}

/* ---- calls that fail ---------------------------------------------------- */

static void
assert_poisoned(void)
{
    ck_assert_int_eq(journal_mark(journal, "moved", 7), JOURNAL_FAILED);
    ck_assert_int_eq(journal_mark(journal, "other", 7), JOURNAL_FAILED);
    ck_assert_int_eq(journal_unmark(journal, "moved"), JOURNAL_FAILED);
    ck_assert_int_eq(work(COMPACTED), JOURNAL_FAILED);
    ck_assert_int_eq(work(REWOUND), JOURNAL_FAILED);
    ck_assert_uint_ne(mark("moved"), 7);
    assert_whole();
}

static bool
fail_at(enum work what, unsigned n, int class, enum fault_effect effect)
{
    int rc;

    prepare();
    faults_arm(test_path("journal"), class, n, EIO, effect, false);
    rc = work(what);
    faults_disarm();
    if (faults_hit()) {
        /* When all is done there is one more commit, to no purpose but room. */
        ck_assert_msg(rc > 0 || (what == COMPACTED && is_done(what)),
                      "call %u: %s", n, journal_errname(rc));
        assert_poisoned();
    } else {
        ck_assert_int_eq(rc, 0);
    }
    journal_close(journal);
    assert_goes_on(what, rc == 0);
    return faults_hit();
}

static const struct {
    int class;
    enum fault_effect effect;
} cases[] = {
    {FAULT_WRITE, FAULT_BEFORE},
    {FAULT_WRITE, FAULT_AFTER},
    {FAULT_SYNC, FAULT_BEFORE},
    {FAULT_SYNC, FAULT_AFTER},
};

#define CASES ((int)(sizeof(cases) / sizeof(cases[0])))

START_TEST(a_failed_write_or_flush_is_said_and_leaves_a_whole_journal)
{
    enum work what = (enum work)(_i / CASES);
    unsigned n = 1;

    while (n < CALLS_MAX &&
           fail_at(what, n, cases[_i % CASES].class, cases[_i % CASES].effect))
        n++;
    ck_assert_uint_gt(n, 1);
    ck_assert_uint_lt(n, CALLS_MAX);
}
END_TEST

/* ---- a disk that is full ------------------------------------------------ */

static bool
fill_at(enum work what, unsigned n)
{
    int rc;

    prepare();
    faults_arm(test_path("journal"), FAULT_WRITE | FAULT_SPACE, n, ENOSPC,
               FAULT_BEFORE, false);
    rc = work(what);
    faults_disarm();
    ck_assert_msg(rc >= 0 || rc == JOURNAL_FULL || rc == JOURNAL_FAILED,
                  "call %u: %s", n, journal_errname(rc));
    journal_close(journal);
    assert_goes_on(what, rc == 0);
    return faults_hit();
}

START_TEST(a_full_disk_at_any_call_is_survived)
{
    unsigned n = 1;

    while (n < CALLS_MAX && fill_at((enum work)_i, n))
        n++;
    ck_assert_uint_gt(n, 1);
    ck_assert_uint_lt(n, CALLS_MAX);
}
END_TEST

/* ---- the last call of a process ----------------------------------------- */

/* False if it came to its end. */
static bool
die_at(enum work what, unsigned n)
{
    int status = 0;
    pid_t pid;

    prepare();
    journal_close(journal);
    faults_arm(test_path("journal"), FAULT_WRITE | FAULT_SYNC, n, 0, FAULT_KILL,
               false);
    fflush(stdout);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        _exit(journal_open(test_path("journal"), NULL, &journal) != 0 ||
              work(what) != 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    faults_disarm();
    ck_assert(WIFSIGNALED(status) ||
              (WIFEXITED(status) && WEXITSTATUS(status) == 0));
    assert_goes_on(what, WIFEXITED(status));
    return WIFSIGNALED(status);
}

START_TEST(a_process_killed_at_any_call_leaves_a_whole_journal)
{
    unsigned n = 1;

    while (n < CALLS_MAX && die_at((enum work)_i, n))
        n++;
    ck_assert_uint_gt(n, 1);
    ck_assert_uint_lt(n, CALLS_MAX);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("upkeep_calls");
    TCase *tcase = tcase_create("upkeep_calls");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(
        tcase, a_failed_write_or_flush_is_said_and_leaves_a_whole_journal, 0,
        WORKS * CASES);
    tcase_add_loop_test(tcase, a_full_disk_at_any_call_is_survived, 0, WORKS);
    tcase_add_loop_test(tcase,
                        a_process_killed_at_any_call_leaves_a_whole_journal, 0,
                        WORKS);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
