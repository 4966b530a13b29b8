/* store_map_test.c - a store whose map is full, and cannot be made larger. */
#include <limits.h>

#include "base/error.h"
#include "store/store_env.h"
#include "support/test.h"

#define LIMIT (UINT64_C(1) << 20) /* that the map has room for at first */
#define VALUE (100u << 10)

static struct jn_store *store;

/* ---- address space that is short ----------------------------------------- */

static unsigned fails; /* so many of the next maps cannot be had */

int __real_mdb_env_set_mapsize(MDB_env *env, size_t size);
int __wrap_mdb_env_set_mapsize(MDB_env *env, size_t size);

int
__wrap_mdb_env_set_mapsize(MDB_env *env, size_t size)
{
    if (fails == 0)
        return __real_mdb_env_set_mapsize(env, size);
    fails--;
    return ENOMEM;
}

/* ---- a store ------------------------------------------------------------- */

static void
setup(void)
{
    const struct jn_row rows[] = {{"a", {(const uint8_t *)"first", 5}}};
    const struct jn_store_options options = {.mode = 0600, .bytes_max = LIMIT};

    test_setup();
    ck_assert_int_eq(jn_store_create(test_path(JN_STORE_FILE), 0600, rows, 1),
                     0);
    ck_assert_int_eq(jn_store_open(&store, test_dir, &options), 0);
    fails = 0;
}

static void
teardown(void)
{
    jn_store_close(store);
    test_teardown();
}

/* A row of 100 KiB more. */
static int
put_value(void)
{
    static uint8_t value[VALUE];
    uint8_t key[8];
    struct jn_txn txn;
    bool unknown = true;
    int rc = jn_store_begin_write(store, &txn);

    if (rc != 0)
        return rc;
    jn_put_be64(key, jn_store_count(&txn, JN_ENTRIES));
    rc = jn_store_put(&txn, JN_ENTRIES, jn_span(key, sizeof(key)),
                      jn_span(value, sizeof(value)));
    if (rc == 0)
        return jn_store_commit(&txn, &unknown);
    jn_store_abort(&txn);
    return rc;
}

static uint64_t
count_values(void)
{
    struct jn_span key, value;
    struct jn_txn txn;
    uint64_t count;

    ck_assert_int_eq(jn_store_begin_read(store, &txn), 0);
    count = jn_store_count(&txn, JN_ENTRIES);
    key = jn_span("a", 1);
    ck_assert_int_eq(jn_store_get(&txn, JN_META, key, &value), 0);
    ck_assert(jn_span_equal(value, jn_span("first", 5)));
    jn_store_end_read(&txn);
    return count;
}

static uint64_t
fill(void)
{
    uint64_t before = count_values(), count = before;
    int rc;

    while ((rc = put_value()) == 0)
        count++;
    ck_assert_int_eq(rc, JOURNAL_FULL);
    ck_assert_uint_gt(count, before);
    ck_assert_uint_eq(count_values(), count);
    return count;
}

static int
widen(void)
{
    return jn_store_widen(store, 2 * LIMIT);
}

static int
make_room(void)
{
    bool free_pages;

    return jn_store_make_room(store, 16 * LIMIT, &free_pages);
}

static int (*const ways[])(void) = {make_room, widen};

#define WAYS ((int)(sizeof(ways) / sizeof(ways[0])))

START_TEST(a_map_that_can_be_made_larger_is)
{
    uint64_t count = fill();

    ck_assert_uint_ge(count, 5);
    ck_assert_uint_lt(count, LIMIT / VALUE);
    ck_assert_int_eq(ways[_i](), 0);
    ck_assert_uint_ge(fill(), count + 5);
}
END_TEST

/* LMDB has let the old one go by then. */
START_TEST(a_map_that_cannot_be_made_larger_is_had_again)
{
    uint64_t count = fill();

    for (unsigned i = 0; i < 3; i++) {
        fails = 1;
        ck_assert_int_eq(ways[_i](), JOURNAL_FULL);
        ck_assert_uint_eq(fails, 0);
        ck_assert_uint_eq(count_values(), count);
        ck_assert_int_eq(put_value(), JOURNAL_FULL);
    }
    ck_assert_int_eq(ways[_i](), 0);
    ck_assert_uint_gt(fill(), count);
}
END_TEST

START_TEST(without_any_map_a_store_fails_until_it_is_opened_anew)
{
    uint64_t count = fill(), bytes = 4711;

    fails = UINT_MAX;
    ck_assert_int_ne(ways[_i](), 0);
    ck_assert_int_eq(make_room(), JOURNAL_FULL);
    ck_assert_int_eq(widen(), JOURNAL_FAILED);
    ck_assert_int_eq(jn_store_adopt_map(store), JOURNAL_FAILED);
    ck_assert_int_eq(jn_store_file_bytes(store, &bytes), JOURNAL_FAILED);
    ck_assert_uint_eq(bytes, 4711);
    ck_assert_int_eq(put_value(), JOURNAL_FAILED);
    fails = 0;
    ck_assert_int_eq(jn_store_reopen(store, false), 0);
    ck_assert_uint_eq(count_values(), count);
    ck_assert_int_eq(put_value(), JOURNAL_FULL);
    ck_assert_int_eq(ways[_i](), 0);
    ck_assert_uint_gt(fill(), count);
}
END_TEST

/* ---- a transaction that had no room -------------------------------------- */

/* Puts large rows until that fails, by LMDB alone if the store is not ASKED. */
static int
put_too_much(struct jn_txn *txn, bool asked)
{
    static uint8_t value[VALUE];
    int rc = 0;

    for (uint8_t i = 0; rc == 0; i++) {
        MDB_val k = {1, &i}, v = {sizeof(value), value};

        rc = asked ? jn_store_put(txn, JN_META, jn_span(&i, 1),
                                  jn_span(value, sizeof(value)))
                   : mdb_put(txn->handle, store->tables[JN_META], &k, &v, 0);
    }
    return rc;
}

/* LMDB refuses every step then, and does not say why. */
START_TEST(who_goes_on_without_room_is_told_that_there_was_none)
{
    struct jn_span key = jn_span((const uint8_t *)"a", 1), value;
    struct jn_place place;
    struct jn_txn txn;
    bool unknown;

    ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
    ck_assert_int_eq(put_too_much(&txn, true), JOURNAL_FULL);
    ck_assert_int_eq(jn_store_get(&txn, JN_META, key, &value), JOURNAL_FULL);
    ck_assert_int_eq(jn_store_get(&txn, JN_LATEST, key, &value), JOURNAL_FULL);
    ck_assert_int_eq(jn_store_put(&txn, JN_META, key, key), JOURNAL_FULL);
    ck_assert_int_eq(jn_store_delete(&txn, JN_META, key), JOURNAL_FULL);
    ck_assert_int_eq(jn_place_open(&place, &txn, JN_META), JOURNAL_FULL);
    ck_assert_int_eq(jn_store_touch(&txn), JOURNAL_FULL);
    ck_assert_int_eq(jn_store_commit(&txn, &unknown), JOURNAL_FULL);
    ck_assert(!unknown);
    ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
    ck_assert_int_eq(jn_store_get(&txn, JN_META, key, &value), 0);
    ck_assert_int_eq(jn_store_put(&txn, JN_META, key, key), 0);
    ck_assert_int_eq(jn_store_commit(&txn, &unknown), 0);
}
END_TEST

/* It is said of no other failure. */
START_TEST(who_goes_on_after_another_failure_is_told_of_damage)
{
    struct jn_span key = jn_span((const uint8_t *)"a", 1);
    struct jn_txn txn;
    bool unknown;

    ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
    ck_assert_int_eq(put_too_much(&txn, false), MDB_MAP_FULL);
    ck_assert_int_eq(jn_store_put(&txn, JN_META, key, key), JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_store_commit(&txn, &unknown), JOURNAL_CORRUPT);
    ck_assert(!unknown);
    ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
    ck_assert_int_eq(jn_store_put(&txn, JN_META, key, key), 0);
    ck_assert_int_eq(jn_store_commit(&txn, &unknown), 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("store_map");
    TCase *tcase = tcase_create("map");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_map_that_can_be_made_larger_is, 0, WAYS);
    tcase_add_loop_test(tcase, a_map_that_cannot_be_made_larger_is_had_again, 0,
                        WAYS);
    tcase_add_loop_test(tcase,
                        without_any_map_a_store_fails_until_it_is_opened_anew,
                        0, WAYS);
    tcase_add_test(tcase, who_goes_on_without_room_is_told_that_there_was_none);
    tcase_add_test(tcase, who_goes_on_after_another_failure_is_told_of_damage);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
