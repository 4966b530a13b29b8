/* graft.c - entries with numbers of their own enter a store. */
#include "repair/graft_part.h"

#include <assert.h>
#include <stdlib.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/gaps.h"
#include "journal/marks.h"
#include "base/stamp.h"
#include "journal/view.h"

/* What a commit holds at most, one large entry apart. */
#define BATCH_BYTES ((size_t)8 << 20)
#define BATCH_ENTRIES 8192u

/* Pages that the index may come to write for an entry: a path, and a split. */
#define PAGES_PER_ENTRY 4u

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

/* ---- entries ------------------------------------------------------------- */

/* Entry SEQ is the next one: what is missing before it is known from now on. */
static int
go_to(struct jn_graft *graft, uint64_t seq)
{
    struct jn_state *state = &graft->state;
    uint64_t from = state->next;

    if (seq == from)
        return 0;
    if (state->first == from) { /* no entry has been added */
        from = 0;
        state->first = state->dense = state->sparse = seq;
        jn_gaps_free(&graft->holes);
    }
    if (!state->holed && seq > graft->compacted) {
        state->holed = true;
        state->sparse = graft->compacted > state->dense ? graft->compacted
                                                        : state->dense;
    }
    state->next = state->dense = seq;
    return jn_gaps_add(&graft->holes, from, seq);
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

/*
 * What is known of the key of RECORD, if it has one.  JOURNAL_OUTDATED: no
 * journal can have the entry, behind one that has given the key a later stamp.
 */
static int
find_key(struct jn_graft *graft, const struct jn_record *record,
         struct jn_known *known)
{
    const struct jn_chain *chain = &known->chain;
    int rc;

    if (record->key.size == 0)
        return 0;
    rc = jn_view_find(&graft->txn, record->key, known);
    if (rc != 0)
        return give_up(graft, rc);
    return (record->flags & JOURNAL_STAMPED) != 0 && chain->stamped &&
                   jn_stamp_compare(&record->stamp, &chain->stamp) < 0
               ? JOURNAL_OUTDATED
               : 0;
}

/* The key's row in the index, and the entry's links. */
static int
put_key(struct jn_graft *graft, uint64_t seq, struct jn_known *known,
        struct jn_stored *stored, bool *anew)
{
    int rc;

    if (stored->record.key.size == 0)
        return 0;
    graft->state.tombstones -= known->chain.tombstone;
    rc = jn_graft_push(graft, &known->chain, seq, &stored->record,
                       &stored->links, anew);
    graft->state.tombstones += known->chain.tombstone;
    return rc == 0 ? jn_view_put_chain(&graft->txn, known) : rc;
}

/* Adds entry SEQ, as it was STORED, or with links *ANEW, with its RECORD. */
static int
add(struct jn_graft *graft, uint64_t seq, struct jn_stored *stored,
    struct jn_span record, bool *anew)
{
    struct jn_state *state = &graft->state;
    struct jn_known known;
    int rc = make_room(graft, record.size);

    assert(seq >= state->next);
    if (rc == 0)
        rc = find_key(graft, &stored->record, &known);
    if (rc != 0)
        return rc;
    rc = go_to(graft, seq);
    if (rc == 0)
        rc = put_key(graft, seq, &known, stored, anew);
    if (rc == 0)
        rc = put_row(graft, seq, &stored->links, record);
    if (rc != 0)
        return give_up(graft, rc);
    state->next = seq + 1;
    state->bytes_logical += jn_record_logical(&stored->record);
    if (state->last_time < stored->record.time)
        state->last_time = stored->record.time;
    graft->bytes += record.size;
    graft->entries++;
    return 0;
}

int
jn_graft_add(struct jn_graft *graft, uint64_t seq, struct jn_span row,
             bool *anew)
{
    struct jn_stored stored;
    struct jn_span record = row;
    bool other = false;
    int rc = jn_stored_decode(&stored, row, seq);

    if (rc == 0)
        rc = jn_links_decode(&stored.links, &record, seq);
    if (rc == 0)
        rc = add(graft, seq, &stored, record, &other);
    if (rc == 0 && anew != NULL)
        *anew = other;
    return rc;
}

int
jn_graft_add_record(struct jn_graft *graft, uint64_t seq, struct jn_span record,
                    uint64_t revision)
{
    struct jn_stored stored = {
        .links = {revision, JOURNAL_NONE, JOURNAL_NONE, false, {0}}};
    bool anew = true;
    int rc = jn_record_decode(&stored.record, record, seq);

    if (stored.record.key.size == 0)
        stored.links.revision = 0;
    return rc == 0 ? add(graft, seq, &stored, record, &anew) : rc;
}

void
jn_graft_compacted(struct jn_graft *graft, uint64_t limit)
{
    graft->compacted = limit;
}

/* ---- the rest ------------------------------------------------------------ */

/*
 * Whether root I of CHAIN may take the place of the one of OURS: neither is
 * there, nor is the root before it, whose entry would say which one it is.
 */
static int
may_replace(struct jn_graft *graft, const struct jn_chain *ours,
            const struct jn_chain *chain, unsigned i, bool *may)
{
    const uint64_t numbers[] = {ours->roots[i - 1], ours->roots[i],
                                chain->roots[i]};
    bool has = false;
    int rc = 0;

    *may = ours->roots[i] == chain->roots[i];
    if (*may)
        return 0;
    for (unsigned n = 0; rc == 0 && !has && n < 3; n++)
        rc = jn_graft_has(graft, numbers[n], &has);
    *may = !has;
    return rc;
}

/*
 * Whether the stamp in force with entry SEQ is one that an entry tells of, or
 * none: nothing is missing back to there.
 */
static int
is_stamp_known(struct jn_graft *graft, uint64_t seq, bool *known)
{
    int rc = 0;

    *known = true;
    while (rc == 0 && *known && seq != JOURNAL_NONE) {
        struct jn_stored stored;

        rc = jn_graft_has(graft, seq, known);
        if (rc == 0 && *known)
            rc = jn_view_stored(&graft->txn, seq, &stored);
        if (rc == 0 && *known)
            seq = (stored.record.flags & JOURNAL_STAMPED) != 0
                      ? JOURNAL_NONE
                      : stored.links.prev;
    }
    return rc;
}

/* Whether the stamp of CHAIN may take the place of that of OURS. */
static int
check_stamp(struct jn_graft *graft, const struct jn_chain *ours,
            const struct jn_chain *chain, bool *fits)
{
    bool known;
    int rc;

    *fits = chain->stamped == ours->stamped &&
            (!ours->stamped ||
             jn_stamp_compare(&chain->stamp, &ours->stamp) == 0);
    if (*fits || !chain->stamped ||
        (ours->stamped && jn_stamp_compare(&chain->stamp, &ours->stamp) < 0))
        return 0;
    rc = is_stamp_known(graft, ours->roots[0], &known);
    *fits = !known;
    return rc;
}

/* Whether CHAIN may take the place of OURS. */
static int
check_chain(struct jn_graft *graft, const struct jn_chain *ours,
            const struct jn_chain *chain, bool *fits)
{
    int rc = 0;

    *fits = ours->revision == chain->revision && ours->revision > 0 &&
            ours->tombstone == chain->tombstone &&
            ours->roots[0] == chain->roots[0];
    assert(!*fits || ours->count == chain->count);
    for (unsigned i = 1; rc == 0 && *fits && i < chain->count; i++)
        rc = may_replace(graft, ours, chain, i, fits);
    if (rc == 0 && *fits)
        rc = check_stamp(graft, ours, chain, fits);
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

/* Whether INDEX_KEY is one of KEY's. */
static bool
stands_for(struct jn_span index_key, struct jn_span key)
{
    struct jn_index_key made;

    if (key.size == 0)
        return false;
    jn_index_make(&made, key);
    return jn_span_equal(index_key, jn_index_span(&made)) ||
           jn_index_same_hash(index_key, jn_index_span(&made));
}

int
jn_graft_confirm_row(struct jn_graft *graft, struct jn_span index_key,
                     struct jn_span value, uint64_t *missing)
{
    struct jn_stored stored;
    struct jn_chain chain;
    uint8_t key[JOURNAL_KEY_MAX];
    int rc = jn_view_chain(&chain, index_key, value);

    *missing = JOURNAL_NONE;
    if (rc != 0)
        return rc;
    rc = make_room(graft, 0);
    if (rc == 0)
        rc = jn_view_stored(&graft->txn, chain.roots[0], &stored);
    if (rc == JOURNAL_NOT_FOUND)
        *missing = chain.roots[0];
    if (rc == 0 && !stands_for(index_key, stored.record.key))
        rc = JOURNAL_NOT_FOUND;
    if (rc != 0)
        return rc == JOURNAL_NOT_FOUND ? 0 : rc;
    (void)jn_span_copy(key, stored.record.key);
    return jn_graft_confirm(graft, jn_span(key, stored.record.key.size),
                            &chain);
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
    jn_tail_row_end_ahead(&row);
    return jn_view_put_tail(&graft->txn, &row);
}

int
jn_graft_end(struct jn_graft *graft, uint64_t next)
{
    int rc = make_room(graft, 0);

    assert(next >= graft->state.next);
    if (rc != 0)
        return rc;
    rc = go_to(graft, next);
    if (rc == 0)
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
    if (rc == 0)
        rc = jn_gaps_add(&graft->holes, 0, graft->state.first);
    if (rc == 0 && graft->state.first < graft->state.next)
        memset(graft->begun_late, 0xff, sizeof(graft->begun_late));
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
    jn_gaps_free(&graft->holes);
    free(graft);
}
