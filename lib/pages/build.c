/* build.c - a new LMDB file, written from rows in order, without LMDB. */
#include "pages/build.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/error.h"
#include "pages/page.h"

#define NAMES_MAX 8u
#define BUFFER ((size_t)1 << 20)
#define HEADER_PAGES 2u /* the meta pages */

/* LMDB wants room for so many nodes in each page. */
#define NODES_MIN 2u

/* A page that is being filled: level 0 is that of the leaves. */
struct level {
    uint8_t *page;
    uint64_t done;             /* pages of this level before it */
    unsigned count;            /* nodes */
    size_t lower, upper;       /* where free space begins and ends */
    uint8_t first[JN_KEY_MAX]; /* key of its first node, and */
    uint8_t last[JN_KEY_MAX];  /* of its last one */
    size_t first_size, last_size;
    uint64_t last_child;
};

struct table {
    const char *name;
    struct jn_tree tree;
};

/* Pages below NEXT have been written, or wait in BUFFER. */
struct jn_build {
    int file;
    size_t page_size;
    uint64_t next;
    uint8_t *buffer;
    size_t used;
    uint64_t written; /* bytes */
    struct level levels[JN_DEPTH_MAX];
    struct jn_tree tree; /* of the table at hand, as far as it is */
    struct table tables[NAMES_MAX];
    unsigned count;
};

/* ---- bytes --------------------------------------------------------------- */

static int
write_all(int file, const uint8_t *bytes, size_t size, uint64_t offset)
{
    if (!jn_disk_allows(offset + size))
        return EFBIG;
    while (size > 0) {
        ssize_t put = pwrite(file, bytes, size, (off_t)offset);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return put < 0 ? errno : EIO;
        bytes += put;
        size -= (size_t)put;
        offset += (uint64_t)put;
    }
    return 0;
}

static int
write_buffer(struct jn_build *build)
{
    int rc = write_all(build->file, build->buffer, build->used, build->written);

    build->written += build->used;
    build->used = 0;
    return rc;
}

/* Adds BYTES behind all others; those that are many go past the buffer. */
static int
put(struct jn_build *build, struct jn_span bytes)
{
    int rc = 0;

    if (build->used + bytes.size > BUFFER)
        rc = write_buffer(build);
    if (rc != 0)
        return rc;
    if (bytes.size > BUFFER) {
        rc = write_all(build->file, bytes.data, bytes.size, build->written);
        build->written += bytes.size;
        return rc;
    }
    (void)jn_span_copy(build->buffer + build->used, bytes);
    build->used += bytes.size;
    return 0;
}

uint64_t
jn_build_size(const struct jn_build *build)
{
    return build->written + build->used;
}

/* ---- pages --------------------------------------------------------------- */

static void
put16(uint8_t *out, size_t value)
{
    uint16_t half = (uint16_t)value;

    memcpy(out, &half, sizeof(half));
}

static void
put_header(uint8_t *page, uint64_t number, unsigned flags)
{
    memset(page, 0, JN_PAGE_HEADER);
    memcpy(page, &number, sizeof(number));
    put16(page + 10, flags);
}

static size_t
even(size_t size)
{
    return size + size % 2;
}

static void
clear(const struct jn_build *build, struct level *level)
{
    memset(level->page, 0, build->page_size);
    level->count = 0;
    level->lower = JN_PAGE_HEADER;
    level->upper = build->page_size;
}

/* Memory for the page of a level that is used for the first time. */
static int
get_level(struct jn_build *build, unsigned i, struct level **out)
{
    struct level *level;

    if (i == JN_DEPTH_MAX)
        return JOURNAL_FULL;
    level = &build->levels[i];
    if (level->page == NULL) {
        level->page = malloc(build->page_size);
        if (level->page == NULL)
            return ENOMEM;
        clear(build, level);
    }
    *out = level;
    return 0;
}

static bool
has_room(const struct level *level, size_t node)
{
    return node + sizeof(uint16_t) <= level->upper - level->lower;
}

/* Room for a node of SIZE bytes, header included, behind the others. */
static uint8_t *
add_node(struct level *level, size_t size, struct jn_span key)
{
    level->upper -= even(size);
    put16(level->page + level->lower, level->upper);
    level->lower += sizeof(uint16_t);
    if (level->count++ == 0) {
        (void)jn_span_copy(level->first, key);
        level->first_size = key.size;
    }
    (void)jn_span_copy(level->last, key);
    level->last_size = key.size;
    return level->page + level->upper;
}

/* The page of LEVEL goes out, and gets its number. */
static int
write_page(struct jn_build *build, struct level *level, unsigned flags,
           uint64_t *number)
{
    *number = build->next++;
    put_header(level->page, *number, flags);
    put16(level->page + 12, level->lower);
    put16(level->page + 14, level->upper);
    level->done++;
    if (flags == JN_PAGE_LEAF)
        build->tree.leaf_pages++;
    else
        build->tree.branch_pages++;
    return put(build, jn_span(level->page, build->page_size));
}

/* ---- branches ------------------------------------------------------------ */

static int add_child(struct jn_build *build, unsigned i, struct jn_span key,
                     uint64_t child);

/* The page of level I is full: its parent leads to it from now on. */
static int
complete(struct jn_build *build, unsigned i)
{
    struct level *level = &build->levels[i];
    uint64_t number;
    int rc = write_page(build, level, i == 0 ? JN_PAGE_LEAF : JN_PAGE_BRANCH,
                        &number);

    if (rc == 0)
        rc = add_child(build, i + 1, jn_span(level->first, level->first_size),
                       number);
    if (rc == 0)
        clear(build, level);
    return rc;
}

/* The first node of a branch has no key. */
static void
put_child(struct level *level, struct jn_span key, uint64_t child)
{
    struct jn_span stored = level->count == 0 ? jn_span(NULL, 0) : key;
    uint8_t *node = add_node(level, JN_NODE_HEADER + stored.size, key);

    put16(node, child & 0xffffu);
    put16(node + 2, child >> 16 & 0xffffu);
    put16(node + 4, child >> 32);
    put16(node + 6, stored.size);
    (void)jn_span_copy(node + JN_NODE_HEADER, stored);
    level->last_child = child;
}

/* Takes the last node off again. */
static void
drop_child(struct level *level)
{
    size_t size = even(JN_NODE_HEADER + level->last_size);

    memset(level->page + level->upper, 0, size);
    level->upper += size;
    level->lower -= sizeof(uint16_t);
    put16(level->page + level->lower, 0);
    level->count--;
}

/*
 * A branch with one child alone is none to LMDB.  So a full one gives its last
 * child to the next, which has two then.
 */
static int
add_child(struct jn_build *build, unsigned i, struct jn_span key,
          uint64_t child)
{
    uint8_t moved[JN_KEY_MAX];
    struct level *level;
    int rc = get_level(build, i, &level);

    if (rc == 0 && !has_room(level, even(JN_NODE_HEADER + key.size))) {
        struct jn_span last = {moved, level->last_size};
        uint64_t last_child = level->last_child;

        memcpy(moved, level->last, last.size);
        drop_child(level);
        rc = complete(build, i);
        if (rc == 0)
            put_child(level, last, last_child);
    }
    if (rc == 0)
        put_child(level, key, child);
    return rc;
}

/* ---- leaves -------------------------------------------------------------- */

/* A value on pages of its own; FIRST is the first of them. */
static int
put_value(struct jn_build *build, struct jn_span value, uint64_t *first)
{
    static const uint8_t zeros[JN_PAGE_SIZE_MAX];
    uint8_t header[JN_PAGE_HEADER];
    uint64_t size = JN_PAGE_HEADER + (uint64_t)value.size;
    uint64_t pages = (size + build->page_size - 1) / build->page_size;
    uint32_t count = (uint32_t)pages;
    int rc;

    put_header(header, build->next, JN_PAGE_BIG);
    memcpy(header + 12, &count, sizeof(count));
    rc = put(build, jn_span(header, sizeof(header)));
    if (rc == 0)
        rc = put(build, value);
    if (rc == 0)
        rc = put(build,
                 jn_span(zeros, (size_t)(pages * build->page_size - size)));
    *first = build->next;
    build->next += pages;
    build->tree.overflow_pages += pages;
    return rc;
}

/* The largest node that LMDB keeps in a leaf whole. */
static size_t
node_max(const struct jn_build *build)
{
    size_t half = (build->page_size - JN_PAGE_HEADER) / NODES_MIN;

    return (half & ~(size_t)1) - sizeof(uint16_t);
}

static int
add_row(struct jn_build *build, struct jn_span key, struct jn_span value,
        unsigned flags)
{
    struct level *level;
    struct jn_span stored = value;
    uint64_t first;
    uint8_t *node;
    int rc = get_level(build, 0, &level);

    if (rc == 0 && JN_NODE_HEADER + key.size + value.size > node_max(build)) {
        rc = put_value(build, value, &first);
        stored = jn_span(&first, sizeof(first));
        flags |= JN_NODE_BIG;
    }
    if (rc == 0 &&
        !has_room(level, even(JN_NODE_HEADER + key.size + stored.size)))
        rc = complete(build, 0);
    if (rc != 0)
        return rc;
    node = add_node(level, JN_NODE_HEADER + key.size + stored.size, key);
    put16(node, value.size & 0xffffu);
    put16(node + 2, value.size >> 16);
    put16(node + 4, flags);
    put16(node + 6, key.size);
    node = jn_span_copy(node + JN_NODE_HEADER, key);
    (void)jn_span_copy(node, stored);
    build->tree.entries++;
    return 0;
}

int
jn_build_add(struct jn_build *build, struct jn_span key, struct jn_span value)
{
    const struct level *level = &build->levels[0];

    if (key.size == 0 || key.size > JN_KEY_MAX || value.size > UINT32_MAX)
        return JOURNAL_CORRUPT;
    if (build->tree.entries > 0 &&
        jn_page_compare(jn_span(level->last, level->last_size), key) >= 0)
        return JOURNAL_CORRUPT;
    return add_row(build, key, value, 0);
}

/* ---- trees --------------------------------------------------------------- */

/* Ends the tree at hand: the pages that are not full yet go out as well. */
static int
end_tree(struct jn_build *build, struct jn_tree *tree)
{
    unsigned i = 0;
    int rc = 0;

    build->tree.root = JN_NO_ROOT;
    /* The highest level whose page is the only one is the root. */
    while (rc == 0 && build->tree.entries > 0 && build->levels[i].done > 0)
        rc = complete(build, i++);
    if (rc == 0 && build->tree.entries > 0) {
        rc = write_page(build, &build->levels[i],
                        i == 0 ? JN_PAGE_LEAF : JN_PAGE_BRANCH,
                        &build->tree.root);
        build->tree.depth = (uint16_t)(i + 1);
    }
    *tree = build->tree;
    memset(&build->tree, 0, sizeof(build->tree));
    for (i = 0; i < JN_DEPTH_MAX && build->levels[i].page != NULL; i++) {
        clear(build, &build->levels[i]);
        build->levels[i].done = 0;
    }
    return rc;
}

int
jn_build_end_table(struct jn_build *build, const char *name)
{
    struct table *table = &build->tables[build->count];

    if (build->count == NAMES_MAX)
        return JOURNAL_FULL;
    build->count++;
    table->name = name;
    return end_tree(build, &table->tree);
}

static int
put_meta(struct jn_build *build, const struct jn_meta *meta, uint64_t number)
{
    uint8_t bytes[JN_PAGE_HEADER + sizeof(*meta)];
    struct jn_meta own = *meta;

    /* Each transaction has a meta page of its own. */
    own.transaction += own.transaction % 2 != number;
    put_header(bytes, number, JN_PAGE_META);
    memcpy(bytes + JN_PAGE_HEADER, &own, sizeof(own));
    return write_all(build->file, bytes, sizeof(bytes),
                     number * build->page_size);
}

int
jn_build_end(struct jn_build *build, const struct jn_meta *like)
{
    struct jn_meta meta = *like;
    struct jn_tree *free_pages = &meta.trees[0], *names = &meta.trees[1];
    uint16_t flags = names->flags;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < build->count; i++) {
        const struct table *table = &build->tables[i];

        rc = add_row(build, jn_span(table->name, strlen(table->name)),
                     jn_span(&table->tree, sizeof(table->tree)),
                     JN_NODE_SUBTREE);
    }
    if (rc == 0)
        rc = end_tree(build, names);
    names->flags = flags;
    *free_pages = (struct jn_tree){.page_size = (uint32_t)build->page_size,
                                   .flags = free_pages->flags,
                                   .root = JN_NO_ROOT};
    meta.last_page = build->next - 1;
    if (meta.map_size < build->next * build->page_size)
        meta.map_size = build->next * build->page_size;
    if (rc == 0)
        rc = write_buffer(build);
    for (uint64_t i = 0; rc == 0 && i < HEADER_PAGES; i++)
        rc = put_meta(build, &meta, i);
    return rc;
}

int
jn_build_open(struct jn_build **out, int file, size_t page_size)
{
    struct jn_build *build = calloc(1, sizeof(*build));

    if (build == NULL)
        return ENOMEM;
    build->buffer = calloc(1, BUFFER);
    if (build->buffer == NULL) {
        free(build);
        return ENOMEM;
    }
    build->file = file;
    build->page_size = page_size;
    build->next = HEADER_PAGES;
    build->used = HEADER_PAGES * page_size; /* to be filled in at the end */
    *out = build;
    return 0;
}

void
jn_build_free(struct jn_build *build)
{
    if (build == NULL)
        return;
    for (unsigned i = 0; i < JN_DEPTH_MAX; i++)
        free(build->levels[i].page);
    free(build->buffer);
    free(build);
}
