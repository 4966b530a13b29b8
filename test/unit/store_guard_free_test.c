/*
 * store_guard_free_test.c - the list of free pages, looked at before a change.
 *
 * LMDB takes pages from its beginning, and adds a row at its end.  A list that
 * is long enough to be looked at in part is put together here.
 */
#include "store/store_guard.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "pages/layout.h"
#include "support/test.h"
#include "unit/guarded.h"

#define LEAVES 300u /* with one row each */
#define LOOKED_AT 256u
#define BRANCHES 2u
#define NUMBERS 16384u /* looked at in all */
#define BIG_PAGES (NUMBERS * 8 / 4096 + 2)

static size_t page_size;
static uint64_t first; /* the first of the list's pages: its leaves */
static uint8_t *list;  /* these pages, as they are sound */

/*
 * Behind the leaves come two branches, the root, a value, a free page for each
 * leaf, and some that are not in the list.
 */
#define BRANCH (first + LEAVES)
#define ROOT (BRANCH + BRANCHES)
#define BIG (ROOT + 1)
#define FREE (BIG + BIG_PAGES)
#define OTHER (FREE + LEAVES)
#define END (OTHER + NUMBERS + 8)

static uint8_t *
page_of(uint64_t number)
{
    return list + (number - first) * page_size;
}

static void
put16(uint8_t *out, unsigned value)
{
    uint16_t bytes = (uint16_t)value;

    memcpy(out, &bytes, sizeof(bytes));
}

static void
put64(uint8_t *out, uint64_t value)
{
    memcpy(out, &value, sizeof(value));
}

static void
begin_page(uint64_t number, unsigned flags)
{
    uint8_t *page = page_of(number);

    memset(page, 0, page_size);
    put64(page, number);
    put16(page + 10, flags);
    put16(page + 12, JN_PAGE_HEADER);
    put16(page + 14, (unsigned)page_size);
}

/* A node with a number for its key and SIZE more bytes, which are returned. */
static uint8_t *
add_node(uint64_t number, uint64_t word, uint64_t key, unsigned size)
{
    uint8_t *page = page_of(number);
    unsigned lower = jn_page_lower(page);
    unsigned at = jn_page_upper(page) - JN_NODE_HEADER - 8 - size;

    put16(page + lower, at);
    put16(page + 12, lower + 2);
    put16(page + 14, at);
    put64(page + at, word);
    put16(page + at + 6, 8);
    put64(page + at + JN_NODE_HEADER, key);
    return page + at + JN_NODE_HEADER + 8;
}

/* Each row has one free page. */
static void
make_leaf(unsigned i)
{
    uint8_t *row;

    begin_page(first + i, JN_PAGE_LEAF);
    row = add_node(first + i, 16, i + 1, 16);
    put64(row, 1);
    put64(row + 8, FREE + i);
}

static void
make_list(void)
{
    list = calloc(OTHER - first, page_size);
    ck_assert_ptr_nonnull(list);
    for (unsigned i = 0; i < LEAVES; i++)
        make_leaf(i);
    begin_page(ROOT, JN_PAGE_BRANCH);
    for (unsigned i = 0; i < BRANCHES; i++) {
        unsigned each = LEAVES / BRANCHES;

        begin_page(BRANCH + i, JN_PAGE_BRANCH);
        (void)add_node(ROOT, BRANCH + i, i * each + 1, 0);
        for (unsigned k = i * each; k < (i + 1) * each; k++)
            (void)add_node(BRANCH + i, first + k, k + 1, 0);
    }
}

/* Writes SIZE bytes at OFFSET of the store's file. */
static void
write_at(const void *bytes, size_t size, uint64_t offset)
{
    int file = open(test_path(JN_STORE_FILE), O_RDWR);

    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(pwrite(file, bytes, size, (off_t)offset), (ssize_t)size);
    close(file);
}

/* The meta page says where the list is; DEPTH 3 is right. */
static void
name_list(uint64_t root, unsigned depth)
{
    const uint8_t *pages = guarded_page(0);
    struct jn_meta metas[2];
    unsigned newer;

    for (unsigned i = 0; i < 2; i++)
        memcpy(&metas[i], pages + i * page_size + JN_PAGE_HEADER,
               sizeof(metas[i]));
    newer = metas[1].transaction > metas[0].transaction;
    metas[newer].trees[0].root = root;
    metas[newer].trees[0].depth = (uint16_t)depth;
    metas[newer].trees[0].entries = LEAVES;
    metas[newer].last_page = END - 1;
    write_at(&metas[newer], sizeof(metas[newer]),
             newer * page_size + JN_PAGE_HEADER);
}

/* The list is as it is in memory, and a transaction begins. */
static void
begin(uint64_t root, unsigned depth)
{
    write_at(list, (OTHER - first) * page_size, first * page_size);
    name_list(root, depth);
    guarded_abort();
}

static void
setup(void)
{
    guarded_setup();
    guarded_fill(20, 8, 8);
    page_size = guarded_tree().page_size;
    first = guarded_tree().pages;
    make_list();
}

static void
teardown(void)
{
    free(list);
    guarded_teardown();
}

static int
look(void)
{
    return jn_guard_way(&guarded_txn, JN_LATEST, guarded_key(3, 8));
}

/* ---- which of it is looked at ------------------------------------------- */

START_TEST(pages_of_a_sound_list_are_used)
{
    begin(ROOT, 3);
    ck_assert_int_eq(look(), 0);
    ck_assert_int_eq(guarded_put(3, 8, 9000), 0);
    guarded_commit();
    ck_assert_int_eq(look(), 0);
}
END_TEST

static const struct {
    unsigned leaf;
    int result;
} leaves[] = {
    {0, JOURNAL_CORRUPT}, {LOOKED_AT - 1, JOURNAL_CORRUPT}, {LOOKED_AT, 0},
    {LEAVES - 2, 0},      {LEAVES - 1, JOURNAL_CORRUPT},
};

START_TEST(the_first_leaves_and_the_last_are_looked_at)
{
    memset(page_of(first + leaves[_i].leaf), 0, page_size);
    begin(ROOT, 3);
    ck_assert_int_eq(look(), leaves[_i].result);
}
END_TEST

static const struct {
    int root; /* behind ROOT */
    unsigned depth;
} places[] = {{0, 0}, {0, JN_DEPTH_MAX}, {0, 2}, {1, 3}, {-1, 3}, {1 << 30, 3}};

START_TEST(a_list_that_is_not_where_it_should_be_is_damaged)
{
    begin(ROOT + (uint64_t)places[_i].root, places[_i].depth);
    ck_assert_int_eq(look(), JOURNAL_CORRUPT);
}
END_TEST

START_TEST(a_meta_page_is_no_page_of_the_list)
{
    begin((uint64_t)_i, 3);
    ck_assert_int_eq(look(), JOURNAL_CORRUPT);
}
END_TEST

START_TEST(a_damaged_branch_is_noticed)
{
    put16(page_of(BRANCH + (unsigned)_i) + 10, JN_PAGE_LEAF);
    begin(ROOT, 3);
    ck_assert_int_eq(look(), JOURNAL_CORRUPT);
}
END_TEST

/* ---- rows --------------------------------------------------------------- */

/* The first leaf, with one row of SIZE bytes that says COUNT and NUMBER. */
static void
make_row(unsigned size, uint64_t count, uint64_t number)
{
    uint8_t bytes[32], *row;

    memset(bytes, 0, sizeof(bytes));
    put64(bytes, count);
    put64(bytes + 8, number);
    put64(bytes + 16, number);
    begin_page(first, JN_PAGE_LEAF);
    row = add_node(first, size, 1, size);
    memcpy(row, bytes, size);
}

static const struct {
    unsigned size;
    uint64_t count;
    uint64_t number;
    int result;
} rows[] = {
    {16, 1, 2, 0},
    {8, 0, 0, 0},
    {24, 1, 2, 0}, /* LMDB leaves one as long as it was */
    {16, 1, 1, JOURNAL_CORRUPT},
    {16, 1, UINT64_MAX, JOURNAL_CORRUPT},
    {16, 2, 2, JOURNAL_CORRUPT},
    {16, UINT64_MAX, 2, JOURNAL_CORRUPT},
    {4, 0, 0, JOURNAL_CORRUPT},
    {8, 1, 0, JOURNAL_CORRUPT},
};

START_TEST(a_row_of_impossible_numbers_is_damaged)
{
    make_row(rows[_i].size, rows[_i].count, rows[_i].number);
    begin(ROOT, 3);
    ck_assert_int_eq(look(), rows[_i].result);
}
END_TEST

/* The row of leaf I with COUNT numbers. */
static void
make_numbers(unsigned i, const uint64_t *numbers, unsigned count)
{
    uint8_t *row;

    begin_page(first + i, JN_PAGE_LEAF);
    row = add_node(first + i, 8 * (count + 1), i + 1, 8 * (count + 1));
    put64(row, count);
    for (unsigned k = 0; k < count; k++)
        put64(row + 8 + 8 * k, numbers[k]);
}

static const struct {
    unsigned behind[3]; /* OTHER; 0: a meta page */
    int result;
} orders[] = {
    {{7, 4, 1}, 0},
    {{7, 7, 1}, JOURNAL_CORRUPT},
    {{7, 1, 1}, JOURNAL_CORRUPT},
    {{4, 7, 1}, JOURNAL_CORRUPT},
    {{7, 1, 4}, JOURNAL_CORRUPT},
    {{7, 0, 4}, JOURNAL_CORRUPT},
};

START_TEST(the_numbers_of_a_row_descend)
{
    uint64_t numbers[3];

    for (unsigned i = 0; i < 3; i++) {
        unsigned behind = orders[_i].behind[i];

        numbers[i] = behind > 0 ? OTHER + behind : 1;
    }
    make_numbers(2, numbers, 3);
    begin(ROOT, 3);
    ck_assert_int_eq(look(), orders[_i].result);
}
END_TEST

START_TEST(a_page_is_free_once)
{
    uint64_t numbers[] = {FREE + 7, FREE + 1};

    make_numbers(_i == 0 ? 1 : 2, numbers, 2);
    make_numbers(7, numbers, _i == 0 ? 0 : 1);
    begin(ROOT, 3);
    ck_assert_int_eq(look(), _i == 0 ? 0 : JOURNAL_CORRUPT);
}
END_TEST

/* Which pages a list has that are not free: its own, and a table's. */
START_TEST(a_page_that_a_tree_has_is_not_free)
{
    uint64_t root = guarded_tree().root;
    uint64_t pages[] = {OTHER, first + 1, BRANCH, ROOT, root};

    make_numbers(1, &pages[_i], 1);
    begin(ROOT, 3);
    ck_assert_int_eq(look(), _i == 0 ? 0 : JOURNAL_CORRUPT);
}
END_TEST

START_TEST(the_page_behind_the_last_is_not_free)
{
    make_row(16, 1, _i == 0 ? END - 1 : END);
    begin(ROOT, 3);
    ck_assert_int_eq(look(), _i == 0 ? 0 : JOURNAL_CORRUPT);
}
END_TEST

/* ---- a row with pages of its own ---------------------------------------- */

static const struct {
    uint64_t page; /* from BIG on, the number in the row */
    unsigned at;   /* of its first page 16 bits are */
    unsigned value;
    unsigned extent; /* how many it says that it has */
    int result;
} bigs[] = {
    {0, 10, JN_PAGE_BIG, 2, 0},
    /* A row that was longer keeps its pages. */
    {0, 10, JN_PAGE_BIG, 3, 0},
    {0, 10, JN_PAGE_BIG, 1, JOURNAL_CORRUPT},
    {0, 10, JN_PAGE_BIG, 60000, JOURNAL_CORRUPT},
    {0, 10, JN_PAGE_LEAF, 2, JOURNAL_CORRUPT},
    {0, 0, 1, 2, JOURNAL_CORRUPT},
    {1, 10, JN_PAGE_BIG, 2, JOURNAL_CORRUPT},
    {UINT64_C(1) << 40, 10, JN_PAGE_BIG, 2, JOURNAL_CORRUPT},
};

/*
 * The first leaf, with one row of SIZE bytes on pages of its own, at BIG; it
 * says NUMBER.
 */
static void
make_big(uint64_t number, uint64_t size, unsigned extent)
{
    uint8_t *row, *big = page_of(BIG);

    begin_page(first, JN_PAGE_LEAF);
    row = add_node(first, size | (uint64_t)JN_NODE_BIG << 32, 1, 8);
    put64(row, number);
    begin_page(BIG, JN_PAGE_BIG);
    put16(big + 12, extent);
    put16(big + 14, 0);
    put64(big + JN_PAGE_HEADER, 1);
    put64(big + JN_PAGE_HEADER + 8, FREE);
}

START_TEST(a_row_needs_pages_enough)
{
    make_big(BIG + bigs[_i].page, page_size, bigs[_i].extent);
    put16(page_of(BIG) + bigs[_i].at, bigs[_i].value);
    begin(ROOT, 3);
    ck_assert_int_eq(look(), bigs[_i].result);
}
END_TEST

/*
 * Which number of a row that is longer than what is looked at is as large as
 * the one before it; 0: none.
 */
static const struct {
    unsigned number;
    int result;
} far[] = {{0, 0},
           {1, JOURNAL_CORRUPT},
           {NUMBERS - 1, JOURNAL_CORRUPT},
           {NUMBERS, 0}};

START_TEST(so_many_numbers_are_looked_at)
{
    const unsigned count = NUMBERS + 2;
    uint8_t *row = page_of(BIG) + JN_PAGE_HEADER;

    make_big(BIG, (count + 1) * 8, BIG_PAGES);
    put64(row, count);
    for (unsigned i = 0; i < count; i++)
        put64(row + 8 + 8 * i, END - 1 - i + (i > 0 && i == far[_i].number));
    begin(ROOT, 3);
    ck_assert_int_eq(look(), far[_i].result);
}
END_TEST

START_TEST(a_row_is_not_on_a_meta_page)
{
    make_big((uint64_t)_i, page_size, 2);
    begin(ROOT, 3);
    ck_assert_int_eq(look(), JOURNAL_CORRUPT);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static Suite *
suite(void)
{
    Suite *suite = suite_create("store_guard_free");
    TCase *tcase = tcase_create("free");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, pages_of_a_sound_list_are_used);
    tcase_add_loop_test(tcase, the_first_leaves_and_the_last_are_looked_at, 0,
                        COUNT(leaves));
    tcase_add_loop_test(tcase, a_list_that_is_not_where_it_should_be_is_damaged,
                        0, COUNT(places));
    tcase_add_loop_test(tcase, a_meta_page_is_no_page_of_the_list, 0, 2);
    tcase_add_loop_test(tcase, a_damaged_branch_is_noticed, 0, (int)BRANCHES);
    tcase_add_loop_test(tcase, a_row_of_impossible_numbers_is_damaged, 0,
                        COUNT(rows));
    tcase_add_loop_test(tcase, the_numbers_of_a_row_descend, 0, COUNT(orders));
    tcase_add_loop_test(tcase, a_page_is_free_once, 0, 2);
    tcase_add_loop_test(tcase, a_page_that_a_tree_has_is_not_free, 0, 5);
    tcase_add_loop_test(tcase, so_many_numbers_are_looked_at, 0, COUNT(far));
    tcase_add_loop_test(tcase, the_page_behind_the_last_is_not_free, 0, 2);
    tcase_add_loop_test(tcase, a_row_needs_pages_enough, 0, COUNT(bigs));
    tcase_add_loop_test(tcase, a_row_is_not_on_a_meta_page, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
