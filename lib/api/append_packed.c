/* append_packed.c - journal_append_packed(): a batch as one piece of bytes. */
#include <stdlib.h>

#include "base/error.h"
#include "write/handle.h"
#include "format/packed.h"

/* The records that PACKED says, which point into it; to be freed. */
static int
unpack(struct journal_record **records, size_t *count, struct jn_span packed)
{
    struct journal_record *found = NULL;
    int rc = jn_packed_count(count, packed);

    if (rc != 0)
        return rc;
    found = calloc(*count, sizeof(*found));
    if (found == NULL)
        return ENOMEM;
    /* Looked at anew, in case the caller shares the memory with somebody. */
    for (size_t i = 0; i < *count && rc == 0; i++)
        rc = jn_packed_take(&found[i], &packed);
    if (rc != 0)
        goto out;

    *records = found;
    found = NULL; /* the caller's now */
out:
    free(found);
    return rc;
}

int
journal_append_packed(struct journal *journal, const void *packed, size_t size,
                      size_t *count, uint64_t *first_seq)
{
    struct journal_record *records = NULL;
    size_t found;
    int rc;

    if (journal == NULL)
        return EINVAL;
    rc = jn_handle_check_write(journal);
    if (rc != 0)
        return rc;
    if (packed == NULL)
        return EINVAL;
    rc = unpack(&records, &found, jn_span(packed, size));
    if (rc == 0)
        rc = journal_append_batch(journal, records, found, first_seq);
    if (rc == 0 && count != NULL)
        *count = found;
    free(records);
    return rc;
}
