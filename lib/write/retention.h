/*
 * retention.h - old entries go as new ones come: keep_entries and its kin.
 *
 * An append through a handle with limits removes some of the oldest entries.
 * So that the others cost next to nothing, it does so only once a limit is
 * passed by a *step*, and then goes down to the limit; and so that none waits
 * for a big prune, there is a most to what one removes.
 *
 * Only entries below the slowest mark may go.  To find it is a walk over the
 * marks; what it found is remembered for as long as this process can tell that
 * no mark has moved.
 */
#ifndef JN_RETENTION_H
#define JN_RETENTION_H

#include "journal/marks.h"
#include "write/removal.h"
#include "write/request.h"
#include "format/state.h"
#include "store/store.h"

/* Whether there is anything to be looked at. */
bool jn_retention_wanted(const struct jn_limits *limits);

/*
 * Whether entries are to go once so much has been ADDED, at time NOW, to what
 * TXN sees: and if these are all in the store, as far as can be told, what is
 * recent may stay where it is.
 */
enum jn_due { JN_NOT_DUE, JN_DUE_STORED, JN_DUE_RECENT };
int jn_retention_find_due(struct jn_txn *txn, const struct jn_limits *limits,
                          const struct jn_amount *added, uint64_t now,
                          const struct jn_slowest *slowest, enum jn_due *due);

/*
 * In TXN, which sees what has been ADDED: removes what is to go, *REMOVED of
 * it, in the store.  What is recent is moved there if it has to be.  After an
 * error the transaction is to be aborted.
 */
int jn_retention_apply(struct jn_newest *newest, struct jn_txn *txn,
                       const struct jn_limits *limits,
                       const struct jn_amount *added,
                       struct jn_slowest *slowest, uint64_t *removed);

/*
 * Removes what is over LIMITS, step or not, from the store, until it has come
 * to MOST, and at least one entry; takes what has gone off MOST.  *HELD: there
 * is more, which what is recent holds up.  STATE, the store's, is the caller's
 * to put back.
 */
int jn_retention_remove(struct jn_txn *txn, struct jn_state *state,
                        const struct jn_limits *limits, struct jn_amount *most,
                        struct jn_slowest *slowest, bool *held);

#endif
