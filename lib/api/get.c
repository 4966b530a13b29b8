/*
 * get.c - journal_get(), journal_get_at(), journal_read(), journal_find_time().
 */
#include <stdlib.h>

#include "journal/entry.h"
#include "base/error.h"
#include "write/handle.h"
#include "journal/history.h"
#include "journal/times.h"
#include "journal/view.h"

/* What is looked for, and a copy of what was found. */
struct search {
    struct jn_span key; /* empty: a number is given */
    uint64_t seq;       /* of the entry found */
    size_t size;        /* of its row */
    struct journal_entry *entry;
};

static int
copy_entry(struct jn_txn *txn, uint64_t seq, struct search *search)
{
    struct jn_span bytes = {NULL, 0};
    int rc = jn_view_bytes(txn, seq, &bytes);

    if (rc != 0)
        return rc;
    search->seq = seq;
    search->size = bytes.size;
    return jn_entry_copy(&search->entry, bytes);
}

/* The entry that an index or a link leads to: it must be there. */
static int
copy_linked(struct jn_txn *txn, uint64_t seq, struct search *search)
{
    int rc = copy_entry(txn, seq, search);

    return rc == JOURNAL_NOT_FOUND ? JOURNAL_CORRUPT : rc;
}

/* Checks what was copied, and gives it to the caller if all is well. */
static int
hand_over(struct search *search, int rc, struct journal_entry **out)
{
    struct journal_entry *entry = search->entry;

    if (rc == 0)
        rc = jn_entry_decode(entry, search->size, search->seq);
    if (rc == 0 && search->key.size > 0) {
        if (!jn_span_equal(search->key, jn_span(entry->key, entry->key_size)))
            rc = JOURNAL_CORRUPT;
        else if ((entry->flags & JOURNAL_TOMBSTONE) != 0)
            rc = JOURNAL_NOT_FOUND;
    }
    if (rc == 0)
        *out = entry;
    else
        free(entry);
    return rc;
}

static int
check_key(const struct journal *journal, const void *key, size_t size,
          struct journal_entry **entry)
{
    if (journal == NULL || entry == NULL || key == NULL || size == 0)
        return EINVAL;
    return size > JOURNAL_KEY_MAX ? JOURNAL_TOO_BIG : 0;
}

/* ---- the present -------------------------------------------------------- */

/* A row of an entry that has been pruned stands for a key not known. */
static int
explain_missing(struct jn_txn *txn, uint64_t seq)
{
    struct jn_state state;
    int rc = jn_view_state(txn, &state);

    if (rc != 0)
        return rc;
    return seq < state.first ? JOURNAL_NOT_FOUND : JOURNAL_CORRUPT;
}

static int
find_latest(struct jn_txn *txn, struct search *search)
{
    struct jn_known known;
    int rc = jn_view_find(txn, search->key, &known);

    if (rc != 0)
        return rc;
    if (known.chain.revision == 0 || known.chain.tombstone)
        return JOURNAL_NOT_FOUND;
    rc = copy_entry(txn, known.chain.roots[0], search);
    if (rc == JOURNAL_NOT_FOUND)
        rc = explain_missing(txn, known.chain.roots[0]);
    return rc;
}

int
journal_get(struct journal *journal, const void *key, size_t key_size,
            struct journal_entry **entry)
{
    struct search search = {.key = {key, key_size}};
    struct jn_txn txn;
    int rc = check_key(journal, key, key_size, entry);

    if (rc == 0)
        rc = jn_shared_begin_read(journal->shared, &txn);
    if (rc != 0)
        return rc;
    rc = find_latest(&txn, &search);
    jn_store_end_read(&txn);
    return hand_over(&search, rc, entry);
}

/* ---- the past ----------------------------------------------------------- */

static int
find_below(struct jn_txn *txn, uint64_t limit, struct search *search)
{
    struct jn_state state;
    struct jn_known known;
    struct jn_history history = {txn, &state, &known.chain};
    uint64_t seq;
    int rc = jn_view_state(txn, &state);

    if (rc == 0 && limit > state.next)
        rc = JOURNAL_OUT_OF_RANGE;
    if (rc == 0)
        rc = jn_view_find(txn, search->key, &known);
    if (rc != 0)
        return rc;
    if (known.chain.revision == 0 || known.chain.roots[0] < state.first)
        return JOURNAL_NOT_FOUND;
    rc = jn_history_below(&history, limit, &seq);
    return rc == 0 ? copy_linked(txn, seq, search) : rc;
}

int
journal_get_at(struct journal *journal, const void *key, size_t key_size,
               uint64_t limit, struct journal_entry **entry)
{
    struct search search = {.key = {key, key_size}};
    struct jn_txn txn;
    int rc = check_key(journal, key, key_size, entry);

    if (rc == 0)
        rc = jn_shared_begin_read(journal->shared, &txn);
    if (rc != 0)
        return rc;
    rc = find_below(&txn, limit, &search);
    jn_store_end_read(&txn);
    return hand_over(&search, rc, entry);
}

/* ---- by number ---------------------------------------------------------- */

static int
find_number(struct jn_txn *txn, uint64_t seq, struct search *search)
{
    struct jn_state state;
    int rc = copy_entry(txn, seq, search);

    if (rc != JOURNAL_NOT_FOUND)
        return rc;
    rc = jn_view_state(txn, &state);
    if (rc != 0)
        return rc;
    if (seq < state.dense) {
        rc = seq < state.first ? 0 : jn_view_check_gone(txn, seq);
        return rc == 0 ? JOURNAL_PRUNED : rc;
    }
    return seq >= state.next ? JOURNAL_OUT_OF_RANGE : JOURNAL_CORRUPT;
}

int
journal_read(struct journal *journal, uint64_t seq,
             struct journal_entry **entry)
{
    struct search search = {.key = {NULL, 0}};
    struct jn_txn txn;
    int rc;

    if (journal == NULL || entry == NULL)
        return EINVAL;
    rc = jn_shared_begin_read(journal->shared, &txn);
    if (rc != 0)
        return rc;
    rc = find_number(&txn, seq, &search);
    jn_store_end_read(&txn);
    return hand_over(&search, rc, entry);
}

/* ---- by time ------------------------------------------------------------ */

int
journal_find_time(struct journal *journal, uint64_t time, uint64_t *seq)
{
    struct jn_state state;
    struct jn_txn txn;
    struct jn_moment found;
    int rc;

    if (journal == NULL || seq == NULL)
        return EINVAL;
    rc = jn_shared_begin_read(journal->shared, &txn);
    if (rc != 0)
        return rc;
    rc = jn_view_state(&txn, &state);
    if (rc == 0)
        rc = jn_times_find(&txn, &state, time, &found);
    jn_store_end_read(&txn);
    if (rc == 0 && found.low < found.high)
        rc = JOURNAL_CORRUPT; /* it may be any of these */
    if (rc == 0)
        *seq = found.high;
    return rc;
}
