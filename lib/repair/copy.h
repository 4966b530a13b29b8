/*
 * copy.h - a journal's snapshot, written anew into a file of its own.
 *
 * All pages are walked over, and everything that they hold is checked on its
 * way: structure, each entry's checksums, each key's chain, the numbers.  So
 * what is written is sound, or nothing is.  It is as small as it can be: no
 * page is free, and each is full.
 */
#ifndef JN_COPY_H
#define JN_COPY_H

#include <journal.h>

#include "pages/pages.h"
#include "repair/settled.h"

struct jn_copy_progress {
    journal_progress call; /* may be NULL */
    void *context;
};

/*
 * Writes the snapshot that PAGES are of, with the rows of SETTLED, which is of
 * the same one, to FILE, which is empty.  Nothing is flushed.  JOURNAL_CORRUPT:
 * the snapshot is damaged; ECANCELED: PROGRESS has said so.
 */
int jn_copy(const struct jn_pages *pages, const struct jn_settled *settled,
            int file, const struct jn_copy_progress *progress);

#endif
