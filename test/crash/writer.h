/* writer.h - what the processes do that are going to be killed. */
#ifndef TEST_CRASH_WRITER_H
#define TEST_CRASH_WRITER_H

#include <journal.h>
#include <stdbool.h>
#include <stdint.h>

#include "board.h"

struct job {
    const char *path;
    uint64_t first_seq;        /* if it creates the journal */
    struct journal *inherited; /* may be NULL; closed first, as is due */
    struct board *board;
    unsigned which; /* its writer on the board, or the first of its writers */
    uint64_t round;
    uint64_t seed;
    unsigned threads; /* each of which is a writer */
    bool alone;       /* nobody else changes the journal: numbers are known */
    bool prunes;      /* the first thread */
    bool rewinds;     /* only if alone */
    bool deep;        /* few prunes and rewinds, of many entries; alone */
    bool reads;       /* and does not write */
    bool as_is;       /* with these, whatever the run's mode is: */
    uint32_t durability;
    uint64_t tail_bytes;
};

/*
 * Goes on until it is killed, and returns only to complain: a writer of what
 * the library says, a reader (where nobody rewinds) also if an entry that has
 * been acknowledged is not there.
 */
void job_do(const struct job *job);

#endif
