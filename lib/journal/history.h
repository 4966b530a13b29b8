/*
 * history.h - the entries of one key, found by their links.
 *
 * Of a key's entries those from the journal's dense part on are all there;
 * below, a compaction has left at most one.  So links are followed freely in
 * the dense part, and with a look whether there is something below it.
 *
 * Where a salvage has left holes, links are followed too, as far as they lead:
 * behind an entry that is lost there may be others.  Who wants all of them
 * then gets JOURNAL_CORRUPT, and has to look at every entry.
 */
#ifndef JN_HISTORY_H
#define JN_HISTORY_H

#include "format/links.h"
#include "format/state.h"
#include "store/store.h"

/* A key's history, as a transaction sees it; its chain is not empty. */
struct jn_history {
    struct jn_txn *txn;
    const struct jn_state *state;
    const struct jn_chain *chain;
};

/*
 * The newest entry below BOUND, in O(log revisions) steps.  JOURNAL_NOT_FOUND:
 * there never was one; JOURNAL_PRUNED: there was, and is no more, or the way
 * there is lost.
 */
int jn_history_below(const struct jn_history *history, uint64_t bound,
                     uint64_t *seq);

/*
 * The same for the keys of COUNT chains, in as many steps as for one of them.
 * SEQS are what jn_chain_seek() gives for BOUND, which is in the dense part.
 * They become the newest below, or JOURNAL_NONE; whether one that is not in the
 * dense part is still there, nobody has looked.
 */
int jn_history_below_many(struct jn_txn *txn, uint64_t bound, uint64_t *seqs,
                          size_t count);

/*
 * How many entries there are in [LOW, HIGH), and the revision of the first of
 * them, in O(log revisions) steps.
 */
int jn_history_count(const struct jn_history *history, uint64_t low,
                     uint64_t high, uint64_t *first, uint64_t *count);

/* The oldest entry of at least REVISION; JOURNAL_NOT_FOUND: there is none. */
int jn_history_revision(const struct jn_history *history, uint64_t revision,
                        uint64_t *seq);

/*
 * Hands each entry in [LOW, HIGH) to MEET, with its row, in no order, until
 * that returns something else than 0.
 */
typedef int (*jn_meet)(void *context, uint64_t seq, struct jn_span bytes);
int jn_history_walk(const struct jn_history *history, uint64_t low,
                    uint64_t high, jn_meet meet, void *context);

#endif
