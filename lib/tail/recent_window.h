/*
 * recent_window.h - what the files of recent share: windows.
 *
 * Items lie in chunks, which a window finds by number, and their bytes in an
 * arena.  What others may see never changes, with these exceptions, each a
 * store that releases what it leads to:
 *   - a window's end and position rise with each item, or fall by a cut;
 *   - its low rises, when items are forgotten;
 *   - its table takes nodes, or is replaced;
 *   - another window takes its place.
 * A window that was replaced stays as it was for those who have it.
 */
#ifndef JN_RECENT_WINDOW_H
#define JN_RECENT_WINDOW_H

#include <pthread.h>

#include "base/arena.h"
#include "base/checksum.h"
#include "tail/keytable.h"
#include "tail/recent.h"
#include "base/reclaim.h"

#define JN_CHUNK_ITEMS 256u

/* What nodes of the table are part of. */
struct jn_chunk_place {
    struct jn_key_node node;
    struct jn_recent_item item;
};

struct jn_chunk {
    struct jn_piece piece;
    struct jn_chunk_place places[JN_CHUNK_ITEMS];
};

struct jn_window {
    struct jn_piece piece;
    uint64_t base;   /* number of the first item of chunks[0] */
    uint64_t origin; /* position at which it began when it was reset */
    /* For the thread with the lock: chunks [kept, count) are there. */
    size_t kept, count, capacity;
    _Atomic(struct jn_keytable *) table;
    _Atomic uint64_t low, end, position;
    struct jn_chunk *chunks[];
};

struct jn_recent {
    struct jn_reclaim reclaim;
    _Alignas(JN_CACHE_LINE) _Atomic(struct jn_window *) window;
    uint64_t seed; /* of hashes, lest somebody choose keys that collide */

    /* For the thread with the lock. */
    _Alignas(JN_CACHE_LINE) pthread_mutex_t lock;
    bool cut; /* window and table have items that were taken off */
    struct jn_recent_sums sums;
    struct jn_recent_sums forgotten; /* the sums of the item before `low` */
    struct jn_arena arena;
};

static inline struct jn_window *
jn_window_of(const struct jn_recent *recent)
{
    return atomic_load_explicit(&recent->window, memory_order_acquire);
}

static inline struct jn_keytable *
jn_window_table(const struct jn_window *window)
{
    return atomic_load_explicit(&window->table, memory_order_acquire);
}

static inline uint64_t
jn_window_low(const struct jn_window *window)
{
    return atomic_load_explicit(&window->low, memory_order_acquire);
}

static inline uint64_t
jn_window_end(const struct jn_window *window)
{
    return atomic_load_explicit(&window->end, memory_order_acquire);
}

static inline uint64_t
jn_window_position(const struct jn_window *window)
{
    return atomic_load_explicit(&window->position, memory_order_acquire);
}

static inline struct jn_chunk_place *
jn_window_place(const struct jn_window *window, uint64_t seq)
{
    size_t index = (size_t)(seq - window->base);

    return &window->chunks[index / JN_CHUNK_ITEMS]
                ->places[index % JN_CHUNK_ITEMS];
}

static inline const struct jn_recent_item *
jn_window_item(const struct jn_key_node *node)
{
    return node != NULL ? &((const struct jn_chunk_place *)node)->item : NULL;
}

static inline uint64_t
jn_recent_hash(const struct jn_recent *recent, struct jn_span key)
{
    uint64_t hash = jn_hash64(key, recent->seed);

    return hash != 0 ? hash : 1;
}

/*
 * An empty one without a table that begins at POSITION, with room for COUNT
 * chunks and as many more; NULL: out of memory.
 */
struct jn_window *jn_window_new(struct jn_recent *recent, uint64_t base,
                                uint64_t position, size_t count);

/*
 * Room for the next item, and for one more key, in the window that is shown
 * then.  0 or ENOMEM.
 */
int jn_window_make_room(struct jn_recent *recent, bool with_key);

/*
 * The number of the first item in [LOW, END) that ends behind position LIMIT,
 * or END.  Items that were cut end behind it too.
 */
uint64_t jn_window_find_end(const struct jn_window *window, uint64_t low,
                            uint64_t end, uint64_t limit);

/* Retires chunks [FIRST, LIMIT) of WINDOW. */
void jn_window_retire_chunks(struct jn_recent *recent, struct jn_window *window,
                             size_t first, size_t limit);

#endif
