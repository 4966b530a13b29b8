/*
 * plan.h - whether a query goes by index and links, or looks at all there is.
 *
 * By index and links every entry, and every key, is a place of its own in the
 * file; a scan meets its entries side by side.  So the one is taken if there
 * are so few of them that even at JN_PLAN_FACTOR times the cost of a scanned
 * entry they come cheaper.  What counts is known from `latest`: a key's
 * revision is the number of entries it has had; where that is large, its links
 * tell how many of them lie in the range.  The keys are gone over once for each
 * list of numbers that the entries fill.  Counting stops where the scan has
 * won, and what it reads itself counts, so it costs a fraction of that.
 */
#ifndef JN_PLAN_H
#define JN_PLAN_H

#include "query/filter.h"
#include "query/range.h"

#define JN_PLAN_FACTOR 8u

struct jn_plan {
    bool by_index;
    uint64_t keys, entries; /* that are wanted, or 0 if nobody has counted */
    uint64_t newest;        /* no entry that is wanted is over it */
};

/* JOURNAL_CORRUPT: the index is damaged, which leaves the scan. */
int jn_plan_make(struct jn_plan *plan, const struct jn_filter *filter,
                 struct jn_txn *txn, const struct jn_state *state,
                 const struct jn_range *range);

#endif
