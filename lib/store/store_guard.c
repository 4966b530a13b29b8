/* store_guard.c - pages are looked at before LMDB goes by them. */
#include "store/store_guard.h"

#include <stdlib.h>

#include "base/error.h"
#include "pages/page.h"
#include "store/store_env.h"
#include "store/store_tree_part.h"

/* ---- what has been looked at -------------------------------------------- */

void
jn_guard_free(struct jn_guard *guard)
{
    free(guard->seen);
    free(guard->marked);
    memset(guard, 0, sizeof(*guard));
}

void
jn_guard_reset(struct jn_guard *guard)
{
    for (size_t i = 0; i < guard->marked_count; i++)
        guard->seen[guard->marked[i]] = 0;
    guard->marked_count = 0;
    guard->begun = false;
}

bool
jn_guard_has_begun(const struct jn_txn *txn)
{
    return txn->write && txn->store->guard.begun;
}

bool
jn_guard_has_changed(const struct jn_txn *txn, enum jn_table table)
{
    return jn_guard_has_begun(txn) && txn->store->guard.tables[table].changed;
}

/*
 * The memory at *WORDS, with room for COUNT words where there was for *ROOM;
 * what is new is 0.  At any moment it may be freed by a child of fork().
 */
static int
enlarge(uint64_t **words, size_t *room, size_t count)
{
    uint64_t *old = *words, *larger;

    if (count <= *room)
        return 0;
    count += count / 4 + 64;
    larger = calloc(count, sizeof(*larger));
    if (larger == NULL)
        return ENOMEM;
    if (*room > 0)
        memcpy(larger, old, *room * sizeof(*larger));
    *words = larger;
    *room = count;
    free(old);
    return 0;
}

static bool
has_seen(const struct jn_guard *guard, uint64_t page)
{
    return (guard->seen[page / 64] >> page % 64 & 1) != 0;
}

static int
mark_seen(struct jn_guard *guard, uint64_t page)
{
    if (guard->seen[page / 64] == 0) {
        int rc = enlarge(&guard->marked, &guard->marked_room,
                         guard->marked_count + 1);

        if (rc != 0)
            return rc;
        guard->marked[guard->marked_count++] = page / 64;
    }
    guard->seen[page / 64] |= UINT64_C(1) << page % 64;
    return 0;
}

/* ---- one page ----------------------------------------------------------- */

/* A page to be looked at, and the keys that it may have. */
struct spot {
    uint64_t number;
    unsigned kind;
    struct jn_page_rule rule;
    const uint8_t *page;
    unsigned count;
};

/*
 * The pages of a value that does not lie in its leaf: more than it takes, if it
 * was made smaller in the transaction that wrote it first.
 */
static int
look_at_value(const struct jn_store_tree *tree, const struct jn_node *node)
{
    uint64_t size = tree->page_size, first = node->first_page, count;
    const uint8_t *page;

    if (first < 2 || first >= tree->pages)
        return JOURNAL_CORRUPT;
    page = tree->base + first * size;
    count = jn_page_extent(page);
    return jn_page_number(page) == first &&
                   jn_page_flags(page) == JN_PAGE_BIG &&
                   count <= tree->pages - first &&
                   count * size >= node->value_size + JN_PAGE_HEADER
               ? 0
               : JOURNAL_CORRUPT;
}

static int
look_at_values(const struct jn_store_tree *tree, const struct jn_page *page)
{
    struct jn_node node;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < page->count; i++) {
        rc = jn_page_node(page, i, &node);
        if (rc == 0 && (node.flags & JN_NODE_BIG) != 0)
            rc = look_at_value(tree, &node);
    }
    return rc;
}

/* Takes the page of SPOT, and looks at it unless that has been done. */
static int
look(struct jn_guard *guard, const struct jn_store_tree *tree,
     struct spot *spot)
{
    struct jn_page page;
    int rc;

    if (spot->number < 2 || spot->number >= tree->pages)
        return JOURNAL_CORRUPT;
    spot->page = tree->base + spot->number * tree->page_size;
    rc = jn_page_open(&page, spot->page, tree->page_size, spot->number);
    if (rc != 0 || page.flags != spot->kind)
        return JOURNAL_CORRUPT;
    spot->count = page.count;
    if (has_seen(guard, spot->number))
        return 0;
    if (jn_page_check(&page, &spot->rule) != NULL)
        return JOURNAL_CORRUPT;
    if (page.flags == JN_PAGE_LEAF)
        rc = look_at_values(tree, &page);
    return rc == 0 ? mark_seen(guard, spot->number) : rc;
}

/* The spot that node I of the branch SPOT leads to: a leaf, or not. */
static struct spot
below(const struct spot *spot, unsigned i, bool leaf)
{
    const uint8_t *node = spot->page + jn_page_offset(spot->page, i);
    struct spot child = {.number = jn_node_child(node),
                         .kind = leaf ? JN_PAGE_LEAF : JN_PAGE_BRANCH,
                         .rule = spot->rule};

    if (i > 0)
        child.rule.low = jn_tree_key(node);
    if (i + 1 < spot->count)
        child.rule.high = jn_tree_key(spot->page +
                                      jn_page_offset(spot->page, i + 1));
    return child;
}

/* ---- ways down ---------------------------------------------------------- */

/* Where a way goes at a branch. */
enum turn { BY_KEY, TO_FIRST, TO_LAST };

/* Which child of the branch SPOT; it has been looked at. */
static unsigned
choose(const struct jn_store_tree *tree, const struct spot *spot,
       enum turn turn, struct jn_span key)
{
    unsigned found = 1;
    bool exact;

    if (turn == TO_FIRST)
        return 0;
    if (turn == TO_LAST)
        return spot->count - 1;
    (void)jn_tree_search(tree, spot->page, 1, spot->count, key, &found, &exact);
    return found - 1;
}

/* Looks at all pages from SPOT, on LEVEL, down to a leaf, which it ends at. */
static int
descend(struct jn_guard *guard, const struct jn_store_tree *tree,
        struct spot *spot, unsigned level, enum turn turn)
{
    int rc = look(guard, tree, spot);

    for (; rc == 0 && level < tree->depth; level++) {
        unsigned i = choose(tree, spot, turn, jn_span(NULL, 0));

        *spot = below(spot, i, level + 1 == tree->depth);
        rc = look(guard, tree, spot);
    }
    return rc;
}

static struct spot
root_of(const struct jn_store_tree *tree)
{
    return (struct spot){.number = tree->root,
                         .kind = tree->depth == 1 ? JN_PAGE_LEAF
                                                  : JN_PAGE_BRANCH};
}

/* Beside the way at branch SPOT: what it would meet on either side. */
static int
look_beside(struct jn_guard *guard, const struct jn_store_tree *tree,
            const struct spot *spot, unsigned i, unsigned level)
{
    bool leaf = level + 1 == tree->depth;
    struct spot side;
    int rc = 0;

    if (i > 0) {
        side = below(spot, i - 1, leaf);
        rc = descend(guard, tree, &side, level + 1, TO_LAST);
    }
    if (rc == 0 && i + 1 < spot->count) {
        side = below(spot, i + 1, leaf);
        rc = descend(guard, tree, &side, level + 1, TO_FIRST);
    }
    return rc;
}

/* The way to KEY's leaf, with AROUND also what lies beside it. */
static int
go(struct jn_guard *guard, struct jn_guarded *table, struct jn_span key,
   bool around)
{
    const struct jn_store_tree *tree = &table->tree;
    struct spot spot = root_of(tree);
    int rc = look(guard, tree, &spot);

    for (unsigned level = 1; rc == 0 && level < tree->depth; level++) {
        unsigned i = choose(tree, &spot, BY_KEY, key);

        if (around)
            rc = look_beside(guard, tree, &spot, i, level);
        spot = below(&spot, i, level + 1 == tree->depth);
        if (rc == 0)
            rc = look(guard, tree, &spot);
    }
    table->known = rc == 0;
    table->around = around;
    table->low = spot.rule.low;
    table->high = spot.rule.high;
    return rc;
}

/* Whether that has been done for the leaf that KEY is in. */
static bool
is_known(const struct jn_guarded *table, struct jn_span key, bool around)
{
    return table->known && (table->around || !around) &&
           (table->low.data == NULL || jn_page_compare(key, table->low) >= 0) &&
           (table->high.data == NULL || jn_page_compare(key, table->high) < 0);
}

/* ---- free pages --------------------------------------------------------- */

/* More pages than these of the list are looked at along its edges only. */
#define FREE_PAGES_MAX 256u

/* A row of the list: how many numbers, and these, the largest first. */
static int
look_at_numbers(const struct jn_store_tree *tree, const struct jn_node *node)
{
    struct jn_span row = node->value;
    uint64_t count;

    if ((node->flags & JN_NODE_BIG) != 0)
        row = jn_span(tree->base + node->first_page * tree->page_size +
                          JN_PAGE_HEADER,
                      node->value_size);
    count = row.size >= sizeof(count) ? jn_get64(row.data) : UINT64_MAX;
    if (count > row.size / sizeof(count) - 1)
        return JOURNAL_CORRUPT;
    return count == 0 || (jn_get64(row.data + sizeof(count)) < tree->pages &&
                          jn_get64(row.data + count * sizeof(count)) >= 2)
               ? 0
               : JOURNAL_CORRUPT;
}

static int
look_at_rows(const struct jn_store_tree *tree, const struct spot *spot)
{
    struct jn_page page;
    struct jn_node node;
    int rc = jn_page_open(&page, spot->page, tree->page_size, spot->number);

    for (unsigned i = 0; rc == 0 && i < page.count; i++) {
        rc = jn_page_node(&page, i, &node);
        if (rc == 0)
            rc = look_at_numbers(tree, &node);
    }
    return rc;
}

/* All of the list below SPOT, or its edges; no more than LEFT pages. */
static int
look_at_list(struct jn_guard *guard, const struct jn_store_tree *tree,
             struct spot spot, unsigned level, bool all)
{
    int rc = look(guard, tree, &spot);

    if (rc == 0 && level == tree->depth)
        return look_at_rows(tree, &spot);
    for (unsigned i = 0; rc == 0 && i < spot.count; i++) {
        if (!all && i > 0 && i + 1 < spot.count)
            continue;
        rc = look_at_list(guard, tree,
                          below(&spot, i, level + 1 == tree->depth), level + 1,
                          all);
    }
    return rc;
}

static int
look_at_free(struct jn_txn *txn, const struct jn_store_tree *like)
{
    struct jn_store_tree tree = *like;
    struct spot root;
    struct jn_meta meta;

    if (!jn_store_read_meta(txn, &meta) || meta.trees[0].root == JN_NO_ROOT)
        return 0;
    tree.root = meta.trees[0].root;
    tree.depth = meta.trees[0].depth;
    if (tree.depth == 0 || tree.depth >= JN_DEPTH_MAX)
        return JOURNAL_CORRUPT;
    root = root_of(&tree);
    root.rule.numbers = true;
    root.rule.small = true;
    return look_at_list(&txn->store->guard, &tree, root, 1,
                        meta.trees[0].branch_pages + meta.trees[0].leaf_pages <=
                            FREE_PAGES_MAX);
}

/* ---- before changes ----------------------------------------------------- */

static int
begin(struct jn_txn *txn)
{
    struct jn_guard *guard = &txn->store->guard;
    const struct jn_store_tree *any = NULL;
    int rc = 0;

    if (guard->begun)
        return 0;
    for (unsigned i = 0; i < JN_TABLES && rc == 0; i++) {
        struct jn_guarded *table = &guard->tables[i];

        memset(table, 0, sizeof(*table));
        table->has = jn_store_tree_of(&table->tree, txn, (enum jn_table)i);
        if (!table->has)
            continue;
        any = &table->tree;
        rc = enlarge(&guard->seen, &guard->words, any->pages / 64 + 1);
    }
    if (rc == 0 && any != NULL)
        rc = look_at_free(txn, any);
    guard->begun = rc == 0;
    return rc;
}

static int
pass(struct jn_txn *txn, enum jn_table number, struct jn_span key, bool around)
{
    struct jn_guard *guard = &txn->store->guard;
    struct jn_guarded *table = &guard->tables[number];
    int rc = begin(txn);

    if (rc != 0 || !table->has || is_known(table, key, around))
        return rc;
    return go(guard, table, key, around);
}

int
jn_guard_way(struct jn_txn *txn, enum jn_table table, struct jn_span key)
{
    return pass(txn, table, key, false);
}

int
jn_guard_around(struct jn_txn *txn, enum jn_table table, struct jn_span key)
{
    return pass(txn, table, key, true);
}

int
jn_guard_edge(struct jn_txn *txn, enum jn_table number, bool last)
{
    struct jn_guard *guard = &txn->store->guard;
    struct jn_guarded *table = &guard->tables[number];
    struct spot spot;
    int rc = begin(txn);

    if (rc != 0 || !table->has || (last ? table->last : table->first))
        return rc;
    spot = root_of(&table->tree);
    rc = descend(guard, &table->tree, &spot, 1, last ? TO_LAST : TO_FIRST);
    if (rc == 0)
        *(last ? &table->last : &table->first) = true;
    return rc;
}

void
jn_guard_change(struct jn_txn *txn, enum jn_table table)
{
    txn->store->guard.tables[table].changed = true;
}
