/*
 * feed.h - a cursor's entries, by whichever call chance chooses.
 *
 * One by one with journal_next(), or as many as fit a buffer of any size with
 * journal_fill(), whose bytes are then taken apart by other means than the
 * library's own.
 */
#ifndef TEST_MODEL_FEED_H
#define TEST_MODEL_FEED_H

#include <journal.h>

struct feed {
    struct journal_cursor *cursor;
    struct journal_entry entry; /* from the buffer */
    uint8_t *bytes;             /* the buffer; those in [at, used) are left */
    size_t at, used;
};

/* What journal_next() of the cursor promises. */
int feed_next(struct feed *feed, const struct journal_entry **entry);
void feed_end(struct feed *feed);

#endif
