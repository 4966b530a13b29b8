/*
 * state.h - what the journal knows about itself: the rows of `meta`.
 *
 *     format    8 bytes, big endian: version of the format on disk
 *     id        16 bytes, random
 *     created   8 bytes, big endian: ns since 1970 UTC
 *     next      8 bytes, big endian: number of the next entry
 *     first     8 bytes, big endian: entries [first, next) are retained
 *     totals    last time, tombstones, logical bytes, dense, sparse, check; 8
 *               bytes each, little endian; check: XXH3-64 of next, first and
 *               what comes before it; dense is absent if it is no higher than
 *               first, and sparse if it is no lower than dense
 *     rewinds   which rewinds there were, for cursors that live through them:
 *               their number, and pairs of (which one, to what size), 8 bytes
 *               each, little endian, and a check, XXH3-64 of all before it;
 *               absent before the first
 *     removals  the same of the compactions, with the complement of the highest
 *               number that each one removed
 *     mark/...  positions with names: see marks.h
 *     tail      where in the file `tail` what is not in the store yet begins:
 *               see struct jn_tail_row; absent before there is a tail
 */
#ifndef JN_STATE_H
#define JN_STATE_H

#include "base/bytes.h"

/*
 * A journal of format 1 has never had a tail, and in one of format 2 the index
 * is never ahead; both become one of format 3 when they first are.
 */
#define JN_FORMAT UINT64_C(3)
#define JN_FORMAT_OLDEST UINT64_C(1)
#define JN_ID_SIZE 16u

#define JN_TOTALS_MIN 32u /* without dense and sparse */
#define JN_TOTALS_MAX 48u

/* The names of these rows but the marks; first those that every journal has. */
#define JN_OWN_ROWS 9u
extern const char *const jn_own_rows[JN_OWN_ROWS];

/* Which of them KEY is; JN_OWN_ROWS: none. */
unsigned jn_own_row(struct jn_span key);

/* Of the journal as it is at one moment. */
struct jn_state {
    uint64_t next;
    uint64_t first;
    uint64_t last_time;     /* of the newest entry ever appended; 0: none */
    uint64_t tombstones;    /* keys whose latest entry is a tombstone */
    uint64_t bytes_logical; /* of keys, metas and values retained */
    /*
     * Entries [dense, next) are all there; of [first, dense) those that were
     * their key's latest when it was compacted.  At or above first.
     */
    uint64_t dense;
    /*
     * If it is HOLED, a compaction has been below SPARSE only: what is missing
     * in [sparse, dense) was lost, and a key may have entries before and after.
     */
    bool holed;
    uint64_t sparse;
};

/*
 * From here on links lead to all entries of a key, one after the other, if not
 * to where one is lost.  Below there is at most one of each key.
 */
static inline uint64_t
jn_state_linked(const struct jn_state *state)
{
    return state->holed && state->sparse < state->dense ? state->sparse
                                                        : state->dense;
}

/* The three rows that hold it. */
struct jn_state_rows {
    uint8_t next[8];
    uint8_t first[8];
    uint8_t totals[JN_TOTALS_MAX];
    size_t totals_size;
};

void jn_state_encode(struct jn_state_rows *rows, const struct jn_state *state);

/* JOURNAL_CORRUPT if the rows do not fit together. */
int jn_state_decode(struct jn_state *state, struct jn_span next,
                    struct jn_span first, struct jn_span totals);

/*
 * The row `tail`: 4 bytes for open or not, and then the others in the order in
 * which they are here, little endian; and a check, XXH3-64 of all before it.
 * The last four are there only if the index is ahead.
 *
 * While it is open, entries from `next` on may be in the tail, from `start` on;
 * otherwise all there is is in the store.  Positions never fall, from one tail
 * of a journal to the next.
 *
 * Entries [next, ahead) are still in the tail, and on the disk there, when
 * their keys' rows are written into `latest`, in an order of their own, each
 * once with the newest of them.  KEYED tells how far that has come.
 */
#define JN_TAIL_ROW_MIN 64u
#define JN_TAIL_ROW_MAX 96u
#define JN_ALL_KEYED UINT64_MAX

struct jn_tail_row {
    bool open;
    uint32_t run;  /* of the first frame that is not drained */
    uint64_t salt; /* which tail it is */
    uint64_t capacity;
    uint64_t start;      /* position of what is not drained yet */
    uint64_t next;       /* and the number of its first entry */
    uint64_t last;       /* position of the last frame that was drained, or */
    uint64_t last_check; /* of the one that a new tail begins with; its check */
    uint64_t ahead;      /* `latest` is, up to this number; `next`: it is not */
    uint64_t ahead_end;  /* and position */
    uint64_t keyed;      /* keys whose row has been written; JN_ALL_KEYED */
    uint64_t ahead_rows; /* of keys of which the store has no entry yet */
};

/* Returns the size of what it writes. */
size_t jn_tail_row_encode(uint8_t out[JN_TAIL_ROW_MAX],
                          const struct jn_tail_row *row);
int jn_tail_row_decode(struct jn_tail_row *row, struct jn_span in);

static inline bool
jn_tail_row_is_ahead(const struct jn_tail_row *row)
{
    return row->ahead > row->next;
}

/* The store has all that the index knows of, which ends at `next`. */
static inline void
jn_tail_row_end_ahead(struct jn_tail_row *row)
{
    row->ahead = row->next;
    row->ahead_end = row->start;
    row->keyed = row->ahead_rows = 0;
}

/*
 * Moves the start on where the next frame will not follow on the one before:
 * entries have gone into the store alone, or have been taken back, or the tail
 * is opened again.  A store of the time before ends at the gap then, and the
 * frame behind it says that more had been flushed: what lies between is missed,
 * instead of left out without a word.
 */
void jn_tail_row_leave_gap(struct jn_tail_row *row);

/*
 * Cuts: what took away, from a position on, what a cursor may have been
 * promised.  Kept as far as a cursor may still care: of two, the later one at
 * the lower position makes the earlier one of no interest, so positions rise.
 */
#define JN_CUTS_MAX 64u
#define JN_CUTS_BYTES (8u + 16u * JN_CUTS_MAX + 8u)

struct jn_cuts {
    uint64_t count; /* of all cuts ever */
    unsigned kept;
    struct {
        uint64_t number; /* the journal's 1st, 2nd, ... cut */
        uint64_t at;
    } cut[JN_CUTS_MAX];
};

void jn_cuts_add(struct jn_cuts *cuts, uint64_t at);

/* The lowest position since there were COUNT cuts; UINT64_MAX: no cut. */
uint64_t jn_cuts_since(const struct jn_cuts *cuts, uint64_t count);

/* Returns the size of what it writes, at most JN_CUTS_BYTES. */
size_t jn_cuts_encode(uint8_t *out, const struct jn_cuts *cuts);
int jn_cuts_decode(struct jn_cuts *cuts, struct jn_span in);

#endif
