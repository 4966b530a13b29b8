/*
 * gather.h - the entries that are wanted, found by index and links.
 *
 * A *pass* goes over the keys that a filter asks for, and for each over its
 * history within the range, and lists the numbers met; then they are read in
 * order.  If there are more than the list holds, a pass keeps those that come
 * first, and another one begins where it ends.  As long as the entries met
 * fit the cursor's rows they are copied as they are met, so that a small answer
 * reads each entry once.
 *
 * A pass may take several transactions.  Entries that are recent in the first
 * one are listed there; from then on the pass is about those before them, for a
 * key that is new then has its row in the index, before or behind the place
 * where the pass is, once the entries have come into the store.
 */
#ifndef JN_GATHER_H
#define JN_GATHER_H

#include "query/keys.h"
#include "base/numbers.h"
#include "query/range.h"
#include "base/rows.h"

/*
 * Numbers that a pass lists: few at first, for who may ask for no more, who
 * reads from the newest on least of all.
 */
#define JN_GATHER_FEW 256u
#define JN_GATHER_FEW_NEWEST 32u
#define JN_GATHER_MOST 65536u
#define JN_GATHER_MOST_LATEST 1048576u /* each pass goes over all keys */

struct jn_gather {
    struct jn_keys keys;
    struct jn_numbers numbers;
    uint64_t
        store_end; /* when the pass began: what is from here on is listed */
    bool passing;  /* a pass has begun, and is not over */
    bool listed;   /* one is over, and its numbers are being read */
    bool copying;  /* what is met still fits into the rows */
    size_t most;   /* numbers that the next pass is to list */
    uint64_t gap;  /* between two entries, on the average; 0: not known */
};

/*
 * Gathers anew what FILTER asks for, some ENTRIES of RANGE, of KEYS; 0: nobody
 * has counted them.
 */
void jn_gather_start(struct jn_gather *gather, const struct jn_filter *filter,
                     const struct jn_range *range, uint64_t keys,
                     uint64_t entries);
void jn_gather_free(struct jn_gather *gather);

/*
 * Goes on until there are ROWS, or for as long as a transaction should last,
 * and moves RANGE past what has been read.  JOURNAL_CORRUPT: index or links
 * are damaged; RANGE is then still to be read in some other way.
 */
int jn_gather(struct jn_gather *gather, const struct jn_filter *filter,
              struct jn_txn *txn, const struct jn_state *state,
              struct jn_range *range, struct jn_rows *rows);

#endif
