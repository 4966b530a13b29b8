/*
 * upkeep.h - long work on the journal, in small atomic steps.
 *
 * Removing many entries in one transaction would hold up every writer and need
 * room of its own.  So it goes in steps, each a commit and a turn in the queue
 * of appends; the step's size follows the room there is.
 */
#ifndef JN_UPKEEP_H
#define JN_UPKEEP_H

#include "journal/shared.h"
#include "format/state.h"

/* One step's worth of work. */
struct jn_step {
    struct jn_txn *txn;
    struct jn_state state; /* changed by the work, and stored afterwards */
    uint64_t most;         /* entries to be touched at most */
    bool drained;          /* something was moved into the store for it */
    bool worked;           /* the work was called: not all steps only drain */
    bool changed;          /* set by the work: there is something to commit */
    bool done;             /* set by the work: there is no further step */
    bool held;             /* set by it: what is recent has to be moved first */
};

/* Does a step; what it notes in CONTEXT must hold if the step is undone. */
typedef int (*jn_work)(struct jn_step *step, void *context);

/*
 * What there is to do.  WORK finds everything in the store.  To move it there
 * takes long where others append meanwhile; so what can be done without is left
 * to IN_STORE (may be NULL).  That is called while entries are recent, with the
 * state of the store alone, which has to be a journal by itself afterwards too;
 * when it can do nothing it says that it is held.  COMMITTED (may be NULL) is
 * called after each commit of what either has done.
 */
struct jn_job {
    jn_work work;
    jn_work in_store;
    void (*committed)(void *context);
    void *context;
};

/* Does JOB, step by step.  BYTES_MAX is the handle's limit. */
int jn_upkeep(struct jn_shared *shared, uint64_t bytes_max,
              const struct jn_job *job);

#endif
