/*
 * wait_test.c - waiting: no append is missed, and how soon it is known.
 *
 * This program is linked so that sleeping and waking pass through here.  Sleeps
 * can be made so long that a missed waking shows; a waking can be left out, or
 * be the last that its process does.
 */
#include <journal.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "write/handle.h"
#include "support/fast_dir.h"
#include "support/test.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define FOR_EVER INT64_C(-1)

/* A sleep that is this long has missed its waking. */
#define LONG (30 * SECOND)

/* What journal.h calls a quarter of a second, on a busy machine. */
#define QUARTER (250 * MS + 3 * SECOND)

#define FOLLOWERS 4u
#define SAMPLES 1000u
#define SLACK 4u

static struct journal *journal;

/* What processes share. */
static struct board {
    _Atomic bool patient; /* sleep for LONG, if not woken */
    _Atomic bool mute;    /* wake nobody */
    _Atomic bool die;     /* instead of waking */
    _Atomic unsigned ready;
    uint64_t sent[SAMPLES];
    uint64_t received[SAMPLES];
    uint64_t asked[SAMPLES];
    _Atomic uint64_t woken; /* when that was last begun */
} * board;

void __real_jn_futex_sleep(struct jn_futex *futex, uint32_t turn, uint64_t ns);
void __wrap_jn_futex_sleep(struct jn_futex *futex, uint32_t turn, uint64_t ns);
void __real_jn_futex_wake(struct jn_futex *futex);
void __wrap_jn_futex_wake(struct jn_futex *futex);

void
__wrap_jn_futex_sleep(struct jn_futex *futex, uint32_t turn, uint64_t ns)
{
    uint64_t start = jn_clock_steady();

    ck_assert_uint_le(ns, 250 * MS);
    __real_jn_futex_sleep(futex, turn, board->patient ? LONG : ns);
    ck_assert_uint_lt(jn_clock_steady() - start, LONG);
}

void
__wrap_jn_futex_wake(struct jn_futex *futex)
{
    if (board->die)
        (void)raise(SIGKILL);
    board->woken = jn_clock_steady();
    if (!board->mute)
        __real_jn_futex_wake(futex);
}

static struct journal *
open_again(void)
{
    struct journal *opened = NULL;

    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &opened), 0);
    return opened;
}

static void
setup(void)
{
    test_setup();
    board = test_shared(sizeof(*board));
    journal = open_again();
}

static void
teardown(void)
{
    journal_close(journal);
    test_unshare(board, sizeof(*board));
    test_teardown();
}

static unsigned
scaled(unsigned count)
{
    return 20 + (unsigned)(count * test_scale());
}

static unsigned
waiters(void)
{
    return jn_lock_futex(journal->shared->files.lock)->waiters;
}

static void
append(uint64_t seq)
{
    uint64_t got = 0;

    ck_assert_int_eq(journal_append(journal, "key", 3, "value", 5, &got), 0);
    ck_assert_uint_eq(got, seq);
}

static pid_t
start(void *body(void *), void *context)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    journal_close(journal);
    journal = open_again();
    (void)body(context);
    journal_close(journal);
    _exit(EXIT_SUCCESS);
}

static void
finish(pid_t pid)
{
    int status = -1;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

/* ---- no append is missed ------------------------------------------------ */

struct player {
    uint64_t first; /* 0 or 1: the numbers that it appends */
    uint64_t limit;
};

static void *
play(void *context)
{
    const struct player *player = context;

    for (uint64_t seq = player->first; seq < player->limit; seq += 2) {
        if (seq > 0)
            ck_assert_int_eq(journal_wait(journal, seq - 1, FOR_EVER), 0);
        append(seq);
    }
    return NULL;
}

static void *
follow(void *limit)
{
    for (uint64_t seq = 0; seq < *(uint64_t *)limit; seq++)
        ck_assert_int_eq(journal_wait(journal, seq, FOR_EVER), 0);
    return NULL;
}

START_TEST(processes_miss_no_append)
{
    uint64_t count = scaled(20000);
    struct player players[] = {{0, count}, {1, count}};
    pid_t pid;

    board->patient = true;
    pid = start(play, &players[1]);
    (void)play(&players[0]);
    finish(pid);
    ck_assert_uint_eq(waiters(), 0);
}
END_TEST

START_TEST(threads_miss_no_append)
{
    uint64_t count = scaled(20000);
    struct player players[] = {{0, count}, {1, count}};
    pthread_t thread;

    board->patient = true;
    ck_assert_int_eq(pthread_create(&thread, NULL, play, &players[1]), 0);
    (void)play(&players[0]);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(waiters(), 0);
}
END_TEST

START_TEST(followers_miss_nothing_of_one_who_does_not_wait)
{
    uint64_t count = scaled(10000);
    pthread_t threads[FOLLOWERS];
    pid_t pids[FOLLOWERS];

    board->patient = true;
    for (unsigned i = 0; i < FOLLOWERS; i++)
        pids[i] = start(follow, &count);
    for (unsigned i = 0; i < FOLLOWERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, follow, &count), 0);
    for (uint64_t seq = 0; seq < count; seq++)
        append(seq);
    for (unsigned i = 0; i < FOLLOWERS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        finish(pids[i]);
    }
    ck_assert_uint_eq(waiters(), 0);
}
END_TEST

START_TEST(whoever_has_waited_is_not_counted_any_longer)
{
    append(0);
    ck_assert_int_eq(journal_wait(journal, 0, FOR_EVER), 0);
    ck_assert_int_eq(journal_wait(journal, 1, 0), JOURNAL_TIMEOUT);
    ck_assert_int_eq(journal_wait(journal, 1, (int64_t)MS), JOURNAL_TIMEOUT);
    ck_assert_uint_eq(waiters(), 0);
    /* Files that were replaced are noticed within a second or two. */
    ck_assert_int_eq(unlink(test_path("journal/data.mdb")), 0);
    ck_assert_int_eq(journal_wait(journal, 1, FOR_EVER), ESTALE);
    ck_assert_uint_eq(waiters(), 0);
}
END_TEST

/* ---- a waking that does not come ---------------------------------------- */

static void *
wait_for_first(void *unused)
{
    board->ready++;
    ck_assert_int_eq(journal_wait(journal, 0, FOR_EVER), 0);
    return unused;
}

static void
wait_until_asleep(void)
{
    while (board->ready == 0 || waiters() == 0)
        jn_clock_sleep(MS);
    jn_clock_sleep(20 * MS);
}

START_TEST(a_waking_that_never_comes_is_made_up_for)
{
    pthread_t thread;

    board->mute = true;
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_first, NULL), 0);
    wait_until_asleep();
    append(0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_lt(jn_clock_steady() - board->woken, QUARTER);
}
END_TEST

static void *
append_and_die(void *unused)
{
    board->die = true;
    (void)journal_append(journal, "key", 3, "value", 5, NULL);
    return unused;
}

START_TEST(an_append_whose_process_dies_before_it_wakes_is_found)
{
    pthread_t thread;
    uint64_t start_time;
    int status;
    pid_t pid;

    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_first, NULL), 0);
    wait_until_asleep();
    pid = start(append_and_die, NULL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    start_time = jn_clock_steady();
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_lt(jn_clock_steady() - start_time, QUARTER);
    board->die = false;
    append(1);
}
END_TEST

START_TEST(after_a_failed_write_readers_wait_as_before)
{
    uint64_t start_time = jn_clock_steady();

    append(0);
    jn_lock_set_failed(journal->shared->files.lock);
    ck_assert_int_eq(journal_append(journal, "key", 3, "value", 5, NULL),
                     JOURNAL_FAILED);
    ck_assert_int_eq(journal_wait(journal, 0, FOR_EVER), 0);
    ck_assert_int_eq(journal_wait(journal, 1, 0), JOURNAL_TIMEOUT);
    ck_assert_int_eq(journal_wait(journal, 1, (int64_t)(300 * MS)),
                     JOURNAL_TIMEOUT);
    ck_assert_uint_ge(jn_clock_steady() - start_time, 300 * MS);
}
END_TEST

/* ---- how soon ----------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Of the times from SENT to RECEIVED. */
static uint64_t
median(unsigned count)
{
    uint64_t times[SAMPLES];

    for (unsigned i = 0; i < count; i++)
        times[i] = board->received[i] - board->sent[i];
    qsort(times, count, sizeof(times[0]), compare);
    return times[count / 2];
}

/* What a process is told by another, and how it answers. */
static struct {
    int there[2];
    int back[2];
    unsigned count;
} line;

static void
put(const int *ends)
{
    ck_assert_int_eq(write(ends[1], "!", 1), 1);
}

static void
take(const int *ends)
{
    char byte;

    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
}

static void *
answer_pipe(void *unused)
{
    for (unsigned i = 0; i < line.count; i++) {
        take(line.there);
        board->received[i] = jn_clock_steady();
        put(line.back);
    }
    return unused;
}

/* Waits for numbers from *FIRST on, and asks again for what is then there. */
static void *
answer_append(void *first)
{
    for (unsigned i = 0; i < line.count; i++) {
        uint64_t seq = *(uint64_t *)first + i, now;

        ck_assert_int_eq(journal_wait(journal, seq, FOR_EVER), 0);
        now = jn_clock_steady();
        board->received[i] = now;
        ck_assert_int_eq(journal_wait(journal, seq, 0), 0);
        board->asked[i] = jn_clock_steady() - now;
        put(line.back);
    }
    return NULL;
}

/* Time for the other one to go to sleep. */
static void
settle(void)
{
    jn_clock_sleep(100000);
}

static uint64_t
time_pipe(void)
{
    pid_t pid = start(answer_pipe, NULL);

    for (unsigned i = 0; i < line.count; i++) {
        settle();
        board->sent[i] = jn_clock_steady();
        put(line.there);
        take(line.back);
    }
    finish(pid);
    return median(line.count);
}

static uint64_t
time_append(uint64_t *first)
{
    pid_t pid = start(answer_append, first);

    for (unsigned i = 0; i < line.count; i++) {
        settle();
        append(*first + i);
        board->sent[i] = board->woken;
        take(line.back);
    }
    finish(pid);
    *first += line.count;
    return median(line.count);
}

/*
 * As long as a pipe takes, and the look into the journal: to be within a few
 * times of both together is what holds under valgrind too.
 */
START_TEST(another_process_knows_of_an_append_as_soon_as_of_a_byte)
{
    uint64_t first = 0;
    bool soon = false;

    ck_assert_int_eq(pipe(line.there), 0);
    ck_assert_int_eq(pipe(line.back), 0);
    line.count = scaled(SAMPLES - 20);
    line.count = line.count < SAMPLES ? line.count : SAMPLES;
    for (unsigned i = 0; i < 5 && !soon; i++) {
        uint64_t by_pipe = time_pipe();
        uint64_t by_append = time_append(&first), look;

        qsort(board->asked, line.count, sizeof(board->asked[0]), compare);
        look = board->asked[line.count / 2];
        printf("p50 of waking another process: %.1f us, %.2f of a pipe's "
               "%.1f us; a look takes %.1f us\n",
               (double)by_append / 1e3, (double)by_append / (double)by_pipe,
               (double)by_pipe / 1e3, (double)look / 1e3);
        fflush(stdout);
        soon = by_append <= SLACK * (by_pipe + look);
    }
    ck_assert(soon);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("wait");
    TCase *tcase = tcase_create("wait");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, processes_miss_no_append);
    tcase_add_test(tcase, threads_miss_no_append);
    tcase_add_test(tcase, followers_miss_nothing_of_one_who_does_not_wait);
    tcase_add_test(tcase, whoever_has_waited_is_not_counted_any_longer);
    tcase_add_test(tcase, a_waking_that_never_comes_is_made_up_for);
    tcase_add_test(tcase,
                   an_append_whose_process_dies_before_it_wakes_is_found);
    tcase_add_test(tcase, after_a_failed_write_readers_wait_as_before);
    tcase_add_test(tcase,
                   another_process_knows_of_an_append_as_soon_as_of_a_byte);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
