/* record_test.c - the bytes of a record, whole and damaged. */
#include "format/record.h"

#include <stdlib.h>

#include "support/test.h"

#define SEQ 12345u
#define TIME 1700000000000000000u

struct encoded {
    uint8_t *bytes;
    size_t size;
};

static struct encoded
encode(const struct jn_record *record)
{
    struct encoded encoded = {NULL, jn_record_size(record)};

    encoded.bytes = malloc(encoded.size);
    jn_record_seal(encoded.bytes, jn_record_encode(encoded.bytes, record), SEQ,
                   TIME);
    return encoded;
}

static uint8_t filler[70000];

static struct jn_record
sample(int which)
{
    static const size_t keys[] = {0, 1, 127, 128, 65535, 5};
    static const size_t metas[] = {0, 65535, 1, 0, 128, 3};
    static const size_t values[] = {0, 1, 70000, 4000, 0, 0};
    struct jn_record record = {
        .flags = which % 2 == 1 ? JOURNAL_STAMPED : 0,
        .key = {filler, keys[which]},
        .meta = {filler + 1, metas[which]},
        .value = {filler + 2,
                  values[which] > 2 ? values[which] - 2 : values[which]},
    };

    for (size_t i = 0; i < sizeof(filler); i++)
        filler[i] = (uint8_t)(i * 31 + i / 256);
    if (which % 2 == 1)
        record.stamp = (struct journal_stamp){42, {1, 2, 3}};
    if (which == 5)
        record.flags |= JOURNAL_TOMBSTONE;
    return record;
}

#define SAMPLES 6

START_TEST(a_record_comes_back_as_it_went)
{
    struct jn_record record = sample(_i), back;
    struct encoded encoded = encode(&record);

    ck_assert_int_eq(
        jn_record_decode(&back, jn_span(encoded.bytes, encoded.size), SEQ), 0);

    ck_assert_uint_eq(back.time, TIME);
    ck_assert_uint_eq(back.flags, record.flags);
    ck_assert(jn_span_equal(back.key, record.key));
    ck_assert(jn_span_equal(back.meta, record.meta));
    ck_assert(jn_span_equal(back.value, record.value));
    ck_assert_uint_eq(back.stamp.time, record.stamp.time);
    ck_assert_mem_eq(back.stamp.id, record.stamp.id, 16);
    ck_assert_ptr_nonnull(back.value.data);
    free(encoded.bytes);
}
END_TEST

START_TEST(decode_notices_any_flipped_bit)
{
    struct jn_record record = sample(_i), back;
    struct encoded encoded = encode(&record);
    size_t step = encoded.size > 5000 ? 97 : 1;

    for (size_t i = 0; i < encoded.size * 8; i += step) {
        encoded.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        ck_assert_int_eq(jn_record_decode(&back,
                                          jn_span(encoded.bytes, encoded.size),
                                          SEQ),
                         JOURNAL_CORRUPT);
        encoded.bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    free(encoded.bytes);
}
END_TEST

START_TEST(decode_notices_any_truncation)
{
    struct jn_record record = sample(_i), back;
    struct encoded encoded = encode(&record);
    size_t step = encoded.size > 5000 ? 101 : 1;

    for (size_t size = 0; size < encoded.size; size += step)
        ck_assert_int_eq(jn_record_decode(&back, jn_span(encoded.bytes, size),
                                          SEQ),
                         JOURNAL_CORRUPT);
    free(encoded.bytes);
}
END_TEST

START_TEST(a_record_under_another_number_is_corrupt)
{
    struct jn_record record = sample(1), back;
    struct encoded encoded = encode(&record);
    struct jn_span bytes = {encoded.bytes, encoded.size};

    ck_assert_int_eq(jn_record_decode(&back, bytes, SEQ + 1), JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_record_decode(&back, bytes, 0), JOURNAL_CORRUPT);
    free(encoded.bytes);
}
END_TEST

/* Nobody looks at the value, which is not there. */
START_TEST(a_value_over_its_maximum_is_no_record)
{
    uint8_t bytes[JN_RECORD_MIN] = {[JN_RECORD_HEADER] = 1};
    struct jn_record record;
    size_t size = sizeof(bytes) + JOURNAL_VALUE_MAX;

    ck_assert_int_eq(jn_record_parse(&record, jn_span(bytes, size)), 0);
    ck_assert_uint_eq(record.value.size, JOURNAL_VALUE_MAX);
    ck_assert_int_eq(jn_record_parse(&record, jn_span(bytes, size + 1)),
                     JOURNAL_CORRUPT);
}
END_TEST

START_TEST(parse_survives_any_byte_anywhere)
{
    struct jn_record record = sample(_i), back;
    struct encoded encoded = encode(&record);
    size_t end = encoded.size < 64 ? encoded.size : 64;

    for (size_t i = 0; i < end; i++) {
        uint8_t kept = encoded.bytes[i];

        for (unsigned byte = 0; byte < 256; byte++) {
            encoded.bytes[i] = (uint8_t)byte;
            if (jn_record_parse(&back, jn_span(encoded.bytes, encoded.size)) ==
                0)
                ck_assert_uint_le(back.key.size + back.meta.size +
                                      back.value.size,
                                  encoded.size);
        }
        encoded.bytes[i] = kept;
    }
    free(encoded.bytes);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("record");
    TCase *tcase = tcase_create("record");

    tcase_add_loop_test(tcase, a_record_comes_back_as_it_went, 0, SAMPLES);
    tcase_add_loop_test(tcase, decode_notices_any_flipped_bit, 0, SAMPLES);
    tcase_add_loop_test(tcase, decode_notices_any_truncation, 0, SAMPLES);
    tcase_add_test(tcase, a_record_under_another_number_is_corrupt);
    tcase_add_test(tcase, a_value_over_its_maximum_is_no_record);
    tcase_add_loop_test(tcase, parse_survives_any_byte_anywhere, 0, SAMPLES);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
