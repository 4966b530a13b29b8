/*
 * explore.h - every crash of a recorded run, tried.
 *
 * A run is recorded; at the end of each of its flushes, the moment before it
 * counts, many crashes are made up, and each is judged: written into a file
 * system in memory (memory.h), now and then into a real one, opened, read, and
 * compared with what the journal may be.  That is, with all that was
 * acknowledged, and of the rest nothing but a beginning.  Some are gone on
 * with, and from some new runs start, which are explored in turn.
 */
#ifndef TEST_POWER_EXPLORE_H
#define TEST_POWER_EXPLORE_H

#include "disk.h"
#include "workload.h"

struct limits {
    uint32_t unit;        /* 512 or 4096 */
    unsigned flaws;       /* of the model */
    uint32_t most;        /* crashes of a moment; more if much is uncertain */
    unsigned go_on_every; /* so many; 0: never */
    unsigned real_every;  /* so many are judged in a real file system */
    unsigned again;       /* new runs from what a crash left */
    uint64_t violations;  /* end after so many */
    uint64_t images;      /* ... or so many images; 0: all */
};

struct figures {
    uint64_t runs;
    uint64_t moments;
    uint64_t images;
    uint64_t of_crash;      /* ... of runs that began with a crash's image */
    uint64_t after_failure; /* ... when a call had failed */
    uint64_t looked;        /* images that were read before they were opened */
    uint64_t gone_on;       /* images that were used further */
    uint64_t again;         /* images that a further run began with */
    uint64_t violations;
    uint64_t killed; /* of these: the process that opened it died */
    uint64_t lost;   /* ... or the journal is sound, and a wrong one */
    double seconds;
    double core_seconds; /* that all processes together have taken */
};

/*
 * Records PLAN in DIRECTORY, which is empty, explores it, and adds to FIGURES.
 * The first violations are told in words.  False if the run itself failed.
 */
bool explore(const struct plan *plan, const struct limits *limits,
             const char *directory, struct figures *figures);

#endif
