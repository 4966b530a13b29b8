/*
 * memory.h - a small file system in memory, for the images of crashes.
 *
 * An image is written, opened, read and thrown away; in a real file system the
 * kernel spends far more time on that than the journal does.  What lies below
 * MEMORY_ROOT is therefore not the kernel's: the calls of calls.c and
 * calls_status.c, to which the journal and LMDB are bound, keep it in this
 * process.  There is one directory, MEMORY_ROOT/home, with some files; a
 * mapping of one is where it is kept, so that stores and writes see each other
 * at once.  All locks are granted and all flushes succeed: nobody else is
 * there.  For one thread.
 */
#ifndef TEST_POWER_MEMORY_H
#define TEST_POWER_MEMORY_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#define MEMORY_ROOT "/#image"

#define NO_THREAD_SANITIZER __attribute__((no_sanitize("thread")))

/* Whether it is about something in here. */
bool memory_has_path(const char *path);
bool memory_has_fd(int fd);
bool memory_has_address(const void *address);
bool memory_has_stream(const DIR *stream);

/* Makes the file at PATH, if it is not there, of SIZE bytes to be filled. */
uint8_t *memory_put(const char *path, size_t size);

/* As the calls of the same names; -1 and errno where they fail. */
int memory_open(const char *path, int flags);
int memory_close(int fd);
int memory_mkdir(const char *path);
int memory_rmdir(const char *path);
int memory_rename(const char *from, const char *to);
int memory_unlink(const char *path);
int memory_stat(const char *path, struct stat *status);
int memory_fstat(int fd, struct stat *status);
ssize_t memory_pread(int fd, void *data, size_t size, uint64_t offset);
ssize_t memory_pwrite(int fd, const void *data, size_t size, uint64_t offset);
ssize_t memory_write(int fd, const void *data, size_t size);
ssize_t memory_pwritev(int fd, const struct iovec *parts, int count,
                       uint64_t offset);
ssize_t memory_writev(int fd, const struct iovec *parts, int count);
off_t memory_lseek(int fd, off_t offset, int whence);
int memory_ftruncate(int fd, uint64_t size);
int memory_fallocate(int fd, uint64_t size);
int memory_truncate(const char *path, uint64_t size);
void *memory_mmap(int fd, uint64_t offset);
DIR *memory_opendir(const char *path);
struct dirent *memory_readdir(void);
void memory_closedir(void);

#endif
