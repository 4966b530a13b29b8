/* plan.c - whether a query goes by index and links, or looks at all. */
#include "query/plan.h"

#include "base/error.h"
#include "query/gather.h"
#include "journal/history.h"
#include "query/keys.h"
#include "journal/view.h"

/* So few entries are not worth a thought. */
#define RANGE_MIN 64u

/* Of a key with more revisions the entries in the range are counted. */
#define REVISIONS_MAX 256u

struct count {
    const struct jn_filter *filter;
    struct jn_txn *txn;
    const struct jn_state *state;
    const struct jn_range *range;
    uint64_t keys, entries;
    uint64_t newest;
    uint64_t before; /* rows that had been looked up when it began */
};

/* Entries that a scan would meet, at most. */
static uint64_t
size_of(struct jn_txn *txn, const struct jn_range *range)
{
    uint64_t size = range->high - range->low;
    uint64_t all = jn_view_entries(txn);

    return size < all ? size : all;
}

/* Entries of a key that are wanted; no less, and seldom more. */
static int
count_key(struct count *count, const struct jn_chain *chain)
{
    struct jn_history history = {count->txn, count->state, chain};
    const struct jn_range *range = count->range;
    uint64_t first, found = chain->revision;
    int rc = 0;

    count->keys++;
    if (chain->roots[0] > count->newest)
        count->newest = chain->roots[0];
    if (chain->roots[0] < range->low)
        found = 0;
    else if (count->filter->latest)
        found = 1;
    else if (found > REVISIONS_MAX)
        rc = jn_history_count(&history, range->low, range->high, &first,
                              &found);
    count->entries += found;
    return rc;
}

/* Going over KEYS, once for each list that ENTRIES fill. */
static uint64_t
cost_of_keys(const struct jn_filter *filter, uint64_t keys, uint64_t entries)
{
    uint64_t list = filter->latest ? JN_GATHER_MOST_LATEST : JN_GATHER_MOST / 2;

    return keys * (1 + entries / list);
}

/* By what is known so far; to count costs no less than to find. */
static bool
is_dear(const struct count *count, uint64_t size)
{
    return cost_of_keys(count->filter, count->keys, count->entries) +
               count->entries + (count->txn->entries_read - count->before) >=
           size / JN_PLAN_FACTOR;
}

/* Counts until all is counted, or a scan of SIZE entries is no dearer. */
static int
count_keys(struct count *count, uint64_t size)
{
    struct jn_keys keys;
    int rc;

    jn_keys_start(&keys, count->filter, count->range->as_of);
    rc = jn_keys_enter(&keys, count->txn);
    while (rc == 0 && !is_dear(count, size)) {
        struct jn_chain chain;
        bool matches;

        rc = jn_keys_next(&keys, &chain, &matches);
        if (rc == 0 && matches)
            rc = count_key(count, &chain);
        else if (rc == 0)
            count->keys++;
    }
    jn_keys_leave(&keys);
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

/*
 * For `latest` a scan has a key to look up for each entry, while by index there
 * is a row to read for each key, which is cheaper, but for each list anew.
 */
static bool
is_best_by_key(const struct jn_filter *filter, struct jn_txn *txn,
               uint64_t size)
{
    uint64_t keys = jn_view_keys(txn);

    return keys <= size &&
           cost_of_keys(filter, keys, keys) / JN_PLAN_FACTOR <= size;
}

int
jn_plan_make(struct jn_plan *plan, const struct jn_filter *filter,
             struct jn_txn *txn, const struct jn_state *state,
             const struct jn_range *range)
{
    struct count count = {.filter = filter,
                          .txn = txn,
                          .state = state,
                          .range = range,
                          .before = txn->entries_read};
    uint64_t size = size_of(txn, range);
    int rc;

    *plan = (struct jn_plan){.newest = JOURNAL_NONE};
    if (jn_filter_takes_all(filter) ||
        (filter->match == JOURNAL_MATCH_ALL && !filter->latest))
        return 0;
    if (filter->latest && is_best_by_key(filter, txn, size)) {
        plan->by_index = true;
        return 0;
    }
    if (size < RANGE_MIN)
        return 0;
    if (filter->latest)
        size *= JN_PLAN_FACTOR; /* to look up a key for each costs as much */
    rc = count_keys(&count, size);
    if (rc != 0)
        return rc;
    plan->by_index = !is_dear(&count, size);
    plan->keys = count.keys;
    plan->entries = count.entries;
    if (plan->by_index && range->high <= jn_view_store_end(txn))
        plan->newest = count.newest; /* what is recent is not counted */
    return 0;
}
