/*
 * opening.c - how long an open takes, after a close and after a kill.
 *
 * The one killed has appended, single entries and relaxed, until the memory of
 * an engine that puts things off is about as full as it gets: our tail and
 * LevelDB's log are 4 MiB.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "measure.h"
#include "probe.h"

#define OPENS 5u                         /* a round, after closes */
#define KILLS 1u                         /* a round */
#define APPENDED_NS UINT64_C(2000000000) /* the time for that */
#define STEP 100u        /* appends between two looks at a tail */
#define TAIL_STEPS 2000u /* the most looks */

/* ---- in the process that is killed -------------------------------------- */

static void
append(struct subject *subject, uint64_t keys, uint64_t *number, uint64_t count)
{
    struct item *item = workload_items(1, subject->value_size);

    for (uint64_t i = 0; i < count; i++) {
        workload_item(keys, (*number)++, item);
        engine_check(subject->engine, "append", subject_add(subject, item, 1));
    }
    free(item);
}

/*
 * A tail is full where it has been emptied, in part at least, and is nearly as
 * long again as it has ever been.
 */
static void
fill_tail(struct subject *subject, uint64_t keys, uint64_t *number)
{
    struct engine_state state = {0};
    uint64_t longest = 0, before = 0;
    bool emptied = false;

    for (unsigned i = 0; i < TAIL_STEPS; i++) {
        append(subject, keys, number, STEP);
        engine_check(subject->engine, "state",
                     subject->engine->state(subject->db, &state));
        emptied |= state.tail_used < before;
        before = state.tail_used;
        if (before > longest)
            longest = before;
        /* Not merely emptied just now: there is none. */
        if (longest == 0 && i > 0)
            return;
        if (emptied && before >= longest - longest / 20)
            return;
    }
}

int
opening_probe(struct subject *subject, const struct probe_order *order)
{
    uint64_t more = order->count +
                    workload_mix(order->first) % (order->count / 2);
    uint64_t begun = timing_now();
    uint64_t number = order->first;

    subject_open(subject);
    while (number < order->first + more && timing_now() < begun + APPENDED_NS)
        append(subject, order->keys, &number, STEP);
    fill_tail(subject, order->keys, &number);
    printf("%" PRIu64 "\n", number);
    fflush(stdout);
    for (;;)
        pause();
}

/* ---- in this one -------------------------------------------------------- */

struct opener {
    struct subject *subject;
    uint64_t size; /* of the journal */
    struct tally appended;
    struct samples killed; /* opens after a kill, of all rounds */
};

/* Nanoseconds; the journal must be as long as it was. */
static uint64_t
time_open(const struct opener *opener)
{
    struct subject *subject = opener->subject;
    struct engine_state state;
    uint64_t before = timing_now();
    uint64_t ns;

    subject_open(subject);
    ns = timing_now() - before;
    engine_check(subject->engine, "state",
                 subject->engine->state(subject->db, &state));
    if (state.size != opener->size)
        bench_fail("%s: opened with %" PRIu64 " entries instead of %" PRIu64,
                   subject->engine->name, state.size, opener->size);
    return ns;
}

static double
open_after_closes(const struct opener *opener)
{
    uint64_t ns = 0;

    for (unsigned i = 0; i < OPENS; i++) {
        ns += time_open(opener);
        subject_close(opener->subject);
    }
    return (double)ns / 1e6 / OPENS;
}

static void
append_and_kill(struct opener *opener, const struct settings *settings)
{
    struct probe probe;
    struct tally more;
    uint64_t size;

    probe_start(&probe, opener->subject, "append",
                (struct probe_order){.first = opener->size,
                                     .count = settings->killed,
                                     .keys = settings->keys});
    if (fscanf(probe.answer, "%" SCNu64, &size) != 1)
        bench_fail("%s: the process to be killed failed",
                   opener->subject->engine->name);
    probe_kill(&probe);
    more = workload_tally(settings->keys, opener->size, size,
                          opener->subject->value_size);
    tally_join(&opener->appended, &more);
    opener->size = size;
}

static double
open_after_kills(struct opener *opener, const struct settings *settings)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < KILLS; i++) {
        uint64_t ns;

        append_and_kill(opener, settings);
        ns = time_open(opener);
        subject_close(opener->subject);
        samples_add(&opener->killed, ns);
        sum += ns;
    }
    return (double)sum / 1e6 / KILLS;
}

/* Nothing that was appended may have gone with the one who did. */
static void
check_opener(const struct opener *opener, const struct settings *settings)
{
    struct subject *subject = opener->subject;
    struct tally expected = workload_tally(settings->keys, 0, settings->entries,
                                           subject->value_size);
    struct tally got = {0};

    tally_join(&expected, &opener->appended);
    subject_open(subject);
    engine_check(subject->engine, "replay",
                 subject->engine->replay(subject->db, &got));
    tally_check(&got, &expected, subject->engine->name, "what was appended");
}

static void
measure_size(struct report *report, const struct settings *settings)
{
    struct subjects subjects = subjects_make(settings, "opening",
                                             ENGINE_RELAXED | ENGINE_LOOKUPS);
    unsigned thousands = (unsigned)(settings->entries / 1000);
    struct row *closed = report_row(report, "ms", settings->rounds,
                                    "open after a close, %uk entries",
                                    thousands);
    struct row *killed = report_row(report, "ms", settings->rounds,
                                    "open after kill -9, %uk entries",
                                    thousands);
    struct row *longest = report_row(report, "ms", 1, "  longest");
    struct opener openers[ENGINES] = {0};

    row_bar(closed, BAR_AT_MOST, ENGINE_OURS, 2);
    row_bar(killed, BAR_AT_MOST, ENGINE_OURS, 20);
    for (unsigned i = 0; i < subjects.count; i++) {
        subject_fill(subjects.list[i], settings->keys, settings->entries,
                     FILL_BATCH);
        subject_close(subjects.list[i]);
        openers[i] = (struct opener){.subject = subjects.list[i],
                                     .size = settings->entries};
    }
    bench_sync(settings);
    for (unsigned round = 0; round < settings->rounds; round++) {
        bench_progress("opens", round, settings->rounds);
        for (unsigned i = 0; i < subjects.count; i++) {
            struct opener *opener = &openers[turn_of(i, round, subjects.count)];
            unsigned column = opener->subject->column;

            closed->values[column][round] = open_after_closes(opener);
            killed->values[column][round] = open_after_kills(opener, settings);
        }
    }
    for (unsigned i = 0; i < subjects.count; i++) {
        longest->values[subjects.list[i]->column][0] =
            samples_percentile_us(&openers[i].killed, 100) / 1e3;
        check_opener(&openers[i], settings);
        samples_free(&openers[i].killed);
    }
    subjects_free(&subjects);
}

void
measure_opens(struct report *report, const struct settings *settings)
{
    struct settings larger = *settings;

    measure_size(report, settings);
    larger.entries *= 10;
    if (settings->large)
        measure_size(report, &larger);
}
