/* stat.c - journal_stat(). */
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "write/handle.h"
#include "journal/marks.h"
#include "base/sized.h"
#include "tail/tail.h"
#include "journal/view.h"

/* What journal_stat was in the first release. */
#define FIRST_SIZE offsetof(struct journal_stat, marks)

/* STAT as the caller has set it up: its size, and nothing unknown asked. */
static bool
is_known(const struct journal_stat *stat)
{
    return (stat->struct_size >= sizeof(*stat) ||
            stat->struct_size == FIRST_SIZE) &&
           jn_sized_is_known(stat, stat->struct_size, sizeof(*stat));
}

static int
first_time(struct jn_txn *txn, uint64_t *time)
{
    uint64_t seq;
    int rc = jn_view_end(txn, JN_FIRST, &seq, time);

    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

/* Entries below it are in the store, or flushed. */
static uint64_t
durable_size(const struct jn_txn *txn, const struct jn_words *words,
             uint64_t next)
{
    if (txn->look.recent == NULL)
        return next;
    return jn_recent_until(&txn->look, jn_word_get(&words->flushed));
}

static int
read_tail(struct jn_txn *txn, const struct jn_words *words,
          struct journal_stat *stat)
{
    struct jn_tail_row row;
    uint64_t written = jn_word_get(&words->written);
    int rc = jn_view_tail(txn, &row);

    if (rc != 0)
        return rc;
    stat->tail_bytes = row.capacity;
    if (row.open && written > row.start)
        stat->tail_bytes_used = written - row.start;
    stat->bytes_used += stat->tail_bytes_used;
    return 0;
}

/*
 * Keys that were in the store when their recent entries came, and of which all
 * that was there has been pruned since, up to FIRST, with the row.
 */
static uint64_t
keys_without_row(const struct jn_txn *txn, uint64_t first)
{
    uint64_t count = 0;

    if (first == 0 || !jn_view_has_recent(txn))
        return 0;
    for (uint64_t seq = txn->look.low; seq < txn->look.high; seq++)
        count += jn_recent_at(&txn->look, seq)->prev < first;
    return count;
}

/* How many there are no checksum is over; but there are not fewer, nor more. */
static bool
is_likely(const struct jn_state *state, uint64_t entries)
{
    return entries >= state->next - state->dense &&
           entries <= state->next - state->first;
}

static int
read_stat(struct jn_txn *txn, const struct jn_words *words,
          struct journal_stat *stat)
{
    struct jn_state state;
    uint64_t rows = jn_view_keys(txn), entries = jn_view_entries(txn);
    int rc = jn_view_state(txn, &state);

    if (rc == 0 && !is_likely(&state, entries))
        rc = JOURNAL_CORRUPT;
    if (rc == 0)
        rows += keys_without_row(txn, state.first);
    if (rc == 0 && rows < state.tombstones)
        rc = JOURNAL_CORRUPT;
    if (rc == 0)
        rc = jn_view_id(txn, stat->id);
    if (rc == 0)
        rc = first_time(txn, &stat->first_time);
    if (rc == 0)
        rc = jn_marks_count(txn, &stat->marks);
    if (rc == 0)
        rc = jn_view_format(txn, &stat->format);
    if (rc != 0)
        return rc;
    stat->first = state.first;
    stat->size = state.next;
    stat->durable_size = durable_size(txn, words, state.next);
    stat->entries = entries;
    stat->keys = rows - state.tombstones;
    stat->tombstones = state.tombstones;
    stat->bytes_logical = state.bytes_logical;
    stat->bytes_used = jn_store_bytes_used(txn);
    stat->last_time = state.last_time;
    return read_tail(txn, words, stat);
}

int
journal_stat(struct journal *journal, struct journal_stat *stat)
{
    struct journal_stat result = {.struct_size = sizeof(result)};
    struct jn_txn txn;
    int rc;

    if (journal == NULL || stat == NULL || !is_known(stat))
        return EINVAL;
    rc = jn_shared_begin_read(journal->shared, &txn);
    if (rc != 0)
        return rc;
    rc = read_stat(&txn, journal->shared->files.newest.words, &result);
    jn_store_end_read(&txn);
    if (rc == 0)
        rc = jn_store_file_bytes(journal->shared->files.store,
                                 &result.bytes_file);
    if (rc != 0)
        return rc;
    /* A copy may have been taken without the tail. */
    result.bytes_file += jn_tail_size_there(
        journal->shared->files.newest.directory);
    result.bytes_max = journal->limits.bytes_max;
    result.struct_size = stat->struct_size;
    memcpy(stat, &result,
           stat->struct_size < sizeof(result) ? stat->struct_size
                                              : sizeof(result));
    return 0;
}
