/* audit_sums.c - what entries and rows say of each other, as sums. */
#include <stdlib.h>

#include "repair/audit_part.h"
#include "base/checksum.h"
#include "base/error.h"
#include "format/index.h"
#include "base/stamp.h"

/* ---- keys --------------------------------------------------------------- */

#define SEED_WHOLE UINT64_C(0x6a09e667f3bcc909)
#define SEED_HASHED UINT64_C(0xbb67ae8584caa73b)
#define SEED_STAMP UINT64_C(0x3c6ef372fe94f82b)

/* Keys that the index knows by a hash are known by that here too. */
static uint64_t
hash_of_hashed(struct jn_span index_key)
{
    return jn_hash64(jn_span(index_key.data, index_key.size - 1), SEED_HASHED);
}

uint64_t
jn_audit_hash(struct jn_span key)
{
    struct jn_index_key index_key;

    if (key.size <= JN_INDEX_KEY_MAX)
        return jn_hash64(key, SEED_WHOLE);
    jn_index_make(&index_key, key);
    return hash_of_hashed(jn_index_span(&index_key));
}

bool
jn_audit_hash_row(struct jn_span index_key, uint64_t *hash)
{
    uint8_t start[JN_INDEX_KEY_MAX];
    struct jn_index_key again;
    size_t size = jn_index_key_start(index_key, start);
    bool hashed = size > 0 && jn_index_is_hashed(index_key);

    if (size == 0)
        return false;
    *hash = hashed ? hash_of_hashed(index_key)
                   : jn_hash64(jn_span(start, size), SEED_WHOLE);
    if (hashed)
        return true;
    jn_index_make(&again, jn_span(start, size));
    return jn_span_equal(jn_index_span(&again), index_key);
}

/* ---- sayings ------------------------------------------------------------ */

/*
 * "The key has come to REVISION with entry SEQ."  For one key and revision no
 * two numbers give the same; otherwise it is a hash (the constants are odd, the
 * steps those of a finalizer that changes half of the bits for any one).
 */
static uint64_t
saying(uint64_t hash, uint64_t revision, uint64_t seq)
{
    uint64_t x = hash + revision * UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ x >> 31) * UINT64_C(0xbf58476d1ce4e5b9);
    x ^= seq * UINT64_C(0xc2b2ae3d27d4eb4f);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/*
 * "It has come to that now, as a tombstone or not; the root before is BEFORE."
 * The latest entry says so, and the row of the key.
 */
static uint64_t
last_saying(uint64_t hash, uint64_t revision, uint64_t before, bool tombstone)
{
    return saying(~hash, 2 * revision + tombstone, before);
}

/* "The key has been given this stamp." */
static uint64_t
saying_of_stamp(uint64_t hash, const struct journal_stamp *stamp)
{
    uint8_t bytes[JN_STAMP_SIZE];

    (void)jn_stamp_encode(bytes, stamp);
    return jn_hash64(jn_span(bytes, sizeof(bytes)), hash ^ SEED_STAMP);
}

/* ---- entries ------------------------------------------------------------ */

static bool
are_possible(const struct jn_audit_entry *entry, uint64_t jump_revision)
{
    const struct jn_links *links = &entry->links;

    if ((links->revision == 1) != (links->prev == JOURNAL_NONE) ||
        (jump_revision == 0) != (links->jump == JOURNAL_NONE))
        return false;
    if (jump_revision > 0 &&
        (jump_revision == links->revision - 1 ? links->jump != links->prev
                                              : links->jump >= links->prev))
        return false;
    return !links->replaced ||
           (links->revision > 1 &&
            (entry->record.flags & JOURNAL_STAMPED) != 0 &&
            jn_stamp_compare(&links->stamp_before, &entry->record.stamp) <= 0);
}

bool
jn_audit_links_possible(const struct jn_audit_entry *entry)
{
    return are_possible(entry, jn_links_jump_revision(entry->links.revision));
}

static uint64_t
sum_of_stamps(const struct jn_audit_entry *entry, bool prev_there)
{
    uint64_t sum = 0;

    if ((entry->record.flags & JOURNAL_STAMPED) == 0)
        return 0;
    sum += saying_of_stamp(entry->hash, &entry->record.stamp);
    if (entry->links.replaced && prev_there)
        sum -= saying_of_stamp(entry->hash, &entry->links.stamp_before);
    return sum;
}

void
jn_audit_sum_entry(struct jn_audit *audit, const struct jn_audit_entry *entry)
{
    const struct jn_links *links = &entry->links;
    unsigned bucket = jn_audit_bucket(entry->hash);
    uint64_t revision = links->revision, jump;
    uint64_t others = 1 + (uint64_t)jn_links_around(revision, &jump);
    uint64_t sum = others * saying(entry->hash, revision, entry->seq);
    bool prev_there = links->prev != JOURNAL_NONE &&
                      jn_audit_is_there(audit, links->prev) == JN_THERE;

    if (!are_possible(entry, jump))
        audit->suspect[bucket] = true;
    if (prev_there)
        sum -= saying(entry->hash, revision - 1, links->prev);
    if (links->jump != JOURNAL_NONE &&
        jn_audit_is_there(audit, links->jump) == JN_THERE)
        sum -= saying(entry->hash, jump, links->jump);
    if (jn_audit_set_has(&audit->latest, entry->seq))
        sum += last_saying(entry->hash, revision, links->jump,
                           (entry->record.flags & JOURNAL_TOMBSTONE) != 0);
    audit->sums[bucket] += sum + sum_of_stamps(entry, prev_there);
}

/* ---- rows --------------------------------------------------------------- */

/* How many entries behind REVISION, its latest, have a jump to ROOT. */
static uint64_t
jumps_to_come(uint64_t root, uint64_t revision)
{
    uint64_t count = 0;

    for (unsigned i = jn_links_followers(root); i > 0; i--)
        count += (UINT64_C(1) << i) - 1 > revision - root;
    return count;
}

/* What is said of root I of CHAIN, the one of REVISION. */
static uint64_t
sum_of_root(uint64_t hash, const struct jn_chain *chain, unsigned i,
            uint64_t revision)
{
    uint64_t before = chain->count > 1 ? chain->roots[1] : JOURNAL_NONE;
    uint64_t others = jumps_to_come(revision, chain->revision) + (i == 0);
    uint64_t sum = others * saying(hash, revision, chain->roots[i]);

    if (i > 0)
        return sum;
    if (chain->stamped)
        sum += saying_of_stamp(hash, &chain->stamp);
    return sum + last_saying(hash, revision, before, chain->tombstone);
}

/* 64 MiB of them are some three million. */
#define DEBTS_MAX (((size_t)64 << 20) / sizeof(struct jn_audit_debt))

static int
add_debt(struct jn_audit *audit, const struct jn_audit_debt *debt)
{
    struct jn_audit_debts *debts = &audit->debts;

    if (debts->count == debts->capacity) {
        size_t capacity = debts->capacity == 0 ? 64 : 2 * debts->capacity;
        struct jn_audit_debt *list;

        if (capacity > DEBTS_MAX) {
            audit->suspect[debt->bucket] = true;
            return 0;
        }
        list = realloc(debts->list, capacity * sizeof(*list));
        if (list == NULL)
            return ENOMEM;
        debts->list = list;
        debts->capacity = capacity;
    }
    debts->list[debts->count++] = *debt;
    return 0;
}

/*
 * Rows come before entries, when it is not known yet which of the sparse part
 * are there.  The latest entry of a key is, unless what is recent has made it
 * go; and if it lies there the older ones are not, but for those before and
 * behind what was lost.
 */
static bool
is_open(const struct jn_audit *audit, uint64_t hash,
        const struct jn_chain *chain, unsigned i)
{
    if (i > 0)
        return audit->state.holed || chain->roots[0] >= audit->state.dense;
    return jn_audit_keys_expect(&audit->keys, hash);
}

static int
sum_root(struct jn_audit *audit, uint64_t hash, const struct jn_chain *chain,
         unsigned i, uint64_t revision)
{
    uint64_t seq = chain->roots[i];
    struct jn_audit_debt debt = {
        .seq = seq,
        .amount = sum_of_root(hash, chain, i, revision),
        .bucket = jn_audit_bucket(hash),
    };

    if (seq < audit->state.first && (i > 0 || is_open(audit, hash, chain, i)))
        return 0;
    if (seq < audit->state.dense && is_open(audit, hash, chain, i))
        return add_debt(audit, &debt);
    if (seq >= audit->state.dense || i == 0)
        audit->sums[debt.bucket] -= debt.amount;
    return 0;
}

int
jn_audit_sum_row(struct jn_audit *audit, uint64_t hash,
                 const struct jn_chain *chain)
{
    uint64_t revision = chain->revision;
    int rc = jn_audit_set_add(&audit->latest, chain->roots[0]);

    for (unsigned i = 0; rc == 0 && i < chain->count; i++) {
        rc = sum_root(audit, hash, chain, i, revision);
        revision = jn_links_jump_revision(revision);
    }
    return rc;
}

void
jn_audit_sum_debts(struct jn_audit *audit)
{
    for (size_t i = 0; i < audit->debts.count; i++) {
        const struct jn_audit_debt *debt = &audit->debts.list[i];

        if (jn_audit_is_there(audit, debt->seq) == JN_THERE)
            audit->sums[debt->bucket] -= debt->amount;
    }
    audit->debts.count = 0;
}
