/* lookups.c - draws what to look for, looks for it, and checks the answers. */
#include "lookups.h"

#include <math.h>
#include <stdlib.h>

#include "bench.h"
#include "timing.h"

#define ZIPF_EXPONENT 0.99

/* ---- what to ask for ---------------------------------------------------- */

/*
 * Ranks by Zipf's law as in Gray et al., "Quickly generating billion-record
 * synthetic databases" (SIGMOD 1994).
 */
struct zipf {
    uint64_t count;
    double zeta; /* of COUNT */
    double alpha;
    double eta;
};

static struct zipf
zipf_make(uint64_t count)
{
    struct zipf zipf = {.count = count, .alpha = 1 / (1 - ZIPF_EXPONENT)};
    double of_two = 1 + pow(0.5, ZIPF_EXPONENT);

    for (uint64_t i = 1; i <= count; i++)
        zipf.zeta += pow(1 / (double)i, ZIPF_EXPONENT);
    zipf.eta = (1 - pow(2 / (double)count, 1 - ZIPF_EXPONENT)) /
               (1 - of_two / zipf.zeta);
    return zipf;
}

/* From 0 on, which is the most frequent. */
static uint64_t
zipf_draw(const struct zipf *zipf, uint64_t *random)
{
    double part = (double)(workload_random(random) >> 11) / 9007199254740992.0;
    double along = part * zipf->zeta;
    uint64_t rank;

    if (along < 1)
        return 0;
    if (along < 1 + pow(0.5, ZIPF_EXPONENT))
        return 1;
    rank = (uint64_t)((double)zipf->count *
                      pow(zipf->eta * part - zipf->eta + 1, zipf->alpha));
    return rank < zipf->count ? rank : zipf->count - 1;
}

/* Drawn before the clock runs. */
struct questions {
    unsigned count;
    unsigned char (*keys)[KEY_SIZE];
    uint64_t *numbers;
    struct tally by_key;    /* of the answers */
    struct tally by_number; /* likewise */
};

struct source {
    enum draw draw;
    struct zipf keys;
    struct zipf numbers;
    uint64_t random;
};

static void
draw_one(struct source *source, const struct model *model, uint64_t *key,
         uint64_t *number)
{
    if (source->draw == DRAW_UNIFORM) {
        *key = workload_random(&source->random) % model->keys;
        *number = workload_random(&source->random) % model->count;
        return;
    }
    *key = zipf_draw(&source->keys, &source->random);
    *number = workload_mix(zipf_draw(&source->numbers, &source->random)) %
              model->count;
}

static void
draw_all(struct questions *questions, const struct model *model,
         struct source *source)
{
    questions->by_key = (struct tally){0};
    questions->by_number = (struct tally){0};
    for (unsigned i = 0; i < questions->count; i++) {
        uint64_t key, number;

        draw_one(source, model, &key, &number);
        workload_key(key, questions->keys[i]);
        questions->numbers[i] = number;
        tally_number(&questions->by_key, model, model->latest[key]);
        tally_number(&questions->by_number, model, number);
    }
}

/* ---- asking ------------------------------------------------------------- */

static uint64_t
time_gets(const struct subject *subject, const struct questions *questions)
{
    struct tally got = {0};
    uint64_t before = timing_now();
    uint64_t ns;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < questions->count; i++)
        rc = subject->engine->get(subject->db, questions->keys[i], &got);
    ns = timing_now() - before;
    subject_check(subject, "get", rc, &got, &questions->by_key);
    return ns;
}

static uint64_t
time_reads(const struct subject *subject, const struct questions *questions)
{
    struct tally got = {0};
    uint64_t before = timing_now();
    uint64_t ns;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < questions->count; i++)
        rc = subject->engine->read(subject->db, questions->numbers[i], &got);
    ns = timing_now() - before;
    subject_check(subject, "read", rc, &got, &questions->by_number);
    return ns;
}

uint64_t
lookups_replay(const struct subject *subject, const struct tally *expected)
{
    struct tally got = {0};
    uint64_t before = timing_now();
    int rc = subject->engine->replay(subject->db, &got);
    uint64_t ns = timing_now() - before;

    subject_check(subject, "replay", rc, &got, expected);
    return ns;
}

static struct source
source_make(const struct model *model, enum draw draw, unsigned round)
{
    struct source source = {.draw = draw, .random = workload_mix(round)};

    if (draw == DRAW_ZIPF) {
        source.keys = zipf_make(model->keys);
        source.numbers = zipf_make(model->count);
    }
    return source;
}

struct lookup_times
lookups_round(const struct subjects *subjects, const struct model *model,
              enum draw draw, unsigned count, unsigned round)
{
    struct questions questions = {.count = count};
    struct source source = source_make(model, draw, round);
    struct lookup_times times = {0};

    questions.keys = bench_resize(NULL, count * sizeof(*questions.keys));
    questions.numbers = bench_resize(NULL, count * sizeof(*questions.numbers));
    for (unsigned slice = 0; slice < LOOKUP_SLICES; slice++) {
        draw_all(&questions, model, &source);
        for (unsigned i = 0; i < subjects->count; i++) {
            struct subject *subject = subjects_turn(subjects, i,
                                                    round * LOOKUP_SLICES +
                                                        slice);
            double share = 1e3 * LOOKUP_SLICES * count;

            times.gets[subject->column] += (double)time_gets(subject,
                                                             &questions) /
                                           share;
            times.reads[subject->column] += (double)time_reads(subject,
                                                               &questions) /
                                            share;
        }
    }
    free(questions.keys);
    free(questions.numbers);
    return times;
}
