/*
 * claims.h - how far a life has got, and what has been promised of it.
 *
 * Deeds that change the journal come in an order: that of their numbers, or,
 * if several hands append, that of the entries' numbers.  Of these, so many
 * have to have survived a crash, and no more than so many can have.
 */
#ifndef TEST_POWER_CLAIMS_H
#define TEST_POWER_CLAIMS_H

#include "life.h"
#include "trace.h"

#define CLAIMS_NONE UINT32_MAX

struct claims {
    const struct life *life;
    uint32_t order[LIFE_DEEDS]; /* deeds that change something */
    uint32_t place[LIFE_DEEDS]; /* of a deed in this order */
    uint32_t count;
    bool begun[LIFE_DEEDS];
    bool done[LIFE_DEEDS];
    uint32_t covers[LIFE_DEEDS]; /* a flush: places done when it began */
    uint32_t promised;           /* places that have to be there */
    uint32_t possible;           /* ... and that can be */
    uint32_t unsure;             /* a deed that failed and may come; or NONE */
    bool exists;                 /* the journal has to */
    struct state state;          /* after what is promised */
};

/* BASE is the state before the first deed. */
void claims_init(struct claims *claims, const struct life *life,
                 const struct state *base, bool in_turn, bool exists);

void claims_happens(struct claims *claims, const struct event *event);

/* Whether IMAGE is a state that the journal may be in now. */
bool claims_allow(const struct claims *claims, const struct state *image);

#endif
