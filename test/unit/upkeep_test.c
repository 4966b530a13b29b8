/*
 * upkeep_test.c - what others do between the steps of long work, and crashes.
 *
 * The pause between two steps is replaced by a call of the test's own, so that
 * it always comes at the same place.
 */
#include "write/upkeep.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "write/handle.h"
#include "support/figures.h"
#include "support/test.h"

#define KEYS 7u
#define ENTRIES 2000u

typedef void between(void);

static struct journal *journal;
static between *hook;   /* called in a pause, and then no more */
static unsigned pauses; /* before it is */
static uint64_t paused; /* ns, at most */

void __real_jn_clock_sleep(uint64_t ns);
void __wrap_jn_clock_sleep(uint64_t ns);

void
__wrap_jn_clock_sleep(uint64_t ns)
{
    between *now = hook;

    paused = ns > paused ? ns : paused;
    if (now == NULL || pauses-- > 0) {
        __real_jn_clock_sleep(ns);
        return;
    }
    hook = NULL;
    now();
}

static void
call_between(between *what, unsigned pause)
{
    hook = what;
    pauses = pause;
}

/* The next COUNT entries; key NUMBER % KEYS. */
static void
append(unsigned count)
{
    static struct journal_record records[ENTRIES];
    static char keys[ENTRIES][8];
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    ck_assert_uint_le(count, ENTRIES);
    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    for (unsigned i = 0; i < count; i++) {
        unsigned key = (unsigned)(stat.size + i) % KEYS;

        records[i] = (struct journal_record){
            .key = keys[i],
            .key_size = (size_t)snprintf(keys[i], sizeof(keys[i]), "%u", key)};
    }
    ck_assert_int_eq(journal_append_batch(journal, records, count, NULL), 0);
}

/* COUNT entries of a key that is none of these. */
static void
append_other(unsigned count)
{
    static struct journal_record records[ENTRIES];

    ck_assert_uint_le(count, ENTRIES);
    for (unsigned i = 0; i < count; i++)
        records[i] = (struct journal_record){.key = "other", .key_size = 5};
    ck_assert_int_eq(journal_append_batch(journal, records, count, NULL), 0);
}

static void
setup(void)
{
    test_setup();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    append(ENTRIES);
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

static bool
is_there(uint64_t seq)
{
    struct journal_entry *entry = NULL;
    int rc = journal_read(journal, seq, &entry);

    ck_assert(rc == 0 || rc == JOURNAL_PRUNED);
    journal_entry_free(entry);
    return rc == 0;
}

/* Whatever is left is found by its key, and the figures count it. */
static void
assert_whole(void)
{
    struct journal_stat stat = figures_of(journal);
    uint64_t count = 0, keys = 0;

    for (uint64_t seq = stat.first; seq < stat.size; seq++) {
        struct journal_entry *entry = NULL, *same = NULL;

        if (!is_there(seq))
            continue;
        count++;
        ck_assert_int_eq(journal_read(journal, seq, &entry), 0);
        ck_assert_msg(journal_get_at(journal, entry->key, entry->key_size,
                                     seq + 1, &same) == 0,
                      "entry %llu is there, and not found by its key",
                      (unsigned long long)seq);
        ck_assert_uint_eq(same->seq, seq);
        journal_entry_free(same);
        ck_assert_int_eq(journal_get(journal, entry->key, entry->key_size,
                                     &same),
                         0);
        keys += same->seq == seq;
        journal_entry_free(same);
        journal_entry_free(entry);
    }
    ck_assert_uint_eq(count, stat.entries);
    ck_assert_uint_eq(keys, stat.keys);
}

/* Below BEFORE nothing but keys' latest entries is left. */
static void
assert_compact(uint64_t before)
{
    uint64_t size = figures_of(journal).size;

    for (uint64_t seq = 0; seq < before; seq++)
        ck_assert(is_there(seq) == (seq + KEYS >= size));
    assert_whole();
}

static int
compact(uint64_t before)
{
    return journal_prune(journal, before, JOURNAL_PRUNE_KEEP_LATEST, NULL);
}

/* ---- others in between -------------------------------------------------- */

static void
append_more(void)
{
    append(100);
}

START_TEST(a_compaction_takes_what_there_was_at_its_start)
{
    call_between(append_more, 1);
    ck_assert_int_eq(compact(JOURNAL_NONE), 0);
    ck_assert(hook == NULL);
    for (uint64_t seq = ENTRIES; seq < ENTRIES + 100; seq++)
        ck_assert(is_there(seq));
    ck_assert_uint_ge(figures_of(journal).entries, 100);
    ck_assert_uint_le(figures_of(journal).entries, 100 + KEYS);
    assert_whole();
    ck_assert_int_eq(compact(JOURNAL_NONE), 0);
    assert_compact(figures_of(journal).size);
}
END_TEST

START_TEST(a_prune_takes_what_there_was_at_its_start)
{
    call_between(append_more, 1);
    ck_assert_int_eq(journal_prune(journal, JOURNAL_NONE, 0, NULL), 0);
    ck_assert(hook == NULL);
    ck_assert_uint_eq(figures_of(journal).first, ENTRIES);
    ck_assert_uint_eq(figures_of(journal).entries, 100);
    assert_whole();
}
END_TEST

/* So much that a step, or two, only moves them into the store. */
static void
append_much(void)
{
    static const char value[2000];

    for (unsigned i = 0; i < 1000; i++)
        ck_assert_int_eq(journal_append(journal, "much", 4, value,
                                        sizeof(value), NULL),
                         0);
}

START_TEST(a_prune_counts_what_it_removes_once)
{
    uint64_t removed = 0;

    call_between(append_much, 2);
    ck_assert_int_eq(journal_prune(journal, JOURNAL_NONE, 0, &removed), 0);
    ck_assert(hook == NULL);
    ck_assert_uint_eq(removed, ENTRIES);
    ck_assert_uint_eq(figures_of(journal).entries, 1000);
}
END_TEST

/*
 * What was looked at, and was its key's latest, has by now been followed by
 * others: if it stayed, and the next one went, no link would lead to it.
 */
static void
rewind_and_append(void)
{
    ck_assert_int_eq(journal_rewind(journal, ENTRIES + 1000), 0);
    append(2 * KEYS);
    append_other(1000);
}

START_TEST(a_compaction_begins_anew_after_a_rewind)
{
    ck_assert_int_eq(journal_prune(journal, ENTRIES, 0, NULL), 0);
    append(KEYS);
    append_other(ENTRIES - KEYS);
    call_between(rewind_and_append, (unsigned)_i);
    ck_assert_int_eq(compact(2 * ENTRIES), 0);
    ck_assert(hook == NULL);
    assert_whole();
    for (uint64_t i = 0; i < KEYS; i++)
        ck_assert(!is_there(ENTRIES + i));
    /* And so it can be rewound, entry by entry. */
    for (uint64_t size = figures_of(journal).size;
         size > figures_of(journal).first; size--)
        ck_assert_int_eq(journal_rewind(journal, size - 1), 0);
    ck_assert_uint_eq(figures_of(journal).keys, 0);
}
END_TEST

static void
mark_behind(void)
{
    ck_assert_int_eq(journal_mark(journal, "slow", 1500), 0);
}

START_TEST(a_mark_set_meanwhile_holds_up_the_rest)
{
    static const uint32_t flags[] = {0, JOURNAL_PRUNE_KEEP_LATEST};

    call_between(mark_behind, 0);
    ck_assert_int_eq(journal_prune(journal, JOURNAL_NONE, flags[_i], NULL), 0);
    ck_assert(hook == NULL);
    ck_assert_uint_eq(figures_of(journal).first, 1500);
    assert_whole();
}
END_TEST

static void
move_mark(void)
{
    ck_assert_int_eq(journal_mark(journal, "slow", 1900), 0);
}

START_TEST(a_mark_that_moves_meanwhile_lets_more_go)
{
    static const uint32_t flags[] = {0, JOURNAL_PRUNE_KEEP_LATEST};

    ck_assert_int_eq(journal_mark(journal, "slow", 1000), 0);
    call_between(move_mark, 0);
    ck_assert_int_eq(journal_prune(journal, JOURNAL_NONE, flags[_i], NULL), 0);
    ck_assert(hook == NULL);
    ck_assert_uint_eq(figures_of(journal).first, 1900);
    assert_whole();
}
END_TEST

static void
prune_much(void)
{
    ck_assert_int_eq(journal_prune(journal, 1000, 0, NULL), 0);
}

START_TEST(a_compaction_goes_on_behind_a_prune)
{
    call_between(prune_much, 0);
    ck_assert_int_eq(compact(ENTRIES), 0);
    ck_assert(hook == NULL);
    assert_compact(ENTRIES);
}
END_TEST

START_TEST(a_rewind_that_is_overtaken_by_a_prune_says_so)
{
    call_between(prune_much, 0);
    ck_assert_int_eq(journal_rewind(journal, 500), JOURNAL_PRUNED);
    ck_assert(hook == NULL);
    ck_assert_uint_eq(figures_of(journal).first, 1000);
    assert_whole();
}
END_TEST

static void
rewind_far(void)
{
    ck_assert_int_eq(journal_rewind(journal, 200), 0);
}

START_TEST(a_rewind_that_is_overtaken_by_a_deeper_one_is_done)
{
    call_between(rewind_far, 0);
    ck_assert_int_eq(journal_rewind(journal, 500), 0);
    ck_assert(hook == NULL);
    ck_assert_uint_eq(figures_of(journal).size, 200);
    assert_whole();
}
END_TEST

START_TEST(a_rewind_takes_what_is_appended_meanwhile)
{
    ck_assert_int_eq(journal_mark(journal, "fast", ENTRIES), 0);
    call_between(append_more, 0);
    ck_assert_int_eq(journal_rewind(journal, 500), 0);
    ck_assert(hook == NULL);
    ck_assert_uint_eq(figures_of(journal).size, 500);
    assert_whole();
}
END_TEST

/* ---- how long it pauses ------------------------------------------------- */

static void
append_again(void)
{
    append(1);
    call_between(append_again, 0);
}

/* The longest pause of a compaction. */
static uint64_t
longest_pause(void)
{
    paused = 0;
    ck_assert_int_eq(compact(JOURNAL_NONE), 0);
    return paused;
}

START_TEST(alone_it_hardly_pauses)
{
    ck_assert_uint_eq(longest_pause(), 50000);
}
END_TEST

/* A step takes longer than that, with its flush or without. */
START_TEST(beside_others_it_pauses_as_long_as_it_works)
{
    append(ENTRIES);
    append(ENTRIES);
    call_between(append_again, 0);
    ck_assert_uint_gt(longest_pause(), 50000);
    hook = NULL;
}
END_TEST

/* ---- crashes in between ------------------------------------------------- */

enum work { PRUNE, COMPACT, COMPACT_SPARSE, REWIND, REWIND_SPARSE, WORKS };

static void
die(void)
{
    _exit(42);
}

static int
work(enum work what)
{
    switch (what) {
    case PRUNE:
        return journal_prune(journal, 1900, 0, NULL);
    case COMPACT:
        return compact(1900);
    case COMPACT_SPARSE:
        return compact(JOURNAL_NONE);
    case REWIND:
        return journal_rewind(journal, 100);
    default:
        return journal_rewind(journal, ENTRIES + 200);
    }
}

/* One key stays behind, and then nothing for a long way. */
static void
prepare(enum work what)
{
    if (what != COMPACT_SPARSE && what != REWIND_SPARSE)
        return;
    ck_assert_int_eq(journal_append(journal, "old", 3, NULL, 0, NULL), 0);
    append(1000);
    ck_assert_int_eq(compact(ENTRIES + 500), 0);
    ck_assert(is_there(ENTRIES));
}

/* In a child of its own, which dies in a pause, or does all of it. */
static bool
died(enum work what, unsigned pause)
{
    int status = 0;
    pid_t pid;

    journal_close(journal);
    fflush(stdout);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        call_between(die, pause);
        _exit(journal_open(test_path("journal"), NULL, &journal) != 0 ||
              work(what) != 0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert(WEXITSTATUS(status) == 42 || WEXITSTATUS(status) == 0);
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    return WEXITSTATUS(status) == 42;
}

/* A part of the way, and all of it: as if it had not died. */
START_TEST(work_that_dies_between_its_steps_leaves_a_shorter_one)
{
    const enum work what = (enum work)_i;
    struct journal_stat before, after;
    unsigned pause = 0;
    bool was_cut;

    prepare(what);
    do {
        before = figures_of(journal);
        was_cut = died(what, pause++);
        after = figures_of(journal);
        assert_whole();
        ck_assert_uint_lt(after.entries, before.entries);
        ck_assert_uint_ge(after.first, before.first);
        ck_assert_uint_le(after.size, before.size);
    } while (was_cut && pause < 100);
    ck_assert(!was_cut && pause > 1);
    ck_assert_int_eq(work(what), 0);
    ck_assert_uint_eq(figures_of(journal).entries, after.entries);
    if (what == COMPACT)
        assert_compact(1900);
    append(10);
    assert_whole();
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("upkeep");
    TCase *tcase = tcase_create("upkeep");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_compaction_takes_what_there_was_at_its_start);
    tcase_add_test(tcase, a_prune_takes_what_there_was_at_its_start);
    tcase_add_test(tcase, a_prune_counts_what_it_removes_once);
    tcase_add_loop_test(tcase, a_compaction_begins_anew_after_a_rewind, 0, 3);
    tcase_add_loop_test(tcase, a_mark_set_meanwhile_holds_up_the_rest, 0, 2);
    tcase_add_loop_test(tcase, a_mark_that_moves_meanwhile_lets_more_go, 0, 2);
    tcase_add_test(tcase, a_compaction_goes_on_behind_a_prune);
    tcase_add_test(tcase, a_rewind_that_is_overtaken_by_a_prune_says_so);
    tcase_add_test(tcase, a_rewind_that_is_overtaken_by_a_deeper_one_is_done);
    tcase_add_test(tcase, a_rewind_takes_what_is_appended_meanwhile);
    tcase_add_test(tcase, alone_it_hardly_pauses);
    tcase_add_test(tcase, beside_others_it_pauses_as_long_as_it_works);
    tcase_add_loop_test(tcase,
                        work_that_dies_between_its_steps_leaves_a_shorter_one,
                        0, WORKS);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
