/*
 * growth.c - how things change from small journals to large ones.
 *
 * Each ten times the one before, with a key for every ten entries.  Filled in
 * large relaxed batches, then settled, so that what is looked at is in place.
 */
#include <stdio.h>

#include "lookups.h"
#include "measure.h"
#include "space.h"

#define ENTRIES_A_KEY 10u
#define OPENS 3u

struct growth_rows {
    struct row *fill;
    struct row *get;
    struct row *read;
    struct row *replay;
    struct row *open;
    struct row *space;
};

/* "10k", "1M". */
static void
name_size(char name[16], uint64_t entries)
{
    if (entries % 1000000 == 0)
        snprintf(name, 16, "%uM", (unsigned)(entries / 1000000));
    else
        snprintf(name, 16, "%uk", (unsigned)(entries / 1000));
}

static struct growth_rows
make_rows(struct report *report, unsigned rounds, uint64_t entries)
{
    struct growth_rows rows;
    char size[16];

    name_size(size, entries);
    rows.fill = report_row(report, "/s", 1, "%s entries filled", size);
    rows.get = report_row(report, "us", rounds, "  get");
    rows.read = report_row(report, "us", rounds, "  read");
    rows.replay = report_row(report, "/s", rounds, "  replay");
    rows.open = report_row(report, "ms", rounds, "  open after a close");
    rows.space = report_row(report, "B", 1, "  on disk, an entry");
    return rows;
}

static void
fill(struct subject *subject, uint64_t entries, const struct growth_rows *rows)
{
    uint64_t before = timing_now();
    uint64_t ns;

    subject_fill(subject, entries / ENTRIES_A_KEY, entries, FILL_BATCH);
    ns = timing_now() - before;
    rows->fill->values[subject->column][0] = (double)entries * 1e9 / (double)ns;
    rows->space->values[subject->column][0] = (double)space_of(subject->path)
                                                  .disk /
                                              (double)entries;
}

/* The mean in milliseconds; it is open before and after. */
static double
time_opens(struct subject *subject)
{
    uint64_t ns = 0;

    for (unsigned i = 0; i < OPENS; i++) {
        uint64_t before;

        subject_close(subject);
        before = timing_now();
        subject_open(subject);
        ns += timing_now() - before;
    }
    return (double)ns / 1e6 / OPENS;
}

static void
measure_round(const struct subjects *subjects, const struct model *model,
              const struct growth_rows *rows, unsigned lookups, unsigned round)
{
    struct tally all = model_tally(model, 0, model->count);
    struct lookup_times times;

    for (unsigned i = 0; i < subjects->count; i++) {
        struct subject *subject = subjects_turn(subjects, i, round);
        unsigned column = subject->column;
        uint64_t ns;

        rows->open->values[column][round] = time_opens(subject);
        ns = lookups_replay(subject, &all);
        rows->replay->values[column][round] = (double)all.count * 1e9 /
                                              (double)ns;
    }
    times = lookups_round(subjects, model, DRAW_UNIFORM, lookups, round);
    for (unsigned i = 0; i < subjects->count; i++) {
        unsigned column = subjects->list[i]->column;

        rows->get->values[column][round] = times.gets[column];
        rows->read->values[column][round] = times.reads[column];
    }
}

static void
measure_size(struct report *report, const struct settings *settings,
             uint64_t entries)
{
    struct subjects subjects = subjects_make(settings, "growth",
                                             ENGINE_RELAXED | ENGINE_LOOKUPS);
    struct growth_rows rows = make_rows(report, settings->rounds, entries);
    struct model model;

    model_make(&model, entries / ENTRIES_A_KEY, entries, settings->value_size);
    for (unsigned i = 0; i < subjects.count; i++) {
        fill(subjects.list[i], entries, &rows);
        bench_sync(settings);
    }
    for (unsigned round = 0; round < settings->rounds; round++) {
        bench_progress("growth", round, settings->rounds);
        measure_round(&subjects, &model, &rows, settings->lookups, round);
    }
    model_free(&model);
    subjects_free(&subjects);
}

void
measure_growth(struct report *report, const struct settings *settings)
{
    for (uint64_t entries = settings->growth_least;
         entries <= settings->growth_most; entries *= 10)
        measure_size(report, settings, entries);
}
