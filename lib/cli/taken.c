/* taken.c - what it was that a journal was not made in the place of. */
#include "taken.h"

#include <stdio.h>
#include <sys/stat.h>

#include "text.h"

/* SUFFIX behind PATH, without the slashes at its end. */
static bool
join(char name[PATH_MAX + 16], const char *path, const char *suffix)
{
    int size = snprintf(name, PATH_MAX + 16, "%.*s%s",
                        (int)text_path_length(path), path, suffix);

    return size > 0 && size < PATH_MAX + 16;
}

static bool
is_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool
is_journal(const char *path)
{
    char file[PATH_MAX + 16];
    struct stat status;

    return join(file, path, "/data.mdb") && lstat(file, &status) == 0;
}

/* What has the path itself; NULL where that is a journal. */
static const char *
name_of(const char *path, const struct stat *status)
{
    struct stat target;

    if (S_ISLNK(status->st_mode) && stat(path, &target) != 0)
        return "a link to nothing";
    if (is_journal(path))
        return NULL;
    return is_directory(path) ? "a directory that is not empty" : "a file";
}

bool
taken_find(struct taken *taken, const char *path)
{
    struct stat status;
    const char *name;

    if (!join(taken->what, path, ""))
        return false;
    taken->beside = lstat(taken->what, &status) != 0;
    if (taken->beside)
        return join(taken->what, path, ".partial") &&
               lstat(taken->what, &status) == 0;
    name = name_of(taken->what, &status);
    if (name != NULL)
        snprintf(taken->what, sizeof(taken->what), "%s", name);
    return name != NULL;
}
