/*
 * hidden_test.c - rows whose keys were damaged, asked for by their right ones.
 *
 * They lie where they belong, under a key that sorts there too: nothing is out
 * of order.  Nobody takes them for rows that are not there.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "journal/marks.h"
#include "journal/view.h"
#include "settle.h"
#include "support/fast_dir.h"
#include "support/test.h"
#include "unit/sparse.h"
#include "write/handle.h"

#define KEYS SPARSE_KEYS
#define APART SPARSE_APART
#define LOST 37u
#define SEQ ((uint64_t)LOST * APART)

static struct journal *journal;
static struct jn_txn txn;

/* Between those of the keys are holes, and each of them has come again. */
static void
setup(void)
{
    test_setup();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    sparse_append(journal, 0);
    for (unsigned i = 0; i < KEYS; i++)
        ck_assert_int_eq(journal_append(journal, sparse_key(i), 5, "", 0, NULL),
                         0);
    ck_assert_int_eq(journal_mark(journal, "a", 3), 0);
    ck_assert_int_eq(journal_mark(journal, "b", 5), 0);
    settle(journal);
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

/* The row of KEY is under ANOTHER one, with FIRST as its first byte, or not. */
static void
move_row(enum jn_table table, struct jn_span key, struct jn_span another,
         int first)
{
    uint8_t copy[600];
    struct jn_span value;

    ck_assert_int_eq(jn_shared_begin_write(journal->shared, &txn), 0);
    ck_assert_int_eq(jn_store_get(&txn, table, key, &value), 0);
    ck_assert_uint_le(value.size, sizeof(copy));
    memcpy(copy, value.data, value.size);
    if (first >= 0)
        copy[0] = (uint8_t)first;
    value.data = copy;
    ck_assert_int_eq(jn_store_delete(&txn, table, key), 0);
    ck_assert_int_eq(jn_store_put(&txn, table, another, value), 0);
    ck_assert_int_eq(jn_shared_commit(journal->shared, &txn), 0);
}

static void
move_entry(uint64_t seq, uint64_t to, int first)
{
    uint8_t key[8], another[8];

    jn_put_be64(key, seq);
    jn_put_be64(another, to);
    move_row(JN_ENTRIES, jn_span(key, 8), jn_span(another, 8), first);
}

/* How many entries come, or JOURNAL_CORRUPT does. */
static unsigned
told_of(const struct journal_query *query)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    unsigned told = 0;
    int rc;

    ck_assert_int_eq(journal_query(journal, query, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) != JOURNAL_END) {
        ck_assert(rc == 0 || rc == JOURNAL_CORRUPT);
        told++;
    }
    journal_cursor_close(cursor);
    return told;
}

static uint64_t
time_of(uint64_t seq)
{
    struct journal_entry *entry;
    uint64_t time;

    ck_assert_int_eq(journal_read(journal, seq, &entry), 0);
    time = entry->time;
    journal_entry_free(entry);
    return time;
}

/* ---- numbers, where some are left out ------------------------------------ */

/* A number below, one above. */
START_TEST(a_damaged_number_is_not_taken_for_a_hole)
{
    struct journal_entry *entry;
    struct journal_query query;

    move_entry(SEQ, _i == 0 ? SEQ - 1 : SEQ + 1, -1);
    ck_assert_int_eq(journal_read(journal, SEQ, &entry), JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_read(journal, SEQ - 3 * APART + 1, &entry),
                     JOURNAL_PRUNED);
    ck_assert_int_eq(journal_get_at(journal, sparse_key(LOST), 5, KEYS * APART,
                                    &entry),
                     JOURNAL_CORRUPT);
    journal_query_init(&query);
    query.match = JOURNAL_MATCH_KEY;
    query.key = sparse_key(LOST);
    query.key_size = 5;
    ck_assert_uint_eq(told_of(&query), 2);
    query.match = JOURNAL_MATCH_PREFIX;
    query.key_size = 2;
    query.flags = JOURNAL_QUERY_LATEST;
    query.limit = KEYS * APART;
    ck_assert_uint_eq(told_of(&query), KEYS);
}
END_TEST

/* The row lies before the first number, or behind the last. */
START_TEST(at_the_end_of_a_range_it_is_told_of)
{
    struct journal_query query;
    unsigned more = _i % 2 == 0;

    move_entry(SEQ, more ? SEQ - 1 : SEQ + 1, -1);
    journal_query_init(&query);
    query.flags = _i < 2 ? 0 : JOURNAL_QUERY_REVERSE;
    query.first = more ? SEQ : SEQ - APART;
    query.limit = more ? SEQ + APART + 1 : SEQ + 1;
    ck_assert_uint_eq(told_of(&query), 2);
}
END_TEST

START_TEST(at_a_time_it_is_told_of)
{
    uint64_t time = time_of(SEQ), seq;

    move_entry(SEQ, _i == 0 ? SEQ - 1 : SEQ + 1, -1);
    ck_assert_int_eq(journal_find_time(journal, time, &seq), JOURNAL_CORRUPT);
    time = time_of(SEQ - 5 * APART);
    ck_assert_int_eq(journal_find_time(journal, time, &seq), 0);
    ck_assert_uint_eq(seq, SEQ - 5 * APART);
}
END_TEST

/* It looks like one without a key, of which no check is over the links. */
START_TEST(links_that_are_zeroed_end_no_history)
{
    struct journal_entry *entry;

    move_entry(KEYS * APART + LOST, KEYS * APART + LOST, 0);
    ck_assert_int_eq(journal_get_at(journal, sparse_key(LOST), 5, KEYS * APART,
                                    &entry),
                     JOURNAL_CORRUPT);
}
END_TEST

/* ---- keys ---------------------------------------------------------------- */

START_TEST(the_first_key_of_a_prefix_is_not_missed)
{
    struct jn_index_key key, another;
    struct journal_query query;

    jn_index_make(&key, jn_span("r/000", 5));
    another = key;
    another.data[2]--;
    move_row(JN_LATEST, jn_index_span(&key), jn_index_span(&another), -1);
    journal_query_init(&query);
    query.match = JOURNAL_MATCH_PREFIX;
    query.key = "r/";
    query.key_size = 2;
    query.flags = JOURNAL_QUERY_LATEST;
    ck_assert_uint_ge(told_of(&query), KEYS);
}
END_TEST

/* One bit of its hash is another. */
START_TEST(a_long_key_is_not_taken_for_none)
{
    struct jn_index_key key, another;
    struct journal_entry *entry;
    char name[300];

    memset(name, 'x', sizeof(name));
    ck_assert_int_eq(journal_append(journal, name, sizeof(name), "", 0, NULL),
                     0);
    settle(journal);
    jn_index_make(&key, jn_span(name, sizeof(name)));
    another = key;
    another.data[key.size - 2] ^= (uint8_t)(1u << _i);
    move_row(JN_LATEST, jn_index_span(&key), jn_index_span(&another), -1);
    ck_assert_int_eq(journal_get(journal, name, sizeof(name), &entry),
                     JOURNAL_CORRUPT);
    name[299] = 'y';
    ck_assert_int_ne(journal_get(journal, name, sizeof(name), &entry), 0);
}
END_TEST

/* ---- the journal's own rows ---------------------------------------------- */

START_TEST(a_mark_is_not_missed)
{
    static const char *const others[] = {"mark/a\0\0\1", "lark/a\0\0\0",
                                         "mark\0a\0\0\0"};
    char name[JOURNAL_MARK_SIZE] = "";
    uint64_t seq;

    move_row(JN_META, jn_span("mark/a\0\0\0", 9), jn_span(others[_i], 9), -1);
    ck_assert_int_eq(journal_marked(journal, "a", &seq), JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_next_mark(journal, name, &seq), JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_marked(journal, "b", &seq), 0);
}
END_TEST

START_TEST(nor_is_the_last_one)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    char name[JOURNAL_MARK_SIZE] = "a";
    uint64_t seq;

    move_row(JN_META, jn_span("mark/b\0\0\0", 9), jn_span("mask/b\0\0\0", 9),
             -1);
    ck_assert_int_eq(journal_marked(journal, "b", &seq), JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_next_mark(journal, name, &seq), JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_stat(journal, &stat), JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_marked(journal, "none", &seq), JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_marked(journal, "a", &seq), 0);
}
END_TEST

/* What is recent would be lost. */
START_TEST(a_tail_is_not_taken_for_none)
{
    struct journal_entry *entry;

    move_row(JN_META, jn_span("tail", 4), jn_span("tbil", 4), -1);
    ck_assert_int_eq(journal_get(journal, "hot", 3, &entry), JOURNAL_CORRUPT);
}
END_TEST

START_TEST(a_format_that_there_is_not_is_damage)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    move_row(JN_META, jn_span("format", 6), jn_span("format", 6), 0x40);
    ck_assert_int_eq(journal_stat(journal, &stat), JOURNAL_CORRUPT);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("hidden");
    TCase *tcase = tcase_create("hidden");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_damaged_number_is_not_taken_for_a_hole, 0, 2);
    tcase_add_loop_test(tcase, at_the_end_of_a_range_it_is_told_of, 0, 4);
    tcase_add_loop_test(tcase, at_a_time_it_is_told_of, 0, 2);
    tcase_add_test(tcase, links_that_are_zeroed_end_no_history);
    tcase_add_test(tcase, the_first_key_of_a_prefix_is_not_missed);
    tcase_add_loop_test(tcase, a_long_key_is_not_taken_for_none, 0, 2);
    tcase_add_loop_test(tcase, a_mark_is_not_missed, 0, 3);
    tcase_add_test(tcase, nor_is_the_last_one);
    tcase_add_test(tcase, a_tail_is_not_taken_for_none);
    tcase_add_test(tcase, a_format_that_there_is_not_is_damage);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
