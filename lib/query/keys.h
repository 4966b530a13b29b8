/*
 * keys.h - the keys that a filter asks for, with their chains.
 *
 * They come in the order of the index, of which no more is read than lies
 * between the first and the last key that begins as the filter's do.  A walk
 * may go on in a later transaction: it remembers the row that it met last.
 * Keys that are new and not in the store yet are left to others, and so are, of
 * a walk for `latest`, those that have an entry there.
 */
#ifndef JN_KEYS_H
#define JN_KEYS_H

#include "query/filter.h"
#include "format/index.h"
#include "format/links.h"
#include "store/store.h"

struct jn_keys {
    const struct jn_filter *filter;
    uint64_t as_of; /* of a walk for `latest` */
    struct jn_txn *txn;
    struct jn_place place;
    struct jn_index_key at; /* where to begin, or the row that was met last */
    struct jn_span row;     /* the same, within the transaction */
    bool met;               /* one has been */
    bool placed;            /* ... in this transaction */
    bool done;              /* there is none left */
};

/*
 * A walk over the keys of FILTER, in no transaction yet.  AS_OF counts where
 * the filter is for `latest`.
 */
void jn_keys_start(struct jn_keys *keys, const struct jn_filter *filter,
                   uint64_t as_of);

/* Goes on in TXN, and lets go of it.  Leave also after an error. */
int jn_keys_enter(struct jn_keys *keys, struct jn_txn *txn);
void jn_keys_leave(struct jn_keys *keys);

/*
 * Looks at the next row.  *MATCHES tells whether its key is asked for; if so
 * CHAIN is its chain.  JOURNAL_NOT_FOUND behind the last.
 */
int jn_keys_next(struct jn_keys *keys, struct jn_chain *chain, bool *matches);

#endif
