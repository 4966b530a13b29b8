/* audit_table.c - the keys whose histories are followed, in bounded memory. */
#include <stdlib.h>

#include "repair/audit_part.h"
#include "base/error.h"

/* ---- keys by hash ------------------------------------------------------- */

void
jn_audit_keys_free(struct jn_audit_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++)
        free(keys->list[i].roots);
    free(keys->list);
    free(keys->slots);
    memset(keys, 0, sizeof(*keys));
}

static size_t
slot_of(const struct jn_audit_keys *keys, uint64_t hash)
{
    return (size_t)(hash & (keys->slot_count - 1));
}

/* The first key of HASH at place I or behind it in its slot, or NULL. */
static struct jn_audit_key *
of_hash(const struct jn_audit_keys *keys, uint32_t i, uint64_t hash)
{
    while (i != JN_AUDIT_NO_KEY && keys->list[i].hash != hash)
        i = keys->list[i].next;
    return i == JN_AUDIT_NO_KEY ? NULL : &keys->list[i];
}

struct jn_audit_key *
jn_audit_key_first(const struct jn_audit_keys *keys, uint64_t hash)
{
    if (keys->slot_count == 0)
        return NULL;
    return of_hash(keys, keys->slots[slot_of(keys, hash)], hash);
}

bool
jn_audit_keys_expect(const struct jn_audit_keys *keys, uint64_t hash)
{
    const struct jn_audit_key *key = jn_audit_key_first(keys, hash);

    while (key != NULL && !key->expected)
        key = of_hash(keys, key->next, hash);
    return key != NULL;
}

static void
enter_slots(struct jn_audit_keys *keys)
{
    for (size_t i = 0; i < keys->slot_count; i++)
        keys->slots[i] = JN_AUDIT_NO_KEY;
    for (size_t i = 0; i < keys->count; i++) {
        uint32_t *slot = &keys->slots[slot_of(keys, keys->list[i].hash)];

        keys->list[i].next = *slot;
        *slot = (uint32_t)i;
    }
}

static int
grow(struct jn_audit_keys *keys)
{
    size_t capacity = keys->capacity == 0 ? 64 : 2 * keys->capacity;
    struct jn_audit_key *list;
    uint32_t *slots;

    if (capacity >= JN_AUDIT_NO_KEY)
        return ENOMEM;
    list = realloc(keys->list, capacity * sizeof(*list));
    if (list == NULL)
        return ENOMEM;
    keys->list = list;
    slots = realloc(keys->slots, capacity * sizeof(*slots));
    if (slots == NULL)
        return ENOMEM;
    keys->slots = slots;
    keys->capacity = keys->slot_count = capacity;
    enter_slots(keys);
    return 0;
}

int
jn_audit_key_add(struct jn_audit_keys *keys, uint64_t hash,
                 struct jn_audit_key **out)
{
    struct jn_audit_key *key;
    uint32_t *slot;

    if (keys->count == keys->capacity && grow(keys) != 0)
        return ENOMEM;
    slot = &keys->slots[slot_of(keys, hash)];
    key = &keys->list[keys->count];
    memset(key, 0, sizeof(*key));
    key->hash = hash;
    key->next = *slot;
    *slot = (uint32_t)keys->count++;
    *out = key;
    return 0;
}

int
jn_audit_key_expect(struct jn_audit *audit, uint64_t hash)
{
    struct jn_audit_key *key = jn_audit_key_first(&audit->keys, hash);
    int rc = key == NULL ? jn_audit_key_add(&audit->keys, hash, &key) : 0;

    if (rc == 0)
        key->expected = true;
    return rc;
}

struct jn_audit_key *
jn_audit_key_choose(const struct jn_audit_keys *keys, uint64_t hash,
                    uint64_t newest)
{
    struct jn_audit_key *chosen = jn_audit_key_first(keys, hash), *key = chosen;

    for (; key != NULL; key = of_hash(keys, key->next, hash)) {
        if (jn_audit_key_newest(key) == newest)
            return key;
        if (chosen->indexed && !key->indexed)
            chosen = key;
    }
    return chosen;
}

int
jn_audit_key_room(struct jn_audit_keys *keys, struct jn_audit_key *key,
                  unsigned count)
{
    unsigned room = key->room == 0 ? 4 : key->room;
    uint64_t *roots;

    while (room < count)
        room *= 2;
    if (room == key->room)
        return 0;
    roots = realloc(key->roots, room * sizeof(*roots));
    if (roots == NULL)
        return ENOMEM;
    keys->root_bytes += (room - key->room) * sizeof(*roots);
    key->roots = roots;
    key->room = (uint8_t)room;
    return 0;
}

/* ---- bounds ------------------------------------------------------------- */

static size_t
bytes_of(const struct jn_audit_keys *keys)
{
    return keys->count * (sizeof(*keys->list) + sizeof(*keys->slots)) +
           keys->root_bytes;
}

/* The bucket below which about half of the keys are; LIMIT if there is none. */
static unsigned
middle_of(const struct jn_audit *audit)
{
    size_t counts[JN_AUDIT_BUCKETS] = {0}, below = 0;
    unsigned bucket = audit->from;

    for (size_t i = 0; i < audit->keys.count; i++)
        counts[jn_audit_bucket(audit->keys.list[i].hash)]++;
    while (bucket < audit->limit && below + counts[bucket] == 0)
        bucket++;
    for (; bucket < audit->limit; bucket++) {
        if (below > 0 && below + counts[bucket] > audit->keys.count / 2)
            break;
        below += counts[bucket];
    }
    return bucket;
}

static void
drop_from(struct jn_audit_keys *keys, unsigned limit)
{
    size_t kept = 0;

    for (size_t i = 0; i < keys->count; i++) {
        struct jn_audit_key *key = &keys->list[i];

        if (jn_audit_bucket(key->hash) < limit) {
            keys->list[kept++] = *key;
            continue;
        }
        keys->root_bytes -= key->room * sizeof(*key->roots);
        free(key->roots);
    }
    keys->count = kept;
    enter_slots(keys);
}

void
jn_audit_keys_bound(struct jn_audit *audit)
{
    unsigned limit;

    if (bytes_of(&audit->keys) <= audit->keys_bytes_max)
        return;
    limit = middle_of(audit);
    if (limit == audit->limit)
        audit->keys_bytes_max *= 2; /* all are of one bucket */
    for (unsigned i = limit; i < audit->limit; i++)
        audit->links_bad_of[i] = 0;
    audit->limit = limit;
    drop_from(&audit->keys, limit);
}
