/* sparse.c - a journal of which a compaction left few entries, far apart. */
#include "unit/sparse.h"

#include <stdio.h>
#include <string.h>

#include "support/test.h"

const char *
sparse_key(unsigned number)
{
    static char key[20];

    (void)snprintf(key, sizeof(key), "r/%03u", number);
    return key;
}

void
sparse_append(struct journal *journal, uint64_t from)
{
    for (unsigned i = 0; i < SPARSE_KEYS * SPARSE_APART; i++) {
        const char *key = i % SPARSE_APART == 0 ? sparse_key(i / SPARSE_APART)
                                                : "hot";

        ck_assert_int_eq(journal_append(journal, key, strlen(key), "", 0, NULL),
                         0);
    }
    ck_assert_int_eq(journal_prune(journal,
                                   from + (SPARSE_KEYS - 1) * SPARSE_APART,
                                   JOURNAL_PRUNE_KEEP_LATEST, NULL),
                     0);
}
