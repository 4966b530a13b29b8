/* compact_test.c - JOURNAL_PRUNE_KEEP_LATEST: of each key its latest stays. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/steps.h"

static uint64_t
compact(uint64_t before)
{
    uint64_t removed = 99;

    ck_assert_int_eq(journal_prune(journal, before, JOURNAL_PRUNE_KEEP_LATEST,
                                   &removed),
                     0);
    return removed;
}

static void
assert_read(uint64_t seq, int result)
{
    struct journal_entry *entry = NULL;

    ck_assert_int_eq(journal_read(journal, seq, &entry), result);
    journal_entry_free(entry);
}

static void
assert_get_at(const char *key, uint64_t limit, int result)
{
    struct journal_entry *entry = NULL;
    int rc = journal_get_at(journal, key, strlen(key), limit, &entry);

    ck_assert_msg(rc == result, "get of %s at %llu: %s", key,
                  (unsigned long long)limit, journal_errname(rc));
    journal_entry_free(entry);
}

/* A replay gives just these numbers, of which there are COUNT. */
static void
assert_left(const uint64_t *numbers, size_t count)
{
    struct journal_stat stat = figures(journal);
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    struct journal_entry *same;

    ck_assert_uint_eq(stat.entries, count);
    if (count > 0)
        ck_assert_uint_eq(stat.first, numbers[0]);
    ck_assert_int_eq(journal_replay(journal, JOURNAL_NONE, &cursor), 0);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(journal_next(cursor, &entry), 0);
        ck_assert_uint_eq(entry->seq, numbers[i]);
        same = entry_at(numbers[i]);
        assert_same_entry(entry, same);
        journal_entry_free(same);
    }
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    journal_cursor_close(cursor);
}

#define ASSERT_LEFT(...)                                                       \
    assert_left((const uint64_t[]){__VA_ARGS__},                               \
                COUNT_OF(((const uint64_t[]){__VA_ARGS__})))

/*
 *     number   0   1   2   3    4    5    6   7   8    9
 *     key      a   b   a   -    b    c    c   d   a    d
 *                              del       del
 */
static void
setup(void)
{
    setup_journal();
    append("a", "a0");
    append("b", "b1");
    append("a", "a2");
    append(NULL, "none");
    erase("b");
    append("c", "c5");
    erase("c");
    append("d", "d7");
    append("a", "a8");
    append("d", "d9");
}

/* ---- what stays, what goes ---------------------------------------------- */

START_TEST(each_keys_latest_entry_stays)
{
    ck_assert_uint_eq(compact(10), 8);
    ASSERT_LEFT(8, 9);
    assert_value("a", "a8");
    assert_value("d", "d9");
}
END_TEST

START_TEST(only_entries_below_go)
{
    ck_assert_uint_eq(compact(3), 3);
    ASSERT_LEFT(3, 4, 5, 6, 7, 8, 9);
    ck_assert_uint_eq(compact(8), 5);
    ASSERT_LEFT(8, 9);
}
END_TEST

START_TEST(a_latest_entry_below_stays_where_it_is)
{
    append("b", "b10");
    append("c", "c11");
    append("c", "c12");
    ck_assert_uint_eq(compact(12), 9);
    ASSERT_LEFT(8, 9, 10, 12);
    ck_assert_uint_eq(compact(13), 0);
    append("d", "d13");
    ck_assert_uint_eq(compact(13), 1);
    ASSERT_LEFT(8, 10, 12, 13);
    assert_value("b", "b10");
    assert_value("d", "d13");
}
END_TEST

START_TEST(a_number_that_was_removed_is_pruned)
{
    append("e", "e10");
    compact(9);
    for (uint64_t seq = 0; seq < 8; seq++)
        assert_read(seq, JOURNAL_PRUNED);
    append("a", "a11");
    compact(12);
    ASSERT_LEFT(9, 10, 11);
    assert_read(8, JOURNAL_PRUNED);
    append("d", "d12");
    append("a", "a13");
    compact(14);
    ASSERT_LEFT(10, 12, 13);
    assert_read(9, JOURNAL_PRUNED);
    assert_read(11, JOURNAL_PRUNED);
    assert_read(14, JOURNAL_OUT_OF_RANGE);
}
END_TEST

START_TEST(entries_without_a_key_go)
{
    append(NULL, "none");
    append(NULL, "none");
    ck_assert_uint_eq(compact(11), 9);
    ASSERT_LEFT(8, 9, 11);
    ck_assert_uint_eq(compact(12), 1);
    ASSERT_LEFT(8, 9);
}
END_TEST

START_TEST(a_tombstone_goes_with_its_key)
{
    ck_assert_uint_eq(figures(journal).tombstones, 2);
    compact(5);
    ck_assert_uint_eq(figures(journal).tombstones, 1);
    assert_get_at("b", 2, JOURNAL_NOT_FOUND);
    assert_get_at("c", 6, 0);
    compact(7);
    ck_assert_uint_eq(figures(journal).tombstones, 0);
    ck_assert_uint_eq(figures(journal).keys, 2);
    assert_absent("b");
    assert_absent("c");
}
END_TEST

START_TEST(a_tombstone_at_or_above_stays)
{
    compact(6);
    ASSERT_LEFT(6, 7, 8, 9);
    ck_assert_uint_eq(figures(journal).tombstones, 1);
    assert_absent("c");
    assert_get_at("c", 6, JOURNAL_PRUNED);
}
END_TEST

START_TEST(a_key_that_went_with_its_tombstone_starts_anew)
{
    struct journal_record one = record("b", "again");
    struct journal_entry *entry;

    compact(5);
    one.flags = JOURNAL_EXPECT | JOURNAL_STAMPED;
    one.expect = 4;
    ck_assert_int_eq(append_record(&one), JOURNAL_CONFLICT);
    one.expect = JOURNAL_NONE;
    ck_assert_int_eq(append_record(&one), 0);
    entry = get("b");
    ck_assert_uint_eq(entry->revision, 1);
    ck_assert_uint_eq(entry->prev, JOURNAL_NONE);
    journal_entry_free(entry);
    assert_get_at("b", 2, JOURNAL_NOT_FOUND);
}
END_TEST

START_TEST(a_key_that_is_kept_goes_on)
{
    struct journal_record one = record("a", "a10");
    struct journal_entry *entry;

    compact(10);
    one.flags = JOURNAL_EXPECT;
    one.expect = 8;
    ck_assert_int_eq(append_record(&one), 0);
    entry = get("a");
    ck_assert_uint_eq(entry->revision, 4);
    ck_assert_uint_eq(entry->prev, 8);
    journal_entry_free(entry);
    entry = entry_at(8);
    ck_assert_uint_eq(entry->revision, 3);
    ck_assert_uint_eq(entry->prev, 2);
    journal_entry_free(entry);
}
END_TEST

START_TEST(of_a_journal_of_tombstones_nothing_is_left)
{
    erase("a");
    erase("d");
    ck_assert_uint_eq(compact(JOURNAL_NONE), 12);
    ck_assert_uint_eq(figures(journal).entries, 0);
    ck_assert_uint_eq(figures(journal).first, 12);
    ck_assert_uint_eq(figures(journal).keys, 0);
    ck_assert_uint_eq(figures(journal).tombstones, 0);
    ck_assert_uint_eq(figures(journal).bytes_logical, 0);
    ck_assert_uint_eq(figures(journal).first_time, 0);
    ck_assert_uint_eq(append("a", "again"), 12);
    ck_assert_uint_eq(assert_no_gap(journal), 1);
}
END_TEST

START_TEST(figures_count_what_is_left)
{
    append("long key", "long value");
    compact(11);
    ck_assert_uint_eq(figures(journal).size, 11);
    ck_assert_uint_eq(figures(journal).entries, 3);
    ck_assert_uint_eq(figures(journal).keys, 3);
    ck_assert_uint_eq(figures(journal).bytes_logical, 3 + 3 + 18);
}
END_TEST

START_TEST(compacting_again_does_nothing)
{
    struct journal_stat before;

    append("d", "d10");
    compact(10);
    before = figures(journal);
    ck_assert_uint_eq(compact(10), 0);
    ck_assert_uint_eq(compact(4), 0);
    ck_assert_uint_eq(compact(0), 0);
    assert_as_before(&before);
}
END_TEST

START_TEST(an_empty_journal_is_compacted_to_nothing)
{
    journal_prune(journal, JOURNAL_NONE, 0, NULL);
    ck_assert_uint_eq(compact(JOURNAL_NONE), 0);
    ck_assert_uint_eq(figures(journal).first, 10);
    ck_assert_int_eq(journal_rewind(journal, 10), 0);
}
END_TEST

START_TEST(over_the_size_counts_as_the_size)
{
    ck_assert_uint_eq(compact(JOURNAL_NONE), 8);
    ASSERT_LEFT(8, 9);
}
END_TEST

START_TEST(a_compaction_lasts)
{
    append("d", "d10");
    append("d", "d11");
    compact(11);
    reopen();
    ASSERT_LEFT(8, 11);
    assert_read(9, JOURNAL_PRUNED);
    assert_read(10, JOURNAL_PRUNED);
    assert_value("a", "a8");
}
END_TEST

/* ---- the past ----------------------------------------------------------- */

START_TEST(the_past_is_pruned_where_its_answer_went)
{
    append("a", "a10");
    append("a", "a11");
    compact(9); /* 9 is left, and 10 and 11: a's latest is above */
    ASSERT_LEFT(9, 10, 11);
    assert_get_at("a", 12, 0);
    assert_value_at("a", 11, "a10");
    assert_get_at("a", 10, JOURNAL_PRUNED);
    assert_get_at("a", 1, JOURNAL_PRUNED);
    assert_value_at("d", 10, "d9");
    assert_get_at("d", 9, JOURNAL_PRUNED);
    assert_get_at("d", 3, JOURNAL_PRUNED);
    assert_get_at("a", 13, JOURNAL_OUT_OF_RANGE);
}
END_TEST

START_TEST(the_past_of_what_was_kept_is_known)
{
    append("d", "d10");
    append("e", "e11");
    compact(12);
    ASSERT_LEFT(8, 10, 11);
    assert_value_at("a", 9, "a8");
    assert_value_at("a", 10, "a8");
    assert_value_at("a", 12, "a8");
    assert_get_at("a", 8, JOURNAL_PRUNED);
    /* It never had an entry before. */
    assert_get_at("e", 11, JOURNAL_NOT_FOUND);
    assert_get_at("e", 0, JOURNAL_NOT_FOUND);
}
END_TEST

START_TEST(a_replay_begins_anywhere_in_the_sparse_part)
{
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;

    append("d", "d10");
    append("d", "d11");
    compact(12); /* 8 and 11 */
    ck_assert_int_eq(journal_replay(journal, 7, &cursor), JOURNAL_PRUNED);
    ck_assert_ptr_null(cursor);
    for (uint64_t first = 8; first <= 12; first++) {
        ck_assert_int_eq(journal_replay(journal, first, &cursor), 0);
        if (first == 8) {
            ck_assert_int_eq(journal_next(cursor, &entry), 0);
            assert_entry(entry, 8, "a", "a8");
        }
        if (first <= 11) {
            ck_assert_int_eq(journal_next(cursor, &entry), 0);
            assert_entry(entry, 11, "d", "d11");
        }
        ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
        journal_cursor_close(cursor);
    }
    ck_assert_int_eq(journal_replay(journal, 13, &cursor),
                     JOURNAL_OUT_OF_RANGE);
}
END_TEST

/* ---- a plain prune of what was compacted -------------------------------- */

/* Leaves 8, 10, 12 and from 13 on all of 16. */
static void
make_sparse(void)
{
    append("b", "b10");
    append("d", "d11");
    append("d", "d12");
    append("e", "e13");
    append("a", "a14");
    append("f", "f15");
    ck_assert_int_eq(journal_rewind(journal, 14), 0);
    compact(13);
    append("a", "a14");
    append("f", "f15");
    ASSERT_LEFT(8, 10, 12, 13, 14, 15);
}

START_TEST(a_prune_into_the_sparse_part_ends_at_the_next_one_left)
{
    uint64_t removed = 99;

    make_sparse();
    ck_assert_int_eq(journal_prune(journal, 9, 0, &removed), 0);
    ck_assert_uint_eq(removed, 1);
    ASSERT_LEFT(10, 12, 13, 14, 15);
    assert_value("a", "a14");
    assert_get_at("a", 14, JOURNAL_PRUNED);
    ck_assert_int_eq(journal_prune(journal, 11, 0, &removed), 0);
    ck_assert_uint_eq(removed, 1);
    ASSERT_LEFT(12, 13, 14, 15);
    assert_absent("b");
    ck_assert_int_eq(journal_prune(journal, 12, 0, &removed), 0);
    ck_assert_uint_eq(removed, 0);
    ASSERT_LEFT(12, 13, 14, 15);
}
END_TEST

START_TEST(a_prune_past_the_sparse_part_leaves_no_gap)
{
    uint64_t removed = 99;

    make_sparse();
    ck_assert_int_eq(journal_prune(journal, 14, 0, &removed), 0);
    ck_assert_uint_eq(removed, 4);
    ck_assert_uint_eq(figures(journal).first, 14);
    ck_assert_uint_eq(assert_no_gap(journal), 2);
    ck_assert_int_eq(journal_prune(journal, 16, 0, &removed), 0);
    ck_assert_uint_eq(removed, 2);
    ck_assert_uint_eq(assert_no_gap(journal), 0);
}
END_TEST

/* ---- rewinds ------------------------------------------------------------ */

START_TEST(a_rewind_into_the_sparse_part_keeps_what_is_below)
{
    make_sparse();
    ck_assert_int_eq(journal_rewind(journal, 11), 0);
    ck_assert_uint_eq(figures(journal).size, 11);
    ASSERT_LEFT(8, 10);
    assert_value("a", "a8");
    assert_value("b", "b10");
    /* What it was then, 9, is pruned: the key is not known. */
    assert_absent("d");
    assert_absent("e");
    assert_read(9, JOURNAL_PRUNED);
    assert_read(11, JOURNAL_OUT_OF_RANGE);
    ck_assert_uint_eq(append("d", "again"), 11);
    ASSERT_LEFT(8, 10, 11);
}
END_TEST

START_TEST(a_rewind_to_the_first_left_leaves_an_empty_journal)
{
    make_sparse();
    ck_assert_int_eq(journal_rewind(journal, 7), JOURNAL_PRUNED);
    ck_assert_int_eq(journal_rewind(journal, 8), 0);
    ck_assert_uint_eq(figures(journal).first, 8);
    ck_assert_uint_eq(figures(journal).size, 8);
    ck_assert_uint_eq(figures(journal).keys, 0);
    ck_assert_uint_eq(assert_no_gap(journal), 0);
    ck_assert_uint_eq(append("a", "again"), 8);
}
END_TEST

START_TEST(a_rewind_to_a_size_that_was_compacted_away_keeps_that_size)
{
    make_sparse();
    ck_assert_int_eq(journal_rewind(journal, 12), 0);
    ASSERT_LEFT(8, 10);
    ck_assert_uint_eq(append(NULL, "next"), 12);
    ASSERT_LEFT(8, 10, 12);
    assert_read(11, JOURNAL_PRUNED);
    reopen();
    ASSERT_LEFT(8, 10, 12);
}
END_TEST

START_TEST(a_rewind_above_the_sparse_part_restores_its_keys)
{
    make_sparse();
    append("b", "b16");
    erase("d");
    ck_assert_int_eq(journal_rewind(journal, 14), 0);
    assert_value("a", "a8");
    assert_value("b", "b10");
    assert_value("d", "d12");
    ASSERT_LEFT(8, 10, 12, 13);
    append("d", "d14");
    assert_value_at("d", 14, "d12");
    assert_get_at("d", 12, JOURNAL_PRUNED);
}
END_TEST

START_TEST(what_was_compacted_is_rewound_appended_and_compacted_again)
{
    make_sparse();
    ck_assert_int_eq(journal_rewind(journal, 13), 0);
    append("a", "a13");
    append("d", "d14");
    erase("b");
    compact(JOURNAL_NONE);
    ASSERT_LEFT(13, 14);
    assert_absent("b");
    ck_assert_uint_eq(figures(journal).tombstones, 0);
    ck_assert_uint_eq(figures(journal).size, 16);
}
END_TEST

/* ---- cursors that are open meanwhile ------------------------------------ */

static void
assert_next(struct journal_cursor *cursor, uint64_t seq)
{
    const struct journal_entry *entry;
    int rc = journal_next(cursor, &entry);

    ck_assert_msg(rc == 0, "next: %s", journal_errname(rc));
    ck_assert_uint_eq(entry->seq, seq);
}

START_TEST(a_cursor_says_once_that_entries_ahead_were_pruned)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;

    append("d", "d10");
    append("e", "e11");
    ck_assert_int_eq(journal_replay(journal, 9, &cursor), 0);
    compact(11); /* 8 and 10; 9 goes */
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_PRUNED);
    assert_next(cursor, 10);
    assert_next(cursor, 11);
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(a_cursor_made_afterwards_says_nothing_of_it)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;

    append("d", "d10");
    compact(11);
    ck_assert_int_eq(journal_replay(journal, 8, &cursor), 0);
    assert_next(cursor, 8);
    assert_next(cursor, 10);
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(a_cursor_behind_what_went_says_nothing_of_it)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;

    append("d", "d10");
    append("e", "e11");
    ck_assert_int_eq(journal_replay(journal, 10, &cursor), 0);
    compact(10);
    assert_next(cursor, 10);
    assert_next(cursor, 11);
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    journal_cursor_close(cursor);
}
END_TEST

/* More than a cursor reads ahead, so that it meets the compaction on its way.
 */
START_TEST(a_cursor_on_its_way_meets_a_compaction)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    uint64_t size, seq = 0, pruned = 0;
    int rc;

    append_numbered(20000, 5000);
    size = figures(journal).size;
    ck_assert_int_eq(journal_replay(journal, 0, &cursor), 0);
    assert_next(cursor, 0);
    compact(size - 1);
    while ((rc = journal_next(cursor, &entry)) != JOURNAL_END) {
        pruned += rc == JOURNAL_PRUNED;
        if (rc == JOURNAL_PRUNED)
            continue;
        ck_assert_int_eq(rc, 0);
        ck_assert_uint_gt(entry->seq, seq);
        if (pruned > 0 && entry->seq < size - 5000)
            ck_assert(entry->seq == 8 || entry->seq == 9);
        seq = entry->seq;
    }
    ck_assert_uint_eq(pruned, 1);
    ck_assert_uint_eq(seq, size - 1);
    journal_cursor_close(cursor);
}
END_TEST

/* ---- the suite ---------------------------------------------------------- */

static TCase *
what_goes(void)
{
    TCase *tcase = tcase_create("what goes");

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_test(tcase, each_keys_latest_entry_stays);
    tcase_add_test(tcase, only_entries_below_go);
    tcase_add_test(tcase, a_latest_entry_below_stays_where_it_is);
    tcase_add_test(tcase, a_number_that_was_removed_is_pruned);
    tcase_add_test(tcase, entries_without_a_key_go);
    tcase_add_test(tcase, a_tombstone_goes_with_its_key);
    tcase_add_test(tcase, a_tombstone_at_or_above_stays);
    tcase_add_test(tcase, a_key_that_went_with_its_tombstone_starts_anew);
    tcase_add_test(tcase, a_key_that_is_kept_goes_on);
    tcase_add_test(tcase, of_a_journal_of_tombstones_nothing_is_left);
    tcase_add_test(tcase, figures_count_what_is_left);
    tcase_add_test(tcase, compacting_again_does_nothing);
    tcase_add_test(tcase, an_empty_journal_is_compacted_to_nothing);
    tcase_add_test(tcase, over_the_size_counts_as_the_size);
    tcase_add_test(tcase, a_compaction_lasts);
    return tcase;
}

static TCase *
afterwards(void)
{
    TCase *tcase = tcase_create("afterwards");

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_test(tcase, the_past_is_pruned_where_its_answer_went);
    tcase_add_test(tcase, the_past_of_what_was_kept_is_known);
    tcase_add_test(tcase, a_replay_begins_anywhere_in_the_sparse_part);
    tcase_add_test(tcase,
                   a_prune_into_the_sparse_part_ends_at_the_next_one_left);
    tcase_add_test(tcase, a_prune_past_the_sparse_part_leaves_no_gap);
    tcase_add_test(tcase, a_rewind_into_the_sparse_part_keeps_what_is_below);
    tcase_add_test(tcase, a_rewind_to_the_first_left_leaves_an_empty_journal);
    tcase_add_test(tcase,
                   a_rewind_to_a_size_that_was_compacted_away_keeps_that_size);
    tcase_add_test(tcase, a_rewind_above_the_sparse_part_restores_its_keys);
    tcase_add_test(tcase,
                   what_was_compacted_is_rewound_appended_and_compacted_again);
    tcase_add_test(tcase, a_cursor_says_once_that_entries_ahead_were_pruned);
    tcase_add_test(tcase, a_cursor_made_afterwards_says_nothing_of_it);
    tcase_add_test(tcase, a_cursor_behind_what_went_says_nothing_of_it);
    tcase_add_test(tcase, a_cursor_on_its_way_meets_a_compaction);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *compact_suite = suite_create("compact");

    suite_add_tcase(compact_suite, what_goes());
    suite_add_tcase(compact_suite, afterwards());
    return compact_suite;
}

TEST_MAIN(suite)
