/* audit_recent.c - whether what is recent goes on with what is stored. */
#include "repair/audit_part.h"
#include "journal/view.h"

/*
 * Whether the frame of an entry says right what that does to its key, which may
 * have been in the store when it was written, and have been pruned since; if it
 * was a tombstone then, its row has been ahead of it.
 */
static bool
is_well_framed(const struct jn_audit *audit,
               const struct jn_audit_recent *recent,
               const struct jn_audit_entry *entry,
               const struct jn_audit_key *before)
{
    if (before == NULL && jn_audit_is_pruned(audit, entry->links.prev))
        return !recent->fresh &&
               (!recent->buried || jn_audit_ahead_begins(&audit->ahead, entry));
    return recent->fresh == (before == NULL) &&
           recent->buried == (before != NULL && before->tombstone);
}

/* The CHAIN beside an entry whose key's NAME has come to KEY. */
static bool
get_chain(struct jn_chain *chain, const struct jn_audit_recent *recent,
          const struct jn_audit_key *key, struct jn_span name)
{
    struct jn_index_key index_key;

    jn_index_make(&index_key, name);
    return jn_view_chain(chain, jn_index_span(&index_key), recent->chain) ==
               0 &&
           jn_audit_key_fits(key, chain);
}

static void
blame(struct jn_audit *audit, const struct jn_audit_entry *entry)
{
    if (!jn_audit_ahead_blames_row(&audit->ahead, entry))
        audit->counts.index_bad++;
}

/*
 * The sums have told that the key's row, which is ahead, is right; nothing has
 * said what came before its first recent entry.
 */
static int
begin_ahead(struct jn_audit *audit, const struct jn_audit_recent *recent,
            const struct jn_audit_entry *entry)
{
    bool fresh = entry->links.prev == JOURNAL_NONE;
    struct jn_audit_key *key;
    struct jn_chain chain;
    int rc = jn_audit_key_begin_ahead(audit, entry, &key);

    if (rc != 0)
        return rc;
    if (recent->fresh == fresh &&
        get_chain(&chain, recent, key, entry->record.key))
        return jn_audit_key_learn(audit, key, &chain);
    key->vague = true;
    blame(audit, entry);
    return 0;
}

static int
go_on(struct jn_audit *audit, const struct jn_audit_recent *recent,
      const struct jn_audit_entry *entry)
{
    const struct jn_audit_key *key = jn_audit_key_before(audit, entry);
    bool framed = (key != NULL && key->vague) ||
                  jn_audit_is_lost(audit, entry->links.prev) ||
                  is_well_framed(audit, recent, entry, key);
    struct jn_chain chain;
    int rc = jn_audit_key_follow(audit, entry, &key);

    if (rc == 0 &&
        !(framed && get_chain(&chain, recent, key, entry->record.key)))
        blame(audit, entry);
    return rc;
}

int
jn_audit_follow_recent(struct jn_audit *audit,
                       const struct jn_audit_recent *recent,
                       const struct jn_audit_entry *entry)
{
    return audit->pass == 0 && jn_audit_ahead_begins(&audit->ahead, entry)
               ? begin_ahead(audit, recent, entry)
               : go_on(audit, recent, entry);
}
