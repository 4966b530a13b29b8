/* handle.c - what a struct journal is. */
#include "write/handle.h"

#include <stdlib.h>

#include "base/error.h"
#include "journal/newest.h"
#include "write/commit.h"
#include "write/upkeep.h"

void
jn_handle_retain(struct journal *journal)
{
    atomic_fetch_add(&journal->references, 1);
}

static int
close_tail(struct jn_step *step, void *context)
{
    struct journal *journal = context;
    struct jn_files *files = &journal->shared->files;

    step->done = true;
    /* Who has come since may have used the tail: asked with the lock held. */
    if (!jn_lock_only_writer(files->lock))
        return 0;
    return jn_newest_end_tail(&files->newest, step->txn, &step->changed);
}

/* With the lock held, lest somebody comes and counts on it. */
static int
give_back(void *context)
{
    struct jn_shared *shared = context;
    struct jn_txn txn;
    int rc = jn_shared_begin_write(shared, &txn);

    if (rc != 0)
        return rc;
    if (jn_lock_only_writer(shared->files.lock))
        jn_store_give_back(&txn);
    jn_store_abort(&txn);
    return 0;
}

/*
 * The last one who may write leaves a store that is the whole journal, and
 * takes no more of the disk than it needs.  If that fails the tail tells the
 * next one.  Somebody may come in between, and go before this one has gone:
 * then it is done once more.
 */
static void
leave_whole(struct journal *journal)
{
    const struct jn_job job = {.work = close_tail, .context = journal};
    struct jn_shared *shared = journal->shared;
    bool tried = false;

    if (jn_handle_check_write(journal) != 0)
        return;
    while (!jn_shared_leave_writers(shared, journal->exclusive, tried)) {
        if (jn_upkeep(shared, journal->limits.bytes_max, &job) != 0)
            return;
        (void)jn_commit_turn(shared, give_back, shared);
        tried = true;
    }
    journal->read_only = true;
}

void
jn_handle_release(struct journal *journal)
{
    int state;

    if (journal == NULL || atomic_fetch_sub(&journal->references, 1) > 1)
        return;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    leave_whole(journal);
    jn_shared_release(journal->shared, journal->read_only, journal->exclusive);
    free(journal);
    pthread_setcancelstate(state, NULL);
}

int
jn_handle_check_write(const struct journal *journal)
{
    int rc = jn_shared_check(journal->shared);

    if (rc == 0 && journal->read_only)
        rc = JOURNAL_READ_ONLY;
    return rc == 0 ? jn_shared_check_write(journal->shared) : rc;
}
