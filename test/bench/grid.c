/*
 * grid.c - appends of every kind: durable or relaxed, small values and large,
 * alone or in batches, of one thread or many.
 *
 * Medians of short slices, without percentiles: what is looked for is a corner
 * in which an engine does badly.
 */
#include <stdio.h>

#include "contest.h"
#include "measure.h"

static const struct size {
    size_t bytes;
    const char *name;
} sizes[] = {{100, "100 B"}, {1024, "1 KB"}, {65536, "64 KB"}};

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* What one is interested in first. */
static const struct way some[] = {{1, 1}, {1, 100}, {1, 1000}, {16, 1}};

/* "64 KB values, 4 threads, batches of 10", relaxed or durable. */
static struct row *
make_row(struct report *report, const struct settings *settings, bool relaxed,
         const struct size *size, const struct way *way)
{
    char threads[32] = "", batches[32] = "";

    if (way->threads > 1)
        snprintf(threads, sizeof(threads), ", %u threads", way->threads);
    if (way->batch > 1)
        snprintf(batches, sizeof(batches), ", by %zu", way->batch);
    return report_row(report, "/s", settings->rounds, "%s of %s%s%s",
                      relaxed ? "relaxed" : "durable", size->name, threads,
                      batches);
}

/* Those of WAYS for which there is memory. */
static void
choose_ways(struct contest *contest, const struct settings *settings,
            const struct way *ways, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (ways[i].threads * ways[i].batch * contest->value_size <=
            settings->bytes_max)
            contest->ways[contest->way_count++] = ways[i];
    }
}

static void
measure_size(struct report *report, const struct settings *settings,
             bool relaxed, const struct size *size, const struct way *ways,
             unsigned count)
{
    struct contest contest = {.name = relaxed ? "grid, relaxed"
                                              : "grid, durable",
                              .flags = relaxed ? ENGINE_RELAXED : 0,
                              .value_size = size->bytes,
                              .slices = 1,
                              .slice_ns = settings->slice_ns};
    struct row *rows[WAYS_MAX];

    choose_ways(&contest, settings, ways, count);
    for (unsigned way = 0; way < contest.way_count; way++)
        rows[way] = make_row(report, settings, relaxed, size,
                             &contest.ways[way]);
    contest_open(&contest, settings);
    for (unsigned round = 0; round < settings->rounds; round++) {
        contest_round(&contest, settings, round);
        for (unsigned way = 0; way < contest.way_count; way++)
            contest_rates(&contest, way, rows[way], round);
    }
    contest_check(&contest);
    contest_close(&contest);
}

static void
measure_all_sizes(struct report *report, const struct settings *settings,
                  const struct way *ways, unsigned count)
{
    for (unsigned relaxed = 0; relaxed < 2; relaxed++) {
        for (unsigned i = 0; i < SIZES; i++)
            measure_size(report, settings, relaxed != 0, &sizes[i], ways,
                         count);
    }
}

void
measure_sizes(struct report *report, const struct settings *settings)
{
    measure_all_sizes(report, settings, some, sizeof(some) / sizeof(some[0]));
}

void
measure_grid(struct report *report, const struct settings *settings)
{
    static const unsigned threads[] = {1, 4, 16, 64};
    static const size_t batches[] = {1, 10, 100, 1000};
    struct way ways[WAYS_MAX];

    for (unsigned i = 0; i < WAYS_MAX; i++)
        ways[i] = (struct way){threads[i / 4], batches[i % 4]};
    measure_all_sizes(report, settings, ways, WAYS_MAX);
}
