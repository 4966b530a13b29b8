/*
 * store_tree_way.c - a place in a tree, moved from row to row.
 *
 * As LMDB's cursors go, but no page on the way is trusted.
 */
#include "base/error.h"
#include "pages/page.h"
#include "store/store_tree_part.h"

static struct jn_store_level *
leaf_of(struct jn_store_way *way)
{
    return &way->level[way->tree.depth - 1];
}

/* Takes page NUMBER for level I. */
static int
enter(struct jn_store_way *way, unsigned i, uint64_t number)
{
    struct jn_store_level *level = &way->level[i];
    bool leaf = i == way->tree.depth - 1;

    level->page = jn_tree_page(&way->tree, number,
                               leaf ? JN_PAGE_LEAF : JN_PAGE_BRANCH,
                               &level->count);
    return level->page == NULL ? JOURNAL_CORRUPT : 0;
}

/* The page that level I leads to is taken for the level below. */
static int
follow(struct jn_store_way *way, unsigned i)
{
    const struct jn_store_level *level = &way->level[i];
    const uint8_t *node = jn_tree_node(&way->tree, level->page, level->at);

    return node == NULL ? JOURNAL_CORRUPT
                        : enter(way, i + 1, jn_node_child(node));
}

/* From level FROM down along one edge. */
static int
go_down(struct jn_store_way *way, unsigned from, bool last)
{
    int rc = 0;

    for (unsigned i = from; rc == 0 && i < way->tree.depth; i++) {
        way->level[i].at = last ? way->level[i].count - 1 : 0;
        if (i + 1 < way->tree.depth)
            rc = follow(way, i);
    }
    return rc;
}

/* Whether the keys of nodes I and I + 1 of PAGE are in order. */
static bool
ascends(const struct jn_store_way *way, const uint8_t *page, unsigned i)
{
    const uint8_t *node = jn_tree_node(&way->tree, page, i);
    const uint8_t *next = jn_tree_node(&way->tree, page, i + 1);

    return node != NULL && next != NULL &&
           jn_page_compare(jn_tree_key(node), jn_tree_key(next)) < 0;
}

/*
 * The key in the branches that all keys of the leaf are below, if HIGH, or not
 * below; without data if there is none.
 */
static bool
get_bound(const struct jn_store_way *way, bool high, struct jn_span *bound)
{
    *bound = jn_span(NULL, 0);
    for (unsigned i = way->tree.depth - 1; i-- > 0;) {
        const struct jn_store_level *level = &way->level[i];
        unsigned at = level->at + high;
        const uint8_t *node;

        /* The first child's key means nothing. */
        if (at == 0 || at == level->count)
            continue;
        node = jn_tree_node(&way->tree, level->page, at);
        if (node != NULL)
            *bound = jn_tree_key(node);
        return node != NULL;
    }
    return true;
}

static bool
is_below(struct jn_span key, struct jn_span bound)
{
    return jn_page_compare(key, bound) < 0;
}

/*
 * Whether the leaf with keys from FIRST to LAST is where the branches want
 * keys in [LOW, HIGH).  Who is not strict makes do with one of the two, for the
 * other may be damaged, and with none where the branches make no sense.
 */
static bool
is_in_place(const struct jn_store_way *way, struct jn_span first,
            struct jn_span last, struct jn_span low, struct jn_span high)
{
    bool first_under = low.data != NULL && is_below(first, low);
    bool last_under = low.data != NULL && is_below(last, low);
    bool first_over = high.data != NULL && !is_below(first, high);
    bool last_over = high.data != NULL && !is_below(last, high);

    if (way->strict)
        return !first_under && !last_over;
    if (low.data != NULL && high.data != NULL && !is_below(low, high))
        return true;
    return !(first_under && last_under) && !(first_over && last_over);
}

/* Notes the first key of the leaf that the way leads to. */
static int
note_leaf(struct jn_store_way *way)
{
    const struct jn_store_level *leaf = leaf_of(way);
    const uint8_t *node = jn_tree_node(&way->tree, leaf->page, 0);
    struct jn_span low, high;

    if (node == NULL)
        return JOURNAL_CORRUPT;
    way->first = jn_tree_key(node);
    node = jn_tree_node(&way->tree, leaf->page, leaf->count - 1);
    if (node == NULL || !get_bound(way, false, &low) ||
        !get_bound(way, true, &high))
        return way->strict ? JOURNAL_CORRUPT : 0;
    return is_in_place(way, way->first, jn_tree_key(node), low, high)
               ? 0
               : JOURNAL_CORRUPT;
}

/*
 * To the next leaf, or the one before; JOURNAL_NOT_FOUND at the end.  From leaf
 * to leaf the first keys have to go one way, so that whoever goes on comes to
 * an end.
 */
static int
change_leaf(struct jn_store_way *way, bool back)
{
    struct jn_span first = way->first;
    unsigned i = way->tree.depth - 1;
    int rc, order;

    do {
        if (i-- == 0)
            return JOURNAL_NOT_FOUND;
    } while (way->level[i].at == (back ? 0 : way->level[i].count - 1));
    way->level[i].at += back ? -1u : 1;
    rc = follow(way, i);
    if (rc == 0)
        rc = go_down(way, i + 1, back);
    if (rc == 0)
        rc = note_leaf(way);
    if (rc != 0)
        return rc;
    order = jn_page_compare(way->first, first);
    return (back ? order < 0 : order > 0) ? 0 : JOURNAL_CORRUPT;
}

static int
step(struct jn_store_way *way, bool back)
{
    struct jn_store_level *leaf = leaf_of(way);

    if (leaf->at == (back ? 0 : leaf->count - 1))
        return change_leaf(way, back);
    leaf->at += back ? -1u : 1;
    return 0;
}

static int
go_to_edge(struct jn_store_way *way, bool last)
{
    int rc = enter(way, 0, way->tree.root);

    if (rc == 0)
        rc = go_down(way, 0, last);
    return rc == 0 ? note_leaf(way) : rc;
}

/*
 * Whether a search of the leaf can be right that has ended at node FOUND, or if
 * it is EXACT, behind its node.  One key that is out of turn leads to one side
 * of itself, and the search ends there, right beside it.  Where a branch leads
 * astray the leaf, or the one beside it, is not between its keys.
 */
static bool
is_credible(const struct jn_store_way *way, const struct jn_store_level *leaf,
            unsigned found, bool exact)
{
    unsigned behind = exact ? found - 1 : found;

    if (!way->strict)
        return true;
    return (found < 2 || ascends(way, leaf->page, found - 2)) &&
           (behind + 1 >= leaf->count || ascends(way, leaf->page, behind));
}

/* All keys of the leaf are over KEY: whether what is before it makes sense. */
static int
look_before(const struct jn_store_way *way)
{
    struct jn_store_way before = *way;
    int rc = change_leaf(&before, true);

    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

/* To the first row that is not below KEY. */
static int
seek(struct jn_store_way *way, struct jn_span key)
{
    int rc = enter(way, 0, way->tree.root);
    struct jn_store_level *level;
    bool exact;

    for (unsigned i = 0; rc == 0 && i + 1 < way->tree.depth; i++) {
        level = &way->level[i];
        /* The first child's key means nothing. */
        if (!jn_tree_search(&way->tree, level->page, 1, level->count, key,
                            &level->at, &exact))
            return JOURNAL_CORRUPT;
        level->at--;
        rc = follow(way, i);
    }
    if (rc == 0)
        rc = note_leaf(way);
    if (rc != 0)
        return rc;
    level = leaf_of(way);
    if (!jn_tree_search(&way->tree, level->page, 0, level->count, key,
                        &level->at, &exact) ||
        !is_credible(way, level, level->at, exact))
        return JOURNAL_CORRUPT;
    level->at -= exact;
    if (way->strict && level->at == 0 && !exact)
        return look_before(way);
    if (level->at < level->count)
        return 0;
    level->at--;
    return step(way, false);
}

static int
take(struct jn_store_way *way, enum jn_move move, struct jn_span *key,
     struct jn_span *value)
{
    const struct jn_store_level *leaf = leaf_of(way);
    const uint8_t *node = jn_tree_node(&way->tree, leaf->page, leaf->at);

    if (node == NULL)
        return JOURNAL_CORRUPT;
    if (move == JN_AT_OR_AFTER && jn_page_compare(jn_tree_key(node), *key) < 0)
        return JOURNAL_CORRUPT;
    *key = jn_tree_key(node);
    return jn_tree_value(&way->tree, leaf->page, node, value);
}

bool
jn_store_way_open(struct jn_store_way *way, struct jn_txn *txn,
                  enum jn_table table)
{
    int rc = jn_store_tree_of(&way->tree, txn, table);

    way->first = jn_span(NULL, 0);
    way->strict = table != JN_ENTRIES;
    if (rc == JOURNAL_CORRUPT)
        way->tree = (struct jn_store_tree){.depth = 1}; /* it has no pages */
    return rc == 0 || rc == JOURNAL_CORRUPT;
}

/* As LMDB has it, who is nowhere goes on from the edge. */
int
jn_store_way_move(struct jn_store_way *way, enum jn_move move,
                  struct jn_span *key, struct jn_span *value)
{
    int rc;

    if (way->first.data == NULL && move == JN_NEXT)
        move = JN_FIRST;
    if (way->first.data == NULL && move == JN_PREV)
        move = JN_LAST;
    switch (move) {
    case JN_FIRST:
    case JN_LAST:
        rc = go_to_edge(way, move == JN_LAST);
        break;
    case JN_AT_OR_AFTER:
        rc = seek(way, *key);
        break;
    default:
        rc = step(way, move == JN_PREV);
        break;
    }
    if (rc == 0)
        rc = take(way, move, key, value);
    if (rc != 0 && (rc != JOURNAL_NOT_FOUND || move == JN_AT_OR_AFTER))
        way->first = jn_span(NULL, 0);
    return rc;
}
