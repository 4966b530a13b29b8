/* bytes_test.c - integers as bytes, and stamps. */
#include "base/bytes.h"

#include "base/stamp.h"
#include "support/test.h"

static const uint64_t numbers[] = {
    0,         1,          127,        128,
    16383,     16384,      UINT32_MAX, (uint64_t)UINT32_MAX + 1,
    INT64_MAX, 1ull << 63, UINT64_MAX, 0x0102030405060708u,
};

START_TEST(numbers_come_back_as_they_went)
{
    uint8_t bytes[8];

    jn_put_be64(bytes, numbers[_i]);
    ck_assert_uint_eq(jn_get_be64(bytes), numbers[_i]);
    jn_put_le64(bytes, numbers[_i]);
    ck_assert_uint_eq(jn_get_le64(bytes), numbers[_i]);
    jn_put_le32(bytes, (uint32_t)numbers[_i]);
    ck_assert_uint_eq(jn_get_le32(bytes), (uint32_t)numbers[_i]);
}
END_TEST

START_TEST(big_endian_bytes_sort_as_numbers_do)
{
    uint64_t state = test_seed();

    for (unsigned i = 0; i < 10000; i++) {
        uint64_t a = test_random(&state) >> (test_random(&state) % 64);
        uint64_t b = test_random(&state) >> (test_random(&state) % 64);
        uint8_t left[8], right[8];

        jn_put_be64(left, a);
        jn_put_be64(right, b);
        ck_assert_int_eq(memcmp(left, right, 8) < 0, a < b);
    }
}
END_TEST

START_TEST(a_varint_comes_back_and_every_truncation_is_noticed)
{
    uint8_t bytes[JN_VARINT_MAX];
    size_t size = (size_t)(jn_put_varint(bytes, numbers[_i]) - bytes);
    struct jn_span in = jn_span(bytes, size);
    uint64_t value = 0;

    ck_assert(jn_get_varint(&in, &value));
    ck_assert_uint_eq(value, numbers[_i]);
    ck_assert_uint_eq(in.size, 0);
    for (size_t cut = 0; cut < size; cut++) {
        in = jn_span(bytes, cut);
        ck_assert(!jn_get_varint(&in, &value));
    }
}
END_TEST

START_TEST(a_varint_has_one_form_only)
{
    static const uint8_t padded[] = {0x81, 0x00};
    static const uint8_t over[] = {0xff, 0xff, 0xff, 0xff, 0xff,
                                   0xff, 0xff, 0xff, 0xff, 0x02};
    static const uint8_t endless[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                      0x80, 0x80, 0x80, 0x80, 0x01};
    struct jn_span in = jn_span(padded, sizeof(padded));
    uint64_t value;

    ck_assert(!jn_get_varint(&in, &value));
    in = jn_span(over, sizeof(over));
    ck_assert(!jn_get_varint(&in, &value));
    in = jn_span(endless, sizeof(endless));
    ck_assert(!jn_get_varint(&in, &value));
}
END_TEST

START_TEST(spans_are_equal_if_their_bytes_are)
{
    ck_assert(jn_span_equal(jn_span(NULL, 0), jn_span("a", 0)));
    ck_assert(!jn_span_equal(jn_span(NULL, 0), jn_span("a", 1)));
    ck_assert(jn_span_equal(jn_span("ab", 1), jn_span("ac", 1)));
    ck_assert(!jn_span_equal(jn_span("ab", 2), jn_span("ac", 2)));
}
END_TEST

START_TEST(stamps_are_ordered_by_time_then_id)
{
    const struct journal_stamp early = {1, {9}}, late = {2, {0}};
    const struct journal_stamp low = {2, {1}}, high = {2, {1, 1}};

    ck_assert_int_lt(jn_stamp_compare(&early, &late), 0);
    ck_assert_int_gt(jn_stamp_compare(&late, &early), 0);
    ck_assert_int_lt(jn_stamp_compare(&low, &high), 0);
    ck_assert_int_eq(jn_stamp_compare(&high, &high), 0);
}
END_TEST

START_TEST(a_stamp_cut_short_is_noticed)
{
    const struct journal_stamp stamp = {77, {1, 2, 3}};
    struct journal_stamp back;
    uint8_t bytes[JN_STAMP_SIZE];
    struct jn_span in = {bytes, JN_STAMP_SIZE};

    ck_assert_ptr_eq(jn_stamp_encode(bytes, &stamp), bytes + JN_STAMP_SIZE);
    ck_assert(jn_stamp_decode(&back, &in));
    ck_assert_int_eq(jn_stamp_compare(&stamp, &back), 0);
    ck_assert_uint_eq(in.size, 0);
    in = jn_span(bytes, JN_STAMP_SIZE - 1);
    ck_assert(!jn_stamp_decode(&back, &in));
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("bytes");
    TCase *tcase = tcase_create("bytes");
    int count = (int)(sizeof(numbers) / sizeof(numbers[0]));

    tcase_add_loop_test(tcase, numbers_come_back_as_they_went, 0, count);
    tcase_add_test(tcase, big_endian_bytes_sort_as_numbers_do);
    tcase_add_loop_test(tcase,
                        a_varint_comes_back_and_every_truncation_is_noticed, 0,
                        count);
    tcase_add_test(tcase, a_varint_has_one_form_only);
    tcase_add_test(tcase, spans_are_equal_if_their_bytes_are);
    tcase_add_test(tcase, stamps_are_ordered_by_time_then_id);
    tcase_add_test(tcase, a_stamp_cut_short_is_noticed);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
