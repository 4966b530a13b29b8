/*
 * checksum.h - the hashes of the journal; the one place that knows xxHash.
 *
 * XXH3 by Yann Collet, whose values are fixed by its specification: what was
 * written with one version of the library is checked with any other.
 */
#ifndef JN_CHECKSUM_H
#define JN_CHECKSUM_H

#include <stdint.h>

#include "base/bytes.h"

#define JN_HASH128_SIZE 16u

/* XXH3-64 of BYTES, seeded. */
uint64_t jn_hash64(struct jn_span bytes, uint64_t seed);

/* XXH3-128 of BYTES in its canonical (big endian) form. */
void jn_hash128(struct jn_span bytes, uint8_t out[JN_HASH128_SIZE]);

#endif
