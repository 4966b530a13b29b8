/*
 * ahead.h - the index is written ahead of the entries, in rounds.
 *
 * A row of `latest` lies on a page of its own, as good as, if keys are many; so
 * each key's is to be written once for many entries, and in the order of the
 * index, that a page is written for many keys.  But who drains may not hold up
 * others for long.  So a *round* begins when much of the tail is in use: first
 * the rows of all the keys that have entries there are written, some in each
 * commit; then the entries follow, some in each commit, and no key with them.
 *
 * Meanwhile rows lead to entries that the store has not got yet.  All of these
 * are in the tail, on the disk, up to a position that the row `tail` tells with
 * the first commit of the round; and a transaction sees what is recent at least
 * as far as that, and looks for keys there before it looks at the index.
 */
#ifndef JN_AHEAD_H
#define JN_AHEAD_H

#include "journal/newest.h"

/*
 * In TXN, which sees recent entries, with ROW as the store has it: begins a
 * round of these, which flushes the tail, and notes it in ROW.
 */
int jn_ahead_begin(struct jn_newest *newest, struct jn_txn *txn,
                   struct jn_tail_row *row);

/* Writes MOST rows at most, and ROW, that they are there. */
int jn_ahead_write(struct jn_newest *newest, struct jn_txn *txn,
                   struct jn_tail_row *row, uint64_t most);

/*
 * Writes the rows of all keys with recent entries below TO, which the store is
 * to have by the end of TXN; unless they are there.
 */
int jn_ahead_write_with(struct jn_txn *txn, const struct jn_tail_row *row,
                        uint64_t to);

/*
 * Whether so few keys have recent entries that it costs less to write their
 * rows together with these, in each commit once more, than to flush the tail.
 */
bool jn_ahead_has_few(const struct jn_txn *txn);

/*
 * In TXN, which has taken what lies in [FROM, TO) out of the store: tells ROW,
 * as far as keys with a row that is ahead have no other entry there.
 */
int jn_ahead_prune(struct jn_newest *newest, struct jn_txn *txn, uint64_t from,
                   uint64_t to);

/*
 * Whether ITEM is the first of its key that the journal has, or all that was
 * before it is gone: it lies below FIRST.
 */
static inline bool
jn_ahead_is_first(const struct jn_recent_item *item, uint64_t first)
{
    return item->own.keys > 0 || item->prev < first;
}

#endif
