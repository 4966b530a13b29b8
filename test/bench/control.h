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
};

void control_open(struct control *control, const struct settings *settings);

/* Writes for NS nanoseconds. */
void control_run(struct control *control, uint64_t ns);

/* Ends a round, of which NOTE keeps what it came to; returns the p50 in us. */
double control_note(struct control *control, struct note *note, unsigned round);

void control_close(struct control *control);

#endif
