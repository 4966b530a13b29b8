/* times_test.c - what it costs to find a number by its time, and damage. */
#include "journal/times.h"

#include <stdio.h>
#include <stdlib.h>

#include "write/handle.h"
#include "pages/layout.h"
#include "settle.h"
#include "support/test.h"
#include "unit/paged.h"
#include "journal/view.h"

#define ENTRIES 100000u
#define BATCH 500u
#define STEPS_MAX 34u /* 2 * log2(ENTRIES) */

static struct journal *journal;

/* Entries of KEYS keys; one time for each batch. */
static void
append(unsigned count, unsigned keys)
{
    static struct journal_record records[BATCH];
    static char texts[BATCH][12];

    for (unsigned i = 0; i < count; i += BATCH) {
        for (unsigned j = 0; j < BATCH; j++)
            records[j] = (struct journal_record){
                .key = texts[j],
                .key_size = (size_t)snprintf(texts[j], sizeof(texts[j]), "%u",
                                             (i + j) % keys)};
        ck_assert_int_eq(journal_append_batch(journal, records, BATCH, NULL),
                         0);
    }
}

static void
setup(void)
{
    test_setup();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

/* The times of all entries there are, in order. */
static uint64_t *
all_times(uint64_t *count)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    uint64_t *times;

    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    times = malloc(stat.entries * sizeof(*times));
    ck_assert_ptr_nonnull(times);
    ck_assert_int_eq(journal_replay(journal, JOURNAL_NONE, &cursor), 0);
    *count = 0;
    while (journal_next(cursor, &entry) == 0)
        times[(*count)++] = entry->time;
    ck_assert_uint_eq(*count, stat.entries);
    journal_cursor_close(cursor);
    return times;
}

/* All that is left of ENTRIES by no prune, a prune, and a compaction. */
START_TEST(a_time_is_found_in_few_steps)
{
    static const uint32_t flags[] = {0, 0, JOURNAL_PRUNE_KEEP_LATEST};
    static const uint64_t before[] = {0, ENTRIES / 3, ENTRIES - 100};
    struct jn_txn txn;
    struct jn_state state;
    struct jn_moment moment;
    uint64_t *times, count;

    append(ENTRIES - 50 * BATCH, 3 * BATCH);
    append(50 * BATCH, 7);
    ck_assert_int_eq(journal_prune(journal, before[_i], flags[_i], NULL), 0);
    times = all_times(&count);
    ck_assert_int_eq(jn_shared_begin_read(journal->shared, &txn), 0);
    ck_assert_int_eq(jn_view_state(&txn, &state), 0);
    for (uint64_t i = 0; i < count; i += 1 + count / 500) {
        for (uint64_t time = times[i] - 1; time <= times[i] + 1; time++) {
            txn.entries_read = 0;
            ck_assert_int_eq(jn_times_find(&txn, &state, time, &moment), 0);
            ck_assert_uint_eq(moment.low, moment.high);
            ck_assert_uint_le(txn.entries_read, STEPS_MAX);
        }
    }
    jn_store_end_read(&txn);
    free(times);
}
END_TEST

static void
damage(struct jn_txn *txn, uint64_t seq)
{
    struct jn_span value;
    uint8_t key[8], copy[200];

    jn_put_be64(key, seq);
    ck_assert_int_eq(jn_store_get(txn, JN_ENTRIES, jn_span(key, 8), &value), 0);
    ck_assert_uint_le(value.size, sizeof(copy));
    memcpy(copy, value.data, value.size);
    copy[value.size / 2] ^= 1;
    ck_assert_int_eq(jn_store_put(txn, JN_ENTRIES, jn_span(key, 8),
                                  jn_span(copy, value.size)),
                     0);
}

#define FEW 12u

/* Any pattern of damage: what may be the first, up to one that can be read. */
START_TEST(damaged_entries_are_passed_over)
{
    struct jn_txn txn;
    struct jn_state state;
    struct jn_moment moment;
    uint64_t *times, count;

    for (unsigned i = 0; i < FEW; i++)
        ck_assert_int_eq(journal_append(journal, "k", 1, "value", 5, NULL), 0);
    settle(journal);
    times = all_times(&count);
    for (unsigned pattern = 0; pattern < 1u << FEW; pattern += 37) {
        ck_assert_int_eq(jn_shared_begin_write(journal->shared, &txn), 0);
        ck_assert_int_eq(jn_view_state(&txn, &state), 0);
        for (unsigned i = 0; i < FEW; i++)
            if ((pattern >> i & 1) != 0)
                damage(&txn, i);
        for (unsigned i = 0; i < FEW; i++) {
            unsigned expected = 0, low;

            while (expected < FEW && ((pattern >> expected & 1) != 0 ||
                                      times[expected] < times[i]))
                expected++;
            for (low = expected; low > 0 && (pattern >> (low - 1) & 1) != 0;)
                low--;
            ck_assert_int_eq(jn_times_find(&txn, &state, times[i], &moment), 0);
            ck_assert_uint_eq(moment.high, expected);
            ck_assert_uint_eq(moment.low, low);
        }
        jn_store_abort(&txn);
    }
    free(times);
}
END_TEST

/* ---- pages --------------------------------------------------------------- */

#define SOME 3000u
#define GONE UINT64_MAX

/* A few at a time, so that there are many times. */
static void
append_some(void)
{
    struct journal_record records[6];

    for (unsigned i = 0; i < 6; i++)
        records[i] = (struct journal_record){.key = "k",
                                             .key_size = 1,
                                             .value = "value",
                                             .value_size = 5};
    for (unsigned i = 0; i < SOME; i += 6)
        ck_assert_int_eq(journal_append_batch(journal, records, 6, NULL), 0);
}

/* The leaf that entry SEQ is on makes no sense from now on. */
static void
damage_leaf(uint64_t seq)
{
    struct paged paged;

    paged_read(&paged);
    paged_on_the_way(&paged, paged.depth, seq)[10] ^= 0x40;
    paged_write(&paged);
    paged_free(&paged);
}

/* The times of the first SOME entries; of those that are lost, GONE. */
static uint64_t *
times_left(void)
{
    uint64_t *times = malloc(SOME * sizeof(*times));

    ck_assert_ptr_nonnull(times);
    for (uint64_t seq = 0; seq < SOME; seq++) {
        struct journal_entry *entry;
        int rc = journal_read(journal, seq, &entry);

        ck_assert(rc == 0 || rc == JOURNAL_CORRUPT);
        times[seq] = rc == 0 ? entry->time : GONE;
        if (rc == 0)
            journal_entry_free(entry);
    }
    return times;
}

static uint64_t
first_from(const uint64_t *times, uint64_t time)
{
    uint64_t seq = 0;

    while (seq < SOME && (times[seq] < time || times[seq] == GONE))
        seq++;
    return seq;
}

/*
 * Each time that there was leads to the first entry that is left, unless one
 * that is lost comes right before it.
 */
static void
assert_times_lead(const uint64_t *before, uint64_t lost_least)
{
    uint64_t *left = times_left(), seq = 0, lost = 0;

    for (uint64_t i = 0; i < SOME; i++) {
        uint64_t first = first_from(left, before[i]);
        bool known = first == 0 || left[first - 1] != GONE;

        lost += left[i] == GONE;
        ck_assert_int_eq(journal_find_time(journal, before[i], &seq),
                         known ? 0 : JOURNAL_CORRUPT);
        ck_assert(!known || seq == first);
    }
    ck_assert_uint_ge(lost, lost_least);
    free(left);
}

/* In a loop each: one leaf, several, and both ends. */
START_TEST(damaged_pages_are_passed_over)
{
    static const uint64_t damaged[][4] = {{SOME / 2},
                                          {100, 800, SOME / 2, 2 * SOME / 3},
                                          {0, 200, SOME - 200, SOME - 1}};
    struct journal_query query;
    struct journal_cursor *cursor;
    uint64_t *before;

    append_some();
    before = times_left();
    journal_close(journal);
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    for (unsigned i = 0; i < 4 && (i == 0 || damaged[_i][i] != 0); i++)
        damage_leaf(damaged[_i][i]);
    assert_times_lead(before, 20);
    journal_query_init(&query);
    query.since = before[SOME / 2];
    query.until = before[SOME / 2 + 300];
    ck_assert_int_eq(journal_query(journal, &query, &cursor), 0);
    journal_cursor_close(cursor);
    free(before);
}
END_TEST

/* The row of entry SEQ in PAGED says that it is of entry NUMBER. */
static void
renumber(struct paged *paged, uint64_t seq, uint64_t number)
{
    uint8_t *leaf = paged_on_the_way(paged, paged->depth, seq), *node;
    unsigned i = 0;

    do
        node = paged_node(leaf, i++);
    while (jn_get_be64(node + JN_NODE_HEADER) != seq);
    jn_put_be64(node + JN_NODE_HEADER, number);
    paged_write(paged);
    jn_put_be64(node + JN_NODE_HEADER, seq);
}

/* It led back to where the search had been, again and again; or too far. */
START_TEST(a_damaged_number_leads_nobody_in_circles)
{
    const uint64_t first = SOME / 2, limit = first + 100;
    uint64_t *before, seq, told = 0;
    struct paged paged;
    int rc;

    append_some();
    before = times_left();
    journal_close(journal);
    paged_read(&paged);
    for (uint64_t i = first; i < limit; i++) {
        renumber(&paged, i, _i == 0 ? i + 16 : i - 16);
        ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
        for (uint64_t k = first - 50; k < limit + 50; k++) {
            rc = journal_find_time(journal, before[k], &seq);
            ck_assert(rc == 0 || rc == JOURNAL_CORRUPT);
            ck_assert(rc != 0 || seq == first_from(before, before[k]));
            told += rc != 0;
        }
        journal_close(journal);
    }
    ck_assert_uint_lt(told, 20 * (limit - first));
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    paged_free(&paged);
    free(before);
}
END_TEST

/* An entry that is damaged, and behind it a page. */
START_TEST(a_damaged_entry_before_a_damaged_page_is_passed_over)
{
    uint64_t *before, seq = SOME / 2;
    struct paged paged;
    struct jn_txn txn;
    uint8_t *leaf, *last;

    append_some();
    settle(journal);
    before = times_left();
    journal_close(journal);
    paged_read(&paged);
    leaf = paged_on_the_way(&paged, paged.depth, seq);
    last = paged_node(leaf, jn_page_count(leaf, paged.page_size) - 1);
    seq = jn_get_be64(last + JN_NODE_HEADER);
    paged_free(&paged);
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    ck_assert_int_eq(jn_shared_begin_write(journal->shared, &txn), 0);
    damage(&txn, seq);
    ck_assert_int_eq(jn_shared_commit(journal->shared, &txn), 0);
    journal_close(journal);
    damage_leaf(seq + 1);
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    assert_times_lead(before, 20);
    free(before);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("times");
    TCase *tcase = tcase_create("times");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_time_is_found_in_few_steps, 0, 3);
    tcase_add_test(tcase, damaged_entries_are_passed_over);
    tcase_add_loop_test(tcase, damaged_pages_are_passed_over, 0, 3);
    tcase_add_test(tcase, a_damaged_entry_before_a_damaged_page_is_passed_over);
    tcase_add_loop_test(tcase, a_damaged_number_leads_nobody_in_circles, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
