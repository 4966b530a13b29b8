/*
 * page.h - one page of a tree, and what its nodes say, without trust.
 *
 * A page is bytes that anybody may have written.  What is read of it here has
 * been checked first: a node that is handed out lies within the page, its key
 * and its value with it.  layout.h shows how the bytes lie.
 */
#ifndef JN_PAGE_H
#define JN_PAGE_H

#include "pages/layout.h"

/* A branch or a leaf; the bytes are the caller's. */
struct jn_page {
    const uint8_t *data;
    size_t size;
    unsigned flags; /* JN_PAGE_BRANCH or JN_PAGE_LEAF */
    unsigned count; /* nodes, one at least */
};

struct jn_node {
    struct jn_span key;   /* in a branch, the first node's means nothing */
    unsigned flags;       /* in a leaf: 0, JN_NODE_BIG or JN_NODE_SUBTREE */
    uint64_t child;       /* in a branch */
    struct jn_span value; /* in a leaf, unless JN_NODE_BIG */
    uint64_t first_page;  /* with JN_NODE_BIG */
    uint64_t value_size;
};

/* What a page of a tree must keep to. */
struct jn_page_rule {
    bool numbers; /* keys are 8 bytes, a number in the machine's order */
    bool small;   /* a branch may have one child, as that of free pages may */
    bool names;   /* its leaves describe trees, and else no leaf does */
    struct jn_span low;  /* no key is below this one, if its data is not NULL */
    struct jn_span high; /* all are */
};

/*
 * Takes the SIZE bytes of DATA for page NUMBER.  JOURNAL_CORRUPT unless they
 * are a branch or a leaf of that number, with room for the table of its nodes.
 */
int jn_page_open(struct jn_page *page, const uint8_t *data, size_t size,
                 uint64_t number);

/* The I-th node, all within PAGE; I is under its count. */
int jn_page_node(const struct jn_page *page, unsigned i, struct jn_node *node);

/*
 * What is wrong with PAGE, in words, or NULL: its nodes fill it without a gap
 * or an overlap, their keys ascend, and all of it keeps to RULE.
 */
const char *jn_page_check(const struct jn_page *page,
                          const struct jn_page_rule *rule);

/*
 * The same of where its keys lie alone, for a page that has been looked at: it
 * may be the child of one branch, and not of another one.
 */
const char *jn_page_check_place(const struct jn_page *page,
                                const struct jn_page_rule *rule);

/* The description of a tree that is the value of NODE. */
int jn_page_tree(const struct jn_node *node, struct jn_tree *tree);

/* The order of keys in a tree: as their bytes, the shorter one first. */
static inline int
jn_page_compare(struct jn_span a, struct jn_span b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order;

    if (common >= 8) {
        uint64_t first = jn_get_be64(a.data), second = jn_get_be64(b.data);

        if (first != second)
            return first < second ? -1 : 1;
    }
    order = common > 0 ? memcmp(a.data, b.data, common) : 0;
    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

#endif
