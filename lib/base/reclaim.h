/*
 * reclaim.h - memory that is let go of when nobody can be looking at it.
 *
 * One thread at a time, which holds a lock of its owner's, changes what others
 * look at without one.  A piece of memory that it has unlinked it *retires*;
 * that is used again, or freed, once all who were looking then have left.
 * Nobody ever waits: if somebody looks, memory is let go of another time.
 *
 * Those who look count themselves in one of two counters, that of the current
 * phase.  What is retired joins `pending`.  When the other counter is zero, the
 * phase changes to that one and `pending` becomes `waiting`, which is let go of
 * when those who were counted in the phase before have left.  So a look that
 * lasts keeps what is retired from then on, and no other look does.
 */
#ifndef JN_RECLAIM_H
#define JN_RECLAIM_H

#include <stdatomic.h>
#include <stddef.h>

#define JN_CACHE_LINE 64u

/* PLAIN ones are freed; of the others, each kind of one size, some are kept. */
enum jn_piece_kind { JN_PIECE_PLAIN, JN_PIECE_SMALL, JN_PIECE_LARGE };

#define JN_PIECE_KINDS 3u

/* How each piece of memory begins. */
struct jn_piece {
    struct jn_piece *next; /* its owner's to use, until it is retired */
    enum jn_piece_kind kind;
};

/* Pieces to be used again: their pages are there already. */
struct jn_spares {
    struct jn_piece *list;
    size_t count, most;
};

/* Counters have lines of their own, since all who look write to them. */
struct jn_reclaim {
    struct {
        _Alignas(JN_CACHE_LINE) _Atomic size_t count;
    } looks[2];
    _Alignas(JN_CACHE_LINE) _Atomic unsigned phase; /* 0 or 1 */
    _Alignas(JN_CACHE_LINE) struct jn_piece *pending;
    struct jn_piece *waiting;
    struct jn_spares spares[JN_PIECE_KINDS];
};

/* Keeps SMALL and LARGE pieces of each kind at most. */
void jn_reclaim_init(struct jn_reclaim *reclaim, size_t small, size_t large);

/* Frees all that was retired or kept, while nobody looks. */
void jn_reclaim_free(struct jn_reclaim *reclaim);

/* ---- for the thread with the lock ---------------------------------------- */

/* A piece of SIZE bytes, not cleared; NULL: out of memory. */
void *jn_reclaim_new(struct jn_reclaim *reclaim, size_t size,
                     enum jn_piece_kind kind);

/* Lets go of PIECE, which nobody has been able to see. */
void jn_reclaim_drop(struct jn_reclaim *reclaim, struct jn_piece *piece);

/* PIECE is unlinked: no look from now on will find it. */
void jn_reclaim_retire(struct jn_reclaim *reclaim, struct jn_piece *piece);

/* Lets go of what no look is left for. */
void jn_reclaim_try(struct jn_reclaim *reclaim);

/* ---- for any thread ------------------------------------------------------ */

/* Begins a look; what is found from now on stays until it leaves. */
unsigned jn_reclaim_enter(struct jn_reclaim *reclaim);

/* Ends the look for which PHASE was given. */
void jn_reclaim_leave(struct jn_reclaim *reclaim, unsigned phase);

#endif
