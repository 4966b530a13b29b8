/* finds.c - entries that were found where no tree leads, and where. */
#include "repair/finds.h"

#include <errno.h>
#include <stdlib.h>

static int
order(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* Of two copies of one entry that comes first which is worth more. */
static int
compare(const void *left, const void *right)
{
    const struct jn_find *a = left, *b = right;
    int result = order(a->seq, b->seq);

    if (result == 0)
        result = order(b->time, a->time);
    if (result == 0)
        result = order(a->check, b->check);
    if (result == 0)
        result = order(b->linked, a->linked);
    if (result == 0)
        result = order(a->kind, b->kind);
    return result != 0 ? result : order(a->place, b->place);
}

void
jn_finds_sort(struct jn_finds *finds)
{
    size_t kept = 0;

    if (finds->count == 0)
        return;
    qsort(finds->list, finds->count, sizeof(*finds->list), compare);
    for (size_t i = 1; i < finds->count; i++) {
        struct jn_find *last = &finds->list[kept];
        const struct jn_find *next = &finds->list[i];

        if (next->seq != last->seq || next->check != last->check ||
            next->time != last->time)
            finds->list[++kept] = *next;
        else if (next->kind < last->kind)
            last->kind = next->kind;
    }
    finds->count = kept + 1;
}

int
jn_finds_add(struct jn_finds *finds, const struct jn_find *find)
{
    struct jn_find *list;
    size_t capacity = finds->capacity == 0 ? 256 : finds->capacity * 2;
    bool full = finds->count == finds->capacity;

    if (full)
        jn_finds_sort(finds);
    /* Copies go before memory does, but not over and over again. */
    if (full && finds->count >= finds->capacity / 2) {
        list = realloc(finds->list, capacity * sizeof(*list));
        if (list == NULL)
            return ENOMEM;
        finds->list = list;
        finds->capacity = capacity;
    }
    finds->list[finds->count++] = *find;
    return 0;
}

void
jn_finds_free(struct jn_finds *finds)
{
    free(finds->list);
    *finds = (struct jn_finds){NULL, 0, 0};
}
