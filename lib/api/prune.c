/* prune.c - journal_prune(). */
#include "base/error.h"
#include "write/handle.h"
#include "journal/marks.h"
#include "write/removal.h"
#include "write/upkeep.h"
#include "journal/view.h"

#define FLAGS_KNOWN                                                            \
    ((uint32_t)JOURNAL_PRUNE_KEEP_LATEST | (uint32_t)JOURNAL_PRUNE_PAST_MARKS)

struct prune {
    uint64_t before;
    uint32_t flags;
    uint64_t rewinds; /* of the journal's, when a compaction last looked */
    uint64_t at;      /* it has looked at the entries below */
    uint64_t step_at; /* and will have, once the step is committed */
    uint64_t step;    /* removed by a step that is not committed yet */
    uint64_t removed; /* by those that are */
};

/* What is to go now, be it that a mark has moved since the last step. */
static int
find_limit(struct jn_step *step, struct prune *prune, uint64_t *limit)
{
    struct jn_state all = step->state;
    uint64_t lowest = JOURNAL_NONE;
    int rc = 0;

    jn_view_add_recent(step->txn, &all);
    if (prune->before > all.next)
        prune->before = all.next;
    if ((prune->flags & JOURNAL_PRUNE_PAST_MARKS) == 0)
        rc = jn_marks_lowest(step->txn, &lowest);
    *limit = prune->before < lowest ? prune->before : lowest;
    return rc;
}

static int
remove_oldest(struct jn_step *step, struct prune *prune, uint64_t limit)
{
    const struct jn_amount most = {step->most, UINT64_MAX};
    struct jn_goal goal = {.before = limit};
    uint64_t first = step->state.first;
    int rc;

    step->done = limit <= step->state.first;
    if (step->done)
        return 0;
    if (goal.before > step->state.next)
        goal.before = step->state.next;
    rc = jn_remove_oldest(step->txn, &step->state, &goal, &most, &prune->step,
                          &step->done);
    step->done &= limit <= step->state.next;
    step->changed = first < step->state.first;
    step->held = !step->changed;
    return rc;
}

/*
 * A key's entries go from the oldest on, or no link would lead to those left
 * behind.  What a compaction has left of a key because it was the latest may,
 * after a rewind, have been followed by others that it has yet to look at.
 */
static int
look_for_rewinds(struct jn_step *step, struct prune *prune)
{
    struct jn_cuts rewinds;
    int rc = jn_view_cuts(step->txn, JN_REWINDS, &rewinds);

    if (rc == 0 && rewinds.count != prune->rewinds) {
        prune->rewinds = rewinds.count;
        prune->at = 0;
    }
    return rc;
}

static int
compact(struct jn_step *step, struct prune *prune, uint64_t limit)
{
    int rc = look_for_rewinds(step, prune);

    if (rc != 0)
        return rc;
    prune->step_at = prune->at;
    rc = jn_remove_superseded(step->txn, &step->state, &prune->step_at, limit,
                              step->most, &prune->step);
    step->changed = prune->step > 0;
    step->done = prune->step_at >= limit;
    if (rc == 0 && !step->changed)
        prune->at = prune->step_at; /* there will be nothing to commit */
    return rc;
}

static int
do_step(struct jn_step *step, void *context)
{
    struct prune *prune = context;
    uint64_t limit;
    int rc = find_limit(step, prune, &limit);

    prune->step = 0;
    if (rc != 0)
        return rc;
    if ((prune->flags & JOURNAL_PRUNE_KEEP_LATEST) != 0)
        return compact(step, prune, limit);
    return remove_oldest(step, prune, limit);
}

/* What a compaction leaves depends on what is recent. */
static int
do_step_in_store(struct jn_step *step, void *context)
{
    const struct prune *prune = context;

    step->held = (prune->flags & JOURNAL_PRUNE_KEEP_LATEST) != 0;
    return step->held ? 0 : do_step(step, context);
}

static void
note_step(void *context)
{
    struct prune *prune = context;

    prune->removed += prune->step;
    prune->at = prune->step_at;
}

int
journal_prune(struct journal *journal, uint64_t before, uint32_t flags,
              uint64_t *removed)
{
    struct prune prune = {.before = before, .flags = flags};
    const struct jn_job job = {do_step, do_step_in_store, note_step, &prune};
    int rc;

    if (journal == NULL || (flags & ~FLAGS_KNOWN) != 0)
        return EINVAL;
    rc = jn_handle_check_write(journal);
    if (rc == 0)
        rc = jn_upkeep(journal->shared, journal->limits.bytes_max, &job);
    if (rc != 0)
        return rc;
    /*
     * Lets the pages of the last step be used by the very next append, which
     * on a full disk has no others.
     */
    if (prune.removed > 0)
        (void)jn_shared_tick(journal->shared);
    if (removed != NULL)
        *removed = prune.removed;
    return 0;
}
