/* workload.c - entries made from their numbers, and what they sum up to. */
#include "workload.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bench.h"

uint64_t
workload_mix(uint64_t n)
{
    n += UINT64_C(0x9e3779b97f4a7c15);
    n = (n ^ (n >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    n = (n ^ (n >> 27)) * UINT64_C(0x94d049bb133111eb);
    return n ^ (n >> 31);
}

uint64_t
workload_random(uint64_t *state)
{
    return workload_mix((*state)++);
}

unsigned
workload_group(uint64_t index)
{
    return (unsigned)(workload_mix(index) % 100);
}

void
workload_prefix(unsigned group, unsigned char prefix[PREFIX_SIZE])
{
    prefix[0] = 'k';
    prefix[1] = (unsigned char)('0' + group / 10);
    prefix[2] = (unsigned char)('0' + group % 10);
}

void
workload_key(uint64_t index, unsigned char key[KEY_SIZE])
{
    static const char digits[16] = "0123456789abcdef";
    uint64_t bits = workload_mix(index);

    workload_prefix(workload_group(index), key);
    for (size_t i = PREFIX_SIZE; i < KEY_SIZE; i++)
        key[i] = (unsigned char)digits[bits >> (60 - 4 * i) & 15];
}

static void
make_value(uint64_t seed, unsigned char *value, size_t size)
{
    uint64_t state = workload_mix(~seed);
    uint64_t word;
    size_t i = 0;

    for (; i + sizeof(word) <= size; i += sizeof(word)) {
        word = workload_random(&state);
        memcpy(value + i, &word, sizeof(word));
    }
    word = workload_random(&state);
    memcpy(value + i, &word, size - i);
}

uint64_t
workload_key_of(uint64_t keys, uint64_t n)
{
    return n < keys ? n : workload_mix(n ^ UINT64_C(0x5bd1e995)) % keys;
}

struct item *
workload_items(size_t count, size_t value_size)
{
    struct item *items = bench_resize(NULL,
                                      count * (sizeof(*items) + value_size));
    unsigned char *values = (unsigned char *)(items + count);

    for (size_t i = 0; i < count; i++)
        items[i] = (struct item){.value_size = value_size,
                                 .value = values + i * value_size};
    return items;
}

void
workload_item(uint64_t keys, uint64_t n, struct item *item)
{
    workload_key(workload_key_of(keys, n), item->key);
    make_value(n, item->value, item->value_size);
}

void
workload_draw(uint64_t keys, uint64_t *state, struct item *item)
{
    workload_key(workload_random(state) % keys, item->key);
    make_value(workload_random(state), item->value, item->value_size);
}

struct tally
workload_tally(uint64_t keys, uint64_t first, uint64_t limit, size_t value_size)
{
    struct item *item = workload_items(1, value_size);
    struct tally tally = {0};

    for (uint64_t n = first; n < limit; n++) {
        workload_item(keys != 0 ? keys : 1, n, item);
        tally_item(&tally, item, keys == 0);
    }
    free(item);
    return tally;
}

void
model_make(struct model *model, uint64_t keys, uint64_t count,
           size_t value_size)
{
    struct item *item = workload_items(1, value_size);

    model->keys = keys;
    model->count = count;
    model->value_size = value_size;
    model->sums = bench_resize(NULL, count * sizeof(*model->sums));
    model->latest = bench_resize(NULL, keys * sizeof(*model->latest));
    for (uint64_t n = 0; n < count; n++) {
        workload_item(keys, n, item);
        model->sums[n] = sum_of(item->key, KEY_SIZE) +
                         sum_of(item->value, value_size);
        model->latest[workload_key_of(keys, n)] = n;
    }
    free(item);
}

void
model_free(struct model *model)
{
    free(model->sums);
    free(model->latest);
}

struct tally
model_tally(const struct model *model, uint64_t first, uint64_t limit)
{
    struct tally tally = {0};

    for (uint64_t n = first; n < limit; n++)
        tally_number(&tally, model, n);
    return tally;
}

void
tally_check(const struct tally *got, const struct tally *expected,
            const char *who, const char *work)
{
    if (got->count != expected->count || got->bytes != expected->bytes)
        bench_fail("%s: %s: %" PRIu64 " entries of %" PRIu64
                   " bytes instead of %" PRIu64 " of %" PRIu64,
                   who, work, got->count, got->bytes, expected->count,
                   expected->bytes);
    if (got->sum != expected->sum)
        bench_fail("%s: %s: wrong bytes", who, work);
}
