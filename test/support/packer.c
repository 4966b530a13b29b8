/* packer.c - the packed form of journal.h, written by other means. */
#include "packer.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

/* Writers of a front to back pass, each of which returns where it ends. */
static uint8_t *
write_bytes(uint8_t *to, const void *data, size_t size)
{
    if (size > 0)
        memcpy(to, data, size);
    return to + size;
}

static uint8_t *
write_number(uint8_t *to, uint64_t number, unsigned size)
{
    for (; size > 0; size--, number /= 256)
        *to++ = (uint8_t)(number % 256);
    return to;
}

static uint8_t *
write_data(uint8_t *to, const struct journal_entry *entry)
{
    if ((entry->flags & JOURNAL_STAMPED) != 0) {
        to = write_number(to, entry->stamp.time, 8);
        to = write_bytes(to, entry->stamp.id, 16);
    }
    to = write_bytes(to, entry->key, entry->key_size);
    to = write_bytes(to, entry->meta, entry->meta_size);
    return write_bytes(to, entry->value, entry->value_size);
}

static size_t
size_of(const struct journal_entry *entry)
{
    size_t size = PACKED_HEADER + entry->key_size + entry->meta_size +
                  entry->value_size;

    if ((entry->flags & JOURNAL_STAMPED) != 0)
        size += PACKED_STAMP;
    while (size % 8 != 0)
        size++;
    return size;
}

size_t
packer_add(struct packer *packer, const struct journal_entry *entry)
{
    size_t begin = packer->size, size = size_of(entry);
    uint8_t *to;

    packer->bytes = realloc(packer->bytes, begin + size);
    if (packer->bytes == NULL)
        ck_abort_msg("no memory");
    packer->size += size;
    to = packer->bytes + begin;
    memset(to, 0, size);
    to = write_number(to, size, 4);
    to = write_number(to, entry->flags, 4);
    to = write_number(to, entry->seq, 8);
    to = write_number(to, entry->time, 8);
    to = write_number(to, entry->prev, 8);
    to = write_number(to, entry->revision, 8);
    to = write_number(to, entry->key_size, 4);
    to = write_number(to, entry->meta_size, 4);
    to = write_number(to, entry->value_size, 4);
    to = write_number(to, 0, 4);
    (void)write_data(to, entry);
    return begin;
}

void
packer_put(struct packer *packer, size_t offset, uint64_t number, unsigned size)
{
    (void)write_number(packer->bytes + offset, number, size);
}
