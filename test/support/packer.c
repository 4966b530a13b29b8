/* packer.c - the packed form of journal.h, written by other means. */
#include "packer.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

static void
add_bytes(struct packer *packer, const void *data, size_t size)
{
    packer->bytes = realloc(packer->bytes, packer->size + size + 1);
    ck_assert_ptr_nonnull(packer->bytes);
    if (size > 0)
        memcpy(packer->bytes + packer->size, data, size);
    packer->size += size;
}

static void
add_number(struct packer *packer, uint64_t number, unsigned size)
{
    for (; size > 0; size--, number /= 256) {
        uint8_t low = (uint8_t)(number % 256);

        add_bytes(packer, &low, 1);
    }
}

static void
add_data(struct packer *packer, const struct journal_entry *entry)
{
    if ((entry->flags & JOURNAL_STAMPED) != 0) {
        add_number(packer, entry->stamp.time, 8);
        add_bytes(packer, entry->stamp.id, 16);
    }
    add_bytes(packer, entry->key, entry->key_size);
    add_bytes(packer, entry->meta, entry->meta_size);
    add_bytes(packer, entry->value, entry->value_size);
}

size_t
packer_add(struct packer *packer, const struct journal_entry *entry)
{
    size_t begin = packer->size;

    add_number(packer, 0, 4); /* the total, when it is known */
    add_number(packer, entry->flags, 4);
    add_number(packer, entry->seq, 8);
    add_number(packer, entry->time, 8);
    add_number(packer, entry->prev, 8);
    add_number(packer, entry->revision, 8);
    add_number(packer, entry->key_size, 4);
    add_number(packer, entry->meta_size, 4);
    add_number(packer, entry->value_size, 4);
    add_number(packer, 0, 4);
    add_data(packer, entry);
    while ((packer->size - begin) % 8 != 0)
        add_number(packer, 0, 1);
    packer_put(packer, begin + PACKED_TOTAL, packer->size - begin, 4);
    /* To the byte, so that a step beyond it is seen. */
    packer->bytes = realloc(packer->bytes, packer->size);
    ck_assert_ptr_nonnull(packer->bytes);
    return begin;
}

void
packer_put(struct packer *packer, size_t offset, uint64_t number, unsigned size)
{
    for (unsigned i = 0; i < size; i++, number /= 256)
        packer->bytes[offset + i] = (uint8_t)(number % 256);
}
