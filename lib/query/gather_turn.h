/* gather_turn.h - a part of a pass, in one transaction; for gather*.c alone. */
#ifndef JN_GATHER_TURN_H
#define JN_GATHER_TURN_H

#include "query/gather.h"

/* Rows that are looked up together. */
#define ROWS_A_LOOK 64u

/* What a pass works with, within a transaction. */
struct jn_turn {
    struct jn_gather *gather;
    const struct jn_filter *filter;
    struct jn_txn *txn;
    const struct jn_state *state;
    struct jn_range *range;
    struct jn_rows *rows;
    /* LATEST: entries from which links lead to those that are looked for. */
    uint64_t later[ROWS_A_LOOK];
    size_t later_count;
};

/* The part of the range that is not cut off. */
void jn_turn_get_bounds(const struct jn_turn *turn, uint64_t *low,
                        uint64_t *high);

/*
 * Whether row SEQ is a tombstone that is not wanted.  It must be sound to be
 * left out; what is damaged is told of when it is handed out.
 */
bool jn_turn_is_unwanted(const struct jn_turn *turn, uint64_t seq,
                         struct jn_span bytes);

/* Lists a number, or an entry of the range that was met, with its row. */
int jn_turn_list(struct jn_turn *turn, uint64_t seq);
int jn_turn_list_met(void *context, uint64_t seq, struct jn_span bytes);

/* Lists what is wanted of the entries that are recent. */
int jn_turn_list_recent(struct jn_turn *turn);

#endif
