/* audit_ahead.c - rows of the index that are ahead of the store. */
#include <stdlib.h>

#include "repair/audit_part.h"
#include "base/checksum.h"
#include "base/error.h"
#include "journal/view.h"

/* ---- keys that have a part in it ----------------------------------------- */

static struct jn_audit_ahead_key *
of_hash(const struct jn_audit_ahead *ahead, uint32_t i, uint64_t hash)
{
    while (i != JN_AUDIT_NO_KEY && ahead->list[i].hash != hash)
        i = ahead->list[i].next;
    return i == JN_AUDIT_NO_KEY ? NULL : &ahead->list[i];
}

static uint32_t *
slot_of(const struct jn_audit_ahead *ahead, uint64_t hash)
{
    return &ahead->slots[hash & (ahead->capacity - 1)];
}

static struct jn_audit_ahead_key *
first_of(const struct jn_audit_ahead *ahead, uint64_t hash)
{
    return ahead->capacity == 0 ? NULL
                                : of_hash(ahead, *slot_of(ahead, hash), hash);
}

/* The key itself, where the index may have but a hash of it. */
static uint64_t
whole_hash(const struct jn_audit_entry *entry)
{
    return jn_hash64(entry->record.key, 0);
}

static struct jn_audit_ahead_key *
find_key(const struct jn_audit_ahead *ahead, const struct jn_audit_entry *entry)
{
    struct jn_audit_ahead_key *key = first_of(ahead, entry->hash);
    uint64_t whole = whole_hash(entry);

    while (key != NULL && key->whole != whole)
        key = of_hash(ahead, key->next, entry->hash);
    return key;
}

static int
grow(struct jn_audit_ahead *ahead)
{
    size_t capacity = ahead->capacity == 0 ? 64 : 2 * ahead->capacity;
    struct jn_audit_ahead_key *list;
    uint32_t *slots;

    if (capacity >= JN_AUDIT_NO_KEY)
        return ENOMEM;
    list = realloc(ahead->list, capacity * sizeof(*list));
    if (list == NULL)
        return ENOMEM;
    ahead->list = list;
    slots = realloc(ahead->slots, capacity * sizeof(*slots));
    if (slots == NULL)
        return ENOMEM;
    ahead->slots = slots;
    ahead->capacity = capacity;
    for (size_t i = 0; i < capacity; i++)
        slots[i] = JN_AUDIT_NO_KEY;
    for (size_t i = 0; i < ahead->count; i++) {
        uint32_t *slot = slot_of(ahead, list[i].hash);

        list[i].next = *slot;
        *slot = (uint32_t)i;
    }
    return 0;
}

static int
add_key(struct jn_audit_ahead *ahead, const struct jn_audit_entry *entry,
        struct jn_audit_ahead_key **out)
{
    struct jn_audit_ahead_key *key;
    uint32_t *slot;

    if (ahead->count == ahead->capacity && grow(ahead) != 0)
        return ENOMEM;
    slot = slot_of(ahead, entry->hash);
    key = &ahead->list[ahead->count];
    *key = (struct jn_audit_ahead_key){.hash = entry->hash,
                                       .whole = whole_hash(entry),
                                       .first = entry->seq,
                                       .prev = entry->links.prev,
                                       .next = *slot};
    *slot = (uint32_t)ahead->count++;
    *out = key;
    return 0;
}

void
jn_audit_ahead_free(struct jn_audit_ahead *ahead)
{
    free(ahead->list);
    free(ahead->slots);
    free(ahead->present.bits);
    memset(ahead, 0, sizeof(*ahead));
}

/* ---- what is recent ------------------------------------------------------ */

void
jn_audit_ahead_begin(struct jn_audit_ahead *ahead,
                     const struct jn_tail_row *row)
{
    ahead->row = *row;
    jn_audit_set_init(&ahead->present, row->next, row->ahead);
}

/* Of any two chains that differ another. */
static uint64_t
hash_of_chain(const struct jn_chain *chain)
{
    uint8_t bytes[JN_CHAIN_MAX];
    uint8_t *end = jn_chain_encode(bytes, chain, 0);

    return jn_hash64(jn_span(bytes, (size_t)(end - bytes)), 0);
}

static void
note_newest(struct jn_audit_ahead_key *key,
            const struct jn_audit_recent *recent, struct jn_span name)
{
    struct jn_index_key index_key;
    struct jn_chain chain;

    jn_index_make(&index_key, name);
    key->newest = recent->seq;
    key->chain_known = jn_view_chain(&chain, jn_index_span(&index_key),
                                     recent->chain) == 0;
    if (key->chain_known)
        key->chain = hash_of_chain(&chain);
}

int
jn_audit_ahead_expect(struct jn_audit_ahead *ahead,
                      const struct jn_audit_recent *recent,
                      const struct jn_audit_entry *entry)
{
    struct jn_audit_ahead_key *key;
    int rc = 0;

    if (recent->seq < ahead->row.next || recent->seq >= ahead->row.ahead)
        return 0;
    ahead->met++;
    if (jn_audit_set_add(&ahead->present, recent->seq) != 0)
        return ENOMEM;
    if (entry->record.key.size == 0)
        return 0;
    key = find_key(ahead, entry);
    if (key == NULL) {
        rc = add_key(ahead, entry, &key);
        if (rc == 0)
            key->buried = recent->buried;
    }
    if (rc == 0)
        note_newest(key, recent, entry->record.key);
    return rc;
}

/* ---- rows ---------------------------------------------------------------- */

/* The key whose newest entry is SEQ, or NULL. */
static struct jn_audit_ahead_key *
of_newest(const struct jn_audit_ahead *ahead, uint64_t hash, uint64_t seq)
{
    struct jn_audit_ahead_key *key = first_of(ahead, hash);

    while (key != NULL && key->newest != seq)
        key = of_hash(ahead, key->next, hash);
    return key;
}

struct jn_audit_ahead_key *
jn_audit_ahead_find(struct jn_audit_ahead *ahead, uint64_t hash,
                    const struct jn_chain *chain)
{
    struct jn_audit_ahead_key *key = of_newest(ahead, hash, chain->roots[0]);

    if (key == NULL || !key->chain_known || key->chain == hash_of_chain(chain))
        return key;
    key->blamed = true;
    return NULL;
}

bool
jn_audit_ahead_is_lost(const struct jn_audit_ahead *ahead, uint64_t seq)
{
    return seq >= ahead->row.next && seq < ahead->row.ahead &&
           !jn_audit_set_has(&ahead->present, seq);
}

void
jn_audit_ahead_excuse(struct jn_audit_ahead *ahead, uint64_t hash)
{
    struct jn_audit_ahead_key *key = first_of(ahead, hash);

    for (; key != NULL; key = of_hash(ahead, key->next, hash))
        key->excused = !key->keyed;
}

bool
jn_audit_ahead_is_excused(const struct jn_audit_ahead *ahead, uint64_t hash)
{
    const struct jn_audit_ahead_key *key = first_of(ahead, hash);

    while (key != NULL && !key->excused)
        key = of_hash(ahead, key->next, hash);
    return key != NULL;
}

void
jn_audit_ahead_excuse_keys(struct jn_audit *audit)
{
    const struct jn_audit_ahead *ahead = &audit->ahead;

    for (size_t i = 0; i < ahead->count; i++) {
        const struct jn_audit_ahead_key *key = &ahead->list[i];

        if (key->excused)
            jn_audit_key_is_ahead(audit, key->hash, key->prev, true);
    }
}

/* Where all have been written each key must have its row. */
uint64_t
jn_audit_ahead_unkeyed(struct jn_audit_ahead *ahead)
{
    uint64_t count = 0;

    if (ahead->row.keyed != JN_ALL_KEYED)
        return 0;
    for (size_t i = 0; i < ahead->count; i++) {
        struct jn_audit_ahead_key *key = &ahead->list[i];

        count += !key->keyed && !key->excused;
        key->excused = !key->keyed;
    }
    return count;
}

/* ---- entries to which they lead ------------------------------------------ */

/* Rows are written in the order of their keys. */
static void
note_order(struct jn_audit_ahead *ahead, const struct jn_audit_ahead_key *key,
           struct jn_span name)
{
    struct jn_span *end = key->keyed ? &ahead->highest : &ahead->lowest;

    if (end->size == 0 || (jn_span_compare(name, *end) < 0) != key->keyed)
        *end = name;
}

bool
jn_audit_ahead_leads_to(struct jn_audit_ahead *ahead,
                        const struct jn_audit_entry *entry)
{
    const struct jn_audit_ahead_key *key;

    if (entry->seq >= ahead->row.ahead)
        return false;
    key = find_key(ahead, entry);
    if (key == NULL)
        return false;
    if (key->newest == entry->seq)
        note_order(ahead, key, entry->record.key);
    return key->keyed;
}

bool
jn_audit_ahead_begins(const struct jn_audit_ahead *ahead,
                      const struct jn_audit_entry *entry)
{
    const struct jn_audit_ahead_key *key;

    if (entry->seq >= ahead->row.ahead)
        return false;
    key = find_key(ahead, entry);
    return key != NULL && key->keyed && key->first == entry->seq;
}

bool
jn_audit_ahead_blames_row(const struct jn_audit_ahead *ahead,
                          const struct jn_audit_entry *entry)
{
    const struct jn_audit_ahead_key *key;

    key = entry->seq < ahead->row.ahead ? find_key(ahead, entry) : NULL;
    return key != NULL && key->blamed && key->newest == entry->seq;
}

/* ---- figures ------------------------------------------------------------- */

bool
jn_audit_ahead_is_whole(const struct jn_audit_ahead *ahead)
{
    return ahead->met == ahead->row.ahead - ahead->row.next;
}

static bool
is_new(const struct jn_audit *audit, const struct jn_audit_ahead_key *key)
{
    return key->prev == JOURNAL_NONE || jn_audit_is_pruned(audit, key->prev);
}

bool
jn_audit_ahead_is_right(const struct jn_audit *audit)
{
    const struct jn_audit_ahead *ahead = &audit->ahead;
    uint64_t keyed = 0, rows = 0;

    for (size_t i = 0; i < ahead->count; i++) {
        keyed += ahead->list[i].keyed;
        rows += ahead->list[i].keyed && is_new(audit, &ahead->list[i]);
    }
    if (rows != ahead->row.ahead_rows)
        return false;
    return ahead->row.keyed == JN_ALL_KEYED ||
           (keyed == ahead->row.keyed &&
            (keyed == 0 || keyed == ahead->count ||
             jn_span_compare(ahead->highest, ahead->lowest) < 0));
}
