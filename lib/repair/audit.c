/* audit.c - whether the rows of a journal fit together: one after the other. */
#include "repair/audit.h"

#include <assert.h>
#include <stdlib.h>

#include "repair/audit_part.h"
#include "base/error.h"
#include "journal/view.h"

#define KEYS_BYTES_MAX ((size_t)64 << 20)

/* ---- open, close -------------------------------------------------------- */

int
jn_audit_open(struct jn_audit **out, const struct jn_state *state,
              uint64_t size)
{
    struct jn_audit *audit = calloc(1, sizeof(*audit));

    if (audit == NULL)
        return ENOMEM;
    audit->state_known = state != NULL;
    if (state != NULL)
        audit->state = *state;
    else
        audit->state.next = audit->state.dense = UINT64_MAX;
    audit->size = size;
    audit->expected = audit->state.dense;
    audit->counts.first_bad = JOURNAL_NONE;
    audit->limit = JN_AUDIT_BUCKETS;
    audit->keys_bytes_max = KEYS_BYTES_MAX;
    jn_audit_set_init(&audit->present, audit->state.first, audit->state.dense);
    jn_audit_set_init(&audit->latest, audit->state.first, audit->state.next);
    *out = audit;
    return 0;
}

void
jn_audit_close(struct jn_audit *audit)
{
    if (audit == NULL)
        return;
    free(audit->present.bits);
    free(audit->latest.bits);
    free(audit->lost.list);
    free(audit->debts.list);
    jn_audit_ahead_free(&audit->ahead);
    jn_audit_keys_free(&audit->keys);
    free(audit);
}

void
jn_audit_is_ahead(struct jn_audit *audit, const struct jn_tail_row *row)
{
    jn_audit_ahead_begin(&audit->ahead, row);
    jn_audit_set_init(&audit->latest, audit->state.first, row->ahead);
}

/* ---- what is wrong ------------------------------------------------------ */

static void
note(struct jn_audit *audit, uint64_t *counter, uint64_t count, uint64_t seq)
{
    *counter += count;
    if (seq < audit->counts.first_bad)
        audit->counts.first_bad = seq;
}

/* Numbers that should be there, and are not. */
static int
note_missing(struct jn_audit *audit, uint64_t first, uint64_t limit)
{
    if (first >= limit)
        return 0;
    note(audit, &audit->counts.entries_bad, limit - first, first);
    return jn_audit_ranges_add(&audit->lost, first, limit);
}

/* ---- entries ------------------------------------------------------------ */

enum verdict { SOUND, BAD_LINKS, BAD };

/* A sound record behind links of whatever size. */
static bool
find_record(struct jn_audit_entry *entry, struct jn_span row)
{
    for (size_t at = 1; at <= JN_LINKS_MAX && at < row.size; at++) {
        if (jn_record_decode(&entry->record,
                             jn_span(row.data + at, row.size - at),
                             entry->seq) == 0)
            return true;
    }
    return false;
}

static enum verdict
decode(struct jn_audit_entry *entry, struct jn_span row, uint64_t seq)
{
    struct jn_span rest = row;

    entry->seq = seq;
    if (jn_links_decode(&entry->links, &rest, seq) != 0)
        return find_record(entry, row) ? BAD_LINKS : BAD;
    if (jn_record_decode(&entry->record, rest, seq) != 0)
        return BAD;
    if ((entry->links.revision == 0) != (entry->record.key.size == 0))
        return BAD_LINKS;
    if (entry->record.key.size > 0)
        entry->hash = jn_audit_hash(entry->record.key);
    return SOUND;
}

/* Whether the store may have an entry SEQ behind those that have been met. */
static bool
is_in_place(const struct jn_audit *audit, uint64_t seq)
{
    return seq >= audit->state.first && seq < audit->state.next &&
           (!audit->any || seq > audit->last_seq);
}

/* What lies between the entry before and SEQ, which is in its place. */
static int
pass_over(struct jn_audit *audit, uint64_t seq)
{
    int rc = 0;

    if (!audit->any && !audit->state_known) {
        audit->state.first = seq;
        jn_audit_set_init(&audit->present, seq, UINT64_MAX);
    }
    /* A sparse part begins with an entry. */
    if (!audit->any && seq > audit->state.first &&
        audit->state.first < audit->state.dense)
        rc = note_missing(audit, audit->state.first, audit->state.first + 1);
    if (rc == 0 && seq > audit->expected)
        rc = note_missing(audit, audit->expected, seq);
    if (seq >= audit->expected)
        audit->expected = seq + 1;
    audit->any = true;
    audit->last_seq = seq;
    return rc;
}

/* Times never fall.  One that is damaged says nothing. */
static void
check_time(struct jn_audit *audit, const struct jn_audit_entry *entry,
           enum verdict verdict)
{
    audit->last_sound = verdict != BAD;
    if (verdict == BAD)
        return;
    if (entry->record.time < audit->last_time)
        note(audit, &audit->counts.entries_bad, 1, entry->seq);
    audit->last_time = entry->record.time;
}

/* An entry that is not sound, whose key nobody knows, or how it is linked. */
static int
count_bad(struct jn_audit *audit, uint64_t seq, enum verdict verdict)
{
    note(audit,
         verdict == BAD ? &audit->counts.entries_bad : &audit->counts.links_bad,
         1, seq);
    return jn_audit_ranges_add(&audit->lost, seq, seq + 1);
}

static int
add_stored(struct jn_audit *audit, const struct jn_audit_entry *entry)
{
    int rc = 0;

    if (entry->seq < audit->state.dense &&
        jn_audit_set_is_exact(&audit->present, entry->seq))
        rc = jn_audit_set_add(&audit->present, entry->seq);
    if (rc == 0 && entry->record.key.size > 0)
        jn_audit_sum_entry(audit, entry);
    return rc;
}

static int
take_entry(struct jn_audit *audit, uint64_t seq, struct jn_span row)
{
    struct jn_audit_entry entry;
    enum verdict verdict;
    int rc;

    audit->counts.entries_checked++;
    if (!is_in_place(audit, seq)) {
        note(audit, &audit->counts.entries_bad, 1, seq);
        return 0;
    }
    rc = pass_over(audit, seq);
    verdict = decode(&entry, row, seq);
    check_time(audit, &entry, verdict);
    if (verdict != BAD)
        audit->logical += jn_record_logical(&entry.record);
    if (rc != 0)
        return rc;
    return verdict == SOUND ? add_stored(audit, &entry)
                            : count_bad(audit, seq, verdict);
}

/* Whether the key of HASH is followed in this pass. */
static bool
is_in_play(const struct jn_audit *audit, uint64_t hash)
{
    unsigned bucket = jn_audit_bucket(hash);

    return bucket >= audit->from && bucket < audit->limit &&
           audit->suspect[bucket] == (audit->pass > 0);
}

static int
retrace_entry(struct jn_audit *audit, uint64_t seq, struct jn_span row)
{
    const struct jn_audit_key *key;
    struct jn_audit_entry entry;
    int rc;

    if (seq < audit->state.first || seq >= audit->state.next ||
        decode(&entry, row, seq) != SOUND || entry.record.key.size == 0 ||
        !is_in_play(audit, entry.hash))
        return 0;
    rc = jn_audit_key_follow(audit, &entry, &key);
    if (rc == 0)
        jn_audit_keys_bound(audit);
    return rc;
}

int
jn_audit_entry(struct jn_audit *audit, struct jn_span key, struct jn_span value)
{
    assert(!audit->stored_done);
    if (key.size != 8) {
        audit->counts.entries_bad += audit->pass == 0;
        return 0;
    }
    return audit->pass == 0
               ? take_entry(audit, jn_get_be64(key.data), value)
               : retrace_entry(audit, jn_get_be64(key.data), value);
}

/* ---- rows of keys ------------------------------------------------------- */

int
jn_audit_expect(struct jn_audit *audit, const struct jn_audit_recent *recent)
{
    struct jn_audit_entry entry;
    int rc = 0;

    if (decode(&entry, recent->row, recent->seq) != SOUND)
        return 0;
    if (audit->pass == 0)
        rc = jn_audit_ahead_expect(&audit->ahead, recent, &entry);
    if (rc != 0 || entry.record.key.size == 0 ||
        (audit->pass > 0 && !is_in_play(audit, entry.hash)))
        return rc;
    return jn_audit_key_expect(audit, entry.hash);
}

/* CHAIN is NULL if there is nothing to be learned from it. */
static int
take_row(struct jn_audit *audit, uint64_t hash, const struct jn_chain *chain)
{
    int rc = 0;

    if (chain == NULL) {
        audit->suspect[jn_audit_bucket(hash)] = true;
        jn_audit_ahead_excuse(&audit->ahead, hash);
    }
    if (audit->pass == 0 && chain != NULL) {
        audit->tombstone_rows += chain->tombstone;
        rc = jn_audit_sum_row(audit, hash, chain);
    }
    return rc == 0 ? jn_audit_key_row(audit, hash, chain) : rc;
}

/*
 * A row that is ahead is not where the history in the store has come to: what
 * it adds to that is recent, and so is what it says of it.
 */
static int
take_row_ahead(struct jn_audit *audit, uint64_t hash,
               const struct jn_chain *chain)
{
    struct jn_audit_ahead *ahead = &audit->ahead;
    struct jn_audit_ahead_key *key = jn_audit_ahead_find(ahead, hash, chain);

    if (audit->pass > 0 && key != NULL) {
        jn_audit_key_is_ahead(audit, hash, key->prev, false);
        return 0;
    }
    if (key == NULL || key->keyed) {
        audit->counts.index_bad += audit->pass == 0 &&
                                   !jn_audit_ahead_is_lost(ahead,
                                                           chain->roots[0]);
        return take_row(audit, hash, NULL);
    }
    key->excused = false;
    key->keyed = true;
    audit->tombstone_rows += key->buried;
    return jn_audit_sum_row(audit, hash, chain);
}

int
jn_audit_latest(struct jn_audit *audit, struct jn_span key,
                struct jn_span value)
{
    struct jn_chain chain, *sound = &chain;
    uint64_t hash;

    assert(!audit->stored_done);
    if (!jn_audit_hash_row(key, &hash)) {
        audit->counts.index_bad += audit->pass == 0;
        return 0;
    }
    if (audit->pass > 0 && !is_in_play(audit, hash))
        return 0;
    if (jn_view_chain(&chain, key, value) != 0)
        sound = NULL;
    audit->counts.index_bad += audit->pass == 0 && sound == NULL;
    if (sound != NULL && jn_audit_ahead_has(&audit->ahead, sound))
        return take_row_ahead(audit, hash, sound);
    if (audit->pass > 0 && jn_audit_ahead_is_excused(&audit->ahead, hash))
        sound = NULL;
    return take_row(audit, hash, sound);
}

int
jn_audit_meta(struct jn_audit *audit, struct jn_span key, struct jn_span value)
{
    if (audit->pass == 0 && !jn_audit_meta_sound(audit, key, value))
        audit->counts.index_bad++;
    return 0;
}

/* ---- from the store to what is recent ----------------------------------- */

static void
judge_sums(struct jn_audit *audit)
{
    jn_audit_sum_debts(audit);
    for (unsigned i = 0; i < JN_AUDIT_BUCKETS; i++)
        audit->suspect[i] |= audit->sums[i] != 0;
    audit->stored_time = audit->last_time;
    audit->newest_sound = audit->any && audit->last_sound &&
                          audit->last_seq == audit->state.next - 1;
}

/* All rows of the store have been fed. */
static int
end_stored(struct jn_audit *audit)
{
    int rc = 0;

    if (audit->stored_done)
        return 0;
    audit->stored_done = true;
    if (audit->pass > 0) {
        jn_audit_ahead_excuse_keys(audit);
        audit->counts.index_bad += jn_audit_keys_unindexed(&audit->keys);
        return 0;
    }
    if (audit->state_known && !audit->any &&
        audit->state.first < audit->state.dense)
        rc = note_missing(audit, audit->state.first, audit->state.first + 1);
    if (rc == 0 && audit->state_known)
        rc = note_missing(audit, audit->expected, audit->state.next);
    audit->expected = audit->state.next;
    audit->counts.index_bad += jn_audit_ahead_unkeyed(&audit->ahead);
    judge_sums(audit);
    return rc;
}

/* ---- what is recent ----------------------------------------------------- */

int
jn_audit_sum_recent(struct jn_audit *audit,
                    const struct jn_audit_recent *recent)
{
    struct jn_audit_entry entry;

    if (audit->pass == 0 && decode(&entry, recent->row, recent->seq) == SOUND &&
        entry.record.key.size > 0 &&
        jn_audit_ahead_leads_to(&audit->ahead, &entry))
        jn_audit_sum_entry(audit, &entry);
    return 0;
}

static int
take_recent(struct jn_audit *audit, const struct jn_audit_recent *recent,
            const struct jn_audit_entry *entry, enum verdict verdict)
{
    int rc = 0;

    audit->counts.entries_checked++;
    if (recent->seq > audit->expected)
        rc = note_missing(audit, audit->expected, recent->seq);
    audit->expected = recent->seq + 1;
    check_time(audit, entry, verdict);
    if (rc == 0 && verdict != SOUND)
        rc = count_bad(audit, recent->seq, verdict);
    return rc;
}

int
jn_audit_recent(struct jn_audit *audit, const struct jn_audit_recent *recent)
{
    struct jn_audit_entry entry;
    enum verdict verdict = decode(&entry, recent->row, recent->seq);
    int rc = end_stored(audit);

    if (rc == 0 && audit->pass == 0)
        rc = take_recent(audit, recent, &entry, verdict);
    if (rc != 0 || verdict != SOUND || entry.record.key.size == 0 ||
        !is_in_play(audit, entry.hash))
        return rc;
    return jn_audit_follow_recent(audit, recent, &entry);
}

/* ---- the end of a pass -------------------------------------------------- */

static void
add_links_bad(struct jn_audit *audit)
{
    for (unsigned i = audit->from; i < audit->limit; i++) {
        if (audit->links_bad_of[i] > 0)
            note(audit, &audit->counts.links_bad, audit->links_bad_of[i],
                 audit->first_bad_of[i]);
        audit->links_bad_of[i] = 0;
    }
}

static void
check_meta(struct jn_audit *audit)
{
    unsigned missing = jn_audit_meta_missing(audit);
    bool right = audit->state_known && jn_audit_meta_adds_up(audit);

    audit->counts.index_bad += missing > 0 ? missing : !right;
}

int
jn_audit_finish(struct jn_audit *audit, bool *again)
{
    unsigned from = audit->pass == 0 ? 0 : audit->limit;
    int rc = end_stored(audit);

    if (rc == 0 && audit->pass == 0)
        rc = note_missing(audit, audit->expected, audit->size);
    if (rc != 0)
        return rc;
    add_links_bad(audit);
    while (from < JN_AUDIT_BUCKETS && !audit->suspect[from])
        from++;
    *again = from < JN_AUDIT_BUCKETS;
    if (!*again)
        check_meta(audit);
    audit->pass++;
    audit->from = from;
    audit->limit = JN_AUDIT_BUCKETS;
    audit->stored_done = false;
    jn_audit_keys_free(&audit->keys);
    return 0;
}

bool
jn_audit_is_retracing(const struct jn_audit *audit)
{
    return audit->pass > 0;
}

void
jn_audit_counts(const struct jn_audit *audit, struct jn_audit_counts *counts)
{
    *counts = audit->counts;
}
