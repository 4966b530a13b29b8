/*
 * follow.h - lists entries as they are appended, until somebody says stop.
 *
 * Signals that end a process (SIGINT, SIGTERM, SIGHUP) are heeded between two
 * entries: what has been written is marked, then the process ends by the
 * signal, as its parent expects.  A second one ends it at once.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include <journal.h>
#include <stdint.h>

#include "question.h"

struct follow {
    struct question *question; /* query.first: where to begin */
    const char *mark;          /* NULL, or what moves along with the output */
    uint64_t mark_seq;         /* where it stands; JOURNAL_NONE: not made yet */
};

/* Says what is wrong; enum cli_exit. */
int follow_journal(struct journal *journal, const struct follow *follow);

/*
 * To be called once the journal is closed: ends the process if a signal has
 * told it to stop, or nobody reads what it writes.  Else returns CODE.
 */
int follow_end(int code);

#endif
