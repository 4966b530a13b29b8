/* index.c - keys in the form in which `latest` is ordered by them. */
#include "format/index.h"

#include <assert.h>

#include "base/checksum.h"

#define TAG 1u
#define HEAD_SIZE 7u
#define CLASS_LONG 8u
#define BEFORE_REST (1u + HEAD_SIZE + 1u)

static_assert(2 + JN_INDEX_KEY_MAX + JN_HASH128_SIZE + 1 == JN_INDEX_MAX,
              "an index key holds tag, class, key, hash and probe");

void
jn_index_make(struct jn_index_key *index_key, struct jn_span key)
{
    uint8_t *end = index_key->data;
    size_t head = key.size < HEAD_SIZE ? key.size : HEAD_SIZE;
    size_t kept = key.size < JN_INDEX_KEY_MAX ? key.size : JN_INDEX_KEY_MAX;

    assert(key.size > 0);
    *end++ = TAG;
    memset(end, 0, HEAD_SIZE);
    memcpy(end, key.data, head);
    end += HEAD_SIZE;
    *end++ = (uint8_t)(key.size <= HEAD_SIZE ? key.size : CLASS_LONG);
    end = jn_span_copy(end, jn_span(key.data + head, kept - head));
    if (key.size > JN_INDEX_KEY_MAX) {
        jn_hash128(key, end);
        end += JN_HASH128_SIZE;
        *end++ = 0;
    }
    index_key->size = (uint16_t)(end - index_key->data);
}

void
jn_index_lowest(struct jn_index_key *index_key, struct jn_span prefix)
{
    if (prefix.size > JN_INDEX_KEY_MAX)
        prefix.size = JN_INDEX_KEY_MAX;
    if (prefix.size > 0) {
        jn_index_make(index_key, prefix);
        return;
    }
    index_key->data[0] = TAG;
    index_key->size = 1;
}

size_t
jn_index_key_start(struct jn_span index_key, uint8_t start[JN_INDEX_KEY_MAX])
{
    const uint8_t *data = index_key.data;
    size_t rest = index_key.size - BEFORE_REST;
    size_t class;

    if (index_key.size < BEFORE_REST || index_key.size > JN_INDEX_MAX ||
        data[0] != TAG)
        return 0;
    class = data[1 + HEAD_SIZE];
    if (class > CLASS_LONG || (class < CLASS_LONG) != (rest == 0))
        return 0;
    if (jn_index_is_hashed(index_key))
        rest = JN_INDEX_KEY_MAX - HEAD_SIZE;
    /* No key makes one that is longer than that, and not hashed. */
    if (rest > JN_INDEX_KEY_MAX - HEAD_SIZE)
        return 0;
    memcpy(start, data + 1, HEAD_SIZE);
    (void)jn_span_copy(start + HEAD_SIZE, jn_span(data + BEFORE_REST, rest));
    return class < CLASS_LONG ? class : HEAD_SIZE + rest;
}

bool
jn_index_is_hashed(struct jn_span index_key)
{
    return index_key.size == JN_INDEX_MAX;
}

unsigned
jn_index_probe(struct jn_span index_key)
{
    assert(jn_index_is_hashed(index_key));
    return index_key.data[JN_INDEX_MAX - 1];
}

void
jn_index_set_probe(struct jn_index_key *index_key, unsigned probe)
{
    assert(jn_index_is_hashed(jn_index_span(index_key)));
    assert(probe < JN_INDEX_PROBES);
    index_key->data[JN_INDEX_MAX - 1] = (uint8_t)probe;
}

bool
jn_index_same_hash(struct jn_span a, struct jn_span b)
{
    return a.size == JN_INDEX_MAX && b.size == JN_INDEX_MAX &&
           memcmp(a.data, b.data, JN_INDEX_MAX - 1) == 0;
}
