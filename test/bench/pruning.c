/*
 * pruning.c - appends go on while another process removes the older half.
 *
 * Relaxed, one thread.  An engine that would lock the database until all are
 * gone removes a few at a time.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

#define BLOCK 16u /* appends between two looks at the other */

/* ---- the other process -------------------------------------------------- */

int
beside_probe(struct subject *subject, const struct probe_order *order)
{
    uint64_t limit = order->first + order->count;
    uint64_t step = subject->engine->prune_step;
    struct tally nothing = {0};
    uint64_t begun, ns;

    subject_open(subject);
    begun = timing_now();
    for (uint64_t before = order->first; before < limit;) {
        before = step != 0 && limit - before > step ? before + step : limit;
        engine_check(subject->engine, "prune",
                     subject->engine->prune(subject->db, before));
    }
    ns = timing_now() - begun;
    subject_close(subject);
    probe_answer(&nothing, &ns, 1);
    return 0;
}

/* ---- this one ----------------------------------------------------------- */

struct appender {
    struct subject *subject;
    uint64_t keys;
    uint64_t next; /* entry to be appended */
    uint64_t longest;
};

/* Entries, and the time they took, are added to *COUNT and to *NS. */
static void
append_block(struct appender *appender, struct item *item, uint64_t *count,
             uint64_t *ns)
{
    for (unsigned i = 0; i < BLOCK; i++) {
        uint64_t before, took;
        int rc;

        workload_item(appender->keys, appender->next, item);
        before = timing_now();
        rc = subject_add(appender->subject, item, 1);
        took = timing_now() - before;
        engine_check(appender->subject->engine, "append beside a prune", rc);
        appender->next++;
        *count += 1;
        *ns += took;
        if (took > appender->longest)
            appender->longest = took;
    }
}

static bool
has_answered(const struct probe *probe)
{
    struct pollfd other = {.fd = fileno(probe->answer), .events = POLLIN};
    int ready = poll(&other, 1, 0);

    if (ready < 0 && errno != EINTR)
        bench_fail("poll: %s", strerror(errno));
    return ready > 0;
}

static double
append_alone(struct appender *appender, uint64_t limit_ns)
{
    struct item *item = workload_items(1, appender->subject->value_size);
    uint64_t count = 0, ns = 0;

    while (ns < limit_ns)
        append_block(appender, item, &count, &ns);
    free(item);
    return (double)count * 1e9 / (double)ns;
}

/* The rate of appends until [FIRST, LIMIT) are gone; *PRUNED is that of it. */
static double
append_beside(struct appender *appender, uint64_t first, uint64_t limit,
              double *pruned)
{
    struct item *item = workload_items(1, appender->subject->value_size);
    struct probe_order order = {.first = first, .count = limit - first};
    uint64_t count = 0, ns = 0, took;
    struct tally nothing;
    struct probe probe;

    probe_start(&probe, appender->subject, "prune-beside", order);
    appender->longest = 0;
    do
        append_block(appender, item, &count, &ns);
    while (!has_answered(&probe));
    probe_result(&probe, appender->subject, "prune", &nothing, &took, 1);
    free(item);
    *pruned = (double)(limit - first) * 1e9 / (double)took;
    return (double)count * 1e9 / (double)ns;
}

/* Entries from FIRST on are there. */
static void
check_rest(const struct appender *appender, uint64_t first)
{
    struct tally expected = workload_tally(appender->keys, first,
                                           appender->next,
                                           appender->subject->value_size);

    subject_check_all(appender->subject, "what prune left", &expected);
}

struct pruning_rows {
    struct row *alone;
    struct row *beside;
    struct row *over;
    struct row *longest;
    struct row *pruned;
};

static struct pruning_rows
make_rows(struct report *report, unsigned rounds)
{
    struct pruning_rows rows;

    rows.alone = report_row(report, "/s", rounds,
                            "relaxed append, nobody prunes");
    rows.beside = report_row(report, "/s", rounds, "  while another one does");
    rows.over = report_row(report, "x", rounds, "  over that of nobody");
    rows.longest = report_row(report, "ms", rounds, "  longest, meanwhile");
    rows.pruned = report_row(report, "/s", rounds, "  entries pruned");
    row_bar(rows.over, BAR_AT_LEAST, ENGINE_OURS, 0.5);
    row_bar(rows.longest, BAR_AT_MOST, ENGINE_OURS, 30);
    return rows;
}

static void
take_turn(struct appender *appender, const struct settings *settings,
          unsigned round, const struct pruning_rows *rows)
{
    uint64_t half = settings->entries / 2;
    uint64_t first = half * round / settings->rounds;
    uint64_t limit = half * (round + 1) / settings->rounds;
    unsigned column = appender->subject->column;
    double alone = append_alone(appender, settings->turn_ns / 4);
    double beside = append_beside(appender, first, limit,
                                  &rows->pruned->values[column][round]);

    rows->alone->values[column][round] = alone;
    rows->beside->values[column][round] = beside;
    rows->over->values[column][round] = beside / alone;
    rows->longest->values[column][round] = (double)appender->longest / 1e6;
    bench_sync(settings);
}

void
measure_pruning(struct report *report, const struct settings *settings)
{
    struct subjects subjects = subjects_make(settings, "pruning",
                                             ENGINE_UPKEEP | ENGINE_RELAXED |
                                                 ENGINE_SHARED);
    struct pruning_rows rows = make_rows(report, settings->rounds);
    struct appender appenders[ENGINES] = {0};

    for (unsigned i = 0; i < subjects.count; i++) {
        appenders[i] = (struct appender){.subject = subjects.list[i],
                                         .keys = settings->keys,
                                         .next = settings->entries};
        subject_fill(subjects.list[i], settings->keys, settings->entries,
                     FILL_BATCH);
    }
    for (unsigned round = 0; round < settings->rounds; round++) {
        bench_progress("appends beside a prune", round, settings->rounds);
        for (unsigned i = 0; i < subjects.count; i++)
            take_turn(&appenders[turn_of(i, round, subjects.count)], settings,
                      round, &rows);
    }
    for (unsigned i = 0; i < subjects.count; i++)
        check_rest(&appenders[i], settings->entries / 2);
    subjects_free(&subjects);
}
