/*
 * slices.h - the tail drained, a slice in each commit.
 *
 * Whoever waits for LMDB's writer lock waits for one slice at most; so its size
 * follows the time that the slices before it have taken.
 */
#ifndef JN_SLICES_H
#define JN_SLICES_H

#include "journal/shared.h"

/*
 * Beside appends, so that they find room: drains a slice when more than half of
 * the tail is in use, and the more of them the fuller it is.  What fails is
 * told to whoever appends next.
 */
void jn_slices_drain_ahead(struct jn_shared *shared, uint64_t bytes_max);

/* For an append that finds no room in the tail: goes on until there is some. */
int jn_slices_make_room(struct jn_shared *shared, uint64_t bytes_max);

/*
 * Drains until no more than KEEP bytes of the tail are in use, or that many
 * SLICES are done.  BYTES_MAX is the handle's limit; a little over it is
 * allowed, for what is drained has been acknowledged.
 */
int jn_slices_drain(struct jn_shared *shared, uint64_t bytes_max, uint64_t keep,
                    unsigned slices);

/* The same of one slice; *DONE: there was none left to drain. */
int jn_slices_drain_one(struct jn_shared *shared, uint64_t bytes_max,
                        uint64_t keep, bool *done);

#endif
