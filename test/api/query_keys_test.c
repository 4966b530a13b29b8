/* query_keys_test.c - queries for keys of any bytes, and very long ones. */
#include <stdio.h>
#include <string.h>

#include "api/asking.h"

static void
append_bytes(const void *key, size_t size)
{
    ck_assert_int_eq(journal_append(journal, key, size, "value", 5, NULL), 0);
}

static struct journal_query
ask_bytes(uint32_t match, const void *key, size_t size)
{
    struct journal_query query = ask();

    query.match = match;
    query.key = key;
    query.key_size = size;
    return query;
}

START_TEST(keys_may_hold_nul_and_any_byte)
{
    struct journal_query query;

    append_bytes("\0", 1);         /* 0 */
    append_bytes("\0\0", 2);       /* 1 */
    append_bytes("a", 1);          /* 2 */
    append_bytes("a\0", 2);        /* 3 */
    append_bytes("a\0b", 3);       /* 4 */
    append_bytes("\xff", 1);       /* 5 */
    append_bytes("\xff\xff", 2);   /* 6 */
    append_bytes("a\0\xff", 3);    /* 7 */
    append_bytes("\xff\xff\0", 3); /* 8 */
    query = ask_bytes(JOURNAL_MATCH_KEY, "a\0", 2);
    assert_both_ways(&query, "3");
    query = ask_bytes(JOURNAL_MATCH_KEY, "\0", 1);
    assert_both_ways(&query, "0");
    query = ask_bytes(JOURNAL_MATCH_PREFIX, "a\0", 2);
    assert_both_ways(&query, "3 4 7");
    query = ask_bytes(JOURNAL_MATCH_PREFIX, "\0", 1);
    assert_both_ways(&query, "0 1");
    query = ask_bytes(JOURNAL_MATCH_PREFIX, "\xff", 1);
    assert_both_ways(&query, "5 6 8");
    query = ask_bytes(JOURNAL_MATCH_PREFIX, "\xff\xff", 2);
    assert_both_ways(&query, "6 8");
    query = ask_bytes(JOURNAL_MATCH_PREFIX, "a\0\xff", 3);
    assert_both_ways(&query, "7");
}
END_TEST

/* Sizes around what an index may hold of a key. */
static const size_t long_sizes[] = {200,  240,  254,   255,
                                    256,  257,  300,   480,
                                    500,  510,  511,   512,
                                    1000, 5000, 40000, JOURNAL_KEY_MAX};
#define LONG_SIZES COUNT_OF(long_sizes)
static char text[JOURNAL_KEY_MAX + 1];

/* One key of each size, all of the same bytes: each a prefix of the next. */
static void
append_long_keys(void)
{
    memset(text, 'k', sizeof(text));
    for (size_t i = 0; i < LONG_SIZES; i++)
        append_bytes(text, long_sizes[i]);
}

START_TEST(long_keys_are_told_apart)
{
    append_long_keys();
    append_long_keys();
    for (size_t i = 0; i < LONG_SIZES; i++) {
        struct journal_query query = ask_bytes(JOURNAL_MATCH_KEY, text,
                                               long_sizes[i]);
        char answer[40];

        (void)snprintf(answer, sizeof(answer), "%zu %zu", i, i + LONG_SIZES);
        assert_both_ways(&query, answer);
        query.flags = JOURNAL_QUERY_LATEST;
        (void)snprintf(answer, sizeof(answer), "%zu", i + LONG_SIZES);
        assert_both_ways(&query, answer);
    }
}
END_TEST

/* The keys from PREFIX on have it, those of other bytes don't. */
START_TEST(prefixes_may_be_longer_than_an_index_holds)
{
    size_t sizes[2 * LONG_SIZES];

    append_long_keys();
    for (size_t i = 0; i < LONG_SIZES; i++) {
        /* Differs in its last byte only. */
        text[long_sizes[i] - 1] = 'x';
        append_bytes(text, long_sizes[i]);
        text[long_sizes[i] - 1] = 'k';
        sizes[2 * i] = long_sizes[i];
        sizes[2 * i + 1] = long_sizes[i] - 1;
    }
    for (size_t i = 0; i < 2 * LONG_SIZES; i++) {
        struct journal_query query = ask_bytes(JOURNAL_MATCH_PREFIX, text,
                                               sizes[i]);
        char answer[200];
        size_t from = 0;

        while (long_sizes[from] < sizes[i])
            from++;
        (void)snprintf(answer, sizeof(answer), "%zu-%zu", from, LONG_SIZES - 1);
        for (size_t k = from; k < LONG_SIZES; k++)
            if (long_sizes[k] > sizes[i])
                (void)snprintf(answer + strlen(answer),
                               sizeof(answer) - strlen(answer), " %zu",
                               LONG_SIZES + k);
        assert_both_ways(&query, answer);
        query.flags = JOURNAL_QUERY_LATEST;
        assert_both_ways(&query, answer);
    }
}
END_TEST

START_TEST(expressions_match_long_keys)
{
    struct journal_query query;

    append_long_keys();
    text[300] = '/';
    append_bytes(text, 600);
    append_bytes(text, 700);
    query = ask_for(JOURNAL_MATCH_EXPR, "*");
    assert_both_ways(&query, "0-15");
    query = ask_for(JOURNAL_MATCH_EXPR, "**");
    assert_both_ways(&query, "0-17");
    query = ask_for(JOURNAL_MATCH_EXPR, "*/*");
    assert_both_ways(&query, "16 17");
    query = ask_bytes(JOURNAL_MATCH_EXPR, text, 600);
    assert_both_ways(&query, "16");
    text[600] = '$';
    text[601] = '*';
    query = ask_bytes(JOURNAL_MATCH_EXPR, text, 602);
    assert_both_ways(&query, "16 17");
    text[301] = '*';
    text[300] = '$';
    query = ask_bytes(JOURNAL_MATCH_EXPR, text, 302);
    assert_both_ways(&query, "6-15");
}
END_TEST

START_TEST(the_longest_prefix_is_that_of_the_longest_key)
{
    struct journal_query query;

    append_long_keys();
    query = ask_bytes(JOURNAL_MATCH_PREFIX, text, JOURNAL_KEY_MAX);
    assert_both_ways(&query, "15");
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("query keys");
    TCase *tcase = tcase_create("query keys");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, keys_may_hold_nul_and_any_byte);
    tcase_add_test(tcase, long_keys_are_told_apart);
    tcase_add_test(tcase, prefixes_may_be_longer_than_an_index_holds);
    tcase_add_test(tcase, expressions_match_long_keys);
    tcase_add_test(tcase, the_longest_prefix_is_that_of_the_longest_key);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
