/* packed_test.c - the packed form: whole, and damaged in every way. */
#include "packed.h"

#include <errno.h>
#include <stdlib.h>

#include "support/packer.h"
#include "support/test.h"

/*
 * Entries of all kinds: with and without key, meta, value and stamp, a
 * tombstone, and values of 0 to 15 bytes, so that each padding is there.
 */
#define SAMPLES 20

static const uint8_t filler[] = "These bytes are as good as any others.";

static struct journal_entry
sample(int which)
{
    struct journal_entry entry = {
        .seq = 0x1122334455667788u + (uint64_t)which,
        .time = 1700000000000000000u,
        .prev = which % 3 == 0 ? JOURNAL_NONE : (uint64_t)which,
        .revision = 0xa1a2a3a4a5a6a7a8u,
        .flags = which % 2 == 1 ? JOURNAL_STAMPED : 0,
        .key = filler,
        .key_size = which % 5 == 0 ? 0 : 5,
        .meta = filler + 5,
        .meta_size = which % 4 == 0 ? 3 : 0,
        .value = filler + 8,
        .value_size = which < 16 ? (size_t)which : 0,
    };

    if (which % 2 == 1)
        entry.stamp = (struct journal_stamp){0x8182838485868788u,
                                             {255, 1, 2, 3, 4, 5, 6, 7, 8, 9,
                                              10, 11, 12, 13, 14, 128}};
    if (which == 17 || which == 18)
        entry.flags |= JOURNAL_TOMBSTONE;
    return entry;
}

static void
assert_says(const struct journal_record *record,
            const struct journal_entry *entry)
{
    ck_assert_uint_eq(record->flags, entry->flags);
    ck_assert_uint_eq(record->reserved, 0);
    ck_assert_uint_eq(record->stamp.time, entry->stamp.time);
    ck_assert_mem_eq(record->stamp.id, entry->stamp.id, 16);
    ck_assert(jn_span_equal(jn_span(record->key, record->key_size),
                            jn_span(entry->key, entry->key_size)));
    ck_assert(jn_span_equal(jn_span(record->meta, record->meta_size),
                            jn_span(entry->meta, entry->meta_size)));
    ck_assert(jn_span_equal(jn_span(record->value, record->value_size),
                            jn_span(entry->value, entry->value_size)));
}

START_TEST(an_entry_is_packed_as_the_header_draws_it)
{
    struct journal_entry entry = sample(_i);
    struct packer drawn = {0};
    uint8_t *bytes;

    packer_add(&drawn, &entry);
    ck_assert_uint_eq(jn_packed_size(&entry), drawn.size);
    bytes = malloc(drawn.size);
    memset(bytes, 0xff, drawn.size);
    jn_packed_encode(bytes, &entry);
    ck_assert_mem_eq(bytes, drawn.bytes, drawn.size);
    free(bytes);
    free(drawn.bytes);
}
END_TEST

START_TEST(an_entry_comes_back_as_it_went_at_any_address)
{
    struct journal_entry entry = sample(_i);
    size_t size = jn_packed_size(&entry);

    for (size_t shift = 0; shift < 8; shift++) {
        uint8_t *bytes = malloc(shift + size);
        struct jn_span packed = jn_span(bytes + shift, size);
        struct journal_record record;

        jn_packed_encode(bytes + shift, &entry);
        ck_assert_int_eq(jn_packed_take(&record, &packed), 0);
        ck_assert_uint_eq(packed.size, 0);
        assert_says(&record, &entry);
        free(bytes);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("packed");
    TCase *tcase = tcase_create("packed");

    tcase_add_loop_test(tcase, an_entry_is_packed_as_the_header_draws_it, 0,
                        SAMPLES);
    tcase_add_loop_test(tcase, an_entry_comes_back_as_it_went_at_any_address, 0,
                        SAMPLES);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
