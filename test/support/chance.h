/* chance.h - random choices, all of which follow from one seed. */
#ifndef TEST_SUPPORT_CHANCE_H
#define TEST_SUPPORT_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who does without begins with that of the run. */
void chance_start(uint64_t seed);

/* A number of [0, limit); 0 if that is empty. */
uint64_t below(uint64_t limit);

/* A number of [least, most]. */
uint64_t between(uint64_t least, uint64_t most);

/* True once in TIMES; never if that is 0. */
bool one_in(uint64_t times);

void fill_randomly(void *data, size_t size);

#endif
