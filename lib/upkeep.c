/* upkeep.c - long work on the journal, in small atomic steps. */
#include "upkeep.h"

#include "clock.h"
#include "commit.h"
#include "error.h"
#include "view.h"

#define STEP_FIRST 256u
#define STEP_MAX 4096u
#define FULL_TRIES 4u

/*
 * Between steps, so that writers of other processes get in.  Where others do
 * write the pause is as long as the step before it was: they get half the time.
 */
#define PAUSE 50000u /* ns */

/* What removing takes over a limit, should it be reached to the last page. */
#define OVERDRAFT (UINT64_C(256) << 10)

struct upkeep {
    struct jn_shared *shared;
    jn_work work;
    void (*committed)(void *context);
    void *context;
    uint64_t most;
    bool done;
    uint64_t number; /* of the last commit that it has seen; 0: none yet */
    bool others;     /* have committed since the step before */
    uint64_t took;   /* ns, the last step, once it had its turn */
};

static int
do_step(struct upkeep *upkeep, struct jn_txn *txn, struct jn_step *step)
{
    int rc = jn_view_state(txn, &step->state);

    if (rc == 0)
        rc = upkeep->work(step, upkeep->context);
    if (rc == 0 && step->changed)
        rc = jn_view_put_state(txn, &step->state);
    return rc;
}

/* In TXN, or not: there was nothing to commit. */
static int
end_step(struct upkeep *upkeep, struct jn_txn *txn, bool changed)
{
    int rc;

    if (!changed) {
        upkeep->number = jn_store_number(txn) - 1;
        jn_store_abort(txn);
        return 0;
    }
    upkeep->number = jn_store_number(txn);
    rc = jn_shared_commit(upkeep->shared, txn);
    if (rc == 0 && upkeep->committed != NULL)
        upkeep->committed(upkeep->context);
    return rc;
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
    upkeep->others = upkeep->number != 0 &&
                     jn_store_number(&txn) > upkeep->number + 1;
    rc = do_step(upkeep, &txn, &step);
    if (rc == 0)
        rc = end_step(upkeep, &txn, step.changed);
    else
        jn_store_abort(&txn);
    if (rc == 0)
        upkeep->done = step.done;
    upkeep->took = jn_clock_steady() - start;
    return rc;
}

static void
pause_for_others(const struct upkeep *upkeep)
{
    bool long_one = upkeep->others && upkeep->took > PAUSE;

    jn_clock_sleep(long_one ? upkeep->took : PAUSE);
}

static int
take_steps(struct upkeep *upkeep, uint64_t bytes_max)
{
    uint64_t limit = bytes_max == 0 ? 0 : bytes_max + OVERDRAFT;
    unsigned tries = 0;

    while (!upkeep->done) {
        int rc = jn_commit_turn(upkeep->shared, take_step, upkeep);

        if (rc == JOURNAL_FULL && upkeep->most > 1) {
            upkeep->most = upkeep->most / 8 + 1;
        } else if (rc == JOURNAL_FULL && ++tries < FULL_TRIES) {
            if (jn_shared_make_room(upkeep->shared, limit) != 0)
                return rc;
        } else if (rc != 0) {
            return rc;
        } else if (!upkeep->done) {
            tries = 0;
            if (upkeep->most < STEP_MAX)
                upkeep->most *= 2;
            pause_for_others(upkeep);
        }
    }
    return 0;
}

int
jn_upkeep(struct jn_shared *shared, uint64_t bytes_max, jn_work work,
          void (*committed)(void *context), void *context)
{
    struct upkeep upkeep = {.shared = shared,
                            .work = work,
                            .committed = committed,
                            .context = context,
                            .most = STEP_FIRST};
    int state, rc;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    rc = take_steps(&upkeep, bytes_max);
    pthread_setcancelstate(state, NULL);
    return rc;
}
