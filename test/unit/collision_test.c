/*
 * collision_test.c - long keys whose hashes are all the same.
 *
 * This program is linked so that jn_hash128() gives a constant: long keys that
 * begin alike then differ by their probes only, and by what the entries say.
 */
#include <journal.h>
#include <stdio.h>
#include <stdlib.h>

#include "audited.h"
#include "base/checksum.h"
#include "base/error.h"
#include "format/index.h"
#include "support/mode.h"
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

static void
assert_no_history(unsigned key)
{
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry = NULL;
    struct journal_entry *found = NULL;
    struct journal_query query;

    ck_assert_int_eq(journal_get_at(journal, keys[key], KEY, 100, &found),
                     JOURNAL_NOT_FOUND);
    journal_query_init(&query);
    query.match = JOURNAL_MATCH_KEY;
    query.key = keys[key];
    query.key_size = KEY;
    ck_assert_int_eq(journal_query(journal, &query, &cursor), 0);
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    journal_cursor_close(cursor);
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
    assert_unknown(256);
    assert_no_history(256);
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    ck_assert_int_eq(append(256, 256), 0);
    assert_value(256, 256, 1);
}
END_TEST

/* ---- verified, backed up ------------------------------------------------- */

static void
open_again(const char *path)
{
    journal_close(journal);
    ck_assert_int_eq(mode_open_as_is(path, NULL, &journal), 0);
}

/* Of what is recent some is of keys that the store has, and some is new. */
static void
append_both(void)
{
    open_again(test_path("journal"));
    for (unsigned i = 0; i < 6; i++)
        ck_assert_int_eq(append(i, i), 0);
    open_again(test_path("journal"));
    for (unsigned i = 4; i < 20; i++)
        ck_assert_int_eq(append(i, 2 * i), 0);
    for (unsigned i = 10; i < 14; i++)
        ck_assert_int_eq(append(i, 3 * i), 0);
}

START_TEST(a_backup_has_them_all)
{
    append_both();
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), 0);
    ck_assert_int_eq(journal_backup(journal, test_path("copy"), 0, NULL, NULL),
                     0);
    open_again(test_path("copy"));
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), 0);
    for (unsigned i = 0; i < 20; i++)
        assert_value(i,
                     i < 4               ? i
                     : i >= 10 && i < 14 ? 3 * i
                                         : 2 * i,
                     i == 4 || i == 5 || (i >= 10 && i < 14) ? 2 : 1);
    assert_unknown(20);
}
END_TEST

START_TEST(a_backup_has_as_many_as_there_may_be)
{
    append_both();
    for (unsigned i = 20; i < 256; i++)
        ck_assert_int_eq(append(i, i), 0);
    ck_assert_int_eq(journal_backup(journal, test_path("copy"), 0, NULL, NULL),
                     0);
    open_again(test_path("copy"));
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), 0);
    for (unsigned i = 20; i < 256; i++)
        assert_value(i, i, 1);
}
END_TEST

static void
assert_index_bad(const struct audited *audited, uint64_t bad)
{
    struct jn_audit_counts counts;

    for (unsigned i = 0; i < 2; i++) {
        audited_retraces = i == 1;
        (void)audited_run(audited, &counts);
        ck_assert_uint_eq(counts.index_bad, bad);
        ck_assert_uint_eq(counts.entries_bad + counts.links_bad, 0);
    }
    audited_retraces = false;
}

START_TEST(a_row_more_than_there_are_keys_is_noticed)
{
    struct jn_chain chain = {.revision = 1, .roots = {3}, .count = 1};
    struct jn_index_key index_key;
    uint8_t bytes[JN_CHAIN_MAX];
    struct audited audited;
    uint8_t *end;

    append_both();
    for (unsigned i = 0; i < 2; i++) {
        audited_take(&audited, journal);
        ck_assert((audited.recent_count > 0) == (i == 0));
        assert_index_bad(&audited, 0);
        jn_index_make(&index_key, jn_span(keys[0], KEY));
        jn_index_set_probe(&index_key, 200);
        end = jn_chain_encode(bytes, &chain,
                              jn_hash64(jn_index_span(&index_key), 0));
        audited_add(&audited, JN_LATEST, jn_index_span(&index_key),
                    jn_span(bytes, (size_t)(end - bytes)));
        assert_index_bad(&audited, 1);
        audited_free(&audited);
        open_again(test_path("journal"));
    }
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
    tcase_add_test(tcase, a_backup_has_them_all);
    tcase_add_test(tcase, a_backup_has_as_many_as_there_may_be);
    tcase_add_test(tcase, a_row_more_than_there_are_keys_is_noticed);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
