/* chance.c - random choices, all of which follow from one seed. */
#include "chance.h"

#include <string.h>

#include "test.h"

static uint64_t state;
static bool started;

void
chance_start(uint64_t seed)
{
    state = seed;
    started = true;
}

static uint64_t
next(void)
{
    if (!started)
        chance_start(test_seed());
    return test_random(&state);
}

uint64_t
below(uint64_t limit)
{
    uint64_t number = next();

    return limit == 0 ? 0 : number % limit;
}

uint64_t
between(uint64_t least, uint64_t most)
{
    return least + below(most - least + 1);
}

bool
one_in(uint64_t times)
{
    return times > 0 && below(times) == 0;
}

void
fill_randomly(void *data, size_t size)
{
    uint8_t *bytes = data;

    while (size > 0) {
        uint64_t number = next();
        size_t part = size < sizeof(number) ? size : sizeof(number);

        memcpy(bytes, &number, part);
        bytes += part;
        size -= part;
    }
}
