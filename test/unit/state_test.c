/* state_test.c - the journal's own numbers, whole and damaged; rewinds. */
#include "format/state.h"

#include "base/checksum.h"
#include "base/error.h"
#include "support/test.h"

static int
decode(struct jn_state *state, const struct jn_state_rows *rows)
{
    return jn_state_decode(state, jn_span(rows->next, 8),
                           jn_span(rows->first, 8),
                           jn_span(rows->totals, rows->totals_size));
}

START_TEST(state_comes_back_and_any_flipped_bit_is_noticed)
{
    /*
     * The second one has been compacted up to 5000; the third up to 400, and
     * from there on entries have been lost.
     */
    static const struct jn_state states[] = {
        {70000, 300, 1ull << 60, 12, 1ull << 40, 300, false, 0},
        {70000, 300, 1ull << 60, 12, 1ull << 40, 5000, false, 0},
        {70000, 300, 1ull << 60, 12, 1ull << 40, 5000, true, 400},
    };
    struct jn_state_rows rows;
    struct jn_state back = {.next = 0};
    uint8_t *bytes = (uint8_t *)&rows;
    const struct jn_state *state = &states[_i];

    jn_state_encode(&rows, state);
    ck_assert_uint_eq(rows.totals_size, JN_TOTALS_MIN + 8u * (size_t)_i);
    ck_assert_int_eq(decode(&back, &rows), 0);
    ck_assert_mem_eq(&back, state, sizeof(*state));
    for (size_t bit = 0; bit < (16 + rows.totals_size) * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(decode(&back, &rows), JOURNAL_CORRUPT);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_int_eq(jn_state_decode(&back, jn_span(rows.next, 7),
                                     jn_span(rows.first, 8),
                                     jn_span(rows.totals, rows.totals_size)),
                     JOURNAL_CORRUPT);
}
END_TEST

/* The check is made anew, which the encoder would not have got to. */
static void
seal(struct jn_state_rows *rows)
{
    uint8_t all[16 + JN_TOTALS_MAX];
    size_t size = rows->totals_size - 8;

    memcpy(all, rows->next, 8);
    memcpy(all + 8, rows->first, 8);
    memcpy(all + 16, rows->totals, size);
    jn_put_le64(rows->totals + size, jn_hash64(jn_span(all, 16 + size), 0));
}

START_TEST(rows_that_do_not_fit_together_are_damage)
{
    static const struct jn_state state = {.next = 20, .first = 5, .dense = 11};
    struct jn_tail_row row = {.open = true, .start = 16, .last = 8}, again;
    uint8_t bytes[JN_TAIL_ROW_MAX];
    size_t size = 0;
    struct jn_state_rows rows = {.totals_size = 0};
    struct jn_state back;

    jn_state_encode(&rows, &state);
    for (uint64_t number = 0; number < 30; number++) {
        jn_put_be64(rows.first, number);
        seal(&rows);
        ck_assert_int_eq(decode(&back, &rows),
                         number <= 11 ? 0 : JOURNAL_CORRUPT);
        jn_put_be64(rows.first, 5);
        jn_put_be64(rows.next, number);
        seal(&rows);
        ck_assert_int_eq(decode(&back, &rows),
                         number >= 11 ? 0 : JOURNAL_CORRUPT);
        jn_put_be64(rows.next, 20);
    }
    ck_assert_int_eq(jn_state_decode(&back, jn_span(rows.next, 8),
                                     jn_span(rows.first, 9),
                                     jn_span(rows.totals, rows.totals_size)),
                     JOURNAL_CORRUPT);
    for (size_t totals = 0; totals <= JN_TOTALS_MAX; totals++)
        ck_assert_int_eq(jn_state_decode(&back, jn_span(rows.next, 8),
                                         jn_span(rows.first, 8),
                                         jn_span(rows.totals, totals)),
                         JOURNAL_CORRUPT);
    for (uint64_t start = 16; start < 24; start++)
        for (uint64_t last = 8; last < 16; last++) {
            row.start = start;
            row.last = last;
            size = jn_tail_row_encode(bytes, &row);
            ck_assert_int_eq(jn_tail_row_decode(&again, jn_span(bytes, size)),
                             start == 16 && last == 8 ? 0 : JOURNAL_CORRUPT);
        }
    ck_assert_int_eq(jn_tail_row_decode(&again, jn_span(bytes, size - 1)),
                     JOURNAL_CORRUPT);
}
END_TEST

static int
decode_tail(const struct jn_tail_row *row, struct jn_tail_row *again)
{
    uint8_t bytes[JN_TAIL_ROW_MAX];

    return jn_tail_row_decode(again,
                              jn_span(bytes, jn_tail_row_encode(bytes, row)));
}

START_TEST(an_index_is_ahead_by_what_is_in_the_tail)
{
    const struct jn_tail_row ahead = {.open = true,
                                      .start = 16,
                                      .last = 8,
                                      .next = 20,
                                      .ahead = 30,
                                      .ahead_end = 160,
                                      .keyed = 4,
                                      .ahead_rows = 10};
    struct jn_tail_row row = ahead, again;

    ck_assert_int_eq(decode_tail(&row, &again), 0);
    ck_assert(jn_tail_row_is_ahead(&again));
    ck_assert_uint_eq(again.ahead, 30);
    ck_assert_uint_eq(again.ahead_end, 160);
    ck_assert_uint_eq(again.keyed, 4);
    ck_assert_uint_eq(again.ahead_rows, 10);
    row.ahead_rows = 11;
    ck_assert_int_eq(decode_tail(&row, &again), JOURNAL_CORRUPT);
    row = ahead;
    row.ahead_end = 161;
    ck_assert_int_eq(decode_tail(&row, &again), JOURNAL_CORRUPT);
    row.ahead_end = 8;
    ck_assert_int_eq(decode_tail(&row, &again), JOURNAL_CORRUPT);
    row = ahead;
    jn_tail_row_end_ahead(&row);
    ck_assert_int_eq(decode_tail(&row, &again), 0);
    ck_assert(!jn_tail_row_is_ahead(&again));
    ck_assert_uint_eq(again.ahead, 20);
    ck_assert_uint_eq(again.ahead_end, 16);
}
END_TEST

START_TEST(more_cuts_than_are_kept_are_damage)
{
    static uint8_t bytes[JN_CUTS_BYTES + 16];
    size_t size = JN_CUTS_BYTES;
    struct jn_cuts cuts;

    jn_put_le64(bytes + size - 8, jn_hash64(jn_span(bytes, size - 8), 0));
    ck_assert_int_eq(jn_cuts_decode(&cuts, jn_span(bytes, size)), 0);
    ck_assert_uint_eq(cuts.kept, JN_CUTS_MAX);
    size += 16;
    jn_put_le64(bytes + size - 8, jn_hash64(jn_span(bytes, size - 8), 0));
    ck_assert_int_eq(jn_cuts_decode(&cuts, jn_span(bytes, size)),
                     JOURNAL_CORRUPT);
}
END_TEST

/* All rewinds there were, each with its size. */
static uint64_t all[200];

static uint64_t
least_since(size_t count, size_t since)
{
    uint64_t least = UINT64_MAX;

    for (size_t i = since; i < count; i++)
        least = all[i] < least ? all[i] : least;
    return least;
}

START_TEST(rewinds_tell_the_least_size_since_any_of_them)
{
    struct jn_cuts rewinds = {0};
    uint64_t state = test_seed();

    for (size_t count = 0; count < 200; count++) {
        for (size_t since = 0; since <= count; since++)
            ck_assert_uint_eq(jn_cuts_since(&rewinds, since),
                              least_since(count, since));
        /* Seldom more than a few rise in a row, so none are merged. */
        all[count] = test_random(&state) % 1000;
        jn_cuts_add(&rewinds, all[count]);
        ck_assert_uint_le(rewinds.kept, JN_CUTS_MAX);
    }
}
END_TEST

START_TEST(too_many_rewinds_make_cursors_end_early_not_late)
{
    struct jn_cuts rewinds = {0};

    for (size_t i = 0; i < 100; i++) {
        all[i] = i * 10;
        jn_cuts_add(&rewinds, all[i]);
    }
    ck_assert_uint_eq(rewinds.kept, JN_CUTS_MAX);
    for (size_t since = 0; since < 100; since++)
        ck_assert_uint_le(jn_cuts_since(&rewinds, since),
                          least_since(100, since));
    ck_assert_uint_eq(jn_cuts_since(&rewinds, 99), 990);
    ck_assert_uint_eq(jn_cuts_since(&rewinds, 100), UINT64_MAX);
}
END_TEST

/* Of the last half nothing is merged, and of the others what is close. */
START_TEST(too_many_rewinds_make_old_cursors_end_a_little_early)
{
    struct jn_cuts rewinds = {0};
    uint64_t state = test_seed();

    all[0] = 5;
    jn_cuts_add(&rewinds, all[0]);
    for (size_t i = 1; i < 200; i++) {
        all[i] = 1000 + i * 10 + test_random(&state) % 10;
        jn_cuts_add(&rewinds, all[i]);
        ck_assert_uint_le(rewinds.kept, JN_CUTS_MAX);
    }
    ck_assert_uint_eq(jn_cuts_since(&rewinds, 0), 5);
    for (size_t since = 1; since < 200; since++) {
        uint64_t told = jn_cuts_since(&rewinds, since);

        ck_assert_uint_le(told, least_since(200, since));
        ck_assert_uint_ge(told, 1000);
        if (since + JN_CUTS_MAX / 2 >= 200)
            ck_assert_uint_eq(told, least_since(200, since));
        /* Gaps are of some 2000 / 32. */
        ck_assert_uint_ge(told + 400, least_since(200, since));
    }
}
END_TEST

START_TEST(rewinds_come_back_and_any_damage_is_noticed)
{
    struct jn_cuts rewinds = {0}, back;
    uint8_t bytes[JN_CUTS_BYTES];
    size_t size;

    for (size_t i = 0; i < 5; i++)
        jn_cuts_add(&rewinds, i);
    size = jn_cuts_encode(bytes, &rewinds);
    ck_assert_int_eq(jn_cuts_decode(&back, jn_span(bytes, size)), 0);
    ck_assert_uint_eq(back.count, 5);
    ck_assert_uint_eq(back.kept, 5);
    for (size_t cut = 0; cut < size; cut++)
        ck_assert_int_eq(jn_cuts_decode(&back, jn_span(bytes, cut)),
                         JOURNAL_CORRUPT);
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(jn_cuts_decode(&back, jn_span(bytes, size)),
                         JOURNAL_CORRUPT);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

START_TEST(gaps_move_the_start_and_do_not_eat_up_the_ring)
{
    struct jn_tail_row row = {.capacity = 65536, .start = 144, .last = 96};

    jn_tail_row_leave_gap(&row);
    ck_assert_uint_eq(row.start, 152);
    jn_tail_row_leave_gap(&row);
    ck_assert_uint_eq(row.start, 160);
    for (unsigned i = 0; i < 10000; i++)
        jn_tail_row_leave_gap(&row);
    ck_assert_uint_eq(row.start, 96 + row.capacity / 8);
    row.last = row.start - 48;
    jn_tail_row_leave_gap(&row);
    ck_assert_uint_eq(row.start, 96 + row.capacity / 8 + 8);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("state");
    TCase *tcase = tcase_create("state");

    tcase_add_loop_test(tcase, state_comes_back_and_any_flipped_bit_is_noticed,
                        0, 3);
    tcase_add_test(tcase, rows_that_do_not_fit_together_are_damage);
    tcase_add_test(tcase, an_index_is_ahead_by_what_is_in_the_tail);
    tcase_add_test(tcase, more_cuts_than_are_kept_are_damage);
    tcase_add_test(tcase, rewinds_tell_the_least_size_since_any_of_them);
    tcase_add_test(tcase, too_many_rewinds_make_cursors_end_early_not_late);
    tcase_add_test(tcase, too_many_rewinds_make_old_cursors_end_a_little_early);
    tcase_add_test(tcase, rewinds_come_back_and_any_damage_is_noticed);
    tcase_add_test(tcase, gaps_move_the_start_and_do_not_eat_up_the_ring);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
