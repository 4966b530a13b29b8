/* request.c - an append, prepared before any lock is taken. */
#include "write/request.h"

#include <stdlib.h>

#include "base/error.h"
#include "format/record.h"

#define FLAGS_KNOWN                                                            \
    ((uint32_t)JOURNAL_TOMBSTONE | (uint32_t)JOURNAL_EXPECT |                  \
     (uint32_t)JOURNAL_STAMPED | (uint32_t)JOURNAL_EXPECT_SEQ)
#define FLAGS_STORED ((uint32_t)JOURNAL_TOMBSTONE | (uint32_t)JOURNAL_STAMPED)

/* A commit takes one record of the largest size, or as much in many. */
#define COMMIT_MAX (UINT64_C(1) << 30 | UINT64_C(1) << 20)

static bool
has_bytes(const void *data, size_t size)
{
    return data != NULL || size == 0;
}

static int
check(const struct journal_record *record)
{
    bool tombstone = (record->flags & JOURNAL_TOMBSTONE) != 0;
    bool expects = (record->flags & JOURNAL_EXPECT) != 0;

    if ((record->flags & ~FLAGS_KNOWN) != 0 || record->reserved != 0)
        return EINVAL;
    if (!has_bytes(record->key, record->key_size) ||
        !has_bytes(record->value, record->value_size) ||
        !has_bytes(record->meta, record->meta_size))
        return EINVAL;
    if (tombstone && record->value_size > 0)
        return EINVAL;
    if ((tombstone || expects) && record->key_size == 0)
        return EINVAL;
    if (record->key_size > JOURNAL_KEY_MAX ||
        record->meta_size > JOURNAL_META_MAX ||
        record->value_size > JOURNAL_VALUE_MAX)
        return JOURNAL_TOO_BIG;
    return 0;
}

/* The record as it will be stored, but for its time. */
static struct jn_record
stored_form(const struct journal_record *record)
{
    struct jn_record stored = {
        .flags = record->flags & FLAGS_STORED,
        .key = {record->key, record->key_size},
        .meta = {record->meta, record->meta_size},
        .value = {record->value, record->value_size},
    };

    if ((record->flags & JOURNAL_STAMPED) != 0)
        stored.stamp = record->stamp;
    return stored;
}

static int
measure(const struct journal_record *records, size_t count, uint64_t *bytes)
{
    *bytes = 0;
    for (size_t i = 0; i < count; i++) {
        struct jn_record stored;
        int rc = check(&records[i]);

        if (rc != 0)
            return rc;
        stored = stored_form(&records[i]);
        *bytes += jn_record_size(&stored);
        if (*bytes > COMMIT_MAX)
            return JOURNAL_TOO_BIG;
    }
    return 0;
}

int
jn_request_make(struct jn_request *request,
                const struct journal_record *records, size_t count)
{
    uint64_t bytes;
    uint8_t *end;
    int rc;

    memset(request, 0, sizeof(*request));
    if (count == 0 || records == NULL)
        return EINVAL;
    rc = measure(records, count, &bytes);
    if (rc != 0)
        return rc;
    if (count > (SIZE_MAX - bytes) / sizeof(struct jn_prepared))
        return JOURNAL_TOO_BIG;
    request->records = malloc(count * sizeof(struct jn_prepared) + bytes);
    if (request->records == NULL)
        return ENOMEM;
    request->count = count;
    request->bytes = bytes;
    end = (uint8_t *)(request->records + count);
    for (size_t i = 0; i < count; i++) {
        struct jn_prepared *prepared = &request->records[i];
        struct jn_record stored = stored_form(&records[i]);

        prepared->record = &records[i];
        prepared->bytes = end;
        prepared->size = jn_record_size(&stored);
        prepared->logical = jn_record_logical(&stored);
        prepared->body_hash = jn_record_encode(end, &stored);
        end += prepared->size;
    }
    return 0;
}

void
jn_request_free(struct jn_request *request)
{
    free(request->records);
    request->records = NULL;
}
