/*
 * apply.h - a run of requests enters the store, within one transaction.
 *
 * Each request's expectations and stamps are checked; it gets numbers, time
 * and links; and the rows are written: `entries` in order, `latest` sorted,
 * each key once for the whole run.
 */
#ifndef JN_APPLY_H
#define JN_APPLY_H

#include "request.h"
#include "store.h"

/*
 * Applies the requests of the list FIRST.  A request whose own checks fail has
 * that result and changes nothing; the others have 0 and their numbers, and
 * *CHANGED tells whether there are any.  Any other trouble is returned, and
 * the transaction is then to be aborted.
 */
int jn_apply(struct jn_txn *txn, struct jn_request *first, bool *changed);

#endif
