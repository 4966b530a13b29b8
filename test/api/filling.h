/* filling.h - the steps that tests of journal_fill() are told in. */
#ifndef TEST_API_FILLING_H
#define TEST_API_FILLING_H

#include "api/steps.h"

/* What one call gave. */
struct filled {
    uint8_t *place; /* to be freed */
    uint8_t *bytes; /* SIZE of them, to the end of PLACE, at some address */
    size_t size;
    size_t used, count; /* 99 if they were left alone */
    int rc;
};

struct filled fill(struct journal_cursor *cursor, size_t size);

/* A call that gives the entries FIRST to LAST; the numbers may fall. */
void assert_fill(struct journal_cursor *cursor, size_t size, uint64_t first,
                 uint64_t last);

/* A call that gives none, and leaves everything as it was. */
void assert_fill_says(struct journal_cursor *cursor, size_t size, int rc);

/* A call that gives none, but how much it needs. */
void assert_needs(struct journal_cursor *cursor, size_t size, size_t needed);

/* What entry SEQ of `journal` takes. */
size_t packed_size(uint64_t seq);

/* COUNT entries of every kind, each of which takes at most 136 bytes. */
void append_kinds(unsigned count);

#endif
