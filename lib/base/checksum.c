/* checksum.c - the hashes of the journal, by xxHash. */
#include "base/checksum.h"

#include <assert.h>
#include <xxhash.h>

static_assert(sizeof(XXH128_canonical_t) == JN_HASH128_SIZE, "hash size");

uint64_t
jn_hash64(struct jn_span bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.data, bytes.size, seed);
}

void
jn_hash128(struct jn_span bytes, uint8_t out[JN_HASH128_SIZE])
{
    XXH128_canonical_t canonical;

    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data, bytes.size));
    memcpy(out, canonical.digest, sizeof(canonical.digest));
}
