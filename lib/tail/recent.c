/* recent.c - the newest entries, in memory: who has the lock changes them. */
#include "tail/recent.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tail/recent_window.h"

#define SPARE_CHUNKS 16u
#define SPARE_BLOCKS 8u

/* It is held for less, but by a thread whose signal handler forks: for ever. */
#define HOLD_SECONDS 1

static uint64_t
make_seed(const struct jn_recent *recent)
{
    uint64_t seed = 0;

    if (getentropy(&seed, sizeof(seed)) != 0)
        seed = (uint64_t)(uintptr_t)recent * UINT64_C(0x9e3779b97f4a7c15);
    return seed;
}

int
jn_recent_create(struct jn_recent **out)
{
    struct jn_recent *recent = aligned_alloc(JN_CACHE_LINE, sizeof(*recent));
    int rc;

    if (recent == NULL)
        return ENOMEM;
    *recent = (struct jn_recent){.cut = false};
    jn_reclaim_init(&recent->reclaim, SPARE_CHUNKS, SPARE_BLOCKS);
    recent->seed = make_seed(recent);
    rc = pthread_mutex_init(&recent->lock, NULL);
    if (rc != 0) {
        free(recent);
        return rc;
    }
    rc = jn_recent_reset(recent, 0, 0);
    if (rc == 0)
        *out = recent;
    else
        jn_recent_free(recent);
    return rc;
}

/* Unlinks what WINDOW leads to. */
static void
retire_all(struct jn_recent *recent, struct jn_window *window)
{
    jn_window_retire_chunks(recent, window, window->kept, window->count);
    jn_reclaim_retire(&recent->reclaim, &jn_window_table(window)->piece);
    jn_reclaim_retire(&recent->reclaim, &window->piece);
    jn_arena_clear(&recent->arena, &recent->reclaim);
}

void
jn_recent_free(struct jn_recent *recent)
{
    if (recent == NULL)
        return;
    if (jn_window_of(recent) != NULL)
        retire_all(recent, jn_window_of(recent));
    jn_reclaim_free(&recent->reclaim);
    pthread_mutex_destroy(&recent->lock);
    free(recent);
}

void
jn_recent_lock(struct jn_recent *recent)
{
    pthread_mutex_lock(&recent->lock);
}

bool
jn_recent_hold(struct jn_recent *recent)
{
    struct timespec until;

    if (clock_gettime(CLOCK_REALTIME, &until) != 0)
        return pthread_mutex_trylock(&recent->lock) == 0;
    until.tv_sec += HOLD_SECONDS;
    return pthread_mutex_timedlock(&recent->lock, &until) == 0;
}

void
jn_recent_unlock(struct jn_recent *recent)
{
    jn_reclaim_try(&recent->reclaim);
    pthread_mutex_unlock(&recent->lock);
}

int
jn_recent_reset(struct jn_recent *recent, uint64_t next, uint64_t position)
{
    struct jn_reclaim *reclaim = &recent->reclaim;
    struct jn_window *old = jn_window_of(recent);
    struct jn_window *window = jn_window_new(recent, next, position, 0);
    struct jn_keytable *table = jn_keytable_new(reclaim, 0);

    if (window == NULL || table == NULL) {
        if (window != NULL)
            jn_reclaim_drop(reclaim, &window->piece);
        if (table != NULL)
            jn_reclaim_drop(reclaim, &table->piece);
        return ENOMEM;
    }
    atomic_init(&window->table, table);
    atomic_store_explicit(&recent->window, window, memory_order_release);
    if (old != NULL)
        retire_all(recent, old);
    recent->cut = false;
    recent->forgotten = recent->sums;
    jn_reclaim_try(reclaim);
    return 0;
}

uint64_t
jn_recent_next(const struct jn_recent *recent)
{
    return jn_window_end(jn_window_of(recent));
}

uint64_t
jn_recent_position(const struct jn_recent *recent)
{
    return jn_window_position(jn_window_of(recent));
}

struct jn_recent_sums
jn_recent_sums(const struct jn_recent *recent)
{
    return recent->sums;
}

int
jn_recent_reserve(struct jn_recent *recent, size_t size, uint8_t **bytes)
{
    *bytes = jn_arena_reserve(&recent->arena, &recent->reclaim, size);
    return *bytes != NULL ? 0 : ENOMEM;
}

int
jn_recent_add(struct jn_recent *recent, const struct jn_recent_item *item,
              size_t used)
{
    struct jn_window *window;
    struct jn_chunk_place *place;

    assert(item->seq == jn_recent_next(recent));
    if (jn_window_make_room(recent, item->key.size > 0) != 0)
        return ENOMEM;
    window = jn_window_of(recent);
    place = jn_window_place(window, item->seq);
    place->item = *item;
    if (item->key.size > 0) {
        place->node.seq = item->seq;
        place->node.key = item->key;
        place->node.hash = jn_recent_hash(recent, item->key);
        jn_keytable_put(jn_window_table(window), &place->node,
                        jn_window_low(window));
    }
    jn_arena_use(&recent->arena, item->seq, used);
    recent->sums = item->sums;
    /* In this order: a look that sees the position sees its item. */
    atomic_store_explicit(&window->end, item->seq + 1, memory_order_release);
    atomic_store_explicit(&window->position, item->end, memory_order_release);
    return 0;
}

/* The key's item before the one that is taken off has none behind it now. */
static void
unlink_newer(struct jn_window *window, uint64_t seq)
{
    struct jn_chunk_place *place = jn_window_place(window, seq);

    if (place->item.key.size > 0 && place->node.older_seq != JN_NODE_NONE &&
        place->node.older_seq >= jn_window_low(window))
        atomic_store_explicit(&place->node.older->newer, JN_NODE_NONE,
                              memory_order_relaxed);
}

void
jn_recent_cut(struct jn_recent *recent, uint64_t next, uint64_t position)
{
    struct jn_window *window = jn_window_of(recent);

    assert(next >= jn_window_low(window) && next <= jn_window_end(window));
    if (next < jn_window_end(window)) {
        for (uint64_t seq = next; seq < jn_window_end(window); seq++)
            unlink_newer(window, seq);
        recent->cut = true;
        recent->sums = next > jn_window_low(window)
                           ? jn_window_place(window, next - 1)->item.sums
                           : recent->forgotten;
    }
    atomic_store_explicit(&window->position, position, memory_order_release);
    atomic_store_explicit(&window->end, next, memory_order_release);
}

void
jn_recent_skip(struct jn_recent *recent, uint64_t position)
{
    assert(position >= jn_recent_position(recent));
    atomic_store_explicit(&jn_window_of(recent)->position, position,
                          memory_order_release);
}

void
jn_recent_forget(struct jn_recent *recent, uint64_t seq)
{
    struct jn_window *window = jn_window_of(recent);
    size_t kept;

    if (seq > jn_window_end(window))
        seq = jn_window_end(window);
    if (seq <= jn_window_low(window))
        return;
    recent->forgotten = jn_window_place(window, seq - 1)->item.sums;
    /* First of all, so that no look begins that could see what goes. */
    atomic_store_explicit(&window->low, seq, memory_order_release);
    kept = (size_t)(seq - window->base) / JN_CHUNK_ITEMS;
    jn_window_retire_chunks(recent, window, window->kept, kept);
    window->kept = kept;
    jn_arena_forget(&recent->arena, &recent->reclaim, seq);
    jn_reclaim_try(&recent->reclaim);
}

void
jn_recent_forget_until(struct jn_recent *recent, uint64_t position)
{
    const struct jn_window *window = jn_window_of(recent);

    jn_recent_forget(recent,
                     jn_window_find_end(window, jn_window_low(window),
                                        jn_window_end(window), position));
}
