/* bench.h - what a journal can do on a disk: one case after the other. */
#ifndef BENCH_H
#define BENCH_H

#include <journal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"
#include "progress.h"

#define BENCH_THREADS_MAX 64u
#define BENCH_PATH_SIZE 4096u

struct bench_result;

struct bench {
    const char *directory; /* on the disk that is asked about */
    size_t value_size;
    unsigned threads; /* of the case that has several */
    uint64_t ns;      /* for each case */
    /* The caller's, to see a case's result: true stops it all. */
    bool (*show)(void *context, const struct bench *bench,
                 const struct bench_result *result);
    void *context;

    char scratch[BENCH_PATH_SIZE]; /* a directory of our own within */
    char path[BENCH_PATH_SIZE + 16];
    unsigned char *value;
    struct progress progress;
    unsigned done;    /* cases */
    uint64_t entries; /* that one thread has appended: their keys are known */
};

struct bench_result {
    const char *name;
    unsigned threads;
    unsigned batch;      /* entries in a call */
    uint64_t entries;    /* in all calls */
    uint64_t elapsed_ns; /* for them */
    struct histogram calls;
};

/*
 * Runs all cases and removes what it made, also where a signal says stop.  Says
 * what is wrong; enum cli_exit.
 */
int bench_run(struct bench *bench);

#endif
