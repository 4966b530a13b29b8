/* prune.c - journal_prune(). */
#include "error.h"
#include "handle.h"
#include "upkeep.h"
#include "view.h"

struct prune {
    uint64_t before;
    uint64_t step;    /* removed by a step that is not committed yet */
    uint64_t removed; /* by those that are */
};

/*
 * Forgets the key of entry SEQ if that is its latest: its row then leads to
 * it.  A key that damage has changed leads to no such row, and stays.
 */
static int
forget_key(struct jn_step *step, uint64_t seq, struct jn_span key)
{
    struct jn_known known;
    int rc = jn_view_find(step->txn, key, &known);

    if (rc != 0 || known.chain.revision == 0 || known.chain.roots[0] != seq)
        return rc == JOURNAL_CORRUPT ? 0 : rc;
    if (known.chain.tombstone && step->state.tombstones > 0)
        step->state.tombstones--;
    known.chain.revision = 0;
    return jn_view_put_chain(step->txn, &known);
}

/* Takes an entry out of the totals and the index; damaged ones go as well. */
static int
account(struct jn_step *step, uint64_t seq, struct jn_span bytes)
{
    struct jn_state *state = &step->state;
    struct jn_record record;
    struct jn_links links;
    uint64_t size;

    if (jn_links_decode(&links, &bytes, seq) != 0 ||
        jn_record_parse(&record, bytes) != 0)
        return 0;
    size = record.key.size + record.meta.size + record.value.size;
    state->bytes_logical -= size < state->bytes_logical ? size
                                                        : state->bytes_logical;
    return record.key.size > 0 ? forget_key(step, seq, record.key) : 0;
}

static int
remove_oldest(struct jn_step *step, struct prune *prune)
{
    struct jn_place place = {NULL};
    struct jn_span key, value;
    int rc = jn_place_open(&place, step->txn, JN_ENTRIES);

    while (rc == 0 && prune->step < step->most) {
        uint64_t seq;

        rc = jn_place_move(&place, JN_FIRST, &key, &value);
        if (rc != 0)
            break;
        if (key.size != 8)
            rc = JOURNAL_CORRUPT;
        seq = rc == 0 ? jn_get_be64(key.data) : prune->before;
        if (seq >= prune->before)
            break;
        step->state.first = seq;
        rc = account(step, seq, value);
        if (rc == 0)
            rc = jn_place_delete(&place);
        prune->step++;
    }
    jn_place_close(&place);
    return rc;
}

static int
do_step(struct jn_step *step, void *context)
{
    struct prune *prune = context;
    int rc;

    if (prune->before > step->state.next)
        prune->before = step->state.next;
    prune->step = 0;
    step->done = prune->before <= step->state.first;
    if (step->done)
        return 0;
    step->changed = true;
    rc = remove_oldest(step, prune);
    if (rc == JOURNAL_NOT_FOUND)
        rc = 0; /* there is no entry left at all */
    if (prune->step < step->most) {
        step->state.first = prune->before;
        step->done = true;
    } else {
        step->state.first++; /* the last one removed */
    }
    return rc;
}

static void
note_step(void *context)
{
    struct prune *prune = context;

    prune->removed += prune->step;
}

int
journal_prune(struct journal *journal, uint64_t before, uint32_t flags,
              uint64_t *removed)
{
    struct prune prune = {.before = before};
    int rc;

    if (journal == NULL || flags != 0)
        return EINVAL;
    rc = jn_handle_check_write(journal);
    if (rc == 0)
        rc = jn_upkeep(journal->shared, journal->bytes_max, do_step, note_step,
                       &prune);
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
