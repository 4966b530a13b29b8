/* times.c - the first entry at or after a time. */
#include <stdlib.h>

#include "measure.h"

#define KEYS 1000u
#define BATCH 1000u /* entries of one time */
#define LOOKUPS_MAX 5000u

/* What to ask for, in one engine's clock, and which entries these are. */
struct instants {
    unsigned count;
    uint64_t times[LOOKUPS_MAX];
    uint64_t numbers[LOOKUPS_MAX];
};

static void
draw_instants(struct instants *instants, const struct subject *subject,
              uint64_t random, uint64_t entries)
{
    for (unsigned i = 0; i < instants->count; i++) {
        uint64_t number = workload_random(&random) % (entries / BATCH) * BATCH;

        instants->numbers[i] = number;
        engine_check(subject->engine, "time",
                     subject->engine->time_of(subject->db, number,
                                              &instants->times[i]));
    }
}

/* The mean in microseconds; SAMPLES get the time of each look-up. */
static double
time_look_ups(const struct instants *instants, const struct subject *subject,
              struct samples *samples)
{
    uint64_t spent = 0;

    samples_clear(samples);
    for (unsigned i = 0; i < instants->count; i++) {
        uint64_t found = UINT64_MAX;
        uint64_t before = timing_now();
        int rc = subject->engine->find_time(subject->db, instants->times[i],
                                            &found);
        uint64_t ns = timing_now() - before;

        engine_check(subject->engine, "find_time", rc);
        if (found != instants->numbers[i])
            bench_fail("%s: find_time: another entry", subject->engine->name);
        samples_add(samples, ns);
        spent += ns;
    }
    return (double)spent / 1e3 / instants->count;
}

void
measure_find_time(struct report *report, const struct settings *settings)
{
    struct row *mean = report_row(report, "us", settings->rounds,
                                  "find_time, %uk entries",
                                  (unsigned)(settings->timed / 1000));
    struct row *p99 = report_row(report, "us", settings->rounds, "  p99");
    struct instants *instants = bench_resize(NULL, sizeof(*instants));
    struct subjects subjects = subjects_make(settings, "times", ENGINE_TIMES);
    struct samples samples = {0};

    instants->count = settings->lookups < LOOKUPS_MAX ? settings->lookups
                                                      : LOOKUPS_MAX;
    row_bar(mean, BAR_AT_MOST, ENGINE_OURS, 30);
    for (unsigned i = 0; i < subjects.count; i++)
        subject_fill(subjects.list[i], KEYS, settings->timed, BATCH);
    for (unsigned round = 0; round < settings->rounds; round++) {
        bench_progress("times", round, settings->rounds);
        for (unsigned i = 0; i < subjects.count; i++) {
            struct subject *subject = subjects_turn(&subjects, i, round);
            unsigned column = subject->column;

            /* Reading the times has filled the caches with other pages. */
            draw_instants(instants, subject, workload_mix(round),
                          settings->timed);
            mean->values[column][round] = time_look_ups(instants, subject,
                                                        &samples);
            p99->values[column][round] = samples_percentile_us(&samples, 99);
        }
    }
    samples_free(&samples);
    subjects_free(&subjects);
    free(instants);
}
