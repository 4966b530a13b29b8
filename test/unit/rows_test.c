/* rows_test.c - room for rows that are read ahead. */
#include "base/rows.h"

#include <stdlib.h>

#include "support/test.h"

#define USUAL_BYTES ((size_t)256 << 10) /* of a reading, as rows.c has it */
#define MOST_BYTES ((size_t)4 << 20)

static struct jn_rows rows;
static uint8_t *giant; /* more than any reading has room for */

static void
setup(void)
{
    memset(&rows, 0, sizeof(rows));
    jn_rows_clear(&rows);
    giant = malloc(2 * MOST_BYTES);
    ck_assert_ptr_nonnull(giant);
    for (size_t i = 0; i < 2 * MOST_BYTES; i++)
        giant[i] = (uint8_t)(i % 251);
}

static void
teardown(void)
{
    jn_rows_free(&rows);
    free(giant);
}

/* Whether row SEQ, of SIZE bytes, finds room. */
static bool
add(uint64_t seq, size_t size)
{
    size_t count = rows.count, used = rows.used;
    bool full = false;

    ck_assert_int_eq(jn_rows_add(&rows, seq, jn_span(giant + seq % 100, size),
                                 seq % 2 == 0, &full),
                     0);
    ck_assert_uint_eq(rows.count, full ? count : count + 1);
    ck_assert_uint_eq(rows.used, full ? used : used + size);
    return !full;
}

/* Row I is as it was added. */
static void
assert_row(size_t i, uint64_t seq, size_t size)
{
    struct jn_span bytes = jn_rows_bytes(&rows, &rows.list[i]);

    ck_assert_uint_eq(rows.list[i].seq, seq);
    ck_assert(rows.list[i].checked == (seq % 2 == 0));
    ck_assert_uint_eq(bytes.size, size);
    ck_assert_int_eq(memcmp(bytes.data, giant + seq % 100, size), 0);
}

/* How many rows of SIZE bytes find room. */
static size_t
fill(size_t size)
{
    size_t count = 0;

    while (add(count, size))
        count++;
    ck_assert_uint_eq(rows.count, count);
    for (size_t i = 0; i < count; i++)
        assert_row(i, i, size);
    return count;
}

/* ---- room ---------------------------------------------------------------- */

START_TEST(the_first_row_always_finds_room_and_a_giant_none_beside_it)
{
    for (unsigned more = 0; more < 2; more++) {
        jn_rows_clear(&rows);
        if (more)
            jn_rows_allow_more(&rows);
        ck_assert(add(1, 2 * MOST_BYTES - 100));
        assert_row(0, 1, 2 * MOST_BYTES - 100);
        ck_assert(jn_rows_is_full(&rows));
        ck_assert(!add(2, 0));
        ck_assert(!add(2, 1));
        ck_assert_uint_eq(rows.count, 1);
    }
}
END_TEST

START_TEST(a_second_row_finds_what_room_the_first_has_left)
{
    for (size_t first = 0; first <= USUAL_BYTES; first += USUAL_BYTES / 4) {
        size_t left = USUAL_BYTES - first;

        jn_rows_clear(&rows);
        ck_assert(add(0, first));
        ck_assert(!add(1, left + 1));
        ck_assert(!jn_rows_is_full(&rows) || left == 0);
        ck_assert(add(1, left) == (left > 0));
        ck_assert(jn_rows_is_full(&rows));
        ck_assert(!add(2, 0));
        assert_row(0, 0, first);
        if (left > 0)
            assert_row(1, 1, left);
    }
}
END_TEST

START_TEST(bytes_or_rows_are_the_end_of_a_reading)
{
    static const size_t counts[] = {64, 256, 1024, 4096, 4096};

    for (unsigned i = 0; i < 5; i++) {
        if (i > 0)
            jn_rows_clear(&rows);
        ck_assert_uint_eq(fill(1), counts[i]);
    }
    jn_rows_clear(&rows);
    ck_assert_uint_eq(fill(1000), USUAL_BYTES / 1000);
}
END_TEST

START_TEST(who_cannot_stop_has_more_room_once)
{
    jn_rows_allow_more(&rows);
    ck_assert_uint_eq(fill(100), 32768);
    jn_rows_clear(&rows);
    jn_rows_allow_more(&rows);
    ck_assert_uint_eq(fill(1000), MOST_BYTES / 1000);
    jn_rows_clear(&rows);
    ck_assert_uint_eq(fill(1000), USUAL_BYTES / 1000);
}
END_TEST

/* ---- what there is ------------------------------------------------------- */

START_TEST(rows_that_are_cleared_are_gone)
{
    ck_assert(!jn_rows_any(&rows));
    ck_assert(add(7, 70));
    ck_assert(jn_rows_any(&rows));
    rows.at++;
    ck_assert(!jn_rows_any(&rows));
    jn_rows_clear(&rows);
    ck_assert(!jn_rows_any(&rows));
    ck_assert(add(8, 80));
    ck_assert(jn_rows_any(&rows));
    assert_row(0, 8, 80);
}
END_TEST

START_TEST(a_damaged_entry_is_a_row_without_bytes)
{
    bool full = true;

    ck_assert(add(1, 10));
    ck_assert_int_eq(jn_rows_add_damaged(&rows, 3, &full), 0);
    ck_assert(!full);
    ck_assert(add(5, 10));
    ck_assert_uint_eq(rows.count, 3);
    assert_row(0, 1, 10);
    assert_row(1, 3, 0);
    assert_row(2, 5, 10);
    rows.most = 3;
    ck_assert_int_eq(jn_rows_add_damaged(&rows, 6, &full), 0);
    ck_assert(full);
    ck_assert_uint_eq(rows.count, 3);
}
END_TEST

START_TEST(rows_are_sorted_either_way_and_keep_their_bytes)
{
    uint64_t chance = test_seed();

    jn_rows_sort(&rows, false);
    ck_assert_uint_eq(rows.count, 0);
    for (unsigned round = 0; round < 50; round++) {
        size_t count = test_below(&chance, 60);
        bool reverse = round % 2 == 1;

        jn_rows_clear(&rows);
        for (size_t i = 0; i < count; i++) {
            uint64_t seq = test_random(&chance);

            ck_assert(add(seq, seq % 200));
        }
        jn_rows_sort(&rows, reverse);
        ck_assert_uint_eq(rows.count, count);
        for (size_t i = 0; i < count; i++) {
            uint64_t seq = rows.list[i].seq;

            assert_row(i, seq, seq % 200);
            if (i > 0)
                ck_assert(reverse ? rows.list[i - 1].seq > seq
                                  : rows.list[i - 1].seq < seq);
        }
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("rows");
    TCase *tcase = tcase_create("rows");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase,
                   the_first_row_always_finds_room_and_a_giant_none_beside_it);
    tcase_add_test(tcase, a_second_row_finds_what_room_the_first_has_left);
    tcase_add_test(tcase, bytes_or_rows_are_the_end_of_a_reading);
    tcase_add_test(tcase, who_cannot_stop_has_more_room_once);
    tcase_add_test(tcase, rows_that_are_cleared_are_gone);
    tcase_add_test(tcase, a_damaged_entry_is_a_row_without_bytes);
    tcase_add_test(tcase, rows_are_sorted_either_way_and_keep_their_bytes);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
