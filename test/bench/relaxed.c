/*
 * relaxed.c - appends that need only survive the process.
 *
 * Every engine appends its run in as many turns as there are rounds, to a
 * database that stays open, so that all that it puts off falls due within the
 * run: drains, checkpoints, compactions.  Not counted is only what an engine
 * does in threads of its own, or leaves to the kernel to write.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control.h"
#include "measure.h"
#include "space.h"

#define BLOCK 100u /* entries made at a time, without the clock */

/* Parts of a turn's time: for the disk alone, and for what an engine does in
 * threads of its own. */
#define CONTROL_PART 50u
#define REST_PART 10u

/* What a run is over. */
struct load {
    const char *name;
    const char *beside; /* the same, for the note on the disk */
    uint64_t keys;      /* 0: none */
    uint64_t filled;
    double over_leveldb; /* the bar; 0: none */
};

struct runner {
    struct subject *subject;
    uint64_t random;
    struct tally acknowledged;
    struct samples samples; /* of every append of the run */
    uint64_t ns;
    bool cut_short;
};

struct load_rows {
    struct row *rate;
    struct row *whole;
    struct row *p50;
    struct row *p99;
    struct row *p999;
    struct row *longest;
    struct row *disk;
};

/* ---- a turn ------------------------------------------------------------- */

/* COUNT appends, at most BLOCK; returns the time they took. */
static uint64_t
append_block(struct runner *runner, const struct item *items, size_t count)
{
    const struct subject *subject = runner->subject;
    uint64_t moments[BLOCK + 1u];
    int rc = 0;

    moments[0] = timing_now();
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = subject_add(subject, &items[i], 1);
        moments[i + 1] = timing_now();
    }
    engine_check(subject->engine, "append", rc);
    for (size_t i = 0; i < count; i++)
        samples_add(&runner->samples, moments[i + 1] - moments[i]);
    return moments[count] - moments[0];
}

/* COUNT appends, or as many as there is time for; returns the rate. */
static double
take_turn(struct runner *runner, const struct load *load, uint64_t count,
          uint64_t limit_ns)
{
    struct item *items = workload_items(BLOCK, runner->subject->value_size);
    uint64_t done = 0, ns = 0;

    while (done < count && ns < limit_ns) {
        size_t size = count - done < BLOCK ? (size_t)(count - done) : BLOCK;

        for (size_t i = 0; i < size; i++) {
            workload_draw(load->keys != 0 ? load->keys : 1, &runner->random,
                          &items[i]);
            tally_item(&runner->acknowledged, &items[i], load->keys == 0);
        }
        ns += append_block(runner, items, size);
        done += size;
    }
    free(items);
    runner->ns += ns;
    runner->cut_short |= done < count;
    return (double)done * 1e9 / (double)ns;
}

/* ---- a run -------------------------------------------------------------- */

static void
start_runners(struct runner *runners, const struct subjects *subjects,
              const struct load *load)
{
    for (unsigned i = 0; i < subjects->count; i++) {
        struct subject *subject = subjects->list[i];

        runners[i].subject = subject;
        runners[i].random = workload_mix(load->keys);
        if (load->filled == 0) {
            subject_open(subject);
            continue;
        }
        subject_fill(subject, load->keys, load->filled, FILL_BATCH);
    }
}

/* All that was acknowledged must be there for who opens it next. */
static void
check_runners(struct runner *runners, unsigned count, const struct load *load,
              struct row *disk)
{
    struct tally filled = workload_tally(load->keys, 0, load->filled,
                                         runners[0].subject->value_size);

    for (unsigned i = 0; i < count; i++) {
        struct subject *subject = runners[i].subject;
        struct tally expected = filled;
        struct tally got = {0};

        tally_join(&expected, &runners[i].acknowledged);
        subject_close(subject);
        disk->values[subject->column][0] = (double)space_of(subject->path)
                                               .disk /
                                           (double)expected.count;
        subject_open(subject);
        engine_check(subject->engine, "replay of what was appended",
                     subject->engine->replay(subject->db, &got));
        tally_check(&got, &expected, subject->engine->name, load->name);
    }
}

/* ---- the rows ----------------------------------------------------------- */

static struct load_rows
make_rows(struct report *report, unsigned rounds, const struct load *load)
{
    struct load_rows rows;

    rows.rate = report_row(report, "/s", rounds, "relaxed append, %s",
                           load->name);
    rows.whole = report_row(report, "/s", 1, "  in the whole run");
    rows.p50 = report_row(report, "us", 1, "  p50");
    rows.p99 = report_row(report, "us", 1, "  p99");
    rows.p999 = report_row(report, "us", 1, "  p99.9");
    rows.longest = report_row(report, "ms", 1, "  longest");
    rows.disk = report_row(report, "B", 1, "  on disk, an entry, once closed");
    if (load->over_leveldb != 0)
        row_bar(rows.whole, BAR_AT_LEAST, ENGINE_LEVELDB, load->over_leveldb);
    row_bar(rows.longest, BAR_AT_MOST, ENGINE_OURS, 25);
    return rows;
}

/* Names those of RUNNERS that did not get to the end of the run. */
static void
remark_cut(struct report *report, const struct runner *runners, unsigned count,
           const struct load *load)
{
    size_t size = 64 + 64 * (size_t)count;
    char *text = bench_resize(NULL, size);
    bool any = false;
    int used = snprintf(text, size, "Too slow for the time given (relaxed, %s)",
                        load->name);

    for (unsigned i = 0; i < count; i++) {
        if (!runners[i].cut_short)
            continue;
        used += snprintf(text + used, size - (size_t)used,
                         "%s %s, which appended %" PRIu64, any ? ";" : ":",
                         runners[i].subject->engine->name,
                         runners[i].acknowledged.count);
        any = true;
    }
    if (any)
        report_remark(report, text);
    else
        free(text);
}

static void
set_rows(struct load_rows *rows, struct report *report, struct runner *runners,
         unsigned count, const struct load *load)
{
    for (unsigned i = 0; i < count; i++) {
        struct samples *samples = &runners[i].samples;
        unsigned column = runners[i].subject->column;

        rows->whole->values[column][0] = (double)runners[i].acknowledged.count *
                                         1e9 / (double)runners[i].ns;
        rows->p50->values[column][0] = samples_percentile_us(samples, 50);
        rows->p99->values[column][0] = samples_percentile_us(samples, 99);
        rows->p999->values[column][0] = samples_percentile_us(samples, 99.9);
        rows->longest->values[column][0] = samples_percentile_us(samples, 100) /
                                           1e3;
    }
    remark_cut(report, runners, count, load);
}

/* Returns the row of rates in whole runs. */
static struct row *
measure_load(struct report *report, const struct settings *settings,
             const struct load *load)
{
    struct subjects subjects = subjects_make(
        settings, "relaxed",
        ENGINE_RELAXED | (load->keys == 0 ? ENGINE_KEYLESS : 0));
    struct load_rows rows = make_rows(report, settings->rounds, load);
    struct runner runners[ENGINES] = {0};
    struct note *note = report_note(report, load->beside);
    uint64_t count = settings->relaxed / settings->rounds;
    struct control control;

    control_open(&control, settings);
    start_runners(runners, &subjects, load);
    for (unsigned round = 0; round < settings->rounds; round++) {
        bench_progress(load->name, round, settings->rounds);
        for (unsigned i = 0; i < subjects.count; i++) {
            struct runner *runner = &runners[turn_of(i, round, subjects.count)];

            rows.rate->values[runner->subject->column][round] = take_turn(
                runner, load, count, settings->turn_ns);
            control_run(&control, settings->turn_ns / CONTROL_PART);
            usleep((useconds_t)(settings->turn_ns / REST_PART / 1000));
            /* What one leaves to be written must not be the next one's. */
            bench_sync(settings);
        }
        control_note(&control, note, round);
    }
    control_close(&control);
    set_rows(&rows, report, runners, subjects.count, load);
    check_runners(runners, subjects.count, load, rows.disk);
    for (unsigned i = 0; i < subjects.count; i++)
        samples_free(&runners[i].samples);
    subjects_free(&subjects);
    return rows.whole;
}

void
measure_relaxed(struct report *report, const struct settings *settings)
{
    static const struct load few = {"10k keys", "relaxed appends, 10k keys",
                                    10000, 0, 3};
    static const struct load many = {"1M keys", "relaxed appends, 1M keys",
                                     1000000, 0, 2};
    static const struct load one = {"1 key", "relaxed appends, 1 key", 1, 0, 0};
    static const struct load none = {"no keys", "relaxed appends, no keys", 0,
                                     0, 0};
    /* Each with an entry before the run begins. */
    const struct load large = {"10M keys", "relaxed appends, 10M keys",
                               settings->many, settings->many, 0};
    const struct row *keyed = measure_load(report, settings, &few);
    const struct row *keyless;
    struct row *over;

    measure_load(report, settings, &many);
    measure_load(report, settings, &one);
    keyless = measure_load(report, settings, &none);
    over = report_row(report, "x", 1, "  over that with 10k keys");
    for (unsigned i = 0; i < ENGINES; i++)
        over->values[i][0] = keyless->values[i][0] / keyed->values[i][0];
    row_bar(over, BAR_AT_LEAST, ENGINE_OURS, 2);
    if (settings->large)
        measure_load(report, settings, &large);
}
