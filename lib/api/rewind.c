/* rewind.c - journal_rewind(). */
#include "base/error.h"
#include "write/handle.h"
#include "journal/marks.h"
#include "write/upkeep.h"
#include "journal/view.h"

struct rewind {
    uint64_t size;
    bool started;
};

static int
end_of_chain(struct jn_txn *txn, uint64_t seq, struct jn_chain_end *end)
{
    struct jn_stored stored;
    int rc = jn_view_stored(txn, seq, &stored);

    if (rc != 0)
        return rc;
    end->links = stored.links;
    end->tombstone = (stored.record.flags & JOURNAL_TOMBSTONE) != 0;
    end->stamped = (stored.record.flags & JOURNAL_STAMPED) != 0;
    return 0;
}

/*
 * The entry before LATEST of the same key, as far as it has not been pruned;
 * JOURNAL_NOT_FOUND if it has, or there never was one.
 */
static int
end_before(struct jn_step *step, const struct jn_chain_end *latest,
           struct jn_chain_end *prev)
{
    uint64_t seq = latest->links.prev;
    int rc;

    if (seq == JOURNAL_NONE || seq < step->state.first)
        return JOURNAL_NOT_FOUND;
    rc = end_of_chain(step->txn, seq, prev);
    /* In the sparse part a compaction has taken it. */
    if (rc == JOURNAL_NOT_FOUND && seq >= step->state.dense)
        rc = JOURNAL_CORRUPT;
    return rc;
}

/* Leads the key of entry SEQ back to the entry before, or to nothing. */
static int
restore_key(struct jn_step *step, uint64_t seq, struct jn_span key)
{
    struct jn_chain_end latest, prev;
    struct jn_known known;
    int rc = jn_view_find(step->txn, key, &known);

    if (rc == 0 && (known.chain.revision == 0 || known.chain.roots[0] != seq))
        rc = JOURNAL_CORRUPT;
    if (rc == 0)
        rc = end_of_chain(step->txn, seq, &latest);
    if (rc != 0)
        return rc == JOURNAL_NOT_FOUND ? JOURNAL_CORRUPT : rc;
    step->state.tombstones -= known.chain.tombstone;
    rc = end_before(step, &latest, &prev);
    if (rc == JOURNAL_NOT_FOUND) {
        known.chain.revision = 0;
        return jn_view_put_chain(step->txn, &known);
    }
    if (rc == 0)
        rc = jn_chain_pop(&known.chain, &latest, &prev);
    if (rc != 0)
        return rc;
    step->state.tombstones += known.chain.tombstone;
    return jn_view_put_chain(step->txn, &known);
}

static int
drop_entry(struct jn_step *step, struct jn_place *place, uint64_t seq,
           struct jn_span bytes)
{
    struct jn_stored stored;
    struct jn_state *state = &step->state;
    uint64_t size;
    int rc = jn_stored_decode(&stored, bytes, seq);

    if (rc != 0)
        return rc;
    size = stored.record.key.size + stored.record.meta.size +
           stored.record.value.size;
    if (stored.record.key.size > 0)
        rc = restore_key(step, seq, stored.record.key);
    if (rc == 0)
        rc = jn_place_delete(place);
    state->bytes_logical -= size < state->bytes_logical ? size
                                                        : state->bytes_logical;
    state->next = seq;
    return rc;
}

/* Drops entries from the end, at most as many as a step may. */
static int
drop_newest(struct jn_step *step, uint64_t size)
{
    struct jn_place place = {.handle = NULL};
    struct jn_span key, value;
    int rc = jn_place_open(&place, step->txn, JN_ENTRIES);

    step->done = true;
    for (uint64_t i = 0; rc == 0; i++) {
        uint64_t seq;

        rc = jn_place_move(&place, JN_LAST, &key, &value);
        if (rc != 0)
            break;
        if (key.size != 8)
            rc = JOURNAL_CORRUPT;
        seq = rc == 0 ? jn_get_be64(key.data) : 0;
        if (rc != 0 || seq < size)
            break;
        if (i == step->most) {
            step->done = false;
            break;
        }
        rc = drop_entry(step, &place, seq, value);
    }
    jn_place_close(&place);
    if (rc == JOURNAL_NOT_FOUND)
        rc = 0; /* nothing is left */
    if (step->done)
        step->state.next = size;
    if (step->state.dense > step->state.next)
        step->state.dense = step->state.next;
    return rc;
}

/* Puts right what knows of the end: the newest time, marks, cursors. */
static int
note_rewind(struct jn_step *step)
{
    struct jn_state *state = &step->state;
    uint64_t seq;
    int rc = jn_view_end(step->txn, JN_LAST, &seq, &state->last_time);

    if (rc == JOURNAL_NOT_FOUND)
        rc = 0; /* nothing is left, and time goes on from where it was */
    if (rc == 0)
        rc = jn_marks_move_back(step->txn, state->next);
    return rc == 0 ? jn_view_add_cut(step->txn, JN_REWINDS, state->next) : rc;
}

/* Whether the entry before ROW, number SEQ, is lost. */
static int
follows_on_lost(struct jn_step *step, uint64_t seq, struct jn_span row,
                bool *does)
{
    const struct jn_state *state = &step->state;
    struct jn_links links;
    struct jn_span bytes;
    int rc = jn_links_decode(&links, &row, seq);

    *does = false;
    if (rc != 0 || links.prev == JOURNAL_NONE || links.prev >= state->dense ||
        links.prev < state->first || links.prev < jn_state_linked(state))
        return rc;
    rc = jn_view_bytes(step->txn, links.prev, &bytes);
    *does = rc == JOURNAL_NOT_FOUND;
    return *does ? 0 : rc;
}

/*
 * Where entries were lost a key may have others before the one to which it
 * would have to be led back.  Then it is left as it is: JOURNAL_PRUNED.
 */
static int
check_holes(struct jn_step *step, uint64_t size)
{
    struct jn_place place = {.handle = NULL};
    struct jn_span key, value;
    uint8_t bytes[8];
    enum jn_move move = JN_AT_OR_AFTER;
    bool lost = false;
    int rc = jn_place_open(&place, step->txn, JN_ENTRIES);

    jn_put_be64(bytes, size);
    key = jn_span(bytes, sizeof(bytes));
    while (rc == 0 && !lost) {
        rc = jn_place_move(&place, move, &key, &value);
        if (rc == 0 && key.size != 8)
            rc = JOURNAL_CORRUPT;
        if (rc == 0)
            rc = follows_on_lost(step, jn_get_be64(key.data), value, &lost);
        move = JN_NEXT;
    }
    jn_place_close(&place);
    if (rc == JOURNAL_NOT_FOUND)
        return 0;
    return lost ? JOURNAL_PRUNED : rc;
}

static int
check_size(struct jn_step *step, const struct rewind *rewind)
{
    const struct jn_state *state = &step->state;

    if (rewind->size > state->next)
        return rewind->started ? 0 : EINVAL;
    if (rewind->size < state->first)
        return JOURNAL_PRUNED;
    if (rewind->started || jn_state_linked(state) == state->dense)
        return 0;
    return check_holes(step, rewind->size);
}

static int
do_step(struct jn_step *step, void *context)
{
    struct rewind *rewind = context;
    int rc = check_size(step, rewind);

    if (rc != 0)
        return rc;
    step->done = rewind->size >= step->state.next;
    if (step->done) {
        /* What is kept is on the disk on return, though none has to go. */
        step->changed = step->drained;
        return 0;
    }
    step->changed = true;
    rc = drop_newest(step, rewind->size);
    return rc == 0 ? note_rewind(step) : rc;
}

static void
note_step(void *context)
{
    struct rewind *rewind = context;

    rewind->started = true;
}

int
journal_rewind(struct journal *journal, uint64_t size)
{
    struct rewind rewind = {.size = size};
    const struct jn_job job = {do_step, NULL, note_step, &rewind};
    int rc;

    if (journal == NULL)
        return EINVAL;
    rc = jn_handle_check_write(journal);
    if (rc == 0)
        rc = jn_upkeep(journal->shared, journal->limits.bytes_max, &job);
    return rc;
}
