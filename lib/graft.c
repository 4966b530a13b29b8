/* graft.c - entries with numbers of their own enter a store. */
#include "graft.h"

#include <assert.h>
#include <stdlib.h>

#include "error.h"
#include "marks.h"
#include "stamp.h"
#include "view.h"

/* What a commit holds at most, one large entry apart. */
#define BATCH_BYTES ((size_t)8 << 20)
#define BATCH_ENTRIES 8192u

/* Pages that the index may come to write for an entry: a path, and a split. */
#define PAGES_PER_ENTRY 4u

/* So many numbers are asked for below one, until a missing one is found. */
#define GUESSES 64u

/* Whenever no call is in progress: what STATE says is so within TXN. */
struct jn_graft {
    struct jn_store *store;
    struct jn_state state;
    struct jn_txn txn;
    bool begun;            /* TXN is open */
    size_t bytes, entries; /* in it */
    int failed;            /* and nothing may be added any more */
};

/* ---- transactions -------------------------------------------------------- */

static int
begin(struct jn_graft *graft, size_t size)
{
    uint64_t index = UINT64_C(4096) * PAGES_PER_ENTRY * BATCH_ENTRIES;
    int rc;

    if (graft->begun)
        return 0;
    rc = jn_store_widen(graft->store, index + 2 * (BATCH_BYTES + size));
    if (rc == 0)
        rc = jn_store_begin_write(graft->store, &graft->txn);
    graft->begun = rc == 0;
    return rc;
}

/* What was not committed is gone, and STATE would tell of it. */
static int
give_up(struct jn_graft *graft, int rc)
{
    if (graft->begun)
        jn_store_abort(&graft->txn);
    graft->begun = false;
    graft->failed = rc;
    return rc;
}

static int
commit(struct jn_graft *graft)
{
    bool unknown;
    int rc;

    if (!graft->begun)
        return 0;
    rc = jn_view_put_state(&graft->txn, &graft->state);
    if (rc != 0)
        return give_up(graft, rc);
    graft->begun = false;
    graft->bytes = graft->entries = 0;
    rc = jn_store_commit(&graft->txn, &unknown);
    return rc == 0 ? 0 : give_up(graft, rc);
}

/* Makes room in the batch for SIZE bytes more. */
static int
make_room(struct jn_graft *graft, size_t size)
{
    int rc = graft->failed;

    if (rc != 0)
        return rc;
    if (graft->entries >= BATCH_ENTRIES ||
        (graft->entries > 0 && graft->bytes + size > BATCH_BYTES))
        rc = commit(graft);
    return rc == 0 ? begin(graft, size) : rc;
}

/* ---- links --------------------------------------------------------------- */

static int
is_there(struct jn_graft *graft, uint64_t seq, bool *is)
{
    struct jn_span row;
    int rc;

    *is = false;
    if (seq < graft->state.first || seq >= graft->state.next)
        return 0;
    rc = jn_view_bytes(&graft->txn, seq, &row);
    *is = rc == 0;
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

/* The highest number below *SEQ that nobody has; JOURNAL_NONE: none is near. */
static int
missing_below(struct jn_graft *graft, uint64_t *seq)
{
    uint64_t at = *seq, first = graft->state.first;

    for (unsigned i = 0; i < GUESSES && at > 0; i++) {
        bool is;
        int rc = is_there(graft, --at, &is);

        if (rc != 0 || !is) {
            *seq = at;
            return rc;
        }
    }
    *seq = at > 0 && first > 0 ? first - 1 : JOURNAL_NONE;
    return 0;
}

/*
 * Of the roots from number I on, those that are not below the one before are
 * not known: numbers that nobody has take their place.
 */
static int
guess_roots(struct jn_graft *graft, struct jn_chain *chain, unsigned i,
            bool *found)
{
    int rc = 0;

    *found = true;
    for (; rc == 0 && *found && i < chain->count; i++) {
        uint64_t seq = chain->roots[i - 1];
        bool known;

        if (chain->roots[i] < seq)
            break;
        rc = is_there(graft, chain->roots[i], &known);
        if (rc == 0)
            rc = missing_below(graft, &seq);
        *found = !known && seq != JOURNAL_NONE;
        chain->roots[i] = seq;
    }
    return rc;
}

static bool
is_same_stamp(bool a_has, const struct journal_stamp *a, bool b_has,
              const struct journal_stamp *b)
{
    return a_has == b_has && (!a_has || jn_stamp_compare(a, b) == 0);
}

/*
 * CHAIN, which was not known, begins with entry SEQ and its LINKS: what comes
 * before is missing, and has left no trace but them.
 */
static int
begin_chain(struct jn_graft *graft, struct jn_chain *chain, uint64_t seq,
            const struct jn_stored *stored, bool *fits)
{
    const struct jn_links *links = &stored->links;
    bool prev = false, jump = false;
    int rc;

    *fits = links->prev != JOURNAL_NONE && jn_chain_begin(chain, seq, links);
    rc = *fits ? is_there(graft, links->prev, &prev) : 0;
    if (rc == 0 && *fits && links->jump != JOURNAL_NONE)
        rc = is_there(graft, links->jump, &jump);
    *fits = *fits && !prev && !jump;
    if (rc == 0 && *fits)
        rc = guess_roots(graft, chain, 2, fits);
    chain->tombstone = (stored->record.flags & JOURNAL_TOMBSTONE) != 0;
    chain->stamped = (stored->record.flags & JOURNAL_STAMPED) != 0;
    chain->stamp = stored->record.stamp;
    return rc;
}

/*
 * Whether LINKS say the same as those that were MADE, by a push that has led to
 * CHAIN.  Where a root was not known, it is now.
 */
static int
check_links(struct jn_graft *graft, struct jn_chain *chain,
            const struct jn_links *made, const struct jn_links *links,
            bool unstamped, bool *fits)
{
    bool ours = false, theirs = false;
    int rc;

    *fits = made->revision == links->revision && made->prev == links->prev &&
            (made->jump == JOURNAL_NONE) == (links->jump == JOURNAL_NONE) &&
            ((unstamped && links->replaced) ||
             is_same_stamp(made->replaced, &made->stamp_before, links->replaced,
                           &links->stamp_before));
    if (!*fits || made->jump == links->jump)
        return 0;
    rc = is_there(graft, made->jump, &ours);
    if (rc == 0)
        rc = is_there(graft, links->jump, &theirs);
    *fits = !ours && !theirs && links->jump < links->prev;
    chain->roots[1] = links->jump;
    return rc == 0 && *fits ? guess_roots(graft, chain, 2, fits) : rc;
}

/* Pushes entry SEQ, as it was STORED, on CHAIN; LINKS are then its links. */
static int
push(struct jn_graft *graft, struct jn_chain *chain, uint64_t seq,
     const struct jn_stored *stored, struct jn_links *links, bool *anew)
{
    struct jn_chain before = *chain, plain;
    bool tombstone = (stored->record.flags & JOURNAL_TOMBSTONE) != 0;
    bool stamped = (stored->record.flags & JOURNAL_STAMPED) != 0;
    bool fits = false;
    int rc = 0;

    *links = stored->links;
    if (before.revision == 0 && links->revision > 1)
        rc = begin_chain(graft, chain, seq, stored, &fits);
    if (rc != 0 || fits)
        return rc;
    *chain = before;
    jn_chain_push(chain, seq, tombstone, stamped ? &stored->record.stamp : NULL,
                  links);
    plain = *chain;
    rc = check_links(graft, chain, links, &stored->links,
                     stamped && !before.stamped, &fits);
    if (fits)
        *links = stored->links;
    else
        *chain = plain;
    *anew = !fits;
    return rc;
}

/* ---- entries ------------------------------------------------------------- */

/* Entry SEQ is the next one: what is missing before it is known from now on. */
static void
go_to(struct jn_graft *graft, uint64_t seq)
{
    struct jn_state *state = &graft->state;

    if (seq == state->next)
        return;
    if (jn_store_count(&graft->txn, JN_ENTRIES) == 0)
        state->first = seq;
    state->next = state->dense = seq;
}

static int
put_row(struct jn_graft *graft, uint64_t seq, const struct jn_links *links,
        struct jn_span record)
{
    uint8_t key[8], before[JN_LINKS_MAX], *value;
    size_t size = (size_t)(jn_links_encode(before, links, seq) - before);
    int rc;

    jn_put_be64(key, seq);
    rc = jn_store_append(&graft->txn, JN_ENTRIES, jn_span(key, sizeof(key)),
                         size + record.size, &value);
    if (rc != 0)
        return rc;
    value = jn_span_copy(value, jn_span(before, size));
    (void)jn_span_copy(value, record);
    return 0;
}

/* The key's row in the index, and the entry's links. */
static int
put_key(struct jn_graft *graft, uint64_t seq, struct jn_stored *stored,
        bool *anew)
{
    struct jn_known known;
    struct jn_links links;
    int rc;

    if (stored->record.key.size == 0)
        return 0;
    rc = jn_view_find(&graft->txn, stored->record.key, &known);
    if (rc != 0)
        return rc;
    graft->state.tombstones -= known.chain.tombstone;
    rc = push(graft, &known.chain, seq, stored, &links, anew);
    graft->state.tombstones += known.chain.tombstone;
    stored->links = links;
    return rc == 0 ? jn_view_put_chain(&graft->txn, &known) : rc;
}

int
jn_graft_add(struct jn_graft *graft, uint64_t seq, struct jn_span row,
             bool *anew)
{
    struct jn_state *state = &graft->state;
    struct jn_stored stored;
    struct jn_span record = row;
    bool other = false;
    int rc = jn_stored_decode(&stored, row, seq);

    assert(seq >= state->next);
    if (rc == 0)
        rc = jn_links_decode(&stored.links, &record, seq);
    if (rc == 0)
        rc = make_room(graft, row.size);
    if (rc != 0)
        return rc;
    go_to(graft, seq);
    rc = put_key(graft, seq, &stored, &other);
    if (rc == 0)
        rc = put_row(graft, seq, &stored.links, record);
    if (rc != 0)
        return give_up(graft, rc);
    state->next = seq + 1;
    state->bytes_logical += jn_record_logical(&stored.record);
    if (state->last_time < stored.record.time)
        state->last_time = stored.record.time;
    graft->bytes += row.size;
    graft->entries++;
    if (anew != NULL)
        *anew = other;
    return 0;
}

/* ---- the rest ------------------------------------------------------------ */

/* Whether ROOT, which is not one of OURS, stands for what is not there. */
static int
may_replace(struct jn_graft *graft, uint64_t ours, uint64_t root, bool *may)
{
    bool a = true, b = true;
    int rc;

    *may = ours == root;
    if (*may)
        return 0;
    rc = is_there(graft, ours, &a);
    if (rc == 0)
        rc = is_there(graft, root, &b);
    *may = !a && !b;
    return rc;
}

/* Whether CHAIN may take the place of OURS. */
static int
check_chain(struct jn_graft *graft, const struct jn_chain *ours,
            const struct jn_chain *chain, bool *fits)
{
    int rc = 0;

    *fits = ours->revision == chain->revision && ours->count == chain->count &&
            ours->tombstone == chain->tombstone && ours->revision > 0 &&
            ours->roots[0] == chain->roots[0] &&
            (!ours->stamped ||
             is_same_stamp(true, &ours->stamp, chain->stamped, &chain->stamp));
    for (unsigned i = 1; rc == 0 && *fits && i < chain->count; i++)
        rc = may_replace(graft, ours->roots[i], chain->roots[i], fits);
    return rc;
}

int
jn_graft_confirm(struct jn_graft *graft, struct jn_span key,
                 const struct jn_chain *chain)
{
    struct jn_known known;
    bool fits;
    int rc = make_room(graft, key.size);

    if (rc == 0)
        rc = jn_view_find(&graft->txn, key, &known);
    if (rc == 0)
        rc = check_chain(graft, &known.chain, chain, &fits);
    if (rc != 0 || !fits)
        return rc;
    known.chain = *chain;
    rc = jn_view_put_chain(&graft->txn, &known);
    graft->entries++;
    return rc == 0 ? 0 : give_up(graft, rc);
}

int
jn_graft_mark(struct jn_graft *graft, const char *name, uint64_t seq)
{
    int rc = make_room(graft, strlen(name));

    assert(seq <= graft->state.next);
    if (rc != 0)
        return rc;
    graft->entries++;
    rc = jn_marks_put(&graft->txn, name, seq);
    return rc == 0 ? 0 : give_up(graft, rc);
}

/* A tail that the store tells of has nothing more that counts. */
static int
close_tail(struct jn_graft *graft)
{
    struct jn_tail_row row;
    int rc = jn_view_tail(&graft->txn, &row);

    if (rc != 0 || !row.open)
        return rc;
    row.open = false;
    return jn_view_put_tail(&graft->txn, &row);
}

int
jn_graft_end(struct jn_graft *graft, uint64_t next)
{
    int rc = make_room(graft, 0);

    assert(next >= graft->state.next);
    if (rc != 0)
        return rc;
    go_to(graft, next);
    rc = close_tail(graft);
    return rc == 0 ? commit(graft) : give_up(graft, rc);
}

uint64_t
jn_graft_next(const struct jn_graft *graft)
{
    return graft->state.next;
}

static int
read_state(struct jn_graft *graft)
{
    struct jn_txn txn;
    int rc = jn_store_begin_read(graft->store, &txn);

    if (rc != 0)
        return rc;
    rc = jn_view_stored_state(&txn, &graft->state);
    jn_store_end_read(&txn);
    return rc;
}

int
jn_graft_open(struct jn_graft **out, const char *directory, mode_t mode)
{
    const struct jn_store_options options = {.mode = mode};
    struct jn_graft *graft = calloc(1, sizeof(*graft));
    int rc;

    if (graft == NULL)
        return ENOMEM;
    rc = jn_store_open(&graft->store, directory, &options);
    if (rc == 0)
        rc = read_state(graft);
    if (rc == 0) {
        *out = graft;
        graft = NULL;
    }
    jn_graft_close(graft);
    return rc;
}

void
jn_graft_close(struct jn_graft *graft)
{
    if (graft == NULL)
        return;
    (void)give_up(graft, 0);
    jn_store_close(graft->store);
    free(graft);
}
