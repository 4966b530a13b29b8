/* version.c - journal_version(), journal_version_string(). */
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <xxhash.h>

#include "base/error.h"

static char text[160];

static void
write_text(void)
{
    unsigned xxhash = XXH_versionNumber();
    int major, minor, patch;

    (void)mdb_version(&major, &minor, &patch);
    (void)snprintf(text, sizeof(text),
                   "libjournal %d.%d.%d (LMDB %d.%d.%d, xxHash %u.%u.%u)",
                   JOURNAL_VERSION_MAJOR, JOURNAL_VERSION_MINOR,
                   JOURNAL_VERSION_PATCH, major, minor, patch, xxhash / 10000,
                   xxhash / 100 % 100, xxhash % 100);
}

uint32_t
journal_version(void)
{
    return (uint32_t)JOURNAL_VERSION_MAJOR << 16 |
           (uint32_t)JOURNAL_VERSION_MINOR << 8 |
           (uint32_t)JOURNAL_VERSION_PATCH;
}

const char *
journal_version_string(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, write_text);
    return text;
}
