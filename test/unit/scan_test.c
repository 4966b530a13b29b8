/*
 * scan_test.c - all of a range looked at, although pages are damaged.
 *
 * Each entry of the range comes once, in order, or JOURNAL_CORRUPT does in its
 * stead; and only near the damage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "write/handle.h"
#include "pages/layout.h"
#include "query/scan.h"
#include "support/fast_dir.h"
#include "support/test.h"
#include "unit/paged.h"
#include "journal/view.h"

#define ENTRIES 6000u
#define BATCH 500u
#define RARE 100u     /* each so manieth entry is of a key of its own */
#define LEAF_MAX 200u /* entries in a page, at most */

static struct journal *journal;
static struct paged paged;
static uint64_t chance;

static void
append(unsigned count, size_t size)
{
    static const uint8_t value[1u << 20];
    struct journal_record records[BATCH];

    memset(records, 0, sizeof(records));
    for (unsigned i = 0; i < BATCH; i++) {
        records[i].key = i % RARE == 0 ? "k/rare" : "k/usual";
        records[i].key_size = strlen(records[i].key);
        records[i].value = value;
        records[i].value_size = size;
    }
    for (unsigned done = 0; done < count; done += BATCH)
        ck_assert_int_eq(journal_append_batch(journal, records,
                                              count < BATCH ? count : BATCH,
                                              NULL),
                         0);
}

static void
open_journal(void)
{
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
}

static void
setup(void)
{
    test_setup();
    chance = test_seed();
    open_journal();
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

/* ---- what comes --------------------------------------------------------- */

/* The next entry, counting what is told of as damaged before it. */
static int
next(struct journal_cursor *cursor, uint64_t *seq, uint64_t *lost)
{
    const struct journal_entry *entry;
    int rc;

    for (*lost = 0; (rc = journal_next(cursor, &entry)) == JOURNAL_CORRUPT;)
        ck_assert_uint_le(++*lost, ENTRIES);
    if (rc == 0)
        *seq = entry->seq;
    return rc;
}

/* Numbers [FIRST, LIMIT) are all accounted for; few near AT may be lost. */
static void
assert_complete(const struct journal_query *query, uint64_t first,
                uint64_t limit, uint64_t at)
{
    bool back = (query->flags & JOURNAL_QUERY_REVERSE) != 0;
    struct journal_cursor *cursor;
    uint64_t expected = first, seq, lost;
    int rc;

    ck_assert_int_eq(journal_query(journal, query, &cursor), 0);
    do {
        rc = next(cursor, &seq, &lost);
        ck_assert_msg(rc == 0 || rc == JOURNAL_END, "%s", journal_errname(rc));
        seq = rc == JOURNAL_END ? limit : back ? first + limit - 1 - seq : seq;
        ck_assert_uint_eq(expected + lost, seq);
        if (lost > 0) {
            ck_assert_uint_le(expected, at + LEAF_MAX);
            ck_assert_uint_ge(seq + LEAF_MAX, at);
        }
        expected = seq + 1;
    } while (rc == 0);
    journal_cursor_close(cursor);
}

static void
assert_all_complete(uint64_t first, uint64_t at)
{
    struct journal_query query;

    journal_query_init(&query);
    assert_complete(&query, first, ENTRIES, at);
    query.match = JOURNAL_MATCH_PREFIX;
    query.key = "k";
    query.key_size = 1;
    assert_complete(&query, first, ENTRIES, at);
    query.flags = JOURNAL_QUERY_REVERSE;
    assert_complete(&query, first, ENTRIES, first + ENTRIES - 1 - at);
}

/* ---- damage ------------------------------------------------------------- */

static void
give_child(uint8_t *node, uint64_t child)
{
    memcpy(node, &child, 6); /* the low half, the high half, then the rest */
}

/* The node of entry NUMBER in its leaf. */
static uint8_t *
leaf_node(uint64_t number)
{
    uint8_t *page = paged_on_the_way(&paged, paged.depth, number);
    unsigned count = jn_page_count(page, paged.page_size);

    for (unsigned i = 0; i < count; i++) {
        if (jn_get_be64(paged_node(page, i) + JN_NODE_HEADER) == number)
            return paged_node(page, i);
    }
    ck_abort_msg("no entry %llu", (unsigned long long)number);
    return NULL;
}

static void
lose_page(uint64_t number)
{
    uint8_t *page = paged_on_the_way(&paged, paged.depth - 1, number);
    unsigned at = jn_page_count(page, paged.page_size) - 1;

    while (at > 0 &&
           jn_get_be64(paged_node(page, at) + JN_NODE_HEADER) > number)
        at--;
    give_child(paged_node(page, at), paged.pages + 1000000);
}

static void
raise_number(uint64_t number)
{
    jn_put_be64(leaf_node(number) + JN_NODE_HEADER, UINT64_C(1) << 60);
}

static void
lower_number(uint64_t number)
{
    jn_put_be64(leaf_node(number) + JN_NODE_HEADER, 1);
}

static void
shorten_number(uint64_t number)
{
    leaf_node(number)[6] = 4;
}

static void (*const damages[])(uint64_t) = {lose_page, raise_number,
                                            lower_number, shorten_number};
#define DAMAGES (int)(sizeof(damages) / sizeof(damages[0]))

static void
damage_file(int kind, uint64_t number)
{
    paged_read(&paged);
    ck_assert_uint_ge(paged.depth, 2);
    damages[kind](number);
    paged_write(&paged);
    paged_free(&paged);
}

static void
damage(int kind, uint64_t number)
{
    journal_close(journal);
    damage_file(kind, number);
    open_journal();
}

START_TEST(what_lies_beyond_damaged_pages_comes)
{
    uint64_t at = 300 + test_random(&chance) % (ENTRIES - 600);

    append(ENTRIES, 40);
    damage(_i, at);
    assert_all_complete(0, at);
}
END_TEST

START_TEST(so_it_does_where_entries_have_been_pruned)
{
    uint64_t at = 2000 + test_random(&chance) % (ENTRIES - 3000);

    append(ENTRIES, 40);
    ck_assert_int_eq(journal_prune(journal, 1000, 0, NULL), 0);
    damage(_i, at);
    assert_all_complete(1000, at);
}
END_TEST

/* That which comes while it is open; who opens it then is told at once. */
START_TEST(damage_at_either_end_is_told_of)
{
    uint64_t end = _i == 0 ? 0 : ENTRIES - 1;

    append(ENTRIES, 40);
    journal_close(journal);
    open_journal();
    damage_file(0, end);
    assert_all_complete(0, end);
    journal_close(journal);
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal),
                     JOURNAL_CORRUPT);
    journal = NULL;
}
END_TEST

/* ---- below a compaction -------------------------------------------------- */

#define GAP 50u /* of so many entries one is left */
#define LEFT 1000u

static void
append_and_compact(void)
{
    struct journal_record records[GAP];
    char key[20];

    memset(records, 0, sizeof(records));
    for (unsigned i = 0; i < GAP; i++) {
        records[i].key = i == 0 ? key : "k/usual";
        records[i].value = "0123456789012345678901234567890123456789";
        records[i].value_size = 40;
    }
    for (unsigned i = 0; i < LEFT; i++) {
        records[0].key_size = (size_t)snprintf(key, sizeof(key), "k/%u", i);
        for (unsigned j = 1; j < GAP; j++)
            records[j].key_size = 7;
        ck_assert_int_eq(journal_append_batch(journal, records, GAP, NULL), 0);
    }
    ck_assert_int_eq(journal_prune(journal, (LEFT - 10) * GAP,
                                   JOURNAL_PRUNE_KEEP_LATEST, NULL),
                     0);
}

struct told {
    uint64_t entries, lost, lowest, highest; /* of what did not come */
};

/* Entries come in order, and none is passed over without a word. */
static struct told
told_of(uint32_t flags, uint32_t match)
{
    bool back = (flags & JOURNAL_QUERY_REVERSE) != 0;
    struct told told = {0, 0, JOURNAL_NONE, 0};
    struct journal_query query;
    struct journal_cursor *cursor;
    uint64_t seq, lost, expected = 0;
    int rc;

    journal_query_init(&query);
    query.limit = (LEFT - 10) * GAP;
    query.flags = flags;
    query.match = match;
    ck_assert_int_eq(journal_query(journal, &query, &cursor), 0);
    do {
        rc = next(cursor, &seq, &lost);
        seq = rc == 0 ? seq / GAP : back ? JOURNAL_NONE : LEFT - 10;
        seq = back ? LEFT - 11 - seq : seq;
        ck_assert_uint_ge(seq, expected);
        ck_assert(seq == expected || lost > 0);
        if (seq > expected && expected < told.lowest)
            told.lowest = back ? LEFT - 10 - seq : expected;
        if (seq > expected)
            told.highest = back ? LEFT - 11 - expected : seq - 1;
        told.lost += lost;
        told.entries += rc == 0;
        expected = seq + 1;
    } while (rc == 0);
    ck_assert_int_eq(rc, JOURNAL_END);
    journal_cursor_close(cursor);
    return told;
}

/* Bit 0: backward; bit 1: something is matched. */
static struct told
told_in_loop(int loop)
{
    return told_of((loop & 1) != 0 ? JOURNAL_QUERY_REVERSE : 0,
                   (loop & 2) != 0 ? JOURNAL_MATCH_PREFIX : JOURNAL_MATCH_ALL);
}

START_TEST(a_page_of_few_entries_far_apart_is_lost_once)
{
    uint64_t at = 300 + test_random(&chance) % (LEFT - 600);
    struct told told, other;

    append_and_compact();
    told = told_in_loop(_i);
    ck_assert_uint_eq(told.entries, LEFT - 10);
    ck_assert_uint_eq(told.lost, 0);
    damage(0, at * GAP);
    told = told_in_loop(_i);
    ck_assert_uint_eq(told.lost, 1);
    ck_assert_uint_lt(told.entries, LEFT - 10);
    ck_assert_uint_le(told.lowest, at);
    ck_assert_uint_ge(told.highest, at);
    ck_assert_uint_eq(told.highest - told.lowest + 1 + told.entries, LEFT - 10);
    ck_assert_uint_le(told.highest - told.lowest, LEAF_MAX);
    other = told_in_loop(_i ^ 1);
    ck_assert_uint_eq(told.highest, other.highest);
    ck_assert_uint_eq(told.lowest, other.lowest);
}
END_TEST

START_TEST(what_can_be_read_between_two_such_pages_comes)
{
    uint64_t at = 200 + test_random(&chance) % 200;
    uint64_t once;

    append_and_compact();
    damage(0, at * GAP);
    once = LEFT - 10 - told_in_loop(_i).entries;
    damage(0, (at + 2 * once) * GAP);
    ck_assert_uint_eq(told_in_loop(_i).lost, 2);
    ck_assert_uint_ge(told_in_loop(_i).entries, LEFT - 10 - 3 * once);
}
END_TEST

/* All that there is from some number on, or below it. */
START_TEST(pages_at_either_end_are_lost_once)
{
    bool high = (_i & 4) != 0;
    uint64_t end = high ? LEFT - 11 : 0;
    struct told told;

    append_and_compact();
    journal_close(journal);
    open_journal();
    damage_file(0, end * GAP);
    told = told_in_loop(_i);
    ck_assert_uint_ge(told.lost, 1);
    ck_assert_uint_le(told.lost, 2);
    ck_assert_uint_eq(high ? told.highest : told.lowest, end);
    ck_assert_uint_eq(told.highest - told.lowest + 1 + told.entries, LEFT - 10);
    journal_close(journal);
    journal = NULL;
}
END_TEST

/* ---- links --------------------------------------------------------------- */

/* By links the page cannot be reached; then all is looked at. */
START_TEST(what_the_links_do_not_lead_to_comes)
{
    uint64_t at = 300 + test_random(&chance) % (ENTRIES - 600);
    struct journal_query query;
    struct journal_cursor *cursor;
    uint64_t expected = 0, seq, lost;

    append(ENTRIES, 40);
    damage(_i, at);
    journal_query_init(&query);
    query.match = JOURNAL_MATCH_KEY;
    query.key = "k/rare";
    query.key_size = 6;
    ck_assert_int_eq(journal_query(journal, &query, &cursor), 0);
    while (next(cursor, &seq, &lost) == 0) {
        ck_assert_uint_eq(seq % RARE, 0);
        while (expected < seq) {
            ck_assert_uint_ge(expected + LEAF_MAX, at);
            ck_assert_uint_le(expected, at + LEAF_MAX);
            ck_assert_uint_gt(lost, 0);
            expected += RARE;
        }
        ck_assert_uint_eq(seq, expected);
        expected = seq + RARE;
    }
    ck_assert_uint_eq(expected, ENTRIES);
    journal_cursor_close(cursor);
}
END_TEST

/* ---- time --------------------------------------------------------------- */

START_TEST(a_transaction_does_not_go_through_no_end_of_bytes)
{
    struct journal_query query;
    struct jn_filter filter;
    struct jn_range range;
    struct jn_state state;
    struct jn_rows rows = {.at = 0};
    struct jn_txn txn;

    append(100, 1u << 20);
    journal_query_init(&query);
    query.match = JOURNAL_MATCH_KEY;
    query.key = "other";
    query.key_size = 5;
    ck_assert_int_eq(jn_filter_make(&filter, &query), 0);
    ck_assert_int_eq(jn_shared_begin_read(journal->shared, &txn), 0);
    ck_assert_int_eq(jn_view_state(&txn, &state), 0);
    ck_assert_int_eq(jn_range_open(&range, &txn, &query), 0);
    ck_assert_int_eq(jn_scan(&filter, &txn, &state, &range, &rows), 0);
    ck_assert_uint_ge(range.low, 60);
    ck_assert_uint_lt(range.low, 70);
    jn_store_end_read(&txn);
    jn_rows_free(&rows);
    jn_filter_free(&filter);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("scan");
    TCase *tcase = tcase_create("scan");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, what_lies_beyond_damaged_pages_comes, 0,
                        DAMAGES);
    tcase_add_loop_test(tcase, so_it_does_where_entries_have_been_pruned, 0,
                        DAMAGES);
    tcase_add_loop_test(tcase, what_the_links_do_not_lead_to_comes, 0, DAMAGES);
    tcase_add_loop_test(tcase, damage_at_either_end_is_told_of, 0, 2);
    tcase_add_loop_test(tcase, a_page_of_few_entries_far_apart_is_lost_once, 0,
                        4);
    tcase_add_loop_test(tcase, what_can_be_read_between_two_such_pages_comes, 0,
                        4);
    tcase_add_loop_test(tcase, pages_at_either_end_are_lost_once, 0, 8);
    tcase_add_test(tcase, a_transaction_does_not_go_through_no_end_of_bytes);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
