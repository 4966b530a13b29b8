/* drain.c - what is recent moves into the store. */
#include "write/drain.h"

#include <assert.h>
#include <sys/random.h>

#include "write/ahead.h"
#include "base/error.h"
#include "journal/view.h"

struct drain {
    struct jn_newest *newest;
    struct jn_txn *txn;
    struct jn_tail_row *row;
    struct jn_state state;             /* of the store */
    uint64_t from, to;                 /* entries that are moved, */
    const struct jn_recent_item *last; /* and the last of them */
};

uint64_t
jn_drain_left(const struct jn_txn *txn)
{
    const struct jn_recent_look *look = &txn->look;

    if (look->recent == NULL || look->low == look->high)
        return 0;
    return jn_recent_at(look, look->high - 1)->end -
           jn_recent_at(look, look->low)->start;
}

/* Where to stop after about so many BYTES: between two batches, below END. */
static uint64_t
choose_end(const struct jn_recent_look *look, uint64_t bytes, uint64_t end)
{
    uint64_t start = jn_recent_at(look, look->low)->start;
    uint64_t middle = jn_recent_until(look, start + bytes), to;

    if (middle >= end)
        return end;
    to = middle;
    while (to > look->low && jn_recent_at(look, to - 1)->more)
        to--;
    if (to > look->low)
        return to;
    to = middle > look->low ? middle : look->low + 1;
    while (jn_recent_at(look, to - 1)->more)
        to++;
    return to;
}

/* ---- entries ------------------------------------------------------------ */

/* Adds an entry, which is in the store by now, to what the store says. */
static void
count(struct drain *drain, const struct jn_recent_item *item)
{
    struct jn_tail_row *row = drain->row;

    drain->state.bytes_logical += item->own.bytes;
    drain->state.tombstones += item->own.tombstones;
    if (row->ahead_rows > 0 && jn_ahead_is_first(item, drain->state.first))
        row->ahead_rows--;
}

static int
move_entries(struct drain *drain)
{
    for (uint64_t seq = drain->from; seq < drain->to; seq++) {
        const struct jn_recent_item *item = jn_recent_at(&drain->txn->look,
                                                         seq);
        uint8_t key[8], *value;
        int rc;

        jn_put_be64(key, seq);
        rc = jn_store_append(drain->txn, JN_ENTRIES, jn_span(key, sizeof(key)),
                             item->row.size, &value);
        if (rc != 0)
            return rc;
        memcpy(value, item->row.data, item->row.size);
        count(drain, item);
    }
    return 0;
}

/* ---- the journal's own rows ---------------------------------------------- */

/*
 * The row leads to the last frame, for whoever has to tell whether tail and
 * store belong together: so that has to be on the disk.  It is written again,
 * since after a flush that failed the page cache may not know that it is not.
 */
static int
move_start(const struct drain *drain)
{
    const struct jn_recent_item *last = drain->last;
    const uint8_t *frame = last->row.data - JN_FRAME_HEADER;
    struct jn_newest *newest = drain->newest;
    struct jn_tail_row *row = drain->row;
    uint64_t written;
    /* Who had it open to read only has closed it to write. */
    int rc = jn_newest_prepare_flush(newest, drain->txn, &written);

    if (rc != 0)
        return rc;
    rc = jn_tail_write(newest->tail, last->start, frame,
                       (size_t)(last->end - last->start));
    if (rc == 0)
        rc = jn_tail_flush_part(newest->tail, last->start, last->end);
    newest->broken = rc != 0 && rc != JOURNAL_FULL;
    if (rc != 0)
        return rc;
    row->start = last->end;
    row->run = last->run;
    row->last = last->start;
    row->last_check = jn_get_le64(frame);
    row->next = drain->to;
    if (!jn_tail_row_is_ahead(row))
        jn_tail_row_end_ahead(row);
    return jn_view_put_tail(drain->txn, row);
}

/* Entries up to TO, and what there is to be said of that. */
static int
move(struct jn_newest *newest, struct jn_txn *txn, struct jn_tail_row *row,
     uint64_t to)
{
    struct drain drain = {
        .newest = newest,
        .txn = txn,
        .row = row,
        .from = txn->look.low,
        .to = to,
        .last = jn_recent_at(&txn->look, to - 1),
    };
    int rc = jn_view_stored_state(txn, &drain.state);

    if (rc == 0 && drain.state.next != drain.from)
        rc = JOURNAL_CORRUPT;
    if (rc == 0)
        rc = move_entries(&drain);
    if (rc == 0)
        rc = move_start(&drain);
    if (rc != 0)
        return rc;
    txn->look.low = to;
    drain.state.next = to;
    drain.state.last_time = drain.last->time;
    return jn_view_put_state(txn, &drain.state);
}

/* The same, and the rows of their keys. */
static int
move_with_keys(struct jn_newest *newest, struct jn_txn *txn,
               struct jn_tail_row *row, uint64_t to)
{
    int rc = jn_ahead_write_with(txn, row, to);

    return rc == 0 ? move(newest, txn, row, to) : rc;
}

/* ---- steps -------------------------------------------------------------- */

int
jn_drain(struct jn_newest *newest, struct jn_txn *txn,
         const struct jn_slice *most, bool *keyed)
{
    struct jn_tail_row row;
    int rc = jn_view_tail(txn, &row);

    assert(jn_drain_left(txn) > 0);
    *keyed = false;
    if (rc == 0 && !jn_tail_row_is_ahead(&row)) {
        newest->few = jn_ahead_has_few(txn);
        if (newest->few)
            return move_with_keys(newest, txn, &row,
                                  choose_end(&txn->look, most->bytes,
                                             txn->look.high));
        rc = jn_ahead_begin(newest, txn, &row);
    }
    if (rc != 0)
        return rc;
    *keyed = row.keyed != JN_ALL_KEYED;
    if (*keyed)
        return jn_ahead_write(newest, txn, &row, most->keys);
    return move(newest, txn, &row,
                choose_end(&txn->look, most->bytes, row.ahead));
}

/*
 * Whoever died may have left whole frames where the next ones are to be: with
 * what changes now they do not fit any more, and must not be found to follow.
 */
static int
leave_out_torn(struct jn_newest *newest, struct jn_txn *txn)
{
    struct jn_tail_row row;
    int rc;

    if (jn_word_get(&newest->words->torn) == 0)
        return 0;
    rc = jn_view_tail(txn, &row);
    if (rc != 0 || !row.open)
        return rc;
    if (getentropy(&row.run, sizeof(row.run)) != 0)
        return errno;
    return jn_view_put_tail(txn, &row);
}

static int
drain_all(struct jn_newest *newest, struct jn_txn *txn)
{
    struct jn_tail_row row;
    int rc = jn_view_tail(txn, &row);

    return rc == 0 ? move_with_keys(newest, txn, &row, txn->look.high) : rc;
}

int
jn_drain_all(struct jn_newest *newest, struct jn_txn *txn)
{
    int rc = 0;

    if (jn_drain_left(txn) > 0)
        rc = drain_all(newest, txn);
    jn_recent_leave(&txn->look);
    return rc == 0 ? leave_out_torn(newest, txn) : rc;
}
