/* audit_keys.c - the histories of keys, followed one by one. */
#include <assert.h>

#include "repair/audit_part.h"
#include "base/error.h"
#include "format/index.h"
#include "base/stamp.h"

/* ---- what a key has come to --------------------------------------------- */

static void
get_chain(const struct jn_audit_key *key, struct jn_chain *chain)
{
    memset(chain, 0, sizeof(*chain));
    chain->revision = key->revision;
    chain->count = key->count;
    if (key->count > 0)
        memcpy(chain->roots, key->roots, key->count * sizeof(uint64_t));
    chain->tombstone = key->tombstone;
    chain->stamped = key->stamped;
    chain->stamp = key->stamp;
}

static int
set_chain(struct jn_audit_keys *keys, struct jn_audit_key *key,
          const struct jn_chain *chain)
{
    if (jn_audit_key_room(keys, key, chain->count) != 0)
        return ENOMEM;
    key->revision = chain->revision;
    key->count = (uint8_t)chain->count;
    memcpy(key->roots, chain->roots, chain->count * sizeof(uint64_t));
    key->tombstone = chain->tombstone;
    key->stamped = chain->stamped;
    key->stamp = chain->stamp;
    return 0;
}

static bool
is_same_stamp(bool stamped, const struct journal_stamp *stamp, bool other,
              const struct journal_stamp *other_stamp)
{
    return stamped == other &&
           (!stamped || jn_stamp_compare(stamp, other_stamp) == 0);
}

bool
jn_audit_key_fits(const struct jn_audit_key *key, const struct jn_chain *chain)
{
    if (key->revision != chain->revision || key->tombstone != chain->tombstone)
        return false;
    assert(key->count == chain->count); /* a matter of the revision */
    for (unsigned i = 0; i < chain->count; i++) {
        if (key->roots[i] != JOURNAL_NONE && key->roots[i] != chain->roots[i])
            return false;
    }
    return !key->stamp_known || is_same_stamp(key->stamped, &key->stamp,
                                              chain->stamped, &chain->stamp);
}

/* ---- entries ------------------------------------------------------------ */

static void
flag(struct jn_audit *audit, const struct jn_audit_entry *entry)
{
    unsigned bucket = jn_audit_bucket(entry->hash);

    if (audit->links_bad_of[bucket] == 0)
        audit->first_bad_of[bucket] = entry->seq;
    audit->links_bad_of[bucket]++;
}

/*
 * KEY is as ENTRY says, for nothing is known that could say otherwise: what was
 * before is pruned, or lost.
 */
static int
adopt(struct jn_audit *audit, struct jn_audit_key *key,
      const struct jn_audit_entry *entry)
{
    struct jn_chain chain = {.revision = entry->links.revision};
    uint64_t root = chain.revision;

    for (; root > 0; root = jn_links_jump_revision(root))
        chain.roots[chain.count++] = JOURNAL_NONE;
    chain.roots[0] = entry->seq;
    if (chain.count > 1)
        chain.roots[1] = entry->links.jump;
    chain.tombstone = (entry->record.flags & JOURNAL_TOMBSTONE) != 0;
    chain.stamped = (entry->record.flags & JOURNAL_STAMPED) != 0;
    chain.stamp = entry->record.stamp;
    key->stamp_known = chain.stamped;
    return set_chain(&audit->keys, key, &chain);
}

/*
 * In a journal that a salvage has made, what is not known has numbers in its
 * place that nobody has, and a stamp may have come with an entry that is lost.
 */
static bool
is_as_salvaged(const struct jn_audit *audit, const struct jn_links *expected,
               const struct jn_links *links)
{
    return audit->state.holed && links->replaced &&
           (!expected->replaced ||
            jn_stamp_compare(&links->stamp_before, &expected->stamp_before) >
                0);
}

static bool
stamps_agree(const struct jn_audit *audit, const struct jn_audit_key *key,
             const struct jn_links *expected,
             const struct jn_audit_entry *entry)
{
    const struct jn_links *links = &entry->links;

    if (!key->stamp_known && (entry->record.flags & JOURNAL_STAMPED) != 0)
        return true;
    return is_same_stamp(expected->replaced, &expected->stamp_before,
                         links->replaced, &links->stamp_before) ||
           is_as_salvaged(audit, expected, links);
}

/* A jump to what is not known of KEY: not to an entry that would be known. */
static bool
may_jump(const struct jn_audit *audit, const struct jn_audit_key *key,
         uint64_t jump)
{
    return key->vague || jn_audit_is_there(audit, jump) != JN_THERE ||
           jn_audit_is_lost(audit, jump);
}

/* Whether a root may be another than ROOT. */
static bool
is_open(const struct jn_audit *audit, uint64_t root)
{
    return root == JOURNAL_NONE ||
           (audit->state.holed && jn_audit_is_there(audit, root) != JN_THERE);
}

/* KEY goes on with ENTRY, whatever its links say; those are looked at. */
static int
push(struct jn_audit *audit, struct jn_audit_key *key,
     const struct jn_audit_entry *entry)
{
    const struct jn_links *links = &entry->links;
    bool stamped = (entry->record.flags & JOURNAL_STAMPED) != 0;
    bool sound = jn_audit_links_possible(entry);
    struct jn_links expected;
    struct jn_chain chain;

    get_chain(key, &chain);
    jn_chain_push(&chain, entry->seq,
                  (entry->record.flags & JOURNAL_TOMBSTONE) != 0,
                  stamped ? &entry->record.stamp : NULL, &expected);
    sound = sound && links->revision == expected.revision &&
            links->prev == expected.prev &&
            stamps_agree(audit, key, &expected, entry);
    if (sound && chain.count > 1 && is_open(audit, chain.roots[1]) &&
        may_jump(audit, key, links->jump))
        chain.roots[1] = expected.jump = links->jump;
    if (!sound || links->jump != expected.jump)
        flag(audit, entry);
    key->stamp_known |= stamped;
    return set_chain(&audit->keys, key, &chain);
}

/* Whether ENTRY may be the first that is known of a key. */
static bool
may_be_first(const struct jn_audit *audit, uint64_t prev)
{
    if (audit->stored_done)
        return jn_audit_is_pruned(audit, prev); /* and its row with it */
    return jn_audit_is_there(audit, prev) != JN_THERE;
}

static int
begin(struct jn_audit *audit, struct jn_audit_key *key,
      const struct jn_audit_entry *entry)
{
    uint64_t prev = entry->links.prev;

    if (prev == JOURNAL_NONE) {
        key->stamp_known = true; /* there was none */
        return push(audit, key, entry);
    }
    key->vague = jn_audit_is_lost(audit, prev);
    if (!jn_audit_links_possible(entry) ||
        (!key->vague && !may_be_first(audit, prev)))
        flag(audit, entry);
    return adopt(audit, key, entry);
}

static int
go_on(struct jn_audit *audit, struct jn_audit_key *key,
      const struct jn_audit_entry *entry)
{
    uint64_t prev = entry->links.prev;

    if (prev == JOURNAL_NONE || prev <= jn_audit_key_newest(key) ||
        !jn_audit_is_lost(audit, prev))
        return push(audit, key, entry);
    /* It is of this key that something has been lost. */
    key->vague = true;
    if (!jn_audit_links_possible(entry))
        flag(audit, entry);
    return adopt(audit, key, entry);
}

/*
 * Whether ENTRY, of a long key, may be the first of another than what is known
 * under its hash.
 */
static bool
may_be_another(const struct jn_audit *audit, const struct jn_audit_entry *entry)
{
    uint64_t prev = entry->links.prev;

    if (entry->record.key.size <= JN_INDEX_KEY_MAX)
        return false;
    return prev == JOURNAL_NONE || (jn_audit_is_there(audit, prev) == JN_GONE &&
                                    !jn_audit_is_lost(audit, prev));
}

/* The key that ENTRY goes on with, or NULL. */
static struct jn_audit_key *
key_before(const struct jn_audit *audit, const struct jn_audit_entry *entry)
{
    uint64_t prev = entry->links.prev;
    struct jn_audit_key *key = jn_audit_key_choose(&audit->keys, entry->hash,
                                                   prev);

    if (key == NULL || key->revision == 0 || jn_audit_key_newest(key) == prev ||
        !may_be_another(audit, entry))
        return key;
    return NULL;
}

const struct jn_audit_key *
jn_audit_key_before(const struct jn_audit *audit,
                    const struct jn_audit_entry *entry)
{
    const struct jn_audit_key *key = key_before(audit, entry);

    return key != NULL && key->revision > 0 ? key : NULL;
}

int
jn_audit_key_follow(struct jn_audit *audit, const struct jn_audit_entry *entry,
                    const struct jn_audit_key **out)
{
    struct jn_audit_key *key = key_before(audit, entry);
    int rc = key == NULL ? jn_audit_key_add(&audit->keys, entry->hash, &key)
                         : 0;

    if (rc == 0)
        rc = key->revision == 0 ? begin(audit, key, entry)
                                : go_on(audit, key, entry);
    *out = key;
    return rc;
}

/* ---- rows that are ahead ------------------------------------------------- */

int
jn_audit_key_begin_ahead(struct jn_audit *audit,
                         const struct jn_audit_entry *entry,
                         struct jn_audit_key **out)
{
    struct jn_audit_key *key = jn_audit_key_choose(&audit->keys, entry->hash,
                                                   JOURNAL_NONE);

    if ((key == NULL || key->revision > 0) &&
        jn_audit_key_add(&audit->keys, entry->hash, &key) != 0)
        return ENOMEM;
    *out = key;
    return adopt(audit, key, entry);
}

int
jn_audit_key_learn(struct jn_audit *audit, struct jn_audit_key *key,
                   const struct jn_chain *chain)
{
    key->stamp_known = true;
    return set_chain(&audit->keys, key, chain);
}

void
jn_audit_key_is_ahead(struct jn_audit *audit, uint64_t hash, uint64_t newest,
                      bool excused)
{
    struct jn_audit_key *key;

    /* Under the hash there may be others, but the store has none of it. */
    if (newest == JOURNAL_NONE ||
        (jn_audit_is_there(audit, newest) == JN_GONE &&
         !jn_audit_is_lost(audit, newest)))
        return;
    key = jn_audit_key_choose(&audit->keys, hash, newest);
    if (key == NULL)
        return;
    key->indexed |= !excused;
    key->excused |= excused;
}

/* ---- rows --------------------------------------------------------------- */

/* All that there is to know of KEY is in CHAIN. */
static int
fill(struct jn_audit *audit, struct jn_audit_key *key,
     const struct jn_chain *chain)
{
    key->stamp_known = key->indexed = true;
    return set_chain(&audit->keys, key, chain);
}

/* A row of which no entry is known. */
static int
take_row(struct jn_audit *audit, struct jn_audit_key *key, uint64_t hash,
         const struct jn_chain *chain)
{
    uint64_t latest = chain->roots[0];
    bool expected = jn_audit_keys_expect(&audit->keys, hash);

    /*
     * What is recent may have made it go: its row is written again only when
     * the store has the newest one.
     */
    if (!jn_audit_is_lost(audit, latest) &&
        !(expected && jn_audit_is_there(audit, latest) == JN_GONE)) {
        audit->counts.index_bad++;
        return 0;
    }
    if (key == NULL && jn_audit_key_add(&audit->keys, hash, &key) != 0)
        return ENOMEM;
    key->vague = jn_audit_is_lost(audit, latest);
    return fill(audit, key, chain);
}

static bool
fits_row(const struct jn_audit *audit, const struct jn_audit_key *key,
         const struct jn_chain *chain)
{
    if (!jn_audit_key_fits(key, chain))
        return false;
    for (unsigned i = 0; i < chain->count; i++) {
        if (key->roots[i] == JOURNAL_NONE &&
            !may_jump(audit, key, chain->roots[i]))
            return false;
    }
    return true;
}

static int
compare_row(struct jn_audit *audit, struct jn_audit_key *key,
            const struct jn_chain *chain)
{
    uint64_t latest = chain->roots[0], newest = jn_audit_key_newest(key);

    key->indexed = true;
    if (latest != newest && latest > newest &&
        jn_audit_is_lost(audit, latest)) {
        key->vague = true;
        return fill(audit, key, chain);
    }
    if (latest == newest && fits_row(audit, key, chain))
        return fill(audit, key, chain);
    audit->counts.index_bad++;
    return 0;
}

/* In the first pass, where the sums say that it is sound. */
static int
keep_row(struct jn_audit *audit, uint64_t hash, const struct jn_chain *chain)
{
    struct jn_audit_key *key = jn_audit_key_first(&audit->keys, hash);

    if (key == NULL || chain == NULL)
        return 0; /* of no key that is recent */
    if (key->revision > 0 && jn_audit_key_add(&audit->keys, hash, &key) != 0)
        return ENOMEM;
    return fill(audit, key, chain);
}

int
jn_audit_key_row(struct jn_audit *audit, uint64_t hash,
                 const struct jn_chain *chain)
{
    struct jn_audit_key *key;

    if (audit->pass == 0)
        return keep_row(audit, hash, chain);
    key = jn_audit_key_choose(&audit->keys, hash,
                              chain != NULL ? chain->roots[0] : JOURNAL_NONE);
    if (chain == NULL) {
        if (key != NULL)
            key->excused = key->vague = true;
        return 0;
    }
    if (key != NULL && key->indexed)
        key = NULL; /* that one has its row already */
    if (key == NULL || key->revision == 0)
        return take_row(audit, key, hash, chain);
    return compare_row(audit, key, chain);
}

uint64_t
jn_audit_keys_unindexed(const struct jn_audit_keys *keys)
{
    uint64_t count = 0;

    for (size_t i = 0; i < keys->count; i++)
        count += keys->list[i].revision > 0 && !keys->list[i].indexed &&
                 !keys->list[i].excused;
    return count;
}
