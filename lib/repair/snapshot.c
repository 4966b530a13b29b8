/* snapshot.c - a journal as it is at one moment, read without trust. */
#include "repair/snapshot.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/path.h"

/* Each has been overtaken by two commits, or once round the ring. */
#define TRIES 1000u

#define META_TRIES 5u
#define META_WAIT 1000000u /* ns */

/* ---- the store ---------------------------------------------------------- */

struct value {
    uint8_t bytes[JN_TAIL_ROW_MAX];
    size_t size;
};

/*
 * Looks for a row of `meta` that is not large.  One that damage hides is not
 * there; that it may be is noted, for whoever reads the pages next may see it.
 */
static int
find(struct jn_snapshot *snapshot, const char *name, struct value *value,
     bool *found)
{
    int rc = jn_pages_find(snapshot->pages, jn_table_names[JN_META], name,
                           value->bytes, sizeof(value->bytes), &value->size);

    *found = rc == 0;
    if (rc == JOURNAL_CORRUPT || rc == EIO)
        snapshot->unread = true;
    return rc < 0 || rc == EIO ? 0 : rc;
}

static struct jn_span
span_of(const struct value *value)
{
    return jn_span(value->bytes, value->size);
}

static int
find_state(struct jn_snapshot *snapshot)
{
    static const char *const names[] = {"next", "first", "totals"};
    struct value values[3];
    bool found = true;
    int rc = 0;

    for (unsigned i = 0; i < 3 && rc == 0 && found; i++)
        rc = find(snapshot, names[i], &values[i], &found);
    snapshot->state_known = rc == 0 && found &&
                            jn_state_decode(&snapshot->state,
                                            span_of(&values[0]),
                                            span_of(&values[1]),
                                            span_of(&values[2])) == 0;
    return rc;
}

static int
find_rows(struct jn_snapshot *snapshot)
{
    struct value tail;
    bool found;
    int rc;

    snapshot->unread = false;
    rc = find_state(snapshot);
    memset(&snapshot->row, 0, sizeof(snapshot->row));
    if (rc == 0)
        rc = find(snapshot, "tail", &tail, &found);
    if (rc == 0 && found &&
        jn_tail_row_decode(&snapshot->row, span_of(&tail)) != 0)
        memset(&snapshot->row, 0, sizeof(snapshot->row));
    return rc;
}

/*
 * The other meta page, which LMDB will need at the next commit.  It may be just
 * being written.
 */
static bool
is_other_meta_bad(const struct jn_snapshot *snapshot)
{
    uint64_t other = 1 - snapshot->number % 2;

    for (unsigned i = 0; i < META_TRIES; i++) {
        if (jn_pages_check_meta(snapshot->pages, other) == 0)
            return false;
        jn_clock_sleep(META_WAIT);
    }
    return true;
}

/*
 * *AGAIN: two commits have come in between.  The number is another one then;
 * else the meta page is damaged.
 */
static int
open_pages(struct jn_snapshot *snapshot, bool *again)
{
    uint64_t number = snapshot->pin.number;
    int rc = jn_pages_open_at(&snapshot->pages, snapshot->pin.file, number);

    *again = rc == JOURNAL_NOT_FOUND && number != snapshot->number;
    snapshot->number = number;
    if (rc == 0)
        rc = find_rows(snapshot);
    return rc < 0 ? 0 : rc;
}

/* ---- the ring ----------------------------------------------------------- */

/* Reads what there is of SIZE bytes at OFFSET; the rest stays as it is. */
static int
read_at(int file, uint8_t *out, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t got = pread(file, out, size, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 && errno != EIO ? errno : 0;
        out += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return 0;
}

static int
read_ring(int file, const struct jn_tail_row *row, uint64_t position,
          uint8_t *out, size_t size)
{
    uint64_t at = position % row->capacity;
    size_t part = size < row->capacity - at ? size
                                            : (size_t)(row->capacity - at);
    int rc = read_at(file, out, part, JN_TAIL_HEADER + at);

    return rc == 0 ? read_at(file, out + part, size - part, JN_TAIL_HEADER)
                   : rc;
}

/* Whatever else bears the name is not waited for, and is no file. */
static int
open_ring(const char *directory, int *file)
{
    struct jn_path path = jn_path_in(directory, JN_TAIL_FILE);
    struct stat status;

    *file = open(path.text, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*file < 0)
        return errno == ENXIO || errno == ELOOP ? ENOENT : errno;
    if (fstat(*file, &status) != 0)
        return errno;
    return S_ISREG(status.st_mode) ? 0 : ENOENT;
}

/* Whether what lay at POSITION may have been overwritten by now. */
static bool
is_overtaken(const struct jn_snapshot *snapshot, const struct jn_words *words,
             uint64_t position)
{
    return jn_word_get(&words->reserved) > position + snapshot->row.capacity;
}

static int
copy_ring(struct jn_snapshot *snapshot, int file, const struct jn_words *words)
{
    const struct jn_tail_row *row = &snapshot->row;
    uint8_t check[8] = {0};
    size_t size = 0;
    int rc;

    if (snapshot->written > row->start)
        size = (size_t)(snapshot->written - row->start);
    snapshot->ring = calloc(1, size + 1);
    if (snapshot->ring == NULL)
        return ENOMEM;
    rc = read_ring(file, row, row->start, snapshot->ring, size);
    if (rc == 0)
        rc = read_ring(file, row, row->last, check, sizeof(check));
    if (jn_get_le64(check) != row->last_check &&
        !is_overtaken(snapshot, words, row->last))
        snapshot->tail_bad = true;
    return rc;
}

/* The file's header, and its size. */
static int
check_tail(struct jn_snapshot *snapshot, const char *directory)
{
    struct jn_tail_name name = {.salt = snapshot->row.salt,
                                .capacity = snapshot->row.capacity};
    struct jn_tail *tail = NULL;
    struct value id;
    bool found;
    int rc = find(snapshot, "id", &id, &found);

    if (rc != 0 || !found || id.size != JN_TAIL_ID)
        return rc; /* without it, which is noticed as it is */
    memcpy(name.id, id.bytes, JN_TAIL_ID);
    rc = jn_tail_open(&tail, directory, &name, true);
    jn_tail_close(tail);
    if (rc == JOURNAL_NOT_FOUND || rc == JOURNAL_CORRUPT)
        snapshot->tail_bad = true;
    return rc > 0 ? rc : 0;
}

static bool
is_possible(uint64_t capacity)
{
    return capacity >= JN_TAIL_MIN && capacity <= JN_TAIL_MAX &&
           capacity % 4096 == 0;
}

/* Whether something has been committed since. */
static int
look_for_newer(const struct jn_snapshot *snapshot, struct jn_store *store,
               bool *newer)
{
    struct jn_txn txn;
    int rc = jn_store_begin_read(store, &txn);

    if (rc != 0)
        return rc;
    *newer = jn_store_number(&txn) != snapshot->number;
    jn_store_end_read(&txn);
    return 0;
}

/* *AGAIN: a writer has gone once round the ring, or made another. */
static int
take_tail(struct jn_snapshot *snapshot, const struct jn_newest *newest,
          bool *again)
{
    struct jn_tail_row *row = &snapshot->row;
    int file = -1, rc;

    snapshot->tail_bad = !is_possible(row->capacity);
    if (snapshot->tail_bad)
        return 0;
    snapshot->written = jn_word_get(&newest->words->written);
    if (jn_tail_row_is_ahead(row)) {
        /* The index knows of what lies below, so that is read, too. */
        if (snapshot->published < row->ahead_end)
            snapshot->published = row->ahead_end;
        snapshot->tail_bad = snapshot->written < row->ahead_end;
    }
    *again = is_overtaken(snapshot, newest->words, row->start);
    if (*again)
        return 0;
    rc = open_ring(newest->directory, &file);
    if (rc == 0)
        rc = copy_ring(snapshot, file, newest->words);
    if (file >= 0)
        (void)close(file);
    if (rc == 0 || rc == ENOENT)
        rc = check_tail(snapshot, newest->directory);
    *again = is_overtaken(snapshot, newest->words, row->start);
    if (rc == 0 && !*again && snapshot->tail_bad)
        rc = look_for_newer(snapshot, newest->store, again);
    return rc;
}

/* ---- take, release ------------------------------------------------------ */

static int
pin(struct jn_snapshot *snapshot, struct jn_store *store)
{
    struct jn_txn txn;
    int rc = jn_store_begin_read(store, &txn);

    if (rc == 0)
        rc = jn_store_pin(&txn, &snapshot->pin);
    snapshot->pinned = rc == 0;
    return rc;
}

static int
try_take(struct jn_snapshot *snapshot, struct jn_shared *shared, bool *again)
{
    const struct jn_newest *newest = &shared->files.newest;
    int rc;

    snapshot->published = jn_newest_published(newest);
    rc = pin(snapshot, shared->files.store);
    if (rc == 0)
        rc = open_pages(snapshot, again);
    if (rc == 0 && !*again && snapshot->pages != NULL && snapshot->row.open)
        rc = take_tail(snapshot, newest, again);
    return rc;
}

int
jn_snapshot_take(struct jn_snapshot *snapshot, struct jn_shared *shared)
{
    bool again = true;
    int rc = jn_shared_check(shared);

    memset(snapshot, 0, sizeof(*snapshot));
    for (unsigned i = 0; rc == 0 && again; i++) {
        (void)jn_snapshot_release(snapshot);
        again = false;
        rc = i < TRIES ? try_take(snapshot, shared, &again) : EAGAIN;
    }
    if (rc == 0)
        snapshot->meta_bad = snapshot->pages == NULL ||
                             is_other_meta_bad(snapshot);
    if (rc != 0)
        (void)jn_snapshot_release(snapshot);
    return rc;
}

bool
jn_snapshot_release(struct jn_snapshot *snapshot)
{
    bool held = snapshot->pinned;

    free(snapshot->ring);
    snapshot->ring = NULL;
    jn_pages_close(snapshot->pages);
    snapshot->pages = NULL;
    if (snapshot->pinned)
        held = jn_store_unpin(&snapshot->pin);
    snapshot->pinned = false;
    return held;
}

/* ---- frames ------------------------------------------------------------- */

/* A sound frame at POSITION within what was written. */
static bool
has_frame(const struct jn_snapshot *snapshot, uint64_t position,
          struct jn_frame *frame, size_t *size)
{
    uint64_t start = snapshot->row.start;
    struct jn_span bytes = {snapshot->ring + (position - start),
                            (size_t)(snapshot->written - position)};

    return jn_frame_decode(frame, bytes, snapshot->row.salt, position, size) ==
           0;
}

int
jn_snapshot_frame(const struct jn_snapshot *snapshot, uint64_t *position,
                  uint64_t next, struct jn_frame *frame, bool *torn)
{
    *torn = false;
    while (snapshot->ring != NULL && *position < snapshot->published &&
           *position < snapshot->written) {
        size_t size;

        if (!has_frame(snapshot, *position, frame, &size)) {
            *position += 8;
            *torn = true;
            continue;
        }
        *position += size;
        if ((frame->flags & JN_FRAME_RUN) == 0 && frame->seq >= next)
            return 0;
    }
    return JOURNAL_END;
}
