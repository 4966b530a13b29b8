/* sync.c - journal_sync(): what has been appended is on the disk. */
#include "write/commit.h"
#include "base/error.h"
#include "write/handle.h"
#include "write/slices.h"

/* A sync drains the tail if more than one part of it in so many is in use. */
#define SYNCED_AT 4u

/* Where the tail ends now, ready to be flushed; 0: there is none. */
static int
find_end(struct jn_shared *shared, uint64_t *written)
{
    struct jn_txn txn;
    int rc = jn_shared_begin_write(shared, &txn);

    if (rc != 0)
        return rc;
    rc = jn_newest_prepare_flush(&shared->files.newest, &txn, written);
    jn_store_abort(&txn);
    return rc;
}

struct sync {
    struct journal *journal;
    bool done; /* there is nothing more to move */
};

static int
flush_tail(void *context)
{
    struct sync *sync = context;
    struct jn_shared *shared = sync->journal->shared;
    uint64_t written;
    int rc = find_end(shared, &written);

    if (rc != 0)
        return rc;
    sync->done = written == 0;
    if (sync->done)
        return 0;
    rc = jn_newest_flush(&shared->files.newest, written);
    if (rc != 0)
        jn_shared_fail(shared);
    else
        jn_shared_wake(shared);
    return rc;
}

/* What fails is told to the next append. */
static int
drain_some(void *context)
{
    struct sync *sync = context;
    struct jn_shared *shared = sync->journal->shared;
    uint64_t keep = atomic_load(&shared->files.newest.ring) / SYNCED_AT;

    if (jn_slices_drain_one(shared, sync->journal->limits.bytes_max, keep,
                            &sync->done) != 0)
        sync->done = true;
    return 0;
}

/*
 * Whoever calls this has time, so that appends need take less of it: each slice
 * has a turn of its own, and appends get in between.
 */
int
journal_sync(struct journal *journal)
{
    struct sync sync = {.journal = journal};
    int rc = journal == NULL ? EINVAL : jn_handle_check_write(journal);

    if (rc == 0)
        rc = jn_commit_turn(journal->shared, flush_tail, &sync);
    if (rc != 0)
        return rc;
    while (!sync.done &&
           jn_commit_turn(journal->shared, drain_some, &sync) == 0)
        continue;
    return 0;
}
