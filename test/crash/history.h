/*
 * history.h - what is known of the journal, and whether that is what it holds.
 *
 * After every kill the journal is read from end to end and held against what
 * was known before and what the writers have noted since; support/invariants.h
 * has the list of what holds of every journal, and checks what follows from the
 * journal alone:
 *
 *   1. numbers [first, size) are there without a gap, and no others (I2);
 *   2. what was acknowledged is there with all its bytes, unless a prune or a
 *      rewind that had begun may have taken it (I1);
 *   3. what a prune or rewind has taken stays away once it is acknowledged,
 *      and no prune takes more than it was asked for (I6);
 *   4. nothing is there that nobody had begun to append, or had been refused
 *      (I3);
 *   5. batches are whole, but for those that a rewind has cut (I4);
 *   6. links, revisions, expectations and times are right (I5, I13);
 *   7. figures, index and entries agree (I5);
 *   8. the next append gets the number that is next (I8).
 */
#ifndef TEST_CRASH_HISTORY_H
#define TEST_CRASH_HISTORY_H

#include <journal.h>

#include "board.h"

/* An entry that was seen in the journal. */
struct seen {
    uint64_t attempt; /* 0: it was pruned before it was seen */
    uint64_t time;
    uint64_t prev;
    uint64_t revision;
    size_t index, count; /* in its batch */
    unsigned key;        /* ATTEMPT_NO_KEY: none */
};

struct history {
    struct seen *seen; /* seen[i] has number start + i */
    size_t capacity;
    uint64_t origin; /* the number of the journal's first entry ever */
    uint64_t start;  /* from here on it is remembered; up to first */
    uint64_t first;
    uint64_t size;
    bool relaxed; /* what has been appended may not be durable yet */
};

/* Of a journal whose first entry will be ORIGIN, relaxed if the run is. */
void history_start(struct history *history, uint64_t origin);
void history_end(struct history *history);

/*
 * Holds JOURNAL against HISTORY and BOARD, appends an entry, does so again, and
 * takes all of it into HISTORY.  Fails the test where something is wrong, with
 * CONTEXT.
 *
 * SETTLED: nobody had it open when it was opened after the kill.  If somebody
 * had, what was begun and never acknowledged may show only when the next
 * writer comes and finds its predecessor dead: the append may then get another
 * number than the size seen before it.
 */
void history_check(struct history *history, struct journal *journal,
                   const struct board *board, uint64_t round, bool settled,
                   const char *context);

/* Prunes what may go, so that checks stay quick. */
void history_prune(struct history *history, struct journal *journal,
                   uint64_t keep);

#endif
