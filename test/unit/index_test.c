/* index_test.c - index keys: distinct, in order, and never refused by LMDB. */
#include "format/index.h"

#include <lmdb.h>
#include <stdio.h>

#include "support/test.h"

static uint8_t bytes[65535];

/* A key of bytes that make trouble: zeros, the tag, what classes look like. */
static struct jn_span
random_key(uint64_t *state, uint8_t *out)
{
    static const uint8_t odd[] = {0, 0, 0, 1, 2, 6, 7, 8, 9, 255};
    size_t size = 1 + test_random(state) % 12;

    for (size_t i = 0; i < size; i++)
        out[i] = odd[test_random(state) % sizeof(odd)];
    return jn_span(out, size);
}

static int
compare(struct jn_span a, struct jn_span b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.data, b.data, common);

    if (order != 0)
        return order < 0 ? -1 : 1;
    return a.size < b.size ? -1 : a.size > b.size;
}

START_TEST(index_keys_sort_as_keys_do)
{
    uint64_t state = test_seed();
    uint8_t left[16], right[16];

    for (unsigned i = 0; i < 200000; i++) {
        struct jn_span a = random_key(&state, left);
        struct jn_span b = random_key(&state, right);
        struct jn_index_key x, y;

        jn_index_make(&x, a);
        jn_index_make(&y, b);
        ck_assert_int_eq(compare(jn_index_span(&x), jn_index_span(&y)),
                         compare(a, b));
        ck_assert_uint_ge(x.size, 9);
    }
}
END_TEST

/* Behind the tag and seven bytes comes how many of these are the key's. */
START_TEST(what_cannot_be_an_index_key_is_no_beginning_of_a_key)
{
    uint8_t start[JN_INDEX_KEY_MAX];

    memset(bytes, 'k', sizeof(bytes));
    for (size_t size = 1; size < 20; size++) {
        struct jn_index_key index_key;
        struct jn_span span;

        jn_index_make(&index_key, jn_span(bytes, size));
        span = jn_index_span(&index_key);
        ck_assert_uint_eq(jn_index_key_start(span, start), size);
        ck_assert_mem_eq(start, bytes, size);
        for (unsigned class = 0; class < 256; class ++) {
            size_t expected = size <= 7 && class < 8 ? class : 0;

            index_key.data[8] = (uint8_t) class;
            if (size > 7 && class == 8)
                expected = size;
            ck_assert_uint_eq(jn_index_key_start(span, start), expected);
        }
        index_key.data[0] ^= 1;
        ck_assert_uint_eq(jn_index_key_start(span, start), 0);
    }
}
END_TEST

/* A bit of its size may have been flipped: there is no room for so much. */
START_TEST(what_is_longer_than_a_whole_key_and_not_hashed_is_none)
{
    uint8_t start[JN_INDEX_KEY_MAX + 1] = {0};
    struct jn_index_key index_key;
    struct jn_span span;

    memset(bytes, 'k', sizeof(bytes));
    jn_index_make(&index_key, jn_span(bytes, 300));
    span = jn_index_span(&index_key);
    ck_assert_uint_eq(jn_index_key_start(span, start), JN_INDEX_KEY_MAX);
    for (span.size--; span.size > JN_INDEX_KEY_MAX + 2; span.size--)
        ck_assert_uint_eq(jn_index_key_start(span, start), 0);
    ck_assert_uint_eq(jn_index_key_start(span, start), JN_INDEX_KEY_MAX);
    ck_assert_uint_eq(start[JN_INDEX_KEY_MAX], 0);
}
END_TEST

START_TEST(keys_around_the_longest_whole_one_sort_too)
{
    struct jn_index_key x, y;

    memset(bytes, 'k', sizeof(bytes));
    for (size_t size = 250; size <= 255; size++) {
        jn_index_make(&x, jn_span(bytes, size));
        jn_index_make(&y, jn_span(bytes, size + 1));
        ck_assert_int_lt(compare(jn_index_span(&x), jn_index_span(&y)), 0);
        ck_assert(!jn_index_is_hashed(jn_index_span(&x)));
        ck_assert_uint_eq(x.size, size + 2);
    }
    ck_assert(jn_index_is_hashed(jn_index_span(&y)));
}
END_TEST

START_TEST(long_keys_differ_by_their_hash)
{
    static const size_t sizes[] = {256, 257, 1000, 65535};
    struct jn_index_key x, y;

    memset(bytes, 'k', sizeof(bytes));
    for (size_t i = 0; i < 4; i++) {
        jn_index_make(&x, jn_span(bytes, sizes[i]));
        bytes[sizes[i] - 1] ^= 1;
        jn_index_make(&y, jn_span(bytes, sizes[i]));
        bytes[sizes[i] - 1] ^= 1;
        ck_assert_uint_eq(x.size, JN_INDEX_MAX);
        ck_assert_mem_eq(x.data, y.data, 257);
        ck_assert(!jn_index_same_hash(jn_index_span(&x), jn_index_span(&y)));
    }
}
END_TEST

START_TEST(probes_tell_keys_of_one_hash_apart)
{
    struct jn_index_key x, y;

    memset(bytes, 'k', sizeof(bytes));
    jn_index_make(&x, jn_span(bytes, 300));
    y = x;
    jn_index_set_probe(&y, 255);
    ck_assert_uint_eq(jn_index_probe(jn_index_span(&x)), 0);
    ck_assert_uint_eq(jn_index_probe(jn_index_span(&y)), 255);
    ck_assert(jn_index_same_hash(jn_index_span(&x), jn_index_span(&y)));
    ck_assert_int_lt(compare(jn_index_span(&x), jn_index_span(&y)), 0);
}
END_TEST

/*
 * Puts short keys and long ones, in random order, with values so large that
 * nearly every key is a separator of pages: at such mixtures LMDB 0.9 fails
 * for ever with MDB_PAGE_FULL.  Gives the first error, with keys as they are
 * or in their INDEXED form.
 */
static int
hammer(uint64_t *state, bool indexed)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    int rc = 0;

    ck_assert_int_eq(mdb_env_create(&env), 0);
    ck_assert_int_eq(mdb_env_set_mapsize(env, 64u << 20), 0);
    ck_assert_int_eq(mdb_env_open(env, test_path("hammered"),
                                  MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOSYNC, 0600),
                     0);
    ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    ck_assert_int_eq(mdb_dbi_open(txn, NULL, 0, &table), 0);
    for (unsigned i = 0; i < 200 && rc == 0; i++) {
        bool is_long = test_random(state) % 2 == 0;
        size_t size = is_long ? 236 + test_random(state) % 10
                              : 1 + test_random(state) % 2;
        struct jn_index_key index_key;
        MDB_val key = {size, bytes}, value = {1700, bytes};

        memset(bytes, 'x', 1700);
        bytes[0] = (uint8_t)(is_long ? 200 : test_random(state) % 100);
        bytes[1] = (uint8_t)test_random(state);
        jn_index_make(&index_key, jn_span(bytes, size));
        if (indexed) {
            key.mv_data = index_key.data;
            key.mv_size = index_key.size;
        }
        rc = mdb_put(txn, table, &key, &value, 0);
    }
    mdb_txn_abort(txn);
    mdb_env_close(env);
    remove(test_path("hammered"));
    return rc;
}

START_TEST(no_mixture_of_lengths_is_refused_by_lmdb)
{
    uint64_t state = test_seed(), again;
    size_t rounds = (size_t)(400 * test_scale()) + 10, refused = 0;

    /* Until one of the mixtures was of those that are refused as they are. */
    for (size_t i = 0; i < rounds || (refused == 0 && i < 20000); i++) {
        again = state;
        ck_assert_int_eq(hammer(&state, true), 0);
        refused += hammer(&again, false) == MDB_PAGE_FULL;
    }
    ck_assert_uint_gt(refused, 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("index");
    TCase *tcase = tcase_create("index");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, index_keys_sort_as_keys_do);
    tcase_add_test(tcase, what_cannot_be_an_index_key_is_no_beginning_of_a_key);
    tcase_add_test(tcase,
                   what_is_longer_than_a_whole_key_and_not_hashed_is_none);
    tcase_add_test(tcase, keys_around_the_longest_whole_one_sort_too);
    tcase_add_test(tcase, long_keys_differ_by_their_hash);
    tcase_add_test(tcase, probes_tell_keys_of_one_hash_apart);
    tcase_add_test(tcase, no_mixture_of_lengths_is_refused_by_lmdb);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
