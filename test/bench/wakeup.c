/*
 * wakeup.c - how soon another process knows of an append, beside a pipe.
 *
 * The other process sleeps in journal_wait(), or in read() of the pipe; before
 * a byte is written into that, an entry is appended just the same.  A write's
 * time counts from its beginning.  When within its append a journal wakes, one
 * cannot see from outside: so its time counts from the append's end, and as
 * long as a write takes is added.
 *
 * It matters what the one who appends does next: goes on working, or sleeps and
 * leaves its processor to the other.  Both are measured.
 */
#include <errno.h>
#include <fcntl.h>
#include <journal.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

#define WAKES_MAX 200u
#define PAUSE_US 1000u /* for the other to fall asleep */
#define LATEST_US 2000000u

/* In memory that both processes see. */
struct board {
    _Atomic uint64_t woke; /* when the other last did */
    _Atomic uint32_t ready;
};

struct waker {
    struct journal *journal;
    struct board *board;
    int ends[2]; /* of the pipe */
    uint64_t next;
    unsigned wakes; /* a round */
    pid_t other;
    bool works; /* this one goes on working until the other has woken */
};

static void
check(int rc, const char *work)
{
    if (rc != 0)
        bench_fail("libjournal: %s: %s", work, journal_strerror(rc));
}

/* ---- the other process -------------------------------------------------- */

/*
 * Waits in turn for so many entries and for so many bytes, until it is
 * killed.
 */
static _Noreturn void
wait_for_ever(const struct waker *waker, const char *path)
{
    struct journal *journal;
    uint64_t next = waker->next;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (journal_open(path, NULL, &journal) != 0)
        _exit(1);
    atomic_store(&waker->board->ready, 1);
    for (;;) {
        for (unsigned i = 0; i < waker->wakes; i++) {
            if (journal_wait(journal, next++, -1) != 0)
                _exit(1);
            atomic_store(&waker->board->woke, timing_now());
        }
        for (unsigned i = 0; i < waker->wakes; i++, next++) {
            char byte;

            if (read(waker->ends[0], &byte, 1) != 1)
                _exit(1);
            atomic_store(&waker->board->woke, timing_now());
        }
    }
}

static void
start_other(struct waker *waker, const char *path)
{
    if (pipe2(waker->ends, O_CLOEXEC) != 0)
        bench_fail("pipe: %s", strerror(errno));
    waker->board = mmap(NULL, sizeof(*waker->board), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (waker->board == MAP_FAILED)
        bench_fail("out of memory");
    waker->other = fork();
    if (waker->other < 0)
        bench_fail("fork: %s", strerror(errno));
    if (waker->other == 0)
        wait_for_ever(waker, path);
}

static void
end_other(struct waker *waker)
{
    kill(waker->other, SIGKILL);
    waitpid(waker->other, NULL, 0);
    munmap(waker->board, sizeof(*waker->board));
    close(waker->ends[0]);
    close(waker->ends[1]);
}

/* ---- this one ----------------------------------------------------------- */

/* When the other woke; it may have been before this is called. */
static uint64_t
woken(struct waker *waker)
{
    uint64_t woke;

    uint64_t begin = timing_now();

    do {
        woke = atomic_load(&waker->board->woke);
        if (woke != 0)
            return woke;
        if (!waker->works)
            usleep(10);
    } while (timing_now() - begin < LATEST_US * UINT64_C(1000));
    bench_fail("the other process was not woken");
}

static void
append(struct waker *waker)
{
    uint64_t seq;

    check(journal_append(waker->journal, "key", 3, "value", 5, &seq), "append");
    if (seq != waker->next++)
        bench_fail("libjournal: append: another number");
}

/* The time from an append's end, which may be less than nothing. */
static double
wake_by_append(struct waker *waker)
{
    uint64_t end;

    atomic_store(&waker->board->woke, 0);
    usleep(PAUSE_US);
    append(waker);
    end = timing_now();
    return ((double)woken(waker) - (double)end) / 1e3;
}

/* The time from a write's beginning; *TOOK is how long the write took. */
static double
wake_by_pipe(struct waker *waker, double *took)
{
    uint64_t begin, end;

    usleep(PAUSE_US);
    append(waker);
    atomic_store(&waker->board->woke, 0);
    begin = timing_now();
    if (write(waker->ends[1], "", 1) != 1)
        bench_fail("pipe: %s", strerror(errno));
    end = timing_now();
    *took = (double)(end - begin) / 1e3;
    return ((double)woken(waker) - (double)begin) / 1e3;
}

static void
run_round(struct waker *waker, double *ours, double *pipes)
{
    double by_append[WAKES_MAX], by_pipe[WAKES_MAX], took[WAKES_MAX];

    for (unsigned i = 0; i < waker->wakes; i++)
        by_append[i] = wake_by_append(waker);
    for (unsigned i = 0; i < waker->wakes; i++)
        by_pipe[i] = wake_by_pipe(waker, &took[i]);
    *pipes = spread_of(by_pipe, waker->wakes).median;
    *ours = spread_of(by_append, waker->wakes).median +
            spread_of(took, waker->wakes).median;
}

/* The figures of one way in which the appender may go on. */
struct figures {
    struct row *ours, *pipes, *over;
};

static struct figures
report_figures(struct report *report, const struct settings *settings,
               const char *name)
{
    struct figures figures;

    figures.ours = report_row(report, "us", settings->rounds, "%s", name);
    figures.pipes = report_row(report, "us", settings->rounds, "  by a pipe");
    figures.over = report_row(report, "x", settings->rounds, "  over that");
    row_bar(figures.over, BAR_AT_MOST, ENGINE_OURS, 2.5);
    return figures;
}

static void
measure_round(struct waker *waker, const struct figures *figures,
              unsigned round, bool works)
{
    double *ours = &figures->ours->values[ENGINE_OURS][round];
    double *pipes = &figures->pipes->values[ENGINE_OURS][round];

    waker->works = works;
    run_round(waker, ours, pipes);
    figures->over->values[ENGINE_OURS][round] = *ours / *pipes;
}

static void
await_other(const struct waker *waker)
{
    for (unsigned i = 0; atomic_load(&waker->board->ready) == 0; i++) {
        if (i > LATEST_US / PAUSE_US)
            bench_fail("the other process has not begun");
        usleep(PAUSE_US);
    }
}

void
measure_wakeups(struct report *report, const struct settings *settings)
{
    const struct figures working = report_figures(
        report, settings, "wake-up, who appends goes on");
    const struct figures sleeping = report_figures(
        report, settings, "wake-up, who appends sleeps");
    char *path = bench_path(settings, "wakeups");
    struct waker waker = {.wakes = settings->wakes};

    if (waker.wakes > WAKES_MAX)
        bench_fail("more wake-ups than WAKES_MAX");
    check(journal_open(path, NULL, &waker.journal), "open");
    /* A handle does not go through a fork(). */
    journal_close(waker.journal);
    start_other(&waker, path);
    check(journal_open(path, NULL, &waker.journal), "open");
    await_other(&waker);
    for (unsigned round = 0; round < settings->rounds; round++) {
        bench_progress("wake-ups", round, settings->rounds);
        measure_round(&waker, &working, round, true);
        measure_round(&waker, &sleeping, round, false);
    }
    end_other(&waker);
    journal_close(waker.journal);
    free(path);
}
