/* ahead.c - the index is written ahead of the entries, in rounds. */
#include "write/ahead.h"

#include <assert.h>
#include <stdlib.h>

#include "write/apply.h"
#include "base/error.h"
#include "base/keysort.h"
#include "journal/view.h"

/* Entries of a round: its keys are sorted while nobody else can write. */
#define ROUND_MAX (UINT64_C(1) << 17)

/* So many keys are asked for before their turn. */
#define AHEAD 8u

/* Keys are few if there is one for so many entries, by so many SAMPLES. */
#define FEW 32u
#define SAMPLES 512u

/* ---- which keys --------------------------------------------------------- */

/*
 * The keys of the items [from, to), each by its newest one there, in the order
 * of the index: ORDERS, from FROM on.
 */
struct keys {
    uint64_t from, to;
    uint32_t *orders;
    size_t count;
};

static size_t
collect(const struct jn_recent_look *look, const struct keys *keys,
        struct jn_keysort *list)
{
    size_t count = 0;

    for (uint64_t seq = keys->from; seq < keys->to; seq++) {
        const struct jn_recent_item *item = jn_recent_at(look, seq);

        if (item->key.size > 0 && jn_recent_is_newest(look, item, keys->to))
            list[count++] = jn_keysort_of(item->key, seq - keys->from);
    }
    return count;
}

/* Of KEYS, whose bounds are known. */
static int
list_keys(const struct jn_recent_look *look, struct keys *keys)
{
    size_t most = (size_t)(keys->to - keys->from);
    struct jn_keysort *list = malloc(most * sizeof(*list));

    assert(most > 0 && most <= UINT32_MAX);
    keys->orders = malloc(most * sizeof(*keys->orders));
    if (list == NULL || keys->orders == NULL) {
        free(list);
        free(keys->orders);
        return ENOMEM;
    }
    keys->count = collect(look, keys, list);
    jn_keysort(list, keys->count);
    for (size_t i = 0; i < keys->count; i++)
        keys->orders[i] = (uint32_t)list[i].order;
    free(list);
    return 0;
}

/* ---- their rows --------------------------------------------------------- */

/* The index has only a start and a hash of the key: looks for its row. */
static int
write_hashed(struct jn_txn *txn, const struct jn_recent_item *item)
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
write_row(struct jn_place *place, const struct jn_recent_item *item)
{
    struct jn_index_key index_key;

    jn_index_make(&index_key, item->key);
    if (jn_index_is_hashed(jn_index_span(&index_key)))
        return write_hashed(place->txn, item);
    return jn_place_put(place, jn_index_span(&index_key), item->chain);
}

/*
 * Those of KEYS from number START to END, each close to the one before it; but
 * none whose entry lies below SKIP.
 */
static int
write_rows(struct jn_txn *txn, const struct keys *keys, size_t start,
           size_t end, uint64_t skip)
{
    const struct jn_recent_look *look = &txn->look;
    struct jn_place place = {.handle = NULL};
    int rc = jn_place_open(&place, txn, JN_LATEST);

    for (size_t i = start; rc == 0 && i < end; i++) {
        uint64_t seq = keys->from + keys->orders[i];

        /* They lie in memory in the order in which they came. */
        if (i + AHEAD < end)
            __builtin_prefetch(
                jn_recent_at(look, keys->from + keys->orders[i + AHEAD]));
        if (seq >= skip)
            rc = write_row(&place, jn_recent_at(look, seq));
    }
    jn_place_close(&place);
    return rc;
}

/* ---- a round ------------------------------------------------------------ */

/* A round ends between two batches. */
static uint64_t
choose_end(const struct jn_recent_look *look)
{
    uint64_t to = look->high;

    if (to - look->low <= ROUND_MAX)
        return to;
    to = look->low + ROUND_MAX;
    while (jn_recent_at(look, to - 1)->more)
        to++;
    return to;
}

/* A journal whose index is never ahead may be of an older format. */
static int
note_format(struct jn_txn *txn)
{
    uint64_t format;
    int rc = jn_view_format(txn, &format);

    return rc == 0 && format != JN_FORMAT ? jn_view_put_format(txn) : rc;
}

int
jn_ahead_begin(struct jn_newest *newest, struct jn_txn *txn,
               struct jn_tail_row *row)
{
    /* A row may not lead to what a loss of power would take. */
    int rc = jn_newest_flush_all(newest, txn);

    assert(!jn_tail_row_is_ahead(row) && jn_view_has_recent(txn));
    if (rc == 0)
        rc = note_format(txn);
    if (rc != 0)
        return rc;
    row->ahead = choose_end(&txn->look);
    row->ahead_end = jn_recent_at(&txn->look, row->ahead - 1)->end;
    row->keyed = row->ahead_rows = 0;
    return 0;
}

/* The keys of the round, as remembered from the commit before, or anew. */
static int
get_keys(struct jn_newest *newest, const struct jn_txn *txn,
         const struct jn_tail_row *row, struct keys *keys)
{
    struct jn_round *round = &newest->round;
    int rc;

    *keys = (struct keys){row->next, row->ahead, round->orders, round->count};
    if (round->orders != NULL && round->end == row->ahead_end)
        return 0;
    free(round->orders);
    round->orders = NULL;
    rc = list_keys(&txn->look, keys);
    if (rc == 0)
        *round = (struct jn_round){row->ahead_end, keys->orders, keys->count};
    return rc;
}

static void
forget_keys(struct jn_newest *newest)
{
    free(newest->round.orders);
    newest->round.orders = NULL;
}

int
jn_ahead_write(struct jn_newest *newest, struct jn_txn *txn,
               struct jn_tail_row *row, uint64_t most)
{
    uint64_t rows = jn_store_count(txn, JN_LATEST), end;
    struct keys keys;
    int rc = get_keys(newest, txn, row, &keys);

    if (rc == 0 && row->keyed > keys.count)
        rc = JOURNAL_CORRUPT;
    if (rc != 0)
        return rc;
    end = keys.count - row->keyed < most ? keys.count : row->keyed + most;
    rc = write_rows(txn, &keys, (size_t)row->keyed, (size_t)end, 0);
    if (rc != 0)
        return rc;
    row->keyed = end;
    row->ahead_rows += jn_store_count(txn, JN_LATEST) - rows;
    if (end == keys.count) {
        row->keyed = JN_ALL_KEYED;
        forget_keys(newest);
    }
    return jn_view_put_tail(txn, row);
}

int
jn_ahead_write_with(struct jn_txn *txn, const struct jn_tail_row *row,
                    uint64_t to)
{
    struct keys keys = {txn->look.low, to, NULL, 0};
    uint64_t skip = row->keyed == JN_ALL_KEYED ? row->ahead : 0;
    int rc = list_keys(&txn->look, &keys);

    if (rc != 0)
        return rc;
    rc = write_rows(txn, &keys, 0, keys.count, skip);
    free(keys.orders);
    return rc;
}

bool
jn_ahead_has_few(const struct jn_txn *txn)
{
    const struct jn_recent_look *look = &txn->look;
    uint64_t count = look->high - look->low, step = count / SAMPLES + 1;
    size_t samples = 0, keys = 0;

    /* Of each key one entry is the newest.  No number follows the last one. */
    for (uint64_t i = 0; i < count; i += step, samples++) {
        const struct jn_recent_item *item = jn_recent_at(look, look->low + i);

        keys += item->key.size > 0 &&
                jn_recent_is_newest(look, item, look->high);
    }
    return keys < samples / FEW;
}

/*
 * The first of the round's keys, in their order, whose row is not there yet; of
 * no size: all are.
 */
static int
find_unwritten(struct jn_newest *newest, const struct jn_txn *txn,
               const struct jn_tail_row *row, struct jn_span *key)
{
    struct keys keys;
    int rc;

    *key = jn_span(NULL, 0);
    if (row->keyed == JN_ALL_KEYED)
        return 0;
    rc = get_keys(newest, txn, row, &keys);
    if (rc == 0 && row->keyed >= keys.count)
        rc = JOURNAL_CORRUPT;
    if (rc == 0)
        *key = jn_recent_at(&txn->look, keys.from + keys.orders[row->keyed])
                   ->key;
    return rc;
}

/* How many rows that are there have lost their last entry in the store. */
static uint64_t
count_orphans(const struct jn_txn *txn, const struct jn_tail_row *row,
              struct jn_span unwritten, uint64_t from, uint64_t to)
{
    uint64_t rows = 0;

    for (uint64_t seq = row->next; seq < row->ahead; seq++) {
        const struct jn_recent_item *item = jn_recent_at(&txn->look, seq);

        if (item->prev >= from && item->prev < to)
            rows += unwritten.size == 0 ||
                    jn_span_compare(item->key, unwritten) < 0;
    }
    return rows;
}

int
jn_ahead_prune(struct jn_newest *newest, struct jn_txn *txn, uint64_t from,
               uint64_t to)
{
    struct jn_tail_row row;
    struct jn_span unwritten;
    uint64_t rows;
    int rc = jn_view_tail(txn, &row);

    if (rc != 0 || from == to || !jn_tail_row_is_ahead(&row))
        return rc;
    rc = find_unwritten(newest, txn, &row, &unwritten);
    if (rc != 0)
        return rc;
    rows = count_orphans(txn, &row, unwritten, from, to);
    row.ahead_rows += rows;
    return rows > 0 ? jn_view_put_tail(txn, &row) : 0;
}
