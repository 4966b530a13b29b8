/*
 * denied.h - which file it was that a journal was not opened for.
 *
 * "Permission denied" of a directory with five files in it helps nobody: this
 * looks for the first that the user may not read, write, or get to.
 */
#ifndef CLI_DENIED_H
#define CLI_DENIED_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct denied {
    char path[PATH_MAX + 16];
    const char *deed; /* what may not be done: "read", "write to" */
    bool locks;       /* for want of locks, which --immutable does without */
};

/* FLAGS: those of journal_open().  False: nothing is found. */
bool denied_find(struct denied *denied, const char *journal, uint32_t flags);

/* Says so, and who the user is. */
void denied_hint(const struct denied *denied);

#endif
