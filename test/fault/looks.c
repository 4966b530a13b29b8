/* looks.c - the calls that open, lock, map, read and look, which may fail. */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inside.h"

/* The C library's own, for what is more than a call of the system. */
#define LIBRARY(result, name, ...)                                             \
    static result (*name)(__VA_ARGS__);                                        \
    if ((name) == NULL)                                                        \
    *(void **)&(name) = dlsym(RTLD_NEXT, &#name[5])

/* ---- files -------------------------------------------------------------- */

/* What is opened and said not to be is closed again: nobody else could. */
static int
open_and_deny(const char *path, int flags, mode_t mode)
{
    long file = syscall(SYS_openat, AT_FDCWD, path, flags, mode);

    if (file >= 0)
        syscall(SYS_close, file);
    return -1;
}

int
open(const char *path, int flags, ...)
{
    enum verdict verdict = fault_of_path(FAULT_OPEN, SITE, path);
    mode_t mode = 0;
    va_list rest;

    if ((flags & O_CREAT) != 0) {
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    if (verdict == VERDICT_DENIED)
        ANSWER(verdict, open_and_deny(path, flags, mode));
    ANSWER(verdict, (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

/* Also one that fails has closed it. */
int
close(int file)
{
    enum verdict verdict = fault_of_file(FAULT_CLOSE, SITE, file);

    if (verdict == VERDICT_REFUSED)
        verdict = VERDICT_DENIED;
    ANSWER(verdict, (int)syscall(SYS_close, file));
}

int
fcntl(int file, int command, ...)
{
    va_list rest;
    long argument;

    va_start(rest, command);
    argument = va_arg(rest, long);
    va_end(rest);
    ANSWER(fault_of_file(FAULT_LOCK, SITE, file),
           (int)syscall(SYS_fcntl, file, command, argument));
}

int
flock(int file, int operation)
{
    ANSWER(fault_of_file(FAULT_LOCK, SITE, file),
           (int)syscall(SYS_flock, file, operation));
}

/* To say that it was not mapped when it was would be a leak of ours. */
NO_THREAD_SANITIZER void *
mmap(void *address, size_t size, int protection, int flags, int file,
     off_t offset)
{
    enum verdict verdict = VERDICT_GO;

    if (fault_was_ordered())
        verdict = file < 0 ? fault_of_any(FAULT_MAP, SITE)
                           : fault_of_file(FAULT_MAP, SITE, file);
    if (verdict != VERDICT_GO) {
        errno = fault_error();
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, address, size, protection, flags, file,
                           offset);
}

ssize_t
pread(int file, void *data, size_t size, off_t offset)
{
    enum verdict verdict = fault_of_file(FAULT_READ, SITE, file);

    if (verdict == VERDICT_HALF)
        size /= 2;
    ANSWER(verdict, syscall(SYS_pread64, file, data, size, offset));
}

off_t
lseek(int file, off_t offset, int whence)
{
    ANSWER(fault_of_file(FAULT_LOOK, SITE, file),
           syscall(SYS_lseek, file, offset, whence));
}

/* ---- what there is ------------------------------------------------------ */

int
stat(const char *path, struct stat *status)
{
    ANSWER(fault_of_path(FAULT_LOOK, SITE, path),
           (int)syscall(SYS_newfstatat, AT_FDCWD, path, status, 0));
}

int
lstat(const char *path, struct stat *status)
{
    ANSWER(fault_of_path(FAULT_LOOK, SITE, path),
           (int)syscall(SYS_newfstatat, AT_FDCWD, path, status,
                        AT_SYMLINK_NOFOLLOW));
}

int
fstat(int file, struct stat *status)
{
    ANSWER(fault_of_file(FAULT_LOOK, SITE, file),
           (int)syscall(SYS_fstat, file, status));
}

/* The name by which programs compiled long ago know fstat(). */
int __fxstat(int version, int file, struct stat *status);

int
__fxstat(int version, int file, struct stat *status)
{
    (void)version;
    ANSWER(fault_of_file(FAULT_LOOK, SITE, file),
           (int)syscall(SYS_fstat, file, status));
}

int
access(const char *path, int mode)
{
    ANSWER(fault_of_path(FAULT_LOOK, SITE, path),
           (int)syscall(SYS_faccessat, AT_FDCWD, path, mode));
}

int
statfs(const char *path, struct statfs *figures)
{
    ANSWER(fault_of_path(FAULT_LOOK, SITE, path),
           (int)syscall(SYS_statfs, path, figures));
}

int
fstatfs(int file, struct statfs *figures)
{
    ANSWER(fault_of_file(FAULT_LOOK, SITE, file),
           (int)syscall(SYS_fstatfs, file, figures));
}

int
fstatvfs(int file, struct statvfs *figures)
{
    LIBRARY(int, real_fstatvfs, int, struct statvfs *);
    ANSWER(fault_of_file(FAULT_LOOK, SITE, file), real_fstatvfs(file, figures));
}

static int
draw(void *data, size_t size)
{
    return syscall(SYS_getrandom, data, size, 0) == (long)size ? 0 : -1;
}

int
getentropy(void *data, size_t size)
{
    ANSWER(fault_of_any(FAULT_LOOK, SITE), draw(data, size));
}

/* ---- directories -------------------------------------------------------- */

char *
realpath(const char *path, char *resolved)
{
    LIBRARY(char *, real_realpath, const char *, char *);
    if (fault_of_path(FAULT_LOOK, SITE, path) == VERDICT_GO)
        return real_realpath(path, resolved);
    errno = fault_error();
    return NULL;
}

DIR *
opendir(const char *path)
{
    LIBRARY(DIR *, real_opendir, const char *);
    if (fault_of_path(FAULT_LOOK, SITE, path) == VERDICT_GO)
        return real_opendir(path);
    errno = fault_error();
    return NULL;
}

struct dirent *
readdir(DIR *directory)
{
    LIBRARY(struct dirent *, real_readdir, DIR *);
    if (fault_of_file(FAULT_LOOK, SITE, dirfd(directory)) == VERDICT_GO)
        return real_readdir(directory);
    errno = fault_error();
    return NULL;
}
