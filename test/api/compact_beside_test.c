/* compact_beside_test.c - compaction beside appends, full disks and damage. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/steps.h"
#include "support/fast_dir.h"

static int
compact(struct journal *in, uint64_t before)
{
    return journal_prune(in, before, JOURNAL_PRUNE_KEEP_LATEST, NULL);
}

/* The number of the latest entry of the key of ENTRY, as of LIMIT. */
static uint64_t
latest_at(struct journal *in, const struct journal_entry *entry, uint64_t limit)
{
    struct journal_entry *latest = NULL;
    uint64_t seq = JOURNAL_NONE;
    int rc = journal_get_at(in, entry->key, entry->key_size, limit, &latest);

    ck_assert_msg(rc == 0 || rc == JOURNAL_NOT_FOUND, "get of %llu: %s",
                  (unsigned long long)entry->seq, journal_errname(rc));
    if (rc == 0)
        seq = latest->seq;
    journal_entry_free(latest);
    return seq;
}

/*
 * Each entry left is found by its key, and below BEFORE each is its key's
 * latest.  Figures count them.
 */
static void
assert_compact(struct journal *in, uint64_t before)
{
    struct journal_stat stat = figures(in);
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    uint64_t count = 0, keys = 0, bytes = 0;
    int rc;

    ck_assert_int_eq(journal_replay(in, JOURNAL_NONE, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0) {
        bool is_latest = latest_at(in, entry, stat.size) == entry->seq;

        ck_assert_uint_eq(latest_at(in, entry, entry->seq + 1), entry->seq);
        ck_assert(is_latest || entry->seq >= before);
        keys += is_latest;
        count++;
        bytes += entry->key_size + entry->value_size;
    }
    ck_assert_int_eq(rc, JOURNAL_END);
    ck_assert_uint_eq(stat.entries, count);
    ck_assert_uint_eq(stat.keys, keys);
    ck_assert_uint_eq(stat.bytes_logical, bytes);
    journal_cursor_close(cursor);
}

START_TEST(a_long_journal_is_compacted_in_one_call)
{
    uint64_t count = rounds(60000, 2000), removed = 99;
    uint64_t used;

    append_numbered(count, 500);
    used = figures(journal).bytes_used;
    ck_assert_int_eq(journal_prune(journal, count - 1000,
                                   JOURNAL_PRUNE_KEEP_LATEST, &removed),
                     0);
    ck_assert_uint_eq(removed, count - 1000);
    ck_assert_uint_eq(assert_no_gap(journal), 1000);
    ck_assert_int_eq(compact(journal, count), 0);
    ck_assert_uint_eq(figures(journal).entries, 500);
    assert_compact(journal, count);
    if (count > 10000)
        ck_assert_uint_lt(figures(journal).bytes_used, used / 4);
}
END_TEST

START_TEST(the_space_is_used_again)
{
    unsigned cycles = rounds(40, 4);
    uint64_t file = 0;

    for (unsigned i = 0; i < cycles; i++) {
        append_numbered(1000, 50);
        ck_assert_int_eq(compact(journal, JOURNAL_NONE), 0);
        ck_assert_uint_eq(figures(journal).entries, 50);
        if (i == 3)
            file = figures(journal).bytes_file;
    }
    ck_assert_uint_le(figures(journal).bytes_file, 2 * file);
    assert_compact(journal, JOURNAL_NONE);
}
END_TEST

/* ---- appends meanwhile -------------------------------------------------- */

#define THREADS 3

/* KEYS keys of its own, again and again. */
struct appender {
    struct journal *journal;
    unsigned which;
    unsigned count;
};

static void *
append_on(void *context)
{
    const struct appender *appender = context;
    char key[40], value[40];

    for (unsigned i = 0; i < appender->count; i++) {
        int length = snprintf(key, sizeof(key), "%u of thread %u", i * i % 23,
                              appender->which);
        int size = snprintf(value, sizeof(value), "%u", i);

        ck_assert_int_eq(journal_append(appender->journal, key, (size_t)length,
                                        value, (size_t)size, NULL),
                         0);
    }
    return NULL;
}

/* The last value of each key is what the thread appended last under it. */
static void
assert_appended(const struct appender *appender)
{
    char key[40], value[40];

    for (unsigned i = appender->count - 23; i < appender->count; i++) {
        unsigned last = i;

        for (unsigned j = i + 1; j < appender->count; j++)
            last = j * j % 23 == i * i % 23 ? j : last;
        snprintf(key, sizeof(key), "%u of thread %u", i * i % 23,
                 appender->which);
        snprintf(value, sizeof(value), "%u", last);
        assert_value(key, value);
    }
}

START_TEST(threads_append_while_it_is_compacted)
{
    struct appender appenders[THREADS];
    pthread_t threads[THREADS];
    uint64_t last = 0, size;

    for (unsigned i = 0; i < THREADS; i++) {
        appenders[i] = (struct appender){journal, i, rounds(1500, 60)};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, append_on,
                                        &appenders[i]),
                         0);
    }
    do {
        size = figures(journal).size;
        ck_assert_int_eq(compact(journal, size), 0);
        last = size;
    } while (size < (uint64_t)THREADS * appenders[0].count);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_compact(journal, last);
    for (unsigned i = 0; i < THREADS; i++)
        assert_appended(&appenders[i]);
}
END_TEST

static void
append_in_child(void *context)
{
    struct appender appender = *(const struct appender *)context;

    journal_close(journal);
    appender.journal = open_path(home(), 0);
    append_on(&appender);
    journal_close(appender.journal);
}

START_TEST(a_process_appends_while_it_is_compacted)
{
    struct appender appender = {NULL, 7, rounds(1500, 60)};
    pid_t pid = start(append_in_child, &appender);
    uint64_t last, size;

    do {
        size = figures(journal).size;
        ck_assert_int_eq(compact(journal, size), 0);
        last = size;
    } while (size < appender.count);
    finish(pid);
    assert_compact(journal, last);
    assert_appended(&appender);
}
END_TEST

static void
compact_in_child(void *context)
{
    const uint64_t *before = context;

    journal_close(journal);
    journal = open_path(home(), 0);
    ck_assert_int_eq(compact(journal, *before), 0);
    journal_close(journal);
}

START_TEST(two_compactions_at_a_time_do_no_harm)
{
    unsigned cycles = rounds(10, 2);

    for (unsigned i = 0; i < cycles; i++) {
        uint64_t size, half;
        pid_t pid;

        append_numbered(5000, 700);
        size = figures(journal).size;
        half = size - 2500;
        pid = start(compact_in_child, &half);
        ck_assert_int_eq(compact(journal, size - 300), 0);
        finish(pid);
        assert_compact(journal, size - 300);
        ck_assert_uint_eq(figures(journal).keys, 700);
    }
}
END_TEST

static atomic_bool stop;

static void *
rewind_on(void *unused)
{
    uint64_t state = test_seed();

    (void)unused;
    while (!stop) {
        struct journal_stat stat = figures(journal);
        uint64_t back = test_random(&state) % 400;
        uint64_t size = stat.size - (back < stat.size ? back : 0);
        int rc = journal_rewind(journal, size);

        /* A compaction may have come between. */
        ck_assert_msg(rc == 0 || rc == JOURNAL_PRUNED, "rewind: %s",
                      journal_errname(rc));
        append_on(&(struct appender){journal, 9, 30});
    }
    return NULL;
}

START_TEST(it_is_rewound_while_it_is_compacted)
{
    unsigned cycles = rounds(60, 5);
    pthread_t thread;

    append_numbered(2000, 300);
    ck_assert_int_eq(pthread_create(&thread, NULL, rewind_on, NULL), 0);
    for (unsigned i = 0; i < cycles; i++)
        ck_assert_int_eq(compact(journal, figures(journal).size - 20), 0);
    stop = true;
    pthread_join(thread, NULL);
    assert_compact(journal, 0);
    ck_assert_int_eq(compact(journal, JOURNAL_NONE), 0);
    assert_compact(journal, JOURNAL_NONE);
    ck_assert_int_eq(journal_rewind(journal, figures(journal).first), 0);
    ck_assert_uint_eq(figures(journal).keys, 0);
}
END_TEST

/* ---- full --------------------------------------------------------------- */

static char value[1000];

/* With many keys, of which the first few are appended to again and again. */
static void
fill(void)
{
    char key[40];
    int rc, length;

    for (unsigned i = 0;; i++) {
        length = snprintf(key, sizeof(key), "key %u", i < 100 ? i : i % 9);
        rc = journal_append(journal, key, (size_t)length, value, sizeof(value),
                            NULL);
        if (rc != 0)
            break;
    }
    ck_assert_msg(rc == JOURNAL_FULL, "append: %s", journal_errname(rc));
}

START_TEST(a_full_journal_is_compacted_and_appended_to_again)
{
    struct journal_options options = options_with(0);
    unsigned cycles = rounds(10, 3);

    journal_close(journal);
    options.bytes_max = 1 << 20;
    journal = open_with(home(), &options);
    for (unsigned i = 0; i < cycles; i++) {
        fill();
        ck_assert_uint_gt(figures(journal).entries, 300);
        ck_assert_int_eq(compact(journal, JOURNAL_NONE), 0);
        ck_assert_uint_eq(figures(journal).entries, 100);
        assert_compact(journal, JOURNAL_NONE);
    }
    ck_assert_uint_le(figures(journal).bytes_file, (1 << 20) + (256 << 10));
}
END_TEST

/* ---- damage ------------------------------------------------------------- */

#define NEEDLE "needle in a haystack of bytes"

/* Flips a bit in each copy of NEEDLE in the file. */
static void
flip(void)
{
    struct bytes whole = bytes_of(test_path("journal/data.mdb"));
    char *end = whole.data + whole.size, *at = whole.data;
    unsigned found = 0;

    while ((at = memmem(at, (size_t)(end - at), NEEDLE, strlen(NEEDLE))) !=
           NULL) {
        at[5] ^= 0x10;
        found++;
    }
    ck_assert_uint_gt(found, 0);
    write_bytes(test_path("journal/data.mdb"), whole.data, whole.size);
    free(whole.data);
}

/* Ten entries; the one in the middle, of the key "k", is damaged. */
static void
make_damaged(const char *before, const char *after)
{
    append(before, "0");
    append("x", "1");
    append("x", "2");
    append(NULL, "3");
    append("k", NEEDLE);
    append("x", "5");
    append(after, "6");
    append("x", "7");
    append("y", "8");
    append("x", "9");
    journal_close(journal);
    flip();
    journal = open_path(home(), 0);
}

/* It can't be told what it was: so it stays, and says what it is. */
static void
assert_damaged_stays(void)
{
    struct journal_entry *entry = NULL;
    struct journal_cursor *cursor;
    const struct journal_entry *one;

    ck_assert_int_eq(journal_read(journal, 4, &entry), JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_read(journal, 5, &entry), JOURNAL_PRUNED);
    ck_assert_int_eq(journal_read(journal, 3, &entry), JOURNAL_PRUNED);
    ck_assert_ptr_null(entry);
    ck_assert_uint_eq(figures(journal).size, 10);
    ck_assert_int_eq(journal_replay(journal, 4, &cursor), 0);
    ck_assert_int_eq(journal_next(cursor, &one), JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_next(cursor, &one), 0);
    ck_assert_uint_gt(one->seq, 5);
    journal_cursor_close(cursor);
}

START_TEST(a_damaged_entry_that_is_the_latest_stays)
{
    struct journal_entry *entry = NULL;

    make_damaged("k", "y");
    ck_assert_int_eq(compact(journal, JOURNAL_NONE), 0);
    assert_damaged_stays();
    ck_assert_int_eq(journal_get(journal, "k", 1, &entry), JOURNAL_CORRUPT);
    assert_value("x", "9");
    assert_value("y", "8");
    ck_assert_uint_eq(figures(journal).entries, 3);
    append("k", "healed");
    assert_value("k", "healed");
}
END_TEST

START_TEST(a_damaged_entry_that_is_not_the_latest_stays_too)
{
    make_damaged("k", "k");
    ck_assert_int_eq(compact(journal, JOURNAL_NONE), 0);
    assert_damaged_stays();
    assert_value("k", "6");
    assert_value("x", "9");
    ck_assert_uint_eq(figures(journal).entries, 4);
    ck_assert_int_eq(compact(journal, JOURNAL_NONE), 0);
    ck_assert_uint_eq(figures(journal).entries, 4);
    /* A plain prune takes it away. */
    ck_assert_int_eq(journal_prune(journal, 5, 0, NULL), 0);
    ck_assert_uint_eq(figures(journal).entries, 3);
    ck_assert_uint_eq(figures(journal).first, 6);
}
END_TEST

/* It may be the one that was asked for; what is before it is found. */
START_TEST(find_time_passes_over_no_damaged_entry)
{
    struct journal_entry *before, *after;
    uint64_t seq = 99;
    int rc;

    make_damaged("k", "k");
    before = entry_at(3);
    after = entry_at(5);
    ck_assert_int_eq(journal_find_time(journal, before->time, &seq), 0);
    ck_assert_uint_le(seq, 3);
    rc = journal_find_time(journal, before->time + 1, &seq);
    ck_assert_int_eq(rc, before->time == after->time ? 0 : JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_find_time(journal, after->time + 1, &seq), 0);
    ck_assert_uint_gt(seq, 5);
    journal_entry_free(before);
    journal_entry_free(after);
}
END_TEST

static Suite *
suite(void)
{
    Suite *beside = suite_create("compact_beside");
    TCase *tcase = tcase_create("beside");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, a_long_journal_is_compacted_in_one_call);
    tcase_add_test(tcase, the_space_is_used_again);
    tcase_add_test(tcase, threads_append_while_it_is_compacted);
    tcase_add_test(tcase, a_process_appends_while_it_is_compacted);
    tcase_add_test(tcase, two_compactions_at_a_time_do_no_harm);
    tcase_add_test(tcase, it_is_rewound_while_it_is_compacted);
    tcase_add_test(tcase, a_full_journal_is_compacted_and_appended_to_again);
    tcase_add_test(tcase, a_damaged_entry_that_is_the_latest_stays);
    tcase_add_test(tcase, a_damaged_entry_that_is_not_the_latest_stays_too);
    tcase_add_test(tcase, find_time_passes_over_no_damaged_entry);
    suite_add_tcase(beside, tcase);
    return beside;
}

TEST_MAIN(suite)
