/*
 * stage.h - a group of appends enters the tail.
 *
 * With LMDB's writer lock held its records are checked and numbered, made into
 * frames where they will stay in memory, and written to the ring.  What is to
 * survive a loss of power is flushed afterwards, without the lock.
 *
 * The first group of a process goes to the store, and all that is recent with
 * it: the flush of somebody who died before he could tell may have failed, and
 * the system would not tell it to one who has opened the file since.
 */
#ifndef JN_STAGE_H
#define JN_STAGE_H

#include "newest.h"
#include "request.h"

/* What became of the group. */
enum jn_staged {
    JN_STAGED,  /* it is in the tail, or nothing of it was to be */
    JN_NO_TAIL, /* it is for the store */
    JN_NO_ROOM  /* something must be drained first */
};

/*
 * In TXN, which sees all that is recent, at time NOW.  Each request of the list
 * FIRST gets its result; *END is the position behind what was written.  An
 * error other than those of requests leaves the tail as it was, but with
 * *BROKEN nobody knows what it holds.
 */
int jn_stage(struct jn_newest *newest, struct jn_txn *txn,
             struct jn_request *first, uint64_t now, enum jn_staged *staged,
             uint64_t *end, bool *broken);

/*
 * The size of the ring that somebody gets who wants TAIL_BYTES (0: the usual)
 * within BYTES_MAX (0: no limit); 0: none, there is no room for one.
 */
uint64_t jn_stage_capacity(uint64_t tail_bytes, uint64_t bytes_max);

/*
 * In TXN, in which the store has all there is and its rows are final: opens
 * the tail, if LIMITS allow one and there is none open.  What goes wrong with
 * the file only means that there is none for now.
 */
int jn_stage_open(struct jn_newest *newest, struct jn_txn *txn,
                  const struct jn_limits *limits);

/*
 * In the same: closes it, so that the store alone is the journal; *CHANGED if
 * it was open.
 */
int jn_stage_close(struct jn_newest *newest, struct jn_txn *txn, bool *changed);

#endif
