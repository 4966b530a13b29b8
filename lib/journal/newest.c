/* newest.c - the entries that are not in the store yet. */
#include "journal/newest.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/disk.h"
#include "base/error.h"
#include "journal/view.h"

/* ---- words -------------------------------------------------------------- */

void
jn_word_raise(struct jn_word *word, uint64_t value)
{
    uint64_t before = jn_word_get(word);

    while (before < value &&
           !atomic_compare_exchange_weak(&word->value, &before, value))
        continue;
}

uint64_t
jn_newest_published(const struct jn_newest *newest)
{
    return jn_word_get(&newest->words->published);
}

/* ---- copying from the ring ---------------------------------------------- */

int
jn_newest_open_tail(struct jn_newest *newest, struct jn_txn *txn,
                    const struct jn_tail_row *row)
{
    struct jn_tail_name name = {.salt = row->salt, .capacity = row->capacity};
    struct jn_tail *tail;
    int rc;

    if (newest->tail != NULL && newest->name.salt == row->salt &&
        newest->name.capacity == row->capacity)
        return 0;
    rc = jn_view_id(txn, name.id);
    if (rc == 0)
        rc = jn_disk_take_standard(); /* may have been closed since the open */
    if (rc == 0)
        rc = jn_tail_open(&tail, newest->directory, &name,
                          jn_store_is_read_only_in(txn));
    if (rc != 0)
        return rc == JOURNAL_NOT_FOUND ? JOURNAL_CORRUPT : rc;
    jn_tail_close(newest->tail);
    newest->tail = tail;
    atomic_fetch_add(&newest->opened, 1);
    newest->name = name;
    atomic_store(&newest->ring, name.capacity);
    jn_store_set_beside(newest->store, jn_tail_file_size(tail));
    return 0;
}

void
jn_newest_close_tail(struct jn_newest *newest)
{
    jn_recent_lock(newest->recent);
    jn_tail_close(newest->tail);
    newest->tail = NULL;
    jn_recent_unlock(newest->recent);
}

/* What the frame's entry adds to the sums. */
static struct jn_recent_sums
sums_of(const struct jn_frame *frame, const struct jn_record *record)
{
    struct jn_recent_sums sums = {
        .bytes = jn_record_logical(record),
        .keys = (frame->flags & JN_FRAME_FRESH) != 0,
    };

    sums.tombstones += (record->flags & JOURNAL_TOMBSTONE) != 0;
    sums.tombstones -= (frame->flags & JN_FRAME_BURIED) != 0;
    return sums;
}

int
jn_newest_append(struct jn_newest *newest, struct jn_recent_item *item,
                 size_t used)
{
    item->sums = jn_recent_sums(newest->recent);
    item->sums.bytes += item->own.bytes;
    item->sums.tombstones += item->own.tombstones;
    item->sums.keys += item->own.keys;
    return jn_recent_add(newest->recent, item, used);
}

int
jn_newest_add(struct jn_newest *newest, const struct jn_frame *frame,
              struct jn_span bytes, uint64_t end)
{
    struct jn_recent_item item = {.seq = frame->seq,
                                  .start = end - bytes.size,
                                  .end = end,
                                  .run = frame->run};
    struct jn_stored stored;
    uint8_t *copy;
    int rc = jn_recent_reserve(newest->recent, bytes.size, &copy);

    if (rc != 0)
        return rc;
    memcpy(copy, bytes.data, bytes.size);
    item.row = jn_span(copy + (frame->row.data - bytes.data), frame->row.size);
    item.chain = jn_span(copy + (frame->chain.data - bytes.data),
                         frame->chain.size);
    rc = jn_stored_decode(&stored, item.row, frame->seq);
    if (rc != 0)
        return rc;
    item.key = stored.record.key;
    item.prev = stored.links.prev;
    item.time = stored.record.time;
    item.more = (frame->flags & JN_FRAME_MORE) != 0;
    item.own = sums_of(frame, &stored.record);
    newest->run = frame->run;
    return jn_newest_append(newest, &item, bytes.size);
}

/* Whether what lay at POSITION may be overwritten by now. */
static bool
is_overtaken(const struct jn_newest *newest, uint64_t position)
{
    return jn_word_get(&newest->words->reserved) >
           position + newest->name.capacity;
}

/*
 * Copies the frames up to LIMIT.  Where one is not sound there it has been
 * overtaken, or the tail is damaged.
 */
static int
copy_frames(struct jn_newest *newest, uint64_t limit, bool *overtaken)
{
    struct jn_recent *recent = newest->recent;
    struct jn_tail_walk walk;
    int rc = 0;

    *overtaken = false;
    jn_tail_walk_start(&walk, newest->tail, jn_recent_position(recent), limit,
                       jn_recent_next(recent), newest->run);
    while (rc == 0 && walk.position < limit) {
        struct jn_frame frame;
        struct jn_span bytes;

        rc = jn_tail_walk_next(&walk, &frame, &bytes);
        *overtaken = is_overtaken(newest, walk.buffered);
        if (*overtaken)
            break;
        if (rc == 0)
            rc = jn_newest_add(newest, &frame, bytes, walk.position);
    }
    jn_tail_walk_free(&walk);
    if (*overtaken)
        return 0;
    return rc == JOURNAL_END ? JOURNAL_CORRUPT : rc;
}

int
jn_newest_align(struct jn_newest *newest, const struct jn_tail_row *row)
{
    uint64_t position = jn_recent_position(newest->recent);
    int rc = 0;

    if (position > row->start)
        return 0;
    if (position < row->start || jn_recent_next(newest->recent) != row->next)
        rc = jn_recent_reset(newest->recent, row->next, row->start);
    if (rc == 0)
        newest->run = row->run;
    return rc;
}

/*
 * With the lock held: sees to it that what ROW leaves to the tail, up to LIMIT,
 * is in memory.
 */
static int
catch_up(struct jn_newest *newest, struct jn_txn *txn,
         const struct jn_tail_row *row, uint64_t limit, bool *again)
{
    int rc = jn_newest_open_tail(newest, txn, row);

    if (rc == 0)
        rc = jn_newest_align(newest, row);
    /* Of who only reads nobody else would take them away. */
    if (rc == 0)
        jn_recent_forget_until(newest->recent, row->start);
    if (rc == 0 && jn_recent_position(newest->recent) < limit)
        rc = copy_frames(newest, limit, again);
    return rc;
}

/* ---- looking ------------------------------------------------------------- */

static bool
look_at(struct jn_newest *newest, struct jn_txn *txn,
        const struct jn_outset *outset, uint64_t limit)
{
    return jn_recent_look(newest->recent, outset->next, outset->start, limit,
                          &txn->look);
}

/* With more work: what is missing is copied from the ring. */
static int
look_again(struct jn_newest *newest, struct jn_txn *txn,
           const struct jn_outset *outset, uint64_t limit, bool *again)
{
    struct jn_tail_row row;
    int state, rc = jn_view_tail(txn, &row);

    if (rc != 0)
        return rc;
    /* A thread cancelled with the lock held would leave it for ever. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    jn_recent_lock(newest->recent);
    rc = catch_up(newest, txn, &row, limit, again);
    if (rc == 0 && !*again)
        *again = !look_at(newest, txn, outset, limit);
    jn_recent_unlock(newest->recent);
    pthread_setcancelstate(state, NULL);
    /* By now the tail may be another one, of which ROW does not know. */
    *again |= rc == JOURNAL_CORRUPT && !jn_store_is_newest(txn);
    return *again ? 0 : rc;
}

int
jn_newest_look(struct jn_newest *newest, struct jn_txn *txn, uint64_t limit,
               bool *again)
{
    struct jn_outset outset;
    int rc = jn_newest_outset(newest, txn, &outset);

    *again = false;
    if (rc != 0 || !outset.open)
        return rc;
    /* The index may be ahead of what could be read when LIMIT was. */
    if (limit < outset.shown)
        limit = outset.shown;
    if (look_at(newest, txn, &outset, limit))
        return 0;
    return look_again(newest, txn, &outset, limit, again);
}

/* ---- flushing ----------------------------------------------------------- */

int
jn_newest_flush(struct jn_newest *newest, uint64_t upto)
{
    struct jn_words *words = newest->words;
    uint64_t end = jn_word_get(&words->written);
    uint64_t flushed = jn_word_get(&words->flushed);
    int rc = 0;

    /* Where nothing was to be written UPTO may lie behind what has been. */
    if (flushed < upto && flushed < end) {
        rc = jn_tail_flush(newest->tail);
        if (rc == 0)
            jn_word_raise(&words->flushed, end);
    }
    if (rc == 0)
        jn_word_raise(&words->published, jn_word_get(&words->flushed));
    return rc;
}

/*
 * A flush that failed before this process had the tail open, of one that has
 * died since, is nothing that it would be told of.  What it has not written
 * itself it writes again, until it has moved all there was into the store.
 */
static int
write_others_again(struct jn_newest *newest, const struct jn_tail_row *row,
                   uint64_t written)
{
    uint64_t from = newest->sure > row->start ? newest->sure : row->start;
    int rc = 0;

    if (jn_newest_has_moved(newest) || from >= written)
        return 0;
    rc = jn_newest_write_again(newest, from, written);
    if (rc == 0)
        newest->sure = written;
    return rc;
}

int
jn_newest_prepare_flush(struct jn_newest *newest, struct jn_txn *txn,
                        uint64_t *written)
{
    struct jn_tail_row row;
    int rc = jn_view_tail(txn, &row);

    *written = 0;
    if (rc != 0 || !row.open)
        return rc;
    *written = jn_word_get(&newest->words->written);
    jn_recent_lock(newest->recent);
    rc = jn_newest_open_tail(newest, txn, &row);
    jn_recent_unlock(newest->recent);
    return rc == 0 ? write_others_again(newest, &row, *written) : rc;
}

int
jn_newest_flush_all(struct jn_newest *newest, struct jn_txn *txn)
{
    uint64_t written;
    int rc = jn_newest_prepare_flush(newest, txn, &written);

    if (rc != 0)
        return rc;
    rc = jn_newest_flush(newest, written);
    newest->broken = rc != 0;
    return rc;
}

/* ---- open, close -------------------------------------------------------- */

void
jn_newest_close(struct jn_newest *newest)
{
    jn_tail_close(newest->tail);
    newest->tail = NULL;
    if (newest->recent != NULL)
        jn_recent_free(newest->recent);
    newest->recent = NULL;
    free(newest->round.orders);
    newest->round.orders = NULL;
}
