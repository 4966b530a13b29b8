/* gather_recent.c - what a pass finds that is not in the store yet. */
#include "base/error.h"
#include "query/gather_turn.h"
#include "journal/view.h"

/* Of a key whose newest recent entry is NEWEST, those in the range. */
static int
list_recent_history(struct jn_turn *turn, const struct jn_recent_item *newest)
{
    const struct jn_recent_look *look = &turn->txn->look;
    const struct jn_recent_item *item = newest;

    for (;;) {
        uint64_t low, high;
        int rc = 0;

        jn_turn_get_bounds(turn, &low, &high);
        if (item->seq < low)
            return 0;
        if (item->seq < high)
            rc = jn_turn_list_met(turn, item->seq, item->row);
        if (rc != 0 || item->prev == JOURNAL_NONE || item->prev < look->low)
            return rc;
        item = jn_recent_at(look, item->prev);
    }
}

static int
list_recent_latest(struct jn_turn *turn, struct jn_span key)
{
    const struct jn_range *range = turn->range;
    const struct jn_recent_item *item = jn_recent_find(&turn->txn->look, key,
                                                       range->as_of);

    if (item == NULL || item->seq < range->low || item->seq >= range->high ||
        jn_turn_is_unwanted(turn, item->seq, item->row))
        return 0;
    return jn_turn_list(turn, item->seq);
}

static int
list_recent_key(struct jn_turn *turn, const struct jn_recent_item *newest)
{
    return turn->filter->latest ? list_recent_latest(turn, newest->key)
                                : list_recent_history(turn, newest);
}

/* Whether the part that the pass is to list reaches what is recent. */
static bool
may_list_recent(const struct jn_turn *turn)
{
    const struct jn_recent_look *look = &turn->txn->look;
    uint64_t low, high = turn->range->high;

    if (!turn->filter->latest)
        jn_turn_get_bounds(turn, &low, &high);
    return look->recent != NULL && high > look->low;
}

int
jn_turn_list_recent(struct jn_turn *turn)
{
    const struct jn_recent_look *look = &turn->txn->look;
    const struct jn_filter *filter = turn->filter;
    const struct jn_recent_item *item;
    size_t at = 0;
    int rc = 0;

    if (!may_list_recent(turn))
        return 0;
    if (filter->match == JOURNAL_MATCH_KEY) {
        item = jn_recent_find(look, filter->key, UINT64_MAX);
        return item != NULL ? list_recent_key(turn, item) : 0;
    }
    while (rc == 0 && (item = jn_recent_each(look, &at)) != NULL) {
        if (jn_filter_matches(filter, item->key))
            rc = list_recent_key(turn, item);
    }
    return rc;
}
