/*
 * apply.h - a run of requests becomes entries, within one transaction.
 *
 * Each request's expectations and stamps are checked against the journal as the
 * transaction sees it, and its records get numbers, time and links.  What
 * becomes of them then is up to who takes them; or they enter the store, where
 * the rows are written: `entries` in order, `latest` sorted, each key once for
 * the whole run.
 */
#ifndef JN_APPLY_H
#define JN_APPLY_H

#include "format/index.h"
#include "format/links.h"
#include "write/request.h"
#include "format/state.h"
#include "store/store.h"

/* A record that has become an entry. */
struct jn_applied {
    uint64_t seq;
    uint64_t time;
    struct jn_prepared *prepared;
    const struct jn_links *links;
    const struct jn_chain *chain; /* its key's, with it; NULL without a key */
    bool fresh;                   /* the key was not known before */
    bool buried;                  /* its latest entry was a tombstone */
    bool more;                    /* the batch goes on behind it */
};
typedef int (*jn_take)(void *context, const struct jn_applied *applied);

/*
 * Applies the requests of the list FIRST to the journal of STATE, as TXN sees
 * it, and moves that on; at time NOW or that of the newest
 * entry if it is later, and hands each entry to TAKE, which
 * returns 0.  A request whose own checks fail has that result and changes
 * nothing; the others have 0 and their numbers, and *CHANGED tells whether
 * there are any.  Any other trouble is returned; what has been taken by then is
 * to be given up.
 */
int jn_apply(struct jn_txn *txn, struct jn_state *state,
             struct jn_request *first, uint64_t now, jn_take take,
             void *context, bool *changed);

/*
 * The same into the store, which has all entries there are.  After an error the
 * transaction is to be aborted.
 */
int jn_apply_to_store(struct jn_txn *txn, struct jn_request *first,
                      uint64_t now, bool *changed);

/*
 * Another new key of a run may have the same hash as the one of INDEX_KEY, and
 * by now the row that was free: takes the next one that is.
 */
int jn_apply_claim_row(struct jn_txn *txn, struct jn_index_key *index_key);

#endif
