/*
 * rows.h - rows of `entries` that a cursor has read ahead.
 *
 * They are copies, so that what is handed out of them is plain memory and no
 * transaction is needed to go on.
 */
#ifndef JN_ROWS_H
#define JN_ROWS_H

#include "base/bytes.h"

struct jn_copied {
    uint64_t seq;
    size_t offset; /* into the bytes */
    size_t size;   /* 0: the entry is damaged, or missing */
    bool checked;  /* its checksums have been seen to hold */
};

struct jn_rows {
    struct jn_copied *list; /* those in [at, count) are to be handed out */
    size_t at, count;
    size_t usual;      /* rows that the last reading had room for */
    size_t most;       /* rows, and */
    size_t bytes_most; /* bytes, one giant row apart, that this one has */
    size_t list_capacity;
    uint8_t *bytes;
    size_t used, capacity;
};

/*
 * No rows.  Of what follows there is room for few the first time, since many a
 * cursor is asked for no more, and then for more and more.
 */
void jn_rows_clear(struct jn_rows *rows);

/* Room for as many as may be, for who cannot stop in between. */
void jn_rows_allow_more(struct jn_rows *rows);
void jn_rows_free(struct jn_rows *rows);

/*
 * Copies entry SEQ, of BYTES, to the end.  There is always room for the first
 * one; *FULL tells that there is none for another.  0 or ENOMEM.
 */
int jn_rows_add(struct jn_rows *rows, uint64_t seq, struct jn_span bytes,
                bool checked, bool *full);

/* The same for an entry that cannot be read. */
int jn_rows_add_damaged(struct jn_rows *rows, uint64_t seq, bool *full);

/* Puts the rows in the order of their numbers, or with REVERSE against it. */
void jn_rows_sort(struct jn_rows *rows, bool reverse);

static inline bool
jn_rows_any(const struct jn_rows *rows)
{
    return rows->at < rows->count;
}

/* Whether there is no room, however small the next row may be. */
static inline bool
jn_rows_is_full(const struct jn_rows *rows)
{
    return rows->count >= rows->most || rows->used >= rows->bytes_most;
}

static inline struct jn_span
jn_rows_bytes(const struct jn_rows *rows, const struct jn_copied *row)
{
    return jn_span(rows->bytes + row->offset, row->size);
}

#endif
