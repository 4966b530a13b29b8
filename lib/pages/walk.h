/*
 * walk.h - all pages of an LMDB file, followed from its meta page.
 *
 * LMDB trusts its file and crashes on a damaged one, or writes over what is in
 * use.  A walk looks at everything that it trusts: that each page of the file
 * is in one tree, once, or free, once; that pages are of their kind, whole and
 * filled without a gap; that keys ascend, within a page and within what the
 * branches above it say; that trees are as deep, and have as many pages and
 * rows, as their descriptions say.
 *
 * A page that is not sound is reported, and the walk goes on beside it; none of
 * its rows is handed out.  So the rows of a table come in the order of their
 * keys, whatever the file holds.  What values mean is not known here.
 */
#ifndef JN_WALK_H
#define JN_WALK_H

#include "pages/pages.h"

/*
 * Who is told of it.  Any of the functions may be NULL; one that returns
 * something else than 0 ends the walk with that.
 */
struct jn_walk_sink {
    void *context;
    /* The tables whose rows are wanted, in the order in which they are. */
    const char *const *tables;
    unsigned count;

    /* What KEY and VALUE point to is gone after the call. */
    int (*row)(void *context, unsigned table, struct jn_span key,
               struct jn_span value);
    /* TABLE has been gone through; also if there is none of that name. */
    int (*done)(void *context, unsigned table);
    /* PAGE of TABLE is bad, or of none of these: COUNT; WHAT in words. */
    int (*bad)(void *context, unsigned table, uint64_t page, const char *what);
    int (*progress)(void *context, uint64_t pages_done, uint64_t pages);
};

/*
 * Walks over all pages that the meta page of PAGES leads to.  0: the structure
 * is sound.  JOURNAL_CORRUPT: it is not, and what of it was reported; where no
 * page is to blame, a page was that says so, of a description or of the meta
 * page.  Memory: some for each page of the file, a bit or, if the meta page
 * claims far more, up to a byte for eight of the file's.
 */
int jn_walk(const struct jn_pages *pages, const struct jn_walk_sink *sink);

/*
 * As much of it as can be done in constant time: all of the table of names and
 * of that called WHOLE, and of the other trees the left and the right edge,
 * from the root to a leaf, without what rows have on pages of their own unless
 * these are free pages.  These are what LMDB meets first.
 *
 * A file may be shorter than its meta page says, if its last pages are free; or
 * it was cut.  Then all of the list of free pages is looked at, for these.
 */
int jn_walk_edges(const struct jn_pages *pages, const char *whole);

#endif
