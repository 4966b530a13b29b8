/* room.h - journals that run full: of a limit, or of a disk. */
#ifndef TEST_API_ROOM_H
#define TEST_API_ROOM_H

#include "api/steps.h"

/* Bytes of values, and so many that few of them fit. */
extern const char large_value[200000];

/* Appends a value of SIZE bytes to `journal`, and returns the result. */
int append_of(size_t size);

/* Does so until the journal is full; returns how many there were before. */
uint64_t fill_up(size_t size);

/* In a child: a disk of SIZE bytes in test_dir/disk. */
bool have_disk(unsigned size);

#endif
