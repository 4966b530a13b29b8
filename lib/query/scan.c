/* scan.c - the entries that are wanted, found by looking at all of a range. */
#include "query/scan.h"

#include "base/error.h"
#include "base/gallop.h"
#include "journal/history.h"
#include "journal/view.h"

/* A transaction that has looked at so much is ended. */
#define ENTRIES_A_TURN 65536u
#define BYTES_A_TURN (UINT64_C(64) << 20)

struct scan {
    const struct jn_filter *filter;
    struct jn_txn *txn;
    const struct jn_state *state;
    struct jn_range *range;
    struct jn_rows *rows;
    struct jn_place place;
    /* The row that was taken last, and which number was expected then. */
    uint64_t last_seq, last_expected;
    struct jn_span last_value;
    bool is_spoilt; /* LMDB has met a damaged page: another transaction */
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
judge_sound(struct scan *scan, uint64_t seq, const struct jn_stored *stored,
            enum verdict *verdict)
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
    if (rc == 0 && is)
        *verdict = CHECKED;
    if (rc != JOURNAL_CORRUPT)
        return rc;
    *verdict = DAMAGED;
    scan->is_spoilt = true;
    return 0;
}

static int
judge(struct scan *scan, uint64_t seq, struct jn_span bytes,
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

/* Goes to the first row to be looked at from number FROM on. */
static int
begin(struct scan *scan, uint64_t from, struct jn_span *key,
      struct jn_span *value)
{
    uint8_t bytes[8];
    int rc;

    jn_put_be64(bytes, from);
    *key = jn_span(bytes, sizeof(bytes));
    rc = jn_place_move(&scan->place, JN_AT_OR_AFTER, key, value);
    if (!scan->range->reverse)
        return rc;
    if (rc == JOURNAL_NOT_FOUND)
        return jn_place_move(&scan->place, JN_LAST, key, value);
    if (rc == 0 && key->size == 8 && jn_get_be64(key->data) > from)
        return jn_place_move(&scan->place, JN_PREV, key, value);
    return rc;
}

static bool
is_sound(uint64_t seq, struct jn_span value)
{
    struct jn_stored stored;

    return jn_stored_decode(&stored, value, seq) == 0;
}

static uint64_t
expected(const struct jn_range *range)
{
    return range->reverse ? range->high - 1 : range->low;
}

/*
 * Whether it is row SEQ's number that is damaged.  Such a row leads nowhere,
 * least of all to what is left of the range; the rows behind it are sound.
 */
static bool
is_astray(const struct scan *scan, uint64_t seq, struct jn_span value)
{
    const struct jn_range *range = scan->range;
    uint64_t next = expected(range), dense = scan->state->dense;

    if (seq == JOURNAL_NONE || seq == next)
        return false;
    if (range->reverse ? seq > next : seq < next)
        return true;
    /* In the sparse part numbers are left out. */
    if (next < dense && seq < dense)
        return false;
    return !is_sound(seq, value);
}

/* The next COUNT numbers cannot be read, which is told once. */
static int
lose(struct scan *scan, uint64_t count, bool *full)
{
    struct jn_range *range = scan->range;
    int rc = jn_rows_add_damaged(scan->rows, expected(range), full);

    if (rc != 0 || *full)
        return rc;
    range->low += range->reverse ? 0 : count;
    range->high -= range->reverse ? count : 0;
    range->told = expected(range);
    return 0;
}

/* The next one cannot be read. */
static int
lose_next(struct scan *scan, bool *full)
{
    return lose(scan, 1, full);
}

/* Whether a way leads to the row that comes COUNT numbers behind the next. */
static bool
can_skip(void *context, uint64_t count)
{
    struct scan *scan = context;
    uint64_t next = expected(scan->range);
    struct jn_span key, value;

    return begin(scan, scan->range->reverse ? next - count : next + count, &key,
                 &value) != JOURNAL_CORRUPT;
}

/*
 * No way leads to the next one.  In the dense part each number is an entry that
 * is lost; in the sparse part a page of few may be of any number of them.
 */
static int
lose_way(struct scan *scan, bool *full)
{
    const struct jn_range *range = scan->range;
    uint64_t dense = scan->state->dense, end = range->high;

    scan->is_spoilt = true;
    if (expected(range) >= dense)
        return lose_next(scan, full);
    end = range->reverse || end < dense ? end : dense;
    return lose(scan, jn_gallop(end - range->low, can_skip, scan), full);
}

/* In the dense part its true number will be missed when the next row comes. */
static int
pass_over(struct scan *scan, uint64_t seq, struct jn_span value, bool *full)
{
    *full = false;
    if (expected(scan->range) >= scan->state->dense || is_sound(seq, value))
        return 0;
    return lose_next(scan, full);
}

/*
 * Row SEQ lies behind the range.  In the sparse part, if it is damaged, it may
 * be of a number within.
 */
static int
take_behind(struct scan *scan, uint64_t next, uint64_t seq,
            struct jn_span value, bool *full)
{
    *full = false;
    if (seq == JOURNAL_NONE || next >= scan->state->dense ||
        jn_range_is_empty(scan->range) || is_sound(seq, value))
        return 0;
    return jn_rows_add_damaged(scan->rows, next, full);
}

/* Up to row SEQ, or the end of the range: what is missing before it. */
static int
step_up(struct scan *scan, uint64_t seq, struct jn_span value, bool *full)
{
    struct jn_range *range = scan->range;
    uint64_t found = seq < range->high ? seq : range->high;
    int rc = take_gap(scan, range->low, found, full);

    if (rc == 0 && !*full && found == range->high)
        rc = take_behind(scan, range->low, seq, value, full);
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

    if (rc == 0 && !*full && behind == range->low)
        rc = take_behind(scan, range->high - 1, seq, value, full);
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

/* Whether SEQ, which is astray, is right, and the row before it led too far. */
static bool
goes_back(const struct scan *scan, uint64_t seq, struct jn_span value)
{
    const struct jn_range *range = scan->range;

    if (range->reverse ? seq < range->high || seq > scan->last_expected
                       : seq >= range->low || seq < scan->last_expected)
        return false;
    return is_sound(seq, value) && !is_sound(scan->last_seq, scan->last_value);
}

static int
step(struct scan *scan, uint64_t seq, struct jn_span value, bool *full)
{
    struct jn_range *range = scan->range;

    if (is_astray(scan, seq, value)) {
        if (!goes_back(scan, seq, value))
            return pass_over(scan, seq, value, full);
        range->low = range->reverse ? range->low : seq;
        range->high = range->reverse ? seq + 1 : range->high;
    }
    scan->last_expected = expected(range);
    scan->last_seq = seq;
    scan->last_value = value;
    return range->reverse ? step_down(scan, seq, value, full)
                          : step_up(scan, seq, value, full);
}

/* RC is that of the search for the row. */
static int
look_at_row(struct scan *scan, int rc, struct jn_span key, struct jn_span value,
            bool *full)
{
    if (rc == JOURNAL_NOT_FOUND)
        return step(scan, JOURNAL_NONE, value, full);
    if (rc == JOURNAL_CORRUPT)
        return lose_way(scan, full);
    if (rc != 0)
        return rc;
    if (key.size != 8)
        return pass_over(scan, JOURNAL_NONE, value, full);
    return step(scan, jn_get_be64(key.data), value, full);
}

/*
 * Whether in the sparse part, where numbers are left out, a row before the one
 * that the search for FROM has led to, with KEY, may be FROM's: its number was
 * damaged.  If that row itself is not sound, who takes it tells; and behind a
 * page that is lost, that has been told.
 */
static bool
is_hidden(const struct scan *scan, uint64_t from, struct jn_span key,
          struct jn_span value)
{
    uint64_t seq = key.size == 8 ? jn_get_be64(key.data) : from;

    return from < scan->state->dense && from != scan->range->told &&
           seq != from && is_sound(seq, value) &&
           jn_view_check_gone(scan->txn, from) == JOURNAL_CORRUPT;
}

static int
look_at_rows(struct scan *scan)
{
    enum jn_move move = scan->range->reverse ? JN_PREV : JN_NEXT;
    uint64_t start = expected(scan->range);
    struct jn_span key, value = {NULL, 0};
    uint64_t bytes = 0;
    bool full = false;
    int rc = begin(scan, start, &key, &value);

    if (rc == 0 && is_hidden(scan, start, key, value)) {
        rc = lose_next(scan, &full);
        if (rc != 0 || full || jn_range_is_empty(scan->range))
            return rc;
    }
    for (unsigned i = 0; i < ENTRIES_A_TURN && bytes < BYTES_A_TURN; i++) {
        bytes += value.size;
        rc = look_at_row(scan, rc, key, value, &full);
        if (rc != 0 || full || scan->is_spoilt ||
            jn_range_is_empty(scan->range))
            return rc;
        rc = jn_place_move(&scan->place, move, &key, &value);
    }
    /* A damaged page has led far astray: no way leads there. */
    return expected(scan->range) == start ? lose_next(scan, &full) : 0;
}

/* The part of the range that is in the store. */
static int
scan_store(struct scan *scan)
{
    int rc = jn_place_open(&scan->place, scan->txn, JN_ENTRIES);

    scan->last_expected = expected(scan->range);
    if (rc == 0)
        rc = look_at_rows(scan);
    jn_place_close(&scan->place);
    return rc;
}

/* ---- what is not in the store yet --------------------------------------- */

static int
scan_recent(struct scan *scan, bool *full)
{
    struct jn_range *range = scan->range;
    uint64_t end = jn_view_store_end(scan->txn);

    for (unsigned i = 0; i < ENTRIES_A_TURN && !*full; i++) {
        uint64_t seq;
        int rc;

        if (jn_range_is_empty(range) || expected(range) < end)
            return 0;
        seq = expected(range);
        if (seq >= scan->txn->look.high)
            return JOURNAL_CORRUPT;
        rc = take(scan, seq, jn_recent_at(&scan->txn->look, seq)->row, full);
        if (rc != 0 || *full)
            return rc;
        range->low += range->reverse ? 0 : 1;
        range->high -= range->reverse ? 1 : 0;
    }
    return 0;
}

/* Up to where the store ends, and whether all of that has been looked at. */
static int
scan_below(struct scan *scan, uint64_t end, bool *all)
{
    struct jn_range *whole = scan->range, part = *whole;
    int rc;

    part.high = part.high < end ? part.high : end;
    scan->range = &part;
    rc = scan_store(scan);
    scan->range = whole;
    *all = jn_range_is_empty(&part) && !scan->is_spoilt;
    whole->low = part.low;
    whole->told = part.told;
    if (whole->reverse)
        whole->high = part.high;
    return rc;
}

int
jn_scan(const struct jn_filter *filter, struct jn_txn *txn,
        const struct jn_state *state, struct jn_range *range,
        struct jn_rows *rows)
{
    struct scan scan = {.filter = filter,
                        .txn = txn,
                        .state = state,
                        .range = range,
                        .rows = rows};
    uint64_t end = jn_view_store_end(txn);
    bool full = false, all = true;
    int rc = 0;

    jn_rows_clear(rows);
    if (range->reverse && range->high > end)
        rc = scan_recent(&scan, &full);
    if (rc == 0 && !full && expected(range) < end && !jn_range_is_empty(range))
        rc = scan_below(&scan, end, &all);
    if (rc == 0 && all && !range->reverse && !jn_rows_is_full(rows))
        rc = scan_recent(&scan, &full);
    return rc;
}
