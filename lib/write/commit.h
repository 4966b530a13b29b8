/*
 * commit.h - group commit: appends of many threads share one flush.
 *
 * A thread with a request puts it into the queue.  If nobody is at work it
 * becomes the *leader*: it takes what is in the queue, its own request first,
 * has it appended, wakes those whose requests it carried, makes the next one in
 * the queue the leader, and returns.  No thread works for others longer than
 * for one group and a slice of the tail, and no thread of the library's own is
 * needed.
 *
 * Prunes and rewinds take their turns in the same queue, one step a turn, so
 * that neither they nor the appends starve.
 */
#ifndef JN_COMMIT_H
#define JN_COMMIT_H

#include "write/request.h"
#include "journal/shared.h"

/* Commits REQUEST with those of other threads, and returns its result. */
int jn_commit(struct jn_shared *shared, struct jn_request *request);

/* Waits for a turn, calls WORK(CONTEXT), and returns its result. */
int jn_commit_turn(struct jn_shared *shared, int (*work)(void *context),
                   void *context);

#endif
