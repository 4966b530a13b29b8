/*
 * spread.h - large entries, close together or far apart, and ways to ask.
 *
 * A cursor reads only a few of them ahead, so that what happens to the others
 * happens under it.  Far apart they are found by the index, since to look at
 * all would not pay.
 */
#ifndef TEST_API_SPREAD_H
#define TEST_API_SPREAD_H

#include "api/asking.h"

#define MANY 40u
#define SPREAD 30u
#define WAYS 10

/* Ways to ask, and which of the large entries they give. */
struct way {
    uint32_t match;
    const char *key;
    uint32_t flags;
    unsigned by; /* every so manieth, from the first */
    unsigned step;
};
extern const struct way ways[WAYS];

struct journal_query way(int which, uint32_t flags);

/*
 * How far apart the large entries are.  Numbers in these steps count them
 * alone: number 7 is entry 7 * step.
 */
extern unsigned step;

/* MANY large entries, of "k/a" and "other" in turn. */
void append_spread(unsigned distance);
void append_large(const char *key, unsigned count);

/* That, and a cursor that asks for some of it. */
struct journal_cursor *given(int which, uint32_t flags);

void prune(uint64_t before);
void compact(uint64_t before);
void rewind_to(uint64_t size);

uint64_t next_of(struct journal_cursor *cursor);
struct story told_by(struct journal_cursor *cursor);

bool is_in(const struct story *story, uint64_t seq);

/* Numbers rise, or fall, and are among those that match. */
void assert_in_order(const struct story *story, bool back, unsigned by);
void assert_all_of(const struct story *story, uint64_t first, uint64_t limit,
                   unsigned by);

#endif
