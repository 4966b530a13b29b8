/* futex.c - a word on which threads of all processes sleep. */
#include "base/futex.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>

#ifdef __linux__
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define SECOND 1000000000u
#define LOOK_EVERY 1000000u /* ns, without a futex */

static_assert(sizeof(struct jn_futex) == 128 &&
                  offsetof(struct jn_futex, waiters) == 64,
              "processes agree where the words are");

/*
 * Of the kind that is for all processes, which does not sleep if the word is
 * not VALUE.
 */
#if defined(__linux__) && defined(SYS_futex)
static int
call(_Atomic uint32_t *word, int operation, uint32_t value, uint64_t ns)
{
    /* As this call has it: not a timespec where time_t is wider than long. */
    struct {
        long seconds;
        long ns;
    } time = {(long)(ns / SECOND), (long)(ns % SECOND)};
    long woken;

    woken = syscall(SYS_futex, word, operation, value, &time, NULL, 0);
    return woken < 0 ? errno : 0;
}
#else
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
static int
call(_Atomic uint32_t *word, int operation, uint32_t value, uint64_t ns)
{
    (void)word;
    (void)operation;
    (void)value;
    (void)ns;
    return ENOSYS;
}
#endif

void
jn_futex_clear(struct jn_futex *futex)
{
    atomic_store(&futex->turn, 0);
    atomic_store(&futex->waiters, 0);
}

/*
 * The waiter counts itself, reads the turn, looks; the other one has done
 * something, begins the next turn, reads the count.  These four are in one
 * order for all (seq_cst).  If the turn was read after the next one had begun,
 * the waiter sees what was done before it.  If it was read before, then the
 * waiter had been counted before the count is read, so the other one makes the
 * call; and the kernel, which compares the turn under a lock that the call
 * takes too, either finds the waiter asleep or does not let it sleep.
 */

void
jn_futex_enter(struct jn_futex *futex)
{
    atomic_fetch_add(&futex->waiters, 1);
}

void
jn_futex_leave(struct jn_futex *futex)
{
    atomic_fetch_sub(&futex->waiters, 1);
}

uint32_t
jn_futex_turn(const struct jn_futex *futex)
{
    return atomic_load(&futex->turn);
}

static void
sleep_on(_Atomic uint32_t *word, uint32_t value, uint64_t ns)
{
    struct timespec span = {.tv_nsec = LOOK_EVERY};
    int state, rc = call(word, FUTEX_WAIT, value, ns);

    if (rc == 0 || rc == EAGAIN || rc == EINTR || rc == ETIMEDOUT)
        return;
    /* There is none, or a sandbox forbids it: then by looking. */
    if (ns < LOOK_EVERY)
        span.tv_nsec = (long)ns;
    /* Unlike a futex that is a place where a thread may be cancelled. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    (void)nanosleep(&span, NULL);
    pthread_setcancelstate(state, NULL);
}

void
jn_futex_sleep(struct jn_futex *futex, uint32_t turn, uint64_t ns)
{
    sleep_on(&futex->turn, turn, ns);
}

void
jn_futex_wake(struct jn_futex *futex)
{
    atomic_fetch_add(&futex->turn, 1);
    if (atomic_load(&futex->waiters) != 0)
        (void)call(&futex->turn, FUTEX_WAKE, INT_MAX, 0);
}

/* ---- one thread waits for another ---------------------------------------- */

#define SLEEPS UINT32_MAX /* the word, while somebody does */
#define SLEEP_NS (UINT64_C(3600) * SECOND)

uint32_t
jn_futex_await(_Atomic uint32_t *word)
{
    uint32_t value = 0;

    if (!atomic_compare_exchange_strong(word, &value, SLEEPS))
        return value;
    do {
        sleep_on(word, SLEEPS, SLEEP_NS);
        value = atomic_load(word);
    } while (value == SLEEPS);
    return value;
}

void
jn_futex_tell(_Atomic uint32_t *word, uint32_t value)
{
    if (atomic_exchange(word, value) == SLEEPS)
        (void)call(word, FUTEX_WAKE, 1, 0);
}
