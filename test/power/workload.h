/*
 * workload.h - a journal is used, on record.
 *
 * In a session one hand does anything; or several hands, threads of one or two
 * processes, append at the same time.
 */
#ifndef TEST_POWER_WORKLOAD_H
#define TEST_POWER_WORKLOAD_H

#include "life.h"
#include "trace.h"

struct plan {
    uint64_t seed;
    uint32_t durability;
    uint64_t tail_bytes;
    unsigned sessions;
    unsigned deeds;     /* of a session, and hand */
    unsigned hands;     /* threads of a process */
    unsigned processes; /* at the same time */
    bool appends;       /* with one hand: nothing else */
    bool faults;        /* with one hand: some calls fail */
};

/*
 * Carries out PLAN on the journal in DIRECTORY/home, whose state is BASE, in
 * child processes.  What was done comes into LIFE, which is shared memory, and
 * TRACE; how it ended, in words, into *WRONG: NULL if all went well.
 */
void workload_run(const struct plan *plan, const char *directory,
                  const struct state *base, struct trace *trace,
                  struct life *life, const char **wrong);

#endif
