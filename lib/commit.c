/* commit.c - group commit: appends of many threads share one transaction. */
#include "commit.h"

#include <assert.h>
#include <string.h>

#include "apply.h"
#include "clock.h"
#include "error.h"
#include "retention.h"
#include "view.h"

/* A group is not made larger than this, unless by its first request. */
#define GROUP_BYTES (UINT64_C(16) << 20)
#define GROUP_RECORDS 10000u

#define FULL_TRIES 4u

/* ---- one group ---------------------------------------------------------- */

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

/* What the requests of the list have become. */
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

/* With *RETAIN the oldest entries may go; unset if it was that which failed. */
static int
try_list(struct jn_shared *shared, struct jn_request *first, bool *retain)
{
    struct jn_slowest *slowest = &shared->queue.slowest;
    struct jn_txn txn;
    uint64_t number;
    bool changed = false;
    int rc = jn_shared_begin_write(shared, &txn);

    if (rc != 0)
        return rc;
    number = jn_store_number(&txn);
    rc = jn_store_reserve(&txn, estimate(&txn, first), first->limits.bytes_max);
    if (rc == 0)
        rc = jn_apply(&txn, first, &changed);
    if (rc == 0 && changed && *retain) {
        const struct jn_amount added = sum_of(first);

        rc = jn_retention_apply(&txn, &first->limits, &added, slowest);
        *retain = rc == 0;
    }
    if (rc == 0)
        rc = jn_store_check_limit(&txn, first->limits.bytes_max);
    if (rc != 0 || !changed) {
        jn_store_abort(&txn);
        return rc;
    }
    rc = jn_shared_commit(shared, &txn);
    if (rc == 0)
        jn_marks_kept(slowest, number);
    return rc;
}

/* Tries again while there is room to be made. */
static int
try_in_room(struct jn_shared *shared, struct jn_request *first, bool *retain)
{
    int rc = try_list(shared, first, retain);

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
run_group(struct jn_shared *shared, struct jn_request *first)
{
    int rc;

    if (first->work != NULL) {
        first->result = first->work(first->context);
        return;
    }
    rc = run_list(shared, first);
    if ((rc == JOURNAL_FULL || rc == JOURNAL_TOO_BIG) && first->next != NULL)
        run_one_by_one(shared, first);
    else if (rc != 0)
        set_results(first, rc);
}

/* ---- the queue ---------------------------------------------------------- */

static bool
goes_with(const struct jn_request *first, const struct jn_request *next)
{
    return first->work == NULL && next->work == NULL &&
           memcmp(&first->limits, &next->limits, sizeof(first->limits)) == 0;
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

/* Tells the threads that wait for the group, and the next leader. */
static void
finish_group(struct jn_queue *queue, struct jn_request *first,
             const struct jn_request *own)
{
    while (first != NULL) {
        /* Once it is done its thread may take it away. */
        struct jn_request *next = first->next;

        first->done = true;
        if (first != own)
            pthread_cond_signal(&first->changed);
        first = next;
    }
    if (queue->first != NULL) {
        queue->first->leads = true;
        pthread_cond_signal(&queue->first->changed);
    } else {
        queue->led = false;
    }
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

static void
lead(struct jn_shared *shared, struct jn_request *own)
{
    struct jn_queue *queue = &shared->queue;
    struct jn_request *group;
    uint64_t start;

    wait_for_company(queue);
    group = take_group(queue);
    assert(group == own);
    pthread_mutex_unlock(&queue->mutex);
    start = jn_clock_steady();
    run_group(shared, group);
    start = jn_clock_steady() - start;
    pthread_mutex_lock(&queue->mutex);
    queue->last_ns = start;
    finish_group(queue, group, own);
}

/* Puts REQUEST into the queue and returns when it is done. */
static void
pass_queue(struct jn_shared *shared, struct jn_request *request)
{
    struct jn_queue *queue = &shared->queue;

    pthread_mutex_lock(&queue->mutex);
    *queue->end = request;
    queue->end = &request->next;
    queue->waiting++;
    if (queue->waiting == queue->last_count)
        pthread_cond_signal(&queue->company);
    if (!queue->led) {
        queue->led = true;
        request->leads = true;
    }
    while (!request->done && !request->leads)
        pthread_cond_wait(&request->changed, &queue->mutex);
    if (!request->done)
        lead(shared, request);
    pthread_mutex_unlock(&queue->mutex);
}

int
jn_commit(struct jn_shared *shared, struct jn_request *request)
{
    int state, rc = pthread_cond_init(&request->changed, NULL);

    if (rc != 0)
        return rc;
    /* It may have been through the queue before. */
    request->next = NULL;
    request->done = request->leads = false;
    /* A thread cancelled with LMDB's lock held would leave it for ever. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pass_queue(shared, request);
    pthread_setcancelstate(state, NULL);
    pthread_cond_destroy(&request->changed);
    return request->result;
}

int
jn_commit_turn(struct jn_shared *shared, int (*work)(void *context),
               void *context)
{
    struct jn_request request = {.work = work, .context = context};

    return jn_commit(shared, &request);
}
