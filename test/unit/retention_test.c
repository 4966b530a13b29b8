/* retention_test.c - what it remembers; damage; where there is no room. */
#include "write/retention.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "write/handle.h"
#include "write/removal.h"
#include "settle.h"
#include "support/fast_dir.h"
#include "support/figures.h"
#include "support/test.h"
#include "journal/view.h"

#define LIMIT (UINT64_C(1) << 20)
#define NEAR_THE_END 12u

static struct journal *journal;

/* Closes `journal`, if it is open, and opens the one called NAME. */
static void
open_keeping(const char *name, uint64_t bytes_max, uint64_t entries,
             uint64_t ns)
{
    struct journal_options options;

    journal_options_init(&options);
    options.bytes_max = bytes_max;
    options.keep_entries = entries;
    options.keep_ns = ns;
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(journal_open(test_path(name), &options, &journal), 0);
}

static void
setup(void)
{
    test_setup();
    open_keeping("journal", 0, 0, 0);
}

static void
teardown(void)
{
    journal_close(journal);
    journal = NULL;
    test_teardown();
}

static int
append(uint64_t i)
{
    char key[20];
    int size = snprintf(key, sizeof(key), "%llu",
                        (unsigned long long)(i * 7919 % 100003));

    return journal_append(journal, key, (size_t)size, "value", 5, NULL);
}

static void
append_many(uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        ck_assert_int_eq(append(i), 0);
}

/* ---- the slowest mark --------------------------------------------------- */

static uint64_t
slowest(struct jn_slowest *memory)
{
    struct jn_txn txn;
    uint64_t seq = 99;

    ck_assert_int_eq(jn_shared_begin_write(journal->shared, &txn), 0);
    ck_assert_int_eq(jn_marks_slowest(&txn, memory, &seq), 0);
    ck_assert_uint_eq(memory->number, jn_store_number(&txn));
    jn_store_abort(&txn);
    return seq;
}

START_TEST(the_slowest_mark_is_remembered_until_there_is_another_commit)
{
    struct jn_slowest memory = {0, 0};

    append_many(10);
    ck_assert_uint_eq(slowest(&memory), JOURNAL_NONE);
    ck_assert_int_eq(journal_mark(journal, "a", 7), 0);
    ck_assert_uint_eq(slowest(&memory), 7);
    ck_assert_int_eq(journal_mark(journal, "b", 3), 0);
    ck_assert_uint_eq(slowest(&memory), 3);
    memory.seq = 5; /* so that it shows where the answer comes from */
    ck_assert_uint_eq(slowest(&memory), 5);
    ck_assert_int_eq(append(1), 0);
    settle(journal);
    ck_assert_uint_eq(slowest(&memory), 3);
}
END_TEST

START_TEST(a_commit_that_moves_no_mark_carries_the_memory_on)
{
    struct jn_slowest memory = {0, 0};
    uint64_t number;

    ck_assert_int_eq(journal_mark(journal, "a", 0), 0);
    slowest(&memory);
    number = memory.number;
    memory.seq = 5;
    ck_assert_int_eq(append(1), 0);
    jn_marks_kept(&memory, number);
    ck_assert_uint_eq(slowest(&memory), 5);
    ck_assert_int_eq(append(1), 0);
    jn_marks_kept(&memory, number);
    ck_assert_uint_eq(slowest(&memory), 0);
}
END_TEST

START_TEST(appends_remember_the_slowest_mark_and_see_it_move)
{
    struct jn_slowest *memory = &journal->shared->queue.slowest;

    open_keeping("journal", 0, 5, 0);
    memory = &journal->shared->queue.slowest;
    ck_assert_int_eq(journal_mark(journal, "a", 0), 0);
    append_many(10);
    ck_assert_uint_eq(memory->seq, 0);
    memory->seq = 1;
    append_many(1);
    ck_assert_uint_eq(figures_of(journal).first, 1);
    ck_assert_int_eq(journal_mark(journal, "a", 4), 0);
    append_many(1);
    ck_assert_uint_eq(figures_of(journal).first, 4);
}
END_TEST

/* ---- limits ------------------------------------------------------------- */

/* Of entries of a byte each, with a tail or without. */
START_TEST(as_many_bytes_are_kept_as_were_asked_for)
{
    struct journal_options options;

    journal_options_init(&options);
    options.keep_bytes = 5;
    options.bytes_max = _i == 0 ? 0 : LIMIT;
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(journal_open(test_path("journal"), &options, &journal), 0);
    for (unsigned i = 0; i < 12; i++) {
        ck_assert_int_eq(journal_append(journal, NULL, 0, "v", 1, NULL), 0);
        ck_assert_uint_eq(figures_of(journal).bytes_logical, i < 5 ? i + 1 : 5);
    }
}
END_TEST

/* ---- damage ------------------------------------------------------------- */

static void
put(enum jn_table table, struct jn_span key, struct jn_span value)
{
    struct jn_txn txn;

    ck_assert_int_eq(jn_shared_begin_write(journal->shared, &txn), 0);
    ck_assert_int_eq(jn_store_put(&txn, table, key, value), 0);
    ck_assert_int_eq(jn_shared_commit(journal->shared, &txn), 0);
}

START_TEST(a_damaged_mark_holds_all_back_and_no_append)
{
    append_many(100);
    open_keeping("journal", 0, 10, 0);
    ck_assert_int_eq(journal_mark(journal, "mark", 100), 0);
    put(JN_META, jn_span("mark/mark", 9), jn_span("0123456789abcdef", 16));
    append_many(10);
    ck_assert_uint_eq(figures_of(journal).entries, 110);
    ck_assert_int_eq(journal_unmark(journal, "mark"), 0);
    append_many(1);
    ck_assert_uint_eq(figures_of(journal).entries, 10);
}
END_TEST

/* The row of entry 0, to be changed and put back. */
static size_t
oldest_row(uint8_t row[200])
{
    const uint8_t key[8] = {0};
    struct jn_span value;
    struct jn_txn txn;

    ck_assert_int_eq(jn_shared_begin_read(journal->shared, &txn), 0);
    ck_assert_int_eq(jn_store_get(&txn, JN_ENTRIES, jn_span(key, sizeof(key)),
                                  &value),
                     0);
    ck_assert_uint_lt(value.size, 200);
    memcpy(row, value.data, value.size);
    jn_store_end_read(&txn);
    return value.size;
}

START_TEST(a_damaged_oldest_entry_holds_nothing_up)
{
    static const uint64_t limits[][2] = {{10, 0}, {0, 1}};
    const uint8_t key[8] = {0};
    uint8_t row[200];
    size_t size;

    append_many(100);
    size = oldest_row(row);
    row[size - 1] ^= 0xff;
    if (_i / 2 == 1)
        memset(row, 0xff, size);
    put(JN_ENTRIES, jn_span(key, sizeof(key)), jn_span(row, size));
    open_keeping("journal", 0, limits[_i % 2][0], limits[_i % 2][1]);
    append_many(1);
    ck_assert_uint_eq(figures_of(journal).first, _i % 2 == 0 ? 91 : 100);
}
END_TEST

/*
 * What a damaged entry had was counted for ever: a limit of bytes below it then
 * left nothing but the newest entry.
 */
START_TEST(the_bytes_of_a_damaged_entry_do_not_count_when_it_is_gone)
{
    static const uint8_t value[100000];
    static uint8_t row[sizeof(value) + 40];
    const uint8_t key[8] = {0};
    uint64_t others;

    ck_assert_int_eq(journal_append(journal, "large", 5, value, sizeof(value),
                                    NULL),
                     0);
    append_many(20);
    others = figures_of(journal).bytes_logical - sizeof(value) - 5;
    memset(row, 0xff, sizeof(row));
    put(JN_ENTRIES, jn_span(key, sizeof(key)), jn_span(row, sizeof(row)));
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    ck_assert_uint_le(figures_of(journal).bytes_logical, others);
    ck_assert_uint_ge(figures_of(journal).bytes_logical, others - 40);
}
END_TEST

/* The time of entry 0 as retention sees it, with a bit of its row flipped. */
static uint64_t
time_with_flip(uint8_t *row, size_t size, size_t byte)
{
    const uint8_t key[8] = {0};
    struct jn_state state;
    struct jn_txn txn;
    uint64_t time = 99;

    row[byte] ^= 0x40;
    ck_assert_int_eq(jn_shared_begin_write(journal->shared, &txn), 0);
    ck_assert_int_eq(jn_view_state(&txn, &state), 0);
    ck_assert_int_eq(jn_store_put(&txn, JN_ENTRIES, jn_span(key, sizeof(key)),
                                  jn_span(row, size)),
                     0);
    ck_assert_int_eq(jn_oldest_time(&txn, &state, &time), 0);
    jn_store_abort(&txn);
    row[byte] ^= 0x40;
    return time;
}

/* Else one flipped bit of the oldest would keep all that come after it. */
START_TEST(no_flipped_bit_makes_the_oldest_younger_than_the_newest)
{
    uint8_t row[200];
    size_t size, as_old = 0;

    append_many(2);
    size = oldest_row(row);
    for (size_t i = 0; i < size; i++) {
        uint64_t time = time_with_flip(row, size, i);

        ck_assert_uint_le(time, figures_of(journal).last_time);
        as_old += time == 0;
    }
    ck_assert_uint_gt(as_old, 0);
}
END_TEST

/* ---- room --------------------------------------------------------------- */

static void
copy_journal(void)
{
    static uint8_t bytes[2 * LIMIT];
    FILE *from = fopen(test_path("journal/data.mdb"), "rb");
    FILE *to = fopen(test_path("copy/data.mdb"), "wb");
    size_t size;

    ck_assert_ptr_nonnull(from);
    ck_assert_ptr_nonnull(to);
    size = fread(bytes, 1, sizeof(bytes), from);
    ck_assert_uint_eq(fwrite(bytes, 1, size, to), size);
    ck_assert_int_eq(fclose(from), 0);
    ck_assert_int_eq(fclose(to), 0);
}

/* Appends until the journal is full, at most MOST entries; returns how many. */
static uint64_t
fill(uint64_t most)
{
    uint64_t count = 0;
    int rc = 0;

    open_keeping("journal", LIMIT, 0, 0);
    while (count < most && (rc = append(count)) == 0)
        count++;
    ck_assert(rc == 0 || rc == JOURNAL_FULL);
    return count;
}

/*
 * Short of room, removing may need more pages than there are, where appending
 * does not: it takes a page of `latest` for each key that is forgotten.
 */
START_TEST(what_fits_without_retention_fits_with_it)
{
    uint64_t full = fill(UINT64_MAX);

    ck_assert_uint_gt(full, 2000);
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(journal_destroy(test_path("journal")), 0);
    fill(full - NEAR_THE_END);
    for (uint64_t i = full - NEAR_THE_END; i < full; i++) {
        open_keeping("copy", 0, 0, 0);
        journal_close(journal);
        journal = NULL;
        copy_journal();
        open_keeping("copy", LIMIT, 10, 0);
        ck_assert_int_eq(append(i), 0);
        ck_assert_uint_eq(figures_of(journal).size, i + 1);
        open_keeping("journal", LIMIT, 0, 0);
        ck_assert_int_eq(append(i), 0);
        ck_assert_int_eq(journal_destroy(test_path("copy")), 0);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *retention = suite_create("retention");
    TCase *tcase = tcase_create("retention");

    /* Thousands of appends fill a journal: a slow disk takes minutes. */
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(
        tcase, the_slowest_mark_is_remembered_until_there_is_another_commit);
    tcase_add_test(tcase, a_commit_that_moves_no_mark_carries_the_memory_on);
    tcase_add_test(tcase, appends_remember_the_slowest_mark_and_see_it_move);
    tcase_add_loop_test(tcase, as_many_bytes_are_kept_as_were_asked_for, 0, 2);
    tcase_add_test(tcase, a_damaged_mark_holds_all_back_and_no_append);
    tcase_add_loop_test(tcase, a_damaged_oldest_entry_holds_nothing_up, 0, 4);
    tcase_add_test(tcase,
                   the_bytes_of_a_damaged_entry_do_not_count_when_it_is_gone);
    tcase_add_test(tcase,
                   no_flipped_bit_makes_the_oldest_younger_than_the_newest);
    tcase_add_test(tcase, what_fits_without_retention_fits_with_it);
    suite_add_tcase(retention, tcase);
    return retention;
}

TEST_MAIN(suite)
