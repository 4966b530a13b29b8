/* target.c - a place where a journal is to appear: whole, or not at all. */
#define _GNU_SOURCE 1 /* renameat2() */

#include "journal/target.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/create.h"
#include "base/disk.h"
#include "base/error.h"
#include "base/path.h"
#include "journal/inspect.h"
#include "store/store.h"

#define PARTIAL ".partial"
#define OPEN_TRIES 100u

/* ---- paths --------------------------------------------------------------- */

/* DIRECTORY and NAME, or ENAMETOOLONG. */
static int
join(char out[PATH_MAX], const char *directory, const char *name)
{
    const char *slash = strcmp(directory, "/") == 0 ? "" : "/";
    int size = snprintf(out, PATH_MAX, "%s%s%s", directory, slash, name);

    return size >= 0 && size < PATH_MAX ? 0 : ENAMETOOLONG;
}

bool
jn_target_is_within(const char *from, const char *to)
{
    char path[PATH_MAX], *slash;
    struct stat outer, at, above;

    if (strlen(to) >= sizeof(path) || stat(from, &outer) != 0)
        return false;
    memcpy(path, to, strlen(to) + 1);
    while (stat(path, &at) != 0) {
        slash = strrchr(path, '/');
        if (slash == NULL)
            memcpy(path, ".", 2);
        else if (slash == path)
            slash[1] = '\0';
        else
            *slash = '\0';
        if (slash == NULL && stat(path, &at) != 0)
            return false;
    }
    for (;;) {
        size_t size = strlen(path);

        if (at.st_dev == outer.st_dev && at.st_ino == outer.st_ino)
            return true;
        if (size + sizeof("/..") > sizeof(path))
            return false;
        memcpy(path + size, "/..", sizeof("/.."));
        if (stat(path, &above) != 0 ||
            (above.st_dev == at.st_dev && above.st_ino == at.st_ino))
            return false;
        at = above;
    }
}

/* Where PATH, at which there is nothing, leads to; its parent is there. */
static int
find_absent(struct jn_target *target, const char *path)
{
    char copy[PATH_MAX], real[PATH_MAX], *name;
    size_t size = strlen(path);
    int rc;

    while (size > 1 && path[size - 1] == '/')
        size--;
    if (size >= sizeof(copy))
        return ENAMETOOLONG;
    memcpy(copy, path, size);
    copy[size] = '\0';
    name = strrchr(copy, '/');
    if (name != NULL)
        *name++ = '\0';
    if (realpath(name == NULL ? "." : (*copy == '\0' ? "/" : copy), real) ==
        NULL)
        return errno;
    rc = join(target->path, real, name == NULL ? copy : name);
    if (rc == 0 && strlen(target->path) + sizeof(PARTIAL) > PATH_MAX)
        rc = ENAMETOOLONG;
    if (rc == 0)
        (void)snprintf(target->base, PATH_MAX, "%.*s%s",
                       (int)(PATH_MAX - sizeof(PARTIAL)), target->path,
                       PARTIAL);
    return rc;
}

/* The directory that is there, or else the one beside it. */
static int
find(struct jn_target *target, const char *path)
{
    struct stat status;

    target->made = false;
    if (stat(path, &status) == 0) {
        if (!S_ISDIR(status.st_mode))
            return JOURNAL_EXISTS;
        if (realpath(path, target->path) == NULL)
            return errno;
        memcpy(target->base, target->path, PATH_MAX);
        return 0;
    }
    if (errno != ENOENT)
        return errno;
    /* A link to nothing is something. */
    if (lstat(path, &status) == 0)
        return JOURNAL_EXISTS;
    target->made = true;
    return find_absent(target, path);
}

/* ---- what is there already ----------------------------------------------- */

/* What may lie where a data file is made; the last one before it has a name. */
static const char *const work_names[] = {JN_STORE_FILE, JN_STORE_LOCK_FILE,
                                         JN_NEW_FILE};
#define WORK_NAMES (sizeof(work_names) / sizeof(work_names[0]))

static const char *const base_names[] = {JN_TARGET_WORK};

static bool
is_one_of(const char *name, const char *const *names, size_t count)
{
    size_t i = 0;

    while (i < count && strcmp(name, names[i]) != 0)
        i++;
    return i < count || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* JOURNAL_EXISTS if there is anything in DIRECTORY but COUNT of NAMES. */
static int
check_names(const char *directory, const char *const *names, size_t count)
{
    struct dirent *entry;
    DIR *stream = opendir(directory);
    int rc = 0;

    if (stream == NULL)
        return errno;
    while ((entry = readdir(stream)) != NULL) {
        if (!is_one_of(entry->d_name, names, count))
            rc = JOURNAL_EXISTS;
    }
    closedir(stream);
    return rc;
}

/* What an attempt of ours has left is a directory of ours, and no link. */
static int
check_left(const char *path)
{
    struct stat status;

    if (lstat(path, &status) != 0)
        return errno;
    return S_ISDIR(status.st_mode) && status.st_uid == geteuid()
               ? 0
               : JOURNAL_EXISTS;
}

static int
make_base(struct jn_target *target, mode_t mode)
{
    int rc = target->made ? jn_create_directory(target->base, mode) : 0;

    target->new_base = target->made && rc == 0;
    if (rc == JOURNAL_EXISTS)
        rc = check_left(target->base);
    if (rc == 0)
        rc = check_names(target->base, base_names, 1);
    return rc;
}

static void
remove_in(const char *directory, const char *name)
{
    char path[PATH_MAX];

    if (join(path, directory, name) == 0)
        unlink(path);
}

static void
empty_work(const struct jn_target *target)
{
    for (size_t i = 0; i < WORK_NAMES; i++)
        remove_in(target->work, work_names[i]);
}

void
jn_target_sweep(const char *directory)
{
    struct jn_target target;
    struct stat status;

    if (join(target.work, directory, JN_TARGET_WORK) == 0 &&
        lstat(target.work, &status) == 0 && S_ISDIR(status.st_mode))
        empty_work(&target);
}

int
jn_target_check_removal(const char *directory, const char *name)
{
    struct jn_path path = jn_path_in(directory, name);
    bool is_work = strcmp(name, JN_TARGET_WORK) == 0;
    struct stat status;
    int rc;

    if (lstat(path.text, &status) != 0)
        return errno == ENOENT ? 0 : errno;
    if (!S_ISDIR(status.st_mode))
        return 0;
    rc = check_names(path.text, work_names, is_work ? WORK_NAMES : 0);
    return rc == JOURNAL_EXISTS ? ENOTEMPTY : rc;
}

/*
 * Nobody else is at work here.  Not every file system has such locks; then two
 * who are will get in each other's way, and none of them to an end.
 */
static int
take_lock(struct jn_target *target)
{
    struct stat ours, theirs;

    target->lock = open(target->work,
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target->lock < 0)
        return errno;
    if (flock(target->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return JOURNAL_BUSY;
    /* Whoever had it may have come to an end meanwhile. */
    if (fstat(target->lock, &ours) != 0 || lstat(target->work, &theirs) != 0 ||
        ours.st_ino != theirs.st_ino)
        return EAGAIN;
    return 0;
}

static int
make_work(struct jn_target *target)
{
    int rc = join(target->work, target->base, JN_TARGET_WORK);

    if (rc != 0)
        return rc;
    target->new_work = mkdir(target->work, 0700) == 0;
    if (!target->new_work && errno != EEXIST)
        return errno;
    rc = take_lock(target);
    if (rc == 0)
        rc = check_names(target->work, work_names, WORK_NAMES);
    if (rc == 0)
        empty_work(target);
    return rc == ENOTDIR ? JOURNAL_EXISTS : rc;
}

/* What is not empty is not removed, and so what somebody is at work in. */
static void
give_up(struct jn_target *target)
{
    if (target->new_work)
        (void)rmdir(target->work);
    if (target->new_base)
        (void)rmdir(target->base);
    if (target->lock >= 0)
        close(target->lock);
    target->lock = -1;
    target->new_work = target->new_base = false;
}

/* EAGAIN: what was there has gone meanwhile. */
static int
try_open(struct jn_target *target, mode_t mode)
{
    /* Whoever makes it has to work in it, though a copy be for reading only. */
    mode_t mode_of_base = mode | S_IRWXU;
    int rc = make_base(target, mode_of_base);

    if (rc == 0)
        rc = make_work(target);
    /* By now nobody else is at work there, for a journal of another mode. */
    if (rc == 0 && target->made && !target->new_base)
        rc = jn_create_directory_mode(target->base, mode_of_base);
    return rc == ENOENT ? EAGAIN : rc;
}

int
jn_target_open(struct jn_target *target, const char *path, mode_t mode)
{
    int rc;

    memset(target, 0, sizeof(*target));
    target->lock = -1;
    rc = jn_disk_take_standard();
    if (rc != 0)
        return rc;
    rc = EAGAIN;
    for (unsigned i = 0; i < OPEN_TRIES && rc == EAGAIN; i++) {
        rc = find(target, path);
        if (rc == 0)
            rc = try_open(target, mode);
        if (rc == EAGAIN || rc == JOURNAL_BUSY)
            target->new_work = false; /* it is somebody else's by now */
        if (rc != 0)
            give_up(target);
    }
    return jn_error_from_errno(rc);
}

/* ---- the end ------------------------------------------------------------- */

/* Gives FROM the name TO, unless there is something of that name. */
static int
rename_to_new(const char *from, const char *to)
{
    struct stat status;
    int rc = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0
                 ? 0
                 : errno;

    if (rc != EINVAL && rc != ENOSYS)
        return rc;
    /* This file system cannot; there is a moment in which it goes wrong. */
    if (lstat(to, &status) == 0)
        return EEXIST;
    return rename(from, to) == 0 ? 0 : errno;
}

/* Gives the directory its name. */
static int
rename_base(struct jn_target *target)
{
    int rc;

    if (!target->made)
        return 0;
    rc = rename_to_new(target->base, target->path);
    if (rc != 0)
        return rc == EEXIST ? JOURNAL_EXISTS : rc;
    memcpy(target->base, target->path, PATH_MAX);
    return join(target->work, target->base, JN_TARGET_WORK);
}

/* Gives the data file its name: from now on there is a journal. */
static int
rename_data(const struct jn_target *target)
{
    char from[PATH_MAX], to[PATH_MAX];
    int rc = join(from, target->work, JN_STORE_FILE);

    if (rc == 0)
        rc = join(to, target->base, JN_STORE_FILE);
    if (rc == 0)
        rc = check_names(target->base, base_names, 1);
    if (rc == 0)
        rc = rename_to_new(from, to);
    return rc == EEXIST ? JOURNAL_EXISTS : rc;
}

/* The names that were given are there for good. */
static int
flush_names(const struct jn_target *target)
{
    char parent[PATH_MAX];
    int rc = join(parent, target->path, "..");

    if (rc == 0)
        rc = jn_disk_flush_directory(target->base);
    return rc == 0 ? jn_disk_flush_directory(parent) : rc;
}

/*
 * Gives NAME, as it is seen from the work directory.  In a directory of another
 * user it might be anything, also a link to a file of root's.
 */
static void
give(const struct jn_target *target, const char *name, const struct stat *like)
{
    struct stat work;
    int file;

    if (like == NULL || fstat(target->lock, &work) != 0 || work.st_uid != 0)
        return;
    file = openat(target->lock, name,
                  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return;
    jn_disk_give(file, like);
    close(file);
}

int
jn_target_finish(struct jn_target *target, const struct stat *like)
{
    int rc;

    give(target, JN_STORE_FILE, like);
    rc = rename_base(target);
    if (rc == 0)
        rc = rename_data(target);
    if (rc != 0)
        return jn_error_from_errno(rc);
    if (target->made)
        give(target, "..", like);
    empty_work(target);
    (void)rmdir(target->work);
    rc = flush_names(target);
    if (rc == 0)
        target->made = false;
    else
        remove_in(target->base, JN_STORE_FILE);
    return jn_error_from_errno(rc);
}

void
jn_target_close(struct jn_target *target)
{
    if (target->lock < 0)
        return;
    empty_work(target);
    (void)rmdir(target->work);
    if (target->made)
        (void)rmdir(target->base);
    close(target->lock);
    target->lock = -1;
}
