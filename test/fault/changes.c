/* changes.c - the calls that change files, which may fail. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "inside.h"

/* ---- data --------------------------------------------------------------- */

ssize_t
pwrite(int file, const void *data, size_t size, off_t offset)
{
    enum verdict verdict = fault_of_file(FAULT_WRITE, SITE, file);

    if (verdict == VERDICT_HALF)
        size /= 2;
    ANSWER(verdict, syscall(SYS_pwrite64, file, data, size, offset));
}

ssize_t
write(int file, const void *data, size_t size)
{
    enum verdict verdict = fault_of_file(FAULT_WRITE, SITE, file);

    if (verdict == VERDICT_HALF)
        size /= 2;
    ANSWER(verdict, syscall(SYS_write, file, data, size));
}

ssize_t
writev(int file, const struct iovec *parts, int number)
{
    enum verdict verdict = fault_of_file(FAULT_WRITE, SITE, file);

    if (verdict == VERDICT_HALF)
        number = (number + 1) / 2;
    ANSWER(verdict, syscall(SYS_writev, file, parts, number));
}

int
fsync(int file)
{
    ANSWER(fault_of_file(FAULT_SYNC, SITE, file),
           (int)syscall(SYS_fsync, file));
}

int
fdatasync(int file)
{
    ANSWER(fault_of_file(FAULT_SYNC, SITE, file),
           (int)syscall(SYS_fdatasync, file));
}

int
msync(void *address, size_t size, int flags)
{
    ANSWER(fault_of_any(FAULT_MSYNC, SITE),
           (int)syscall(SYS_msync, address, size, flags));
}

/* ---- room --------------------------------------------------------------- */

int
ftruncate(int file, off_t size)
{
    ANSWER(fault_of_file(FAULT_SPACE, SITE, file),
           (int)syscall(SYS_ftruncate, file, size));
}

int
truncate(const char *path, off_t size)
{
    ANSWER(fault_of_path(FAULT_SPACE, SITE, path),
           (int)syscall(SYS_truncate, path, size));
}

int
fallocate(int file, int mode, off_t offset, off_t size)
{
    ANSWER(fault_of_file(FAULT_SPACE, SITE, file),
           (int)syscall(SYS_fallocate, file, mode, offset, size));
}

static int
allocate(int file, off_t offset, off_t size, enum verdict verdict)
{
    ANSWER(verdict, (int)syscall(SYS_fallocate, file, 0, offset, size));
}

int
posix_fallocate(int file, off_t offset, off_t size)
{
    enum verdict verdict = fault_of_file(FAULT_SPACE, SITE, file);

    return allocate(file, offset, size, verdict) == 0 ? 0 : errno;
}

/* ---- names -------------------------------------------------------------- */

int
rename(const char *from, const char *to)
{
    ANSWER(fault_of_path(FAULT_NAME, SITE, from),
           (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int
renameat2(int from_directory, const char *from, int to_directory,
          const char *to, unsigned flags)
{
    ANSWER(fault_of_path(FAULT_NAME, SITE, from),
           (int)syscall(SYS_renameat2, from_directory, from, to_directory, to,
                        flags));
}

int
unlink(const char *path)
{
    ANSWER(fault_of_path(FAULT_NAME, SITE, path),
           (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

int
rmdir(const char *path)
{
    ANSWER(fault_of_path(FAULT_NAME, SITE, path),
           (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR));
}

int
mkdir(const char *path, mode_t mode)
{
    ANSWER(fault_of_path(FAULT_NAME, SITE, path),
           (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

int
chmod(const char *path, mode_t mode)
{
    ANSWER(fault_of_path(FAULT_NAME, SITE, path),
           (int)syscall(SYS_fchmodat, AT_FDCWD, path, mode));
}

int
fchmod(int file, mode_t mode)
{
    ANSWER(fault_of_file(FAULT_NAME, SITE, file),
           (int)syscall(SYS_fchmod, file, mode));
}

int
fchown(int file, uid_t owner, gid_t group)
{
    ANSWER(fault_of_file(FAULT_NAME, SITE, file),
           (int)syscall(SYS_fchown, file, owner, group));
}
