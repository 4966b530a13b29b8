/* stamp.h - callers' timestamps: their order, and their 24 bytes on disk. */
#ifndef JN_STAMP_H
#define JN_STAMP_H

#include <journal.h>

#include "base/bytes.h"

#define JN_STAMP_SIZE 24u /* time, little endian, and id */

/* <0, 0, >0 as A is older than B, the same, or newer. */
int jn_stamp_compare(const struct journal_stamp *a,
                     const struct journal_stamp *b);

/* Writes STAMP and returns where it ends. */
uint8_t *jn_stamp_encode(uint8_t *out, const struct journal_stamp *stamp);

/* Takes a stamp off the front of IN; false if that is too short. */
bool jn_stamp_decode(struct journal_stamp *stamp, struct jn_span *in);

#endif
