/*
 * record.h - the bytes of a record: what a caller appended, as it is stored.
 *
 *     checksum   8 bytes, little endian
 *     time       8 bytes, little endian: ns since 1970 UTC
 *     version    1 byte: 1
 *     flags      1 byte: JOURNAL_TOMBSTONE | JOURNAL_STAMPED
 *     codec      1 byte: how the value is packed; 0: as it is
 *     key size   varint
 *     meta size  varint
 *     stamp      24 bytes, if STAMPED: time little endian, id
 *     key, meta, value (to the end)
 *
 * A record is immutable.  Its *body*, from the version on, is encoded before
 * any lock is taken; number and time come under the writer's lock, where the
 * record is sealed:
 *
 *     checksum = XXH3-64(XXH3-64(body, 0) time, seed = sequence number)
 *
 * so that a flipped byte shows, and so does a record under another number.
 */
#ifndef JN_RECORD_H
#define JN_RECORD_H

#include <journal.h>

#include "base/bytes.h"

#define JN_RECORD_HEADER 16u /* bytes before the body */
#define JN_RECORD_MIN (JN_RECORD_HEADER + 5u)

/* What a record says; spans point to bytes of somebody else. */
struct jn_record {
    uint64_t time;
    uint32_t flags;
    struct journal_stamp stamp; /* all 0 unless JOURNAL_STAMPED */
    struct jn_span key;
    struct jn_span meta;
    struct jn_span value;
};

/* The bytes in which journal_stat() counts: of key, meta and value. */
static inline uint64_t
jn_record_logical(const struct jn_record *record)
{
    return record->key.size + record->meta.size + record->value.size;
}

/* The bytes that RECORD takes. */
size_t jn_record_size(const struct jn_record *record);

/*
 * Writes RECORD's body to OUT, which has room for jn_record_size() bytes, and
 * returns its hash for jn_record_seal().  The header stays to be sealed.
 */
uint64_t jn_record_encode(uint8_t *out, const struct jn_record *record);

/* Writes the header of the record at OUT, whose body has hash BODY_HASH. */
void jn_record_seal(uint8_t *out, uint64_t body_hash, uint64_t seq,
                    uint64_t time);

/* JOURNAL_CORRUPT unless BYTES are a record sealed with number SEQ. */
int jn_record_decode(struct jn_record *record, struct jn_span bytes,
                     uint64_t seq);

/* The same without a look at the checksum, for those who only count. */
int jn_record_parse(struct jn_record *record, struct jn_span bytes);

#endif
