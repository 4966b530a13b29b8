/* query_damage_test.c - damaged entries among those that are asked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/asking.h"
#include "support/fast_dir.h"

#define MANY 60u
#define NEEDLE "needle in a haystack of bytes"

/* The keys of the entries in turn; the last has none. */
static const char *const keys[] = {"k/a", "k/b", "other", NULL};

/*
 * How far apart these entries are; in between is filler.  Far apart they are
 * found by the index.
 */
#define SPREAD 50u
static unsigned step;

static const unsigned damaged[] = {0, 1, 2, 17, 30, 31, 32, 33, 46, 59};

static uint64_t times[MANY * SPREAD];

/* Damaged entries below this number need not be told of. */
static uint64_t unsure;

/* What is damaged: a small value, a large one, a meta. */
enum kind { SMALL, LARGE, META, KINDS };

static bool
is_damaged(uint64_t seq)
{
    for (size_t i = 0; i < COUNT_OF(damaged); i++)
        if (damaged[i] * step == seq)
            return true;
    return false;
}

/* Flips a bit in each copy of the needle in the file. */
static void
flip(void)
{
    const char *path = test_path("journal/data.mdb");
    size_t size = strlen(NEEDLE), found = 0;
    struct bytes whole = bytes_of(path);
    char *end = whole.data + whole.size, *at = whole.data;

    while ((at = memmem(at, (size_t)(end - at), NEEDLE, size)) != NULL) {
        at[size / 2] ^= 0x10;
        found++;
    }
    ck_assert_uint_ge(found, 1);
    write_bytes(path, whole.data, whole.size);
    free(whole.data);
}

static void
damage(void)
{
    journal_close(journal);
    flip();
    journal = open_path(home(), 0);
}

static void
append_needle(const char *key, enum kind kind)
{
    static char large[100000];
    struct journal_record one = record(key, NEEDLE);

    memcpy(large + sizeof(large) / 2, NEEDLE, strlen(NEEDLE));
    if (kind == LARGE) {
        one.value = large;
        one.value_size = sizeof(large);
    } else if (kind == META) {
        one.meta = one.value;
        one.meta_size = one.value_size;
        one.value_size = 0;
    }
    ck_assert_int_eq(append_record(&one), 0);
}

static uint64_t
size(void)
{
    return (uint64_t)MANY * step;
}

static void
append_fillers(size_t count)
{
    struct journal_record fillers[SPREAD];

    for (size_t i = 0; i < count; i++)
        fillers[i] = record("filler", "");
    if (count > 0)
        ck_assert_int_eq(journal_append_batch(journal, fillers, count, NULL),
                         0);
}

static void
learn_times(void)
{
    for (uint64_t seq = 0; seq < size(); seq++) {
        struct journal_entry *entry = entry_at(seq);

        times[seq] = entry->time;
        journal_entry_free(entry);
    }
}

static void
make(enum kind kind, unsigned distance)
{
    unsure = 0;
    step = distance;
    for (unsigned i = 0; i < MANY; i++) {
        const char *key = keys[i % COUNT_OF(keys)];

        if (is_damaged((uint64_t)i * step))
            append_needle(key, kind);
        else
            append(key, "value");
        append_fillers(step - 1);
    }
    learn_times();
    damage();
}

START_TEST(corrupt_stands_for_one_entry_whatever_else_is_there)
{
    struct journal_query query = ask();

    make(_i, 1);
    assert_answer(&query, "CORRUPT CORRUPT CORRUPT 3-16 CORRUPT 18-29 CORRUPT "
                          "CORRUPT CORRUPT CORRUPT 34-45 CORRUPT 47-58 "
                          "CORRUPT");
    query.flags = JOURNAL_QUERY_REVERSE;
    assert_answer(&query, "CORRUPT 58-47 CORRUPT 45-34 CORRUPT CORRUPT CORRUPT "
                          "CORRUPT 29-18 CORRUPT 16-3 CORRUPT CORRUPT CORRUPT");
    query.first = 16;
    query.limit = 18;
    assert_answer(&query, "CORRUPT 16");
}
END_TEST

/* ---- in each match ------------------------------------------------------ */

static const struct {
    uint32_t match;
    const char *key;
    unsigned matching; /* a bit for each of the keys */
    bool fillers;
} ways[] = {
    {JOURNAL_MATCH_ALL, "", 0xf, true},
    {JOURNAL_MATCH_KEY, "k/a", 1, false},
    {JOURNAL_MATCH_KEY, "k/b", 2, false},
    {JOURNAL_MATCH_KEY, "other", 4, false},
    {JOURNAL_MATCH_PREFIX, "k/", 3, false},
    {JOURNAL_MATCH_PREFIX, "", 7, true},
    {JOURNAL_MATCH_PREFIX, "other", 4, false},
    {JOURNAL_MATCH_EXPR, "k/*", 3, false},
    {JOURNAL_MATCH_EXPR, "**", 7, true},
    {JOURNAL_MATCH_EXPR, "other/**", 4, false},
    {JOURNAL_MATCH_KEY, "none", 0, false},
    {JOURNAL_MATCH_PREFIX, "none", 0, false},
};
#define WAYS COUNT_OF(ways)

static bool
matches(int way, uint64_t seq)
{
    if (seq % step != 0)
        return ways[way].fillers;
    return (ways[way].matching >> (seq / step % COUNT_OF(keys)) & 1) != 0;
}

/*
 * Nobody knows whether a damaged entry would have matched; so one that would
 * has to be told of, and one that would not may be.
 */
struct gap {
    unsigned least, most;
};

static void
assert_told(const struct gap *gap, unsigned told, uint64_t seq)
{
    ck_assert_msg(told >= gap->least && told <= gap->most,
                  "CORRUPT %u times before %llu, not %u to %u", told,
                  (unsigned long long)seq, gap->least, gap->most);
}

/* CURSOR gives the entries of [FIRST, LIMIT) that match, forward or BACK. */
static void
assert_intact(struct journal_cursor *cursor, int way, uint64_t first,
              uint64_t limit, bool back)
{
    const struct journal_entry *entry;
    struct gap gap = {0, 0};
    unsigned told = 0;

    for (uint64_t i = 0; i < limit - first; i++) {
        uint64_t seq = back ? limit - 1 - i : first + i;
        int rc;

        if (is_damaged(seq)) {
            gap.least += matches(way, seq) && seq >= unsure ? 1 : 0;
            gap.most++;
        }
        if (is_damaged(seq) || !matches(way, seq))
            continue;
        while ((rc = journal_next(cursor, &entry)) == JOURNAL_CORRUPT)
            told++;
        ck_assert_msg(rc == 0, "%s at %llu", journal_errname(rc),
                      (unsigned long long)seq);
        ck_assert_uint_eq(entry->seq, seq);
        assert_told(&gap, told, seq);
        gap = (struct gap){0, 0};
        told = 0;
    }
    while (journal_next(cursor, &entry) == JOURNAL_CORRUPT)
        told++;
    assert_told(&gap, told, limit);
    assert_end(cursor);
    journal_cursor_close(cursor);
}

/* Tests of this loop are of each way, close together and far apart. */
#define LOOPS (2 * WAYS)

static struct journal_query
given(int loop, enum kind kind)
{
    int way = loop % (int)WAYS;

    make(kind, loop < (int)WAYS ? 1 : SPREAD);
    return ask_for(ways[way].match, ways[way].key);
}

/* Asks for the numbers from FIRST on, forward and back. */
static void
assert_intact_both_ways(struct journal_query *query, int way, uint64_t first,
                        uint64_t limit)
{
    limit = limit < first ? first : limit;
    query->flags &= ~(uint32_t)JOURNAL_QUERY_REVERSE;
    assert_intact(cursor_of(query), way, first, limit, false);
    query->flags |= JOURNAL_QUERY_REVERSE;
    assert_intact(cursor_of(query), way, first, limit, true);
}

START_TEST(all_intact_entries_that_match_come)
{
    struct journal_query query = given(_i, (enum kind)(_i % KINDS));
    int way = _i % (int)WAYS;

    assert_intact_both_ways(&query, way, 0, size());
    query.flags = JOURNAL_QUERY_LIVE;
    assert_intact_both_ways(&query, way, 0, size());
    query.flags = JOURNAL_QUERY_FOLLOW;
    assert_intact(cursor_of(&query), way, 0, size(), false);
}
END_TEST

START_TEST(all_intact_entries_of_a_range_come)
{
    struct journal_query query = given(_i, SMALL);

    for (uint64_t i = 0; i < MANY; i += 3) {
        query.first = i * step;
        query.limit = (MANY - i / 2) * step;
        assert_intact_both_ways(&query, _i % (int)WAYS, query.first,
                                query.limit);
    }
}
END_TEST

/* Nobody knows when a damaged entry was appended: it may have been then. */
START_TEST(all_intact_entries_of_a_time_come)
{
    struct journal_query query = given(_i, SMALL);
    uint64_t first, stride = rounds(10, 1) >= 10 ? 1 : 7;

    for (uint64_t seq = 0; seq < size(); seq += step * stride) {
        query.since = times[seq];
        for (first = seq; first > 0 && times[first - 1] == times[seq];)
            first--;
        unsure = first;
        while (first > 0 && is_damaged(first - 1))
            first--;
        assert_intact_both_ways(&query, _i % (int)WAYS, first, size());
    }
}
END_TEST

START_TEST(revisions_are_counted_over_damaged_entries)
{
    struct journal_query query = given(_i == 0 ? 1 : 1 + (int)WAYS, SMALL);

    for (uint64_t revision = 1; revision <= MANY / 4; revision++) {
        query.first_revision = revision;
        assert_intact_both_ways(&query, 1, 4 * (revision - 1) * step, size());
    }
}
END_TEST

/* ---- LATEST ------------------------------------------------------------- */

/* In loops from KINDS on there are few keys for many entries. */
static void
append_nameless(int loop)
{
    struct journal_record nameless[SPREAD];

    for (size_t i = 0; i < SPREAD; i++)
        nameless[i] = record(NULL, "");
    for (int i = 0; loop >= (int)KINDS && i < 20; i++)
        ck_assert_int_eq(journal_append_batch(journal, nameless, SPREAD, NULL),
                         0);
}

START_TEST(an_older_entry_does_not_stand_in_for_a_damaged_one)
{
    struct journal_query query = ask();

    append_words("a b c d");
    append_needle("a", (enum kind)(_i % KINDS));
    append_words("b");
    append_needle("c", (enum kind)(_i % KINDS));
    append_words("d");
    append_nameless(_i);
    damage();
    query.flags = JOURNAL_QUERY_LATEST;
    assert_answer(&query, "CORRUPT 5 CORRUPT 7");
    query.flags |= JOURNAL_QUERY_REVERSE;
    assert_answer(&query, "7 CORRUPT 5 CORRUPT");
    query = ask_for(JOURNAL_MATCH_KEY, "a");
    query.flags = JOURNAL_QUERY_LATEST;
    assert_answer(&query, "CORRUPT");
    query.limit = 4;
    assert_answer(&query, "0");
    query = ask_for(JOURNAL_MATCH_KEY, "b");
    query.flags = JOURNAL_QUERY_LATEST;
    assert_answer(&query, "5");
}
END_TEST

START_TEST(a_damaged_entry_does_not_hide_what_was_so_before_or_after)
{
    struct journal_query query = ask();

    append_words("a b");
    append_needle("a", (enum kind)(_i % KINDS));
    append_words("a b c");
    append_nameless(_i);
    damage();
    query.flags = JOURNAL_QUERY_LATEST;
    assert_answer(&query, "3-5");
    query.limit = 2;
    assert_answer(&query, "0 1");
    query.limit = 4;
    assert_answer(&query, "1 3");
    query.limit = 3;
    assert_answer(&query, "1 CORRUPT");
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("query damage");
    TCase *tcase = tcase_create("query damage");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_loop_test(tcase,
                        corrupt_stands_for_one_entry_whatever_else_is_there, 0,
                        KINDS);
    tcase_add_loop_test(tcase, all_intact_entries_that_match_come, 0, LOOPS);
    tcase_add_loop_test(tcase, all_intact_entries_of_a_range_come, 0, LOOPS);
    tcase_add_loop_test(tcase, all_intact_entries_of_a_time_come, 0, LOOPS);
    tcase_add_loop_test(tcase, revisions_are_counted_over_damaged_entries, 0,
                        2);
    tcase_add_loop_test(tcase,
                        an_older_entry_does_not_stand_in_for_a_damaged_one, 0,
                        2 * KINDS);
    tcase_add_loop_test(
        tcase, a_damaged_entry_does_not_hide_what_was_so_before_or_after, 0,
        2 * KINDS);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
