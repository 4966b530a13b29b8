/*
 * bytes.h - spans of memory, and integers as bytes.
 *
 * Numbers that are keys are big endian, so that their bytes sort as they do;
 * others are little endian or varints: seven bits a byte, least significant
 * first, the high bit set on all but the last (LEB128), shortest form only.
 */
#ifndef JN_BYTES_H
#define JN_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define JN_VARINT_MAX 10u /* bytes that a uint64_t takes at most */

/* Bytes that belong to somebody else. */
struct jn_span {
    const uint8_t *data;
    size_t size;
};

static inline struct jn_span
jn_span(const void *data, size_t size)
{
    struct jn_span span = {data, size};

    return span;
}

static inline bool
jn_span_equal(struct jn_span a, struct jn_span b)
{
    return a.size == b.size &&
           (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Byte by byte; a span comes before those that it begins. */
static inline int
jn_span_compare(struct jn_span a, struct jn_span b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Copies SPAN to OUT and returns where it ends; an empty one may be NULL. */
static inline uint8_t *
jn_span_copy(uint8_t *out, struct jn_span span)
{
    if (span.size > 0)
        memcpy(out, span.data, span.size);
    return out + span.size;
}

/*
 * In halves, because gcc makes one instruction of a loop of four bytes, while
 * one of eight stays a loop.
 */
static inline void
jn_put_be32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline void
jn_put_be64(uint8_t *out, uint64_t value)
{
    jn_put_be32(out, (uint32_t)(value >> 32));
    jn_put_be32(out + 4, (uint32_t)value);
}

static inline uint32_t
jn_get_be32(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 |
           (uint32_t)in[2] << 8 | (uint32_t)in[3];
}

static inline uint64_t
jn_get_be64(const uint8_t *in)
{
    return (uint64_t)jn_get_be32(in) << 32 | jn_get_be32(in + 4);
}

static inline void
jn_put_le32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static inline void
jn_put_le64(uint8_t *out, uint64_t value)
{
    jn_put_le32(out, (uint32_t)value);
    jn_put_le32(out + 4, (uint32_t)(value >> 32));
}

static inline uint32_t
jn_get_le32(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 |
           (uint32_t)in[3] << 24;
}

static inline uint64_t
jn_get_le64(const uint8_t *in)
{
    return jn_get_le32(in) | (uint64_t)jn_get_le32(in + 4) << 32;
}

/* Writes VALUE, at most JN_VARINT_MAX bytes, and returns where it ends. */
static inline uint8_t *
jn_put_varint(uint8_t *out, uint64_t value)
{
    while (value >= 0x80) {
        *out++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *out++ = (uint8_t)value;
    return out;
}

/* Takes a varint off the front of IN; false if there is no proper one. */
static inline bool
jn_get_varint(struct jn_span *in, uint64_t *value)
{
    uint64_t result = 0;

    for (size_t i = 0; i < in->size && i < JN_VARINT_MAX; i++) {
        uint64_t bits = in->data[i] & 0x7fu;

        if (i == JN_VARINT_MAX - 1 && bits > 1)
            return false;
        result |= bits << (7 * i);
        if ((in->data[i] & 0x80u) != 0)
            continue;
        if (bits == 0 && i > 0)
            return false;
        *in = jn_span(in->data + i + 1, in->size - i - 1);
        *value = result;
        return true;
    }
    return false;
}

#endif
