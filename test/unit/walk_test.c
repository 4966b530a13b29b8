/*
 * walk_test.c - each kind of damage to a file's structure is found and named.
 *
 * A test changes a few bytes of a sound file, as they lie in memory, and walks
 * over it.  What is found is the page where they were, or what they led to.
 */
#include "pages/walk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "support/fast_dir.h"
#include "support/test.h"
#include "unit/walked.h"

#define ENTRIES 1500u

static struct paged paged;
static struct jn_tree entries, latest;
static uint64_t rows; /* of the entries */
static uint64_t root, first_leaf;

static void
setup(void)
{
    test_setup();
    walked_make(&paged, ENTRIES);
    entries = walked_tree(&paged, WALKED_ENTRIES);
    latest = walked_tree(&paged, WALKED_LATEST);
    ck_assert_uint_eq(entries.depth, 2);
    ck_assert_uint_eq(latest.depth, 2);
    ck_assert_uint_gt(entries.overflow_pages, 6);
    rows = entries.entries;
    root = entries.root;
    first_leaf = walked_first(&paged, &entries, 2);
}

static void
teardown(void)
{
    paged_free(&paged);
    test_teardown();
}

/* ---- what is asserted --------------------------------------------------- */

static struct walked_result
walk(void)
{
    struct walked_result result;

    walked_walk(&paged, paged.pages * paged.page_size, &result);
    return result;
}

/* A walk finds WHAT at PAGE of TABLE first, and MORE reports follow. */
static struct walked_result
assert_found(unsigned table, uint64_t page, const char *what, unsigned more)
{
    struct walked_result result = walk();

    ck_assert_int_eq(result.rc, JOURNAL_CORRUPT);
    ck_assert_uint_ge(result.count, 1);
    ck_assert_str_eq(result.reports[0].what, what);
    ck_assert_uint_eq(result.reports[0].table, table);
    ck_assert_uint_eq(result.reports[0].page, page);
    ck_assert_uint_eq(result.count, 1 + more);
    ck_assert_uint_eq(result.done, WALKED_TABLES);
    return result;
}

/* The same of a leaf of the entries, and all rows but its own are there. */
static void
assert_leaf_found(uint64_t page, const char *what)
{
    unsigned count = jn_page_count(paged_page(&paged, page), paged.page_size);
    struct walked_result result = assert_found(WALKED_ENTRIES, page, what, 0);

    ck_assert_uint_gt(result.rows[WALKED_ENTRIES], rows / 2);
    if (count > 0)
        ck_assert_uint_eq(result.rows[WALKED_ENTRIES], rows - count);
    ck_assert_uint_eq(result.rows[WALKED_LATEST], latest.entries);
}

/* How often PAGE was reported to be WHAT, among the first. */
static unsigned
count_of(struct walked_result result, uint64_t page, const char *what)
{
    unsigned count = 0;

    for (unsigned i = 0; i < result.count && i < WALKED_REPORTS; i++)
        count += result.reports[i].page == page &&
                 strcmp(result.reports[i].what, what) == 0;
    return count;
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

/* A leaf of the entries in the middle, whose neighbours have none big. */
static uint64_t
some_leaf(void)
{
    uint8_t *bytes = paged_page(&paged, root);

    for (unsigned i = 3; i < jn_page_count(bytes, paged.page_size) - 1; i++) {
        uint64_t number = walked_child(&paged, root, i);
        uint8_t *page = paged_page(&paged, number);
        unsigned k, count = jn_page_count(page, paged.page_size);

        for (k = 0; k < count; k++) {
            if (jn_node_flags(paged_node(page, k)) != 0)
                break;
        }
        if (k == count && count > 3)
            return number;
    }
    ck_abort_msg("every leaf has a big value");
}

/* The node of the N-th big value of the entries, N from 0, and its leaf. */
static uint8_t *
big_node(unsigned n, uint64_t *leaf)
{
    uint8_t *bytes = paged_page(&paged, root);

    for (unsigned i = 0; i < jn_page_count(bytes, paged.page_size); i++) {
        uint8_t *page = paged_page(&paged, walked_child(&paged, root, i));

        *leaf = walked_child(&paged, root, i);
        for (unsigned k = 0; k < jn_page_count(page, paged.page_size); k++) {
            uint8_t *node = paged_node(page, k);

            if (jn_node_flags(node) == JN_NODE_BIG && n-- == 0)
                return node;
        }
    }
    ck_abort_msg("not so many big values");
}

static uint64_t
first_page_of(const uint8_t *node)
{
    return jn_get64(node + JN_NODE_HEADER + jn_node_key_size(node));
}

/* The longest list of free pages, and the page that it is in. */
static uint8_t *
free_list(uint64_t *leaf)
{
    const struct jn_tree *tree = &walked_meta(&paged)->trees[0];
    uint8_t *page, *longest = NULL;

    *leaf = walked_first(&paged, tree, tree->depth);
    page = paged_page(&paged, *leaf);
    for (unsigned i = 0; i < jn_page_count(page, paged.page_size); i++) {
        uint8_t *node = paged_node(page, i);
        uint8_t *list = node + JN_NODE_HEADER + 8;

        if (jn_node_flags(node) == 0 &&
            (longest == NULL || jn_get64(list) > jn_get64(longest)))
            longest = list;
    }
    ck_assert_ptr_nonnull(longest);
    ck_assert_uint_ge(jn_get64(longest), 3);
    return longest;
}

/* ---- what is sound ------------------------------------------------------ */

START_TEST(a_sound_file_is_found_sound)
{
    struct walked_result result = walk();

    ck_assert_int_eq(result.rc, 0);
    ck_assert_uint_eq(result.count, 0);
    ck_assert_uint_eq(result.done, WALKED_TABLES);
    ck_assert_uint_eq(result.rows[WALKED_ENTRIES], rows);
    ck_assert_uint_eq(result.rows[WALKED_LATEST], latest.entries);
    ck_assert_uint_gt(result.rows[WALKED_META], 4);
    ck_assert_uint_eq(result.pages, walked_meta(&paged)->last_page + 1);
    ck_assert_uint_eq(result.pages_done, result.pages);
}
END_TEST

START_TEST(journals_of_all_formats_are_found_sound)
{
    static const char *const journals[] = {
        "format-1",        "format-1-sparse", "format-2",
        "format-2-closed", "format-3-keys",   "format-3-entries",
        "format-3-closed",
    };

    for (size_t i = 0; i < sizeof(journals) / sizeof(journals[0]); i++) {
        struct walked_result result;
        char path[4096];
        int file;

        (void)snprintf(path, sizeof(path), "test/data/%s/data.mdb",
                       journals[i]);
        file = open(path, O_RDONLY);
        ck_assert_int_ge(file, 0);
        walked_walk_file(file, &result);
        close(file);
        ck_assert_int_eq(result.rc, 0);
        ck_assert_uint_gt(result.rows[WALKED_ENTRIES], 5);
    }
}
END_TEST

START_TEST(a_free_page_may_lie_beyond_the_end_of_the_file)
{
    struct jn_meta *meta = walked_meta(&paged);
    uint64_t leaf, last = meta->last_page, lost;
    uint8_t *list = free_list(&leaf);
    uint64_t count = jn_get64(list);

    /* A page more, which is free, in place of the list's last. */
    meta->last_page++;
    lost = jn_get64(list + 8 * count);
    memmove(list + 16, list + 8, count * 8 - 8);
    put64(list + 8, last + 1);
    assert_found(WALKED_TABLES, lost, "a page neither in use nor free", 0);
    /* And one that nobody names. */
    meta->last_page++;
    assert_found(WALKED_TABLES, lost, "a page neither in use nor free", 1);
}
END_TEST

/* ---- pages -------------------------------------------------------------- */

START_TEST(a_branch_that_leads_to_itself)
{
    uint64_t leaf = walked_child(&paged, root, 4);
    unsigned count = jn_page_count(paged_page(&paged, leaf), paged.page_size);
    struct walked_result result;

    walked_set_child(&paged, root, 4, root);
    result = assert_found(WALKED_ENTRIES, root, "a page that is in use twice",
                          0);
    ck_assert_uint_eq(result.rows[WALKED_ENTRIES], rows - count);
}
END_TEST

START_TEST(a_page_that_two_branches_lead_to)
{
    uint64_t twice = walked_first(&paged, &latest, 2);

    /* The entries come first, but there its keys make no sense. */
    walked_set_child(&paged, root, 4, twice);
    (void)assert_found(WALKED_ENTRIES, twice, "a key above those of its branch",
                       1);
    walked_set_child(&paged, root, 4, walked_child(&paged, root, 3));
    (void)assert_found(WALKED_ENTRIES, walked_child(&paged, root, 3),
                       "a page that is in use twice", 0);
}
END_TEST

START_TEST(a_page_beyond_the_end)
{
    uint64_t last = walked_meta(&paged)->last_page;

    walked_set_child(&paged, root, 4, last + 1);
    (void)assert_found(WALKED_ENTRIES, last + 1, "a page number beyond the end",
                       0);
    walked_set_child(&paged, root, 4, UINT64_C(0xffffffffffff));
    (void)assert_found(WALKED_ENTRIES, UINT64_C(0xffffffffffff),
                       "a page number beyond the end", 0);
    walked_set_child(&paged, root, 4, 1);
    (void)assert_found(WALKED_ENTRIES, 1, "a page number beyond the end", 0);
    /* The file has it, but it is none that the meta page knows. */
    paged.pages -= 3;
    walked_set_child(&paged, root, 4, paged.pages + 1);
    walked_meta(&paged)->last_page = paged.pages - 1;
    paged.pages += 3;
    ck_assert_int_eq(walk().rc, JOURNAL_CORRUPT);
    ck_assert_uint_gt(count_of(walk(), paged.pages - 2,
                               "a page number beyond the end"),
                      0);
}
END_TEST

START_TEST(a_file_cut_short)
{
    struct walked_result result;

    for (uint64_t pages = 2; pages <= root; pages += 3) {
        walked_walk(&paged, pages * paged.page_size + 100, &result);
        ck_assert_int_eq(result.rc, JOURNAL_CORRUPT);
        ck_assert_uint_ge(result.count, 1);
        ck_assert(strcmp(result.reports[0].what,
                         "a page number beyond the end") == 0 ||
                  strcmp(result.reports[0].what, "no page of a value") == 0);
    }
}
END_TEST

START_TEST(a_page_of_another_kind)
{
    static const unsigned kinds[] = {0, 1, 3, 4, 8, 0x12, 0x22, 0x42, 0x8002};
    uint64_t number = some_leaf();

    for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        put16(paged_page(&paged, number) + 10, kinds[i]);
        assert_leaf_found(number, kinds[i] == 1
                                      ? "a tree that is not as deep everywhere"
                                      : "no page of a tree");
    }
}
END_TEST

START_TEST(a_page_of_another_number)
{
    uint64_t number = some_leaf();

    put64(paged_page(&paged, number), number + 1);
    assert_leaf_found(number, "no page of a tree");
}
END_TEST

START_TEST(a_header_that_makes_no_sense)
{
    uint64_t number = some_leaf();
    uint8_t *page = paged_page(&paged, number);
    unsigned lower = jn_page_lower(page), upper = jn_page_upper(page);

    put16(page + 12, lower + 1);
    assert_leaf_found(number, "a header that makes no sense");
    put16(page + 12, lower);
    put16(page + 14, upper - 2);
    assert_leaf_found(number, "nodes that do not fill the page");
    put16(page + 14, upper + 2);
    assert_leaf_found(number, "a node that does not lie within the page");
    /* These leave no count of nodes. */
    put16(page + 14, lower - 2);
    assert_leaf_found(number, "no page of a tree");
    put16(page + 14, 0xffff);
    assert_leaf_found(number, "no page of a tree");
    put16(page + 14, upper);
    put16(page + 12, 0);
    assert_leaf_found(number, "no page of a tree");
    put16(page + 12, 16);
    assert_leaf_found(number, "no page of a tree");
}
END_TEST

START_TEST(a_page_with_a_node_less)
{
    uint64_t number = some_leaf();
    uint8_t *page = paged_page(&paged, number);

    put16(page + 12, jn_page_lower(page) - 2);
    (void)assert_found(WALKED_ENTRIES, number,
                       "nodes that do not fill the page", 0);
}
END_TEST

/* ---- nodes -------------------------------------------------------------- */

START_TEST(a_node_that_does_not_lie_within_the_page)
{
    static const unsigned places[] = {0, 14, 17, 4090, 4096, 0xfffe, 0xffff};
    uint64_t number = some_leaf();
    uint8_t *offset = paged_page(&paged, number) + JN_PAGE_HEADER + 2;
    unsigned place = jn_get16(offset);

    for (unsigned i = 0; i < sizeof(places) / sizeof(*places); i++) {
        put16(offset, places[i]);
        assert_leaf_found(number, "a node that does not lie within the page");
    }
    /* Nodes begin at even places. */
    put16(offset, place + 1);
    assert_leaf_found(number, "a node that does not lie within the page");
}
END_TEST

START_TEST(a_node_whose_sizes_do_not_fit)
{
    uint64_t number = some_leaf();
    uint8_t *node = paged_node(paged_page(&paged, number), 1);
    unsigned size = (unsigned)jn_node_size(node);

    put16(node, size + 2);
    assert_leaf_found(number, "nodes that do not fill the page");
    put16(node, size - 2);
    assert_leaf_found(number, "nodes that do not fill the page");
    put16(node + 2, 1);
    assert_leaf_found(number, "a node that does not lie within the page");
    put16(node, size);
    put16(node + 2, 0);
    put16(node + 6, 0);
    assert_leaf_found(number, "a key of the wrong size");
    put16(node + 6, 0xffff);
    assert_leaf_found(number, "a node that does not lie within the page");
}
END_TEST

START_TEST(a_node_that_is_too_big)
{
    uint64_t number = some_leaf();
    uint8_t *page = paged_page(&paged, number);
    unsigned last = jn_page_count(page, paged.page_size) - 1;

    /* Behind the last one all the others lie. */
    put16(paged_node(page, last), (unsigned)paged.page_size / 2);
    assert_leaf_found(number, "a node that is too big");
}
END_TEST

START_TEST(two_nodes_in_one_place)
{
    uint64_t number = some_leaf();
    uint8_t *page = paged_page(&paged, number);
    uint8_t *offsets = page + JN_PAGE_HEADER;
    size_t at = jn_page_offset(page, 1);

    /* The second is also the third. */
    memcpy(offsets + 2, offsets + 4, 2);
    assert_leaf_found(number, "keys out of order");
    /* The second reaches into the third, and leaves a gap behind itself. */
    put16(offsets + 2, (unsigned)at - 10);
    memmove(page + at - 10, page + at, JN_NODE_HEADER + 8);
    assert_leaf_found(number, "nodes that do not fill the page");
}
END_TEST

START_TEST(two_nodes_at_the_end_of_the_page)
{
    uint64_t number = some_leaf();
    uint8_t *page = paged_page(&paged, number), moved[4096];
    size_t end = jn_page_offset(page, 0), middle = jn_page_offset(page, 1);
    size_t room = end - middle, i = 1;

    /* The first has to be longer than the second's row. */
    ck_assert_uint_le(room, sizeof(moved));
    if (room + 32 > paged.page_size - end) {
        room = 24;
        put16(page + middle, (unsigned)(room - 16));
    }
    ck_assert_uint_le(room + 32, paged.page_size - end);
    memcpy(moved, page + middle, room);
    memcpy(page + paged.page_size - room, moved, room);
    put16(page + JN_PAGE_HEADER + 2 * i, (unsigned)(paged.page_size - room));
    /* The third takes the place that the second had. */
    put16(paged_node(page, 2),
          (unsigned)(end - jn_page_offset(page, 2)) - JN_NODE_HEADER - 8);
    assert_leaf_found(number, "nodes that do not fill the page");
}
END_TEST

START_TEST(a_node_of_another_kind)
{
    uint64_t number = some_leaf(), names;
    uint8_t *node = paged_node(paged_page(&paged, number), 1);

    for (unsigned flags = 2; flags < 0x10000; flags *= 2) {
        put16(node + 4, flags);
        assert_leaf_found(number, "a node of the wrong kind");
    }
    put16(node + 4, 0);
    /* The description of a table that is a row like others. */
    node = walked_describes(&paged, WALKED_ENTRIES, &names) - 7 -
           JN_NODE_HEADER;
    put16(node + 4, 0);
    ck_assert_uint_eq(walked_meta(&paged)->trees[1].root, names);
    (void)assert_found(WALKED_TABLES, names, "a node of the wrong kind", 0);
}
END_TEST

START_TEST(keys_out_of_order)
{
    uint64_t number = some_leaf();
    uint8_t *page = paged_page(&paged, number);
    uint8_t *key = paged_node(page, 2) + JN_NODE_HEADER;
    uint8_t *offsets = page + JN_PAGE_HEADER;
    uint8_t two[4];

    /* The same one twice. */
    jn_put_be64(key, jn_get_be64(key) - 1);
    assert_leaf_found(number, "keys out of order");
    jn_put_be64(key, jn_get_be64(key) + 1);
    /* Two nodes in each other's place. */
    memcpy(two, offsets + 2, 4);
    memcpy(offsets + 2, two + 2, 2);
    memcpy(offsets + 4, two, 2);
    assert_leaf_found(number, "keys out of order");
}
END_TEST

START_TEST(nodes_may_lie_in_any_order)
{
    uint8_t *page = paged_page(&paged, some_leaf());
    uint8_t *offsets = page + JN_PAGE_HEADER;
    size_t end = jn_page_offset(page, 0), middle = jn_page_offset(page, 1);
    size_t start = jn_page_offset(page, 2), second = middle - start;
    uint8_t two[8192];

    /* The second and the third change places. */
    memcpy(two, page + start, end - start);
    memcpy(page + start, two + second, end - middle);
    memcpy(page + start + (end - middle), two, second);
    put16(offsets + 2, (unsigned)start);
    put16(offsets + 4, (unsigned)(start + end - middle));
    ck_assert_int_eq(walk().rc, 0);
    /* And then the third is a bit too long. */
    page[start + end - middle] += 2;
    assert_leaf_found(jn_page_number(page), "nodes that do not fill the page");
}
END_TEST

START_TEST(a_key_outside_of_its_branch)
{
    uint64_t number = some_leaf();
    uint8_t *page = paged_page(&paged, number);
    unsigned last = jn_page_count(page, paged.page_size) - 1;
    uint8_t *key = paged_node(page, last) + JN_NODE_HEADER;
    uint64_t was = jn_get_be64(key);

    jn_put_be64(key, UINT64_MAX);
    assert_leaf_found(number, "a key above those of its branch");
    /* Rows follow one another, so this is where the next leaf begins. */
    jn_put_be64(key, was + 1);
    assert_leaf_found(number, "a key above those of its branch");
    jn_put_be64(key, was);
    key = paged_node(page, 0) + JN_NODE_HEADER;
    jn_put_be64(key, 1);
    assert_leaf_found(number, "a key below those of its branch");
}
END_TEST

START_TEST(a_branch_with_one_child)
{
    uint8_t *page = paged_page(&paged, root);

    put16(page + 12, 18);
    (void)assert_found(WALKED_ENTRIES, root, "a branch with one child", 0);
}
END_TEST

/* ---- trees -------------------------------------------------------------- */

START_TEST(a_tree_that_is_not_as_deep_everywhere)
{
    struct walked_result result;

    walked_set_child(&paged, root, 4, latest.root);
    result = assert_found(WALKED_ENTRIES, latest.root,
                          "a tree that is not as deep everywhere", 1);
    ck_assert_uint_eq(result.reports[1].table, WALKED_LATEST);
    ck_assert_uint_eq(result.reports[1].page, latest.root);
}
END_TEST

/* Writes TREE as the description of the entries, and finds WHAT there. */
static struct walked_result
assert_described(const struct jn_tree *tree, const char *what)
{
    uint64_t page;

    memcpy(walked_describes(&paged, WALKED_ENTRIES, &page), tree,
           sizeof(*tree));
    return assert_found(WALKED_ENTRIES, page, what, 0);
}

START_TEST(a_wrong_depth_and_all_rows_are_found)
{
    static const unsigned depths[] = {1, 3, 32};
    struct jn_tree tree = entries;

    for (unsigned i = 0; i < 3; i++) {
        struct walked_result result;

        tree.depth = (uint16_t)depths[i];
        result = assert_described(&tree, "a depth that is wrong");
        ck_assert_uint_eq(result.rows[WALKED_ENTRIES], rows);
    }
    tree.depth = 0;
    (void)assert_described(&tree, "a depth that cannot be");
    tree.depth = 33;
    (void)assert_described(&tree, "a depth that cannot be");
    tree.depth = 0xffff;
    (void)assert_described(&tree, "a depth that cannot be");
}
END_TEST

/* Nothing tells how deep it is. */
START_TEST(a_depth_that_cannot_be_of_a_root_that_is_none)
{
    static const unsigned depths[] = {0, 33, 0xffff};
    struct jn_tree tree = entries;
    uint64_t page;

    for (unsigned i = 0; i < 3; i++) {
        struct walked_result result;

        tree.depth = (uint16_t)depths[i];
        tree.root = 1;
        memcpy(walked_describes(&paged, WALKED_ENTRIES, &page), &tree,
               sizeof(tree));
        result = walk();
        ck_assert_int_eq(result.rc, JOURNAL_CORRUPT);
        ck_assert_uint_eq(result.rows[WALKED_ENTRIES], 0);
        ck_assert_uint_gt(result.rows[WALKED_LATEST], 0);
    }
}
END_TEST

START_TEST(wrong_counts)
{
    struct jn_tree tree = entries;

    tree.entries--;
    (void)assert_described(&tree, "a wrong number of rows");
    tree = entries;
    tree.leaf_pages++;
    (void)assert_described(&tree, "a wrong number of pages");
    tree = entries;
    tree.branch_pages--;
    (void)assert_described(&tree, "a wrong number of pages");
    tree = entries;
    tree.overflow_pages = 0;
    (void)assert_described(&tree, "a wrong number of pages");
}
END_TEST

START_TEST(a_table_of_another_kind)
{
    static const unsigned kinds[] = {2, 4, 8, 0x10, 0x20, 0x40, 0x8000};
    struct jn_tree tree = entries;
    uint64_t page;

    for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        tree.flags = (uint16_t)kinds[i];
        (void)assert_described(&tree, "a table of the wrong kind");
    }
    memcpy(walked_describes(&paged, WALKED_ENTRIES, &page), &entries,
           sizeof(entries));
    walked_meta(&paged)->trees[0].flags = 0;
    (void)assert_found(WALKED_TABLES, walked_meta_number(&paged),
                       "a table of the wrong kind", 0);
}
END_TEST

START_TEST(a_table_without_a_root)
{
    struct jn_tree tree = entries;
    uint64_t page;

    tree.root = JN_NO_ROOT;
    memcpy(walked_describes(&paged, WALKED_ENTRIES, &page), &tree,
           sizeof(tree));
    (void)assert_found(WALKED_ENTRIES, page, "a depth that cannot be", 0);
    tree.depth = 0;
    (void)assert_described(&tree, "a wrong number of pages");
    /* With counts of nothing it is empty, and its pages are lost, each. */
    tree = (struct jn_tree){.root = JN_NO_ROOT};
    memcpy(walked_describes(&paged, WALKED_ENTRIES, &page), &tree,
           sizeof(tree));
    (void)assert_found(WALKED_TABLES, walk().reports[0].page,
                       "a page neither in use nor free",
                       (unsigned)(entries.branch_pages + entries.leaf_pages +
                                  entries.overflow_pages) -
                           1);
}
END_TEST

/* ---- values on pages of their own --------------------------------------- */

START_TEST(two_big_values_on_one_page)
{
    uint64_t leaf, page;
    uint8_t *first = big_node(0, &leaf), *second = big_node(1, &leaf);
    struct walked_result result;

    page = first_page_of(first);
    put64(second + JN_NODE_HEADER + 8, page);
    result = assert_found(WALKED_ENTRIES, page, "a page that is in use twice",
                          0);
    ck_assert_uint_eq(result.rows[WALKED_ENTRIES], rows - 1);
}
END_TEST

START_TEST(a_big_value_that_is_not_there)
{
    uint64_t leaf, last = walked_meta(&paged)->last_page;
    uint8_t *node = big_node(1, &leaf);
    const uint64_t places[] = {0,    1,        root,          leaf,
                               last, last + 1, UINT64_MAX - 1};
    struct walked_result result;

    for (unsigned i = 0; i < sizeof(places) / sizeof(*places); i++) {
        put64(node + JN_NODE_HEADER + 8, places[i]);
        result = assert_found(WALKED_ENTRIES, places[i], "no page of a value",
                              0);
        ck_assert_uint_eq(result.rows[WALKED_ENTRIES], rows - 1);
    }
}
END_TEST

START_TEST(a_big_value_of_the_wrong_size)
{
    uint64_t leaf;
    uint8_t *node = big_node(1, &leaf);
    uint64_t first = first_page_of(node);
    uint8_t *extent = paged_page(&paged, first) + 12;
    unsigned size = (unsigned)jn_node_size(node), pages = jn_get16(extent);

    put16(extent, pages + 1);
    (void)assert_found(WALKED_ENTRIES, first, "a value of the wrong size", 0);
    put16(extent, pages - 1);
    (void)assert_found(WALKED_ENTRIES, first, "no page of a value", 0);
    put16(extent, pages);
    put16(node + 2, 0xffff);
    (void)assert_found(WALKED_ENTRIES, first, "no page of a value", 0);
    put16(node + 2, 0);
    put16(node, size - (unsigned)paged.page_size);
    (void)assert_found(WALKED_ENTRIES, first, "a value of the wrong size", 0);
}
END_TEST

/* ---- free pages --------------------------------------------------------- */

START_TEST(a_page_that_is_neither_in_use_nor_free)
{
    uint64_t leaf, lost;
    uint8_t *list = free_list(&leaf);

    lost = jn_get64(list + 8 * jn_get64(list));
    put64(list, jn_get64(list) - 1);
    (void)assert_found(WALKED_TABLES, lost, "a page neither in use nor free",
                       0);
}
END_TEST

START_TEST(a_free_page_that_is_in_use)
{
    uint64_t leaf;
    uint8_t *list = free_list(&leaf);
    uint64_t count = jn_get64(list), i = 1;

    /* In place of the first below it, or of the last, so that they descend. */
    while (i < count && jn_get64(list + 8 * i) > root)
        i++;
    put64(list + 8 * i, root);
    (void)assert_found(WALKED_TABLES, root, "a free page in use, or twice", 0);
}
END_TEST

START_TEST(a_list_of_free_pages_that_is_none)
{
    uint64_t leaf;
    uint8_t *list = free_list(&leaf);
    uint64_t count = jn_get64(list), first = jn_get64(list + 8);
    uint64_t lowest = jn_get64(list + 8 * count);

    put64(list + 8 * count, 1);
    (void)assert_found(WALKED_TABLES, leaf, "free pages out of order", 0);
    put64(list + 8 * count, lowest);
    put64(list + 16, first);
    (void)assert_found(WALKED_TABLES, leaf, "free pages out of order", 0);
    put64(list + 16, first + 1);
    (void)assert_found(WALKED_TABLES, leaf, "free pages out of order", 0);
    put64(list + 8, walked_meta(&paged)->last_page + 1);
    (void)assert_found(WALKED_TABLES, leaf, "free pages out of order", 0);
    put64(list + 8, 1);
    (void)assert_found(WALKED_TABLES, leaf, "free pages out of order", 0);
    put64(list, count + 1000);
    (void)assert_found(WALKED_TABLES, leaf, "a list of free pages that is none",
                       0);
    put64(list, UINT64_MAX);
    (void)assert_found(WALKED_TABLES, leaf, "a list of free pages that is none",
                       0);
}
END_TEST

START_TEST(free_pages_of_a_transaction_that_has_not_been)
{
    const struct jn_meta *meta = walked_meta(&paged);
    uint64_t leaf = walked_first(&paged, &meta->trees[0], meta->trees[0].depth);
    uint8_t *page = paged_page(&paged, leaf);
    unsigned last = jn_page_count(page, paged.page_size) - 1;

    put64(paged_node(page, last) + JN_NODE_HEADER, meta->transaction + 1);
    (void)assert_found(WALKED_TABLES, leaf, "a list of free pages that is none",
                       0);
    put64(paged_node(page, last) + JN_NODE_HEADER, meta->transaction);
    put64(paged_node(page, 0) + JN_NODE_HEADER, 0);
    (void)assert_found(WALKED_TABLES, leaf, "a list of free pages that is none",
                       0);
}
END_TEST

/* ---- meta pages, and who listens ---------------------------------------- */

START_TEST(a_meta_page_that_is_damaged)
{
    uint64_t number = 1 - walked_meta_number(&paged);
    int file = open(test_path("file"), O_RDWR | O_CREAT, 0600);
    struct walked_result result = {0};
    struct jn_pages *pages;

    paged_page(&paged, number)[16] ^= 1;
    ck_assert_int_eq(write(file, paged.bytes, paged.pages * paged.page_size),
                     (ssize_t)(paged.pages * paged.page_size));
    walked_walk_file(file, &result);
    ck_assert_int_eq(result.rc, JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_pages_open_any(&pages, file), 0);
    walked_walk_pages(pages, &result);
    ck_assert_int_eq(result.rc, JOURNAL_CORRUPT);
    ck_assert_uint_eq(result.count, 1);
    ck_assert_uint_eq(result.reports[0].page, number);
    ck_assert_str_eq(result.reports[0].what, "a meta page that is damaged");
    ck_assert_uint_eq(result.rows[WALKED_ENTRIES], rows);
    jn_pages_close(pages);
    close(file);
}
END_TEST

START_TEST(a_meta_page_that_claims_far_more_pages)
{
    static const uint64_t claims[] = {100, 1000000, UINT64_C(1) << 51};

    for (unsigned i = 0; i < 3; i++) {
        walked_meta(&paged)->last_page = paged.pages + claims[i];
        ck_assert_int_eq(walk().rc, JOURNAL_CORRUPT);
        ck_assert_uint_eq(walk().rows[WALKED_ENTRIES], rows);
    }
}
END_TEST

/* Ends a walk at the CALLS-th call. */
struct impatient {
    unsigned calls;
};

static int
end_row(void *context, unsigned table, struct jn_span key, struct jn_span value)
{
    struct impatient *impatient = context;

    (void)table, (void)key, (void)value;
    return --impatient->calls == 0 ? ECANCELED : 0;
}

static int
end_progress(void *context, uint64_t done, uint64_t pages)
{
    (void)done, (void)pages;
    return end_row(context, 0, jn_span(NULL, 0), jn_span(NULL, 0));
}

static int
end_bad(void *context, unsigned table, uint64_t page, const char *what)
{
    (void)page, (void)what;
    return end_row(context, table, jn_span(NULL, 0), jn_span(NULL, 0));
}

static int
end_done(void *context, unsigned table)
{
    return end_row(context, table, jn_span(NULL, 0), jn_span(NULL, 0));
}

START_TEST(whoever_listens_can_end_it)
{
    static const char *const tables[] = {"entries"};
    struct impatient impatient;
    const struct jn_walk_sink sinks[] = {
        {.context = &impatient, .tables = tables, .count = 1, .row = end_row},
        {.context = &impatient, .tables = tables, .count = 1, .done = end_done},
        {.context = &impatient, .progress = end_progress},
        {.context = &impatient, .bad = end_bad},
        {.context = &impatient},
    };
    struct jn_pages *pages;
    int file;

    walked_set_child(&paged, root, 4, root);
    paged_write(&paged);
    file = open(test_path("journal/data.mdb"), O_RDONLY);
    ck_assert_int_eq(jn_pages_open(&pages, file), 0);
    for (unsigned i = 0; i < 5; i++) {
        impatient.calls = i == 0 ? 700 : 1;
        ck_assert_int_eq(jn_walk(pages, &sinks[i]),
                         i == 4 ? JOURNAL_CORRUPT : ECANCELED);
        ck_assert_uint_eq(impatient.calls, i == 4);
    }
    jn_pages_close(pages);
    close(file);
}
END_TEST

/* ---- in constant time --------------------------------------------------- */

/* Whether the edges are sound with page NUMBER spoilt, which is mended. */
static int
edges_with(uint64_t number, size_t size)
{
    int file = memfd_create("edges", MFD_CLOEXEC), rc;
    uint8_t *flags = paged_page(&paged, number) + 10;
    struct jn_pages *pages;

    *flags ^= 0x20;
    ck_assert_int_eq(write(file, paged.bytes, size), (ssize_t)size);
    ck_assert_int_eq(jn_pages_open(&pages, file), 0);
    rc = jn_walk_edges(pages, "meta");
    jn_pages_close(pages);
    close(file);
    *flags ^= 0x20;
    return rc;
}

START_TEST(what_lmdb_meets_first_is_looked_at_in_constant_time)
{
    size_t size = paged.pages * paged.page_size;
    unsigned last = jn_page_count(paged_page(&paged, root), paged.page_size);
    struct jn_tree meta = walked_tree(&paged, WALKED_META);
    const struct jn_tree *free_tree = &walked_meta(&paged)->trees[0];
    const uint64_t edges[] = {
        root,
        first_leaf,
        walked_child(&paged, root, last - 1),
        latest.root,
        walked_first(&paged, &latest, 2),
        walked_first(&paged, &meta, meta.depth),
        walked_first(&paged, free_tree, free_tree->depth),
        walked_meta(&paged)->trees[1].root,
    };
    uint64_t leaf;

    /* A page of a value is not looked at, nor one in the middle. */
    ck_assert_int_eq(edges_with(first_page_of(big_node(1, &leaf)), size), 0);
    ck_assert_int_eq(edges_with(some_leaf(), size), 0);
    for (unsigned i = 0; i < sizeof(edges) / sizeof(*edges); i++)
        ck_assert_int_eq(edges_with(edges[i], size), JOURNAL_CORRUPT);
}
END_TEST

START_TEST(of_a_short_file_all_free_pages_are_looked_at)
{
    size_t size = paged.pages * paged.page_size;
    uint64_t list, leaf = some_leaf();
    uint8_t *first = free_list(&list) + 8;
    struct jn_meta *meta = walked_meta(&paged);

    /* A page more, which is free in place of another. */
    put64(first, ++meta->last_page);
    ck_assert_int_eq(edges_with(leaf, size), 0);
    /* One that nobody has heard of. */
    meta->last_page++;
    ck_assert_int_eq(edges_with(leaf, size), JOURNAL_CORRUPT);
    meta->last_page--;
    /* Many that are in use. */
    ck_assert_int_eq(edges_with(leaf, size / 2), JOURNAL_CORRUPT);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("walk");
    TCase *tcase = tcase_create("walk");

    tcase_set_timeout(tcase, 60);
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_sound_file_is_found_sound);
    tcase_add_test(tcase, journals_of_all_formats_are_found_sound);
    tcase_add_test(tcase, a_free_page_may_lie_beyond_the_end_of_the_file);
    tcase_add_test(tcase, a_branch_that_leads_to_itself);
    tcase_add_test(tcase, a_page_that_two_branches_lead_to);
    tcase_add_test(tcase, a_page_beyond_the_end);
    tcase_add_test(tcase, a_file_cut_short);
    tcase_add_test(tcase, a_page_of_another_kind);
    tcase_add_test(tcase, a_page_of_another_number);
    tcase_add_test(tcase, a_header_that_makes_no_sense);
    tcase_add_test(tcase, a_page_with_a_node_less);
    tcase_add_test(tcase, a_node_that_does_not_lie_within_the_page);
    tcase_add_test(tcase, a_node_whose_sizes_do_not_fit);
    tcase_add_test(tcase, a_node_that_is_too_big);
    tcase_add_test(tcase, two_nodes_in_one_place);
    tcase_add_test(tcase, two_nodes_at_the_end_of_the_page);
    tcase_add_test(tcase, a_node_of_another_kind);
    tcase_add_test(tcase, keys_out_of_order);
    tcase_add_test(tcase, nodes_may_lie_in_any_order);
    tcase_add_test(tcase, a_key_outside_of_its_branch);
    tcase_add_test(tcase, a_branch_with_one_child);
    tcase_add_test(tcase, a_tree_that_is_not_as_deep_everywhere);
    tcase_add_test(tcase, a_wrong_depth_and_all_rows_are_found);
    tcase_add_test(tcase, a_depth_that_cannot_be_of_a_root_that_is_none);
    tcase_add_test(tcase, wrong_counts);
    tcase_add_test(tcase, a_table_of_another_kind);
    tcase_add_test(tcase, a_table_without_a_root);
    tcase_add_test(tcase, two_big_values_on_one_page);
    tcase_add_test(tcase, a_big_value_that_is_not_there);
    tcase_add_test(tcase, a_big_value_of_the_wrong_size);
    tcase_add_test(tcase, a_page_that_is_neither_in_use_nor_free);
    tcase_add_test(tcase, a_free_page_that_is_in_use);
    tcase_add_test(tcase, a_list_of_free_pages_that_is_none);
    tcase_add_test(tcase, free_pages_of_a_transaction_that_has_not_been);
    tcase_add_test(tcase, a_meta_page_that_is_damaged);
    tcase_add_test(tcase, a_meta_page_that_claims_far_more_pages);
    tcase_add_test(tcase, whoever_listens_can_end_it);
    tcase_add_test(tcase, what_lmdb_meets_first_is_looked_at_in_constant_time);
    tcase_add_test(tcase, of_a_short_file_all_free_pages_are_looked_at);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
