/* rows.c - rows of `entries` that a cursor has read ahead. */
#include "base/rows.h"

#include <errno.h>
#include <stdlib.h>

/* What is read ahead as a rule, in one short transaction. */
#define BYTES_USUAL ((size_t)256 << 10)
#define LIST_USUAL 4096u

/* What may be. */
#define BYTES_MAX ((size_t)4 << 20)
#define LIST_MAX 32768u

#define BYTES_MIN ((size_t)16 << 10)
#define LIST_MIN 64u

void
jn_rows_clear(struct jn_rows *rows)
{
    rows->at = rows->count = 0;
    rows->used = 0;
    if (rows->usual < LIST_USUAL)
        rows->usual = rows->usual == 0 ? LIST_MIN : rows->usual * 4;
    rows->most = rows->usual;
    rows->bytes_most = BYTES_USUAL;
    /* A buffer that was made for a giant is not kept for the small. */
    if (rows->capacity > BYTES_USUAL) {
        free(rows->bytes);
        rows->bytes = NULL;
        rows->capacity = 0;
    }
}

void
jn_rows_allow_more(struct jn_rows *rows)
{
    rows->most = LIST_MAX;
    rows->bytes_most = BYTES_MAX;
}

void
jn_rows_free(struct jn_rows *rows)
{
    free(rows->list);
    free(rows->bytes);
}

static int
grow_list(struct jn_rows *rows)
{
    size_t capacity = rows->list_capacity * 4;
    struct jn_copied *list;

    if (rows->count < rows->list_capacity)
        return 0;
    capacity = capacity < LIST_MIN ? LIST_MIN : capacity;
    list = realloc(rows->list, capacity * sizeof(*list));
    if (list == NULL)
        return ENOMEM;
    rows->list = list;
    rows->list_capacity = capacity;
    return 0;
}

/* Room for SIZE bytes behind those in use: a buffer, even if there are none. */
static int
grow_bytes(struct jn_rows *rows, size_t size)
{
    size_t needed = rows->used + size, capacity = rows->capacity;
    uint8_t *bytes;

    if (rows->bytes != NULL && needed <= capacity)
        return 0;
    capacity = capacity < BYTES_MIN ? BYTES_MIN : capacity;
    while (capacity < needed && capacity < rows->bytes_most)
        capacity *= 4;
    if (capacity < needed)
        capacity = needed;
    bytes = realloc(rows->bytes, capacity);
    if (bytes == NULL)
        return ENOMEM;
    rows->bytes = bytes;
    rows->capacity = capacity;
    return 0;
}

int
jn_rows_add(struct jn_rows *rows, uint64_t seq, struct jn_span bytes,
            bool checked, bool *full)
{
    struct jn_copied row = {seq, rows->used, bytes.size, checked};

    *full = rows->count > 0 && (jn_rows_is_full(rows) ||
                                bytes.size > rows->bytes_most - rows->used);
    if (*full)
        return 0;
    if (grow_list(rows) != 0 || grow_bytes(rows, bytes.size) != 0)
        return ENOMEM;
    (void)jn_span_copy(rows->bytes + rows->used, bytes);
    rows->used += bytes.size;
    rows->list[rows->count++] = row;
    return 0;
}

int
jn_rows_add_damaged(struct jn_rows *rows, uint64_t seq, bool *full)
{
    return jn_rows_add(rows, seq, jn_span(NULL, 0), false, full);
}

static int
rising(const void *left, const void *right)
{
    const struct jn_copied *a = left, *b = right;

    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static int
falling(const void *left, const void *right)
{
    return rising(right, left);
}

void
jn_rows_sort(struct jn_rows *rows, bool reverse)
{
    if (rows->count > 1)
        qsort(rows->list, rows->count, sizeof(*rows->list),
              reverse ? falling : rising);
}
