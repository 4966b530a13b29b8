/*
 * store_tree_way_test.c - moves from row to row of a tree, sound or damaged.
 *
 * The pages are those of a journal's file, copied into memory.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "pages/page.h"
#include "store/store_tree.h"
#include "support/fast_dir.h"
#include "support/test.h"
#include "unit/walked.h"

#define ENTRIES 3000u
#define ROWS_MAX 4000u

static struct paged paged;
static uint64_t chance;
static struct jn_span rows[ROWS_MAX]; /* the keys of a tree, in order */
static size_t count;

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

static struct jn_store_way
way_of(enum walked_table table)
{
    struct jn_tree tree = walked_tree(&paged, table);

    return (struct jn_store_way){.tree = {paged.bytes, paged.page_size,
                                          paged.pages, tree.root, tree.depth}};
}

/* Lists the keys of a tree of two levels, by its pages. */
static void
list_rows(const struct jn_store_tree *tree)
{
    const uint8_t *root = paged_page(&paged, tree->root);

    ck_assert_uint_eq(tree->depth, 2);
    count = 0;
    for (unsigned i = 0; i < jn_page_count(root, paged.page_size); i++) {
        uint8_t *leaf = paged_page(&paged, walked_child(&paged, tree->root, i));

        for (unsigned k = 0; k < jn_page_count(leaf, paged.page_size); k++) {
            const uint8_t *node = paged_node(leaf, k);

            ck_assert_uint_lt(count, ROWS_MAX);
            rows[count++] = jn_span(node + JN_NODE_HEADER,
                                    jn_node_key_size(node));
        }
    }
    ck_assert_uint_gt(count, 100);
}

static void
assert_moves(struct jn_store_way *way, enum jn_move move, struct jn_span key,
             size_t expected)
{
    struct jn_span value;
    int rc = jn_store_way_move(way, move, &key, &value);

    if (expected >= count) {
        ck_assert_int_eq(rc, JOURNAL_NOT_FOUND);
        return;
    }
    ck_assert_int_eq(rc, 0);
    ck_assert_ptr_eq(key.data, rows[expected].data);
    ck_assert_uint_eq(key.size, rows[expected].size);
}

START_TEST(all_rows_come_in_order_from_either_end)
{
    struct jn_store_way way = way_of((enum walked_table)_i);

    list_rows(&way.tree);
    for (size_t i = 0; i <= count; i++)
        assert_moves(&way, JN_NEXT, jn_span(NULL, 0), i);
    assert_moves(&way, JN_LAST, jn_span(NULL, 0), count - 1);
    for (size_t i = count - 1; i-- > 0;)
        assert_moves(&way, JN_PREV, jn_span(NULL, 0), i);
    assert_moves(&way, JN_PREV, jn_span(NULL, 0), count);
    assert_moves(&way, JN_FIRST, jn_span(NULL, 0), 0);
}
END_TEST

/* The first of the rows that is not below KEY. */
static size_t
row_at_or_after(struct jn_span key)
{
    size_t i = 0;

    while (i < count && jn_page_compare(rows[i], key) < 0)
        i++;
    return i;
}

START_TEST(any_key_leads_to_its_row_or_the_next)
{
    struct jn_store_way way = way_of((enum walked_table)_i);
    uint8_t bytes[JN_KEY_MAX + 1];

    list_rows(&way.tree);
    for (unsigned i = 0; i < 3000; i++) {
        struct jn_span key = rows[test_random(&chance) % count];
        size_t at;

        memcpy(bytes, key.data, key.size);
        bytes[key.size] = 0;
        key.data = bytes;
        if (i % 3 == 1)
            bytes[test_random(&chance) % key.size] = (uint8_t)test_random(
                &chance);
        else if (i % 3 == 2)
            key.size += test_random(&chance) % 2 == 0 ? 1 : -(size_t)1;
        at = row_at_or_after(key);
        assert_moves(&way, JN_AT_OR_AFTER, key, at);
        if (at < count && test_random(&chance) % 2 == 0)
            assert_moves(&way, JN_NEXT, key, at + 1);
        else if (at > 0 && at < count)
            assert_moves(&way, JN_PREV, key, at - 1);
    }
}
END_TEST

/* Who was led nowhere goes on from an edge, as LMDB has it. */
START_TEST(behind_the_last_row_there_is_none_and_before_it_the_last)
{
    struct jn_store_way way = way_of(WALKED_ENTRIES);
    uint8_t high[8];

    memset(high, 0xff, sizeof(high));
    list_rows(&way.tree);
    assert_moves(&way, JN_AT_OR_AFTER, jn_span(high, 8), count);
    assert_moves(&way, JN_PREV, jn_span(NULL, 0), count - 1);
    assert_moves(&way, JN_NEXT, jn_span(NULL, 0), count);
    assert_moves(&way, JN_NEXT, jn_span(NULL, 0), count);
    assert_moves(&way, JN_PREV, jn_span(NULL, 0), count - 2);
}
END_TEST

/* Goes through all there is; how many rows came, and how it ended. */
static int
go_through(struct jn_store_way *way, bool back, size_t *met)
{
    struct jn_span key = {NULL, 0}, value;
    size_t size = paged.pages * paged.page_size;
    int rc;

    way->first = key;
    *met = 0;
    while ((rc = jn_store_way_move(way, back ? JN_PREV : JN_NEXT, &key,
                                   &value)) == 0) {
        size_t at = (size_t)(value.data - paged.bytes);

        ck_assert_uint_le(at, size);
        ck_assert_uint_le(value.size, size - at);
        ck_assert_uint_lt(++*met, 10 * ROWS_MAX);
    }
    return rc;
}

START_TEST(in_pages_of_chance_it_stays_within_them_and_ends)
{
    size_t rounds = (size_t)(400 * test_scale()) + 40, corrupt = 0;
    uint8_t *kept = malloc(paged.pages * paged.page_size);

    ck_assert_ptr_nonnull(kept);
    memcpy(kept, paged.bytes, paged.pages * paged.page_size);
    for (size_t i = 0; i < rounds; i++) {
        struct jn_store_way way = way_of(
            (enum walked_table)(WALKED_ENTRIES + i % 2));
        uint64_t page = i % 4 < 2 ? way.tree.root
                                  : walked_child(&paged, way.tree.root,
                                                 (unsigned)(i % 3));
        size_t met;
        int rc;

        for (unsigned k = 0; k < 4; k++)
            paged_page(&paged,
                       page)[test_random(&chance) % paged.page_size] = (uint8_t)
                test_random(&chance);
        rc = go_through(&way, i % 8 < 4, &met);
        ck_assert(rc == JOURNAL_CORRUPT || rc == JOURNAL_NOT_FOUND);
        corrupt += rc == JOURNAL_CORRUPT;
        memcpy(paged.bytes, kept, paged.pages * paged.page_size);
    }
    ck_assert_uint_gt(corrupt, 0);
    free(kept);
}
END_TEST

START_TEST(a_branch_that_leads_back_is_noticed)
{
    struct jn_store_way way = way_of(WALKED_ENTRIES);
    size_t met;

    walked_set_child(&paged, way.tree.root, 2,
                     walked_child(&paged, way.tree.root, 1));
    ck_assert_int_eq(go_through(&way, false, &met), JOURNAL_CORRUPT);
    ck_assert_int_eq(go_through(&way, true, &met), JOURNAL_CORRUPT);
    walked_set_child(&paged, way.tree.root, 2, way.tree.root);
    ck_assert_int_eq(go_through(&way, false, &met), JOURNAL_CORRUPT);
    walked_set_child(&paged, way.tree.root, 2, paged.pages);
    ck_assert_int_eq(go_through(&way, false, &met), JOURNAL_CORRUPT);
}
END_TEST

/* Its keys are all of another place, and its number is the right one. */
START_TEST(a_leaf_that_is_another_one_is_noticed)
{
    struct jn_store_way way = way_of(WALKED_ENTRIES);
    uint64_t pages[2] = {walked_child(&paged, way.tree.root, 3),
                         walked_child(&paged, way.tree.root, 5)};
    static uint64_t numbers[ROWS_MAX];

    list_rows(&way.tree);
    for (size_t i = 0; i < count; i++)
        numbers[i] = jn_get_be64(rows[i].data);
    memcpy(paged_page(&paged, pages[_i]), paged_page(&paged, pages[1 - _i]),
           paged.page_size);
    memcpy(paged_page(&paged, pages[_i]), &pages[_i], sizeof(pages[_i]));
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[8];
        struct jn_span key = {bytes, sizeof(bytes)}, value;
        int rc;

        jn_put_be64(bytes, numbers[i]);
        rc = jn_store_way_move(&way, JN_AT_OR_AFTER, &key, &value);
        ck_assert(rc == JOURNAL_CORRUPT ||
                  (rc == 0 && jn_get_be64(key.data) == numbers[i]));
    }
}
END_TEST

START_TEST(a_root_that_is_none_leads_nowhere)
{
    struct jn_store_way way = way_of(WALKED_ENTRIES);
    struct jn_span key = {NULL, 0}, value;

    way.tree.root = paged.pages;
    ck_assert_int_eq(jn_store_way_move(&way, JN_FIRST, &key, &value),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_store_way_move(&way, JN_LAST, &key, &value),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_store_way_move(&way, JN_AT_OR_AFTER, &key, &value),
                     JOURNAL_CORRUPT);
}
END_TEST

/* The node is where there is none: behind the page. */
START_TEST(a_node_of_a_branch_or_a_leaf_that_is_not_there_is_noticed)
{
    struct jn_store_way way = way_of(WALKED_ENTRIES);
    uint8_t *page = paged_page(&paged, way.tree.root);
    struct jn_span value;

    list_rows(&way.tree);
    if (_i > 0)
        page = paged_page(&paged, walked_child(&paged, way.tree.root, 0));
    for (unsigned i = 0; i < jn_page_count(page, paged.page_size); i++)
        memset(page + JN_PAGE_HEADER + 2 * i, 0xff, 2);
    ck_assert_int_eq(jn_store_way_move(&way, JN_AT_OR_AFTER, &rows[0], &value),
                     JOURNAL_CORRUPT);
}
END_TEST

/*
 * A leaf begins with a key that belongs before it: where no row before it is
 * left, one that is below what was asked for is not taken.
 */
START_TEST(a_leaf_of_lower_keys_than_asked_for_is_noticed)
{
    struct jn_store_way way = way_of(WALKED_ENTRIES);
    uint64_t second = walked_child(&paged, way.tree.root, 1);
    unsigned first = jn_page_count(
        paged_page(&paged, walked_child(&paged, way.tree.root, 0)),
        paged.page_size);
    uint8_t bytes[9] = {0}, *node = paged_node(paged_page(&paged, second), 0);
    struct jn_span key = {bytes, sizeof(bytes)}, value;

    list_rows(&way.tree);
    memcpy(bytes, rows[first - 1].data, 8);
    assert_moves(&way, JN_AT_OR_AFTER, key, first);
    memcpy(node + JN_NODE_HEADER, rows[1].data, 8);
    ck_assert_int_eq(jn_store_way_move(&way, JN_AT_OR_AFTER, &key, &value),
                     JOURNAL_CORRUPT);
}
END_TEST

/* A damaged one may be over all that is asked for. */
START_TEST(what_a_branch_says_of_its_first_key_means_nothing)
{
    struct jn_store_way way = way_of((enum walked_table)_i);
    uint8_t high[8];

    memset(high, 0xff, sizeof(high));
    walked_set_first_key(&paged, way.tree.root, high, sizeof(high));
    list_rows(&way.tree);
    for (size_t i = 0; i < count; i++)
        assert_moves(&way, JN_AT_OR_AFTER, rows[i], i);
    assert_moves(&way, JN_AT_OR_AFTER, jn_span(high, 0), 0);
    assert_moves(&way, JN_AT_OR_AFTER, jn_span(high, 8), count);
    for (size_t i = 0; i <= count; i++)
        assert_moves(&way, i == 0 ? JN_FIRST : JN_NEXT, jn_span(NULL, 0), i);
}
END_TEST

/* ---- ways that take no key out of turn ----------------------------------- */

/*
 * Changes a bit of some node's place, header or key in a leaf, or of a key in
 * the root; which row that is, or COUNT.  Where the root leads to may be
 * another leaf then, as it was some commits ago.
 */
static size_t
damage_one_node(const struct jn_store_tree *tree)
{
    unsigned leaves = jn_page_count(paged_page(&paged, tree->root),
                                    paged.page_size);
    unsigned leaf = (unsigned)(test_random(&chance) % leaves);
    bool below = test_random(&chance) % 2 == 0;
    size_t row = 0, where = test_random(&chance) % 4 + !below;
    uint8_t *page, *at;
    unsigned node;

    for (unsigned i = 0; i < leaf; i++)
        row += jn_page_count(paged_page(&paged,
                                        walked_child(&paged, tree->root, i)),
                             paged.page_size);
    page = paged_page(&paged, below ? walked_child(&paged, tree->root, leaf)
                                    : tree->root);
    node = (unsigned)(test_random(&chance) %
                      jn_page_count(page, paged.page_size));
    at = paged_node(page, node) + JN_NODE_HEADER;
    if (where == 0)
        at = page + JN_PAGE_HEADER + 2 * node + test_random(&chance) % 2;
    else if (where == 1 || jn_node_key_size(at - JN_NODE_HEADER) == 0)
        at -= 1 + test_random(&chance) % (below ? JN_NODE_HEADER : 2);
    else
        at += test_random(&chance) % jn_node_key_size(at - JN_NODE_HEADER);
    *at ^= (uint8_t)(1u << test_random(&chance) % 8);
    return below ? row + node : count;
}

/* Goes through all there is: no row is left out but SKIPPED, or it is told. */
static int
go_past(struct jn_store_way *way, bool back, size_t skipped)
{
    struct jn_span key = {NULL, 0}, value;
    size_t steps = 0, others = 0;
    int rc;

    while ((rc = jn_store_way_move(way, back ? JN_PREV : JN_NEXT, &key,
                                   &value)) == 0) {
        size_t at = back ? count - 1 - steps : steps;

        ck_assert_uint_lt(steps, count);
        others += at != skipped && key.data != rows[at].data;
        steps++;
    }
    if (rc == JOURNAL_NOT_FOUND) {
        ck_assert_uint_eq(steps, count);
        ck_assert_uint_eq(others, 0);
    }
    return rc;
}

/* It leads to KEY's row or the next one, whatever is said of row SKIPPED. */
static int
go_to(struct jn_store_way *way, struct jn_span key, size_t right,
      size_t skipped)
{
    struct jn_span value, found = key;
    int rc = jn_store_way_move(way, JN_AT_OR_AFTER, &found, &value);

    right += right == skipped;
    if (rc == JOURNAL_NOT_FOUND)
        ck_assert_uint_ge(right, count);
    if (rc == 0 && (skipped >= count || found.data != rows[skipped].data) &&
        right < count)
        ck_assert_ptr_eq(found.data, rows[right].data);
    return rc;
}

START_TEST(one_damaged_key_hides_no_other_row)
{
    size_t rounds = (size_t)(3000 * test_scale()) + 300, corrupt = 0;
    uint8_t *kept = malloc(paged.pages * paged.page_size);
    uint8_t bytes[JN_KEY_MAX + 1];

    ck_assert_ptr_nonnull(kept);
    memcpy(kept, paged.bytes, paged.pages * paged.page_size);
    for (size_t i = 0; i < rounds; i++) {
        struct jn_store_way way = way_of((enum walked_table)_i);
        size_t right, skipped;
        struct jn_span key;

        list_rows(&way.tree);
        right = test_random(&chance) % count;
        key = jn_span(bytes, rows[right].size);
        memcpy(bytes, rows[right].data, key.size);
        bytes[key.size] = 0;
        if (i % 2 == 1) {
            key.size++;
            right++;
        }
        way.strict = true;
        skipped = damage_one_node(&way.tree);
        corrupt += go_to(&way, key, right, skipped) == JOURNAL_CORRUPT;
        way = way_of((enum walked_table)_i);
        way.strict = true;
        corrupt += go_past(&way, i % 4 < 2, skipped) == JOURNAL_CORRUPT;
        memcpy(paged.bytes, kept, paged.pages * paged.page_size);
    }
    ck_assert_uint_gt(corrupt, rounds / 10);
    free(kept);
}
END_TEST

/*
 * Below a key of a branch that is too low is what its leaf does not have, and
 * what the one before has belongs behind it.
 */
START_TEST(a_key_of_a_branch_that_is_too_low_hides_no_row)
{
    struct jn_store_way way = way_of(WALKED_ENTRIES);
    uint8_t *root = paged_page(&paged, way.tree.root);
    unsigned first = jn_page_count(
        paged_page(&paged, walked_child(&paged, way.tree.root, 0)),
        paged.page_size);
    struct jn_span value;

    list_rows(&way.tree);
    way.strict = true;
    assert_moves(&way, JN_AT_OR_AFTER, rows[first - 2], first - 2);
    memcpy(paged_node(root, 1) + JN_NODE_HEADER, rows[first - 3].data, 8);
    for (unsigned i = first - 4; i < first; i++) {
        struct jn_span key = rows[i];

        ck_assert_int_eq(jn_store_way_move(&way, JN_AT_OR_AFTER, &key, &value),
                         JOURNAL_CORRUPT);
    }
    assert_moves(&way, JN_AT_OR_AFTER, rows[first], first);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("store_tree_way");
    TCase *tcase = tcase_create("way");

    tcase_set_timeout(tcase, 60);
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, all_rows_come_in_order_from_either_end,
                        WALKED_ENTRIES, WALKED_TABLES);
    tcase_add_loop_test(tcase, any_key_leads_to_its_row_or_the_next,
                        WALKED_ENTRIES, WALKED_TABLES);
    tcase_add_test(tcase,
                   behind_the_last_row_there_is_none_and_before_it_the_last);
    tcase_add_test(tcase, in_pages_of_chance_it_stays_within_them_and_ends);
    tcase_add_test(tcase, a_branch_that_leads_back_is_noticed);
    tcase_add_loop_test(tcase, a_leaf_that_is_another_one_is_noticed, 0, 2);
    tcase_add_test(tcase, a_root_that_is_none_leads_nowhere);
    tcase_add_loop_test(
        tcase, a_node_of_a_branch_or_a_leaf_that_is_not_there_is_noticed, 0, 2);
    tcase_add_test(tcase, a_leaf_of_lower_keys_than_asked_for_is_noticed);
    tcase_add_loop_test(tcase,
                        what_a_branch_says_of_its_first_key_means_nothing,
                        WALKED_ENTRIES, WALKED_TABLES);
    tcase_add_loop_test(tcase, one_damaged_key_hides_no_other_row,
                        WALKED_ENTRIES, WALKED_TABLES);
    tcase_add_test(tcase, a_key_of_a_branch_that_is_too_low_hides_no_row);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
