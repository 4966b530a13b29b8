/* base64.h - bytes as base 64, of RFC 4648, and back. */
#ifndef BASE64_H
#define BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

void base64_write(FILE *file, const unsigned char *bytes, size_t size);

/* Room for what LENGTH characters may stand for. */
#define BASE64_ROOM(length) ((length) / 4 * 3 + 3)

/*
 * Only the one canonical form of bytes is taken: groups of four, padded, and no
 * bits that stand for nothing.  BYTES may be TEXT.  *SIZE is their number.
 */
bool base64_read(unsigned char *bytes, size_t *size, const char *text,
                 size_t length);

#endif
