/* keytable.c - a table from keys to their newest nodes, read without a lock. */
#include "tail/keytable.h"

#include <assert.h>

#define SLOTS_MIN 64u

struct jn_keytable *
jn_keytable_new(struct jn_reclaim *reclaim, size_t count)
{
    struct jn_keytable *table;
    size_t slots = SLOTS_MIN;

    while (slots / 2 < count)
        slots *= 2;
    table = jn_reclaim_new(reclaim,
                           sizeof(*table) + slots * sizeof(struct jn_slot),
                           JN_PIECE_PLAIN);
    if (table == NULL)
        return NULL;
    table->mask = slots - 1;
    table->used = 0;
    for (size_t at = 0; at < slots; at++) {
        atomic_init(&table->slots[at].hash, 0);
        atomic_init(&table->slots[at].seq, 0);
        atomic_init(&table->slots[at].node, NULL);
    }
    return table;
}

bool
jn_keytable_has_room(const struct jn_keytable *table)
{
    return table->used < (table->mask + 1) / 4 * 3;
}

static uint64_t
get_hash(const struct jn_slot *slot)
{
    return atomic_load_explicit(&slot->hash, memory_order_acquire);
}

static uint64_t
get_seq(const struct jn_slot *slot)
{
    return atomic_load_explicit(&slot->seq, memory_order_acquire);
}

/*
 * To be read after the slot's number: it is that one's node or a newer one, so
 * if the number is not below low, the node is there.
 */
static struct jn_key_node *
get_node(const struct jn_slot *slot)
{
    return atomic_load_explicit(&slot->node, memory_order_acquire);
}

/*
 * The slot that leads to nodes of KEY, the newest not below LOW, or the free
 * one to take for it.  There is one, for the table is never full.
 */
static size_t
probe(const struct jn_keytable *table, struct jn_span key, uint64_t hash,
      uint64_t low)
{
    size_t at = (size_t)hash & table->mask;

    for (;; at = (at + 1) & table->mask) {
        const struct jn_slot *slot = &table->slots[at];
        uint64_t there = get_hash(slot);

        if (there == 0)
            return at;
        if (there == hash && get_seq(slot) >= low &&
            jn_span_equal(get_node(slot)->key, key))
            return at;
    }
}

/* The newest node that SLOT leads to in [LOW, LIMIT), or NULL. */
static struct jn_key_node *
follow(const struct jn_slot *slot, uint64_t low, uint64_t limit)
{
    struct jn_key_node *node;

    if (get_hash(slot) == 0 || get_seq(slot) < low)
        return NULL;
    node = get_node(slot);
    while (node->seq >= limit) {
        if (node->older_seq == JN_NODE_NONE || node->older_seq < low)
            return NULL;
        node = node->older;
    }
    return node;
}

/* Makes the slot AT, which probe() gave, lead to NODE. */
static void
lead(struct jn_keytable *table, size_t at, struct jn_key_node *node)
{
    struct jn_slot *slot = &table->slots[at];
    bool fresh = get_hash(slot) == 0;

    assert(node->hash != 0);
    atomic_store_explicit(&slot->node, node, memory_order_release);
    atomic_store_explicit(&slot->seq, node->seq, memory_order_release);
    if (fresh)
        atomic_store_explicit(&slot->hash, node->hash, memory_order_release);
    table->used += fresh;
}

void
jn_keytable_put(struct jn_keytable *table, struct jn_key_node *node,
                uint64_t low)
{
    size_t at = probe(table, node->key, node->hash, low);

    node->older = follow(&table->slots[at], low, JN_NODE_NONE);
    node->older_seq = node->older != NULL ? node->older->seq : JN_NODE_NONE;
    atomic_init(&node->newer, JN_NODE_NONE);
    if (node->older != NULL)
        atomic_store_explicit(&node->older->newer, node->seq,
                              memory_order_relaxed);
    lead(table, at, node);
}

struct jn_keytable *
jn_keytable_copy(struct jn_reclaim *reclaim, const struct jn_keytable *table,
                 uint64_t low, uint64_t limit, size_t more)
{
    struct jn_keytable *copy;
    struct jn_key_node *node;
    size_t live = 0;

    for (size_t at = 0; jn_keytable_each(table, low, limit, &at) != NULL;)
        live++;
    copy = jn_keytable_new(reclaim, live + more);
    if (copy == NULL)
        return NULL;
    for (size_t at = 0;
         (node = jn_keytable_each(table, low, limit, &at)) != NULL;)
        lead(copy, probe(copy, node->key, node->hash, low), node);
    return copy;
}

const struct jn_key_node *
jn_keytable_find(const struct jn_keytable *table, struct jn_span key,
                 uint64_t hash, uint64_t low, uint64_t limit)
{
    return follow(&table->slots[probe(table, key, hash, low)], low, limit);
}

struct jn_key_node *
jn_keytable_each(const struct jn_keytable *table, uint64_t low, uint64_t limit,
                 size_t *at)
{
    while (*at <= table->mask) {
        struct jn_key_node *node = follow(&table->slots[*at], low, limit);

        ++*at;
        if (node != NULL)
            return node;
    }
    return NULL;
}
