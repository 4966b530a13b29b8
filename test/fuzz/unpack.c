/* unpack.c - a file of pages from few bytes. */
#include "unpack.h"

#include <string.h>

#define PAGE UNPACK_PAGE

/* Moves COUNT bytes, or as many as there are, from *DATA to OUT. */
static size_t
move(uint8_t *out, size_t count, const uint8_t **data, size_t *size)
{
    count = count < *size ? count : *size;
    memcpy(out, *data, count);
    *data += count;
    *size -= count;
    return count;
}

size_t
unpack_pages(uint8_t *out, size_t pages_max, const uint8_t **data, size_t *size)
{
    size_t count = 0;

    for (; *size > 4 && count < pages_max; count++) {
        uint8_t *page = out + count * PAGE, sizes[4], end[PAGE];
        size_t head, tail;

        (void)move(sizes, sizeof(sizes), data, size);
        head = (sizes[0] | (size_t)sizes[1] << 8) % (PAGE + 1);
        tail = (sizes[2] | (size_t)sizes[3] << 8) % (PAGE + 1 - head);
        memset(page, 0, PAGE);
        (void)move(page, head, data, size);
        tail = move(end, tail, data, size);
        memcpy(page + PAGE - tail, end, tail);
    }
    return count;
}
