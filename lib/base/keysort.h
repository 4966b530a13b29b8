/*
 * keysort.h - keys in the order in which the index has them, or nearly.
 *
 * They are sorted byte by byte; the index sorts keys of less than eight bytes
 * by their size too, and very long ones by a hash (index.h).  So neighbours are
 * looked up and written one after the other, which is all that is wanted.
 */
#ifndef JN_KEYSORT_H
#define JN_KEYSORT_H

#include "base/bytes.h"

struct jn_keysort {
    uint64_t start[2]; /* the key's first bytes: most comparisons end here */
    struct jn_span key;
    size_t order; /* among those that are alike, the lower comes first */
};

static inline struct jn_keysort
jn_keysort_of(struct jn_span key, size_t order)
{
    uint8_t start[16] = {0};

    memcpy(start, key.data,
           key.size < sizeof(start) ? key.size : sizeof(start));
    return (struct jn_keysort){{jn_get_be64(start), jn_get_be64(start + 8)},
                               key,
                               order};
}

void jn_keysort(struct jn_keysort *list, size_t count);

#endif
