/*
 * gaps.h - numbers that are missing, as a list of ranges.
 *
 * It takes memory by what is missing, and none for what is there.
 */
#ifndef JN_GAPS_H
#define JN_GAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jn_gap {
    uint64_t from;
    uint64_t limit;
};

/* Begins as {0}.  The ranges ascend, and do not touch. */
struct jn_gaps {
    struct jn_gap *list;
    size_t count, capacity;
};

/* Adds [FROM, LIMIT), which is behind all others or goes on the last one. */
int jn_gaps_add(struct jn_gaps *gaps, uint64_t from, uint64_t limit);
void jn_gaps_free(struct jn_gaps *gaps);

bool jn_gaps_has(const struct jn_gaps *gaps, uint64_t number);

/* The highest one below NUMBER; UINT64_MAX if there is none. */
uint64_t jn_gaps_below(const struct jn_gaps *gaps, uint64_t number);

#endif
