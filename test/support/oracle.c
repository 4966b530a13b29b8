/* oracle.c - what a query has to answer, found by looking at every entry. */
#include "oracle.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "slow_expr.h"

int
oracle_result(const struct oracle *oracle, const struct journal_query *query)
{
    bool follow = (query->flags & JOURNAL_QUERY_FOLLOW) != 0;

    if (query->first != JOURNAL_NONE && query->first > oracle->size)
        return JOURNAL_OUT_OF_RANGE;
    if (query->limit != JOURNAL_NONE && query->limit > oracle->size && !follow)
        return JOURNAL_OUT_OF_RANGE;
    return query->first < oracle->first ? JOURNAL_PRUNED : 0;
}

static bool
key_matches(const struct journal_query *query,
            const struct journal_entry *entry)
{
    switch (query->match) {
    case JOURNAL_MATCH_KEY:
        return entry->key_size == query->key_size &&
               memcmp(entry->key, query->key, query->key_size) == 0;
    case JOURNAL_MATCH_PREFIX:
        return entry->key_size > 0 && entry->key_size >= query->key_size &&
               (query->key_size == 0 ||
                memcmp(entry->key, query->key, query->key_size) == 0);
    case JOURNAL_MATCH_EXPR:
        return slow_expr_matches(query->key, query->key_size, entry->key,
                                 entry->key_size);
    default:
        return true;
    }
}

/* All of it but what LATEST and `limit` say. */
static bool
passes(const struct journal_query *query, const struct journal_entry *entry)
{
    if (query->first != JOURNAL_NONE && entry->seq < query->first)
        return false;
    if (entry->time < query->since || entry->time >= query->until)
        return false;
    if (entry->revision < query->first_revision)
        return false;
    if ((query->flags & JOURNAL_QUERY_LIVE) != 0 &&
        (entry->flags & JOURNAL_TOMBSTONE) != 0)
        return false;
    return key_matches(query, entry);
}

static int
compare_seqs(const void *a, const void *b)
{
    const struct journal_entry *left = *(const struct journal_entry *const *)a;
    const struct journal_entry *right = *(const struct journal_entry *const *)b;

    return left->seq < right->seq ? -1 : left->seq > right->seq;
}

static int
compare_keys(const struct journal_entry *a, const struct journal_entry *b)
{
    size_t size = a->key_size < b->key_size ? a->key_size : b->key_size;
    int order = size > 0 ? memcmp(a->key, b->key, size) : 0;

    if (order != 0)
        return order;
    return a->key_size < b->key_size ? -1 : a->key_size > b->key_size;
}

/* By key, and by number among those of one key. */
static int
compare_histories(const void *a, const void *b)
{
    int order = compare_keys(*(const struct journal_entry *const *)a,
                             *(const struct journal_entry *const *)b);

    return order != 0 ? order : compare_seqs(a, b);
}

/* Of the COUNT entries leaves the newest of each key; returns how many. */
static size_t
choose_latest(const struct journal_entry **entries, size_t count)
{
    size_t chosen = 0;

    qsort(entries, count, sizeof(const struct journal_entry *),
          compare_histories);
    for (size_t i = 0; i < count; i++) {
        bool newest = i + 1 == count ||
                      compare_keys(entries[i], entries[i + 1]) != 0;

        if (newest && entries[i]->key_size > 0)
            entries[chosen++] = entries[i];
    }
    qsort(entries, chosen, sizeof(const struct journal_entry *), compare_seqs);
    return chosen;
}

static void
turn(const struct journal_entry **entries, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++) {
        const struct journal_entry *entry = entries[i];

        entries[i] = entries[--count];
        entries[count] = entry;
    }
}

size_t
oracle_answers(const struct oracle *oracle, const struct journal_query *query,
               const struct journal_entry **answers)
{
    size_t below = 0, count = 0;

    for (size_t i = 0; i < oracle->count; i++)
        if (oracle->entries[i]->seq < query->limit)
            answers[below++] = oracle->entries[i];
    if ((query->flags & JOURNAL_QUERY_LATEST) != 0)
        below = choose_latest(answers, below);
    for (size_t i = 0; i < below; i++)
        if (passes(query, answers[i]))
            answers[count++] = answers[i];
    if ((query->flags & JOURNAL_QUERY_REVERSE) != 0)
        turn(answers, count);
    return count;
}
