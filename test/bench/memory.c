/*
 * memory.c - the memory that a call takes.
 *
 * Measured in a process of its own: in this one the allocator would serve the
 * call from what earlier ones gave back.
 */
#include <string.h>

#include "measure.h"
#include "probe.h"
#include "watch.h"

/* ---- in the other process ----------------------------------------------- */

static void
run_work(struct subject *subject, const char *work, struct tally *tally)
{
    struct engine_state state;

    subject_open(subject);
    if (strcmp(work, "replay") == 0) {
        engine_check(subject->engine, "replay",
                     subject->engine->replay(subject->db, tally));
        return;
    }
    engine_check(subject->engine, "state",
                 subject->engine->state(subject->db, &state));
    engine_check(subject->engine, "prune",
                 subject->engine->prune(subject->db, state.size));
    engine_check(subject->engine, "replay",
                 subject->engine->replay(subject->db, tally));
}

static int
watched(struct subject *subject, const char *work)
{
    struct tally tally = {0};
    struct watch watch;
    uint64_t bytes;

    watch_begin(&watch);
    run_work(subject, work, &tally);
    bytes = watch_end(&watch);
    subject_close(subject);
    probe_answer(&tally, &bytes, 1);
    return 0;
}

int
replay_probe(struct subject *subject, const struct probe_order *order)
{
    (void)order;
    return watched(subject, "replay");
}

int
prune_probe(struct subject *subject, const struct probe_order *order)
{
    (void)order;
    return watched(subject, "prune");
}

/* ---- in this one -------------------------------------------------------- */

/* Bytes that WORK took; what it found goes to TALLY. */
static uint64_t
probe_memory(const struct subject *subject, const char *work,
             struct tally *tally)
{
    struct probe probe;
    uint64_t bytes = 0;

    probe_start(&probe, subject, work, (struct probe_order){0});
    probe_result(&probe, subject, work, tally, &bytes, 1);
    return bytes;
}

void
measure_memory(struct report *report, const struct subjects *subjects,
               const char *work, const struct tally *expected)
{
    struct row *row = report_row(report, "MiB", 1, "memory, %s of everything",
                                 work);

    row_bar(row, BAR_BELOW, ENGINE_OURS, 16);
    for (unsigned i = 0; i < subjects->count; i++) {
        struct subject *subject = subjects->list[i];
        struct tally got = {0};

        bench_progress("memory", i, subjects->count);
        subject_close(subject);
        row->values[subject->column][0] = (double)probe_memory(subject, work,
                                                               &got) /
                                          (1 << 20);
        tally_check(&got, expected, subject->engine->name, work);
    }
}
