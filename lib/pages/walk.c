/* walk.c - all pages of an LMDB file, followed from its meta page. */
#include <stdlib.h>

#include "base/error.h"
#include "pages/walk_trail.h"

/*
 * The flags of a tree, which tell the order and the kind of its rows.  Those of
 * the two that the meta page has hold flags of the file, too.
 */
#define TREE_FLAGS 0xffu
#define TREE_NUMBERS 0x08u

/* ---- what is told ------------------------------------------------------- */

int
jn_walk_report(struct jn_walk *walk, unsigned table, uint64_t page,
               const char *what)
{
    const struct jn_walk_sink *sink = walk->sink;

    walk->corrupt = true;
    return sink->bad == NULL ? 0 : sink->bad(sink->context, table, page, what);
}

int
jn_walk_progress(struct jn_walk *walk)
{
    const struct jn_walk_sink *sink = walk->sink;

    walk->reported = walk->done;
    if (sink->progress == NULL)
        return 0;
    return sink->progress(sink->context, walk->done, walk->meta->last_page + 1);
}

int
jn_walk_read(struct jn_walk *walk, uint64_t number, unsigned level,
             const uint8_t **bytes)
{
    uint8_t **memory = &walk->branches[level - 1];

    if (*memory == NULL)
        *memory = malloc(walk->page_size);
    *bytes = *memory;
    return *memory == NULL ? ENOMEM
                           : jn_pages_load(walk->pages, number, 1, *memory);
}

/* ---- trees -------------------------------------------------------------- */

/*
 * How deep a tree is along its left edge, where that can be gone down; else as
 * deep as it says.  So one wrong number does not hide all rows.
 */
static int
find_depth(struct jn_walk *walk, struct jn_walk_tree *tree)
{
    uint64_t number = tree->says.root;

    for (unsigned depth = 1; depth <= JN_DEPTH_MAX; depth++) {
        const uint8_t *bytes;
        struct jn_page page;
        int rc = jn_walk_read(walk, number, 1, &bytes);

        if (rc == ENOMEM)
            return rc;
        if (rc != 0 || jn_page_open(&page, bytes, walk->page_size, number) != 0)
            return 0;
        if (page.flags == JN_PAGE_LEAF) {
            tree->says.depth = (uint16_t)depth;
            return 0;
        }
        if (jn_page_offset(bytes, 0) > walk->page_size - JN_NODE_HEADER)
            return 0;
        number = jn_node_child(bytes + jn_page_offset(bytes, 0));
    }
    return 0;
}

/* What the description says that can be told before the tree is seen. */
static const char *
check_description(const struct jn_walk_tree *tree)
{
    unsigned flags = tree->says.flags;

    if (tree->kind != JN_WALK_TABLE)
        flags &= TREE_FLAGS;
    if (flags != (tree->kind == JN_WALK_FREE ? TREE_NUMBERS : 0))
        return "a table of the wrong kind";
    if ((tree->says.root == JN_NO_ROOT) != (tree->says.depth == 0) ||
        tree->says.depth > JN_DEPTH_MAX)
        return "a depth that cannot be";
    return NULL;
}

static const char *
check_counts(const struct jn_walk_trail *trail)
{
    const struct jn_tree *says = &trail->tree->says, *found = &trail->found;

    if (says->branch_pages != found->branch_pages ||
        says->leaf_pages != found->leaf_pages ||
        says->overflow_pages != found->overflow_pages)
        return "a wrong number of pages";
    if (says->entries != found->entries)
        return "a wrong number of rows";
    return NULL;
}

/* Whether all of TREE is looked at where of most only the edges are. */
static bool
is_whole(const struct jn_walk *walk, const struct jn_walk_tree *tree)
{
    if (tree->kind == JN_WALK_FREE)
        return jn_pages_count(walk->pages) <= walk->meta->last_page;
    return tree->kind == JN_WALK_NAMES || tree->table < walk->sink->count;
}

static int
walk_tree(struct jn_walk *walk, struct jn_walk_tree *tree)
{
    struct jn_walk_trail trail = {.walk = walk, .tree = tree};
    const char *wrong = check_description(tree);
    unsigned depth = tree->says.depth;
    int rc = 0;

    trail.edges = walk->edges && !is_whole(walk, tree);
    if (tree->says.root != JN_NO_ROOT) {
        rc = find_depth(walk, tree);
        if (rc == 0 && wrong == NULL && tree->says.depth != depth)
            wrong = "a depth that is wrong";
        if (tree->says.depth == 0 || tree->says.depth > JN_DEPTH_MAX)
            tree->says.depth = JN_DEPTH_MAX;
        if (rc == 0)
            rc = jn_walk_pages(&trail);
    }
    if (wrong == NULL && !trail.bad && !trail.edges)
        wrong = check_counts(&trail);
    if (rc == 0 && wrong != NULL)
        rc = jn_walk_report(walk, tree->table, tree->described_on, wrong);
    return rc;
}

/* One of the two trees that the meta page describes. */
static int
walk_from_meta(struct jn_walk *walk, enum jn_walk_kind kind)
{
    struct jn_walk_tree tree = {
        .says = walk->meta->trees[kind == JN_WALK_NAMES],
        .kind = kind,
        .table = walk->sink->count,
        .described_on = walk->meta->transaction % 2,
    };

    return walk_tree(walk, &tree);
}

/* The tree of TABLE, or those of all that nobody asked for: COUNT. */
static int
walk_table(struct jn_walk *walk, unsigned table)
{
    const struct jn_walk_sink *sink = walk->sink;
    int rc = 0;

    for (unsigned i = 0; i < walk->tree_count && rc == 0; i++) {
        if (walk->trees[i].table == table)
            rc = walk_tree(walk, &walk->trees[i]);
    }
    if (rc == 0 && table < sink->count && sink->done != NULL)
        rc = sink->done(sink->context, table);
    return rc;
}

/* ---- the file ----------------------------------------------------------- */

/* That neither of the meta pages is damaged. */
static int
check_metas(struct jn_walk *walk)
{
    int rc = 0;

    for (unsigned i = 0; i < 2 && rc == 0; i++) {
        rc = jn_pages_check_meta(walk->pages, i);
        if (rc < 0 || rc == EIO)
            rc = jn_walk_report(walk, walk->sink->count, i,
                                "a meta page that is damaged");
    }
    return rc;
}

/*
 * Pages that are neither in use nor free.  Where a page was bad, those below it
 * would be, so this is asked of a file that was sound so far; and where edges
 * alone were looked at, of those pages that the file lacks.
 */
static int
find_lost(struct jn_walk *walk)
{
    uint64_t first = walk->edges ? jn_pages_count(walk->pages) : 2;
    unsigned table = walk->sink->count;
    int rc = 0;

    if (walk->corrupt)
        return 0;
    if (walk->tracked <= walk->meta->last_page)
        return jn_walk_report(walk, table, walk->meta->transaction % 2,
                              "more pages than can be");
    for (uint64_t i = first; i < walk->tracked && rc == 0; i++) {
        if (jn_walk_meet(walk, i))
            rc = jn_walk_report(walk, table, i,
                                "a page neither in use nor free");
    }
    return rc;
}

static int
walk_all(struct jn_walk *walk)
{
    int rc = check_metas(walk);

    if (rc == 0)
        rc = walk_from_meta(walk, JN_WALK_NAMES);
    for (unsigned i = 0; i <= walk->sink->count && rc == 0; i++)
        rc = walk_table(walk, i);
    if (rc == 0)
        rc = walk_from_meta(walk, JN_WALK_FREE);
    if (rc == 0)
        rc = find_lost(walk);
    if (rc == 0 && walk->done != walk->reported)
        rc = jn_walk_progress(walk);
    return rc == 0 && walk->corrupt ? JOURNAL_CORRUPT : rc;
}

/*
 * A file may end before pages that are free, which its list of free pages then
 * names, in 8 bytes each: there can't be more than it has room for.
 */
static uint64_t
pages_tracked(const struct jn_pages *pages)
{
    uint64_t all = jn_pages_count(pages);
    uint64_t most = all + all * (jn_pages_page_size(pages) / 8);
    uint64_t claimed = jn_pages_meta(pages)->last_page + 1;

    return claimed < most ? claimed : most;
}

static int
walk_file(const struct jn_pages *pages, const struct jn_walk_sink *sink,
          bool edges)
{
    struct jn_walk walk = {
        .pages = pages,
        .sink = sink,
        .meta = jn_pages_meta(pages),
        .page_size = jn_pages_page_size(pages),
        .tracked = pages_tracked(pages),
        .done = 2,
        .edges = edges,
    };
    int rc = ENOMEM;

    walk.met = calloc(walk.tracked / 64 + 1, sizeof(*walk.met));
    /* Edges don't run long, and an open is to be quick. */
    walk.run.most = edges ? 1 : JN_WALK_RUN;
    walk.run.bytes = malloc(walk.run.most * walk.page_size);
    if (walk.met != NULL && walk.run.bytes != NULL)
        rc = walk_all(&walk);
    for (unsigned i = 0; i < JN_DEPTH_MAX; i++)
        free(walk.branches[i]);
    jn_pages_buffer_free(&walk.buffer);
    free(walk.run.bytes);
    free(walk.met);
    return rc;
}

int
jn_walk(const struct jn_pages *pages, const struct jn_walk_sink *sink)
{
    return walk_file(pages, sink, false);
}

int
jn_walk_edges(const struct jn_pages *pages, const char *whole)
{
    const struct jn_walk_sink sink = {.tables = &whole, .count = 1};

    return walk_file(pages, &sink, true);
}
