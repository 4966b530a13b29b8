/* fill.c - journal_fill(). */
#include "query/cursor.h"
#include "base/error.h"
#include "format/packed.h"

/* As many entries as fit; what ends them, JOURNAL_TOO_BIG if it is the room. */
static int
fill(struct journal_cursor *cursor, uint8_t *buffer, size_t size, size_t *used,
     size_t *count)
{
    for (;;) {
        size_t needed;
        int rc = jn_cursor_peek(cursor);

        if (rc != 0)
            return rc;
        needed = jn_packed_size(&cursor->entry);
        if (needed > size - *used) {
            *used = *count > 0 ? *used : needed;
            return JOURNAL_TOO_BIG;
        }
        jn_packed_encode(buffer + *used, &cursor->entry);
        jn_cursor_take(cursor);
        *used += needed;
        ++*count;
    }
}

int
journal_fill(struct journal_cursor *cursor, void *buffer, size_t size,
             size_t *used, size_t *count)
{
    size_t bytes = 0, entries = 0;
    int rc;

    if (cursor == NULL || (buffer == NULL && size > 0))
        return EINVAL;
    rc = fill(cursor, buffer, size, &bytes, &entries);
    if (entries > 0) {
        /* What came before is handed out first, and this with the next call. */
        if (rc != JOURNAL_TOO_BIG && rc != JOURNAL_END)
            cursor->pending = rc;
        rc = 0;
    }
    if (used != NULL && (rc == 0 || rc == JOURNAL_TOO_BIG))
        *used = bytes;
    if (count != NULL && rc == 0)
        *count = entries;
    return rc;
}
