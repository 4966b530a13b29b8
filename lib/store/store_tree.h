/*
 * store_tree.h - rows looked up in the pages of a tree, many at a time.
 *
 * A row that was not used lately costs LMDB five or six visits to memory, one
 * after the other: the page, then the nodes that a binary search looks at.
 * Many rows, looked up one by one, wait for all of these in turn.  Here the
 * rows go down the tree in step, and what each needs next is asked for in
 * advance, so that the waiting is done once for all.  Numbers that follow one
 * another have neighbouring nodes, so most of the time the place of a row in
 * its page is known without a search.
 *
 * One row is looked up here too, because no byte of the pages is trusted: where
 * LMDB meets a damaged page it ends the process.
 */
#ifndef JN_STORE_TREE_H
#define JN_STORE_TREE_H

#include "store/store.h"

/*
 * The tree of TABLE as the last commit has it, which is what TXN sees unless it
 * has changed it.  JOURNAL_NOT_FOUND: there is none, or its pages cannot be
 * seen.  JOURNAL_CORRUPT: its description is damaged, or where to find it.
 */
int jn_store_tree_of(struct jn_store_tree *tree, struct jn_txn *txn,
                     enum jn_table table);

/*
 * Finds the row of KEY.  JOURNAL_CORRUPT: a page on the way is damaged, or the
 * value.  A damaged key may hide a row.
 */
int jn_store_tree_get(const struct jn_store_tree *tree, struct jn_span key,
                      struct jn_span *value);

/*
 * The WAY of a place that is nowhere yet; false where the tree was not found
 * for another reason than damage, of which each move tells.
 */
bool jn_store_way_open(struct jn_store_way *way, struct jn_txn *txn,
                       enum jn_table table);

/*
 * Moves to a row: JN_NEXT and JN_PREV from the one before.  JOURNAL_CORRUPT
 * where a page is damaged, or would lead astray: who goes on in one direction
 * always comes to an end.
 */
int jn_store_way_move(struct jn_store_way *way, enum jn_move move,
                      struct jn_span *key, struct jn_span *value);

/*
 * In a tree whose keys are numbers, finds of COUNT rows those that it can, and
 * says so in each.  What is not as expected, be it damaged or a value on pages
 * of its own, it does not find.
 */
void jn_store_tree_find(const struct jn_store_tree *tree,
                        struct jn_numbered *rows, size_t count);

#endif
