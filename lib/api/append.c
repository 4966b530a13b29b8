/* append.c - journal_append() and its kin. */
#include "write/clearance.h"
#include "write/commit.h"
#include "base/error.h"
#include "write/handle.h"
#include "write/request.h"

int
journal_append_batch(struct journal *journal,
                     const struct journal_record *records, size_t count,
                     uint64_t *first_seq)
{
    struct jn_request request;
    int rc;

    if (journal == NULL)
        return EINVAL;
    rc = jn_handle_check_write(journal);
    if (rc != 0)
        return rc;
    rc = jn_request_make(&request, records, count);
    if (rc != 0)
        return rc;
    request.limits = journal->limits;
    do {
        rc = jn_commit(journal->shared, &request);
    } while (rc == JOURNAL_FULL &&
             jn_clearance_make(journal->shared, &journal->limits));
    if (rc == 0 && first_seq != NULL)
        *first_seq = request.first_seq;
    jn_request_free(&request);
    return rc;
}

int
journal_append(struct journal *journal, const void *key, size_t key_size,
               const void *value, size_t value_size, uint64_t *seq)
{
    const struct journal_record record = {
        .key = key,
        .key_size = key_size,
        .value = value,
        .value_size = value_size,
    };

    return journal_append_batch(journal, &record, 1, seq);
}

int
journal_delete(struct journal *journal, const void *key, size_t key_size,
               uint64_t *seq)
{
    const struct journal_record record = {
        .key = key,
        .key_size = key_size,
        .flags = JOURNAL_TOMBSTONE,
    };

    return journal_append_batch(journal, &record, 1, seq);
}
