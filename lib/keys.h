/*
 * keys.h - the keys that a filter asks for, with their chains.
 *
 * They come in the order of the index, of which no more is read than lies
 * between the first and the last key that begins as the filter's do.  A walk
 * may go on in a later transaction: it remembers the row that it met last.
 */
#ifndef JN_KEYS_H
#define JN_KEYS_H

#include "filter.h"
#include "index.h"
#include "links.h"
#include "store.h"

struct jn_keys {
    const struct jn_filter *filter;
    struct jn_txn *txn;
    struct jn_place place;
    struct jn_index_key at; /* where to begin, or the row that was met last */
    struct jn_span row;     /* the same, within the transaction */
    bool met;               /* one has been */
    bool placed;            /* ... in this transaction */
    bool done;              /* there is none left */
};

/* A walk over the keys of FILTER, in no transaction yet. */
void jn_keys_start(struct jn_keys *keys, const struct jn_filter *filter);

/* Goes on in TXN, and lets go of it.  Leave also after an error. */
int jn_keys_enter(struct jn_keys *keys, struct jn_txn *txn);
void jn_keys_leave(struct jn_keys *keys);

/*
 * Looks at the next row.  *MATCHES tells whether its key is asked for; if so
 * CHAIN is its chain.  JOURNAL_NOT_FOUND behind the last.
 */
int jn_keys_next(struct jn_keys *keys, struct jn_chain *chain, bool *matches);

#endif
