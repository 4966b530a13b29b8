/* numbers.c - a list of sequence numbers, in bounded memory. */
#include "base/numbers.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 256u

void
jn_numbers_start(struct jn_numbers *numbers, size_t most, bool highest)
{
    assert(most >= 2);
    numbers->begin = numbers->end = 0;
    numbers->most = most;
    numbers->highest = highest;
    numbers->cut = highest ? 0 : UINT64_MAX;
}

void
jn_numbers_free(struct jn_numbers *numbers)
{
    free(numbers->list);
    memset(numbers, 0, sizeof(*numbers));
}

void
jn_numbers_cut(struct jn_numbers *numbers, uint64_t cut)
{
    if (numbers->highest ? cut > numbers->cut : cut < numbers->cut)
        numbers->cut = cut;
}

static int
compare(const void *left, const void *right)
{
    uint64_t a, b;

    memcpy(&a, left, sizeof(a));
    memcpy(&b, right, sizeof(b));
    return a < b ? -1 : a > b;
}

void
jn_numbers_finish(struct jn_numbers *numbers)
{
    const uint64_t *list = numbers->list;
    size_t count = jn_numbers_count(numbers);

    if (count > 1)
        qsort(numbers->list + numbers->begin, count, sizeof(*list), compare);
    while (count > 0 && !numbers->highest &&
           list[numbers->end - 1] >= numbers->cut) {
        numbers->end--;
        count--;
    }
    while (count > 0 && numbers->highest &&
           list[numbers->begin] < numbers->cut) {
        numbers->begin++;
        count--;
    }
}

/* Makes room, if need be by dropping the half that is farther away. */
static void
halve(struct jn_numbers *numbers)
{
    size_t half = numbers->most / 2, count;

    jn_numbers_finish(numbers);
    count = jn_numbers_count(numbers);
    if (count > half) {
        size_t middle = numbers->highest ? numbers->end - half
                                         : numbers->begin + half;

        numbers->cut = numbers->list[middle];
        jn_numbers_finish(numbers);
        count = jn_numbers_count(numbers);
    }
    memmove(numbers->list, numbers->list + numbers->begin,
            count * sizeof(*numbers->list));
    numbers->begin = 0;
    numbers->end = count;
}

static int
grow(struct jn_numbers *numbers)
{
    size_t capacity = numbers->capacity * 2;
    uint64_t *list;

    if (capacity < CAPACITY_MIN)
        capacity = CAPACITY_MIN;
    list = realloc(numbers->list, capacity * sizeof(*list));
    if (list == NULL)
        return ENOMEM;
    numbers->list = list;
    numbers->capacity = capacity;
    return 0;
}

int
jn_numbers_add(struct jn_numbers *numbers, uint64_t number)
{
    if (numbers->end == numbers->most)
        halve(numbers);
    if (numbers->highest ? number < numbers->cut : number >= numbers->cut)
        return 0;
    if (numbers->end == numbers->capacity && grow(numbers) != 0)
        return ENOMEM;
    numbers->list[numbers->end++] = number;
    return 0;
}

uint64_t
jn_numbers_at(const struct jn_numbers *numbers, size_t i)
{
    assert(i < jn_numbers_count(numbers));
    return numbers
        ->list[numbers->highest ? numbers->end - 1 - i : numbers->begin + i];
}

void
jn_numbers_drop_first(struct jn_numbers *numbers)
{
    assert(jn_numbers_count(numbers) > 0);
    if (numbers->highest)
        numbers->end--;
    else
        numbers->begin++;
}
