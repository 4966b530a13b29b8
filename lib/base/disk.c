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
