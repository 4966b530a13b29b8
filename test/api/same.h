/* same.h - two journals that hold the same, as far as can be read. */
#ifndef TEST_API_SAME_H
#define TEST_API_SAME_H

#include "api/steps.h"

/*
 * Figures, entries, histories, pasts and marks of B are those of A.  Its files
 * may be of another size.
 */
void assert_same_journal(struct journal *a, struct journal *b);

/* The answers to QUERY are. */
void assert_same_answer(struct journal *a, struct journal *b,
                        const struct journal_query *query);

#endif
