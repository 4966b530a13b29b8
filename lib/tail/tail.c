/* tail.c - the file `tail`: made, opened, written, flushed, read. */
#define _GNU_SOURCE 1 /* sync_file_range() */

#include "tail/tail.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/disk.h"
#include "base/error.h"

/* Where in the header its fields are, and zeros from the END on. */
enum field {
    MAGIC = 0,
    ID = 32,
    SALT = 48,
    CAPACITY = 56,
    CHECK = 64,
    END = 72
};

#define ZEROS ((size_t)1 << 20) /* written at a time */
#define SECTOR 512u             /* read at once where not all can be */

static const char magic[] = "libjournal tail, format 2\n";

struct jn_tail {
    int file;
    uint8_t *map; /* the whole file, shared; NULL if it is read only */
    uint64_t salt;
    uint64_t capacity;
    bool damaged; /* bytes that cannot be read are zeros */
};

static_assert(sizeof(magic) <= ID && END <= JN_TAIL_HEADER,
              "the header's fields do not overlap");

static bool
is_capacity(uint64_t capacity)
{
    return capacity >= JN_TAIL_MIN && capacity <= JN_TAIL_MAX &&
           capacity % 4096 == 0;
}

static void
encode_header(uint8_t page[JN_TAIL_HEADER], const struct jn_tail_name *name)
{
    memset(page, 0, JN_TAIL_HEADER);
    memcpy(page + MAGIC, magic, sizeof(magic));
    memcpy(page + ID, name->id, JN_TAIL_ID);
    jn_put_le64(page + SALT, name->salt);
    jn_put_le64(page + CAPACITY, name->capacity);
    jn_put_le64(page + CHECK, jn_hash64(jn_span(page, CHECK), 0));
}

static int
path_of(char path[PATH_MAX], const char *directory, const char *name)
{
    int length = snprintf(path, PATH_MAX, "%s/%s", directory, name);

    return length >= 0 && length < PATH_MAX ? 0 : ENAMETOOLONG;
}

/* ---- reading and writing ------------------------------------------------- */

static int
write_at(int file, uint64_t offset, const uint8_t *bytes, size_t size)
{
    /* Or a signal would end the process. */
    if (!jn_disk_allows(offset + size))
        return jn_error_from_errno(EFBIG);
    while (size > 0) {
        ssize_t done = pwrite(file, bytes, size, (off_t)offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? jn_error_from_errno(errno) : EIO;
        bytes += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    return 0;
}

/* In pieces, of which those that cannot be read are zeros. */
static int
read_damaged(int file, uint64_t offset, uint8_t *bytes, size_t size)
{
    ssize_t done = 0;

    memset(bytes, 0, size);
    for (size_t at = 0; at<size; at += done> 0 ? (size_t)done : SECTOR) {
        size_t left = size - at;

        do
            done = pread(file, bytes + at, left, (off_t)(offset + at));
        while (done < 0 && errno == EINTR);
        if (done == 0)
            break;
        if (done > 0)
            continue;
        left = left < SECTOR ? left : SECTOR;
        if (errno != EIO)
            return errno;
        done = pread(file, bytes + at, left, (off_t)(offset + at));
    }
    return 0;
}

/* The file had all its bytes when it was opened. */
static int
read_at(int file, uint64_t offset, uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = pread(file, bytes, size, (off_t)offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? errno : JOURNAL_CORRUPT;
        bytes += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    return 0;
}

/* ---- making one ---------------------------------------------------------- */

static int
write_zeros(int file, uint64_t from, uint64_t size)
{
    uint8_t *zeros = calloc(1, ZEROS);
    int rc = zeros != NULL ? 0 : ENOMEM;

    while (rc == 0 && size > 0) {
        size_t piece = size < ZEROS ? (size_t)size : ZEROS;

        rc = write_at(file, from, zeros, piece);
        from += piece;
        size -= piece;
    }
    free(zeros);
    return rc;
}

static int
write_all(int file, const struct jn_tail_name *name, mode_t mode)
{
    uint8_t header[JN_TAIL_HEADER];
    int rc;

    if (fchmod(file, mode) != 0)
        return errno;
    encode_header(header, name);
    rc = write_at(file, 0, header, sizeof(header));
    if (rc == 0)
        rc = write_zeros(file, JN_TAIL_HEADER, name->capacity);
    if (rc == 0 && fsync(file) != 0)
        rc = jn_error_from_errno(errno);
    return rc;
}

static int
make_file(const char *path, const struct jn_tail_name *name, mode_t mode)
{
    int file, rc;

    if (unlink(path) != 0 && errno != ENOENT)
        return errno;
    file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (file < 0)
        return jn_error_from_errno(errno);
    rc = write_all(file, name, mode);
    close(file);
    if (rc != 0)
        unlink(path);
    return rc;
}

int
jn_tail_create(const char *directory, const struct jn_tail_name *name,
               mode_t mode)
{
    char fresh[PATH_MAX], final[PATH_MAX];
    int rc = path_of(fresh, directory, JN_TAIL_NEW_FILE);

    assert(is_capacity(name->capacity));
    if (rc == 0)
        rc = path_of(final, directory, JN_TAIL_FILE);
    if (rc == 0)
        rc = make_file(fresh, name, mode);
    if (rc != 0)
        return rc;
    if (rename(fresh, final) != 0) {
        rc = jn_error_from_errno(errno);
        unlink(fresh);
        return rc;
    }
    return jn_disk_flush_directory(directory);
}

/* ---- opening it ---------------------------------------------------------- */

static int
open_file(struct jn_tail *tail, const char *path, bool read_only)
{
    /* Whatever else bears the name is not waited for. */
    int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

    tail->file = open(path, flags | (read_only ? O_RDONLY : O_RDWR));
    if (tail->file >= 0)
        return 0;
    if (errno == ENOENT)
        return JOURNAL_NOT_FOUND;
    /* A symbolic link, a directory, a socket. */
    if (errno == ELOOP || errno == EISDIR || errno == ENXIO)
        return JOURNAL_CORRUPT;
    return errno;
}

static int
check_file(const struct jn_tail *tail, const struct jn_tail_name *name)
{
    uint8_t wanted[JN_TAIL_HEADER], header[JN_TAIL_HEADER];
    struct stat status;
    int rc;

    if (fstat(tail->file, &status) != 0)
        return errno;
    if (!S_ISREG(status.st_mode) ||
        (uint64_t)status.st_size != jn_tail_file_size(tail))
        return JOURNAL_CORRUPT;
    rc = read_at(tail->file, 0, header, sizeof(header));
    if (rc != 0)
        return rc;
    encode_header(wanted, name);
    return memcmp(header, wanted, sizeof(header)) == 0 ? 0 : JOURNAL_CORRUPT;
}

static int
map_file(struct jn_tail *tail)
{
    void *map = mmap(NULL, (size_t)jn_tail_file_size(tail),
                     PROT_READ | PROT_WRITE, MAP_SHARED, tail->file, 0);

    if (map == MAP_FAILED)
        return errno;
    tail->map = map;
    return 0;
}

int
jn_tail_open(struct jn_tail **out, const char *directory,
             const struct jn_tail_name *name, bool read_only)
{
    char path[PATH_MAX];
    struct jn_tail *tail;
    int rc = path_of(path, directory, JN_TAIL_FILE);

    if (rc != 0)
        return rc;
    tail = malloc(sizeof(*tail));
    if (tail == NULL)
        return ENOMEM;
    *tail = (struct jn_tail){-1, NULL, name->salt, name->capacity, false};
    rc = open_file(tail, path, read_only);
    if (rc == 0)
        rc = is_capacity(name->capacity) ? check_file(tail, name)
                                         : JOURNAL_CORRUPT;
    if (rc == 0 && !read_only)
        rc = map_file(tail);
    if (rc == 0) {
        *out = tail;
        tail = NULL;
    }
    jn_tail_close(tail);
    return rc;
}

int
jn_tail_look(const char *directory, struct jn_tail_name *name)
{
    uint8_t wanted[JN_TAIL_HEADER], header[JN_TAIL_HEADER];
    struct jn_tail tail = {.file = -1};
    char path[PATH_MAX];
    int rc = path_of(path, directory, JN_TAIL_FILE);

    if (rc == 0)
        rc = open_file(&tail, path, true);
    if (rc != 0)
        return rc;
    rc = read_at(tail.file, 0, header, sizeof(header));
    close(tail.file);
    if (rc != 0)
        return rc == EIO || rc == EISDIR ? JOURNAL_CORRUPT : rc;
    memcpy(name->id, header + ID, JN_TAIL_ID);
    name->salt = jn_get_le64(header + SALT);
    name->capacity = jn_get_le64(header + CAPACITY);
    encode_header(wanted, name);
    return is_capacity(name->capacity) &&
                   memcmp(header, wanted, sizeof(header)) == 0
               ? 0
               : JOURNAL_CORRUPT;
}

int
jn_tail_open_any(struct jn_tail **out, const char *directory,
                 const struct jn_tail_name *name)
{
    char path[PATH_MAX];
    struct stat status;
    struct jn_tail *tail;
    int rc = path_of(path, directory, JN_TAIL_FILE);

    if (rc == 0 && !is_capacity(name->capacity))
        rc = JOURNAL_CORRUPT;
    if (rc != 0)
        return rc;
    tail = malloc(sizeof(*tail));
    if (tail == NULL)
        return ENOMEM;
    *tail = (struct jn_tail){-1, NULL, name->salt, name->capacity, true};
    rc = open_file(tail, path, true);
    if (rc == 0 && fstat(tail->file, &status) != 0)
        rc = errno;
    if (rc == 0 && !S_ISREG(status.st_mode))
        rc = JOURNAL_CORRUPT;
    if (rc == 0) {
        *out = tail;
        tail = NULL;
    }
    jn_tail_close(tail);
    return rc;
}

void
jn_tail_give(struct jn_tail *tail, const struct stat *like)
{
    jn_disk_give(tail->file, like);
}

void
jn_tail_close(struct jn_tail *tail)
{
    if (tail == NULL)
        return;
    if (tail->map != NULL)
        munmap(tail->map, (size_t)jn_tail_file_size(tail));
    if (tail->file >= 0)
        close(tail->file);
    free(tail);
}

uint64_t
jn_tail_capacity(const struct jn_tail *tail)
{
    return tail->capacity;
}

uint64_t
jn_tail_salt(const struct jn_tail *tail)
{
    return tail->salt;
}

uint64_t
jn_tail_file_size(const struct jn_tail *tail)
{
    return JN_TAIL_HEADER + tail->capacity;
}

bool
jn_tail_is_removed(const struct jn_tail *tail)
{
    struct stat status;

    return fstat(tail->file, &status) != 0 || status.st_nlink == 0;
}

uint64_t
jn_tail_size_there(const char *directory)
{
    char path[PATH_MAX];
    struct stat status;

    if (path_of(path, directory, JN_TAIL_FILE) != 0 ||
        lstat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return 0;
    return (uint64_t)status.st_size;
}

/* ---- the ring ------------------------------------------------------------ */

static uint64_t
offset_of(const struct jn_tail *tail, uint64_t position)
{
    return JN_TAIL_HEADER + position % tail->capacity;
}

/* How many of SIZE bytes at POSITION come before the end of the ring. */
static size_t
before_end(const struct jn_tail *tail, uint64_t position, size_t size)
{
    uint64_t room = tail->capacity - position % tail->capacity;

    assert(size <= tail->capacity);
    return size < room ? size : (size_t)room;
}

int
jn_tail_write(struct jn_tail *tail, uint64_t position, const uint8_t *bytes,
              size_t size)
{
    size_t first = before_end(tail, position, size);
    int rc = write_at(tail->file, offset_of(tail, position), bytes, first);

    if (rc == 0 && first < size)
        rc = write_at(tail->file, JN_TAIL_HEADER, bytes + first, size - first);
    return rc;
}

void
jn_tail_store(struct jn_tail *tail, uint64_t position, const uint8_t *bytes,
              size_t size)
{
    size_t first = before_end(tail, position, size);

    assert(tail->map != NULL);
    (void)jn_span_copy(tail->map + offset_of(tail, position),
                       jn_span(bytes, first));
    (void)jn_span_copy(tail->map + JN_TAIL_HEADER,
                       jn_span(bytes + first, size - first));
}

int
jn_tail_read(struct jn_tail *tail, uint64_t position, uint8_t *bytes,
             size_t size)
{
    size_t first = before_end(tail, position, size);
    int (*read)(int, uint64_t, uint8_t *, size_t) = tail->damaged ? read_damaged
                                                                  : read_at;
    int rc = read(tail->file, offset_of(tail, position), bytes, first);

    if (rc == 0 && first < size)
        rc = read(tail->file, JN_TAIL_HEADER, bytes + first, size - first);
    return rc;
}

int
jn_tail_flush(struct jn_tail *tail)
{
    while (fdatasync(tail->file) != 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

/* SIZE bytes of the file, with the rest of their pages. */
static int
flush_pages(const struct jn_tail *tail, uint64_t offset, uint64_t size)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t before = offset % page;
    uint8_t *from = tail->map + offset - before;

    return msync(from, (size_t)(before + size), MS_SYNC) == 0 ? 0 : errno;
}

int
jn_tail_flush_part(struct jn_tail *tail, uint64_t from, uint64_t to)
{
    uint64_t size = to - from;
    size_t first;
    int rc = 0;

    assert(tail->map != NULL && from <= to);
    size = size < tail->capacity ? size : tail->capacity;
    first = before_end(tail, from, (size_t)size);
    if (first > 0)
        rc = flush_pages(tail, offset_of(tail, from), first);
    if (rc == 0 && first < size)
        rc = flush_pages(tail, JN_TAIL_HEADER, size - first);
    return rc;
}

void
jn_tail_begin_flush(struct jn_tail *tail)
{
    (void)sync_file_range(tail->file, 0, 0, SYNC_FILE_RANGE_WRITE);
}
