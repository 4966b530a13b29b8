/* group.c - a group of appends enters the journal: the tail, or the store. */
#include "write/group.h"

#include <limits.h>

#include "write/apply.h"
#include "base/clock.h"
#include "write/drain.h"
#include "base/error.h"
#include "write/expiry.h"
#include "write/retention.h"
#include "write/slices.h"
#include "write/stage.h"
#include "journal/view.h"

#define FULL_TRIES 4u

/* Bytes of the tail that a commit drains beside its own work. */
#define DRAINED_ALONG (UINT64_C(256) << 10)

/* So many bytes of relaxed appends the system begins to write at a time. */
#define BEGUN_AT (UINT64_C(256) << 10)

/* ---- into the store ------------------------------------------ */

/*
 * Room that a commit of the list may take on the disk, at a guess.  Of the
 * pages that change for its keys most go to where others were before.
 */
static uint64_t
estimate(struct jn_txn *txn, const struct jn_request *first)
{
    uint64_t pages = jn_store_count(txn, JN_LATEST) / 16 + 1;
    uint64_t bytes = 0, records = 0;

    for (; first != NULL; first = first->next) {
        bytes += first->bytes;
        records += first->count;
    }
    pages = pages < records ? pages : records;
    return bytes + bytes / 4 + records * 64 + (pages / 2 + 32) * 4096;
}

/* What the requests of the list have become, or may become. */
static struct jn_amount
sum_of(const struct jn_request *first)
{
    struct jn_amount sum = {0, 0};

    for (; first != NULL; first = first->next) {
        if (first->result != 0)
            continue;
        for (size_t i = 0; i < first->count; i++)
            sum.bytes += first->records[i].logical;
        sum.entries += first->count;
    }
    return sum;
}

/*
 * The requests behind what is recent, all of it in the store then.  A process
 * that goes on appending gets a tail: the first append alone is not worth one.
 */
static int
apply_list(struct jn_newest *newest, struct jn_txn *txn,
           struct jn_request *first, bool *changed)
{
    uint64_t left = jn_drain_left(txn), written;
    int rc = jn_newest_prepare_flush(newest, txn, &written);

    if (rc == 0)
        rc = jn_store_reserve(txn, estimate(txn, first) + 2 * left,
                              first->limits.bytes_max);
    if (rc == 0)
        rc = jn_drain_all(newest, txn);
    if (rc == 0)
        rc = jn_apply_to_store(txn, first, jn_clock_now(), changed);
    return rc;
}

/* With *RETAIN the oldest entries may go; unset if it was that which failed. */
static int
try_list(struct jn_shared *shared, struct jn_request *first, bool *retain)
{
    struct jn_slowest *slowest = &shared->queue.slowest;
    struct jn_newest *newest = &shared->files.newest;
    struct jn_txn txn;
    uint64_t number;
    unsigned opened;
    bool changed = false;
    int rc = jn_shared_begin_write(shared, &txn);

    if (rc != 0)
        return rc;
    number = jn_store_number(&txn);
    rc = apply_list(newest, &txn, first, &changed);
    if (rc == 0 && changed && *retain) {
        const struct jn_amount added = sum_of(first);
        uint64_t removed;

        rc = jn_retention_apply(newest, &txn, &first->limits, &added, slowest,
                                &removed);
        *retain = rc == 0;
    }
    if (rc == 0)
        rc = jn_store_check_limit(&txn, first->limits.bytes_max);
    if (rc == 0 && changed && newest->appended)
        rc = jn_newest_begin_tail(newest, &txn, &first->limits);
    if (rc != 0 || !changed) {
        jn_shared_abort(shared, &txn);
        return rc;
    }
    opened = atomic_load(&newest->opened);
    rc = jn_shared_commit(shared, &txn);
    if (rc != 0)
        return rc;
    jn_marks_kept(slowest, number);
    newest->appended = true;
    newest->moved = opened;
    return 0;
}

/* Tries again while there is room to be made. */
static int
try_in_room(struct jn_shared *shared, struct jn_request *first, bool *retain)
{
    int rc = jn_slices_drain(shared, first->limits.bytes_max, DRAINED_ALONG,
                             UINT_MAX);

    if (rc == 0)
        rc = try_list(shared, first, retain);

    for (unsigned i = 1; i < FULL_TRIES && rc == JOURNAL_FULL; i++) {
        if (jn_shared_make_room(shared, first->limits.bytes_max) != 0)
            break;
        rc = try_list(shared, first, retain);
    }
    return rc;
}

/* What can be appended is not refused because old entries can't be removed. */
static int
run_list(struct jn_shared *shared, struct jn_request *first)
{
    bool wanted = jn_retention_wanted(&first->limits), retain = wanted;
    int rc = try_in_room(shared, first, &retain);

    if (rc == 0 || !wanted)
        return rc;
    if (retain && rc != JOURNAL_FULL && rc != JOURNAL_TOO_BIG)
        return rc;
    retain = false;
    return try_in_room(shared, first, &retain);
}

static void
set_results(struct jn_request *first, int result)
{
    for (; first != NULL; first = first->next)
        first->result = result;
}

/*
 * What does not fit together may fit alone; and what fails alone fails for
 * itself only.
 */
static void
run_one_by_one(struct jn_shared *shared, struct jn_request *first)
{
    while (first != NULL) {
        struct jn_request *rest = first->next;
        int rc;

        first->next = NULL;
        rc = run_list(shared, first);
        if (rc != 0)
            first->result = rc;
        first->next = rest;
        first = rest;
    }
}

static void
run_in_store(struct jn_shared *shared, struct jn_request *first)
{
    int rc = run_list(shared, first);

    if ((rc == JOURNAL_FULL || rc == JOURNAL_TOO_BIG) && first->next != NULL)
        run_one_by_one(shared, first);
    else if (rc != 0)
        set_results(first, rc);
}

/* ---- into the tail -------------------------------------------- */

/* What became of a group that was to go into the tail. */
struct passage {
    enum jn_staged staged;
    uint64_t end; /* of its frames */
    bool broken;  /* the tail has failed */
    enum jn_due due;
};

/* In TXN.  For what removes others that are recent too the store is at work. */
static int
stage(struct jn_shared *shared, struct jn_txn *txn, struct jn_request *first,
      struct passage *passage)
{
    const struct jn_amount added = sum_of(first);
    uint64_t now = jn_clock_now();
    int rc = jn_retention_find_due(txn, &first->limits, &added, now,
                                   &shared->queue.slowest, &passage->due);

    passage->broken = false;
    passage->staged = JN_NO_TAIL;
    if (rc != 0 || passage->due == JN_DUE_RECENT)
        return rc;
    return jn_stage(&shared->files.newest, txn, first, now, &passage->staged,
                    &passage->end, &passage->broken);
}

static int
try_tail(struct jn_shared *shared, struct jn_request *first,
         struct passage *passage)
{
    struct jn_txn txn;
    int rc = first->limits.relaxed ? jn_shared_begin_brief(shared, &txn)
                                   : jn_shared_begin_write(shared, &txn);

    if (rc != 0)
        return rc;
    rc = stage(shared, &txn, first, passage);
    jn_store_abort(&txn);
    if (passage->broken)
        jn_shared_fail(shared);
    return rc;
}

/*
 * Where the index is to be ahead the tail has to be on the disk: who waits for
 * that then finds most of it there.
 */
static void
begin_flush(struct jn_newest *newest, uint64_t end)
{
    if (newest->few || end - newest->begun < BEGUN_AT)
        return;
    newest->begun = end;
    jn_tail_begin_flush(newest->tail);
}

/* What has been written up to END is seen now, or once it has been flushed. */
static int
publish(struct jn_shared *shared, uint64_t end, bool relaxed)
{
    struct jn_newest *newest = &shared->files.newest;
    int rc = 0;

    if (relaxed) {
        jn_word_raise(&newest->words->published, end);
        begin_flush(newest, end);
    } else
        rc = jn_newest_flush(newest, end);
    if (rc != 0)
        jn_shared_fail(shared);
    jn_shared_wake(shared);
    return rc;
}

/*
 * In a commit of its own, if any have come.  That some cannot be removed is no
 * reason for these to fail.
 */
static void
remove_due(struct jn_shared *shared, struct jn_request *first)
{
    const struct jn_amount added = sum_of(first);

    if (added.entries > 0)
        (void)jn_expiry_run(shared, &first->limits, &added);
}

/* False: it is for the store. */
static bool
run_in_tail(struct jn_shared *shared, struct jn_request *first)
{
    struct passage passage = {.end = 0};
    int rc;

    do {
        passage.staged = JN_STAGED;
        rc = try_tail(shared, first, &passage);
        if (rc == 0 && passage.staged == JN_NO_ROOM)
            rc = jn_slices_make_room(shared, first->limits.bytes_max);
    } while (rc == 0 && passage.staged == JN_NO_ROOM);
    if (rc == 0 && passage.staged == JN_NO_TAIL)
        return false;
    if (rc == 0)
        rc = publish(shared, passage.end, first->limits.relaxed);
    if (rc != 0)
        set_results(first, rc);
    else if (passage.due != JN_NOT_DUE)
        remove_due(shared, first);
    return true;
}

void
jn_group_run(struct jn_shared *shared, struct jn_request *first)
{
    if (!run_in_tail(shared, first))
        run_in_store(shared, first);
}
