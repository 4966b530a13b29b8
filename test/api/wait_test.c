/* wait_test.c - journal_wait(). */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "api/steps.h"
#include "support/fast_dir.h"

#define MS INT64_C(1000000)
#define SECOND (1000 * MS)
#define FOR_EVER INT64_C(-1)

/* Within it something happens that happens soon, on a busy machine too. */
#define SOON (30 * SECOND)

#define READ_ONLY ((uint32_t)JOURNAL_OPEN_READ_ONLY)
#define IMMUTABLE (READ_ONLY | (uint32_t)JOURNAL_OPEN_IMMUTABLE)

static int64_t
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

/* Long enough for somebody to have gone to sleep. */
static void
pause_for(int64_t ns)
{
    struct timespec rest = {.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};

    while (nanosleep(&rest, &rest) != 0)
        continue;
}

static void
append_count(unsigned count)
{
    while (count-- > 0)
        append("key", "value");
}

/* ---- waiters ------------------------------------------------------------ */

struct waiter {
    struct journal *handle;
    uint64_t seq;
    int64_t timeout_ns;
    pthread_t thread;
    _Atomic bool waits;
    _Atomic bool done;
    int result;
    int64_t took;
};

static void *
wait_in_thread(void *context)
{
    struct waiter *waiter = context;
    int64_t start = now();

    waiter->waits = true;
    waiter->result = journal_wait(waiter->handle, waiter->seq,
                                  waiter->timeout_ns);
    waiter->took = now() - start;
    waiter->done = true;
    return NULL;
}

static void
start_waiter(struct waiter *waiter, struct journal *handle, uint64_t seq,
             int64_t timeout_ns)
{
    waiter->handle = handle;
    waiter->seq = seq;
    waiter->timeout_ns = timeout_ns;
    waiter->waits = waiter->done = false;
    ck_assert_int_eq(pthread_create(&waiter->thread, NULL, wait_in_thread,
                                    waiter),
                     0);
    while (!waiter->waits)
        pause_for(MS / 10);
    pause_for(5 * MS);
}

/* It returns RESULT, and soon. */
static void
end_waiter(struct waiter *waiter, int result)
{
    int64_t start = now();

    ck_assert_int_eq(pthread_join(waiter->thread, NULL), 0);
    ck_assert_int_lt(now() - start, SOON);
    ck_assert_int_eq(waiter->result, result);
}

/* ---- what is there ------------------------------------------------------ */

static const int64_t timeouts[] = {0,        1,         SECOND,
                                   FOR_EVER, INT64_MIN, INT64_MAX};

START_TEST(a_number_below_the_size_is_there_at_once)
{
    append_count(3);
    for (uint64_t seq = 0; seq < 3; seq++)
        ck_assert_int_eq(journal_wait(journal, seq, timeouts[_i]), 0);
}
END_TEST

START_TEST(a_number_that_has_been_pruned_was_appended)
{
    append_count(3);
    ck_assert_int_eq(journal_prune(journal, 3, 0, NULL), 0);
    for (uint64_t seq = 0; seq < 3; seq++)
        ck_assert_int_eq(journal_wait(journal, seq, timeouts[_i]), 0);
    ck_assert_int_eq(journal_wait(journal, 3, 0), JOURNAL_TIMEOUT);
}
END_TEST

START_TEST(numbers_count_from_the_first_of_the_journal)
{
    struct journal_options options = options_with(0);
    struct journal *other;

    options.first_seq = 1000;
    other = open_with(test_path("other"), &options);
    ck_assert_int_eq(journal_wait(other, 999, 0), 0);
    ck_assert_int_eq(journal_wait(other, 1000, 0), JOURNAL_TIMEOUT);
    append_to(other, "key", "value");
    ck_assert_int_eq(journal_wait(other, 1000, 0), 0);
    journal_close(other);
}
END_TEST

START_TEST(without_a_journal_it_is_a_mistake)
{
    ck_assert_int_eq(journal_wait(NULL, 0, timeouts[_i]), EINVAL);
}
END_TEST

/* ---- what is not there -------------------------------------------------- */

START_TEST(zero_asks_without_waiting)
{
    int64_t start = now();

    for (unsigned i = 0; i < 100; i++)
        ck_assert_int_eq(journal_wait(journal, i, 0), JOURNAL_TIMEOUT);
    ck_assert_int_lt(now() - start, SOON);
    append_count(1);
    ck_assert_int_eq(journal_wait(journal, 0, 0), 0);
    ck_assert_int_eq(journal_wait(journal, 1, 0), JOURNAL_TIMEOUT);
}
END_TEST

START_TEST(the_timeout_comes_when_the_time_has_passed)
{
    static const int64_t spans[] = {1,        1000,     MS,      20 * MS,
                                    249 * MS, 251 * MS, 700 * MS};
    int64_t start = now(), took;

    ck_assert_int_eq(journal_wait(journal, 0, spans[_i]), JOURNAL_TIMEOUT);
    took = now() - start;
    ck_assert_int_ge(took, spans[_i]);
    ck_assert_int_lt(took, spans[_i] + SOON);
}
END_TEST

START_TEST(no_number_is_too_high_to_ask_for)
{
    append_count(1);
    for (uint64_t seq = JOURNAL_NONE; seq > JOURNAL_NONE - 3; seq--) {
        ck_assert_int_eq(journal_wait(journal, seq, 0), JOURNAL_TIMEOUT);
        ck_assert_int_eq(journal_wait(journal, seq, MS), JOURNAL_TIMEOUT);
    }
}
END_TEST

static int64_t
processor_time(void)
{
    struct rusage usage;

    ck_assert_int_eq(getrusage(RUSAGE_THREAD, &usage), 0);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * SECOND +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000;
}

START_TEST(a_second_of_waiting_takes_no_processor)
{
    int64_t before = processor_time(), used;

    ck_assert_int_eq(journal_wait(journal, 0, SECOND), JOURNAL_TIMEOUT);
    used = processor_time() - before;
    printf("waiting for 1 s took %lld us of processor time\n",
           (long long)(used / 1000));
    fflush(stdout);
    ck_assert_int_lt(used, 100 * MS);
}
END_TEST

static void
on_signal(int signal)
{
    (void)signal;
}

START_TEST(signals_do_not_end_a_wait)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct itimerval every = {{0, 3000}, {0, 3000}}, never = {{0, 0}, {0, 0}};
    int64_t start = now();

    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &every, NULL), 0);
    ck_assert_int_eq(journal_wait(journal, 0, 400 * MS), JOURNAL_TIMEOUT);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
    ck_assert_int_ge(now() - start, 400 * MS);
    ck_assert_int_lt(now() - start, SOON);
}
END_TEST

/* ---- what wakes --------------------------------------------------------- */

static void
append_one(struct journal *to)
{
    append_to(to, "key", "value");
}

static void
append_three(struct journal *to)
{
    struct journal_record records[] = {record("a", "1"), record("b", "2"),
                                       record(NULL, "3")};

    ck_assert_int_eq(journal_append_batch(to, records, 3, NULL), 0);
}

static void
delete_one(struct journal *to)
{
    ck_assert_int_eq(journal_delete(to, "key", 3, NULL), 0);
}

static const struct {
    void (*append)(struct journal *to);
    uint64_t seq; /* the highest that it appends */
} appends[] = {
    {append_one, 0},
    {append_three, 2},
    {append_three, 1},
    {delete_one, 0},
};

START_TEST(whatever_appends_wakes_who_waits_for_ever)
{
    struct waiter waiter;

    start_waiter(&waiter, journal, appends[_i].seq, FOR_EVER);
    ck_assert(!waiter.done);
    appends[_i].append(journal);
    end_waiter(&waiter, 0);
}
END_TEST

START_TEST(the_longest_timeouts_end_with_the_append)
{
    static const int64_t longest[] = {INT64_MAX, INT64_MAX - 1, INT64_MIN};
    struct waiter waiter;

    start_waiter(&waiter, journal, 0, longest[_i]);
    pause_for(300 * MS);
    ck_assert(!waiter.done);
    append_count(1);
    end_waiter(&waiter, 0);
}
END_TEST

START_TEST(an_append_through_another_handle_wakes)
{
    static const uint32_t flags[] = {0, READ_ONLY};
    struct journal *other = open_path(home(), flags[_i]);
    struct waiter waiter;

    start_waiter(&waiter, other, 0, FOR_EVER);
    append_count(1);
    end_waiter(&waiter, 0);
    journal_close(other);
}
END_TEST

/* Rung when a process is to append, or has waited in vain. */
static struct bell bell;

static void
append_elsewhere(void *unused)
{
    (void)unused;
    journal_close(journal);
    journal = open_path(home(), 0);
    bell_wait(&bell);
    append_count(1);
    journal_close(journal);
}

START_TEST(an_append_by_a_process_wakes)
{
    struct waiter waiter;
    pid_t pid;

    bell_make(&bell);
    pid = start(append_elsewhere, NULL);
    start_waiter(&waiter, journal, 0, FOR_EVER);
    bell_ring(&bell);
    end_waiter(&waiter, 0);
    finish(pid);
}
END_TEST

static void
wait_elsewhere(void *context)
{
    journal_close(journal);
    journal = open_path(home(), *(uint32_t *)context);
    ck_assert_int_eq(journal_wait(journal, 0, 20 * MS), JOURNAL_TIMEOUT);
    bell_ring(&bell);
    ck_assert_int_eq(journal_wait(journal, 0, SOON), 0);
    assert_value("key", "value");
    journal_close(journal);
}

START_TEST(an_append_wakes_a_process)
{
    static uint32_t flags[] = {0, READ_ONLY};
    pid_t pid;

    bell_make(&bell);
    pid = start(wait_elsewhere, &flags[_i]);
    bell_wait(&bell);
    pause_for(50 * MS);
    append_count(1);
    finish(pid);
}
END_TEST

START_TEST(a_process_that_only_reads_wakes_without_a_writer_at_first)
{
    static uint32_t flags = READ_ONLY;
    pid_t pid;

    journal_close(journal);
    journal = NULL;
    bell_make(&bell);
    pid = start(wait_elsewhere, &flags);
    bell_wait(&bell);
    pause_for(50 * MS);
    journal = open_path(home(), 0);
    append_count(1);
    finish(pid);
}
END_TEST

START_TEST(each_returns_with_its_own_number_and_not_before)
{
    struct waiter waiters[6];

    for (unsigned i = 0; i < COUNT_OF(waiters); i++)
        start_waiter(&waiters[i], journal, COUNT_OF(waiters) - 1 - i,
                     i % 2 == 0 ? FOR_EVER : SOON);
    for (unsigned i = COUNT_OF(waiters); i-- > 0;) {
        append_count(1);
        end_waiter(&waiters[i], 0);
        pause_for(MS);
        for (unsigned j = 0; j < i; j++)
            ck_assert(!waiters[j].done);
    }
}
END_TEST

START_TEST(what_is_no_append_ends_no_wait)
{
    struct waiter waiter;

    append_count(10);
    start_waiter(&waiter, journal, 10, FOR_EVER);
    ck_assert_int_eq(journal_prune(journal, 5, 0, NULL), 0);
    ck_assert_int_eq(journal_mark(journal, "mark", 7), 0);
    ck_assert_int_eq(journal_prune(journal, 10, JOURNAL_PRUNE_PAST_MARKS, NULL),
                     0);
    ck_assert_int_eq(journal_append(journal, NULL, 0, NULL, SIZE_MAX, NULL),
                     EINVAL);
    pause_for(20 * MS);
    ck_assert(!waiter.done);
    append_count(1);
    end_waiter(&waiter, 0);
}
END_TEST

START_TEST(a_rewind_only_makes_the_wait_longer)
{
    struct waiter waiter;

    append_count(10);
    start_waiter(&waiter, journal, 11, FOR_EVER);
    append_count(1);
    ck_assert_int_eq(journal_rewind(journal, 4), 0);
    append_count(7);
    pause_for(20 * MS);
    ck_assert(!waiter.done);
    append_count(1);
    end_waiter(&waiter, 0);
}
END_TEST

/* ---- handles of all kinds ----------------------------------------------- */

START_TEST(where_nobody_will_append_it_is_unsupported)
{
    append_count(2);
    journal_close(journal);
    journal = open_path(home(), IMMUTABLE);
    ck_assert_int_eq(journal_wait(journal, 1, timeouts[_i]), 0);
    ck_assert_int_eq(journal_wait(journal, 2, timeouts[_i]),
                     JOURNAL_UNSUPPORTED);
}
END_TEST

static void
wait_with_inherited(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < COUNT_OF(timeouts); i++) {
        ck_assert_int_eq(journal_wait(journal, 0, timeouts[i]), JOURNAL_FORKED);
        ck_assert_int_eq(journal_wait(journal, 1, timeouts[i]), JOURNAL_FORKED);
    }
    journal_close(journal);
}

START_TEST(an_inherited_handle_says_forked)
{
    append_count(1);
    in_child(wait_with_inherited, NULL);
}
END_TEST

static volatile sig_atomic_t forked = -1;

static void
fork_in_handler(int signal)
{
    (void)signal;
    if (forked < 0)
        forked = fork();
}

START_TEST(a_child_that_is_forked_amid_a_wait_says_forked)
{
    struct sigaction action = {.sa_handler = fork_in_handler};
    struct itimerval once = {{0, 0}, {0, 50000}};
    int rc;

    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &once, NULL), 0);
    rc = journal_wait(journal, 0, 400 * MS);
    if (forked == 0)
        _exit(rc == JOURNAL_FORKED ? EXIT_SUCCESS : EXIT_FAILURE);
    ck_assert_int_gt(forked, 0);
    ck_assert_int_eq(rc, JOURNAL_TIMEOUT);
    finish(forked);
    append_count(1);
    ck_assert_int_eq(journal_wait(journal, 0, FOR_EVER), 0);
}
END_TEST

START_TEST(who_waits_for_a_journal_that_is_removed_is_told)
{
    struct waiter waiter;

    start_waiter(&waiter, journal, 0, FOR_EVER);
    ck_assert_int_eq(unlink(test_path("journal/data.mdb")), 0);
    end_waiter(&waiter, ESTALE);
}
END_TEST

/* ---- who is killed ------------------------------------------------------ */

static struct shared {
    _Atomic unsigned waiting;
    _Atomic uint64_t next; /* number that the process appends next */
} * shared;

static void
setup(void)
{
    setup_journal();
    shared = test_shared(sizeof(*shared));
}

static void
teardown(void)
{
    test_unshare(shared, sizeof(*shared));
    teardown_journal();
}

static void
kill_it(pid_t pid)
{
    int status;

    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
}

static void
wait_for_death(void *unused)
{
    (void)unused;
    journal_close(journal);
    journal = open_path(home(), 0);
    shared->waiting++;
    (void)journal_wait(journal, 1000000, FOR_EVER);
}

START_TEST(waiters_that_are_killed_leave_no_trace)
{
    struct waiter waiter;
    pid_t pids[4];

    for (unsigned i = 0; i < COUNT_OF(pids); i++)
        pids[i] = start(wait_for_death, NULL);
    while (shared->waiting < COUNT_OF(pids))
        pause_for(MS);
    pause_for(20 * MS);
    append_count(1);
    for (unsigned i = 0; i < COUNT_OF(pids); i++)
        kill_it(pids[i]);
    append_count(1);
    start_waiter(&waiter, journal, 2, FOR_EVER);
    append_count(1);
    end_waiter(&waiter, 0);
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(journal_destroy(home()), 0);
}
END_TEST

static void
append_until_death(void *unused)
{
    (void)unused;
    journal_close(journal);
    journal = open_path(home(), 0);
    for (;;)
        shared->next = append("key", "value") + 1;
}

START_TEST(what_a_killed_process_has_appended_is_waited_for_no_longer)
{
    for (unsigned round = rounds(20, 2); round > 0; round--) {
        uint64_t seq = figures(journal).size;
        pid_t pid = start(append_until_death, NULL);

        while (journal_wait(journal, seq, round % 5 * MS + MS) != 0)
            continue;
        kill_it(pid);
        seq = figures(journal).size;
        ck_assert_uint_ge(seq, shared->next);
        ck_assert_int_eq(journal_wait(journal, seq - 1, 0), 0);
        append_count(1);
        ck_assert_int_eq(journal_wait(journal, seq, FOR_EVER), 0);
    }
}
END_TEST

/* ---- hand-offs ---------------------------------------------------------- */

struct player {
    struct journal *handle;
    uint64_t first; /* 0 or 1: the numbers that it appends */
    uint64_t limit;
};

/* Appends each number as soon as the one before is there, and readable. */
static void *
play(void *context)
{
    const struct player *player = context;

    for (uint64_t seq = player->first; seq < player->limit; seq += 2) {
        struct journal_entry *entry;

        if (seq > 0) {
            ck_assert_int_eq(journal_wait(player->handle, seq - 1, SOON), 0);
            ck_assert_int_eq(journal_read(player->handle, seq - 1, &entry), 0);
            journal_entry_free(entry);
        }
        ck_assert_uint_eq(append_to(player->handle, "ball", "value"), seq);
    }
    return NULL;
}

static void
play_elsewhere(void *context)
{
    struct player *player = context;

    journal_close(journal);
    journal = NULL;
    player->handle = open_path(home(), 0);
    (void)play(player);
    journal_close(player->handle);
}

static void
report(const char *between, uint64_t count, int64_t took)
{
    printf("%llu hand-offs between %s: %.1f us each\n",
           (unsigned long long)count, between,
           (double)took / 1000.0 / (double)count);
    fflush(stdout);
}

START_TEST(processes_hand_off_to_each_other)
{
    uint64_t count = rounds(25000, 50);
    struct player here = {journal, 0, count}, there = {NULL, 1, count};
    int64_t start_time = now();
    pid_t pid = start(play_elsewhere, &there);

    (void)play(&here);
    finish(pid);
    report("processes", count, now() - start_time);
    ck_assert_uint_eq(figures(journal).size, count);
}
END_TEST

START_TEST(threads_hand_off_to_each_other)
{
    uint64_t count = rounds(25000, 50);
    struct player players[] = {{journal, 0, count}, {journal, 1, count}};
    int64_t start_time = now();
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, play, &players[1]), 0);
    (void)play(&players[0]);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    report("threads", count, now() - start_time);
    ck_assert_uint_eq(figures(journal).size, count);
}
END_TEST

/* ------------------------------------------------------------------------- */

static void
add_what_is_there(TCase *tcase)
{
    int all = (int)COUNT_OF(timeouts);

    tcase_add_loop_test(tcase, a_number_below_the_size_is_there_at_once, 0,
                        all);
    tcase_add_loop_test(tcase, a_number_that_has_been_pruned_was_appended, 0,
                        all);
    tcase_add_test(tcase, numbers_count_from_the_first_of_the_journal);
    tcase_add_loop_test(tcase, without_a_journal_it_is_a_mistake, 0, all);
    tcase_add_test(tcase, zero_asks_without_waiting);
    tcase_add_loop_test(tcase, the_timeout_comes_when_the_time_has_passed, 0,
                        7);
    tcase_add_test(tcase, no_number_is_too_high_to_ask_for);
    tcase_add_test(tcase, a_second_of_waiting_takes_no_processor);
    tcase_add_test(tcase, signals_do_not_end_a_wait);
}

static void
add_what_wakes(TCase *tcase)
{
    tcase_add_loop_test(tcase, whatever_appends_wakes_who_waits_for_ever, 0,
                        (int)COUNT_OF(appends));
    tcase_add_loop_test(tcase, the_longest_timeouts_end_with_the_append, 0, 3);
    tcase_add_loop_test(tcase, an_append_through_another_handle_wakes, 0, 2);
    tcase_add_test(tcase, an_append_by_a_process_wakes);
    tcase_add_loop_test(tcase, an_append_wakes_a_process, 0, 2);
    tcase_add_test(tcase,
                   a_process_that_only_reads_wakes_without_a_writer_at_first);
    tcase_add_test(tcase, each_returns_with_its_own_number_and_not_before);
    tcase_add_test(tcase, what_is_no_append_ends_no_wait);
    tcase_add_test(tcase, a_rewind_only_makes_the_wait_longer);
}

static void
add_troubles(TCase *tcase)
{
    tcase_add_loop_test(tcase, where_nobody_will_append_it_is_unsupported, 0,
                        (int)COUNT_OF(timeouts));
    tcase_add_test(tcase, an_inherited_handle_says_forked);
    tcase_add_test(tcase, a_child_that_is_forked_amid_a_wait_says_forked);
    tcase_add_test(tcase, who_waits_for_a_journal_that_is_removed_is_told);
    tcase_add_test(tcase, waiters_that_are_killed_leave_no_trace);
    tcase_add_test(tcase,
                   what_a_killed_process_has_appended_is_waited_for_no_longer);
}

static Suite *
suite(void)
{
    Suite *suite = suite_create("wait");
    TCase *tcase = tcase_create("wait");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    add_what_is_there(tcase);
    add_what_wakes(tcase);
    add_troubles(tcase);
    tcase_add_test(tcase, processes_hand_off_to_each_other);
    tcase_add_test(tcase, threads_hand_off_to_each_other);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
