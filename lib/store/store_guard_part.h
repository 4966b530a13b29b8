/*
 * store_guard_part.h - pages, each looked at once in a transaction; for
 * store_guard*.c alone.
 */
#ifndef JN_STORE_GUARD_PART_H
#define JN_STORE_GUARD_PART_H

#include "pages/page.h"
#include "store/store_guard.h"
#include "store/store_tree_part.h"

/* What is known of a page; two bits hold it. */
enum jn_guard_known {
    JN_GUARD_NOTHING,
    JN_GUARD_SEEN,      /* it has been looked at */
    JN_GUARD_REWRITTEN, /* and rows of it, a leaf, may have become smaller */
    JN_GUARD_FREE       /* LMDB may write over it: no tree has it */
};

/* A page to be looked at, and the keys that it may have. */
struct jn_spot {
    uint64_t number;
    unsigned kind;
    struct jn_page_rule rule;
    const uint8_t *page;
    unsigned count;
};

/* Makes room for what is to be known of so many PAGES. */
int jn_guard_reach(struct jn_guard *guard, uint64_t pages);

enum jn_guard_known jn_guard_known(const struct jn_guard *guard, uint64_t page);
int jn_guard_note(struct jn_guard *guard, uint64_t page,
                  enum jn_guard_known known);

/* Takes the page of SPOT, and looks at it unless that has been done. */
int jn_guard_look(struct jn_guard *guard, const struct jn_store_tree *tree,
                  struct jn_spot *spot);

/* Where a tree begins; it has not been looked at. */
struct jn_spot jn_spot_root(const struct jn_store_tree *tree);

/* The spot that node I of the branch SPOT leads to: a leaf, or not. */
struct jn_spot jn_spot_below(const struct jn_spot *spot, unsigned i, bool leaf);

/*
 * The list of free pages that META tells of, in a file LIKE that of a table; it
 * notes which are free.
 */
int jn_guard_look_at_free(struct jn_guard *guard,
                          const struct jn_store_tree *like,
                          const struct jn_meta *meta);

#endif
