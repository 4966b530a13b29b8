/* packed.c - entries in the packed form, which journal.h draws. */
#include "format/packed.h"

#include <assert.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/stamp.h"

#define HEADER_SIZE 56u /* bytes before the stamp */
#define ALIGNMENT 8u
#define FLAGS_KNOWN ((uint32_t)JOURNAL_TOMBSTONE | (uint32_t)JOURNAL_STAMPED)

static_assert(UINT64_C(0) + HEADER_SIZE + JN_STAMP_SIZE + JOURNAL_KEY_MAX +
                      JOURNAL_META_MAX + JOURNAL_VALUE_MAX + ALIGNMENT <=
                  UINT32_MAX,
              "the total of any entry takes 32 bits");

static size_t
stamp_size(uint32_t flags)
{
    return (flags & JOURNAL_STAMPED) != 0 ? JN_STAMP_SIZE : 0;
}

static uint64_t
padded(uint64_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

size_t
jn_packed_size(const struct journal_entry *entry)
{
    return (size_t)padded(HEADER_SIZE + stamp_size(entry->flags) +
                          entry->key_size + entry->meta_size +
                          entry->value_size);
}

void
jn_packed_encode(uint8_t *out, const struct journal_entry *entry)
{
    size_t size = jn_packed_size(entry);
    uint8_t *end = out + HEADER_SIZE;

    assert(entry->key_size <= JOURNAL_KEY_MAX);
    assert(entry->meta_size <= JOURNAL_META_MAX);
    assert(entry->value_size <= JOURNAL_VALUE_MAX);
    assert((entry->flags & ~FLAGS_KNOWN) == 0);

    /* The padding is among these; the rest is written over. */
    memset(out + size - ALIGNMENT, 0, ALIGNMENT);
    jn_put_le32(out, (uint32_t)size);
    jn_put_le32(out + 4, entry->flags);
    jn_put_le64(out + 8, entry->seq);
    jn_put_le64(out + 16, entry->time);
    jn_put_le64(out + 24, entry->prev);
    jn_put_le64(out + 32, entry->revision);
    jn_put_le32(out + 40, (uint32_t)entry->key_size);
    jn_put_le32(out + 44, (uint32_t)entry->meta_size);
    jn_put_le32(out + 48, (uint32_t)entry->value_size);
    jn_put_le32(out + 52, 0);
    if ((entry->flags & JOURNAL_STAMPED) != 0)
        end = jn_stamp_encode(end, &entry->stamp);
    end = jn_span_copy(end, jn_span(entry->key, entry->key_size));
    end = jn_span_copy(end, jn_span(entry->meta, entry->meta_size));
    jn_span_copy(end, jn_span(entry->value, entry->value_size));
}

static bool
all_zero(const uint8_t *bytes, const uint8_t *limit)
{
    while (bytes < limit && *bytes == 0)
        bytes++;
    return bytes == limit;
}

/* The rules of a record, as they are in a batch. */
static int
check(const struct journal_record *record)
{
    if ((record->flags & JOURNAL_TOMBSTONE) != 0 &&
        (record->value_size > 0 || record->key_size == 0))
        return EINVAL;
    if (record->key_size > JOURNAL_KEY_MAX ||
        record->meta_size > JOURNAL_META_MAX ||
        record->value_size > JOURNAL_VALUE_MAX)
        return JOURNAL_TOO_BIG;
    return 0;
}

int
jn_packed_take(struct journal_record *record, struct jn_span *packed)
{
    const uint8_t *in = packed->data, *data;
    uint32_t total, flags, key_size, meta_size, value_size;
    struct jn_span stamp;
    uint64_t used;

    if (packed->size < HEADER_SIZE)
        return EINVAL;
    total = jn_get_le32(in);
    flags = jn_get_le32(in + 4);
    key_size = jn_get_le32(in + 40);
    meta_size = jn_get_le32(in + 44);
    value_size = jn_get_le32(in + 48);
    used = UINT64_C(0) + HEADER_SIZE + stamp_size(flags) + key_size +
           meta_size + value_size;
    if (total > packed->size || total != padded(used) ||
        !all_zero(in + used, in + total))
        return EINVAL;
    if ((flags & ~FLAGS_KNOWN) != 0 || jn_get_le32(in + 52) != 0)
        return EINVAL;

    data = in + HEADER_SIZE + stamp_size(flags);
    *record = (struct journal_record){
        .key = data,
        .key_size = key_size,
        .meta = data + key_size,
        .meta_size = meta_size,
        .value = data + key_size + meta_size,
        .value_size = value_size,
        .flags = flags,
    };
    stamp = jn_span(in + HEADER_SIZE, stamp_size(flags));
    (void)jn_stamp_decode(&record->stamp, &stamp);
    *packed = jn_span(in + total, packed->size - total);
    return check(record);
}

int
jn_packed_count(size_t *count, struct jn_span packed)
{
    size_t found = 0;

    do {
        struct journal_record record;
        int rc = jn_packed_take(&record, &packed);

        if (rc != 0)
            return rc;
        found++;
    } while (packed.size > 0);
    *count = found;
    return 0;
}
