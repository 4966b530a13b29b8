/*
 * state.h - what the journal knows about itself: the rows of `meta`.
 *
 *     format    8 bytes, big endian: version of the format on disk
 *     id        16 bytes, random
 *     created   8 bytes, big endian: ns since 1970 UTC
 *     next      8 bytes, big endian: number of the next entry
 *     first     8 bytes, big endian: entries [first, next) are retained
 *     totals    last time, tombstones, logical bytes, check; 8 bytes each,
 *               little endian; check: XXH3-64 of next, first and the three
 *     rewinds   which rewinds there were, for cursors that live through them:
 *               their number, and pairs of (which one, to what size), 8 bytes
 *               each, little endian, and a check, XXH3-64 of all before it;
 *               absent before the first
 */
#ifndef JN_STATE_H
#define JN_STATE_H

#include "bytes.h"

#define JN_FORMAT UINT64_C(1)
#define JN_ID_SIZE 16u

#define JN_TOTALS_SIZE 32u

/* Of the journal as it is at one moment. */
struct jn_state {
    uint64_t next;
    uint64_t first;
    uint64_t last_time;     /* of the newest entry ever appended; 0: none */
    uint64_t tombstones;    /* keys whose latest entry is a tombstone */
    uint64_t bytes_logical; /* of keys, metas and values retained */
};

/* The three rows that hold it. */
struct jn_state_rows {
    uint8_t next[8];
    uint8_t first[8];
    uint8_t totals[JN_TOTALS_SIZE];
};

void jn_state_encode(struct jn_state_rows *rows, const struct jn_state *state);

/* JOURNAL_CORRUPT if the rows do not fit together. */
int jn_state_decode(struct jn_state *state, struct jn_span next,
                    struct jn_span first, struct jn_span totals);

/*
 * Rewinds, as far as a cursor may still care: of two, the later one to the
 * smaller size makes the earlier one of no interest, so sizes rise.
 */
#define JN_REWINDS_MAX 32u
#define JN_REWINDS_BYTES (8u + 16u * JN_REWINDS_MAX + 8u)

struct jn_rewinds {
    uint64_t count; /* of all rewinds ever */
    unsigned kept;
    struct {
        uint64_t number; /* the journal's 1st, 2nd, ... rewind */
        uint64_t size;
    } rewind[JN_REWINDS_MAX];
};

void jn_rewinds_add(struct jn_rewinds *rewinds, uint64_t size);

/* The least size since there were COUNT rewinds; UINT64_MAX: no rewind. */
uint64_t jn_rewinds_since(const struct jn_rewinds *rewinds, uint64_t count);

/* Returns the size of what it writes, at most JN_REWINDS_BYTES. */
size_t jn_rewinds_encode(uint8_t *out, const struct jn_rewinds *rewinds);
int jn_rewinds_decode(struct jn_rewinds *rewinds, struct jn_span in);

#endif
