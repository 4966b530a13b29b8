/*
 * arena.h - bytes of numbered things, which go in the order in which they came.
 *
 * Bytes lie in blocks.  A block is retired when all things that have bytes in
 * it are gone; what others may have looked at is never written again before.
 */
#ifndef JN_ARENA_H
#define JN_ARENA_H

#include "base/bytes.h"
#include "base/reclaim.h"

struct jn_block;

/* Empty when it is all zero. */
struct jn_arena {
    struct jn_block *oldest, *newest;
};

/*
 * SIZE bytes, behind those that were used last as long as a block has room;
 * NULL: out of memory.
 */
uint8_t *jn_arena_reserve(struct jn_arena *arena, struct jn_reclaim *reclaim,
                          size_t size);

/* The first USED of the bytes that were reserved last are thing SEQ's. */
void jn_arena_use(struct jn_arena *arena, uint64_t seq, size_t used);

/* Things from NEXT on are gone; their bytes stay unused where others are. */
void jn_arena_cut(struct jn_arena *arena, struct jn_reclaim *reclaim,
                  uint64_t next);

/* Things below SEQ are gone. */
void jn_arena_forget(struct jn_arena *arena, struct jn_reclaim *reclaim,
                     uint64_t seq);

/* All are gone. */
void jn_arena_clear(struct jn_arena *arena, struct jn_reclaim *reclaim);

#endif
