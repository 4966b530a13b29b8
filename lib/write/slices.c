/* slices.c - the tail drained, a slice in each commit. */
#include "write/slices.h"

#include "base/clock.h"
#include "write/drain.h"
#include "base/error.h"

/* A slice is one part of the tail in so many. */
#define PART_MIN 16u
#define PART_MAX 2u

/* It should take about so long, ns, and not much longer. */
#define TIME_WANTED UINT64_C(8000000)
#define TIME_ENDURED UINT64_C(24000000)

/*
 * Where keys are so many that the smallest slice, which then has a page of its
 * own for each, takes longer than that, small ones only multiply the pages: so
 * many slices are as large as can be then, before small ones are tried again.
 */
#define LARGE_SLICES 64u

#define FULL_TRIES 4u

/* What draining takes over a limit, should it be reached to the last page. */
#define OVERDRAFT (UINT64_C(256) << 10)

/* Larger while they are quick, smaller when they are slow. */
static void
adapt(struct jn_newest *newest, uint64_t took)
{
    uint64_t least = atomic_load(&newest->ring) / PART_MIN;
    uint64_t most = atomic_load(&newest->ring) / PART_MAX;
    uint64_t slice = newest->slice;

    if (newest->large_slices > 0) {
        newest->large_slices--;
        return;
    }
    if (took < TIME_WANTED / 2) {
        slice *= 2;
    } else if (took > TIME_ENDURED && slice <= least) {
        newest->large_slices = LARGE_SLICES;
        slice = most;
    } else if (took > TIME_WANTED * 3 / 2) {
        slice /= 2;
    }
    slice = slice > most ? most : slice;
    newest->slice = slice < least ? least : slice;
}

static int
drain_slice(struct jn_shared *shared, uint64_t limit, uint64_t keep,
            uint64_t most, bool *done)
{
    struct jn_newest *newest = &shared->files.newest;
    struct jn_txn txn;
    uint64_t left;
    int rc = jn_shared_begin_write(shared, &txn);

    if (rc != 0)
        return rc;
    left = jn_drain_left(&txn);
    *done = left <= keep;
    if (*done) {
        jn_store_abort(&txn);
        return 0;
    }
    rc = jn_store_reserve(&txn, 2 * left, limit);
    if (rc == 0)
        rc = jn_drain(newest, &txn, most);
    if (rc == 0)
        return jn_shared_commit(shared, &txn);
    jn_shared_abort(shared, &txn);
    return rc;
}

static int
drain_slices(struct jn_shared *shared, uint64_t bytes_max, uint64_t keep,
             unsigned slices, bool *done)
{
    struct jn_newest *newest = &shared->files.newest;
    uint64_t limit = bytes_max;
    unsigned tries = 0;

    *done = false;
    if (newest->slice == 0)
        adapt(newest, 0);
    while (!*done && slices > 0) {
        uint64_t start = jn_clock_steady();
        int rc = drain_slice(shared, limit, keep, newest->slice, done);

        if (rc == JOURNAL_FULL && newest->slice > 1) {
            newest->slice = newest->slice / 8 + 1;
            newest->large_slices = 0;
        } else if (rc == JOURNAL_FULL && ++tries < FULL_TRIES) {
            /* Dead readers may have been in the way, or there is no way. */
            if (limit != 0 && tries == FULL_TRIES / 2)
                limit += OVERDRAFT;
            if (jn_shared_make_room(shared, limit) != 0)
                return rc;
        } else if (rc != 0) {
            return rc;
        } else if (!*done) {
            adapt(newest, jn_clock_steady() - start);
            slices--;
        }
    }
    return 0;
}

int
jn_slices_drain(struct jn_shared *shared, uint64_t bytes_max, uint64_t keep,
                unsigned slices)
{
    bool done;

    return drain_slices(shared, bytes_max, keep, slices, &done);
}

int
jn_slices_drain_one(struct jn_shared *shared, uint64_t bytes_max, uint64_t keep,
                    bool *done)
{
    return drain_slices(shared, bytes_max, keep, 1, done);
}
