/*
 * store_guard.h - pages are looked at before LMDB goes by them.
 *
 * LMDB trusts what it reads: on a damaged page it ends the process, or worse,
 * goes on.  A transaction that only reads does without it (store_tree.h); one
 * that changes a table cannot.  So before each change the pages of the last
 * commit that it may come by are looked at, each once in a transaction: those
 * on the way to the row, and for a deletion those beside them, with which they
 * may be put together.  What the transaction itself has changed is a copy of
 * what was looked at; but it may have put pages together already, so that what
 * was not beside a page in the last commit is now: where a leaf beside the way
 * is nearly empty, the leaf behind that one is looked at too, and so on.
 *
 * Damage is JOURNAL_CORRUPT, and the transaction is to be aborted.
 */
#ifndef JN_STORE_GUARD_H
#define JN_STORE_GUARD_H

#include "store/store_tree.h"

/* Of one table, what has been looked at. */
struct jn_guarded {
    bool has;         /* there is a tree to look at; else it was empty */
    bool changed;     /* by this transaction */
    bool first, last; /* an edge has been looked at */
    bool around;      /* of the leaf that follows, also those beside it */
    bool known;       /* LEAF, of keys in [LOW, HIGH), has; NULL: no bound */
    uint64_t leaf;
    struct jn_span low, high;
    struct jn_store_tree tree;
};

/* Of whoever holds LMDB's writer lock. */
struct jn_guard {
    bool begun; /* by this transaction */
    struct jn_guarded tables[JN_TABLES];
    uint64_t *marks; /* bits for each page of what is known of it */
    size_t words;
    uint64_t *marked; /* which words of MARKS are not 0 */
    size_t marked_count, marked_room;
};

void jn_guard_free(struct jn_guard *guard);

/* A new transaction begins: nothing has been looked at. */
void jn_guard_reset(struct jn_guard *guard);

/* Before LMDB goes to the row of KEY, or to where it would be. */
int jn_guard_way(struct jn_txn *txn, enum jn_table table, struct jn_span key);

/*
 * Before LMDB deletes that row, or goes from there to the next one or the one
 * before.
 */
int jn_guard_around(struct jn_txn *txn, enum jn_table table,
                    struct jn_span key);

/* Before LMDB goes to the first row or the last, or puts one behind that. */
int jn_guard_edge(struct jn_txn *txn, enum jn_table table, bool last);

/* Before LMDB puts a row of KEY, maybe in place of one that is larger. */
int jn_guard_rewrite(struct jn_txn *txn, enum jn_table table,
                     struct jn_span key);

/* TXN is about to change TABLE, and has had looked at what it may come by. */
void jn_guard_change(struct jn_txn *txn, enum jn_table table);

/* Whether TXN may have changed something. */
bool jn_guard_has_begun(const struct jn_txn *txn);

/* Whether TXN has changed TABLE, so that only LMDB knows its rows. */
bool jn_guard_has_changed(const struct jn_txn *txn, enum jn_table table);

#endif
