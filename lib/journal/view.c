/* view.c - the journal as one transaction sees it. */
#include "journal/view.h"

#include "base/checksum.h"
#include "base/error.h"

/* ---- entries ------------------------------------------------------------ */

int
jn_stored_decode(struct jn_stored *stored, struct jn_span bytes, uint64_t seq)
{
    int rc = jn_links_decode(&stored->links, &bytes, seq);

    if (rc == 0)
        rc = jn_record_decode(&stored->record, bytes, seq);
    /* An entry has a revision if and only if it has a key. */
    if (rc == 0 &&
        (stored->links.revision == 0) != (stored->record.key.size == 0))
        rc = JOURNAL_CORRUPT;
    return rc;
}

int
jn_stored_parse(struct jn_stored *stored, struct jn_span bytes, uint64_t seq)
{
    int rc = jn_links_decode(&stored->links, &bytes, seq);

    return rc == 0 ? jn_record_parse(&stored->record, bytes) : rc;
}

int
jn_view_bytes(struct jn_txn *txn, uint64_t seq, struct jn_span *bytes)
{
    uint8_t key[8];

    if (seq >= jn_view_store_end(txn)) {
        if (seq >= txn->look.high)
            return JOURNAL_NOT_FOUND;
        *bytes = jn_recent_at(&txn->look, seq)->row;
        return 0;
    }
    jn_put_be64(key, seq);
    return jn_store_get(txn, JN_ENTRIES, jn_span(key, sizeof(key)), bytes);
}

/* Fills in which of ROWS are recent; false if any other is. */
static bool
get_recent(struct jn_txn *txn, struct jn_numbered *rows, size_t count)
{
    bool all = true;

    for (size_t i = 0; i < count; i++) {
        struct jn_numbered *row = &rows[i];

        if (row->number < txn->look.low) {
            all = false;
            continue;
        }
        row->found = row->number < txn->look.high;
        if (row->found)
            row->value = jn_recent_at(&txn->look, row->number)->row;
    }
    return all;
}

#define MANY 64u

/* At most MANY of them, some of which are recent. */
static int
get_mixed(struct jn_txn *txn, struct jn_numbered *rows, size_t count)
{
    struct jn_numbered stored[MANY];
    size_t wanted = 0, given = 0;
    int rc;

    if (get_recent(txn, rows, count))
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].number < txn->look.low)
            stored[wanted++] = rows[i];
    }
    rc = jn_store_get_many(txn, JN_ENTRIES, stored, wanted);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        if (rows[i].number < txn->look.low)
            rows[i] = stored[given++];
    }
    return rc;
}

int
jn_view_get_many(struct jn_txn *txn, struct jn_numbered *rows, size_t count)
{
    int rc = 0;

    if (!jn_view_has_recent(txn))
        return jn_store_get_many(txn, JN_ENTRIES, rows, count);
    for (size_t i = 0; rc == 0 && i < count; i += MANY)
        rc = get_mixed(txn, rows + i, count - i < MANY ? count - i : MANY);
    return rc;
}

int
jn_view_stored(struct jn_txn *txn, uint64_t seq, struct jn_stored *stored)
{
    struct jn_span bytes;
    int rc = jn_view_bytes(txn, seq, &bytes);

    return rc == 0 ? jn_stored_decode(stored, bytes, seq) : rc;
}

int
jn_view_links(struct jn_txn *txn, uint64_t seq, struct jn_links *links)
{
    struct jn_span bytes;
    int rc = jn_view_bytes(txn, seq, &bytes);

    if (rc == JOURNAL_NOT_FOUND)
        return JOURNAL_CORRUPT;
    return rc == 0 ? jn_links_decode(links, &bytes, seq) : rc;
}

/* The links tell; but an entry without a key has none. */
static int
check_number(struct jn_span key, struct jn_span value)
{
    uint64_t seq = key.size == 8 ? jn_get_be64(key.data) : 0;
    struct jn_span rest = value;
    struct jn_stored stored;
    int rc;

    if (key.size != 8)
        return JOURNAL_CORRUPT;
    rc = jn_links_decode(&stored.links, &rest, seq);
    if (rc == 0 && stored.links.revision == 0)
        rc = jn_stored_decode(&stored, value, seq);
    return rc;
}

int
jn_view_check_gone(struct jn_txn *txn, uint64_t seq)
{
    uint8_t key[8];

    jn_put_be64(key, seq);
    return jn_store_look_beside(txn, JN_ENTRIES, jn_span(key, sizeof(key)),
                                check_number);
}

/* The oldest or newest of the recent entries, which are sound. */
static void
get_recent_end(const struct jn_txn *txn, enum jn_move end, uint64_t *seq,
               uint64_t *time)
{
    *seq = end == JN_FIRST ? txn->look.low : txn->look.high - 1;
    *time = jn_recent_at(&txn->look, *seq)->time;
}

static int
get_stored_end(struct jn_txn *txn, enum jn_move end, uint64_t *seq,
               uint64_t *time)
{
    struct jn_place place = {.handle = NULL};
    struct jn_stored stored;
    struct jn_span key = {NULL, 0}, value = {NULL, 0};
    enum jn_move onward = end == JN_FIRST ? JN_NEXT : JN_PREV;
    int rc = jn_place_open(&place, txn, JN_ENTRIES);

    if (rc == 0)
        rc = jn_place_move(&place, end, &key, &value);
    while (rc == 0) {
        if (key.size != 8)
            rc = JOURNAL_CORRUPT;
        else if (jn_stored_decode(&stored, value, jn_get_be64(key.data)) == 0)
            break;
        else
            rc = jn_place_move(&place, onward, &key, &value);
    }
    if (rc == 0) {
        *seq = jn_get_be64(key.data);
        *time = stored.record.time;
    }
    jn_place_close(&place);
    return rc;
}

int
jn_view_end(struct jn_txn *txn, enum jn_move end, uint64_t *seq, uint64_t *time)
{
    int rc = JOURNAL_NOT_FOUND;

    if (end == JN_FIRST || !jn_view_has_recent(txn))
        rc = get_stored_end(txn, end, seq, time);
    if (rc != JOURNAL_NOT_FOUND || !jn_view_has_recent(txn))
        return rc;
    get_recent_end(txn, end, seq, time);
    return 0;
}

/* ---- keys --------------------------------------------------------------- */

/* Chains are checked together with the index key that they belong to. */
static uint64_t
seed_of(struct jn_span index_key)
{
    return jn_hash64(index_key, 0);
}

int
jn_view_chain(struct jn_chain *chain, struct jn_span index_key,
              struct jn_span value)
{
    return jn_chain_decode(chain, value, seed_of(index_key));
}

static int
check_chain(struct jn_span index_key, struct jn_span value)
{
    struct jn_chain chain;

    return jn_view_chain(&chain, index_key, value);
}

int
jn_view_check_beside(struct jn_txn *txn, struct jn_span index_key)
{
    return txn->write
               ? 0
               : jn_store_look_beside(txn, JN_LATEST, index_key, check_chain);
}

/* A key that its index key tells whole. */
static int
find_whole(struct jn_txn *txn, struct jn_known *known)
{
    struct jn_span index_key = jn_index_span(&known->index_key);
    struct jn_span value;
    int rc = jn_store_get(txn, JN_LATEST, index_key, &value);

    if (rc == JOURNAL_NOT_FOUND)
        return jn_view_check_beside(txn, index_key);
    if (rc != 0)
        return rc;
    return jn_view_chain(&known->chain, index_key, value);
}

/* Of an entry that a row of the index leads to, and that is not there. */
static int
why_missing(struct jn_txn *txn, uint64_t seq)
{
    struct jn_state state;
    int rc = jn_view_state(txn, &state);

    return rc == 0 && seq >= state.first ? JOURNAL_CORRUPT : rc;
}

/*
 * Whether the row at hand, with CHAIN, is that of KEY: its entry knows.  A row
 * whose entry has been pruned is nobody's: it was damaged, and told no key.
 */
static int
is_row_of(struct jn_txn *txn, const struct jn_chain *chain, struct jn_span key,
          bool *is)
{
    struct jn_stored stored;
    int rc = jn_view_stored(txn, chain->roots[0], &stored);

    *is = rc == 0 && jn_span_equal(stored.record.key, key);
    return rc == JOURNAL_NOT_FOUND ? why_missing(txn, chain->roots[0]) : rc;
}

/*
 * A key of which the index has only a start and a hash: goes over the rows of
 * that hash, noting the first probe that none of them has.
 */
static int
find_hashed(struct jn_txn *txn, struct jn_span key, struct jn_known *known)
{
    struct jn_place place = {.handle = NULL};
    struct jn_span at = jn_index_span(&known->index_key), value;
    enum jn_move move = JN_AT_OR_AFTER;
    unsigned free_probe = 0;
    bool found = false;
    int rc = jn_place_open(&place, txn, JN_LATEST);

    while (rc == 0 && !found) {
        struct jn_chain chain;

        rc = jn_place_move(&place, move, &at, &value);
        if (rc != 0)
            break;
        rc = jn_view_chain(&chain, at, value);
        if (!jn_index_same_hash(at, jn_index_span(&known->index_key))) {
            rc = txn->write ? 0 : rc; /* it may be one more with that hash */
            break;
        }
        move = JN_NEXT;
        if (rc == 0)
            rc = is_row_of(txn, &chain, key, &found);
        if (rc == 0 && found) {
            jn_index_set_probe(&known->index_key, jn_index_probe(at));
            known->chain = chain;
        } else if (jn_index_probe(at) == free_probe) {
            free_probe++;
        }
    }
    jn_place_close(&place);
    if (rc == JOURNAL_NOT_FOUND)
        rc = 0;
    if (rc == 0 && !found)
        rc = jn_view_check_beside(txn, jn_index_span(&known->index_key));
    if (rc != 0 || found)
        return rc;
    if (free_probe == JN_INDEX_PROBES)
        return JOURNAL_FULL;
    jn_index_set_probe(&known->index_key, free_probe);
    return 0;
}

/* The chain of a recent entry is checked with the key's first index key. */
static uint64_t
recent_seed_of(struct jn_span key)
{
    struct jn_index_key index_key;

    jn_index_make(&index_key, key);
    return seed_of(jn_index_span(&index_key));
}

int
jn_view_recent_chain(struct jn_chain *chain, struct jn_span key,
                     const struct jn_recent_item *item)
{
    return jn_chain_decode(chain, item->chain, recent_seed_of(key));
}

uint8_t *
jn_view_encode_chain(uint8_t *out, struct jn_span key,
                     const struct jn_chain *chain)
{
    return jn_chain_encode(out, chain, recent_seed_of(key));
}

static int
find_stored(struct jn_txn *txn, struct jn_span key, struct jn_known *known)
{
    known->chain.revision = 0;
    known->chain.count = 0;
    known->chain.tombstone = false;
    known->chain.stamped = false;
    if (jn_index_is_hashed(jn_index_span(&known->index_key)))
        return find_hashed(txn, key, known);
    return find_whole(txn, known);
}

int
jn_view_find_stored(struct jn_txn *txn, struct jn_span key,
                    struct jn_known *known)
{
    jn_index_make(&known->index_key, key);
    return find_stored(txn, key, known);
}

int
jn_view_find(struct jn_txn *txn, struct jn_span key, struct jn_known *known)
{
    const struct jn_recent_item *item = NULL;

    jn_index_make(&known->index_key, key);
    if (jn_view_has_recent(txn))
        item = jn_recent_find(&txn->look, key, UINT64_MAX);
    if (item == NULL) {
        int rc = find_stored(txn, key, known);

        /* That it could not be put there is nothing to who only looks. */
        return rc == JOURNAL_FULL && !txn->write ? 0 : rc;
    }
    return jn_chain_decode(&known->chain, item->chain,
                           seed_of(jn_index_span(&known->index_key)));
}

/* Of a long key the index has only a hash. */
bool
jn_view_was_superseded(struct jn_txn *txn, struct jn_span key, uint64_t seq)
{
    struct jn_index_key index_key;
    struct jn_span at, value;
    struct jn_chain chain;

    if (!jn_store_has_changed(txn, JN_LATEST) || key.size > JN_INDEX_KEY_MAX)
        return false;
    jn_index_make(&index_key, key);
    at = jn_index_span(&index_key);
    return jn_store_get_committed(txn, JN_LATEST, at, &value) == 0 &&
           jn_view_chain(&chain, at, value) == 0 && chain.roots[0] > seq;
}

uint8_t *
jn_view_encode_row(uint8_t *out, const struct jn_known *known)
{
    return jn_chain_encode(out, &known->chain,
                           seed_of(jn_index_span(&known->index_key)));
}

int
jn_view_put_chain(struct jn_txn *txn, const struct jn_known *known)
{
    struct jn_span index_key = jn_index_span(&known->index_key);
    uint8_t bytes[JN_CHAIN_MAX];
    uint8_t *end;

    if (known->chain.revision == 0)
        return jn_store_delete(txn, JN_LATEST, index_key);
    end = jn_view_encode_row(bytes, known);
    return jn_store_put(txn, JN_LATEST, index_key,
                        jn_span(bytes, (size_t)(end - bytes)));
}
