/* record.c - the bytes of a record. */
#include "format/record.h"

#include <assert.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/stamp.h"

#define VERSION 1u
#define CODEC_NONE 0u
#define FLAGS_STORED ((uint32_t)JOURNAL_TOMBSTONE | (uint32_t)JOURNAL_STAMPED)

static_assert(FLAGS_STORED <= UINT8_MAX, "flags take one byte");

static size_t
varint_size(uint64_t value)
{
    size_t size = 1;

    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

size_t
jn_record_size(const struct jn_record *record)
{
    size_t stamp = (record->flags & JOURNAL_STAMPED) != 0 ? JN_STAMP_SIZE : 0;

    return JN_RECORD_HEADER + 3 + varint_size(record->key.size) +
           varint_size(record->meta.size) + stamp + record->key.size +
           record->meta.size + record->value.size;
}

uint64_t
jn_record_encode(uint8_t *out, const struct jn_record *record)
{
    uint8_t *body = out + JN_RECORD_HEADER;
    uint8_t *end = body;

    assert(record->key.size <= JOURNAL_KEY_MAX);
    assert(record->meta.size <= JOURNAL_META_MAX);
    assert(record->value.size <= JOURNAL_VALUE_MAX);
    assert((record->flags & ~FLAGS_STORED) == 0);

    *end++ = VERSION;
    *end++ = (uint8_t)record->flags;
    *end++ = CODEC_NONE;
    end = jn_put_varint(end, record->key.size);
    end = jn_put_varint(end, record->meta.size);
    if ((record->flags & JOURNAL_STAMPED) != 0)
        end = jn_stamp_encode(end, &record->stamp);
    end = jn_span_copy(end, record->key);
    end = jn_span_copy(end, record->meta);
    end = jn_span_copy(end, record->value);
    return jn_hash64(jn_span(body, (size_t)(end - body)), 0);
}

static uint64_t
seal_of(uint64_t body_hash, uint64_t seq, uint64_t time)
{
    uint8_t sealed[16];

    jn_put_le64(sealed, body_hash);
    jn_put_le64(sealed + 8, time);
    return jn_hash64(jn_span(sealed, sizeof(sealed)), seq);
}

void
jn_record_seal(uint8_t *out, uint64_t body_hash, uint64_t seq, uint64_t time)
{
    jn_put_le64(out, seal_of(body_hash, seq, time));
    jn_put_le64(out + 8, time);
}

int
jn_record_decode(struct jn_record *record, struct jn_span bytes, uint64_t seq)
{
    uint64_t body_hash;

    if (bytes.size < JN_RECORD_MIN)
        return JOURNAL_CORRUPT;
    body_hash = jn_hash64(jn_span(bytes.data + JN_RECORD_HEADER,
                                  bytes.size - JN_RECORD_HEADER),
                          0);
    if (jn_get_le64(bytes.data) !=
        seal_of(body_hash, seq, jn_get_le64(bytes.data + 8)))
        return JOURNAL_CORRUPT;
    return jn_record_parse(record, bytes);
}

/* Takes SIZE bytes off the front of IN; false if it has fewer. */
static bool
take(struct jn_span *in, uint64_t size, struct jn_span *out)
{
    if (size > in->size)
        return false;
    *out = jn_span(in->data, (size_t)size);
    *in = jn_span(in->data + size, in->size - (size_t)size);
    return true;
}

/* The sizes and the flags that the encoder's assertions speak of. */
static bool
is_legal(const struct jn_record *record)
{
    if (record->key.size > JOURNAL_KEY_MAX ||
        record->meta.size > JOURNAL_META_MAX ||
        record->value.size > JOURNAL_VALUE_MAX)
        return false;
    return (record->flags & JOURNAL_TOMBSTONE) == 0 ||
           (record->value.size == 0 && record->key.size > 0);
}

int
jn_record_parse(struct jn_record *record, struct jn_span bytes)
{
    struct jn_span in;
    uint64_t key_size, meta_size;

    if (bytes.size < JN_RECORD_MIN)
        return JOURNAL_CORRUPT;
    memset(record, 0, sizeof(*record));
    record->time = jn_get_le64(bytes.data + 8);
    in = jn_span(bytes.data + JN_RECORD_HEADER, bytes.size - JN_RECORD_HEADER);
    if (in.data[0] != VERSION || in.data[2] != CODEC_NONE)
        return JOURNAL_CORRUPT;
    record->flags = in.data[1];
    if ((record->flags & ~FLAGS_STORED) != 0)
        return JOURNAL_CORRUPT;
    in = jn_span(in.data + 3, in.size - 3);

    if (!jn_get_varint(&in, &key_size) || !jn_get_varint(&in, &meta_size))
        return JOURNAL_CORRUPT;
    if ((record->flags & JOURNAL_STAMPED) != 0 &&
        !jn_stamp_decode(&record->stamp, &in))
        return JOURNAL_CORRUPT;
    if (!take(&in, key_size, &record->key) ||
        !take(&in, meta_size, &record->meta))
        return JOURNAL_CORRUPT;
    record->value = in;
    return is_legal(record) ? 0 : JOURNAL_CORRUPT;
}
