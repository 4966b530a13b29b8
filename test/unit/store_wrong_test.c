/* store_wrong_test.c - what LMDB says, translated; files of other programs. */
#include "store/store.h"

#include <errno.h>
#include <lmdb.h>

#include "base/error.h"
#include "store/store_env.h"
#include "support/test.h"

static const struct {
    int code, result;
} codes[] = {
    {MDB_NOTFOUND, JOURNAL_NOT_FOUND},
    {MDB_MAP_FULL, JOURNAL_FULL},
    {MDB_BAD_TXN, JOURNAL_FULL},
    {MDB_TXN_FULL, JOURNAL_TOO_BIG},
    {MDB_PAGE_FULL, JOURNAL_TOO_BIG},
    {MDB_READERS_FULL, EAGAIN},
    {MDB_CORRUPTED, JOURNAL_CORRUPT},
    {MDB_PAGE_NOTFOUND, JOURNAL_CORRUPT},
    {MDB_CURSOR_FULL, JOURNAL_CORRUPT},
    {MDB_BAD_DBI, JOURNAL_CORRUPT},
    {MDB_INVALID, JOURNAL_UNSUPPORTED},
    {MDB_VERSION_MISMATCH, JOURNAL_UNSUPPORTED},
    {MDB_INCOMPATIBLE, JOURNAL_UNSUPPORTED},
    {MDB_PANIC, JOURNAL_FAILED},
    {MDB_BAD_VALSIZE, JOURNAL_CORRUPT}, /* it says nothing to a caller */
    {0, 0},
    {EIO, EIO},
    {ENOSPC, JOURNAL_FULL},
    {EDQUOT, JOURNAL_FULL},
    {EFBIG, JOURNAL_FULL},
    {JOURNAL_CORRUPT, JOURNAL_CORRUPT}, /* it is ours already */
    {JOURNAL_EXISTS, JOURNAL_EXISTS},
};

START_TEST(each_code_of_lmdb_has_one_of_ours)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        ck_assert_msg(jn_store_error(codes[i].code) == codes[i].result,
                      "%s is %s, not %s", mdb_strerror(codes[i].code),
                      journal_errname(jn_store_error(codes[i].code)),
                      journal_errname(codes[i].result));
}
END_TEST

/* A data file with these tables, the last of them with FLAGS. */
static void
make_file(unsigned count, unsigned flags)
{
    MDB_env *env;
    MDB_txn *txn;

    ck_assert_int_eq(mdb_env_create(&env), 0);
    ck_assert_int_eq(mdb_env_set_maxdbs(env, JN_TABLES), 0);
    ck_assert_int_eq(mdb_env_open(env, test_path(JN_STORE_FILE), MDB_NOSUBDIR,
                                  0600),
                     0);
    ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    for (unsigned i = 0; i < count; i++) {
        MDB_dbi table;

        ck_assert_int_eq(mdb_dbi_open(txn, jn_table_names[i],
                                      MDB_CREATE | (i == count - 1 ? flags : 0),
                                      &table),
                         0);
    }
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static const struct {
    unsigned count, flags;
    int result;
} files[] = {
    {JN_TABLES, 0, 0},
    {JN_TABLES - 1, 0, JOURNAL_UNSUPPORTED},
    {0, 0, JOURNAL_UNSUPPORTED},
    {JN_TABLES, MDB_DUPSORT, JOURNAL_UNSUPPORTED},
    {JN_TABLES, MDB_REVERSEKEY, JOURNAL_UNSUPPORTED},
    {1, MDB_INTEGERKEY, JOURNAL_UNSUPPORTED},
};

START_TEST(a_file_with_other_tables_is_not_supported)
{
    const struct jn_store_options options = {.mode = 0600};
    struct jn_store *store = NULL;
    int rc;

    make_file(files[_i].count, files[_i].flags);
    rc = jn_store_open(&store, test_dir, &options);
    ck_assert_msg(rc == files[_i].result, "%s", journal_errname(rc));
    ck_assert_int_eq(store != NULL, rc == 0);
    jn_store_close(store);
}
END_TEST

/* A sanitizer for threads follows no more locks than 64 that a thread holds. */
#ifdef __SANITIZE_THREAD__
#define AT_ONCE 60u
#else
#define AT_ONCE 1000u
#endif

START_TEST(a_thousand_can_read_at_once)
{
    static struct jn_txn txns[AT_ONCE];
    const struct jn_store_options options = {.mode = 0600};
    struct jn_store *store = NULL;

    make_file(JN_TABLES, 0);
    ck_assert_int_eq(jn_store_open(&store, test_dir, &options), 0);
    for (unsigned i = 0; i < AT_ONCE; i++)
        ck_assert_int_eq(jn_store_begin_read(store, &txns[i]), 0);
    for (unsigned i = 0; i < AT_ONCE; i++)
        jn_store_end_read(&txns[i]);
    jn_store_close(store);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("store_wrong");
    TCase *tcase = tcase_create("store_wrong");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, each_code_of_lmdb_has_one_of_ours);
    tcase_add_loop_test(tcase, a_file_with_other_tables_is_not_supported, 0,
                        (int)(sizeof(files) / sizeof(files[0])));
    tcase_add_test(tcase, a_thousand_can_read_at_once);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
