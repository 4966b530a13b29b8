/*
 * lookups.h - entries looked for by key and by number, and a pass over all.
 *
 * Uniform: every key, and every number, is as likely as the next.  By Zipf:
 * the first is asked for n times as often as the n-th, nearly (exponent 0.99),
 * as in the YCSB; which numbers are popular has nothing to do with their order.
 */
#ifndef BENCH_LOOKUPS_H
#define BENCH_LOOKUPS_H

#include "engine.h"

#define LOOKUP_SLICES 5u /* of a round, each of so many look-ups */

enum draw { DRAW_UNIFORM, DRAW_ZIPF };

/* Mean microseconds in a round, by engine. */
struct lookup_times {
    double gets[ENGINES];
    double reads[ENGINES];
};

/* COUNT a slice, half of them by number; every answer is checked. */
struct lookup_times lookups_round(const struct subjects *subjects,
                                  const struct model *model, enum draw draw,
                                  unsigned count, unsigned round);

/* Nanoseconds of a look at every entry; they must come to EXPECTED. */
uint64_t lookups_replay(const struct subject *subject,
                        const struct tally *expected);

#endif
