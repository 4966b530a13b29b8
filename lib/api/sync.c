/* sync.c - journal_sync(): what has been appended is on the disk. */
#include "write/commit.h"
#include "base/error.h"
#include "write/handle.h"
#include "write/slices.h"

/* A sync drains the tail if more than one part of it in so many is in use. */
#define SYNCED_AT 4u

struct sync {
    struct journal *journal;
    bool done; /* there is nothing more to move */
};

static int
flush_tail(void *context)
{
    struct sync *sync = context;
    bool tail;
    int rc = jn_shared_flush(sync->journal->shared, &tail);

    sync->done = !tail;
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
