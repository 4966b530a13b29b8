/* follow_test.c - JOURNAL_QUERY_FOLLOW: cursors that go on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/asking.h"

static struct journal_query
follow(uint32_t match, const char *key)
{
    struct journal_query query = ask_for(match, key);

    query.flags = JOURNAL_QUERY_FOLLOW;
    return query;
}

static struct journal_cursor *
following(uint32_t match, const char *key)
{
    struct journal_query query = follow(match, key);

    return cursor_of(&query);
}

START_TEST(after_the_end_comes_what_is_appended_since)
{
    struct journal_cursor *cursor = following(JOURNAL_MATCH_ALL, "");

    assert_end(cursor);
    append_words("a - b");
    assert_rest(cursor, "0-2");
    append_words("!a");
    assert_rest(cursor, "3");
    assert_end(cursor);
    append_words("a a");
    ck_assert_uint_eq(next(cursor), 4);
    append_words("a");
    assert_last(cursor, "5 6");
}
END_TEST

START_TEST(each_match_follows_what_matches)
{
    struct journal_cursor *cursors[4];

    append_words("a b");
    cursors[0] = following(JOURNAL_MATCH_ALL, "");
    cursors[1] = following(JOURNAL_MATCH_KEY, "k");
    cursors[2] = following(JOURNAL_MATCH_PREFIX, "k");
    cursors[3] = following(JOURNAL_MATCH_EXPR, "k/*");
    assert_rest(cursors[0], "0 1");
    for (int i = 1; i < 4; i++)
        assert_end(cursors[i]);
    append_words("k k/a a - !k kk");
    assert_rest(cursors[0], "2-7");
    assert_rest(cursors[1], "2 6");
    assert_rest(cursors[2], "2 3 6 7");
    assert_rest(cursors[3], "3");
    append_words("a k/a k b");
    assert_last(cursors[0], "8-11");
    assert_last(cursors[1], "10");
    assert_last(cursors[2], "9 10");
    assert_last(cursors[3], "9");
}
END_TEST

START_TEST(it_may_begin_anywhere)
{
    struct journal_query query = follow(JOURNAL_MATCH_PREFIX, "");
    struct journal_cursor *cursors[4];

    append_words("a b c");
    for (query.first = 0; query.first <= 3; query.first++)
        cursors[query.first] = cursor_of(&query);
    append_words("d");
    assert_last(cursors[0], "0-3");
    assert_last(cursors[1], "1-3");
    assert_last(cursors[2], "2 3");
    assert_last(cursors[3], "3");
}
END_TEST

START_TEST(live_and_first_revision_hold_for_what_follows)
{
    struct journal_query query = follow(JOURNAL_MATCH_KEY, "a");
    struct journal_cursor *live, *fourth;

    query.flags |= JOURNAL_QUERY_LIVE;
    live = cursor_of(&query);
    query = follow(JOURNAL_MATCH_KEY, "a");
    query.first_revision = 4;
    fourth = cursor_of(&query);
    assert_end(live);
    assert_end(fourth);
    append_words("a !a");
    assert_rest(live, "0");
    assert_end(fourth);
    append_words("a b a !a a");
    assert_last(live, "2 4 6");
    assert_last(fourth, "4-6");
}
END_TEST

START_TEST(a_limit_over_the_size_ends_it_for_good_when_it_is_reached)
{
    struct journal_query query = follow((uint32_t)_i, _i == 0 ? "" : "a");
    struct journal_cursor *cursor;

    query.limit = 5;
    append_words("a a");
    cursor = cursor_of(&query);
    assert_rest(cursor, "0 1");
    append_words("a");
    assert_rest(cursor, "2");
    append_words("a a a");
    assert_rest(cursor, "3 4");
    append_words("a a a");
    assert_end(cursor);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(a_limit_below_the_size_ends_it_for_good)
{
    struct journal_query query = follow((uint32_t)_i, _i == 0 ? "" : "a");
    struct journal_cursor *cursor;

    append_words("a a a");
    for (query.limit = 0; query.limit <= 3; query.limit++) {
        char answer[20];

        cursor = cursor_of(&query);
        (void)snprintf(answer, sizeof(answer), "0-%d", (int)query.limit - 1);
        assert_rest(cursor, query.limit > 0 ? answer : "");
        append_words("a");
        assert_end(cursor);
        journal_cursor_close(cursor);
    }
}
END_TEST

START_TEST(a_limit_at_or_below_the_start_is_empty_for_good)
{
    struct journal_query query = follow((uint32_t)_i, _i == 0 ? "" : "a");
    struct journal_cursor *cursor;

    append_words("a a a");
    query.first = 3;
    for (query.limit = 0; query.limit <= 3; query.limit++) {
        cursor = cursor_of(&query);
        assert_end(cursor);
        append_words("a");
        assert_end(cursor);
        journal_cursor_close(cursor);
    }
}
END_TEST

/* ---- pruned and rewound ------------------------------------------------- */

START_TEST(pruned_ahead_of_it_says_so_and_goes_on)
{
    struct journal_cursor *cursor = following((uint32_t)_i, _i == 0 ? "" : "a");

    append_words("a a a");
    assert_rest(cursor, "0-2");
    append_words("a a a a a");
    ck_assert_int_eq(journal_prune(journal, 6, 0, NULL), 0);
    assert_rest(cursor, "PRUNED 6 7");
    append_words("a");
    assert_last(cursor, "8");
}
END_TEST

START_TEST(pruned_empty_ahead_of_it_says_so_once)
{
    struct journal_cursor *cursor = following((uint32_t)_i, _i == 0 ? "" : "a");

    append_words("a a a");
    assert_rest(cursor, "0-2");
    append_words("a a");
    ck_assert_int_eq(journal_prune(journal, 5, 0, NULL), 0);
    assert_rest(cursor, "PRUNED");
    assert_end(cursor);
    append_words("a");
    assert_last(cursor, "5");
}
END_TEST

/* Was: a second time for what had been appended since the query. */
START_TEST(pruned_empty_before_its_first_step_says_so_once)
{
    struct journal_query query = follow((uint32_t)_i, _i == 0 ? "" : "a");
    struct journal_cursor *open, *limited;

    append_words("a a a");
    open = cursor_of(&query);
    query.limit = 5;
    limited = cursor_of(&query);
    append_words("a a a");
    ck_assert_int_eq(journal_prune(journal, 6, 0, NULL), 0);
    assert_rest(open, "PRUNED");
    assert_rest(limited, "PRUNED");
    append_words("a");
    assert_last(open, "6");
    assert_last(limited, "");
}
END_TEST

START_TEST(what_was_pruned_behind_it_is_no_matter)
{
    struct journal_cursor *cursor = following((uint32_t)_i, _i == 0 ? "" : "a");

    append_words("a a a");
    assert_rest(cursor, "0-2");
    ck_assert_int_eq(journal_prune(journal, 3, 0, NULL), 0);
    assert_end(cursor);
    append_words("a a");
    assert_last(cursor, "3 4");
}
END_TEST

START_TEST(a_key_that_was_forgotten_is_followed_when_it_comes_again)
{
    struct journal_cursor *cursor = following(JOURNAL_MATCH_KEY, "a");

    append_words("a a b");
    assert_rest(cursor, "0 1");
    ck_assert_int_eq(journal_prune(journal, 3, 0, NULL), 0);
    append_words("b a");
    assert_rest(cursor, "4");
    append_words("a b a");
    assert_last(cursor, "5 7");
}
END_TEST

START_TEST(rewound_below_it_goes_on_from_there)
{
    struct journal_cursor *cursor = following((uint32_t)_i, _i == 0 ? "" : "a");

    append_words("a a a a a a");
    assert_rest(cursor, "0-5");
    ck_assert_int_eq(journal_rewind(journal, 2), 0);
    assert_end(cursor);
    append_words("a a");
    assert_rest(cursor, "2 3");
    append_words("a a a a");
    assert_last(cursor, "4-7");
}
END_TEST

/* As the mark is moved back that it began at; up to its limit all the same. */
START_TEST(rewound_below_where_it_began_gives_all_that_is_new)
{
    struct journal_query query = follow(JOURNAL_MATCH_ALL, "");
    struct journal_cursor *from, *within;
    uint64_t mark;

    append_words("a b c d e f");
    ck_assert_int_eq(journal_mark(journal, "reader", 5), 0);
    query.first = 5;
    from = cursor_of(&query);
    query.first = 3;
    query.limit = 4;
    within = cursor_of(&query);
    ck_assert_int_eq(journal_rewind(journal, 2), 0);
    ck_assert_int_eq(journal_marked(journal, "reader", &mark), 0);
    ck_assert_uint_eq(mark, 2);
    assert_end(from);
    append_words("a b c d");
    assert_last(from, "2-5");
    assert_last(within, "2 3");
}
END_TEST

START_TEST(rewound_and_appended_between_two_looks_goes_on_from_there)
{
    struct journal_cursor *cursor = following((uint32_t)_i, _i == 0 ? "" : "a");

    append_words("a a a a a a");
    assert_rest(cursor, "0-5");
    ck_assert_int_eq(journal_rewind(journal, 2), 0);
    append_words("a a");
    assert_rest(cursor, "2 3");
    ck_assert_int_eq(journal_rewind(journal, 3), 0);
    /* More than there was. */
    append_words("a a a a");
    assert_last(cursor, "3-6");
}
END_TEST

START_TEST(rewound_above_it_loses_nothing)
{
    struct journal_cursor *cursor = following((uint32_t)_i, _i == 0 ? "" : "a");

    append_big("a", 40);
    ck_assert_uint_eq(next(cursor), 0);
    ck_assert_int_eq(journal_rewind(journal, 20), 0);
    assert_rest(cursor, "1-19");
    append_words("a a");
    assert_last(cursor, "20 21");
}
END_TEST

START_TEST(rewound_to_nothing_goes_on)
{
    struct journal_cursor *cursor = following((uint32_t)_i, _i == 0 ? "" : "a");

    append_words("a a");
    assert_rest(cursor, "0 1");
    ck_assert_int_eq(journal_rewind(journal, 0), 0);
    assert_end(cursor);
    append_words("a a a");
    assert_last(cursor, "0-2");
}
END_TEST

/* ---- by others ---------------------------------------------------------- */

START_TEST(appends_through_another_handle_are_followed)
{
    struct journal *other = open_path(home(), 0);
    struct journal_cursor *cursor = following(JOURNAL_MATCH_PREFIX, "a");

    assert_end(cursor);
    append_to(other, "a", "1");
    assert_rest(cursor, "0");
    journal_close(journal);
    journal = NULL;
    append_to(other, "ab", "2");
    append_to(other, "b", "3");
    append_to(other, "a", "4");
    assert_last(cursor, "1 3");
    journal_close(other);
}
END_TEST

static void
append_elsewhere(void *context)
{
    struct journal *mine;

    /* Both are the parent's. */
    journal_cursor_close(context);
    journal_close(journal);
    mine = open_path(home(), JOURNAL_OPEN_EXISTING);
    append_to(mine, "a", "1");
    append_to(mine, "b", "2");
    append_to(mine, "a", "3");
    journal_close(mine);
}

START_TEST(appends_of_another_process_are_followed)
{
    struct journal_cursor *cursor = following(JOURNAL_MATCH_KEY, "a");

    assert_end(cursor);
    in_child(append_elsewhere, cursor);
    assert_rest(cursor, "0 2");
    in_child(append_elsewhere, cursor);
    assert_last(cursor, "3 5");
}
END_TEST

START_TEST(a_lot_may_have_been_appended_since)
{
    uint64_t count = rounds(20000, 1000) / 10 * 10;
    struct journal_cursor *all = following(JOURNAL_MATCH_ALL, "");
    struct journal_cursor *one = following(JOURNAL_MATCH_KEY, "key 3");

    for (uint64_t seq = 0; seq < 3 * count; seq++) {
        if (seq % count == 0) {
            assert_end(all);
            assert_end(one);
            append_numbered(count, 10);
        }
        ck_assert_uint_eq(next(all), seq);
        if (seq % 10 == 3)
            ck_assert_uint_eq(next(one), seq);
    }
    assert_last(all, "");
    assert_last(one, "");
}
END_TEST

static TCase *
plain(void)
{
    TCase *tcase = tcase_create("follow");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, after_the_end_comes_what_is_appended_since);
    tcase_add_test(tcase, each_match_follows_what_matches);
    tcase_add_test(tcase, it_may_begin_anywhere);
    tcase_add_test(tcase, live_and_first_revision_hold_for_what_follows);
    tcase_add_loop_test(
        tcase, a_limit_over_the_size_ends_it_for_good_when_it_is_reached, 0, 4);
    tcase_add_loop_test(tcase, a_limit_below_the_size_ends_it_for_good, 0, 4);
    tcase_add_loop_test(tcase, a_limit_at_or_below_the_start_is_empty_for_good,
                        0, 4);
    tcase_add_test(tcase, appends_through_another_handle_are_followed);
    tcase_add_test(tcase, appends_of_another_process_are_followed);
    tcase_add_test(tcase, a_lot_may_have_been_appended_since);
    return tcase;
}

/*
 * The journal remembers 64 rewinds and merges others.  It once took the two
 * oldest for one to the lower size, even one from before the cursor: which then
 * ended early, or gave again what it had given.
 */
static void
rewind_often(void)
{
    for (int i = 0; i < 100; i++) {
        append_words("a b c");
        ck_assert_int_eq(journal_rewind(journal, figures(journal).size - 1), 0);
    }
}

START_TEST(many_rewinds_above_it_give_nothing_twice_and_leave_out_nothing)
{
    struct journal_cursor *follower, *cursor;

    append_numbered(100, 5);
    ck_assert_int_eq(journal_rewind(journal, 10), 0);
    append_numbered(90, 5);
    follower = following(JOURNAL_MATCH_ALL, "");
    assert_rest(follower, "0-99");
    ck_assert_int_eq(journal_replay(journal, 0, &cursor), 0);
    rewind_often();
    assert_last(follower, "100-299");
    assert_last(cursor, "0-99");
}
END_TEST

static TCase *
disturbed(void)
{
    TCase *tcase = tcase_create("disturbed follow");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_loop_test(tcase, pruned_ahead_of_it_says_so_and_goes_on, 0, 4);
    tcase_add_loop_test(tcase, pruned_empty_ahead_of_it_says_so_once, 0, 4);
    tcase_add_loop_test(tcase, pruned_empty_before_its_first_step_says_so_once,
                        0, 4);
    tcase_add_loop_test(tcase, what_was_pruned_behind_it_is_no_matter, 0, 4);
    tcase_add_test(tcase,
                   a_key_that_was_forgotten_is_followed_when_it_comes_again);
    tcase_add_loop_test(tcase, rewound_below_it_goes_on_from_there, 0, 4);
    tcase_add_test(tcase, rewound_below_where_it_began_gives_all_that_is_new);
    tcase_add_loop_test(
        tcase, rewound_and_appended_between_two_looks_goes_on_from_there, 0, 4);
    tcase_add_loop_test(tcase, rewound_above_it_loses_nothing, 0, 4);
    tcase_add_loop_test(tcase, rewound_to_nothing_goes_on, 0, 4);
    tcase_add_test(
        tcase, many_rewinds_above_it_give_nothing_twice_and_leave_out_nothing);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *suite = suite_create("follow");

    suite_add_tcase(suite, plain());
    suite_add_tcase(suite, disturbed());
    return suite;
}

TEST_MAIN(suite)
