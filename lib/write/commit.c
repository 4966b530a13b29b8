/* commit.c - group commit: appends of many threads share one flush. */
#include "write/commit.h"

#include <assert.h>

#include "base/clock.h"
#include "base/futex.h"
#include "write/group.h"
#include "write/slices.h"

/* A group is not made larger than this, unless by its first request. */
#define GROUP_BYTES (UINT64_C(16) << 20)
#define GROUP_RECORDS 10000u

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

/* Takes the group that is to be done now; its first is the own one. */
static struct jn_request *
begin_group(struct jn_queue *queue)
{
    struct jn_request *group;

    pthread_mutex_lock(&queue->mutex);
    wait_for_company(queue);
    group = take_group(queue);
    pthread_mutex_unlock(&queue->mutex);
    return group;
}

static void
run(struct jn_shared *shared, struct jn_request *group)
{
    if (group->work != NULL)
        group->result = group->work(group->context);
    else
        jn_group_run(shared, group);
}

static void
lead(struct jn_shared *shared, struct jn_request *own)
{
    struct jn_queue *queue = &shared->queue;
    struct jn_request *group = begin_group(queue), *next;
    /* Who is alone waits for no company, and need not know how long. */
    uint64_t start = group->next != NULL ? jn_clock_steady() : 0;

    assert(group == own);
    run(shared, group);
    /* For the next leader alone, which is told of it below. */
    queue->last_ns = start != 0 ? jn_clock_steady() - start : 0;
    finish_group(group, own);
    /* A turn of other work has no limit to go by, and need not drain. */
    if (own->work == NULL)
        jn_slices_drain_ahead(shared, own->limits.bytes_max);
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
