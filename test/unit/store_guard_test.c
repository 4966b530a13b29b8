/* store_guard_test.c - what is looked at before a change. */
#include "store/store_guard.h"

#include "base/error.h"
#include "support/test.h"

#define LONG_KEY 500u

static struct jn_store *store;
static struct jn_txn txn;

static void
setup(void)
{
    const struct jn_store_options options = {.mode = 0600};

    test_setup();
    ck_assert_int_eq(jn_store_create(test_path(JN_STORE_FILE), 0600, NULL, 0),
                     0);
    ck_assert_int_eq(jn_store_open(&store, test_dir, &options), 0);
    ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
}

static void
teardown(void)
{
    jn_store_abort(&txn);
    jn_store_close(store);
    test_teardown();
}

/* Commits what there is, and begins anew. */
static void
commit(void)
{
    bool unknown;

    ck_assert_int_eq(jn_store_commit(&txn, &unknown), 0);
    ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
}

/* A key of SIZE bytes, at most LONG_KEY, that begins with NUMBER. */
static struct jn_span
key_of(unsigned number, size_t size)
{
    static uint8_t bytes[LONG_KEY];

    memset(bytes, 'k', sizeof(bytes));
    jn_put_be64(bytes, number);
    return jn_span(bytes, size);
}

static int
put(unsigned number, size_t key_size, size_t size)
{
    static const uint8_t value[16384];

    return jn_store_put(&txn, JN_LATEST, key_of(number, key_size),
                        jn_span(value, size));
}

/* LMDB leaves a value on the pages that it has, if it has just made them. */
START_TEST(a_value_on_more_pages_than_it_needs_is_sound)
{
    ck_assert_int_eq(put(1, 8, 9000), 0);
    ck_assert_int_eq(put(1, 8, _i == 0 ? 5000 : 5), 0);
    commit();
    ck_assert_int_eq(put(2, 8, 5), 0);
    ck_assert_int_eq(put(1, 8, 9000), 0);
    commit();
    ck_assert_int_eq(jn_store_delete(&txn, JN_LATEST, key_of(1, 8)), 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("store_guard");
    TCase *tcase = tcase_create("guard");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_value_on_more_pages_than_it_needs_is_sound, 0,
                        2);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
