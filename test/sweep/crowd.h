/*
 * crowd.h - threads that append at the same time while calls fail.
 *
 * Which call of which thread it is that fails, chance decides; so what is left
 * is not held against one sequence of deeds, but entry by entry against what
 * each append was told:
 *
 *   - success: its entries are there, under the numbers that it got (I1, I2);
 *   - that nothing was appended: none of them is (I3);
 *   - anything else: they are whole, or absent (I4), and if it is a write or a
 *     flush that failed, whoever begins later is told JOURNAL_FAILED (I9);
 *   - and what was shown stays (I13).
 */
#ifndef TEST_SWEEP_CROWD_H
#define TEST_SWEEP_CROWD_H

#include "book.h"

#define CROWD_MAX 4u

/*
 * THREADS append to JOURNAL, a few batches each, the last one syncs now and
 * then.  What they were told comes into BOOK; what cannot be is complained of.
 */
void crowd_append(struct book *book, struct journal *journal, unsigned threads);

/* Whether there was a crowd in BOOK. */
bool crowd_was_there(const struct book *book);

/* Holds what a journal shows against all that; it is what BOOK knows then. */
void crowd_decide(struct book *book, const struct state *image);

#endif
