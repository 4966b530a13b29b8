/*
 * query.c - journal_replay(), journal_query(), journal_next(),
 * journal_cursor_close().
 */
#include <string.h>

#include "query/cursor.h"
#include "base/error.h"
#include "base/sized.h"

void
journal_query_init(struct journal_query *query)
{
    if (query == NULL)
        return;
    memset(query, 0, sizeof(*query));
    query->struct_size = sizeof(*query);
    query->first = JOURNAL_NONE;
    query->limit = JOURNAL_NONE;
    query->until = UINT64_MAX;
}

int
journal_query(struct journal *journal, const struct journal_query *query,
              struct journal_cursor **cursor)
{
    int rc;

    if (journal == NULL || cursor == NULL || query == NULL ||
        query->struct_size < sizeof(*query) ||
        !jn_sized_is_known(query, query->struct_size, sizeof(*query)))
        return EINVAL;
    rc = jn_shared_check(journal->shared);
    return rc == 0 ? jn_cursor_open(cursor, journal, query) : rc;
}

int
journal_replay(struct journal *journal, uint64_t first,
               struct journal_cursor **cursor)
{
    struct journal_query query;

    journal_query_init(&query);
    query.first = first;
    return journal_query(journal, &query, cursor);
}

int
journal_next(struct journal_cursor *cursor, const struct journal_entry **entry)
{
    int rc;

    if (cursor == NULL || entry == NULL)
        return EINVAL;
    rc = jn_cursor_peek(cursor);
    if (rc != 0)
        return rc;
    jn_cursor_take(cursor);
    *entry = &cursor->entry;
    return 0;
}

void
journal_cursor_close(struct journal_cursor *cursor)
{
    jn_cursor_close(cursor);
}
