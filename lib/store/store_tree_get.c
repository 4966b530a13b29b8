/* store_tree_get.c - one row looked up in the pages of a tree. */
#include "base/error.h"
#include "store/store_tree_part.h"

const uint8_t *
jn_tree_page(const struct jn_store_tree *tree, uint64_t number, unsigned kind,
             unsigned *count)
{
    const uint8_t *page;

    if (number < 2 || number >= tree->pages)
        return NULL;
    page = tree->base + number * tree->page_size;
    if (jn_page_number(page) != number || jn_page_flags(page) != kind)
        return NULL;
    *count = jn_page_count(page, tree->page_size);
    return *count > 0 ? page : NULL;
}

const uint8_t *
jn_tree_node(const struct jn_store_tree *tree, const uint8_t *page, unsigned i)
{
    size_t offset = jn_page_offset(page, i);

    if (offset < JN_PAGE_HEADER || offset + JN_NODE_HEADER > tree->page_size ||
        offset + JN_NODE_HEADER + jn_node_key_size(page + offset) >
            tree->page_size)
        return NULL;
    return page + offset;
}

/* How the key of NODE compares to KEY. */
static int
compare(const uint8_t *node, struct jn_span key)
{
    size_t size = jn_node_key_size(node);
    size_t common = size < key.size ? size : key.size;
    int order;

    if (common >= 8) {
        uint64_t a = jn_get_be64(node + JN_NODE_HEADER);
        uint64_t b = jn_get_be64(key.data);

        if (a != b)
            return a < b ? -1 : 1;
    }
    order = common > 0 ? memcmp(node + JN_NODE_HEADER, key.data, common) : 0;
    return order != 0 ? order : (size > key.size) - (size < key.size);
}

bool
jn_tree_search(const struct jn_store_tree *tree, const uint8_t *page,
               unsigned low, unsigned count, struct jn_span key,
               unsigned *found, bool *exact)
{
    unsigned high = count;

    *exact = false;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const uint8_t *node = jn_tree_node(tree, page, middle);
        int order;

        if (node == NULL)
            return false;
        order = compare(node, key);
        if (order <= 0)
            low = middle + 1;
        else
            high = middle;
        if (order == 0) {
            *exact = true;
            break;
        }
    }
    *found = low;
    return true;
}

/* The leaf that KEY's row would be on, or NULL. */
static const uint8_t *
find_leaf(const struct jn_store_tree *tree, struct jn_span key, unsigned *count)
{
    uint64_t number = tree->root;

    for (unsigned level = 1; level < tree->depth; level++) {
        const uint8_t *page = jn_tree_page(tree, number, JN_PAGE_BRANCH, count);
        const uint8_t *node;
        unsigned found;
        bool exact;

        /* The first child's key means nothing. */
        if (page == NULL ||
            !jn_tree_search(tree, page, 1, *count, key, &found, &exact))
            return NULL;
        node = jn_tree_node(tree, page, found - 1);
        if (node == NULL)
            return NULL;
        number = jn_node_child(node);
    }
    return jn_tree_page(tree, number, JN_PAGE_LEAF, count);
}

/* A value on pages of its own, whose number is at START. */
static int
big_value(const struct jn_store_tree *tree, const uint8_t *start, uint64_t size,
          struct jn_span *value)
{
    uint64_t first = jn_get64(start);
    const uint8_t *page;

    if (first < 2 || first >= tree->pages ||
        size + JN_PAGE_HEADER > (tree->pages - first) * tree->page_size)
        return JOURNAL_CORRUPT;
    page = tree->base + first * tree->page_size;
    if (jn_page_number(page) != first || jn_page_flags(page) != JN_PAGE_BIG ||
        jn_page_extent(page) * (uint64_t)tree->page_size <
            size + JN_PAGE_HEADER)
        return JOURNAL_CORRUPT;
    *value = jn_span(page + JN_PAGE_HEADER, size);
    return 0;
}

int
jn_tree_value(const struct jn_store_tree *tree, const uint8_t *page,
              const uint8_t *node, struct jn_span *value)
{
    const uint8_t *start = node + JN_NODE_HEADER + jn_node_key_size(node);
    size_t left = (size_t)(page + tree->page_size - start);
    uint64_t size = jn_node_size(node);

    if (jn_node_flags(node) == JN_NODE_BIG && left >= sizeof(uint64_t))
        return big_value(tree, start, size, value);
    if (jn_node_flags(node) != 0 || size > left)
        return JOURNAL_CORRUPT;
    *value = jn_span(start, size);
    return 0;
}

int
jn_store_tree_get(const struct jn_store_tree *tree, struct jn_span key,
                  struct jn_span *value)
{
    unsigned count, found;
    const uint8_t *page = find_leaf(tree, key, &count);
    bool exact;

    if (page == NULL ||
        !jn_tree_search(tree, page, 0, count, key, &found, &exact))
        return JOURNAL_CORRUPT;
    if (!exact)
        return JOURNAL_NOT_FOUND;
    return jn_tree_value(tree, page, page + jn_page_offset(page, found - 1),
                         value);
}
