/*
 * unpack.h - a file of pages from few bytes.
 *
 * Packed are pages, one after the other: how many bytes there are at the page's
 * beginning and how many at its end, 2 bytes each, little endian, and these
 * bytes; between them are zeros.  So a small journal is a small input.
 */
#ifndef TEST_FUZZ_UNPACK_H
#define TEST_FUZZ_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#define UNPACK_PAGE 4096u /* where the system's are larger, none gets far */

/*
 * Unpacks the *SIZE bytes at *DATA into OUT, which has room for PAGES_MAX
 * pages, and takes them off the front; returns how many pages there are.
 */
size_t unpack_pages(uint8_t *out, size_t pages_max, const uint8_t **data,
                    size_t *size);

#endif
