/*
 * disk.h - a disk in shared memory that remembers what was done to it.
 *
 * It is small, and a file system is made on it.  What is written and flushed it
 * puts into a log, and beside it what the workload says.  Chosen parts of it
 * fail.
 */
#ifndef TEST_BLOCKS_DISK_H
#define TEST_BLOCKS_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_SIZE (UINT64_C(16) << 20)
#define DISK_UNIT 4096u
#define DISK_WOUNDS 32u

enum disk_happening {
    DISK_WRITTEN, /* SIZE bytes at OFFSET; DATA */
    DISK_FLUSHED, /* all that was written before */
    DISK_NOTED    /* by the workload: WHAT happened to NUMBER */
};

struct disk_event {
    enum disk_happening kind;
    uint32_t what;
    uint64_t offset;
    uint64_t size;
    uint64_t number;
    const uint8_t *data;
};

struct disk;

/* With a copy of what is in the file IMAGE; shared with children. */
struct disk *disk_new(const char *image);
void disk_free(struct disk *disk);

/* The bytes as they are now. */
const uint8_t *disk_bytes(const struct disk *disk);

/* From now on what happens is put into the log; it begins anew. */
void disk_record(struct disk *disk);

/* ---- for who serves it -------------------------------------------------- */

/* False: it failed. */
bool disk_write(struct disk *disk, uint64_t offset, const void *data,
                size_t size);
void disk_flush(struct disk *disk);

/* ---- for the workload --------------------------------------------------- */

void disk_note(struct disk *disk, uint32_t what, uint64_t number);

/* Parts where writes fail; from the Nth on that touches one, TIMES times. */
struct wounds {
    unsigned count;
    uint64_t from[DISK_WOUNDS], to[DISK_WOUNDS];
    unsigned n, times;
    bool after; /* it is written all the same */
};

void disk_hurt(struct disk *disk, const struct wounds *wounds);

/* How many writes have failed since. */
unsigned disk_heal(struct disk *disk);

/* ---- for who reads the log ---------------------------------------------- */

/* Whether there was more than it had room for. */
bool disk_is_full(const struct disk *disk);

/* Reads the event at *PLACE, 0 at first, and moves on; false at the end. */
bool disk_read_log(const struct disk *disk, size_t *place,
                   struct disk_event *event);

#endif
