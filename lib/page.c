/* page.c - one page of a tree, and what its nodes say, without trust. */
#include "page.h"

#include "error.h"

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

int
jn_page_tree(const struct jn_node *node, struct jn_tree *tree)
{
    if (node->flags != JN_NODE_SUBTREE || node->value.size != sizeof(*tree))
        return JOURNAL_CORRUPT;
    memcpy(tree, node->value.data, sizeof(*tree));
    return 0;
}
