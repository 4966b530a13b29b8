/* scan.c - the entries that are wanted, found by looking at all of a range. */
#include "scan.h"

#include "error.h"
#include "history.h"
#include "view.h"

/* A transaction that has looked at so many is ended. */
#define ENTRIES_A_TURN 65536u

struct scan {
    const struct jn_filter *filter;
    struct jn_txn *txn;
    const struct jn_state *state;
    struct jn_range *range;
    struct jn_rows *rows;
    struct jn_place place;
};

enum verdict {
    UNWANTED,
    WANTED,  /* nobody has looked whether it is sound */
    CHECKED, /* it is wanted, and sound */
    DAMAGED
};

/* ---- one entry ---------------------------------------------------------- */

/* Whether entry SEQ is its key's newest below the size that counts. */
static int
is_latest(const struct scan *scan, uint64_t seq, struct jn_span key, bool *is)
{
    struct jn_known known;
    struct jn_history history = {scan->txn, scan->state, &known.chain};
    uint64_t newest;
    int rc = jn_view_find(scan->txn, key, &known);

    if (rc != 0)
        return rc;
    if (known.chain.revision == 0)
        return JOURNAL_CORRUPT;
    newest = known.chain.roots[0];
    if (newest >= scan->range->as_of)
        rc = jn_history_below(&history, scan->range->as_of, &newest);
    *is = rc == 0 && newest == seq;
    return rc == JOURNAL_NOT_FOUND || rc == JOURNAL_PRUNED ? 0 : rc;
}

static int
judge_sound(const struct scan *scan, uint64_t seq,
            const struct jn_stored *stored, enum verdict *verdict)
{
    const struct jn_filter *filter = scan->filter;
    struct jn_span key = stored->record.key;
    bool is = true;
    int rc = 0;

    *verdict = UNWANTED;
    if (stored->links.revision < filter->first_revision ||
        !jn_filter_matches(filter, key) || (filter->latest && key.size == 0))
        return 0;
    if (filter->live && (stored->record.flags & JOURNAL_TOMBSTONE) != 0)
        return 0;
    if (filter->latest)
        rc = is_latest(scan, seq, key, &is);
    if (rc == JOURNAL_CORRUPT)
        *verdict = DAMAGED;
    else if (is)
        *verdict = CHECKED;
    return rc == JOURNAL_CORRUPT ? 0 : rc;
}

static int
judge(const struct scan *scan, uint64_t seq, struct jn_span bytes,
      enum verdict *verdict)
{
    struct jn_stored stored;

    *verdict = WANTED;
    if (jn_filter_takes_all(scan->filter))
        return 0;
    *verdict = DAMAGED;
    if (jn_stored_decode(&stored, bytes, seq) != 0)
        return 0;
    return judge_sound(scan, seq, &stored, verdict);
}

/* *FULL: it is wanted, and there was no room. */
static int
take(struct scan *scan, uint64_t seq, struct jn_span bytes, bool *full)
{
    enum verdict verdict;
    int rc = judge(scan, seq, bytes, &verdict);

    *full = false;
    if (rc != 0 || verdict == UNWANTED)
        return rc;
    if (verdict == DAMAGED)
        return jn_rows_add_damaged(scan->rows, seq, full);
    return jn_rows_add(scan->rows, seq, bytes, verdict == CHECKED, full);
}

/* ---- all of them -------------------------------------------------------- */

/* Entries [FROM, LIMIT) have no rows; in the dense part they should have. */
static int
take_gap(struct scan *scan, uint64_t from, uint64_t limit, bool *full)
{
    uint64_t dense = scan->state->dense;

    *full = false;
    if (from >= limit || limit <= dense)
        return 0;
    return jn_rows_add_damaged(scan->rows, from > dense ? from : dense, full);
}

/* Goes to the first row to be looked at. */
static int
begin(struct scan *scan, struct jn_span *key, struct jn_span *value)
{
    const struct jn_range *range = scan->range;
    uint64_t from = range->reverse ? range->high - 1 : range->low;
    uint8_t bytes[8];
    int rc;

    jn_put_be64(bytes, from);
    *key = jn_span(bytes, sizeof(bytes));
    rc = jn_place_move(&scan->place, JN_AT_OR_AFTER, key, value);
    if (!range->reverse)
        return rc;
    if (rc == JOURNAL_NOT_FOUND)
        return jn_place_move(&scan->place, JN_LAST, key, value);
    if (rc == 0 && key->size == 8 && jn_get_be64(key->data) > from)
        return jn_place_move(&scan->place, JN_PREV, key, value);
    return rc;
}

/* Up to row SEQ, or the end of the range: what is missing before it. */
static int
step_up(struct scan *scan, uint64_t seq, struct jn_span value, bool *full)
{
    struct jn_range *range = scan->range;
    uint64_t found = seq < range->high ? seq : range->high;
    int rc = take_gap(scan, range->low, found, full);

    if (rc != 0 || *full)
        return rc;
    range->low = found;
    if (found == range->high)
        return 0;
    rc = take(scan, seq, value, full);
    if (rc == 0 && !*full)
        range->low = seq + 1;
    return rc;
}

/* The same on the way down; SEQ is JOURNAL_NONE where there is no row. */
static int
step_down(struct scan *scan, uint64_t seq, struct jn_span value, bool *full)
{
    struct jn_range *range = scan->range;
    uint64_t behind = seq == JOURNAL_NONE || seq < range->low ? range->low
                                                              : seq + 1;
    int rc = take_gap(scan, behind, range->high, full);

    if (rc != 0 || *full)
        return rc;
    range->high = behind;
    if (behind == range->low)
        return 0;
    rc = take(scan, seq, value, full);
    if (rc == 0 && !*full)
        range->high = seq;
    return rc;
}

static int
look_at_rows(struct scan *scan)
{
    bool reverse = scan->range->reverse, full = false;
    struct jn_span key, value = {NULL, 0};
    int rc = begin(scan, &key, &value);

    for (unsigned i = 0; i < ENTRIES_A_TURN; i++) {
        uint64_t seq = JOURNAL_NONE;

        if (rc != 0 && rc != JOURNAL_NOT_FOUND)
            return rc;
        if (rc == 0 && key.size == 8)
            seq = jn_get_be64(key.data);
        rc = reverse ? step_down(scan, seq, value, &full)
                     : step_up(scan, seq, value, &full);
        if (rc != 0 || full || jn_range_is_empty(scan->range))
            return rc;
        rc = jn_place_move(&scan->place, reverse ? JN_PREV : JN_NEXT, &key,
                           &value);
    }
    return 0;
}

int
jn_scan(const struct jn_filter *filter, struct jn_txn *txn,
        const struct jn_state *state, struct jn_range *range,
        struct jn_rows *rows)
{
    struct scan scan = {filter, txn, state, range, rows, {NULL, NULL}};
    int rc = jn_place_open(&scan.place, txn, JN_ENTRIES);

    jn_rows_clear(rows);
    if (rc == 0)
        rc = look_at_rows(&scan);
    jn_place_close(&scan.place);
    return rc;
}
