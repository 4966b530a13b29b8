/* replay.c - journal_replay(), journal_next(), journal_cursor_close(). */
#include <assert.h>
#include <stdlib.h>

#include "entry.h"
#include "error.h"
#include "handle.h"
#include "view.h"

/* What is read ahead in one short transaction. */
#define BUFFER_BYTES ((size_t)256 << 10)
#define BUFFER_ROWS 4096u

struct row {
    uint64_t seq;
    size_t offset; /* into the buffer's bytes */
    size_t size;
};

/*
 * Rows are copied in a transaction of its own, and looked at after it: so a
 * cursor that nobody moves holds up nothing.
 *
 * Whenever no call is in progress: the rows in [at, count) are to be handed
 * out; after them, those in [next, limit), which are still in the store.
 */
struct journal_cursor {
    struct journal *journal;
    uint64_t next;
    uint64_t limit;
    uint64_t rewinds; /* of the journal's, known to the cursor */
    struct row *rows;
    size_t at, count;
    uint8_t *bytes;
    size_t used, capacity;
    struct journal_entry entry; /* the one handed out */
};

/* ---- open, close -------------------------------------------------------- */

static int
set_range(struct journal_cursor *cursor, struct jn_txn *txn, uint64_t first)
{
    struct jn_cuts rewinds;
    struct jn_state state;
    int rc = jn_view_state(txn, &state);

    if (rc == 0)
        rc = jn_view_cuts(txn, JN_REWINDS, &rewinds);
    if (rc != 0)
        return rc;
    if (first == JOURNAL_NONE)
        first = state.first;
    if (first > state.next)
        return JOURNAL_OUT_OF_RANGE;
    if (first < state.first)
        return JOURNAL_PRUNED;
    cursor->next = first;
    cursor->limit = state.next;
    cursor->rewinds = rewinds.count;
    return 0;
}

int
journal_replay(struct journal *journal, uint64_t first,
               struct journal_cursor **out)
{
    struct journal_cursor *cursor;
    struct jn_txn txn;
    int rc;

    if (journal == NULL || out == NULL)
        return EINVAL;
    rc = jn_shared_check(journal->shared);
    if (rc != 0)
        return rc;
    cursor = calloc(1, sizeof(*cursor));
    if (cursor == NULL)
        return ENOMEM;
    rc = jn_shared_begin_read(journal->shared, &txn);
    if (rc == 0) {
        rc = set_range(cursor, &txn, first);
        jn_store_end_read(&txn);
    }
    if (rc != 0) {
        free(cursor);
        return rc;
    }
    cursor->journal = journal;
    jn_handle_retain(journal);
    *out = cursor;
    return 0;
}

void
journal_cursor_close(struct journal_cursor *cursor)
{
    if (cursor == NULL)
        return;
    jn_handle_release(cursor->journal);
    free(cursor->bytes);
    free(cursor->rows);
    free(cursor);
}

/* ---- reading ahead ------------------------------------------------------ */

/* Room for at least one row of SIZE bytes; the buffer is empty. */
static int
make_buffer(struct journal_cursor *cursor, size_t size)
{
    size_t capacity = size > BUFFER_BYTES ? size : BUFFER_BYTES;

    if (cursor->rows == NULL)
        cursor->rows = malloc(BUFFER_ROWS * sizeof(*cursor->rows));
    if (cursor->rows == NULL)
        return ENOMEM;
    /* A buffer that was made for a giant is not kept for the small. */
    if (cursor->capacity < size || cursor->capacity > capacity) {
        free(cursor->bytes);
        cursor->capacity = 0;
        cursor->bytes = malloc(capacity);
        if (cursor->bytes == NULL)
            return ENOMEM;
        cursor->capacity = capacity;
    }
    return 0;
}

static bool
has_room(const struct journal_cursor *cursor, size_t size)
{
    return cursor->count < BUFFER_ROWS &&
           size <= cursor->capacity - cursor->used;
}

static void
add_row(struct journal_cursor *cursor, uint64_t seq, struct jn_span bytes)
{
    struct row *row = &cursor->rows[cursor->count++];

    row->seq = seq;
    row->offset = cursor->used;
    row->size = bytes.size;
    memcpy(cursor->bytes + cursor->used, bytes.data, bytes.size);
    cursor->used += bytes.size;
    cursor->next = seq + 1;
}

/*
 * Reads rows from next on while they fit.  A row that should be there and is
 * not ends the run; if it is the first, it is skipped and JOURNAL_CORRUPT.
 */
static int
read_rows(struct journal_cursor *cursor, struct jn_place *place)
{
    uint8_t from[8];
    struct jn_span key = {from, sizeof(from)}, value;
    enum jn_move move = JN_AT_OR_AFTER;
    uint64_t found;
    int rc;

    jn_put_be64(from, cursor->next);
    while (cursor->next < cursor->limit) {
        rc = jn_place_move(place, move, &key, &value);
        if (rc != 0 && rc != JOURNAL_NOT_FOUND)
            return rc;
        found = rc == 0 && key.size == 8 ? jn_get_be64(key.data)
                                         : cursor->limit;
        if (found != cursor->next) {
            if (cursor->count > 0)
                return 0;
            cursor->next = found < cursor->limit ? found : cursor->limit;
            return JOURNAL_CORRUPT;
        }
        if (cursor->count == 0) {
            rc = make_buffer(cursor, value.size);
            if (rc != 0)
                return rc;
        }
        if (!has_room(cursor, value.size))
            return 0;
        add_row(cursor, found, value);
        move = JN_NEXT;
    }
    return 0;
}

/* What has happened to the range since the last look. */
static int
adjust_range(struct journal_cursor *cursor, struct jn_txn *txn)
{
    struct jn_cuts rewinds;
    struct jn_state state;
    uint64_t kept;
    int rc = jn_view_state(txn, &state);

    if (rc == 0)
        rc = jn_view_cuts(txn, JN_REWINDS, &rewinds);
    if (rc != 0)
        return rc;
    kept = jn_cuts_since(&rewinds, cursor->rewinds);
    cursor->rewinds = rewinds.count;
    if (kept < cursor->limit)
        cursor->limit = kept;
    if (cursor->next >= cursor->limit)
        return JOURNAL_END;
    if (cursor->next < state.first) {
        cursor->next = state.first < cursor->limit ? state.first
                                                   : cursor->limit;
        return JOURNAL_PRUNED;
    }
    return 0;
}

static int
read_ahead(struct journal_cursor *cursor, struct jn_txn *txn)
{
    struct jn_place place = {NULL, NULL};
    int rc = adjust_range(cursor, txn);

    cursor->at = cursor->count = 0;
    cursor->used = 0;
    if (rc == 0)
        rc = jn_place_open(&place, txn, JN_ENTRIES);
    if (rc == 0)
        rc = read_rows(cursor, &place);
    jn_place_close(&place);
    return rc;
}

static int
fill_buffer(struct journal_cursor *cursor)
{
    struct jn_txn txn;
    int rc;

    if (cursor->next >= cursor->limit)
        return JOURNAL_END;
    rc = jn_shared_begin_read(cursor->journal->shared, &txn);
    if (rc != 0)
        return rc;
    rc = read_ahead(cursor, &txn);
    jn_store_end_read(&txn);
    return rc;
}

int
journal_next(struct journal_cursor *cursor, const struct journal_entry **entry)
{
    struct jn_stored stored;
    const struct row *row;
    int rc;

    if (cursor == NULL || entry == NULL)
        return EINVAL;
    rc = jn_shared_check(cursor->journal->shared);
    if (rc == 0 && cursor->at == cursor->count)
        rc = fill_buffer(cursor);
    if (rc != 0)
        return rc;
    assert(cursor->at < cursor->count);
    row = &cursor->rows[cursor->at++];
    rc = jn_stored_decode(&stored,
                          jn_span(cursor->bytes + row->offset, row->size),
                          row->seq);
    if (rc != 0)
        return rc;
    jn_entry_fill(&cursor->entry, row->seq, &stored);
    *entry = &cursor->entry;
    return 0;
}
