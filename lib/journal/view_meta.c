/* view_meta.c - the journal's own rows, with what the recent entries add. */
#include <assert.h>

#include "base/error.h"
#include "journal/marks.h"
#include "journal/view.h"

static struct jn_span
name(const char *text)
{
    return jn_span(text, strlen(text));
}

/* A row of meta that every journal has. */
static int
get_meta(struct jn_txn *txn, const char *key, struct jn_span *value)
{
    int rc = jn_store_get(txn, JN_META, name(key), value);

    return rc == JOURNAL_NOT_FOUND ? JOURNAL_CORRUPT : rc;
}

int
jn_view_stored_state(struct jn_txn *txn, struct jn_state *state)
{
    struct jn_span next, first, totals;
    int rc = get_meta(txn, "next", &next);

    if (rc == 0)
        rc = get_meta(txn, "first", &first);
    if (rc == 0)
        rc = get_meta(txn, "totals", &totals);
    return rc == 0 ? jn_state_decode(state, next, first, totals) : rc;
}

/* What the recent entries add to the sums. */
static struct jn_recent_sums
sums_of_recent(const struct jn_txn *txn)
{
    const struct jn_recent_look *look = &txn->look;
    const struct jn_recent_item *first, *last;
    struct jn_recent_sums sums = {0, 0, 0};

    if (!jn_view_has_recent(txn))
        return sums;
    first = jn_recent_at(look, look->low);
    last = jn_recent_at(look, look->high - 1);
    sums.bytes = last->sums.bytes - first->sums.bytes + first->own.bytes;
    sums.tombstones = last->sums.tombstones - first->sums.tombstones +
                      first->own.tombstones;
    sums.keys = last->sums.keys - first->sums.keys + first->own.keys;
    return sums;
}

void
jn_view_add_recent(const struct jn_txn *txn, struct jn_state *state)
{
    struct jn_recent_sums sums;

    if (!jn_view_has_recent(txn))
        return;
    sums = sums_of_recent(txn);
    state->next = txn->look.high;
    state->last_time = jn_recent_at(&txn->look, txn->look.high - 1)->time;
    state->tombstones += sums.tombstones;
    state->bytes_logical += sums.bytes;
}

int
jn_view_state(struct jn_txn *txn, struct jn_state *state)
{
    int rc = jn_view_stored_state(txn, state);

    if (rc == 0)
        jn_view_add_recent(txn, state);
    return rc;
}

uint64_t
jn_view_entries(struct jn_txn *txn)
{
    uint64_t stored = jn_store_count(txn, JN_ENTRIES);

    return jn_view_has_recent(txn) ? stored + txn->look.high - txn->look.low
                                   : stored;
}

uint64_t
jn_view_keys(struct jn_txn *txn)
{
    struct jn_tail_row row;
    uint64_t rows = jn_store_count(txn, JN_LATEST);

    /* Whoever has to know of damage has looked at it. */
    if (jn_view_has_recent(txn) && jn_view_tail(txn, &row) == 0)
        rows -= row.ahead_rows < rows ? row.ahead_rows : rows;
    return rows + sums_of_recent(txn).keys;
}

int
jn_view_tail(struct jn_txn *txn, struct jn_tail_row *row)
{
    struct jn_span value;
    int rc = jn_store_get(txn, JN_META, name("tail"), &value);

    /* Taken for none, what is in the tail would be lost. */
    if (rc == JOURNAL_NOT_FOUND) {
        memset(row, 0, sizeof(*row));
        return jn_store_look_beside(txn, JN_META, name("tail"),
                                    jn_marks_check_row);
    }
    return rc == 0 ? jn_tail_row_decode(row, value) : rc;
}

int
jn_view_put_tail(struct jn_txn *txn, const struct jn_tail_row *row)
{
    uint8_t bytes[JN_TAIL_ROW_MAX];

    return jn_store_put(txn, JN_META, name("tail"),
                        jn_span(bytes, jn_tail_row_encode(bytes, row)));
}

/* The tail goes on where the store ends. */
static int
move_tail(struct jn_txn *txn, uint64_t next)
{
    struct jn_tail_row row;
    int rc = jn_view_tail(txn, &row);

    if (rc != 0 || !row.open || row.next == next)
        return rc;
    row.next = next;
    jn_tail_row_leave_gap(&row);
    return jn_view_put_tail(txn, &row);
}

int
jn_view_format(struct jn_txn *txn, uint64_t *format)
{
    struct jn_span value;
    int rc = get_meta(txn, "format", &value);

    if (rc == 0 && value.size != 8)
        rc = JOURNAL_CORRUPT;
    if (rc != 0)
        return rc;
    *format = jn_get_be64(value.data);
    return *format >= JN_FORMAT_OLDEST && *format <= JN_FORMAT
               ? 0
               : JOURNAL_CORRUPT;
}

int
jn_view_put_format(struct jn_txn *txn)
{
    uint8_t format[8];

    jn_put_be64(format, JN_FORMAT);
    return jn_store_put(txn, JN_META, name("format"),
                        jn_span(format, sizeof(format)));
}

int
jn_view_put_state(struct jn_txn *txn, const struct jn_state *state)
{
    struct jn_state_rows rows;
    int rc;

    assert(txn->look.recent == NULL || state->next == txn->look.low);
    jn_state_encode(&rows, state);
    rc = jn_store_put(txn, JN_META, name("next"),
                      jn_span(rows.next, sizeof(rows.next)));
    if (rc == 0)
        rc = jn_store_put(txn, JN_META, name("first"),
                          jn_span(rows.first, sizeof(rows.first)));
    if (rc == 0)
        rc = jn_store_put(txn, JN_META, name("totals"),
                          jn_span(rows.totals, rows.totals_size));
    return rc == 0 ? move_tail(txn, state->next) : rc;
}

int
jn_view_id(struct jn_txn *txn, uint8_t id[JN_ID_SIZE])
{
    struct jn_span value;
    int rc = get_meta(txn, "id", &value);

    if (rc == 0 && value.size != JN_ID_SIZE)
        rc = JOURNAL_CORRUPT;
    if (rc == 0)
        memcpy(id, value.data, JN_ID_SIZE);
    return rc;
}

static const char *const cut_names[] = {
    [JN_REWINDS] = "rewinds",
    [JN_REMOVALS] = "removals",
};

int
jn_view_cuts(struct jn_txn *txn, enum jn_cut cut, struct jn_cuts *cuts)
{
    struct jn_span value;
    int rc = jn_store_get(txn, JN_META, name(cut_names[cut]), &value);

    if (rc == JOURNAL_NOT_FOUND) {
        memset(cuts, 0, sizeof(*cuts));
        return 0;
    }
    return rc == 0 ? jn_cuts_decode(cuts, value) : rc;
}

int
jn_view_add_cut(struct jn_txn *txn, enum jn_cut cut, uint64_t at)
{
    uint8_t bytes[JN_CUTS_BYTES];
    struct jn_cuts cuts;
    int rc = jn_view_cuts(txn, cut, &cuts);

    if (rc != 0)
        return rc;
    jn_cuts_add(&cuts, at);
    return jn_store_put(txn, JN_META, name(cut_names[cut]),
                        jn_span(bytes, jn_cuts_encode(bytes, &cuts)));
}
