/*
 * view.h - the journal as one transaction sees it.
 *
 * Brings the store's rows and their meaning together: the journal's own
 * numbers, a key's chain, an entry's links and record.  It makes one journal of
 * the store and of the recent entries that are not in it yet, which begin at
 * txn->look.low; who changes the store sees to it that there are none.
 */
#ifndef JN_VIEW_H
#define JN_VIEW_H

#include "format/index.h"
#include "format/links.h"
#include "format/record.h"
#include "format/state.h"
#include "store/store.h"

/*
 * The journal's numbers, and how they are written again: those of what is in
 * the store, by who has moved what is recent there.
 */
int jn_view_state(struct jn_txn *txn, struct jn_state *state);
int jn_view_put_state(struct jn_txn *txn, const struct jn_state *state);

/* The same of the store alone, and what is recent added to that. */
int jn_view_stored_state(struct jn_txn *txn, struct jn_state *state);
void jn_view_add_recent(const struct jn_txn *txn, struct jn_state *state);

/* The row about the tail; all 0 if there is none. */
int jn_view_tail(struct jn_txn *txn, struct jn_tail_row *row);
int jn_view_put_tail(struct jn_txn *txn, const struct jn_tail_row *row);

/* What format the journal is of, and that it is of the newest one now. */
int jn_view_format(struct jn_txn *txn, uint64_t *format);
int jn_view_put_format(struct jn_txn *txn);

int jn_view_id(struct jn_txn *txn, uint8_t id[JN_ID_SIZE]);

/*
 * What a cursor has to know of: rewinds, each at its size; and compactions,
 * each at the complement of the highest number it removed.
 */
enum jn_cut { JN_REWINDS, JN_REMOVALS };
int jn_view_cuts(struct jn_txn *txn, enum jn_cut cut, struct jn_cuts *cuts);
int jn_view_add_cut(struct jn_txn *txn, enum jn_cut cut, uint64_t at);

/* Links and record together, as they are stored. */
struct jn_stored {
    struct jn_links links;
    struct jn_record record;
};

/*
 * Gives BYTES, a row of `entries` with number SEQ, their meaning, with all
 * checks.  What STORED says points into BYTES.
 */
int jn_stored_decode(struct jn_stored *stored, struct jn_span bytes,
                     uint64_t seq);

/* The same without a look at the record's checksum. */
int jn_stored_parse(struct jn_stored *stored, struct jn_span bytes,
                    uint64_t seq);

/* Entry SEQ; JOURNAL_NOT_FOUND if there is no row. */
int jn_view_bytes(struct jn_txn *txn, uint64_t seq, struct jn_span *bytes);
int jn_view_stored(struct jn_txn *txn, uint64_t seq, struct jn_stored *stored);

/*
 * 0: there is no row of entry SEQ, of which JOURNAL_NOT_FOUND was said.
 * JOURNAL_CORRUPT: there may be one, whose number was damaged.  Matters where
 * numbers are left out.
 */
int jn_view_check_gone(struct jn_txn *txn, uint64_t seq);

/*
 * Number of entries, and of keys with a row in `latest` or that will have one.
 */
uint64_t jn_view_entries(struct jn_txn *txn);
uint64_t jn_view_keys(struct jn_txn *txn);

/* Looks up many entries: see jn_store_get_many(). */
int jn_view_get_many(struct jn_txn *txn, struct jn_numbered *rows,
                     size_t count);

/* Whether some are recent. */
static inline bool
jn_view_has_recent(const struct jn_txn *txn)
{
    return txn->look.recent != NULL && txn->look.low < txn->look.high;
}

/* Entries below it are looked for in the store; the others are recent. */
static inline uint64_t
jn_view_store_end(const struct jn_txn *txn)
{
    return txn->look.recent == NULL ? UINT64_MAX : txn->look.low;
}

/* Only the links of entry SEQ, which must be there. */
int jn_view_links(struct jn_txn *txn, uint64_t seq, struct jn_links *links);

/*
 * The number and time of the oldest or newest entry that can be read;
 * JOURNAL_NOT_FOUND if there is none.
 */
int jn_view_end(struct jn_txn *txn, enum jn_move end, uint64_t *seq,
                uint64_t *time);

/*
 * A key's row in `latest`: where it is, and the chain it holds.  If the key is
 * not known, chain.revision is 0, and index_key has a probe that is free; to
 * who writes it is JOURNAL_FULL if none is.
 */
struct jn_known {
    struct jn_index_key index_key;
    struct jn_chain chain;
};

int jn_view_find(struct jn_txn *txn, struct jn_span key,
                 struct jn_known *known);

/* The same, as the store has it. */
int jn_view_find_stored(struct jn_txn *txn, struct jn_span key,
                        struct jn_known *known);

/*
 * While TXN changes rows of keys, whether the last commit knew a newer entry of
 * KEY than SEQ: that is told sooner than what the row is by now.  False where
 * it is not, or the row has not been changed and can be looked up as well.
 */
bool jn_view_was_superseded(struct jn_txn *txn, struct jn_span key,
                            uint64_t seq);

/* The CHAIN that a row of `latest` with key INDEX_KEY holds in its VALUE. */
int jn_view_chain(struct jn_chain *chain, struct jn_span index_key,
                  struct jn_span value);

/*
 * 0: no row of `latest` whose key was damaged lies where INDEX_KEY, of which
 * there is no row, would be.  Of a transaction that writes nothing is told: it
 * would make the append of a new key dearer.
 */
int jn_view_check_beside(struct jn_txn *txn, struct jn_span index_key);

/*
 * The chain of KEY with its newest recent entry ITEM, and how it is encoded
 * there, at most JN_CHAIN_MAX bytes; returns where they end.
 */
int jn_view_recent_chain(struct jn_chain *chain, struct jn_span key,
                         const struct jn_recent_item *item);
uint8_t *jn_view_encode_chain(uint8_t *out, struct jn_span key,
                              const struct jn_chain *chain);

/* The row's value, at most JN_CHAIN_MAX bytes; returns where it ends. */
uint8_t *jn_view_encode_row(uint8_t *out, const struct jn_known *known);

/* Writes the row, or removes it if the chain is empty. */
int jn_view_put_chain(struct jn_txn *txn, const struct jn_known *known);

#endif
