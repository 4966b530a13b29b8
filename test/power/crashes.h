/*
 * crashes.h - which of all the crashes that a moment allows are tried.
 *
 * All of them, if they are few.  Else nothing got to the disk, or everything;
 * everything up to some moment; one thing alone; all but one; and what chance
 * picks, at several densities, by units and by pages.
 */
#ifndef TEST_POWER_CRASHES_H
#define TEST_POWER_CRASHES_H

#include "disk.h"

struct crashes {
    const struct choice *choices;
    size_t count;
    uint64_t seed;
    uint32_t most; /* how many to try */
    uint32_t next;
    uint64_t all; /* how many there are; UINT64_MAX: many */
    uint32_t *versions;
    uint64_t *tried; /* hashes, a table of MOST * 4 */
};

void crashes_begin(struct crashes *crashes, const struct choice *choices,
                   size_t count, uint32_t most, uint64_t seed);

/* The versions of the next one, or NULL. */
const uint32_t *crashes_next(struct crashes *crashes);

void crashes_end(struct crashes *crashes);

#endif
