/* times.h - numbers by time: append times never fall along the journal. */
#ifndef JN_TIMES_H
#define JN_TIMES_H

#include "format/state.h"
#include "store/store.h"

/*
 * The number of the first entry of TIME or later; STATE's size if there is
 * none.  Takes O(log entries) steps; damaged entries are passed over.
 */
int jn_times_find(struct jn_txn *txn, const struct jn_state *state,
                  uint64_t time, uint64_t *seq);

#endif
