/* reading.c - look-ups, replays, and look-ups of the past. */
#include <stdlib.h>

#include "measure.h"
#include "tail.h"

#define LOOKUPS 20000u
#define SLICES 5u
#define AS_OF_LOOKUPS 10000u

/* ---- look-ups by key and by number -------------------------------------- */

/* What to ask for, drawn before the clock runs. */
struct questions {
    unsigned char keys[LOOKUPS][KEY_SIZE];
    uint64_t numbers[LOOKUPS];
    struct tally by_key;    /* of the answers */
    struct tally by_number; /* likewise */
};

static void
draw_questions(struct questions *questions, const struct model *model,
               uint64_t *random)
{
    questions->by_key = (struct tally){0};
    questions->by_number = (struct tally){0};
    for (unsigned i = 0; i < LOOKUPS; i++) {
        uint64_t key = workload_random(random) % model->keys;
        uint64_t number = workload_random(random) % model->count;

        workload_key(key, questions->keys[i]);
        questions->numbers[i] = number;
        tally_number(&questions->by_key, model, model->latest[key]);
        tally_number(&questions->by_number, model, number);
    }
}

static uint64_t
time_gets(const struct subject *subject, const struct questions *questions)
{
    struct tally got = {0};
    uint64_t before = timing_now();
    uint64_t ns;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < LOOKUPS; i++)
        rc = subject->engine->get(subject->db, questions->keys[i], &got);
    ns = timing_now() - before;
    engine_check(subject->engine, "get", rc);
    tally_check(&got, &questions->by_key, subject->engine->name, "get");
    return ns;
}

static uint64_t
time_reads(const struct subject *subject, const struct questions *questions)
{
    struct tally got = {0};
    uint64_t before = timing_now();
    uint64_t ns;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < LOOKUPS; i++)
        rc = subject->engine->read(subject->db, questions->numbers[i], &got);
    ns = timing_now() - before;
    engine_check(subject->engine, "read", rc);
    tally_check(&got, &questions->by_number, subject->engine->name, "read");
    return ns;
}

static uint64_t
time_replay(const struct subject *subject, const struct tally *expected)
{
    struct tally got = {0};
    uint64_t before = timing_now();
    int rc = subject->engine->replay(subject->db, &got);
    uint64_t ns = timing_now() - before;

    engine_check(subject->engine, "replay", rc);
    tally_check(&got, expected, subject->engine->name, "replay");
    return ns;
}

/* Means in microseconds of a round of look-ups, half of them by number. */
static void
look_up(const struct subjects *subjects, const struct model *model,
        unsigned round, struct row *gets, struct row *reads)
{
    struct questions *questions = bench_resize(NULL, sizeof(*questions));
    uint64_t random = workload_mix(round);
    uint64_t get_ns[ENGINES] = {0};
    uint64_t read_ns[ENGINES] = {0};

    for (unsigned slice = 0; slice < SLICES; slice++) {
        draw_questions(questions, model, &random);
        for (unsigned i = 0; i < subjects->count; i++) {
            struct subject *subject = subjects_turn(subjects, i,
                                                    round * SLICES + slice);

            get_ns[subject->column] += time_gets(subject, questions);
            read_ns[subject->column] += time_reads(subject, questions);
        }
    }
    for (unsigned i = 0; i < subjects->count; i++) {
        unsigned column = subjects->list[i]->column;

        gets->values[column][round] = (double)get_ns[column] / 1e3 /
                                      (SLICES * LOOKUPS);
        reads->values[column][round] = (double)read_ns[column] / 1e3 /
                                       (SLICES * LOOKUPS);
    }
    free(questions);
}

/* ---- both, and replays, with a tail and without ------------------------- */

struct read_rows {
    struct row *gets;
    struct row *reads;
    struct row *replays;
};

static struct read_rows
make_read_rows(struct report *report, unsigned rounds, const char *with)
{
    struct read_rows rows;

    rows.gets = report_row(report, "us", rounds, "get, latest by key%s", with);
    rows.reads = report_row(report, "us", rounds, "read by number%s", with);
    rows.replays = report_row(report, "/s", rounds, "replay of everything%s",
                              with);
    row_bar(rows.gets, BAR_AT_MOST, ENGINE_LMDB, 1.7);
    row_bar(rows.replays, BAR_AT_LEAST, ENGINE_LMDB, 0.4);
    return rows;
}

static void
read_round(const struct read_rows *rows, const struct subjects *subjects,
           const struct model *model, unsigned round)
{
    struct tally all = model_tally(model, 0, model->count);

    /* Once without a clock: what is measured is memory, not the disk. */
    for (unsigned i = 0; i < subjects->count; i++)
        time_replay(subjects->list[i], &all);
    look_up(subjects, model, round, rows->gets, rows->reads);
    for (unsigned i = 0; i < subjects->count; i++) {
        struct subject *subject = subjects_turn(subjects, i, round);
        uint64_t ns = time_replay(subject, &all);

        rows->replays->values[subject->column][round] = (double)model->count *
                                                        1e9 / (double)ns;
    }
}

void
measure_reads(struct report *report, const struct settings *settings,
              const struct subjects *subjects, struct model *model)
{
    struct read_rows drained = make_read_rows(report, settings->rounds, "");
    struct read_rows tailed = make_read_rows(report, settings->rounds,
                                             ", with a tail");
    struct row *tail = tail_row(report, settings->rounds);

    for (unsigned round = 0; round < settings->rounds; round++) {
        bench_progress("reads", round, settings->rounds);
        read_round(&drained, subjects, model, round);
        tail_add(subjects, model);
        tail_note(tail, subjects, round);
        read_round(&tailed, subjects, model, round);
        tail_end(subjects);
    }
    tail_over(report, "get, over that without", tailed.gets, drained.gets);
    tail_over(report, "read, over that without", tailed.reads, drained.reads);
    tail_over(report, "replay, over that without", tailed.replays,
              drained.replays);
}

/* ---- the past of one key ------------------------------------------------ */

/* The mean in microseconds; SAMPLES get the time of each look-up. */
static double
time_as_of(const struct subject *subject, uint64_t random,
           const struct model *model, struct samples *samples)
{
    unsigned char key[KEY_SIZE];
    struct tally expected = {0};
    struct tally got = {0};
    uint64_t spent = 0;

    workload_key(0, key);
    samples_clear(samples);
    for (unsigned i = 0; i < AS_OF_LOOKUPS; i++) {
        uint64_t limit = 1 + workload_random(&random) % model->count;
        uint64_t before = timing_now();
        int rc = subject->engine->get_at(subject->db, key, limit, &got);
        uint64_t ns = timing_now() - before;

        engine_check(subject->engine, "get_at", rc);
        tally_number(&expected, model, limit - 1);
        samples_add(samples, ns);
        spent += ns;
    }
    tally_check(&got, &expected, subject->engine->name, "get_at");
    return (double)spent / 1e3 / AS_OF_LOOKUPS;
}

static void
as_of_round(const struct subjects *subjects, const struct model *model,
            unsigned round, struct row *mean, struct row *p99)
{
    uint64_t random = (round + 1) * UINT64_C(1000000);
    struct samples samples = {0};

    for (unsigned i = 0; i < subjects->count; i++) {
        struct subject *subject = subjects_turn(subjects, i, round);

        /* Other questions first: all find the caches full of their own. */
        time_as_of(subject, random + 500000, model, &samples);
        mean->values[subject->column][round] = time_as_of(subject, random,
                                                          model, &samples);
        p99->values[subject->column][round] = samples_percentile_us(&samples,
                                                                    99);
    }
    samples_free(&samples);
}

void
measure_history(struct report *report, const struct settings *settings)
{
    unsigned rounds = settings->rounds;
    struct row *mean = report_row(report, "us", rounds, "get_at, %uk revisions",
                                  (unsigned)(settings->revisions / 1000));
    struct row *p99 = report_row(report, "us", rounds, "  p99");
    struct row *tailed = report_row(report, "us", rounds,
                                    "get_at, with a tail");
    struct row *tailed_p99 = report_row(report, "us", rounds, "  p99");
    struct row *tail = tail_row(report, rounds);
    struct subjects subjects = subjects_make(settings, "history",
                                             ENGINE_HISTORY);
    struct model model;

    row_bar(mean, BAR_AT_MOST, ENGINE_OURS, 30);
    model_make(&model, 1, settings->revisions, settings->value_size);
    for (unsigned i = 0; i < subjects.count; i++)
        subject_fill(subjects.list[i], 1, settings->revisions, FILL_BATCH);
    for (unsigned round = 0; round < rounds; round++) {
        bench_progress("get_at", round, rounds);
        as_of_round(&subjects, &model, round, mean, p99);
        tail_add(&subjects, &model);
        tail_note(tail, &subjects, round);
        as_of_round(&subjects, &model, round, tailed, tailed_p99);
        tail_end(&subjects);
    }
    tail_over(report, "  over that without", tailed, mean);
    model_free(&model);
    subjects_free(&subjects);
}
