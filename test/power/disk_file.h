/*
 * disk_file.h - one file of the model: its units, sizes and their versions.
 */
#ifndef TEST_POWER_DISK_FILE_H
#define TEST_POWER_DISK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Versions since what is certain; [0] stands for that. */
struct versions {
    uint32_t count; /* with [0] */
    uint32_t room;
    uint32_t *event;
    uint8_t **data;  /* of a unit */
    uint64_t *value; /* of a size */
};

struct disk_file {
    bool known;
    uint32_t unit;    /* bytes of a unit */
    uint8_t *certain; /* what is on the disk */
    size_t room;      /* bytes of it */
    struct versions *units;
    bool *stuck; /* the unit was not flushed, and no flush tries again */
    size_t unit_count;
    struct versions size;
    uint32_t *dirty; /* the units with versions to choose from, unordered */
    size_t dirty_count;
};

void disk_file_init(struct disk_file *file, uint32_t unit);
void disk_file_free(struct disk_file *file);

void disk_file_write(struct disk_file *file, uint32_t event, uint64_t offset,
                     const uint8_t *data, size_t size);
void disk_file_resize(struct disk_file *file, uint32_t event, uint64_t size);

/* What was written to the range before event BEFORE is certain now. */
void disk_file_flush(struct disk_file *file, uint32_t before, uint64_t offset,
                     uint64_t size);

/*
 * It was to be, and that failed: the kernel takes those units for clean now, so
 * that they stay uncertain until their page is written again.
 */
void disk_file_fail(struct disk_file *file, uint64_t offset, uint64_t size);

/* Forgets but the newest few versions of everything. */
void disk_file_thin(struct disk_file *file);

#endif
