/* keysort.c - keys in the order in which the index has them, or nearly. */
#include "base/keysort.h"

#include <stdlib.h>

static int
compare(const void *left, const void *right)
{
    const struct jn_keysort *a = left, *b = right;
    int order;

    if (a->start[0] != b->start[0])
        return a->start[0] < b->start[0] ? -1 : 1;
    if (a->start[1] != b->start[1])
        return a->start[1] < b->start[1] ? -1 : 1;
    order = jn_span_compare(a->key, b->key);
    if (order != 0)
        return order;
    return a->order < b->order ? -1 : a->order > b->order;
}

void
jn_keysort(struct jn_keysort *list, size_t count)
{
    if (count > 1)
        qsort(list, count, sizeof(*list), compare);
}
