/* store_tree.c - rows looked up in the pages of a tree, many at a time. */
#include "store/store_tree.h"

#include "pages/layout.h"

#define LANES 16u
#define LINE 64u

/* A row on its way down. */
struct lane {
    struct jn_numbered *row;
    const uint8_t *page; /* NULL: something was not as expected */
    const uint8_t *node;
    uint64_t first; /* number of the page's first node, if that is known */
    bool known;
};

static const uint8_t *
page_at(const struct jn_store_tree *tree, uint64_t number)
{
    return number < 2 || number >= tree->pages
               ? NULL
               : tree->base + number * tree->page_size;
}

/* The I-th node of PAGE, if its header and a number lie within the page. */
static const uint8_t *
node_at(const struct jn_store_tree *tree, const uint8_t *page, unsigned i)
{
    size_t offset = jn_page_offset(page, i);

    if (offset < JN_PAGE_HEADER ||
        offset + JN_NODE_HEADER + 8 > tree->page_size ||
        jn_node_key_size(page + offset) != 8)
        return NULL;
    return page + offset;
}

static uint64_t
number_of(const uint8_t *node)
{
    return jn_get_be64(node + JN_NODE_HEADER);
}

/*
 * The last of the nodes [low, count) of PAGE whose number is not over that of
 * LANE; LOW - 1 if there is none, COUNT if there is something wrong.
 */
static unsigned
search(const struct jn_store_tree *tree, const struct lane *lane, unsigned low,
       unsigned count)
{
    unsigned high = count;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const uint8_t *node = node_at(tree, lane->page, middle);

        if (node == NULL)
            return count;
        if (number_of(node) <= lane->row->number)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

/* From a branch to the page below it. */
static void
step_down(const struct jn_store_tree *tree, struct lane *lane)
{
    unsigned count = jn_page_count(lane->page, tree->page_size);
    unsigned i = count;
    size_t offset;

    if (count > 0 && jn_page_flags(lane->page) == JN_PAGE_BRANCH)
        i = search(tree, lane, 1, count);
    offset = i < count ? jn_page_offset(lane->page, i) : 0;
    if (offset < JN_PAGE_HEADER || offset + JN_NODE_HEADER > tree->page_size) {
        lane->page = NULL;
        return;
    }
    lane->known = i > 0;
    if (lane->known)
        lane->first = number_of(lane->page + offset);
    lane->page = page_at(tree, jn_node_child(lane->page + offset));
    if (lane->page == NULL)
        return;
    __builtin_prefetch(lane->page);
    __builtin_prefetch(lane->page + LINE);
}

/* At a leaf: where the row should be. */
static void
guess_node(const struct jn_store_tree *tree, struct lane *lane)
{
    unsigned count = jn_page_count(lane->page, tree->page_size);
    uint64_t i = lane->row->number - lane->first;
    size_t offset;

    lane->node = NULL;
    if (!lane->known || i >= count)
        return;
    offset = jn_page_offset(lane->page, (unsigned)i);
    if (offset < JN_PAGE_HEADER ||
        offset + JN_NODE_HEADER + 8 > tree->page_size)
        return;
    lane->node = lane->page + offset;
    for (size_t line = 0; line < 4 * LINE; line += LINE)
        __builtin_prefetch(lane->node + line);
}

/* The row's node, by the guess or by a search; or NULL. */
static const uint8_t *
find_node(const struct jn_store_tree *tree, const struct lane *lane)
{
    unsigned count = jn_page_count(lane->page, tree->page_size);
    const uint8_t *node = lane->node;
    unsigned i;

    if (count == 0 || jn_page_flags(lane->page) != JN_PAGE_LEAF)
        return NULL;
    if (node != NULL && jn_node_key_size(node) == 8 &&
        number_of(node) == lane->row->number)
        return node;
    i = search(tree, lane, 0, count);
    node = i < count ? node_at(tree, lane->page, i) : NULL;
    return node != NULL && number_of(node) == lane->row->number ? node : NULL;
}

static void
take_value(const struct jn_store_tree *tree, const struct lane *lane)
{
    const uint8_t *node = find_node(tree, lane);
    uint64_t left;

    if (node == NULL || jn_node_flags(node) != 0)
        return;
    left = (uint64_t)(lane->page + tree->page_size - node) - JN_NODE_HEADER - 8;
    if (jn_node_size(node) > left)
        return;
    lane->row->value = jn_span(node + JN_NODE_HEADER + 8, jn_node_size(node));
    lane->row->found = true;
}

/* At most LANES rows. */
static void
find_some(const struct jn_store_tree *tree, struct jn_numbered *rows,
          size_t count)
{
    struct lane lanes[LANES];
    const uint8_t *root = page_at(tree, tree->root);

    for (size_t i = 0; i < count; i++) {
        rows[i].found = false;
        lanes[i] = (struct lane){.row = &rows[i], .page = root};
    }
    for (unsigned level = 1; level < tree->depth; level++) {
        for (size_t i = 0; i < count; i++) {
            if (lanes[i].page != NULL)
                step_down(tree, &lanes[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (lanes[i].page != NULL)
            guess_node(tree, &lanes[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (lanes[i].page != NULL)
            take_value(tree, &lanes[i]);
    }
}

void
jn_store_tree_find(const struct jn_store_tree *tree, struct jn_numbered *rows,
                   size_t count)
{
    for (size_t i = 0; i < count; i += LANES)
        find_some(tree, rows + i, count - i < LANES ? count - i : LANES);
}
