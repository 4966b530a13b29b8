/*
 * calls.c - the system calls that a recorder follows.
 *
 * The program's own functions stand before the C library's, so that LMDB and
 * the journal, linked in either way, call these.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "memory.h"
#include "recorded.h"

/* Of all but writes a part is nothing. */
static bool
fails_before(enum effect effect)
{
    return effect == EFFECT_NOTHING || effect == EFFECT_PART;
}

static int
outcome(enum effect effect, int rc)
{
    return effect == EFFECT_ALL ? recorder_failed() : rc;
}

/* ---- names -------------------------------------------------------------- */

int
open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    va_list rest;
    int fd;

    if ((flags & O_CREAT) != 0) {
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
    }
    if (memory_has_path(path))
        return memory_open(path, flags);
    fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    recorder_opened(fd, path, flags);
    return fd;
}

int
close(int fd)
{
    if (memory_has_fd(fd))
        return memory_close(fd);
    recorder_closed(fd);
    return (int)syscall(SYS_close, fd);
}

int
mkdir(const char *path, mode_t mode)
{
    int rc;

    if (memory_has_path(path))
        return memory_mkdir(path);
    rc = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (rc == 0)
        recorder_made_home(path);
    return rc;
}

int
rename(const char *from, const char *to)
{
    struct event event = {.kind = EVENT_RENAMED};
    struct recorded call;
    enum effect effect;
    int rc;

    if (memory_has_path(from))
        return memory_rename(from, to);
    call = recorder_enter_path(from);
    effect = recorder_fault(&call, CALL_RENAME);
    if (fails_before(effect)) {
        recorder_leave(&call);
        return recorder_failed();
    }
    if (call.trace != NULL)
        recorder_unlinked(&call, to);
    rc = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (call.trace != NULL && rc == 0) {
        event.name = recorder_name(&call, from);
        event.to = recorder_name(&call, to);
        trace_add(call.trace, &event);
    }
    recorder_leave(&call);
    return outcome(effect, rc);
}

int
unlink(const char *path)
{
    struct event event = {.kind = EVENT_REMOVED};
    struct recorded call;
    int rc;

    if (memory_has_path(path))
        return memory_unlink(path);
    call = recorder_enter_path(path);
    if (call.trace != NULL)
        recorder_unlinked(&call, path);
    rc = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (call.trace != NULL && rc == 0) {
        event.name = recorder_name(&call, path);
        trace_add(call.trace, &event);
    }
    recorder_leave(&call);
    return rc;
}

int
truncate(const char *path, off_t size)
{
    struct recorded call;
    enum effect effect;
    int rc;

    if (memory_has_path(path))
        return memory_truncate(path, (uint64_t)size);
    call = recorder_enter_path(path);
    effect = recorder_fault(&call, CALL_SIZE);
    if (fails_before(effect)) {
        recorder_leave(&call);
        return recorder_failed();
    }
    rc = (int)syscall(SYS_truncate, path, size);
    if (rc == 0)
        recorder_sized(&call, (uint64_t)size);
    recorder_leave(&call);
    return outcome(effect, rc);
}

/* ---- data --------------------------------------------------------------- */

static size_t
size_to_write(enum effect effect, size_t size)
{
    if (effect == EFFECT_NOTHING)
        return 0;
    return effect == EFFECT_PART ? size / 2 : size;
}

static ssize_t
written_by(enum effect effect, ssize_t written)
{
    bool says_so = effect == EFFECT_PART && written > 0;

    return effect == EFFECT_NO_FAULT || says_so ? written : recorder_failed();
}

ssize_t
pwrite(int fd, const void *data, size_t size, off_t offset)
{
    struct recorded call;
    enum effect effect;
    ssize_t written;

    if (memory_has_fd(fd))
        return memory_pwrite(fd, data, size, (uint64_t)offset);
    call = recorder_enter(fd);
    effect = recorder_fault(&call, CALL_WRITE);
    size = size_to_write(effect, size);
    written = size == 0 ? 0 : syscall(SYS_pwrite64, fd, data, size, offset);
    if (written > 0) {
        recorder_wrote(&call, (uint64_t)offset, data, (size_t)written);
        if (!recorder_wrote_all(&call, (uint64_t)offset, (size_t)written))
            written = recorder_failed();
    }
    recorder_leave(&call);
    return written_by(effect, written);
}

ssize_t
write(int fd, const void *data, size_t size)
{
    struct recorded call;
    enum effect effect;
    ssize_t written;

    if (memory_has_fd(fd))
        return memory_write(fd, data, size);
    call = recorder_enter(fd);
    effect = recorder_fault(&call, CALL_WRITE);
    size = size_to_write(effect, size);
    written = size == 0 ? 0 : syscall(SYS_write, fd, data, size);
    if (call.trace != NULL && written > 0) {
        uint64_t end = (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);

        recorder_wrote(&call, end - (size_t)written, data, (size_t)written);
        if (!recorder_wrote_all(&call, end - (size_t)written, (size_t)written))
            written = recorder_failed();
    }
    recorder_leave(&call);
    return written_by(effect, written);
}

/* The first WRITTEN bytes of the parts; returns what the call is to return. */
static ssize_t
record_parts(const struct recorded *call, const struct iovec *parts,
             uint64_t offset, size_t written)
{
    size_t left = written;
    uint64_t at = offset;

    for (; left > 0; parts++) {
        size_t size = parts->iov_len < left ? parts->iov_len : left;

        recorder_wrote(call, at, parts->iov_base, size);
        at += size;
        left -= size;
    }
    return recorder_wrote_all(call, offset, written) ? (ssize_t)written
                                                     : recorder_failed();
}

ssize_t
writev(int fd, const struct iovec *parts, int number)
{
    struct recorded call;
    enum effect effect;
    ssize_t written;

    if (memory_has_fd(fd))
        return memory_writev(fd, parts, number);
    call = recorder_enter(fd);
    effect = recorder_fault(&call, CALL_WRITE);
    number = (int)size_to_write(effect, (size_t)number);
    written = number == 0 ? 0 : syscall(SYS_writev, fd, parts, number);
    if (call.trace != NULL && written > 0) {
        uint64_t end = (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);

        written = record_parts(&call, parts, end - (size_t)written,
                               (size_t)written);
    }
    recorder_leave(&call);
    return written_by(effect, written);
}

ssize_t
pwritev(int fd, const struct iovec *parts, int number, off_t offset)
{
    struct recorded call;
    enum effect effect;
    ssize_t written;

    if (memory_has_fd(fd))
        return memory_pwritev(fd, parts, number, (uint64_t)offset);
    call = recorder_enter(fd);
    effect = recorder_fault(&call, CALL_WRITE);
    number = (int)size_to_write(effect, (size_t)number);
    written = number == 0 ? 0
                          : syscall(SYS_pwritev, fd, parts, number,
                                    (unsigned long)offset, 0UL);
    if (call.trace != NULL && written > 0)
        written = record_parts(&call, parts, (uint64_t)offset, (size_t)written);
    recorder_leave(&call);
    return written_by(effect, written);
}

int
ftruncate(int fd, off_t size)
{
    struct recorded call;
    enum effect effect;
    int rc;

    if (memory_has_fd(fd))
        return memory_ftruncate(fd, (uint64_t)size);
    call = recorder_enter(fd);
    effect = recorder_fault(&call, CALL_SIZE);
    if (fails_before(effect)) {
        recorder_leave(&call);
        return recorder_failed();
    }
    rc = (int)syscall(SYS_ftruncate, fd, size);
    if (rc == 0)
        recorder_sized(&call, (uint64_t)size);
    recorder_leave(&call);
    return outcome(effect, rc);
}

static void
record_allocation(const struct recorded *call, int fd)
{
    struct stat status;

    if (call->trace != NULL && fstat(fd, &status) == 0)
        recorder_sized(call, (uint64_t)status.st_size);
}

int
fallocate(int fd, int mode, off_t offset, off_t size)
{
    struct recorded call;
    enum effect effect;
    int rc;

    if (memory_has_fd(fd))
        return (mode & FALLOC_FL_KEEP_SIZE) != 0
                   ? 0
                   : memory_fallocate(fd, (uint64_t)(offset + size));
    call = recorder_enter(fd);
    effect = recorder_fault(&call, CALL_SIZE);
    if (fails_before(effect)) {
        recorder_leave(&call);
        return recorder_failed();
    }
    rc = (int)syscall(SYS_fallocate, fd, mode, offset, size);
    if (call.trace != NULL && (mode & ~FALLOC_FL_KEEP_SIZE) != 0)
        abort(); /* holes and the like are not modelled */
    if (rc == 0 && mode == 0)
        record_allocation(&call, fd);
    recorder_leave(&call);
    return outcome(effect, rc);
}

int
posix_fallocate(int fd, off_t offset, off_t size)
{
    return fallocate(fd, 0, offset, size) == 0 ? 0 : errno;
}

/* ---- flushes ------------------------------------------------------------ */

/*
 * What is written while a flush is in progress it need not have taken along;
 * so the flush is on record twice, and others may come in between.
 */
static int
flush(struct recorded *call, struct event *event, long number, long a, long b,
      long c)
{
    enum effect effect;
    int rc;

    if (call->trace == NULL)
        return (int)syscall(number, a, b, c);
    effect = recorder_fault(call, CALL_FLUSH);
    if (fails_before(effect)) {
        event->kind = EVENT_NOT_FLUSHED;
        trace_add(call->trace, event);
        recorder_leave(call);
        return recorder_failed();
    }
    event->pair = trace_add(call->trace, event);
    recorder_leave(call);
    rc = (int)syscall(number, a, b, c);
    sched_yield();
    event->kind = EVENT_FLUSHED;
    if (rc == 0) {
        trace_lock(call->trace);
        trace_add(call->trace, event);
        trace_unlock(call->trace);
    }
    return outcome(effect, rc);
}

static int
flush_file(int fd, long number)
{
    struct recorded call = recorder_enter(fd);
    struct event event = {.kind = EVENT_FLUSH_BEGUN,
                          .cause = FLUSH_CALL,
                          .file = call.file,
                          .size = UINT64_MAX};

    return flush(&call, &event, number, fd, 0, 0);
}

int
fsync(int fd)
{
    return memory_has_fd(fd) ? 0 : flush_file(fd, SYS_fsync);
}

int
fdatasync(int fd)
{
    return memory_has_fd(fd) ? 0 : flush_file(fd, SYS_fdatasync);
}

/* Flushes the pages that it names, and no others. */
int
msync(void *address, size_t size, int flags)
{
    struct event event = {.kind = EVENT_FLUSH_BEGUN,
                          .cause = FLUSH_CALL,
                          .size = size};
    struct recorded call;

    if (memory_has_address(address))
        return 0;
    call = recorder_enter_mapped(address, &event.offset);
    event.file = call.file;
    return flush(&call, &event, SYS_msync, (long)address, (long)size, flags);
}
