/* bench_case.h - the calls that bench measures, each for a while. */
#ifndef BENCH_CASE_H
#define BENCH_CASE_H

#include <journal.h>
#include <stdint.h>

#include "bench.h"

#define BENCH_KEYS 10000u /* different ones */

/*
 * Each goes on for bench->ns and fills in the result.  Returns 0, or what went
 * wrong, or ECANCELED where a signal says stop.
 */

/* Writes of 4 KiB to the file PATH, each made durable: what all others cost. */
int bench_flush(struct bench *bench, const char *path,
                struct bench_result *result);

/* By result->threads, result->batch entries in a call. */
int bench_append(struct bench *bench, struct journal *journal,
                 struct bench_result *result);

/* The latest entries of keys in random order. */
int bench_get(struct bench *bench, struct journal *journal,
              struct bench_result *result);

/* From the oldest entry to the end, and again. */
int bench_replay(struct bench *bench, struct journal *journal,
                 struct bench_result *result);

#endif
