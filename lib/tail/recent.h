/*
 * recent.h - the newest entries, in memory.
 *
 * What has been appended and is not in the store yet, each process keeps here:
 * *items*, by number and by key.  One thread at a time adds items at the end,
 * takes some off again, or says which the store has by now; any number of
 * others *look*, without a lock.  A look sees the items [low, high) as long as
 * it lasts, whatever comes and goes meanwhile: memory that was let go of is
 * used again once no look is left that may have seen it.
 *
 * Keys are found through a hash table (open addressing) from a key to its
 * newest item; from there an item leads to the key's item before it.
 */
#ifndef JN_RECENT_H
#define JN_RECENT_H

#include "base/bytes.h"

struct jn_recent;

/* Sums over all items ever added, this one included; they may wrap around. */
struct jn_recent_sums {
    uint64_t bytes;      /* of keys, metas and values */
    uint64_t tombstones; /* keys whose latest entry is one, more than before */
    uint64_t keys;       /* keys more than before */
};

struct jn_recent_item {
    uint64_t seq;
    struct jn_span row;   /* as it will be in `entries` */
    struct jn_span key;   /* within the row; empty: none */
    struct jn_span chain; /* the key's, with this entry: as in `latest` */
    uint64_t prev;        /* the key's entry before it, or UINT64_MAX */
    uint64_t time;
    uint64_t start, end;       /* positions in the tail */
    uint32_t run;              /* of the tail */
    bool more;                 /* the batch goes on with the next item */
    struct jn_recent_sums own; /* what it adds to the sums */
    struct jn_recent_sums sums;
};

int jn_recent_create(struct jn_recent **recent);

/* While nobody looks. */
void jn_recent_free(struct jn_recent *recent);

/* ---- for one thread at a time, which holds the lock ---------------------- */

void jn_recent_lock(struct jn_recent *recent);
void jn_recent_unlock(struct jn_recent *recent);

/* Locks it before a fork, unless who has the lock keeps it for long: false. */
bool jn_recent_hold(struct jn_recent *recent);

/*
 * Forgets all items; the next one is to have number NEXT and to begin at or
 * behind POSITION.  Sums go on.  0 or ENOMEM.
 */
int jn_recent_reset(struct jn_recent *recent, uint64_t next, uint64_t position);

/* The number of the next item, and where the newest one ends. */
uint64_t jn_recent_next(const struct jn_recent *recent);
uint64_t jn_recent_position(const struct jn_recent *recent);
struct jn_recent_sums jn_recent_sums(const struct jn_recent *recent);

/*
 * Memory for the bytes of the next item, SIZE at most.  What two items in
 * succession take lies side by side as long as a block has room.  ENOMEM.
 */
int jn_recent_reserve(struct jn_recent *recent, size_t size, uint8_t **bytes);

/*
 * Adds ITEM, the next one, whose spans point to the first USED of the bytes
 * that were reserved last.  From now on a look may see it.  0 or ENOMEM.
 */
int jn_recent_add(struct jn_recent *recent, const struct jn_recent_item *item,
                  size_t used);

/*
 * Takes items from number NEXT on off again, which nobody has been shown, and
 * sets the end to POSITION, which is not before the end of those that stay.
 */
void jn_recent_cut(struct jn_recent *recent, uint64_t next, uint64_t position);

/* Something that is no item lies in the tail up to POSITION. */
void jn_recent_skip(struct jn_recent *recent, uint64_t position);

/* The store has the items below SEQ: no look from now on will ask for them. */
void jn_recent_forget(struct jn_recent *recent, uint64_t seq);

/* The same of those that end at or before POSITION. */
void jn_recent_forget_until(struct jn_recent *recent, uint64_t position);

/* ---- for any thread ------------------------------------------------------ */

struct jn_recent_look {
    struct jn_recent *recent; /* NULL: sees nothing, holds nothing */
    const void *window;       /* what it sees, for recent.c alone */
    const void *table;
    uint64_t low, high;
    unsigned phase;
};

/*
 * Looks at the items from LOW on, the first of which begins at or behind START,
 * and as many as end at or before LIMIT, all positions.  False, and nothing is
 * held, if these are not all there: items from LOW on are missing, do not begin
 * at or behind START, or end before LIMIT though LIMIT is not their end; or the
 * last reset was to a position behind START.
 */
bool jn_recent_look(struct jn_recent *recent, uint64_t low, uint64_t start,
                    uint64_t limit, struct jn_recent_look *look);
void jn_recent_leave(struct jn_recent_look *look);

/* Item SEQ, which is in [low, high). */
const struct jn_recent_item *jn_recent_at(const struct jn_recent_look *look,
                                          uint64_t seq);

/* The number of the first item that ends behind POSITION, or high. */
uint64_t jn_recent_until(const struct jn_recent_look *look, uint64_t position);

/* The newest item of KEY below BOUND (and high); NULL if there is none. */
const struct jn_recent_item *jn_recent_find(const struct jn_recent_look *look,
                                            struct jn_span key, uint64_t bound);

/*
 * Whether no item of ITEM's key lies between it and BOUND (or high).  Not while
 * items are taken off.
 */
bool jn_recent_is_newest(const struct jn_recent_look *look,
                         const struct jn_recent_item *item, uint64_t bound);

/*
 * Goes over the keys that the look has items of, in no order, giving for each
 * its newest item below high.  *AT is 0 at first, and the caller's to keep;
 * NULL: there is no other.
 */
const struct jn_recent_item *jn_recent_each(const struct jn_recent_look *look,
                                            size_t *at);

#endif
