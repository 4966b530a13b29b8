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
};

/* Both go on until they are killed, and return only to complain. */
void job_write(const struct job *job);
void job_read(const struct job *job);

#endif
