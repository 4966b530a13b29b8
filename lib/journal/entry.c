/* entry.c - entries as callers get them. */
#include "journal/entry.h"

#include <stdlib.h>

#include "base/error.h"

void
jn_entry_fill(struct journal_entry *entry, uint64_t seq,
              const struct jn_stored *stored)
{
    const struct jn_record *record = &stored->record;

    *entry = (struct journal_entry){
        .seq = seq,
        .time = record->time,
        .prev = stored->links.prev,
        .revision = stored->links.revision,
        .flags = record->flags,
        .stamp = record->stamp,
        .key = record->key.data,
        .key_size = record->key.size,
        .value = record->value.data,
        .value_size = record->value.size,
        .meta = record->meta.data,
        .meta_size = record->meta.size,
    };
}

int
jn_entry_copy(struct journal_entry **entry, struct jn_span bytes)
{
    struct journal_entry *copy = malloc(sizeof(*copy) + bytes.size);

    if (copy == NULL)
        return ENOMEM;
    memcpy(copy + 1, bytes.data, bytes.size);
    *entry = copy;
    return 0;
}

int
jn_entry_decode(struct journal_entry *entry, size_t size, uint64_t seq)
{
    struct jn_stored stored;
    int rc = jn_stored_decode(&stored, jn_span(entry + 1, size), seq);

    if (rc == 0)
        jn_entry_fill(entry, seq, &stored);
    return rc;
}

void
journal_entry_free(struct journal_entry *entry)
{
    free(entry);
}
