/* range.c - the numbers that a cursor has still to go through. */
#include "query/range.h"

#include "base/error.h"
#include "journal/times.h"
#include "journal/view.h"

static int
read_cuts(struct jn_txn *txn, struct jn_cuts *rewinds, struct jn_cuts *removals)
{
    int rc = jn_view_cuts(txn, JN_REWINDS, rewinds);

    return rc == 0 ? jn_view_cuts(txn, JN_REMOVALS, removals) : rc;
}

/*
 * Leaves of the range what was appended in [since, until), and what may have
 * been: of damaged entries at either end the cursor tells.
 */
static int
clip_times(struct jn_range *range, struct jn_txn *txn,
           const struct jn_state *state)
{
    struct jn_moment since = {0, 0}, until = {JOURNAL_NONE, JOURNAL_NONE};
    uint64_t from, to;
    int rc = 0;

    if (range->since > 0)
        rc = jn_times_find(txn, state, range->since, &since);
    if (rc == 0 && range->until <= state->last_time)
        rc = jn_times_find(txn, state, range->until, &until);
    if (rc != 0)
        return rc;
    from = since.low;
    to = until.high;
    range->low = from > range->low ? from : range->low;
    range->high = to < range->high ? to : range->high;
    /* No later entry will be of an earlier time. */
    range->end = to < range->end ? to : range->end;
    return 0;
}

static int
check_bounds(const struct journal_query *query, const struct jn_state *state,
             bool follow)
{
    if (query->first != JOURNAL_NONE && query->first > state->next)
        return JOURNAL_OUT_OF_RANGE;
    if (query->limit != JOURNAL_NONE && query->limit > state->next && !follow)
        return JOURNAL_OUT_OF_RANGE;
    return query->first < state->first ? JOURNAL_PRUNED : 0;
}

int
jn_range_open(struct jn_range *range, struct jn_txn *txn,
              const struct journal_query *query)
{
    struct jn_cuts rewinds, removals;
    struct jn_state state;
    int rc = jn_view_state(txn, &state);

    if (rc == 0)
        rc = read_cuts(txn, &rewinds, &removals);
    if (rc != 0)
        return rc;
    *range = (struct jn_range){
        .reverse = (query->flags & JOURNAL_QUERY_REVERSE) != 0,
        .follow = (query->flags & JOURNAL_QUERY_FOLLOW) != 0,
        .low = query->first == JOURNAL_NONE ? state.first : query->first,
        .limit = query->limit,
        .end = query->limit,
        .since = query->since,
        .until = query->until,
        .told = JOURNAL_NONE,
        .rewinds = rewinds.count,
        .removals = removals.count,
    };
    rc = check_bounds(query, &state, range->follow);
    if (rc != 0)
        return rc;
    range->high = range->end < state.next ? range->end : state.next;
    range->as_of = range->high;
    return clip_times(range, txn, &state);
}

/* What a rewind has taken from above; one who follows goes on from there. */
static bool
look_for_rewinds(struct jn_range *range, const struct jn_cuts *rewinds)
{
    uint64_t kept = jn_cuts_since(rewinds, range->rewinds);

    range->rewinds = rewinds->count;
    /* What was too late is gone, and the clock may have been put right. */
    if (kept <= range->end)
        range->end = range->limit;
    if (kept >= range->high && kept >= range->as_of &&
        (!range->follow || kept >= range->low))
        return false;
    range->high = kept < range->high ? kept : range->high;
    range->as_of = kept < range->as_of ? kept : range->as_of;
    if (range->follow && kept < range->low)
        range->low = kept;
    return true;
}

/* Once all is read there is what has been appended since. */
static bool
grow(struct jn_range *range, const struct jn_state *state)
{
    uint64_t high = range->end < state->next ? range->end : state->next;

    if (!range->follow || !jn_range_is_empty(range) || high <= range->low)
        return false;
    range->high = high;
    return true;
}

/* What has gone from below, or by compactions from within. */
static bool
look_for_removals(struct jn_range *range, const struct jn_state *state,
                  const struct jn_cuts *removals)
{
    uint64_t cut = jn_cuts_since(removals, range->removals);
    uint64_t limit = range->follow ? range->end : range->high;
    bool pruned = range->low < state->first;

    range->removals = removals->count;
    if (jn_range_is_empty(range))
        return false;
    if (pruned)
        range->low = state->first < limit ? state->first : limit;
    /* A cut is the complement of the highest number that has gone. */
    return pruned || (cut != UINT64_MAX && ~cut >= range->low);
}

int
jn_range_look(struct jn_range *range, struct jn_txn *txn,
              struct jn_state *state, bool *moved)
{
    struct jn_cuts rewinds, removals;
    struct jn_range found = *range;
    bool grown, pruned;
    int rc = jn_view_state(txn, state);

    *moved = false;
    if (rc == 0)
        rc = read_cuts(txn, &rewinds, &removals);
    if (rc != 0)
        return rc;
    *moved = look_for_rewinds(&found, &rewinds);
    grown = grow(&found, state);
    /* Nobody knows the times of what has gone: it is asked for before. */
    pruned = look_for_removals(&found, state, &removals);
    if (grown)
        rc = clip_times(&found, txn, state);
    if (rc != 0)
        return rc;
    *range = found;
    *moved |= grown || pruned;
    if (pruned)
        return JOURNAL_PRUNED;
    return jn_range_is_empty(range) ? JOURNAL_END : 0;
}
