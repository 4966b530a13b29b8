/* clearance.c - room for an append, from entries that need not be kept. */
#include "write/clearance.h"

#include "write/retention.h"
#include "write/upkeep.h"

struct clearance {
    const struct jn_limits *limits;
    uint64_t removed;
};

static int
clear_step(struct jn_step *step, void *context)
{
    struct clearance *clearance = context;
    struct jn_amount most = {step->most, UINT64_MAX};
    struct jn_slowest slowest = {0, 0};
    bool held; /* by nothing: it has all been moved */
    int rc = jn_retention_remove(step->txn, &step->state, clearance->limits,
                                 &most, &slowest, &held);

    clearance->removed = step->most - most.entries;
    step->changed = clearance->removed > 0;
    step->done = true;
    return rc;
}

bool
jn_clearance_make(struct jn_shared *shared, const struct jn_limits *limits)
{
    struct clearance clearance = {.limits = limits};
    const struct jn_job job = {.work = clear_step, .context = &clearance};

    return jn_retention_wanted(limits) &&
           jn_upkeep(shared, limits->bytes_max, &job) == 0 &&
           clearance.removed > 0 && jn_shared_tick(shared) == 0;
}
