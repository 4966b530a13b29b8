/* histogram.c - how long things took, in memory of a fixed size. */
#include "histogram.h"

#include <assert.h>
#include <stddef.h>

#define STEP_BITS 5u /* of HISTOGRAM_STEPS */

static_assert(1u << STEP_BITS == HISTOGRAM_STEPS, "steps are a power of two");

/* Below the first power of two that has all steps, each number has its own. */
static size_t
bucket_of(uint64_t ns)
{
    unsigned power;

    if (ns < HISTOGRAM_STEPS)
        return (size_t)ns;
    power = 63u - (unsigned)__builtin_clzll(ns);
    return (power - STEP_BITS + 1) * HISTOGRAM_STEPS +
           (size_t)(ns >> (power - STEP_BITS) & (HISTOGRAM_STEPS - 1));
}

static uint64_t
lower_bound(size_t bucket)
{
    uint64_t step = bucket % HISTOGRAM_STEPS;
    size_t power = bucket / HISTOGRAM_STEPS;

    return power == 0 ? step : (HISTOGRAM_STEPS + step) << (power - 1);
}

void
histogram_add(struct histogram *histogram, uint64_t ns)
{
    size_t bucket = bucket_of(ns);

    assert(bucket < HISTOGRAM_BUCKETS);
    histogram->buckets[bucket]++;
    histogram->count++;
}

void
histogram_merge(struct histogram *histogram, const struct histogram *from)
{
    size_t i;

    for (i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->buckets[i] += from->buckets[i];
    histogram->count += from->count;
}

uint64_t
histogram_quantile(const struct histogram *histogram, unsigned permille)
{
    uint64_t seen = 0, wanted;
    size_t i;

    if (histogram->count == 0)
        return 0;
    wanted = histogram->count / 1000 * permille +
             (histogram->count % 1000 * permille + 999) / 1000;
    if (wanted == 0)
        wanted = 1;
    for (i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if (seen >= wanted)
            break;
    }
    return lower_bound(i);
}
