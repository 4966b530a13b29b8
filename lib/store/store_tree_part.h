/*
 * store_tree_part.h - the pages and nodes of a tree, for store_tree*.c alone.
 *
 * What is handed out lies within the pages, and a node with its key within its
 * page.
 */
#ifndef JN_STORE_TREE_PART_H
#define JN_STORE_TREE_PART_H

#include "pages/layout.h"
#include "store/store_tree.h"

/* Page NUMBER with its nodes, or NULL if it is not of the KIND expected. */
const uint8_t *jn_tree_page(const struct jn_store_tree *tree, uint64_t number,
                            unsigned kind, unsigned *count);

/* The I-th node of PAGE, or NULL. */
const uint8_t *jn_tree_node(const struct jn_store_tree *tree,
                            const uint8_t *page, unsigned i);

/*
 * How many of the nodes [LOW, COUNT) of PAGE, and of those before, are not over
 * KEY; *EXACT: the last of these is KEY's.  False if there is something wrong.
 */
bool jn_tree_search(const struct jn_store_tree *tree, const uint8_t *page,
                    unsigned low, unsigned count, struct jn_span key,
                    unsigned *found, bool *exact);

/* The value of NODE of the leaf PAGE, or JOURNAL_CORRUPT. */
int jn_tree_value(const struct jn_store_tree *tree, const uint8_t *page,
                  const uint8_t *node, struct jn_span *value);

static inline struct jn_span
jn_tree_key(const uint8_t *node)
{
    return jn_span(node + JN_NODE_HEADER, jn_node_key_size(node));
}

#endif
