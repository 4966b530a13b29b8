/* tail_frame_test.c - frames: their bytes, runs, and laps of the ring. */
#include <journal.h>

#include "base/checksum.h"
#include "support/test.h"
#include "tail/tail.h"
#include "unit/ring.h"

/* ---- one frame ----------------------------------------------------------- */

static const uint8_t golden[] = {
    0xc9, 0x39, 0x44, 0x2d, 0xbb, 0x7c, 0xa0, 0x2f, /* check */
    0x00, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, /* ring.flushed */
    0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21, /* seq */
    0x34, 0x33, 0x32, 0x31, 0x07, 0x00, 0x00, 0x00, /* run, row size */
    0x06, 0x00, 0x07, 0x00, 0x07, 0xa4, 0xd8, 0x09, /* chain, flags, mark */
    't',  'h',  'e',  ' ',  'r',  'o',  'w',  'c',
    'h',  'a',  'i',  'n',  '.',  0x00, 0x00, 0x00,
};
#define GOLDEN_POSITION UINT64_C(0x0102030405060708)

static const uint8_t golden_run[] = {
    0xa4, 0x62, 0x65, 0x38, 0xf8, 0xb3, 0x1b, 0x9e, /* check */
    0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* ring.flushed */
    0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* seq */
    0x34, 0x33, 0x32, 0x31, 0x00, 0x00, 0x00, 0x00, /* run, row size */
    0x04, 0x00, 0x08, 0x00, 0xab, 0x62, 0x17, 0x46, /* chain, flags, mark */
    0x44, 0x43, 0x42, 0x41, 0x00, 0x00, 0x00, 0x00, /* the run that begins */
};

START_TEST(a_frame_is_these_bytes)
{
    struct jn_frame frame = {.flushed = UINT64_C(0x0102030405060700),
                             .seq = UINT64_C(0x2122232425262728),
                             .run = RING_RUN,
                             .flags = JN_FRAME_MORE | JN_FRAME_FRESH |
                                      JN_FRAME_BURIED};
    struct jn_frame back;
    uint8_t bytes[sizeof(golden) + 1];
    size_t size;

    memset(bytes, 0xee, sizeof(bytes));
    memcpy(bytes + JN_FRAME_HEADER, "the rowchain.", 13);
    frame.row = jn_span(bytes + JN_FRAME_HEADER, 7);
    frame.chain = jn_span(bytes + JN_FRAME_HEADER + 7, 6);
    jn_frame_seal(bytes, &frame, RING_SALT, GOLDEN_POSITION);
    ck_assert_mem_eq(bytes, golden, sizeof(golden));
    ck_assert_uint_eq(bytes[sizeof(golden)], 0xee);
    ck_assert_uint_eq(jn_frame_size(7, 6), sizeof(golden));
    ck_assert_int_eq(jn_frame_decode(&back, jn_span(bytes, sizeof(bytes)),
                                     RING_SALT, GOLDEN_POSITION, &size),
                     0);
    ck_assert_uint_eq(size, sizeof(golden));
    ck_assert_uint_eq(back.flushed, frame.flushed);
    ck_assert_uint_eq(back.seq, frame.seq);
    ck_assert_uint_eq(back.run, frame.run);
    ck_assert_uint_eq(back.flags, frame.flags);
    ck_assert_ptr_eq(back.row.data, frame.row.data);
    ck_assert_ptr_eq(back.chain.data, frame.chain.data);
    ck_assert_uint_eq(back.row.size, 7);
    ck_assert_uint_eq(back.chain.size, 6);
}
END_TEST

START_TEST(a_run_frame_is_these_bytes)
{
    static const uint8_t run[] = {0x44, 0x43, 0x42, 0x41};
    struct jn_frame frame = {.flushed = 8,
                             .seq = 9,
                             .run = RING_RUN,
                             .flags = JN_FRAME_RUN,
                             .chain = {run, sizeof(run)}};
    uint8_t bytes[sizeof(golden_run)];

    memcpy(bytes + JN_FRAME_HEADER, run, sizeof(run));
    jn_frame_seal(bytes, &frame, RING_SALT, 16);
    ck_assert_mem_eq(bytes, golden_run, sizeof(golden_run));
}
END_TEST

static int
decode(struct jn_span bytes, uint64_t salt, uint64_t position)
{
    struct jn_frame frame;
    size_t size;

    return jn_frame_decode(&frame, bytes, salt, position, &size);
}

START_TEST(any_damage_to_a_frame_is_noticed)
{
    uint8_t bytes[sizeof(golden)];
    struct jn_span span;
    const size_t end = sizeof(golden) - 3; /* padding says nothing */

    memcpy(bytes, golden, sizeof(golden));
    span = jn_span(bytes, sizeof(bytes));
    for (size_t bit = 0; bit < end * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(decode(span, RING_SALT, GOLDEN_POSITION),
                         JOURNAL_CORRUPT);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_int_eq(decode(span, RING_SALT, GOLDEN_POSITION), 0);
    for (size_t size = 0; size < sizeof(bytes); size++)
        ck_assert_int_eq(decode(jn_span(bytes, size), RING_SALT,
                                GOLDEN_POSITION),
                         JOURNAL_CORRUPT);
    ck_assert_int_eq(decode(span, RING_SALT + 1, GOLDEN_POSITION),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(decode(span, RING_SALT, GOLDEN_POSITION + RING_CAPACITY),
                     JOURNAL_CORRUPT);
    memset(bytes, 0, sizeof(bytes));
    ck_assert_int_eq(decode(span, RING_SALT, GOLDEN_POSITION), JOURNAL_CORRUPT);
}
END_TEST

/* What frames say, each wrong in one thing that no check is about. */
static const struct {
    uint64_t flushed;
    uint32_t row_size;
    uint16_t chain_size;
    uint16_t flags;
} wrong[] = {
    {16, 40, 4, 1u << 4},
    {16, 40, 4, 1u << 15},
    {16, 40, 4, JN_FRAME_RUN},
    {16, 0, 4, JN_FRAME_RUN | JN_FRAME_MORE},
    {16, 0, 3, JN_FRAME_RUN},
    {16, 0, 5, JN_FRAME_RUN},
    {16, 0, 4, 0},
    {17, 40, 4, 0},
    {UINT64_MAX, 40, 4, 0},
    {16, RING_CAPACITY, 0, 0},
    {16, UINT32_MAX, UINT16_MAX, 0},
};

START_TEST(a_frame_that_says_what_none_can_is_none)
{
    static uint8_t bytes[2 * RING_CAPACITY];
    const uint64_t position = 16, seed = RING_SALT + position;
    size_t size = JN_FRAME_HEADER + wrong[_i].row_size + wrong[_i].chain_size;

    jn_put_le64(bytes + 8, wrong[_i].flushed);
    jn_put_le32(bytes + 28, wrong[_i].row_size);
    jn_put_le32(bytes + 32,
                wrong[_i].chain_size | (uint32_t)wrong[_i].flags << 16);
    jn_put_le32(bytes + 36, (uint32_t)jn_hash64(jn_span(bytes + 8, 28), seed));
    size = size < sizeof(bytes) ? size : sizeof(bytes);
    jn_put_le64(bytes, jn_hash64(jn_span(bytes + 8, size - 8), seed));
    ck_assert_int_eq(decode(jn_span(bytes, RING_CAPACITY), RING_SALT, position),
                     JOURNAL_CORRUPT);
    jn_tail_store(ring.tail, position, bytes, RING_CAPACITY);
    ck_assert_uint_eq(ring_count_at(position, 0, 0), 0);
    ck_assert(!ring_shows_loss(0, RING_CAPACITY));
}
END_TEST

/* ---- frames in the ring -------------------------------------------------- */

/* What a ring in use must keep to, while frames come and go. */
static void
assert_as_added(void)
{
    uint64_t limit = ring_frame(0)->position + RING_CAPACITY;

    ring_assert_walk(ring.count, limit);
    ring_assert_walk(ring.count, UINT64_MAX);
    ck_assert(!ring_shows_loss(ring.end, limit));
    for (size_t i = 0; i < ring.count; i += 5)
        ck_assert_int_eq(ring_shows_loss(ring_frame(i)->position + 8, limit),
                         ring_was_flushed(i));
}

START_TEST(frames_of_this_lap_are_found_and_those_of_older_ones_never)
{
    uint64_t random = test_seed();
    unsigned rounds = (unsigned)(2000 * test_scale());

    ring_begin(test_random(&random) >> 20 << 3);
    for (unsigned round = 0; round < rounds; round++) {
        uint32_t flags = (uint32_t)test_random(&random) % 8;
        size_t row_size = 1 + test_random(&random) % 700;
        size_t chain_size = test_random(&random) % 100;
        uint64_t limit;

        if (round % 100 == 99)
            row_size = RING_CAPACITY / 4;
        limit = ring.end + jn_frame_size(row_size, chain_size);
        /* The oldest go, to make room. */
        while (ring.count > 0 &&
               limit - ring_frame(0)->position > RING_CAPACITY)
            ring_drop();
        if (test_random(&random) % 8 == 0)
            ring.flushed = ring.end;
        ring_add(row_size, chain_size, flags);
        if (round % 16 == 0)
            assert_as_added();
    }
}
END_TEST

START_TEST(a_walk_and_a_search_end_at_the_limit)
{
    ring_begin(RING_CAPACITY - 80);
    for (unsigned i = 0; i < 5; i++) {
        ring_add(100, 20, 0);
        ring.flushed = ring.end;
    }
    ring_add(100, 20, 0);
    ring_assert_walk(6, ring.end);
    ring_assert_walk(5, ring.end - 8);
    ring_assert_walk(5, ring_frame(5)->position);
    ring_assert_walk(0, ring_frame(0)->position);
    ring_assert_walk(0, 0);
    ck_assert(ring_shows_loss(ring_frame(4)->position + 8, ring.end));
    ck_assert(!ring_shows_loss(ring_frame(4)->position + 8, ring.end - 8));
    ck_assert(!ring_shows_loss(ring_frame(4)->position + 8, 0));
}
END_TEST

START_TEST(a_frame_larger_than_what_is_read_at_a_time_comes_in_one_piece)
{
    const uint64_t capacity = 1 << 20;

    ring_open(capacity, RING_SALT);
    ring_begin(3 * capacity - 1000);
    ring_add(300000, 60000, 0);
    ring_add(1, 0, JN_FRAME_MORE);
    ring.flushed = ring.end;
    ring_add(capacity - 500000, 65535, 0);
    ring_assert_walk(3, UINT64_MAX);
    ck_assert(ring_shows_loss(ring_frame(0)->position + 8, UINT64_MAX));
    ck_assert(!ring_shows_loss(ring_frame(2)->position, UINT64_MAX));
}
END_TEST

START_TEST(frames_of_another_run_or_number_do_not_follow_on)
{
    ring_begin(0);
    ring_add(50, 10, 0);
    ring_add(50, 10, 0);
    ck_assert_uint_eq(ring_count_at(0, RING_FIRST, RING_RUN), 2);
    ck_assert_uint_eq(ring_count_at(0, RING_FIRST, RING_RUN + 1), 0);
    ck_assert_uint_eq(ring_count_at(0, 1001, RING_RUN), 0);
    ring_put(ring_frame(1)->position, 1001, RING_RUN + 1, 50, 10);
    ck_assert_uint_eq(ring_count_at(0, RING_FIRST, RING_RUN), 1);
    ring_put(ring_frame(1)->position, 1002, RING_RUN, 50, 10);
    ck_assert_uint_eq(ring_count_at(0, RING_FIRST, RING_RUN), 1);
    ring_put(ring_frame(1)->position, 1000, RING_RUN, 50, 10);
    ck_assert_uint_eq(ring_count_at(0, RING_FIRST, RING_RUN), 1);
}
END_TEST

START_TEST(frames_of_another_tail_are_not_there)
{
    static uint8_t bytes[RING_CAPACITY];

    ring_begin(0);
    ring_add(50, 10, 0);
    ring.flushed = ring.end;
    ring_add(50, 10, 0);
    ck_assert_int_eq(jn_tail_read(ring.tail, 0, bytes, RING_CAPACITY), 0);
    ring_open(RING_CAPACITY, RING_SALT + 8);
    ck_assert_int_eq(jn_tail_write(ring.tail, 0, bytes, RING_CAPACITY), 0);
    ck_assert_uint_eq(ring_count_at(0, RING_FIRST, RING_RUN), 0);
    ck_assert(!ring_shows_loss(0, RING_CAPACITY));
}
END_TEST

/* ---- runs ---------------------------------------------------------------- */

START_TEST(a_run_frame_leads_to_another_run)
{
    ring_begin(RING_CAPACITY - 40);
    ring_put_run(ring.end, 1000, RING_RUN, RING_RUN + 1);
    ring_put_run(ring.end + 48, 1000, RING_RUN + 1, RING_RUN + 2);
    ring_put(ring.end + 96, 1000, RING_RUN + 2, 40, 0);
    ring_put(ring.end + 176, 1001, RING_RUN + 2, 40, 0);
    ck_assert_uint_eq(ring_count_at(ring.end, RING_FIRST, RING_RUN), 2);
    ck_assert_uint_eq(ring_count_at(ring.end + 48, 1000, RING_RUN + 1), 2);
    ck_assert_uint_eq(ring_count_at(ring.end, RING_FIRST, RING_RUN + 1), 0);
    ck_assert_uint_eq(ring_count_at(ring.end, 1001, RING_RUN), 0);
}
END_TEST

/*
 * A crash tears the frame of entry 1001 and leaves that of 1002, which nobody
 * has been told of.  New frames end exactly where it begins.
 */
START_TEST(what_a_crash_has_left_does_not_follow_on_behind_a_run_frame)
{
    uint64_t torn, left;

    ring_begin(0);
    ring_add(60, 20, 0);
    torn = ring.end;
    ring_add(200, 20, 0);
    left = ring.end;
    ring_add(60, 20, 0);
    jn_tail_store(ring.tail, torn + 100, (const uint8_t *)"torn", 4);
    ck_assert_uint_eq(ring_count_at(0, RING_FIRST, RING_RUN), 1);
    ck_assert(!ring_shows_loss(torn, RING_CAPACITY));

    /* Another frame of that size, and the old one would be back. */
    ring_put(torn, 1001, RING_RUN, 201, 19);
    ck_assert_uint_eq(ring_count_at(0, RING_FIRST, RING_RUN), 3);

    ring_put_run(torn, 1001, RING_RUN, RING_RUN + 1);
    ck_assert_uint_eq(ring_count_at(0, RING_FIRST, RING_RUN), 1);
    ring_put(torn + 48, 1001, RING_RUN + 1, left - torn - 88, 0);
    ck_assert_uint_eq(ring_count_at(0, RING_FIRST, RING_RUN), 2);
    /* It is still there, and shows no loss. */
    ck_assert_uint_eq(ring_count_at(left, 1002, RING_RUN), 1);
    ck_assert(!ring_shows_loss(left, RING_CAPACITY));
}
END_TEST

START_TEST(a_frame_of_any_run_is_known_to_be_where_it_is)
{
    unsigned found = 0;
    uint64_t last;

    ring_begin(3 * RING_CAPACITY - 200);
    for (unsigned i = 0; i < 5; i++)
        ring_add(100, 20, 0);
    last = ring_frame(4)->position;
    ring_put(last, 77, RING_RUN + 1, 100, 20);
    for (uint64_t at = ring_frame(0)->position; at <= last; at += 8) {
        bool has = false;

        ck_assert_int_eq(jn_tail_has_frame(ring.tail, at, &has), 0);
        found += has;
        ck_assert_int_eq(jn_tail_has_frame(ring.tail, at + RING_CAPACITY, &has),
                         0);
        ck_assert(!has);
    }
    ck_assert_uint_eq(found, 5);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("tail_frame");
    TCase *tcase = tcase_create("tail_frame");

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, ring_setup, ring_teardown);
    tcase_add_test(tcase, a_frame_is_these_bytes);
    tcase_add_test(tcase, a_run_frame_is_these_bytes);
    tcase_add_test(tcase, any_damage_to_a_frame_is_noticed);
    tcase_add_test(tcase,
                   frames_of_this_lap_are_found_and_those_of_older_ones_never);
    tcase_add_loop_test(tcase, a_frame_that_says_what_none_can_is_none, 0,
                        sizeof(wrong) / sizeof(wrong[0]));
    tcase_add_test(tcase, a_walk_and_a_search_end_at_the_limit);
    tcase_add_test(
        tcase, a_frame_larger_than_what_is_read_at_a_time_comes_in_one_piece);
    tcase_add_test(tcase, frames_of_another_run_or_number_do_not_follow_on);
    tcase_add_test(tcase, frames_of_another_tail_are_not_there);
    tcase_add_test(tcase, a_run_frame_leads_to_another_run);
    tcase_add_test(tcase,
                   what_a_crash_has_left_does_not_follow_on_behind_a_run_frame);
    tcase_add_test(tcase, a_frame_of_any_run_is_known_to_be_where_it_is);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
