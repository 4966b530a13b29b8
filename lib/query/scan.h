/*
 * scan.h - the entries that are wanted, found by looking at all of a range.
 *
 * It needs no index and no links, except for `latest`, so it is also the way
 * through a journal in which these are damaged.
 */
#ifndef JN_SCAN_H
#define JN_SCAN_H

#include "query/filter.h"
#include "query/range.h"
#include "base/rows.h"

/*
 * Reads on until ROWS are full, or for as long as a transaction should last,
 * and moves RANGE past what has been looked at.  An entry that is damaged or
 * missing, so that nobody can tell whether it is wanted, becomes a row, too.
 */
int jn_scan(const struct jn_filter *filter, struct jn_txn *txn,
            const struct jn_state *state, struct jn_range *range,
            struct jn_rows *rows);

#endif
