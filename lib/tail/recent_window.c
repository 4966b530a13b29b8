/* recent_window.c - windows: made, copied, and put in each other's place. */
#include "tail/recent_window.h"

#include <errno.h>

#define CHUNKS_MIN 16u /* that a window has room for */

struct jn_window *
jn_window_new(struct jn_recent *recent, uint64_t base, uint64_t position,
              size_t count)
{
    size_t capacity = count * 2 > CHUNKS_MIN ? count * 2 : CHUNKS_MIN;
    struct jn_window *window = jn_reclaim_new(
        &recent->reclaim,
        sizeof(*window) + capacity * sizeof(struct jn_chunk *), JN_PIECE_PLAIN);

    if (window == NULL)
        return NULL;
    window->base = base;
    window->origin = position;
    window->kept = window->count = 0;
    window->capacity = capacity;
    atomic_init(&window->table, NULL);
    atomic_init(&window->low, base);
    atomic_init(&window->end, base);
    atomic_init(&window->position, position);
    return window;
}

/*
 * One like WINDOW, but without the chunks that were forgotten or are behind the
 * end, and without a table.
 */
static struct jn_window *
copy_window(struct jn_recent *recent, const struct jn_window *window)
{
    uint64_t base = window->base + window->kept * JN_CHUNK_ITEMS;
    uint64_t items = jn_window_end(window) - base;
    size_t count = (size_t)((items + JN_CHUNK_ITEMS - 1) / JN_CHUNK_ITEMS);
    struct jn_window *copy = jn_window_new(recent, base,
                                           jn_window_position(window), count);

    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        copy->chunks[i] = window->chunks[window->kept + i];
    copy->count = count;
    copy->origin = window->origin;
    atomic_init(&copy->low, jn_window_low(window));
    atomic_init(&copy->end, jn_window_end(window));
    return copy;
}

/* Shows WINDOW in place of the present one. */
static void
replace_window(struct jn_recent *recent, struct jn_window *window)
{
    struct jn_window *old = jn_window_of(recent);

    atomic_store_explicit(&recent->window, window, memory_order_release);
    jn_reclaim_retire(&recent->reclaim, &old->piece);
}

static struct jn_chunk *
new_chunk(struct jn_recent *recent)
{
    return jn_reclaim_new(&recent->reclaim, sizeof(struct jn_chunk),
                          JN_PIECE_SMALL);
}

static int
grow_window(struct jn_recent *recent)
{
    struct jn_window *old = jn_window_of(recent);
    struct jn_window *window = copy_window(recent, old);

    if (window == NULL)
        return ENOMEM;
    atomic_init(&window->table, jn_window_table(old));
    replace_window(recent, window);
    return 0;
}

/* Room for the next item. */
static int
make_place(struct jn_recent *recent)
{
    struct jn_window *window = jn_window_of(recent);
    uint64_t index = jn_window_end(window) - window->base;
    struct jn_chunk *chunk;

    if (index / JN_CHUNK_ITEMS < window->count)
        return 0;
    if (window->count == window->capacity && grow_window(recent) != 0)
        return ENOMEM;
    chunk = new_chunk(recent);
    if (chunk == NULL)
        return ENOMEM;
    window = jn_window_of(recent);
    window->chunks[window->count++] = chunk;
    return 0;
}

/* Room in the table for one more key. */
static int
make_slot(struct jn_recent *recent)
{
    struct jn_window *window = jn_window_of(recent);
    struct jn_keytable *old = jn_window_table(window);
    struct jn_keytable *table;

    if (jn_keytable_has_room(old))
        return 0;
    table = jn_keytable_copy(&recent->reclaim, old, jn_window_low(window),
                             JN_NODE_NONE, 1);
    if (table == NULL)
        return ENOMEM;
    atomic_store_explicit(&window->table, table, memory_order_release);
    jn_reclaim_retire(&recent->reclaim, &old->piece);
    return 0;
}

/* The items of the last chunk of WINDOW, from OLD into CHUNK and TABLE. */
static void
move_items(struct jn_window *window, const struct jn_window *old,
           struct jn_chunk *chunk, struct jn_keytable *table)
{
    uint64_t low = jn_window_low(window);
    uint64_t first = window->base + (window->count - 1) * JN_CHUNK_ITEMS;

    window->chunks[window->count - 1] = chunk;
    for (uint64_t seq = first < low ? low : first; seq < jn_window_end(window);
         seq++) {
        struct jn_chunk_place *place = jn_window_place(window, seq);

        *place = *jn_window_place(old, seq);
        if (place->item.key.size > 0)
            jn_keytable_put(table, &place->node, low);
    }
}

void
jn_window_retire_chunks(struct jn_recent *recent, struct jn_window *window,
                        size_t first, size_t limit)
{
    for (size_t i = first; i < limit; i++)
        jn_reclaim_retire(&recent->reclaim, &window->chunks[i]->piece);
}

/*
 * After a cut: a window and a table without what was cut, so that its numbers
 * can be given again.  Looks go on with what they have, where nothing is ever
 * overwritten: the last chunk, which may be cut in two, is there twice.  Until
 * then the table leads to what was cut, so nothing of that was retired before.
 */
static int
renew(struct jn_recent *recent)
{
    struct jn_reclaim *reclaim = &recent->reclaim;
    struct jn_window *old = jn_window_of(recent);
    struct jn_window *window = copy_window(recent, old);
    struct jn_chunk *chunk = new_chunk(recent);
    struct jn_keytable *table = NULL;
    size_t whole;

    if (window == NULL || chunk == NULL)
        goto out;
    whole = window->count > 0 ? window->count - 1 : 0;
    table = jn_keytable_copy(reclaim, jn_window_table(old), jn_window_low(old),
                             window->base + whole * JN_CHUNK_ITEMS,
                             JN_CHUNK_ITEMS);
    if (table == NULL)
        goto out;
    if (window->count > 0)
        move_items(window, old, chunk, table);
    else
        jn_reclaim_drop(reclaim, &chunk->piece);
    atomic_init(&window->table, table);
    jn_window_retire_chunks(recent, old, old->kept + whole, old->count);
    jn_reclaim_retire(reclaim, &jn_window_table(old)->piece);
    replace_window(recent, window);
    jn_arena_cut(&recent->arena, reclaim, jn_window_end(window));
    recent->cut = false;
    return 0;
out:
    if (window != NULL)
        jn_reclaim_drop(reclaim, &window->piece);
    if (chunk != NULL)
        jn_reclaim_drop(reclaim, &chunk->piece);
    return ENOMEM;
}

int
jn_window_make_room(struct jn_recent *recent, bool with_key)
{
    if ((recent->cut && renew(recent) != 0) || make_place(recent) != 0 ||
        (with_key && make_slot(recent) != 0))
        return ENOMEM;
    return 0;
}

/* It is near the end, most often. */
uint64_t
jn_window_find_end(const struct jn_window *window, uint64_t low, uint64_t end,
                   uint64_t limit)
{
    uint64_t high = end;

    for (uint64_t step = 1; low < high; step *= 2) {
        uint64_t at = high - low < step ? low : high - step;

        if (jn_window_place(window, at)->item.end <= limit) {
            low = at + 1;
            break;
        }
        high = at;
    }
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (jn_window_place(window, middle)->item.end <= limit)
            low = middle + 1;
        else
            high = middle;
    }
    return high;
}
