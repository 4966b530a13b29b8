/* history.c - the entries of one key, found by their links. */
#include "journal/history.h"

#include <assert.h>

#include "base/error.h"
#include "journal/view.h"

/* An entry of the key, and how it hangs together with the others. */
struct spot {
    uint64_t seq;
    struct jn_links links;
};

/* From here on links lead to all entries, or to where one is lost. */
static uint64_t
linked_from(const struct jn_history *history)
{
    return jn_state_linked(history->state);
}

/* Of an entry with a key, which has a revision; else nothing tells. */
static int
decode_links(struct jn_links *links, struct jn_span bytes, uint64_t seq)
{
    int rc = jn_links_decode(links, &bytes, seq);

    return rc == 0 && links->revision == 0 ? JOURNAL_CORRUPT : rc;
}

/* JOURNAL_PRUNED: it is one that salvage has not found. */
static int
go_to(const struct jn_history *history, uint64_t seq, struct spot *spot)
{
    struct jn_span bytes;
    int rc = jn_view_bytes(history->txn, seq, &bytes);

    spot->seq = seq;
    if (rc == JOURNAL_NOT_FOUND)
        return seq >= linked_from(history) && seq < history->state->dense
                   ? JOURNAL_PRUNED
                   : JOURNAL_CORRUPT;
    return rc == 0 ? decode_links(&spot->links, bytes, seq) : rc;
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
    return rc == JOURNAL_NOT_FOUND ? jn_view_check_gone(history->txn, seq) : rc;
}

/* To the last root at or above BOUND, or the next one if that is lost. */
static int
go_to_root(const struct jn_history *history, uint64_t bound, struct spot *spot)
{
    const struct jn_chain *chain = history->chain;
    unsigned i = 0;
    int rc;

    while (i + 1 < chain->count && chain->roots[i + 1] >= bound)
        i++;
    do
        rc = go_to(history, chain->roots[i], spot);
    while (rc == JOURNAL_PRUNED && i-- > 0);
    return rc;
}

/*
 * The oldest entry at or above BOUND, which is in the linked part, and not over
 * the latest: with every jump as far as it leads without passing it.
 */
static int
oldest_from(const struct jn_history *history, uint64_t bound, struct spot *spot)
{
    int rc = go_to_root(history, bound, spot);

    while (rc == 0) {
        uint64_t prev = spot->links.prev;
        uint64_t next = jn_links_toward(&spot->links, bound);

        if (next == JOURNAL_NONE || next < bound)
            break;
        rc = go_to(history, next, spot);
        if (rc == JOURNAL_PRUNED && next != prev)
            rc = go_to(history, prev, spot);
    }
    return rc;
}

static uint64_t
latest_of(const struct jn_history *history)
{
    return history->chain->roots[0];
}

/* Of entry SEQ, which is not there: the latest one no compaction takes. */
static int
why_missing(const struct jn_history *history, uint64_t seq)
{
    return seq == latest_of(history) && seq >= history->state->first
               ? JOURNAL_CORRUPT
               : JOURNAL_PRUNED;
}

/*
 * With JOURNAL_PRUNED, *LOST: there may still be one, to which no link leads.
 */
static int
find_below(const struct jn_history *history, uint64_t bound, uint64_t *seq,
           bool *lost)
{
    uint64_t linked = linked_from(history), at = latest_of(history);
    uint64_t floor = bound > linked ? bound : linked;
    struct spot spot;
    int rc = 0;

    *lost = true;
    if (at >= floor) {
        rc = oldest_from(history, floor, &spot);
        at = rc == 0 ? spot.links.prev : JOURNAL_NONE;
    }
    while (rc == 0 && at != JOURNAL_NONE) {
        bool there;

        rc = is_there(history, at, &there);
        *lost = at >= linked && at >= history->state->first;
        if (rc == 0 && !there)
            return why_missing(history, at);
        if (rc == 0 && at < bound) {
            *seq = at;
            return 0;
        }
        if (rc == 0)
            rc = go_to(history, at, &spot);
        at = rc == 0 ? spot.links.prev : JOURNAL_NONE;
    }
    return rc == 0 ? JOURNAL_NOT_FOUND : rc;
}

int
jn_history_below(const struct jn_history *history, uint64_t bound,
                 uint64_t *seq)
{
    bool lost;

    return find_below(history, bound, seq, &lost);
}

#define WAYS 64u

/* At most WAYS of them, a step on each of those not at their end in turn. */
static int
below_some(struct jn_txn *txn, uint64_t bound, uint64_t *seqs, size_t count)
{
    struct jn_numbered rows[WAYS];
    uint64_t *ends[WAYS]; /* where the answer goes */

    for (size_t i = 0; i < count; i++) {
        rows[i].number = seqs[i];
        ends[i] = &seqs[i];
    }
    while (count > 0) {
        size_t left = 0;
        int rc = jn_view_get_many(txn, rows, count);

        for (size_t i = 0; rc == 0 && i < count; i++) {
            struct jn_links links;
            uint64_t next;

            if (!rows[i].found ||
                decode_links(&links, rows[i].value, rows[i].number) != 0)
                return JOURNAL_CORRUPT;
            *ends[i] = links.prev;
            next = jn_links_toward(&links, bound);
            if (next == JOURNAL_NONE || next < bound)
                continue;
            rows[left].number = next;
            ends[left++] = ends[i];
        }
        if (rc != 0)
            return rc;
        count = left;
    }
    return 0;
}

int
jn_history_below_many(struct jn_txn *txn, uint64_t bound, uint64_t *seqs,
                      size_t count)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i += WAYS)
        rc = below_some(txn, bound, seqs + i,
                        count - i < WAYS ? count - i : WAYS);
    return rc;
}

/*
 * The entry before SPOT, down to LOW; JOURNAL_NONE where history ends.
 * JOURNAL_PRUNED: it is lost.
 */
static int
before(const struct jn_history *history, const struct spot *spot, uint64_t low,
       uint64_t *seq)
{
    uint64_t prev = spot->links.prev;
    bool there = false;
    int rc = 0;

    if (prev != JOURNAL_NONE && prev >= low)
        rc = is_there(history, prev, &there);
    *seq = there ? prev : JOURNAL_NONE;
    if (rc == 0 && !there && prev != JOURNAL_NONE && prev >= low &&
        prev >= linked_from(history) && prev >= history->state->first)
        return JOURNAL_PRUNED;
    return rc;
}

/* The oldest entry in [LOW, ...) that is there. */
static int
find_oldest(const struct jn_history *history, uint64_t low, struct spot *spot)
{
    uint64_t linked = linked_from(history), at = latest_of(history);
    uint64_t floor = low > linked ? low : linked;
    int rc;

    if (at < low)
        return JOURNAL_NOT_FOUND;
    rc = at >= floor ? oldest_from(history, floor, spot)
                     : go_to(history, at, spot);
    while (rc == 0) {
        rc = before(history, spot, low, &at);
        if (rc == 0 && at == JOURNAL_NONE)
            break;
        if (rc == 0)
            rc = go_to(history, at, spot);
    }
    return rc;
}

/* Behind what is lost there may be others, which links do not lead to. */
static int
lost_is_damage(int rc)
{
    return rc == JOURNAL_PRUNED ? JOURNAL_CORRUPT : rc;
}

static int
oldest(const struct jn_history *history, uint64_t low, struct spot *spot)
{
    return lost_is_damage(find_oldest(history, low, spot));
}

int
jn_history_count(const struct jn_history *history, uint64_t low, uint64_t high,
                 uint64_t *first, uint64_t *count)
{
    struct spot newest, begin;
    uint64_t seq;
    int rc = jn_history_below(history, high, &seq);

    *first = *count = 0;
    if (rc == JOURNAL_NOT_FOUND || rc == JOURNAL_PRUNED ||
        (rc == 0 && seq < low))
        return 0;
    if (rc == 0)
        rc = go_to(history, seq, &newest);
    if (rc == 0)
        rc = oldest(history, low, &begin);
    if (rc != 0)
        return rc;
    *first = begin.links.revision;
    *count = newest.links.revision - *first + 1;
    return newest.links.revision < *first ? JOURNAL_CORRUPT : 0;
}

/* From the entry of revision AT down to that of REVISION. */
static int
descend(const struct jn_history *history, uint64_t at, uint64_t revision,
        uint64_t *seq)
{
    while (at > revision) {
        uint64_t jump = jn_links_jump_revision(at);
        struct spot spot;
        int rc = lost_is_damage(go_to(history, *seq, &spot));

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

/* ---- all of a range ----------------------------------------------------- */

#define LANES 16u

/* A tree of entries that is still to be gone through. */
struct branch {
    uint64_t root; /* its newest entry */
    uint64_t size;
    bool left; /* the child that is its parent's prev */
};

/*
 * The trees that the links make are gone through several entries at a time:
 * that of a left child leads, by its jump, to its right sibling.  With as many
 * branches as there is room for, what is left is gone through one by one,
 * which takes two more branches for each level of a tree.
 */
#define BRANCHES_MAX 512u

struct walk {
    const struct jn_history *history;
    uint64_t low, high; /* of the linked part */
    jn_meet meet;
    void *context;
    struct branch branches[BRANCHES_MAX];
    size_t count;
};

/* The subtree below ROOT, if it reaches into the range. */
static void
add_branch(struct walk *walk, uint64_t root, uint64_t size, bool left)
{
    if (root == JOURNAL_NONE || root < walk->low || size == 0)
        return;
    /* Below a leaf there is nothing; beside a left one there is. */
    if (size == 1 && !left && root >= walk->high)
        return;
    assert(walk->count < BRANCHES_MAX);
    walk->branches[walk->count++] = (struct branch){root, size, left};
}

/* The trees of the chain: each ends where the next one begins. */
static void
add_roots(struct walk *walk)
{
    const struct jn_chain *chain = walk->history->chain;
    uint64_t revision = chain->revision;

    for (unsigned i = 0; i < chain->count; i++) {
        uint64_t size = jn_links_tree_size(revision);

        if (i + 1 == chain->count || chain->roots[i + 1] + 1 < walk->high)
            add_branch(walk, chain->roots[i], size, false);
        revision -= size;
    }
}

static int
visit(struct walk *walk, const struct branch *branch, struct jn_span bytes)
{
    struct jn_links links;
    uint64_t half = (branch->size - 1) / 2;
    int rc = decode_links(&links, bytes, branch->root);

    if (rc == 0 && jn_links_tree_size(links.revision) != branch->size)
        rc = JOURNAL_CORRUPT;
    if (rc != 0)
        return rc;
    if (branch->left)
        add_branch(walk, links.jump, branch->size, false);
    /* What is below lies behind the end of the jump. */
    if (links.jump == JOURNAL_NONE || links.jump + 1 < walk->high)
        add_branch(walk, links.prev, half, true);
    if (branch->root >= walk->high)
        return 0;
    return walk->meet(walk->context, branch->root, bytes);
}

/* Goes one step on each of the newest branches. */
static int
step(struct walk *walk)
{
    struct branch taken[LANES];
    struct jn_numbered rows[LANES];
    size_t room = BRANCHES_MAX - walk->count, count = LANES;
    int rc;

    if (count > room / 4)
        count = 1;
    if (count > walk->count)
        count = walk->count;
    walk->count -= count;
    memcpy(taken, walk->branches + walk->count, count * sizeof(*taken));
    for (size_t i = 0; i < count; i++)
        rows[i].number = taken[i].root;
    rc = jn_view_get_many(walk->history->txn, rows, count);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = rows[i].found ? visit(walk, &taken[i], rows[i].value)
                           : JOURNAL_CORRUPT;
    return rc;
}

/* Of the sparse part: the one entry that there may be. */
static int
meet_sparse(const struct jn_history *history, uint64_t low, uint64_t high,
            jn_meet meet, void *context)
{
    struct jn_span bytes;
    uint64_t seq;
    bool lost;
    int rc = find_below(history, high, &seq, &lost);

    if (rc == JOURNAL_PRUNED && lost)
        return JOURNAL_CORRUPT;
    if (rc == JOURNAL_NOT_FOUND || rc == JOURNAL_PRUNED ||
        (rc == 0 && seq < low))
        return 0;
    if (rc == 0)
        rc = jn_view_bytes(history->txn, seq, &bytes);
    if (rc != 0)
        return rc == JOURNAL_NOT_FOUND ? JOURNAL_CORRUPT : rc;
    return meet(context, seq, bytes);
}

int
jn_history_walk(const struct jn_history *history, uint64_t low, uint64_t high,
                jn_meet meet, void *context)
{
    uint64_t linked = linked_from(history);
    struct walk walk = {.history = history,
                        .low = low > linked ? low : linked,
                        .high = high,
                        .meet = meet,
                        .context = context};
    int rc = 0;

    add_roots(&walk);
    while (rc == 0 && walk.count > 0)
        rc = step(&walk);
    if (rc == 0 && low < linked)
        rc = meet_sparse(history, low, high < linked ? high : linked, meet,
                         context);
    return rc;
}
