/* drain.c - what is recent moves into the store. */
#include "write/drain.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "write/apply.h"
#include "base/error.h"
#include "base/keysort.h"
#include "journal/view.h"

/* So many keys are asked for before their turn. */
#define AHEAD 8u

struct drain {
    struct jn_newest *newest;
    struct jn_txn *txn;
    uint64_t from, to;                 /* entries that are moved, */
    const struct jn_recent_item *last; /* and the last of them */
    struct jn_recent_sums sums;
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

/* Where to stop after about so many BYTES: between two batches. */
static uint64_t
choose_end(const struct jn_recent_look *look, uint64_t bytes)
{
    uint64_t start = jn_recent_at(look, look->low)->start;
    uint64_t middle = jn_recent_until(look, start + bytes), to = middle;

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
        drain->sums.bytes += item->own.bytes;
        drain->sums.tombstones += item->own.tombstones;
    }
    return 0;
}

/* ---- keys --------------------------------------------------------------- */

/* The keys of the part that is moved, each by its newest entry there. */
static size_t
list_keys(const struct drain *drain, struct jn_keysort *list)
{
    const struct jn_recent_look *look = &drain->txn->look;
    size_t count = 0;

    for (uint64_t seq = drain->from; seq < drain->to; seq++) {
        const struct jn_recent_item *item = jn_recent_at(look, seq);

        if (item->key.size > 0 && jn_recent_is_newest(look, item, drain->to))
            list[count++] = jn_keysort_of(item->key, seq - drain->from);
    }
    return count;
}

/* The index has only a start and a hash of the key: looks for its row. */
static int
move_hashed(struct jn_txn *txn, const struct jn_recent_item *item)
{
    struct jn_known known;
    int rc = jn_view_find_stored(txn, item->key, &known);
    bool fresh = rc == 0 && known.chain.revision == 0;

    if (fresh)
        rc = jn_apply_claim_row(txn, &known.index_key);
    if (rc == 0)
        rc = jn_view_recent_chain(&known.chain, item->key, item);
    return rc == 0 ? jn_view_put_chain(txn, &known) : rc;
}

static int
move_key(struct jn_place *place, const struct jn_recent_item *item)
{
    struct jn_index_key index_key;

    jn_index_make(&index_key, item->key);
    if (jn_index_is_hashed(jn_index_span(&index_key)))
        return move_hashed(place->txn, item);
    return jn_place_put(place, jn_index_span(&index_key), item->chain);
}

/* In the order of the index, so that each is put close to the one before. */
static int
move_list(const struct drain *drain, const struct jn_keysort *list,
          size_t count)
{
    const struct jn_recent_look *look = &drain->txn->look;
    struct jn_place place = {.handle = NULL};
    int rc = jn_place_open(&place, drain->txn, JN_LATEST);

    for (size_t i = 0; rc == 0 && i < count; i++) {
        /* They lie in memory in the order in which they came. */
        if (i + AHEAD < count)
            __builtin_prefetch(
                jn_recent_at(look, drain->from + list[i + AHEAD].order));
        rc = move_key(&place, jn_recent_at(look, drain->from + list[i].order));
    }
    jn_place_close(&place);
    return rc;
}

static int
move_keys(const struct drain *drain)
{
    struct jn_keysort *list = malloc((drain->to - drain->from) * sizeof(*list));
    size_t count;
    int rc;

    if (list == NULL)
        return ENOMEM;
    count = list_keys(drain, list);
    jn_keysort(list, count);
    rc = move_list(drain, list, count);
    free(list);
    return rc;
}

/* ---- the rest ----------------------------------------------------------- */

static int
move_state(const struct drain *drain)
{
    struct jn_state state;
    int rc = jn_view_stored_state(drain->txn, &state);

    if (rc != 0)
        return rc;
    if (state.next != drain->from)
        return JOURNAL_CORRUPT;
    state.next = drain->to;
    state.last_time = drain->last->time;
    state.bytes_logical += drain->sums.bytes;
    state.tombstones += drain->sums.tombstones;
    return jn_view_put_state(drain->txn, &state);
}

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
    struct jn_tail_row row;
    uint64_t written;
    int rc = jn_view_tail(drain->txn, &row);

    /* Who had it open to read only has closed it to write. */
    if (rc == 0)
        rc = jn_newest_prepare_flush(newest, drain->txn, &written);
    if (rc != 0)
        return rc;
    rc = jn_tail_write(newest->tail, last->start, frame,
                       (size_t)(last->end - last->start));
    if (rc == 0)
        rc = jn_tail_flush_part(newest->tail, last->start, last->end);
    newest->broken = rc != 0 && rc != JOURNAL_FULL;
    if (rc != 0)
        return rc;
    row.start = last->end;
    row.run = last->run;
    row.last = last->start;
    row.last_check = jn_get_le64(frame);
    row.next = drain->to;
    return jn_view_put_tail(drain->txn, &row);
}

int
jn_drain(struct jn_newest *newest, struct jn_txn *txn, uint64_t bytes)
{
    struct drain drain = {.newest = newest, .txn = txn, .from = txn->look.low};
    int rc;

    assert(jn_drain_left(txn) > 0);
    drain.to = choose_end(&txn->look, bytes);
    drain.last = jn_recent_at(&txn->look, drain.to - 1);
    rc = move_entries(&drain);
    if (rc == 0)
        rc = move_keys(&drain);
    if (rc == 0)
        rc = move_start(&drain);
    txn->look.low = drain.to;
    return rc == 0 ? move_state(&drain) : rc;
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

int
jn_drain_all(struct jn_newest *newest, struct jn_txn *txn)
{
    int rc = 0;

    if (jn_drain_left(txn) > 0)
        rc = jn_drain(newest, txn, jn_drain_left(txn));
    jn_recent_leave(&txn->look);
    return rc == 0 ? leave_out_torn(newest, txn) : rc;
}
