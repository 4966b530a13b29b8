/* reclaim.c - memory that is let go of when nobody can be looking at it. */
#include "base/reclaim.h"

#include <stdlib.h>

static void
push(struct jn_piece **list, struct jn_piece *piece)
{
    piece->next = *list;
    *list = piece;
}

static struct jn_piece *
pop(struct jn_piece **list)
{
    struct jn_piece *piece = *list;

    if (piece != NULL) {
        *list = piece->next;
        piece->next = NULL;
    }
    return piece;
}

static void
free_list(struct jn_piece **list)
{
    struct jn_piece *piece;

    while ((piece = pop(list)) != NULL)
        free(piece);
}

void
jn_reclaim_init(struct jn_reclaim *reclaim, size_t small, size_t large)
{
    *reclaim = (struct jn_reclaim){.pending = NULL};
    reclaim->spares[JN_PIECE_SMALL].most = small;
    reclaim->spares[JN_PIECE_LARGE].most = large;
}

void
jn_reclaim_free(struct jn_reclaim *reclaim)
{
    free_list(&reclaim->pending);
    free_list(&reclaim->waiting);
    for (size_t kind = 0; kind < JN_PIECE_KINDS; kind++)
        free_list(&reclaim->spares[kind].list);
}

void *
jn_reclaim_new(struct jn_reclaim *reclaim, size_t size, enum jn_piece_kind kind)
{
    struct jn_spares *spares = &reclaim->spares[kind];
    struct jn_piece *piece = pop(&spares->list);

    if (piece != NULL) {
        spares->count--;
        return piece;
    }
    piece = malloc(size);
    if (piece == NULL)
        return NULL;
    piece->next = NULL;
    piece->kind = kind;
    return piece;
}

void
jn_reclaim_drop(struct jn_reclaim *reclaim, struct jn_piece *piece)
{
    struct jn_spares *spares;

    if (piece == NULL)
        return;
    spares = &reclaim->spares[piece->kind];
    if (spares->count == spares->most) {
        free(piece);
        return;
    }
    push(&spares->list, piece);
    spares->count++;
}

void
jn_reclaim_retire(struct jn_reclaim *reclaim, struct jn_piece *piece)
{
    push(&reclaim->pending, piece);
}

/* Without looks all goes, in two rounds. */
void
jn_reclaim_try(struct jn_reclaim *reclaim)
{
    struct jn_piece *piece;

    while (reclaim->pending != NULL || reclaim->waiting != NULL) {
        unsigned other = atomic_load_explicit(&reclaim->phase,
                                              memory_order_relaxed) ^
                         1u;

        /*
         * Looks at the counter by adding nothing to it: that acquires what
         * those who left have read, and releases what was unlinked, and the
         * phase, to those who are counted after this.
         */
        if (atomic_fetch_add_explicit(&reclaim->looks[other].count, 0,
                                      memory_order_acq_rel) != 0)
            return;
        while ((piece = pop(&reclaim->waiting)) != NULL)
            jn_reclaim_drop(reclaim, piece);
        reclaim->waiting = reclaim->pending;
        reclaim->pending = NULL;
        atomic_store_explicit(&reclaim->phase, other, memory_order_release);
    }
}

unsigned
jn_reclaim_enter(struct jn_reclaim *reclaim)
{
    for (;;) {
        unsigned phase = atomic_load_explicit(&reclaim->phase,
                                              memory_order_acquire);

        atomic_fetch_add_explicit(&reclaim->looks[phase].count, 1,
                                  memory_order_acq_rel);
        /*
         * Either the counter has not been zero since, or what found it zero was
         * read by this addition: then so is the phase that was set before, and
         * it is seen here that this one is over.
         */
        if (atomic_load_explicit(&reclaim->phase, memory_order_acquire) ==
            phase)
            return phase;
        jn_reclaim_leave(reclaim, phase);
    }
}

void
jn_reclaim_leave(struct jn_reclaim *reclaim, unsigned phase)
{
    atomic_fetch_sub_explicit(&reclaim->looks[phase].count, 1,
                              memory_order_release);
}
