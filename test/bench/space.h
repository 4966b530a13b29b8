/* space.h - what a database takes on the disk. */
#ifndef BENCH_SPACE_H
#define BENCH_SPACE_H

#include <stdint.h>

struct bytes {
    uint64_t disk; /* blocks, those allocated behind a file's end too */
    uint64_t size; /* up to the end of the files */
};

/* Of all files in the directory PATH. */
struct bytes space_of(const char *path);

#endif
