/* handle.c - what a struct journal is. */
#include "handle.h"

#include <stdlib.h>

#include "error.h"

void
jn_handle_retain(struct journal *journal)
{
    atomic_fetch_add(&journal->references, 1);
}

void
jn_handle_release(struct journal *journal)
{
    if (journal == NULL || atomic_fetch_sub(&journal->references, 1) > 1)
        return;
    jn_shared_release(journal->shared, journal->read_only, journal->exclusive);
    free(journal);
}

int
jn_handle_check_write(const struct journal *journal)
{
    int rc = jn_shared_check(journal->shared);

    if (rc == 0 && journal->read_only)
        rc = JOURNAL_READ_ONLY;
    return rc == 0 ? jn_shared_check_write(journal->shared) : rc;
}
