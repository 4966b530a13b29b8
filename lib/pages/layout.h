/*
 * layout.h - how the pages of an LMDB 0.9 file are laid out.
 *
 * On 64-bit machines, in their own byte order.  A page begins with a header of
 * 16 bytes: its number (8), 2 unused, flags (2), where free space begins (2)
 * and ends (2).  Then come the offsets of its nodes, 2 bytes each, in the order
 * of their keys.  A node has a header of 8 bytes, its key, and in a leaf its
 * value: the header holds 32 bits of size or child, low half first, 16 bits of
 * flags (in a branch: the child's next higher bits), and the key's size.  The
 * first node of a branch has no key.  A value on pages of its own lies behind
 * the header of the first, which has their number (4) in place of free space.
 */
#ifndef JN_LAYOUT_H
#define JN_LAYOUT_H

#include <assert.h>

#include "base/bytes.h"

#define JN_PAGE_HEADER 16u
#define JN_NODE_HEADER 8u

#define JN_PAGE_BRANCH 0x01u
#define JN_PAGE_LEAF 0x02u
#define JN_PAGE_BIG 0x04u /* a value begins here */
#define JN_PAGE_META 0x08u

#define JN_NODE_BIG 0x01u     /* the value is on pages of its own */
#define JN_NODE_SUBTREE 0x02u /* the value is a named database */

#define JN_PAGE_SIZE_MAX 32768u
#define JN_KEY_MAX 511u
#define JN_DEPTH_MAX 32u
#define JN_NO_ROOT UINT64_MAX

/* A tree's description, as in a meta page or under its name. */
struct jn_tree {
    uint32_t page_size; /* of the whole file; in the first tree only */
    uint16_t flags;
    uint16_t depth;
    uint64_t branch_pages;
    uint64_t leaf_pages;
    uint64_t overflow_pages;
    uint64_t entries;
    uint64_t root;
};

static_assert(sizeof(struct jn_tree) == 48, "as in the file");

/* What follows the header of a meta page; there are two, pages 0 and 1. */
struct jn_meta {
    uint32_t magic;
    uint32_t version;
    uint64_t address;
    uint64_t map_size;
    struct jn_tree trees[2]; /* of free pages; of named databases */
    uint64_t last_page;
    uint64_t transaction;
};

static_assert(sizeof(struct jn_meta) == 136, "as in the file");

static inline uint16_t
jn_get16(const uint8_t *in)
{
    uint16_t value;

    memcpy(&value, in, sizeof(value));
    return value;
}

static inline uint64_t
jn_get64(const uint8_t *in)
{
    uint64_t value;

    memcpy(&value, in, sizeof(value));
    return value;
}

static inline uint64_t
jn_page_number(const uint8_t *page)
{
    return jn_get64(page);
}

static inline unsigned
jn_page_flags(const uint8_t *page)
{
    return jn_get16(page + 10);
}

/* Where the free space of a page begins, and where it ends. */
static inline unsigned
jn_page_lower(const uint8_t *page)
{
    return jn_get16(page + 12);
}

static inline unsigned
jn_page_upper(const uint8_t *page)
{
    return jn_get16(page + 14);
}

/* How many pages a value takes that begins on this one. */
static inline uint32_t
jn_page_extent(const uint8_t *page)
{
    return jn_get16(page + 12) | (uint32_t)jn_get16(page + 14) << 16;
}

/* How many nodes there are; 0 if PAGE, of SIZE bytes, makes no sense. */
static inline unsigned
jn_page_count(const uint8_t *page, size_t size)
{
    unsigned lower = jn_page_lower(page), upper = jn_page_upper(page);

    if (lower < JN_PAGE_HEADER || lower > upper || upper > size)
        return 0;
    return (lower - JN_PAGE_HEADER) / 2;
}

/* Where the I-th node begins, in bytes from the start of the page. */
static inline size_t
jn_page_offset(const uint8_t *page, unsigned i)
{
    return jn_get16(page + JN_PAGE_HEADER + 2 * (size_t)i);
}

/* The size of a node's value. */
static inline uint64_t
jn_node_size(const uint8_t *node)
{
    return jn_get16(node) | (uint64_t)jn_get16(node + 2) << 16;
}

static inline unsigned
jn_node_flags(const uint8_t *node)
{
    return jn_get16(node + 4);
}

/* The page that a node of a branch leads to. */
static inline uint64_t
jn_node_child(const uint8_t *node)
{
    return jn_node_size(node) | (uint64_t)jn_get16(node + 4) << 32;
}

static inline size_t
jn_node_key_size(const uint8_t *node)
{
    return jn_get16(node + 6);
}

#endif
