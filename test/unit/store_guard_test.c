/*
 * store_guard_test.c - what is looked at before a change: all that LMDB comes
 * by, and nothing that is sound is refused.
 */
#include "store/store_guard.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "store/store_env.h"
#include "store/store_tree_part.h"
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

static struct jn_store_tree
tree_of(void)
{
    struct jn_store_tree tree;

    ck_assert(jn_store_tree_of(&tree, &txn, JN_LATEST));
    return tree;
}

static const uint8_t *
page_of(uint64_t number)
{
    struct jn_store_tree tree = tree_of();

    return tree.base + number * tree.page_size;
}

static unsigned
count_of(uint64_t page)
{
    return jn_page_count(page_of(page), tree_of().page_size);
}

/* The I-th child of the branch PAGE; from the end, if I is negative. */
static uint64_t
child(uint64_t page, int i)
{
    const uint8_t *bytes = page_of(page);
    unsigned at = (unsigned)(i < 0 ? i + (int)count_of(page) : i);

    ck_assert_uint_eq(jn_page_flags(bytes), JN_PAGE_BRANCH);
    ck_assert_uint_lt(at, count_of(page));
    return jn_node_child(bytes + jn_page_offset(bytes, at));
}

/* The number that the I-th key of the leaf PAGE begins with. */
static unsigned
number_in(uint64_t page, unsigned i)
{
    const uint8_t *bytes = page_of(page);

    ck_assert_uint_eq(jn_page_flags(bytes), JN_PAGE_LEAF);
    ck_assert_uint_lt(i, count_of(page));
    return (unsigned)jn_get_be64(
        jn_tree_key(bytes + jn_page_offset(bytes, i)).data);
}

/* Deletes all rows of the leaf PAGE, or those up to an error. */
static int
empty(uint64_t page, size_t key_size)
{
    unsigned first = number_in(page, 0), count = count_of(page);
    unsigned last = number_in(page, count - 1);
    int rc = 0;

    for (unsigned i = first; rc == 0 && i <= last; i++)
        rc = jn_store_delete(&txn, JN_LATEST, key_of(i, key_size));
    return rc;
}

/* Leaves nothing of PAGE in the file that makes sense, but its header. */
static void
damage(uint64_t page)
{
    size_t size = tree_of().page_size;
    uint8_t *bytes = malloc(size);
    int file = open(test_path(JN_STORE_FILE), O_RDWR);

    ck_assert_ptr_nonnull(bytes);
    ck_assert_int_ge(file, 0);
    memset(bytes, 0xff, size);
    memcpy(bytes, page_of(page), JN_PAGE_HEADER);
    ck_assert_int_eq(pwrite(file, bytes, size, (off_t)(page * size)),
                     (ssize_t)size);
    close(file);
    free(bytes);
}

/*
 * With the value these would become free, some of them in use.  LMDB leaves a
 * value on the pages that it has, if it has just made them: the library puts no
 * row of a table twice in a transaction.
 */
START_TEST(a_value_with_more_pages_than_it_needs_is_damaged)
{
    ck_assert_int_eq(put(1, 8, 9000), 0);
    ck_assert_int_eq(put(1, 8, 5000), 0);
    commit();
    ck_assert_int_eq(jn_store_delete(&txn, JN_LATEST, key_of(1, 8)),
                     JOURNAL_CORRUPT);
}
END_TEST

/* Leaves of some nine rows each. */
static void
fill(unsigned count, size_t key_size, size_t size)
{
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(put(i, key_size, size), 0);
    commit();
}

/* The values of all rows of the leaf PAGE become small. */
static void
shrink(uint64_t page)
{
    unsigned first = number_in(page, 0), count = count_of(page);

    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(put(first + i, 8, 2), 0);
}

/*
 * A leaf that is emptied goes into the one before, which is nearly empty too;
 * then both together go into the one before that.
 */
START_TEST(leaves_beyond_those_that_are_nearly_empty_are_looked_at)
{
    uint64_t leaf, root;

    fill(100, 8, 400);
    root = tree_of().root;
    ck_assert_uint_eq(tree_of().depth, 2);
    shrink(child(root, 3));
    if (_i == 0)
        commit();
    root = tree_of().root;
    leaf = child(root, 4);
    damage(child(root, 2));
    ck_assert_int_eq(empty(leaf, 8), JOURNAL_CORRUPT);
}
END_TEST

/* The same at the beginning, where leaves go into those behind them. */
START_TEST(leaves_behind_those_that_are_nearly_empty_are_looked_at)
{
    uint64_t root;

    fill(100, 8, 400);
    root = tree_of().root;
    shrink(child(root, 1));
    if (_i == 0)
        commit();
    root = tree_of().root;
    damage(child(root, 2));
    ck_assert_int_eq(empty(child(root, 0), 8), JOURNAL_CORRUPT);
}
END_TEST

/* Deletes all rows of leaves of BRANCH, until it has but two. */
static uint64_t
thin_out(uint64_t (*branch)(void))
{
    while (count_of(branch()) > 2) {
        ck_assert_int_eq(empty(child(branch(), -1), LONG_KEY), 0);
        commit();
    }
    return branch();
}

/* On the right edge of a tree of four levels: one above the leaves. */
static uint64_t
last_branch(void)
{
    return child(child(tree_of().root, -1), -1);
}

static uint64_t
branch_before(void)
{
    return child(child(tree_of().root, -1), -2);
}

/*
 * Where a branch loses its last child but one, LMDB asks for the lowest key
 * below what it puts together, which may be far from the row.
 */
START_TEST(the_lowest_leaf_below_branches_put_together_is_looked_at)
{
    uint64_t branch, before;

    fill(450, LONG_KEY, 1);
    ck_assert_uint_eq(tree_of().depth, 4);
    while (count_of(child(tree_of().root, -1)) > 2) {
        ck_assert_int_eq(empty(child(last_branch(), -1), LONG_KEY), 0);
        commit();
    }
    before = thin_out(branch_before);
    branch = thin_out(last_branch);
    before = branch_before();
    ck_assert_uint_eq(tree_of().depth, 4);
    ck_assert_uint_eq(count_of(child(tree_of().root, -1)), 2);
    ck_assert_uint_eq(count_of(before), 2);
    damage(child(before, 0));
    ck_assert_int_eq(empty(child(branch, 1), LONG_KEY), JOURNAL_CORRUPT);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("store_guard");
    TCase *tcase = tcase_create("guard");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_value_with_more_pages_than_it_needs_is_damaged);
    tcase_add_loop_test(tcase,
                        leaves_beyond_those_that_are_nearly_empty_are_looked_at,
                        0, 2);
    tcase_add_loop_test(tcase,
                        leaves_behind_those_that_are_nearly_empty_are_looked_at,
                        0, 2);
    tcase_add_test(tcase,
                   the_lowest_leaf_below_branches_put_together_is_looked_at);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
