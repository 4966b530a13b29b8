/* bench_case.c - the calls that bench measures, each for a while. */
#include "bench_case.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monotonic.h"

#define KEY_SIZE 16u
#define FLUSH_SIZE 4096u
#define BATCH_MAX 100u
#define CASES 8u /* for the bar; bench.c has as many */

/* A case ends at this, so that relaxed ones don't fill the disk. */
#define BYTES_MAX (UINT64_C(256) << 20)

/* A case in progress. */
struct round {
    struct bench *bench;
    uint64_t begun;
    uint64_t now; /* when the last call returned */
};

static struct round
begin(struct bench *bench)
{
    uint64_t now = monotonic_ns();

    return (struct round){.bench = bench, .begun = now, .now = now};
}

/* Counts a call that has just returned, and what it took. */
static void
count_call(struct round *round, struct histogram *calls)
{
    uint64_t now = monotonic_ns();

    histogram_add(calls, now - round->now);
    round->now = now;
}

static bool
is_over(const struct round *round)
{
    return round->now - round->begun >= round->bench->ns;
}

static bool
is_stopped(const struct round *round)
{
    struct bench *bench = round->bench;
    uint64_t elapsed = round->now - round->begun;

    return progress_show(&bench->progress, bench->done * bench->ns + elapsed,
                         CASES * bench->ns) != 0;
}

/* Of the entry NUMBER.  The step is prime to their count: none is left out. */
static void
make_key(char key[KEY_SIZE], uint64_t number)
{
    snprintf(key, KEY_SIZE, "key-%07" PRIu64, number * 7919 % BENCH_KEYS);
}

/* ---- the disk ----------------------------------------------------------- */

int
bench_flush(struct bench *bench, const char *path, struct bench_result *result)
{
    static const char page[FLUSH_SIZE];
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct round round;
    int rc = 0;

    if (file < 0)
        return errno;
    round = begin(bench);
    while (rc == 0 && !is_over(&round)) {
        round.now = monotonic_ns();
        if (pwrite(file, page, sizeof(page), 0) != (ssize_t)sizeof(page) ||
            fdatasync(file) != 0)
            rc = errno != 0 ? errno : EIO;
        else
            count_call(&round, &result->calls);
        if (is_stopped(&round))
            rc = ECANCELED;
    }
    result->entries = result->calls.count;
    result->elapsed_ns = round.now - round.begun;
    close(file);
    return rc;
}

/* ---- append ------------------------------------------------------------- */

/* One of the threads that append. */
struct appender {
    struct bench *bench;
    struct journal *journal;
    unsigned batch;
    unsigned number;
    atomic_int *stop; /* of all: the first result that is not 0 */
    struct histogram calls;
    uint64_t entries;
    uint64_t elapsed_ns;
};

static void
fill_batch(struct appender *appender, struct journal_record *records,
           char keys[][KEY_SIZE])
{
    unsigned i;

    for (i = 0; i < appender->batch; i++) {
        make_key(keys[i], appender->entries + i);
        records[i].key = keys[i];
        records[i].key_size = strlen(keys[i]);
        records[i].value = appender->bench->value;
        records[i].value_size = appender->bench->value_size;
    }
}

/* The first thread alone shows how far it is, and hears of signals. */
static void *
append(void *context)
{
    struct appender *appender = context;
    struct journal_record records[BATCH_MAX] = {0};
    char keys[BATCH_MAX][KEY_SIZE];
    struct round round = begin(appender->bench);
    uint64_t most = BYTES_MAX / (appender->bench->value_size + KEY_SIZE);
    int rc = 0, none = 0;

    while (rc == 0 && atomic_load(appender->stop) == 0 && !is_over(&round) &&
           appender->entries < most) {
        fill_batch(appender, records, keys);
        round.now = monotonic_ns();
        rc = journal_append_batch(appender->journal, records, appender->batch,
                                  NULL);
        if (rc == 0) {
            count_call(&round, &appender->calls);
            appender->entries += appender->batch;
        }
        if (rc == 0 && appender->number == 0 && is_stopped(&round))
            rc = ECANCELED;
    }
    if (rc != 0)
        atomic_compare_exchange_strong(appender->stop, &none, rc);
    appender->elapsed_ns = round.now - round.begun;
    return NULL;
}

static void
add_up(struct bench_result *result, const struct appender *appenders)
{
    unsigned i;

    for (i = 0; i < result->threads; i++) {
        histogram_merge(&result->calls, &appenders[i].calls);
        result->entries += appenders[i].entries;
        if (appenders[i].elapsed_ns > result->elapsed_ns)
            result->elapsed_ns = appenders[i].elapsed_ns;
    }
}

/* The caller is the first of the threads. */
static int
run_threads(struct appender *appenders, unsigned count, atomic_int *stop)
{
    pthread_t threads[BENCH_THREADS_MAX];
    unsigned started;
    int rc = 0;

    for (started = 1; started < count; started++) {
        rc = pthread_create(&threads[started], NULL, append,
                            &appenders[started]);
        if (rc != 0)
            break;
    }
    if (rc == 0)
        append(&appenders[0]);
    else
        atomic_store(stop, rc);
    while (started-- > 1)
        pthread_join(threads[started], NULL);
    return atomic_load(stop);
}

int
bench_append(struct bench *bench, struct journal *journal,
             struct bench_result *result)
{
    struct appender *appenders = calloc(result->threads, sizeof(*appenders));
    atomic_int stop = 0;
    unsigned i;
    int rc;

    if (appenders == NULL)
        return ENOMEM;
    for (i = 0; i < result->threads; i++)
        appenders[i] = (struct appender){.bench = bench,
                                         .journal = journal,
                                         .batch = result->batch,
                                         .number = i,
                                         .stop = &stop};
    rc = run_threads(appenders, result->threads, &stop);
    add_up(result, appenders);
    if (bench->entries < appenders[0].entries)
        bench->entries = appenders[0].entries;
    free(appenders);
    return rc;
}

/* ---- read --------------------------------------------------------------- */

int
bench_get(struct bench *bench, struct journal *journal,
          struct bench_result *result)
{
    struct round round = begin(bench);
    struct journal_entry *entry;
    uint64_t number = 1;
    char key[KEY_SIZE];
    int rc = 0;

    while (rc == 0 && !is_over(&round)) {
        number = number * UINT64_C(6364136223846793005) + 1442695040888963407u;
        make_key(key, (number >> 33) % bench->entries);
        round.now = monotonic_ns();
        rc = journal_get(journal, key, strlen(key), &entry);
        if (rc != 0)
            break;
        count_call(&round, &result->calls);
        journal_entry_free(entry);
        if (is_stopped(&round))
            rc = ECANCELED;
    }
    result->entries = result->calls.count;
    result->elapsed_ns = round.now - round.begun;
    return rc;
}

/* Up to the end; *ENTRIES rises.  The time is asked for now and then. */
static int
replay_once(struct round *round, struct journal *journal, uint64_t *entries)
{
    const struct journal_entry *entry;
    struct journal_cursor *cursor;
    int rc = journal_replay(journal, JOURNAL_NONE, &cursor);

    if (rc != 0)
        return rc;
    while ((rc = journal_next(cursor, &entry)) == 0) {
        if (++*entries % 1024 != 0)
            continue;
        round->now = monotonic_ns();
        if (is_over(round) || is_stopped(round))
            break;
    }
    round->now = monotonic_ns();
    journal_cursor_close(cursor);
    return rc == JOURNAL_END ? 0 : rc;
}

int
bench_replay(struct bench *bench, struct journal *journal,
             struct bench_result *result)
{
    struct round round = begin(bench);
    int rc = 0;

    while (rc == 0 && !is_over(&round)) {
        rc = replay_once(&round, journal, &result->entries);
        if (is_stopped(&round))
            rc = ECANCELED;
    }
    result->elapsed_ns = round.now - round.begun;
    return rc;
}
