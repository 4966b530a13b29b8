/*
 * histogram.h - how long things took, in memory of a fixed size.
 *
 * Durations go into buckets that are at most a thirty-second of their lower
 * bound wide, so what is read off is right to 3 %.
 */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS 32u /* buckets from one power of two to the next */
#define HISTOGRAM_BUCKETS (60u * HISTOGRAM_STEPS)

struct histogram {
    uint64_t count;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t ns);

/* Adds all of FROM. */
void histogram_merge(struct histogram *histogram, const struct histogram *from);

/*
 * The lower bound of the bucket with what PERMILLE of a thousand don't exceed;
 * 0 if there is nothing.
 */
uint64_t histogram_quantile(const struct histogram *histogram,
                            unsigned permille);

#endif
