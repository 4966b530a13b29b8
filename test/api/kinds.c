/* kinds.c - journals of every kind, for what is about all of a journal. */
#include "kinds.h"

#include <stdio.h>
#include <string.h>

#include "support/chance.h"

/* ---- entries ------------------------------------------------------------- */

static char bytes[200000];

#define KEY_ROOM 600u

/* A record of any kind; KEY has room for its key. */
static struct journal_record
any_record(char *key)
{
    struct journal_record made = {.key = key};
    uint64_t name = below(40);

    memset(key, 'k', KEY_ROOM);
    (void)snprintf(key + 1, 20, "%02u/", (unsigned)name);
    made.key_size = name == 0 ? 0 : (name % 5 == 0 ? 300 + name : 3 + name);
    if (name > 0 && below(8) == 0)
        made.flags |= JOURNAL_TOMBSTONE;
    if (below(3) == 0) {
        made.flags |= JOURNAL_STAMPED;
        made.stamp.time = UINT64_C(1) << 40;
        made.stamp.id[3] = (uint8_t)name;
    }
    made.meta = bytes;
    made.meta_size = below(4) == 0 ? below(300) : 0;
    made.value = bytes + below(100);
    if ((made.flags & JOURNAL_TOMBSTONE) == 0)
        made.value_size = below(below(50) == 0 ? 150000 : 200);
    return made;
}

#define BATCH 50u

void
append_any(struct journal *to, unsigned count, uint64_t choice)
{
    static char keys[BATCH][KEY_ROOM];
    struct journal_record made[BATCH];

    if (choice != 0)
        chance_start(choice);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)('a' + i % 26);
    for (unsigned i = 0; i < count; i += BATCH) {
        unsigned some = count - i < BATCH ? count - i : BATCH;

        for (unsigned j = 0; j < some; j++)
            made[j] = any_record(keys[j]);
        ck_assert_int_eq(journal_append_batch(to, made, some, NULL), 0);
    }
}

void
append_megabytes(unsigned count)
{
    const struct journal_record big = {.key = "big",
                                       .key_size = 3,
                                       .value = bytes,
                                       .value_size = 100000};
    struct journal_record records[10];

    for (unsigned i = 0; i < 10; i++)
        records[i] = big;
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(journal_append_batch(journal, records, 10, NULL), 0);
}

/* ---- journals ------------------------------------------------------------ */

static void
prune(uint64_t before, uint32_t flags)
{
    ck_assert_int_eq(journal_prune(journal, before, flags, NULL), 0);
}

static void
make_empty(void)
{
}

static void
make_small(void)
{
    append("key", "value");
}

static void
make_large(void)
{
    append_any(journal, 1500, 0);
    ck_assert_int_eq(journal_mark(journal, "reader", 700), 0);
    ck_assert_int_eq(journal_mark(journal, "other reader", 1500), 0);
}

static void
make_pruned(void)
{
    append_any(journal, 600, 0);
    prune(500 + below(100), 0);
    append_any(journal, 100, 0);
}

static void
make_pruned_empty(void)
{
    append_any(journal, 100, 0);
    prune(100, 0);
}

static void
make_compacted(void)
{
    append_any(journal, 600, 0);
    prune(300 + below(200), JOURNAL_PRUNE_KEEP_LATEST);
    append_any(journal, 100, 0);
}

static void
make_rewound(void)
{
    append_any(journal, 600, 0);
    ck_assert_int_eq(journal_mark(journal, "reader", 600), 0);
    ck_assert_int_eq(journal_rewind(journal, 350), 0);
    append_any(journal, 20, 0);
}

static void (*const kinds[KINDS])(void) = {make_empty,        make_small,
                                           make_large,        make_pruned,
                                           make_pruned_empty, make_compacted,
                                           make_rewound};

void
make_kind(int kind)
{
    kinds[kind]();
}
