/*
 * costs.c - what is written for an entry, and the memory of who appends.
 *
 * From before a process of its own opens the database until it has closed it,
 * and the disk has everything.  "Written" is what the disk counts, of all that
 * the machine does.  By /proc/self/io, of that process alone, are wchar, what
 * write() and its kin were given, and write_bytes: what became dirty, stores
 * through a mapping too, but as a whole folio, which may be megabytes, and once
 * more each time that the disk has had it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "measure.h"
#include "space.h"
#include "watch.h"

enum { DIRTY, BY_CALLS, MEMORY, FIGURES, WRITTEN = FIGURES, ON_DISK, ROWS };

/* ---- in a process of its own -------------------------------------------- */

/* 0 where the kernel does not count. */
static void
read_counts(uint64_t counts[2])
{
    FILE *file = fopen("/proc/self/io", "re");
    char line[128];
    unsigned long number;

    counts[DIRTY] = counts[BY_CALLS] = 0;
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "write_bytes: %lu", &number) == 1)
            counts[DIRTY] = number;
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
    figures[DIRTY] -= before[DIRTY];
    figures[BY_CALLS] -= before[BY_CALLS];
    probe_answer(&tally, figures, FIGURES);
    return 0;
}

/* ---- in this one -------------------------------------------------------- */

/* Bytes that the disk has been given since it was there; NAN: unknown. */
static double
disk_writes(const struct settings *settings)
{
    unsigned long sectors = 0;
    struct stat status;
    char name[64];
    FILE *file;
    int found;

    if (stat(settings->dir, &status) != 0)
        return NAN;
    snprintf(name, sizeof(name), "/sys/dev/block/%u:%u/stat",
             major(status.st_dev), minor(status.st_dev));
    file = fopen(name, "re");
    if (file == NULL)
        return NAN;
    found = fscanf(file, "%*u %*u %*u %*u %*u %*u %lu", &sectors);
    fclose(file);
    return found == 1 ? (double)sectors * 512 : NAN;
}

struct kind {
    const char *name;
    uint32_t flags;
    size_t batch;
    unsigned entries; /* times those of the settings */
};

static void
measure_one(struct subject *subject, const struct settings *settings,
            const struct kind *kind, struct row *const rows[ROWS])
{
    struct probe_order order = {.first = settings->keys,
                                .count = settings->costs * kind->entries,
                                .keys = settings->keys,
                                .batch = kind->batch};
    double entries = (double)order.count;
    struct tally nothing, expected;
    uint64_t figures[FIGURES];
    struct probe probe;
    double written;

    subject_fill(subject, order.keys, order.keys, FILL_BATCH);
    subject_close(subject);
    bench_sync(settings);
    written = disk_writes(settings);
    probe_start(&probe, subject, "cost", order);
    probe_result(&probe, subject, "appends", &nothing, figures, FIGURES);
    bench_sync(settings);
    rows[WRITTEN]->values[subject->column][0] = (disk_writes(settings) -
                                                 written) /
                                                entries;
    for (unsigned i = 0; i < FIGURES; i++)
        rows[i]->values[subject->column][0] = (double)figures[i] /
                                              (i == MEMORY ? 1 << 20 : entries);
    rows[ON_DISK]->values[subject->column][0] = (double)space_of(subject->path)
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
    struct row *rows[ROWS];

    rows[WRITTEN] = report_row(report, "B", 1, "written, an entry, %s",
                               kind->name);
    rows[BY_CALLS] = report_row(report, "B", 1, "  by calls");
    rows[DIRTY] = report_row(report, "B", 1, "  write_bytes");
    rows[MEMORY] = report_row(report, "MiB", 1, "  memory of the process");
    rows[ON_DISK] = report_row(report, "B", 1, "  on disk then, of all");
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
