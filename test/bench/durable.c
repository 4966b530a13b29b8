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

#define THREADS_MAX 16u

/* The disk alone, and every engine in two ways. */
#define CONTENDERS (1u + 2u * ENGINE_COUNT)

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
    if (contender->batch == 1)
        rc = subject->engine->append(subject->db, items);
    else
        rc = subject->engine->append_batch(subject->db, items,
                                           contender->batch);
    *ns = timing_now() - before;
    for (size_t i = 0; rc == 0 && i < contender->batch; i++)
        tally_add(tally, items[i].key, KEY_SIZE, items[i].value, VALUE_SIZE);
    return rc;
}

static void
run_alone(struct contender *contender, uint64_t slice_ns)
{
    struct item *items = bench_resize(NULL, contender->batch * sizeof(*items));
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
    struct item item;
    uint64_t ns;

    pthread_barrier_wait(worker->start);
    do
        worker->result = append_once(worker->contender, &item, &worker->random,
                                     &worker->acknowledged, &ns);
    while (worker->result == 0 && timing_now() < *worker->deadline);
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
run_control(struct contender *contender, uint64_t slice_ns)
{
    uint64_t spent = 0;

    while (spent < slice_ns) {
        uint64_t before = timing_now();
        uint64_t ns;

        control_write(contender->control);
        ns = timing_now() - before;
        samples_add(&contender->round, ns);
        spent += ns;
    }
}

static void
run_slice(struct contender *contender, uint64_t slice_ns)
{
    /* The control need not be as exact as what it stands beside. */
    if (contender->subject == NULL)
        run_control(contender, slice_ns / 2);
    else if (contender->threads == 1)
        run_alone(contender, slice_ns);
    else
        run_threads(contender, slice_ns);
}

/* ---- a group of contenders ---------------------------------------------- */

/* One way in which every engine appends, and where its figures are. */
struct way {
    unsigned threads;
    size_t batch;
};

struct group {
    const char *name;
    struct way ways[2];
    struct control control;
    struct subject subjects[ENGINE_COUNT];
    struct contender contenders[CONTENDERS];
};

static struct contender *
contender_of(struct group *group, unsigned way, unsigned engine)
{
    return &group->contenders[1 + way * ENGINE_COUNT + engine];
}

/* Every key is there from the start, so that the index keeps its size. */
static void
open_group(struct group *group, const struct settings *settings)
{
    subjects_make(group->subjects, settings, group->name);
    for (unsigned i = 0; i < ENGINE_COUNT; i++)
        subject_fill(&group->subjects[i], 0, settings->keys, settings->keys,
                     FILL_BATCH);
    control_open(&group->control, settings);
    group->contenders[0].control = &group->control;
    for (unsigned way = 0; way < 2; way++) {
        for (unsigned i = 0; i < ENGINE_COUNT; i++) {
            struct contender *contender = contender_of(group, way, i);

            contender->subject = &group->subjects[i];
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
    for (unsigned i = 0; i < CONTENDERS; i++) {
        samples_clear(&group->contenders[i].round);
        group->contenders[i].appended = 0;
        group->contenders[i].ns = 0;
    }
    for (unsigned slice = 0; slice < settings->slices; slice++) {
        bench_progress(group->name, round * settings->slices + slice,
                       settings->rounds * settings->slices);
        for (unsigned i = 0; i < CONTENDERS; i++) {
            unsigned turn = turn_of(i, round * settings->slices + slice,
                                    CONTENDERS);

            run_slice(&group->contenders[turn], settings->slice_ns);
        }
    }
}

/* All that was acknowledged, and nothing else, must be there. */
static void
check_group(struct group *group, const struct settings *settings)
{
    struct model model;
    struct tally filled;

    model_make(&model, settings->keys, settings->keys);
    filled = model_tally(&model, 0, settings->keys);
    model_free(&model);
    for (unsigned i = 0; i < ENGINE_COUNT; i++) {
        struct subject *subject = &group->subjects[i];
        struct tally expected = filled;
        struct tally got = {0};

        for (unsigned way = 0; way < 2; way++)
            tally_join(&expected, &contender_of(group, way, i)->acknowledged);
        /* As the next process would find it. */
        subject_close(subject);
        subject_open(subject, 0);
        engine_check(subject->engine, "replay of what was appended",
                     subject->engine->replay(subject->db, &got));
        tally_check(&got, &expected, subject->engine->name, group->name);
    }
}

static void
close_group(struct group *group)
{
    for (unsigned i = 0; i < CONTENDERS; i++) {
        samples_free(&group->contenders[i].round);
        samples_free(&group->contenders[i].all);
    }
    subjects_free(group->subjects);
    control_close(&group->control);
}

static double
rate_of(const struct contender *contender)
{
    return (double)contender->appended * 1e9 / (double)contender->ns;
}

/* ---- the two groups ----------------------------------------------------- */

/* Rows of single appends; the longest is of all rounds together. */
struct append_rows {
    struct row *one;
    struct row *p50;
    struct row *p99;
    struct row *longest;
    struct row *control;
    struct row *sixteen;
    struct row *speedup;
    struct note *note;
};

static void
make_append_rows(struct append_rows *rows, struct report *report,
                 unsigned rounds)
{
    rows->one = report_row(report, "/s", rounds, "durable append, 1 thread");
    rows->p50 = report_row(report, "us", rounds, "  p50");
    rows->p99 = report_row(report, "us", rounds, "  p99");
    rows->longest = report_row(report, "us", 1, "  longest");
    rows->control = report_row(report, "x", rounds,
                               "  p50 over the disk's alone");
    rows->sixteen = report_row(report, "/s", rounds,
                               "durable append, 16 threads");
    rows->speedup = report_row(report, "x", rounds, "  over that of 1 thread");
    row_bar(rows->speedup, BAR_AT_LEAST, ENGINE_OURS, 6);
    rows->note = report_note(report, "single appends");
}

static void
set_append_rows(struct append_rows *rows, struct group *group, unsigned round)
{
    double disk = samples_percentile_us(&group->contenders[0].round, 50);

    rows->note->p50_us[round] = disk;
    rows->note->rounds = round + 1;
    for (unsigned i = 0; i < ENGINE_COUNT; i++) {
        struct contender *one = contender_of(group, 0, i);
        struct contender *sixteen = contender_of(group, 1, i);
        double p50 = samples_percentile_us(&one->round, 50);

        rows->one->values[i][round] = rate_of(one);
        rows->p50->values[i][round] = p50;
        rows->p99->values[i][round] = samples_percentile_us(&one->round, 99);
        rows->longest->values[i][0] = samples_percentile_us(&one->all, 100);
        rows->control->values[i][round] = p50 / disk;
        rows->sixteen->values[i][round] = rate_of(sixteen);
        rows->speedup->values[i][round] = rate_of(sixteen) / rate_of(one);
    }
}

void
measure_appends(struct report *report, const struct settings *settings)
{
    struct group group = {.name = "appends", .ways = {{1, 1}, {16, 1}}};
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

void
measure_batches(struct report *report, const struct settings *settings)
{
    struct group group = {.name = "batches", .ways = {{1, 100}, {1, 1000}}};
    struct note *note = report_note(report, "batches");
    struct row *rows[2];

    rows[0] = report_row(report, "/s", settings->rounds,
                         "durable batches of 100");
    rows[1] = report_row(report, "/s", settings->rounds,
                         "durable batches of 1000");
    row_bar(rows[1], BAR_AT_LEAST, ENGINE_LMDB, 0.9);
    open_group(&group, settings);
    for (unsigned round = 0; round < settings->rounds; round++) {
        run_round(&group, settings, round);
        note->p50_us[round] = samples_percentile_us(&group.contenders[0].round,
                                                    50);
        note->rounds = round + 1;
        for (unsigned way = 0; way < 2; way++) {
            for (unsigned i = 0; i < ENGINE_COUNT; i++)
                rows[way]->values[i][round] = rate_of(
                    contender_of(&group, way, i));
        }
    }
    check_group(&group, settings);
    close_group(&group);
}
