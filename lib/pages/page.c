/* page.c - one page of a tree, and what its nodes say, without trust. */
#include "pages/page.h"

#include "base/error.h"

#define KEY_MAX 511u

int
jn_page_open(struct jn_page *page, const uint8_t *data, size_t size,
             uint64_t number)
{
    page->data = data;
    page->size = size;
    page->flags = jn_page_flags(data);
    page->count = jn_page_count(data, size);
    if (jn_page_number(data) != number || page->count == 0 ||
        (page->flags != JN_PAGE_BRANCH && page->flags != JN_PAGE_LEAF))
        return JOURNAL_CORRUPT;
    return 0;
}

/* The rest of a leaf's node, whose value begins at DATA with LEFT bytes. */
static int
read_value(struct jn_node *node, const uint8_t *start, const uint8_t *data,
           size_t left)
{
    uint64_t size = jn_node_size(start);

    node->flags = jn_node_flags(start);
    node->value_size = size;
    if (left < ((node->flags & JN_NODE_BIG) != 0 ? sizeof(uint64_t) : size))
        return JOURNAL_CORRUPT;
    if ((node->flags & JN_NODE_BIG) != 0)
        node->first_page = jn_get64(data);
    else
        node->value = jn_span(data, size);
    return 0;
}

int
jn_page_node(const struct jn_page *page, unsigned i, struct jn_node *node)
{
    size_t at = jn_page_offset(page->data, i), key_size, left;
    const uint8_t *start = page->data + at;

    if (at < JN_PAGE_HEADER || at + JN_NODE_HEADER > page->size)
        return JOURNAL_CORRUPT;
    key_size = jn_node_key_size(start);
    left = page->size - at - JN_NODE_HEADER;
    if (key_size > left)
        return JOURNAL_CORRUPT;
    memset(node, 0, sizeof(*node));
    node->key = jn_span(start + JN_NODE_HEADER, key_size);
    if (page->flags == JN_PAGE_LEAF)
        return read_value(node, start, start + JN_NODE_HEADER + key_size,
                          left - key_size);
    node->child = jn_node_child(start);
    return 0;
}

/* ---- a page as a whole -------------------------------------------------- */

static int
compare(const struct jn_page_rule *rule, struct jn_span a, struct jn_span b)
{
    uint64_t first, second;

    if (!rule->numbers)
        return jn_page_compare(a, b);
    first = jn_get64(a.data);
    second = jn_get64(b.data);
    return first < second ? -1 : first > second;
}

/*
 * The bytes that a node takes, of which the last may fill it up: an even number
 * as the page's own is, so that if the node lies in the page they do.
 */
static size_t
room_of(const struct jn_page *page, const struct jn_node *node)
{
    size_t size = JN_NODE_HEADER + node->key.size;

    if (page->flags == JN_PAGE_LEAF)
        size += (node->flags & JN_NODE_BIG) != 0 ? sizeof(uint64_t)
                                                 : node->value.size;
    return size + size % 2;
}

/* A node by itself, the I-th. */
static const char *
check_node(const struct jn_page *page, const struct jn_page_rule *rule,
           unsigned i, const struct jn_node *node)
{
    bool branch = page->flags == JN_PAGE_BRANCH;
    size_t most = ((page->size - JN_PAGE_HEADER) / 2 & ~(size_t)1) - 2;

    if (branch && i == 0)
        return NULL;
    if (rule->numbers ? node->key.size != sizeof(uint64_t)
                      : node->key.size < 1 || node->key.size > KEY_MAX)
        return "a key of the wrong size";
    if (branch)
        return NULL;
    if (room_of(page, node) > most)
        return "a node that is too big";
    if (rule->names ? node->flags != JN_NODE_SUBTREE ||
                          node->value.size != sizeof(struct jn_tree)
                    : (node->flags & ~JN_NODE_BIG) != 0)
        return "a node of the wrong kind";
    return NULL;
}

/* A bit for each place where a node may begin. */
struct places {
    uint64_t bits[JN_PAGE_SIZE_MAX / 2 / 64];
};

/* Turns the bit of offset AT over; whether it is set now. */
static bool
turn(struct places *places, size_t at)
{
    uint64_t bit = UINT64_C(1) << (at / 2 % 64);

    return ((places->bits[at / 128] ^= bit) & bit) != 0;
}

/*
 * Whether the nodes, which lie in the page, fill it from UPPER to its end: each
 * begins at a place of its own, and where one ends another begins, or the page
 * ends.  No two end at one place then, so one is left where none ends, and that
 * is the first.
 */
static bool
fills(const struct jn_page *page, size_t upper)
{
    struct places places;
    struct jn_node node;
    bool last = false;

    memset(&places, 0, (page->size + 127) / 128 * sizeof(uint64_t));
    for (unsigned i = 0; i < page->count; i++) {
        if (!turn(&places, jn_page_offset(page->data, i)))
            return false;
    }
    for (unsigned i = 0; i < page->count; i++) {
        size_t end;

        if (jn_page_node(page, i, &node) != 0)
            return false;
        end = jn_page_offset(page->data, i) + room_of(page, &node);
        if (end == page->size ? last : turn(&places, end))
            return false;
        last |= end == page->size;
    }
    return !turn(&places, upper);
}

/* The first node of PAGE that has a key: that of a branch's first has none. */
static unsigned
first_key(const struct jn_page *page)
{
    return page->flags == JN_PAGE_BRANCH ? 1 : 0;
}

/* Whether KEY, of node I, lies where RULE wants the first and the last one. */
static const char *
check_place(const struct jn_page *page, const struct jn_page_rule *rule,
            unsigned i, struct jn_span key)
{
    unsigned first = first_key(page);

    /* Below the first key of a branch there is room for its first child. */
    if (i == first && rule->low.data != NULL &&
        compare(rule, key, rule->low) < (first > 0 ? 1 : 0))
        return "a key below those of its branch";
    if (i == page->count - 1 && rule->high.data != NULL &&
        compare(rule, key, rule->high) >= 0)
        return "a key above those of its branch";
    return NULL;
}

/* That keys ascend, and where the first and the last of them lie. */
static const char *
check_order(const struct jn_page *page, const struct jn_page_rule *rule,
            unsigned i, struct jn_span before, struct jn_span key)
{
    if (i < first_key(page))
        return NULL;
    if (i > first_key(page) && compare(rule, before, key) >= 0)
        return "keys out of order";
    return check_place(page, rule, i, key);
}

const char *
jn_page_check_place(const struct jn_page *page, const struct jn_page_rule *rule)
{
    unsigned ends[] = {first_key(page), page->count - 1};
    const char *wrong = NULL;
    struct jn_node node;

    for (unsigned i = 0; i < 2 && page->count > ends[0] && wrong == NULL; i++) {
        if (jn_page_node(page, ends[i], &node) != 0)
            return "a node that does not lie within the page";
        wrong = check_place(page, rule, ends[i], node.key);
    }
    return wrong;
}

const char *
jn_page_check(const struct jn_page *page, const struct jn_page_rule *rule)
{
    size_t lower = jn_page_lower(page->data), upper = jn_page_upper(page->data);
    size_t next = page->size;
    struct jn_span before = {NULL, 0};
    const char *wrong = NULL;

    if (lower % 2 != 0)
        return "a header that makes no sense";
    if (page->flags == JN_PAGE_BRANCH && page->count < 2 && !rule->small)
        return "a branch with one child";
    for (unsigned i = 0; i < page->count && wrong == NULL; i++) {
        size_t at = jn_page_offset(page->data, i);
        struct jn_node node;

        if (at % 2 != 0 || at < upper || jn_page_node(page, i, &node) != 0)
            return "a node that does not lie within the page";
        wrong = check_node(page, rule, i, &node);
        if (wrong == NULL)
            wrong = check_order(page, rule, i, before, node.key);
        before = node.key;
        /* As a rule each new node lies before the others. */
        next = at + room_of(page, &node) == next ? at : 0;
    }
    if (wrong == NULL && next != upper && !fills(page, upper))
        return "nodes that do not fill the page";
    return wrong;
}

int
jn_page_tree(const struct jn_node *node, struct jn_tree *tree)
{
    if (node->flags != JN_NODE_SUBTREE || node->value.size != sizeof(*tree))
        return JOURNAL_CORRUPT;
    memcpy(tree, node->value.data, sizeof(*tree));
    return 0;
}
