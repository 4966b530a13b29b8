/*
 * query_burst_test.c - entries that come where few were expected.
 *
 * Twenty keys have one entry each among 20,000 of others, then fifteen each
 * within 300 numbers: far more than the average says, at one end of the range
 * or in its middle.  The engine once handed out some of them out of turn, and
 * then once more.
 */
#include <journal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "support/fast_dir.h"
#include "support/test.h"

#define KEYS 20u
#define BURST 300u
#define FILLERS 500u /* a batch */

static struct journal *journal;
static bool wanted[50000];
static uint64_t size, count;

static void
setup(void)
{
    test_setup();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    memset(wanted, 0, sizeof(wanted));
    size = count = 0;
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

/* ---- what is appended --------------------------------------------------- */

static void
append_fillers(void)
{
    struct journal_record records[FILLERS];

    memset(records, 0, sizeof(records));
    for (unsigned i = 0; i < FILLERS; i++) {
        records[i].key = "filler";
        records[i].key_size = 6;
    }
    ck_assert_int_eq(journal_append_batch(journal, records, FILLERS, NULL), 0);
    size += FILLERS;
}

static void
append_wanted(unsigned i)
{
    char key[8];
    int length = snprintf(key, sizeof(key), "k/%02u", i % KEYS);

    wanted[size++] = true;
    count++;
    ck_assert_int_eq(journal_append(journal, key, (size_t)length, "v", 1, NULL),
                     0);
}

static void
append_spread(void)
{
    for (unsigned i = 0; i < KEYS; i++) {
        append_wanted(i);
        append_fillers();
        append_fillers();
    }
}

static void
append_burst(void)
{
    for (unsigned i = 0; i < BURST; i++)
        append_wanted(i);
}

/* ---- what comes --------------------------------------------------------- */

/* The one of those wanted that is next at or above, or below, FROM. */
static uint64_t
next_wanted(uint64_t from, bool reverse)
{
    if (reverse)
        while (!wanted[--from])
            ;
    else
        while (!wanted[from])
            from++;
    return from;
}

static void
assert_comes_in_turn(uint32_t flags)
{
    bool reverse = (flags & JOURNAL_QUERY_REVERSE) != 0;
    const struct journal_entry *entry;
    struct journal_cursor *cursor;
    struct journal_query query;
    uint64_t at = reverse ? size : 0;

    journal_query_init(&query);
    query.match = JOURNAL_MATCH_PREFIX;
    query.key = "k/";
    query.key_size = 2;
    query.flags = flags;
    ck_assert_int_eq(journal_query(journal, &query, &cursor), 0);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t expected = next_wanted(at, reverse);

        ck_assert_int_eq(journal_next(cursor, &entry), 0);
        ck_assert_uint_eq(entry->seq, expected);
        at = reverse ? expected : expected + 1;
    }
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    journal_cursor_close(cursor);
}

static void
assert_both_ways(void)
{
    assert_comes_in_turn(0);
    assert_comes_in_turn(JOURNAL_QUERY_REVERSE);
    assert_comes_in_turn(JOURNAL_QUERY_LIVE);
    assert_comes_in_turn(JOURNAL_QUERY_REVERSE | JOURNAL_QUERY_LIVE);
}

START_TEST(a_burst_at_the_end_comes_whole_and_in_turn)
{
    append_spread();
    append_burst();
    assert_both_ways();
}
END_TEST

START_TEST(a_burst_at_the_beginning_comes_whole_and_in_turn)
{
    append_burst();
    append_spread();
    assert_both_ways();
}
END_TEST

START_TEST(a_burst_in_the_middle_comes_whole_and_in_turn)
{
    append_spread();
    append_burst();
    append_spread();
    assert_both_ways();
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("query burst");
    TCase *tcase = tcase_create("query burst");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_burst_at_the_end_comes_whole_and_in_turn);
    tcase_add_test(tcase, a_burst_at_the_beginning_comes_whole_and_in_turn);
    tcase_add_test(tcase, a_burst_in_the_middle_comes_whole_and_in_turn);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
