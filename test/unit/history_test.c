/* history_test.c - a key's entries, found by links, against a plain array. */
#include "journal/history.h"

#include <stdio.h>

#include "base/error.h"
#include "write/handle.h"
#include "settle.h"
#include "support/test.h"
#include "journal/view.h"

#define KEYS 4u
#define NO_KEY KEYS
#define ENTRIES_MAX 4000u
#define BATCH 64u

/* What was appended, and is still there; first[] as journal_stat() has it. */
static struct {
    unsigned key;
    bool tombstone;
    bool there;
    uint64_t prev;
    uint64_t revision;
} entries[ENTRIES_MAX];

static uint64_t size;
static struct journal *journal;
static uint64_t chance;

static void
setup(void)
{
    test_setup();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    size = 0;
    chance = test_seed();
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

static uint64_t
below(uint64_t limit)
{
    return test_random(&chance) % limit;
}

/* ---- the array ---------------------------------------------------------- */

/* The newest entry of KEY below BOUND that is there, or JOURNAL_NONE. */
static uint64_t
newest(unsigned key, uint64_t bound)
{
    for (uint64_t seq = bound; seq-- > 0;)
        if (entries[seq].there && entries[seq].key == key)
            return seq;
    return JOURNAL_NONE;
}

/* The oldest from LOW on. */
static uint64_t
oldest(unsigned key, uint64_t low)
{
    for (uint64_t seq = low; seq < size; seq++)
        if (entries[seq].there && entries[seq].key == key)
            return seq;
    return JOURNAL_NONE;
}

static void
add(unsigned key, bool tombstone)
{
    uint64_t latest = key == NO_KEY ? JOURNAL_NONE : newest(key, size);

    ck_assert_uint_lt(size, ENTRIES_MAX);
    entries[size].key = key;
    entries[size].tombstone = tombstone;
    entries[size].there = true;
    entries[size].prev = latest;
    entries[size].revision = latest == JOURNAL_NONE
                                 ? key != NO_KEY
                                 : entries[latest].revision + 1;
    size++;
}

static bool
is_superseded(uint64_t seq)
{
    return entries[seq].key == NO_KEY || entries[seq].tombstone ||
           newest(entries[seq].key, size) != seq;
}

/* ---- changes, of both --------------------------------------------------- */

static void
append_batch(void)
{
    struct journal_record records[BATCH];
    char keys[BATCH][24];
    size_t count = 1 + (size_t)below(BATCH);

    memset(records, 0, sizeof(records));
    for (size_t i = 0; i < count; i++) {
        /* The first keys have many entries, the last ones few. */
        unsigned key = (unsigned)(below(3) == 0 ? below(KEYS + 1) : below(2));
        bool tombstone = key != NO_KEY && below(10) == 0;

        add(key, tombstone);
        if (key == NO_KEY)
            continue;
        records[i].key = keys[i];
        records[i].key_size = (size_t)snprintf(keys[i], sizeof(keys[i]), "%u",
                                               key);
        records[i].flags = tombstone ? JOURNAL_TOMBSTONE : 0;
    }
    ck_assert_int_eq(journal_append_batch(journal, records, count, NULL), 0);
}

static void
prune(uint64_t before)
{
    for (uint64_t seq = 0; seq < before && seq < size; seq++)
        entries[seq].there = false;
    ck_assert_int_eq(journal_prune(journal, before, 0, NULL), 0);
}

static void
compact(uint64_t before)
{
    for (uint64_t seq = 0; seq < before && seq < size; seq++)
        entries[seq].there = entries[seq].there && !is_superseded(seq);
    ck_assert_int_eq(journal_prune(journal, before, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
}

static void
rewind_by(uint64_t count)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    if (count > size - stat.first)
        count = size - stat.first;
    size -= count;
    ck_assert_int_eq(journal_rewind(journal, size), 0);
}

static void
change(void)
{
    switch (below(8)) {
    case 0:
        prune(size > 300 ? size - 300 + below(60) : below(20));
        break;
    case 1:
    case 2:
        compact(size - below(size + 1) / 2);
        break;
    case 3:
        rewind_by(below(4) == 0 ? below(200) : below(20));
        break;
    default:
        append_batch();
    }
}

/* ---- compared ----------------------------------------------------------- */

static void
compare_below(const struct jn_history *history, unsigned key, uint64_t bound)
{
    uint64_t seq = 77, expected = newest(key, bound);
    int rc = jn_history_below(history, bound, &seq);

    if (expected != JOURNAL_NONE) {
        ck_assert_int_eq(rc, 0);
        ck_assert_uint_eq(seq, expected);
        return;
    }
    expected = oldest(key, 0);
    ck_assert_int_eq(rc, entries[expected].prev == JOURNAL_NONE
                             ? JOURNAL_NOT_FOUND
                             : JOURNAL_PRUNED);
    ck_assert_uint_eq(seq, 77);
}

static void
compare_count(const struct jn_history *history, unsigned key)
{
    uint64_t low = below(size + 1), high = low + below(size + 1 - low);
    uint64_t first = 77, count = 77, expected = 0;
    uint64_t start = oldest(key, low);

    for (uint64_t seq = low; seq < high; seq++)
        expected += entries[seq].there && entries[seq].key == key;
    ck_assert_int_eq(jn_history_count(history, low, high, &first, &count), 0);
    ck_assert_uint_eq(count, expected);
    ck_assert_uint_eq(first, count == 0 ? 0 : entries[start].revision);
}

static void
compare_revision(const struct jn_history *history, unsigned key,
                 uint64_t revision)
{
    uint64_t seq = 77, expected = oldest(key, 0);
    int rc = jn_history_revision(history, revision, &seq);

    while (expected != JOURNAL_NONE && entries[expected].revision < revision)
        expected = oldest(key, expected + 1);
    ck_assert_int_eq(rc, expected == JOURNAL_NONE ? JOURNAL_NOT_FOUND : 0);
    if (rc == 0)
        ck_assert_uint_eq(seq, expected);
}

/* Which entries a walk has met, and how many. */
struct met {
    bool seqs[ENTRIES_MAX];
    uint64_t count;
};

static int
meet(void *context, uint64_t seq, struct jn_span bytes)
{
    struct met *met = context;
    struct jn_stored stored;

    ck_assert_uint_lt(seq, size);
    ck_assert(!met->seqs[seq]);
    ck_assert_int_eq(jn_stored_decode(&stored, bytes, seq), 0);
    met->seqs[seq] = true;
    met->count++;
    return 0;
}

static void
compare_walk(const struct jn_history *history, unsigned key)
{
    uint64_t low = below(size + 1), high = low + below(size - low + 1);
    uint64_t expected = 0;
    struct met met = {.count = 0};

    ck_assert_int_eq(jn_history_walk(history, low, high, meet, &met), 0);
    for (uint64_t seq = low; seq < high; seq++) {
        bool is = entries[seq].there && entries[seq].key == key;

        ck_assert_int_eq(met.seqs[seq], is);
        expected += is;
    }
    ck_assert_uint_eq(met.count, expected);
}

static void
compare_key(struct jn_txn *txn, const struct jn_state *state, unsigned key)
{
    struct jn_known known;
    const struct jn_history history = {txn, state, &known.chain};
    char name[24];
    int length = snprintf(name, sizeof(name), "%u", key);
    uint64_t latest = newest(key, size);

    ck_assert_int_eq(jn_view_find(txn, jn_span(name, (size_t)length), &known),
                     0);
    ck_assert_uint_eq(known.chain.revision,
                      latest == JOURNAL_NONE ? 0 : entries[latest].revision);
    if (latest == JOURNAL_NONE)
        return;
    ck_assert_uint_eq(known.chain.roots[0], latest);
    for (uint64_t bound = 0; bound <= size; bound += 1 + below(3))
        compare_below(&history, key, bound);
    for (int i = 0; i < 20; i++)
        compare_count(&history, key);
    for (uint64_t revision = 0; revision <= known.chain.revision + 1;
         revision += 1 + below(3))
        compare_revision(&history, key, revision);
    for (int i = 0; i < 20; i++)
        compare_walk(&history, key);
}

/* Whatever is there is there, and from `dense` on that is everything. */
static void
compare_rows(struct jn_txn *txn, const struct jn_state *state)
{
    struct jn_stored stored;
    uint64_t count = 0;

    ck_assert_uint_eq(state->next, size);
    for (uint64_t seq = 0; seq < size; seq++) {
        int rc = jn_view_stored(txn, seq, &stored);

        ck_assert_int_eq(rc, entries[seq].there ? 0 : JOURNAL_NOT_FOUND);
        ck_assert(entries[seq].there || seq < state->dense);
        if (entries[seq].there && count++ == 0)
            ck_assert_uint_eq(seq, state->first);
        if (rc != 0)
            continue;
        ck_assert_uint_eq(stored.links.prev, entries[seq].prev);
        ck_assert_uint_eq(stored.links.revision, entries[seq].revision);
    }
    if (count == 0)
        ck_assert_uint_le(state->first, size);
    ck_assert_uint_eq(jn_view_entries(txn), count);
}

static void
compare(void)
{
    struct jn_txn txn;
    struct jn_state state;

    ck_assert_int_eq(jn_shared_begin_read(journal->shared, &txn), 0);
    ck_assert_int_eq(jn_view_state(&txn, &state), 0);
    compare_rows(&txn, &state);
    for (unsigned key = 0; key < KEYS; key++)
        compare_key(&txn, &state, key);
    jn_store_end_read(&txn);
}

START_TEST(a_history_is_what_a_plain_array_says)
{
    chance += (unsigned)_i;
    while (size < 900) {
        for (int i = 0; i < 4; i++)
            change();
        compare();
    }
}
END_TEST

/* ---- cost --------------------------------------------------------------- */

#define REVISIONS 20000u

static void
append_revisions(void)
{
    struct journal_record records[500];

    for (size_t i = 0; i < 500; i++)
        records[i] = (struct journal_record){.key = "k", .key_size = 1};
    for (unsigned i = 0; i < REVISIONS / 500; i++)
        ck_assert_int_eq(journal_append_batch(journal, records, 500, NULL), 0);
    settle(journal);
}

static int
stop(void *context, uint64_t seq, struct jn_span bytes)
{
    (void)seq;
    (void)bytes;
    return --*(int *)context == 0 ? JOURNAL_END : 0;
}

/* Sixteen are under way at a time; the depth of the trees comes first. */
START_TEST(a_walk_reads_what_it_meets_and_ends_when_it_is_told)
{
    struct jn_txn txn;
    struct jn_state state;
    struct jn_known known;
    const struct jn_history history = {&txn, &state, &known.chain};
    int left = REVISIONS + 1;

    append_revisions();
    ck_assert_int_eq(jn_shared_begin_read(journal->shared, &txn), 0);
    ck_assert_int_eq(jn_view_state(&txn, &state), 0);
    ck_assert_int_eq(jn_view_find(&txn, jn_span("k", 1), &known), 0);
    ck_assert_int_eq(jn_history_walk(&history, 0, REVISIONS, stop, &left), 0);
    ck_assert_int_eq(left, 1);
    ck_assert_uint_eq(txn.entries_read, REVISIONS);
    txn.entries_read = 0;
    left = 101;
    ck_assert_int_eq(jn_history_walk(&history, 9000, 9100, stop, &left), 0);
    ck_assert_int_eq(left, 1);
    ck_assert_uint_le(txn.entries_read, 100 + 4 * 15);
    left = 5;
    ck_assert_int_eq(jn_history_walk(&history, 0, REVISIONS, stop, &left),
                     JOURNAL_END);
    jn_store_end_read(&txn);
}
END_TEST

/* Of REVISIONS entries: 2 * log2 is some 29; and a few at the ends. */
static void
assert_cheap(struct jn_txn *txn)
{
    ck_assert_uint_le(txn->entries_read, 40);
    txn->entries_read = 0;
}

static void
ask(struct jn_txn *txn, const struct jn_history *history, uint64_t at)
{
    uint64_t seq, first, count;
    int rc;

    txn->entries_read = 0;
    rc = jn_history_below(history, at, &seq);
    ck_assert(rc == 0 || rc == JOURNAL_NOT_FOUND || rc == JOURNAL_PRUNED);
    assert_cheap(txn);
    ck_assert_int_eq(jn_history_revision(history, at, &seq), 0);
    txn->entries_read /= 2; /* to the oldest, then to the one asked for */
    assert_cheap(txn);
    ck_assert_int_eq(jn_history_count(history, at, REVISIONS, &first, &count),
                     0);
    txn->entries_read /= 2;
    assert_cheap(txn);
}

START_TEST(a_question_costs_the_logarithm_of_the_revisions)
{
    static const uint32_t flags[] = {0, 0, JOURNAL_PRUNE_KEEP_LATEST};
    static const uint64_t before[] = {0, 7001, 7001};
    struct jn_txn txn;
    struct jn_state state;
    struct jn_known known;
    const struct jn_history history = {&txn, &state, &known.chain};

    append_revisions();
    ck_assert_int_eq(journal_prune(journal, before[_i], flags[_i], NULL), 0);
    ck_assert_int_eq(jn_shared_begin_read(journal->shared, &txn), 0);
    ck_assert_int_eq(jn_view_state(&txn, &state), 0);
    ck_assert_int_eq(jn_view_find(&txn, jn_span("k", 1), &known), 0);
    for (uint64_t at = 0; at < REVISIONS; at += 1 + below(20))
        ask(&txn, &history, at);
    jn_store_end_read(&txn);
}
END_TEST

/* ---- damage ------------------------------------------------------------- */

/* In the dense part nothing may be missing. */
START_TEST(a_link_that_leads_nowhere_is_corrupt)
{
    struct jn_txn txn;
    struct jn_state state;
    struct jn_known known;
    const struct jn_history history = {&txn, &state, &known.chain};
    struct met met = {.count = 0};
    uint8_t row[8];
    uint64_t seq = 77;

    for (size = 0; size < 4; size++)
        ck_assert_int_eq(journal_append(journal, "k", 1, NULL, 0, NULL), 0);
    settle(journal);
    ck_assert_int_eq(jn_shared_begin_write(journal->shared, &txn), 0);
    jn_put_be64(row, 2);
    ck_assert_int_eq(jn_store_delete(&txn, JN_ENTRIES, jn_span(row, 8)), 0);
    ck_assert_int_eq(jn_view_state(&txn, &state), 0);
    ck_assert_int_eq(jn_view_find(&txn, jn_span("k", 1), &known), 0);
    ck_assert_int_eq(jn_history_below(&history, 2, &seq), JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_history_revision(&history, 2, &seq), JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_history_walk(&history, 0, 4, meet, &met),
                     JOURNAL_CORRUPT);
    ck_assert_uint_eq(seq, 77);
    jn_store_abort(&txn);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("history");
    TCase *tcase = tcase_create("history");
    double series = 8 * test_scale();

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_history_is_what_a_plain_array_says, 0,
                        series < 1 ? 1 : (int)series);
    tcase_add_loop_test(tcase, a_question_costs_the_logarithm_of_the_revisions,
                        0, 3);
    tcase_add_test(tcase, a_walk_reads_what_it_meets_and_ends_when_it_is_told);
    tcase_add_test(tcase, a_link_that_leads_nowhere_is_corrupt);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
