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

int
jn_turn_list_recent(struct jn_turn *turn)
{
    const struct jn_recent_look *look = &turn->txn->look;
    const struct jn_recent_item *item;
    size_t at = 0;
    int rc = 0;

    if (look->recent == NULL || turn->range->high <= look->low)
        return 0;
    while (rc == 0 && (item = jn_recent_each(look, &at)) != NULL) {
        if (!jn_filter_matches(turn->filter, item->key))
            continue;
        rc = turn->filter->latest ? list_recent_latest(turn, item->key)
                                  : list_recent_history(turn, item);
    }
    return rc;
}
