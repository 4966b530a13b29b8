/* store_number_test.c - a snapshot is of the commit whose number it has. */
#include <pthread.h>
#include <stdatomic.h>

#include "base/error.h"
#include "store/store_env.h"
#include "support/fast_dir.h"
#include "support/test.h"

/* More than there are processors, so that they are stopped anywhere. */
#define READERS 8
#define COMMITS 10000u

static struct jn_store *store;
static atomic_bool enough;

static const struct jn_span name = {(const uint8_t *)"number", 6};

static void
setup(void)
{
    uint8_t number[8] = {0};
    const struct jn_row rows[] = {{"number", {number, sizeof(number)}}};
    const struct jn_store_options options = {.mode = 0600};

    test_setup();
    ck_assert_int_eq(jn_store_create(test_path(JN_STORE_FILE), 0600, rows, 1),
                     0);
    ck_assert_int_eq(jn_store_open(&store, test_dir, &options), 0);
    atomic_store(&enough, false);
}

static void
teardown(void)
{
    jn_store_close(store);
    test_teardown();
}

/* What has the number N says so itself. */
static int
commit(void)
{
    uint8_t number[8];
    struct jn_txn txn;
    bool unknown;
    int rc = jn_store_begin_brief(store, &txn);

    if (rc != 0)
        return rc;
    jn_put_be64(number, jn_store_number(&txn));
    rc = jn_store_put(&txn, JN_META, name, jn_span(number, sizeof(number)));
    if (rc == 0)
        return jn_store_commit(&txn, &unknown);
    jn_store_abort(&txn);
    return rc;
}

/* A reader: how many snapshots were of another number. */
static void *
read_on(void *context)
{
    uintptr_t *wrong = context;

    while (!atomic_load(&enough)) {
        struct jn_span value;
        struct jn_txn txn;
        int rc = jn_store_begin_read(store, &txn);

        if (rc == 0) {
            rc = jn_store_get(&txn, JN_META, name, &value);
            *wrong += rc != 0 ||
                      jn_get_be64(value.data) != jn_store_number(&txn);
            jn_store_end_read(&txn);
        }
        *wrong += rc != 0;
    }
    return NULL;
}

START_TEST(a_snapshot_is_that_of_its_number)
{
    pthread_t readers[READERS];
    uintptr_t wrong[READERS] = {0};
    unsigned commits = (unsigned)(COMMITS * test_scale());

    ck_assert_int_eq(commit(), 0);
    for (unsigned i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&readers[i], NULL, read_on, &wrong[i]),
                         0);
    for (unsigned i = 0; i < commits; i++)
        ck_assert_int_eq(commit(), 0);
    atomic_store(&enough, true);
    for (unsigned i = 0; i < READERS; i++) {
        ck_assert_int_eq(pthread_join(readers[i], NULL), 0);
        ck_assert_uint_eq(wrong[i], 0);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("store_number");
    TCase *tcase = tcase_create("number");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_snapshot_is_that_of_its_number);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
