/* files.c - the files of a journal: created, looked at, opened, removed. */
#include "journal/files.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal/anew.h"
#include "journal/create.h"
#include "base/disk.h"
#include "base/error.h"
#include "base/path.h"
#include "store/filesystem.h"
#include "journal/inspect.h"
#include "journal/newest.h"
#include "journal/target.h"

int
jn_files_identify(const char *directory, struct stat *file)
{
    struct jn_path path = jn_path_in(directory, JN_STORE_FILE);

    if (stat(path.text, file) != 0)
        return errno == ENOENT ? JOURNAL_NOT_FOUND : errno;
    return S_ISREG(file->st_mode) ? 0 : JOURNAL_UNSUPPORTED;
}

/* Makes a file that is shorter than its meta page says as long. */
static int
lengthen(const char *directory, unsigned long long size)
{
    struct jn_path path = jn_path_in(directory, JN_STORE_FILE);
    struct stat file;
    int rc = jn_files_identify(directory, &file);

    if (rc != 0 || (unsigned long long)file.st_size >= size)
        return rc;
    return truncate(path.text, (off_t)size) == 0 ? 0
                                                 : jn_error_from_errno(errno);
}

/*
 * Nobody else has it open, so nobody changes it: time to look at the file
 * before LMDB does.  While others have it open they have done so.
 */
static int
examine(const char *directory, const struct jn_wish *wish)
{
    unsigned long long size;
    int rc = jn_inspect_file(directory, &size);

    if (rc == 0 && !wish->read_only)
        rc = lengthen(directory, size);
    return rc;
}

/* What may come to be beside the store, within the limit. */
static uint64_t
bytes_beside(const struct jn_wish *wish)
{
    uint64_t tail = jn_newest_capacity(wish->tail_bytes, wish->bytes_max);

    return tail == 0 ? 0 : JN_TAIL_HEADER + tail;
}

static int
open_store(struct jn_files *files, const char *directory,
           const struct jn_wish *wish, bool others)
{
    struct jn_store_options options = {
        .read_only = wish->read_only,
        .immutable = wish->immutable,
        .others = others,
        .alone = !others && !wish->immutable,
        .mode = wish->mode,
        .bytes_max = wish->bytes_max,
        .beside = bytes_beside(wish),
    };

    if (files->lock != NULL && jn_lock_failed(files->lock))
        options.read_only = true;
    return jn_store_open(&files->store, directory, &options);
}

/* And then what is not in the store yet. */
static int
open_newest(struct jn_files *files, const char *directory,
            const struct jn_wish *wish, bool alone)
{
    struct stat data;
    const struct jn_newest_wish newest = {
        .alone = alone,
        .read_only = wish->read_only || jn_store_is_read_only(files->store),
        .data = &data,
    };
    int rc = jn_files_identify(directory, &data);

    if (rc != 0)
        return rc;
    return jn_newest_open(&files->newest, directory, files->store, files->lock,
                          &newest);
}

/*
 * What an earlier handle left may be more than this one is to take.  After a
 * write that failed it is kept: the disk may not know that it means nothing.
 */
static void
fit_tail(struct jn_files *files, const struct jn_wish *wish)
{
    if (wish->bytes_max != 0 && !wish->read_only && files->lock != NULL &&
        !jn_store_is_read_only(files->store) &&
        jn_lock_only_writer(files->lock))
        jn_newest_fit_tail(&files->newest, bytes_beside(wish));
}

static int
remove_file(const char *directory, const char *name)
{
    struct jn_path path = jn_path_in(directory, name);

    if (unlink(path.text) == 0)
        return 0;
    if (errno == EISDIR && rmdir(path.text) == 0)
        return 0;
    return errno;
}

/* A journal that has lost its data file is not made anew. */
static int
create(const char *directory, const struct jn_wish *wish)
{
    enum jn_content content;
    int rc = jn_inspect_directory(directory, &content);

    if (rc == 0 && content == JN_CONTENT_REMAINS)
        rc = JOURNAL_CORRUPT;
    if (rc != 0)
        return rc;
    return jn_create_data(directory, wish->mode, wish->first_seq);
}

/*
 * A session before this one had a write fail.  Who may only read leaves what is
 * left to do to the next one.
 */
static int
settle_doubt(struct jn_files *files, const char *directory, bool read_only)
{
    int rc = jn_anew_read(directory);

    if (rc != 0 || read_only)
        return rc;
    rc = jn_anew_write(directory);
    if (rc == 0)
        jn_lock_settled(files->lock);
    return rc;
}

/* Within the door: everything between the first look and the open store. */
static int
open_within(struct jn_files *files, const char *directory,
            const struct jn_wish *wish, bool *alone)
{
    struct stat file;
    bool created = false, in_doubt;
    int rc = jn_lock_join(files->lock, alone, &in_doubt);

    if (rc == 0 && !wish->read_only)
        rc = jn_lock_writer(files->lock, wish->exclusive);
    if (rc != 0)
        return rc;
    rc = jn_files_identify(directory, &file);
    if (rc == 0 && wish->must_create)
        return JOURNAL_EXISTS;
    if (rc == JOURNAL_NOT_FOUND && wish->may_create && *alone) {
        rc = create(directory, wish);
        created = rc == 0;
        if (rc == 0)
            rc = jn_files_identify(directory, &file);
    }
    if (rc == 0 && *alone)
        jn_lock_set_data(files->lock, &file);
    else if (rc == 0 && !jn_lock_is_data(files->lock, &file))
        rc = JOURNAL_BUSY;
    if (rc == 0 && *alone && in_doubt)
        rc = settle_doubt(files, directory, wish->read_only);
    if (rc == 0 && *alone)
        rc = examine(directory, wish);
    if (rc == 0)
        rc = open_store(files, directory, wish, !*alone);
    if (rc == 0)
        rc = open_newest(files, directory, wish, *alone);
    if (rc == 0)
        fit_tail(files, wish);
    /* That may have been a flush: the next one is in doubt too. */
    if (rc > 0 && *alone)
        jn_lock_set_failed(files->lock);
    if (rc == 0) {
        files->device = file.st_dev;
        files->inode = file.st_ino;
    } else if (created) {
        (void)remove_file(directory, JN_STORE_FILE);
        (void)remove_file(directory, JN_STORE_LOCK_FILE);
    }
    return rc;
}

/* Whether there is no data file, so that other files mean nothing. */
static bool
has_no_data(const char *directory)
{
    struct stat file;

    return jn_files_identify(directory, &file) == JOURNAL_NOT_FOUND;
}

/*
 * The lock file.  None is made beside a data file that is somebody else's; a
 * journal may lack it when it was copied here.
 */
static int
open_lock(struct jn_lock **lock, const char *directory, bool has_data,
          bool may_create, mode_t mode)
{
    unsigned long long size;
    int rc = jn_lock_open(lock, directory, false, mode);

    if (rc != JOURNAL_NOT_FOUND || !(has_data || may_create))
        return rc;
    rc = has_data ? jn_inspect_file(directory, &size) : 0;
    return rc == 0 ? jn_lock_open(lock, directory, true, mode) : rc;
}

static int
open_locked(struct jn_files *files, const char *directory,
            const struct jn_wish *wish, bool had_data)
{
    bool alone = false;
    int rc = open_lock(&files->lock, directory, had_data, wish->may_create,
                       wish->mode);

    if (rc == 0)
        rc = jn_lock_enter(files->lock);
    if (rc != 0)
        return rc;
    rc = open_within(files, directory, wish, &alone);
    if (rc != 0 && alone && has_no_data(directory))
        (void)remove_file(directory, JN_LOCK_FILE);
    jn_lock_leave(files->lock);
    return rc;
}

static int
open_immutable(struct jn_files *files, const char *directory,
               const struct jn_wish *wish)
{
    struct stat file;
    int rc = jn_files_identify(directory, &file);

    if (rc == 0)
        rc = examine(directory, wish);
    if (rc == 0)
        rc = open_store(files, directory, wish, false);
    if (rc == 0)
        rc = open_newest(files, directory, wish, true);
    if (rc == 0) {
        files->device = file.st_dev;
        files->inode = file.st_ino;
    }
    return rc;
}

int
jn_files_open(struct jn_files *files, const char *directory,
              const struct jn_wish *wish, bool had_data)
{
    int rc;

    memset(files, 0, sizeof(*files));
    if (wish->immutable) {
        rc = open_immutable(files, directory, wish);
    } else {
        rc = jn_filesystem_check(directory);
        if (rc == 0)
            rc = open_locked(files, directory, wish, had_data);
    }
    if (rc != 0) {
        jn_newest_close(&files->newest);
        jn_store_close(files->store);
        jn_lock_close(files->lock);
    }
    return rc;
}

int
jn_files_make_writable(struct jn_files *files, const struct jn_wish *wish)
{
    bool read_only = jn_store_is_read_only(files->store);
    int rc;

    /* Then nobody writes until all have closed it, which each call tells. */
    if (jn_lock_failed(files->lock))
        return 0;
    /* Elsewhere by now: what the path leads to is not ours to change. */
    rc = jn_lock_check_path(files->lock);
    if (rc != 0)
        return read_only ? rc : 0;
    if (read_only) {
        rc = jn_store_make_writable(files->store, wish->bytes_max,
                                    bytes_beside(wish));
        if (rc != 0) {
            (void)jn_store_reopen(files->store, true);
            return rc;
        }
        jn_newest_close_tail(&files->newest);
    }
    fit_tail(files, wish);
    return 0;
}

void
jn_files_close(struct jn_files *files)
{
    /*
     * Whoever is known to have it open must have LMDB's lock too: somebody who
     * passes the door behind this one must not find it otherwise.
     */
    bool entered = files->lock != NULL && jn_lock_enter_again(files->lock) == 0;

    jn_newest_close(&files->newest);
    jn_store_close(files->store);
    if (entered) {
        jn_lock_part(files->lock);
        jn_lock_leave(files->lock);
    }
    jn_lock_close(files->lock);
}

/* ---- destroy ------------------------------------------------------------ */

/* The data file, if there is one, gets the name of one that is being made. */
static int
set_data_aside(const char *directory)
{
    struct jn_path path = jn_path_in(directory, JN_STORE_FILE);
    struct jn_path aside = jn_path_in(directory, JN_NEW_FILE);
    unsigned long long size;
    int rc;

    if (has_no_data(directory))
        return 0;
    rc = jn_inspect_file(directory, &size);
    if (rc != 0 && rc != JOURNAL_CORRUPT)
        return rc;
    return rename(path.text, aside.text) == 0 ? 0 : errno;
}

/* Those of NAMES, up to NULL, that are there. */
static int
remove_all(const char *directory, const char *const *names)
{
    for (; *names != NULL; names++) {
        int rc = remove_file(directory, *names);

        if (rc != 0 && rc != ENOENT)
            return rc;
    }
    return jn_disk_flush_directory(directory);
}

/* That what is to be removed can be is seen before anything is changed. */
static int
check_all(const char *directory, const char *const *names)
{
    int rc = 0;

    for (; *names != NULL && rc == 0; names++)
        rc = jn_target_check_removal(directory, *names);
    return rc;
}

/*
 * Within the door, with nobody else there.  The data file goes first: what a
 * crash leaves then is no journal, and is removed by the next attempt.  It goes
 * for good after the tail, which alone would be a journal that was robbed; and
 * the lock file shows whose the others are, so it is the last.
 */
static int
remove_files(const char *directory)
{
    static const char *const tails[] = {JN_TAIL_FILE, JN_TAIL_NEW_FILE, NULL};
    static const char *const others[] = {JN_NEW_FILE, JN_TARGET_WORK,
                                         JN_STORE_LOCK_FILE, JN_LOCK_FILE,
                                         NULL};
    int rc = check_all(directory, tails);

    if (rc == 0)
        rc = check_all(directory, others);
    if (rc == 0)
        rc = set_data_aside(directory);
    if (rc == 0)
        rc = jn_disk_flush_directory(directory);
    if (rc == 0)
        rc = remove_all(directory, tails);
    if (rc != 0)
        return rc;
    jn_target_sweep(directory);
    rc = remove_all(directory, others);
    /* Without the lock file anybody may remove the empty directory. */
    return rc == ENOENT ? 0 : rc;
}

int
jn_files_destroy(const char *directory, bool has_data)
{
    struct jn_lock *lock = NULL;
    int rc = open_lock(&lock, directory, has_data, false, 0600);

    if (rc == JOURNAL_CORRUPT)
        rc = JOURNAL_UNSUPPORTED; /* nothing shows that it is a journal */
    if (rc != 0)
        return rc;
    rc = jn_lock_enter(lock);
    if (rc == 0) {
        rc = jn_lock_only_one(lock);
        if (rc == 0)
            rc = jn_store_check_unused(directory);
        if (rc == 0)
            rc = remove_files(directory);
        jn_lock_leave(lock);
    }
    jn_lock_close(lock);
    /* One with other things in it, or not ours to remove, is left. */
    if (rc == 0 && rmdir(directory) != 0 && errno == EIO)
        rc = EIO;
    return rc;
}
