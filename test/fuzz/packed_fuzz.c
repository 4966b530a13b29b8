/* packed_fuzz.c - the packed form from whoever may have written it. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "format/packed.h"
#include "write/request.h"

/* RECORD, and what FROM says that no record does. */
static struct journal_entry
entry_of(const struct journal_record *record, const uint8_t *from)
{
    return (struct journal_entry){
        .seq = jn_get_le64(from + 8),
        .time = jn_get_le64(from + 16),
        .prev = jn_get_le64(from + 24),
        .revision = jn_get_le64(from + 32),
        .flags = record->flags,
        .stamp = record->stamp,
        .key = record->key,
        .key_size = record->key_size,
        .meta = record->meta,
        .meta_size = record->meta_size,
        .value = record->value,
        .value_size = record->value_size,
    };
}

/* RECORD, packed again, is the bytes FROM. */
static void
check_same(const struct journal_record *record, struct jn_span from)
{
    struct journal_entry entry = entry_of(record, from.data);
    uint8_t *again = malloc(from.size);

    fuzz_check(again != NULL, "there is memory");
    fuzz_check(jn_packed_size(&entry) == from.size, "an entry keeps its size");
    jn_packed_encode(again, &entry);
    fuzz_check(memcmp(again, from.data, from.size) == 0,
               "an entry keeps its bytes");
    free(again);
}

/* What is taken here is taken as a batch. */
static void
check_batch(const struct journal_record *records, size_t count)
{
    struct jn_request request;

    fuzz_check(jn_request_make(&request, records, count) == 0,
               "the records are a batch");
    jn_request_free(&request);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    struct jn_span rest = jn_span(data, size);
    struct journal_record *records;
    size_t count = 0;
    int rc = jn_packed_count(&count, rest);

    if (rc != 0) {
        fuzz_check(rc == EINVAL || rc == JOURNAL_TOO_BIG, "an error of these");
        return 0;
    }
    records = calloc(count, sizeof(*records));
    fuzz_check(records != NULL, "there are entries, and memory");
    for (size_t i = 0; i < count; i++) {
        const uint8_t *from = rest.data;

        fuzz_check(jn_packed_take(&records[i], &rest) == 0,
                   "what was counted is taken");
        check_same(&records[i], jn_span(from, (size_t)(rest.data - from)));
    }
    fuzz_check(rest.size == 0, "all was taken");
    check_batch(records, count);
    free(records);
    return 0;
}
