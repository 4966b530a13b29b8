/*
 * mark.c - journal_mark(), journal_marked(), journal_unmark(),
 * journal_next_mark().
 */
#include "write/commit.h"
#include "base/error.h"
#include "write/handle.h"
#include "journal/marks.h"
#include "write/upkeep.h"
#include "journal/view.h"

/* ---- change ------------------------------------------------------------- */

/* Room on the disk that a new mark may take, at most. */
#define NEW_MARK_BYTES (UINT64_C(128) << 10)

struct change {
    const char *name;
    uint64_t seq;
    uint64_t bytes_max;
    bool full; /* there is no room for a new mark */
};

/*
 * A new mark is refused where an append would be, or marks would eat the room
 * that is kept for pruning.  One that is there already moves in any case.
 */
static int
add_mark(struct jn_step *step, struct change *change)
{
    int rc = jn_store_reserve(step->txn, NEW_MARK_BYTES, change->bytes_max);

    if (rc == 0)
        rc = jn_marks_put(step->txn, change->name, change->seq);
    if (rc != 0)
        return rc;
    change->full = jn_store_check_limit(step->txn, change->bytes_max) != 0;
    step->done = true;
    step->changed = !change->full;
    return 0;
}

static int
set_mark(struct jn_step *step, void *context)
{
    struct change *change = context;
    uint64_t before;
    int rc;

    if (change->seq > step->state.next)
        return JOURNAL_OUT_OF_RANGE;
    rc = jn_marks_get(step->txn, change->name, &before);
    if (rc == JOURNAL_NOT_FOUND)
        return add_mark(step, change);
    if (rc != 0 && rc != JOURNAL_CORRUPT)
        return rc;
    step->done = step->changed = true;
    return jn_marks_put(step->txn, change->name, change->seq);
}

static int
remove_mark(struct jn_step *step, void *context)
{
    const struct change *change = context;

    step->done = step->changed = true;
    return jn_marks_remove(step->txn, change->name);
}

static int
run(struct journal *journal, jn_work work, struct change *change)
{
    const struct jn_job job = {.work = work, .context = change};
    int rc = journal == NULL ? EINVAL : jn_marks_check(change->name);

    if (rc == 0)
        rc = jn_handle_check_write(journal);
    if (rc != 0)
        return rc;
    change->bytes_max = journal->limits.bytes_max;
    rc = jn_upkeep(journal->shared, change->bytes_max, &job);
    return rc == 0 && change->full ? JOURNAL_FULL : rc;
}

int
journal_mark(struct journal *journal, const char *name, uint64_t seq)
{
    struct change change = {.name = name, .seq = seq};

    return run(journal, set_mark, &change);
}

int
journal_unmark(struct journal *journal, const char *name)
{
    struct change change = {.name = name};

    return run(journal, remove_mark, &change);
}

/* ---- look --------------------------------------------------------------- */

int
journal_marked(struct journal *journal, const char *name, uint64_t *seq)
{
    uint64_t found;
    struct jn_txn txn;
    int rc = journal == NULL || seq == NULL ? EINVAL : jn_marks_check(name);

    if (rc == 0)
        rc = jn_shared_begin_read(journal->shared, &txn);
    if (rc != 0)
        return rc;
    rc = jn_marks_get(&txn, name, &found);
    jn_store_end_read(&txn);
    if (rc == 0)
        *seq = found;
    return rc;
}

int
journal_next_mark(struct journal *journal, char *name, uint64_t *seq)
{
    uint64_t found;
    struct jn_txn txn;
    int rc = 0;

    if (journal == NULL || name == NULL)
        return EINVAL;
    if (*name != '\0')
        rc = jn_marks_check(name);
    if (rc == 0)
        rc = jn_shared_begin_read(journal->shared, &txn);
    if (rc != 0)
        return rc;
    rc = jn_marks_next(&txn, name, &found);
    jn_store_end_read(&txn);
    if (rc == 0 && seq != NULL)
        *seq = found;
    return rc;
}
