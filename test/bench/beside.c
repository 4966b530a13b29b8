/*
 * beside.c - look-ups while somebody appends, relaxed, as fast as he can.
 *
 * A reader cannot know which entry is its key's latest, so what is checked of
 * an answer is that there is one, of the right size; of appends everything.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "measure.h"

#define READERS_MAX 4u
#define BLOCK 64u /* look-ups between two looks at the clock */

static const unsigned counts[] = {1, READERS_MAX};

#define COUNTS (sizeof(counts) / sizeof(counts[0]))

struct run {
    struct subject *subject;
    uint64_t keys;
    atomic_bool stop;
};

/* Who looks up, or who appends. */
struct actor {
    pthread_t thread;
    struct run *run;
    struct engine_db *db;
    uint64_t random;
    struct tally tally;
    uint64_t count;
    int result;
};

/* ---- threads ------------------------------------------------------------ */

static void *
look_up(void *context)
{
    struct actor *actor = context;
    unsigned char key[KEY_SIZE];

    while (actor->result == 0 && !atomic_load(&actor->run->stop)) {
        for (unsigned i = 0; actor->result == 0 && i < BLOCK; i++) {
            workload_key(workload_random(&actor->random) % actor->run->keys,
                         key);
            actor->result = actor->run->subject->engine->get(actor->db, key,
                                                             &actor->tally);
            actor->count++;
        }
    }
    return NULL;
}

static void *
append(void *context)
{
    struct actor *actor = context;
    const struct subject *subject = actor->run->subject;
    struct item *item = workload_items(1, subject->value_size);

    while (actor->result == 0 && !atomic_load(&actor->run->stop)) {
        workload_draw(actor->run->keys, &actor->random, item);
        actor->result = subject_add(subject, item, 1);
        if (actor->result == 0)
            tally_item(&actor->tally, item, false);
    }
    free(item);
    return NULL;
}

static void
start(struct actor *actor, struct run *run, void *(*act)(void *),
      uint64_t *random)
{
    const struct engine *engine = run->subject->engine;

    *actor = (struct actor){.run = run,
                            .db = run->subject->db,
                            .random = workload_random(random)};
    if (act == look_up && engine->open_reader != NULL)
        engine_check(engine, "open for a reader",
                     engine->open_reader(&actor->db, run->subject->db));
    if (pthread_create(&actor->thread, NULL, act, actor) != 0)
        bench_fail("cannot start a thread");
}

static void
end(struct actor *actor, const char *work)
{
    const struct engine *engine = actor->run->subject->engine;

    pthread_join(actor->thread, NULL);
    engine_check(engine, work, actor->result);
    if (actor->db != actor->run->subject->db)
        engine->close_reader(actor->db);
}

/* ---- a slice ------------------------------------------------------------ */

struct rates {
    double gets;
    double appends;
};

static void
check_answers(const struct actor *reader)
{
    const struct subject *subject = reader->run->subject;

    if (reader->tally.count != reader->count ||
        reader->tally.bytes != reader->count * (KEY_SIZE + subject->value_size))
        bench_fail("%s: get beside an appender: no entry, or a part of one",
                   subject->engine->name);
}

/* READERS of them; WRITTEN gets what was appended, NULL: nobody does. */
static struct rates
run_slice(struct subject *subject, const struct settings *settings,
          unsigned readers, uint64_t *random, struct tally *written)
{
    struct run run = {.subject = subject, .keys = settings->keys};
    uint64_t ns = settings->slices * settings->slice_ns, begun;
    struct actor actors[READERS_MAX], writer;
    struct rates rates = {0};

    for (unsigned i = 0; i < readers; i++)
        start(&actors[i], &run, look_up, random);
    if (written != NULL)
        start(&writer, &run, append, random);
    begun = timing_now();
    timing_sleep_until(begun + ns);
    atomic_store(&run.stop, true);
    for (unsigned i = 0; i < readers; i++) {
        end(&actors[i], "get beside an appender");
        check_answers(&actors[i]);
        rates.gets += (double)actors[i].count;
    }
    ns = timing_now() - begun;
    rates.gets *= 1e9 / (double)ns;
    if (written != NULL) {
        end(&writer, "append");
        tally_join(written, &writer.tally);
        rates.appends = (double)writer.tally.count * 1e9 / (double)ns;
    }
    return rates;
}

/* ---- the part ----------------------------------------------------------- */

struct beside_rows {
    struct row *gets;
    struct row *alone;
    struct row *appends;
};

static struct beside_rows
make_rows(struct report *report, unsigned rounds, unsigned readers)
{
    struct beside_rows rows;

    rows.gets = report_row(report, "/s", rounds,
                           "gets beside an appender, %u thread%s", readers,
                           readers == 1 ? "" : "s");
    rows.alone = report_row(report, "/s", rounds, "  while nobody appends");
    rows.appends = report_row(report, "/s", rounds, "  appends beside these");
    row_bar(rows.gets, BAR_AT_LEAST, ENGINE_LMDB, 0.5);
    return rows;
}

static void
take_turn(struct subject *subject, const struct settings *settings,
          unsigned readers, unsigned round, const struct beside_rows *rows,
          struct tally *written)
{
    uint64_t random = workload_mix(round * READERS_MAX + readers);
    unsigned column = subject->column;
    struct rates rates = run_slice(subject, settings, readers, &random, NULL);

    rows->alone->values[column][round] = rates.gets;
    rates = run_slice(subject, settings, readers, &random, written);
    rows->gets->values[column][round] = rates.gets;
    rows->appends->values[column][round] = rates.appends;
    bench_sync(settings);
}

void
measure_beside(struct report *report, const struct settings *settings)
{
    struct subjects subjects = subjects_make(settings, "beside",
                                             ENGINE_RELAXED | ENGINE_LOOKUPS);
    struct tally filled = workload_tally(settings->keys, 0, settings->keys,
                                         settings->value_size);
    struct tally expected[ENGINES];
    struct beside_rows rows[COUNTS];

    for (unsigned i = 0; i < COUNTS; i++)
        rows[i] = make_rows(report, settings->rounds, counts[i]);
    for (unsigned i = 0; i < subjects.count; i++) {
        subject_fill(subjects.list[i], settings->keys, settings->keys,
                     FILL_BATCH);
        expected[subjects.list[i]->column] = filled;
    }
    for (unsigned round = 0; round < settings->rounds; round++) {
        bench_progress("gets beside an appender", round, settings->rounds);
        for (unsigned i = 0; i < subjects.count * COUNTS; i++) {
            unsigned turn = i / COUNTS, way = i % COUNTS;
            struct subject *subject = subjects_turn(&subjects, turn, round);

            take_turn(subject, settings, counts[way], round, &rows[way],
                      &expected[subject->column]);
        }
    }
    for (unsigned i = 0; i < subjects.count; i++)
        subject_check_all(subjects.list[i], "appends beside readers",
                          &expected[subjects.list[i]->column]);
    subjects_free(&subjects);
}
