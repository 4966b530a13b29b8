/* disk_inside.h - what a disk is, for disk*.c alone. */
#ifndef TEST_POWER_DISK_INSIDE_H
#define TEST_POWER_DISK_INSIDE_H

#include "disk.h"
#include "disk_file.h"

#define NOTHING UINT32_MAX

/* Which file each name leads to, or NOTHING. */
struct names {
    uint32_t file[TRACE_NAMES];
};

struct disk {
    struct trace *trace;
    unsigned flaws;
    bool lies; /* the flaws show by now */
    uint32_t unit;
    struct disk_file file[TRACE_FILES];
    bool is_loose[TRACE_FILES]; /* a lock file */
    bool is_tail[TRACE_FILES];
    struct names certain;
    struct event *ops; /* in the directory, not certain yet */
    uint32_t *op_events;
    uint32_t op_count;
    uint32_t op_room;
    bool home_is_certain;
    uint32_t home_events[2]; /* [1]: that made it; 0: none */
    struct choice *choices;
    size_t choice_room;
    uint8_t *image; /* of the file that is being made */
    uint8_t *own_image;
    size_t own_room;
};

/* What EVENT, of EVENT_CREATED, _RENAMED, _REMOVED, does to them. */
void disk_names_change(struct names *names, const struct event *event);

/* realloc() that does not fail. */
void *disk_more(void *memory, size_t size);

#endif
