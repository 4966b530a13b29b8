/* slices.c - the tail drained, a slice in each commit. */
#include "write/slices.h"

#include <limits.h>

#include "base/clock.h"
#include "write/drain.h"
#include "base/error.h"

/* The tail is drained when more than one part of it in so many is in use. */
#define DRAINED_AT 2u

/*
 * So many slices more than one at a time where it is full; fewer on the way, so
 * that nobody has to wait for many at once.
 */
#define SLICES_MORE 4u

/* A slice of entries is one part of the tail in so many, */
#define PART_MIN 16u
#define PART_MAX 2u

/* and one of keys has one for so many of its bytes: at worst a page each. */
#define BYTES_MIN 16384u
#define BYTES_FIRST 8192u
#define BYTES_MAX 512u

/* Where the keys are yet to be sorted one part in so many is written. */
#define BEGINNING 4u

/* It should take about so long, ns. */
#define TIME_WANTED UINT64_C(8000000)

#define FULL_TRIES 4u

/* What draining takes over a limit, should it be reached to the last page. */
#define OVERDRAFT (UINT64_C(256) << 10)

static uint64_t
within(uint64_t value, uint64_t least, uint64_t most)
{
    if (value < least)
        return least;
    return value > most ? most : value;
}

static struct jn_slice
first_slice(const struct jn_newest *newest)
{
    uint64_t ring = atomic_load(&newest->ring);

    return (struct jn_slice){ring / BYTES_FIRST, ring / PART_MIN};
}

/* As much as takes that long, by what this one took; but not all at once. */
static void
adapt(struct jn_newest *newest, bool keyed, uint64_t took)
{
    uint64_t ring = atomic_load(&newest->ring);
    struct jn_slice *slice = &newest->slice;
    uint64_t *size = keyed ? &slice->keys : &slice->bytes;

    took = within(took, TIME_WANTED / 2, TIME_WANTED * 2);
    *size = *size * TIME_WANTED / took;
    slice->keys = within(slice->keys, ring / BYTES_MIN, ring / BYTES_MAX);
    slice->bytes = within(slice->bytes, ring / PART_MIN, ring / PART_MAX);
}

/* To sort the keys of a round takes as long as a slice of them. */
static struct jn_slice
next_slice(const struct jn_newest *newest)
{
    struct jn_slice slice = newest->slice;

    if (newest->round.orders == NULL)
        slice.keys = slice.keys / BEGINNING + 1;
    return slice;
}

/* False: they cannot be smaller. */
static bool
shrink(struct jn_slice *slice)
{
    if (slice->keys <= 1 && slice->bytes <= 1)
        return false;
    slice->keys = slice->keys / 8 + 1;
    slice->bytes = slice->bytes / 8 + 1;
    return true;
}

static int
drain_slice(struct jn_shared *shared, uint64_t limit, uint64_t keep,
            bool *keyed, bool *done)
{
    struct jn_newest *newest = &shared->files.newest;
    const struct jn_slice most = next_slice(newest);
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
        rc = jn_drain(newest, &txn, &most, keyed);
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
    if (newest->slice.bytes == 0)
        newest->slice = first_slice(newest);
    while (!*done && slices > 0) {
        uint64_t start = jn_clock_steady();
        bool keyed = false;
        int rc = drain_slice(shared, limit, keep, &keyed, done);

        if (rc == JOURNAL_FULL && shrink(&newest->slice)) {
            continue;
        } else if (rc == JOURNAL_FULL && ++tries < FULL_TRIES) {
            /* Dead readers may have been in the way, or there is no way. */
            if (limit != 0 && tries == FULL_TRIES / 2)
                limit += OVERDRAFT;
            if (jn_shared_make_room(shared, limit) != 0)
                return rc;
        } else if (rc != 0) {
            return rc;
        } else if (!*done) {
            adapt(newest, keyed, jn_clock_steady() - start);
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

void
jn_slices_drain_ahead(struct jn_shared *shared, uint64_t bytes_max)
{
    const struct jn_newest *newest = &shared->files.newest;
    uint64_t ring = atomic_load(&newest->ring);
    uint64_t from = ring / DRAINED_AT;

    if (newest->used > from) {
        uint64_t more = (newest->used - from) * SLICES_MORE / (ring - from);

        (void)jn_slices_drain(shared, bytes_max, 0, 1 + (unsigned)more);
    }
}

/* Keys do not free any of the ring: so it is not one slice. */
int
jn_slices_make_room(struct jn_shared *shared, uint64_t bytes_max)
{
    return jn_slices_drain(shared, bytes_max, shared->files.newest.used - 1,
                           UINT_MAX);
}
