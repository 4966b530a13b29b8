/* nearest.h - which of several names was meant by one that is none of them. */
#ifndef NEAREST_H
#define NEAREST_H

#include <stddef.h>

struct nearest {
    const char *word; /* what was given; not ended by a NUL */
    size_t size;
    const char *name;  /* of those offered, the one meant; or NULL */
    unsigned distance; /* of that, or what is too far */
};

void nearest_init(struct nearest *nearest, const char *word, size_t size);

/*
 * Takes NAME, of which the pointer is kept, if the word is one or a few slips
 * of the finger away from it, or its beginning, and none that was offered
 * before is as near.
 */
void nearest_offer(struct nearest *nearest, const char *name);

#endif
