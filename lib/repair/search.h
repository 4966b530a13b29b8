/*
 * search.h - every page of a journal's file looked at for entries.
 *
 * Where the tree is damaged, a leaf that it does not lead to may still be
 * whole; and what a commit has replaced lies on free pages until these are used
 * again.  A row proves itself: its record's checksum is seeded with its number.
 * Memory is taken by what is wanted and found.
 *
 * A page that the tree names, and that is not sound as a page, is looked at at
 * every place where a node may begin.  Elsewhere that would find what users
 * have put into values, which may be the pages of another journal; a page has
 * to be a leaf of its own number there.
 */
#ifndef JN_SEARCH_H
#define JN_SEARCH_H

#include "base/bytes.h"
#include "repair/finds.h"
#include "base/gaps.h"
#include "pages/page.h"

/* What is looked for, and who is told on the way. */
struct jn_search {
    int file;
    size_t page_size;
    const struct jn_gaps *wanted;
    const struct jn_gaps *named; /* pages that the tree of the entries names */
    /*
     * Free pages, or NULL: not known.  A leaf below LIMIT that is none of these
     * is where the journal has it, though a damaged branch leads there.
     */
    const struct jn_gaps *free_pages;
    uint64_t limit;
    void *context;
    /* Any may be NULL; one that returns something else than 0 ends it. */
    int (*leaf)(void *context, const struct jn_page *page);
    int (*progress)(void *context, uint64_t bytes_done, uint64_t bytes);
};

int jn_search(const struct jn_search *search, struct jn_finds *finds);

/*
 * Whether ROW is one of entry SEQ, whose record at least is sound; says of FIND
 * what is known then: all but its place.
 */
bool jn_search_is_entry(uint64_t seq, struct jn_span row, struct jn_find *find);

/* Reads what was FOUND in FILE into OUT; JOURNAL_CORRUPT if it is cut short. */
int jn_search_read(int file, const struct jn_find *find, uint8_t *out);

#endif
