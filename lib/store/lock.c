/* lock.c - `journal.lock`: who has the journal open, and a word for all. */
#define _GNU_SOURCE 1 /* F_OFD_SETLK */

#include "store/lock.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk.h"
#include "base/error.h"
#include "base/path.h"
#include "store/store.h"

#define FILE_SIZE 4096u

/* A lock that could not be given back: how often it is tried, ns apart. */
#define TRIES 100u
#define REST UINT64_C(1000000)

/* The words in it that processes share. */
#define FAILED_OFFSET 64u
#define ATTEMPT_OFFSET 128u
#define FUTEX_OFFSET 192u
#define WORDS_OFFSET 320u
#define DATA_OFFSET 768u

/* Bytes of the file that are locked, each with a meaning of its own. */
enum place { PLACE_PRESENCE = 0, PLACE_WRITERS = 1, PLACE_DOOR = 2 };

static const char magic[] = "libjournal lock file, format 1\n";

struct jn_lock {
    int file;      /* -1: forgotten after a fork */
    uint8_t *page; /* the file, shared by all processes */
    char path[PATH_MAX];
};

static_assert(sizeof(magic) <= FAILED_OFFSET &&
                  FUTEX_OFFSET + sizeof(struct jn_futex) <= WORDS_OFFSET &&
                  WORDS_OFFSET + sizeof(struct jn_words) <= DATA_OFFSET &&
                  DATA_OFFSET + sizeof(uint64_t[2]) <= FILE_SIZE,
              "the words do not overlap");
static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2,
              "processes share atomic words");

static _Atomic uint32_t *
failed_word(const struct jn_lock *lock)
{
    return (_Atomic uint32_t *)(void *)(lock->page + FAILED_OFFSET);
}

static _Atomic uint64_t *
attempt_word(const struct jn_lock *lock)
{
    return (_Atomic uint64_t *)(void *)(lock->page + ATTEMPT_OFFSET);
}

/* Which data file is open: its device and its number. */
static _Atomic uint64_t *
data_words(const struct jn_lock *lock)
{
    return (_Atomic uint64_t *)(void *)(lock->page + DATA_OFFSET);
}

/* TYPE is F_RDLCK, F_WRLCK or F_UNLCK; changing one for another is atomic. */
static int
set_lock(const struct jn_lock *lock, enum place place, short type, bool wait)
{
    struct flock range = {.l_type = type,
                          .l_whence = SEEK_SET,
                          .l_start = place,
                          .l_len = 1};
    int command = wait ? F_OFD_SETLKW : F_OFD_SETLK;

    while (fcntl(lock->file, command, &range) != 0) {
        if (errno == EAGAIN || errno == EACCES)
            return JOURNAL_BUSY;
        if (errno != EINTR)
            return errno;
    }
    return 0;
}

/*
 * The system may need memory for it, to keep what is locked beside this place.
 * Others would wait for ever, or take us for one who writes: so it is tried
 * again.  What is left then goes with the file.
 */
static void
give_back(const struct jn_lock *lock, enum place place)
{
    int rc = set_lock(lock, place, F_UNLCK, false);

    for (unsigned i = 0; i < TRIES && (rc == ENOLCK || rc == ENOMEM); i++) {
        jn_clock_sleep(REST);
        rc = set_lock(lock, place, F_UNLCK, false);
    }
}

/*
 * Within the door: removes the file that was just made, and cannot be used,
 * unless somebody has come to use it.  The lock goes with the file.
 */
static void
withdraw(const struct jn_lock *lock)
{
    struct stat status;

    if (set_lock(lock, PLACE_DOOR, F_WRLCK, true) == 0 &&
        jn_lock_check_path(lock) == 0 && fstat(lock->file, &status) == 0 &&
        status.st_size == 0)
        (void)unlink(lock->path);
}

/* Creates the file, or opens the one there is. */
static int
open_file(struct jn_lock *lock, const char *directory, bool create, mode_t mode)
{
    if (create) {
        struct jn_path data = jn_path_in(directory, JN_STORE_FILE);
        int rc = jn_disk_create_beside(lock->path, data.text, mode,
                                       &lock->file);

        if (rc != 0 && lock->file >= 0)
            withdraw(lock);
        if (rc != EEXIST)
            return jn_error_from_errno(rc);
    }
    lock->file = open(lock->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (lock->file < 0)
        return errno == ENOENT ? JOURNAL_NOT_FOUND : errno;
    return 0;
}

static int
write_first_page(const struct jn_lock *lock)
{
    uint8_t page[FILE_SIZE] = {0};
    ssize_t written;

    memcpy(page, magic, sizeof(magic));
    do
        written = pwrite(lock->file, page, sizeof(page), 0);
    while (written < 0 && errno == EINTR);
    if (written < 0)
        return jn_error_from_errno(errno);
    return written == sizeof(page) ? 0 : JOURNAL_FULL;
}

/*
 * Whether the SIZE bytes that there are may be what a crash has left of the
 * first page: a part of it, or zeros where its blocks had come, and not it.
 */
static bool
is_unfinished(const struct jn_lock *lock, size_t size)
{
    static const char zeros[sizeof(magic)];
    char start[sizeof(magic)];
    size_t common = size < sizeof(magic) ? size : sizeof(magic);

    if (pread(lock->file, start, common, 0) != (ssize_t)common)
        return false;
    return memcmp(start, zeros, common) == 0 ||
           (size < FILE_SIZE && memcmp(start, magic, common) == 0);
}

/* Within the door: sees to it that the file has its page. */
static int
finish_file(const struct jn_lock *lock)
{
    struct stat status;

    if (fstat(lock->file, &status) != 0)
        return errno;
    if (!S_ISREG(status.st_mode) || status.st_size > (off_t)FILE_SIZE)
        return JOURNAL_UNSUPPORTED;
    if (is_unfinished(lock, (size_t)status.st_size))
        return write_first_page(lock);
    return status.st_size == (off_t)FILE_SIZE ? 0 : JOURNAL_UNSUPPORTED;
}

/*
 * Maps the file, whose every byte has been written: no store into it can miss
 * its disk block.
 */
static int
map_file(struct jn_lock *lock)
{
    void *page;
    int rc = finish_file(lock);

    if (rc != 0)
        return rc;
    page = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, lock->file,
                0);
    if (page == MAP_FAILED)
        return errno;
    lock->page = page;
    return memcmp(page, magic, sizeof(magic)) == 0 ? 0 : JOURNAL_UNSUPPORTED;
}

int
jn_lock_open(struct jn_lock **out, const char *directory, bool create,
             mode_t mode)
{
    struct jn_lock *lock = calloc(1, sizeof(*lock));
    int length, rc;

    if (lock == NULL)
        return ENOMEM;
    lock->file = -1;
    length = snprintf(lock->path, sizeof(lock->path), "%s/%s", directory,
                      JN_LOCK_FILE);
    if (length < 0 || (size_t)length >= sizeof(lock->path)) {
        rc = ENAMETOOLONG;
        goto out;
    }
    rc = open_file(lock, directory, create, mode);
    if (rc != 0)
        goto out;
    *out = lock;
    lock = NULL;
out:
    jn_lock_close(lock);
    return rc;
}

void
jn_lock_close(struct jn_lock *lock)
{
    if (lock == NULL)
        return;
    if (lock->page != NULL)
        munmap(lock->page, FILE_SIZE);
    if (lock->file >= 0)
        close(lock->file);
    free(lock);
}

void
jn_lock_forget(struct jn_lock *lock)
{
    /*
     * The locks belong to the description that parent and child share: they
     * last until both have closed it, and unmapped what was mapped through it.
     */
    if (lock->page != NULL)
        munmap(lock->page, FILE_SIZE);
    lock->page = NULL;
    if (lock->file >= 0)
        close(lock->file);
    lock->file = -1;
}

int
jn_lock_check_path(const struct jn_lock *lock)
{
    struct stat ours, theirs;

    if (fstat(lock->file, &ours) != 0)
        return errno;
    if (stat(lock->path, &theirs) != 0)
        return errno == ENOENT || errno == ENOTDIR ? JOURNAL_NOT_FOUND : errno;
    return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino
               ? 0
               : JOURNAL_NOT_FOUND;
}

int
jn_lock_enter(struct jn_lock *lock)
{
    int rc = set_lock(lock, PLACE_DOOR, F_WRLCK, true);

    if (rc != 0)
        return rc;
    rc = jn_lock_check_path(lock);
    if (rc == 0 && lock->page == NULL)
        rc = map_file(lock);
    /* Without its page it is of no use to anybody. */
    if (rc == JOURNAL_FULL)
        (void)unlink(lock->path);
    if (rc != 0)
        jn_lock_leave(lock);
    return rc;
}

int
jn_lock_enter_again(struct jn_lock *lock)
{
    return set_lock(lock, PLACE_DOOR, F_WRLCK, true);
}

void
jn_lock_leave(struct jn_lock *lock)
{
    give_back(lock, PLACE_DOOR);
}

int
jn_lock_only_one(struct jn_lock *lock)
{
    return set_lock(lock, PLACE_PRESENCE, F_WRLCK, false);
}

int
jn_lock_join(struct jn_lock *lock, bool *alone, bool *in_doubt)
{
    int rc = jn_lock_only_one(lock);

    *in_doubt = false;
    if (rc != 0 && rc != JOURNAL_BUSY)
        return rc;
    *alone = rc == 0;
    if (*alone) {
        *in_doubt = jn_lock_failed(lock);
        atomic_store(attempt_word(lock), 0);
        jn_futex_clear(jn_lock_futex(lock));
    }
    return set_lock(lock, PLACE_PRESENCE, F_RDLCK, false);
}

void
jn_lock_part(struct jn_lock *lock)
{
    give_back(lock, PLACE_WRITERS);
    give_back(lock, PLACE_PRESENCE);
}

int
jn_lock_writer(struct jn_lock *lock, bool exclusive)
{
    return set_lock(lock, PLACE_WRITERS, exclusive ? F_WRLCK : F_RDLCK, false);
}

void
jn_lock_no_writer(struct jn_lock *lock)
{
    give_back(lock, PLACE_WRITERS);
}

void
jn_lock_set_data(struct jn_lock *lock, const struct stat *file)
{
    atomic_store(&data_words(lock)[0], file->st_dev);
    atomic_store(&data_words(lock)[1], file->st_ino);
}

bool
jn_lock_is_data(const struct jn_lock *lock, const struct stat *file)
{
    uint64_t number = atomic_load(&data_words(lock)[1]);

    return number == 0 || (number == file->st_ino &&
                           atomic_load(&data_words(lock)[0]) == file->st_dev);
}

void
jn_lock_set_failed(struct jn_lock *lock)
{
    atomic_store(failed_word(lock), 1);
}

void
jn_lock_settled(struct jn_lock *lock)
{
    atomic_store(failed_word(lock), 0);
}

bool
jn_lock_failed(const struct jn_lock *lock)
{
    return atomic_load(failed_word(lock)) != 0;
}

void
jn_lock_set_attempt(struct jn_lock *lock, uint64_t number)
{
    atomic_store(attempt_word(lock), number);
}

uint64_t
jn_lock_attempt(const struct jn_lock *lock)
{
    return atomic_load(attempt_word(lock));
}

struct jn_futex *
jn_lock_futex(const struct jn_lock *lock)
{
    return (struct jn_futex *)(void *)(lock->page + FUTEX_OFFSET);
}

struct jn_words *
jn_lock_words(const struct jn_lock *lock)
{
    return (struct jn_words *)(void *)(lock->page + WORDS_OFFSET);
}

/* Whether nobody else has FILE's lock for writers. */
static bool
is_free_of_writers(int file)
{
    struct flock range = {.l_type = F_WRLCK,
                          .l_whence = SEEK_SET,
                          .l_start = PLACE_WRITERS,
                          .l_len = 1};

    return fcntl(file, F_OFD_GETLK, &range) == 0 && range.l_type == F_UNLCK;
}

bool
jn_lock_only_writer(const struct jn_lock *lock)
{
    return is_free_of_writers(lock->file);
}

bool
jn_lock_has_writer(const char *directory)
{
    struct jn_path path = jn_path_in(directory, JN_LOCK_FILE);
    bool has;
    int file;

    file = open(path.text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0)
        return false;
    has = !is_free_of_writers(file);
    close(file);
    return has;
}
