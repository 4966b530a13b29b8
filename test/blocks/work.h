/*
 * work.h - a journal is used on a file system whose disk is being watched.
 *
 * What is begun and what is acknowledged is noted in the disk's log, between
 * the writes and the flushes.
 */
#ifndef TEST_BLOCKS_WORK_H
#define TEST_BLOCKS_WORK_H

#include "disk.h"
#include "power/life.h"

/* Which writes fail now and then. */
enum hurt {
    HURT_NONE,
    HURT_ANY,   /* some of the journal's files */
    HURT_META,  /* LMDB's meta pages, which are written all the same */
    HURT_FRESH, /* blocks of data.mdb that have never been written */
    HURT_KINDS
};

struct work {
    uint64_t seed;
    uint32_t durability;
    unsigned sessions;
    unsigned deeds; /* of a session */
    enum hurt hurt;
};

/*
 * Does WORK on the journal in DIRECTORY/home, which is on DISK; what was done
 * comes into LIFE.  Returns how it went wrong, in words, or NULL.
 */
const char *work_do(const struct work *work, const char *directory,
                    struct disk *disk, struct life *life);

#endif
