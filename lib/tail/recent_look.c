/* recent_look.c - looks at the newest entries, without a lock. */
#include <assert.h>

#include "tail/recent_window.h"

/*
 * In this order: the position, so that items that end before it are below the
 * end; the table after the end, so that these are in it; and at last the low,
 * so that neither table nor window is one that was made without items that were
 * forgotten, and all below the end were there together with that at LOW.
 */
static bool
look_at(struct jn_window *window, uint64_t low, uint64_t start, uint64_t limit,
        struct jn_recent_look *look)
{
    uint64_t position = jn_window_position(window);
    uint64_t end = jn_window_end(window);
    struct jn_keytable *table = jn_window_table(window);

    /* From before a reset a number may stand for another item. */
    if (start < window->origin)
        return false;
    if (low < jn_window_low(window) || low > end || position < limit)
        return false;
    if (low < end && jn_window_place(window, low)->item.start < start)
        return false;
    look->window = window;
    look->table = table;
    look->low = low;
    look->high = jn_window_find_end(window, low, end, limit);
    return true;
}

bool
jn_recent_look(struct jn_recent *recent, uint64_t low, uint64_t start,
               uint64_t limit, struct jn_recent_look *look)
{
    unsigned phase = jn_reclaim_enter(&recent->reclaim);
    struct jn_window *window = jn_window_of(recent);
    struct jn_window *before;

    do {
        if (look_at(window, low, start, limit, look)) {
            look->recent = recent;
            look->phase = phase;
            return true;
        }
        /* It may have been replaced, and its end have come to rest. */
        before = window;
        window = jn_window_of(recent);
    } while (window != before);
    jn_reclaim_leave(&recent->reclaim, phase);
    *look = (struct jn_recent_look){.recent = NULL};
    return false;
}

void
jn_recent_leave(struct jn_recent_look *look)
{
    if (look->recent != NULL)
        jn_reclaim_leave(&look->recent->reclaim, look->phase);
    *look = (struct jn_recent_look){.recent = NULL};
}

const struct jn_recent_item *
jn_recent_at(const struct jn_recent_look *look, uint64_t seq)
{
    assert(seq >= look->low && seq < look->high);
    return &jn_window_place(look->window, seq)->item;
}

uint64_t
jn_recent_until(const struct jn_recent_look *look, uint64_t position)
{
    return jn_window_find_end(look->window, look->low, look->high, position);
}

const struct jn_recent_item *
jn_recent_find(const struct jn_recent_look *look, struct jn_span key,
               uint64_t bound)
{
    uint64_t limit = bound < look->high ? bound : look->high;

    if (look->recent == NULL || key.size == 0 || look->low >= limit)
        return NULL;
    return jn_window_item(jn_keytable_find(look->table, key,
                                           jn_recent_hash(look->recent, key),
                                           look->low, limit));
}

bool
jn_recent_is_newest(const struct jn_recent_look *look,
                    const struct jn_recent_item *item, uint64_t bound)
{
    const struct jn_chunk_place *place = jn_window_place(look->window,
                                                         item->seq);
    uint64_t newer = atomic_load_explicit(&place->node.newer,
                                          memory_order_relaxed);

    return newer >= (bound < look->high ? bound : look->high);
}

const struct jn_recent_item *
jn_recent_each(const struct jn_recent_look *look, size_t *at)
{
    if (look->recent == NULL || look->low >= look->high)
        return NULL;
    return jn_window_item(
        jn_keytable_each(look->table, look->low, look->high, at));
}
