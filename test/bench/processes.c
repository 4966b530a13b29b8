/*
 * processes.c - several processes append to one database at the same time.
 *
 * LevelDB and RocksDB let in one process only.  All begin at a moment that they
 * were told, and go on for a slice.
 */
#include <stdlib.h>

#include "measure.h"

#define PROCESSES_MAX 4u

static const unsigned counts[] = {1, 2, 4};

#define COUNTS (sizeof(counts) / sizeof(counts[0]))

/* ---- one of them -------------------------------------------------------- */

int
share_probe(struct subject *subject, const struct probe_order *order)
{
    struct item *item = workload_items(1, subject->value_size);
    uint64_t random = order->random;
    struct tally tally = {0};
    uint64_t begun, ns = 0;

    subject_open(subject);
    timing_sleep_until(order->start);
    begun = timing_now();
    while (ns < order->ns) {
        workload_draw(order->keys, &random, item);
        engine_check(subject->engine, "append", subject_add(subject, item, 1));
        tally_item(&tally, item, false);
        ns = timing_now() - begun;
    }
    subject_close(subject);
    free(item);
    probe_answer(&tally, &ns, 1);
    return 0;
}

/* ---- all of them -------------------------------------------------------- */

/* Entries a second of all together; TALLY gets what they have appended. */
static double
run_slice(struct subject *subject, const struct settings *settings,
          unsigned count, uint64_t *random, struct tally *tally)
{
    struct probe probes[PROCESSES_MAX];
    struct probe_order order = {.keys = settings->keys,
                                .start = timing_now() + settings->head_start_ns,
                                .ns = settings->slices * settings->slice_ns};
    double rate = 0;

    for (unsigned i = 0; i < count; i++) {
        order.random = workload_random(random);
        probe_start(&probes[i], subject, "share", order);
    }
    for (unsigned i = 0; i < count; i++) {
        struct tally appended;
        uint64_t ns;

        probe_result(&probes[i], subject, "share", &appended, &ns, 1);
        tally_join(tally, &appended);
        rate += (double)appended.count * 1e9 / (double)ns;
    }
    return rate;
}

static void
measure_kind(struct report *report, const struct settings *settings,
             uint32_t flags, const char *kind)
{
    struct subjects subjects = subjects_make(settings, "shared",
                                             ENGINE_SHARED | flags);
    struct tally expected[ENGINES];
    struct row *rows[COUNTS];
    uint64_t random = workload_mix(flags);

    for (unsigned i = 0; i < COUNTS; i++)
        rows[i] = report_row(report, "/s", settings->rounds,
                             "%s append, %u process%s", kind, counts[i],
                             counts[i] == 1 ? "" : "es");
    for (unsigned i = 0; i < subjects.count; i++) {
        subject_fill(subjects.list[i], settings->keys, settings->keys,
                     FILL_BATCH);
        subject_close(subjects.list[i]);
        expected[i] = workload_tally(settings->keys, 0, settings->keys,
                                     settings->value_size);
    }
    for (unsigned round = 0; round < settings->rounds; round++) {
        bench_progress(kind, round, settings->rounds);
        for (unsigned i = 0; i < subjects.count * COUNTS; i++) {
            unsigned turn = turn_of(i, round, subjects.count * COUNTS);
            unsigned which = turn / COUNTS, way = turn % COUNTS;
            struct subject *subject = subjects.list[which];

            rows[way]->values[subject->column][round] = run_slice(
                subject, settings, counts[way], &random, &expected[which]);
            bench_sync(settings);
        }
    }
    for (unsigned i = 0; i < subjects.count; i++) {
        subject_open(subjects.list[i]);
        subject_check_all(subjects.list[i], "what processes appended",
                          &expected[i]);
    }
    subjects_free(&subjects);
}

void
measure_processes(struct report *report, const struct settings *settings)
{
    measure_kind(report, settings, 0, "durable");
    measure_kind(report, settings, ENGINE_RELAXED, "relaxed");
}
