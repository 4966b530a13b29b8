/*
 * tail_upkeep_test.c - prune, compaction, rewind, retention and marks of
 * entries that were appended a moment ago, and so are in the tail still.
 *
 * Each is done by a process that is then killed, or that closes, or by one
 * beside another that looks; every value tells its entry's number and in which
 * of the journal's lives it was appended.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/steps.h"
#include "support/chance.h"
#include "support/fast_dir.h"
#include "support/mode.h"

#define TINY UINT64_C(65536)
#define MAX 20000u
#define KEYS 9u

/* What has to be there, shared with those who die. */
static struct shared {
    uint64_t first, size;
    uint32_t life;
    uint32_t lives[MAX]; /* in which each entry was appended */
    uint64_t mark;       /* "reader"'s; JOURNAL_NONE: there is none */
} * shared;

static struct journal *
open_as(uint32_t durability, uint32_t flags)
{
    return open_home_as(durability, flags, TINY);
}

static void
setup(void)
{
    test_setup();
    chance_start(test_seed());
    shared = test_shared(sizeof(*shared));
    shared->mark = JOURNAL_NONE;
}

static void
teardown(void)
{
    journal_close(journal);
    test_unshare(shared, sizeof(*shared));
    test_teardown();
}

/* ---- steps -------------------------------------------------------------- */

static void
append_some(uint64_t count)
{
    char key[24], value[200];

    for (; count > 0; count--) {
        uint64_t number = shared->size, seq = JOURNAL_NONE;

        ck_assert_uint_lt(number, MAX);
        shared->lives[number] = shared->life;
        (void)sprintf(key, "key %d", (int)(number % KEYS));
        (void)sprintf(value, "%u %-*d", shared->life, (int)(number % 180),
                      (int)number);
        if (journal_append(journal, key, strlen(key), value, strlen(value),
                           &seq) != 0 ||
            seq != number)
            ck_abort_msg("%llu instead of %llu", (unsigned long long)seq,
                         (unsigned long long)number);
        shared->size++;
    }
}

static uint64_t
retained(void)
{
    return shared->size - shared->first;
}

static void
rewind_some(void)
{
    uint64_t back = below(below(3) == 0 ? retained() + 1 : retained() / 8 + 1);

    shared->size -= back;
    ck_assert_int_eq(journal_rewind(journal, shared->size), 0);
    ck_assert_uint_eq(figures(journal).size, shared->size);
    if (back > 0)
        ck_assert_uint_eq(figures(journal).durable_size, shared->size);
    if (shared->mark != JOURNAL_NONE && shared->mark > shared->size)
        shared->mark = shared->size;
}

/* Stops at the mark, if there is one. */
static void
prune_some(void)
{
    uint64_t some = below(3) == 0 && retained() > 20 ? 20 : retained() + 1;
    uint64_t before = shared->size - below(some);
    uint64_t limit = before < shared->mark ? before : shared->mark;
    uint64_t removed = JOURNAL_NONE;

    ck_assert_int_eq(journal_prune(journal, before, 0, &removed), 0);
    limit = limit < shared->first ? shared->first : limit;
    ck_assert_uint_eq(removed, limit - shared->first);
    ck_assert_uint_eq(figures(journal).first, limit);
    shared->first = limit;
}

static void
mark_some(void)
{
    uint64_t at = shared->size - below(retained() / 4 + 1);

    ck_assert_int_eq(journal_mark(journal, "reader", shared->size + 1),
                     JOURNAL_OUT_OF_RANGE);
    ck_assert_int_eq(journal_mark(journal, "reader", at), 0);
    shared->mark = at;
}

static void
unmark(void)
{
    int rc = journal_unmark(journal, "reader");

    ck_assert_int_eq(rc, shared->mark == JOURNAL_NONE ? JOURNAL_NOT_FOUND : 0);
    shared->mark = JOURNAL_NONE;
}

/* ---- what has to be there ----------------------------------------------- */

static void
assert_value_of(const struct journal_entry *entry, uint64_t number)
{
    char value[200];
    size_t size = (size_t)sprintf(value, "%u %-*d", shared->lives[number],
                                  (int)(number % 180), (int)number);

    if (entry->seq != number || entry->value_size != size ||
        memcmp(entry->value, value, size) != 0)
        ck_abort_msg("entry %llu of life %u is entry %llu, %.12s, TEST_SEED="
                     "%llu",
                     (unsigned long long)number, shared->lives[number],
                     (unsigned long long)entry->seq, (const char *)entry->value,
                     (unsigned long long)test_seed());
}

static void
assert_latest(uint64_t which)
{
    struct journal_entry *entry = NULL;
    uint64_t latest = shared->size;
    char key[24];
    int rc;

    (void)sprintf(key, "key %d", (int)which);
    rc = journal_get(journal, key, strlen(key), &entry);
    while (latest > shared->first && (latest - 1) % KEYS != which)
        latest--;
    if (latest == shared->first) {
        ck_assert_int_eq(rc, JOURNAL_NOT_FOUND);
        return;
    }
    ck_assert_int_eq(rc, 0);
    assert_value_of(entry, latest - 1);
    journal_entry_free(entry);
}

static void
assert_all(void)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    uint64_t number = shared->first, mark = JOURNAL_NONE;
    int rc = journal_marked(journal, "reader", &mark);

    ck_assert(rc == 0 || rc == JOURNAL_NOT_FOUND);
    ck_assert_uint_eq(mark, shared->mark);
    ck_assert_uint_eq(figures(journal).first, shared->first);
    ck_assert_uint_eq(figures(journal).size, shared->size);
    ck_assert_int_eq(journal_replay(journal, JOURNAL_NONE, &cursor), 0);
    for (; journal_next(cursor, &entry) == 0; number++)
        assert_value_of(entry, number);
    journal_cursor_close(cursor);
    ck_assert_uint_eq(number, shared->size);
    ck_assert_uint_eq(assert_no_gap(journal), retained());
    for (uint64_t which = 0; which < KEYS; which++)
        assert_latest(which);
}

/* ---- lives -------------------------------------------------------------- */

enum step { REWIND, PRUNE, MARK, EVERYTHING };

static void
do_step(enum step step)
{
    if (step == EVERYTHING)
        step = (enum step)below(EVERYTHING);
    if (step == REWIND)
        rewind_some();
    else if (step == PRUNE)
        prune_some();
    else if (below(4) == 0)
        unmark();
    else
        mark_some();
}

struct life {
    uint64_t seed;
    enum step step;
    unsigned steps;
    bool killed;
};

static void
live(void *context)
{
    const struct life *life = context;

    journal_close(journal);
    chance_start(life->seed);
    journal = open_as(below(4) == 0 ? JOURNAL_DURABLE : JOURNAL_RELAXED, 0);
    for (unsigned i = 0; i < life->steps; i++) {
        append_some(below(below(3) == 0 ? 400 : 25));
        do_step(life->step);
    }
    /* So that what comes last is this, or that. */
    if (below(2) == 0)
        append_some(1 + below(30));
    if (life->killed)
        (void)raise(SIGKILL);
    journal_close(journal);
}

static void
let_live(enum step step)
{
    struct life life = {below(UINT64_MAX), step, 1 + (unsigned)below(8),
                        below(3) > 0};
    pid_t pid;
    int status;

    shared->life++;
    pid = start(live, &life);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(life.killed ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
                          : WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static bool
is_enough(unsigned lives)
{
    return lives == 0 || shared->size > MAX / 2;
}

/* Nobody has it open when it is opened after a death. */
static void
alone(enum step step)
{
    for (unsigned lives = rounds(40, 8); !is_enough(lives); lives--) {
        let_live(step);
        journal = open_as(below(2) == 0 ? 0 : JOURNAL_RELAXED,
                          below(3) == 0 ? JOURNAL_OPEN_READ_ONLY : 0);
        assert_all();
        journal_close(journal);
        journal = NULL;
    }
}

/* Somebody has, and goes on. */
static void
watched(enum step step)
{
    journal = open_as(JOURNAL_RELAXED, 0);
    for (unsigned lives = rounds(40, 8); !is_enough(lives); lives--) {
        let_live(step);
        assert_all();
        shared->life++;
        append_some(below(40));
        if (below(2) == 0)
            do_step(step);
        assert_all();
    }
}

START_TEST(what_was_rewound_does_not_come_back)
{
    alone(REWIND);
}
END_TEST

START_TEST(what_was_rewound_does_not_come_back_to_those_who_watch)
{
    watched(REWIND);
}
END_TEST

START_TEST(what_was_pruned_does_not_come_back)
{
    alone(PRUNE);
}
END_TEST

START_TEST(what_was_pruned_does_not_come_back_to_those_who_watch)
{
    watched(PRUNE);
}
END_TEST

START_TEST(marks_stay_where_they_were_set)
{
    alone(MARK);
}
END_TEST

START_TEST(upkeep_of_all_kinds_is_not_undone)
{
    alone(EVERYTHING);
}
END_TEST

START_TEST(upkeep_of_all_kinds_is_not_undone_for_those_who_watch)
{
    watched(EVERYTHING);
}
END_TEST

/* ---- compaction --------------------------------------------------------- */

/* Of each key its latest entry alone, and what has come since. */
static void
assert_compacted(uint64_t before)
{
    struct journal_entry *entry;

    for (uint64_t number = 0; number < shared->size; number++) {
        bool stays = number >= before || number + KEYS >= shared->size;
        int rc = journal_read(journal, number, &entry);

        if (rc != (stays ? 0 : JOURNAL_PRUNED))
            ck_abort_msg("entry %llu: %s", (unsigned long long)number,
                         journal_errname(rc));
        if (rc != 0)
            continue;
        assert_value_of(entry, number);
        journal_entry_free(entry);
    }
    for (uint64_t which = 0; which < KEYS; which++)
        assert_latest(which);
}

static void
compact_and_die(void *count)
{
    journal = open_as(JOURNAL_RELAXED, 0);
    append_some(*(uint64_t *)count);
    ck_assert_int_eq(journal_prune(journal, shared->size - 5,
                                   JOURNAL_PRUNE_KEEP_LATEST, NULL),
                     0);
    assert_compacted(shared->size - 5);
    (void)raise(SIGKILL);
}

START_TEST(a_compaction_of_entries_in_the_tail_is_not_undone)
{
    uint64_t counts[] = {20, 100, 350, 1500};
    pid_t pid = start(compact_and_die, &counts[_i]);
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    journal = open_as(JOURNAL_RELAXED, 0);
    assert_compacted(shared->size - 5);
    append_some(1);
    ck_assert_uint_eq(figures(journal).size, counts[_i] + 1);
}
END_TEST

/* ---- retention ---------------------------------------------------------- */

static void
retain_and_die(void *limit)
{
    struct journal_options options = options_with(0);

    options.durability = JOURNAL_RELAXED;
    options.tail_bytes = TINY;
    options.keep_entries = *(uint64_t *)limit;
    ck_assert_int_eq(mode_open_as_is(home(), &options, &journal), 0);
    for (unsigned i = 0; i < 600; i++) {
        uint64_t entries;

        append_some(1);
        entries = figures(journal).entries;
        ck_assert_uint_ge(entries, shared->size < options.keep_entries
                                       ? shared->size
                                       : options.keep_entries);
        ck_assert_uint_le(entries,
                          options.keep_entries + options.keep_entries / 16);
    }
    shared->first = figures(journal).first;
    (void)raise(SIGKILL);
}

START_TEST(entries_over_the_limit_go_from_the_tail_too_and_stay_away)
{
    uint64_t limits[] = {1, 16, 100, 500};
    pid_t pid = start(retain_and_die, &limits[_i]);
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    journal = open_as(JOURNAL_DURABLE, 0);
    assert_all();
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("tail upkeep");
    TCase *tcase = tcase_create("tail upkeep");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_was_rewound_does_not_come_back);
    tcase_add_test(tcase,
                   what_was_rewound_does_not_come_back_to_those_who_watch);
    tcase_add_test(tcase, what_was_pruned_does_not_come_back);
    tcase_add_test(tcase,
                   what_was_pruned_does_not_come_back_to_those_who_watch);
    tcase_add_test(tcase, marks_stay_where_they_were_set);
    tcase_add_test(tcase, upkeep_of_all_kinds_is_not_undone);
    tcase_add_test(tcase,
                   upkeep_of_all_kinds_is_not_undone_for_those_who_watch);
    tcase_add_loop_test(tcase,
                        a_compaction_of_entries_in_the_tail_is_not_undone, 0,
                        4);
    tcase_add_loop_test(
        tcase, entries_over_the_limit_go_from_the_tail_too_and_stay_away, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
