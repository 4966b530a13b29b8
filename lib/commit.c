/* commit.c - group commit: appends of many threads share one transaction. */
#include "commit.h"

#include <assert.h>
#include <limits.h>

#include "apply.h"
#include "clock.h"
#include "drain.h"
#include "error.h"
#include "futex.h"
#include "retention.h"
#include "slices.h"
#include "stage.h"
#include "view.h"

/* A group is not made larger than this, unless by its first request. */
#define GROUP_BYTES (UINT64_C(16) << 20)
#define GROUP_RECORDS 10000u

#define FULL_TRIES 4u

/* Bytes of the tail that a commit drains beside its own work. */
#define DRAINED_ALONG (UINT64_C(128) << 10)

/* The tail is drained when more than one part of it in so many is in use. */
#define DRAINED_AT 2u

/* ---- one group, into the store ------------------------------------------ */

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
        for (size_t i = 0; i < first->count; i++) {
            const struct journal_record *record = first->records[i].record;

            sum.bytes += record->key_size + record->meta_size +
                         record->value_size;
        }
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
    bool changed = false;
    int rc = jn_shared_begin_write(shared, &txn);

    if (rc != 0)
        return rc;
    number = jn_store_number(&txn);
    rc = apply_list(newest, &txn, first, &changed);
    if (rc == 0 && changed && *retain) {
        const struct jn_amount added = sum_of(first);

        rc = jn_retention_apply(&txn, &first->limits, &added, slowest);
        *retain = rc == 0;
    }
    if (rc == 0)
        rc = jn_store_check_limit(&txn, first->limits.bytes_max);
    if (rc == 0 && changed && newest->appended)
        rc = jn_stage_open(newest, &txn, &first->limits);
    if (rc != 0 || !changed) {
        jn_shared_abort(shared, &txn);
        return rc;
    }
    rc = jn_shared_commit(shared, &txn);
    if (rc == 0)
        jn_marks_kept(slowest, number);
    newest->appended |= rc == 0;
    return rc;
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

/* ---- one group, into the tail -------------------------------------------- */

/* In TXN.  Where entries are to go for those that come the store is at work. */
static int
stage(struct jn_newest *newest, struct jn_txn *txn, struct jn_request *first,
      enum jn_staged *staged, uint64_t *end, bool *broken)
{
    const struct jn_amount added = sum_of(first);
    uint64_t now = jn_clock_now();
    bool due;
    int rc = jn_retention_is_due(txn, &first->limits, &added, now, &due);

    *broken = false;
    *staged = JN_NO_TAIL;
    if (rc != 0 || due)
        return rc;
    return jn_stage(newest, txn, first, now, staged, end, broken);
}

static int
try_tail(struct jn_shared *shared, struct jn_request *first,
         enum jn_staged *staged, uint64_t *end)
{
    struct jn_txn txn;
    bool broken;
    int rc = first->limits.relaxed ? jn_shared_begin_brief(shared, &txn)
                                   : jn_shared_begin_write(shared, &txn);

    if (rc != 0)
        return rc;
    rc = stage(&shared->files.newest, &txn, first, staged, end, &broken);
    jn_store_abort(&txn);
    if (broken)
        jn_shared_fail(shared);
    return rc;
}

/* What has been written up to END is seen now, or once it has been flushed. */
static int
publish(struct jn_shared *shared, uint64_t end, bool relaxed)
{
    struct jn_newest *newest = &shared->files.newest;
    int rc = 0;

    if (relaxed)
        jn_word_raise(&newest->words->published, end);
    else
        rc = jn_newest_flush(newest, end);
    if (rc != 0)
        jn_shared_fail(shared);
    jn_shared_wake(shared);
    return rc;
}

/* False: it is for the store. */
static bool
run_in_tail(struct jn_shared *shared, struct jn_request *first)
{
    enum jn_staged staged;
    uint64_t end = 0;
    int rc;

    do {
        staged = JN_STAGED;
        rc = try_tail(shared, first, &staged, &end);
        if (rc == 0 && staged == JN_NO_ROOM)
            rc = jn_slices_drain(shared, first->limits.bytes_max, 0, 1);
    } while (rc == 0 && staged == JN_NO_ROOM);
    if (rc == 0 && staged == JN_NO_TAIL)
        return false;
    if (rc == 0)
        rc = publish(shared, end, first->limits.relaxed);
    if (rc != 0)
        set_results(first, rc);
    return true;
}

static void
run_group(struct jn_shared *shared, struct jn_request *first)
{
    if (first->work != NULL)
        first->result = first->work(first->context);
    else if (!run_in_tail(shared, first))
        run_in_store(shared, first);
}

/*
 * After a group, which no longer waits: what has gathered in the tail is
 * drained by those who fill it.  What fails is told to the next one.
 */
static void
drain_ahead(struct jn_shared *shared, uint64_t bytes_max)
{
    const struct jn_newest *newest = &shared->files.newest;

    if (newest->used > atomic_load(&newest->ring) / DRAINED_AT)
        (void)jn_slices_drain(shared, bytes_max, 0, 1);
}

/* ---- the queue ---------------------------------------------------------- */

static bool
is_same(const struct jn_limits *a, const struct jn_limits *b)
{
    return a->bytes_max == b->bytes_max && a->keep_entries == b->keep_entries &&
           a->keep_bytes == b->keep_bytes && a->keep_ns == b->keep_ns &&
           a->tail_bytes == b->tail_bytes && a->relaxed == b->relaxed;
}

static bool
goes_with(const struct jn_request *first, const struct jn_request *next)
{
    return first->work == NULL && next->work == NULL &&
           is_same(&first->limits, &next->limits);
}

/* Takes a group off the front of the queue, which is not empty. */
static struct jn_request *
take_group(struct jn_queue *queue)
{
    struct jn_request *first = queue->first, *last = first;
    uint64_t bytes = first->bytes;
    size_t records = first->count, count = 1;

    while (last->next != NULL && goes_with(first, last->next)) {
        bytes += last->next->bytes;
        records += last->next->count;
        if (bytes > GROUP_BYTES || records > GROUP_RECORDS)
            break;
        last = last->next;
        count++;
    }
    queue->waiting -= count;
    queue->last_count = count;
    queue->first = last->next;
    if (queue->first == NULL)
        queue->end = &queue->first;
    last->next = NULL;
    return first;
}

/* Tells the threads that wait for the group. */
static void
finish_group(struct jn_request *first, const struct jn_request *own)
{
    while (first != NULL) {
        /* Once it is done its thread may take it away. */
        struct jn_request *next = first->next;

        if (first != own)
            jn_futex_tell(&first->turn, JN_DONE);
        first = next;
    }
}

/* The next leader, if somebody waits; otherwise nobody is one. */
static struct jn_request *
hand_over(struct jn_queue *queue)
{
    struct jn_request *next;

    pthread_mutex_lock(&queue->mutex);
    next = queue->first;
    queue->led = next != NULL;
    pthread_mutex_unlock(&queue->mutex);
    return next;
}

/*
 * Those whose requests were done by the commit before are on their way back,
 * many of them with the next one.  To wait a little for as many as there were
 * makes groups of all the threads, where otherwise a large and a small one
 * would take turns.  A quarter of a commit's time is the most it may cost.
 */
static void
wait_for_company(struct jn_queue *queue)
{
    struct timespec until;
    int rc = 0;

    if (queue->waiting >= queue->last_count)
        return;
    jn_clock_after(&until, queue->last_ns / 4);
    while (rc == 0 && queue->waiting < queue->last_count)
        rc = pthread_cond_timedwait(&queue->company, &queue->mutex, &until);
}

/* Takes the group that OWN is the first of. */
static struct jn_request *
begin_group(struct jn_queue *queue, const struct jn_request *own)
{
    struct jn_request *group;

    pthread_mutex_lock(&queue->mutex);
    wait_for_company(queue);
    group = take_group(queue);
    assert(group == own);
    pthread_mutex_unlock(&queue->mutex);
    return group;
}

static void
lead(struct jn_shared *shared, struct jn_request *own)
{
    struct jn_queue *queue = &shared->queue;
    struct jn_request *group = begin_group(queue, own), *next;
    /* Who is alone waits for no company, and need not know how long. */
    uint64_t start = group->next != NULL ? jn_clock_steady() : 0;

    run_group(shared, group);
    /* For the next leader alone, which is told of it below. */
    queue->last_ns = start != 0 ? jn_clock_steady() - start : 0;
    finish_group(group, own);
    drain_ahead(shared, own->limits.bytes_max);
    next = hand_over(queue);
    if (next != NULL)
        jn_futex_tell(&next->turn, JN_LEADS);
}

/* Whether REQUEST, in the queue now, is the one to lead. */
static bool
enqueue(struct jn_queue *queue, struct jn_request *request)
{
    bool leads;

    pthread_mutex_lock(&queue->mutex);
    *queue->end = request;
    queue->end = &request->next;
    queue->waiting++;
    if (queue->waiting == queue->last_count)
        pthread_cond_signal(&queue->company);
    leads = !queue->led;
    queue->led = true;
    pthread_mutex_unlock(&queue->mutex);
    return leads;
}

/* Puts REQUEST into the queue and returns when it is done. */
static void
pass_queue(struct jn_shared *shared, struct jn_request *request)
{
    if (enqueue(&shared->queue, request) ||
        jn_futex_await(&request->turn) == JN_LEADS)
        lead(shared, request);
}

int
jn_commit(struct jn_shared *shared, struct jn_request *request)
{
    int state;

    /* It may have been through the queue before. */
    request->next = NULL;
    request->result = 0;
    atomic_init(&request->turn, 0);
    /* A thread cancelled with LMDB's lock held would leave it for ever. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pass_queue(shared, request);
    pthread_setcancelstate(state, NULL);
    return request->result;
}

int
jn_commit_turn(struct jn_shared *shared, int (*work)(void *context),
               void *context)
{
    struct jn_request request = {.work = work, .context = context};

    return jn_commit(shared, &request);
}
