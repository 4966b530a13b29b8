/* shared_txn.c - transactions, with what is recent, and commits. */
#include "base/error.h"
#include "journal/shared.h"

/* Each has been overtaken once round the ring while it copied a piece of it. */
#define READ_TRIES 10000u

int
jn_shared_check_write(const struct jn_shared *shared)
{
    int rc = jn_shared_check(shared);

    if (rc == 0 && shared->files.lock != NULL &&
        jn_lock_failed(shared->files.lock))
        rc = JOURNAL_FAILED;
    return rc;
}

/* *AGAIN: a writer has overtaken the transaction. */
static int
try_read(struct jn_shared *shared, struct jn_txn *txn, bool *again)
{
    struct jn_newest *newest = &shared->files.newest;
    uint64_t published = jn_newest_published(newest);
    int rc = jn_store_begin_read(shared->files.store, txn);

    *again = false;
    if (rc != 0)
        return rc;
    rc = jn_newest_look(newest, txn, published, again);
    if (rc != 0 || *again)
        jn_store_end_read(txn);
    return rc;
}

int
jn_shared_begin_read(struct jn_shared *shared, struct jn_txn *txn)
{
    bool again = true;
    int rc = jn_shared_check(shared);

    for (unsigned i = 0; rc == 0 && again; i++) {
        if (i == READ_TRIES)
            return EAGAIN;
        rc = try_read(shared, txn, &again);
    }
    return rc;
}

void
jn_shared_fail(struct jn_shared *shared)
{
    jn_lock_set_failed(shared->files.lock);
    (void)jn_store_reopen(shared->files.store, true);
}

/*
 * A commit that failed, or whose process died in it, leaves the number of its
 * transaction to the next one.  It may have reached the disk and not the page
 * cache; what we overwrite now must not be named there any more.
 */
static int
settle_attempt(struct jn_shared *shared, struct jn_txn *txn)
{
    int rc;

    if (jn_lock_attempt(shared->files.lock) != jn_store_number(txn))
        return 0;
    rc = jn_store_flush(txn);
    if (rc == 0)
        jn_lock_set_attempt(shared->files.lock, 0);
    else
        jn_lock_set_failed(shared->files.lock);
    return rc;
}

/* A writer sees all that has been written: nobody can overtake it. */
static int
look_at_all(struct jn_shared *shared, struct jn_txn *txn)
{
    struct jn_newest *newest = &shared->files.newest;
    uint64_t written = jn_word_get(&newest->words->written);
    bool again;
    int rc = jn_newest_look(newest, txn, written, &again);

    return rc == 0 && again ? JOURNAL_CORRUPT : rc;
}

/* With LMDB's writer lock just taken. */
static int
check_write(struct jn_shared *shared, struct jn_txn *txn)
{
    int rc;

    /* It may have failed while this thread waited for the writer's lock. */
    rc = jn_shared_check_write(shared);
    if (rc == 0)
        rc = settle_attempt(shared, txn);
    if (rc == 0)
        rc = look_at_all(shared, txn);
    if (rc != 0)
        jn_store_abort(txn);
    return rc;
}

int
jn_shared_begin_write(struct jn_shared *shared, struct jn_txn *txn)
{
    int rc = jn_shared_check_write(shared);

    if (rc == 0)
        rc = jn_store_begin_write(shared->files.store, txn);
    return rc == 0 ? check_write(shared, txn) : rc;
}

int
jn_shared_begin_brief(struct jn_shared *shared, struct jn_txn *txn)
{
    int rc = jn_shared_check_write(shared);

    if (rc == 0)
        rc = jn_store_begin_brief(shared->files.store, txn);
    return rc == 0 ? check_write(shared, txn) : rc;
}

int
jn_shared_commit(struct jn_shared *shared, struct jn_txn *txn)
{
    bool unknown;
    int rc;

    jn_lock_set_attempt(shared->files.lock, jn_store_number(txn));
    rc = jn_store_commit(txn, &unknown);
    if (unknown)
        jn_shared_fail(shared);
    /*
     * Whoever waits for an append finds out alone whether there was one; after
     * an unknown outcome too, for what was to be committed may be there.
     */
    if (rc == 0 || unknown)
        jn_futex_wake(jn_lock_futex(shared->files.lock));
    return rc;
}

void
jn_shared_abort(struct jn_shared *shared, struct jn_txn *txn)
{
    bool broken = shared->files.newest.broken;

    shared->files.newest.broken = false;
    jn_store_abort(txn);
    if (broken)
        jn_shared_fail(shared);
}

/* Where the tail ends now, ready to be flushed; 0: there is none. */
static int
prepare_flush(struct jn_shared *shared, uint64_t *written)
{
    struct jn_txn txn;
    int rc = jn_shared_begin_write(shared, &txn);

    if (rc != 0)
        return rc;
    rc = jn_newest_prepare_flush(&shared->files.newest, &txn, written);
    jn_store_abort(&txn);
    return rc;
}

int
jn_shared_flush(struct jn_shared *shared, bool *tail)
{
    uint64_t written;
    int rc = prepare_flush(shared, &written);

    *tail = rc == 0 && written > 0;
    if (!*tail)
        return rc;
    rc = jn_newest_flush(&shared->files.newest, written);
    if (rc != 0)
        jn_shared_fail(shared);
    else
        jn_shared_wake(shared);
    return rc;
}

int
jn_shared_tick(struct jn_shared *shared)
{
    struct jn_txn txn;
    int state, rc;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    rc = jn_shared_begin_write(shared, &txn);
    if (rc == 0) {
        rc = jn_store_touch(&txn);
        if (rc == 0)
            rc = jn_shared_commit(shared, &txn);
        else
            jn_store_abort(&txn);
    }
    pthread_setcancelstate(state, NULL);
    return rc;
}

int
jn_shared_make_room(struct jn_shared *shared, uint64_t bytes_max)
{
    bool free_pages;
    int rc = jn_store_make_room(shared->files.store, bytes_max, &free_pages);
    int ticked = free_pages ? jn_shared_tick(shared) : JOURNAL_FULL;

    return rc == 0 ? 0 : ticked;
}
