/*
 * disk.h - what a crash may leave of files, given what was done to them.
 *
 * A model of the page cache.  A file is made of units of 512 or 4096 bytes.
 * Each has what is on the disk for certain, and the versions it has had since,
 * any one of which may have got there: units go out by themselves, in any
 * order.  So do sizes, and what happened in the directory, the latter in
 * order.  A flush makes certain what was written to its range before it began.
 *
 * Whatever may have got there or not is a *choice*: of versions 0, which is
 * certain, to COUNT - 1, the newest.  A crash is a version for every choice.
 *
 * What is in the lock files is no choice: of that a crash leaves any versions,
 * at random.
 */
#ifndef TEST_POWER_DISK_H
#define TEST_POWER_DISK_H

#include "trace.h"

/*
 * Ways in which the model may lie, to show that it would be noticed; about
 * files only once something has been acknowledged.
 */
enum flaw {
    FLAW_NONE = 0,
    FLAW_NO_FLUSH = 1 << 0,     /* fsync and fdatasync of files do nothing */
    FLAW_NO_DSYNC = 1 << 1,     /* neither does O_DSYNC */
    FLAW_NO_DIRECTORY = 1 << 2, /* neither does fsync of a directory */
    FLAW_NO_TAIL = 1 << 3       /* nor does any flush of the tail */
};

struct choice {
    uint32_t file;  /* TRACE_PARENT, TRACE_HOME: what is in the directory */
    uint32_t unit;  /* UNIT_SIZE: the file's size */
    uint32_t page;  /* units of one page go out together more often */
    uint32_t count; /* of versions */
    /* of version V > 0: the event that made it */
    const uint32_t *event;
};

#define UNIT_SIZE UINT32_MAX

struct disk;

/*
 * The disk on which the journal in DIRECTORY/home lies, which TRACE is about:
 * as it is now, if there is one, which the trace, empty so far, learns.
 */
struct disk *disk_new(struct trace *trace, const char *directory, uint32_t unit,
                      unsigned flaws);

void disk_free(struct disk *disk);

void disk_happens(struct disk *disk, const struct event *event);

/* What is not certain; the array is valid until something happens. */
size_t disk_choices(struct disk *disk, const struct choice **choices);

/*
 * Leaves in DIRECTORY/home what a crash with these versions, one for each
 * choice, leaves.  CHANCE decides the rest.
 */
void disk_crash(struct disk *disk, const uint32_t *versions,
                const char *directory, uint64_t chance);

/* The choice in words, with version V, for a report. */
void disk_describe(const struct disk *disk, const struct choice *choice,
                   uint32_t version, char *text, size_t size);

#endif
