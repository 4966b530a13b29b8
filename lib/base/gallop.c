/* gallop.c - the first number for which something holds. */
#include "base/gallop.h"

#define PART 16u /* of a way that a step adds to it */

uint64_t
jn_gallop(uint64_t most, jn_holds holds, void *context)
{
    uint64_t before = 0, found = 1;

    while (found < most && !holds(context, found)) {
        uint64_t by = found / PART + 1;

        before = found;
        found = by < most - found ? found + by : most;
    }
    while (found - before > 1) {
        uint64_t middle = before + (found - before) / 2;

        if (holds(context, middle))
            found = middle;
        else
            before = middle;
    }
    return found;
}
