/* mark_upkeep_test.c - marks, and the prunes and rewinds that meet them. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "api/steps.h"
#include "support/fast_dir.h"

static void
mark(const char *name, uint64_t seq)
{
    int rc = journal_mark(journal, name, seq);

    ck_assert_msg(rc == 0, "mark: %s", journal_errname(rc));
}

static void
assert_mark(const char *name, uint64_t expected)
{
    uint64_t seq = 99999;
    int rc = journal_marked(journal, name, &seq);

    ck_assert_msg(rc == 0, "marked: %s", journal_errname(rc));
    ck_assert_uint_eq(seq, expected);
}

static void
setup(void)
{
    setup_journal();
    append_numbered(10, 3);
}

/* ---- prunes and rewinds ------------------------------------------------- */

static const uint32_t ways_to_prune[] = {0, JOURNAL_PRUNE_KEEP_LATEST};
#define WAYS COUNT_OF(ways_to_prune)

static uint64_t
prune(uint64_t before, uint32_t flags)
{
    uint64_t removed = 99;

    ck_assert_int_eq(journal_prune(journal, before, flags, &removed), 0);
    return removed;
}

/* Of the ten entries, the last three are their keys' latest. */
START_TEST(a_prune_stops_at_the_slowest_mark)
{
    mark("fast", 7);
    mark("slow", 4);
    mark("faster", 10);
    ck_assert_uint_eq(prune(6, ways_to_prune[_i]), 4);
    ck_assert_uint_eq(figures(journal).first, 4);
    ck_assert_uint_eq(prune(JOURNAL_NONE, ways_to_prune[_i]), 0);
    mark("slow", 5);
    ck_assert_uint_eq(prune(JOURNAL_NONE, ways_to_prune[_i]), 1);
    mark("slow", 9);
    ck_assert_uint_eq(prune(JOURNAL_NONE, ways_to_prune[_i]), 2);
    ck_assert_uint_eq(figures(journal).first, 7);
    ck_assert_uint_eq(assert_no_gap(journal), 3);
}
END_TEST

START_TEST(a_prune_that_ends_below_the_marks_is_not_held_up)
{
    mark("slow", 4);
    ck_assert_uint_eq(prune(3, ways_to_prune[_i]), 3);
    ck_assert_uint_eq(figures(journal).first, 3);
}
END_TEST

START_TEST(a_mark_at_the_start_holds_up_everything)
{
    mark("slow", 0);
    ck_assert_uint_eq(prune(JOURNAL_NONE, ways_to_prune[_i]), 0);
    ck_assert_uint_eq(figures(journal).entries, 10);
}
END_TEST

START_TEST(a_mark_that_is_removed_holds_up_nothing)
{
    mark("slow", 2);
    mark("fast", 6);
    ck_assert_int_eq(journal_unmark(journal, "slow"), 0);
    ck_assert_uint_eq(prune(JOURNAL_NONE, ways_to_prune[_i]), 6);
    ck_assert_int_eq(journal_unmark(journal, "fast"), 0);
    ck_assert_uint_eq(prune(8, ways_to_prune[_i]), _i == 0 ? 2 : 1);
}
END_TEST

/* It then stands below what is retained, and holds up the next one. */
START_TEST(a_prune_may_go_past_the_marks)
{
    const uint32_t flags = ways_to_prune[_i] | JOURNAL_PRUNE_PAST_MARKS;

    mark("slow", 2);
    ck_assert_uint_eq(prune(6, flags), 6);
    ck_assert_uint_eq(figures(journal).first, 6);
    assert_mark("slow", 2);
    ck_assert_uint_eq(figures(journal).marks, 1);
    ck_assert_uint_eq(prune(JOURNAL_NONE, ways_to_prune[_i]), 0);
    ck_assert_uint_eq(prune(7, flags), 1);
    mark("slow", 10);
    prune(JOURNAL_NONE, ways_to_prune[_i]);
    ck_assert_uint_eq(figures(journal).entries, _i == 0 ? 0 : 3);
}
END_TEST

START_TEST(a_mark_may_go_back_below_what_is_retained)
{
    prune(6, 0);
    mark("slow", 8);
    mark("slow", 2);
    mark("new", 0);
    assert_mark("slow", 2);
    assert_mark("new", 0);
    reopen();
    assert_mark("slow", 2);
    ck_assert_uint_eq(prune(8, 0), 0);
}
END_TEST

START_TEST(a_rewind_moves_back_the_marks_beyond)
{
    mark("before", 3);
    mark("at", 6);
    mark("behind", 7);
    mark("end", 10);
    ck_assert_int_eq(journal_rewind(journal, 6), 0);
    assert_mark("before", 3);
    assert_mark("at", 6);
    assert_mark("behind", 6);
    assert_mark("end", 6);
    reopen();
    assert_mark("end", 6);
    ck_assert_int_eq(journal_mark(journal, "end", 7), JOURNAL_OUT_OF_RANGE);
}
END_TEST

START_TEST(a_rewind_leaves_marks_below_what_is_retained)
{
    mark("slow", 2);
    mark("fast", 9);
    prune(5, JOURNAL_PRUNE_PAST_MARKS);
    ck_assert_int_eq(journal_rewind(journal, 5), 0);
    assert_mark("slow", 2);
    assert_mark("fast", 5);
}
END_TEST

/* ---- at the same time --------------------------------------------------- */

static atomic_uint still;

/* A mark goes up entry by entry, and never finds what it has to see gone. */
static void *
consume(void *context)
{
    const char *name = context;
    uint64_t size = figures(journal).size;

    for (uint64_t seq = 0; seq < size; seq++) {
        journal_entry_free(entry_at(seq));
        mark(name, seq + 1);
        assert_mark(name, seq + 1);
    }
    atomic_fetch_sub(&still, 1);
    return NULL;
}

START_TEST(prunes_meanwhile_leave_what_the_marks_have_yet_to_see)
{
    static char names[2][8] = {"mailer", "mirror"};
    pthread_t threads[2];

    append_numbered(rounds(60, 20), 20);
    atomic_store(&still, 2);
    for (size_t i = 0; i < 2; i++) {
        mark(names[i], 0);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, consume, names[i]),
                         0);
    }
    while (atomic_load(&still) > 0)
        prune(JOURNAL_NONE, 0);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    prune(JOURNAL_NONE, 0);
    ck_assert_uint_eq(figures(journal).entries, 0);
}
END_TEST

/* ---- full --------------------------------------------------------------- */

#define LIMIT (1u << 20)

static void
setup_full(void)
{
    struct journal_options options = options_with(0);
    static char value[1000];
    int rc;

    test_setup();
    options.bytes_max = LIMIT;
    journal = open_with(home(), &options);
    mark("slow", 0);
    while ((rc = journal_append(journal, "key", 3, value, 1000, NULL)) == 0)
        continue;
    ck_assert_int_eq(rc, JOURNAL_FULL);
}

START_TEST(a_mark_moves_in_a_full_journal)
{
    unsigned count = rounds(200, 20);

    for (unsigned i = 0; i < count; i++)
        mark("slow", i);
    assert_mark("slow", count - 1);
    ck_assert_int_eq(journal_unmark(journal, "slow"), 0);
    ck_assert_uint_le(figures(journal).bytes_file, LIMIT);
}
END_TEST

/* New ones until it says that it is full. */
static unsigned
fill_with_marks(void)
{
    char name[JOURNAL_MARK_SIZE];
    uint64_t seq = 99;
    unsigned count = 0;
    int rc;

    do {
        snprintf(name, sizeof(name), "%0200u", count++);
        rc = journal_mark(journal, name, figures(journal).size);
    } while (rc == 0 && count < LIMIT / 200);
    ck_assert_msg(rc == JOURNAL_FULL, "mark: %s", journal_errname(rc));
    ck_assert_int_eq(journal_marked(journal, name, &seq), JOURNAL_NOT_FOUND);
    return count - 1;
}

/* Marks must not eat the room that is kept for pruning. */
START_TEST(new_marks_leave_room_to_prune_a_full_journal)
{
    unsigned count = fill_with_marks();
    struct journal_stat stat = figures(journal);

    ck_assert_uint_eq(stat.marks, count + 1);
    ck_assert_uint_le(stat.bytes_file, LIMIT);
    mark("slow", stat.size);
    ck_assert_uint_eq(prune(stat.size, ways_to_prune[_i]),
                      stat.entries - (unsigned)_i);
    append("key", "there is room again");
    mark("new", stat.size + 1);
    ck_assert_uint_eq(figures(journal).marks, count + 2);
}
END_TEST

/* ---- the suite ---------------------------------------------------------- */

static TCase *
steps(void)
{
    TCase *tcase = tcase_create("steps");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_loop_test(tcase, a_prune_stops_at_the_slowest_mark, 0, WAYS);
    tcase_add_loop_test(tcase, a_prune_that_ends_below_the_marks_is_not_held_up,
                        0, WAYS);
    tcase_add_loop_test(tcase, a_mark_at_the_start_holds_up_everything, 0,
                        WAYS);
    tcase_add_loop_test(tcase, a_mark_that_is_removed_holds_up_nothing, 0,
                        WAYS);
    tcase_add_loop_test(tcase, a_prune_may_go_past_the_marks, 0, WAYS);
    tcase_add_test(tcase, a_mark_may_go_back_below_what_is_retained);
    tcase_add_test(tcase, a_rewind_moves_back_the_marks_beyond);
    tcase_add_test(tcase, a_rewind_leaves_marks_below_what_is_retained);
    tcase_add_test(tcase,
                   prunes_meanwhile_leave_what_the_marks_have_yet_to_see);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *marks = suite_create("mark_upkeep");
    TCase *full = tcase_create("full");

    suite_add_tcase(marks, steps());
    tcase_add_unchecked_fixture(full, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(full, setup_full, teardown_journal);
    tcase_add_test(full, a_mark_moves_in_a_full_journal);
    tcase_add_loop_test(full, new_marks_leave_room_to_prune_a_full_journal, 0,
                        WAYS);
    suite_add_tcase(marks, full);
    return marks;
}

TEST_MAIN(suite)
