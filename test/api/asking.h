/*
 * asking.h - the steps that tests of queries are told in.
 *
 * An answer is told in words: "0-3 7 PRUNED 40-49" is what a cursor gave until
 * JOURNAL_END: the numbers 0 to 3 and 7, then JOURNAL_PRUNED once, and so on.
 * A range may fall: "9-0".
 */
#ifndef TEST_API_ASKING_H
#define TEST_API_ASKING_H

#include "api/steps.h"

/*
 * One entry a word: the word is its key, "-" has none, "!key" is a tombstone.
 * Values are "value NUMBER".
 */
void append_words(const char *words);

/* COUNT entries of KEY, 256 KiB each: few of them are read ahead. */
void append_big(const char *key, uint64_t count);

/* The defaults; and those with a key, or whatever MATCH makes of KEY. */
struct journal_query ask(void);
struct journal_query ask_for(uint32_t match, const char *key);

struct journal_cursor *cursor_of(const struct journal_query *query);
int result_of_query(const struct journal_query *query);

/* The number of the next entry. */
uint64_t next(struct journal_cursor *cursor);

/* What journal_next() says now, and whether it says it again and again. */
void assert_next(struct journal_cursor *cursor, int result);
void assert_end(struct journal_cursor *cursor);

/* The rest of what CURSOR gives, which stays open. */
void assert_rest(struct journal_cursor *cursor, const char *answer);

/* The same, and closes it. */
void assert_last(struct journal_cursor *cursor, const char *answer);

/* What a new cursor gives; each entry is what journal_read() gives. */
void assert_answer(const struct journal_query *query, const char *answer);

/* What it gives forward, and with JOURNAL_QUERY_REVERSE backward. */
void assert_both_ways(const struct journal_query *query, const char *answer);

/* What a cursor gave until it ended. */
struct story {
    uint64_t *seqs;
    size_t count;  /* of entries */
    size_t pruned; /* how often it said JOURNAL_PRUNED */
    size_t before; /* entries before it did so first */
    size_t corrupt;
};

/* Closes CURSOR.  Any other result fails the test. */
struct story story_of(struct journal_cursor *cursor);
void story_free(struct story *story);

#endif
