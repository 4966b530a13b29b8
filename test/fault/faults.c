/* faults.c - system calls that fail when they are told to. */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Shared by the process and its children. */
static struct orders {
    atomic_int classes;
    atomic_uint calls;
    atomic_bool hit;
    unsigned n;
    int error;
    enum fault_effect effect;
    bool for_ever;
    char directory[PATH_MAX];
} * orders;

static void
give(const char *directory, int classes, unsigned n, int error,
     enum fault_effect effect, bool for_ever)
{
    if (orders == NULL) {
        orders = mmap(NULL, sizeof(*orders), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (orders == MAP_FAILED)
            abort();
    }
    atomic_store(&orders->classes, FAULT_NONE);
    atomic_store(&orders->calls, 0);
    atomic_store(&orders->hit, false);
    orders->n = n;
    orders->error = error;
    orders->effect = effect;
    orders->for_ever = for_ever;
    snprintf(orders->directory, sizeof(orders->directory), "%s", directory);
    atomic_store(&orders->classes, classes);
}

void
faults_arm(const char *directory, int classes, unsigned n, int error,
           enum fault_effect effect, bool for_ever)
{
    give(directory, classes, n, error, effect, for_ever);
}

void
faults_count(const char *directory, int classes)
{
    give(directory, classes, UINT_MAX, 0, FAULT_BEFORE, false);
}

unsigned
faults_disarm(void)
{
    atomic_store(&orders->classes, FAULT_NONE);
    return atomic_load(&orders->calls);
}

bool
faults_hit(void)
{
    return atomic_load(&orders->hit);
}

static bool
is_below(const char *path)
{
    size_t length = strlen(orders->directory);

    return strncmp(path, orders->directory, length) == 0;
}

static bool
file_is_below(int file)
{
    char link[64], path[PATH_MAX];
    ssize_t size;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
    size = readlink(link, path, sizeof(path) - 1);
    if (size <= 0)
        return false;
    path[size] = '\0';
    return is_below(path);
}

/* Counts a call; true if it is to fail. */
static bool
count(enum fault_class class, int file, const char *path)
{
    unsigned call;

    if (orders == NULL || (atomic_load(&orders->classes) & (int)class) == 0)
        return false;
    if (path != NULL ? !is_below(path) : !file_is_below(file))
        return false;
    call = atomic_fetch_add(&orders->calls, 1) + 1;
    if (call != orders->n && !(orders->for_ever && call > orders->n))
        return false;
    if (orders->effect == FAULT_KILL)
        (void)raise(SIGKILL);
    atomic_store(&orders->hit, true);
    return true;
}

/* Does the call or not, as ordered, and fails. */
#define FAIL(call)                                                             \
    do {                                                                       \
        if (orders->effect == FAULT_AFTER)                                     \
            (void)!(call);                                                     \
        errno = orders->error;                                                 \
        return -1;                                                             \
    } while (0)

#define REALLY_PWRITE(size) syscall(SYS_pwrite64, file, data, size, offset)
#define REALLY_WRITE(size) syscall(SYS_write, file, data, size)

ssize_t
pwrite(int file, const void *data, size_t size, off_t offset)
{
    if (count(FAULT_WRITE, file, NULL)) {
        if (orders->effect == FAULT_SHORT)
            return REALLY_PWRITE(size / 2);
        FAIL(REALLY_PWRITE(size));
    }
    return REALLY_PWRITE(size);
}

ssize_t
write(int file, const void *data, size_t size)
{
    if (count(FAULT_WRITE, file, NULL)) {
        if (orders->effect == FAULT_SHORT)
            return REALLY_WRITE(size / 2);
        FAIL(REALLY_WRITE(size));
    }
    return REALLY_WRITE(size);
}

ssize_t
writev(int file, const struct iovec *parts, int number)
{
    if (count(FAULT_WRITE, file, NULL)) {
        if (orders->effect == FAULT_SHORT)
            return syscall(SYS_writev, file, parts, (number + 1) / 2);
        FAIL(syscall(SYS_writev, file, parts, number));
    }
    return syscall(SYS_writev, file, parts, number);
}

int
fsync(int file)
{
    if (count(FAULT_SYNC, file, NULL))
        FAIL(syscall(SYS_fsync, file));
    return (int)syscall(SYS_fsync, file);
}

int
fdatasync(int file)
{
    if (count(FAULT_SYNC, file, NULL))
        FAIL(syscall(SYS_fdatasync, file));
    return (int)syscall(SYS_fdatasync, file);
}

int
ftruncate(int file, off_t size)
{
    if (count(FAULT_SPACE, file, NULL))
        FAIL(syscall(SYS_ftruncate, file, size));
    return (int)syscall(SYS_ftruncate, file, size);
}

int
fallocate(int file, int mode, off_t offset, off_t size)
{
    if (count(FAULT_SPACE, file, NULL))
        FAIL(syscall(SYS_fallocate, file, mode, offset, size));
    return (int)syscall(SYS_fallocate, file, mode, offset, size);
}

int
posix_fallocate(int file, off_t offset, off_t size)
{
    if (count(FAULT_SPACE, file, NULL))
        return orders->error;
    return syscall(SYS_fallocate, file, 0, offset, size) == 0 ? 0 : errno;
}

int
open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list rest;

    if ((flags & O_CREAT) != 0) {
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    if (count(FAULT_OPEN, -1, path))
        FAIL(-1);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int
rename(const char *from, const char *to)
{
    if (count(FAULT_NAME, -1, from))
        FAIL(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
unlink(const char *path)
{
    if (count(FAULT_NAME, -1, path))
        FAIL(syscall(SYS_unlinkat, AT_FDCWD, path, 0));
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
