/* times.h - numbers by time: append times never fall along the journal. */
#ifndef JN_TIMES_H
#define JN_TIMES_H

#include "format/state.h"
#include "store/store.h"

/*
 * What is known of where a time begins: the entries below LOW are older, and
 * HIGH is the first that can be read and is not, or the size.  What lies
 * between is damaged: of an entry that cannot be read nobody knows the time.
 */
struct jn_moment {
    uint64_t low, high;
};

/* Takes O(log entries) steps; damaged entries are passed over. */
int jn_times_find(struct jn_txn *txn, const struct jn_state *state,
                  uint64_t time, struct jn_moment *moment);

#endif
