/* life.c - what a journal went through, and what it has to be after that. */
#include "life.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

#define VALUE_MAX 40000u

/* A key so long that the index has its hash. */
#define LONG_10 "long/long/"
#define LONG_100                                                               \
    LONG_10 LONG_10 LONG_10 LONG_10 LONG_10 LONG_10 LONG_10 LONG_10 LONG_10    \
        LONG_10
#define LONG_600 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100 LONG_100

const char *const life_marks[LIFE_MARKS] = {"shipped", "audited"};

struct life *
life_new(void)
{
    return test_shared(sizeof(struct life));
}

/* ---- entries ------------------------------------------------------------ */

const char *
life_key(unsigned i)
{
    static const char *const keys[LIFE_KEYS] = {"a",         "account/1",
                                                "account/2", "account/2/name",
                                                "order",     "order/77",
                                                LONG_600};

    return keys[i];
}

unsigned
life_key_number(const void *key, size_t size)
{
    unsigned i = 0;

    while (i < LIFE_KEYS &&
           (strlen(life_key(i)) != size || memcmp(life_key(i), key, size) != 0))
        i++;
    return i;
}

static uint64_t
chance_of(const struct tag *tag)
{
    uint64_t state = tag->salt ^
                     ((uint64_t)tag->deed << 32 | (uint64_t)(tag->part + 1));

    return test_random(&state);
}

/*
 * In one life of four entries take as many bytes as each other, or as much more
 * as the frame takes that begins a run: after a crash a new one ends with that
 * frame where the lost one of its number did.  What is left of those behind it
 * must not be taken to follow on.
 */
#define RUN_FRAME 48u

static bool
is_uniform(uint64_t salt)
{
    return salt % 4 == 1;
}

/*
 * Most values are small, some take a page, a few several; in another life of
 * four nearly all are large, so that a tail is soon full.
 */
static size_t
value_size(uint64_t salt, uint64_t *chance)
{
    static const unsigned sizes[2][8] = {{40, 40, 40, 40, 200, 200, 900, 3000},
                                         {40, 900, 900, 3000, 3000, 6000, 6000,
                                          14000}};
    unsigned kind = test_random(chance) % 64;

    if (is_uniform(salt))
        return 16 + kind % 2 * RUN_FRAME;
    if (kind == 0)
        return test_random(chance) % VALUE_MAX;
    return test_random(chance) % sizes[salt % 4 == 0][kind % 8];
}

static unsigned
key_of(uint64_t salt, uint64_t *chance)
{
    if (is_uniform(salt))
        return LIFE_KEYS;
    return (unsigned)(test_random(chance) % (LIFE_KEYS + 1));
}

static bool
is_tombstone(uint64_t *chance, unsigned key)
{
    return test_random(chance) % 8 == 0 && key < LIFE_KEYS;
}

/* Words that differ; in a hurry, for each entry of each image has its own. */
static void
fill(uint8_t *value, size_t size, uint64_t *chance)
{
    uint64_t word = test_random(chance);
    size_t at;

    for (at = 0; at + sizeof(word) <= size; at += sizeof(word)) {
        memcpy(value + at, &word, sizeof(word));
        word += UINT64_C(6364136223846793005);
    }
    memcpy(value + at, &word, size - at);
}

struct journal_record
life_record(const struct tag *tag)
{
    static _Thread_local struct tag metas[LIFE_BATCH];
    static _Thread_local uint8_t values[LIFE_BATCH][VALUE_MAX];
    struct tag *meta = &metas[tag->part % LIFE_BATCH];
    uint8_t *value = values[tag->part % LIFE_BATCH];
    uint64_t chance = chance_of(tag);
    unsigned key = key_of(tag->salt, &chance);
    struct journal_record record = {.meta = meta, .meta_size = sizeof(*meta)};

    memset(meta, 0, sizeof(*meta));
    *meta = *tag;
    if (key < LIFE_KEYS) {
        record.key = life_key(key);
        record.key_size = strlen(life_key(key));
    }
    if (is_tombstone(&chance, key)) {
        record.flags = JOURNAL_TOMBSTONE;
        return record;
    }
    record.value = value;
    record.value_size = value_size(tag->salt, &chance);
    fill(value, record.value_size, &chance);
    return record;
}

void
slot_set(struct slot *slot, const struct tag *tag)
{
    uint64_t chance = chance_of(tag);
    unsigned key = key_of(tag->salt, &chance);

    slot->there = true;
    slot->tag = *tag;
    slot->key = (uint8_t)key;
    slot->tombstone = is_tombstone(&chance, key);
}

/* ---- states ------------------------------------------------------------- */

void
state_init(struct state *state)
{
    memset(state, 0, sizeof(*state));
    for (unsigned i = 0; i < LIFE_MARKS; i++)
        state->mark[i] = JOURNAL_NONE;
}

void
state_copy(struct state *to, const struct state *from)
{
    to->size = from->size;
    memcpy(to->mark, from->mark, sizeof(to->mark));
    memcpy(to->slot, from->slot, from->size * sizeof(from->slot[0]));
}

uint64_t
state_first(const struct state *state)
{
    uint64_t seq = 0;

    while (seq < state->size && !state->slot[seq].there)
        seq++;
    return seq;
}

static bool
append(struct state *state, const struct life *life, uint32_t number)
{
    const struct deed *deed = &life->deeds[number];
    struct tag tag = {.salt = life->salt, .deed = number};

    if (state->size + deed->count > LIFE_ENTRIES)
        return false;
    for (tag.part = 0; tag.part < deed->count; tag.part++)
        slot_set(&state->slot[state->size++], &tag);
    return true;
}

static void
prune(struct state *state, uint64_t before, bool keep_latest)
{
    bool seen[LIFE_KEYS + 1] = {false};

    for (uint64_t seq = state->size; seq-- > 0;) {
        struct slot *slot = &state->slot[seq];
        bool stays;

        if (!slot->there)
            continue;
        stays = keep_latest && slot->key < LIFE_KEYS && !seen[slot->key] &&
                !slot->tombstone;
        seen[slot->key] = true;
        if (seq < before && !stays)
            slot->there = false;
    }
}

static void
rewind_to(struct state *state, uint64_t size)
{
    state->size = size;
    for (unsigned i = 0; i < LIFE_MARKS; i++)
        if (state->mark[i] != JOURNAL_NONE && state->mark[i] > size)
            state->mark[i] = size;
}

bool
state_apply(struct state *state, const struct life *life, uint32_t number)
{
    const struct deed *deed = &life->deeds[number];

    switch (deed->kind) {
    case DEED_APPEND:
        return append(state, life, number);
    case DEED_PRUNE:
    case DEED_COMPACT:
        prune(state, deed->seq, deed->kind == DEED_COMPACT);
        break;
    case DEED_REWIND:
        rewind_to(state, deed->seq);
        break;
    case DEED_MARK:
        state->mark[deed->mark] = deed->seq;
        break;
    default:
        break;
    }
    return true;
}

static bool
slots_equal(const struct slot *a, const struct slot *b)
{
    return a->there == b->there && (!a->there || (a->tag.salt == b->tag.salt &&
                                                  a->tag.deed == b->tag.deed &&
                                                  a->tag.part == b->tag.part));
}

bool
state_equals(const struct state *a, const struct state *b)
{
    if (a->size != b->size)
        return false;
    for (unsigned i = 0; i < LIFE_MARKS; i++)
        if (a->mark[i] != b->mark[i])
            return false;
    for (uint64_t seq = 0; seq < a->size; seq++)
        if (!slots_equal(&a->slot[seq], &b->slot[seq]))
            return false;
    return true;
}

static bool
is_shorter_prune(const struct state *state, const struct state *after,
                 const struct state *image)
{
    bool stopped = false;

    if (image->size != state->size ||
        memcmp(image->mark, state->mark, sizeof(state->mark)) != 0)
        return false;
    for (uint64_t seq = 0; seq < state->size; seq++) {
        const struct slot *slot = &image->slot[seq];

        if (slots_equal(&state->slot[seq], &after->slot[seq])) {
            if (!slots_equal(slot, &state->slot[seq]))
                return false;
        } else if (slot->there) {
            stopped = true;
            if (!slots_equal(slot, &state->slot[seq]))
                return false;
        } else if (stopped) {
            return false;
        }
    }
    return true;
}

static bool
is_shorter_rewind(const struct state *state, uint64_t target,
                  const struct state *image)
{
    if (image->size < target || image->size > state->size)
        return false;
    for (unsigned i = 0; i < LIFE_MARKS; i++) {
        uint64_t mark = image->mark[i], old = state->mark[i];

        /* It moves with the step that takes away what it stood on. */
        if (mark != old && (old == JOURNAL_NONE || old <= target ||
                            mark > old || mark < target))
            return false;
        if (mark != JOURNAL_NONE && mark > image->size)
            return false;
    }
    for (uint64_t seq = 0; seq < image->size; seq++)
        if (!slots_equal(&image->slot[seq], &state->slot[seq]))
            return false;
    return true;
}

bool
state_is_between(const struct state *state, const struct life *life,
                 uint32_t number, const struct state *image)
{
    static struct state after;
    const struct deed *deed = &life->deeds[number];

    if (deed->kind == DEED_REWIND)
        return is_shorter_rewind(state, deed->asked, image);
    if (deed->kind != DEED_PRUNE && deed->kind != DEED_COMPACT)
        return false;
    state_copy(&after, state);
    prune(&after, deed->asked, deed->kind == DEED_COMPACT);
    return is_shorter_prune(state, &after, image);
}
