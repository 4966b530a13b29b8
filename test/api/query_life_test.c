/* query_life_test.c - the life of a query's cursor. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/asking.h"

/* Ways to ask for the entries of a journal of the key "k/a". */
static const struct {
    uint32_t match;
    const char *key;
    uint32_t flags;
} ways[] = {
    {JOURNAL_MATCH_ALL, "", 0},
    {JOURNAL_MATCH_KEY, "k/a", 0},
    {JOURNAL_MATCH_PREFIX, "k", 0},
    {JOURNAL_MATCH_EXPR, "k/*", 0},
    {JOURNAL_MATCH_ALL, "", JOURNAL_QUERY_LIVE},
    {JOURNAL_MATCH_KEY, "k/a", JOURNAL_QUERY_LIVE},
};
#define WAYS COUNT_OF(ways)

static struct journal_query
way(int which)
{
    struct journal_query query = ask_for(ways[which].match, ways[which].key);

    query.flags = ways[which].flags;
    return query;
}

START_TEST(a_cursor_does_not_see_what_comes_later)
{
    struct journal_query query = way(_i);
    struct journal_cursor *early, *begun;

    append_words("k/a k/a k/a");
    early = cursor_of(&query);
    begun = cursor_of(&query);
    ck_assert_uint_eq(next(begun), 0);
    append_words("k/a k/a");
    assert_last(early, "0-2");
    assert_rest(begun, "1 2");
    append_words("k/a");
    assert_end(begun);
    journal_cursor_close(begun);
    query.flags |= JOURNAL_QUERY_REVERSE;
    early = cursor_of(&query);
    append_words("k/a");
    assert_last(early, "5-0");
}
END_TEST

START_TEST(a_cursor_gives_all_of_a_large_range)
{
    struct journal_query query = way(_i);
    struct journal_cursor *cursor;

    append_big("k/a", 20);
    for (int back = 0; back < 2; back++) {
        cursor = cursor_of(&query);
        append_words("k/a");
        assert_last(cursor, back == 0 ? "0-19" : "20-0");
        query.flags |= JOURNAL_QUERY_REVERSE;
    }
}
END_TEST

START_TEST(an_entry_is_valid_until_the_next_call)
{
    struct journal_query query = way(_i);
    const struct journal_entry *entry;
    struct journal_cursor *cursor;

    append_words("k/a k/a k/a");
    cursor = cursor_of(&query);
    ck_assert_int_eq(journal_next(cursor, &entry), 0);
    append_numbered(1000, 3);
    ck_assert_int_eq(journal_prune(journal, 500, 0, NULL), 0);
    assert_entry(entry, 0, "k/a", "value 0");
    journal_close(journal);
    journal = NULL;
    assert_entry(entry, 0, "k/a", "value 0");
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(a_cursor_outlives_the_handle)
{
    struct journal_query query = way(_i);
    struct journal_cursor *begun, *fresh;

    append_big("k/a", 20);
    begun = cursor_of(&query);
    fresh = cursor_of(&query);
    ck_assert_uint_eq(next(begun), 0);
    journal_close(journal);
    journal = NULL;
    assert_rest(begun, "1-19");
    assert_rest(fresh, "0-19");
    ck_assert_int_eq(journal_destroy(home()), JOURNAL_BUSY);
    journal_cursor_close(begun);
    ck_assert_int_eq(journal_destroy(home()), JOURNAL_BUSY);
    journal_cursor_close(fresh);
    ck_assert_int_eq(journal_destroy(home()), 0);
}
END_TEST

START_TEST(cursors_go_each_their_own_way)
{
    struct journal_cursor *cursors[2 * WAYS];
    struct journal_query query;

    for (unsigned i = 0; i < 100; i++)
        append_words("k/a");
    for (int i = 0; i < (int)WAYS; i++) {
        query = way(i);
        cursors[2 * i] = cursor_of(&query);
        query.flags |= JOURNAL_QUERY_REVERSE;
        cursors[2 * i + 1] = cursor_of(&query);
    }
    for (uint64_t seq = 0; seq < 100; seq++)
        for (size_t i = 0; i < 2 * WAYS; i++)
            ck_assert_uint_eq(next(cursors[i]), i % 2 == 0 ? seq : 99 - seq);
    for (size_t i = 0; i < 2 * WAYS; i++)
        assert_last(cursors[i], "");
}
END_TEST

START_TEST(a_cursor_may_be_closed_at_any_time)
{
    struct journal_query query = way(_i);
    struct journal_cursor *cursor;

    append_big("k/a", 6);
    for (unsigned steps = 0; steps <= 7; steps++) {
        cursor = cursor_of(&query);
        for (unsigned i = 0; i < steps; i++)
            assert_next(cursor, i < 6 ? 0 : JOURNAL_END);
        journal_cursor_close(cursor);
    }
}
END_TEST

static void *
next_in_thread(void *context)
{
    ck_assert_uint_eq(next(context), 1);
    return NULL;
}

START_TEST(a_cursor_may_move_between_threads)
{
    struct journal_query query = way(_i);
    struct journal_cursor *cursor;
    pthread_t thread;

    append_big("k/a", 5);
    cursor = cursor_of(&query);
    ck_assert_uint_eq(next(cursor), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, next_in_thread, cursor), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_last(cursor, "2-4");
}
END_TEST

static void
ask_after_fork(void *context)
{
    const struct journal_entry *entry = NULL;
    struct journal_query query = ask();
    struct journal_cursor *cursor = NULL;

    ck_assert_int_eq(journal_next(context, &entry), JOURNAL_FORKED);
    ck_assert_ptr_null(entry);
    ck_assert_int_eq(journal_query(journal, &query, &cursor), JOURNAL_FORKED);
    ck_assert_ptr_null(cursor);
    journal_cursor_close(context);
    journal_close(journal);
}

START_TEST(a_cursor_is_not_used_across_a_fork)
{
    struct journal_query query = way(_i);
    struct journal_cursor *cursor;

    append_words("k/a k/a k/a");
    cursor = cursor_of(&query);
    in_child(ask_after_fork, cursor);
    ck_assert_uint_eq(next(cursor), 0);
    in_child(ask_after_fork, cursor);
    assert_rest(cursor, "1 2");
    in_child(ask_after_fork, cursor);
    assert_last(cursor, "");
}
END_TEST

START_TEST(a_reader_may_ask)
{
    struct journal_query query = way(_i);
    struct journal_cursor *cursor = NULL;
    struct journal *reader;

    append_words("k/a k/a k/a");
    reader = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    ck_assert_int_eq(journal_query(reader, &query, &cursor), 0);
    assert_last(cursor, "0-2");
    journal_close(reader);
    reopen();
    journal_close(journal);
    journal = NULL;
    reader = open_path(home(), JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE);
    ck_assert_int_eq(journal_query(reader, &query, &cursor), 0);
    assert_last(cursor, "0-2");
    journal_close(reader);
}
END_TEST

START_TEST(a_cursor_keeps_no_space_from_being_used_again)
{
    struct journal_options options = options_with(0);
    struct journal_query query = way(_i);
    struct journal_cursor *cursor;
    unsigned count = rounds(30, 10);

    journal_close(journal);
    options.bytes_max = 8 << 20;
    journal = open_with(home(), &options);
    append_big("k/a", 8);
    cursor = cursor_of(&query);
    ck_assert_uint_eq(next(cursor), 0);
    for (unsigned i = 0; i < count; i++) {
        append_big("k/a", 4);
        ck_assert_int_eq(journal_prune(journal, figures(journal).size - 8, 0,
                                       NULL),
                         0);
    }
    journal_cursor_close(cursor);
    ck_assert_uint_eq(assert_no_gap(journal), 8);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("query life");
    TCase *tcase = tcase_create("query life");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_loop_test(tcase, a_cursor_does_not_see_what_comes_later, 0, WAYS);
    tcase_add_loop_test(tcase, a_cursor_gives_all_of_a_large_range, 0, WAYS);
    tcase_add_loop_test(tcase, an_entry_is_valid_until_the_next_call, 0, WAYS);
    tcase_add_loop_test(tcase, a_cursor_outlives_the_handle, 0, WAYS);
    tcase_add_test(tcase, cursors_go_each_their_own_way);
    tcase_add_loop_test(tcase, a_cursor_may_be_closed_at_any_time, 0, WAYS);
    tcase_add_loop_test(tcase, a_cursor_may_move_between_threads, 0, WAYS);
    tcase_add_loop_test(tcase, a_cursor_is_not_used_across_a_fork, 0, WAYS);
    tcase_add_loop_test(tcase, a_reader_may_ask, 0, WAYS);
    tcase_add_loop_test(tcase, a_cursor_keeps_no_space_from_being_used_again, 0,
                        WAYS);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
