/*
 * store_many.c - many rows at a time, whose pages are waited for together.
 *
 * A row that was not used lately costs LMDB five or six visits to memory, one
 * after the other: the page, then the nodes that a binary search looks at.
 * Many rows, looked up one by one, wait for all of these in turn.  Here the
 * rows go down the tree in step, and what each needs next is asked for in
 * advance, so that the waiting is done once for all.  Numbers that follow one
 * another have neighbouring nodes, so most of the time the place of a row in
 * its page is known without a search.
 *
 * It reads the pages of LMDB's snapshot where they are mapped, trusts none of
 * them, and leaves to LMDB whatever is not as expected.
 */
#include <string.h>

#include "error.h"
#include "layout.h"
#include "store_env.h"

#define LANES 16u
#define LINE 64u

/* The tree that holds the rows. */
struct tree {
    const uint8_t *base; /* of the map */
    size_t page_size;
    uint64_t pages; /* in the file */
    uint64_t root;
    unsigned depth;
};

/* A row on its way down. */
struct lane {
    struct jn_numbered *row;
    const uint8_t *page;
    const uint8_t *node;
    uint64_t first; /* number of the page's first node, if that is known */
    bool known;
    bool lost; /* something was not as expected */
};

/* ---- where the tree is -------------------------------------------------- */

/* The map begins so many pages before the one that VALUE lies on. */
static bool
find_base(struct tree *tree, const uint8_t *value)
{
    const uint8_t *page = value - (uintptr_t)value % tree->page_size;
    uint64_t number = jn_page_number(page);

    if (jn_page_flags(page) != JN_PAGE_LEAF || number < 2 ||
        number >= tree->pages)
        return false;
    tree->base = page - number * tree->page_size;
    return jn_page_number(tree->base) == 0 &&
           jn_page_flags(tree->base) == JN_PAGE_META;
}

static bool
find_tree(struct tree *tree, const struct jn_txn *txn, enum jn_table table)
{
    const struct jn_store *store = txn->store;
    const char *name = jn_table_names[table];
    MDB_val key = {strlen(name), (void *)(uintptr_t)name}, value;
    struct jn_tree found;
    MDB_envinfo info;

    if (mdb_env_info(store->env, &info) != 0 ||
        mdb_get(txn->handle, store->names, &key, &value) != 0 ||
        value.mv_size != sizeof(found))
        return false;
    memcpy(&found, value.mv_data, sizeof(found));
    tree->page_size = store->page_size;
    tree->pages = info.me_last_pgno + 1;
    tree->root = found.root;
    tree->depth = found.depth;
    return tree->pages <= info.me_mapsize / tree->page_size &&
           found.root != JN_NO_ROOT && found.depth > 0 &&
           found.depth < JN_DEPTH_MAX && find_base(tree, value.mv_data);
}

/* ---- down the tree ------------------------------------------------------ */

static const uint8_t *
page_at(const struct tree *tree, uint64_t number)
{
    return number < 2 || number >= tree->pages
               ? NULL
               : tree->base + number * tree->page_size;
}

/* The I-th node of PAGE, if its header and a number lie within the page. */
static const uint8_t *
node_at(const struct tree *tree, const uint8_t *page, unsigned i)
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
search(const struct tree *tree, const struct lane *lane, unsigned low,
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
step_down(const struct tree *tree, struct lane *lane)
{
    unsigned count = jn_page_count(lane->page, tree->page_size);
    unsigned i = count;
    size_t offset;

    if (count > 0 && jn_page_flags(lane->page) == JN_PAGE_BRANCH)
        i = search(tree, lane, 1, count);
    offset = i < count ? jn_page_offset(lane->page, i) : 0;
    if (offset < JN_PAGE_HEADER || offset + JN_NODE_HEADER > tree->page_size) {
        lane->lost = true;
        return;
    }
    lane->known = i > 0;
    if (lane->known)
        lane->first = number_of(lane->page + offset);
    lane->page = page_at(tree, jn_node_child(lane->page + offset));
    lane->lost = lane->page == NULL;
    if (lane->lost)
        return;
    __builtin_prefetch(lane->page);
    __builtin_prefetch(lane->page + LINE);
}

/* At a leaf: where the row should be. */
static void
guess_node(const struct tree *tree, struct lane *lane)
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

/* The row's node, by the guess or by a search; NULL: LMDB may know. */
static const uint8_t *
find_node(const struct tree *tree, const struct lane *lane)
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

/* A value on pages of its own is left to LMDB, too. */
static bool
take_value(const struct tree *tree, const struct lane *lane)
{
    const uint8_t *node = find_node(tree, lane);
    uint64_t left;

    if (node == NULL || jn_node_flags(node) != 0)
        return false;
    left = (uint64_t)(lane->page + tree->page_size - node) - JN_NODE_HEADER - 8;
    if (jn_node_size(node) > left)
        return false;
    lane->row->value = jn_span(node + JN_NODE_HEADER + 8, jn_node_size(node));
    lane->row->found = true;
    return true;
}

static int
ask_lmdb(struct jn_txn *txn, enum jn_table table, struct jn_numbered *row)
{
    uint8_t key[8];
    int rc;

    jn_put_be64(key, row->number);
    rc = jn_store_get(txn, table, jn_span(key, sizeof(key)), &row->value);
    row->found = rc == 0;
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

/* At most LANES rows. */
static int
get_some(struct jn_txn *txn, enum jn_table table, const struct tree *tree,
         struct jn_numbered *rows, size_t count)
{
    struct lane lanes[LANES];
    const uint8_t *root = tree->depth > 0 ? page_at(tree, tree->root) : NULL;
    int rc = 0;

    for (size_t i = 0; i < count; i++)
        lanes[i] = (struct lane){.row = &rows[i],
                                 .page = root,
                                 .lost = root == NULL};
    for (unsigned level = 1; level < tree->depth; level++) {
        for (size_t i = 0; i < count; i++) {
            if (!lanes[i].lost)
                step_down(tree, &lanes[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!lanes[i].lost)
            guess_node(tree, &lanes[i]);
    }
    for (size_t i = 0; i < count && rc == 0; i++) {
        if (!lanes[i].lost && take_value(tree, &lanes[i]))
            txn->entries_read += table == JN_ENTRIES;
        else
            rc = ask_lmdb(txn, table, &rows[i]);
    }
    return rc;
}

int
jn_store_get_many(struct jn_txn *txn, enum jn_table table,
                  struct jn_numbered *rows, size_t count)
{
    struct tree tree = {.depth = 0};
    int rc = 0;

    /* The pages that a writing transaction has changed are not in the map. */
    if (txn->write || !find_tree(&tree, txn, table))
        tree.depth = 0;
    for (size_t i = 0; i < count && rc == 0; i += LANES)
        rc = get_some(txn, table, &tree, rows + i,
                      count - i < LANES ? count - i : LANES);
    return rc;
}
