/* recovery.c - what the tail holds, found out by who opens it alone. */
#include <stdlib.h>

#include "base/error.h"
#include "journal/newest.h"
#include "journal/view.h"

#define PIECE ((size_t)1 << 20)

/* What a recovery has found. */
struct found {
    struct jn_tail_row row;
    uint64_t end;       /* of the last whole batch */
    uint64_t records;   /* in whole batches */
    uint64_t discarded; /* bytes of frames behind them, sound or torn */
};

static void
set_words(struct jn_newest *newest, const struct found *found)
{
    struct jn_words *words = newest->words;

    jn_word_set(&words->reserved, found->end);
    jn_word_set(&words->written, found->end);
    jn_word_set(&words->published, found->end);
    jn_word_set(&words->flushed, found->row.start);
    jn_word_set(&words->torn, 1);
    jn_word_set(&words->records, found->records);
    jn_word_set(&words->discarded, found->discarded);
}

int
jn_newest_check_last(struct jn_newest *newest, const struct jn_tail_row *row)
{
    uint8_t check[8];
    int rc = jn_tail_read(newest->tail, row->last, check, sizeof(check));

    if (rc == 0 && jn_get_le64(check) != row->last_check)
        rc = JOURNAL_CORRUPT;
    return rc;
}

/* Takes all frames that follow on, and gives up those of a torn batch. */
static int
take_frames(struct jn_newest *newest, struct found *found)
{
    struct jn_recent *recent = newest->recent;
    struct jn_tail_walk walk;
    struct jn_frame frame;
    struct jn_span bytes;
    uint64_t next = found->row.next;
    uint32_t run = found->row.run;
    int rc;

    jn_tail_walk_start(&walk, newest->tail, found->row.start,
                       found->row.start + newest->name.capacity, next, run);
    while ((rc = jn_tail_walk_next(&walk, &frame, &bytes)) == 0) {
        rc = jn_newest_add(newest, &frame, bytes, walk.position);
        if (rc != 0)
            break;
        if ((frame.flags & JN_FRAME_MORE) != 0)
            continue;
        found->end = walk.position;
        next = frame.seq + 1;
        run = frame.run;
    }
    found->records = next - found->row.next;
    found->discarded = walk.position - found->end;
    jn_tail_walk_free(&walk);
    if (rc != JOURNAL_END)
        return rc;
    jn_recent_cut(recent, next, found->end);
    newest->run = run;
    return 0;
}

static int
recover_tail(struct jn_newest *newest, struct jn_txn *txn, struct found *found)
{
    uint64_t limit = found->row.start + found->row.capacity;
    bool loss = false;
    int rc = jn_newest_open_tail(newest, txn, &found->row);

    if (rc == 0)
        rc = jn_newest_check_last(newest, &found->row);
    if (rc == 0)
        rc = jn_recent_reset(newest->recent, found->row.next, found->row.start);
    if (rc == 0)
        rc = take_frames(newest, found);
    if (rc == 0)
        rc = jn_tail_shows_loss(newest->tail, found->end, limit, &loss);
    /* That far it was on the disk before the index could be ahead. */
    loss |= found->end < found->row.ahead_end;
    return rc == 0 && loss ? JOURNAL_CORRUPT : rc;
}

int
jn_newest_write_again(struct jn_newest *newest, uint64_t from, uint64_t to)
{
    uint8_t *piece = malloc(PIECE);
    int rc = piece == NULL ? ENOMEM : 0;

    while (rc == 0 && from < to) {
        size_t size = to - from < PIECE ? (size_t)(to - from) : PIECE;

        rc = jn_tail_read(newest->tail, from, piece, size);
        if (rc == 0)
            rc = jn_tail_write(newest->tail, from, piece, size);
        from += size;
    }
    free(piece);
    return rc;
}

/*
 * With the beginning of what does not follow on: the disk may have an older
 * state of it, that would after a crash.
 */
static int
make_durable(struct jn_newest *newest, const struct found *found,
             bool read_only)
{
    int rc = 0;

    if (read_only && found->end == found->row.start)
        return 0;
    if (!read_only)
        rc = jn_newest_write_again(newest, found->row.start,
                                   found->end + JN_FRAME_HEADER);
    if (rc == 0)
        rc = jn_tail_flush(newest->tail);
    if (rc == 0 && !read_only)
        jn_word_set(&newest->words->flushed, found->end);
    return rc;
}

static int
recover(struct jn_newest *newest, bool read_only, bool immutable)
{
    struct found found = {.end = 0};
    struct jn_txn txn;
    int rc = jn_store_begin_read(newest->store, &txn);

    if (rc != 0)
        return rc;
    rc = jn_view_tail(&txn, &found.row);
    found.end = found.row.start;
    if (rc == 0 && found.row.open)
        rc = recover_tail(newest, &txn, &found);
    jn_store_end_read(&txn);
    if (rc != 0)
        return rc;
    set_words(newest, &found);
    if (immutable || !found.row.open)
        return 0;
    return make_durable(newest, &found, read_only);
}

int
jn_newest_open(struct jn_newest *newest, const char *directory,
               struct jn_store *store, struct jn_lock *lock,
               const struct jn_newest_wish *wish)
{
    int rc;

    if (strlen(directory) >= sizeof(newest->directory))
        return ENAMETOOLONG;
    memcpy(newest->directory, directory, strlen(directory) + 1);
    newest->store = store;
    newest->words = lock != NULL ? jn_lock_words(lock) : &newest->own;
    newest->like = *wish->data;
    jn_store_set_beside(store, jn_tail_size_there(directory));
    rc = jn_recent_create(&newest->recent);
    if (rc == 0 && wish->alone)
        rc = recover(newest, wish->read_only, lock == NULL);
    return rc;
}
