/* extents.h - where on the disk the bytes of a file are. */
#ifndef TEST_BLOCKS_EXTENTS_H
#define TEST_BLOCKS_EXTENTS_H

#include "disk.h"

enum extents {
    EXTENTS_ALL,
    EXTENTS_META, /* of LMDB's first two pages */
    EXTENTS_FRESH /* of what was allocated and never written */
};

/* Adds what DIRECTORY/NAME has of the disk; nothing if it is not there. */
void extents_add(struct wounds *wounds, const char *directory, const char *name,
                 enum extents which);

#endif
