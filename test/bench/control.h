/*
 * control.h - the disk alone: a pwrite and an fdatasync of a preallocated file.
 *
 * Nothing durable can be faster, and how it does beside a measurement tells
 * whether the disk was itself then.
 */
#ifndef BENCH_CONTROL_H
#define BENCH_CONTROL_H

#include "bench.h"

struct control {
    int file;
    size_t offset;
};

void control_open(struct control *control, const struct settings *settings);
void control_write(struct control *control);
void control_close(struct control *control);

#endif
