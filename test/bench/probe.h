/*
 * probe.h - work in another process, which is this program started afresh.
 *
 * A fork() would not do: the child of a process in which engines have threads
 * has the engines' state, and not the threads.
 */
#ifndef BENCH_PROBE_H
#define BENCH_PROBE_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "engine.h"

struct probe {
    pid_t process;
    FILE *answer; /* what it prints */
};

/* What the other may need to know. */
struct probe_order {
    uint64_t first; /* the number of the first entry that it appends */
    uint64_t count; /* of entries */
    uint64_t keys;
    uint64_t batch;
    uint64_t random;
    uint64_t start; /* when to begin, by timing_now() */
    uint64_t ns;    /* how long to go on */
};

/* Has it do WORK on SUBJECT's database, which is open in no process. */
void probe_start(struct probe *probe, const struct subject *subject,
                 const char *work, struct probe_order order);

/*
 * Waits for what it has found, and for COUNT figures beside that, and for its
 * end; ends the program, naming WORK, if it did not get that far.
 */
void probe_result(struct probe *probe, const struct subject *subject,
                  const char *work, struct tally *tally, uint64_t *figures,
                  unsigned count);

/* Waits until it is ready; ends the program, naming WORK, if it never is. */
void probe_await(struct probe *probe, const struct subject *subject,
                 const char *work);

/* In the other: is ready; gives these. */
void probe_ready(void);
void probe_answer(const struct tally *tally, const uint64_t *figures,
                  unsigned count);

/* Ends it with SIGKILL. */
void probe_kill(struct probe *probe);

/* What it runs: the program's arguments behind "probe". */
int probe_main(int count, char **arguments);

#endif
