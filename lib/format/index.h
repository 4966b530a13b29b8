/*
 * index.h - keys in the form in which `latest` is ordered by them.
 *
 * LMDB takes keys of 1 to 511 bytes; a journal's have 1 to 65,535.  So a key
 * becomes an *index key*:
 *
 *     tag     1 byte: 1
 *     head    7 bytes: the key's first seven, padded with zeros
 *     class   1 byte: size of a key of up to seven bytes; 8 if it is longer
 *     rest    the key's bytes from the eighth on, at most 248 of them
 *     hash    16 bytes, for a key of over 255 bytes: XXH3-128 of all of it
 *     probe   1 byte, for a key of over 255 bytes
 *
 * Index keys differ where keys do, and sort as keys do, those of over 255
 * bytes with the same first 255 among themselves by hash.  The keys with a
 * common prefix are neighbours.  Two long keys with the same first 255 bytes
 * and the same hash get different probes; the key in the entry tells which is
 * which, and rows of one hash need not have consecutive probes.
 *
 * Why nine bytes at least: LMDB 0.9 splits a page by *number* of nodes if there
 * are 32 or more and the new one takes at most a sixteenth of a page.  With
 * 4096-byte pages that is at most 256 bytes and a 2-byte pointer.  A half of
 * at least 16 nodes then stays together with the new node, and must fit: it
 * cannot fail unless the *other* half, of as many nodes, takes less than the
 * new node, 258 bytes.  A branch node takes 10 bytes and its key, and the first
 * one has none: 15 * (10 + 9) + 10 = 295 bytes, over 258.  Leaf nodes take
 * their value besides.  So MDB_PAGE_FULL cannot happen; with keys of one byte,
 * 15 * 11 + 10 = 175, it does.
 */
#ifndef JN_INDEX_H
#define JN_INDEX_H

#include "base/bytes.h"

#define JN_INDEX_MAX 274u     /* bytes in an index key */
#define JN_INDEX_KEY_MAX 255u /* longest key that it holds whole */
#define JN_INDEX_PROBES 256u

struct jn_index_key {
    uint16_t size;
    uint8_t data[JN_INDEX_MAX];
};

/* The index key of KEY, which is not empty, with probe 0. */
void jn_index_make(struct jn_index_key *index_key, struct jn_span key);

static inline struct jn_span
jn_index_span(const struct jn_index_key *index_key)
{
    return jn_span(index_key->data, index_key->size);
}

/*
 * The lowest index key of a key that begins with PREFIX, which may be empty;
 * those of the others with it follow.
 */
void jn_index_lowest(struct jn_index_key *index_key, struct jn_span prefix);

/*
 * Copies the bytes that INDEX_KEY holds of its key: all of them, or if it is
 * hashed the first JN_INDEX_KEY_MAX.  Returns how many; 0 if this cannot be an
 * index key.
 */
size_t jn_index_key_start(struct jn_span index_key,
                          uint8_t start[JN_INDEX_KEY_MAX]);

/* Whether INDEX_KEY leaves open which key it stands for. */
bool jn_index_is_hashed(struct jn_span index_key);

/* The probe of a hashed index key, and how to set it. */
unsigned jn_index_probe(struct jn_span index_key);
void jn_index_set_probe(struct jn_index_key *index_key, unsigned probe);

/* Whether A and B, both hashed, are alike but for their probes. */
bool jn_index_same_hash(struct jn_span a, struct jn_span b);

#endif
