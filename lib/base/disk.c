/* disk.c - what the system has no single call for, of files, directories. */
#define _GNU_SOURCE 1 /* O_PATH */

#include "base/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

int
jn_disk_flush_directory(const char *directory)
{
    int file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;

    if (file < 0)
        return errno;
    /* Some file systems have no such call, and do it by themselves. */
    if (fsync(file) != 0 && errno != EINVAL)
        rc = errno;
    close(file);
    return rc;
}

int
jn_disk_read_anew(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    int rc = 0;

    if (file < 0)
        return errno;
    /* What is still to be written the system would not let go of. */
    if (fdatasync(file) != 0)
        rc = errno;
    if (rc == 0)
        rc = posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
    return rc;
}

int
jn_disk_flush_names(const char *directory)
{
    char parent[PATH_MAX + sizeof("/..")];
    int rc = jn_disk_flush_directory(directory);

    if (rc != 0)
        return rc;
    (void)snprintf(parent, sizeof(parent), "%s/..", directory);
    rc = jn_disk_flush_directory(parent);
    return rc == EACCES ? 0 : rc;
}

void
jn_disk_give(int file, const struct stat *like)
{
    struct stat status;

    if (fstat(file, &status) != 0)
        return;
    if (status.st_gid != like->st_gid &&
        fchown(file, (uid_t)-1, like->st_gid) != 0)
        return;
    if (status.st_uid != like->st_uid)
        (void)!fchown(file, like->st_uid, (gid_t)-1);
}

int
jn_disk_create_beside(const char *path, const char *data, mode_t mode,
                      int *file)
{
    struct stat like;
    bool has_data = stat(data, &like) == 0;

    *file = -1;
    if (!has_data && errno != ENOENT)
        return errno;
    if (has_data && (like.st_mode & S_IWUSR) != 0)
        mode = like.st_mode & 0777u;
    *file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                 mode);
    if (*file < 0 || fchmod(*file, mode) != 0)
        return errno;
    if (has_data)
        jn_disk_give(*file, &like);
    return 0;
}

bool
jn_disk_allows(uint64_t size)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_FSIZE, &limit) != 0 ||
           limit.rlim_cur == RLIM_INFINITY || size <= limit.rlim_cur;
}

int
jn_disk_take_standard(void)
{
    int file;

    do
        file = open("/", O_PATH | O_CLOEXEC);
    while (file >= 0 && file <= STDERR_FILENO);
    if (file < 0)
        return errno;
    close(file);
    return 0;
}
