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

#include "journal/newest.h"
#include "write/request.h"

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

#endif
