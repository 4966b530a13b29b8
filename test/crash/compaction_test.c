/*
 * compaction_test.c - compactions and marks killed at any moment.
 *
 * A writer appends, compacts and moves its mark until it is killed some 0 to 4
 * ms later.  What an entry holds follows from its number, so that what may be
 * left is known without a copy of it.  Afterwards:
 *
 *   1. every entry there is holds what its number says, and its key finds it;
 *   2. from the last compaction that had begun on, all entries are there;
 *   3. below the last one that was acknowledged, only those are left that were
 *      their keys' latest then;
 *   4. each key's latest entry is there, but for tombstones below;
 *   5. the mark is where it was last acknowledged, or where it was to go;
 *   6. the size is one that the writer has come to, and nothing acknowledged
 *      is missing from it;
 *   7. figures, index and entries agree.
 */
#include <journal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "support/fast_dir.h"
#include "support/test.h"
#include "victim.h"

#define ROUNDS 300u
#define SERIES 75u
#define KEYS 37u
#define BATCH 40u
#define BEHIND 60u /* so many entries are not compacted */
#define PRUNE_AT 6000u
#define DELAY_MAX 4000000u

/* What the writer has begun, and what was acknowledged. */
struct pair {
    _Atomic uint64_t begun, done;
};

static struct notes {
    struct pair size;   /* after an append */
    struct pair before; /* of a compaction */
    struct pair mark;
    atomic_bool ready, complained;
} * notes;

static struct journal *journal;

/* ---- what a number says ------------------------------------------------- */

/* The last of the keys are seldom chosen; KEYS: none. */
static unsigned
key_of(uint64_t seq)
{
    if (seq % 11 == 5)
        return KEYS;
    if (seq % 97 == 13)
        return 20 + (unsigned)(seq / 97 % (KEYS - 20));
    return (unsigned)(seq % 20);
}

static bool
is_tombstone(uint64_t seq)
{
    return key_of(seq) < KEYS && seq % 7 == 3;
}

struct texts {
    char key[24], value[24];
};

static struct journal_record
record_of(uint64_t seq, struct texts *texts)
{
    unsigned key = key_of(seq);
    struct journal_record record;

    memset(&record, 0, sizeof(record));
    record.key = texts->key;
    if (key < KEYS)
        record.key_size = (size_t)snprintf(texts->key, sizeof(texts->key),
                                           "key %u", key);
    record.value = texts->value;
    if (is_tombstone(seq))
        record.flags = JOURNAL_TOMBSTONE;
    else
        record.value_size = (size_t)snprintf(texts->value, sizeof(texts->value),
                                             "value %llu",
                                             (unsigned long long)seq);
    return record;
}

/* The key's newest entry below SIZE. */
static uint64_t
latest_of(unsigned key, uint64_t size)
{
    while (size-- > 0)
        if (key_of(size) == key)
            return size;
    return JOURNAL_NONE;
}

/* ---- the writer --------------------------------------------------------- */

static void
begin(struct pair *pair, uint64_t value)
{
    atomic_store(&pair->begun, value);
}

static int
end(struct pair *pair, int rc)
{
    if (rc == 0)
        atomic_store(&pair->done, atomic_load(&pair->begun));
    return rc;
}

static int
append(struct journal *to)
{
    struct journal_record records[BATCH];
    struct texts texts[BATCH];
    uint64_t size = atomic_load(&notes->size.done);

    for (size_t i = 0; i < BATCH; i++)
        records[i] = record_of(size + i, &texts[i]);
    begin(&notes->size, size + BATCH);
    return end(&notes->size, journal_append_batch(to, records, BATCH, NULL));
}

static int
compact(struct journal *in)
{
    uint64_t size = atomic_load(&notes->size.done);

    if (size < BEHIND)
        return 0;
    begin(&notes->before, size - BEHIND);
    return end(&notes->before,
               journal_prune(in, atomic_load(&notes->before.begun),
                             JOURNAL_PRUNE_KEEP_LATEST |
                                 JOURNAL_PRUNE_PAST_MARKS,
                             NULL));
}

static int
move_mark(struct journal *in)
{
    begin(&notes->mark, atomic_load(&notes->size.done));
    return end(&notes->mark,
               journal_mark(in, "writer", atomic_load(&notes->mark.begun)));
}

/* Compactions are of a few entries, or of enough for several steps. */
static void
write_on(const void *context)
{
    uint64_t state = *(const uint64_t *)context;
    struct journal *own = NULL;
    int rc = journal_open(test_path("journal"), NULL, &own);

    atomic_store(&notes->ready, rc == 0);
    while (rc == 0) {
        switch (test_random(&state) % 8) {
        case 0:
            rc = compact(own);
            break;
        case 1:
            rc = move_mark(own);
            break;
        case 2:
            for (int i = 0; rc == 0 && i < 30; i++)
                rc = append(own);
            break;
        default:
            rc = append(own);
        }
    }
    atomic_store(&notes->complained, true);
}

/* ---- afterwards --------------------------------------------------------- */

/* What must not be left of it, and what may not be missing. */
struct bounds {
    uint64_t size;
    uint64_t compacted; /* surely */
    uint64_t whole;     /* from here on */
};

static bool
is_there(uint64_t seq)
{
    struct journal_entry *entry = NULL;
    int rc = journal_read(journal, seq, &entry);

    ck_assert_msg(rc == 0 || rc == JOURNAL_PRUNED, "entry %llu: %s",
                  (unsigned long long)seq, journal_errname(rc));
    journal_entry_free(entry);
    return rc == 0;
}

static void
check_entry(const struct journal_entry *entry, const struct bounds *bounds)
{
    struct texts texts;
    struct journal_record record = record_of(entry->seq, &texts);
    struct journal_entry *found = NULL;
    int rc;

    ck_assert_uint_eq(entry->key_size, record.key_size);
    ck_assert_uint_eq(entry->value_size, record.value_size);
    ck_assert_mem_eq(entry->key, record.key, record.key_size);
    ck_assert_mem_eq(entry->value, record.value, record.value_size);
    if (entry->seq < bounds->compacted)
        ck_assert_msg(key_of(entry->seq) < KEYS &&
                          latest_of(key_of(entry->seq),
                                    bounds->compacted + BEHIND) == entry->seq &&
                          !is_tombstone(entry->seq),
                      "entry %llu should have gone below %llu",
                      (unsigned long long)entry->seq,
                      (unsigned long long)bounds->compacted);
    if (record.key_size == 0)
        return;
    rc = journal_get_at(journal, entry->key, entry->key_size, entry->seq + 1,
                        &found);
    if (is_tombstone(entry->seq))
        ck_assert_int_eq(rc, JOURNAL_NOT_FOUND);
    else
        ck_assert(rc == 0 && found->seq == entry->seq);
    journal_entry_free(found);
}

static void
check_entries(const struct bounds *bounds)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    uint64_t count = 0, next = bounds->whole;
    int rc;

    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    ck_assert_int_eq(journal_replay(journal, JOURNAL_NONE, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0) {
        check_entry(entry, bounds);
        if (entry->seq >= bounds->whole)
            ck_assert_uint_eq(entry->seq, next++);
        count++;
    }
    ck_assert_int_eq(rc, JOURNAL_END);
    ck_assert_uint_eq(next, bounds->size);
    ck_assert_uint_eq(count, stat.entries);
    journal_cursor_close(cursor);
}

static void
check_keys(const struct bounds *bounds)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    uint64_t keys = 0, tombstones = 0;

    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    for (unsigned i = 0; i < KEYS; i++) {
        uint64_t seq = latest_of(i, bounds->size);

        if (seq == JOURNAL_NONE)
            continue;
        if (!is_tombstone(seq))
            ck_assert(is_there(seq));
        keys += !is_tombstone(seq);
        tombstones += is_tombstone(seq) && is_there(seq);
    }
    ck_assert_uint_eq(stat.keys, keys);
    ck_assert_uint_eq(stat.tombstones, tombstones);
}

/* A value that was begun and not acknowledged may be there or not. */
static uint64_t
check_pair(struct pair *pair, const char *what, uint64_t is)
{
    ck_assert_msg(is == atomic_load(&pair->done) ||
                      is == atomic_load(&pair->begun),
                  "%s %llu: %llu was acknowledged, %llu begun", what,
                  (unsigned long long)is,
                  (unsigned long long)atomic_load(&pair->done),
                  (unsigned long long)atomic_load(&pair->begun));
    atomic_store(&pair->done, is);
    return is;
}

static void
check(void)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct bounds bounds;
    uint64_t mark = 0;
    int rc;

    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    bounds.size = check_pair(&notes->size, "size", stat.size);
    bounds.compacted = atomic_load(&notes->before.done);
    bounds.whole = atomic_load(&notes->before.begun);
    check_entries(&bounds);
    check_keys(&bounds);
    rc = journal_marked(journal, "writer", &mark);
    ck_assert(rc == 0 ||
              (rc == JOURNAL_NOT_FOUND && atomic_load(&notes->mark.done) == 0));
    check_pair(&notes->mark, "mark", mark);
}

/* ---- rounds ------------------------------------------------------------- */

static void
wait_until_ready(pid_t pid)
{
    while (!atomic_load(&notes->ready)) {
        ck_assert_msg(!victim_is_dead(pid), "the writer does not open it");
        sleep_for(20000);
    }
}

/* The writer may be in the middle of its open, but seldom is. */
static void
run_round(uint64_t *state)
{
    uint64_t seed = test_random(state);
    pid_t pid;

    atomic_store(&notes->ready, false);
    pid = victim_start(write_on, &seed);
    if (test_random(state) % 8 > 0)
        wait_until_ready(pid);
    sleep_for(test_random(state) % DELAY_MAX +
              (test_random(state) % 2) * DELAY_MAX);
    ck_assert_msg(victim_kill(pid) && !atomic_load(&notes->complained),
                  "the writer has ended by itself");
    check();
    journal_close(journal);
}

static void
start_anew(void)
{
    int rc = journal_destroy(test_path("journal"));

    ck_assert(rc == 0 || rc == JOURNAL_NOT_FOUND);
    memset(notes, 0, sizeof(*notes));
}

START_TEST(a_killed_compaction_or_mark_leaves_a_whole_journal)
{
    uint64_t state = test_seed() + (unsigned)_i;
    unsigned rounds = (unsigned)(SERIES *
                                 (test_scale() < 1 ? test_scale() : 1));

    notes = test_shared(sizeof(*notes));
    for (unsigned i = 0; i < rounds + 3; i++) {
        run_round(&state);
        if (atomic_load(&notes->size.done) > PRUNE_AT)
            start_anew();
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("compaction");
    TCase *fast = tcase_create("in memory");
    TCase *disk = tcase_create("on a disk");
    double series = ROUNDS * test_scale() / SERIES;

    tcase_add_unchecked_fixture(fast, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(fast, test_setup, test_teardown);
    tcase_add_loop_test(fast,
                        a_killed_compaction_or_mark_leaves_a_whole_journal, 0,
                        series < 1 ? 1 : (int)series);
    suite_add_tcase(suite, fast);
    tcase_add_checked_fixture(disk, test_setup, test_teardown);
    tcase_add_test(disk, a_killed_compaction_or_mark_leaves_a_whole_journal);
    suite_add_tcase(suite, disk);
    return suite;
}

TEST_MAIN(suite)
