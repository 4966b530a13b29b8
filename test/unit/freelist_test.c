/* freelist_test.c - which pages are free, and lists of them that are wrong. */
#include "pages/freelist.h"

#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "pages/build.h"
#include "pages/walk.h"
#include "support/fast_dir.h"
#include "support/test.h"

#define ROWS 1200u
#define ROUNDS 150u

static MDB_env *env;
static MDB_txn *reader; /* for whom pages are kept */
static size_t page_size;

/* The file, as it is to be read. */
static uint8_t *file_bytes;
static size_t file_size;

static void
setup(void)
{
    test_setup();
    page_size = (size_t)sysconf(_SC_PAGESIZE);
    ck_assert_int_eq(mdb_env_create(&env), 0);
    ck_assert_int_eq(mdb_env_set_mapsize(env, 256 << 20), 0);
    ck_assert_int_eq(mdb_env_open(env, test_dir, MDB_NOSYNC, 0600), 0);
}

static void
teardown(void)
{
    if (reader != NULL)
        mdb_txn_abort(reader);
    mdb_env_close(env);
    free(file_bytes);
    test_teardown();
}

/* ---- files --------------------------------------------------------------- */

/* Writes rows [FROM, TO), or takes them out, in a transaction. */
static void
change(unsigned from, unsigned to, bool put)
{
    static uint8_t bytes[1500];
    MDB_txn *txn;
    MDB_dbi table;

    ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    ck_assert_int_eq(mdb_dbi_open(txn, NULL, 0, &table), 0);
    for (unsigned i = from; i < to; i++) {
        MDB_val key = {sizeof(i), &i}, value = {sizeof(bytes), bytes};

        ck_assert_int_eq(put ? mdb_put(txn, table, &key, &value, 0)
                             : mdb_del(txn, table, &key, NULL),
                         0);
    }
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
}

/* A list of two levels, one of whose rows has pages of its own. */
static void
free_many(void)
{
    change(0, ROWS, true);
    ck_assert_int_eq(mdb_txn_begin(env, NULL, MDB_RDONLY, &reader), 0);
    for (unsigned i = 0; i < ROUNDS; i++)
        change(8 * i, 8 * i + 16 < ROWS ? 8 * i + 16 : ROWS, true);
    change(0, ROWS, false);
}

static void
read_bytes(void)
{
    char path[PATH_MAX];
    FILE *from;

    (void)snprintf(path, sizeof(path), "%s/data.mdb", test_dir);
    from = fopen(path, "rb");
    ck_assert_ptr_nonnull(from);
    ck_assert_int_eq(fseek(from, 0, SEEK_END), 0);
    file_size = (size_t)ftell(from);
    rewind(from);
    file_bytes = malloc(file_size);
    ck_assert_ptr_nonnull(file_bytes);
    ck_assert_uint_eq(fread(file_bytes, 1, file_size, from), file_size);
    ck_assert_int_eq(fclose(from), 0);
}

static int
read_list(int file, struct jn_gaps *gaps)
{
    struct jn_pages *pages = NULL;
    int rc;

    ck_assert_int_eq(jn_pages_open(&pages, file), 0);
    rc = jn_freelist_read(pages, gaps);
    jn_pages_close(pages);
    return rc;
}

static int
read_list_of_bytes(struct jn_gaps *gaps)
{
    int file = memfd_create("freelist", MFD_CLOEXEC), rc;

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, file_bytes, file_size), (ssize_t)file_size);
    rc = read_list(file, gaps);
    close(file);
    return rc;
}

static void
assert_corrupt(void)
{
    struct jn_gaps gaps = {NULL, 0, 0};

    ck_assert_int_eq(read_list_of_bytes(&gaps), JOURNAL_CORRUPT);
    jn_gaps_free(&gaps);
}

/* ---- its pages ----------------------------------------------------------- */

static uint8_t *
page_of(uint64_t number)
{
    ck_assert_uint_lt(number, file_size / page_size);
    return file_bytes + number * page_size;
}

static uint64_t
root(void)
{
    struct jn_meta metas[2];

    for (unsigned i = 0; i < 2; i++)
        memcpy(&metas[i], page_of(i) + JN_PAGE_HEADER, sizeof(metas[i]));
    return metas[metas[1].transaction > metas[0].transaction].trees[0].root;
}

static uint8_t *
node_of(uint8_t *page, unsigned i)
{
    return page + jn_page_offset(page, i);
}

/* The first leaf, and a node in it whose value is in the page. */
static uint8_t *
small_node(void)
{
    uint8_t *page = page_of(root());
    unsigned i = 0;

    while (jn_page_flags(page) == JN_PAGE_BRANCH)
        page = page_of(jn_node_child(node_of(page, 0)));
    while (jn_node_flags(node_of(page, i)) != 0)
        i++;
    return node_of(page, i);
}

static uint8_t *
numbers_of(uint8_t *node)
{
    return node + JN_NODE_HEADER + jn_node_key_size(node);
}

static void
set_size(uint8_t *node, uint16_t size)
{
    memcpy(node, &size, sizeof(size));
    memset(node + 2, 0, 2);
}

static void
set_number(uint8_t *node, unsigned i, uint64_t number)
{
    memcpy(numbers_of(node) + 8 * (size_t)i, &number, sizeof(number));
}

/* ---- what is sound ------------------------------------------------------- */

START_TEST(a_file_without_a_list_has_no_free_pages)
{
    const struct jn_meta *like;
    struct jn_pages *pages = NULL;
    struct jn_gaps gaps = {NULL, 0, 0};
    struct jn_build *build = NULL;
    int file = memfd_create("built", MFD_CLOEXEC), from;

    change(0, 3, true);
    read_bytes();
    from = memfd_create("like", MFD_CLOEXEC);
    ck_assert_int_eq(write(from, file_bytes, file_size), (ssize_t)file_size);
    ck_assert_int_eq(jn_pages_open(&pages, from), 0);
    like = jn_pages_meta(pages);
    ck_assert_int_eq(jn_build_open(&build, file, page_size), 0);
    ck_assert_int_eq(jn_build_end_table(build, "table"), 0);
    ck_assert_int_eq(jn_build_end(build, like), 0);
    jn_build_free(build);
    jn_pages_close(pages);
    ck_assert_int_eq(read_list(file, &gaps), 0);
    ck_assert_uint_eq(gaps.count, 0);
    close(file);
    close(from);
}
END_TEST

/* As LMDB says itself. */
START_TEST(all_free_pages_are_found)
{
    struct jn_gaps gaps = {NULL, 0, 0};
    uint64_t found = 0, wanted = 0;
    MDB_cursor *cursor;
    MDB_val key, value;
    MDB_txn *txn;

    free_many();
    read_bytes();
    ck_assert_uint_eq(jn_page_flags(page_of(root())), JN_PAGE_BRANCH);
    ck_assert_int_eq(read_list_of_bytes(&gaps), 0);
    for (size_t i = 0; i < gaps.count; i++)
        found += gaps.list[i].limit - gaps.list[i].from;
    mdb_txn_abort(reader);
    reader = NULL;
    ck_assert_int_eq(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    ck_assert_int_eq(mdb_cursor_open(txn, 0, &cursor), 0);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        const uint8_t *numbers = value.mv_data;

        wanted += jn_get64(numbers);
        for (uint64_t i = 1; i <= jn_get64(numbers); i++)
            ck_assert(jn_gaps_has(&gaps, jn_get64(numbers + 8 * i)));
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    ck_assert_uint_gt(wanted, ROUNDS);
    ck_assert_uint_eq(found, wanted);
    jn_gaps_free(&gaps);
}
END_TEST

/* ---- what is not --------------------------------------------------------- */

/* At the very end of its page, so that a sanitizer sees a step too far. */
START_TEST(a_row_with_too_few_bytes_for_a_count_is_none)
{
    uint8_t *page, *node;

    free_many();
    read_bytes();
    node = small_node();
    page = file_bytes + (size_t)(node - file_bytes) / page_size * page_size;
    for (uint16_t size = 0; size < 8; size++) {
        uint16_t at = (uint16_t)(page_size - JN_NODE_HEADER - 8 - size);

        set_size(node, size);
        memmove(page + at, node, JN_NODE_HEADER + 8 + size);
        memcpy(page + JN_PAGE_HEADER, &at, sizeof(at));
        node = page + at;
        assert_corrupt();
    }
}
END_TEST

START_TEST(a_row_with_more_pages_than_bytes_is_none)
{
    uint64_t count;

    free_many();
    read_bytes();
    count = jn_get64(numbers_of(small_node()));
    set_number(small_node(), 0, count + 1);
    assert_corrupt();
    set_number(small_node(), 0, UINT64_MAX);
    assert_corrupt();
}
END_TEST

START_TEST(a_number_that_no_page_has_is_none)
{
    static const uint64_t numbers[] = {0, 1, 1 << 30, UINT64_MAX};

    free_many();
    read_bytes();
    for (unsigned i = 0; i < 4; i++) {
        set_number(small_node(), 1, numbers[i]);
        assert_corrupt();
    }
}
END_TEST

START_TEST(a_page_is_free_once)
{
    free_many();
    read_bytes();
    set_number(small_node(), 1, jn_get64(numbers_of(small_node()) + 16));
    assert_corrupt();
}
END_TEST

/* A node of the last leaf whose value has pages of its own. */
static uint8_t *
big_node(void)
{
    uint8_t *page = page_of(root()), *node = NULL;
    unsigned last = jn_page_count(page, page_size) - 1;

    page = page_of(jn_node_child(node_of(page, last)));
    for (unsigned i = 0; i < jn_page_count(page, page_size); i++)
        if (jn_node_flags(node_of(page, i)) == JN_NODE_BIG)
            node = node_of(page, i);
    ck_assert_ptr_nonnull(node);
    return node;
}

START_TEST(a_value_whose_pages_are_none_is_none)
{
    uint64_t first;

    free_many();
    read_bytes();
    memcpy(&first, numbers_of(big_node()), sizeof(first));
    memset(page_of(first), 0, JN_PAGE_HEADER);
    assert_corrupt();
}
END_TEST

static void
set_child(uint8_t *node, uint64_t child)
{
    uint16_t parts[3] = {(uint16_t)child, (uint16_t)(child >> 16),
                         (uint16_t)(child >> 32)};

    memcpy(node, parts, sizeof(parts));
}

START_TEST(branches_that_lead_back_to_themselves_come_to_an_end)
{
    uint8_t *page;

    free_many();
    read_bytes();
    page = page_of(root());
    for (unsigned i = 0; i < jn_page_count(page, page_size); i++)
        set_child(node_of(page, i), root());
    assert_corrupt();
}
END_TEST

/* ---- walked over --------------------------------------------------------- */

static unsigned reports;
static const char *last_report;

static int
take_report(void *context, unsigned table, uint64_t page, const char *what)
{
    (void)context;
    (void)table;
    (void)page;
    reports++;
    last_report = what;
    return 0;
}

/* What a walk over the file says, and the last of what it finds. */
static void
assert_walk(int rc, const char *what)
{
    const struct jn_walk_sink sink = {.bad = take_report};
    int file = memfd_create("walked", MFD_CLOEXEC);
    struct jn_pages *pages = NULL;

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, file_bytes, file_size), (ssize_t)file_size);
    ck_assert_int_eq(jn_pages_open(&pages, file), 0);
    reports = 0;
    ck_assert_int_eq(jn_walk(pages, &sink), rc);
    ck_assert_uint_eq(reports > 0, rc != 0);
    if (rc != 0)
        ck_assert_str_eq(last_report, what);
    jn_pages_close(pages);
    close(file);
}

/* Nothing else is in the file, whose rows have all been taken out. */
START_TEST(a_long_list_of_free_pages_is_walked_over)
{
    uint16_t size;

    free_many();
    read_bytes();
    assert_walk(0, NULL);
    size = jn_get16(big_node());
    /* LMDB lets it shrink where it is, but to a list. */
    set_size(big_node(), size / 2 & 0xfff8);
    assert_walk(JOURNAL_CORRUPT, "a list of free pages that is none");
    set_size(big_node(), size + 1);
    assert_walk(JOURNAL_CORRUPT, "a list of free pages that is none");
    set_size(big_node(), 4);
    assert_walk(JOURNAL_CORRUPT, "a list of free pages that is none");
}
END_TEST

START_TEST(more_tables_than_a_journal_has_are_noticed)
{
    MDB_txn *txn;
    MDB_dbi table;

    mdb_env_close(env);
    ck_assert_int_eq(mdb_env_create(&env), 0);
    ck_assert_int_eq(mdb_env_set_maxdbs(env, 20), 0);
    ck_assert_int_eq(mdb_env_open(env, test_dir, MDB_NOSYNC, 0600), 0);
    ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    for (unsigned i = 0; i < 20; i++) {
        char name[8];

        (void)snprintf(name, sizeof(name), "%u", i);
        ck_assert_int_eq(mdb_dbi_open(txn, name, MDB_CREATE, &table), 0);
    }
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    read_bytes();
    assert_walk(JOURNAL_CORRUPT, "more tables than a journal has");
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("freelist");
    TCase *tcase = tcase_create("freelist");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_file_without_a_list_has_no_free_pages);
    tcase_add_test(tcase, all_free_pages_are_found);
    tcase_add_test(tcase, a_row_with_too_few_bytes_for_a_count_is_none);
    tcase_add_test(tcase, a_row_with_more_pages_than_bytes_is_none);
    tcase_add_test(tcase, a_number_that_no_page_has_is_none);
    tcase_add_test(tcase, a_page_is_free_once);
    tcase_add_test(tcase, a_value_whose_pages_are_none_is_none);
    tcase_add_test(tcase, branches_that_lead_back_to_themselves_come_to_an_end);
    tcase_add_test(tcase, a_long_list_of_free_pages_is_walked_over);
    tcase_add_test(tcase, more_tables_than_a_journal_has_are_noticed);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
