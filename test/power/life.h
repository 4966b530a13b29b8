/*
 * life.h - what a journal went through, and what it has to be after that.
 *
 * A workload does *deeds*, one after another, or, if they are only appends,
 * several at once.  Each entry says in its meta which deed it is of, and all
 * else of it follows from that; so that one that should be gone is told from
 * its successor with the same number.
 */
#ifndef TEST_POWER_LIFE_H
#define TEST_POWER_LIFE_H

#include <journal.h>
#include <stdbool.h>
#include <stdint.h>

#define LIFE_DEEDS 1024u
#define LIFE_ENTRIES 4096u
#define LIFE_KEYS 7u
#define LIFE_MARKS 2u
#define LIFE_BATCH 24u

enum deed_kind {
    DEED_OPEN,
    DEED_CLOSE,
    DEED_SYNC,
    DEED_APPEND, /* COUNT records, by a call that takes one or a batch */
    DEED_PRUNE,
    DEED_COMPACT, /* a prune that keeps each key's latest entry */
    DEED_REWIND,
    DEED_MARK
};

struct deed {
    enum deed_kind kind;
    bool durable;   /* once acknowledged */
    uint32_t count; /* of records */
    uint32_t mark;
    uint64_t seq;   /* of the first; or before, size, position */
    uint64_t asked; /* the same; SEQ may tell how far it got when it failed */
    bool failed;    /* it said so; RESULT is how it turned out after that */
    int result;
};

/* What a workload did. */
struct life {
    uint64_t salt; /* tells its entries from those of others */
    uint32_t count;
    struct deed deeds[LIFE_DEEDS];
};

/* Shared with child processes; it ends with the process. */
struct life *life_new(void);

/* Which record an entry is. */
struct tag {
    uint64_t salt;
    uint32_t deed;
    uint32_t part; /* of its batch */
};

/* The record that TAG stands for, in a buffer of the thread's. */
struct journal_record life_record(const struct tag *tag);

/* Key number I. */
const char *life_key(unsigned i);
extern const char *const life_marks[LIFE_MARKS];

/* Which key that is, or LIFE_KEYS. */
unsigned life_key_number(const void *key, size_t size);

/* ---- states ------------------------------------------------------------- */

struct slot {
    bool there;
    bool tombstone;
    uint8_t key; /* LIFE_KEYS: none */
    struct tag tag;
};

struct state {
    uint64_t size;
    uint64_t mark[LIFE_MARKS]; /* JOURNAL_NONE: not there */
    struct slot slot[LIFE_ENTRIES];
};

void state_init(struct state *state);
void state_copy(struct state *to, const struct state *from);

/* The oldest number retained, or the size. */
uint64_t state_first(const struct state *state);

/* The slot's key, and whether it is a tombstone, follow from its tag. */
void slot_set(struct slot *slot, const struct tag *tag);

/* What deed NUMBER, done, makes of it; false if there is no room for that. */
bool state_apply(struct state *state, const struct life *life, uint32_t number);

/* Whether they are the same. */
bool state_equals(const struct state *a, const struct state *b);

/*
 * Whether IMAGE is STATE with deed NUMBER half done: some of what a prune
 * removes, oldest first, or a rewind, newest first, is gone.
 */
bool state_is_between(const struct state *state, const struct life *life,
                      uint32_t number, const struct state *image);

#endif
