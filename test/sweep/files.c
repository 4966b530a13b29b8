/* files.c - directories of journals, and what a process has open. */
#include "files.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES 4u

static const char *const names[NAMES] = {"data.mdb", "lock.mdb", "journal.lock",
                                         "tail"};

/* Calls BACK for each name in DIRECTORY. */
static bool
for_each(const char *directory,
         bool (*back)(const char *directory, const char *name))
{
    DIR *open = opendir(directory);
    const struct dirent *entry;
    bool good = true;

    while (open != NULL && (entry = readdir(open)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            good &= back(directory, entry->d_name);
    if (open != NULL)
        (void)closedir(open);
    return good;
}

static char unknown[256];

/* Keeps NAME in mind unless it is KNOWN. */
static bool
note(bool known, const char *name)
{
    if (!known)
        (void)snprintf(unknown, sizeof(unknown), "%s", name);
    return known;
}

const char *
files_unknown(void)
{
    return unknown;
}

static bool
is_known(const char *directory, const char *name)
{
    unsigned i = 0;

    (void)directory;
    while (i < NAMES && strcmp(names[i], name) != 0)
        i++;
    return note(i < NAMES, name);
}

static bool
is_home(const char *directory, const char *name)
{
    (void)directory;
    return note(strcmp(name, "home") == 0 || strcmp(name, FILES_COPY) == 0,
                name);
}

static bool
remove_one(const char *directory, const char *name)
{
    char path[2 * PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (unlink(path) != 0)
        files_remove(path);
    return true;
}

static const char *
home_of(const char *directory)
{
    static char home[PATH_MAX + 16];

    (void)snprintf(home, sizeof(home), "%s/home", directory);
    return home;
}

void
files_make(const char *directory)
{
    files_remove(directory);
    if (mkdir(directory, 0700) != 0)
        abort();
}

static bool
is_nothing(const char *directory, const char *name)
{
    (void)directory;
    (void)name;
    return false;
}

bool
files_left(const char *directory)
{
    return !for_each(directory, is_nothing);
}

void
files_remove(const char *directory)
{
    (void)for_each(directory, remove_one);
    (void)rmdir(directory);
}

static void
copy_one(const char *from, const char *to, const char *name)
{
    char source[PATH_MAX + 64], target[PATH_MAX + 64];
    struct stat status;
    off_t at = 0;
    int in, out;

    (void)snprintf(source, sizeof(source), "%s/home/%s", from, name);
    (void)snprintf(target, sizeof(target), "%s/home/%s", to, name);
    in = open(source, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return;
    out = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0 || fstat(in, &status) != 0)
        abort();
    while (at < status.st_size)
        if (sendfile(out, in, &at, (size_t)(status.st_size - at)) <= 0)
            abort();
    (void)close(in);
    (void)close(out);
}

void
files_copy(const char *from, const char *to)
{
    files_make(to);
    if (access(home_of(from), F_OK) != 0)
        return;
    if (mkdir(home_of(to), 0700) != 0)
        abort();
    for (unsigned i = 0; i < NAMES; i++)
        copy_one(from, to, names[i]);
}

bool
files_journal(const char *directory)
{
    char path[PATH_MAX + 64];

    (void)snprintf(path, sizeof(path), "%s/%s", home_of(directory), names[0]);
    return access(path, F_OK) == 0;
}

const char *
files_set_aside(const char *directory)
{
    static char aside[PATH_MAX + 8];
    char copy[PATH_MAX + 8];

    (void)snprintf(copy, sizeof(copy), "%s/" FILES_COPY, directory);
    (void)snprintf(aside, sizeof(aside), "%s/aside", directory);
    if (access(copy, F_OK) != 0)
        return NULL;
    files_make(aside);
    return rename(copy, home_of(aside)) == 0 ? aside : NULL;
}

bool
files_are_known(const char *directory, bool home)
{
    if (access(home_of(directory), F_OK) != 0)
        return !home;
    return for_each(directory, is_home) &&
           for_each(home_of(directory), is_known);
}

/* Without memory: it is being counted. */
int
files_open(void)
{
    int count = 0;

    for (int file = 0; file < 256; file++)
        count += fcntl(file, F_GETFD) >= 0;
    return count;
}

int
files_mapped(const char *directory)
{
    static char line[PATH_MAX + 100];
    FILE *maps = fopen("/proc/self/maps", "re");
    int count = 0;

    if (maps == NULL)
        abort();
    while (fgets(line, sizeof(line), maps) != NULL)
        count += strstr(line, directory) != NULL;
    (void)fclose(maps);
    return count;
}
