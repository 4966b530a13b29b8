/*
 * contest.h - engines that append in several ways, in turns with the bare disk.
 *
 * Disks answer in bursts, so contenders take turns in short slices, the bare
 * disk being one of them, and only what was measured side by side is compared.
 * All ways of an engine are on one database, whose keys are there from the
 * start, so that the index keeps its size.
 */
#ifndef BENCH_CONTEST_H
#define BENCH_CONTEST_H

#include "control.h"
#include "engine.h"
#include "report.h"
#include "timing.h"

#define WAYS_MAX 16u

/* The disk alone, and every engine in each way. */
#define CONTENDERS_MAX (1u + WAYS_MAX * ENGINES)

/* One way in which every engine appends. */
struct way {
    unsigned threads;
    size_t batch;
};

struct contender {
    struct subject *subject; /* NULL: the control */
    struct control *control;
    uint64_t keys;
    struct way way;
    uint64_t random;

    struct tally acknowledged; /* in all rounds */
    struct samples round; /* appends of the round, if there is one thread */
    struct samples all;   /* and of all rounds */
    uint64_t appended;    /* entries, in the round */
    uint64_t ns;          /* that took */
};

struct contest {
    /* Set by the caller; contest_open() does the rest. */
    const char *name;
    struct way ways[WAYS_MAX];
    unsigned way_count;
    uint32_t flags;    /* ENGINE_RELAXED, or none: appends are durable */
    size_t value_size; /* 0: that of the settings */
    unsigned slices;   /* of a round, for each contender */
    uint64_t slice_ns;

    uint64_t keys;
    struct control control;
    struct subjects subjects;
    struct contender contenders[CONTENDERS_MAX];
    unsigned contender_count;
};

void contest_open(struct contest *contest, const struct settings *settings);

void contest_round(struct contest *contest, const struct settings *settings,
                   unsigned round);

/* Ends the program unless what was acknowledged is there, and nothing else. */
void contest_check(struct contest *contest);

void contest_close(struct contest *contest);

/* The engine SUBJECT, in its place in the list, in WAY. */
struct contender *contest_of(struct contest *contest, unsigned way,
                             unsigned subject);

/* Entries a second in the last round; sets them in ROW, by engine. */
double contender_rate(const struct contender *contender);
void contest_rates(struct contest *contest, unsigned way, struct row *row,
                   unsigned round);

#endif
