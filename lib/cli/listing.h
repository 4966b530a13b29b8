/* listing.h - the entries of a cursor, printed a line each. */
#ifndef LISTING_H
#define LISTING_H

#include <journal.h>
#include <stdint.h>

#include "output.h"
#include "question.h"

struct listing {
    struct journal *journal;
    const struct question *question;
    struct output_list list;
    uint64_t printed; /* lines so far */
    uint64_t last;    /* number of the last entry or damage; or JOURNAL_NONE */
    uint64_t damaged; /* in a row, of which nothing has been said yet */
    uint64_t first_damaged; /* number of the first, if that is known */
    uint64_t patience;      /* at most so many in a row make sense */
    int code;               /* how it goes: enum cli_exit */
};

/* Says what is wrong; enum cli_exit. */
int listing_init(struct listing *listing, struct journal *journal,
                 const struct question *question);

/*
 * Prints entries, and says which cannot be had, a line for all in a row.
 * Returns JOURNAL_END where there are no more now; 0 after MOST of them, after
 * as many lines as the question wants, or when nothing can be written; else
 * what makes it senseless to go on, which has been said.
 */
int listing_run(struct listing *listing, struct journal_cursor *cursor,
                uint64_t most);

/* Whether as many lines have been printed as are wanted. */
bool listing_is_full(const struct listing *listing);

/* Says what to do if entries were damaged. */
void listing_advise(const struct listing *listing);

/* Prints all there is, and flushes it; enum cli_exit. */
int listing_finish(struct listing *listing, struct journal_cursor *cursor);

#endif
