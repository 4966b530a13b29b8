/* latest_test.c - JOURNAL_QUERY_LATEST: the state as of any number. */
#include <stdio.h>
#include <string.h>

#include "api/asking.h"

static struct journal_query
latest(uint64_t limit)
{
    struct journal_query query = ask();

    query.flags = JOURNAL_QUERY_LATEST;
    query.limit = limit;
    return query;
}

static struct journal_query
latest_for(uint32_t match, const char *key)
{
    struct journal_query query = ask_for(match, key);

    query.flags = JOURNAL_QUERY_LATEST;
    return query;
}

START_TEST(of_each_key_only_its_latest_entry_comes)
{
    struct journal_query query = latest(JOURNAL_NONE);

    append_words("a b a c b a d");
    assert_both_ways(&query, "3-6");
    append_words("c");
    assert_both_ways(&query, "4-7");
}
END_TEST

START_TEST(entries_without_a_key_are_left_out)
{
    struct journal_query query = latest(JOURNAL_NONE);

    append_words("- - a - b -");
    assert_both_ways(&query, "2 4");
    query = latest(2);
    assert_both_ways(&query, "");
}
END_TEST

START_TEST(tombstones_are_the_latest_entries_of_deleted_keys)
{
    struct journal_query query = latest(JOURNAL_NONE);

    append_words("a b !a c !c b !d");
    assert_both_ways(&query, "2 4-6");
    query.flags |= JOURNAL_QUERY_LIVE;
    assert_both_ways(&query, "5");
    append_words("a");
    assert_both_ways(&query, "5 7");
}
END_TEST

/* What is so of numbers below LIMIT, whatever came since. */
START_TEST(a_limit_gives_the_state_as_of_that_size)
{
    static const char *const answers[] = {"",      "0",      "0-1", "1-2",
                                          "1-3",   "2-4",    "3-5", "3-5",
                                          "3-5 7", "4 5 7-8"};
    static const char *const live[] = {"",    "0",   "0-1", "1",     "1 3",
                                       "3 4", "3-5", "3-5", "3-5 7", "4 5 7"};
    struct journal_query query;

    append_words("a b !a c b a - d !c");
    for (uint64_t limit = 0; limit <= 9; limit++) {
        query = latest(limit);
        assert_both_ways(&query, answers[limit]);
        query.flags |= JOURNAL_QUERY_LIVE;
        assert_both_ways(&query, live[limit]);
    }
}
END_TEST

START_TEST(matches_choose_the_keys)
{
    struct journal_query query = latest_for(JOURNAL_MATCH_KEY, "a");

    append_words("a ab a/b b a/b ab !a ac - b");
    assert_both_ways(&query, "6");
    query.limit = 5;
    assert_both_ways(&query, "0");
    query = latest_for(JOURNAL_MATCH_KEY, "none");
    assert_both_ways(&query, "");
    query = latest_for(JOURNAL_MATCH_PREFIX, "a");
    assert_both_ways(&query, "4-7");
    query.flags |= JOURNAL_QUERY_LIVE;
    assert_both_ways(&query, "4 5 7");
    query.limit = 4;
    assert_both_ways(&query, "0-2");
    query = latest_for(JOURNAL_MATCH_PREFIX, "");
    assert_both_ways(&query, "4-7 9");
    query = latest_for(JOURNAL_MATCH_EXPR, "$*b");
    assert_both_ways(&query, "5 9");
    query = latest_for(JOURNAL_MATCH_EXPR, "a/**");
    assert_both_ways(&query, "4 6");
    query.limit = 4;
    assert_both_ways(&query, "0 2");
}
END_TEST

START_TEST(first_filters_what_was_chosen)
{
    struct journal_query query = latest(JOURNAL_NONE);

    append_words("a b a c b d");
    query.first = 3;
    assert_both_ways(&query, "3-5");
    query.first = 4;
    assert_both_ways(&query, "4 5");
    query.limit = 5;
    query.first = 0;
    assert_both_ways(&query, "2-4");
    query.first = 3;
    assert_both_ways(&query, "3 4");
    /* The newest entry of b below 4 is number 1, and not from 2 on. */
    query.limit = 4;
    query.first = 2;
    assert_both_ways(&query, "2 3");
    query.first = 4;
    assert_both_ways(&query, "");
}
END_TEST

START_TEST(an_older_entry_does_not_stand_in_for_a_tombstone)
{
    struct journal_query query = latest(JOURNAL_NONE);

    append_words("a a !a");
    query.flags |= JOURNAL_QUERY_LIVE;
    assert_both_ways(&query, "");
    query = latest_for(JOURNAL_MATCH_KEY, "a");
    query.flags |= JOURNAL_QUERY_LIVE;
    assert_both_ways(&query, "");
    query.limit = 2;
    assert_both_ways(&query, "1");
}
END_TEST

START_TEST(a_first_revision_filters_what_was_chosen)
{
    struct journal_query query = latest_for(JOURNAL_MATCH_KEY, "a");

    append_words("a a a b");
    query.first_revision = 3;
    assert_both_ways(&query, "2");
    query.first_revision = 4;
    assert_both_ways(&query, "");
    query.limit = 2;
    query.first_revision = 2;
    assert_both_ways(&query, "1");
    query.first_revision = 3;
    assert_both_ways(&query, "");
}
END_TEST

START_TEST(pruned_keys_are_left_out)
{
    struct journal_query query = latest(JOURNAL_NONE);

    append_words("a b c a d b e");
    ck_assert_int_eq(journal_prune(journal, 3, 0, NULL), 0);
    assert_both_ways(&query, "3-6");
    /* What b was then has gone. */
    query = latest(5);
    assert_both_ways(&query, "3 4");
    query = latest(3);
    assert_both_ways(&query, "");
}
END_TEST

START_TEST(compacted_keys_are_there_as_far_as_they_are_kept)
{
    struct journal_query query = latest(JOURNAL_NONE);

    append_words("a b c a !b d a e !e a");
    ck_assert_int_eq(journal_prune(journal, 8, JOURNAL_PRUNE_KEEP_LATEST, NULL),
                     0);
    assert_both_ways(&query, "2 5 8 9");
    query = latest(7);
    assert_both_ways(&query, "2 5");
    query = latest(3);
    assert_both_ways(&query, "2");
    query = latest(2);
    assert_both_ways(&query, "");
    query = latest(9);
    query.flags |= JOURNAL_QUERY_LIVE;
    assert_both_ways(&query, "2 5");
}
END_TEST

START_TEST(a_rewind_restores_the_state)
{
    struct journal_query query = latest(JOURNAL_NONE);

    append_words("a b a c !a b");
    ck_assert_int_eq(journal_rewind(journal, 4), 0);
    assert_both_ways(&query, "1-3");
    append_words("b");
    assert_both_ways(&query, "2-4");
}
END_TEST

START_TEST(what_comes_later_does_not_change_what_was_asked)
{
    struct journal_query query = latest(JOURNAL_NONE);
    struct journal_cursor *cursor;

    append_words("a b a c");
    cursor = cursor_of(&query);
    append_words("a b c d !b");
    assert_last(cursor, "1-3");
    query.limit = 4;
    cursor = cursor_of(&query);
    ck_assert_uint_eq(next(cursor), 1);
    append_words("a b c d !b");
    assert_last(cursor, "2 3");
}
END_TEST

/* More keys than fit into whatever is read ahead. */
START_TEST(many_keys_come_in_the_order_of_their_latest_entries)
{
    uint64_t keys = rounds(5000, 600);
    struct journal_query query = latest(JOURNAL_NONE);
    struct journal_cursor *cursor;

    append_numbered(keys, keys);
    append_numbered(keys / 2, keys);
    for (int back = 0; back < 2; back++) {
        uint64_t size = keys + keys / 2;

        query.flags = JOURNAL_QUERY_LATEST;
        query.flags |= back ? JOURNAL_QUERY_REVERSE : 0;
        cursor = cursor_of(&query);
        for (uint64_t i = 0; i < keys; i++)
            ck_assert_uint_eq(next(cursor), back ? size - 1 - i : keys / 2 + i);
        assert_end(cursor);
        journal_cursor_close(cursor);
    }
    query = latest(keys);
    cursor = cursor_of(&query);
    for (uint64_t i = 0; i < keys; i++)
        ck_assert_uint_eq(next(cursor), i);
    assert_end(cursor);
    journal_cursor_close(cursor);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("latest");
    TCase *tcase = tcase_create("latest");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, of_each_key_only_its_latest_entry_comes);
    tcase_add_test(tcase, entries_without_a_key_are_left_out);
    tcase_add_test(tcase, tombstones_are_the_latest_entries_of_deleted_keys);
    tcase_add_test(tcase, a_limit_gives_the_state_as_of_that_size);
    tcase_add_test(tcase, matches_choose_the_keys);
    tcase_add_test(tcase, first_filters_what_was_chosen);
    tcase_add_test(tcase, an_older_entry_does_not_stand_in_for_a_tombstone);
    tcase_add_test(tcase, a_first_revision_filters_what_was_chosen);
    tcase_add_test(tcase, pruned_keys_are_left_out);
    tcase_add_test(tcase, compacted_keys_are_there_as_far_as_they_are_kept);
    tcase_add_test(tcase, a_rewind_restores_the_state);
    tcase_add_test(tcase, what_comes_later_does_not_change_what_was_asked);
    tcase_add_test(tcase, many_keys_come_in_the_order_of_their_latest_entries);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
