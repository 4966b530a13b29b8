/* query_disturbed_test.c - pruned, compacted and rewound under a cursor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/asking.h"

#define MANY 40u

/* Ways to ask, and which of the entries of setup() they give. */
static const struct {
    uint32_t match;
    const char *key;
    uint32_t flags;
    unsigned by; /* every so manieth entry, from number 0 */
} ways[] = {
    {JOURNAL_MATCH_ALL, "", 0, 1},
    {JOURNAL_MATCH_KEY, "k/a", 0, 2},
    {JOURNAL_MATCH_PREFIX, "k", 0, 2},
    {JOURNAL_MATCH_EXPR, "k/*", 0, 2},
    {JOURNAL_MATCH_ALL, "", JOURNAL_QUERY_LIVE, 1},
    {JOURNAL_MATCH_KEY, "k/a", JOURNAL_QUERY_LIVE, 2},
};
#define WAYS COUNT_OF(ways)

static struct journal_query
way(int which, uint32_t flags)
{
    struct journal_query query = ask_for(ways[which].match, ways[which].key);

    query.flags = ways[which].flags | flags;
    return query;
}

/* Large entries, of which few are read ahead, of two keys in turn. */
static void
setup(void)
{
    setup_journal();
    for (unsigned i = 0; i < MANY; i++)
        append_big(i % 2 == 0 ? "k/a" : "other", 1);
}

static bool
is_in(const struct story *story, uint64_t seq)
{
    for (size_t i = 0; i < story->count; i++)
        if (story->seqs[i] == seq)
            return true;
    return false;
}

/* Numbers rise, or fall, and are among those that match. */
static void
assert_in_order(const struct story *story, bool back, unsigned by)
{
    for (size_t i = 0; i < story->count; i++) {
        ck_assert_uint_eq(story->seqs[i] % by, 0);
        if (i > 0)
            ck_assert((story->seqs[i] < story->seqs[i - 1]) == back);
    }
}

static void
assert_all_of(const struct story *story, uint64_t first, uint64_t limit,
              unsigned by)
{
    for (uint64_t seq = first; seq < limit; seq++)
        ck_assert_msg(seq % by != 0 || is_in(story, seq), "%llu is missing",
                      (unsigned long long)seq);
}

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
    struct journal_query query = way(_i, 0);
    struct journal_cursor *cursor = cursor_of(&query);
    struct story story;

    ck_assert_uint_eq(next(cursor), 0);
    ck_assert_int_eq(journal_prune(journal, 31, 0, NULL), 0);
    story = story_of(cursor);
    ck_assert_uint_eq(story.pruned, 1);
    assert_gap(&story, by, 31, by);
    assert_all_of(&story, 31, MANY, by);
    story_free(&story);
}
END_TEST

START_TEST(pruned_before_the_first_step_says_so_too)
{
    unsigned by = ways[_i].by;
    struct journal_query query = way(_i, 0);
    struct journal_cursor *cursor = cursor_of(&query);
    struct story story;

    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    story = story_of(cursor);
    ck_assert_uint_eq(story.pruned, 1);
    assert_gap(&story, 0, 1, by);
    assert_all_of(&story, 1, MANY, by);
    story_free(&story);
}
END_TEST

START_TEST(pruned_ahead_of_a_cursor_that_goes_back_says_so_once)
{
    unsigned by = ways[_i].by;
    struct journal_query query = way(_i, JOURNAL_QUERY_REVERSE);
    struct journal_cursor *cursor = cursor_of(&query);
    uint64_t newest = next(cursor);
    struct story story;

    ck_assert_uint_eq(newest, MANY - by);
    ck_assert_int_eq(journal_prune(journal, 21, 0, NULL), 0);
    story = story_of(cursor);
    ck_assert_uint_eq(story.pruned, 1);
    assert_in_order(&story, true, by);
    assert_all_of(&story, 21, newest, by);
    ck_assert_uint_ge(story.seqs[story.count - 1], 21);
    story_free(&story);
}
END_TEST

START_TEST(pruned_again_says_so_again)
{
    struct journal_query query = way(_i, 0);
    struct journal_cursor *cursor = cursor_of(&query);
    const struct journal_entry *entry;
    struct story story;

    ck_assert_uint_eq(next(cursor), 0);
    ck_assert_int_eq(journal_prune(journal, 16, 0, NULL), 0);
    while (journal_next(cursor, &entry) != JOURNAL_PRUNED)
        ck_assert_uint_lt(entry->seq, 16);
    ck_assert_uint_eq(next(cursor), 16);
    ck_assert_int_eq(journal_prune(journal, 36, 0, NULL), 0);
    story = story_of(cursor);
    ck_assert_uint_eq(story.pruned, 1);
    assert_gap(&story, 16 + ways[_i].by, 36, ways[_i].by);
    assert_all_of(&story, 36, MANY, ways[_i].by);
    story_free(&story);
}
END_TEST

START_TEST(pruned_to_the_end_says_so_and_ends)
{
    struct journal_query query = way(_i, 0);
    struct journal_cursor *cursor = cursor_of(&query);
    struct story story;

    ck_assert_uint_eq(next(cursor), 0);
    ck_assert_int_eq(journal_prune(journal, MANY, 0, NULL), 0);
    append_big("k/a", 2);
    story = story_of(cursor);
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
    struct journal_query query = ask_for(rare[_i].match, rare[_i].key);
    struct journal_cursor *cursor;
    struct story story;

    append_big("z/a", 20);
    cursor = cursor_of(&query);
    ck_assert_int_eq(journal_prune(journal, 5, 0, NULL), 0);
    story = story_of(cursor);
    ck_assert_uint_eq(story.pruned, 1);
    assert_gap(&story, MANY, MANY, 1);
    assert_all_of(&story, MANY, MANY + 20, 1);
    story_free(&story);
}
END_TEST

/* Behind it, below its range, above its range. */
START_TEST(pruned_elsewhere_is_no_matter)
{
    unsigned by = ways[_i].by;
    struct journal_query query = way(_i, 0);
    struct journal_query back = way(_i, JOURNAL_QUERY_REVERSE);
    struct journal_cursor *behind = cursor_of(&query), *below, *falling;
    struct story story;

    query.first = back.first = 10;
    below = cursor_of(&query);
    falling = cursor_of(&back);
    for (uint64_t seq = 0; seq < 10; seq += by)
        ck_assert_uint_eq(next(behind), seq);
    ck_assert_int_eq(journal_prune(journal, 10, 0, NULL), 0);
    story = story_of(behind);
    ck_assert_uint_eq(story.pruned, 0);
    assert_all_of(&story, 10, MANY, by);
    story_free(&story);
    story = story_of(below);
    ck_assert_uint_eq(story.pruned, 0);
    assert_all_of(&story, 10, MANY, by);
    story_free(&story);
    story = story_of(falling);
    ck_assert_uint_eq(story.pruned, 0);
    assert_all_of(&story, 10, MANY, by);
    story_free(&story);
}
END_TEST

START_TEST(pruned_beyond_its_range_says_so_and_ends)
{
    struct journal_query query = way(_i, 0);
    struct journal_cursor *cursor;

    query.first = 4;
    query.limit = 9;
    cursor = cursor_of(&query);
    ck_assert_int_eq(journal_prune(journal, 20, 0, NULL), 0);
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

    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(key, sizeof(key), "key %u", i);
        append_big(key, 1);
    }
    query.flags = JOURNAL_QUERY_LATEST | (back ? JOURNAL_QUERY_REVERSE : 0);
    cursor = cursor_of(&query);
    ck_assert_uint_eq(next(cursor), back ? 2 * MANY - 1 : MANY - 2);
    ck_assert_int_eq(journal_prune(journal, 2 * MANY - 10, 0, NULL), 0);
    story = story_of(cursor);
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
    struct journal_query query = way(_i, 0);
    struct journal_cursor *cursor = cursor_of(&query);
    struct story story;

    ck_assert_uint_eq(next(cursor), 0);
    append_big("k/a", 1);
    append_big("other", 1);
    ck_assert_int_eq(journal_prune(journal, 30, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    story = story_of(cursor);
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

    append_big("kept", 1);
    for (unsigned i = 0; i < MANY; i++)
        append_big("other", 1);
    query.flags = back ? JOURNAL_QUERY_REVERSE : 0;
    cursor = cursor_of(&query);
    ck_assert_uint_eq(next(cursor), back ? 2 * MANY : 0);
    ck_assert_int_eq(journal_prune(journal, 60, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    story = story_of(cursor);
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

    append_words("a !b");
    ck_assert_int_eq(journal_prune(journal, MANY, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    assert_both_ways(&query, "38-41");
    append_words("- b");
    ck_assert_int_eq(journal_prune(journal, 43, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    assert_both_ways(&query, "38-40 43");
}
END_TEST

/* ---- rewound ------------------------------------------------------------ */

START_TEST(rewound_ahead_ends_early)
{
    struct journal_query query = way(_i, 0);
    struct journal_cursor *cursor = cursor_of(&query);
    struct journal_cursor *fresh = cursor_of(&query);

    ck_assert_uint_eq(next(cursor), 0);
    ck_assert_int_eq(journal_rewind(journal, 21), 0);
    assert_rest(cursor,
                ways[_i].by == 1 ? "1-20" : "2 4 6 8 10 12 14 16 18 20");
    append_big("k/a", MANY);
    assert_end(cursor);
    journal_cursor_close(cursor);
    assert_last(fresh,
                ways[_i].by == 1 ? "0-20" : "0 2 4 6 8 10 12 14 16 18 20");
}
END_TEST

/* Entries of other numbers than were there when it was asked for. */
START_TEST(rewound_and_appended_gives_nothing_new)
{
    bool back = _i >= (int)WAYS;
    int which = _i % (int)WAYS;
    struct journal_query query = way(which, back ? JOURNAL_QUERY_REVERSE : 0);
    struct journal_cursor *cursor = cursor_of(&query);
    const struct journal_entry *entry;
    int rc;

    assert_next(cursor, 0);
    ck_assert_int_eq(journal_rewind(journal, 21), 0);
    for (unsigned i = 0; i < MANY; i++)
        append_words("k/a");
    while ((rc = journal_next(cursor, &entry)) == 0)
        ck_assert_uint_gt(entry->value_size, 100);
    ck_assert_int_eq(rc, JOURNAL_END);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(rewound_under_a_cursor_that_goes_back_gives_what_is_left_or_ends)
{
    unsigned by = ways[_i].by;
    struct journal_query query = way(_i, JOURNAL_QUERY_REVERSE);
    struct journal_cursor *cursor = cursor_of(&query);
    struct story story;

    assert_next(cursor, 0);
    ck_assert_int_eq(journal_rewind(journal, 21), 0);
    story = story_of(cursor);
    ck_assert_uint_eq(story.pruned, 0);
    assert_in_order(&story, true, by);
    if (is_in(&story, 20))
        assert_all_of(&story, 0, 21, by);
    ck_assert(!is_in(&story, 26));
    story_free(&story);
}
END_TEST

static TCase *
pruned(void)
{
    TCase *tcase = tcase_create("pruned");

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
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
    tcase_add_loop_test(tcase, pruned_says_so_matching_or_not, 0, 3);
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

static TCase *
rewound(void)
{
    TCase *tcase = tcase_create("rewound");

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_loop_test(tcase, rewound_ahead_ends_early, 0, WAYS);
    tcase_add_loop_test(tcase, rewound_and_appended_gives_nothing_new, 0,
                        2 * WAYS);
    tcase_add_loop_test(
        tcase, rewound_under_a_cursor_that_goes_back_gives_what_is_left_or_ends,
        0, WAYS);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *suite = suite_create("query disturbed");

    suite_add_tcase(suite, pruned());
    suite_add_tcase(suite, rewound());
    return suite;
}

TEST_MAIN(suite)
