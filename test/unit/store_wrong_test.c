/* store_wrong_test.c - what LMDB says, translated; files of other programs. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "store/store_env.h"
#include "support/test.h"

static const struct {
    int code, result;
} codes[] = {
    {MDB_NOTFOUND, JOURNAL_NOT_FOUND},
    {MDB_MAP_FULL, JOURNAL_FULL},
    {MDB_TXN_FULL, JOURNAL_TOO_BIG},
    {MDB_PAGE_FULL, JOURNAL_TOO_BIG},
    {MDB_READERS_FULL, EAGAIN},
    {MDB_CORRUPTED, JOURNAL_CORRUPT},
    {MDB_PAGE_NOTFOUND, JOURNAL_CORRUPT},
    {MDB_CURSOR_FULL, JOURNAL_CORRUPT},
    {MDB_BAD_DBI, JOURNAL_CORRUPT},
    {MDB_BAD_TXN, JOURNAL_CORRUPT}, /* unless there was no room before */
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

/* ---- readers ------------------------------------------------------------ */

/* LMDB's lock file: where readers are counted, the first, and its number. */
#define LINES(size) (((size) + 63) / 64 * 64)
#define COUNT_AT (8 + sizeof(pthread_mutex_t) + 8)
#define READERS_AT (LINES(COUNT_AT + 4) + LINES(sizeof(pthread_mutex_t)))
#define READER_SIZE 64
#define READER_PID_AT 8

/* A child that reads, until TO_CHILD is closed. */
static pid_t
read_in_child(int to_child[2])
{
    const struct jn_store_options options = {.mode = 0600};
    struct jn_store *store = NULL;
    struct jn_txn txn;
    int ready[2];
    char byte = 0;
    pid_t pid;

    ck_assert_int_eq(pipe(to_child), 0);
    ck_assert_int_eq(pipe(ready), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        close(to_child[1]);
        if (jn_store_open(&store, test_dir, &options) != 0 ||
            jn_store_begin_read(store, &txn) != 0 ||
            write(ready[1], &byte, 1) != 1)
            _exit(1);
        (void)!read(to_child[0], &byte, 1);
        _exit(0);
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(to_child[0]);
    return pid;
}

/* The process of slot I; with NUMBER that is another from now on. */
static pid_t
reader(unsigned i, const pid_t *number)
{
    off_t at = (off_t)(READERS_AT + i * READER_SIZE + READER_PID_AT);
    int file = open(test_path(JN_STORE_LOCK_FILE), O_RDWR);
    uint32_t count = i + 1;
    pid_t pid;

    ck_assert_int_ge(file, 0);
    if (number != NULL) {
        ck_assert_int_eq(pwrite(file, number, sizeof(*number), at),
                         sizeof(*number));
        ck_assert_int_eq(pwrite(file, &count, sizeof(count), COUNT_AT),
                         sizeof(count));
    }
    ck_assert_int_eq(pread(file, &pid, sizeof(pid), at), sizeof(pid));
    close(file);
    return pid;
}

/* As in a container that is started again, where numbers begin at 1. */
START_TEST(a_reader_that_died_with_the_same_number_is_cleared)
{
    const struct jn_store_options options = {.mode = 0600, .others = true};
    const pid_t own = getpid();
    struct jn_store *store = NULL;
    int to_child[2];
    pid_t child;

    make_file(JN_TABLES, 0);
    child = read_in_child(to_child);
    ck_assert_int_eq(reader(0, NULL), child);
    ck_assert_int_eq(reader(1, &own), own);
    ck_assert_int_eq(jn_store_open(&store, test_dir, &options), 0);
    ck_assert_int_eq(reader(0, NULL), child);
    ck_assert_int_eq(reader(1, NULL), 0);
    jn_store_close(store);
    close(to_child[1]);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

/* ---- where the pages are is not known ------------------------------------ */

#define MORE_TABLES 100u

/* So many more that LMDB's table of their names has two levels. */
static void
add_tables(void)
{
    MDB_env *env;
    MDB_txn *txn;

    ck_assert_int_eq(mdb_env_create(&env), 0);
    ck_assert_int_eq(mdb_env_set_maxdbs(env, MORE_TABLES), 0);
    ck_assert_int_eq(mdb_env_open(env, test_path(JN_STORE_FILE), MDB_NOSUBDIR,
                                  0600),
                     0);
    ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    for (unsigned i = 0; i < MORE_TABLES; i++) {
        char name[64];
        MDB_dbi table;

        (void)snprintf(name, sizeof(name), "another program's table %u", i);
        ck_assert_int_eq(mdb_dbi_open(txn, name, MDB_CREATE, &table), 0);
    }
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

/* The page of the names says that it is another one. */
static void
rename_root(void)
{
    int file = open(test_path(JN_STORE_FILE), O_RDWR);
    long size = sysconf(_SC_PAGESIZE);
    struct jn_meta metas[2];
    uint64_t root, other = 1;

    ck_assert_int_ge(file, 0);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(pread(file, &metas[i], sizeof(metas[i]),
                               i * size + JN_PAGE_HEADER),
                         sizeof(metas[i]));
    root = metas[metas[1].transaction > metas[0].transaction].trees[1].root;
    ck_assert_int_eq(pwrite(file, &other, sizeof(other), (off_t)root * size),
                     sizeof(other));
    close(file);
}

static const struct jn_span key = {(const uint8_t *)"key", 3};

/* A row in each of two tables. */
static void
put_rows(struct jn_txn *txn)
{
    ck_assert_int_eq(jn_store_put(txn, JN_LATEST, key, key), 0);
    ck_assert_int_eq(jn_store_put(txn, JN_META, key, key), 0);
}

static void
make_rows(void)
{
    const struct jn_store_options options = {.mode = 0600};
    struct jn_store *store = NULL;
    struct jn_txn txn;
    bool unknown;

    make_file(JN_TABLES, 0);
    ck_assert_int_eq(jn_store_open(&store, test_dir, &options), 0);
    ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
    put_rows(&txn);
    ck_assert_int_eq(jn_store_commit(&txn, &unknown), 0);
    jn_store_close(store);
}

static void
assert_rows(struct jn_txn *txn)
{
    struct jn_store_tree tree;
    struct jn_span value = {NULL, 0};

    ck_assert_int_eq(jn_store_tree_of(&tree, txn, JN_LATEST),
                     JOURNAL_NOT_FOUND);
    ck_assert_int_eq(jn_store_get(txn, JN_LATEST, key, &value), 0);
    ck_assert(jn_span_equal(value, key));
    ck_assert_int_eq(jn_store_get(txn, JN_META, key, &value), 0);
    ck_assert_int_eq(jn_store_get(txn, JN_ENTRIES, key, &value),
                     JOURNAL_NOT_FOUND);
}

/* LMDB looks them up then. */
START_TEST(where_the_pages_are_not_known_rows_are_found_all_the_same)
{
    const struct jn_store_options options = {.mode = 0600};
    struct jn_store *store = NULL;
    struct jn_txn txn;
    bool unknown;

    make_rows();
    if (_i == 0)
        add_tables();
    else
        rename_root();
    ck_assert_int_eq(jn_store_open(&store, test_dir, &options), 0);
    if (_i == 0) {
        ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
        ck_assert_int_eq(jn_store_put(&txn, JN_LATEST, key, key), 0);
        assert_rows(&txn);
        ck_assert_int_eq(jn_store_commit(&txn, &unknown), 0);
    }
    ck_assert_int_eq(jn_store_begin_read(store, &txn), 0);
    assert_rows(&txn);
    jn_store_end_read(&txn);
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
    tcase_add_test(tcase, a_reader_that_died_with_the_same_number_is_cleared);
    tcase_add_loop_test(
        tcase, where_the_pages_are_not_known_rows_are_found_all_the_same, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
