/*
 * query_turns_test.c - what happens to the journal between a pass's turns.
 *
 * This program is linked so that every query goes by the index, that a pass
 * goes over one key in a transaction, and that after each of them something
 * may be appended, pruned, compacted, or rewound and appended anew: the same
 * numbers are then those of other entries.
 */
#include <stdio.h>
#include <string.h>

#include "query/cursor.h"
#include "base/error.h"
#include "query/plan.h"
#include "settle.h"
#include "support/fast_dir.h"
#include "support/test.h"

#define KEYS 30u
#define ENTRIES 400u /* at first */
#define ENTRIES_MAX 4000u
#define DEAR 100000u /* rows, more than a turn may read */
#define ROUNDS 60u

static struct journal *journal;
static uint64_t chance;

struct entry {
    uint64_t id; /* no two entries have the same, whatever their numbers */
    unsigned key;
    bool removed; /* since the cursor was opened */
};

/* By their numbers: what there is, and what there was at the opening. */
static struct entry now[ENTRIES_MAX], then[ENTRIES_MAX];
static uint64_t size, size_then, ids;

static bool armed, acting;
static uint64_t acted, removals, first;

/* ---- what is replaced --------------------------------------------------- */

int __real_jn_keys_next(struct jn_keys *keys, struct jn_chain *chain,
                        bool *matches);
void __real_jn_store_end_read(struct jn_txn *txn);
int __wrap_jn_plan_make(struct jn_plan *plan, const struct jn_filter *filter,
                        struct jn_txn *txn, const struct jn_state *state,
                        const struct jn_range *range);
int __wrap_jn_keys_next(struct jn_keys *keys, struct jn_chain *chain,
                        bool *matches);
void __wrap_jn_store_end_read(struct jn_txn *txn);

int
__wrap_jn_plan_make(struct jn_plan *plan, const struct jn_filter *filter,
                    struct jn_txn *txn, const struct jn_state *state,
                    const struct jn_range *range)
{
    (void)filter, (void)txn, (void)state, (void)range;
    *plan = (struct jn_plan){.by_index = true, .newest = JOURNAL_NONE};
    return 0;
}

int
__wrap_jn_keys_next(struct jn_keys *keys, struct jn_chain *chain, bool *matches)
{
    keys->txn->entries_read += DEAR;
    return __real_jn_keys_next(keys, chain, matches);
}

static void act(void);

void
__wrap_jn_store_end_read(struct jn_txn *txn)
{
    __real_jn_store_end_read(txn);
    if (armed && !acting)
        act();
}

/* ---- the journal -------------------------------------------------------- */

static uint64_t
below(uint64_t limit)
{
    return test_random(&chance) % limit;
}

/* Of a key "p/..", or one entry in four of "q". */
static void
append(void)
{
    unsigned key = below(4) == 0 ? KEYS : (unsigned)below(KEYS);
    char name[8] = "q";
    uint64_t seq;

    if (size == ENTRIES_MAX)
        return;
    if (key < KEYS)
        (void)snprintf(name, sizeof(name), "p/%02u", key);
    ids++;
    ck_assert_int_eq(journal_append(journal, name, strlen(name), &ids,
                                    sizeof(ids), &seq),
                     0);
    ck_assert_uint_eq(seq, size);
    now[size++] = (struct entry){ids, key, false};
}

static void
note_removed(uint64_t from, uint64_t limit)
{
    for (uint64_t seq = from; seq < limit && seq < size_then; seq++)
        then[seq].removed = true;
}

static void
prune(void)
{
    uint64_t before = first + below(size - first + 1) / 8;

    ck_assert_int_eq(journal_prune(journal, before, 0, NULL), 0);
    note_removed(0, before);
    first = before > first ? before : first;
    removals++;
}

static bool
is_latest(const struct entry *list, uint64_t seq, uint64_t limit)
{
    for (uint64_t other = seq + 1; other < limit; other++)
        if (list[other].key == list[seq].key)
            return false;
    return true;
}

static void
compact(void)
{
    uint64_t before = first + below(size - first + 1) / 4;

    ck_assert_int_eq(journal_prune(journal, before, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    for (uint64_t seq = 0; seq < before; seq++)
        if (!is_latest(now, seq, size))
            note_removed(seq, seq + 1);
    removals++;
}

/* Where entries are missing a rewind may end up lower, so not much is. */
static void
rewind_and_append(void)
{
    uint64_t back = below(20), count = below(40);

    if (back > size / 4 || size - back < ENTRIES / 2)
        return;
    ck_assert_int_eq(journal_rewind(journal, size - back), 0);
    size -= back;
    note_removed(size, size_then);
    for (uint64_t i = 0; i < count; i++)
        append();
}

static void
act(void)
{
    acting = true;
    acted++;
    switch (below(40)) {
    case 0:
        prune();
        break;
    case 1:
        compact();
        break;
    case 2:
    case 3:
        rewind_and_append();
        break;
    case 4:
    case 5:
    case 6:
        append();
        break;
    default:
        break;
    }
    acting = false;
}

static void
fill(void)
{
    size = first = 0;
    while (size < ENTRIES)
        append();
    settle(journal);
}

/* ---- the answer --------------------------------------------------------- */

static bool
is_wanted(uint64_t seq, uint32_t flags)
{
    if (then[seq].key == KEYS || seq < first)
        return false;
    return (flags & JOURNAL_QUERY_LATEST) == 0 ||
           is_latest(then, seq, size_then);
}

/* ENTRY is what it was at the opening, never a later one of its number. */
static void
check_entry(const struct journal_entry *entry, bool came[ENTRIES_MAX])
{
    uint64_t id;

    ck_assert_uint_lt(entry->seq, size_then);
    ck_assert_uint_eq(entry->value_size, sizeof(id));
    memcpy(&id, entry->value, sizeof(id));
    ck_assert_uint_eq(id, then[entry->seq].id);
    ck_assert_uint_lt(then[entry->seq].key, KEYS);
    ck_assert(!came[entry->seq]);
    came[entry->seq] = true;
}

/* Reads all that QUERY gives while the journal changes. */
static void
read_all(const struct journal_query *query, bool came[ENTRIES_MAX])
{
    bool back = (query->flags & JOURNAL_QUERY_REVERSE) != 0;
    const struct journal_entry *entry;
    struct journal_cursor *cursor;
    uint64_t last = JOURNAL_NONE, pruned = 0;
    int rc;

    ck_assert_int_eq(journal_query(journal, query, &cursor), 0);
    armed = true;
    while ((rc = journal_next(cursor, &entry)) != JOURNAL_END) {
        ck_assert_msg(rc == 0 || rc == JOURNAL_PRUNED, "%s",
                      journal_errname(rc));
        pruned += rc == JOURNAL_PRUNED;
        if (rc != 0)
            continue;
        check_entry(entry, came);
        ck_assert(last == JOURNAL_NONE || (entry->seq < last) == back);
        last = entry->seq;
    }
    armed = false;
    ck_assert_uint_le(pruned, removals);
    journal_cursor_close(cursor);
}

static void
ask(uint32_t flags)
{
    static bool wanted[ENTRIES_MAX], came[ENTRIES_MAX];
    struct journal_query query;

    size_then = size;
    memcpy(then, now, sizeof(then));
    memset(came, 0, sizeof(came));
    removals = acted = 0;
    for (uint64_t seq = 0; seq < size; seq++)
        wanted[seq] = is_wanted(seq, flags);
    journal_query_init(&query);
    query.match = JOURNAL_MATCH_PREFIX;
    query.key = "p/";
    query.key_size = 2;
    query.flags = flags;
    read_all(&query, came);
    ck_assert_uint_ge(acted, KEYS); /* it did take as many turns */
    for (uint64_t seq = 0; seq < size_then; seq++)
        ck_assert_msg(came[seq] || !wanted[seq] || then[seq].removed,
                      "no entry %llu", (unsigned long long)seq);
}

static void
setup(void)
{
    test_setup();
    chance = test_seed();
}

static const uint32_t ways[] = {
    0,
    JOURNAL_QUERY_REVERSE,
    JOURNAL_QUERY_LIVE,
    JOURNAL_QUERY_LATEST,
    JOURNAL_QUERY_LATEST | JOURNAL_QUERY_REVERSE,
};
#define WAYS (int)(sizeof(ways) / sizeof(ways[0]))

START_TEST(between_two_turns_anything_may_happen)
{
    chance += (uint64_t)_i;
    for (unsigned round = 0; round < ROUNDS * test_scale(); round++) {
        char name[24];

        (void)snprintf(name, sizeof(name), "journal-%u", round);
        ck_assert_int_eq(journal_open(test_path(name), NULL, &journal), 0);
        fill();
        ask(ways[_i]);
        journal_close(journal);
        ck_assert_int_eq(journal_destroy(test_path(name)), 0);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("query turns");
    TCase *tcase = tcase_create("query turns");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, test_teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, between_two_turns_anything_may_happen, 0, WAYS);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
