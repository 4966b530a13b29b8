/*
 * drain.h - what is recent moves into the store.
 *
 * It goes in rounds: first the rows of its keys, ahead of it (ahead.h), then
 * the entries, in order.  The transaction that moves these also moves the start
 * of the tail, so that after a crash either the one has the entries or the
 * other.
 */
#ifndef JN_DRAIN_H
#define JN_DRAIN_H

#include "journal/newest.h"

/*
 * In TXN, which sees recent entries: goes on with the round, or begins one, and
 * writes rows of keys; or else moves the oldest entries into the store, whole
 * batches, at least one.  MOST says how much; *KEYED, which it was.  TXN sees
 * what was moved there then.  After an error it is to be aborted, by
 * jn_shared_abort().
 */
int jn_drain(struct jn_newest *newest, struct jn_txn *txn,
             const struct jn_slice *most, bool *keyed);

/*
 * All of it at once, keys and entries, whether there are any or none.  TXN sees
 * the store alone from then on, so that it may be changed in any way.
 */
int jn_drain_all(struct jn_newest *newest, struct jn_txn *txn);

/* Bytes of the tail that are left, as TXN sees it. */
uint64_t jn_drain_left(const struct jn_txn *txn);

#endif
