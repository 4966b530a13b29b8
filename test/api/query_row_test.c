/*
 * query_row_test.c - a row of the file whose number is damaged.
 *
 * The number leads to the entry, so that its neighbours on the page may not be
 * found either.  All others are, and it is told that something is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/asking.h"
#include "support/fast_dir.h"

#define COUNT 3000u
#define KEYS 40u
#define NEAR 130u /* more entries than there are on a page */
#define PAGE 4096u

#define DATA test_path("journal/data.mdb")

/* Where LMDB has a page's kind, and which it is. */
#define KIND 10u
#define LEAF 2u

/* Bits of a number; all of them unless there is no time. */
#define BITS 64u

static unsigned
bits_tried(void)
{
    unsigned bits = rounds(BITS, 8);

    return bits < BITS ? bits : BITS;
}

static unsigned
bit_of(int loop)
{
    return (unsigned)loop * BITS / bits_tried();
}

static const uint64_t rows[] = {1000, 1531, 2990};

/* Flips a bit of the number of row SEQ, on each page that has it. */
static void
flip_number(uint64_t seq, unsigned bit)
{
    struct bytes whole = bytes_of(DATA);
    uint8_t node[10] = {8, 0}; /* the size of a number, and a number */
    char *at = whole.data, *end = whole.data + whole.size;
    unsigned found = 0;

    for (unsigned i = 0; i < 8; i++)
        node[2 + i] = (uint8_t)(seq >> (56 - 8 * i));
    while ((at = memmem(at, (size_t)(end - at), node, sizeof(node))) != NULL) {
        size_t page = (size_t)(at - whole.data) / PAGE * PAGE;

        if ((whole.data[page + KIND] & (char)LEAF) != 0) {
            at[2 + (63 - bit) / 8] ^= (char)(1u << bit % 8);
            found++;
        }
        at++;
    }
    ck_assert_uint_ge(found, 1);
    write_bytes(DATA, whole.data, whole.size);
    free(whole.data);
}

static bool
is_far(uint64_t seq, uint64_t row)
{
    return seq + NEAR < row || seq > row + NEAR;
}

/* Counts the entries of keys below LIMIT that are far from ROW. */
static size_t
count_far(uint64_t row, uint64_t limit)
{
    size_t count = 0;

    for (uint64_t seq = 0; seq < COUNT; seq++)
        count += seq % KEYS < limit && is_far(seq, row);
    return count;
}

/* QUERY asks for the keys below LIMIT. */
static void
assert_others_come(struct journal_query query, uint64_t row, uint64_t limit)
{
    for (int back = 0; back < 2; back++) {
        struct journal_cursor *cursor;
        struct story story;
        size_t far = 0;

        query.flags = back ? JOURNAL_QUERY_REVERSE : 0;
        cursor = cursor_of(&query);
        story = story_of(cursor);
        for (size_t i = 0; i < story.count; i++) {
            uint64_t seq = story.seqs[i];

            ck_assert(seq % KEYS < limit && seq != row);
            ck_assert(i == 0 || (seq < story.seqs[i - 1]) == back);
            far += is_far(seq, row);
        }
        ck_assert_uint_eq(far, count_far(row, limit));
        if (row % KEYS < limit)
            ck_assert_uint_ge(story.corrupt, 1);
        ck_assert_uint_eq(story.pruned, 0);
        story_free(&story);
    }
}

static void
ask_all(uint64_t row)
{
    assert_others_come(ask(), row, KEYS);
    assert_others_come(ask_for(JOURNAL_MATCH_PREFIX, "key"), row, KEYS);
    assert_others_come(ask_for(JOURNAL_MATCH_EXPR, "key 0"), row, 1);
    assert_others_come(ask_for(JOURNAL_MATCH_KEY, "key 0"), row, 1);
}

START_TEST(a_damaged_number_does_not_hide_the_others)
{
    struct bytes whole;

    append_numbered(COUNT, KEYS);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        journal_close(journal);
        whole = bytes_of(DATA);
        flip_number(rows[i], bit_of(_i));
        journal = open_path(home(), 0);
        ask_all(rows[i]);
        journal_close(journal);
        write_bytes(DATA, whole.data, whole.size);
        free(whole.data);
        journal = open_path(home(), 0);
    }
}
END_TEST

/* The same where a compaction has left a few. */
START_TEST(a_damaged_number_does_not_hide_the_others_of_a_sparse_part)
{
    struct journal_query query = ask();
    struct story story;

    append_numbered(1000, 1000);
    append_numbered(200, 1);
    ck_assert_int_eq(journal_prune(journal, 1100, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    journal_close(journal);
    flip_number(500, bit_of(_i));
    journal = open_path(home(), 0);
    for (int back = 0; back < 2; back++) {
        query.flags = back ? JOURNAL_QUERY_REVERSE : 0;
        story = story_of(cursor_of(&query));
        ck_assert_uint_ge(story.corrupt, 1);
        ck_assert_uint_ge(story.count, 1000 - 2 * NEAR);
        for (size_t i = 1; i < story.count; i++)
            ck_assert((story.seqs[i] < story.seqs[i - 1]) == back);
        story_free(&story);
    }
}
END_TEST

/* ---- pages -------------------------------------------------------------- */

#define BRANCH 1u
#define NODES 16u /* where the places of a page's nodes are */

/*
 * On each page of numbers that leads to others, the third node leads beyond the
 * file from now on.  What it led to is at most [*FIRST, *LIMIT).
 */
static void
cut_branches(uint64_t *first, uint64_t *limit)
{
    struct bytes whole = bytes_of(DATA);

    *first = JOURNAL_NONE;
    *limit = 0;
    for (size_t page = 2 * PAGE; page + PAGE <= whole.size; page += PAGE) {
        const uint8_t *base = (const uint8_t *)whole.data + page;
        uint64_t seqs[2] = {0, 0};
        uint16_t places[4];

        if (base[KIND] != BRANCH || base[12] + 256u * base[13] < NODES + 8)
            continue;
        memcpy(places, base + NODES, sizeof(places));
        for (int i = 0; i < 2; i++)
            for (int k = 0; k < 8; k++)
                seqs[i] = seqs[i] << 8 | base[places[2 + i] + 8 + k];
        if (base[places[2] + 6] != 8 || seqs[1] >= COUNT)
            continue;
        whole.data[page + places[2] + 4] ^= 1;
        *first = seqs[0] < *first ? seqs[0] : *first;
        *limit = seqs[1] > *limit ? seqs[1] : *limit;
    }
    ck_assert_uint_lt(*first, *limit);
    write_bytes(DATA, whole.data, whole.size);
    free(whole.data);
}

/* QUERY asks for the keys below KEYS_LIMIT. */
static void
assert_rest_comes(struct journal_query query, uint64_t keys_limit,
                  uint64_t first, uint64_t limit)
{
    for (int back = 0; back < 2; back++) {
        struct story story;
        size_t count = 0, due = 0;

        query.flags = back ? JOURNAL_QUERY_REVERSE : 0;
        story = story_of(cursor_of(&query));
        for (size_t i = 0; i < story.count; i++) {
            ck_assert(i == 0 || (story.seqs[i] < story.seqs[i - 1]) == back);
            count += story.seqs[i] < first || story.seqs[i] >= limit;
        }
        for (uint64_t seq = 0; seq < COUNT; seq++)
            due += seq % KEYS < keys_limit && (seq < first || seq >= limit);
        ck_assert_uint_eq(count, due);
        ck_assert_uint_ge(story.corrupt, 1);
        story_free(&story);
    }
}

/* Was: JOURNAL_FULL, where the index led to the page. */
START_TEST(a_page_that_is_lost_does_not_hide_the_others)
{
    uint64_t first, limit;

    append_numbered(COUNT, KEYS);
    journal_close(journal);
    cut_branches(&first, &limit);
    ck_assert_uint_lt(limit - first, 5 * NEAR);
    journal = open_path(home(), 0);
    assert_rest_comes(ask(), KEYS, first, limit);
    assert_rest_comes(ask_for(JOURNAL_MATCH_PREFIX, "key"), KEYS, first, limit);
    assert_rest_comes(ask_for(JOURNAL_MATCH_KEY, "key 0"), 1, first, limit);
    assert_rest_comes(ask_for(JOURNAL_MATCH_EXPR, "key 0"), 1, first, limit);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("query row");
    TCase *tcase = tcase_create("query row");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_loop_test(tcase, a_damaged_number_does_not_hide_the_others, 0,
                        (int)bits_tried());
    tcase_add_loop_test(
        tcase, a_damaged_number_does_not_hide_the_others_of_a_sparse_part, 0,
        (int)bits_tried());
    tcase_add_test(tcase, a_page_that_is_lost_does_not_hide_the_others);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
