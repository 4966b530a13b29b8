/*
 * walk.h - a cursor that stays open while the journal changes.
 *
 * What a cursor may hand out is known when it is made: the entries that there
 * were then.  Later prunes and rewinds only decide where it may skip or end.
 */
#ifndef TEST_MODEL_WALK_H
#define TEST_MODEL_WALK_H

#include "model.h"

/*
 * A journal remembers its last 32 rewinds, and merges older ones: a cursor that
 * has seen more may end early, so that nothing can be said of it.
 */
#define WALK_REWINDS_MAX 31u

struct walk {
    struct journal_cursor *cursor;
    /* Those of [first, limit); NULL where the cursor knows of none. */
    struct model_entry **entries;
    uint64_t first, limit;
    uint64_t next;    /* all below has been handed out, or left out */
    uint64_t kept;    /* the least size that a rewind has left since */
    unsigned rewinds; /* how many there have been */
    uint64_t removed; /* compactions it has not told of took what is below */
    bool ended;
};

/* FIRST is a number from the oldest retained to the size, or JOURNAL_NONE. */
void walk_open(struct walk *walk, const struct model *model,
               struct journal *journal, uint64_t first);

/* Takes one step, and fails the test if it leads astray. */
void walk_step(struct walk *walk, const struct model *model);

/* It is closed when there were too many. */
void walk_rewound(struct walk *walk, uint64_t size);

/* A compaction has removed numbers, of which HIGHEST is the highest. */
void walk_compacted(struct walk *walk, uint64_t highest);

/* Does nothing if it is not open. */
void walk_close(struct walk *walk);

#endif
