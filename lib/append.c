/* append.c - journal_append() and its kin, and journal_sync(). */
#include "commit.h"
#include "error.h"
#include "handle.h"
#include "request.h"
#include "retention.h"
#include "upkeep.h"

/* ---- room --------------------------------------------------------------- */

struct clearance {
    const struct jn_limits *limits;
    uint64_t removed;
};

static int
clear_step(struct jn_step *step, void *context)
{
    struct clearance *clearance = context;
    const struct jn_amount most = {step->most, UINT64_MAX};
    struct jn_slowest slowest = {0, 0};
    int rc = jn_retention_remove(step->txn, &step->state, clearance->limits,
                                 &most, &slowest, &clearance->removed);

    step->changed = clearance->removed > 0;
    step->done = true;
    return rc;
}

/*
 * There was no room.  Removes a step's worth of what is over the handle's
 * limits in a commit of its own, and says whether to try again: pages that the
 * append's own commit frees would come too late for it.
 */
static bool
make_room(struct journal *journal)
{
    struct clearance clearance = {.limits = &journal->limits};

    return jn_retention_wanted(&journal->limits) &&
           jn_upkeep(journal->shared, journal->limits.bytes_max, clear_step,
                     NULL, &clearance) == 0 &&
           clearance.removed > 0 && jn_shared_tick(journal->shared) == 0;
}

/* ---- append ------------------------------------------------------------- */

int
journal_append_batch(struct journal *journal,
                     const struct journal_record *records, size_t count,
                     uint64_t *first_seq)
{
    struct jn_request request;
    int rc;

    if (journal == NULL)
        return EINVAL;
    rc = jn_handle_check_write(journal);
    if (rc != 0)
        return rc;
    rc = jn_request_make(&request, records, count);
    if (rc != 0)
        return rc;
    request.limits = journal->limits;
    do {
        request.next = NULL;
        request.done = request.leads = false;
        rc = jn_commit(journal->shared, &request);
    } while (rc == JOURNAL_FULL && make_room(journal));
    if (rc == 0 && first_seq != NULL)
        *first_seq = request.first_seq;
    jn_request_free(&request);
    return rc;
}

int
journal_append(struct journal *journal, const void *key, size_t key_size,
               const void *value, size_t value_size, uint64_t *seq)
{
    const struct journal_record record = {
        .key = key,
        .key_size = key_size,
        .value = value,
        .value_size = value_size,
    };

    return journal_append_batch(journal, &record, 1, seq);
}

int
journal_delete(struct journal *journal, const void *key, size_t key_size,
               uint64_t *seq)
{
    const struct journal_record record = {
        .key = key,
        .key_size = key_size,
        .flags = JOURNAL_TOMBSTONE,
    };

    return journal_append_batch(journal, &record, 1, seq);
}

int
journal_sync(struct journal *journal)
{
    /* Every append has been flushed by the time it returned. */
    return journal == NULL ? EINVAL : jn_handle_check_write(journal);
}
