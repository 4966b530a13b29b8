/* tail_damage_test.c - a tail with flipped bytes, and as crashes leave it. */
#include <journal.h>

#include "support/test.h"
#include "tail/tail.h"
#include "unit/ring.h"

static void
fill_a_few_dozen(uint64_t position, uint64_t number)
{
    ring_begin(position);
    ring.next = number;
    for (unsigned i = 0; i < 40; i++) {
        if (i % 7 == 3 && i < 25)
            ring.flushed = ring.end;
        ring_add(1 + i * 37 % 150, i * 11 % 40, i % 3 == 0 ? JN_FRAME_MORE : 0);
    }
}

START_TEST(a_walk_ends_exactly_before_any_flipped_byte)
{
    uint64_t step = test_scale() < 1 ? 5 : 1, limit, i = 0;

    fill_a_few_dozen(7 * RING_CAPACITY - 3000, RING_FIRST);
    limit = ring_frame(0)->position + RING_CAPACITY;
    for (uint64_t at = ring_frame(0)->position; at < ring.end; at += step) {
        uint8_t good, bad;
        bool padding;

        while (at >= ring_frame(i)->position + ring_size(i))
            i++;
        padding = at >= ring_frame(i)->position + ring_exact_size(i);
        ck_assert_int_eq(jn_tail_read(ring.tail, at, &good, 1), 0);
        bad = good ^ (uint8_t)(1 << at % 8);
        jn_tail_store(ring.tail, at, &bad, 1);
        ring_assert_walk(padding ? ring.count : i, ring.end);
        if (!padding && at % 8 == i % 8)
            ck_assert_int_eq(ring_shows_loss(ring_frame(i)->position, limit),
                             ring_was_flushed(i));
        jn_tail_store(ring.tail, at, &good, 1);
    }
    ck_assert_uint_eq(i, ring.count - 1);
    ring_assert_walk(ring.count, limit);
}
END_TEST

/* What is in the ring before frames are written, and after. */
static uint8_t before[RING_CAPACITY], after[RING_CAPACITY];

/* Zeros, or frames of an older lap at the same places. */
static void
prepare(bool older)
{
    uint64_t start = 7 * RING_CAPACITY - 3000;

    if (older)
        fill_a_few_dozen(start - RING_CAPACITY, RING_FIRST + 1);
    ck_assert_int_eq(jn_tail_read(ring.tail, start, before, RING_CAPACITY), 0);
    fill_a_few_dozen(start, RING_FIRST);
    ck_assert_int_eq(jn_tail_read(ring.tail, start, after, RING_CAPACITY), 0);
}

START_TEST(a_walk_ends_before_a_frame_that_is_not_there_to_its_end)
{
    uint64_t step = test_scale() < 1 ? 5 : 1, start, limit;
    size_t whole = 0;

    prepare(_i == 1);
    start = ring_frame(0)->position;
    limit = start + RING_CAPACITY;
    jn_tail_store(ring.tail, start, before, RING_CAPACITY);
    for (uint64_t cut = start; cut < ring.end; cut++) {
        if (whole < ring.count &&
            cut == ring_frame(whole)->position + ring_exact_size(whole))
            whole++;
        if ((cut - start) % step == 0)
            ring_assert_walk(whole, ring.end);
        if (whole < ring.count && (cut - start) % 16 == 0)
            ck_assert(!ring_shows_loss(ring_frame(whole)->position, limit));
        jn_tail_store(ring.tail, cut, after + (cut - start), 1);
    }
}
END_TEST

/* The first frame to which the bytes [FROM, TO) matter; or none does. */
static size_t
first_hit(uint64_t from, uint64_t to)
{
    size_t i = 0;

    while (i < ring.count &&
           (from >= ring_frame(i)->position + ring_exact_size(i) ||
            to <= ring_frame(i)->position))
        i++;
    return i;
}

/*
 * Of what was written after the last flush, stores only the blocks of 64 bytes
 * that CHANCE lets come.  Returns how many frames are whole before a torn one.
 */
static size_t
store_torn(uint64_t *chance)
{
    uint64_t start = ring_frame(0)->position, to;
    size_t whole = ring.count;

    jn_tail_store(ring.tail, start, before, RING_CAPACITY);
    jn_tail_store(ring.tail, start, after, (size_t)(ring.flushed - start));
    for (uint64_t at = ring.flushed; at < ring.end; at = to) {
        to = at / 64 * 64 + 64;
        to = to < ring.end ? to : ring.end;
        if (test_random(chance) % 8 != 0)
            jn_tail_store(ring.tail, at, after + (at - start),
                          (size_t)(to - at));
        else if (first_hit(at, to) < whole)
            whole = first_hit(at, to);
    }
    return whole;
}

START_TEST(frames_torn_in_any_way_are_no_loss)
{
    uint64_t random = test_seed();
    unsigned torn = 0;

    prepare(_i == 1);
    for (unsigned round = 0; round < 300; round++) {
        size_t whole = store_torn(&random);
        uint64_t limit = ring_frame(0)->position + RING_CAPACITY;

        ring_assert_walk(whole, limit);
        if (whole == ring.count)
            continue;
        ck_assert(!ring_shows_loss(ring_frame(whole)->position, limit));
        torn++;
    }
    ck_assert_uint_gt(torn, 200);
}
END_TEST

START_TEST(a_frame_within_the_row_of_another_proves_nothing)
{
    uint8_t bytes[512] = {0};
    struct jn_frame outer = {.seq = 1,
                             .run = RING_RUN,
                             .row = {bytes + 40, 400}};
    struct jn_frame inner = {.flushed = 80,
                             .seq = 9,
                             .run = RING_RUN,
                             .row = {bytes + 120, 40}};

    jn_frame_seal(bytes + 80, &inner, RING_SALT, 88);
    jn_frame_seal(bytes, &outer, RING_SALT, 8);
    ck_assert_int_eq(jn_tail_write(ring.tail, 8, bytes, sizeof(bytes)), 0);
    ck_assert(!ring_shows_loss(0, RING_CAPACITY));
    ck_assert(ring_shows_loss(16, RING_CAPACITY));
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("tail_damage");
    TCase *tcase = tcase_create("tail_damage");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, ring_setup, ring_teardown);
    tcase_add_test(tcase, a_walk_ends_exactly_before_any_flipped_byte);
    tcase_add_loop_test(tcase,
                        a_walk_ends_before_a_frame_that_is_not_there_to_its_end,
                        0, 2);
    tcase_add_loop_test(tcase, frames_torn_in_any_way_are_no_loss, 0, 2);
    tcase_add_test(tcase, a_frame_within_the_row_of_another_proves_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
