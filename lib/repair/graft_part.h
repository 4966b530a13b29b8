/* graft_part.h - what the parts of a graft share; for graft*.c alone. */
#ifndef JN_GRAFT_PART_H
#define JN_GRAFT_PART_H

#include "base/gaps.h"
#include "repair/graft.h"
#include "journal/view.h"

/* Bits for keys, by hash: those of several keys may be one. */
#define GUESSED_BITS 65536u

/* Whenever no call is in progress: what STATE says is so within TXN. */
struct jn_graft {
    struct jn_store *store;
    struct jn_state state;
    struct jn_txn txn;
    bool begun;                          /* TXN is open */
    size_t bytes, entries;               /* in it */
    int failed;                          /* and nothing may be added any more */
    uint64_t compacted;                  /* below this nothing was lost */
    struct jn_gaps holes;                /* as far as they have been met */
    uint64_t guessed[GUESSED_BITS / 64]; /* keys whose revisions may be wrong */
    uint64_t begun_late[GUESSED_BITS / 64]; /* the first of some is not there */
};

/* Whether entry SEQ has been added. */
int jn_graft_has(struct jn_graft *graft, uint64_t seq, bool *has);

/*
 * Pushes entry SEQ on the CHAIN of its key.  LINKS are those that it had, and
 * become those that it has now; *ANEW: they are not known, and then that they
 * are others.
 */
int jn_graft_push(struct jn_graft *graft, struct jn_chain *chain, uint64_t seq,
                  const struct jn_record *record, struct jn_links *links,
                  bool *anew);

#endif
