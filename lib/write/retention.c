/* retention.c - old entries go as new ones come: keep_entries and its kin. */
#include "write/retention.h"

#include "base/error.h"
#include "journal/view.h"

/* A step is a part of its limit, and no more than this. */
#define STEP_PART 16u
#define STEP_ENTRIES 1024u
#define STEP_BYTES (UINT64_C(1) << 20)
#define STEP_NS UINT64_C(1000000000)

/*
 * What a commit may remove, and beside that for all that it adds.  The pages of
 * one large value cost as much as many entries; so it is bytes too.
 */
#define MOST_ENTRIES 1024u
#define MOST_BYTES (UINT64_C(64) << 20)
#define MOST_TIMES 2u

/* ---- what is over the limits -------------------------------------------- */

bool
jn_retention_wanted(const struct jn_limits *limits)
{
    return limits->keep_entries != 0 || limits->keep_bytes != 0 ||
           limits->keep_ns != 0;
}

/* Whether VALUE has passed LIMIT, if there is one, by more than a step. */
static bool
is_passed(uint64_t value, uint64_t limit, uint64_t step_max)
{
    uint64_t step = limit / STEP_PART;

    if (step > step_max)
        step = step_max;
    return limit != 0 && value > limit && value - limit > step;
}

/*
 * With so much ADDED to what there is, at LAST_TIME.  By age it takes a look at
 * the oldest entry; so that comes last.
 */
static int
is_any_passed(struct jn_txn *txn, const struct jn_state *state,
              const struct jn_limits *limits, const struct jn_amount *added,
              uint64_t last_time, bool *passed)
{
    uint64_t time;
    int rc;

    *passed = is_passed(jn_view_entries(txn) + added->entries,
                        limits->keep_entries, STEP_ENTRIES) ||
              is_passed(state->bytes_logical + added->bytes, limits->keep_bytes,
                        STEP_BYTES);
    if (*passed || limits->keep_ns == 0)
        return 0;
    rc = jn_oldest_time(txn, state, &time);
    if (rc == 0)
        *passed = is_passed(last_time - time, limits->keep_ns, STEP_NS);
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

int
jn_retention_is_due(struct jn_txn *txn, const struct jn_limits *limits,
                    const struct jn_amount *added, uint64_t now, bool *due)
{
    struct jn_state state;
    int rc;

    *due = false;
    if (!jn_retention_wanted(limits))
        return 0;
    rc = jn_view_state(txn, &state);
    if (rc != 0)
        return rc;
    now = now > state.last_time ? now : state.last_time;
    return is_any_passed(txn, &state, limits, added, now, due);
}

/* ---- remove ------------------------------------------------------------- */

static uint64_t
or_no_limit(uint64_t limit)
{
    return limit != 0 ? limit : UINT64_MAX;
}

static struct jn_goal
goal_of(const struct jn_state *state, const struct jn_limits *limits,
        uint64_t slowest)
{
    struct jn_goal goal = {
        .before = slowest < state->next ? slowest : state->next,
        .keep_entries = or_no_limit(limits->keep_entries),
        .keep_bytes = or_no_limit(limits->keep_bytes),
    };

    if (limits->keep_ns != 0 && limits->keep_ns < state->last_time)
        goal.keep_since = state->last_time - limits->keep_ns;
    return goal;
}

int
jn_retention_remove(struct jn_txn *txn, struct jn_state *state,
                    const struct jn_limits *limits,
                    const struct jn_amount *most, struct jn_slowest *slowest,
                    uint64_t *removed)
{
    uint64_t count = jn_store_count(txn, JN_ENTRIES);
    struct jn_amount less = *most;
    struct jn_goal goal;
    uint64_t seq;
    bool done;
    int rc = jn_marks_slowest(txn, slowest, &seq);

    *removed = 0;
    if (rc != 0 || seq <= state->first || count <= 1)
        return rc;
    goal = goal_of(state, limits, seq);
    /* The newest stays, whatever its size: somebody has just appended it. */
    if (less.entries > count - 1)
        less.entries = count - 1;
    return jn_remove_oldest(txn, state, &goal, &less, removed, &done);
}

int
jn_retention_apply(struct jn_txn *txn, const struct jn_limits *limits,
                   const struct jn_amount *added, struct jn_slowest *slowest)
{
    const struct jn_amount most = {
        .entries = MOST_ENTRIES + MOST_TIMES * added->entries,
        .bytes = MOST_BYTES + MOST_TIMES * added->bytes,
    };
    const struct jn_amount none = {0, 0};
    struct jn_state state;
    uint64_t removed = 0;
    bool passed = false;
    int rc;

    if (!jn_retention_wanted(limits))
        return 0;
    rc = jn_view_state(txn, &state);
    if (rc == 0)
        rc = is_any_passed(txn, &state, limits, &none, state.last_time,
                           &passed);
    if (rc == 0 && passed)
        rc = jn_retention_remove(txn, &state, limits, &most, slowest, &removed);
    if (rc == 0 && removed > 0)
        rc = jn_view_put_state(txn, &state);
    return rc;
}
