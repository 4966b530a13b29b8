/* upkeep.c - long work on the journal, in small atomic steps. */
#include "write/upkeep.h"

#include "write/ahead.h"
#include "base/clock.h"
#include "write/commit.h"
#include "write/drain.h"
#include "base/error.h"
#include "journal/view.h"

#define STEP_FIRST 256u
#define STEP_MAX 4096u
#define DRAIN_MAX (UINT64_C(1) << 20) /* bytes that a step drains */
#define FULL_TRIES 4u

/*
 * Where others write a step should take no longer than about so long, ns, apart
 * from its flush: that takes as long for a small one.
 */
#define TIME_WANTED UINT64_C(8000000)

/*
 * Between steps, so that writers of other processes get in.  Where others do
 * write the pause is as long as the step before it was: they get half the time.
 */
#define PAUSE 50000u /* ns */

/* What removing takes over a limit, should it be reached to the last page. */
#define OVERDRAFT (UINT64_C(256) << 10)

struct upkeep {
    struct jn_shared *shared;
    const struct jn_job *job;
    uint64_t most;
    bool done;
    uint64_t number;  /* of the last commit that it has seen; 0: none yet */
    uint64_t written; /* of the tail, at that time */
    bool others;      /* have committed since the step before, or appended */
    uint64_t took;    /* ns, the last step, once it had its turn, */
    uint64_t worked;  /* and before its commit */
};

/* Where room is short its steps are small, and so is this. */
static struct jn_slice
slice_of(const struct upkeep *upkeep)
{
    bool small = upkeep->most < STEP_FIRST;

    return (struct jn_slice){.keys = small ? upkeep->most : STEP_MAX,
                             .bytes = small ? upkeep->most : DRAIN_MAX};
}

static int
drain_some(struct upkeep *upkeep, struct jn_txn *txn)
{
    const struct jn_slice slice = slice_of(upkeep);
    bool keyed;

    return jn_drain(&upkeep->shared->files.newest, txn, &slice, &keyed);
}

/*
 * What is recent goes into the store first; *ALL, or as much as may be.  Where
 * the work then changes nothing, this is undone with it.
 */
static int
drain(struct upkeep *upkeep, struct jn_txn *txn, bool *all)
{
    struct jn_newest *newest = &upkeep->shared->files.newest;

    *all = jn_drain_left(txn) <= slice_of(upkeep).bytes;
    return *all ? jn_drain_all(newest, txn) : drain_some(upkeep, txn);
}

/* By WORK, on the state of the store. */
static int
do_work(struct upkeep *upkeep, jn_work work, struct jn_step *step)
{
    struct jn_newest *newest = &upkeep->shared->files.newest;
    int rc = jn_view_stored_state(step->txn, &step->state);
    uint64_t first = step->state.first;

    if (rc == 0)
        rc = work(step, upkeep->job->context);
    if (rc == 0 && step->changed)
        rc = jn_view_put_state(step->txn, &step->state);
    if (rc == 0 && step->changed)
        rc = jn_ahead_prune(newest, step->txn, first, step->state.first);
    step->worked = !step->held;
    return rc;
}

static int
do_step(struct upkeep *upkeep, struct jn_txn *txn, struct jn_step *step)
{
    const struct jn_job *job = upkeep->job;
    bool any = jn_drain_left(txn) > 0, all;
    int rc = 0;

    step->held = job->in_store == NULL || !any;
    if (!step->held)
        rc = do_work(upkeep, job->in_store, step);
    if (rc != 0 || !step->held)
        return rc;
    rc = drain(upkeep, txn, &all);
    step->held = false;
    step->drained = any;
    step->changed = !all;
    if (rc != 0 || !all)
        return rc;
    return do_work(upkeep, job->work, step);
}

/*
 * In TXN, or not: there was nothing to commit.  The work hears of it if it had
 * a part in it, and not only what is recent was moved.
 */
static int
end_step(struct upkeep *upkeep, struct jn_txn *txn, const struct jn_step *step)
{
    int rc;

    if (!step->changed) {
        upkeep->number = jn_store_number(txn) - 1;
        jn_store_abort(txn);
        return 0;
    }
    upkeep->number = jn_store_number(txn);
    rc = jn_shared_commit(upkeep->shared, txn);
    if (rc == 0 && step->worked && upkeep->job->committed != NULL)
        upkeep->job->committed(upkeep->job->context);
    return rc;
}

/* Since the step before, if there was one. */
static bool
have_others_written(struct upkeep *upkeep, const struct jn_txn *txn)
{
    const struct jn_words *words = upkeep->shared->files.newest.words;
    uint64_t written = jn_word_get(&words->written);
    bool have = upkeep->number != 0 &&
                (jn_store_number(txn) > upkeep->number + 1 ||
                 written > upkeep->written);

    upkeep->written = written;
    return have;
}

static int
take_step(void *context)
{
    struct upkeep *upkeep = context;
    struct jn_txn txn;
    struct jn_step step = {.txn = &txn, .most = upkeep->most};
    int rc = jn_shared_begin_write(upkeep->shared, &txn);
    uint64_t start;

    if (rc != 0)
        return rc;
    start = jn_clock_steady();
    upkeep->others = have_others_written(upkeep, &txn);
    rc = do_step(upkeep, &txn, &step);
    upkeep->worked = jn_clock_steady() - start;
    if (rc == 0)
        rc = end_step(upkeep, &txn, &step);
    else
        jn_shared_abort(upkeep->shared, &txn);
    if (rc == 0)
        upkeep->done = step.done;
    upkeep->took = jn_clock_steady() - start;
    return rc;
}

/*
 * What a step does in the store is on the disk before what was appended before
 * it and is recent still.  After a loss of power the one must not be there
 * without the other; so that is flushed first, once, without the lock.
 */
static int
flush_first(void *context)
{
    const struct upkeep *upkeep = context;
    bool tail;

    return jn_shared_flush(upkeep->shared, &tail);
}

/* Larger steps while they are quick, or nobody waits for them. */
static void
adapt(struct upkeep *upkeep)
{
    if (!upkeep->others || upkeep->worked < TIME_WANTED / 2) {
        if (upkeep->most < STEP_MAX)
            upkeep->most *= 2;
    } else if (upkeep->worked > TIME_WANTED && upkeep->most > STEP_FIRST) {
        upkeep->most /= 2;
    }
}

static void
pause_for_others(const struct upkeep *upkeep)
{
    bool long_one = upkeep->others && upkeep->took > PAUSE;

    jn_clock_sleep(long_one ? upkeep->took : PAUSE);
}

/* The limit for the next of so many TRIES. */
static uint64_t
over(uint64_t bytes_max, unsigned tries)
{
    return bytes_max == 0 || tries < FULL_TRIES / 2 ? bytes_max
                                                    : bytes_max + OVERDRAFT;
}

static int
take_steps(struct upkeep *upkeep, uint64_t bytes_max)
{
    unsigned tries = 0;

    while (!upkeep->done) {
        int rc = jn_commit_turn(upkeep->shared, take_step, upkeep);

        if (rc == JOURNAL_FULL && upkeep->most > 1) {
            upkeep->most = upkeep->most / 8 + 1;
        } else if (rc == JOURNAL_FULL && ++tries < FULL_TRIES) {
            /* Dead readers may have been in the way, or there is no way. */
            if (jn_shared_make_room(upkeep->shared, over(bytes_max, tries)) !=
                0)
                return rc;
        } else if (rc != 0) {
            return rc;
        } else if (!upkeep->done) {
            tries = 0;
            adapt(upkeep);
            pause_for_others(upkeep);
        }
    }
    return 0;
}

int
jn_upkeep(struct jn_shared *shared, uint64_t bytes_max,
          const struct jn_job *job)
{
    struct upkeep upkeep = {.shared = shared, .job = job, .most = STEP_FIRST};
    int state, rc = 0;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    if (job->in_store != NULL)
        rc = jn_commit_turn(shared, flush_first, &upkeep);
    if (rc == 0)
        rc = take_steps(&upkeep, bytes_max);
    pthread_setcancelstate(state, NULL);
    return rc;
}
