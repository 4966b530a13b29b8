/*
 * keytable.h - a table from keys to their newest nodes, read without a lock.
 *
 * Open addressing.  From a key's newest node others lead on to its older ones.
 * One thread at a time, which holds a lock of its owner's, puts nodes in; any
 * number of others look at the same time.  Each says by a number `low` that it
 * can do without nodes below that; what these point to may be gone.  A slot
 * that leads to a node below one's low is *stale*: passed over, but never taken
 * for another key, for somebody with a lower low may need it.  Stale slots stay
 * behind when a table is copied.
 */
#ifndef JN_KEYTABLE_H
#define JN_KEYTABLE_H

#include <stdatomic.h>

#include "base/bytes.h"
#include "base/reclaim.h"

#define JN_NODE_NONE UINT64_MAX

/* But for NEWER constant, once it is in a table. */
struct jn_key_node {
    uint64_t seq;
    struct jn_span key;
    uint64_t hash;             /* not 0 */
    struct jn_key_node *older; /* there while OLDER_SEQ is not below low */
    uint64_t older_seq;        /* or JN_NODE_NONE */
    _Atomic uint64_t newer;    /* number of the next one, or JN_NODE_NONE */
};

/* NODE is written before SEQ, both of them before HASH. */
struct jn_slot {
    _Atomic uint64_t hash; /* 0: free */
    _Atomic uint64_t seq;
    _Atomic(struct jn_key_node *) node;
};

struct jn_keytable {
    struct jn_piece piece;
    size_t mask;
    size_t used; /* slots, stale ones too; for the thread with the lock */
    struct jn_slot slots[];
};

/* An empty one, half full with COUNT keys; NULL: out of memory. */
struct jn_keytable *jn_keytable_new(struct jn_reclaim *reclaim, size_t count);

/* Another, with the nodes in [LOW, LIMIT) alone, half full with MORE keys. */
struct jn_keytable *jn_keytable_copy(struct jn_reclaim *reclaim,
                                     const struct jn_keytable *table,
                                     uint64_t low, uint64_t limit, size_t more);

/* Whether no more than three quarters are taken with one key more. */
bool jn_keytable_has_room(const struct jn_keytable *table);

/*
 * Puts NODE in, the newest; the table has room.  OLDER, of NODE, is set to its
 * key's newest node in the table that is not below LOW.
 */
void jn_keytable_put(struct jn_keytable *table, struct jn_key_node *node,
                     uint64_t low);

/* The newest node of KEY in [LOW, LIMIT), or NULL. */
const struct jn_key_node *jn_keytable_find(const struct jn_keytable *table,
                                           struct jn_span key, uint64_t hash,
                                           uint64_t low, uint64_t limit);

/*
 * The newest nodes in [LOW, LIMIT) of the keys that have one, in no order.  *AT
 * is 0 at first; NULL: there is no other.
 */
struct jn_key_node *jn_keytable_each(const struct jn_keytable *table,
                                     uint64_t low, uint64_t limit, size_t *at);

#endif
