/* audit_part.h - what the parts of the audit share, for audit*.c alone. */
#ifndef JN_AUDIT_PART_H
#define JN_AUDIT_PART_H

#include "repair/audit.h"
#include "format/links.h"
#include "format/record.h"

#define JN_AUDIT_BUCKETS 4096u

/*
 * Numbers from BASE on, a bit each.  There are no more than COUNT bits, so that
 * of far more numbers several share one.
 */
struct jn_audit_set {
    uint8_t *bits;
    uint64_t base, count;
};

/* What is to be taken off a sum if entry SEQ turns out to be there. */
struct jn_audit_debt {
    uint64_t seq, amount;
    unsigned bucket;
};

struct jn_audit_debts {
    struct jn_audit_debt *list;
    size_t count, capacity;
};

/* Numbers as ranges, in rising order. */
struct jn_audit_ranges {
    struct jn_audit_range {
        uint64_t first, limit;
    } * list;
    size_t count, capacity;
    bool full; /* there were too many: any number may be one */
};

/* What a key has come to, in as far as it is known. */
struct jn_audit_key {
    uint64_t hash;
    uint64_t revision; /* 0: it is only expected */
    uint64_t *roots;   /* JOURNAL_NONE: not known */
    struct journal_stamp stamp;
    uint32_t next; /* in the same slot; JN_AUDIT_NO_KEY: none */
    uint8_t count, room;
    bool tombstone;
    bool stamped, stamp_known;
    bool expected; /* something recent is of this key */
    bool indexed;  /* its row has been met, */
    bool excused;  /* or one that may be it, and is damaged */
    bool vague;    /* damage hides some of its history */
};

#define JN_AUDIT_NO_KEY UINT32_MAX

struct jn_audit_keys {
    struct jn_audit_key *list;
    uint32_t *slots;
    size_t count, capacity, slot_count;
    size_t root_bytes;
};

/*
 * A key with recent entries [next, ahead), of which it may have its row in the
 * index already.
 */
struct jn_audit_ahead_key {
    uint64_t hash;  /* as the index has the key, */
    uint64_t whole; /* and of all of it */
    uint64_t first; /* of these entries; and the one before, as that says, */
    uint64_t prev;
    uint64_t newest; /* and the newest, below `ahead` */
    uint64_t chain;  /* a hash of what its frame has the key come to */
    uint32_t next;   /* in the same slot; JN_AUDIT_NO_KEY: none */
    bool chain_known;
    bool buried;  /* the store has the key's latest entry as a tombstone */
    bool keyed;   /* the row has been met, and leads to the newest */
    bool blamed;  /* it does, and says something else than the frame */
    bool excused; /* what its row is like cannot be told, or has been counted */
};

/* Begins as {0}, which is: nothing is ahead. */
struct jn_audit_ahead {
    struct jn_tail_row row;
    struct jn_audit_ahead_key *list;
    uint32_t *slots;
    size_t count, capacity;
    struct jn_audit_set present;    /* entries that are sound, and recent */
    uint64_t met;                   /* how many these are */
    struct jn_span highest, lowest; /* key that has its row, that has not */
};

/*
 * Buckets in play are followed key by key: in the first pass those whose sums
 * are 0, for what is recent; later the others, a range at a time.
 */
struct jn_audit {
    struct jn_state state;
    bool state_known;
    uint64_t size;
    unsigned pass;
    bool stored_done; /* the rows of the store have all been fed */
    struct jn_audit_counts counts;

    /* The first pass. */
    uint64_t expected;    /* number of the entry that is to come */
    uint64_t last_seq;    /* of the entry before, */
    uint64_t last_time;   /* and its time */
    bool any, last_sound; /* there was an entry before, and it is sound */
    uint64_t logical;     /* bytes of the entries in the store */
    uint64_t stored_time; /* of the newest one in the store */
    bool newest_sound;    /* which was the newest ever appended to it */
    uint64_t tombstone_rows;
    unsigned meta_seen;
    uint64_t sums[JN_AUDIT_BUCKETS];
    bool suspect[JN_AUDIT_BUCKETS];

    struct jn_audit_debts debts;

    struct jn_audit_set present; /* of [first, dense) */
    struct jn_audit_set latest;  /* of their keys, say the rows of those */
    struct jn_audit_ranges lost; /* damaged or missing */
    struct jn_audit_ahead ahead;

    /* Keys that are followed, in buckets [from, limit). */
    struct jn_audit_keys keys;
    size_t keys_bytes_max;
    unsigned from, limit;
    uint32_t links_bad_of[JN_AUDIT_BUCKETS];
    uint64_t first_bad_of[JN_AUDIT_BUCKETS];
};

/* An entry that is sound, links included. */
struct jn_audit_entry {
    uint64_t seq;
    uint64_t hash; /* of its key, if it has one */
    struct jn_links links;
    struct jn_record record;
};

static inline unsigned
jn_audit_bucket(uint64_t hash)
{
    return (unsigned)(hash / (UINT64_MAX / JN_AUDIT_BUCKETS + 1));
}

/* ---- audit_sets.c: which numbers there are ------------------------------- */

void jn_audit_set_init(struct jn_audit_set *set, uint64_t base, uint64_t limit);
int jn_audit_set_add(struct jn_audit_set *set, uint64_t number);
bool jn_audit_set_has(const struct jn_audit_set *set, uint64_t number);

/* Whether NUMBER has a bit of its own. */
bool jn_audit_set_is_exact(const struct jn_audit_set *set, uint64_t number);

/* [first, limit) is above all that was added before. */
int jn_audit_ranges_add(struct jn_audit_ranges *ranges, uint64_t first,
                        uint64_t limit);
bool jn_audit_ranges_have(const struct jn_audit_ranges *ranges,
                          uint64_t number);

/* Whether the store has, or should have, an entry that lies before others. */
enum jn_audit_there { JN_GONE, JN_THERE, JN_UNCERTAIN };
enum jn_audit_there jn_audit_is_there(const struct jn_audit *audit,
                                      uint64_t seq);

/* Whether there was an entry SEQ, with whatever in the store led to it. */
static inline bool
jn_audit_is_pruned(const struct jn_audit *audit, uint64_t seq)
{
    return seq < audit->state.first;
}

/*
 * Whether what lies at SEQ, below others, is damaged or missing; or was lost
 * before a salvage made this journal, which is no fault of it.
 */
bool jn_audit_is_lost(const struct jn_audit *audit, uint64_t seq);

/* ---- audit_sums.c: what entries and rows say of each other --------------- */

/* Of the key of an entry, and of the key that a row of the index is of. */
uint64_t jn_audit_hash(struct jn_span key);
bool jn_audit_hash_row(struct jn_span index_key, uint64_t *hash);

/* What can be seen of the links without any other entry. */
bool jn_audit_links_possible(const struct jn_audit_entry *entry);

void jn_audit_sum_entry(struct jn_audit *audit,
                        const struct jn_audit_entry *entry);
int jn_audit_sum_row(struct jn_audit *audit, uint64_t hash,
                     const struct jn_chain *chain);

/* When all entries have been met: what was left open. */
void jn_audit_sum_debts(struct jn_audit *audit);

/* ---- audit_table.c: keys, in bounded memory ------------------------------ */

void jn_audit_keys_free(struct jn_audit_keys *keys);

/* Whether something recent is of a key of HASH. */
bool jn_audit_keys_expect(const struct jn_audit_keys *keys, uint64_t hash);

/* What points to a key is good until one is added. */
int jn_audit_key_add(struct jn_audit_keys *keys, uint64_t hash,
                     struct jn_audit_key **key);
int jn_audit_key_expect(struct jn_audit *audit, uint64_t hash);

/*
 * One of HASH, or NULL.  There may be several: long keys that the index tells
 * apart by probes.  It is the one whose newest entry is NEWEST; else any that
 * may do, if possible one that is not indexed yet.
 */
struct jn_audit_key *jn_audit_key_first(const struct jn_audit_keys *keys,
                                        uint64_t hash);
struct jn_audit_key *jn_audit_key_choose(const struct jn_audit_keys *keys,
                                         uint64_t hash, uint64_t newest);

/* Room for COUNT roots. */
int jn_audit_key_room(struct jn_audit_keys *keys, struct jn_audit_key *key,
                      unsigned count);

static inline uint64_t
jn_audit_key_newest(const struct jn_audit_key *key)
{
    return key->revision > 0 ? key->roots[0] : JOURNAL_NONE;
}

/* Gives up buckets for a later pass, if there are too many keys. */
void jn_audit_keys_bound(struct jn_audit *audit);

/* ---- audit_keys.c: histories followed key by key ------------------------- */

/* KEY is as it has become, until the next call. */
int jn_audit_key_follow(struct jn_audit *audit,
                        const struct jn_audit_entry *entry,
                        const struct jn_audit_key **key);

/* A row of the key; CHAIN is NULL if that is damaged, and counted. */
int jn_audit_key_row(struct jn_audit *audit, uint64_t hash,
                     const struct jn_chain *chain);

/* The key of HASH with the newest entry before SEQ, or NULL. */
const struct jn_audit_key *jn_audit_key_before(
    const struct jn_audit *audit, const struct jn_audit_entry *entry);

bool jn_audit_key_fits(const struct jn_audit_key *key,
                       const struct jn_chain *chain);

/*
 * ENTRY is the first that is followed of a key whose row is ahead of it; to be
 * learned from its frame is what the roots and the stamp are that it does not
 * tell.
 */
int jn_audit_key_begin_ahead(struct jn_audit *audit,
                             const struct jn_audit_entry *entry,
                             struct jn_audit_key **key);
int jn_audit_key_learn(struct jn_audit *audit, struct jn_audit_key *key,
                       const struct jn_chain *chain);

/*
 * The row of the key whose newest entry in the store is NEWEST, if it has any
 * there, is ahead of that; or EXCUSED from being there.
 */
void jn_audit_key_is_ahead(struct jn_audit *audit, uint64_t hash,
                           uint64_t newest, bool excused);

/* Keys whose row should have been met by now, and was not. */
uint64_t jn_audit_keys_unindexed(const struct jn_audit_keys *keys);

/* ---- audit_recent.c: what is recent, behind what is stored --------------- */

int jn_audit_follow_recent(struct jn_audit *audit,
                           const struct jn_audit_recent *recent,
                           const struct jn_audit_entry *entry);

/* ---- audit_ahead.c: rows of the index that are ahead of the store -------- */

void jn_audit_ahead_begin(struct jn_audit_ahead *ahead,
                          const struct jn_tail_row *row);
void jn_audit_ahead_free(struct jn_audit_ahead *ahead);

/* A recent ENTRY, in the first pass. */
int jn_audit_ahead_expect(struct jn_audit_ahead *ahead,
                          const struct jn_audit_recent *recent,
                          const struct jn_audit_entry *entry);

static inline bool
jn_audit_ahead_has(const struct jn_audit_ahead *ahead,
                   const struct jn_chain *chain)
{
    return jn_tail_row_is_ahead(&ahead->row) &&
           chain->roots[0] >= ahead->row.next;
}

/*
 * The key of whose row this is the CHAIN; NULL: it is of none, or of one whose
 * frame says something else, which is noted.
 */
struct jn_audit_ahead_key *jn_audit_ahead_find(struct jn_audit_ahead *ahead,
                                               uint64_t hash,
                                               const struct jn_chain *chain);

/* Whether there was an entry SEQ, and is none that is sound. */
bool jn_audit_ahead_is_lost(const struct jn_audit_ahead *ahead, uint64_t seq);

/* A row that is damaged, or wrong, or cannot be told, may be of this key. */
void jn_audit_ahead_excuse(struct jn_audit_ahead *ahead, uint64_t hash);
bool jn_audit_ahead_is_excused(const struct jn_audit_ahead *ahead,
                               uint64_t hash);

/* The same of the keys that are followed, where it was so in the first pass. */
void jn_audit_ahead_excuse_keys(struct jn_audit *audit);

/* Keys whose row is missing, or not ahead; they are excused from now on. */
uint64_t jn_audit_ahead_unkeyed(struct jn_audit_ahead *ahead);

/* Of recent entries: whether ENTRY is known to its key's row, */
bool jn_audit_ahead_leads_to(struct jn_audit_ahead *ahead,
                             const struct jn_audit_entry *entry);

/* is the first of these, */
bool jn_audit_ahead_begins(const struct jn_audit_ahead *ahead,
                           const struct jn_audit_entry *entry);

/* or has a frame that the row has been blamed for not being like. */
bool jn_audit_ahead_blames_row(const struct jn_audit_ahead *ahead,
                               const struct jn_audit_entry *entry);

/* Whether all of [next, ahead) is sound, and the figures of the row are. */
bool jn_audit_ahead_is_whole(const struct jn_audit_ahead *ahead);
bool jn_audit_ahead_is_right(const struct jn_audit *audit);

/* ---- audit_meta.c: the journal's own rows -------------------------------- */

/* Whether the row is sound; which one it is is noted. */
bool jn_audit_meta_sound(struct jn_audit *audit, struct jn_span key,
                         struct jn_span value);

/* How many rows that every journal has were not met. */
unsigned jn_audit_meta_missing(const struct jn_audit *audit);

/*
 * Whether the figures are those of what was met; which cannot be seen where
 * that is damaged.
 */
bool jn_audit_meta_adds_up(const struct jn_audit *audit);

#endif
