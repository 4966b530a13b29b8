/* packed_test.c - the packed form: whole, and damaged in every way. */
#include "format/packed.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

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

/* ---- what is not in the packed form ------------------------------------- */

static bool
is_legal(const struct journal_entry *entry)
{
    if (entry->key_size > JOURNAL_KEY_MAX ||
        entry->meta_size > JOURNAL_META_MAX ||
        entry->value_size > JOURNAL_VALUE_MAX)
        return false;
    return (entry->flags & JOURNAL_TOMBSTONE) == 0 ||
           (entry->key_size > 0 && entry->value_size == 0);
}

/* Adds to PACKER what RECORD says; FROM has the fields that it does not. */
static void
pack_again(struct packer *packer, const struct journal_record *record,
           const uint8_t *from)
{
    struct journal_entry entry = {
        .flags = record->flags,
        .stamp = record->stamp,
        .key = record->key,
        .key_size = record->key_size,
        .meta = record->meta,
        .meta_size = record->meta_size,
        .value = record->value,
        .value_size = record->value_size,
    };
    size_t begin;

    if (!is_legal(&entry))
        ck_abort_msg("a record that no batch takes is taken");
    begin = packer_add(packer, &entry);
    memcpy(packer->bytes + begin + PACKED_SEQ, from + PACKED_SEQ,
           PACKED_KEY_SIZE - PACKED_SEQ);
}

/*
 * Either PACKED is refused, or what it is taken for is, packed again, the same
 * bytes.  Returns the number of entries, or 0 if it was refused.
 */
static size_t
assert_refused_or_understood(struct jn_span packed)
{
    struct jn_span rest = packed;
    struct packer again = {0};
    size_t count = 0;
    int rc = jn_packed_count(&count, packed);

    if (rc != 0) {
        if ((rc != EINVAL && rc != JOURNAL_TOO_BIG) || count != 0)
            ck_abort_msg("refused with %d, count %zu", rc, count);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        const uint8_t *from = rest.data;
        struct journal_record record;

        if (jn_packed_take(&record, &rest) != 0)
            ck_abort_msg("entry %zu of %zu is counted, not taken", i, count);
        pack_again(&again, &record, from);
    }
    if (!jn_span_equal(jn_span(again.bytes, again.size), packed))
        ck_abort_msg("what was taken is not what is there");
    free(again.bytes);
    return count;
}

/* BYTES in a place of exactly their size, at an address of SHIFT mod 8. */
static size_t
try_at(const uint8_t *bytes, size_t size, size_t shift)
{
    uint8_t *place = malloc(shift + size);
    size_t count;

    if (size > 0)
        memcpy(place + shift, bytes, size);
    count = assert_refused_or_understood(jn_span(place + shift, size));
    free(place);
    return count;
}

/* At every address mod 8. */
static size_t
try(const uint8_t *bytes, size_t size)
{
    size_t count = try_at(bytes, size, 0);

    for (size_t shift = 1; shift < 8; shift++)
        if (try_at(bytes, size, shift) != count)
            ck_abort_msg("at other addresses it is something else");
    return count;
}

static int
result_of(const struct packer *packer)
{
    size_t count = 99;
    int rc = jn_packed_count(&count, jn_span(packer->bytes, packer->size));

    if (rc != 0)
        ck_assert_uint_eq(count, 99);
    return rc;
}

/* Number SAMPLES is a buffer of SEVERAL of them. */
#define SEVERAL 4

static bool
is_in(int which, int i)
{
    return which < SAMPLES ? i == which : i % 5 == 2;
}

static struct packer
packed_sample(int which)
{
    struct packer packer = {0};

    for (int i = 0; i < SAMPLES; i++) {
        struct journal_entry entry = sample(i);

        if (is_in(which, i))
            packer_add(&packer, &entry);
    }
    return packer;
}

START_TEST(nothing_is_no_entries)
{
    size_t count = 99;

    ck_assert_int_eq(jn_packed_count(&count, jn_span("", 0)), EINVAL);
    ck_assert_int_eq(jn_packed_count(&count, jn_span(NULL, 0)), EINVAL);
    ck_assert_uint_eq(count, 99);
}
END_TEST

START_TEST(any_truncation_is_refused_unless_an_entry_ends_there)
{
    struct packer packer = packed_sample(_i);
    struct packer whole = {0};
    size_t ends = 0;

    for (int i = 0; i < SAMPLES; i++) {
        struct journal_entry entry = sample(i);

        if (!is_in(_i, i))
            continue;
        for (size_t size = whole.size + (whole.size > 0);
             size < whole.size + jn_packed_size(&entry); size++)
            if (try(packer.bytes, size) != 0)
                ck_abort_msg("cut to %zu it is taken", size);
        packer_add(&whole, &entry);
        ck_assert_uint_eq(try(packer.bytes, whole.size), ++ends);
    }
    ck_assert_uint_eq(whole.size, packer.size);
    free(whole.bytes);
    free(packer.bytes);
}
END_TEST

START_TEST(what_follows_an_entry_has_to_be_one)
{
    struct journal_entry entry = sample(_i);
    struct packer packer = {0};
    uint8_t *longer;

    packer_add(&packer, &entry);
    longer = calloc(1, packer.size + 200);
    memcpy(longer, packer.bytes, packer.size);
    for (size_t more = 1; more <= 200; more++)
        if (try(longer, packer.size + more) != 0)
            ck_abort_msg("%zu zeros behind it are taken", more);
    free(longer);
    free(packer.bytes);
}
END_TEST

START_TEST(any_byte_of_any_value_is_refused_or_understood)
{
    struct packer packer = packed_sample(_i);

    for (size_t i = 0; i < packer.size; i++) {
        uint8_t kept = packer.bytes[i];

        for (unsigned byte = 0; byte < 256; byte++) {
            packer.bytes[i] = (uint8_t)byte;
            try_at(packer.bytes, packer.size, byte % 8);
        }
        packer.bytes[i] = kept;
    }
    ck_assert_uint_eq(try(packer.bytes, packer.size),
                      _i == SAMPLES ? SEVERAL : 1);
    free(packer.bytes);
}
END_TEST

/* Where sums of 32 and of 64 bits go over, and where they do not. */
static const uint32_t hostile[] = {
    0,          1,          3,          4,          5,          7,
    8,          24,         48,         55,         56,         57,
    63,         64,         80,         128,        65535,      65536,
    0x3fffffff, 0x40000000, 0x40000001, 0x7fffffff, 0x80000000, 0xffffffb0,
    0xffffffc8, 0xfffffff7, 0xfffffff8, 0xfffffffe, 0xffffffff,
};
#define HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

static const size_t fields[] = {
    PACKED_TOTAL,     PACKED_FLAGS,      PACKED_KEY_SIZE,
    PACKED_META_SIZE, PACKED_VALUE_SIZE, PACKED_RESERVED,
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static void
try_numbers(struct packer *packer, size_t a, size_t b)
{
    for (size_t i = 0; i < HOSTILE * HOSTILE; i++) {
        packer_put(packer, a, hostile[i / HOSTILE], 4);
        packer_put(packer, b, hostile[i % HOSTILE], 4);
        try_at(packer->bytes, packer->size, i % 8);
    }
}

START_TEST(hostile_numbers_in_any_two_fields_are_refused_or_understood)
{
    struct packer packer = packed_sample(_i);
    uint8_t kept[PACKED_HEADER];

    memcpy(kept, packer.bytes, sizeof(kept));
    for (size_t a = 0; a < FIELDS; a++)
        for (size_t b = 0; b < FIELDS; b++) {
            try_numbers(&packer, fields[a], fields[b]);
            memcpy(packer.bytes, kept, sizeof(kept));
        }
    free(packer.bytes);
}
END_TEST

/* ---- why it is refused -------------------------------------------------- */

static void
assert_refused_with(size_t field, uint64_t number)
{
    struct journal_entry entry = sample(9), before = sample(4);
    struct packer packer = {0};
    size_t at;

    packer_add(&packer, &before);
    at = packer_add(&packer, &entry);
    packer_add(&packer, &before);
    ck_assert_int_eq(result_of(&packer), 0);
    packer_put(&packer, at + field, number, 4);
    ck_assert_int_eq(result_of(&packer), EINVAL);
    free(packer.bytes);
}

/* The ninth: a key, a stamp and a value. */
START_TEST(a_total_that_is_not_that_of_its_parts_is_refused)
{
    struct journal_entry entry = sample(9);
    uint32_t total = (uint32_t)jn_packed_size(&entry);

    assert_refused_with(PACKED_TOTAL, 0);
    assert_refused_with(PACKED_TOTAL, 8);
    assert_refused_with(PACKED_TOTAL, PACKED_HEADER);
    assert_refused_with(PACKED_TOTAL, UINT32_MAX);
    assert_refused_with(PACKED_TOTAL, UINT32_MAX - 7);
    for (uint32_t by = 1; by <= 16; by++) {
        assert_refused_with(PACKED_TOTAL, total - by);
        assert_refused_with(PACKED_TOTAL, total + by);
    }
}
END_TEST

START_TEST(sizes_that_do_not_add_up_are_refused)
{
    assert_refused_with(PACKED_KEY_SIZE, 5 + 8);
    assert_refused_with(PACKED_META_SIZE, 8);
    assert_refused_with(PACKED_VALUE_SIZE, 9 + 8);
    assert_refused_with(PACKED_VALUE_SIZE, 0);
    assert_refused_with(PACKED_KEY_SIZE, UINT32_MAX);
    assert_refused_with(PACKED_META_SIZE, UINT32_MAX);
    assert_refused_with(PACKED_VALUE_SIZE, UINT32_MAX);
}
END_TEST

START_TEST(sizes_that_add_up_to_32_bits_and_the_total_are_refused)
{
    struct journal_entry entry = sample(9);
    struct packer packer = {0};

    packer_add(&packer, &entry);
    packer_put(&packer, PACKED_KEY_SIZE, UINT64_C(0x80000000) + 5, 4);
    packer_put(&packer, PACKED_META_SIZE, UINT64_C(0x80000000), 4);
    ck_assert_int_eq(result_of(&packer), EINVAL);
    free(packer.bytes);
}
END_TEST

START_TEST(flags_that_are_not_of_an_entry_are_refused)
{
    for (unsigned bit = 0; bit < 32; bit++)
        if ((1u << bit & (JOURNAL_TOMBSTONE | JOURNAL_STAMPED)) == 0)
            assert_refused_with(PACKED_FLAGS, JOURNAL_STAMPED | 1u << bit);
}
END_TEST

START_TEST(a_reserved_field_with_something_in_it_is_refused)
{
    for (unsigned bit = 0; bit < 32; bit++)
        assert_refused_with(PACKED_RESERVED, UINT64_C(1) << bit);
}
END_TEST

START_TEST(padding_with_something_in_it_is_refused)
{
    struct journal_entry entry = sample(_i);
    size_t used = PACKED_HEADER + entry.key_size + entry.meta_size +
                  entry.value_size +
                  ((entry.flags & JOURNAL_STAMPED) != 0 ? PACKED_STAMP : 0);
    struct packer packer = {0};

    packer_add(&packer, &entry);
    for (size_t i = used; i < packer.size; i++) {
        packer.bytes[i] = 1;
        ck_assert_int_eq(result_of(&packer), EINVAL);
        packer.bytes[i] = 0;
    }
    ck_assert_int_eq(result_of(&packer), 0);
    free(packer.bytes);
}
END_TEST

START_TEST(padding_of_eight_zeros_or_more_is_refused)
{
    struct journal_entry entry = sample(_i);
    struct packer packer = {0};

    packer_add(&packer, &entry);
    packer.bytes = realloc(packer.bytes, packer.size + 16);
    memset(packer.bytes + packer.size, 0, 16);
    for (int eights = 1; eights <= 2; eights++) {
        packer.size += 8;
        packer_put(&packer, PACKED_TOTAL, packer.size, 4);
        ck_assert_int_eq(result_of(&packer), EINVAL);
    }
    free(packer.bytes);
}
END_TEST

START_TEST(a_tombstone_with_a_value_or_without_a_key_is_refused)
{
    struct journal_entry entries[3] = {sample(17), sample(17), sample(17)};

    entries[0].value_size = 1;
    entries[1].key_size = 0;
    for (size_t i = 0; i < 3; i++) {
        struct packer packer = {0};

        packer_add(&packer, &entries[i]);
        ck_assert_int_eq(result_of(&packer), i < 2 ? EINVAL : 0);
        free(packer.bytes);
    }
}
END_TEST

static void
assert_maximum(size_t field, uint32_t maximum)
{
    for (uint32_t over = 0; over <= 1; over++) {
        uint32_t size = maximum + over;
        struct packer packer = {0};

        /* Pages that nobody touches are not there. */
        packer.size = (PACKED_HEADER + (size_t)size + 7) / 8 * 8;
        packer.bytes = mmap(NULL, packer.size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        ck_assert_ptr_ne(packer.bytes, MAP_FAILED);
        packer_put(&packer, PACKED_TOTAL, packer.size, 4);
        packer_put(&packer, field, size, 4);
        ck_assert_int_eq(result_of(&packer), over ? JOURNAL_TOO_BIG : 0);
        munmap(packer.bytes, packer.size);
    }
}

START_TEST(a_key_a_meta_or_a_value_over_its_maximum_is_too_big)
{
    assert_maximum(PACKED_KEY_SIZE, JOURNAL_KEY_MAX);
    assert_maximum(PACKED_META_SIZE, JOURNAL_META_MAX);
    assert_maximum(PACKED_VALUE_SIZE, JOURNAL_VALUE_MAX);
}
END_TEST

static void
add_damage(TCase *tcase)
{
    tcase_add_test(tcase, nothing_is_no_entries);
    tcase_add_loop_test(tcase,
                        any_truncation_is_refused_unless_an_entry_ends_there, 0,
                        SAMPLES + 1);
    tcase_add_loop_test(tcase, what_follows_an_entry_has_to_be_one, 0, SAMPLES);
    tcase_add_loop_test(tcase, any_byte_of_any_value_is_refused_or_understood,
                        0, SAMPLES + 1);
    tcase_add_loop_test(
        tcase, hostile_numbers_in_any_two_fields_are_refused_or_understood, 0,
        SAMPLES);
}

static void
add_reasons(TCase *tcase)
{
    tcase_add_test(tcase, a_total_that_is_not_that_of_its_parts_is_refused);
    tcase_add_test(tcase, sizes_that_do_not_add_up_are_refused);
    tcase_add_test(tcase,
                   sizes_that_add_up_to_32_bits_and_the_total_are_refused);
    tcase_add_test(tcase, flags_that_are_not_of_an_entry_are_refused);
    tcase_add_test(tcase, a_reserved_field_with_something_in_it_is_refused);
    tcase_add_loop_test(tcase, padding_with_something_in_it_is_refused, 0,
                        SAMPLES);
    tcase_add_loop_test(tcase, padding_of_eight_zeros_or_more_is_refused, 0,
                        SAMPLES);
    tcase_add_test(tcase, a_tombstone_with_a_value_or_without_a_key_is_refused);
    tcase_add_test(tcase, a_key_a_meta_or_a_value_over_its_maximum_is_too_big);
}

static Suite *
suite(void)
{
    Suite *suite = suite_create("packed");
    TCase *tcase = tcase_create("packed");

    tcase_add_loop_test(tcase, an_entry_is_packed_as_the_header_draws_it, 0,
                        SAMPLES);
    tcase_add_loop_test(tcase, an_entry_comes_back_as_it_went_at_any_address, 0,
                        SAMPLES);
    add_damage(tcase);
    add_reasons(tcase);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
