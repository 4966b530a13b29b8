/* series.c - rounds of writers that are killed and held to what they noted. */
#include "series.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attempt.h"
#include "board.h"
#include "history.h"
#include "support/fast_dir.h"
#include "support/test.h"
#include "victim.h"
#include "writer.h"

#define SERIES 100 /* rounds */
#define DELAY_MAX 4000000u
#define KEEP 300u
#define KEEP_DEEP 2500u
#define PATIENCE UINT64_C(60000000000)
#define POLL 20000u

/* A series in progress. */
struct series {
    const struct kind *kind;
    uint64_t seed;
    uint64_t state; /* of its choices */
    char path[4096];
    struct board *board;
    struct history history;
    struct journal *journal; /* ours, if it is open */
    bool exists;
    uint64_t round;
    struct job jobs[SERIES_WRITERS_MAX + 1];
    pid_t pids[SERIES_WRITERS_MAX + 1];
    unsigned count; /* of these */
    unsigned kills;
};

static uint64_t
choose(struct series *series, uint64_t limit)
{
    return test_random(&series->state) % limit;
}

static const char *
context_of(const struct series *series)
{
    static char text[120];

    snprintf(text, sizeof(text), "%s, TEST_SEED=%llu, round %llu",
             series->kind->name, (unsigned long long)series->seed,
             (unsigned long long)series->round);
    return text;
}

/* ---- the journal -------------------------------------------------------- */

/* Only what was never told to be open may be missing. */
static void
open_after_creation(struct series *series)
{
    struct journal_options options;
    int rc;

    journal_options_init(&options);
    options.flags = JOURNAL_OPEN_EXISTING;
    rc = journal_open(series->path, &options, &series->journal);
    if (rc != 0) {
        ck_assert_msg(rc == JOURNAL_NOT_FOUND, "%s: open: %s",
                      context_of(series), journal_errname(rc));
        for (unsigned i = 0; i < BOARD_WRITERS; i++)
            ck_assert_msg(atomic_load(&series->board->writers[i].ready) == 0,
                          "%s: the journal was open, and is gone",
                          context_of(series));
        options.flags = 0;
        options.first_seq = series->history.origin;
        rc = journal_open(series->path, &options, &series->journal);
    }
    ck_assert_msg(rc == 0, "%s: create: %s", context_of(series),
                  journal_errname(rc));
    series->exists = true;
}

static void
open_journal(struct series *series)
{
    int rc;

    if (series->journal != NULL)
        return;
    if (!series->exists) {
        open_after_creation(series);
        return;
    }
    rc = journal_open(series->path, NULL, &series->journal);
    ck_assert_msg(rc == 0, "%s: open: %s", context_of(series),
                  journal_errname(rc));
}

static void
close_journal(struct series *series)
{
    journal_close(series->journal);
    series->journal = NULL;
}

static void
start_history(struct series *series, uint64_t origin)
{
    history_start(&series->history, origin);
    series->history.relaxed |= series->kind->mixed;
}

/* The next round begins with no journal there. */
static void
give_up_journal(struct series *series)
{
    int rc;

    close_journal(series);
    rc = journal_destroy(series->path);
    ck_assert_msg(rc == 0, "%s: destroy: %s", context_of(series),
                  journal_errname(rc));
    ck_assert_int_ne(access(series->path, F_OK), 0);
    history_end(&series->history);
    start_history(series,
                  choose(series, 2) == 0 ? 0 : choose(series, 1u << 20));
    series->exists = false;
}

/* ---- the writers -------------------------------------------------------- */

static void
body(const void *context)
{
    job_do(context);
}

static void
start_one(struct series *series, bool reader)
{
    struct job *job = &series->jobs[series->count];
    const struct kind *kind = series->kind;

    *job = (struct job){
        .path = series->path,
        .first_seq = series->history.origin,
        .inherited = series->journal,
        .board = series->board,
        .which = series->count,
        .round = series->round,
        .seed = test_random(&series->state),
        .threads = kind->threads,
        .alone = kind->processes * kind->threads == 1,
        .prunes = kind->prunes && series->count == 0,
        .rewinds = kind->rewinds,
        .deep = kind->deep,
        .reads = reader,
        .as_is = kind->mixed,
        .tail_bytes = kind->tail_bytes,
    };
    if (kind->mixed && choose(series, 2) == 0)
        job->durability = JOURNAL_RELAXED;
    series->pids[series->count++] = victim_start(body, job);
}

/* A reader needs a journal that is there. */
static void
start_all(struct series *series)
{
    const struct kind *kind = series->kind;
    unsigned count = kind->processes;

    if (count > 1)
        count = 2 + (unsigned)choose(series, count - 1);
    board_wipe(series->board);
    series->count = 0;
    for (unsigned i = 0; i < count; i++)
        start_one(series, false);
    if (kind->reader && series->exists)
        start_one(series, true);
}

static void
fail_of(const struct series *series, unsigned which)
{
    const char *complaint = "without a word";

    for (unsigned i = 0; i < BOARD_WRITERS; i++)
        if (atomic_load(&series->board->writers[i].complained) != 0)
            complaint = series->board->writers[i].complaint;
    ck_abort_msg("%s: process %u ended: %s", context_of(series), which,
                 complaint);
}

static void
wait_until_ready(const struct series *series)
{
    uint64_t waited = 0;

    for (unsigned i = 0; i < series->count; i++) {
        while (atomic_load(&series->board->writers[i].ready) == 0) {
            if (victim_is_dead(series->pids[i]))
                fail_of(series, i);
            ck_assert_msg(waited < PATIENCE, "%s: process %u does not open",
                          context_of(series), i);
            sleep_for(POLL);
            waited += POLL;
        }
    }
}

/*
 * Until it is in the middle of it, or will be soon; or has done all that it
 * ever will, where nobody has looked for long.
 */
static void
wait_for_upkeep(const struct series *series)
{
    const struct writer *writer = &series->board->writers[0];
    uint64_t waited = 0;
    unsigned count;

    do {
        if (victim_is_dead(series->pids[0]))
            fail_of(series, 0);
        ck_assert_msg(waited < PATIENCE, "%s: no upkeep", context_of(series));
        sleep_for(POLL);
        waited += POLL;
        count = atomic_load(&writer->count);
    } while (count == 0 || (count < BOARD_OPERATIONS &&
                            writer->operations[count - 1].kind == APPEND));
}

/* Others go on meanwhile, and find what it has left. */
static void
replace_one(struct series *series)
{
    unsigned which = (unsigned)choose(series, series->count);
    struct job *job = &series->jobs[which];

    if (!victim_kill(series->pids[which]))
        fail_of(series, which);
    series->kills++;
    job->which = BOARD_WRITERS - 1;
    job->seed = test_random(&series->state);
    job->prunes = false;
    series->pids[which] = victim_start(body, job);
    sleep_for(choose(series, DELAY_MAX));
}

/* One after the other, in any order; those left go on for a moment. */
static void
kill_all(struct series *series)
{
    unsigned left = series->count;
    unsigned which[SERIES_WRITERS_MAX + 1];

    for (unsigned i = 0; i < left; i++)
        which[i] = i;
    while (left > 0) {
        unsigned i = (unsigned)choose(series, left);

        if (!victim_kill(series->pids[which[i]]))
            fail_of(series, which[i]);
        series->kills++;
        which[i] = which[--left];
        if (left > 0 && choose(series, 2) == 0)
            sleep_for(choose(series, DELAY_MAX / 4));
    }
}

/* ---- rounds ------------------------------------------------------------- */

static void
run_round(struct series *series)
{
    bool settled;

    series->round++;
    if (series->exists && choose(series, 2) == 0)
        close_journal(series);
    start_all(series);
    /* Else the first steps of an open, or of a creation, meet it too. */
    if (choose(series, series->exists ? 6 : 3) > 0)
        wait_until_ready(series);
    if (series->kind->deep)
        wait_for_upkeep(series);
    sleep_for(
        choose(series, choose(series, 3) == 0 ? DELAY_MAX / 8 : DELAY_MAX));
    if (series->kind->replaced)
        replace_one(series);
    kill_all(series);
    settled = series->journal == NULL;
    open_journal(series);
    history_check(&series->history, series->journal, series->board,
                  series->round, settled, context_of(series));
    history_prune(&series->history, series->journal,
                  series->kind->deep ? KEEP_DEEP : KEEP);
    if (choose(series, 15) == 0)
        give_up_journal(series);
}

/* Series NUMBER of those that together have COUNT rounds, scaled. */
static unsigned
rounds_of(unsigned count, int number)
{
    double all = count * test_scale();
    double rest = all - (double)SERIES * number;

    if (rest >= SERIES)
        return SERIES;
    return rest < 3 ? 3 : (unsigned)rest;
}

TCase *
series_case(Suite *suite, const char *name, bool in_memory)
{
    TCase *tcase = tcase_create(name);

    if (in_memory)
        tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    suite_add_tcase(suite, tcase);
    return tcase;
}

void
series_add(TCase *tcase, const TTest *test, unsigned count)
{
    tcase_add_loop_test(tcase, test, 0,
                        (int)((count * test_scale() + SERIES - 1) / SERIES));
}

void
series_run(const struct kind *kind, unsigned count, int number)
{
    struct series series = {.kind = kind, .board = board_make()};

    series.seed = test_seed() + (unsigned)number;
    series.state = series.seed;
    printf("%s: TEST_SEED=%llu\n", kind->name, (unsigned long long)series.seed);
    fflush(stdout);
    snprintf(series.path, sizeof(series.path), "%s", test_path("journal"));
    attempts_start(test_random(&series.state));
    start_history(&series, 0);
    for (unsigned rounds = rounds_of(count, number); rounds > 0; rounds--)
        run_round(&series);
    close_journal(&series);
    printf("%s: %u kills, %s\n", kind->name, series.kills,
           kind->processes > 1 ? "beside others" : "alone");
    (void)fflush(stdout);
    history_end(&series.history);
    board_free(series.board);
}
