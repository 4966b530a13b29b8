/*
 * durable.c - appends that wait for the disk.
 *
 * Disks answer in bursts, so contenders take turns in short slices, the bare
 * disk being one of them, and only what was measured side by side is compared.
 */
#include <pthread.h>
#include <stdlib.h>

#include "control.h"
#include "measure.h"

#define THREADS_MAX 64u
#define WAYS_MAX 3u

/* The disk alone, and every engine in each way. */
#define CONTENDERS_MAX (1u + WAYS_MAX * ENGINES)

struct contender {
    struct subject *subject; /* NULL: the control */
    struct control *control;
    uint64_t keys;
    unsigned threads;
    size_t batch;
    uint64_t random;

    struct tally acknowledged; /* in all rounds */
    struct samples round;      /* single appends of the round */
    struct samples all;        /* and of all rounds */
    uint64_t appended;         /* entries, in the round */
    uint64_t ns;               /* that took */
};

struct worker {
    pthread_t thread;
    pthread_barrier_t *start;
    const uint64_t *deadline;
    struct contender *contender;
    uint64_t random;
    struct tally acknowledged;
    int result;
};

/* ---- a slice ------------------------------------------------------------ */

static int
append_once(struct contender *contender, struct item *items, uint64_t *random,
            struct tally *tally, uint64_t *ns)
{
    const struct subject *subject = contender->subject;
    uint64_t before;
    int rc;

    for (size_t i = 0; i < contender->batch; i++)
        workload_draw(contender->keys, random, &items[i]);
    before = timing_now();
    rc = subject_add(subject, items, contender->batch);
    *ns = timing_now() - before;
    for (size_t i = 0; rc == 0 && i < contender->batch; i++)
        tally_item(tally, &items[i], false);
    return rc;
}

static void
run_alone(struct contender *contender, uint64_t slice_ns)
{
    struct item *items = workload_items(contender->batch,
                                        contender->subject->value_size);
    uint64_t spent = 0;

    while (spent < slice_ns) {
        uint64_t ns;

        engine_check(contender->subject->engine, "append",
                     append_once(contender, items, &contender->random,
                                 &contender->acknowledged, &ns));
        samples_add(&contender->round, ns);
        samples_add(&contender->all, ns);
        contender->appended += contender->batch;
        spent += ns;
    }
    contender->ns += spent;
    free(items);
}

static void *
work(void *context)
{
    struct worker *worker = context;
    const struct contender *contender = worker->contender;
    struct item *items = workload_items(contender->batch,
                                        contender->subject->value_size);
    uint64_t ns;

    pthread_barrier_wait(worker->start);
    do
        worker->result = append_once(worker->contender, items, &worker->random,
                                     &worker->acknowledged, &ns);
    while (worker->result == 0 && timing_now() < *worker->deadline);
    free(items);
    return NULL;
}

static void
run_threads(struct contender *contender, uint64_t slice_ns)
{
    struct worker workers[THREADS_MAX] = {0};
    pthread_barrier_t start;
    uint64_t deadline;
    uint64_t begun;

    pthread_barrier_init(&start, NULL, contender->threads + 1);
    for (unsigned i = 0; i < contender->threads; i++) {
        workers[i].start = &start;
        workers[i].deadline = &deadline;
        workers[i].contender = contender;
        workers[i].random = workload_random(&contender->random);
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            bench_fail("cannot start a thread");
    }
    begun = timing_now();
    deadline = begun + slice_ns;
    pthread_barrier_wait(&start);
    for (unsigned i = 0; i < contender->threads; i++)
        pthread_join(workers[i].thread, NULL);
    contender->ns += timing_now() - begun;
    for (unsigned i = 0; i < contender->threads; i++) {
        engine_check(contender->subject->engine, "append", workers[i].result);
        contender->appended += workers[i].acknowledged.count;
        tally_join(&contender->acknowledged, &workers[i].acknowledged);
    }
    pthread_barrier_destroy(&start);
}

static void
run_slice(struct contender *contender, uint64_t slice_ns)
{
    /* The control need not be as exact as what it stands beside. */
    if (contender->subject == NULL)
        control_run(contender->control, slice_ns / 2);
    else if (contender->threads == 1)
        run_alone(contender, slice_ns);
    else
        run_threads(contender, slice_ns);
}

/* ---- a group of contenders ---------------------------------------------- */

/* One way in which every engine appends. */
struct way {
    unsigned threads;
    size_t batch;
};

struct group {
    const char *name;
    struct way ways[WAYS_MAX];
    unsigned way_count;
    unsigned slices; /* of a round, for each contender */
    uint64_t slice_ns;
    struct control control;
    struct subjects subjects;
    struct contender contenders[CONTENDERS_MAX];
    unsigned contender_count;
};

static struct contender *
contender_of(struct group *group, unsigned way, unsigned subject)
{
    return &group->contenders[1 + way * group->subjects.count + subject];
}

/* Every key is there from the start, so that the index keeps its size. */
static void
open_group(struct group *group, const struct settings *settings)
{
    group->subjects = subjects_make(settings, group->name, 0);
    group->contender_count = 1 + group->way_count * group->subjects.count;
    for (unsigned i = 0; i < group->subjects.count; i++)
        subject_fill(group->subjects.list[i], settings->keys, settings->keys,
                     FILL_BATCH);
    control_open(&group->control, settings);
    group->contenders[0].control = &group->control;
    for (unsigned way = 0; way < group->way_count; way++) {
        for (unsigned i = 0; i < group->subjects.count; i++) {
            struct contender *contender = contender_of(group, way, i);

            contender->subject = group->subjects.list[i];
            contender->threads = group->ways[way].threads;
            contender->batch = group->ways[way].batch;
            contender->keys = settings->keys;
            /* Engines get the same rows of entries. */
            contender->random = workload_mix(way + 1);
        }
    }
}

static void
run_round(struct group *group, const struct settings *settings, unsigned round)
{
    for (unsigned i = 0; i < group->contender_count; i++) {
        samples_clear(&group->contenders[i].round);
        group->contenders[i].appended = 0;
        group->contenders[i].ns = 0;
    }
    for (unsigned slice = 0; slice < group->slices; slice++) {
        unsigned step = round * group->slices + slice;

        bench_progress(group->name, step, settings->rounds * group->slices);
        for (unsigned i = 0; i < group->contender_count; i++) {
            unsigned turn = turn_of(i, step, group->contender_count);

            run_slice(&group->contenders[turn], group->slice_ns);
        }
    }
}

/* All that was acknowledged, and nothing else, must be there. */
static void
check_group(struct group *group, const struct settings *settings)
{
    struct tally filled = workload_tally(settings->keys, 0, settings->keys,
                                         settings->value_size);

    for (unsigned i = 0; i < group->subjects.count; i++) {
        struct subject *subject = group->subjects.list[i];
        struct tally expected = filled;
        struct tally got = {0};

        for (unsigned way = 0; way < group->way_count; way++)
            tally_join(&expected, &contender_of(group, way, i)->acknowledged);
        /* As the next process would find it. */
        subject_close(subject);
        subject_open(subject);
        engine_check(subject->engine, "replay of what was appended",
                     subject->engine->replay(subject->db, &got));
        tally_check(&got, &expected, subject->engine->name, group->name);
    }
}

static void
close_group(struct group *group)
{
    for (unsigned i = 0; i < group->contender_count; i++) {
        samples_free(&group->contenders[i].round);
        samples_free(&group->contenders[i].all);
    }
    subjects_free(&group->subjects);
    control_close(&group->control);
}

static double
rate_of(const struct contender *contender)
{
    return (double)contender->appended * 1e9 / (double)contender->ns;
}

/* ---- what both groups come to ------------------------------------------- */

static void
set_rates(struct row *rows[WAYS_MAX], struct group *group, unsigned round)
{
    for (unsigned way = 0; way < group->way_count; way++) {
        for (unsigned i = 0; i < group->subjects.count; i++)
            rows[way]->values[group->subjects.list[i]->column][round] = rate_of(
                contender_of(group, way, i));
    }
}

/* ---- single appends ----------------------------------------------------- */

/* Where a thousandth counts, all rounds are taken together. */
struct append_rows {
    struct row *rates[WAYS_MAX];
    struct row *p50;
    struct row *p99;
    struct row *p999;
    struct row *longest;
    struct row *over_disk;
    struct row *speedup;
    struct note *note;
};

static void
make_append_rows(struct append_rows *rows, struct report *report,
                 unsigned rounds)
{
    rows->rates[0] = report_row(report, "/s", rounds,
                                "durable append, 1 thread");
    rows->p50 = report_row(report, "us", rounds, "  p50");
    rows->p99 = report_row(report, "us", rounds, "  p99");
    rows->p999 = report_row(report, "us", 1, "  p99.9");
    rows->longest = report_row(report, "ms", 1, "  longest");
    rows->over_disk = report_row(report, "x", rounds,
                                 "  p50 over the disk's alone");
    rows->rates[1] = report_row(report, "/s", rounds,
                                "durable append, 16 threads");
    rows->speedup = report_row(report, "x", rounds, "  over that of 1 thread");
    rows->rates[2] = report_row(report, "/s", rounds,
                                "durable append, 64 threads");
    row_bar(rows->longest, BAR_AT_MOST, ENGINE_OURS, 25);
    row_bar(rows->over_disk, BAR_AT_MOST, ENGINE_OURS, 1.25);
    row_bar(rows->rates[1], BAR_AT_LEAST, ENGINE_LEVELDB, 1);
    row_bar(rows->rates[2], BAR_AT_LEAST, ENGINE_LEVELDB, 1);
    rows->note = report_note(report, "single appends");
}

static void
set_append_rows(struct append_rows *rows, struct group *group, unsigned round)
{
    double disk = control_note(&group->control, rows->note, round);

    set_rates(rows->rates, group, round);
    for (unsigned i = 0; i < group->subjects.count; i++) {
        unsigned column = group->subjects.list[i]->column;
        struct contender *one = contender_of(group, 0, i);
        double p50 = samples_percentile_us(&one->round, 50);

        rows->p50->values[column][round] = p50;
        rows->p99->values[column][round] = samples_percentile_us(&one->round,
                                                                 99);
        rows->p999->values[column][0] = samples_percentile_us(&one->all, 99.9);
        rows->longest->values[column][0] = samples_percentile_us(&one->all,
                                                                 100) /
                                           1e3;
        rows->over_disk->values[column][round] = p50 / disk;
        rows->speedup->values[column][round] = rate_of(
                                                   contender_of(group, 1, i)) /
                                               rate_of(one);
    }
}

void
measure_appends(struct report *report, const struct settings *settings)
{
    struct group group = {.name = "appends",
                          .ways = {{1, 1}, {16, 1}, {64, 1}},
                          .way_count = 3,
                          .slices = settings->slices,
                          .slice_ns = settings->slice_ns};
    struct append_rows rows;

    make_append_rows(&rows, report, settings->rounds);
    open_group(&group, settings);
    for (unsigned round = 0; round < settings->rounds; round++) {
        run_round(&group, settings, round);
        set_append_rows(&rows, &group, round);
    }
    check_group(&group, settings);
    close_group(&group);
}

/* ---- batches ------------------------------------------------------------ */

/*
 * One long slice a round: work put off, as a drain of our tail or a compaction
 * of LevelDB's, has to fall into it.
 */
void
measure_batches(struct report *report, const struct settings *settings)
{
    struct group group = {.name = "batches",
                          .ways = {{1, 100}, {1, 1000}},
                          .way_count = 2,
                          .slices = 1,
                          .slice_ns = settings->slices * settings->slice_ns};
    struct note *note = report_note(report, "batches");
    struct row *rates[WAYS_MAX], *longest[WAYS_MAX];

    for (unsigned way = 0; way < group.way_count; way++) {
        rates[way] = report_row(report, "/s", settings->rounds,
                                "durable batches of %zu",
                                group.ways[way].batch);
        longest[way] = report_row(report, "ms", 1, "  longest");
    }
    row_bar(rates[0], BAR_AT_LEAST, ENGINE_LEVELDB, 1.5);
    row_bar(rates[1], BAR_AT_LEAST, ENGINE_LEVELDB, 1);
    open_group(&group, settings);
    for (unsigned round = 0; round < settings->rounds; round++) {
        run_round(&group, settings, round);
        control_note(&group.control, note, round);
        set_rates(rates, &group, round);
    }
    for (unsigned i = 0; i < group.contender_count - 1; i++) {
        struct contender *contender = &group.contenders[1 + i];

        longest[i / group.subjects.count]
            ->values[contender->subject->column]
                    [0] = samples_percentile_us(&contender->all, 100) / 1e3;
    }
    check_group(&group, settings);
    close_group(&group);
}
