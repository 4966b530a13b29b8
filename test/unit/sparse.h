/*
 * sparse.h - a journal of which a compaction left few entries, far apart.
 */
#ifndef TEST_UNIT_SPARSE_H
#define TEST_UNIT_SPARSE_H

#include <journal.h>
#include <stdint.h>

#define SPARSE_KEYS 100u
#define SPARSE_APART 10u /* numbers from one of these to the next */
#define SPARSE_KEY_SIZE 5u

/* The key of the entry that is left; until the next call. */
const char *sparse_key(unsigned number);

/*
 * Appends one entry of each of these keys, the first at number FROM, with
 * others of key "hot" between them, and has all but the latest ones removed
 * that are older than the last key's.
 */
void sparse_append(struct journal *journal, uint64_t from);

#endif
