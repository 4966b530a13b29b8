/*
 * taken.h - what it was that a journal was not made in the place of.
 *
 * JOURNAL_EXISTS is also of what is no journal, and of what lies beside the
 * path: where one is made before it gets its name.
 */
#ifndef CLI_TAKEN_H
#define CLI_TAKEN_H

#include <limits.h>
#include <stdbool.h>

struct taken {
    char what[PATH_MAX + 16]; /* "a file" */
    bool beside;              /* it has another name than the path */
};

/* False: it is a journal, or nothing is found. */
bool taken_find(struct taken *taken, const char *path);

#endif
