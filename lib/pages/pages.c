/* pages.c - an LMDB file read as pages, without LMDB and without trust. */
#include "pages/pages.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "pages/layout.h"

/* The file format of LMDB 0.9 on 64-bit machines, native byte order. */
#define MAGIC 0xBEEFC0DEu
#define MAGIC_SWAPPED 0xDEC0EFBEu
#define DATA_VERSION 1u
#define META_BYTES (JN_PAGE_HEADER + sizeof(struct jn_meta))
#define META_READS_MAX 100u

struct jn_pages {
    int file;
    uint64_t size; /* of the file, in bytes */
    size_t page_size;
    struct jn_meta meta; /* the one that was taken */
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
check_meta(const struct jn_pages *pages, const uint8_t *bytes, uint64_t number,
           struct jn_meta *meta)
{
    memcpy(meta, bytes + JN_PAGE_HEADER, sizeof(*meta));
    if (meta->magic == MAGIC_SWAPPED)
        return JOURNAL_UNSUPPORTED;
    if (meta->magic != MAGIC || (jn_page_flags(bytes) & JN_PAGE_META) == 0)
        return JOURNAL_CORRUPT;
    if (meta->version != DATA_VERSION ||
        meta->trees[0].page_size != pages->page_size)
        return JOURNAL_UNSUPPORTED;
    /* The next transaction writes over the page of the one before. */
    if (meta->transaction % 2 != number && meta->transaction > 0)
        return JOURNAL_CORRUPT;
    if (jn_page_number(bytes) != number || meta->last_page < 1 ||
        meta->last_page >= UINT64_MAX / pages->page_size)
        return JOURNAL_CORRUPT;
    return 0;
}

/*
 * Read until it is the same twice: it may be written at this moment, and then
 * be half of one transaction and half of another.
 */
static int
read_meta(const struct jn_pages *pages, uint64_t number, struct jn_meta *meta)
{
    uint8_t bytes[2][META_BYTES];
    uint64_t offset = number * pages->page_size;
    int rc = read_at(pages->file, bytes[0], META_BYTES, offset);

    for (unsigned i = 1; rc == 0; i++) {
        rc = read_at(pages->file, bytes[i % 2], META_BYTES, offset);
        if (rc == 0 && (memcmp(bytes[0], bytes[1], META_BYTES) == 0 ||
                        i == META_READS_MAX))
            break;
    }
    return rc == 0 ? check_meta(pages, bytes[0], number, meta) : rc;
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

/* Which of the meta pages will do, and whether a transaction is asked for. */
struct wish {
    bool any; /* one may be damaged */
    bool at;
    uint64_t transaction;
};

/* The one of two meta pages, some of which may be bad, that is asked for. */
static int
choose_meta(struct jn_pages *pages, const struct wish *wish,
            const struct jn_meta *metas, const bool *good)
{
    unsigned which = good[1];

    if (good[0] && good[1])
        which = metas[1].transaction > metas[0].transaction;
    if (wish->at &&
        (!good[which] || metas[which].transaction != wish->transaction))
        which = !which;
    if (wish->at &&
        (!good[which] || metas[which].transaction != wish->transaction))
        return JOURNAL_NOT_FOUND;
    if (!good[which])
        return JOURNAL_CORRUPT;
    pages->meta = metas[which];
    return 0;
}

/*
 * Commits take turns, so that the two are of one and the next; those of a file
 * that is made are alike.  A damaged number would bring back what was before
 * the last commit.
 */
static bool
take_turns(const struct jn_meta *metas)
{
    uint64_t a = metas[0].transaction, b = metas[1].transaction;

    return a + 1 == b || b + 1 == a || (a == 0 && b == 0);
}

static int
read_metas(struct jn_pages *pages, const struct wish *wish)
{
    bool good[2] = {false, false};
    struct jn_meta metas[2];

    for (unsigned i = 0; i < 2; i++) {
        int rc = read_meta(pages, i, &metas[i]);

        if (rc == JOURNAL_CORRUPT && !has_magic(pages))
            return JOURNAL_UNSUPPORTED;
        if (rc > 0 || (rc != 0 && !wish->any && !wish->at))
            return rc;
        good[i] = rc == 0;
    }
    if (!wish->any && !wish->at && !take_turns(metas))
        return JOURNAL_CORRUPT;
    return choose_meta(pages, wish, metas, good);
}

static int
open_pages(struct jn_pages **out, int file, const struct wish *wish)
{
    struct jn_pages *pages = calloc(1, sizeof(*pages));
    struct stat status;
    int rc;

    if (pages == NULL)
        return ENOMEM;
    pages->file = file;
    pages->page_size = (size_t)sysconf(_SC_PAGESIZE);
    if (pages->page_size > JN_PAGE_SIZE_MAX)
        pages->page_size = JN_PAGE_SIZE_MAX;
    if (fstat(file, &status) != 0) {
        rc = errno;
        goto out;
    }
    pages->size = (uint64_t)status.st_size;
    rc = read_metas(pages, wish);
    if (rc != 0)
        goto out;
    *out = pages;
    pages = NULL;
out:
    jn_pages_close(pages);
    return rc;
}

int
jn_pages_open(struct jn_pages **pages, int file)
{
    return open_pages(pages, file, &(struct wish){0});
}

int
jn_pages_open_any(struct jn_pages **pages, int file)
{
    return open_pages(pages, file, &(struct wish){.any = true});
}

int
jn_pages_open_at(struct jn_pages **pages, int file, uint64_t transaction)
{
    const struct wish wish = {.at = true, .transaction = transaction};

    return open_pages(pages, file, &wish);
}

void
jn_pages_close(struct jn_pages *pages)
{
    free(pages);
}

const struct jn_meta *
jn_pages_meta(const struct jn_pages *pages)
{
    return &pages->meta;
}

int
jn_pages_check_meta(const struct jn_pages *pages, uint64_t number)
{
    struct jn_meta meta;

    return read_meta(pages, number, &meta);
}

size_t
jn_pages_page_size(const struct jn_pages *pages)
{
    return pages->page_size;
}

uint64_t
jn_pages_count(const struct jn_pages *pages)
{
    return pages->size / pages->page_size;
}

int
jn_pages_load(const struct jn_pages *pages, uint64_t first, uint64_t count,
              void *out)
{
    uint64_t all = jn_pages_count(pages);

    if (first > all || count > all - first)
        return JOURNAL_CORRUPT;
    return read_at(pages->file, out, count * pages->page_size,
                   first * pages->page_size);
}

int
jn_pages_read(const struct jn_pages *pages, uint64_t number, uint8_t *buffer,
              struct jn_page *page)
{
    int rc;

    if (number < 2 || number > pages->meta.last_page)
        return JOURNAL_CORRUPT;
    rc = jn_pages_load(pages, number, 1, buffer);
    return rc == 0 ? jn_page_open(page, buffer, pages->page_size, number) : rc;
}

/* ---- values on pages of their own --------------------------------------- */

static int
grow(struct jn_pages_buffer *buffer, size_t size)
{
    uint8_t *bytes;

    if (size <= buffer->size)
        return 0;
    /* What it holds is not needed any more. */
    free(buffer->bytes);
    bytes = malloc(size);
    buffer->bytes = bytes;
    buffer->size = bytes == NULL ? 0 : size;
    return bytes == NULL ? ENOMEM : 0;
}

/* How many bytes NODE's value takes with the header; 0: more than there are. */
static uint64_t
bytes_of(const struct jn_pages *pages, const struct jn_node *node)
{
    uint64_t all = jn_pages_count(pages), first = node->first_page;
    uint64_t bytes = JN_PAGE_HEADER + node->value_size;

    if (first < 2 || first >= all || bytes > (all - first) * pages->page_size)
        return 0;
    return bytes;
}

/* The HEADER of the first page of NODE's value, which takes BYTES. */
static int
check_header(const struct jn_pages *pages, const struct jn_node *node,
             const uint8_t *header, uint64_t bytes, uint64_t *count)
{
    uint64_t extent = jn_page_extent(header), first = node->first_page;

    if (jn_page_number(header) != first ||
        jn_page_flags(header) != JN_PAGE_BIG ||
        extent * pages->page_size < bytes ||
        extent > jn_pages_count(pages) - first ||
        first + extent - 1 > pages->meta.last_page)
        return JOURNAL_CORRUPT;
    *count = extent;
    return 0;
}

int
jn_pages_extent(const struct jn_pages *pages, const struct jn_node *node,
                uint64_t *count)
{
    uint64_t bytes = bytes_of(pages, node);
    uint8_t header[JN_PAGE_HEADER];
    int rc;

    if (bytes == 0)
        return JOURNAL_CORRUPT;
    rc = read_at(pages->file, header, sizeof(header),
                 node->first_page * pages->page_size);
    return rc == 0 ? check_header(pages, node, header, bytes, count) : rc;
}

int
jn_pages_read_value(const struct jn_pages *pages, const struct jn_node *node,
                    struct jn_pages_buffer *buffer, struct jn_span *value,
                    uint64_t *count)
{
    uint64_t bytes = bytes_of(pages, node);
    int rc;

    if (bytes == 0)
        return JOURNAL_CORRUPT;
    rc = grow(buffer, bytes);
    if (rc == 0)
        rc = read_at(pages->file, buffer->bytes, bytes,
                     node->first_page * pages->page_size);
    if (rc == 0)
        rc = check_header(pages, node, buffer->bytes, bytes, count);
    if (rc == 0)
        *value = jn_span(buffer->bytes + JN_PAGE_HEADER, node->value_size);
    return rc;
}

void
jn_pages_buffer_free(struct jn_pages_buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct jn_pages_buffer){0};
}

/* ---- rows --------------------------------------------------------------- */

/* The last node of a branch whose key is not over KEY; the first has none. */
static int
find_child(const struct jn_page *page, struct jn_span key, uint64_t *child)
{
    for (unsigned i = 0; i < page->count; i++) {
        struct jn_node node;
        int rc = jn_page_node(page, i, &node);

        if (rc != 0)
            return rc;
        if (i > 0 && jn_page_compare(node.key, key) > 0)
            break;
        *child = node.child;
    }
    return 0;
}

static int
find_in_leaf(const struct jn_page *page, struct jn_span key,
             struct jn_node *node)
{
    for (unsigned i = 0; i < page->count; i++) {
        int rc = jn_page_node(page, i, node);

        if (rc != 0)
            return rc;
        if (jn_span_equal(node->key, key))
            return 0;
    }
    return JOURNAL_NOT_FOUND;
}

/* Finds KEY in TREE; what NODE says of it points into BUFFER, of a page. */
static int
find(const struct jn_pages *pages, const struct jn_tree *tree,
     struct jn_span key, uint8_t *buffer, struct jn_node *node)
{
    uint64_t number = tree->root;

    if (number == JN_NO_ROOT)
        return JOURNAL_NOT_FOUND;
    for (unsigned depth = 0; depth < JN_DEPTH_MAX; depth++) {
        struct jn_page page;
        int rc = jn_pages_read(pages, number, buffer, &page);

        if (rc != 0)
            return rc;
        if (page.flags == JN_PAGE_LEAF)
            return find_in_leaf(&page, key, node);
        rc = find_child(&page, key, &number);
        if (rc != 0)
            return rc;
    }
    return JOURNAL_CORRUPT;
}

static int
find_table(const struct jn_pages *pages, const char *name, uint8_t *buffer,
           struct jn_tree *table)
{
    struct jn_node node;
    int rc = find(pages, &pages->meta.trees[1], jn_span(name, strlen(name)),
                  buffer, &node);

    if (rc != 0)
        return rc;
    if (node.flags != JN_NODE_SUBTREE)
        return JOURNAL_NOT_FOUND;
    return jn_page_tree(&node, table);
}

int
jn_pages_table(const struct jn_pages *pages, const char *table,
               struct jn_tree *tree)
{
    uint8_t *buffer = malloc(pages->page_size);
    int rc = buffer == NULL ? ENOMEM : find_table(pages, table, buffer, tree);

    free(buffer);
    return rc;
}

int
jn_pages_find(const struct jn_pages *pages, const char *table, const char *key,
              void *out, size_t capacity, size_t *size)
{
    uint8_t *buffer = malloc(pages->page_size);
    struct jn_tree tree;
    struct jn_node node;
    int rc;

    if (buffer == NULL)
        return ENOMEM;
    rc = find_table(pages, table, buffer, &tree);
    if (rc == 0)
        rc = find(pages, &tree, jn_span(key, strlen(key)), buffer, &node);
    if (rc == 0 && (node.flags != 0 || node.value.size > capacity))
        rc = JOURNAL_TOO_BIG;
    if (rc == 0) {
        (void)jn_span_copy(out, node.value);
        *size = node.value.size;
    }
    free(buffer);
    return rc;
}

uint64_t
jn_pages_size(const struct jn_pages *pages)
{
    return (pages->meta.last_page + 1) * pages->page_size;
}
