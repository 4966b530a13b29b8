/*
 * questions.c - what is asked of a history: keys, prefixes, the state as of a
 * number, times.
 *
 * A million entries of ten thousand keys, so a key has about a hundred
 * revisions, and a prefix of three bytes about ten thousand entries.
 */
#include <stdlib.h>

#include "lookups.h"
#include "measure.h"
#include "tail.h"

#define KEYS_MAX 10000u
#define REVISIONS 100u /* of a key, about */
#define GROUPS 100u
#define KEY_QUESTIONS 1000u
#define GROUP_QUESTIONS 5u
#define TIME_QUESTIONS 10u
#define NEWEST 10u

/* What the answers must be, entry by entry. */
struct answers {
    const struct model *model;
    uint64_t filled; /* entries, of which so many have the same time: */
    uint64_t batch;
    struct tally keys[KEYS_MAX];
    struct tally groups[GROUPS];
    uint64_t *numbers;              /* of entries, those of one key together */
    uint64_t starts[KEYS_MAX + 1u]; /* where each key's begin in it */
};

/* Questions of one kind, put to every engine in turn, and what they come to. */
struct asking {
    const char *name;
    struct row *row;
    struct question *questions;
    unsigned char (*keys)[KEY_SIZE];
    size_t count;
    struct tally expected;
    bool ours; /* no other engine is asked */
    bool each; /* the figure is us a question, else entries a second */
};

/* ---- right answers ------------------------------------------------------ */

static void
sort_out(struct answers *answers, const struct model *model)
{
    uint64_t places[KEYS_MAX];

    *answers = (struct answers){.model = model,
                                .filled = answers->filled,
                                .batch = answers->batch};
    answers->numbers = bench_resize(NULL,
                                    model->count * sizeof(*answers->numbers));
    for (uint64_t n = 0; n < model->count; n++) {
        uint64_t key = workload_key_of(model->keys, n);

        answers->starts[key + 1]++;
        tally_number(&answers->keys[key], model, n);
        tally_number(&answers->groups[workload_group(key)], model, n);
    }
    for (unsigned i = 0; i < model->keys; i++)
        answers->starts[i + 1] += answers->starts[i];
    memcpy(places, answers->starts, sizeof(places));
    for (uint64_t n = 0; n < model->count; n++)
        answers->numbers[places[workload_key_of(model->keys, n)]++] = n;
}

static struct tally
newest_of_key(const struct answers *answers, uint64_t key)
{
    uint64_t end = answers->starts[key + 1];
    struct tally tally = {0};

    for (unsigned i = 0; i < NEWEST && end > answers->starts[key]; i++)
        tally_number(&tally, answers->model, answers->numbers[--end]);
    return tally;
}

static struct tally
newest_of_group(const struct answers *answers, unsigned group)
{
    struct tally tally = {0};

    for (uint64_t n = answers->model->count; n > 0 && tally.count < NEWEST; n--)
        if (workload_group(workload_key_of(answers->model->keys, n - 1)) ==
            group)
            tally_number(&tally, answers->model, n - 1);
    return tally;
}

/* Of each key its newest entry below LIMIT. */
static struct tally
latest_below(const struct answers *answers, uint64_t limit)
{
    struct tally tally = {0};

    for (unsigned key = 0; key < answers->model->keys; key++) {
        uint64_t end = answers->starts[key + 1];

        while (end > answers->starts[key] && answers->numbers[end - 1] >= limit)
            end--;
        if (end > answers->starts[key])
            tally_number(&tally, answers->model, answers->numbers[end - 1]);
    }
    return tally;
}

/* ---- putting them ------------------------------------------------------- */

static struct asking
asking_make(const char *name, size_t count)
{
    struct asking asking = {.name = name, .count = count};

    asking.questions = bench_resize(NULL, count * sizeof(*asking.questions));
    memset(asking.questions, 0, count * sizeof(*asking.questions));
    asking.keys = bench_resize(NULL, count * sizeof(*asking.keys));
    return asking;
}

static void
asking_free(struct asking *asking)
{
    free(asking->questions);
    free(asking->keys);
}

static uint64_t
time_questions(const struct asking *asking, const struct subject *subject)
{
    struct tally got = {0};
    uint64_t before = timing_now();
    uint64_t ns;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < asking->count; i++)
        rc = subject->engine->ask(subject->db, &asking->questions[i], &got);
    ns = timing_now() - before;
    subject_check(subject, asking->name, rc, &got, &asking->expected);
    return ns;
}

static void
ask_round(const struct asking *asking, const struct subjects *subjects,
          unsigned round)
{
    for (unsigned i = 0; i < subjects->count; i++) {
        const struct subject *subject = subjects_turn(subjects, i, round);
        double ns;

        if (asking->ours && subject->column != ENGINE_OURS)
            continue;
        ns = (double)time_questions(asking, subject);
        asking->row->values[subject->column][round] =
            asking->each ? ns / 1e3 / (double)asking->count
                         : (double)asking->expected.count * 1e9 / ns;
    }
}

/* ---- the kinds of questions --------------------------------------------- */

/* About random keys; NEWEST of each, or all. */
static struct asking
about_keys(const char *name, const struct answers *answers, uint64_t *random,
           unsigned newest)
{
    struct asking asking = asking_make(name, KEY_QUESTIONS);

    for (unsigned i = 0; i < KEY_QUESTIONS; i++) {
        uint64_t key = workload_random(random) % answers->model->keys;
        struct tally of_key = newest != 0 ? newest_of_key(answers, key)
                                          : answers->keys[key];

        workload_key(key, asking.keys[i]);
        asking.questions[i] = (struct question){.kind = ASK_KEY,
                                                .key = asking.keys[i],
                                                .key_size = KEY_SIZE,
                                                .newest = newest};
        tally_join(&asking.expected, &of_key);
    }
    asking.each = newest != 0;
    return asking;
}

/* About random prefixes of a hundredth of all. */
static struct asking
about_groups(const char *name, const struct answers *answers, uint64_t *random,
             enum question_kind kind, unsigned newest)
{
    size_t count = kind == ASK_SCAN ? 1 : GROUP_QUESTIONS;
    struct asking asking = asking_make(name, count);

    for (unsigned i = 0; i < count; i++) {
        unsigned group = (unsigned)(workload_random(random) % GROUPS);
        struct tally of_group = newest != 0 ? newest_of_group(answers, group)
                                            : answers->groups[group];

        workload_prefix(group, asking.keys[i]);
        asking.questions[i] = (struct question){.kind = kind,
                                                .key = asking.keys[i],
                                                .key_size = PREFIX_SIZE,
                                                .newest = newest};
        tally_join(&asking.expected, &of_group);
    }
    asking.each = newest != 0;
    return asking;
}

/* A prefix that every key has, which none but ours is asked for. */
static struct asking
about_all(const char *name, const struct answers *answers)
{
    struct asking asking = asking_make(name, 1);

    workload_prefix(0, asking.keys[0]);
    asking.questions[0] = (struct question){.kind = ASK_PREFIX,
                                            .key = asking.keys[0],
                                            .key_size = 1};
    asking.expected = model_tally(answers->model, 0, answers->model->count);
    asking.ours = true;
    return asking;
}

static struct asking
about_latest(const char *name, const struct answers *answers, uint64_t limit)
{
    struct asking asking = asking_make(name, 1);

    asking.questions[0] = (struct question){.kind = ASK_LATEST, .limit = limit};
    asking.expected = latest_below(answers, limit);
    return asking;
}

/*
 * About the times of batches: every engine has its own clock, so it gets its
 * own questions, which have the same answers.
 */
static struct asking
about_times(const char *name, const struct answers *answers,
            const struct subject *subject, uint64_t random)
{
    struct asking asking = asking_make(name, TIME_QUESTIONS);
    uint64_t batch = answers->batch;
    uint64_t batches = answers->filled / batch;

    for (unsigned i = 0; i < TIME_QUESTIONS; i++) {
        uint64_t first = workload_random(&random) % (batches - 1) * batch;
        struct question question = {.kind = ASK_TIMES};
        struct tally tally = model_tally(answers->model, first, first + batch);

        engine_check(subject->engine, "time",
                     subject->engine->time_of(subject->db, first,
                                              &question.since));
        engine_check(subject->engine, "time",
                     subject->engine->time_of(subject->db, first + batch,
                                              &question.until));
        asking.questions[i] = question;
        tally_join(&asking.expected, &tally);
    }
    return asking;
}

/* ---- the rows ----------------------------------------------------------- */

struct question_rows {
    struct row *key;
    struct row *group;
    struct row *over_scan;
    struct row *scan;
    struct row *all;
    struct row *over_replay;
    struct row *replay;
    struct row *latest;
    struct row *as_of;
    struct row *times;
    struct row *newest_of_key;
    struct row *newest_of_group;
};

static void
make_rows(struct question_rows *rows, struct report *report, unsigned rounds)
{
    rows->key = report_row(report, "/s", rounds,
                           "history of a key, 100 revisions");
    row_bar(rows->key, BAR_AT_LEAST, ENGINE_LMDB, 0.6);
    row_bar(rows->key, BAR_AT_LEAST, ENGINE_SQLITE, 3);
    rows->group = report_row(report, "/s", rounds, "prefix, 1%% of everything");
    row_bar(rows->group, BAR_AT_LEAST, ENGINE_SQLITE, 1);
    rows->scan = report_row(report, "/s", rounds,
                            "  by a scan of the caller's");
    rows->over_scan = report_row(report, "x", rounds, "  over that scan");
    row_bar(rows->over_scan, BAR_AT_LEAST, ENGINE_OURS, 1);
    rows->replay = report_row(report, "/s", rounds, "replay, for the next");
    rows->all = report_row(report, "/s", rounds, "prefix of every key");
    rows->over_replay = report_row(report, "x", rounds,
                                   "  its time over a replay's");
    row_bar(rows->over_replay, BAR_AT_MOST, ENGINE_OURS, 1.5);
    rows->latest = report_row(report, "/s", rounds, "latest of every key");
    rows->as_of = report_row(report, "/s", rounds, "  as of the middle");
    rows->times = report_row(report, "/s", rounds, "between times, 1%%");
    rows->newest_of_key = report_row(report, "us", rounds,
                                     "newest 10 of a key");
    rows->newest_of_group = report_row(report, "us", rounds,
                                       "newest 10 of a prefix, 1%%");
}

static void
ask_and_free(struct asking asking, struct row *row,
             const struct subjects *subjects, unsigned round)
{
    asking.row = row;
    ask_round(&asking, subjects, round);
    asking_free(&asking);
}

static void
ask_times(struct row *row, const struct answers *answers,
          const struct subjects *subjects, uint64_t random, unsigned round)
{
    for (unsigned i = 0; i < subjects->count; i++) {
        const struct subject *subject = subjects_turn(subjects, i, round);
        struct asking asking = about_times("times", answers, subject, random);
        double ns = (double)time_questions(&asking, subject);

        row->values[subject->column][round] = (double)asking.expected.count *
                                              1e9 / ns;
        asking_free(&asking);
    }
}

static void
time_replays(struct row *row, const struct answers *answers,
             const struct subject *subject, unsigned round)
{
    struct tally all = model_tally(answers->model, 0, answers->model->count);
    uint64_t ns = lookups_replay(subject, &all);

    row->values[ENGINE_OURS][round] = (double)all.count * 1e9 / (double)ns;
}

static void
ask_all(struct question_rows *rows, const struct answers *answers,
        const struct subjects *subjects, unsigned round)
{
    uint64_t random = workload_mix(round);
    const struct model *model = answers->model;
    double scanned;

    ask_and_free(about_keys("history", answers, &random, 0), rows->key,
                 subjects, round);
    ask_and_free(about_groups("prefix", answers, &random, ASK_PREFIX, 0),
                 rows->group, subjects, round);
    ask_and_free(about_groups("scan", answers, &random, ASK_SCAN, 0),
                 rows->scan, subjects, round);
    scanned = rows->scan->values[ENGINE_OURS][round];
    rows->over_scan
        ->values[ENGINE_OURS][round] = rows->group->values[ENGINE_OURS][round] /
                                       scanned;
    time_replays(rows->replay, answers, subjects_find(subjects, ENGINE_OURS),
                 round);
    ask_and_free(about_all("prefix of every key", answers), rows->all, subjects,
                 round);
    rows->over_replay->values[ENGINE_OURS][round] =
        rows->replay->values[ENGINE_OURS][round] /
        rows->all->values[ENGINE_OURS][round];
    ask_and_free(about_latest("latest", answers, UINT64_MAX), rows->latest,
                 subjects, round);
    ask_and_free(about_latest("latest as of", answers, model->count / 2),
                 rows->as_of, subjects, round);
    ask_times(rows->times, answers, subjects, random, round);
    ask_and_free(about_keys("newest of a key", answers, &random, NEWEST),
                 rows->newest_of_key, subjects, round);
    ask_and_free(about_groups("newest of a prefix", answers, &random,
                              ASK_PREFIX, NEWEST),
                 rows->newest_of_group, subjects, round);
}

/* What is asked again when there is a tail, which changes the answers. */
struct tail_rows {
    struct row *key;
    struct row *group;
    struct row *tail;
};

static void
make_tail_rows(struct tail_rows *rows, struct report *report, unsigned rounds)
{
    rows->key = report_row(report, "/s", rounds,
                           "history of a key, with a tail");
    rows->group = report_row(report, "/s", rounds, "prefix, with a tail");
    rows->tail = tail_row(report, rounds);
}

static void
ask_with_tail(const struct tail_rows *rows, struct answers *answers,
              struct model *model, const struct subjects *subjects,
              unsigned count, unsigned round)
{
    uint64_t random = workload_mix(round);

    tail_add(subjects, model, count);
    tail_note(rows->tail, subjects, round);
    free(answers->numbers);
    sort_out(answers, model);
    ask_and_free(about_keys("history", answers, &random, 0), rows->key,
                 subjects, round);
    ask_and_free(about_groups("prefix", answers, &random, ASK_PREFIX, 0),
                 rows->group, subjects, round);
    tail_end(subjects);
}

/* After an open maps and caches are empty, which is not what is measured. */
static void
warm_up(const struct answers *answers, const struct subjects *subjects)
{
    struct row nowhere = {0};
    uint64_t random = workload_mix(ROUNDS_MAX);

    ask_and_free(about_keys("history", answers, &random, 0), &nowhere, subjects,
                 0);
    ask_and_free(about_groups("prefix", answers, &random, ASK_PREFIX, 0),
                 &nowhere, subjects, 0);
}

void
measure_questions(struct report *report, const struct settings *settings)
{
    struct answers *answers = bench_resize(NULL, sizeof(*answers));
    struct subjects subjects = subjects_make(settings, "questions",
                                             ENGINE_HISTORY | ENGINE_TIMES);
    struct question_rows rows;
    struct tail_rows tailed;
    struct model model;

    uint64_t keys = settings->entries / REVISIONS;

    if (keys > KEYS_MAX)
        bench_fail("more keys than KEYS_MAX");
    make_rows(&rows, report, settings->rounds);
    make_tail_rows(&tailed, report, settings->rounds);
    model_make(&model, keys, settings->entries, settings->value_size);
    answers->filled = settings->entries;
    answers->batch = settings->entries / GROUPS;
    sort_out(answers, &model);
    for (unsigned i = 0; i < subjects.count; i++)
        subject_fill(subjects.list[i], keys, settings->entries, answers->batch);
    for (unsigned round = 0; round < settings->rounds; round++) {
        bench_progress("questions", round, settings->rounds);
        warm_up(answers, &subjects);
        ask_all(&rows, answers, &subjects, round);
        ask_with_tail(&tailed, answers, &model, &subjects, settings->tailed,
                      round);
    }
    tail_over(report, "history, over that without", tailed.key, rows.key);
    tail_over(report, "prefix, over that without", tailed.group, rows.group);
    subjects_free(&subjects);
    model_free(&model);
    free(answers->numbers);
    free(answers);
}
