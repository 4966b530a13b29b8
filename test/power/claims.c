/* claims.c - how far a life has got, and what has been promised of it. */
#include "claims.h"

#include <stdlib.h>
#include <string.h>

static bool
changes(const struct deed *deed)
{
    return deed->result == 0 && deed->kind >= DEED_APPEND;
}

static const struct life *compared;

static int
compare_numbers(const void *a, const void *b)
{
    uint64_t left = compared->deeds[*(const uint32_t *)a].seq;
    uint64_t right = compared->deeds[*(const uint32_t *)b].seq;

    return left < right ? -1 : left > right;
}

void
claims_init(struct claims *claims, const struct life *life,
            const struct state *base, bool in_turn, bool exists)
{
    claims->life = life;
    claims->count = 0;
    for (uint32_t i = 0; i < life->count; i++)
        if (changes(&life->deeds[i]))
            claims->order[claims->count++] = i;
    if (!in_turn) {
        compared = life;
        qsort(claims->order, claims->count, sizeof(claims->order[0]),
              compare_numbers);
    }
    for (uint32_t i = 0; i < claims->count; i++)
        claims->place[claims->order[i]] = i;
    memset(claims->begun, 0, sizeof(claims->begun));
    memset(claims->done, 0, sizeof(claims->done));
    claims->promised = 0;
    claims->possible = 0;
    claims->unsure = CLAIMS_NONE;
    claims->exists = exists;
    state_copy(&claims->state, base);
}

static void
promise(struct claims *claims, uint32_t places)
{
    while (claims->promised < places)
        state_apply(&claims->state, claims->life,
                    claims->order[claims->promised++]);
}

/* What a flush that begins now takes along: whatever is done. */
static uint32_t
done_so_far(const struct claims *claims)
{
    uint32_t places = 0;

    for (uint32_t i = 0; i < claims->count; i++)
        if (claims->done[claims->order[i]])
            places = i + 1;
    return places;
}

/* Of what is to fail all may come, or some, as soon as it has begun. */
static void
fails(struct claims *claims, uint32_t number)
{
    const struct deed *deed = &claims->life->deeds[number];

    if (deed->failed && deed->kind >= DEED_APPEND)
        claims->unsure = number;
}

static void
deed_done(struct claims *claims, uint32_t number)
{
    const struct deed *deed = &claims->life->deeds[number];

    claims->done[number] = true;
    if (deed->kind == DEED_OPEN && !deed->failed) {
        claims->exists = true;
        claims->unsure = CLAIMS_NONE;
    }
    if (!deed->durable || deed->failed)
        return;
    promise(claims,
            changes(deed) ? claims->place[number] + 1 : claims->covers[number]);
}

void
claims_happens(struct claims *claims, const struct event *event)
{
    uint32_t number = (uint32_t)event->pair;

    if (event->kind == EVENT_DEED_DONE) {
        deed_done(claims, number);
    } else if (event->kind == EVENT_DEED_BEGUN) {
        claims->begun[number] = true;
        fails(claims, number);
        claims->covers[number] = done_so_far(claims);
        while (claims->possible < claims->count &&
               claims->begun[claims->order[claims->possible]])
            claims->possible++;
    }
}

bool
claims_allow(const struct claims *claims, const struct state *image)
{
    static struct state state;

    state_copy(&state, &claims->state);
    for (uint32_t i = claims->promised;; i++) {
        if (state_equals(&state, image))
            return true;
        if (i == claims->possible)
            return claims->unsure != CLAIMS_NONE &&
                   (state_is_between(&state, claims->life, claims->unsure,
                                     image) ||
                    (state_apply(&state, claims->life, claims->unsure) &&
                     state_equals(&state, image)));
        if (state_is_between(&state, claims->life, claims->order[i], image))
            return true;
        if (!state_apply(&state, claims->life, claims->order[i]))
            return false;
    }
}
