/*
 * sized.h - public structs that begin with their own size, and may grow.
 *
 * A program that was built with a later release's header may give a larger one
 * than this release knows, as long as it asks nothing that is unknown here.
 */
#ifndef JN_SIZED_H
#define JN_SIZED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No struct will ever be larger; who claims so has not set the size. */
#define JN_SIZED_MAX 4096u

/*
 * Whether GIVEN, of struct_size SIZE, holds nothing but zeros behind the KNOWN
 * bytes that this release knows.
 */
static inline bool
jn_sized_is_known(const void *given, uint32_t size, size_t known)
{
    const uint8_t *bytes = given;

    if (size > JN_SIZED_MAX)
        return false;
    for (size_t i = known; i < size; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

#endif
