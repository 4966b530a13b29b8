/*
 * workload.h - the entries that every engine is given, and what must come back.
 *
 * Entry number N is a function of N alone, so that a result can be checked
 * without keeping the data.  The first entries take each key once; those after
 * them take keys at random.  Nothing in them can be compressed.
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define KEY_SIZE 16u
#define PREFIX_SIZE 3u
#define VALUE_SIZE 100u /* unless one says otherwise */
#define VALUE_SIZE_MAX 65536u

struct item {
    unsigned char key[KEY_SIZE];
    size_t value_size;
    unsigned char *value; /* room for so many bytes */
};

/* What has been appended or read: order does not matter, every byte does. */
struct tally {
    uint64_t count;
    uint64_t bytes;
    uint64_t sum;
};

/* What a journal of COUNT entries must hold. */
struct model {
    uint64_t keys;
    uint64_t count;
    size_t value_size;
    uint64_t *sums;   /* of each entry */
    uint64_t *latest; /* the number of each key's latest entry */
};

/* A number whose bits all depend on all of N's. */
uint64_t workload_mix(uint64_t n);

/* The next of a row of random numbers. */
uint64_t workload_random(uint64_t *state);

/*
 * The key numbered INDEX.  All begin with the same byte, and then with one of a
 * hundred prefixes, which belong to groups of about as many keys.
 */
void workload_key(uint64_t index, unsigned char key[KEY_SIZE]);
unsigned workload_group(uint64_t index);
void workload_prefix(unsigned group, unsigned char prefix[PREFIX_SIZE]);

/* The index of the key of entry N over KEYS keys. */
uint64_t workload_key_of(uint64_t keys, uint64_t n);

/* COUNT items with room for values of VALUE_SIZE bytes; for free(). */
struct item *workload_items(size_t count, size_t value_size);

/* Entry N over KEYS keys. */
void workload_item(uint64_t keys, uint64_t n, struct item *item);

/* Some entry over KEYS keys. */
void workload_draw(uint64_t keys, uint64_t *state, struct item *item);

/* The tally of the entries [first, limit) over KEYS keys, 0: without them. */
struct tally workload_tally(uint64_t keys, uint64_t first, uint64_t limit,
                            size_t value_size);

void model_make(struct model *model, uint64_t keys, uint64_t count,
                size_t value_size);
void model_free(struct model *model);

/* The same from the model, whose keys they have. */
struct tally model_tally(const struct model *model, uint64_t first,
                         uint64_t limit);

static inline uint64_t
sum_of(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t sum = 0;
    uint64_t word;

    for (; size >= sizeof(word); size -= sizeof(word)) {
        memcpy(&word, bytes, sizeof(word));
        bytes += sizeof(word);
        sum += word;
    }
    while (size-- > 0)
        sum += *bytes++;
    return sum;
}

/* The work of a reader: to look at every byte. */
static inline void
tally_add(struct tally *tally, const void *key, size_t key_size,
          const void *value, size_t value_size)
{
    tally->count++;
    tally->bytes += key_size + value_size;
    tally->sum += sum_of(key, key_size) + sum_of(value, value_size);
}

/* An entry that has been appended; KEYLESS: without its key. */
static inline void
tally_item(struct tally *tally, const struct item *item, bool keyless)
{
    tally_add(tally, item->key, keyless ? 0 : KEY_SIZE, item->value,
              item->value_size);
}

/* Entry N of MODEL. */
static inline void
tally_number(struct tally *tally, const struct model *model, uint64_t n)
{
    tally->count++;
    tally->bytes += KEY_SIZE + model->value_size;
    tally->sum += model->sums[n];
}

static inline void
tally_join(struct tally *tally, const struct tally *other)
{
    tally->count += other->count;
    tally->bytes += other->bytes;
    tally->sum += other->sum;
}

/* Ends the program, naming WHO and WORK, unless both are the same. */
void tally_check(const struct tally *got, const struct tally *expected,
                 const char *who, const char *work);

#endif
