/*
 * mark.c - journal_mark(), journal_marked(), journal_unmark(),
 * journal_next_mark().
 */
#include "commit.h"
#include "error.h"
#include "handle.h"
#include "marks.h"
#include "upkeep.h"
#include "view.h"

/* ---- change ------------------------------------------------------------- */

struct change {
    const char *name;
    uint64_t seq;
};

static int
set_mark(struct jn_step *step, void *context)
{
    const struct change *change = context;

    if (change->seq > step->state.next)
        return JOURNAL_OUT_OF_RANGE;
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
    int rc = journal == NULL ? EINVAL : jn_marks_check(change->name);

    if (rc == 0)
        rc = jn_handle_check_write(journal);
    if (rc == 0)
        rc = jn_upkeep(journal->shared, journal->limits.bytes_max, work, NULL,
                       change);
    return rc;
}

int
journal_mark(struct journal *journal, const char *name, uint64_t seq)
{
    struct change change = {name, seq};

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
