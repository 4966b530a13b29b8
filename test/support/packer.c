/* packer.c - the packed form of journal.h, by other means. */
#include "packer.h"

#include <stdbool.h>
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

/* ---- and read ------------------------------------------------------------ */

static uint64_t
read_number(const uint8_t *from, unsigned size)
{
    uint64_t number = 0;

    while (size-- > 0)
        number = number * 256 + from[size];
    return number;
}

static void
read_header(struct journal_entry *entry, const uint8_t *from)
{
    *entry = (struct journal_entry){
        .flags = (uint32_t)read_number(from + PACKED_FLAGS, 4),
        .seq = read_number(from + PACKED_SEQ, 8),
        .time = read_number(from + PACKED_TIME, 8),
        .prev = read_number(from + PACKED_PREV, 8),
        .revision = read_number(from + PACKED_REVISION, 8),
        .key_size = (size_t)read_number(from + PACKED_KEY_SIZE, 4),
        .meta_size = (size_t)read_number(from + PACKED_META_SIZE, 4),
        .value_size = (size_t)read_number(from + PACKED_VALUE_SIZE, 4),
    };
}

/* Every assertion tells Check where it is, which takes its time. */
static void
check(bool holds, const char *what)
{
    if (!holds)
        ck_abort_msg("%s", what);
}

size_t
packer_read(struct journal_entry *entry, const uint8_t *from, size_t size)
{
    const uint8_t *data = from + PACKED_HEADER;
    size_t total;

    check(size >= PACKED_HEADER, "too short for a header");
    read_header(entry, from);
    total = (size_t)read_number(from + PACKED_TOTAL, 4);
    check(total == size_of(entry), "the total is not that of the parts");
    check(total <= size, "the total goes beyond the end");
    check((entry->flags & ~(uint32_t)(JOURNAL_TOMBSTONE | JOURNAL_STAMPED)) ==
              0,
          "flags that no entry has");
    check(read_number(from + PACKED_RESERVED, 4) == 0, "reserved is not 0");
    if ((entry->flags & JOURNAL_STAMPED) != 0) {
        entry->stamp.time = read_number(data, 8);
        memcpy(entry->stamp.id, data + 8, 16);
        data += PACKED_STAMP;
    }
    entry->key = data;
    entry->meta = data += entry->key_size;
    entry->value = data += entry->meta_size;
    for (data += entry->value_size; data < from + total; data++)
        check(*data == 0, "padding is not 0");
    return total;
}
