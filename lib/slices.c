/* slices.c - the tail drained, a slice in each commit. */
#include "slices.h"

#include "clock.h"
#include "drain.h"
#include "error.h"
#include "stage.h"

/*
 * A slice is at least one part of the tail in so many, however long that takes:
 * most of the time may be the disk's, for each commit.
 */
#define PART_MIN 8u
#define PART_MAX 2u

/* A slice should take about so long: ns. */
#define TIME_WANTED UINT64_C(4000000)

#define FULL_TRIES 4u

/* What draining takes over a limit, should it be reached to the last page. */
#define OVERDRAFT (UINT64_C(256) << 10)

/* Larger while they are quick, smaller when they are slow. */
static void
adapt(struct jn_newest *newest, uint64_t took)
{
    uint64_t capacity = newest->name.capacity;
    uint64_t slice = newest->slice;

    if (took < TIME_WANTED / 2)
        slice *= 2;
    else if (took > TIME_WANTED * 2)
        slice /= 2;
    slice = slice > capacity / PART_MAX ? capacity / PART_MAX : slice;
    newest->slice = slice < capacity / PART_MIN ? capacity / PART_MIN : slice;
}

static int
drain_slice(struct jn_shared *shared, uint64_t limit, uint64_t keep,
            uint64_t most, bool *done)
{
    struct jn_newest *newest = &shared->files.newest;
    struct jn_txn txn;
    uint64_t used;
    int rc = jn_shared_begin_write(shared, &txn);

    if (rc != 0)
        return rc;
    used = jn_stage_used(newest, &txn);
    *done = used <= keep || jn_drain_left(&txn) == 0;
    if (*done) {
        jn_store_abort(&txn);
        return 0;
    }
    rc = jn_store_reserve(&txn, 2 * used, limit);
    if (rc == 0)
        rc = jn_drain(newest, &txn, most);
    if (rc == 0)
        return jn_shared_commit(shared, &txn);
    jn_store_abort(&txn);
    return rc;
}

int
jn_slices_drain(struct jn_shared *shared, uint64_t bytes_max, uint64_t keep,
                unsigned slices)
{
    struct jn_newest *newest = &shared->files.newest;
    uint64_t limit = bytes_max;
    unsigned tries = 0;
    bool done = false;

    if (newest->slice == 0)
        adapt(newest, 0);
    while (!done && slices > 0) {
        uint64_t start = jn_clock_steady();
        int rc = drain_slice(shared, limit, keep, newest->slice, &done);

        if (rc == JOURNAL_FULL && newest->slice > 1) {
            newest->slice = newest->slice / 8 + 1;
        } else if (rc == JOURNAL_FULL && ++tries < FULL_TRIES) {
            /* Dead readers may have been in the way, or there is no way. */
            if (limit != 0 && tries == FULL_TRIES / 2)
                limit += OVERDRAFT;
            if (jn_shared_make_room(shared, limit) != 0)
                return rc;
        } else if (rc != 0) {
            return rc;
        } else if (!done) {
            adapt(newest, jn_clock_steady() - start);
            slices--;
        }
    }
    return 0;
}
