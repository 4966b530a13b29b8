/*
 * calls_status.c - the other calls of files, for those that lie in memory.
 *
 * They are not recorded, for they change nothing that a crash could leave or
 * not; but what is asked about an image's files is answered by memory.c.  All
 * else goes on to whoever else has these names: the C library, or a sanitizer.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "memory.h"

#define TMPFS 0x01021994

/* The next function of that NAME, into *FUNCTION, of which it is the type. */
#define NEXT(name, function)                                                   \
    do {                                                                       \
        if ((function) == NULL)                                                \
            *(void **)(void *)&(function) = dlsym(RTLD_NEXT, name);            \
        if ((function) == NULL)                                                \
            abort();                                                           \
    } while (0)

/* ---- what is there ------------------------------------------------------ */

int
stat(const char *restrict path, struct stat *restrict status)
{
    static int (*next)(const char *, struct stat *);

    if (memory_has_path(path))
        return memory_stat(path, status);
    NEXT("stat", next);
    return next(path, status);
}

int
lstat(const char *restrict path, struct stat *restrict status)
{
    static int (*next)(const char *, struct stat *);

    if (memory_has_path(path))
        return memory_stat(path, status);
    NEXT("lstat", next);
    return next(path, status);
}

int
fstat(int fd, struct stat *status)
{
    static int (*next)(int, struct stat *);

    if (memory_has_fd(fd))
        return memory_fstat(fd, status);
    NEXT("fstat", next);
    return next(fd, status);
}

/* There is nothing between an image and its disk. */
int
posix_fadvise(int fd, off_t offset, off_t size, int advice)
{
    static int (*next)(int, off_t, off_t, int);

    if (memory_has_fd(fd))
        return 0;
    NEXT("posix_fadvise", next);
    return next(fd, offset, size, advice);
}

/* By this name a library knows it that was built with an older one. */
int __fxstat(int version, int fd, struct stat *status);

int
__fxstat(int version, int fd, struct stat *status)
{
    (void)version;
    return fstat(fd, status);
}

int
access(const char *path, int mode)
{
    static int (*next)(const char *, int);
    struct stat status;

    if (memory_has_path(path))
        return memory_stat(path, &status);
    NEXT("access", next);
    return next(path, mode);
}

/* Of the kind that the real images would lie on, with room enough. */
static int
describe(struct statfs *status)
{
    memset(status, 0, sizeof(*status));
    status->f_type = TMPFS;
    status->f_bsize = 4096;
    status->f_blocks = status->f_bfree = status->f_bavail = 1 << 20;
    return 0;
}

int
statfs(const char *path, struct statfs *status)
{
    static int (*next)(const char *, struct statfs *);

    if (memory_has_path(path))
        return describe(status);
    NEXT("statfs", next);
    return next(path, status);
}

int
fstatfs(int fd, struct statfs *status)
{
    static int (*next)(int, struct statfs *);

    if (memory_has_fd(fd))
        return describe(status);
    NEXT("fstatfs", next);
    return next(fd, status);
}

int
fstatvfs(int fd, struct statvfs *status)
{
    static int (*next)(int, struct statvfs *);

    if (!memory_has_fd(fd)) {
        NEXT("fstatvfs", next);
        return next(fd, status);
    }
    memset(status, 0, sizeof(*status));
    status->f_bsize = status->f_frsize = 4096;
    status->f_blocks = status->f_bfree = status->f_bavail = 1 << 20;
    return 0;
}

char *
realpath(const char *restrict path, char *restrict resolved)
{
    static char *(*next)(const char *, char *);
    struct stat status;

    if (!memory_has_path(path)) {
        NEXT("realpath", next);
        return next(path, resolved);
    }
    if (resolved == NULL)
        abort();
    if (memory_stat(path, &status) != 0)
        return NULL;
    memcpy(resolved, path, strlen(path) + 1);
    return resolved;
}

/* ---- directories -------------------------------------------------------- */

DIR *
opendir(const char *path)
{
    static DIR *(*next)(const char *);

    if (memory_has_path(path))
        return memory_opendir(path);
    NEXT("opendir", next);
    return next(path);
}

struct dirent *
readdir(DIR *stream)
{
    static struct dirent *(*next)(DIR *);

    if (memory_has_stream(stream))
        return memory_readdir();
    NEXT("readdir", next);
    return next(stream);
}

int
closedir(DIR *stream)
{
    static int (*next)(DIR *);

    if (memory_has_stream(stream)) {
        memory_closedir();
        return 0;
    }
    NEXT("closedir", next);
    return next(stream);
}

int
rmdir(const char *path)
{
    static int (*next)(const char *);

    if (memory_has_path(path))
        return memory_rmdir(path);
    NEXT("rmdir", next);
    return next(path);
}

/* ---- modes, locks ------------------------------------------------------- */

int
chmod(const char *path, mode_t mode)
{
    static int (*next)(const char *, mode_t);

    if (memory_has_path(path))
        return 0;
    NEXT("chmod", next);
    return next(path, mode);
}

int
fchmod(int fd, mode_t mode)
{
    static int (*next)(int, mode_t);

    if (memory_has_fd(fd))
        return 0;
    NEXT("fchmod", next);
    return next(fd, mode);
}

int
fchown(int fd, uid_t owner, gid_t group)
{
    static int (*next)(int, uid_t, gid_t);

    if (memory_has_fd(fd))
        return 0;
    NEXT("fchown", next);
    return next(fd, owner, group);
}

/* Nobody else is there, so every lock is free. */
int
fcntl(int fd, int command, ...)
{
    static int (*next)(int, int, ...);
    void *argument;
    va_list rest;

    va_start(rest, command);
    argument = va_arg(rest, void *);
    va_end(rest);
    if (!memory_has_fd(fd)) {
        NEXT("fcntl", next);
        return next(fd, command, argument);
    }
    if (command == F_GETLK || command == F_OFD_GETLK)
        ((struct flock *)argument)->l_type = F_UNLCK;
    return command == F_GETFD ? FD_CLOEXEC : 0;
}

/* ---- offsets, mappings -------------------------------------------------- */

off_t
lseek(int fd, off_t offset, int whence)
{
    static off_t (*next)(int, off_t, int);

    if (memory_has_fd(fd))
        return memory_lseek(fd, offset, whence);
    NEXT("lseek", next);
    return next(fd, offset, whence);
}

ssize_t
pread(int fd, void *data, size_t size, off_t offset)
{
    static ssize_t (*next)(int, void *, size_t, off_t);

    if (memory_has_fd(fd))
        return memory_pread(fd, data, size, (uint64_t)offset);
    NEXT("pread", next);
    return next(fd, data, size, offset);
}

/* A sanitizer for threads calls these two before it is ready to be called. */
NO_THREAD_SANITIZER void *
mmap(void *address, size_t size, int protection, int flags, int fd,
     off_t offset)
{
    if (memory_has_fd(fd))
        return memory_mmap(fd, (uint64_t)offset);
    return (void *)syscall(SYS_mmap, address, size, protection, flags, fd,
                           offset);
}

NO_THREAD_SANITIZER int
munmap(void *address, size_t size)
{
    if (memory_has_address(address))
        return 0;
    return (int)syscall(SYS_munmap, address, size);
}

int
madvise(void *address, size_t size, int advice)
{
    static int (*next)(void *, size_t, int);

    if (memory_has_address(address))
        return 0;
    NEXT("madvise", next);
    return next(address, size, advice);
}
