/* retention.c - appends that also remove what is too old to keep. */
#include <inttypes.h>
#include <stdlib.h>

#include "measure.h"

#define BATCH 100u

/* One engine, with a limit or without. */
struct keeper {
    struct subject *subject;
    uint64_t next;     /* entries appended so far */
    uint64_t appended; /* in the round */
    uint64_t ns;       /* that took */
    uint64_t longest;
};

/* What a journal is filled with, so that appends remove from the first on. */
static uint64_t
kept(const struct settings *settings)
{
    return settings->keys;
}

static void
run_slice(struct keeper *keeper, const struct settings *settings)
{
    struct item *items = workload_items(BATCH, keeper->subject->value_size);
    uint64_t spent = 0;

    while (spent < settings->slice_ns) {
        uint64_t before, ns;
        int rc;

        for (unsigned i = 0; i < BATCH; i++)
            workload_item(settings->keys, keeper->next++, &items[i]);
        before = timing_now();
        rc = subject_add(keeper->subject, items, BATCH);
        ns = timing_now() - before;
        engine_check(keeper->subject->engine, "append", rc);
        if (ns > keeper->longest)
            keeper->longest = ns;
        keeper->appended += BATCH;
        spent += ns;
    }
    free(items);
    keeper->ns += spent;
}

static void
run_round(struct keeper *keepers, const struct settings *settings,
          unsigned round, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        keepers[i].appended = keepers[i].ns = 0;
    for (unsigned slice = 0; slice < settings->slices; slice++) {
        for (unsigned i = 0; i < count; i++) {
            unsigned step = round * settings->slices + slice;

            run_slice(&keepers[turn_of(i, step, count)], settings);
        }
    }
}

/* The newest are there, no fewer than asked for and hardly more. */
static void
check_kept(const struct keeper *keeper, const struct settings *settings)
{
    const struct subject *subject = keeper->subject;
    struct tally expected, got = {0};
    struct engine_state state;

    engine_check(subject->engine, "state",
                 subject->engine->state(subject->db, &state));
    if (state.size != keeper->next || state.entries < kept(settings) ||
        state.entries > kept(settings) + kept(settings) / 16)
        bench_fail("%s: keeps %" PRIu64 " entries instead of %" PRIu64,
                   subject->engine->name, state.entries, kept(settings));
    expected = workload_tally(settings->keys, state.first, state.size,
                              subject->value_size);
    engine_check(subject->engine, "replay",
                 subject->engine->replay(subject->db, &got));
    tally_check(&got, &expected, subject->engine->name, "what was kept");
}

static double
rate_of(const struct keeper *keeper)
{
    return (double)keeper->appended * 1e9 / (double)keeper->ns;
}

void
measure_retention(struct report *report, const struct settings *settings)
{
    struct row *without = report_row(report, "/s", settings->rounds,
                                     "batches of 100, all kept");
    struct row *with = report_row(report, "/s", settings->rounds,
                                  "  the newest %uk kept",
                                  (unsigned)(kept(settings) / 1000));
    struct row *over = report_row(report, "x", settings->rounds,
                                  "  over all kept");
    struct row *longest = report_row(report, "ms", 1, "  longest append");
    struct subjects all = subjects_make(settings, "all-kept", ENGINE_UPKEEP);
    struct subjects newest = subjects_make(settings, "newest-kept",
                                           ENGINE_UPKEEP);
    struct keeper keepers[2u * ENGINES] = {0};
    unsigned count = all.count;

    row_bar(over, BAR_AT_LEAST, ENGINE_OURS, 0.5);
    for (unsigned i = 0; i < count; i++) {
        newest.list[i]->retained = kept(settings);
        keepers[i].subject = all.list[i];
        keepers[count + i].subject = newest.list[i];
    }
    for (unsigned i = 0; i < 2u * count; i++) {
        keepers[i].next = kept(settings);
        subject_fill(keepers[i].subject, settings->keys, kept(settings),
                     FILL_BATCH);
    }
    for (unsigned round = 0; round < settings->rounds; round++) {
        bench_progress("retention", round, settings->rounds);
        run_round(keepers, settings, round, 2u * count);
        for (unsigned i = 0; i < count; i++) {
            unsigned column = all.list[i]->column;

            without->values[column][round] = rate_of(&keepers[i]);
            with->values[column][round] = rate_of(&keepers[count + i]);
            over->values[column][round] = with->values[column][round] /
                                          without->values[column][round];
        }
    }
    for (unsigned i = 0; i < count; i++) {
        const struct keeper *keeper = &keepers[count + i];

        longest->values[all.list[i]->column][0] = (double)keeper->longest / 1e6;
        check_kept(keeper, settings);
    }
    subjects_free(&all);
    subjects_free(&newest);
}
