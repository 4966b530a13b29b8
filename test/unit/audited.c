/* audited.c - the rows of a journal, to be changed and audited. */
#include "audited.h"

#include <stdlib.h>

#include "repair/audit_part.h"
#include "base/checksum.h"
#include "support/test.h"
#include "journal/view.h"

size_t audited_keys_bytes_max;
bool audited_retraces;

/* ---- rows --------------------------------------------------------------- */

static uint8_t *
copy_of(struct jn_span span)
{
    uint8_t *copy = malloc(span.size + 1);

    ck_assert_ptr_nonnull(copy);
    (void)jn_span_copy(copy, span);
    return copy;
}

static struct audited_row
row_of(struct jn_span key, struct jn_span value)
{
    struct audited_row row = {copy_of(key), copy_of(value), key.size,
                              value.size};

    return row;
}

static void
free_row(struct audited_row *row)
{
    free(row->key);
    free(row->value);
}

static struct jn_span
key_of(const struct audited_row *row)
{
    return jn_span(row->key, row->key_size);
}

static struct jn_span
value_of(const struct audited_row *row)
{
    return jn_span(row->value, row->value_size);
}

void
audited_set(struct audited_row *row, struct jn_span value)
{
    uint8_t *copy = copy_of(value);

    free(row->value);
    row->value = copy;
    row->value_size = value.size;
}

void
audited_remove(struct audited *audited, enum jn_table table, size_t at)
{
    struct audited_row *rows = audited->rows[table];

    free_row(&rows[at]);
    audited->counts[table]--;
    memmove(rows + at, rows + at + 1,
            (audited->counts[table] - at) * sizeof(*rows));
}

static int
compare(struct jn_span a, struct jn_span b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

void
audited_add(struct audited *audited, enum jn_table table, struct jn_span key,
            struct jn_span value)
{
    size_t count = audited->counts[table]++, at = 0;
    struct audited_row *rows = realloc(audited->rows[table],
                                       (count + 1) * sizeof(*rows));

    ck_assert_ptr_nonnull(rows);
    audited->rows[table] = rows;
    for (at = count; at > 0 && compare(key_of(&rows[at - 1]), key) > 0; at--)
        rows[at] = rows[at - 1];
    rows[at] = row_of(key, value);
}

/* ---- taken from a journal ----------------------------------------------- */

static void
take_table(struct audited *audited, struct jn_txn *txn, enum jn_table table)
{
    size_t count = (size_t)jn_store_count(txn, table), i = 0;
    struct audited_row *rows = malloc((count + 1) * sizeof(*rows));
    struct jn_place place;
    struct jn_span key, value;
    enum jn_move move = JN_FIRST;

    ck_assert_ptr_nonnull(rows);
    ck_assert_int_eq(jn_place_open(&place, txn, table), 0);
    for (; jn_place_move(&place, move, &key, &value) == 0; move = JN_NEXT) {
        ck_assert_uint_lt(i, count);
        rows[i++] = row_of(key, value);
    }
    jn_place_close(&place);
    audited->rows[table] = rows;
    audited->counts[table] = i;
}

static void
take_recent(struct audited *audited, const struct jn_txn *txn)
{
    uint64_t low = txn->look.low, high = txn->look.high;

    if (!jn_view_has_recent(txn))
        return;
    audited->recent = calloc(high - low, sizeof(*audited->recent));
    ck_assert_ptr_nonnull(audited->recent);
    for (uint64_t seq = low; seq < high; seq++) {
        const struct jn_recent_item *item = jn_recent_at(&txn->look, seq);
        struct audited_recent *recent = &audited->recent[seq - low];
        struct jn_stored stored;

        ck_assert_int_eq(jn_stored_decode(&stored, item->row, seq), 0);
        recent->row = row_of(item->key, item->row);
        recent->chain = row_of(item->key, item->chain);
        recent->seq = seq;
        recent->fresh = item->own.keys == 1;
        recent->buried = ((stored.record.flags & JOURNAL_TOMBSTONE) != 0) !=
                         item->own.tombstones;
    }
    audited->recent_count = high - low;
}

void
audited_take(struct audited *audited, struct journal *journal)
{
    struct jn_state all;
    struct jn_txn txn;

    memset(audited, 0, sizeof(*audited));
    ck_assert_int_eq(jn_shared_begin_read(journal->shared, &txn), 0);
    ck_assert_int_eq(jn_view_state(&txn, &all), 0);
    audited->size = all.next;
    for (unsigned i = 0; i < JN_TABLES; i++)
        take_table(audited, &txn, i);
    take_recent(audited, &txn);
    jn_store_end_read(&txn);
}

void
audited_free(struct audited *audited)
{
    for (unsigned i = 0; i < JN_TABLES; i++) {
        for (size_t at = 0; at < audited->counts[i]; at++)
            free_row(&audited->rows[i][at]);
        free(audited->rows[i]);
    }
    for (size_t i = 0; i < audited->recent_count; i++) {
        free_row(&audited->recent[i].row);
        free_row(&audited->recent[i].chain);
    }
    free(audited->recent);
    memset(audited, 0, sizeof(*audited));
}

/* ---- audited ------------------------------------------------------------ */

static void
feed_table(struct jn_audit *audit, const struct audited *audited,
           enum jn_table table,
           int (*feed)(struct jn_audit *, struct jn_span, struct jn_span))
{
    for (size_t i = 0; i < audited->counts[table]; i++) {
        const struct audited_row *row = &audited->rows[table][i];

        ck_assert_int_eq(feed(audit, key_of(row), value_of(row)), 0);
    }
}

static void
feed_recent(struct jn_audit *audit, const struct audited *audited,
            int (*feed)(struct jn_audit *, const struct jn_audit_recent *))
{
    for (size_t i = 0; i < audited->recent_count; i++) {
        const struct audited_recent *recent = &audited->recent[i];
        struct jn_audit_recent fed = {
            .seq = recent->seq,
            .row = value_of(&recent->row),
            .chain = value_of(&recent->chain),
            .fresh = recent->fresh,
            .buried = recent->buried,
        };

        ck_assert_int_eq(feed(audit, &fed), 0);
    }
}

static void
feed_all(struct jn_audit *audit, const struct audited *audited)
{
    struct jn_tail_row tail;

    audited_tail(audited, &tail);
    feed_table(audit, audited, JN_META, jn_audit_meta);
    feed_recent(audit, audited, jn_audit_expect);
    if (!jn_audit_is_retracing(audit))
        feed_table(audit, audited, JN_LATEST, jn_audit_latest);
    feed_table(audit, audited, JN_ENTRIES, jn_audit_entry);
    if (jn_audit_is_retracing(audit))
        feed_table(audit, audited, JN_LATEST, jn_audit_latest);
    if (jn_tail_row_is_ahead(&tail))
        feed_recent(audit, audited, jn_audit_sum_recent);
    feed_recent(audit, audited, jn_audit_recent);
}

static bool
decode_state(const struct audited *audited, struct jn_state *state)
{
    const struct audited_row *next = audited_meta(audited, "next");
    const struct audited_row *first = audited_meta(audited, "first");
    const struct audited_row *totals = audited_meta(audited, "totals");

    return next != NULL && first != NULL && totals != NULL &&
           jn_state_decode(state, value_of(next), value_of(first),
                           value_of(totals)) == 0;
}

static struct jn_audit *
open_audit(const struct audited *audited)
{
    struct jn_state state;
    bool known = decode_state(audited, &state);
    struct jn_tail_row tail;
    struct jn_audit *audit;

    ck_assert_int_eq(jn_audit_open(&audit, known ? &state : NULL,
                                   audited->size),
                     0);
    audited_tail(audited, &tail);
    if (jn_tail_row_is_ahead(&tail))
        jn_audit_is_ahead(audit, &tail);
    if (audited_keys_bytes_max > 0)
        audit->keys_bytes_max = audited_keys_bytes_max;
    for (unsigned i = 0; audited_retraces && i < JN_AUDIT_BUCKETS; i++)
        audit->suspect[i] = true;
    return audit;
}

unsigned
audited_run(const struct audited *audited, struct jn_audit_counts *counts)
{
    struct jn_audit *audit = open_audit(audited);
    unsigned passes = 0;
    bool again = true;

    for (; again; passes++) {
        ck_assert_int_eq(jn_audit_is_retracing(audit), passes > 0);
        feed_all(audit, audited);
        ck_assert_int_eq(jn_audit_finish(audit, &again), 0);
    }
    jn_audit_counts(audit, counts);
    jn_audit_close(audit);
    return passes;
}

bool
audited_is_sound(const struct audited *audited)
{
    struct jn_audit_counts counts;

    (void)audited_run(audited, &counts);
    return counts.entries_bad == 0 && counts.index_bad == 0 &&
           counts.links_bad == 0 && counts.first_bad == JOURNAL_NONE &&
           counts.entries_checked ==
               audited->counts[JN_ENTRIES] + audited->recent_count;
}

/* ---- rows changed ------------------------------------------------------- */

size_t
audited_at(const struct audited *audited, uint64_t seq)
{
    uint8_t key[8];

    jn_put_be64(key, seq);
    for (size_t i = 0; i < audited->counts[JN_ENTRIES]; i++) {
        if (jn_span_equal(key_of(&audited->rows[JN_ENTRIES][i]),
                          jn_span(key, 8)))
            return i;
    }
    ck_abort_msg("there is no entry %llu", (unsigned long long)seq);
    return 0;
}

size_t
audited_row_of(const struct audited *audited, const char *key)
{
    struct jn_index_key index_key;

    jn_index_make(&index_key, jn_span(key, strlen(key)));
    for (size_t i = 0; i < audited->counts[JN_LATEST]; i++) {
        if (jn_span_equal(key_of(&audited->rows[JN_LATEST][i]),
                          jn_index_span(&index_key)))
            return i;
    }
    ck_abort_msg("there is no row of %s", key);
    return 0;
}

void
audited_entry(const struct audited *audited, uint64_t seq,
              struct jn_links *links, struct jn_record *record)
{
    size_t at = audited_at(audited, seq);
    struct jn_span row = value_of(&audited->rows[JN_ENTRIES][at]);

    ck_assert_int_eq(jn_links_decode(links, &row, seq), 0);
    ck_assert_int_eq(jn_record_decode(record, row, seq), 0);
}

void
audited_read_links(const struct audited_row *row, uint64_t seq,
                   struct jn_links *links)
{
    struct jn_span value = value_of(row);

    ck_assert_int_eq(jn_links_decode(links, &value, seq), 0);
}

void
audited_write_links(struct audited_row *row, uint64_t seq,
                    const struct jn_links *links)
{
    struct jn_span record = value_of(row);
    struct jn_links before;
    uint8_t *bytes, *end;

    ck_assert_int_eq(jn_links_decode(&before, &record, seq), 0);
    bytes = malloc(JN_LINKS_MAX + record.size);
    ck_assert_ptr_nonnull(bytes);
    end = jn_span_copy(jn_links_encode(bytes, links, seq), record);
    audited_set(row, jn_span(bytes, (size_t)(end - bytes)));
    free(bytes);
}

void
audited_set_links(struct audited *audited, uint64_t seq,
                  const struct jn_links *links)
{
    size_t at = audited_at(audited, seq);

    audited_write_links(&audited->rows[JN_ENTRIES][at], seq, links);
}

void
audited_set_record(struct audited *audited, uint64_t seq,
                   const struct jn_record *record)
{
    size_t at = audited_at(audited, seq), size = jn_record_size(record);
    uint8_t *bytes = malloc(JN_LINKS_MAX + size), *end;
    struct jn_record before;
    struct jn_links links;

    ck_assert_ptr_nonnull(bytes);
    audited_entry(audited, seq, &links, &before);
    end = jn_links_encode(bytes, &links, seq);
    jn_record_seal(end, jn_record_encode(end, record), seq, record->time);
    audited_set(&audited->rows[JN_ENTRIES][at],
                jn_span(bytes, (size_t)(end - bytes) + size));
    free(bytes);
}

void
audited_read_chain(const struct audited_row *row, const char *key,
                   struct jn_chain *chain)
{
    struct jn_index_key index_key;

    jn_index_make(&index_key, jn_span(key, strlen(key)));
    ck_assert_int_eq(jn_view_chain(chain, jn_index_span(&index_key),
                                   value_of(row)),
                     0);
}

void
audited_write_chain(struct audited_row *row, const char *key,
                    const struct jn_chain *chain)
{
    struct jn_index_key index_key;
    uint8_t bytes[JN_CHAIN_MAX];
    uint8_t *end;

    jn_index_make(&index_key, jn_span(key, strlen(key)));
    end = jn_chain_encode(bytes, chain,
                          jn_hash64(jn_index_span(&index_key), 0));
    audited_set(row, jn_span(bytes, (size_t)(end - bytes)));
}

void
audited_chain(const struct audited *audited, const char *key,
              struct jn_chain *chain)
{
    size_t at = audited_row_of(audited, key);

    audited_read_chain(&audited->rows[JN_LATEST][at], key, chain);
}

void
audited_set_chain(struct audited *audited, const char *key,
                  const struct jn_chain *chain)
{
    size_t at = audited_row_of(audited, key);

    audited_write_chain(&audited->rows[JN_LATEST][at], key, chain);
}

void
audited_add_chain(struct audited *audited, const char *key,
                  const struct jn_chain *chain)
{
    struct jn_index_key index_key;

    jn_index_make(&index_key, jn_span(key, strlen(key)));
    audited_add(audited, JN_LATEST, jn_index_span(&index_key), jn_span(key, 0));
    audited_set_chain(audited, key, chain);
}

struct audited_row *
audited_meta(const struct audited *audited, const char *name)
{
    for (size_t i = 0; i < audited->counts[JN_META]; i++) {
        if (jn_span_equal(key_of(&audited->rows[JN_META][i]),
                          jn_span(name, strlen(name))))
            return &audited->rows[JN_META][i];
    }
    return NULL;
}

void
audited_state(const struct audited *audited, struct jn_state *state)
{
    ck_assert(decode_state(audited, state));
}

void
audited_set_state(struct audited *audited, const struct jn_state *state)
{
    struct jn_state_rows rows;

    jn_state_encode(&rows, state);
    audited_set(audited_meta(audited, "next"), jn_span(rows.next, 8));
    audited_set(audited_meta(audited, "first"), jn_span(rows.first, 8));
    audited_set(audited_meta(audited, "totals"),
                jn_span(rows.totals, rows.totals_size));
}

void
audited_tail(const struct audited *audited, struct jn_tail_row *tail)
{
    const struct audited_row *row = audited_meta(audited, "tail");

    if (row == NULL || jn_tail_row_decode(tail, value_of(row)) != 0 ||
        !tail->open)
        memset(tail, 0, sizeof(*tail));
}

void
audited_set_tail(struct audited *audited, const struct jn_tail_row *tail)
{
    uint8_t bytes[JN_TAIL_ROW_MAX];

    audited_set(audited_meta(audited, "tail"),
                jn_span(bytes, jn_tail_row_encode(bytes, tail)));
}
