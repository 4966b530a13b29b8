/*
 * store_guard_test.c - what is looked at before a change: all that LMDB comes
 * by, and nothing that is sound is refused.
 */
#include "store/store_guard.h"

#include <stdlib.h>

#include "base/error.h"
#include "support/test.h"
#include "unit/guarded.h"

/* The number that the I-th key of the leaf PAGE begins with. */
static unsigned
number_in(uint64_t page, unsigned i)
{
    const uint8_t *bytes = guarded_page(page);

    ck_assert_uint_eq(jn_page_flags(bytes), JN_PAGE_LEAF);
    ck_assert_uint_lt(i, guarded_count(page));
    return (unsigned)jn_get_be64(
        jn_tree_key(bytes + jn_page_offset(bytes, i)).data);
}

/* Deletes all rows of the leaf PAGE, or those up to an error. */
static int
empty(uint64_t page, size_t key_size)
{
    unsigned first = number_in(page, 0), count = guarded_count(page);
    unsigned last = number_in(page, count - 1);
    int rc = 0;

    for (unsigned i = first; rc == 0 && i <= last; i++)
        rc = jn_store_delete(&guarded_txn, JN_LATEST, guarded_key(i, key_size));
    return rc;
}

/* Leaves nothing of PAGE in the file that makes sense, but its header. */
static void
damage(uint64_t page)
{
    size_t size = guarded_tree().page_size;
    uint8_t *bytes = malloc(size);

    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 0xff, size);
    memcpy(bytes, guarded_page(page), JN_PAGE_HEADER);
    guarded_write(page, bytes);
    free(bytes);
}

/*
 * With the value these would become free, some of them in use.  LMDB leaves a
 * value on the pages that it has, if it has just made them: the library puts no
 * row of a table twice in a transaction.
 */
START_TEST(a_value_with_more_pages_than_it_needs_is_damaged)
{
    ck_assert_int_eq(guarded_put(1, 8, 9000), 0);
    ck_assert_int_eq(guarded_put(1, 8, 5000), 0);
    guarded_commit();
    ck_assert_int_eq(jn_store_delete(&guarded_txn, JN_LATEST,
                                     guarded_key(1, 8)),
                     JOURNAL_CORRUPT);
}
END_TEST

/* Makes the branch PAGE lead to CHILD in place of its I-th child. */
static void
lead_to(uint64_t page, unsigned i, uint64_t child)
{
    size_t size = guarded_tree().page_size;
    uint16_t low = (uint16_t)child;
    uint8_t *bytes = malloc(size);

    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, guarded_page(page), size);
    memcpy(bytes + jn_page_offset(bytes, i), &low, sizeof(low));
    guarded_write(page, bytes);
    free(bytes);
}

/* Sound, and looked at: but it is not the leaf that has these keys. */
START_TEST(another_branch_may_not_lead_to_what_has_been_looked_at)
{
    uint64_t root, leaf;
    unsigned first, other;

    guarded_fill(100, 8, 400);
    root = guarded_tree().root;
    leaf = guarded_child(root, 1);
    first = number_in(leaf, 0);
    other = number_in(guarded_child(root, 5), 0);
    lead_to(root, 5, leaf);
    guarded_abort();
    ck_assert_int_eq(guarded_put(first, 8, 2), 0);
    ck_assert_int_eq(guarded_put(other, 8, 2), JOURNAL_CORRUPT);
}
END_TEST

/* The values of all rows of the leaf PAGE become small. */
static void
shrink(uint64_t page)
{
    unsigned first = number_in(page, 0), count = guarded_count(page);

    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(guarded_put(first + i, 8, 2), 0);
}

/*
 * A leaf that is emptied goes into the one before, which is nearly empty too;
 * then both together go into the one before that.
 */
START_TEST(leaves_beyond_those_that_are_nearly_empty_are_looked_at)
{
    uint64_t leaf, root;

    guarded_fill(100, 8, 400);
    root = guarded_tree().root;
    ck_assert_uint_eq(guarded_tree().depth, 2);
    shrink(guarded_child(root, 3));
    if (_i == 0)
        guarded_commit();
    root = guarded_tree().root;
    leaf = guarded_child(root, 4);
    damage(guarded_child(root, 2));
    ck_assert_int_eq(empty(leaf, 8), JOURNAL_CORRUPT);
}
END_TEST

/* The same at the beginning, where leaves go into those behind them. */
START_TEST(leaves_behind_those_that_are_nearly_empty_are_looked_at)
{
    uint64_t root;

    guarded_fill(100, 8, 400);
    root = guarded_tree().root;
    shrink(guarded_child(root, 1));
    if (_i == 0)
        guarded_commit();
    root = guarded_tree().root;
    damage(guarded_child(root, 2));
    ck_assert_int_eq(empty(guarded_child(root, 0), 8), JOURNAL_CORRUPT);
}
END_TEST

/* Deletes all rows of leaves of BRANCH, until it has but two. */
static uint64_t
thin_out(uint64_t (*branch)(void))
{
    while (guarded_count(branch()) > 2) {
        ck_assert_int_eq(empty(guarded_child(branch(), -1), LONG_KEY), 0);
        guarded_commit();
    }
    return branch();
}

/* On the right edge of a tree of four levels: one above the leaves. */
static uint64_t
last_branch(void)
{
    return guarded_child(guarded_child(guarded_tree().root, -1), -1);
}

static uint64_t
branch_before(void)
{
    return guarded_child(guarded_child(guarded_tree().root, -1), -2);
}

/*
 * Where a branch loses its last child but one, LMDB asks for the lowest key
 * below what it puts together, which may be far from the row.
 */
START_TEST(the_lowest_leaf_below_branches_put_together_is_looked_at)
{
    uint64_t branch, before;

    guarded_fill(450, LONG_KEY, 1);
    ck_assert_uint_eq(guarded_tree().depth, 4);
    while (guarded_count(guarded_child(guarded_tree().root, -1)) > 2) {
        ck_assert_int_eq(empty(guarded_child(last_branch(), -1), LONG_KEY), 0);
        guarded_commit();
    }
    before = thin_out(branch_before);
    branch = thin_out(last_branch);
    before = branch_before();
    ck_assert_uint_eq(guarded_tree().depth, 4);
    ck_assert_uint_eq(guarded_count(guarded_child(guarded_tree().root, -1)), 2);
    ck_assert_uint_eq(guarded_count(before), 2);
    damage(guarded_child(before, 0));
    ck_assert_int_eq(empty(guarded_child(branch, 1), LONG_KEY),
                     JOURNAL_CORRUPT);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("store_guard");
    TCase *tcase = tcase_create("guard");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, guarded_setup, guarded_teardown);
    tcase_add_test(tcase, a_value_with_more_pages_than_it_needs_is_damaged);
    tcase_add_test(tcase,
                   another_branch_may_not_lead_to_what_has_been_looked_at);
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
