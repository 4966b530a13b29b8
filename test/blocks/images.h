/*
 * images.h - what a loss of power may leave of a disk.
 *
 * What was written before the last flush is there.  Of what was written since
 * nothing is, or all, all up to some write, all but one, or any part of it, in
 * units of 4096 bytes.  Each of these is mounted as the file system that it is,
 * and the journal in it held against what had been acknowledged.
 */
#ifndef TEST_BLOCKS_IMAGES_H
#define TEST_BLOCKS_IMAGES_H

#include "disk.h"
#include "power/life.h"

struct images {
    const uint8_t *start; /* the disk when the log began */
    const struct disk *disk;
    const struct life *life;
    const char *stage; /* a directory for images and mounts */
    uint64_t seed;
    unsigned most; /* to try between two flushes */
    unsigned jobs; /* processes */
    bool lies;     /* the disk does: two flushes of three do nothing */
};

struct images_figures {
    unsigned images;
    unsigned epochs; /* between two flushes, with writes */
    unsigned gone_on;
    unsigned violations;
};

/* Adds to FIGURES; says on stdout what is wrong. */
void images_explore(const struct images *images,
                    struct images_figures *figures);

#endif
