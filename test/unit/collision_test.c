/*
 * collision_test.c - long keys whose hashes are all the same.
 *
 * This program is linked so that jn_hash128() gives a constant: long keys that
 * begin alike then differ by their probes only, and by what the entries say.
 */
#include <journal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/checksum.h"
#include "base/error.h"
#include "support/test.h"

#define KEY 300u

void __wrap_jn_hash128(struct jn_span bytes, uint8_t out[JN_HASH128_SIZE]);

void
__wrap_jn_hash128(struct jn_span bytes, uint8_t out[JN_HASH128_SIZE])
{
    (void)bytes;
    memset(out, 7, JN_HASH128_SIZE);
}

static struct journal *journal;
static char keys[260][KEY];

static void
setup(void)
{
    test_setup();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    for (unsigned i = 0; i < 260; i++) {
        memset(keys[i], 'k', KEY);
        snprintf(keys[i] + KEY - 8, 8, "%07u", i);
    }
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

static int
append(unsigned key, unsigned value)
{
    return journal_append(journal, keys[key], KEY, &value, sizeof(value), NULL);
}

static void
assert_value(unsigned key, unsigned value, uint64_t revision)
{
    struct journal_entry *entry = NULL;

    ck_assert_int_eq(journal_get(journal, keys[key], KEY, &entry), 0);
    ck_assert_mem_eq(entry->key, keys[key], KEY);
    ck_assert_mem_eq(entry->value, &value, sizeof(value));
    ck_assert_uint_eq(entry->revision, revision);
    journal_entry_free(entry);
}

static void
assert_unknown(unsigned key)
{
    struct journal_entry *entry = NULL;

    ck_assert_int_eq(journal_get(journal, keys[key], KEY, &entry),
                     JOURNAL_NOT_FOUND);
}

START_TEST(keys_of_one_hash_are_keys_of_their_own)
{
    for (unsigned round = 1; round <= 3; round++) {
        for (unsigned i = 0; i < 40; i++)
            ck_assert_int_eq(append(i, i * round), 0);
        for (unsigned i = 0; i < 40; i++)
            assert_value(i, i * round, round);
    }
    assert_unknown(40);
}
END_TEST

START_TEST(they_may_come_in_one_batch)
{
    struct journal_record records[100] = {{0}};

    for (unsigned i = 0; i < 100; i++) {
        records[i].key = keys[i % 50];
        records[i].key_size = KEY;
        records[i].value = keys[i];
        records[i].value_size = 4;
    }
    ck_assert_int_eq(journal_append_batch(journal, records, 100, NULL), 0);
    for (unsigned i = 0; i < 50; i++) {
        struct journal_entry *entry = NULL;

        ck_assert_int_eq(journal_get(journal, keys[i], KEY, &entry), 0);
        ck_assert_uint_eq(entry->seq, 50 + i);
        ck_assert_uint_eq(entry->prev, i);
        journal_entry_free(entry);
    }
}
END_TEST

START_TEST(a_hole_that_pruning_leaves_hides_no_key)
{
    for (unsigned i = 0; i < 10; i++)
        ck_assert_int_eq(append(i, i), 0);
    ck_assert_int_eq(append(1, 11), 0);
    ck_assert_int_eq(journal_prune(journal, 8, 0, NULL), 0);
    assert_unknown(0);
    assert_value(1, 11, 2);
    assert_unknown(7);
    assert_value(8, 8, 1);
    assert_value(9, 9, 1);
    ck_assert_int_eq(append(20, 20), 0);
    ck_assert_int_eq(append(9, 99), 0);
    assert_value(20, 20, 1);
    assert_value(9, 99, 2);
    assert_value(8, 8, 1);
}
END_TEST

START_TEST(rewinding_and_deleting_find_the_right_one)
{
    struct journal_entry *entry = NULL;

    for (unsigned i = 0; i < 10; i++)
        ck_assert_int_eq(append(i, i), 0);
    ck_assert_int_eq(journal_delete(journal, keys[4], KEY, NULL), 0);
    ck_assert_int_eq(append(5, 55), 0);
    ck_assert_int_eq(append(30, 30), 0);
    assert_unknown(4);
    ck_assert_int_eq(journal_get_at(journal, keys[4], KEY, 10, &entry), 0);
    journal_entry_free(entry);
    ck_assert_int_eq(journal_rewind(journal, 10), 0);
    assert_value(4, 4, 1);
    assert_value(5, 5, 1);
    assert_unknown(30);
}
END_TEST

START_TEST(there_is_room_for_256_of_them_and_no_more)
{
    for (unsigned i = 0; i < 256; i++)
        ck_assert_int_eq(append(i, i), 0);
    ck_assert_int_eq(append(256, 256), JOURNAL_FULL);
    for (unsigned i = 0; i < 256; i++)
        assert_value(i, i, 1);
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    ck_assert_int_eq(append(256, 256), 0);
    assert_value(256, 256, 1);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("collision");
    TCase *tcase = tcase_create("collision");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, keys_of_one_hash_are_keys_of_their_own);
    tcase_add_test(tcase, they_may_come_in_one_batch);
    tcase_add_test(tcase, a_hole_that_pruning_leaves_hides_no_key);
    tcase_add_test(tcase, rewinding_and_deleting_find_the_right_one);
    tcase_add_test(tcase, there_is_room_for_256_of_them_and_no_more);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
