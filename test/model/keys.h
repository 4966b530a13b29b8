/* keys.h - the few keys of a round, chosen to be easily mixed up. */
#ifndef TEST_MODEL_KEYS_H
#define TEST_MODEL_KEYS_H

#include <stddef.h>
#include <stdint.h>

#define KEYS_MAX 24u
#define KEY_SIZE_MAX 3000u

struct key {
    uint8_t data[KEY_SIZE_MAX];
    size_t size;
};

struct keys {
    struct key keys[KEYS_MAX];
    size_t count;
};

/*
 * SHORT_ONES of 1 to some 30 bytes, of which some begin like others, hold NUL
 * or are made of chunks, and LONG_ONES of 300 to 3000 bytes that begin alike
 * for 255 and more.
 */
void keys_make(struct keys *keys, size_t short_ones, size_t long_ones);

const struct key *keys_any(const struct keys *keys);

#endif
