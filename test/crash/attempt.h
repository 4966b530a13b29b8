/*
 * attempt.h - records that say which append they belong to.
 *
 * An attempt is one call of journal_append_batch() by one writer in one round.
 * Everything in its records follows from its number and the round's salt, and
 * each carries the number in its meta.  So whoever finds an entry can say who
 * appended it, whether all its bytes are right, and what belongs beside it.
 */
#ifndef TEST_CRASH_ATTEMPT_H
#define TEST_CRASH_ATTEMPT_H

#include <journal.h>
#include <stdbool.h>

#define ATTEMPT_KEYS 10u
#define ATTEMPT_RECORDS_MAX 40u
#define ATTEMPT_HEAD 24u
#define ATTEMPT_NO_KEY ATTEMPT_KEYS

struct attempt {
    uint64_t number;
    size_t count;
    struct journal_record records[ATTEMPT_RECORDS_MAX];
    uint8_t heads[ATTEMPT_RECORDS_MAX][ATTEMPT_HEAD];
};

/* Keys and bytes of the rounds that follow. */
void attempts_start(uint64_t salt);

uint64_t attempt_number(uint64_t round, unsigned writer, unsigned operation);
uint64_t attempt_round(uint64_t number);
unsigned attempt_writer(uint64_t number);
unsigned attempt_operation(uint64_t number);

/* Its records point into the attempt itself and into what is kept here. */
void attempt_make(struct attempt *attempt, uint64_t number);

/* What ENTRY's meta says of it; false if it is not of an attempt. */
bool attempt_of(const struct journal_entry *entry, uint64_t *number,
                size_t *index, size_t *count);

/* NULL if ENTRY is just what record INDEX of the attempt became, else why. */
const char *attempt_difference(const struct journal_entry *entry,
                               uint64_t number, size_t index);

const void *attempt_key(unsigned which, size_t *size);

/* Which of the keys; ATTEMPT_NO_KEY if none or another. */
unsigned attempt_which_key(const void *key, size_t size);

#endif
