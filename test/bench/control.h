/*
 * control.h - the disk alone: a pwrite and an fdatasync of a preallocated file.
 *
 * Nothing durable can be faster, and how it does beside a measurement tells
 * whether the disk was itself then.
 */
#ifndef BENCH_CONTROL_H
#define BENCH_CONTROL_H

#include "bench.h"
#include "report.h"
#include "timing.h"

struct control {
    int file;
    size_t offset;
    struct samples round;
    struct samples all;
    double best_us; /* the least median of a short look */
    unsigned rests;
};

void control_open(struct control *control, const struct settings *settings);

/* Writes for NS nanoseconds. */
void control_run(struct control *control, uint64_t ns);

/*
 * Looks how the disk does, and lets it rest while it is far slower than it has
 * been: one that is throttled recovers.  It gets so many rests in all as
 * SETTINGS say.
 */
void control_rest(struct control *control, const struct settings *settings);

/* Ends a round, of which NOTE keeps what it came to; returns the p50 in us. */
double control_note(struct control *control, struct note *note, unsigned round);

void control_close(struct control *control);

#endif
