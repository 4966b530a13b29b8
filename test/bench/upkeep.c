/* upkeep.c - the space that entries take, and getting rid of them. */
#include <stdlib.h>

#include "measure.h"
#include "space.h"

void
measure_space(struct report *report, const struct settings *settings,
              const struct subjects *subjects)
{
    struct row *disk = report_row(report, "B", 1, "on disk, an entry of %uk",
                                  (unsigned)(settings->entries / 1000));
    struct row *size = report_row(report, "B", 1, "  up to the files' end");
    struct row *used = report_row(report, "B", 1, "  in pages in use");

    /* A small one's first megabytes, in reserve, would be what counts. */
    if (settings->entries >= 1000000)
        row_bar(disk, BAR_AT_MOST, ENGINE_OURS, 190);
    for (unsigned i = 0; i < subjects->count; i++) {
        const struct subject *subject = subjects->list[i];
        struct bytes bytes = space_of(subject->path);
        struct engine_state state;
        double entries;

        engine_check(subject->engine, "state",
                     subject->engine->state(subject->db, &state));
        if (state.entries != settings->entries)
            bench_fail("%s: counts its entries wrongly", subject->engine->name);
        entries = (double)state.entries;
        disk->values[subject->column][0] = (double)bytes.disk / entries;
        size->values[subject->column][0] = (double)bytes.size / entries;
        if (state.bytes_used != 0)
            used->values[subject->column][0] = (double)state.bytes_used /
                                               entries;
    }
}

/* Entries from FIRST on are there, and keys that have one of them. */
static void
check_rest(const struct subject *subject, const struct model *model,
           uint64_t first)
{
    struct tally expected = model_tally(model, first, model->count);
    struct tally latest = {0};
    struct tally got = {0};
    struct engine_state state;

    engine_check(subject->engine, "replay",
                 subject->engine->replay(subject->db, &got));
    tally_check(&got, &expected, subject->engine->name, "what prune left");

    got = (struct tally){0};
    for (uint64_t i = 0; i < model->keys; i++) {
        unsigned char key[KEY_SIZE];

        workload_key(i, key);
        engine_check(subject->engine, "get",
                     subject->engine->get(subject->db, key, &got));
        if (model->latest[i] >= first)
            tally_number(&latest, model, model->latest[i]);
    }
    tally_check(&got, &latest, subject->engine->name, "keys that prune left");

    engine_check(subject->engine, "state",
                 subject->engine->state(subject->db, &state));
    if (state.first != first || state.size != model->count ||
        state.entries != expected.count || state.keys != latest.count)
        bench_fail("%s: counts what prune left wrongly", subject->engine->name);
}

void
measure_prune(struct report *report, const struct settings *settings,
              const struct subjects *subjects, const struct model *model)
{
    struct row *row = report_row(report, "/s", settings->rounds,
                                 "prune of the older half");
    uint64_t half = model->count / 2;
    uint64_t pruned = 0;

    /* Each round takes its part of that half, so that engines take turns. */
    for (unsigned round = 0; round < settings->rounds; round++) {
        uint64_t before = half * (round + 1) / settings->rounds;

        bench_progress("prunes", round, settings->rounds);
        for (unsigned i = 0; i < subjects->count; i++) {
            const struct subject *subject = subjects_turn(subjects, i, round);
            uint64_t begun = timing_now();
            int rc = subject->engine->prune(subject->db, before);
            uint64_t ns = timing_now() - begun;

            engine_check(subject->engine, "prune", rc);
            row->values[subject->column][round] = (double)(before - pruned) *
                                                  1e9 / (double)ns;
        }
        pruned = before;
    }
    for (unsigned i = 0; i < subjects->count; i++)
        check_rest(subjects->list[i], model, half);
}

/* Each key that has an entry from FIRST on has its latest, and no other. */
static void
check_compacted(const struct subject *subject, const struct model *model,
                uint64_t first)
{
    struct tally expected = {0};
    struct tally got = {0};

    for (uint64_t i = 0; i < model->keys; i++) {
        if (model->latest[i] >= first)
            tally_number(&expected, model, model->latest[i]);
    }
    engine_check(subject->engine, "replay",
                 subject->engine->replay(subject->db, &got));
    tally_check(&got, &expected, subject->engine->name, "what compaction left");
}

/* Entries in [FIRST, LIMIT) that are not their key's latest. */
static uint64_t
superseded(const struct model *model, uint64_t first, uint64_t limit)
{
    uint64_t count = 0;

    for (uint64_t n = first; n < limit; n++)
        count += model->latest[workload_key_of(model->keys, n)] != n;
    return count;
}

void
measure_compaction(struct report *report, const struct settings *settings,
                   const struct subjects *subjects, const struct model *model)
{
    struct row *row = report_row(report, "/s", settings->rounds,
                                 "compaction of the other half");
    uint64_t half = model->count / 2;
    uint64_t done = half;

    for (unsigned round = 0; round < settings->rounds; round++) {
        uint64_t before = half + half * (round + 1) / settings->rounds;
        uint64_t removed = superseded(model, done, before);

        bench_progress("compactions", round, settings->rounds);
        for (unsigned i = 0; i < subjects->count; i++) {
            const struct subject *subject = subjects_turn(subjects, i, round);
            uint64_t begun = timing_now();
            int rc = subject->engine->compact(subject->db, before);
            uint64_t ns = timing_now() - begun;

            engine_check(subject->engine, "compact", rc);
            row->values[subject->column][round] = (double)removed * 1e9 /
                                                  (double)ns;
        }
        done = before;
    }
    for (unsigned i = 0; i < subjects->count; i++)
        check_compacted(subjects->list[i], model, half);
}
