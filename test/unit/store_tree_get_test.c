/*
 * store_tree_get_test.c - a row looked up in pages, sound or damaged.
 *
 * The pages are those of a journal's file, copied into memory.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/store_tree.h"
#include "support/fast_dir.h"
#include "support/test.h"
#include "unit/walked.h"

#define ENTRIES 3000u

static struct paged paged;
static uint64_t chance;

static void
setup(void)
{
    test_setup();
    walked_make(&paged, ENTRIES);
    chance = test_seed();
}

static void
teardown(void)
{
    paged_free(&paged);
    test_teardown();
}

static struct jn_store_tree
tree_of(enum walked_table table)
{
    struct jn_tree tree = walked_tree(&paged, table);

    return (struct jn_store_tree){paged.bytes, paged.page_size, paged.pages,
                                  tree.root, tree.depth};
}

static struct jn_span
key_of(const uint8_t *node)
{
    return jn_span(node + JN_NODE_HEADER, jn_node_key_size(node));
}

/* Calls CHECK for each row of a TREE of two levels. */
static void
for_each_row(const struct jn_store_tree *tree,
             void (*check)(const struct jn_store_tree *, const uint8_t *))
{
    const uint8_t *root = paged_page(&paged, tree->root);

    ck_assert_uint_eq(tree->depth, 2);
    for (unsigned i = 0; i < jn_page_count(root, paged.page_size); i++) {
        uint8_t *leaf = paged_page(&paged, walked_child(&paged, tree->root, i));

        for (unsigned k = 0; k < jn_page_count(leaf, paged.page_size); k++)
            check(tree, paged_node(leaf, k));
    }
}

/* ---- what is there ------------------------------------------------------ */

static void
assert_found(const struct jn_store_tree *tree, const uint8_t *node)
{
    struct jn_span key = key_of(node), value;
    const uint8_t *expected = key.data + key.size;

    if (jn_node_flags(node) == JN_NODE_BIG)
        expected = paged_page(&paged, jn_get64(expected)) + JN_PAGE_HEADER;
    ck_assert_int_eq(jn_store_tree_get(tree, key, &value), 0);
    ck_assert_ptr_eq(value.data, expected);
    ck_assert_uint_eq(value.size, jn_node_size(node));
}

START_TEST(each_row_is_found)
{
    static const enum walked_table tables[] = {WALKED_ENTRIES, WALKED_LATEST};
    struct jn_store_tree tree = tree_of(tables[_i]);

    for_each_row(&tree, assert_found);
}
END_TEST

START_TEST(each_row_is_found_whatever_a_branch_says_of_its_first_key)
{
    static const enum walked_table tables[] = {WALKED_ENTRIES, WALKED_LATEST};
    struct jn_store_tree tree = tree_of(tables[_i]);

    walked_set_first_key(&paged, tree.root, "\377\377\377", 3);
    for_each_row(&tree, assert_found);
}
END_TEST

static void
assert_no_neighbour(const struct jn_store_tree *tree, const uint8_t *node)
{
    struct jn_span key = key_of(node), value;
    uint8_t other[600] = {0};

    memcpy(other, key.data, key.size);
    ck_assert_int_eq(jn_store_tree_get(tree, jn_span(other, key.size + 1),
                                       &value),
                     JOURNAL_NOT_FOUND);
    ck_assert_int_eq(jn_store_tree_get(tree, jn_span(other, key.size - 1),
                                       &value),
                     JOURNAL_NOT_FOUND);
    ck_assert_int_eq(jn_store_tree_get(tree, jn_span(NULL, 0), &value),
                     JOURNAL_NOT_FOUND);
}

START_TEST(a_longer_or_shorter_key_has_no_row)
{
    static const enum walked_table tables[] = {WALKED_ENTRIES, WALKED_LATEST};
    struct jn_store_tree tree = tree_of(tables[_i]);

    for_each_row(&tree, assert_no_neighbour);
}
END_TEST

/* ---- damage ------------------------------------------------------------- */

/* Whatever is found lies within the file, in a node of this key. */
static void
assert_sane(const struct jn_store_tree *tree, struct jn_span key)
{
    uint64_t size = paged.pages * paged.page_size, at;
    struct jn_span value = {NULL, 0};
    int rc = jn_store_tree_get(tree, key, &value);

    ck_assert(rc == 0 || rc == JOURNAL_NOT_FOUND || rc == JOURNAL_CORRUPT);
    if (rc != 0)
        return;
    at = (uint64_t)(value.data - paged.bytes);
    ck_assert_uint_le(at, size);
    ck_assert_uint_le(value.size, size - at);
    if (value.size < paged.page_size / 2 && at % paged.page_size >= key.size &&
        at % paged.page_size != JN_PAGE_HEADER)
        ck_assert_mem_eq(value.data - key.size, key.data, key.size);
}

/* Rows near the damage, and some of any kind of key. */
static void
look_around(const struct jn_store_tree *tree, const uint8_t *page)
{
    uint8_t key[64];

    for (unsigned i = 0; i < 8; i++) {
        size_t offset = jn_page_offset(page, i), size;

        if (offset + JN_NODE_HEADER + sizeof(key) > paged.page_size)
            continue;
        memcpy(key, page + offset + JN_NODE_HEADER, sizeof(key));
        size = i % 4 != 0 ? jn_node_key_size(page + offset)
                          : test_random(&chance);
        assert_sane(tree, jn_span(key, size % (sizeof(key) + 1)));
    }
    for (unsigned i = 0; i < 8; i++) {
        jn_put_be64(key, test_random(&chance) % ENTRIES);
        assert_sane(tree, jn_span(key, 8));
    }
}

/* A page of TREE: its root, or some leaf. */
static uint8_t *
some_page(const struct jn_store_tree *tree)
{
    uint8_t *root = paged_page(&paged, tree->root);
    unsigned count = jn_page_count(root, paged.page_size);

    if (test_random(&chance) % 3 == 0)
        return root;
    return paged_page(&paged,
                      walked_child(&paged, tree->root,
                                   (unsigned)(test_random(&chance) % count)));
}

START_TEST(damage_leads_to_no_row_that_is_not_in_the_file)
{
    static const enum walked_table tables[] = {WALKED_ENTRIES, WALKED_LATEST};
    struct jn_store_tree tree = tree_of(tables[_i]);

    for (unsigned round = 0; round < 3000 * test_scale(); round++) {
        uint8_t *page = some_page(&tree), was[65536];

        memcpy(was, page, paged.page_size);
        for (unsigned i = 0; i < 10; i++) {
            size_t at = test_random(&chance) % paged.page_size;

            /* Half of it to the header and the offsets. */
            page[i % 2 == 0 ? at : at % 256] = (uint8_t)test_random(&chance);
            look_around(&tree, page);
        }
        memcpy(page, was, paged.page_size);
    }
}
END_TEST

START_TEST(a_page_that_is_not_itself_is_damage)
{
    struct jn_store_tree tree = tree_of(WALKED_LATEST);
    uint8_t *leaf = paged_page(&paged, walked_child(&paged, tree.root, 0));
    struct jn_span key = key_of(paged_node(leaf, 1)), value;

    /* A write that went to another place, a branch where a leaf should be. */
    leaf[0] ^= 1;
    ck_assert_int_eq(jn_store_tree_get(&tree, key, &value), JOURNAL_CORRUPT);
    leaf[0] ^= 1;
    leaf[10] = JN_PAGE_BRANCH;
    ck_assert_int_eq(jn_store_tree_get(&tree, key, &value), JOURNAL_CORRUPT);
    leaf[10] = JN_PAGE_LEAF;
    ck_assert_int_eq(jn_store_tree_get(&tree, key, &value), 0);
    walked_set_child(&paged, tree.root, 0, paged.pages);
    ck_assert_int_eq(jn_store_tree_get(&tree, key, &value), JOURNAL_CORRUPT);
    walked_set_child(&paged, tree.root, 0, tree.root);
    ck_assert_int_eq(jn_store_tree_get(&tree, key, &value), JOURNAL_CORRUPT);
    tree.root = paged.pages;
    ck_assert_int_eq(jn_store_tree_get(&tree, key, &value), JOURNAL_CORRUPT);
    tree.root = UINT64_MAX;
    ck_assert_int_eq(jn_store_tree_get(&tree, key, &value), JOURNAL_CORRUPT);
}
END_TEST

/* ---- values on pages of their own --------------------------------------- */

/* The first row of TREE, of two levels, with such a value; its leaf. */
static uint8_t *
find_big(const struct jn_store_tree *tree, uint8_t **node)
{
    const uint8_t *root = paged_page(&paged, tree->root);

    for (unsigned i = 0; i < jn_page_count(root, paged.page_size); i++) {
        uint8_t *leaf = paged_page(&paged, walked_child(&paged, tree->root, i));

        for (unsigned k = 0; k < jn_page_count(leaf, paged.page_size); k++) {
            *node = paged_node(leaf, k);
            if (jn_node_flags(*node) == JN_NODE_BIG)
                return leaf;
        }
    }
    ck_abort_msg("there is none");
}

static const struct {
    uint64_t by; /* so much is added to the number of its first page */
    int pages;   /* so many more than it needs */
    unsigned flags;
    unsigned size; /* of the value: so many pages more; UINT32_MAX: that */
    int result;
} bigs[] = {
    {0, 0, JN_PAGE_BIG, 0, 0},
    {0, 1, JN_PAGE_BIG, 0, 0},
    {0, -1, JN_PAGE_BIG, 0, JOURNAL_CORRUPT},
    {0, 0, JN_PAGE_LEAF, 0, JOURNAL_CORRUPT},
    {1, 0, JN_PAGE_BIG, 0, JOURNAL_CORRUPT},
    {UINT64_C(1) << 50, 0, JN_PAGE_BIG, 0, JOURNAL_CORRUPT},
    {-(UINT64_C(1) << 50), 0, JN_PAGE_BIG, 0, JOURNAL_CORRUPT},
    {0, 0, JN_PAGE_BIG, 1, JOURNAL_CORRUPT},
    {0, 0, JN_PAGE_BIG, UINT32_MAX, JOURNAL_CORRUPT},
};

START_TEST(a_big_value_lies_on_pages_of_its_own_that_are_enough)
{
    struct jn_store_tree tree = tree_of(WALKED_ENTRIES);
    struct jn_span value, key;
    uint8_t *node, *page;
    uint32_t size, count;
    uint64_t first;

    (void)find_big(&tree, &node);
    key = key_of(node);
    size = (uint32_t)jn_node_size(node);
    count = (uint32_t)((size + JN_PAGE_HEADER - 1) / tree.page_size + 1) +
            (uint32_t)bigs[_i].pages;
    size = bigs[_i].size == UINT32_MAX
               ? UINT32_MAX
               : size + bigs[_i].size * (uint32_t)tree.page_size;
    first = jn_get64(node + JN_NODE_HEADER + key.size);
    page = paged_page(&paged, first);
    memcpy(page + 10, &(uint16_t){(uint16_t)bigs[_i].flags}, 2);
    memcpy(page + 12, &count, sizeof(count));
    memcpy(node, &size, sizeof(size));
    first += bigs[_i].by;
    memcpy(node + JN_NODE_HEADER + key.size, &first, sizeof(first));
    ck_assert_int_eq(jn_store_tree_get(&tree, key, &value), bigs[_i].result);
}
END_TEST

/* Where the number of that page would be behind the end of the leaf. */
START_TEST(a_big_value_whose_page_is_not_said_is_damage)
{
    struct jn_store_tree tree = tree_of(WALKED_ENTRIES);
    struct jn_span value, key;
    uint8_t *node, *leaf = find_big(&tree, &node);
    unsigned at = (unsigned)tree.page_size - JN_NODE_HEADER - 8 - (unsigned)_i;
    uint8_t moved[JN_NODE_HEADER + 16];
    uint16_t offset = (uint16_t)at;
    unsigned k = 0;

    memcpy(moved, node, sizeof(moved));
    while (paged_node(leaf, k) != node)
        k++;
    memcpy(leaf + at, moved, JN_NODE_HEADER + 8 + (size_t)_i);
    memcpy(leaf + JN_PAGE_HEADER + 2 * k, &offset, sizeof(offset));
    key = key_of(leaf + at);
    ck_assert_int_eq(jn_store_tree_get(&tree, key, &value),
                     _i == 8 ? 0 : JOURNAL_CORRUPT);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("store_tree_get");
    TCase *tcase = tcase_create("store_tree_get");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, each_row_is_found, 0, 2);
    tcase_add_loop_test(
        tcase, each_row_is_found_whatever_a_branch_says_of_its_first_key, 0, 2);
    tcase_add_loop_test(tcase, a_longer_or_shorter_key_has_no_row, 0, 2);
    tcase_add_loop_test(tcase, damage_leads_to_no_row_that_is_not_in_the_file,
                        0, 2);
    tcase_add_test(tcase, a_page_that_is_not_itself_is_damage);
    tcase_add_loop_test(tcase,
                        a_big_value_lies_on_pages_of_its_own_that_are_enough, 0,
                        (int)(sizeof(bigs) / sizeof(bigs[0])));
    tcase_add_loop_test(tcase, a_big_value_whose_page_is_not_said_is_damage, 0,
                        9);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
