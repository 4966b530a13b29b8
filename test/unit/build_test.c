/* build_test.c - a new LMDB file, written from rows in order, without LMDB. */
#include "pages/build.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/store.h"
#include "support/test.h"
#include "pages/walk.h"

#define ROWS_MAX 20000u
#define VALUE_MAX 70000u

/* What each table is to hold; keys and values can be told from the number. */
struct shape {
    unsigned count;
    unsigned key_size;   /* 5 at least */
    unsigned value_size; /* at most */
};

static int file;
static size_t page_size;
static uint64_t seed;
static uint8_t noise[VALUE_MAX];

static void
setup(void)
{
    test_setup();
    seed = test_seed();
    page_size = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < VALUE_MAX; i++)
        noise[i] = (uint8_t)test_random(&seed);
    file = open(test_path(JN_STORE_FILE), O_RDWR | O_CREAT | O_EXCL, 0600);
    ck_assert_int_ge(file, 0);
}

static void
teardown(void)
{
    close(file);
    test_teardown();
}

/* ---- rows ---------------------------------------------------------------- */

static struct jn_span
key_of(const struct shape *shape, unsigned i, uint8_t bytes[JN_KEY_MAX])
{
    memset(bytes, 'k', JN_KEY_MAX);
    jn_put_be32(bytes, i * 2 + 1);
    return jn_span(bytes, 5 + (shape->key_size - 5) * (i % 7) / 6);
}

static struct jn_span
value_of(const struct shape *shape, unsigned i)
{
    uint64_t state = seed + i;
    size_t size = (size_t)(test_random(&state) % (shape->value_size + 1));

    return jn_span(noise + (VALUE_MAX - size) % 1000, size % (VALUE_MAX - 999));
}

static void
add_rows(struct jn_build *build, const struct shape *shape)
{
    uint8_t key[JN_KEY_MAX];

    for (unsigned i = 0; i < shape->count; i++)
        ck_assert_int_eq(jn_build_add(build, key_of(shape, i, key),
                                      value_of(shape, i)),
                         0);
}

static const struct jn_meta like = {
    .magic = 0xBEEFC0DEu,
    .version = 1,
    .map_size = 1 << 20,
    .trees = {{.flags = 8}},
    .transaction = 77,
};

static void
build_file(const struct shape shapes[JN_TABLES])
{
    struct jn_build *build;
    struct stat status;

    ck_assert_int_eq(jn_build_open(&build, file, page_size), 0);
    for (unsigned i = 0; i < JN_TABLES; i++) {
        add_rows(build, &shapes[i]);
        ck_assert_int_eq(jn_build_end_table(build, jn_table_names[i]), 0);
    }
    ck_assert_int_eq(jn_build_end(build, &like), 0);
    ck_assert_int_eq(fstat(file, &status), 0);
    ck_assert_uint_eq(jn_build_size(build), (uint64_t)status.st_size);
    ck_assert_uint_eq((uint64_t)status.st_size % page_size, 0);
    jn_build_free(build);
}

/* ---- read by others ------------------------------------------------------ */

static int
report(void *unused, unsigned table, uint64_t page, const char *what)
{
    (void)unused;
    ck_abort_msg("table %u, page %llu: %s", table, (unsigned long long)page,
                 what);
}

static void
walk_over(uint64_t transaction)
{
    const struct jn_walk_sink sink = {.tables = jn_table_names,
                                      .count = JN_TABLES,
                                      .bad = report};
    struct jn_pages *pages;

    ck_assert_int_eq(jn_pages_open_at(&pages, file, transaction), 0);
    ck_assert_int_eq(jn_walk(pages, &sink), 0);
    jn_pages_close(pages);
}

static void
read_table(struct jn_txn *txn, unsigned table, const struct shape *shape)
{
    uint8_t bytes[JN_KEY_MAX];
    struct jn_place place;
    struct jn_span key, value;

    ck_assert_uint_eq(jn_store_count(txn, table), shape->count);
    ck_assert_int_eq(jn_place_open(&place, txn, table), 0);
    for (unsigned i = 0; i < shape->count; i++) {
        ck_assert_int_eq(jn_place_move(&place, JN_NEXT, &key, &value), 0);
        ck_assert(jn_span_equal(key, key_of(shape, i, bytes)));
        ck_assert(jn_span_equal(value, value_of(shape, i)));
        ck_assert_int_eq(jn_store_get(txn, table, key, &value), 0);
        ck_assert(jn_span_equal(value, value_of(shape, i)));
    }
    ck_assert_int_eq(jn_place_move(&place, JN_NEXT, &key, &value),
                     JOURNAL_NOT_FOUND);
    jn_place_close(&place);
}

/* LMDB splits its pages, merges them, and empties the tables. */
static void
change_tables(struct jn_store *store, const struct shape shapes[JN_TABLES])
{
    uint8_t bytes[JN_KEY_MAX];
    struct jn_txn txn;
    bool unknown;

    ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
    for (unsigned table = 0; table < JN_TABLES; table++)
        for (unsigned i = 0; i < shapes[table].count; i++) {
            struct jn_span key = key_of(&shapes[table], i, bytes);

            if (i % 5 > 0) {
                ck_assert_int_eq(jn_store_delete(&txn, table, key), 0);
                continue;
            }
            bytes[3]++;
            ck_assert_int_eq(jn_store_put(&txn, table, key, jn_span("new", 3)),
                             0);
        }
    ck_assert_int_eq(jn_store_put(&txn, JN_META, jn_span("zz", 2),
                                  jn_span("more", 4)),
                     0);
    ck_assert_int_eq(jn_store_commit(&txn, &unknown), 0);
}

static void
assert_good(const struct shape shapes[JN_TABLES])
{
    const struct jn_store_options options = {.mode = 0600};
    struct jn_store *store;
    struct jn_txn txn;
    uint64_t number;

    walk_over(77);
    walk_over(78);
    ck_assert_int_eq(jn_store_open(&store, test_dir, &options), 0);
    ck_assert_int_eq(jn_store_begin_read(store, &txn), 0);
    number = jn_store_number(&txn);
    ck_assert_uint_eq(number, 78);
    for (unsigned table = 0; table < JN_TABLES; table++)
        read_table(&txn, table, &shapes[table]);
    jn_store_end_read(&txn);
    change_tables(store, shapes);
    jn_store_close(store);
    walk_over(number + 1);
}

/* ---- tests --------------------------------------------------------------- */

static const struct shape all_shapes[][JN_TABLES] = {
    {{0, 5, 0}, {0, 5, 0}, {0, 5, 0}},
    {{1, 5, 0}, {0, 5, 0}, {2, 511, 5}},
    {{1, 5, 69000}, {3, 300, 9000}, {0, 5, 0}},
    {{5000, 8, 100}, {300, 274, 60}, {10, 9, 60}},
    {{200, 8, 9000}, {5000, 511, 30}, {300, 200, 8}},
    {{ROWS_MAX, 8, 0}, {0, 5, 0}, {20, 300, 3000}},
};

START_TEST(lmdb_finds_what_was_written)
{
    build_file(all_shapes[_i]);
    assert_good(all_shapes[_i]);
}
END_TEST

/* Each number of rows about those at which a page, or a level, is full. */
START_TEST(every_number_of_rows_makes_good_trees)
{
    for (unsigned count = 1; count < 130; count++) {
        const struct shape shapes[JN_TABLES] = {{count, 511, 20},
                                                {count, 511, 1200},
                                                {count / 3, 511, 2600}};

        ck_assert_int_eq(ftruncate(file, 0), 0);
        build_file(shapes);
        walk_over(77);
    }
}
END_TEST

/* Sizes of values about those at which they get pages, and another page. */
START_TEST(values_of_every_size_are_whole)
{
    const size_t turns[] = {2000, page_size - 16, 2 * page_size - 16};
    const struct jn_store_options options = {.mode = 0600};
    struct jn_build *build;
    struct jn_store *store;
    struct jn_txn txn;
    struct jn_span value;
    uint8_t key[8];

    ck_assert_int_eq(jn_build_open(&build, file, page_size), 0);
    for (unsigned i = 0; i < 3 * 80; i++) {
        jn_put_be64(key, i);
        value = jn_span(noise, turns[i / 80] - 40 + i % 80);
        ck_assert_int_eq(jn_build_add(build, jn_span(key, 8), value), 0);
    }
    for (unsigned i = 0; i < JN_TABLES; i++)
        ck_assert_int_eq(jn_build_end_table(build, jn_table_names[i]), 0);
    ck_assert_int_eq(jn_build_end(build, &like), 0);
    jn_build_free(build);
    walk_over(78);
    ck_assert_int_eq(jn_store_open(&store, test_dir, &options), 0);
    ck_assert_int_eq(jn_store_begin_read(store, &txn), 0);
    for (unsigned i = 0; i < 3 * 80; i++) {
        jn_put_be64(key, i);
        ck_assert_int_eq(jn_store_get(&txn, JN_ENTRIES, jn_span(key, 8),
                                      &value),
                         0);
        ck_assert(
            jn_span_equal(value, jn_span(noise, turns[i / 80] - 40 + i % 80)));
    }
    jn_store_end_read(&txn);
    jn_store_close(store);
}
END_TEST

START_TEST(keys_have_to_ascend_and_to_be_keys)
{
    static const uint8_t long_key[JN_KEY_MAX + 1];
    struct jn_build *build;

    ck_assert_int_eq(jn_build_open(&build, file, page_size), 0);
    ck_assert_int_eq(jn_build_add(build, jn_span("", 0), jn_span("", 0)),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_build_add(build, jn_span(long_key, JN_KEY_MAX + 1),
                                  jn_span("", 0)),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_build_add(build, jn_span("b", 1), jn_span("", 0)), 0);
    ck_assert_int_eq(jn_build_add(build, jn_span("b", 1), jn_span("", 0)),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_build_add(build, jn_span("a", 1), jn_span("", 0)),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_build_add(build, jn_span("ba", 2), jn_span("", 0)), 0);
    /* The next table begins anew. */
    ck_assert_int_eq(jn_build_end_table(build, "a"), 0);
    ck_assert_int_eq(jn_build_add(build, jn_span("a", 1), jn_span("", 0)), 0);
    jn_build_free(build);
}
END_TEST

START_TEST(what_is_not_ended_is_none_of_lmdbs)
{
    const struct shape shape = {ROWS_MAX, 8, 100};
    struct jn_build *build;
    struct jn_pages *pages;
    struct stat status;

    ck_assert_int_eq(jn_build_open(&build, file, page_size), 0);
    add_rows(build, &shape);
    jn_build_free(build);
    ck_assert_int_eq(fstat(file, &status), 0);
    ck_assert_int_ge(status.st_size, 1 << 20);
    ck_assert_int_eq(jn_pages_open_any(&pages, file), JOURNAL_UNSUPPORTED);
}
END_TEST

START_TEST(a_limit_on_files_is_no_signal)
{
    const struct shape shape = {1, 8, 100};
    const struct rlimit limit = {1 << 20, RLIM_INFINITY};
    static uint8_t large[2 << 20];
    struct jn_build *build;

    ck_assert_int_eq(jn_build_open(&build, file, page_size), 0);
    add_rows(build, &shape);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(jn_build_add(build, jn_span("x", 1),
                                  jn_span(large, sizeof(large))),
                     EFBIG);
    jn_build_free(build);
}
END_TEST

#define SMALL_PAGE 512u
#define MANY 65600u /* of these */

/* The N-th page of those of SMALL_PAGE bytes. */
static void
read_small(uint64_t n, uint8_t page[SMALL_PAGE])
{
    ck_assert_int_eq(pread(file, page, SMALL_PAGE, (off_t)(n * SMALL_PAGE)),
                     SMALL_PAGE);
    ck_assert_uint_eq(jn_page_number(page), n);
}

/* Behind a value that takes as many. */
START_TEST(numbers_of_pages_may_take_more_than_16_bits)
{
    uint8_t *large = calloc(MANY, SMALL_PAGE), page[SMALL_PAGE], key[8];
    struct jn_build *build;
    struct jn_tree tree;
    const uint8_t *node;

    ck_assert_ptr_nonnull(large);
    ck_assert_int_eq(jn_build_open(&build, file, SMALL_PAGE), 0);
    for (unsigned i = 0; i < 20; i++) {
        jn_put_be64(key, i);
        ck_assert_int_eq(jn_build_add(build, jn_span(key, sizeof(key)),
                                      jn_span(large, i == 0 ? MANY * SMALL_PAGE
                                                            : 100)),
                         0);
    }
    free(large);
    ck_assert_int_eq(jn_build_end_table(build, "table"), 0);
    ck_assert_int_eq(jn_build_end(build, &like), 0);
    /* The root of the names is the last page. */
    read_small(jn_build_size(build) / SMALL_PAGE - 1, page);
    jn_build_free(build);
    node = page + jn_page_offset(page, 0);
    memcpy(&tree, node + JN_NODE_HEADER + strlen("table"), sizeof(tree));
    read_small(tree.root, page);
    ck_assert_uint_eq(jn_page_flags(page), JN_PAGE_BRANCH);
    for (unsigned i = 0; i < jn_page_count(page, SMALL_PAGE); i++) {
        uint8_t leaf[SMALL_PAGE];
        uint64_t child = jn_node_child(page + jn_page_offset(page, i));

        ck_assert_uint_gt(child, UINT16_MAX);
        read_small(child, leaf);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("build");
    TCase *tcase = tcase_create("build");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, lmdb_finds_what_was_written, 0,
                        sizeof(all_shapes) / sizeof(all_shapes[0]));
    tcase_add_test(tcase, every_number_of_rows_makes_good_trees);
    tcase_add_test(tcase, values_of_every_size_are_whole);
    tcase_add_test(tcase, keys_have_to_ascend_and_to_be_keys);
    tcase_add_test(tcase, what_is_not_ended_is_none_of_lmdbs);
    tcase_add_test(tcase, a_limit_on_files_is_no_signal);
    tcase_add_test(tcase, numbers_of_pages_may_take_more_than_16_bits);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
