/*
 * cursor.h - what a replay or a query in progress is.
 *
 * Rows are copied in short transactions, by whichever way the plan chose, and
 * handed out after these: so a cursor that nobody moves holds up nothing.  Its
 * range is planned once, and anew when there are other numbers in it: after a
 * prune or a rewind, and for each piece that one who follows has caught up.
 */
#ifndef JN_CURSOR_H
#define JN_CURSOR_H

#include "query/gather.h"
#include "write/handle.h"

enum jn_way { JN_UNPLANNED, JN_BY_INDEX, JN_BY_SCAN };

/*
 * Whenever no call is in progress, rows are to be handed out, unless a pass is
 * in the middle of gathering them; after them comes what the range still has.
 */
struct journal_cursor {
    struct journal *journal;
    struct jn_filter filter;
    struct jn_range range;
    enum jn_way way;
    struct jn_gather gather;
    struct jn_rows rows;
    struct journal_entry entry; /* the one handed out */
    int pending;                /* what the next call is to return first */
    uint64_t entries_read;      /* so far, for tests that count */
};

int jn_cursor_open(struct journal_cursor **cursor, struct journal *journal,
                   const struct journal_query *query);
void jn_cursor_close(struct journal_cursor *cursor);

/*
 * Sets cursor->entry to the next entry, which stays the next until it is
 * taken.  What is returned instead of an entry is returned once.
 */
int jn_cursor_peek(struct journal_cursor *cursor);
void jn_cursor_take(struct journal_cursor *cursor);

#endif
