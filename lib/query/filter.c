/* filter.c - what a query asks for, besides a range of numbers. */
#include "query/filter.h"

#include <stdlib.h>

#include "base/error.h"
#include "format/expr.h"

#define FLAGS_KNOWN                                                            \
    ((uint32_t)JOURNAL_QUERY_REVERSE | (uint32_t)JOURNAL_QUERY_LATEST |        \
     (uint32_t)JOURNAL_QUERY_LIVE | (uint32_t)JOURNAL_QUERY_FOLLOW)

static bool
is_set(const struct journal_query *query, enum journal_query_flag flag)
{
    return (query->flags & (uint32_t)flag) != 0;
}

static int
check_flags(const struct journal_query *query)
{
    if ((query->flags & ~FLAGS_KNOWN) != 0 || query->reserved != 0)
        return EINVAL;
    if (is_set(query, JOURNAL_QUERY_FOLLOW) &&
        (is_set(query, JOURNAL_QUERY_REVERSE) ||
         is_set(query, JOURNAL_QUERY_LATEST)))
        return EINVAL;
    if (query->first_revision > 0 && query->match != JOURNAL_MATCH_KEY)
        return EINVAL;
    return 0;
}

static int
check_key(const struct journal_query *query)
{
    struct jn_span key = {query->key, query->key_size};

    if (query->match == JOURNAL_MATCH_ALL)
        return 0;
    if (key.data == NULL && key.size > 0)
        return EINVAL;
    if (key.size > JOURNAL_KEY_MAX)
        return JOURNAL_TOO_BIG;
    switch (query->match) {
    case JOURNAL_MATCH_KEY:
        return key.size == 0 ? EINVAL : 0;
    case JOURNAL_MATCH_PREFIX:
        return 0;
    case JOURNAL_MATCH_EXPR:
        return jn_expr_is_canonical(key) ? 0 : EINVAL;
    default:
        return EINVAL;
    }
}

/* The bytes of EXPR with which every key begins that matches it. */
static struct jn_span
literal_of(struct jn_span expr)
{
    size_t size = 0;

    while (size < expr.size && expr.data[size] != '*' && expr.data[size] != '$')
        size++;
    /* `a/` and two stars match `a`, too. */
    if (size > 0 && expr.size - size >= 2 && expr.data[size - 1] == '/' &&
        expr.data[size] == '*' && expr.data[size + 1] == '*')
        size--;
    return jn_span(expr.data, size);
}

static int
copy_key(struct jn_filter *filter, const struct journal_query *query)
{
    if (query->match == JOURNAL_MATCH_ALL || query->key_size == 0)
        return 0;
    filter->copy = malloc(query->key_size);
    if (filter->copy == NULL)
        return ENOMEM;
    memcpy(filter->copy, query->key, query->key_size);
    filter->key = filter->literal = jn_span(filter->copy, query->key_size);
    if (query->match == JOURNAL_MATCH_EXPR)
        filter->literal = literal_of(filter->key);
    return 0;
}

int
jn_filter_make(struct jn_filter *filter, const struct journal_query *query)
{
    int rc = check_flags(query);

    memset(filter, 0, sizeof(*filter));
    if (rc == 0)
        rc = check_key(query);
    if (rc == 0)
        rc = copy_key(filter, query);
    if (rc != 0)
        return rc;
    filter->match = (enum journal_match)query->match;
    /* Without wildcards it is a key. */
    if (filter->match == JOURNAL_MATCH_EXPR &&
        filter->literal.size == filter->key.size)
        filter->match = JOURNAL_MATCH_KEY;
    filter->latest = is_set(query, JOURNAL_QUERY_LATEST);
    filter->live = is_set(query, JOURNAL_QUERY_LIVE);
    filter->first_revision = query->first_revision;
    return 0;
}

void
jn_filter_free(struct jn_filter *filter)
{
    free(filter->copy);
}

bool
jn_filter_takes_all(const struct jn_filter *filter)
{
    return filter->match == JOURNAL_MATCH_ALL && !filter->latest &&
           !filter->live;
}

static bool
begins_with(struct jn_span key, const uint8_t *start, size_t size)
{
    return key.size >= size &&
           (size == 0 || memcmp(key.data, start, size) == 0);
}

bool
jn_filter_matches(const struct jn_filter *filter, struct jn_span key)
{
    if (filter->match == JOURNAL_MATCH_ALL)
        return true;
    if (key.size == 0 ||
        !begins_with(key, filter->literal.data, filter->literal.size))
        return false;
    if (filter->match == JOURNAL_MATCH_KEY)
        return key.size == filter->key.size;
    return filter->match == JOURNAL_MATCH_PREFIX ||
           (jn_expr_is_key(key) && jn_expr_matches(filter->key, key));
}

bool
jn_filter_may_match(const struct jn_filter *filter, struct jn_span start)
{
    size_t size = filter->literal.size;

    return begins_with(start, filter->literal.data,
                       size < start.size ? size : start.size);
}

bool
jn_filter_knows_by(const struct jn_filter *filter, size_t size)
{
    return filter->match == JOURNAL_MATCH_ALL ||
           (filter->match == JOURNAL_MATCH_PREFIX && size >= filter->key.size);
}
