/*
 * removal.h - old entries are taken out: for prune, compaction and retention.
 *
 * Within a writing transaction.  The entries' keys, and the journal's numbers
 * in STATE, are kept in step; STATE is the caller's to store.  Others may be
 * recent where it says so; STATE is that of the store alone then.
 */
#ifndef JN_REMOVAL_H
#define JN_REMOVAL_H

#include "format/state.h"
#include "store/store.h"

/* So much of a journal. */
struct jn_amount {
    uint64_t entries;
    uint64_t bytes; /* of keys, metas and values */
};

/* When to stop removing the oldest: at the first that is to be kept. */
struct jn_goal {
    uint64_t before; /* entries below it go, if also one of these holds: */
    uint64_t keep_entries; /* there are more entries than this, */
    uint64_t keep_bytes;   /* more bytes of keys, metas and values than this, */
    uint64_t keep_since;   /* or it was appended before this time */
};

/*
 * Removes the oldest entries until GOAL is reached, or they have come to MOST,
 * and counts them in *REMOVED.  *DONE: the goal has been reached.  Where
 * entries are recent those in the store are removed, and no further than to one
 * that what is recent holds up.
 */
int jn_remove_oldest(struct jn_txn *txn, struct jn_state *state,
                     const struct jn_goal *goal, const struct jn_amount *most,
                     uint64_t *removed, bool *done);

/*
 * When the oldest entry was appended, 0 if that is damaged; JOURNAL_NOT_FOUND
 * if there is none.
 */
int jn_oldest_time(struct jn_txn *txn, const struct jn_state *state,
                   uint64_t *time);

/*
 * Looks at no more than MOST entries from *AT on, below BEFORE, removes those
 * that are not their key's latest, and tombstones, and moves *AT up.
 */
int jn_remove_superseded(struct jn_txn *txn, struct jn_state *state,
                         uint64_t *at, uint64_t before, uint64_t most,
                         uint64_t *removed);

#endif
