/* walk_pages.c - the pages of one tree of a walk, and its rows. */
#include "base/error.h"
#include "pages/walk_trail.h"

#define GAP_MAX 3u   /* pages that are read for nothing between two others */
#define STRIDE 1024u /* pages from one report of progress to the next */

static int
bad_page(struct jn_walk_trail *trail, uint64_t page, const char *what)
{
    trail->bad = true;
    return jn_walk_report(trail->walk, trail->tree->table, page, what);
}

/* ---- rows --------------------------------------------------------------- */

/* The pages of a value that has some of its own; *SOUND: nothing is wrong. */
static int
meet_value(struct jn_walk_trail *trail, const struct jn_node *node,
           uint64_t count, bool *sound)
{
    struct jn_walk *walk = trail->walk;
    uint64_t least = (JN_PAGE_HEADER + node->value_size + walk->page_size - 1) /
                     walk->page_size;

    *sound = false;
    /* LMDB lets a list of free pages shrink where it is. */
    if (count != least && trail->tree->kind != JN_WALK_FREE)
        return bad_page(trail, node->first_page, "a value of the wrong size");
    trail->found.overflow_pages += count;
    for (uint64_t i = 0; i < count; i++) {
        if (!jn_walk_meet(walk, node->first_page + i))
            return bad_page(trail, node->first_page + i,
                            "a page that is in use twice");
    }
    *sound = true;
    return 0;
}

/*
 * The value of NODE, if it is big; *SOUND: there is one.  Its pages are met
 * before it is read, so that however many rows lead to it, it is read once.
 */
static int
read_value(struct jn_walk_trail *trail, const struct jn_node *node, bool wanted,
           struct jn_span *value, bool *sound)
{
    struct jn_walk *walk = trail->walk;
    uint64_t count;
    int rc;

    *sound = false;
    if (trail->edges && !wanted)
        return 0;
    rc = jn_pages_extent(walk->pages, node, &count);
    if (rc == 0)
        rc = meet_value(trail, node, count, sound);
    if (rc == 0 && *sound && wanted)
        rc = jn_pages_read_value(walk->pages, node, &walk->buffer, value,
                                 &count);
    if (rc != JOURNAL_CORRUPT && rc != EIO)
        return rc;
    *sound = false;
    return bad_page(trail, node->first_page,
                    rc == EIO ? "a page that cannot be read"
                              : "no page of a value");
}

/* A row of the list of free pages: a transaction, and pages, descending. */
static int
take_free(struct jn_walk_trail *trail, uint64_t page, struct jn_span key,
          struct jn_span value)
{
    struct jn_walk *walk = trail->walk;
    uint64_t count = value.size >= 8 ? jn_get64(value.data) : 0;
    uint64_t before = walk->meta->last_page + 1;
    uint64_t transaction = jn_get64(key.data);

    if (value.size % 8 != 0 || value.size < 8 || count > value.size / 8 - 1 ||
        transaction == 0 || transaction > walk->meta->transaction)
        return bad_page(trail, page, "a list of free pages that is none");
    for (uint64_t i = 1; i <= count; i++) {
        uint64_t number = jn_get64(value.data + 8 * i);

        if (number < 2 || number >= before)
            return bad_page(trail, page, "free pages out of order");
        before = number;
        if (number < walk->tracked && !jn_walk_meet(walk, number)) {
            int rc = bad_page(trail, number, "a free page in use, or twice");

            if (rc != 0)
                return rc;
        }
    }
    return 0;
}

/* A row of the table of names. */
static int
take_name(struct jn_walk_trail *trail, uint64_t page,
          const struct jn_node *node)
{
    struct jn_walk *walk = trail->walk;
    const struct jn_walk_sink *sink = walk->sink;
    struct jn_walk_tree *tree = &walk->trees[walk->tree_count];
    unsigned table = 0;

    if (walk->tree_count == JN_WALK_TREES)
        return bad_page(trail, page, "more tables than a journal has");
    while (table < sink->count &&
           !jn_span_equal(node->key, jn_span(sink->tables[table],
                                             strlen(sink->tables[table]))))
        table++;
    *tree = (struct jn_walk_tree){.kind = JN_WALK_TABLE,
                                  .table = table,
                                  .described_on = page};
    walk->tree_count++;
    return jn_page_tree(node, &tree->says);
}

static int
take_row(struct jn_walk_trail *trail, uint64_t page, const struct jn_node *node)
{
    const struct jn_walk_sink *sink = trail->walk->sink;
    const struct jn_walk_tree *tree = trail->tree;
    bool asked = tree->table < sink->count && sink->row != NULL, sound = true;
    struct jn_span value = node->value;
    int rc = 0;

    if (tree->kind == JN_WALK_NAMES)
        return take_name(trail, page, node);
    if ((node->flags & JN_NODE_BIG) != 0)
        rc = read_value(trail, node, asked || tree->kind == JN_WALK_FREE,
                        &value, &sound);
    if (rc != 0 || !sound)
        return rc;
    if (tree->kind == JN_WALK_FREE)
        return take_free(trail, page, node->key, value);
    return asked ? sink->row(sink->context, tree->table, node->key, value) : 0;
}

/* ---- pages -------------------------------------------------------------- */

/* A page that is to be gone through, and what is known of it. */
struct visit {
    uint64_t number;
    unsigned level;     /* 1: the root */
    struct jn_span low; /* the keys that it may have, as a rule has them */
    struct jn_span high;
    const struct jn_page *parent; /* NULL of the root */
    unsigned index;               /* among the parent's children */
    bool left, right;             /* it is on that edge */
};

static int visit_page(struct jn_walk_trail *trail, const struct visit *visit);

static uint64_t
child_of(const struct jn_page *page, unsigned i)
{
    return jn_node_child(page->data + jn_page_offset(page->data, i));
}

/* Reads the leaf that is the I-th child of PAGE, and those that lie by it. */
static int
read_run(struct jn_walk *walk, const struct jn_page *page, unsigned i)
{
    uint64_t first = child_of(page, i), end = first + 1;
    uint64_t all = jn_pages_count(walk->pages);
    int rc;

    while (++i < page->count) {
        uint64_t next = child_of(page, i);

        if (next < end || next - end > GAP_MAX ||
            next - first >= walk->run.most || next >= all)
            break;
        end = next + 1;
    }
    rc = jn_pages_load(walk->pages, first, end - first, walk->run.bytes);
    if (rc != 0) {
        end = first + 1;
        rc = jn_pages_load(walk->pages, first, 1, walk->run.bytes);
    }
    walk->run.first = first;
    walk->run.count = rc == 0 ? end - first : 0;
    return rc;
}

static int
read_leaf(struct jn_walk *walk, const struct visit *visit,
          const uint8_t **bytes)
{
    const struct jn_walk_run *run = &walk->run;
    int rc = 0;

    if (visit->number - run->first >= run->count)
        rc = read_run(walk, visit->parent, visit->index);
    *bytes = run->bytes + (visit->number - run->first) * walk->page_size;
    return rc;
}

/* Whether the page is there, and where it can be; else what is WRONG. */
static int
read_page(struct jn_walk_trail *trail, const struct visit *visit,
          struct jn_page *page, const char **wrong)
{
    struct jn_walk *walk = trail->walk;
    bool leaf = visit->level == trail->tree->says.depth;
    const uint8_t *bytes;
    int rc;

    *wrong = "a page number beyond the end";
    if (visit->number < 2 || visit->number > walk->meta->last_page ||
        visit->number >= jn_pages_count(walk->pages))
        return 0;
    *wrong = "a page that is in use twice";
    if (!jn_walk_meet(walk, visit->number))
        return 0;
    rc = leaf && visit->parent != NULL
             ? read_leaf(walk, visit, &bytes)
             : jn_walk_read(walk, visit->number, visit->level, &bytes);
    *wrong = "a page that cannot be read";
    if (rc == JOURNAL_CORRUPT || rc == EIO)
        return 0;
    *wrong = "no page of a tree";
    if (rc != 0 || jn_page_open(page, bytes, walk->page_size, visit->number))
        return rc;
    *wrong = "a tree that is not as deep everywhere";
    if (leaf == (page->flags == JN_PAGE_LEAF))
        *wrong = NULL;
    return 0;
}

static int
visit_leaf(struct jn_walk_trail *trail, uint64_t number,
           const struct jn_page *page)
{
    int rc = 0;

    trail->found.leaf_pages++;
    trail->found.entries += page->count;
    for (unsigned i = 0; i < page->count && rc == 0; i++) {
        struct jn_node node;

        rc = jn_page_node(page, i, &node);
        if (rc == 0)
            rc = take_row(trail, number, &node);
    }
    return rc;
}

/* The I-th child of PAGE, whose nodes are sound, and the keys it may have. */
static struct visit
child_at(const struct visit *visit, const struct jn_page *page, unsigned i)
{
    struct jn_node low = {.key = visit->low}, high = {.key = visit->high};

    if (i > 0)
        (void)jn_page_node(page, i, &low);
    if (i + 1 < page->count)
        (void)jn_page_node(page, i + 1, &high);
    return (struct visit){
        .number = child_of(page, i),
        .level = visit->level + 1,
        .low = low.key,
        .high = high.key,
        .parent = page,
        .index = i,
        .left = visit->left && i == 0,
        .right = visit->right && i == page->count - 1,
    };
}

static int
visit_children(struct jn_walk_trail *trail, const struct visit *visit,
               const struct jn_page *page)
{
    unsigned i = 0;
    int rc = 0;

    trail->found.branch_pages++;
    while (i < page->count && rc == 0) {
        struct visit child = child_at(visit, page, i);

        if (!trail->edges || child.left || child.right)
            rc = visit_page(trail, &child);
        i = trail->edges && i + 1 < page->count ? page->count - 1 : i + 1;
    }
    return rc;
}

static int
visit_page(struct jn_walk_trail *trail, const struct visit *visit)
{
    struct jn_walk *walk = trail->walk;
    const struct jn_page_rule rule = {
        .numbers = trail->tree->kind == JN_WALK_FREE,
        .small = trail->tree->kind == JN_WALK_FREE,
        .names = trail->tree->kind == JN_WALK_NAMES,
        .low = visit->low,
        .high = visit->high,
    };
    struct jn_page page;
    const char *wrong;
    int rc = read_page(trail, visit, &page, &wrong);

    if (rc != 0)
        return rc;
    if (wrong == NULL)
        wrong = jn_page_check(&page, &rule);
    if (wrong != NULL)
        return bad_page(trail, visit->number, wrong);
    rc = page.flags == JN_PAGE_LEAF ? visit_leaf(trail, visit->number, &page)
                                    : visit_children(trail, visit, &page);
    if (rc == 0 && walk->done - walk->reported >= STRIDE)
        rc = jn_walk_progress(walk);
    return rc;
}

int
jn_walk_pages(struct jn_walk_trail *trail)
{
    const struct visit root = {.number = trail->tree->says.root,
                               .level = 1,
                               .left = true,
                               .right = true};

    return visit_page(trail, &root);
}
