/* query_pruned_test.c - pruned and compacted under a cursor. */
#include <stdio.h>

#include "api/spread.h"
#include "support/fast_dir.h"

/* Those before the gap are what had been read ahead, those behind it all. */
static void
assert_gap(const struct story *story, uint64_t second, uint64_t oldest,
           unsigned by)
{
    for (size_t i = 0; i < story->before; i++)
        ck_assert_uint_eq(story->seqs[i], second + i * by);
    for (size_t i = story->before; i < story->count; i++)
        ck_assert_uint_eq(story->seqs[i], (oldest + by - 1) / by * by +
                                              (i - story->before) * by);
}

START_TEST(pruned_ahead_says_so_once_and_goes_on_with_the_oldest)
{
    unsigned by = ways[_i].by;
    struct journal_cursor *cursor = given(_i, 0);
    struct story story;

    ck_assert_uint_eq(next_of(cursor), 0);
    prune(31);
    story = told_by(cursor);
    ck_assert_uint_eq(story.pruned, 1);
    assert_gap(&story, by, 31, by);
    assert_all_of(&story, 31, MANY, by);
    story_free(&story);
}
END_TEST

START_TEST(pruned_before_the_first_step_says_so_too)
{
    unsigned by = ways[_i].by;
    struct journal_cursor *cursor = given(_i, 0);
    struct story story;

    prune(1);
    story = told_by(cursor);
    ck_assert_uint_eq(story.pruned, 1);
    assert_gap(&story, 0, 1, by);
    assert_all_of(&story, 1, MANY, by);
    story_free(&story);
}
END_TEST

START_TEST(pruned_ahead_of_a_cursor_that_goes_back_says_so_once)
{
    unsigned by = ways[_i].by;
    struct journal_cursor *cursor = given(_i, JOURNAL_QUERY_REVERSE);
    uint64_t newest = next_of(cursor);
    struct story story;

    ck_assert_uint_eq(newest, MANY - by);
    prune(21);
    story = told_by(cursor);
    ck_assert_uint_eq(story.pruned, 1);
    assert_in_order(&story, true, by);
    assert_all_of(&story, 21, newest, by);
    ck_assert_uint_ge(story.seqs[story.count - 1], 21);
    story_free(&story);
}
END_TEST

START_TEST(pruned_again_says_so_again)
{
    struct journal_cursor *cursor = given(_i, 0);
    const struct journal_entry *entry;
    struct story story;

    ck_assert_uint_eq(next_of(cursor), 0);
    prune(16);
    while (journal_next(cursor, &entry) != JOURNAL_PRUNED)
        ck_assert_uint_lt(entry->seq, 16 * step);
    ck_assert_uint_eq(next_of(cursor), 16);
    prune(36);
    story = told_by(cursor);
    ck_assert_uint_eq(story.pruned, 1);
    assert_gap(&story, 16 + ways[_i].by, 36, ways[_i].by);
    assert_all_of(&story, 36, MANY, ways[_i].by);
    story_free(&story);
}
END_TEST

START_TEST(pruned_to_the_end_says_so_and_ends)
{
    struct journal_cursor *cursor = given(_i, 0);
    struct story story;

    ck_assert_uint_eq(next_of(cursor), 0);
    prune(MANY);
    append_large("k/a", 2);
    story = told_by(cursor);
    ck_assert_uint_eq(story.pruned, 1);
    ck_assert_uint_eq(story.before, story.count);
    story_free(&story);
}
END_TEST

/* The first of the entries that match has not been touched. */
START_TEST(pruned_says_so_matching_or_not)
{
    static const struct {
        uint32_t match;
        const char *key;
    } rare[] = {{JOURNAL_MATCH_KEY, "z/a"},
                {JOURNAL_MATCH_PREFIX, "z"},
                {JOURNAL_MATCH_EXPR, "z/*"}};
    struct journal_query query = ask_for(rare[_i % 3].match, rare[_i % 3].key);
    struct journal_cursor *cursor;
    struct story story;

    append_spread(_i < 3 ? 1 : SPREAD);
    append_large("z/a", 20);
    cursor = cursor_of(&query);
    prune(5);
    story = story_of(cursor);
    ck_assert_uint_eq(story.pruned, 1);
    ck_assert_uint_eq(story.count, 20);
    for (uint64_t i = 0; i < 20; i++)
        ck_assert_uint_eq(story.seqs[i], MANY * step + i);
    story_free(&story);
}
END_TEST

/* Behind it, below its range, above its range. */
START_TEST(pruned_elsewhere_is_no_matter)
{
    unsigned by = ways[_i].by;
    struct journal_query query = way(_i, 0);
    struct journal_query back = way(_i, JOURNAL_QUERY_REVERSE);
    struct journal_cursor *cursors[3];

    append_spread(ways[_i].step);
    cursors[0] = cursor_of(&query);
    query.first = back.first = 10 * step;
    cursors[1] = cursor_of(&query);
    cursors[2] = cursor_of(&back);
    for (uint64_t i = 0; i <= 10; i += by)
        ck_assert_uint_eq(next_of(cursors[0]), i);
    prune(10);
    for (int i = 0; i < 3; i++) {
        struct story story = told_by(cursors[i]);

        ck_assert_uint_eq(story.pruned, 0);
        assert_in_order(&story, i == 2, by);
        assert_all_of(&story, i == 0 ? 11 : 10, MANY, by);
        story_free(&story);
    }
}
END_TEST

START_TEST(pruned_beyond_its_range_says_so_and_ends)
{
    struct journal_query query = way(_i, 0);
    struct journal_cursor *cursor;

    append_spread(ways[_i].step);
    query.first = 4 * step;
    query.limit = 9 * step;
    cursor = cursor_of(&query);
    prune(20);
    assert_last(cursor, "PRUNED");
}
END_TEST

/* ---- LATEST ------------------------------------------------------------- */

START_TEST(pruned_under_the_latest_says_so_once)
{
    bool back = _i == 1;
    struct journal_query query = ask();
    struct journal_cursor *cursor;
    struct story story;
    char key[20];

    append_spread(1);
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(key, sizeof(key), "key %u", i);
        append_large(key, 1);
    }
    query.flags = JOURNAL_QUERY_LATEST | (back ? JOURNAL_QUERY_REVERSE : 0);
    cursor = cursor_of(&query);
    ck_assert_uint_eq(next_of(cursor), back ? 2 * MANY - 1 : MANY - 2);
    prune(2 * MANY - 10);
    story = told_by(cursor);
    ck_assert_uint_eq(story.pruned, 1);
    assert_in_order(&story, back, 1);
    assert_all_of(&story, 2 * MANY - 10, 2 * MANY - (back ? 1 : 0), 1);
    ck_assert_uint_lt(story.count, MANY - 10);
    story_free(&story);
}
END_TEST

/* ---- compacted ---------------------------------------------------------- */

START_TEST(compacted_ahead_says_so_once_and_gives_what_is_left)
{
    struct journal_cursor *cursor = given(_i, 0);
    struct story story;

    ck_assert_uint_eq(next_of(cursor), 0);
    append_large("k/a", 1);
    append_large("other", 1);
    compact(30);
    story = told_by(cursor);
    ck_assert_uint_eq(story.pruned, 1);
    assert_in_order(&story, false, ways[_i].by);
    assert_all_of(&story, 30, MANY, ways[_i].by);
    ck_assert(!is_in(&story, 28));
    story_free(&story);
}
END_TEST

/* One entry of its own key is left in the middle of what goes. */
START_TEST(compacted_ahead_gives_what_was_kept_in_between)
{
    bool back = _i == 1;
    struct journal_query query = ask();
    struct journal_cursor *cursor;
    struct story story;

    append_spread(1);
    append_large("kept", 1);
    for (unsigned i = 0; i < MANY; i++)
        append_large("other", 1);
    query.flags = back ? JOURNAL_QUERY_REVERSE : 0;
    cursor = cursor_of(&query);
    ck_assert_uint_eq(next_of(cursor), back ? 2 * MANY : 0);
    compact(60);
    story = told_by(cursor);
    ck_assert_uint_eq(story.pruned, 1);
    assert_in_order(&story, back, 1);
    assert_all_of(&story, 60, 2 * MANY, 1);
    ck_assert(is_in(&story, MANY));
    ck_assert(is_in(&story, MANY - 2));
    ck_assert(!is_in(&story, MANY + 5));
    story_free(&story);
}
END_TEST

START_TEST(what_had_been_compacted_before_is_no_matter)
{
    struct journal_query query = ask();

    append_spread(1);
    append_words("a !b");
    compact(MANY);
    assert_both_ways(&query, "38-41");
    append_words("- b");
    compact(43);
    assert_both_ways(&query, "38-40 43");
}
END_TEST

static TCase *
pruned(void)
{
    TCase *tcase = tcase_create("pruned");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_loop_test(tcase,
                        pruned_ahead_says_so_once_and_goes_on_with_the_oldest,
                        0, WAYS);
    tcase_add_loop_test(tcase, pruned_before_the_first_step_says_so_too, 0,
                        WAYS);
    tcase_add_loop_test(tcase,
                        pruned_ahead_of_a_cursor_that_goes_back_says_so_once, 0,
                        WAYS);
    tcase_add_loop_test(tcase, pruned_again_says_so_again, 0, WAYS);
    tcase_add_loop_test(tcase, pruned_to_the_end_says_so_and_ends, 0, WAYS);
    tcase_add_loop_test(tcase, pruned_says_so_matching_or_not, 0, 6);
    tcase_add_loop_test(tcase, pruned_elsewhere_is_no_matter, 0, WAYS);
    tcase_add_loop_test(tcase, pruned_beyond_its_range_says_so_and_ends, 0,
                        WAYS);
    tcase_add_loop_test(tcase, pruned_under_the_latest_says_so_once, 0, 2);
    tcase_add_loop_test(tcase,
                        compacted_ahead_says_so_once_and_gives_what_is_left, 0,
                        WAYS);
    tcase_add_loop_test(tcase, compacted_ahead_gives_what_was_kept_in_between,
                        0, 2);
    tcase_add_test(tcase, what_had_been_compacted_before_is_no_matter);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *suite = suite_create("query pruned");

    suite_add_tcase(suite, pruned());
    return suite;
}

TEST_MAIN(suite)
