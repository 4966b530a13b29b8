/* store_lock.c - LMDB's lock file, before LMDB has it. */
#include "store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk.h"
#include "base/error.h"
#include "base/path.h"
#include "store/store_env.h"

/* LMDB's own words at the start of the file, with room to spare. */
#define HEADER 512u
#define SLOT 64u

#define LOST_LOCK_TRIES 50u
#define LOST_LOCK_WAIT 10000000u /* ns */

/*
 * Gives FILE blocks for all reader slots: LMDB would make it sparse and store
 * into it through a map, which on a full disk ends the process.
 */
static int
allocate_slots(int file)
{
    off_t size = (off_t)(HEADER + JN_READERS_MAX * SLOT);
    struct stat status;
    int rc;

    if (fstat(file, &status) != 0)
        return errno;
    if (status.st_size >= size && (off_t)status.st_blocks * 512 >= size)
        return 0;
    do
        rc = posix_fallocate(file, 0, size);
    while (rc == EINTR);
    return rc;
}

/* Whether some process holds LMDB's lock that says that it has it open. */
static bool
lmdb_lock_is_held(int file)
{
    struct flock range = {.l_type = F_WRLCK,
                          .l_whence = SEEK_SET,
                          .l_start = 0,
                          .l_len = 1};

    return fcntl(file, F_GETLK, &range) != 0 || range.l_type != F_UNLCK;
}

/*
 * Others who have the journal open hold LMDB's lock, unless something in their
 * process opened and closed the lock file: then we would be taken for the
 * first, and clear the table of readers under them.  Where nobody has it open
 * nobody holds it, unless somebody removed the other lock file under him: he
 * would write what we do not see.  A process that is being killed loses its
 * locks one by one, hence the patience.
 */
static int
check_lock(int file, bool held)
{
    for (unsigned i = 0; i < LOST_LOCK_TRIES; i++) {
        if (lmdb_lock_is_held(file) == held)
            return 0;
        jn_clock_sleep(LOST_LOCK_WAIT);
    }
    return JOURNAL_BUSY;
}

int
jn_store_check_unused(const char *directory)
{
    struct jn_path path = jn_path_in(directory, JN_STORE_LOCK_FILE);
    int file = open(path.text, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;

    if (file < 0)
        return 0;
    rc = check_lock(file, false);
    close(file);
    return rc;
}

int
jn_store_prepare_lock(struct jn_store *store)
{
    const struct jn_store_options *options = &store->options;
    struct jn_path path = jn_path_in(store->directory, JN_STORE_LOCK_FILE);
    struct jn_path data = jn_path_in(store->directory, JN_STORE_FILE);
    struct stat status;
    int file, rc;

    rc = jn_disk_create_beside(path.text, data.text, options->mode, &file);
    if (rc == EEXIST) {
        file = open(path.text, O_RDWR | O_CLOEXEC);
        rc = file < 0 ? errno : 0;
    }
    if (file < 0)
        return rc;
    if (rc == 0)
        rc = allocate_slots(file);
    if (rc == 0 && (options->others || options->alone))
        rc = check_lock(file, options->others);
    if (rc == 0 && fstat(file, &status) != 0)
        rc = errno;
    close(file);
    if (rc == 0) {
        store->lock_id.device = status.st_dev;
        store->lock_id.inode = status.st_ino;
    }
    return rc;
}
