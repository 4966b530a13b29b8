/* query_test.c - journal_query(): which entries come, and in which order. */
#include <stdio.h>
#include <string.h>

#include "api/asking.h"

/* ---- matches ------------------------------------------------------------ */

START_TEST(the_defaults_are_every_entry_from_the_oldest_to_the_end)
{
    struct journal_query query;

    memset(&query, 0xff, sizeof(query));
    journal_query_init(&query);
    ck_assert_uint_eq(query.struct_size, sizeof(query));
    ck_assert_uint_eq(query.flags, 0);
    ck_assert_uint_eq(query.match, JOURNAL_MATCH_ALL);
    ck_assert_uint_eq(query.reserved, 0);
    ck_assert_ptr_null(query.key);
    ck_assert_uint_eq(query.key_size, 0);
    ck_assert_uint_eq(query.first, JOURNAL_NONE);
    ck_assert_uint_eq(query.limit, JOURNAL_NONE);
    ck_assert_uint_eq(query.since, 0);
    ck_assert_uint_eq(query.until, UINT64_MAX);
    ck_assert_uint_eq(query.first_revision, 0);
    assert_both_ways(&query, "");
    append_words("a b - !a a");
    assert_both_ways(&query, "0-4");
    ck_assert_int_eq(journal_prune(journal, 2, 0, NULL), 0);
    assert_both_ways(&query, "2-4");
}
END_TEST

START_TEST(match_all_gives_entries_without_a_key_too)
{
    struct journal_query query = ask();

    append_words("- a - - b !b -");
    assert_both_ways(&query, "0-6");
}
END_TEST

START_TEST(match_key_gives_the_history_of_one_key)
{
    struct journal_query query = ask_for(JOURNAL_MATCH_KEY, "a");

    append_words("a b - a aa !a a A b/a a/b a");
    assert_both_ways(&query, "0 3 5 6 10");
    query = ask_for(JOURNAL_MATCH_KEY, "aa");
    assert_both_ways(&query, "4");
    query = ask_for(JOURNAL_MATCH_KEY, "b");
    assert_both_ways(&query, "1");
}
END_TEST

START_TEST(a_key_that_is_not_there_has_an_empty_history)
{
    struct journal_query query = ask_for(JOURNAL_MATCH_KEY, "b");

    assert_both_ways(&query, "");
    append_words("a c - bb");
    assert_both_ways(&query, "");
    append_words("b");
    assert_both_ways(&query, "4");
    ck_assert_int_eq(journal_prune(journal, 5, 0, NULL), 0);
    assert_both_ways(&query, "");
}
END_TEST

START_TEST(match_prefix_gives_the_keys_that_begin_so)
{
    struct journal_query query = ask_for(JOURNAL_MATCH_PREFIX, "ab");

    append_words("a ab abc b ab/c aab !abc - ab Ab abd ac");
    assert_both_ways(&query, "1 2 4 6 8 10");
    query = ask_for(JOURNAL_MATCH_PREFIX, "abc");
    assert_both_ways(&query, "2 6");
    query = ask_for(JOURNAL_MATCH_PREFIX, "abcd");
    assert_both_ways(&query, "");
}
END_TEST

START_TEST(an_empty_prefix_is_every_entry_that_has_a_key)
{
    struct journal_query query = ask_for(JOURNAL_MATCH_PREFIX, "");

    append_words("- a b - !a - c");
    assert_both_ways(&query, "1 2 4 6");
    query.key = NULL;
    assert_both_ways(&query, "1 2 4 6");
}
END_TEST

START_TEST(match_expr_gives_the_keys_that_the_expression_matches)
{
    static const struct {
        const char *expr, *answer;
    } cases[] = {
        {"a/b", "1 9"},        {"a/*", "1 2 9"},     {"*", "0 4 10"},
        {"a/**", "0 1 2 3 9"}, {"**", "0-5 7 9-10"}, {"**/c", "2 3 7"},
        {"a/$*b", "1 9"},      {"*/c", "2 7"},       {"**/@v", "8"},
        {"a/@v", "8"},         {"@v/**", ""},
    };

    append_words("a a/b a/c a/b/c b x/y/z - x/c a/@v !a/b b");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct journal_query query = ask_for(JOURNAL_MATCH_EXPR, cases[i].expr);

        assert_both_ways(&query, cases[i].answer);
    }
}
END_TEST

START_TEST(match_expr_never_matches_what_is_not_a_key_of_an_expression)
{
    static const char *const exprs[] = {"**", "*", "$*a", "a/**", "**/a"};

    append_words("a/ /a a//a * ** a/* $*a a$*/b a#a a?a / // - a$b");
    for (size_t i = 0; i < COUNT_OF(exprs); i++) {
        struct journal_query query = ask_for(JOURNAL_MATCH_EXPR, exprs[i]);

        assert_both_ways(&query, "");
        query.flags = JOURNAL_QUERY_LATEST;
        assert_both_ways(&query, "");
    }
}
END_TEST

/* ---- ranges ------------------------------------------------------------- */

static const char *const everything[] = {"", "a", "a", "**"};

/* Of "a a a ...", each match gives all. */
static struct journal_query
ask_all(int match)
{
    return ask_for((uint32_t)match, everything[match]);
}

static void
append_as(unsigned count)
{
    while (count-- > 0)
        append_words("a");
}

START_TEST(first_and_limit_are_a_half_open_range)
{
    struct journal_query query = ask_all(_i);
    char answer[40];

    append_as(8);
    for (uint64_t first = 0; first <= 8; first++)
        for (uint64_t limit = 0; limit <= 8; limit++) {
            query.first = first;
            query.limit = limit;
            (void)snprintf(answer, sizeof(answer), "%d-%d", (int)first,
                           (int)limit - 1);
            assert_both_ways(&query, limit > first ? answer : "");
        }
}
END_TEST

START_TEST(a_limit_at_or_below_the_oldest_is_empty)
{
    struct journal_query query = ask_all(_i);

    append_as(8);
    ck_assert_int_eq(journal_prune(journal, 4, 0, NULL), 0);
    for (query.limit = 0; query.limit <= 4; query.limit++) {
        assert_both_ways(&query, "");
        query.flags = JOURNAL_QUERY_LATEST;
        assert_both_ways(&query, "");
        query.flags = 0;
    }
    assert_both_ways(&query, "4");
    query.first = 6;
    assert_both_ways(&query, "");
}
END_TEST

START_TEST(a_limit_over_the_size_is_out_of_range)
{
    struct journal_query query = ask_all(_i);

    query.limit = 1;
    ck_assert_int_eq(result_of_query(&query), JOURNAL_OUT_OF_RANGE);
    append_as(8);
    query.limit = 9;
    ck_assert_int_eq(result_of_query(&query), JOURNAL_OUT_OF_RANGE);
    query.flags = JOURNAL_QUERY_LATEST;
    ck_assert_int_eq(result_of_query(&query), JOURNAL_OUT_OF_RANGE);
    query.flags = JOURNAL_QUERY_REVERSE;
    query.limit = JOURNAL_NONE - 1;
    ck_assert_int_eq(result_of_query(&query), JOURNAL_OUT_OF_RANGE);
    query.limit = 8;
    assert_answer(&query, "7-0");
}
END_TEST

START_TEST(a_first_over_the_size_is_out_of_range)
{
    static const uint32_t flags[] = {0, JOURNAL_QUERY_REVERSE,
                                     JOURNAL_QUERY_LATEST, JOURNAL_QUERY_LIVE,
                                     JOURNAL_QUERY_FOLLOW};
    struct journal_query query = ask_all(_i);

    append_as(8);
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        query.flags = flags[i];
        query.first = 9;
        ck_assert_int_eq(result_of_query(&query), JOURNAL_OUT_OF_RANGE);
        query.first = JOURNAL_NONE - 1;
        ck_assert_int_eq(result_of_query(&query), JOURNAL_OUT_OF_RANGE);
        query.first = 8;
        assert_answer(&query, "");
    }
}
END_TEST

START_TEST(a_first_below_the_oldest_is_pruned)
{
    static const uint32_t flags[] = {0, JOURNAL_QUERY_REVERSE,
                                     JOURNAL_QUERY_LATEST, JOURNAL_QUERY_LIVE,
                                     JOURNAL_QUERY_FOLLOW};
    struct journal_query query = ask_all(_i);

    append_as(8);
    ck_assert_int_eq(journal_prune(journal, 4, 0, NULL), 0);
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        query.flags = flags[i];
        for (query.first = 0; query.first < 4; query.first++)
            ck_assert_int_eq(result_of_query(&query), JOURNAL_PRUNED);
        ck_assert_int_eq(result_of_query(&query), 0);
    }
    ck_assert_int_eq(journal_prune(journal, 8, 0, NULL), 0);
    query = ask_all(_i);
    query.first = 7;
    ck_assert_int_eq(result_of_query(&query), JOURNAL_PRUNED);
    query.first = 8;
    assert_both_ways(&query, "");
}
END_TEST

START_TEST(first_may_lie_where_a_compaction_left_a_gap)
{
    struct journal_query query = ask();

    append_words("a b c a b d a b -");
    ck_assert_int_eq(journal_prune(journal, 8, JOURNAL_PRUNE_KEEP_LATEST, NULL),
                     0);
    assert_both_ways(&query, "2 5-8");
    query.first = 3;
    assert_both_ways(&query, "5-8");
    query.first = 1;
    ck_assert_int_eq(result_of_query(&query), JOURNAL_PRUNED);
    query.first = JOURNAL_NONE;
    query.limit = 5;
    assert_both_ways(&query, "2");
    query = ask_for(JOURNAL_MATCH_KEY, "b");
    assert_both_ways(&query, "7");
    query = ask_for(JOURNAL_MATCH_PREFIX, "c");
    assert_both_ways(&query, "2");
    query = ask_for(JOURNAL_MATCH_EXPR, "*");
    assert_both_ways(&query, "2 5-7");
}
END_TEST

/* ---- revisions ---------------------------------------------------------- */

START_TEST(first_revision_skips_what_is_older)
{
    static const char *const answers[] = {"0 2 4 5 7", "0 2 4 5 7", "2 4 5 7",
                                          "4 5 7",     "5 7",       "7"};
    struct journal_query query = ask_for(JOURNAL_MATCH_KEY, "a");

    append_words("a b a b a !a b a");
    for (uint64_t revision = 0; revision < 6; revision++) {
        query.first_revision = revision;
        assert_both_ways(&query, answers[revision]);
    }
    query.first_revision = 6;
    assert_both_ways(&query, "");
    query.first_revision = UINT64_MAX;
    assert_both_ways(&query, "");
    query.first_revision = 2;
    query.first = 3;
    query.limit = 7;
    assert_both_ways(&query, "4 5");
    query.flags = JOURNAL_QUERY_LIVE;
    assert_both_ways(&query, "4");
    query.key = "c";
    assert_both_ways(&query, "");
}
END_TEST

START_TEST(first_revision_may_be_one_that_was_pruned)
{
    struct journal_query query = ask_for(JOURNAL_MATCH_KEY, "a");

    append_words("a a a a a a");
    ck_assert_int_eq(journal_prune(journal, 3, 0, NULL), 0);
    query.first_revision = 2;
    assert_both_ways(&query, "3-5");
    query.first_revision = 5;
    assert_both_ways(&query, "4 5");
}
END_TEST

/* Was: all of them, where there are enough entries to go by the index. */
START_TEST(a_first_revision_over_the_newest_is_of_no_entry)
{
    struct journal_query query = ask_for(JOURNAL_MATCH_KEY, "a");

    append_words("a a a");
    append_numbered(1000, 10);
    query.first_revision = 4;
    assert_both_ways(&query, "");
    query.first_revision = 3;
    assert_both_ways(&query, "2");
    append_words("a");
    query.first_revision = 4;
    assert_both_ways(&query, "1003");
    query.flags = JOURNAL_QUERY_LATEST;
    assert_both_ways(&query, "1003");
    query.first_revision = 5;
    assert_both_ways(&query, "");
    query.limit = 1000;
    query.first_revision = 3;
    assert_both_ways(&query, "2");
    query.first_revision = 4;
    assert_both_ways(&query, "");
}
END_TEST

/* ---- flags -------------------------------------------------------------- */

START_TEST(live_leaves_out_tombstones)
{
    struct journal_query query = ask();

    append_words("a !a b - !c a !a !a");
    query.flags = JOURNAL_QUERY_LIVE;
    assert_both_ways(&query, "0 2 3 5");
    query = ask_for(JOURNAL_MATCH_KEY, "a");
    query.flags = JOURNAL_QUERY_LIVE;
    assert_both_ways(&query, "0 5");
    query = ask_for(JOURNAL_MATCH_PREFIX, "");
    query.flags = JOURNAL_QUERY_LIVE;
    assert_both_ways(&query, "0 2 5");
    query = ask_for(JOURNAL_MATCH_EXPR, "*");
    query.flags = JOURNAL_QUERY_LIVE;
    assert_both_ways(&query, "0 2 5");
    query = ask_for(JOURNAL_MATCH_KEY, "c");
    query.flags = JOURNAL_QUERY_LIVE;
    assert_both_ways(&query, "");
}
END_TEST

START_TEST(results_are_in_the_order_of_numbers_across_keys)
{
    static const char *const keys[] = {"z", "a", "m"};
    struct journal_query query = ask_for(JOURNAL_MATCH_EXPR, "*");

    for (unsigned i = 0; i < 600; i++)
        append_words(keys[i * i % 7 % 3]);
    assert_both_ways(&query, "0-599");
    query = ask_for(JOURNAL_MATCH_PREFIX, "");
    assert_both_ways(&query, "0-599");
}
END_TEST

static bool
is_of_99(uint64_t seq)
{
    return seq % 1000 == 99 || seq % 1000 / 10 == 99;
}

/*
 * Was: entries out of order and twice, when those of some keys were more than
 * were listed at once, and few enough to be copied.
 */
START_TEST(many_entries_of_few_keys_come_in_order)
{
    struct journal_query query = ask_for(JOURNAL_MATCH_PREFIX, "key 99");
    uint64_t size = 40000;

    append_numbered(size, 1000);
    for (int back = 0; back < 2; back++) {
        struct journal_cursor *cursor = cursor_of(&query);

        for (uint64_t i = 0; i < size; i++) {
            uint64_t seq = back ? size - 1 - i : i;

            if (is_of_99(seq))
                ck_assert_uint_eq(next(cursor), seq);
        }
        assert_end(cursor);
        journal_cursor_close(cursor);
        query.flags = JOURNAL_QUERY_REVERSE;
    }
}
END_TEST

static TCase *
matches(void)
{
    TCase *tcase = tcase_create("matches");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase,
                   the_defaults_are_every_entry_from_the_oldest_to_the_end);
    tcase_add_test(tcase, match_all_gives_entries_without_a_key_too);
    tcase_add_test(tcase, match_key_gives_the_history_of_one_key);
    tcase_add_test(tcase, a_key_that_is_not_there_has_an_empty_history);
    tcase_add_test(tcase, match_prefix_gives_the_keys_that_begin_so);
    tcase_add_test(tcase, an_empty_prefix_is_every_entry_that_has_a_key);
    tcase_add_test(tcase,
                   match_expr_gives_the_keys_that_the_expression_matches);
    tcase_add_test(tcase,
                   match_expr_never_matches_what_is_not_a_key_of_an_expression);
    return tcase;
}

static TCase *
ranges(void)
{
    TCase *tcase = tcase_create("ranges");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_loop_test(tcase, first_and_limit_are_a_half_open_range, 0, 4);
    tcase_add_loop_test(tcase, a_limit_at_or_below_the_oldest_is_empty, 0, 4);
    tcase_add_loop_test(tcase, a_limit_over_the_size_is_out_of_range, 0, 4);
    tcase_add_loop_test(tcase, a_first_over_the_size_is_out_of_range, 0, 4);
    tcase_add_loop_test(tcase, a_first_below_the_oldest_is_pruned, 0, 4);
    tcase_add_test(tcase, first_may_lie_where_a_compaction_left_a_gap);
    tcase_add_test(tcase, first_revision_skips_what_is_older);
    tcase_add_test(tcase, first_revision_may_be_one_that_was_pruned);
    tcase_add_test(tcase, a_first_revision_over_the_newest_is_of_no_entry);
    tcase_add_test(tcase, live_leaves_out_tombstones);
    tcase_add_test(tcase, results_are_in_the_order_of_numbers_across_keys);
    tcase_add_test(tcase, many_entries_of_few_keys_come_in_order);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *suite = suite_create("query");

    suite_add_tcase(suite, matches());
    suite_add_tcase(suite, ranges());
    return suite;
}

TEST_MAIN(suite)
