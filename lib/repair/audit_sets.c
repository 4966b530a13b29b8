/* audit_sets.c - which numbers there are, and which are lost. */
#include <assert.h>
#include <stdlib.h>

#include "repair/audit_part.h"
#include "base/error.h"

/* 32 MiB each, of which only what is used is touched. */
#define BITS_MAX (UINT64_C(1) << 28)
#define RANGES_MAX ((size_t)1 << 20)

/* ---- a bit each --------------------------------------------------------- */

void
jn_audit_set_init(struct jn_audit_set *set, uint64_t base, uint64_t limit)
{
    set->base = base;
    set->count = limit > base ? limit - base : 0;
    if (set->count > BITS_MAX)
        set->count = BITS_MAX;
}

bool
jn_audit_set_is_exact(const struct jn_audit_set *set, uint64_t number)
{
    assert(number >= set->base);
    return number - set->base < set->count;
}

static uint64_t
place_of(const struct jn_audit_set *set, uint64_t number)
{
    return (number - set->base) % set->count;
}

int
jn_audit_set_add(struct jn_audit_set *set, uint64_t number)
{
    uint64_t at;

    if (set->count == 0)
        return 0;
    if (set->bits == NULL)
        set->bits = calloc(1, (size_t)(set->count / 8 + 1));
    if (set->bits == NULL)
        return ENOMEM;
    at = place_of(set, number);
    set->bits[at / 8] |= (uint8_t)(1u << (at % 8));
    return 0;
}

bool
jn_audit_set_has(const struct jn_audit_set *set, uint64_t number)
{
    uint64_t at;

    if (set->bits == NULL)
        return false;
    at = place_of(set, number);
    return (set->bits[at / 8] >> (at % 8) & 1u) != 0;
}

/* ---- ranges ------------------------------------------------------------- */

static int
grow(struct jn_audit_ranges *ranges)
{
    size_t capacity = ranges->capacity == 0 ? 16 : 2 * ranges->capacity;
    struct jn_audit_range *list = realloc(ranges->list,
                                          capacity * sizeof(*list));

    if (list == NULL)
        return ENOMEM;
    ranges->list = list;
    ranges->capacity = capacity;
    return 0;
}

int
jn_audit_ranges_add(struct jn_audit_ranges *ranges, uint64_t first,
                    uint64_t limit)
{
    struct jn_audit_range *last = ranges->count > 0
                                      ? &ranges->list[ranges->count - 1]
                                      : NULL;

    if (last != NULL && last->limit == first) {
        last->limit = limit;
        return 0;
    }
    if (ranges->count == RANGES_MAX) {
        ranges->full = true;
        return 0;
    }
    if (ranges->count == ranges->capacity && grow(ranges) != 0)
        return ENOMEM;
    assert(ranges->list != NULL);
    ranges->list[ranges->count].first = first;
    ranges->list[ranges->count].limit = limit;
    ranges->count++;
    return 0;
}

bool
jn_audit_ranges_have(const struct jn_audit_ranges *ranges, uint64_t number)
{
    size_t low = 0, high = ranges->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (ranges->list[middle].limit <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return ranges->full ||
           (low < ranges->count && ranges->list[low].first <= number);
}

/* ---- both --------------------------------------------------------------- */

enum jn_audit_there
jn_audit_is_there(const struct jn_audit *audit, uint64_t seq)
{
    if (seq < audit->state.first)
        return JN_GONE;
    if (seq >= audit->state.dense)
        return JN_THERE;
    if (!jn_audit_set_is_exact(&audit->present, seq))
        return JN_UNCERTAIN;
    return jn_audit_set_has(&audit->present, seq) ? JN_THERE : JN_GONE;
}

bool
jn_audit_is_lost(const struct jn_audit *audit, uint64_t seq)
{
    const struct jn_state *state = &audit->state;

    if (jn_audit_ranges_have(&audit->lost, seq))
        return true;
    return state->holed && seq >= jn_state_linked(state) &&
           jn_audit_is_there(audit, seq) != JN_THERE;
}
