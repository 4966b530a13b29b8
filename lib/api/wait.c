/* wait.c - journal_wait(). */
#include "base/clock.h"
#include "base/error.h"
#include "write/handle.h"
#include "journal/view.h"

/* A waking is missed if its process is killed first: ns until a look anyway. */
#define SLEEP_MAX UINT64_C(250000000)

/* 0 if the size is over SEQ, JOURNAL_TIMEOUT if not yet. */
static int
look(struct jn_shared *shared, uint64_t seq)
{
    struct jn_state state;
    struct jn_txn txn;
    int rc = jn_shared_begin_read(shared, &txn);

    if (rc != 0)
        return rc;
    rc = jn_view_state(&txn, &state);
    jn_store_end_read(&txn);
    return rc == 0 && state.next <= seq ? JOURNAL_TIMEOUT : rc;
}

/* The same, and whether DEADLINE has passed: then *LEFT is 0. */
static int
look_until(struct jn_shared *shared, uint64_t seq, uint64_t deadline,
           uint64_t *left)
{
    int rc = look(shared, seq);
    uint64_t now = jn_clock_steady();

    *left = rc == JOURNAL_TIMEOUT && now < deadline ? deadline - now : 0;
    return rc;
}

static int
wait_until(struct jn_shared *shared, uint64_t seq, uint64_t deadline)
{
    struct jn_futex *futex = jn_lock_futex(shared->files.lock);
    uint64_t left;
    int rc;

    jn_futex_enter(futex);
    for (;;) {
        /* The turn before the look: what is missed is the next turn's. */
        uint32_t turn = jn_futex_turn(futex);

        rc = look_until(shared, seq, deadline, &left);
        if (left == 0)
            break;
        jn_futex_sleep(futex, turn, left < SLEEP_MAX ? left : SLEEP_MAX);
        /* A signal's handler may fork; the child has no futex to leave. */
        rc = jn_shared_check(shared);
        if (rc != 0)
            return rc;
    }
    jn_futex_leave(futex);
    return rc;
}

int
journal_wait(struct journal *journal, uint64_t seq, int64_t timeout_ns)
{
    uint64_t deadline = UINT64_MAX; /* centuries after any clock's time */
    int rc;

    if (journal == NULL)
        return EINVAL;
    if (timeout_ns > 0)
        deadline = jn_clock_steady() + (uint64_t)timeout_ns;
    rc = look(journal->shared, seq);
    if (rc == JOURNAL_TIMEOUT && journal->shared->immutable)
        return JOURNAL_UNSUPPORTED;
    if (rc != JOURNAL_TIMEOUT || timeout_ns == 0)
        return rc;
    return wait_until(journal->shared, seq, deadline);
}
