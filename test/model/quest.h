/*
 * quest.h - a query whose cursor stays open while the journal changes.
 *
 * What the cursor may hand out is known when it is made.  Later prunes and
 * compactions decide what it may leave out, once it has said so, and rewinds
 * where it may end.
 * One that follows is always read to its end, so that it has nothing read ahead
 * and what comes next is known exactly.
 */
#ifndef TEST_MODEL_QUEST_H
#define TEST_MODEL_QUEST_H

#include "query.h"

struct quest {
    struct journal_cursor *cursor;
    struct question question;
    struct model_entry **answers; /* at the time of the query; NULL: left out */
    size_t count;
    size_t next;    /* the answer that is to come */
    uint64_t *held; /* numbers of its range, from the last PRUNED on */
    size_t held_count;
    uint64_t at; /* the number to look at next, but for one that goes back */
    uint64_t opened; /* the size then; what is above has come since */
    uint64_t kept;   /* the least size that a rewind has left since */
    unsigned rewinds;
    bool compacted; /* since the last PRUNED; it may concern it, or not */
    bool ended;
};

/* Asks something, if that is no mistake. */
void quest_open(struct quest *quest, const struct model *model,
                struct journal *journal, const struct keys *keys);

/* Goes on, and fails the test if it leads astray. */
void quest_step(struct quest *quest, const struct model *model);

void quest_rewound(struct quest *quest, uint64_t size);
void quest_compacted(struct quest *quest);

/* Does nothing if it is not open. */
void quest_close(struct quest *quest);

#endif
