/* history.c - the entries of one key, found by their links. */
#include "history.h"

#include "error.h"
#include "view.h"

/* An entry of the key, and how it hangs together with the others. */
struct spot {
    uint64_t seq;
    struct jn_links links;
};

static int
go_to(const struct jn_history *history, uint64_t seq, struct spot *spot)
{
    spot->seq = seq;
    return jn_view_links(history->txn, seq, &spot->links);
}

/* Whether entry SEQ, which once was there, still is. */
static int
is_there(const struct jn_history *history, uint64_t seq, bool *is)
{
    struct jn_span bytes;
    int rc;

    *is = seq >= history->state->dense;
    if (*is || seq < history->state->first)
        return 0;
    rc = jn_view_bytes(history->txn, seq, &bytes);
    *is = rc == 0;
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

/*
 * The oldest entry at or above BOUND, which is in the dense part, and not over
 * the latest: with every jump as far as it leads without passing it.
 */
static int
oldest_from(const struct jn_history *history, uint64_t bound, struct spot *spot)
{
    int rc = go_to(history, jn_chain_seek(history->chain, bound), spot);

    while (rc == 0) {
        uint64_t next = jn_links_toward(&spot->links, bound);

        if (next == JOURNAL_NONE || next < bound)
            break;
        rc = go_to(history, next, spot);
    }
    return rc;
}

static uint64_t
latest_of(const struct jn_history *history)
{
    return history->chain->roots[0];
}

int
jn_history_below(const struct jn_history *history, uint64_t bound,
                 uint64_t *seq)
{
    uint64_t dense = history->state->dense, at = latest_of(history);
    uint64_t floor = bound > dense ? bound : dense;
    struct spot spot;
    int rc = 0;

    if (at >= floor) {
        rc = oldest_from(history, floor, &spot);
        at = spot.links.prev;
    }
    while (rc == 0 && at != JOURNAL_NONE) {
        bool there;

        rc = is_there(history, at, &there);
        if (rc == 0 && !there)
            return JOURNAL_PRUNED;
        if (rc == 0 && at < bound) {
            *seq = at;
            return 0;
        }
        if (rc == 0)
            rc = go_to(history, at, &spot);
        at = spot.links.prev;
    }
    return rc == 0 ? JOURNAL_NOT_FOUND : rc;
}

int
jn_history_before(const struct jn_history *history, uint64_t seq, uint64_t low,
                  uint64_t *before)
{
    struct spot spot;
    bool there = false;
    int rc = go_to(history, seq, &spot);

    if (rc == 0 && spot.links.prev != JOURNAL_NONE && spot.links.prev >= low)
        rc = is_there(history, spot.links.prev, &there);
    if (rc == 0 && !there)
        return JOURNAL_NOT_FOUND;
    if (rc == 0)
        *before = spot.links.prev;
    return rc;
}

/* The oldest entry in [LOW, ...) that is there. */
static int
oldest(const struct jn_history *history, uint64_t low, struct spot *spot)
{
    uint64_t dense = history->state->dense, at = latest_of(history);
    uint64_t floor = low > dense ? low : dense;
    int rc;

    if (at < low)
        return JOURNAL_NOT_FOUND;
    rc = at >= floor ? oldest_from(history, floor, spot)
                     : go_to(history, at, spot);
    while (rc == 0) {
        rc = jn_history_before(history, spot->seq, low, &at);
        if (rc == 0)
            rc = go_to(history, at, spot);
    }
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

int
jn_history_count(const struct jn_history *history, uint64_t low, uint64_t high,
                 uint64_t *count)
{
    struct spot newest, first;
    uint64_t seq;
    int rc = jn_history_below(history, high, &seq);

    *count = 0;
    if (rc == JOURNAL_NOT_FOUND || rc == JOURNAL_PRUNED ||
        (rc == 0 && seq < low))
        return 0;
    if (rc == 0)
        rc = go_to(history, seq, &newest);
    if (rc == 0)
        rc = oldest(history, low, &first);
    if (rc == 0)
        *count = newest.links.revision - first.links.revision + 1;
    return rc;
}

/* From the entry of revision AT down to that of REVISION. */
static int
descend(const struct jn_history *history, uint64_t at, uint64_t revision,
        uint64_t *seq)
{
    while (at > revision) {
        uint64_t jump = jn_links_jump_revision(at);
        struct spot spot;
        int rc = go_to(history, *seq, &spot);

        if (rc != 0)
            return rc;
        if (spot.links.revision != at)
            return JOURNAL_CORRUPT;
        *seq = jump >= revision ? spot.links.jump : spot.links.prev;
        at = jump >= revision ? jump : at - 1;
    }
    return 0;
}

int
jn_history_revision(const struct jn_history *history, uint64_t revision,
                    uint64_t *seq)
{
    uint64_t at = history->chain->revision;
    struct spot first;
    unsigned root = 0;
    int rc;

    if (revision > at)
        return JOURNAL_NOT_FOUND;
    rc = oldest(history, history->state->first, &first);
    if (rc != 0)
        return rc;
    *seq = first.seq;
    if (revision <= first.links.revision)
        return 0;
    while (root + 1 < history->chain->count &&
           jn_links_jump_revision(at) >= revision) {
        at = jn_links_jump_revision(at);
        root++;
    }
    *seq = history->chain->roots[root];
    return descend(history, at, revision, seq);
}
