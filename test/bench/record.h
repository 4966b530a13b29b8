/*
 * record.h - how an entry is kept where the store gives bytes no meaning.
 *
 * A head of its time and two sizes, then key and value.  An entry without a key
 * leaves that out.
 */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

#include <stdbool.h>
#include <time.h>

#include "workload.h"

struct record_head {
    uint64_t time;
    uint32_t key_size;
    uint32_t value_size;
};

#define RECORD_HEAD sizeof(struct record_head)
#define RECORD_MAX (RECORD_HEAD + KEY_SIZE + VALUE_SIZE_MAX)

/* Nanoseconds since 1970. */
static inline uint64_t
record_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* There is room for RECORD_MAX, or for what it takes; returns that. */
static inline size_t
record_pack(unsigned char *bytes, uint64_t time, const struct item *item,
            bool keyless)
{
    struct record_head head = {.time = time,
                               .key_size = keyless ? 0 : KEY_SIZE,
                               .value_size = (uint32_t)item->value_size};

    memcpy(bytes, &head, RECORD_HEAD);
    memcpy(bytes + RECORD_HEAD, item->key, head.key_size);
    memcpy(bytes + RECORD_HEAD + head.key_size, item->value, item->value_size);
    return RECORD_HEAD + head.key_size + item->value_size;
}

/* Looks at the entry where it lies; false if SIZE is not a record's. */
static inline bool
record_tally(const void *record, size_t size, struct tally *tally)
{
    const unsigned char *key = (const unsigned char *)record + RECORD_HEAD;
    struct record_head head;

    if (size < RECORD_HEAD)
        return false;
    memcpy(&head, record, RECORD_HEAD);
    if (head.key_size > KEY_SIZE || head.value_size > VALUE_SIZE_MAX ||
        size != RECORD_HEAD + head.key_size + head.value_size)
        return false;
    tally_add(tally, key, head.key_size, key + head.key_size, head.value_size);
    return true;
}

#endif
