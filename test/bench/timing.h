/*
 * timing.h - the clock, and what many measurements come to.
 *
 * Samples keep the time of every single operation, for percentiles.  A spread
 * is what is shown of a figure that was measured once a round.
 */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stddef.h>
#include <stdint.h>

struct samples {
    uint64_t *ns;
    size_t count;
    size_t room;
};

struct spread {
    double least;
    double median;
    double most;
};

/* A clock that only rises. */
uint64_t timing_now(void);

/* Sleeps until it shows MOMENT. */
void timing_sleep_until(uint64_t moment);

void samples_add(struct samples *samples, uint64_t ns);

/* The least sample that PERCENT of all do not exceed; 0 if there are none. */
double samples_percentile_us(struct samples *samples, double percent);

/* Forgets the samples and keeps their room. */
void samples_clear(struct samples *samples);
void samples_free(struct samples *samples);

/* COUNT is at least 1; VALUES stay as they are. */
struct spread spread_of(const double *values, size_t count);

/*
 * Who has turn I of COUNT in STEP: the order is rotated and now and then
 * reversed, so that nobody always follows the same neighbour.
 */
unsigned turn_of(unsigned i, unsigned step, unsigned count);

#endif
