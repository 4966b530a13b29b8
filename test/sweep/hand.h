/*
 * hand.h - uses a journal whose calls fail, by a script of letters.
 *
 *   O R I N   open: durable, relaxed, read-only, new
 *   a b B     append one entry, twelve, more than the tail takes
 *   t         threads append at the same time
 *   g         read in every way there is
 *   p k w     prune, compact, rewind
 *   m u       move a mark, remove one
 *   s c d     sync, close, destroy
 *   v h z     verify; back up, or salvage, to DIRECTORY/copy, once
 *   y         another process opens, appends, closes
 *   x         this one ends without a close
 *
 * A number behind a letter says how often.
 */
#ifndef TEST_SWEEP_HAND_H
#define TEST_SWEEP_HAND_H

#include "book.h"

struct scene {
    const char *name;
    const char *before; /* a script that is done in peace */
    const char *script;
    uint64_t tail_bytes;
    uint64_t bytes_max;
    uint64_t keep_entries;
    unsigned threads; /* up to CROWD_MAX */
    uint64_t salt;    /* its last two bits choose the sizes of entries */
};

/*
 * Does SCRIPT on the journal in DIRECTORY/home and notes it in BOOK.  Then,
 * when no more calls fail, a journal that is still open is looked at, appended
 * to, and closed.
 */
void hand_work(const struct scene *scene, const char *script,
               const char *directory, struct book *book);

#endif
