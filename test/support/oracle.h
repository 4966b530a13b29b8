/*
 * oracle.h - what a query has to answer, found by looking at every entry.
 *
 * The history is an array of the entries that are retained, in the order of
 * their numbers, which may have gaps.  There is no index, and nothing is
 * skipped, so that each rule of the contract is a line of its own.
 */
#ifndef TEST_SUPPORT_ORACLE_H
#define TEST_SUPPORT_ORACLE_H

#include <journal.h>

struct oracle {
    const struct journal_entry **entries;
    size_t count;
    uint64_t first; /* the oldest number there is, or the size */
    uint64_t size;
};

/* What journal_query() returns to QUERY, which has no other mistakes. */
int oracle_result(const struct oracle *oracle,
                  const struct journal_query *query);

/*
 * Fills ANSWERS, with room for all entries, with those that come, in their
 * order; returns how many.  oracle_result() is 0.
 */
size_t oracle_answers(const struct oracle *oracle,
                      const struct journal_query *query,
                      const struct journal_entry **answers);

#endif
