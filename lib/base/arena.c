/* arena.c - bytes of numbered things, which go in the order they came in. */
#include "base/arena.h"

#include <assert.h>

#define BLOCK_SIZE ((size_t)256 * 1024)

/* The bytes of things [first, limit), if any are used. */
struct jn_block {
    struct jn_piece piece; /* `next` is the block that was taken after it */
    uint64_t first, limit;
    size_t size, used;
    uint8_t bytes[];
};

static void
append(struct jn_arena *arena, struct jn_block *block)
{
    block->piece.next = NULL;
    if (arena->newest != NULL)
        arena->newest->piece.next = &block->piece;
    else
        arena->oldest = block;
    arena->newest = block;
}

/* Takes the oldest block out; NULL: there is none. */
static struct jn_block *
take(struct jn_arena *arena)
{
    struct jn_block *block = arena->oldest;

    if (block == NULL)
        return NULL;
    arena->oldest = (struct jn_block *)block->piece.next;
    if (arena->oldest == NULL)
        arena->newest = NULL;
    return block;
}

static struct jn_block *
new_block(struct jn_reclaim *reclaim, size_t size)
{
    enum jn_piece_kind kind = JN_PIECE_PLAIN;
    struct jn_block *block;

    if (size > SIZE_MAX - sizeof(*block))
        return NULL;
    if (size <= BLOCK_SIZE) {
        size = BLOCK_SIZE;
        kind = JN_PIECE_LARGE;
    }
    block = jn_reclaim_new(reclaim, sizeof(*block) + size, kind);
    if (block == NULL)
        return NULL;
    block->first = block->limit = 0;
    block->size = size;
    block->used = 0;
    return block;
}

uint8_t *
jn_arena_reserve(struct jn_arena *arena, struct jn_reclaim *reclaim,
                 size_t size)
{
    struct jn_block *block = arena->newest;

    if (block == NULL || block->size - block->used < size) {
        block = new_block(reclaim, size);
        if (block == NULL)
            return NULL;
        append(arena, block);
    }
    return block->bytes + block->used;
}

void
jn_arena_use(struct jn_arena *arena, uint64_t seq, size_t used)
{
    struct jn_block *block = arena->newest;

    if (used == 0)
        return;
    assert(block != NULL && used <= block->size - block->used);
    if (block->used == 0)
        block->first = seq;
    block->limit = seq + 1;
    block->used += used;
}

/* The newest block stays: what is reserved in it may be used yet. */
void
jn_arena_cut(struct jn_arena *arena, struct jn_reclaim *reclaim, uint64_t next)
{
    struct jn_arena all = *arena;
    struct jn_block *block;

    *arena = (struct jn_arena){NULL, NULL};
    while ((block = take(&all)) != NULL) {
        if (block->first >= next && all.oldest != NULL) {
            jn_reclaim_retire(reclaim, &block->piece);
            continue;
        }
        block->first = block->first < next ? block->first : next;
        block->limit = block->limit < next ? block->limit : next;
        append(arena, block);
    }
}

/* The newest block has room for more, and stays. */
void
jn_arena_forget(struct jn_arena *arena, struct jn_reclaim *reclaim,
                uint64_t seq)
{
    while (arena->oldest != arena->newest && arena->oldest->limit <= seq)
        jn_reclaim_retire(reclaim, &take(arena)->piece);
}

void
jn_arena_clear(struct jn_arena *arena, struct jn_reclaim *reclaim)
{
    struct jn_block *block;

    while ((block = take(arena)) != NULL)
        jn_reclaim_retire(reclaim, &block->piece);
}
