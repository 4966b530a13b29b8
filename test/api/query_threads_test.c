/*
 * query_threads_test.c - cursors of several threads, while others write.
 *
 * Everything about an entry follows from its number, over rewinds too, so that
 * each thread knows what has to come next.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/asking.h"
#include "support/fast_dir.h"

#define KEYS 10u
#define READERS 4u
#define BATCH 20u
#define KEPT 3000u /* entries that are left, about */

static atomic_bool over;
static atomic_bool wrong;
static atomic_uint rewinds;
static unsigned total;

/* What number SEQ holds.  The first of its key have been pruned. */
static size_t
key_of(uint64_t seq, char *key, size_t size)
{
    return (size_t)snprintf(key, size, "k/%u", (unsigned)(seq % KEYS));
}

static bool
is_deleted(uint64_t seq)
{
    return seq / KEYS % 7 == 3;
}

static void
make_record(struct journal_record *record, uint64_t seq, char *key,
            uint64_t *value)
{
    memset(record, 0, sizeof(*record));
    record->key = key;
    record->key_size = key_of(seq, key, 16);
    *value = seq * 31 + 7;
    record->value = value;
    record->value_size = is_deleted(seq) ? 0 : sizeof(*value);
    record->flags = is_deleted(seq) ? JOURNAL_TOMBSTONE : 0;
}

static void
append_batch(uint64_t first)
{
    struct journal_record records[BATCH];
    char keys[BATCH][16];
    uint64_t values[BATCH];

    for (uint64_t i = 0; i < BATCH; i++)
        make_record(&records[i], first + i, keys[i], &values[i]);
    ck_assert_int_eq(journal_append_batch(journal, records, BATCH, NULL), 0);
}

static bool
is_right(const struct journal_entry *entry)
{
    uint64_t seq = entry->seq, value = seq * 31 + 7;
    char key[16];
    size_t size = key_of(seq, key, sizeof(key));

    if (entry->key_size != size || memcmp(entry->key, key, size) != 0 ||
        entry->revision != seq / KEYS + 1 ||
        entry->prev != (seq < KEYS ? JOURNAL_NONE : seq - KEYS))
        return false;
    if (is_deleted(seq))
        return entry->flags == JOURNAL_TOMBSTONE && entry->value_size == 0;
    return entry->flags == 0 && entry->value_size == sizeof(value) &&
           memcmp(entry->value, &value, sizeof(value)) == 0;
}

/* ---- readers ------------------------------------------------------------ */

/* Asks for every entry whose key has one of these digits. */
static const struct {
    uint32_t match;
    const char *key;
    unsigned digits; /* a bit for each */
} ways[READERS] = {
    {JOURNAL_MATCH_ALL, "", 0x3ff},
    {JOURNAL_MATCH_KEY, "k/3", 1u << 3},
    {JOURNAL_MATCH_PREFIX, "k/", 0x3ff},
    {JOURNAL_MATCH_EXPR, "k/$*7", 1u << 7},
};

struct reader {
    pthread_t thread;
    size_t way;
    uint64_t state;
    uint64_t last; /* what the cursor gave, or JOURNAL_NONE */
    uint64_t entries;
};

static bool
is_wanted(const struct reader *reader, uint32_t flags, uint64_t seq)
{
    if ((flags & JOURNAL_QUERY_LIVE) != 0 && is_deleted(seq))
        return false;
    return (ways[reader->way].digits >> (seq % KEYS) & 1) != 0;
}

/* The one that comes after, or before, SEQ. */
static uint64_t
neighbour(const struct reader *reader, uint32_t flags, uint64_t seq)
{
    do {
        seq += (flags & JOURNAL_QUERY_REVERSE) != 0 ? UINT64_MAX : 1;
    } while (!is_wanted(reader, flags, seq));
    return seq;
}

/* Leaps are allowed after JOURNAL_PRUNED, and where there were rewinds. */
static bool
may_follow(const struct reader *reader, uint32_t flags, uint64_t seq, bool leap)
{
    uint64_t last = reader->last;
    bool back = (flags & JOURNAL_QUERY_REVERSE) != 0;

    if (!is_wanted(reader, flags, seq))
        return false;
    if (last == JOURNAL_NONE || neighbour(reader, flags, last) == seq)
        return true;
    return leap && (back ? seq < last : seq > last);
}

static void *
complain(const char *what, uint64_t last, uint64_t got)
{
    printf("%s: after %llu comes %llu\n", what, (unsigned long long)last,
           (unsigned long long)got);
    fflush(stdout);
    atomic_store(&wrong, true);
    return NULL;
}

static void
read_all(struct reader *reader, uint32_t flags, struct journal_cursor *cursor)
{
    unsigned before = atomic_load(&rewinds);
    const struct journal_entry *entry;
    bool pruned = false;
    int rc;

    while ((rc = journal_next(cursor, &entry)) != JOURNAL_END) {
        bool rewound = atomic_load(&rewinds) != before;

        if (rc == JOURNAL_PRUNED) {
            pruned = true;
            continue;
        }
        if (rc != 0) {
            complain(journal_errname(rc), reader->last, 0);
            return;
        }
        if (!is_right(entry) ||
            !may_follow(reader, flags, entry->seq, pruned || rewound)) {
            complain("a wrong entry", reader->last, entry->seq);
            return;
        }
        pruned = false;
        reader->last = entry->seq;
        reader->entries++;
    }
}

/* Of each key not more than one entry, which is in the order of numbers. */
static void
read_latest(struct reader *reader, uint32_t flags,
            struct journal_cursor *cursor)
{
    unsigned before = atomic_load(&rewinds), seen = 0;
    const struct journal_entry *entry;
    int rc;

    while ((rc = journal_next(cursor, &entry)) != JOURNAL_END) {
        unsigned bit;

        if (rc == JOURNAL_PRUNED)
            continue;
        if (rc != 0 || !is_right(entry)) {
            complain("latest", (uint64_t)rc, 0);
            return;
        }
        bit = 1u << (entry->seq % KEYS);
        if ((seen & bit) != 0 && atomic_load(&rewinds) == before) {
            complain("twice", 0, entry->seq);
            return;
        }
        if (reader->last != JOURNAL_NONE &&
            (entry->seq < reader->last) !=
                ((flags & JOURNAL_QUERY_REVERSE) != 0)) {
            complain("out of order", reader->last, entry->seq);
            return;
        }
        reader->last = entry->seq;
        seen |= bit;
        reader->entries++;
    }
}

static void *
read_on(void *context)
{
    static const uint32_t kinds[] = {0,
                                     JOURNAL_QUERY_REVERSE,
                                     JOURNAL_QUERY_LIVE,
                                     JOURNAL_QUERY_LATEST,
                                     JOURNAL_QUERY_LATEST |
                                         JOURNAL_QUERY_REVERSE,
                                     0};
    struct reader *reader = context;

    do {
        struct journal_query query = ask_for(ways[reader->way].match,
                                             ways[reader->way].key);
        struct journal_cursor *cursor = NULL;
        int rc;

        query.flags = kinds[test_random(&reader->state) % COUNT_OF(kinds)];
        rc = journal_query(journal, &query, &cursor);
        if (rc != 0)
            return complain(journal_errname(rc), 0, 0);
        reader->last = JOURNAL_NONE;
        if ((query.flags & JOURNAL_QUERY_LATEST) != 0)
            read_latest(reader, query.flags, cursor);
        else
            read_all(reader, query.flags, cursor);
        journal_cursor_close(cursor);
    } while (!atomic_load(&over) && !atomic_load(&wrong));
    return NULL;
}

/* Whoever follows sees each of its entries once, unless told otherwise. */
static void *
follow(void *context)
{
    struct reader *reader = context;
    struct journal_query query = ask_for(ways[reader->way].match,
                                         ways[reader->way].key);
    struct journal_cursor *cursor = NULL;

    query.flags = JOURNAL_QUERY_FOLLOW;
    if (journal_query(journal, &query, &cursor) != 0)
        return complain("follow", 0, 0);
    do {
        read_all(reader, 0, cursor);
    } while (!atomic_load(&over) && !atomic_load(&wrong));
    journal_cursor_close(cursor);
    return NULL;
}

static void
start_readers(struct reader *readers, void *(*run)(void *))
{
    for (size_t i = 0; i < READERS; i++) {
        readers[i] = (struct reader){.way = i,
                                     .state = test_seed() + i,
                                     .last = JOURNAL_NONE};
        ck_assert_int_eq(pthread_create(&readers[i].thread, NULL, run,
                                        &readers[i]),
                         0);
    }
}

static void
join_readers(struct reader *readers)
{
    atomic_store(&over, true);
    for (size_t i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_join(readers[i].thread, NULL), 0);
    ck_assert(!atomic_load(&wrong));
    for (size_t i = 0; i < READERS; i++)
        ck_assert_uint_gt(readers[i].entries, 0);
}

/* ---- writers ------------------------------------------------------------ */

static void
setup(void)
{
    setup_journal();
    atomic_store(&over, false);
    atomic_store(&wrong, false);
    atomic_store(&rewinds, 0);
    total = rounds(1500, 150);
    for (uint64_t seq = 0; seq < KEPT; seq += BATCH)
        append_batch(seq);
}

/* Never so far that a key is forgotten. */
static void
prune_some(uint64_t size, uint64_t *state)
{
    uint64_t first = figures(journal).first;
    uint64_t most = size > 2 * KEYS + 100 ? size - 2 * KEYS - 100 : 0;
    uint64_t before = first + test_random(state) % (4 * BATCH);

    if (size - first > KEPT && before < most)
        ck_assert_int_eq(journal_prune(journal, before, 0, NULL), 0);
}

static uint64_t
rewind_some(uint64_t size, uint64_t *state)
{
    uint64_t to = size - test_random(state) % 30;

    if (test_random(state) % 10 != 0 || to < figures(journal).first + KEPT / 2)
        return size;
    atomic_fetch_add(&rewinds, 1);
    ck_assert_int_eq(journal_rewind(journal, to), 0);
    atomic_fetch_add(&rewinds, 1);
    return to;
}

static void
write_on(bool rewinding)
{
    uint64_t size = figures(journal).size, state = test_seed();

    for (unsigned i = 0; i < total && !atomic_load(&wrong); i++) {
        append_batch(size);
        size += BATCH;
        prune_some(size, &state);
        if (rewinding)
            size = rewind_some(size, &state);
    }
}

START_TEST(cursors_read_on_while_others_append_and_prune)
{
    struct reader readers[READERS];

    start_readers(readers, read_on);
    write_on(false);
    join_readers(readers);
}
END_TEST

START_TEST(cursors_read_on_while_others_rewind)
{
    struct reader readers[READERS];

    start_readers(readers, read_on);
    write_on(true);
    join_readers(readers);
}
END_TEST

START_TEST(those_who_follow_miss_nothing)
{
    struct reader readers[READERS];

    start_readers(readers, follow);
    write_on(false);
    join_readers(readers);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("query threads");
    TCase *tcase = tcase_create("query threads");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_test(tcase, cursors_read_on_while_others_append_and_prune);
    tcase_add_test(tcase, cursors_read_on_while_others_rewind);
    tcase_add_test(tcase, those_who_follow_miss_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
