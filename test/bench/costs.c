/*
 * costs.c - what is written for an entry, and the memory of who appends.
 *
 * By /proc/self/io of a process of its own, from before it opens the database
 * until it has closed it.  "Written" is write_bytes: pages of files that became
 * dirty, and so every store through a mapping too, but as whole pages, and once
 * more each time that the disk has had one.  "By calls" is wchar: what write()
 * and its kin were given.
 */
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"
#include "space.h"
#include "watch.h"

enum { WRITTEN, BY_CALLS, MEMORY, FIGURES };

/* ---- in a process of its own -------------------------------------------- */

/* 0 where the kernel does not count. */
static void
read_counts(uint64_t counts[2])
{
    FILE *file = fopen("/proc/self/io", "re");
    char line[128];
    unsigned long number;

    counts[WRITTEN] = counts[BY_CALLS] = 0;
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "write_bytes: %lu", &number) == 1)
            counts[WRITTEN] = number;
        else if (sscanf(line, "wchar: %lu", &number) == 1)
            counts[BY_CALLS] = number;
    }
    if (file != NULL)
        fclose(file);
}

int
cost_probe(struct subject *subject, const struct probe_order *order)
{
    uint64_t figures[FIGURES], before[2];
    struct tally tally = {0};
    struct watch watch;

    watch_begin(&watch);
    read_counts(before);
    subject_open(subject);
    subject_append(subject, order->keys, order->first,
                   order->first + order->count, order->batch);
    figures[MEMORY] = watch_end(&watch);
    subject_close(subject);
    read_counts(figures);
    figures[WRITTEN] -= before[WRITTEN];
    figures[BY_CALLS] -= before[BY_CALLS];
    probe_answer(&tally, figures, FIGURES);
    return 0;
}

/* ---- in this one -------------------------------------------------------- */

struct kind {
    const char *name;
    uint32_t flags;
    size_t batch;
    unsigned entries; /* times those of the settings */
};

static void
measure_one(struct subject *subject, const struct settings *settings,
            const struct kind *kind, struct row *const rows[FIGURES + 1])
{
    struct probe_order order = {.first = settings->keys,
                                .count = settings->costs * kind->entries,
                                .keys = settings->keys,
                                .batch = kind->batch};
    double entries = (double)order.count;
    struct tally nothing, expected;
    uint64_t figures[FIGURES];
    struct probe probe;

    subject_fill(subject, order.keys, order.keys, FILL_BATCH);
    subject_close(subject);
    bench_sync(settings);
    probe_start(&probe, subject, "cost", order);
    probe_result(&probe, subject, "appends", &nothing, figures, FIGURES);
    for (unsigned i = 0; i < FIGURES; i++)
        rows[i]->values[subject->column][0] = (double)figures[i] /
                                              (i == MEMORY ? 1 << 20 : entries);
    rows[FIGURES]->values[subject->column][0] = (double)space_of(subject->path)
                                                    .disk /
                                                (entries + (double)order.keys);
    expected = workload_tally(order.keys, 0, order.keys + order.count,
                              settings->value_size);
    subject_open(subject);
    subject_check_all(subject, "appends", &expected);
}

static void
measure_kind(struct report *report, const struct settings *settings,
             const struct kind *kind)
{
    struct subjects subjects = subjects_make(settings, "costs", kind->flags);
    struct row *rows[FIGURES + 1];

    rows[WRITTEN] = report_row(report, "B", 1, "written, an entry, %s",
                               kind->name);
    rows[BY_CALLS] = report_row(report, "B", 1, "  by calls");
    rows[MEMORY] = report_row(report, "MiB", 1, "  memory of the process");
    rows[FIGURES] = report_row(report, "B", 1, "  on disk then, of all");
    for (unsigned i = 0; i < subjects.count; i++) {
        bench_progress(kind->name, i, subjects.count);
        measure_one(subjects.list[i], settings, kind, rows);
    }
    subjects_free(&subjects);
}

void
measure_costs(struct report *report, const struct settings *settings)
{
    static const struct kind kinds[] = {{"durable", 0, 1, 1},
                                        {"durable by 100", 0, 100, 5},
                                        {"relaxed", ENGINE_RELAXED, 1, 10}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        measure_kind(report, settings, &kinds[i]);
}
