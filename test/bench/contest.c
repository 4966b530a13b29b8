/* contest.c - contenders, their slices, and what they have acknowledged. */
#include "contest.h"

#include <pthread.h>
#include <stdlib.h>

#include "bench.h"

#define THREADS_MAX 64u

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

    for (size_t i = 0; i < contender->way.batch; i++)
        workload_draw(contender->keys, random, &items[i]);
    before = timing_now();
    rc = subject_add(subject, items, contender->way.batch);
    *ns = timing_now() - before;
    for (size_t i = 0; rc == 0 && i < contender->way.batch; i++)
        tally_item(tally, &items[i], false);
    return rc;
}

static void
run_alone(struct contender *contender, uint64_t slice_ns)
{
    struct item *items = workload_items(contender->way.batch,
                                        contender->subject->value_size);
    uint64_t spent = 0;

    while (spent < slice_ns) {
        uint64_t ns;

        engine_check(contender->subject->engine, "append",
                     append_once(contender, items, &contender->random,
                                 &contender->acknowledged, &ns));
        samples_add(&contender->round, ns);
        samples_add(&contender->all, ns);
        contender->appended += contender->way.batch;
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
    struct item *items = workload_items(contender->way.batch,
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

    pthread_barrier_init(&start, NULL, contender->way.threads + 1);
    for (unsigned i = 0; i < contender->way.threads; i++) {
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
    for (unsigned i = 0; i < contender->way.threads; i++)
        pthread_join(workers[i].thread, NULL);
    contender->ns += timing_now() - begun;
    for (unsigned i = 0; i < contender->way.threads; i++) {
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
    else if (contender->way.threads == 1)
        run_alone(contender, slice_ns);
    else
        run_threads(contender, slice_ns);
}

/* ---- all of them -------------------------------------------------------- */

struct contender *
contest_of(struct contest *contest, unsigned way, unsigned subject)
{
    return &contest->contenders[1 + way * contest->subjects.count + subject];
}

/* Large values are not worth gigabytes of entries to begin with. */
static uint64_t
keys_for(const struct settings *settings, size_t value_size)
{
    uint64_t most = 1 + settings->bytes_max / 2 / value_size;

    return settings->keys < most ? settings->keys : most;
}

static void
make_contender(struct contest *contest, unsigned way, unsigned i)
{
    struct contender *contender = contest_of(contest, way, i);

    contender->subject = contest->subjects.list[i];
    contender->way = contest->ways[way];
    contender->keys = contest->keys;
    /* Engines get the same rows of entries. */
    contender->random = workload_mix(way + 1);
}

void
contest_open(struct contest *contest, const struct settings *settings)
{
    if (contest->value_size == 0)
        contest->value_size = settings->value_size;
    contest->keys = keys_for(settings, contest->value_size);
    contest->subjects = subjects_make(settings, contest->name, contest->flags);
    contest->contender_count = 1 + contest->way_count * contest->subjects.count;
    for (unsigned i = 0; i < contest->subjects.count; i++) {
        contest->subjects.list[i]->value_size = contest->value_size;
        subject_fill(contest->subjects.list[i], contest->keys, contest->keys,
                     FILL_BATCH);
    }
    control_open(&contest->control, settings);
    contest->contenders[0].control = &contest->control;
    for (unsigned way = 0; way < contest->way_count; way++) {
        for (unsigned i = 0; i < contest->subjects.count; i++)
            make_contender(contest, way, i);
    }
}

static void
run_step(struct contest *contest, const struct settings *settings,
         unsigned step)
{
    for (unsigned i = 0; i < contest->contender_count; i++) {
        unsigned turn = turn_of(i, step, contest->contender_count);

        run_slice(&contest->contenders[turn], contest->slice_ns);
        /* What one leaves to be written must not be the next one's. */
        if ((contest->flags & ENGINE_RELAXED) != 0)
            bench_sync(settings);
    }
}

void
contest_round(struct contest *contest, const struct settings *settings,
              unsigned round)
{
    for (unsigned i = 0; i < contest->contender_count; i++) {
        samples_clear(&contest->contenders[i].round);
        contest->contenders[i].appended = 0;
        contest->contenders[i].ns = 0;
    }
    for (unsigned slice = 0; slice < contest->slices; slice++) {
        unsigned step = round * contest->slices + slice;

        bench_progress(contest->name, step, settings->rounds * contest->slices);
        control_rest(&contest->control, settings);
        run_step(contest, settings, step);
    }
}

void
contest_check(struct contest *contest)
{
    struct tally filled = workload_tally(contest->keys, 0, contest->keys,
                                         contest->value_size);

    for (unsigned i = 0; i < contest->subjects.count; i++) {
        struct subject *subject = contest->subjects.list[i];
        struct tally expected = filled;

        for (unsigned way = 0; way < contest->way_count; way++)
            tally_join(&expected, &contest_of(contest, way, i)->acknowledged);
        /* As the next process would find it. */
        subject_close(subject);
        subject_open(subject);
        subject_check_all(subject, contest->name, &expected);
    }
}

void
contest_close(struct contest *contest)
{
    for (unsigned i = 0; i < contest->contender_count; i++) {
        samples_free(&contest->contenders[i].round);
        samples_free(&contest->contenders[i].all);
    }
    subjects_free(&contest->subjects);
    control_close(&contest->control);
}

double
contender_rate(const struct contender *contender)
{
    return (double)contender->appended * 1e9 / (double)contender->ns;
}

void
contest_rates(struct contest *contest, unsigned way, struct row *row,
              unsigned round)
{
    for (unsigned i = 0; i < contest->subjects.count; i++)
        row->values[contest->subjects.list[i]->column][round] = contender_rate(
            contest_of(contest, way, i));
}
