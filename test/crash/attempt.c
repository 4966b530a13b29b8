/* attempt.c - records that say which append they belong to. */
#include "attempt.h"

#include <stdio.h>
#include <string.h>

#include "support/test.h"

#define POOL_SIZE 65536u
#define LONG_KEYS 2u
#define LONG_SIZE 400u

static uint64_t salt;
static uint8_t pool[POOL_SIZE];

static struct {
    char bytes[LONG_SIZE];
    size_t size;
} keys[ATTEMPT_KEYS];

void
attempts_start(uint64_t new_salt)
{
    uint64_t state = salt = new_salt;

    for (size_t i = 0; i < POOL_SIZE; i++)
        pool[i] = (uint8_t)test_random(&state);
    for (unsigned i = 0; i < ATTEMPT_KEYS; i++) {
        memset(keys[i].bytes, 'k', LONG_SIZE);
        keys[i].size = i < LONG_KEYS ? LONG_SIZE : 4 + i;
        keys[i].bytes[keys[i].size - 1] = (char)('0' + i);
    }
}

const void *
attempt_key(unsigned which, size_t *size)
{
    *size = keys[which].size;
    return keys[which].bytes;
}

unsigned
attempt_which_key(const void *key, size_t size)
{
    unsigned which = 0;

    while (which < ATTEMPT_KEYS && (keys[which].size != size ||
                                    memcmp(keys[which].bytes, key, size) != 0))
        which++;
    return which;
}

/* ---- numbers ------------------------------------------------------------ */

uint64_t
attempt_number(uint64_t round, unsigned writer, unsigned operation)
{
    return round << 24 | writer << 16 | operation;
}

uint64_t
attempt_round(uint64_t number)
{
    return number >> 24;
}

unsigned
attempt_writer(uint64_t number)
{
    return number >> 16 & 0xff;
}

unsigned
attempt_operation(uint64_t number)
{
    return number & 0xffff;
}

static uint64_t
start_of(uint64_t number, size_t index)
{
    uint64_t state = salt ^ number;
    uint64_t mixed = test_random(&state);

    return mixed + index;
}

static size_t
count_of(uint64_t number)
{
    uint64_t state = start_of(number, ATTEMPT_RECORDS_MAX);

    if (test_random(&state) % 2 == 0)
        return 1;
    if (test_random(&state) % 12 == 0)
        return ATTEMPT_RECORDS_MAX;
    return 2 + test_random(&state) % 6;
}

/* ---- records ------------------------------------------------------------ */

static void
write_head(uint8_t *head, uint64_t number, uint64_t index, uint64_t count)
{
    memcpy(head, &number, sizeof(number));
    memcpy(head + 8, &index, sizeof(index));
    memcpy(head + 16, &count, sizeof(count));
}

bool
attempt_of(const struct journal_entry *entry, uint64_t *number, size_t *index,
           size_t *count)
{
    const uint8_t *head = entry->meta;
    uint64_t words[3];

    if (entry->meta_size != ATTEMPT_HEAD)
        return false;
    memcpy(words, head, sizeof(words));
    *number = words[0];
    *index = words[1];
    *count = words[2];
    return words[1] < words[2] && words[2] <= ATTEMPT_RECORDS_MAX;
}

static size_t
value_size(uint64_t *state)
{
    switch (test_random(state) % 24) {
    case 0:
        return 3000 + test_random(state) % 9000;
    case 1:
        return 0;
    default:
        return test_random(state) % 200;
    }
}

static void
make_record(struct journal_record *record, uint8_t *head, uint64_t number,
            size_t index)
{
    uint64_t state = start_of(number, index);
    unsigned key = (unsigned)(test_random(&state) % (ATTEMPT_KEYS + 1));

    memset(record, 0, sizeof(*record));
    write_head(head, number, index, count_of(number));
    record->meta = head;
    record->meta_size = ATTEMPT_HEAD;
    if (key != ATTEMPT_NO_KEY)
        record->key = attempt_key(key, &record->key_size);
    if (key != ATTEMPT_NO_KEY && test_random(&state) % 8 == 0) {
        record->flags |= JOURNAL_TOMBSTONE;
    } else {
        record->value_size = value_size(&state);
        record->value = pool +
                        test_random(&state) % (POOL_SIZE - record->value_size);
    }
    if (test_random(&state) % 4 == 0) {
        record->flags |= JOURNAL_STAMPED;
        record->stamp.time = number;
    }
}

void
attempt_make(struct attempt *attempt, uint64_t number)
{
    attempt->number = number;
    attempt->count = count_of(number);
    for (size_t i = 0; i < attempt->count; i++)
        make_record(&attempt->records[i], attempt->heads[i], number, i);
}

static bool
same(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

const char *
attempt_difference(const struct journal_entry *entry, uint64_t number,
                   size_t index)
{
    struct journal_record record;
    uint8_t head[ATTEMPT_HEAD];

    make_record(&record, head, number, index);
    if (!same(entry->meta, entry->meta_size, head, sizeof(head)))
        return "its meta is wrong";
    if (!same(entry->key, entry->key_size, record.key, record.key_size))
        return "its key is wrong";
    if (!same(entry->value, entry->value_size, record.value, record.value_size))
        return "its value is wrong";
    if (entry->flags != record.flags)
        return "its flags are wrong";
    if (entry->stamp.time != record.stamp.time ||
        memcmp(entry->stamp.id, record.stamp.id, sizeof(record.stamp.id)) != 0)
        return "its stamp is wrong";
    return NULL;
}
