/* gaps.c - numbers that are missing, as a list of ranges. */
#include "base/gaps.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static int
grow(struct jn_gaps *gaps)
{
    size_t capacity = gaps->capacity == 0 ? 16 : gaps->capacity * 2;
    struct jn_gap *list;

    if (gaps->count < gaps->capacity)
        return 0;
    list = realloc(gaps->list, capacity * sizeof(*list));
    if (list == NULL)
        return ENOMEM;
    gaps->list = list;
    gaps->capacity = capacity;
    return 0;
}

int
jn_gaps_add(struct jn_gaps *gaps, uint64_t from, uint64_t limit)
{
    struct jn_gap *last = NULL;
    int rc;

    if (from >= limit)
        return 0;
    if (gaps->count > 0)
        last = &gaps->list[gaps->count - 1];
    if (last != NULL && from == last->limit) {
        last->limit = limit;
        return 0;
    }
    assert(last == NULL || from > last->limit);
    rc = grow(gaps);
    if (rc != 0)
        return rc;
    assert(gaps->list != NULL);
    gaps->list[gaps->count++] = (struct jn_gap){from, limit};
    return 0;
}

void
jn_gaps_free(struct jn_gaps *gaps)
{
    free(gaps->list);
    *gaps = (struct jn_gaps){NULL, 0, 0};
}

/* How many ranges begin below NUMBER. */
static size_t
begun_below(const struct jn_gaps *gaps, uint64_t number)
{
    size_t low = 0, high = gaps->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (gaps->list[middle].from < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint64_t
jn_gaps_below(const struct jn_gaps *gaps, uint64_t number)
{
    size_t begun = begun_below(gaps, number);
    uint64_t limit;

    if (begun == 0)
        return UINT64_MAX;
    limit = gaps->list[begun - 1].limit;
    return (limit < number ? limit : number) - 1;
}

bool
jn_gaps_has(const struct jn_gaps *gaps, uint64_t number)
{
    return number < UINT64_MAX && jn_gaps_below(gaps, number + 1) == number;
}
