/* expiry.c - what is over the limits of retention goes, beside the tail. */
#include "write/expiry.h"

#include "base/error.h"
#include "write/retention.h"

/*
 * What is recent has to be on the disk before what it has replaced goes: else a
 * loss of power would leave less than the limits say is kept.
 */
static int
expire(struct jn_shared *shared, struct jn_txn *txn,
       const struct jn_limits *limits, const struct jn_amount *added,
       uint64_t *removed)
{
    struct jn_newest *newest = &shared->files.newest;
    int rc = jn_retention_apply(newest, txn, limits, added,
                                &shared->queue.slowest, removed);

    if (rc == 0 && *removed > 0)
        rc = jn_store_check_limit(txn, limits->bytes_max);
    if (rc == 0 && *removed > 0)
        rc = jn_newest_flush_all(newest, txn);
    return rc;
}

int
jn_expiry_run(struct jn_shared *shared, const struct jn_limits *limits,
              const struct jn_amount *added)
{
    struct jn_txn txn;
    uint64_t number, removed = 0;
    int rc = jn_shared_begin_write(shared, &txn);

    if (rc != 0)
        return rc;
    number = jn_store_number(&txn);
    rc = expire(shared, &txn, limits, added, &removed);
    if (rc != 0 || removed == 0) {
        jn_shared_abort(shared, &txn);
        return rc;
    }
    rc = jn_shared_commit(shared, &txn);
    if (rc == 0)
        jn_marks_kept(&shared->queue.slowest, number);
    return rc;
}
