/*
 * packer.h - the packed form of journal.h, by other means.
 *
 * The library has code for the packed form too.  This shares nothing with it,
 * so that a layout which differs from the header's shows.
 */
#ifndef TEST_SUPPORT_PACKER_H
#define TEST_SUPPORT_PACKER_H

#include <journal.h>

/* Where the fields are, in bytes from the front of an entry. */
enum {
    PACKED_TOTAL = 0,
    PACKED_FLAGS = 4,
    PACKED_SEQ = 8,
    PACKED_TIME = 16,
    PACKED_PREV = 24,
    PACKED_REVISION = 32,
    PACKED_KEY_SIZE = 40,
    PACKED_META_SIZE = 44,
    PACKED_VALUE_SIZE = 48,
    PACKED_RESERVED = 52,
    PACKED_HEADER = 56,
    PACKED_STAMP = 24
};

/* Begins as {0}; free bytes when done.  It has exactly SIZE of them. */
struct packer {
    uint8_t *bytes;
    size_t size;
};

/* Adds ENTRY to the end, and returns where it begins. */
size_t packer_add(struct packer *packer, const struct journal_entry *entry);

/* Writes the SIZE bytes of NUMBER at OFFSET. */
void packer_put(struct packer *packer, size_t offset, uint64_t number,
                unsigned size);

/*
 * Says of ENTRY what is at the front of the SIZE bytes at FROM, into which it
 * points, and returns the size of that.  Asserts that it is an entry in the
 * packed form: its parts, then less than eight zeros.
 */
size_t packer_read(struct journal_entry *entry, const uint8_t *from,
                   size_t size);

#endif
