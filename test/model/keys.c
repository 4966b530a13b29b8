/* keys.c - the few keys of a round, chosen to be easily mixed up. */
#include "keys.h"

#include <stdbool.h>
#include <string.h>

#include "support/chance.h"

#define ALIKE_MIN 255u
#define LONG_MIN_SIZE 300u

static bool
is_new(const struct keys *keys, const struct key *key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (keys->keys[i].size == key->size &&
            memcmp(keys->keys[i].data, key->data, key->size) == 0)
            return false;
    return true;
}

/* Bytes of which the keys of expressions are made. */
static void
fill_with_chunks(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t) "aab//@"[below(6)];
}

/* A key made of an earlier one and a tail, or of a few bytes of its own. */
static void
make_short(const struct keys *keys, struct key *key)
{
    size_t tail = between(1, 8);

    key->size = 0;
    if (keys->count > 0 && !one_in(3)) {
        *key = keys->keys[below(keys->count)];
        if (key->size > 20)
            key->size = 20;
    }
    fill_randomly(key->data + key->size, tail);
    if (one_in(2))
        memset(key->data + key->size, 0, tail);
    if (one_in(2))
        fill_with_chunks(key->data + key->size, tail);
    key->size += tail;
}

static void
make_long(struct key *key, const uint8_t *alike)
{
    size_t size = between(LONG_MIN_SIZE, KEY_SIZE_MAX);
    size_t shared = between(ALIKE_MIN, size - 1);

    /* Most differ in their last bytes only. */
    if (one_in(3))
        shared = size - 1;
    memcpy(key->data, alike, shared);
    fill_randomly(key->data + shared, size - shared);
    key->size = size;
}

void
keys_make(struct keys *keys, size_t short_ones, size_t long_ones)
{
    uint8_t alike[KEY_SIZE_MAX];

    fill_randomly(alike, sizeof(alike));
    keys->count = 0;
    while (keys->count < short_ones + long_ones) {
        struct key *key = &keys->keys[keys->count];

        if (keys->count < short_ones)
            make_short(keys, key);
        else
            make_long(key, alike);
        if (is_new(keys, key))
            keys->count++;
    }
}

const struct key *
keys_any(const struct keys *keys)
{
    return &keys->keys[below(keys->count)];
}
