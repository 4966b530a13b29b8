/* pages.c - an LMDB file read as pages, without LMDB and without trust. */
#include "pages.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "layout.h"

/* The file format of LMDB 0.9 on 64-bit machines, native byte order. */
#define MAGIC 0xBEEFC0DEu
#define MAGIC_SWAPPED 0xDEC0EFBEu
#define DATA_VERSION 1u
#define PAGE_SIZE_MAX 32768u

struct jn_pages {
    int file;
    uint64_t size; /* of the file, in bytes */
    size_t page_size;
    struct jn_meta meta; /* the newer one */
};

struct page {
    uint8_t data[PAGE_SIZE_MAX];
    unsigned flags;
    unsigned count; /* nodes */
};

struct node {
    struct jn_span key;
    unsigned flags;
    uint64_t child;       /* in a branch */
    struct jn_span value; /* in a leaf, unless JN_NODE_BIG */
    uint64_t first_page;  /* with JN_NODE_BIG */
    uint64_t value_size;
};

/* Reads SIZE bytes at OFFSET; JOURNAL_CORRUPT if the file ends before. */
static int
read_at(int file, void *out, size_t size, uint64_t offset)
{
    uint8_t *end = out;

    while (size > 0) {
        ssize_t got = pread(file, end, size, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            return JOURNAL_CORRUPT;
        end += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return 0;
}

static int
read_meta(struct jn_pages *pages, uint64_t number, struct jn_meta *meta)
{
    uint8_t bytes[JN_PAGE_HEADER + sizeof(*meta)];
    int rc = read_at(pages->file, bytes, sizeof(bytes),
                     number * pages->page_size);

    if (rc != 0)
        return rc;
    memcpy(meta, bytes + JN_PAGE_HEADER, sizeof(*meta));
    if (meta->magic == MAGIC_SWAPPED)
        return JOURNAL_UNSUPPORTED;
    if (meta->magic != MAGIC || (jn_page_flags(bytes) & JN_PAGE_META) == 0)
        return JOURNAL_CORRUPT;
    if (meta->version != DATA_VERSION ||
        meta->trees[0].page_size != pages->page_size)
        return JOURNAL_UNSUPPORTED;
    if (jn_page_number(bytes) != number || meta->last_page < 1 ||
        meta->last_page >= UINT64_MAX / pages->page_size)
        return JOURNAL_CORRUPT;
    return 0;
}

/* Whether a file that has no good first meta page may be LMDB's at all. */
static bool
has_magic(const struct jn_pages *pages)
{
    for (uint64_t i = 0; i < 2; i++) {
        uint32_t magic;

        if (read_at(pages->file, &magic, sizeof(magic),
                    i * pages->page_size + JN_PAGE_HEADER) == 0 &&
            magic == MAGIC)
            return true;
    }
    return false;
}

static int
read_metas(struct jn_pages *pages)
{
    struct jn_meta metas[2];

    for (unsigned i = 0; i < 2; i++) {
        int rc = read_meta(pages, i, &metas[i]);

        if (rc == JOURNAL_CORRUPT && !has_magic(pages))
            return JOURNAL_UNSUPPORTED;
        if (rc != 0)
            return rc;
    }
    pages->meta = metas[metas[1].transaction > metas[0].transaction];
    return 0;
}

int
jn_pages_open(struct jn_pages **out, int file)
{
    struct jn_pages *pages = calloc(1, sizeof(*pages));
    struct stat status;
    int rc;

    if (pages == NULL)
        return ENOMEM;
    pages->file = file;
    pages->page_size = (size_t)sysconf(_SC_PAGESIZE);
    if (pages->page_size > PAGE_SIZE_MAX)
        pages->page_size = PAGE_SIZE_MAX;
    if (fstat(file, &status) != 0) {
        rc = errno;
        goto out;
    }
    pages->size = (uint64_t)status.st_size;
    rc = read_metas(pages);
    if (rc != 0)
        goto out;
    *out = pages;
    pages = NULL;
out:
    jn_pages_close(pages);
    return rc;
}

void
jn_pages_close(struct jn_pages *pages)
{
    free(pages);
}

/* Reads the branch or leaf page NUMBER and checks the table of its nodes. */
static int
read_page(const struct jn_pages *pages, uint64_t number, struct page *page)
{
    int rc;

    if (number < 2 || number > pages->meta.last_page)
        return JOURNAL_CORRUPT;
    rc = read_at(pages->file, page->data, pages->page_size,
                 number * pages->page_size);
    if (rc != 0)
        return rc;
    page->flags = jn_page_flags(page->data);
    page->count = jn_page_count(page->data, pages->page_size);
    if (jn_page_number(page->data) != number || page->count == 0 ||
        (page->flags != JN_PAGE_BRANCH && page->flags != JN_PAGE_LEAF))
        return JOURNAL_CORRUPT;
    return 0;
}

/* The I-th node of PAGE, all within it. */
static int
read_node(const struct jn_pages *pages, const struct page *page, unsigned i,
          struct node *node)
{
    size_t at = jn_page_offset(page->data, i);
    const uint8_t *start = page->data + at;
    uint64_t size, key_size, left;

    if (at < JN_PAGE_HEADER || at + JN_NODE_HEADER > pages->page_size)
        return JOURNAL_CORRUPT;
    size = jn_node_size(start);
    key_size = jn_node_key_size(start);
    left = pages->page_size - at - JN_NODE_HEADER;
    if (key_size > left)
        return JOURNAL_CORRUPT;
    memset(node, 0, sizeof(*node));
    node->key = jn_span(start + JN_NODE_HEADER, key_size);
    left -= key_size;
    if (page->flags == JN_PAGE_BRANCH) {
        node->child = jn_node_child(start);
        return 0;
    }
    node->flags = jn_node_flags(start);
    node->value_size = size;
    if (left < ((node->flags & JN_NODE_BIG) != 0 ? sizeof(uint64_t) : size))
        return JOURNAL_CORRUPT;
    node->value = jn_span(start + JN_NODE_HEADER + key_size, size);
    if ((node->flags & JN_NODE_BIG) != 0)
        node->first_page = jn_get64(node->value.data);
    return 0;
}

static int
compare(struct jn_span a, struct jn_span b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

/* The last node of a branch whose key is not over KEY; the first has none. */
static int
find_child(const struct jn_pages *pages, const struct page *page,
           struct jn_span key, uint64_t *child)
{
    for (unsigned i = 0; i < page->count; i++) {
        struct node node;
        int rc = read_node(pages, page, i, &node);

        if (rc != 0)
            return rc;
        if (i > 0 && compare(node.key, key) > 0)
            break;
        *child = node.child;
    }
    return 0;
}

static int
find_in_leaf(const struct jn_pages *pages, const struct page *page,
             struct jn_span key, struct node *node)
{
    for (unsigned i = 0; i < page->count; i++) {
        int rc = read_node(pages, page, i, node);

        if (rc != 0)
            return rc;
        if (jn_span_equal(node->key, key))
            return 0;
    }
    return JOURNAL_NOT_FOUND;
}

/* Finds KEY in TREE; what NODE says of it points into PAGE. */
static int
find(const struct jn_pages *pages, const struct jn_tree *tree,
     struct jn_span key, struct page *page, struct node *node)
{
    uint64_t number = tree->root;

    if (number == JN_NO_ROOT)
        return JOURNAL_NOT_FOUND;
    for (unsigned depth = 0; depth < JN_DEPTH_MAX; depth++) {
        int rc = read_page(pages, number, page);

        if (rc != 0)
            return rc;
        if (page->flags == JN_PAGE_LEAF)
            return find_in_leaf(pages, page, key, node);
        rc = find_child(pages, page, key, &number);
        if (rc != 0)
            return rc;
    }
    return JOURNAL_CORRUPT;
}

static int
find_table(const struct jn_pages *pages, const char *name, struct page *page,
           struct jn_tree *table)
{
    struct node node;
    int rc = find(pages, &pages->meta.trees[1], jn_span(name, strlen(name)),
                  page, &node);

    if (rc != 0)
        return rc;
    if (node.flags != JN_NODE_SUBTREE)
        return JOURNAL_NOT_FOUND;
    if (node.value.size != sizeof(*table))
        return JOURNAL_CORRUPT;
    memcpy(table, node.value.data, sizeof(*table));
    return 0;
}

int
jn_pages_find(struct jn_pages *pages, const char *table, const char *key,
              void *out, size_t capacity, size_t *size)
{
    struct page *page = malloc(sizeof(*page));
    struct jn_tree tree;
    struct node node;
    int rc;

    if (page == NULL)
        return ENOMEM;
    rc = find_table(pages, table, page, &tree);
    if (rc == 0)
        rc = find(pages, &tree, jn_span(key, strlen(key)), page, &node);
    if (rc == 0 && (node.flags != 0 || node.value.size > capacity))
        rc = JOURNAL_TOO_BIG;
    if (rc == 0) {
        memcpy(out, node.value.data, node.value.size);
        *size = node.value.size;
    }
    free(page);
    return rc;
}

/* A walk over all pages in use, to see whether the file has them. */
struct walk {
    const struct jn_pages *pages;
    uint64_t left; /* pages that may still be met: a cycle uses them up */
};

static int walk_tree(struct walk *walk, uint64_t root, unsigned depth);

/* The pages of a value that is stored on pages of its own. */
static int
walk_value(const struct walk *walk, const struct node *node)
{
    const struct jn_pages *pages = walk->pages;
    uint64_t bytes = JN_PAGE_HEADER + node->value_size;
    uint64_t count = (bytes + pages->page_size - 1) / pages->page_size;

    if (node->first_page < 2 || node->first_page > pages->meta.last_page ||
        (node->first_page + count) * pages->page_size > pages->size)
        return JOURNAL_CORRUPT;
    return 0;
}

static int
walk_leaf_node(struct walk *walk, const struct node *node, unsigned depth)
{
    struct jn_tree tree;

    if ((node->flags & JN_NODE_BIG) != 0)
        return walk_value(walk, node);
    if ((node->flags & JN_NODE_SUBTREE) == 0)
        return 0;
    if (node->value.size != sizeof(tree))
        return JOURNAL_CORRUPT;
    memcpy(&tree, node->value.data, sizeof(tree));
    return walk_tree(walk, tree.root, depth + 1);
}

static int
walk_page(struct walk *walk, const struct page *page, unsigned depth)
{
    for (unsigned i = 0; i < page->count; i++) {
        struct node node;
        int rc = read_node(walk->pages, page, i, &node);

        if (rc == 0)
            rc = page->flags == JN_PAGE_BRANCH
                     ? walk_tree(walk, node.child, depth + 1)
                     : walk_leaf_node(walk, &node, depth);
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int
walk_tree(struct walk *walk, uint64_t root, unsigned depth)
{
    struct page *page;
    int rc;

    if (root == JN_NO_ROOT)
        return 0;
    if (depth >= JN_DEPTH_MAX || walk->left == 0)
        return JOURNAL_CORRUPT;
    walk->left--;
    page = malloc(sizeof(*page));
    if (page == NULL)
        return ENOMEM;
    rc = read_page(walk->pages, root, page);
    if (rc == 0)
        rc = walk_page(walk, page, depth);
    free(page);
    return rc;
}

uint64_t
jn_pages_size(const struct jn_pages *pages)
{
    return (pages->meta.last_page + 1) * pages->page_size;
}

int
jn_pages_complete(struct jn_pages *pages)
{
    struct walk walk = {pages, pages->meta.last_page};
    int rc = 0;

    if (pages->size >= jn_pages_size(pages))
        return 0;
    for (unsigned i = 0; i < 2 && rc == 0; i++)
        rc = walk_tree(&walk, pages->meta.trees[i].root, 0);
    return rc;
}
