/*
 * numbers.h - a list of sequence numbers, in bounded memory.
 *
 * Takes numbers in any order and keeps, when there are too many, those nearest
 * to one end: what lies beyond the *cut* is dropped, to be asked for again.
 */
#ifndef JN_NUMBERS_H
#define JN_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jn_numbers {
    uint64_t *list; /* those in [begin, end) are still to be taken */
    size_t begin, end;
    size_t capacity;
    size_t most;
    bool highest; /* the highest are kept, not the lowest */
    uint64_t cut; /* kept are those below it or, with `highest`, from it on */
};

/* An empty list of at most MOST numbers; uses NUMBERS' memory again. */
void jn_numbers_start(struct jn_numbers *numbers, size_t most, bool highest);
void jn_numbers_free(struct jn_numbers *numbers);

/* From now on what lies beyond CUT is of no interest. */
void jn_numbers_cut(struct jn_numbers *numbers, uint64_t cut);

/* Adds NUMBER, which is not in the list yet.  0 or ENOMEM. */
int jn_numbers_add(struct jn_numbers *numbers, uint64_t number);

/* When all have been added: in rising order, none of them beyond the cut. */
void jn_numbers_finish(struct jn_numbers *numbers);

static inline size_t
jn_numbers_count(const struct jn_numbers *numbers)
{
    return numbers->end - numbers->begin;
}

/* The I-th, counted from the end that is kept; and how the first one goes. */
uint64_t jn_numbers_at(const struct jn_numbers *numbers, size_t i);
void jn_numbers_drop_first(struct jn_numbers *numbers);

#endif
