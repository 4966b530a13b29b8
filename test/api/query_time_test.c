/* query_time_test.c - queries from one time until another. */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "api/asking.h"

#define SECOND UINT64_C(1000000000)
#define EPOCH (1000000 * SECOND)

/* What the library's clock shows; it stands. */
static uint64_t now;

/* Stands in for the C library's. */
int
clock_gettime(clockid_t clock, struct timespec *time)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
        return (int)syscall(SYS_clock_gettime, clock, time);
    time->tv_sec = (time_t)(now / SECOND);
    time->tv_nsec = (long)(now % SECOND);
    return 0;
}

/* Times 0, 10, 10, 10, 30, 31, 31, 60 in seconds after the EPOCH. */
static void
setup(void)
{
    static const struct {
        uint64_t time;
        const char *word;
    } entries[] = {{0, "a"},   {10, "b"}, {10, "a"}, {10, "-"},
                   {30, "!b"}, {31, "a"}, {20, "c"}, {60, "a"}};

    now = EPOCH;
    setup_journal();
    for (size_t i = 0; i < COUNT_OF(entries); i++) {
        now = EPOCH + entries[i].time * SECOND;
        append_words(entries[i].word);
    }
}

/* In seconds after the EPOCH. */
static struct journal_query
between(struct journal_query query, uint64_t since, uint64_t until)
{
    query.since = EPOCH + since * SECOND;
    query.until = EPOCH + until * SECOND;
    return query;
}

START_TEST(since_and_until_are_a_half_open_range)
{
    static const struct {
        uint64_t since, until;
        const char *answer;
    } cases[] = {{0, 100, "0-7"},  {0, 60, "0-6"},  {0, 61, "0-7"},
                 {0, 10, "0"},     {0, 11, "0-3"},  {1, 10, ""},
                 {10, 30, "1-3"},  {10, 31, "1-4"}, {11, 30, ""},
                 {30, 31, "4"},    {31, 32, "5 6"}, {20, 60, "4-6"},
                 {60, 61, "7"},    {61, 1000, ""},  {10, 10, ""},
                 {60, 0, ""},      {31, 30, ""},    {0, 0, ""},
                 {10, 1000, "1-7"}};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct journal_query query = between(ask(), cases[i].since,
                                             cases[i].until);

        assert_both_ways(&query, cases[i].answer);
    }
}
END_TEST

START_TEST(times_count_in_nanoseconds)
{
    struct journal_query query = ask();

    query.since = EPOCH + 10 * SECOND + 1;
    assert_both_ways(&query, "4-7");
    query.since--;
    assert_both_ways(&query, "1-7");
    query.until = EPOCH + 31 * SECOND;
    assert_both_ways(&query, "1-4");
    query.until++;
    assert_both_ways(&query, "1-6");
}
END_TEST

START_TEST(any_number_is_a_time)
{
    struct journal_query query = ask();

    query.until = 0;
    assert_both_ways(&query, "");
    query.until = 1;
    assert_both_ways(&query, "");
    query.until = UINT64_MAX;
    query.since = UINT64_MAX;
    assert_both_ways(&query, "");
    query.since = UINT64_MAX - 1;
    assert_both_ways(&query, "");
    query.since = 0;
    assert_both_ways(&query, "0-7");
}
END_TEST

START_TEST(times_go_with_every_match)
{
    struct journal_query query;

    query = between(ask_for(JOURNAL_MATCH_KEY, "a"), 10, 60);
    assert_both_ways(&query, "2 5");
    query = between(ask_for(JOURNAL_MATCH_PREFIX, ""), 10, 31);
    assert_both_ways(&query, "1 2 4");
    query.flags |= JOURNAL_QUERY_LIVE;
    assert_both_ways(&query, "1 2");
    query = between(ask_for(JOURNAL_MATCH_EXPR, "*"), 30, 61);
    assert_both_ways(&query, "4-7");
    query = between(ask_for(JOURNAL_MATCH_KEY, "a"), 0, 60);
    query.first_revision = 2;
    assert_both_ways(&query, "2 5");
}
END_TEST

START_TEST(times_go_with_numbers)
{
    struct journal_query query = between(ask(), 10, 60);

    query.first = 2;
    query.limit = 6;
    assert_both_ways(&query, "2-5");
    query.first = 0;
    assert_both_ways(&query, "1-5");
    query.limit = 8;
    assert_both_ways(&query, "1-6");
    query = between(ask(), 0, 10);
    query.first = 1;
    assert_both_ways(&query, "");
    query = between(ask(), 60, 100);
    query.limit = 7;
    assert_both_ways(&query, "");
}
END_TEST

START_TEST(times_choose_among_the_latest)
{
    struct journal_query query = ask();

    query.flags = JOURNAL_QUERY_LATEST;
    assert_both_ways(&query, "4 6 7");
    query = between(query, 30, 32);
    assert_both_ways(&query, "4 6");
    /* The latest entry of a is later. */
    query = between(query, 0, 30);
    assert_both_ways(&query, "");
    query.limit = 4;
    assert_both_ways(&query, "1 2");
    query = between(query, 11, 60);
    assert_both_ways(&query, "");
    query.limit = 6;
    assert_both_ways(&query, "4 5");
    query.flags |= JOURNAL_QUERY_LIVE;
    assert_both_ways(&query, "5");
    query = between(ask_for(JOURNAL_MATCH_KEY, "a"), 0, 60);
    query.flags = JOURNAL_QUERY_LATEST;
    assert_both_ways(&query, "");
}
END_TEST

START_TEST(times_are_looked_for_among_what_is_left)
{
    struct journal_query query = between(ask(), 0, 60);

    ck_assert_int_eq(journal_prune(journal, 2, 0, NULL), 0);
    assert_both_ways(&query, "2-6");
    query = between(ask(), 0, 10);
    assert_both_ways(&query, "");
    ck_assert_int_eq(journal_prune(journal, 5, JOURNAL_PRUNE_KEEP_LATEST, NULL),
                     0);
    query = between(ask(), 0, 60);
    assert_both_ways(&query, "5 6");
    ck_assert_int_eq(journal_rewind(journal, 6), 0);
    query = between(ask(), 31, 100);
    assert_both_ways(&query, "5");
    ck_assert_int_eq(journal_prune(journal, 6, 0, NULL), 0);
    assert_both_ways(&query, "");
}
END_TEST

/* Entries that a compaction has left stand far apart. */
START_TEST(times_are_found_in_what_a_compaction_has_left)
{
    struct journal_query query;

    for (unsigned i = 0; i < 300; i++) {
        now += SECOND;
        append_words(i % 50 == 7 ? (i < 100 ? "x" : "y") : "a");
    }
    append_words("z");
    ck_assert_int_eq(journal_prune(journal, 308, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    query = ask();
    assert_both_ways(&query, "6 65 265 307-308");
    query = between(ask(), 32, 60 + 58);
    assert_both_ways(&query, "");
    query = between(ask(), 31, 60 + 59);
    assert_both_ways(&query, "6 65");
    query = between(ask(), 60 + 58, 60 + 59);
    assert_both_ways(&query, "65");
    query = between(ask(), 60 + 59, 10000);
    assert_both_ways(&query, "265 307-308");
    query = between(ask_for(JOURNAL_MATCH_PREFIX, ""), 60 + 58, 60 + 300);
    assert_both_ways(&query, "65 265");
}
END_TEST

START_TEST(since_holds_for_what_is_followed)
{
    struct journal_query query = between(ask(), 70, 90);
    struct journal_cursor *cursor;

    query.flags = JOURNAL_QUERY_FOLLOW;
    cursor = cursor_of(&query);
    assert_end(cursor);
    now = EPOCH + 65 * SECOND;
    append_words("a a");
    assert_end(cursor);
    now = EPOCH + 70 * SECOND;
    append_words("a -");
    assert_rest(cursor, "10 11");
    now = EPOCH + 89 * SECOND;
    append_words("b");
    assert_rest(cursor, "12");
    now = EPOCH + 90 * SECOND;
    append_words("b");
    assert_end(cursor);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(since_holds_for_the_keys_that_are_followed)
{
    struct journal_query query = between(ask_for(JOURNAL_MATCH_KEY, "a"), 31,
                                         90);
    struct journal_cursor *cursor;

    query.flags = JOURNAL_QUERY_FOLLOW;
    cursor = cursor_of(&query);
    assert_rest(cursor, "5 7");
    now = EPOCH + 80 * SECOND;
    append_words("b a");
    assert_rest(cursor, "9");
    now = EPOCH + 90 * SECOND;
    append_words("a a");
    assert_end(cursor);
    journal_cursor_close(cursor);
}
END_TEST

/* Was: nothing was said of what had gone, some of which was of that time. */
START_TEST(pruned_ahead_of_one_who_waits_for_a_time_says_so)
{
    struct journal_query query = between(ask(), 70, 1000);
    struct journal_cursor *cursor;

    query.flags = JOURNAL_QUERY_FOLLOW;
    cursor = cursor_of(&query);
    assert_end(cursor);
    now = EPOCH + 65 * SECOND;
    append_words("a");
    now = EPOCH + 70 * SECOND;
    append_words("b c d");
    ck_assert_int_eq(journal_prune(journal, 10, 0, NULL), 0);
    assert_last(cursor, "PRUNED 10 11");
}
END_TEST

/* Was: that it was pruned, long after its time. */
START_TEST(one_whose_time_is_over_does_not_mind_what_is_pruned)
{
    struct journal_query query = between(ask(), 0, 60);
    struct journal_cursor *cursor;

    query.since = 0;
    query.flags = JOURNAL_QUERY_FOLLOW;
    cursor = cursor_of(&query);
    assert_rest(cursor, "0-6");
    append_words("a b c");
    assert_end(cursor);
    ck_assert_int_eq(journal_prune(journal, 9, 0, NULL), 0);
    assert_end(cursor);
    ck_assert_int_eq(journal_rewind(journal, 9), 0);
    append_words("a b c");
    assert_end(cursor);
    journal_cursor_close(cursor);
}
END_TEST

/* As when the clock was wrong, and what it has spoilt is taken back. */
START_TEST(a_time_that_is_over_is_not_any_more_after_a_rewind)
{
    static const uint64_t sizes[] = {7, 5};

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct journal_query query = between(ask(), 10, 50);
        struct journal_cursor *cursor;

        query.flags = JOURNAL_QUERY_FOLLOW;
        cursor = cursor_of(&query);
        assert_rest(cursor, i == 0 ? "1-6" : "1-7");
        ck_assert_int_eq(journal_rewind(journal, sizes[i]), 0);
        now = EPOCH + 40 * SECOND;
        append_words("a a a");
        now = EPOCH + 50 * SECOND;
        append_words("b");
        assert_rest(cursor, i == 0 ? "7-9" : "5-7");
        append_words("b");
        assert_end(cursor);
        journal_cursor_close(cursor);
        ck_assert_int_eq(journal_rewind(journal, 8), 0);
        now = EPOCH + 60 * SECOND;
        append_words("b");
    }
}
END_TEST

START_TEST(a_journal_of_one_time_has_all_or_nothing)
{
    struct journal_query query;

    for (unsigned i = 0; i < 200; i++)
        append_words("a");
    query = between(ask(), 60, 61);
    assert_both_ways(&query, "7-207");
    query = between(ask(), 60, 60);
    assert_both_ways(&query, "");
    query = between(ask(), 61, 70);
    assert_both_ways(&query, "");
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("query time");
    TCase *tcase = tcase_create("query time");

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_test(tcase, since_and_until_are_a_half_open_range);
    tcase_add_test(tcase, times_count_in_nanoseconds);
    tcase_add_test(tcase, any_number_is_a_time);
    tcase_add_test(tcase, times_go_with_every_match);
    tcase_add_test(tcase, times_go_with_numbers);
    tcase_add_test(tcase, times_choose_among_the_latest);
    tcase_add_test(tcase, times_are_looked_for_among_what_is_left);
    tcase_add_test(tcase, times_are_found_in_what_a_compaction_has_left);
    tcase_add_test(tcase, since_holds_for_what_is_followed);
    tcase_add_test(tcase, since_holds_for_the_keys_that_are_followed);
    tcase_add_test(tcase, pruned_ahead_of_one_who_waits_for_a_time_says_so);
    tcase_add_test(tcase, one_whose_time_is_over_does_not_mind_what_is_pruned);
    tcase_add_test(tcase, a_time_that_is_over_is_not_any_more_after_a_rewind);
    tcase_add_test(tcase, a_journal_of_one_time_has_all_or_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
