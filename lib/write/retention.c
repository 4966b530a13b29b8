/* retention.c - old entries go as new ones come: keep_entries and its kin. */
#include "write/retention.h"

#include "write/ahead.h"
#include "write/drain.h"
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

static int
find_oldest_time(struct jn_txn *txn, const struct jn_state *state,
                 uint64_t *time)
{
    int rc = jn_oldest_time(txn, state, time);

    if (rc != JOURNAL_NOT_FOUND || !jn_view_has_recent(txn))
        return rc;
    *time = jn_recent_at(&txn->look, txn->look.low)->time;
    return 0;
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
    rc = find_oldest_time(txn, state, &time);
    if (rc == 0)
        *passed = is_passed(last_time - time, limits->keep_ns, STEP_NS);
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

/* What a commit that has ADDED so much may remove. */
static struct jn_amount
most_beside(const struct jn_amount *added)
{
    return (struct jn_amount){
        .entries = MOST_ENTRIES + MOST_TIMES * added->entries,
        .bytes = MOST_BYTES + MOST_TIMES * added->bytes,
    };
}

static uint64_t
less(uint64_t value, uint64_t by)
{
    return value > by ? value - by : 0;
}

static bool
has_enough(uint64_t stored, uint64_t all, uint64_t limit, uint64_t most)
{
    uint64_t over = limit != 0 ? less(all, limit) : 0;

    return stored >= (over < most ? over : most);
}

/* Whether the store has what will go of ALL; what is too old is not counted. */
static int
is_stored(struct jn_txn *txn, const struct jn_state *all,
          const struct jn_limits *limits, const struct jn_amount *added,
          bool *stored)
{
    const struct jn_amount most = most_beside(added);
    struct jn_state state;
    int rc = jn_view_stored_state(txn, &state);

    *stored = rc == 0 &&
              has_enough(jn_store_count(txn, JN_ENTRIES),
                         jn_view_entries(txn) + added->entries,
                         limits->keep_entries, most.entries) &&
              has_enough(state.bytes_logical, all->bytes_logical + added->bytes,
                         limits->keep_bytes, most.bytes);
    return rc;
}

/*
 * Whether a mark is known to hold up all that would go.  It is not looked for:
 * what removes finds it, which then holds until the next commit.
 */
static bool
is_held_up(const struct jn_txn *txn, const struct jn_state *state,
           const struct jn_slowest *slowest)
{
    return slowest->number == jn_store_number(txn) &&
           slowest->seq <= state->first;
}

int
jn_retention_find_due(struct jn_txn *txn, const struct jn_limits *limits,
                      const struct jn_amount *added, uint64_t now,
                      const struct jn_slowest *slowest, enum jn_due *due)
{
    struct jn_state state;
    bool passed, stored;
    int rc;

    *due = JN_NOT_DUE;
    if (!jn_retention_wanted(limits))
        return 0;
    rc = jn_view_state(txn, &state);
    if (rc != 0 || is_held_up(txn, &state, slowest))
        return rc;
    now = now > state.last_time ? now : state.last_time;
    rc = is_any_passed(txn, &state, limits, added, now, &passed);
    if (rc != 0 || !passed)
        return rc;
    rc = is_stored(txn, &state, limits, added, &stored);
    *due = stored ? JN_DUE_STORED : JN_DUE_RECENT;
    return rc;
}

/* ---- remove ------------------------------------------------------------- */

/* Of a LIMIT for all, what is left for the store beside so much RECENT. */
static uint64_t
rest_of(uint64_t limit, uint64_t recent)
{
    return limit != 0 ? less(limit, recent) : UINT64_MAX;
}

static struct jn_goal
goal_of(struct jn_txn *txn, const struct jn_state *state,
        const struct jn_limits *limits, uint64_t slowest)
{
    uint64_t stored = jn_store_count(txn, JN_ENTRIES);
    struct jn_state all = *state;
    struct jn_goal goal;

    jn_view_add_recent(txn, &all);
    goal = (struct jn_goal){
        .before = slowest < state->next ? slowest : state->next,
        .keep_entries = rest_of(limits->keep_entries,
                                jn_view_entries(txn) - stored),
        .keep_bytes = rest_of(limits->keep_bytes,
                              all.bytes_logical - state->bytes_logical),
    };
    if (limits->keep_ns != 0)
        goal.keep_since = less(all.last_time, limits->keep_ns);
    return goal;
}

int
jn_retention_remove(struct jn_txn *txn, struct jn_state *state,
                    const struct jn_limits *limits, struct jn_amount *most,
                    struct jn_slowest *slowest, bool *held)
{
    bool recent = jn_view_has_recent(txn), done;
    uint64_t count = jn_store_count(txn, JN_ENTRIES);
    uint64_t bytes = state->bytes_logical, seq, removed;
    struct jn_amount now = *most;
    struct jn_goal goal;
    int rc = jn_marks_slowest(txn, slowest, &seq);

    /* The newest stays, whatever its size: somebody has just appended it. */
    if (!recent && now.entries >= count)
        now.entries = less(count, 1);
    *held = false;
    if (rc != 0 || seq <= state->first || now.entries == 0)
        return rc;
    goal = goal_of(txn, state, limits, seq);
    rc = jn_remove_oldest(txn, state, &goal, &now, &removed, &done);
    bytes -= state->bytes_logical;
    *held = recent && removed < now.entries && bytes < now.bytes &&
            (!done || (state->first >= state->next && seq > state->next));
    most->entries = less(most->entries, removed);
    most->bytes = less(most->bytes, bytes);
    return rc;
}

/* Takes what goes from the store off MOST. */
static int
remove_stored(struct jn_newest *newest, struct jn_txn *txn,
              const struct jn_limits *limits, struct jn_amount *most,
              struct jn_slowest *slowest, bool *held)
{
    struct jn_state state;
    uint64_t before = most->entries, first;
    int rc = jn_view_stored_state(txn, &state);

    first = state.first;
    if (rc == 0)
        rc = jn_retention_remove(txn, &state, limits, most, slowest, held);
    if (rc != 0 || most->entries == before)
        return rc;
    rc = jn_view_put_state(txn, &state);
    return rc == 0 ? jn_ahead_prune(newest, txn, first, state.first) : rc;
}

int
jn_retention_apply(struct jn_newest *newest, struct jn_txn *txn,
                   const struct jn_limits *limits,
                   const struct jn_amount *added, struct jn_slowest *slowest,
                   uint64_t *removed)
{
    const struct jn_amount none = {0, 0};
    struct jn_amount most = most_beside(added);
    struct jn_state state;
    bool passed = false, held = false;
    int rc = jn_view_state(txn, &state);

    *removed = 0;
    if (rc == 0)
        rc = is_any_passed(txn, &state, limits, &none, state.last_time,
                           &passed);
    if (rc != 0 || !passed)
        return rc;
    rc = remove_stored(newest, txn, limits, &most, slowest, &held);
    if (rc == 0 && held)
        rc = jn_drain_all(newest, txn);
    if (rc == 0 && held)
        rc = remove_stored(newest, txn, limits, &most, slowest, &held);
    *removed = most_beside(added).entries - most.entries;
    return rc;
}
