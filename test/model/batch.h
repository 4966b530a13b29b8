/* batch.h - records to append, made at random for what the model holds. */
#ifndef TEST_MODEL_BATCH_H
#define TEST_MODEL_BATCH_H

#include "keys.h"
#include "model.h"

#define BATCH_MAX 40u

/* Which records there are; a thing is one in so many, or never if that is 0. */
struct taste {
    uint64_t big;     /* a value of 3 to 100 KB */
    uint64_t keyless; /* no key */
    uint64_t deleted; /* a tombstone */
    uint64_t stamped; /* a stamp */
    uint64_t old;     /* of these, one older than that in force */
    uint64_t expects; /* an expectation */
    uint64_t wrong;   /* of these, one that doesn't hold */
};

struct batch {
    struct journal_record records[BATCH_MAX];
    size_t count;
};

/* Bytes for values and metas of the round. */
void batch_start(void);

/* Points into KEYS and into bytes that stay as they are for the round. */
void batch_make(struct batch *batch, size_t count, const struct taste *taste,
                const struct keys *keys, const struct model *model);

/* Whether it can be said in the packed form, which has no expectations. */
bool batch_can_be_packed(const struct batch *batch);

/* Appends it in the packed form; as journal_append_batch(). */
int batch_append_packed(const struct batch *batch, struct journal *journal,
                        uint64_t *first_seq);

/* Adds to the operation's text what BATCH is like. */
void batch_trace(const struct batch *batch);

#endif
