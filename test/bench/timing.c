/* timing.c - the clock, percentiles, medians, and whose turn it is. */
#include "timing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench.h"

uint64_t
timing_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void
timing_sleep_until(uint64_t moment)
{
    struct timespec until = {.tv_sec = (time_t)(moment / 1000000000u),
                             .tv_nsec = (long)(moment % 1000000000u)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
           EINTR)
        continue;
}

void
samples_add(struct samples *samples, uint64_t ns)
{
    if (samples->count == samples->room) {
        samples->room = samples->room == 0 ? 4096 : samples->room * 2;
        samples->ns = bench_resize(samples->ns,
                                   samples->room * sizeof(*samples->ns));
    }
    samples->ns[samples->count++] = ns;
}

static int
compare_ns(const void *left, const void *right)
{
    uint64_t a, b;

    memcpy(&a, left, sizeof(a));
    memcpy(&b, right, sizeof(b));
    return (a > b) - (a < b);
}

double
samples_percentile_us(struct samples *samples, double percent)
{
    size_t rank;

    if (samples->count == 0)
        return 0;
    qsort(samples->ns, samples->count, sizeof(*samples->ns), compare_ns);
    rank = (size_t)((double)samples->count * percent / 100);
    if (rank >= samples->count)
        rank = samples->count - 1;
    return (double)samples->ns[rank] / 1000;
}

void
samples_clear(struct samples *samples)
{
    samples->count = 0;
}

void
samples_free(struct samples *samples)
{
    free(samples->ns);
    *samples = (struct samples){0};
}

static int
compare_values(const void *left, const void *right)
{
    double a, b;

    memcpy(&a, left, sizeof(a));
    memcpy(&b, right, sizeof(b));
    return (a > b) - (a < b);
}

struct spread
spread_of(const double *values, size_t count)
{
    double *sorted = bench_resize(NULL, count * sizeof(*sorted));
    struct spread spread;

    memcpy(sorted, values, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), compare_values);
    spread.least = sorted[0];
    spread.most = sorted[count - 1];
    spread.median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    free(sorted);
    return spread;
}

unsigned
turn_of(unsigned i, unsigned step, unsigned count)
{
    unsigned turn = (i + step) % count;

    return (step & 2) != 0 ? count - 1 - turn : turn;
}
