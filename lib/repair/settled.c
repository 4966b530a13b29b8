/* settled.c - what the store would be like with all that is recent in it. */
#include "repair/settled.h"

#include <stdlib.h>

#include "base/error.h"
#include "pages/page.h"
#include "journal/view.h"

#define META_ROWS 4u

static int
allocate(struct jn_settled_rows *rows, uint64_t count, uint64_t size)
{
    if (count == 0)
        return 0;
    rows->list = calloc((size_t)count, sizeof(*rows->list));
    rows->bytes = malloc((size_t)size);
    return rows->list == NULL || rows->bytes == NULL ? ENOMEM : 0;
}

/* Adds a row whose bytes begin at START: a key, up to VALUE, and its value. */
static void
add_row(struct jn_settled_rows *rows, const uint8_t *start,
        const uint8_t *value, const uint8_t *end)
{
    struct jn_settled_row *row = &rows->list[rows->count++];

    row->key = jn_span(start, (size_t)(value - start));
    row->value = jn_span(value, (size_t)(end - value));
}

/* ---- entries ------------------------------------------------------------- */

static int
read_entries(struct jn_settled_rows *rows, const struct jn_recent_look *look)
{
    uint64_t size = 0;
    uint8_t *end;
    int rc;

    for (uint64_t seq = look->low; seq < look->high; seq++)
        size += 8 + jn_recent_at(look, seq)->row.size;
    rc = allocate(rows, look->high - look->low, size);
    end = rows->bytes;
    for (uint64_t seq = look->low; rc == 0 && seq < look->high; seq++) {
        uint8_t *start = end;

        jn_put_be64(start, seq);
        end = jn_span_copy(start + 8, jn_recent_at(look, seq)->row);
        add_row(rows, start, start + 8, end);
    }
    return rc;
}

/* ---- keys ---------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
    const struct jn_settled_row *left = a, *right = b;

    return jn_page_compare(left->key, right->key);
}

/*
 * The row of a key whose newest entry is ITEM, to be written to *END.  Where
 * the index has but a hash there is one already: new such keys go straight into
 * the store.
 */
static int
read_key(struct jn_txn *txn, const struct jn_recent_item *item,
         struct jn_settled_rows *rows, uint8_t **end)
{
    struct jn_known known;
    uint8_t *start = *end, *value;
    int rc;

    jn_index_make(&known.index_key, item->key);
    if (jn_index_is_hashed(jn_index_span(&known.index_key)))
        rc = jn_view_find_stored(txn, item->key, &known);
    else
        rc = 0;
    if (rc == 0)
        rc = jn_view_recent_chain(&known.chain, item->key, item);
    if (rc != 0)
        return rc;
    value = jn_span_copy(start, jn_index_span(&known.index_key));
    *end = jn_view_encode_row(value, &known);
    add_row(rows, start, value, *end);
    return 0;
}

static int
read_keys(struct jn_settled_rows *rows, struct jn_txn *txn)
{
    const struct jn_recent_look *look = &txn->look;
    const struct jn_recent_item *item;
    uint64_t count = 0, size = 0;
    size_t at = 0;
    uint8_t *end;
    int rc;

    while ((item = jn_recent_each(look, &at)) != NULL) {
        count++;
        size += JN_INDEX_MAX + item->chain.size;
    }
    rc = allocate(rows, count, size);
    end = rows->bytes;
    at = 0;
    while (rc == 0 && (item = jn_recent_each(look, &at)) != NULL)
        rc = read_key(txn, item, rows, &end);
    if (rows->count > 1)
        qsort(rows->list, rows->count, sizeof(*rows->list), compare);
    return rc;
}

/* ---- the journal's own --------------------------------------------------- */

static void
add_meta(struct jn_settled_rows *rows, uint8_t **end, const char *name,
         struct jn_span value)
{
    uint8_t *start = *end;
    uint8_t *middle = jn_span_copy(start, jn_span(name, strlen(name)));

    *end = jn_span_copy(middle, value);
    add_row(rows, start, middle, *end);
}

/* In the order of their names. */
static int
read_meta(struct jn_settled *settled, struct jn_txn *txn)
{
    struct jn_settled_rows *rows = &settled->tables[JN_META];
    struct jn_state_rows state;
    struct jn_tail_row tail;
    uint8_t bytes[JN_TAIL_ROW_MAX], *end;
    int rc = jn_view_state(txn, &settled->state);

    if (rc == 0)
        rc = jn_view_tail(txn, &tail);
    if (rc == 0)
        rc = allocate(rows, META_ROWS, sizeof(state) + sizeof(bytes) + 64);
    if (rc != 0)
        return rc;
    jn_state_encode(&state, &settled->state);
    end = rows->bytes;
    add_meta(rows, &end, "first", jn_span(state.first, sizeof(state.first)));
    add_meta(rows, &end, "next", jn_span(state.next, sizeof(state.next)));
    if (tail.open) {
        tail.open = false;
        jn_tail_row_end_ahead(&tail);
        add_meta(rows, &end, "tail",
                 jn_span(bytes, jn_tail_row_encode(bytes, &tail)));
    }
    add_meta(rows, &end, "totals", jn_span(state.totals, state.totals_size));
    return 0;
}

int
jn_settled_read(struct jn_settled *settled, struct jn_txn *txn)
{
    int rc;

    memset(settled, 0, sizeof(*settled));
    rc = read_meta(settled, txn);
    if (rc == 0 && jn_view_has_recent(txn))
        rc = read_entries(&settled->tables[JN_ENTRIES], &txn->look);
    if (rc == 0 && jn_view_has_recent(txn))
        rc = read_keys(&settled->tables[JN_LATEST], txn);
    if (rc != 0)
        jn_settled_free(settled);
    return rc;
}

void
jn_settled_free(struct jn_settled *settled)
{
    for (unsigned i = 0; i < JN_TABLES; i++) {
        free(settled->tables[i].list);
        free(settled->tables[i].bytes);
    }
    memset(settled, 0, sizeof(*settled));
}
