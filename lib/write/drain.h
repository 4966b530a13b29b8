/*
 * drain.h - what is recent moves into the store.
 *
 * Entries are appended in order; of each key the row in `latest` is written
 * once, with the chain of its newest entry.  The transaction that does so also
 * moves the start of the tail, so that after a crash either the one holds the
 * entries or the other.
 */
#ifndef JN_DRAIN_H
#define JN_DRAIN_H

#include "journal/newest.h"

/*
 * In TXN: moves the oldest entries that are recent, about BYTES of the tail,
 * into the store: whole batches, at least one.  TXN sees them there then.
 * After an error it is to be aborted, by jn_shared_abort().
 */
int jn_drain(struct jn_newest *newest, struct jn_txn *txn, uint64_t bytes);

/*
 * The same with all of them, whether there are any or none.  TXN sees the store
 * alone from then on, so that it may be changed in any way.
 */
int jn_drain_all(struct jn_newest *newest, struct jn_txn *txn);

/* Bytes of the tail that are left, as TXN sees it. */
uint64_t jn_drain_left(const struct jn_txn *txn);

#endif
