/* stage.c - a group of appends enters the tail. */
#include "write/stage.h"

#include <sys/random.h>

#include "write/apply.h"
#include "base/clock.h"
#include "write/drain.h"
#include "base/error.h"
#include "journal/view.h"

/* A group of more than this part of the ring goes to the store. */
#define PART_OF_RING 4u

/* Room that a group must leave in the store, beside what it takes itself. */
#define SLACK (UINT64_C(256) << 10)

/* ThreadSanitizer knows no fences; nor does it look into mapped files. */
#if defined(__SANITIZE_THREAD__)
#define ORDERS_STORES 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ORDERS_STORES 0
#endif
#endif
#ifndef ORDERS_STORES
#define ORDERS_STORES 1
#endif

struct stage {
    struct jn_newest *newest;
    uint64_t salt;
    uint64_t flushed; /* what frames say of that */
    uint64_t first;   /* number of the first entry */
    uint64_t from;    /* position of the first frame */
    uint64_t now;     /* the time */
    struct jn_state state;
};

/* ---- frames ------------------------------------------------------------- */

static uint8_t *
put_row(uint8_t *out, const struct jn_applied *applied)
{
    struct jn_prepared *prepared = applied->prepared;

    out = jn_links_encode(out, applied->links, applied->seq);
    jn_record_seal(prepared->bytes, prepared->body_hash, applied->seq,
                   applied->time);
    return jn_span_copy(out, jn_span(prepared->bytes, prepared->size));
}

/* The frame of APPLIED at OUT, which has room for any; what is in ITEM. */
static void
put_frame(const struct stage *stage, uint8_t *out,
          const struct jn_applied *applied, struct jn_recent_item *item)
{
    const struct journal_record *record = applied->prepared->record;
    struct jn_span key = {record->key, record->key_size};
    uint8_t *row = out + JN_FRAME_HEADER;
    uint8_t *chain = put_row(row, applied), *end = chain;
    struct jn_frame frame = {.flushed = stage->flushed,
                             .seq = applied->seq,
                             .run = stage->newest->run};

    if (applied->chain != NULL)
        end = jn_view_encode_chain(chain, key, applied->chain);
    frame.flags = (applied->more ? JN_FRAME_MORE : 0u) |
                  (applied->fresh ? JN_FRAME_FRESH : 0u) |
                  (applied->buried ? JN_FRAME_BURIED : 0u);
    frame.row = item->row = jn_span(row, (size_t)(chain - row));
    frame.chain = item->chain = jn_span(chain, (size_t)(end - chain));
    jn_frame_seal(out, &frame, stage->salt, item->start);
}

/* Where in the row's record the key is. */
static struct jn_span
find_key(const struct jn_applied *applied, struct jn_span row)
{
    const struct jn_prepared *prepared = applied->prepared;

    return jn_span(row.data + row.size - prepared->logical,
                   prepared->record->key_size);
}

static int
take(void *context, const struct jn_applied *applied)
{
    struct stage *stage = context;
    struct jn_recent *recent = stage->newest->recent;
    const struct journal_record *record = applied->prepared->record;
    size_t most = JN_FRAME_HEADER + JN_LINKS_MAX + applied->prepared->size +
                  JN_CHAIN_MAX + 8;
    struct jn_recent_item item = {.seq = applied->seq,
                                  .prev = applied->links->prev,
                                  .time = applied->time,
                                  .start = jn_recent_position(recent),
                                  .run = stage->newest->run,
                                  .more = applied->more};
    uint8_t *bytes;
    size_t size;
    int rc;

    /*
     * A new key that the index knows by its hash alone may find no row there,
     * if there are too many with that hash: only the store can tell.
     */
    if (applied->fresh && record->key_size > JN_INDEX_KEY_MAX)
        return JOURNAL_FULL;
    rc = jn_recent_reserve(recent, most, &bytes);
    if (rc != 0)
        return rc;
    put_frame(stage, bytes, applied, &item);
    size = jn_frame_size(item.row.size, item.chain.size);
    item.end = item.start + size;
    item.key = find_key(applied, item.row);
    item.own.bytes = applied->prepared->logical;
    item.own.keys = applied->fresh;
    item.own.tombstones += (record->flags & JOURNAL_TOMBSTONE) != 0;
    item.own.tombstones -= applied->buried;
    return jn_newest_append(stage->newest, &item, size);
}

/* ---- the ring ----------------------------------------------------------- */

/* Frames side by side in memory are written together. */
struct piece {
    const uint8_t *bytes;
    size_t size;
    uint64_t position;
};

static int
write_piece(struct jn_tail *tail, const struct piece *piece, bool relaxed)
{
    if (!relaxed)
        return jn_tail_write(tail, piece->position, piece->bytes, piece->size);
    jn_tail_store(tail, piece->position, piece->bytes, piece->size);
    return 0;
}

/* All that LOOK sees. */
static int
write_frames(struct jn_tail *tail, const struct jn_recent_look *look,
             bool relaxed)
{
    struct piece piece = {NULL, 0, 0};
    int rc = 0;

    for (uint64_t seq = look->low; rc == 0 && seq < look->high; seq++) {
        const struct jn_recent_item *item = jn_recent_at(look, seq);
        const uint8_t *frame = item->row.data - JN_FRAME_HEADER;
        size_t size = (size_t)(item->end - item->start);

        if (piece.size > 0 && piece.bytes + piece.size == frame) {
            piece.size += size;
            continue;
        }
        if (piece.size > 0)
            rc = write_piece(tail, &piece, relaxed);
        piece = (struct piece){frame, size, item->start};
    }
    return rc == 0 ? write_piece(tail, &piece, relaxed) : rc;
}

/*
 * Before the first byte: whoever dies now leaves word of it, and readers that
 * copy what was here know that they may be too late.
 */
static void
begin_writing(struct jn_words *words, uint64_t end)
{
    jn_word_set(&words->torn, 1);
    jn_word_raise(&words->reserved, end);
#if ORDERS_STORES
    /* Stores into the mapping are no atomic ones, and must come behind. */
    atomic_thread_fence(memory_order_release);
#endif
}

/* The group up to position END; nobody may be shown it yet. */
static int
write_group(const struct stage *stage, uint64_t end, bool relaxed)
{
    struct jn_newest *newest = stage->newest;
    struct jn_recent_look look;
    int rc;

    if (!jn_recent_look(newest->recent, stage->first, stage->from, end, &look))
        return JOURNAL_CORRUPT;
    begin_writing(newest->words, end);
    rc = write_frames(newest->tail, &look, relaxed);
    jn_recent_leave(&look);
    return rc;
}

/* Where what may be torn lies ahead a run begins that has no part in it. */
static int
begin_run(struct stage *stage)
{
    struct jn_newest *newest = stage->newest;
    const struct jn_frame frame = {.flushed = stage->flushed,
                                   .seq = stage->first,
                                   .run = newest->run};
    uint8_t bytes[JN_RUN_FRAME];
    uint32_t run;
    int rc;

    if (getentropy(&run, sizeof(run)) != 0)
        return errno;
    jn_frame_seal_run(bytes, &frame, run, stage->salt, stage->from);
    begin_writing(newest->words, stage->from + sizeof(bytes));
    rc = jn_tail_write(newest->tail, stage->from, bytes, sizeof(bytes));
    if (rc != 0)
        return rc;
    newest->run = run;
    jn_recent_skip(newest->recent, stage->from + sizeof(bytes));
    return 0;
}

/*
 * What found no room is not to be found by whoever opens the journal next,
 * though it may be there whole, or some requests of the group: without its
 * beginning nothing of it follows on.  Where that cannot be had the outcome is
 * unknown.
 */
static int
take_back(const struct stage *stage)
{
    static const uint8_t zeros[JN_FRAME_HEADER];
    struct jn_tail *tail = stage->newest->tail;
    int rc = jn_tail_write(tail, stage->from, zeros, sizeof(zeros));

    if (rc == 0)
        rc = jn_tail_flush(tail);
    return rc == JOURNAL_FULL ? ENOSPC : rc;
}

/* Up to where the ring may be written: the last frame drained stays. */
static uint64_t
end_of_ring(const struct jn_tail_row *row)
{
    return row->last + row->capacity;
}

/* ---- a group ------------------------------------------------------------ */

static uint64_t
bytes_of(const struct jn_request *first)
{
    uint64_t bytes = 0;

    for (; first != NULL; first = first->next)
        bytes += first->bytes + first->count * JN_FRAME_HEADER;
    return bytes;
}

/*
 * Whether BYTES, all that is in the tail then, will find room in the store
 * whatever becomes of the disk.  Rows may take twice their size there: an
 * overflow page is at least half full, and so is a leaf that has been split.
 * Without the slack what the store refuses might go into the tail after all.
 */
static bool
will_find_room(struct jn_txn *txn, uint64_t bytes, uint64_t bytes_max)
{
    uint64_t most = 2 * bytes + SLACK;

    return jn_store_has_room(txn, most, bytes_max) &&
           jn_store_reserve(txn, most, bytes_max) == 0;
}

/* Checks the requests, makes frames of them, and writes them. */
static int
fill_ring(struct stage *stage, struct jn_txn *txn, struct jn_request *first,
          const struct jn_tail_row *row, enum jn_staged *staged, bool *broken)
{
    struct jn_words *words = stage->newest->words;
    bool changed = false;
    uint64_t end;
    int rc = 0;

    /* Somebody has died, or given up, before what he wrote was whole. */
    if (jn_word_get(&words->torn) != 0) {
        if (stage->flushed < stage->from)
            rc = jn_newest_write_again(stage->newest, stage->flushed,
                                       stage->from);
        if (rc == 0)
            rc = begin_run(stage);
        *broken = rc != 0 && rc != JOURNAL_FULL;
    }
    if (rc == 0)
        rc = jn_apply(txn, &stage->state, first, stage->now, take, stage,
                      &changed);
    if (rc == JOURNAL_FULL) {
        /* No room to write again, or an entry that is for the store. */
        *staged = JN_NO_TAIL;
        return 0;
    }
    if (rc != 0 || !changed)
        return rc;
    end = jn_recent_position(stage->newest->recent);
    if (end > end_of_ring(row)) {
        *staged = JN_NO_ROOM;
        return 0;
    }
    rc = write_group(stage, end, first->limits.relaxed);
    if (rc == JOURNAL_FULL) {
        /* The file has its blocks; but some systems write elsewhere. */
        *staged = JN_NO_TAIL;
        rc = take_back(stage);
        *broken = rc != 0;
        return rc;
    }
    *broken = rc != 0;
    if (rc != 0)
        return rc;
    jn_word_set(&words->written, end);
    jn_word_set(&words->torn, 0);
    return 0;
}

/* With the lock of what is recent held. */
static int
stage_group(struct jn_newest *newest, struct jn_txn *txn,
            struct jn_request *first, uint64_t now,
            const struct jn_basis *basis, enum jn_staged *staged, bool *broken)
{
    const struct jn_tail_row *row = &basis->row;
    struct stage stage = {.newest = newest,
                          .salt = row->salt,
                          .flushed = jn_word_get(&newest->words->flushed),
                          .first = jn_recent_next(newest->recent),
                          .from = jn_recent_position(newest->recent),
                          .now = now,
                          .state = basis->state};
    uint32_t run = newest->run;
    int rc;

    if (stage.flushed < row->start)
        stage.flushed = row->start;
    jn_view_add_recent(txn, &stage.state);
    rc = fill_ring(&stage, txn, first, row, staged, broken);
    if (jn_word_get(&newest->words->written) <= stage.from) {
        /* Nothing of it is to stay. */
        jn_recent_cut(newest->recent, stage.first, stage.from);
        newest->run = run;
    }
    return rc;
}

int
jn_stage(struct jn_newest *newest, struct jn_txn *txn, struct jn_request *first,
         uint64_t now, enum jn_staged *staged, uint64_t *end, bool *broken)
{
    uint64_t bytes = bytes_of(first), used;
    const struct jn_basis *basis;
    const struct jn_tail_row *row;
    int rc = jn_newest_basis(newest, txn, &basis);

    row = &basis->row;
    *broken = false;
    *staged = JN_NO_TAIL;
    if (rc != 0 || !row->open || !jn_newest_has_moved(newest) ||
        bytes > row->capacity / PART_OF_RING)
        return rc;
    used = jn_recent_position(newest->recent) - row->start;
    if (!will_find_room(txn, used + bytes, first->limits.bytes_max))
        return 0;
    *staged = JN_STAGED;
    jn_recent_lock(newest->recent);
    rc = jn_newest_open_tail(newest, txn, row);
    if (rc == 0)
        rc = jn_newest_align(newest, row);
    jn_recent_forget(newest->recent, row->next);
    if (rc == 0)
        rc = stage_group(newest, txn, first, now, basis, staged, broken);
    if (*staged == JN_NO_ROOM && used == 0)
        *staged = JN_NO_TAIL; /* it never will */
    *end = jn_recent_position(newest->recent);
    newest->used = *end - row->start;
    /* What a run begins with cannot be drained by itself. */
    if (*staged == JN_NO_ROOM)
        newest->used = jn_drain_left(txn);
    jn_recent_unlock(newest->recent);
    return rc;
}
