/* path.h - the path of a file in a directory. */
#ifndef JN_PATH_H
#define JN_PATH_H

#include <limits.h>
#include <stdio.h>

/* Of a directory's path, shorter than PATH_MAX, and a name. */
struct jn_path {
    char text[PATH_MAX + NAME_MAX + 2];
};

static inline struct jn_path
jn_path_in(const char *directory, const char *name)
{
    struct jn_path path;

    (void)snprintf(path.text, sizeof(path.text), "%s/%s", directory, name);
    return path;
}

#endif
