/* store_guard.c - pages are looked at before LMDB goes by them. */
#include "store/store_guard.h"

#include "base/error.h"
#include "store/store_env.h"
#include "store/store_guard_part.h"

/* ---- ways down ---------------------------------------------------------- */

/* Where a way goes at a branch. */
enum turn { BY_KEY, TO_FIRST, TO_LAST };

/* Which child of the branch SPOT; it has been looked at. */
static unsigned
choose(const struct jn_store_tree *tree, const struct jn_spot *spot,
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
        struct jn_spot *spot, unsigned level, enum turn turn)
{
    int rc = jn_guard_look(guard, tree, spot);

    for (; rc == 0 && level < tree->depth; level++) {
        unsigned i = choose(tree, spot, turn, jn_span(NULL, 0));

        *spot = jn_spot_below(spot, i, level + 1 == tree->depth);
        rc = jn_guard_look(guard, tree, spot);
    }
    return rc;
}

/*
 * The first leaf below SPOT, which is not the root, of whose rows LMDB takes
 * the key where it puts branches together: in a tree of less than four levels
 * there are none that are neither the root nor right above leaves, and those
 * have been left with one leaf then, which the way leads to.
 */
static int
look_at_lowest(struct jn_guard *guard, const struct jn_store_tree *tree,
               struct jn_spot spot, unsigned level)
{
    if (tree->depth < 4)
        return 0;
    return descend(guard, tree, &spot, level, TO_FIRST);
}

/* A way from the root down to a leaf, the last of the spots. */
struct trail {
    struct jn_spot spots[JN_DEPTH_MAX];
    unsigned at[JN_DEPTH_MAX]; /* which child of a spot is the next one */
};

/* From the spot above LEVEL by its child AT; what it comes to is looked at. */
static int
extend(struct jn_guard *guard, const struct jn_store_tree *tree,
       struct trail *trail, unsigned level, unsigned at)
{
    struct jn_spot *spot = &trail->spots[level];
    int rc;

    trail->at[level - 1] = at;
    *spot = jn_spot_below(spot - 1, at, level + 1 == tree->depth);
    rc = jn_guard_look(guard, tree, spot);
    return rc == 0 ? look_at_lowest(guard, tree, *spot, level + 1) : rc;
}

/* To the leaf before, or the next one; JOURNAL_NOT_FOUND: there is none. */
static int
change_leaf(struct jn_guard *guard, const struct jn_store_tree *tree,
            struct trail *trail, bool back)
{
    unsigned level = tree->depth - 1, at;
    int rc;

    do {
        if (level-- == 0)
            return JOURNAL_NOT_FOUND;
        at = trail->at[level];
    } while (at == (back ? 0 : trail->spots[level].count - 1));
    rc = extend(guard, tree, trail, level + 1, back ? at - 1 : at + 1);
    for (level += 2; rc == 0 && level < tree->depth; level++)
        rc = extend(guard, tree, trail, level,
                    back ? trail->spots[level - 1].count - 1 : 0);
    return rc;
}

/*
 * Whether LMDB, where it deletes rows beside the leaf SPOT, may put all of that
 * together with other leaves and still find too little in one: less than a
 * quarter of a page.  What a row's value has left it is not known any more.
 */
static bool
is_small(const struct jn_guard *guard, const struct jn_store_tree *tree,
         const struct jn_spot *spot)
{
    size_t room = tree->page_size - JN_PAGE_HEADER;
    size_t used = room -
                  (jn_page_upper(spot->page) - jn_page_lower(spot->page));

    if (jn_guard_known(guard, spot->number) == JN_GUARD_REWRITTEN) {
        used = 0;
        for (unsigned i = 0; i < spot->count; i++)
            used += JN_NODE_HEADER + 2 +
                    jn_node_key_size(spot->page +
                                     jn_page_offset(spot->page, i));
    }
    return used * 4 < room;
}

/*
 * On one side of the leaf that TRAIL leads to: the leaf there, and if that one
 * may be swallowed, also what lies behind it, and so on.
 */
static int
look_onward(struct jn_guard *guard, const struct jn_store_tree *tree,
            const struct trail *trail, bool back)
{
    struct trail onward = *trail;
    int rc;

    do
        rc = change_leaf(guard, tree, &onward, back);
    while (rc == 0 && is_small(guard, tree, &onward.spots[tree->depth - 1]));
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

/* Beside the way at branch SPOT: what it would meet on either side. */
static int
look_beside(struct jn_guard *guard, const struct jn_store_tree *tree,
            const struct trail *trail, unsigned level)
{
    unsigned at = trail->at[level - 1];
    struct trail side = *trail;
    int rc = 0;

    if (at > 0)
        rc = extend(guard, tree, &side, level, at - 1);
    for (unsigned i = level + 1; at > 0 && rc == 0 && i < tree->depth; i++)
        rc = extend(guard, tree, &side, i, side.spots[i - 1].count - 1);
    side = *trail;
    if (rc != 0 || at + 1 == trail->spots[level - 1].count)
        return rc;
    rc = extend(guard, tree, &side, level, at + 1);
    for (unsigned i = level + 1; rc == 0 && i < tree->depth; i++)
        rc = extend(guard, tree, &side, i, 0);
    return rc;
}

/* All that lies beside the way. */
static int
look_around(struct jn_guard *guard, const struct jn_store_tree *tree,
            const struct trail *trail)
{
    int rc = look_onward(guard, tree, trail, true);

    if (rc == 0)
        rc = look_onward(guard, tree, trail, false);
    for (unsigned level = 1; rc == 0 && level < tree->depth; level++)
        rc = look_beside(guard, tree, trail, level);
    return rc;
}

/* The way to KEY's leaf, with AROUND also what lies beside it. */
static int
go(struct jn_guard *guard, struct jn_guarded *table, struct jn_span key,
   bool around)
{
    const struct jn_store_tree *tree = &table->tree;
    struct trail trail;
    const struct jn_spot *leaf = &trail.spots[tree->depth - 1];
    int rc;

    trail.spots[0] = jn_spot_root(tree);
    rc = jn_guard_look(guard, tree, &trail.spots[0]);
    for (unsigned level = 1; rc == 0 && level < tree->depth; level++)
        rc = extend(guard, tree, &trail, level,
                    choose(tree, &trail.spots[level - 1], BY_KEY, key));
    if (rc == 0 && around)
        rc = look_around(guard, tree, &trail);
    table->known = rc == 0;
    if (rc != 0)
        return rc;
    table->around = around;
    table->leaf = leaf->number;
    table->low = leaf->rule.low;
    table->high = leaf->rule.high;
    return 0;
}

/* Whether that has been done for the leaf that KEY is in. */
static bool
is_known(const struct jn_guarded *table, struct jn_span key, bool around)
{
    return table->known && (table->around || !around) &&
           (table->low.data == NULL || jn_page_compare(key, table->low) >= 0) &&
           (table->high.data == NULL || jn_page_compare(key, table->high) < 0);
}

/* ---- LMDB's own trees ---------------------------------------------------- */

/* The page of the tables' names, whose descriptions a commit writes anew. */
static int
look_at_names(struct jn_guard *guard, const struct jn_store_tree *like,
              const struct jn_meta *meta)
{
    struct jn_store_tree tree = *like;
    struct jn_spot root;

    tree.root = meta->trees[1].root;
    tree.depth = meta->trees[1].depth;
    root = jn_spot_root(&tree);
    root.rule.names = true;
    return descend(guard, &tree, &root, 1, TO_FIRST);
}

/* Both of them, where a table tells where all pages are. */
static int
look_at_others(struct jn_txn *txn, const struct jn_store_tree *like)
{
    struct jn_guard *guard = &txn->store->guard;
    struct jn_meta meta;
    int rc;

    if (!jn_store_read_meta(txn, &meta))
        return 0;
    rc = look_at_names(guard, like, &meta);
    return rc == 0 ? jn_guard_look_at_free(guard, like, &meta) : rc;
}

/* ---- before changes ----------------------------------------------------- */

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
        rc = jn_store_tree_of(&table->tree, txn, (enum jn_table)i);
        table->has = rc == 0;
        if (rc == 0) {
            any = &table->tree;
            rc = jn_guard_reach(guard, any->pages);
        } else if (rc == JOURNAL_NOT_FOUND) {
            rc = 0;
        }
    }
    if (rc == 0 && any != NULL)
        rc = look_at_others(txn, any);
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
    struct jn_spot spot;
    int rc = begin(txn);

    if (rc != 0 || !table->has || (last ? table->last : table->first))
        return rc;
    spot = jn_spot_root(&table->tree);
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

int
jn_guard_rewrite(struct jn_txn *txn, enum jn_table number, struct jn_span key)
{
    struct jn_guard *guard = &txn->store->guard;
    struct jn_guarded *table = &guard->tables[number];
    int rc = jn_guard_way(txn, number, key);

    if (rc == 0 && table->has)
        rc = jn_guard_note(guard, table->leaf, JN_GUARD_REWRITTEN);
    if (rc == 0)
        jn_guard_change(txn, number);
    return rc;
}
