/* newest_ring.c - a tail is made for those who append, and given up again. */
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"
#include "journal/newest.h"
#include "journal/view.h"

#define CAPACITY (UINT64_C(8) << 20) /* by default */
#define PART_OF_LIMIT 32u            /* of bytes_max that it takes at most */

/* With the disk full it takes so long until a tail is tried again. */
#define WITHOUT_TAIL UINT64_C(1000000000)

uint64_t
jn_newest_capacity(uint64_t tail_bytes, uint64_t bytes_max)
{
    uint64_t capacity = tail_bytes == 0 ? CAPACITY : tail_bytes;
    uint64_t most = bytes_max / PART_OF_LIMIT;

    if (bytes_max != 0 && most < JN_TAIL_MIN)
        return 0;
    capacity = bytes_max != 0 && capacity > most ? most : capacity;
    capacity = capacity < JN_TAIL_MIN ? JN_TAIL_MIN : capacity;
    capacity = capacity > JN_TAIL_MAX ? JN_TAIL_MAX : capacity;
    return capacity & ~(uint64_t)4095;
}

static uint64_t
capacity_for(const struct jn_limits *limits)
{
    return jn_newest_capacity(limits->tail_bytes, limits->bytes_max);
}

void
jn_newest_fit_tail(struct jn_newest *newest, uint64_t most)
{
    struct jn_tail_row row;
    struct jn_path path = jn_path_in(newest->directory, JN_TAIL_NEW_FILE);
    struct jn_txn txn;
    int rc;

    (void)unlink(path.text);
    if (jn_tail_size_there(newest->directory) <= most ||
        jn_store_begin_read(newest->store, &txn) != 0)
        return;
    rc = jn_view_tail(&txn, &row);
    jn_store_end_read(&txn);
    if (rc != 0 || row.open)
        return;
    path = jn_path_in(newest->directory, JN_TAIL_FILE);
    (void)unlink(path.text);
    jn_store_set_beside(newest->store, jn_tail_size_there(newest->directory));
}

/*
 * A new tail begins with a frame for the row to lead to, before any has been
 * drained: where that is gone it is of another time than the store.
 */
static int
begin_new_tail(struct jn_newest *newest, struct jn_tail_row *row)
{
    const struct jn_frame frame = {.flushed = row->start, .seq = row->next};
    uint8_t bytes[JN_RUN_FRAME];
    int rc;

    jn_frame_seal_run(bytes, &frame, row->run, row->salt, row->start);
    rc = jn_tail_write(newest->tail, row->start, bytes, sizeof(bytes));
    if (rc == 0)
        rc = jn_error_from_errno(jn_tail_flush(newest->tail));
    row->last = row->start;
    row->last_check = jn_get_le64(bytes);
    row->start += sizeof(bytes);
    /* Whoever died may have set out to write farther, in a larger one. */
    if (rc == 0)
        jn_word_set(&newest->words->reserved, row->start);
    return rc;
}

/* Makes a new file for the tail that ROW is to tell of. */
static int
create_tail(struct jn_newest *newest, struct jn_txn *txn,
            struct jn_tail_row *row, uint64_t capacity)
{
    struct jn_tail_name name = {.capacity = capacity};
    int rc = jn_view_id(txn, name.id);

    if (rc == 0 && getentropy(&name.salt, sizeof(name.salt)) != 0)
        rc = errno;
    if (rc == 0)
        rc = jn_tail_create(newest->directory, &name,
                            newest->like.st_mode & 0777u);
    row->salt = name.salt;
    row->capacity = name.capacity;
    if (rc == 0)
        rc = jn_newest_open_tail(newest, txn, row);
    if (rc == 0)
        jn_tail_give(newest->tail, &newest->like);
    return rc == 0 ? begin_new_tail(newest, row) : rc;
}

/*
 * The tail that ROW tells of, if it is as it was left.  In place of the store
 * another of an older time may have been put; frames of the years since would
 * be in the way, and the last one that this store knows may be gone.
 */
static int
open_old_tail(struct jn_newest *newest, struct jn_txn *txn,
              const struct jn_tail_row *row)
{
    bool has = false;
    int rc;

    /* While this process did not write another may have removed it. */
    if (newest->tail != NULL && jn_tail_is_removed(newest->tail)) {
        jn_tail_close(newest->tail);
        newest->tail = NULL;
    }
    rc = jn_newest_open_tail(newest, txn, row);
    if (rc == 0)
        rc = jn_newest_check_last(newest, row);
    if (rc == 0)
        rc = jn_tail_has_frame(newest->tail, row->start, &has);
    return rc == 0 && has ? JOURNAL_CORRUPT : rc;
}

/* The file that there is, or else a new one. */
static int
get_tail(struct jn_newest *newest, struct jn_txn *txn, struct jn_tail_row *row,
         const struct jn_limits *limits)
{
    uint64_t capacity = capacity_for(limits);
    bool any = limits->tail_bytes == 0 &&
               (limits->bytes_max == 0 || row->capacity < capacity);
    int rc = JOURNAL_NOT_FOUND;

    if (row->capacity == capacity || (row->capacity != 0 && any))
        rc = open_old_tail(newest, txn, row);
    return rc == 0 ? 0 : create_tail(newest, txn, row, capacity);
}

/* What ROW says from now on, of a tail that is ready. */
static int
begin_tail(struct jn_newest *newest, struct jn_txn *txn,
           const struct jn_tail_row *row)
{
    struct jn_words *words = newest->words;
    int rc;

    jn_word_raise(&words->reserved, row->start);
    jn_word_set(&words->written, row->start);
    jn_word_set(&words->torn, 0);
    rc = jn_view_put_tail(txn, row);
    return rc == 0 ? jn_view_put_format(txn) : rc;
}

/* A row that is open, behind all that there was. */
static int
open_row(struct jn_txn *txn, struct jn_tail_row *row)
{
    struct jn_state state;
    int rc = jn_view_stored_state(txn, &state);

    if (rc == 0 && getentropy(&row->run, sizeof(row->run)) != 0)
        rc = errno;
    if (rc != 0)
        return rc;
    row->open = true;
    row->next = state.next;
    jn_tail_row_leave_gap(row);
    return 0;
}

int
jn_newest_begin_tail(struct jn_newest *newest, struct jn_txn *txn,
                     const struct jn_limits *limits)
{
    uint64_t now = jn_clock_steady();
    struct jn_tail_row row;
    int rc = jn_view_tail(txn, &row);

    if (rc != 0 || row.open || capacity_for(limits) == 0 ||
        now < newest->no_tail_until)
        return rc;
    rc = open_row(txn, &row);
    if (rc != 0)
        return rc;
    jn_recent_lock(newest->recent);
    rc = get_tail(newest, txn, &row, limits);
    jn_recent_unlock(newest->recent);
    if (rc != 0) {
        newest->no_tail_until = now + WITHOUT_TAIL;
        return 0;
    }
    return begin_tail(newest, txn, &row);
}

int
jn_newest_end_tail(struct jn_newest *newest, struct jn_txn *txn, bool *changed)
{
    struct jn_tail_row row;
    int rc = jn_view_tail(txn, &row);

    *changed = rc == 0 && row.open;
    newest->appended = false;
    if (!*changed)
        return rc;
    row.open = false;
    jn_tail_row_end_ahead(&row);
    return jn_view_put_tail(txn, &row);
}
