/*
 * past.c - the newest entry of a key below a number.
 *
 * Of one key with very many revisions, with a tail and without; and of many
 * keys with about a hundred each.
 */
#include <stdlib.h>

#include "measure.h"
#include "tail.h"

#define REVISIONS 100u

/* Entries with the one of the same key before each, UINT64_MAX: none. */
struct past {
    struct model model;
    uint64_t *before;
};

static void
past_make(struct past *past, uint64_t keys, uint64_t entries, size_t value_size)
{
    uint64_t *newest = bench_resize(NULL, keys * sizeof(*newest));

    model_make(&past->model, keys, entries, value_size);
    past->before = bench_resize(NULL, entries * sizeof(*past->before));
    memset(newest, 0xff, keys * sizeof(*newest));
    for (uint64_t n = 0; n < entries; n++) {
        uint64_t key = workload_key_of(keys, n);

        past->before[n] = newest[key];
        newest[key] = n;
    }
    free(newest);
}

static void
past_free(struct past *past)
{
    free(past->before);
    model_free(&past->model);
}

/* UINT64_MAX: the key has none.  A single key has every number. */
static uint64_t
newest_below(const struct past *past, uint64_t key, uint64_t limit)
{
    uint64_t n = past->model.latest[key];

    if (past->model.keys == 1)
        return limit - 1;
    while (n != UINT64_MAX && n >= limit)
        n = past->before[n];
    return n;
}

/* The mean in microseconds; SAMPLES get the time of each look-up. */
static double
time_as_of(const struct subject *subject, uint64_t random,
           const struct past *past, unsigned count, struct samples *samples)
{
    const struct model *model = &past->model;
    struct tally expected = {0}, got = {0};
    unsigned char key[KEY_SIZE];
    uint64_t spent = 0;

    samples_clear(samples);
    for (unsigned i = 0; i < count; i++) {
        uint64_t index = workload_random(&random) % model->keys;
        uint64_t limit = 1 + workload_random(&random) % model->count;
        uint64_t number = newest_below(past, index, limit);
        uint64_t before, ns;
        int rc;

        workload_key(index, key);
        before = timing_now();
        rc = subject->engine->get_at(subject->db, key, limit, &got);
        ns = timing_now() - before;
        engine_check(subject->engine, "get_at", rc);
        if (number != UINT64_MAX)
            tally_number(&expected, model, number);
        samples_add(samples, ns);
        spent += ns;
    }
    tally_check(&got, &expected, subject->engine->name, "get_at");
    return (double)spent / 1e3 / count;
}

static void
as_of_round(const struct subjects *subjects, const struct past *past,
            unsigned count, unsigned round, struct row *mean, struct row *p99)
{
    uint64_t random = (round + 1) * UINT64_C(1000000);
    struct samples samples = {0};

    for (unsigned i = 0; i < subjects->count; i++) {
        struct subject *subject = subjects_turn(subjects, i, round);

        /* Other questions first: all find the caches full of their own. */
        time_as_of(subject, random + 500000, past, count, &samples);
        mean->values[subject->column][round] = time_as_of(subject, random, past,
                                                          count, &samples);
        p99->values[subject->column][round] = samples_percentile_us(&samples,
                                                                    99);
    }
    samples_free(&samples);
}

static void
measure_many_keys(struct report *report, const struct settings *settings)
{
    unsigned rounds = settings->rounds;
    struct row *mean = report_row(report, "us", rounds,
                                  "get_at, %u revisions a key", REVISIONS);
    struct row *p99 = report_row(report, "us", rounds, "  p99");
    struct subjects subjects = subjects_make(settings, "pasts", ENGINE_HISTORY);
    uint64_t keys = settings->entries / REVISIONS;
    struct past past;

    row_bar(mean, BAR_AT_MOST, ENGINE_LMDB, 2.5);
    past_make(&past, keys, settings->entries, settings->value_size);
    for (unsigned i = 0; i < subjects.count; i++)
        subject_fill(subjects.list[i], keys, settings->entries, FILL_BATCH);
    for (unsigned round = 0; round < rounds; round++) {
        bench_progress("get_at of many keys", round, rounds);
        as_of_round(&subjects, &past, settings->lookups / 2, round, mean, p99);
    }
    past_free(&past);
    subjects_free(&subjects);
}

static void
measure_one_key(struct report *report, const struct settings *settings)
{
    unsigned rounds = settings->rounds, count = settings->lookups / 2;
    struct row *mean = report_row(report, "us", rounds, "get_at, %uk revisions",
                                  (unsigned)(settings->revisions / 1000));
    struct row *p99 = report_row(report, "us", rounds, "  p99");
    struct row *tailed = report_row(report, "us", rounds,
                                    "get_at, with a tail");
    struct row *tailed_p99 = report_row(report, "us", rounds, "  p99");
    struct row *tail = tail_row(report, rounds);
    struct subjects subjects = subjects_make(settings, "history",
                                             ENGINE_HISTORY);
    struct past past = {0};

    row_bar(mean, BAR_AT_MOST, ENGINE_OURS, 30);
    model_make(&past.model, 1, settings->revisions, settings->value_size);
    for (unsigned i = 0; i < subjects.count; i++)
        subject_fill(subjects.list[i], 1, settings->revisions, FILL_BATCH);
    for (unsigned round = 0; round < rounds; round++) {
        bench_progress("get_at", round, rounds);
        as_of_round(&subjects, &past, count, round, mean, p99);
        tail_add(&subjects, &past.model, settings->tailed);
        tail_note(tail, &subjects, round);
        as_of_round(&subjects, &past, count, round, tailed, tailed_p99);
        tail_end(&subjects);
    }
    tail_over(report, "  over that without", tailed, mean);
    past_free(&past);
    subjects_free(&subjects);
}

void
measure_history(struct report *report, const struct settings *settings)
{
    measure_one_key(report, settings);
    measure_many_keys(report, settings);
}
