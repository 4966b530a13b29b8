/*
 * range.h - the numbers that a cursor has still to go through.
 *
 * A cursor holds no transaction between calls; what it was promised is a range
 * of numbers.  Each transaction begins with a look at what has become of it:
 * pruned from below, rewound from above, or, if it follows, grown.
 */
#ifndef JN_RANGE_H
#define JN_RANGE_H

#include <journal.h>

#include "format/state.h"
#include "store/store.h"

struct jn_range {
    uint64_t low, high; /* [low, high) is still to be read */
    uint64_t as_of;     /* LATEST: of each key the newest entry below it */
    bool reverse;       /* from high down, not from low up */
    bool follow;        /* grows with the journal, */
    uint64_t limit;     /* up to this number, */
    uint64_t end;       /* or, as far as is known, the one that is too late, */
    uint64_t since;     /* and of these times */
    uint64_t until;
    uint64_t told; /* the next number when what was lost was told of last */
    uint64_t rewinds, removals; /* of the journal's, known to the cursor */
};

/* What QUERY asks for; JOURNAL_PRUNED, JOURNAL_OUT_OF_RANGE, EINVAL. */
int jn_range_open(struct jn_range *range, struct jn_txn *txn,
                  const struct journal_query *query);

/*
 * At the start of TXN, whose STATE it reads.  *MOVED: there are other numbers
 * to be read than before.  JOURNAL_END: there are none.  JOURNAL_PRUNED, once:
 * some of them are no more.
 */
int jn_range_look(struct jn_range *range, struct jn_txn *txn,
                  struct jn_state *state, bool *moved);

/* Whether the range is about that TIME: its ends may not be known exactly. */
static inline bool
jn_range_has_time(const struct jn_range *range, uint64_t time)
{
    return time >= range->since && time < range->until;
}

static inline bool
jn_range_is_empty(const struct jn_range *range)
{
    return range->low >= range->high;
}

#endif
