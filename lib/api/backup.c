/* backup.c - journal_backup(). */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "repair/copy.h"
#include "base/error.h"
#include "base/path.h"
#include "write/handle.h"
#include "journal/target.h"

/* A snapshot may be lost: to two commits at once, or where LMDB opens anew. */
#define TRIES 100u

struct backup {
    struct jn_shared *shared;
    struct jn_copy_progress progress;
    int file;        /* that is written */
    uint64_t number; /* of the snapshot that was tried last */
};

/* What is readable now: rows that are not in the store yet, and a pin. */
static int
take_snapshot(const struct backup *backup, struct jn_settled *settled,
              struct jn_pin *pin)
{
    struct jn_txn txn;
    int rc = jn_shared_begin_read(backup->shared, &txn);

    if (rc != 0)
        return rc;
    rc = jn_settled_read(settled, &txn);
    if (rc != 0) {
        jn_store_end_read(&txn);
        return rc;
    }
    rc = jn_store_pin(&txn, pin);
    if (rc != 0)
        jn_settled_free(settled);
    return rc;
}

/*
 * *AGAIN: two commits have come in between.  The number is another one then;
 * else the meta page is damaged.
 */
static int
open_pages(struct backup *backup, struct jn_pages **pages,
           const struct jn_pin *pin, bool *again)
{
    int rc = jn_pages_open_at(pages, pin->file, pin->number);

    *again = rc == JOURNAL_NOT_FOUND && pin->number != backup->number;
    backup->number = pin->number;
    if (*again)
        return EAGAIN;
    return rc < 0 ? JOURNAL_CORRUPT : rc;
}

static int
copy_pages(struct backup *backup, const struct jn_settled *settled,
           const struct jn_pin *pin, bool *again)
{
    struct jn_pages *pages = NULL;
    int rc = open_pages(backup, &pages, pin, again);

    if (rc != 0)
        return rc;
    rc = jn_copy(pages, settled, backup->file, &backup->progress);
    jn_pages_close(pages);
    return rc;
}

static int
try_copy(struct backup *backup, bool *again)
{
    struct jn_settled settled;
    struct jn_pin pin;
    int rc;

    *again = false;
    if (ftruncate(backup->file, 0) != 0)
        return errno;
    rc = take_snapshot(backup, &settled, &pin);
    if (rc != 0)
        return rc;
    rc = copy_pages(backup, &settled, &pin, again);
    jn_settled_free(&settled);
    /* What was copied, or found wrong, may be of another snapshot. */
    if (!jn_store_unpin(&pin) && rc != ECANCELED) {
        *again = true;
        rc = EAGAIN;
    }
    return rc;
}

static int
write_data(struct backup *backup)
{
    bool again = true;
    int rc = 0;

    for (unsigned i = 0; i < TRIES && again; i++)
        rc = try_copy(backup, &again);
    if (rc == 0 && fsync(backup->file) != 0)
        rc = errno;
    return rc;
}

/* The data file, with exactly MODE as far as its file system has modes. */
static int
create_file(const struct jn_target *target, mode_t mode, int *out)
{
    struct jn_path path = jn_path_in(target->work, JN_STORE_FILE);
    int file;

    file = open(path.text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return errno;
    (void)fchmod(file, mode);
    *out = file;
    return 0;
}

static int
back_up(struct backup *backup, const char *path)
{
    const struct jn_newest *newest = &backup->shared->files.newest;
    mode_t mode = newest->like.st_mode & 0777u;
    struct jn_target target;
    int rc = jn_target_open(&target, path, mode);

    if (rc != 0)
        return rc;
    /* It would go with what it is there for, or keep that from going. */
    if (jn_target_is_within(newest->directory, target.path))
        rc = EINVAL;
    if (rc == 0)
        rc = create_file(&target, mode, &backup->file);
    if (rc == 0) {
        rc = write_data(backup);
        if (close(backup->file) != 0 && rc == 0)
            rc = errno;
    }
    if (rc == 0)
        rc = jn_target_finish(&target, &newest->like);
    jn_target_close(&target);
    return jn_error_from_errno(rc);
}

int
journal_backup(struct journal *journal, const char *path, uint32_t flags,
               journal_progress progress, void *context)
{
    struct backup backup = {.progress = {progress, context}};
    int state, rc;

    if (journal == NULL || path == NULL || *path == '\0' || flags != 0)
        return EINVAL;
    rc = jn_shared_check(journal->shared);
    if (rc != 0)
        return rc;
    backup.shared = journal->shared;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    rc = back_up(&backup, path);
    pthread_setcancelstate(state, NULL);
    return rc;
}
