/*
 * record_fuzz.c - rows of entries from a disk that may have done anything.
 *
 * An input is a number and a time, of 8 bytes each, little endian, and then the
 * body of a record, which is sealed here: by chance no checksum is right.
 */
#include <journal.h>
#include <string.h>

#include "base/checksum.h"
#include "base/error.h"
#include "fuzz.h"
#include "format/record.h"

#define HEAD 16u

/* Spans of the record lie one after the other, up to the end of BYTES. */
static void
check_spans(const struct jn_record *record, struct jn_span bytes)
{
    const uint8_t *end = bytes.data + bytes.size;

    fuzz_check(record->key.data >= bytes.data + JN_RECORD_MIN - 2,
               "the key lies behind the header");
    fuzz_check(record->key.data + record->key.size == record->meta.data,
               "the meta follows");
    fuzz_check(record->meta.data + record->meta.size == record->value.data,
               "the value follows");
    fuzz_check(record->value.data + record->value.size == end,
               "it is all of the rest");
}

/* RECORD, encoded and sealed again, is BYTES. */
static void
check_same(const struct jn_record *record, struct jn_span bytes, uint64_t seq)
{
    uint8_t *again = malloc(bytes.size);

    fuzz_check(again != NULL, "there is memory");
    fuzz_check(jn_record_size(record) == bytes.size, "a record keeps its size");
    jn_record_seal(again, jn_record_encode(again, record), seq, record->time);
    fuzz_check(memcmp(again, bytes.data, bytes.size) == 0,
               "a record keeps its bytes");
    free(again);
}

static void
check_sealed(struct jn_span bytes, uint64_t seq)
{
    struct jn_record record, parsed;
    int rc = jn_record_decode(&record, bytes, seq);

    fuzz_check(rc == jn_record_parse(&parsed, bytes), "a sound one is parsed");
    fuzz_check(jn_record_decode(&parsed, bytes, seq + 1) == JOURNAL_CORRUPT,
               "it is of no other number");
    if (rc != 0) {
        fuzz_check(rc == JOURNAL_CORRUPT, "an error of this kind");
        return;
    }
    check_spans(&record, bytes);
    check_same(&record, bytes, seq);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
    struct jn_record record;
    uint8_t *bytes;

    (void)jn_record_decode(&record, jn_span(data, size), 0);
    (void)jn_record_parse(&record, jn_span(data, size));
    if (size < HEAD)
        return 0;
    /* To the byte, so that a step too far is seen. */
    bytes = malloc(size);
    fuzz_check(bytes != NULL, "there is memory");
    memcpy(bytes, data, size);
    jn_record_seal(bytes, jn_hash64(jn_span(data + HEAD, size - HEAD), 0),
                   jn_get_le64(data), jn_get_le64(data + 8));
    check_sealed(jn_span(bytes, size), jn_get_le64(data));
    free(bytes);
    return 0;
}
