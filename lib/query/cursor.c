/* cursor.c - what a replay or a query in progress is. */
#include "query/cursor.h"

#include <assert.h>
#include <stdlib.h>

#include "journal/entry.h"
#include "base/error.h"
#include "journal/history.h"
#include "query/plan.h"
#include "query/scan.h"
#include "journal/view.h"

/* ---- open, close -------------------------------------------------------- */

static int
open_range(struct journal_cursor *cursor, const struct journal_query *query)
{
    struct jn_txn txn;
    int rc = jn_shared_begin_read(cursor->journal->shared, &txn);

    if (rc != 0)
        return rc;
    rc = jn_range_open(&cursor->range, &txn, query);
    jn_store_end_read(&txn);
    return rc;
}

int
jn_cursor_open(struct journal_cursor **out, struct journal *journal,
               const struct journal_query *query)
{
    struct journal_cursor *cursor = calloc(1, sizeof(*cursor));
    int rc;

    if (cursor == NULL)
        return ENOMEM;
    cursor->journal = journal;
    rc = jn_filter_make(&cursor->filter, query);
    if (rc == 0)
        rc = open_range(cursor, query);
    if (rc != 0) {
        jn_filter_free(&cursor->filter);
        free(cursor);
        return rc;
    }
    jn_handle_retain(journal);
    *out = cursor;
    return 0;
}

void
jn_cursor_close(struct journal_cursor *cursor)
{
    if (cursor == NULL)
        return;
    jn_handle_release(cursor->journal);
    jn_gather_free(&cursor->gather);
    jn_rows_free(&cursor->rows);
    jn_filter_free(&cursor->filter);
    free(cursor);
}

/* ---- reading ahead ------------------------------------------------------ */

/* Leaves out what comes before the revision that the query begins with. */
static int
skip_revisions(struct journal_cursor *cursor, struct jn_txn *txn,
               const struct jn_state *state)
{
    const struct jn_filter *filter = &cursor->filter;
    struct jn_range *range = &cursor->range;
    struct jn_known known;
    struct jn_history history = {txn, state, &known.chain};
    uint64_t seq;
    int rc;

    if (filter->first_revision <= 1)
        return 0;
    rc = jn_view_find(txn, filter->key, &known);
    if (rc != 0 || known.chain.revision == 0)
        return rc == JOURNAL_NOT_FOUND ? 0 : rc;
    rc = jn_history_revision(&history, filter->first_revision, &seq);
    if (rc == JOURNAL_NOT_FOUND)
        range->low = range->high;
    else if (rc == 0 && seq > range->low)
        range->low = seq < range->high ? seq : range->high;
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

static int
choose_way(struct journal_cursor *cursor, struct jn_txn *txn,
           const struct jn_state *state)
{
    struct jn_range *range = &cursor->range;
    struct jn_plan plan;
    int rc = skip_revisions(cursor, txn, state);

    if (rc == 0)
        rc = jn_plan_make(&plan, &cursor->filter, txn, state, range);
    if (rc != 0)
        return rc;
    cursor->way = plan.by_index ? JN_BY_INDEX : JN_BY_SCAN;
    /* Of what is behind the newest nothing is wanted. */
    if (!range->follow && plan.newest < range->high)
        range->high = plan.newest < range->low ? range->low : plan.newest + 1;
    jn_gather_start(&cursor->gather, &cursor->filter, range, plan.keys,
                    plan.entries);
    return 0;
}

/*
 * What index and links do not lead to may still be there.  LMDB gives up a
 * transaction in which it has met a damaged page, so that takes another one.
 */
static int
scan_from_now_on(struct journal_cursor *cursor)
{
    cursor->way = JN_BY_SCAN;
    jn_gather_start(&cursor->gather, &cursor->filter, &cursor->range, 0, 0);
    jn_rows_clear(&cursor->rows);
    return 0;
}

static int
read_by_way(struct journal_cursor *cursor, struct jn_txn *txn,
            const struct jn_state *state)
{
    int rc = 0;

    if (cursor->way == JN_UNPLANNED)
        rc = choose_way(cursor, txn, state);
    if (rc == 0 && cursor->way == JN_BY_SCAN)
        return jn_scan(&cursor->filter, txn, state, &cursor->range,
                       &cursor->rows);
    if (rc == 0)
        rc = jn_gather(&cursor->gather, &cursor->filter, txn, state,
                       &cursor->range, &cursor->rows);
    return rc == JOURNAL_CORRUPT ? scan_from_now_on(cursor) : rc;
}

static int
read_ahead(struct journal_cursor *cursor, struct jn_txn *txn)
{
    struct jn_state state;
    bool moved;
    int rc = jn_range_look(&cursor->range, txn, &state, &moved);

    if (moved)
        cursor->way = JN_UNPLANNED;
    return rc == 0 ? read_by_way(cursor, txn, &state) : rc;
}

/* A pass that is not over has rows in no order yet. */
static bool
has_rows(const struct journal_cursor *cursor)
{
    return jn_rows_any(&cursor->rows) && !cursor->gather.passing;
}

/* Reads until there are rows, or something else to tell. */
static int
fill_rows(struct journal_cursor *cursor)
{
    int rc = 0;

    while (rc == 0 && !has_rows(cursor)) {
        struct jn_txn txn;

        if (jn_range_is_empty(&cursor->range) && !cursor->range.follow)
            return JOURNAL_END;
        rc = jn_shared_begin_read(cursor->journal->shared, &txn);
        if (rc != 0)
            return rc;
        rc = read_ahead(cursor, &txn);
        cursor->entries_read += txn.entries_read;
        jn_store_end_read(&txn);
    }
    return rc;
}

/* ---- handing out -------------------------------------------------------- */

static int
decode(const struct journal_cursor *cursor, const struct jn_copied *row,
       struct jn_stored *stored)
{
    struct jn_span bytes = jn_rows_bytes(&cursor->rows, row);
    int rc;

    if (row->checked)
        return jn_stored_parse(stored, bytes, row->seq);
    rc = jn_stored_decode(stored, bytes, row->seq);
    /* The index may have led to an entry of some other key. */
    if (rc == 0 && !jn_filter_matches(&cursor->filter, stored->record.key))
        rc = JOURNAL_CORRUPT;
    return rc;
}

/* The row that is next; *PASSES: it is one that was asked for. */
static int
look_at_row(struct journal_cursor *cursor, bool *passes)
{
    struct jn_rows *rows = &cursor->rows;
    const struct jn_copied *row = &rows->list[rows->at];
    struct jn_stored stored;
    int rc = decode(cursor, row, &stored);

    *passes = rc == 0 && jn_range_has_time(&cursor->range, stored.record.time);
    if (*passes)
        jn_entry_fill(&cursor->entry, row->seq, &stored);
    else
        rows->at++;
    return rc;
}

int
jn_cursor_peek(struct journal_cursor *cursor)
{
    bool passes = false;
    int rc = jn_shared_check(cursor->journal->shared);

    if (rc == 0 && cursor->pending != 0) {
        rc = cursor->pending;
        cursor->pending = 0;
    }
    while (rc == 0 && !passes) {
        if (!has_rows(cursor))
            rc = fill_rows(cursor);
        if (rc == 0)
            rc = look_at_row(cursor, &passes);
    }
    return rc;
}

void
jn_cursor_take(struct journal_cursor *cursor)
{
    assert(has_rows(cursor));
    cursor->rows.at++;
}
