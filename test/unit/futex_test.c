/*
 * futex_test.c - sleeping and waking: no waking is lost, none is in vain.
 *
 * This program is linked so that system calls made by syscall() pass through
 * here, where those of the futex are counted, or refused.
 */
#include "base/futex.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/test.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

/* A sleep that is this long has missed its waking. */
#define LONG (20 * SECOND)

#define WAITERS 5u

/* What processes share. */
static struct board {
    struct jn_futex futex;
    _Atomic uint64_t count; /* what is waited for */
    _Atomic unsigned asleep;
} * board;

static uint64_t seed;
static _Atomic unsigned calls;
static _Atomic int refusal; /* 0: the system calls are made */

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long
__wrap_syscall(long number, ...)
{
    long a[6];
    va_list list;

    va_start(list, number);
    for (unsigned i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_futex) {
        atomic_fetch_add(&calls, 1);
        if (refusal != 0) {
            errno = refusal;
            return -1;
        }
    }
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void
setup(void)
{
    board = test_shared(sizeof(*board));
    calls = 0;
    refusal = 0;
}

static void
teardown(void)
{
    test_unshare(board, sizeof(*board));
}

static unsigned
scaled(unsigned count)
{
    return 1 + (unsigned)(count * test_scale());
}

/* ---- what the tests do -------------------------------------------------- */

/* Waits as the header says; each sleep is to end by a waking. */
static void
await(uint64_t count)
{
    jn_futex_enter(&board->futex);
    for (;;) {
        uint32_t turn = jn_futex_turn(&board->futex);
        uint64_t start;

        if (atomic_load(&board->count) >= count)
            break;
        start = jn_clock_steady();
        jn_futex_sleep(&board->futex, turn, LONG);
        ck_assert_uint_lt(jn_clock_steady() - start, LONG);
    }
    jn_futex_leave(&board->futex);
}

static void
advance(uint64_t count)
{
    atomic_store(&board->count, count);
    jn_futex_wake(&board->futex);
}

/* Turns of a few hundred ns at most, so that the two meet at any point. */
static void
dawdle(uint64_t *chance)
{
    for (uint64_t i = test_random(chance) % 200; i > 0; i--)
        (void)jn_futex_turn(&board->futex);
}

struct player {
    uint64_t first; /* 0 or 1: the numbers that it advances from */
    uint64_t limit;
};

static void *
play(void *context)
{
    const struct player *player = context;
    uint64_t chance = seed + player->first;

    for (uint64_t i = player->first; i < player->limit; i += 2) {
        await(i);
        dawdle(&chance);
        advance(i + 1);
    }
    return NULL;
}

/* Sees every number there is, or those that it was too late for at once. */
static void *
follow(void *limit)
{
    for (uint64_t i = 1; i <= *(uint64_t *)limit; i++)
        await(i);
    return NULL;
}

static pid_t
start(void *body(void *), void *context)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)body(context);
    _exit(EXIT_SUCCESS);
}

static void
finish(pid_t pid)
{
    int status = -1;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

/* ---- none is lost ------------------------------------------------------- */

START_TEST(no_hand_off_between_processes_is_lost)
{
    uint64_t count = scaled(500000);
    struct player players[] = {{0, count}, {1, count}};
    pid_t pid;

    pid = start(play, &players[1]);
    (void)play(&players[0]);
    finish(pid);
    ck_assert_uint_eq(board->count, count);
    ck_assert_uint_eq(board->futex.waiters, 0);
}
END_TEST

START_TEST(no_hand_off_between_threads_is_lost)
{
    uint64_t count = scaled(500000);
    struct player players[] = {{0, count}, {1, count}};
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, play, &players[1]), 0);
    (void)play(&players[0]);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(board->count, count);
    ck_assert_uint_eq(board->futex.waiters, 0);
}
END_TEST

START_TEST(many_follow_one_who_does_not_wait_for_them)
{
    uint64_t count = scaled(30000), chance = seed;
    pthread_t threads[WAITERS];
    pid_t pids[WAITERS];

    for (unsigned i = 0; i < WAITERS; i++)
        pids[i] = start(follow, &count);
    for (unsigned i = 0; i < WAITERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, follow, &count), 0);
    for (uint64_t i = 1; i <= count; i++) {
        dawdle(&chance);
        advance(i);
    }
    for (unsigned i = 0; i < WAITERS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        finish(pids[i]);
    }
    ck_assert_uint_eq(board->futex.waiters, 0);
}
END_TEST

/* ---- none is in vain ---------------------------------------------------- */

START_TEST(waking_nobody_makes_no_system_call)
{
    for (unsigned i = 0; i < 1000; i++)
        jn_futex_wake(&board->futex);
    ck_assert_uint_eq(calls, 0);
    ck_assert_uint_eq(jn_futex_turn(&board->futex), 1000);
    jn_futex_enter(&board->futex);
    jn_futex_wake(&board->futex);
    ck_assert_uint_eq(calls, 1);
    jn_futex_leave(&board->futex);
    jn_futex_wake(&board->futex);
    ck_assert_uint_eq(calls, 1);
}
END_TEST

START_TEST(a_turn_that_has_passed_is_not_slept_through)
{
    uint64_t start = jn_clock_steady();
    uint32_t turn = jn_futex_turn(&board->futex);

    jn_futex_wake(&board->futex);
    jn_futex_sleep(&board->futex, turn, LONG);
    ck_assert_uint_lt(jn_clock_steady() - start, LONG);
}
END_TEST

START_TEST(the_turn_goes_round)
{
    uint32_t turn;

    board->futex.turn = UINT32_MAX;
    turn = jn_futex_turn(&board->futex);
    jn_futex_wake(&board->futex);
    ck_assert_uint_eq(jn_futex_turn(&board->futex), 0);
    jn_futex_sleep(&board->futex, turn, LONG);
}
END_TEST

START_TEST(cleared_words_are_zero)
{
    jn_futex_enter(&board->futex);
    jn_futex_wake(&board->futex);
    jn_futex_clear(&board->futex);
    ck_assert_uint_eq(board->futex.turn, 0);
    ck_assert_uint_eq(board->futex.waiters, 0);
}
END_TEST

/* ---- how a sleep ends --------------------------------------------------- */

START_TEST(a_sleep_ends_when_its_time_has_passed)
{
    static const uint64_t spans[] = {0, 1, MS, 40 * MS, SECOND + 10 * MS};
    uint64_t start = jn_clock_steady(), took;

    jn_futex_sleep(&board->futex, 0, spans[_i]);
    took = jn_clock_steady() - start;
    ck_assert_uint_ge(took, spans[_i]);
    ck_assert_uint_lt(took, spans[_i] + 10 * SECOND);
}
END_TEST

static void
on_alarm(int signal)
{
    (void)signal;
}

START_TEST(a_signal_ends_a_sleep)
{
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    uint64_t start = jn_clock_steady();

    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    alarm(1);
    jn_futex_sleep(&board->futex, 0, LONG);
    ck_assert_uint_lt(jn_clock_steady() - start, LONG);
}
END_TEST

static void *
sleep_for_ever(void *unused)
{
    jn_futex_enter(&board->futex);
    atomic_fetch_add(&board->asleep, 1);
    for (;;)
        jn_futex_sleep(&board->futex, jn_futex_turn(&board->futex), LONG);
    return unused;
}

START_TEST(a_waiter_that_is_killed_costs_a_call_and_no_waking)
{
    uint64_t count = scaled(2000);
    struct player players[] = {{0, count}, {1, count}};
    int status;
    pid_t pid = start(sleep_for_ever, NULL);

    while (board->asleep == 0)
        jn_clock_sleep(MS);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
    ck_assert_uint_eq(board->futex.waiters, 1);
    jn_futex_wake(&board->futex);
    ck_assert_uint_eq(calls, 1);
    pid = start(play, &players[1]);
    (void)play(&players[0]);
    finish(pid);
    ck_assert_uint_eq(board->futex.waiters, 1);
    jn_futex_clear(&board->futex);
    calls = 0;
    jn_futex_wake(&board->futex);
    ck_assert_uint_eq(calls, 0);
}
END_TEST

/* ---- without a futex ---------------------------------------------------- */

static const int refusals[] = {ENOSYS, EPERM, EACCES, EINVAL};

/* ---- one thread waits for another ---------------------------------------- */

#define TELLINGS 20000u

/* Each telling has a word of its own, which is gone once it has been told. */
static _Atomic(_Atomic uint32_t *) asked;

static void *
tell_all(void *unused)
{
    (void)unused;
    for (uint32_t i = 1; i <= TELLINGS; i++) {
        _Atomic uint32_t *word;

        while ((word = atomic_exchange(&asked, NULL)) == NULL)
            sched_yield();
        jn_futex_tell(word, i);
    }
    return NULL;
}

START_TEST(who_waits_is_told_once_and_may_go)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, tell_all, NULL), 0);
    for (uint32_t i = 1; i <= TELLINGS; i++) {
        _Atomic uint32_t *word = calloc(1, sizeof(*word));

        atomic_store(&asked, word);
        if (i % 3 == 0)
            sched_yield(); /* so that it is told before it waits, too */
        ck_assert_uint_eq(jn_futex_await(word), i);
        free(word);
    }
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(without_a_futex_hand_offs_go_on)
{
    uint64_t count = 20;
    struct player players[] = {{0, count}, {1, count}};
    pid_t pid;

    refusal = refusals[_i];
    pid = start(play, &players[1]);
    (void)play(&players[0]);
    finish(pid);
    ck_assert_uint_eq(board->count, count);
}
END_TEST

START_TEST(without_a_futex_a_sleep_is_a_millisecond)
{
    uint64_t start = jn_clock_steady(), took;
    unsigned sleeps = 0;

    refusal = ENOSYS;
    jn_futex_sleep(&board->futex, 0, 1000);
    do {
        jn_futex_sleep(&board->futex, 0, LONG);
        sleeps++;
        took = jn_clock_steady() - start;
    } while (took < SECOND / 2);
    ck_assert_uint_ge(sleeps, 3);
    ck_assert_uint_le(sleeps, took / MS);
}
END_TEST

/* It is as little a place where a thread ends as a futex is. */
static void *
sleep_cancelled(void *unused)
{
    (void)unused;
    pthread_cancel(pthread_self());
    jn_futex_sleep(&board->futex, 0, MS);
    return board;
}

START_TEST(without_a_futex_a_sleep_is_no_place_to_end)
{
    pthread_t thread;
    void *returned;

    refusal = ENOSYS;
    ck_assert_int_eq(pthread_create(&thread, NULL, sleep_cancelled, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &returned), 0);
    ck_assert_ptr_eq(returned, board);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("futex");
    TCase *tcase = tcase_create("futex");

    seed = test_seed(); /* before the first fork: it is printed once */
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, no_hand_off_between_processes_is_lost);
    tcase_add_test(tcase, no_hand_off_between_threads_is_lost);
    tcase_add_test(tcase, many_follow_one_who_does_not_wait_for_them);
    tcase_add_test(tcase, waking_nobody_makes_no_system_call);
    tcase_add_test(tcase, a_turn_that_has_passed_is_not_slept_through);
    tcase_add_test(tcase, the_turn_goes_round);
    tcase_add_test(tcase, cleared_words_are_zero);
    tcase_add_loop_test(tcase, a_sleep_ends_when_its_time_has_passed, 0, 5);
    tcase_add_test(tcase, a_signal_ends_a_sleep);
    tcase_add_test(tcase, a_waiter_that_is_killed_costs_a_call_and_no_waking);
    tcase_add_test(tcase, who_waits_is_told_once_and_may_go);
    tcase_add_loop_test(tcase, without_a_futex_hand_offs_go_on, 0, 4);
    tcase_add_test(tcase, without_a_futex_a_sleep_is_a_millisecond);
    tcase_add_test(tcase, without_a_futex_a_sleep_is_no_place_to_end);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
