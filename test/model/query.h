/* query.h - random queries, compared with the oracle's answers. */
#ifndef TEST_MODEL_QUERY_H
#define TEST_MODEL_QUERY_H

#include "keys.h"
#include "model.h"
#include "support/oracle.h"

#define EXPR_SIZE_MAX (2 * KEY_SIZE_MAX + 8)

/* A query, and the bytes that it points to. */
struct question {
    struct journal_query query;
    uint8_t bytes[EXPR_SIZE_MAX];
};

/* About keys, numbers, times and revisions that there are, or nearly so. */
void question_make(struct question *question, const struct model *model,
                   const struct keys *keys);

/* Adds to the operation's text what is asked. */
void question_trace(const struct question *question);

/* The entries that MODEL retains; entries is to be freed. */
struct oracle oracle_of(const struct model *model);

/* Room for as many answers as there are entries; to be freed. */
const struct journal_entry **answers_of(const struct oracle *oracle);

/* Asks something, and fails the test if the answer isn't the oracle's. */
void query_any(const struct model *model, struct journal *journal,
               const struct keys *keys);

#endif
