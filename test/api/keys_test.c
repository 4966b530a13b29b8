/* keys_test.c - keys of all shapes: long, binary, prefixes of one another. */
#include <stdlib.h>
#include <string.h>

#include "api/steps.h"

/* A set of keys; each stands in the journal with its place as value. */
struct key {
    uint8_t *data;
    size_t size;
};

#define KEYS_MAX 4096
static struct key keys[KEYS_MAX];
static uint32_t count;

static uint8_t *
add_key(size_t size, uint8_t filler)
{
    struct key *key = &keys[count++];

    ck_assert_uint_le(count, KEYS_MAX);
    key->data = malloc(size);
    key->size = size;
    ck_assert_ptr_nonnull(key->data);
    memset(key->data, filler, size);
    return key->data;
}

static void
forget_keys(void)
{
    while (count > 0)
        free(keys[--count].data);
}

static void
append_key(uint32_t place, uint32_t value)
{
    ck_assert_int_eq(journal_append(journal, keys[place].data, keys[place].size,
                                    &value, sizeof(value), NULL),
                     0);
}

static void
assert_key(uint32_t place, uint32_t value)
{
    const struct key *key = &keys[place];
    struct journal_entry *entry;

    ck_assert_int_eq(journal_get(journal, key->data, key->size, &entry), 0);
    ck_assert_uint_eq(entry->key_size, key->size);
    ck_assert_int_eq(memcmp(entry->key, key->data, key->size), 0);
    ck_assert_uint_eq(entry->value_size, sizeof(value));
    ck_assert_mem_eq(entry->value, &value, sizeof(value));
    journal_entry_free(entry);
}

static void
assert_no_key(uint32_t place)
{
    struct journal_entry *entry = NULL;

    ck_assert_int_eq(journal_get(journal, keys[place].data, keys[place].size,
                                 &entry),
                     JOURNAL_NOT_FOUND);
}

/* Appends them all; each is found, and none that comes later is. */
static void
append_all(void)
{
    for (uint32_t i = 0; i < count; i++) {
        append_key(i, i);
        assert_key(i, i);
        if (i + 1 < count)
            assert_no_key(i + 1);
    }
    ck_assert_uint_eq(figures(journal).keys, count);
}

/* Each has its own value, deletion, history and end. */
static void
assert_apart(void)
{
    append_all();
    reopen();
    for (uint32_t i = 0; i < count; i++)
        assert_key(i, i);
    for (uint32_t i = 0; i < count; i += 2)
        ck_assert_int_eq(journal_delete(journal, keys[i].data, keys[i].size,
                                        NULL),
                         0);
    for (uint32_t i = 0; i < count; i++)
        if (i % 2 == 0)
            assert_no_key(i);
        else
            assert_key(i, i);
    ck_assert_int_eq(journal_prune(journal, count, 0, NULL), 0);
    for (uint32_t i = 0; i < count; i++)
        assert_no_key(i);
    ck_assert_uint_eq(figures(journal).keys, 0);
    ck_assert_uint_eq(figures(journal).tombstones, (count + 1) / 2);
    assert_no_gap(journal);
    forget_keys();
}

START_TEST(keys_that_are_prefixes_of_one_another_are_apart)
{
    static const uint8_t fillers[] = {0, 1, 'a', 0xff};

    for (size_t size = 1; size <= 70; size++)
        add_key(size, fillers[_i]);
    for (size_t size = 200; size <= 600; size += 4)
        add_key(size, fillers[_i]);
    assert_apart();
}
END_TEST

START_TEST(keys_of_one_byte_are_apart)
{
    for (unsigned byte = 0; byte < 256; byte++)
        add_key(1, (uint8_t)byte);
    assert_apart();
}
END_TEST

START_TEST(keys_with_nuls_are_apart)
{
    for (unsigned bits = 0; bits < 256; bits++)
        for (size_t size = 8; size <= 9; size++) {
            uint8_t *key = add_key(size, 0);

            for (unsigned i = 0; i < 8; i++)
                key[i] = (uint8_t)(bits >> i & 1);
        }
    assert_apart();
}
END_TEST

START_TEST(long_keys_are_apart)
{
    static const size_t sizes[] = {255,  256,  257,  300,   400,   488,  489,
                                   490,  491,  492,  493,   494,   495,  496,
                                   497,  498,  499,  500,   501,   502,  503,
                                   504,  505,  506,  507,   508,   509,  510,
                                   511,  512,  513,  1000,  1023,  1024, 2047,
                                   2048, 4095, 4096, 10000, 32768, 65535};

    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        add_key(sizes[i], 'k');
    assert_apart();
}
END_TEST

START_TEST(long_keys_that_differ_in_one_byte_are_apart)
{
    static const size_t sizes[] = {256, 511, 512, 1000, 65535};
    size_t size = sizes[_i];
    static const size_t parts[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};

    add_key(size, 'k');
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        add_key(size, 'k')[(size - 1) * parts[i] / 8] ^= 1;
        add_key(size, 'k')[(size - 1) * parts[i] / 8] ^= 0x80;
    }
    assert_apart();
}
END_TEST

START_TEST(long_keys_with_a_long_prefix_in_common_are_apart)
{
    for (unsigned i = 0; i < 300; i++) {
        uint8_t *key = add_key(2000, 'p');

        key[1998] = (uint8_t)(i >> 8);
        key[1999] = (uint8_t)i;
    }
    assert_apart();
}
END_TEST

START_TEST(very_short_beside_very_long_keys_can_always_be_added)
{
    uint64_t state = test_seed();
    unsigned number = rounds(2000, 200);

    for (uint32_t i = 0; i < number; i++) {
        size_t size = test_random(&state) % 3 == 0 ? 400 + i % 200 : 6;
        uint8_t *key = add_key(size, (uint8_t)test_random(&state));

        memcpy(key, &i, sizeof(i));
        memcpy(key + size - sizeof(i), &i, sizeof(i));
    }
    for (uint32_t i = 0; i < number; i++)
        append_key(i, i);
    for (uint32_t i = 0; i < number; i++)
        assert_key(i, i);
    forget_keys();
}
END_TEST

static void
append_histories(uint32_t revisions)
{
    for (uint32_t revision = 0; revision < revisions; revision++)
        for (uint32_t i = 0; i < count; i++)
            append_key(i, revision);
}

START_TEST(long_keys_have_their_own_histories)
{
    struct journal_entry *entry;

    for (uint8_t i = 0; i < 8; i++)
        add_key(1500, 'h')[1499] = i;
    append_histories(20);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t revision = 0; revision < 20; revision++) {
            ck_assert_int_eq(journal_get_at(journal, keys[i].data, 1500,
                                            revision * count + i + 1, &entry),
                             0);
            ck_assert_uint_eq(entry->seq, revision * count + i);
            ck_assert_uint_eq(entry->revision, revision + 1);
            ck_assert_mem_eq(entry->value, &revision, sizeof(revision));
            journal_entry_free(entry);
        }
    forget_keys();
}
END_TEST

START_TEST(a_rewind_takes_long_keys_back)
{
    for (uint8_t i = 0; i < 8; i++)
        add_key(1500, 'h')[1499] = i;
    append_histories(2);
    ck_assert_int_eq(journal_rewind(journal, 12), 0);
    for (uint32_t i = 0; i < count; i++)
        assert_key(i, i < 4 ? 1 : 0);
    ck_assert_int_eq(journal_rewind(journal, 4), 0);
    for (uint32_t i = 0; i < count; i++)
        if (i < 4)
            assert_key(i, 0);
        else
            assert_no_key(i);
    forget_keys();
}
END_TEST

static Suite *
suite(void)
{
    Suite *keys_suite = suite_create("keys");
    TCase *tcase = tcase_create("keys");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_loop_test(tcase, keys_that_are_prefixes_of_one_another_are_apart,
                        0, 4);
    tcase_add_test(tcase, keys_of_one_byte_are_apart);
    tcase_add_test(tcase, keys_with_nuls_are_apart);
    tcase_add_test(tcase, long_keys_are_apart);
    tcase_add_loop_test(tcase, long_keys_that_differ_in_one_byte_are_apart, 0,
                        5);
    tcase_add_test(tcase, long_keys_with_a_long_prefix_in_common_are_apart);
    tcase_add_test(tcase, very_short_beside_very_long_keys_can_always_be_added);
    tcase_add_test(tcase, long_keys_have_their_own_histories);
    tcase_add_test(tcase, a_rewind_takes_long_keys_back);
    suite_add_tcase(keys_suite, tcase);
    return keys_suite;
}

TEST_MAIN(suite)
