/* mounts.h - file systems of a process's own. */
#ifndef TEST_SUPPORT_MOUNTS_H
#define TEST_SUPPORT_MOUNTS_H

#include <stdbool.h>

/* In a child, for its rest: nobody else sees its mounts; false: it may not. */
bool mounts_own(void);

/* The same, and on DIRECTORY a disk of SIZE bytes; if not, says so. */
bool mounts_disk(const char *directory, unsigned size);

#endif
