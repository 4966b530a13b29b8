/*
 * retained_test.c - what retention leaves: for keys, readers, other handles and
 * processes, and when there is no room.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/room.h"

#define LIMIT (UINT64_C(1) << 20)

/* Closes `journal`, if it is open, and opens it again with limits. */
static void
keep_within(uint64_t bytes_max, uint64_t entries, uint64_t bytes)
{
    struct journal_options options = options_with(0);

    options.bytes_max = bytes_max;
    options.keep_entries = entries;
    options.keep_bytes = bytes;
    journal_close(journal);
    journal = NULL;
    journal = open_with(home(), &options);
}

static void
keep(uint64_t entries)
{
    keep_within(0, entries, 0);
}

/* ---- keys and readers --------------------------------------------------- */

START_TEST(a_key_whose_latest_entry_goes_is_forgotten)
{
    struct journal_record one = record("old", "again");
    struct journal_entry *entry;

    keep(3);
    append("old", "1");
    append("old", "2");
    append("deleted", "1");
    erase("deleted");
    append("kept", "1");
    append("kept", "2");
    ck_assert_uint_eq(figures(journal).first, 3);
    assert_absent("old");
    ck_assert_uint_eq(figures(journal).keys, 1);
    ck_assert_uint_eq(figures(journal).tombstones, 1);
    one.flags = JOURNAL_EXPECT;
    one.expect = JOURNAL_NONE;
    ck_assert_int_eq(append_record(&one), 0);
    ck_assert_uint_eq(figures(journal).tombstones, 0);
    ck_assert_uint_eq(figures(journal).keys, 2);
    entry = get("old");
    ck_assert_uint_eq(entry->revision, 1);
    ck_assert_uint_eq(entry->prev, JOURNAL_NONE);
    journal_entry_free(entry);
    entry = get("kept");
    ck_assert_uint_eq(entry->revision, 2);
    journal_entry_free(entry);
}
END_TEST

START_TEST(entries_without_keys_and_tombstones_go_too)
{
    keep(4);
    for (int i = 0; i < 20; i++) {
        append(NULL, "");
        erase("key");
    }
    ck_assert_uint_eq(assert_no_gap(journal), 4);
    ck_assert_uint_eq(figures(journal).tombstones, 1);
    ck_assert_uint_eq(figures(journal).bytes_logical, 2 * strlen("key"));
}
END_TEST

START_TEST(a_cursor_says_pruned_once_and_goes_on)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    unsigned pruned = 0;
    uint64_t last = 0;
    int rc;

    keep(20);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(append_of(100000), 0);
    ck_assert_int_eq(journal_replay(journal, JOURNAL_NONE, &cursor), 0);
    ck_assert_int_eq(journal_next(cursor, &entry), 0);
    for (int i = 0; i < 15; i++)
        append("key", "value");
    while ((rc = journal_next(cursor, &entry)) != JOURNAL_END) {
        ck_assert(rc == 0 || rc == JOURNAL_PRUNED);
        pruned += rc == JOURNAL_PRUNED;
        if (rc == 0)
            last = entry->seq;
    }
    ck_assert_uint_eq(pruned, 1);
    ck_assert_uint_eq(last, 19);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(what_is_gone_is_pruned)
{
    struct journal_cursor *cursor = NULL;
    struct journal_entry *entry = NULL;

    keep(10);
    append_numbered(100, 3);
    ck_assert_int_eq(journal_read(journal, 89, &entry), JOURNAL_PRUNED);
    ck_assert_int_eq(journal_get_at(journal, "key 1", 5, 50, &entry),
                     JOURNAL_PRUNED);
    ck_assert_int_eq(journal_replay(journal, 89, &cursor), JOURNAL_PRUNED);
    ck_assert_int_eq(journal_rewind(journal, 89), JOURNAL_PRUNED);
    assert_value_at("key 1", 95, "value 94");
}
END_TEST

START_TEST(a_rewind_leaves_what_is_there)
{
    keep(10);
    append_numbered(100, 3);
    ck_assert_int_eq(journal_rewind(journal, 95), 0);
    assert_value("key 1", "value 94");
    append("key", "value");
    ck_assert_uint_eq(figures(journal).first, 90);
    ck_assert_int_eq(journal_rewind(journal, 90), 0);
    ck_assert_uint_eq(append("key", "value"), 90);
    ck_assert_uint_eq(assert_no_gap(journal), 1);
    append_numbered(100, 3);
    ck_assert_uint_eq(assert_no_gap(journal), 10);
}
END_TEST

START_TEST(after_a_compaction_the_entries_that_are_left_count)
{
    append_numbered(100, 50);
    append_numbered(20, 1);
    ck_assert_int_eq(journal_prune(journal, 120, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    ck_assert_uint_eq(figures(journal).entries, 50);
    keep(30);
    append("key", "value");
    ck_assert_uint_eq(figures(journal).entries, 30);
    ck_assert_uint_eq(figures(journal).keys, 30);
    ck_assert_uint_eq(figures(journal).first, 72);
    assert_value("key 22", "value 72");
    assert_absent("key 21");
    for (int i = 0; i < 32; i++)
        append("key", "value");
    ck_assert_uint_eq(assert_no_gap(journal), 30);
    ck_assert_uint_eq(figures(journal).keys, 1);
}
END_TEST

/* ---- handles and processes ---------------------------------------------- */

START_TEST(the_limits_are_those_of_the_handle)
{
    struct journal *wide, *none = open_path(home(), 0);
    struct journal_options options = options_with(0);

    options.keep_entries = 100;
    wide = open_with(home(), &options);
    keep(10);
    for (int i = 0; i < 200; i++)
        append_to(none, "key", "value");
    ck_assert_uint_eq(figures(none).entries, 200);
    append_to(wide, "key", "value");
    ck_assert_uint_eq(figures(none).entries, 100);
    append_to(none, "key", "value");
    ck_assert_uint_eq(figures(none).entries, 101);
    append("key", "value");
    ck_assert_uint_eq(figures(none).entries, 10);
    append_to(wide, "key", "value");
    ck_assert_uint_eq(assert_no_gap(none), 11);
    journal_close(none);
    journal_close(wide);
}
END_TEST

START_TEST(limits_are_not_kept_in_the_journal)
{
    keep(10);
    append_numbered(100, 3);
    reopen();
    append_numbered(100, 3);
    ck_assert_uint_eq(assert_no_gap(journal), 110);
    keep(20);
    append("key", "value");
    ck_assert_uint_eq(assert_no_gap(journal), 20);
}
END_TEST

START_TEST(a_reader_may_say_limits_and_removes_nothing)
{
    struct journal_options options = options_with(JOURNAL_OPEN_READ_ONLY);
    struct journal *reader;

    append_numbered(100, 3);
    options.keep_entries = 10;
    reader = open_with(home(), &options);
    ck_assert_int_eq(journal_append(reader, "k", 1, "v", 1, NULL),
                     JOURNAL_READ_ONLY);
    ck_assert_uint_eq(assert_no_gap(reader), 100);
    journal_close(reader);
}
END_TEST

#define PROCESS_APPENDS 200u

static void
append_with_limits(void *unused)
{
    (void)unused;
    keep(50);
    for (unsigned i = 0; i < PROCESS_APPENDS; i++)
        append("child", "value");
    journal_close(journal);
}

START_TEST(another_process_appends_beside_without_limits)
{
    pid_t child;

    ck_assert_int_eq(journal_mark(journal, "parent", 0), 0);
    journal_close(journal);
    journal = NULL;
    child = start(append_with_limits, NULL);
    journal = open_path(home(), 0);
    for (unsigned i = 0; i < PROCESS_APPENDS; i++) {
        append("parent", "value");
        if (i % 50 == 0)
            ck_assert_int_eq(journal_mark(journal, "parent", i), 0);
        ck_assert_uint_le(figures(journal).first, i - i % 50);
    }
    ck_assert_int_eq(journal_unmark(journal, "parent"), 0);
    finish(child);
    ck_assert_uint_eq(figures(journal).size, 2 * PROCESS_APPENDS);
    keep(50);
    while (figures(journal).entries > 53)
        append("last", "value");
    assert_no_gap(journal);
}
END_TEST

#define THREADS 4
#define THREAD_APPENDS 100u

static void *
append_in_thread(void *unused)
{
    for (unsigned i = 0; i < THREAD_APPENDS; i++)
        append("key", "value");
    return unused;
}

START_TEST(threads_share_commits_and_retention)
{
    pthread_t threads[THREADS];

    append_numbered(1000, 900);
    keep(50);
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, append_in_thread,
                                        NULL),
                         0);
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_uint_eq(figures(journal).size, 1000 + THREADS * THREAD_APPENDS);
    ck_assert_uint_ge(figures(journal).entries, 50);
    ck_assert_uint_le(assert_no_gap(journal), 50 + 3);
}
END_TEST

/* ---- room --------------------------------------------------------------- */

START_TEST(within_bytes_max_appends_go_on_for_ever)
{
    uint64_t limits[][2] = {{0, LIMIT / 2}, {300, 0}, {300, LIMIT / 2}};

    keep_within(LIMIT, limits[_i][0], limits[_i][1]);
    for (unsigned i = 0; i < rounds(2000, 1200); i++)
        ck_assert_int_eq(append_of(1000), 0);
    ck_assert_uint_gt(figures(journal).entries, 250);
    ck_assert_uint_le(figures(journal).bytes_file, LIMIT);
    assert_no_gap(journal);
}
END_TEST

START_TEST(a_full_journal_that_gets_a_limit_takes_appends_again)
{
    uint64_t count;

    keep_within(LIMIT, 0, 0);
    count = fill_up(1000);
    ck_assert_uint_gt(count, 300);
    keep_within(LIMIT, 100, 0);
    for (unsigned i = 0; i < 300; i++)
        ck_assert_int_eq(append_of(1000), 0);
    ck_assert_uint_le(assert_no_gap(journal), 100 + 6);
}
END_TEST

START_TEST(a_full_journal_makes_room_for_a_large_append)
{
    uint64_t count;

    keep_within(LIMIT, 0, 0);
    fill_up(1000);
    keep_within(LIMIT, 10, 0);
    count = figures(journal).entries;
    ck_assert_int_eq(append_of(sizeof(large_value)), 0);
    ck_assert_uint_lt(assert_no_gap(journal), count - 200);
}
END_TEST

START_TEST(what_is_within_the_limits_makes_no_room)
{
    struct journal_stat before;

    keep_within(LIMIT, 0, 0);
    fill_up(1000);
    before = figures(journal);
    keep_within(LIMIT, before.entries, 0);
    before.bytes_max = LIMIT;
    ck_assert_int_eq(append_of(sizeof(large_value)), JOURNAL_FULL);
    assert_as_before(&before);
}
END_TEST

START_TEST(what_a_mark_holds_makes_no_room)
{
    struct journal_stat before;

    keep_within(LIMIT, 0, 0);
    append("key", "value");
    ck_assert_int_eq(journal_mark(journal, "mark", 0), 0);
    fill_up(1000);
    keep_within(LIMIT, 10, 0);
    before = figures(journal);
    ck_assert_int_eq(append_of(sizeof(large_value)), JOURNAL_FULL);
    assert_as_before(&before);
    ck_assert_int_eq(journal_unmark(journal, "mark"), 0);
    ck_assert_int_eq(append_of(1000), 0);
}
END_TEST

START_TEST(what_never_fits_takes_what_is_over_the_limits_and_no_more)
{
    static char huge[2 << 20];

    keep_within(LIMIT, 0, 0);
    fill_up(1000);
    keep_within(LIMIT, 100, 0);
    ck_assert_int_eq(journal_append(journal, "huge", 4, huge, sizeof(huge),
                                    NULL),
                     JOURNAL_FULL);
    assert_absent("huge");
    ck_assert_uint_eq(assert_no_gap(journal), 100);
    ck_assert_int_eq(append_of(1000), 0);
}
END_TEST

static void
fill_disk(void *unused)
{
    struct journal_options options = options_with(0);

    (void)unused;
    if (!have_disk(4 << 20))
        return;
    journal_close(journal);
    journal = open_path(test_path("disk/journal"), 0);
    ck_assert_uint_gt(fill_up(1000), 500);
    journal_close(journal);
    options.keep_bytes = 1 << 20;
    journal = open_with(test_path("disk/journal"), &options);
    for (unsigned i = 0; i < 3000; i++)
        ck_assert_int_eq(append_of(1000), 0);
    ck_assert_int_eq(append_of(sizeof(large_value)), 0);
    ck_assert_uint_le(figures(journal).bytes_logical,
                      (1 << 20) + (1 << 20) / 16);
    assert_no_gap(journal);
    journal_close(journal);
}

START_TEST(a_full_disk_that_gets_a_limit_takes_appends_again)
{
    in_child(fill_disk, NULL);
}
END_TEST

static TCase *
readers(void)
{
    TCase *tcase = tcase_create("readers");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_key_whose_latest_entry_goes_is_forgotten);
    tcase_add_test(tcase, entries_without_keys_and_tombstones_go_too);
    tcase_add_test(tcase, a_cursor_says_pruned_once_and_goes_on);
    tcase_add_test(tcase, what_is_gone_is_pruned);
    tcase_add_test(tcase, a_rewind_leaves_what_is_there);
    tcase_add_test(tcase, after_a_compaction_the_entries_that_are_left_count);
    tcase_add_test(tcase, the_limits_are_those_of_the_handle);
    tcase_add_test(tcase, limits_are_not_kept_in_the_journal);
    tcase_add_test(tcase, a_reader_may_say_limits_and_removes_nothing);
    tcase_add_test(tcase, another_process_appends_beside_without_limits);
    tcase_add_test(tcase, threads_share_commits_and_retention);
    return tcase;
}

static TCase *
room(void)
{
    TCase *tcase = tcase_create("room");

    tcase_add_checked_fixture(tcase, test_setup, teardown_journal);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, within_bytes_max_appends_go_on_for_ever, 0, 3);
    tcase_add_test(tcase, a_full_journal_that_gets_a_limit_takes_appends_again);
    tcase_add_test(tcase, a_full_journal_makes_room_for_a_large_append);
    tcase_add_test(tcase, what_is_within_the_limits_makes_no_room);
    tcase_add_test(tcase, what_a_mark_holds_makes_no_room);
    tcase_add_test(tcase,
                   what_never_fits_takes_what_is_over_the_limits_and_no_more);
    tcase_add_test(tcase, a_full_disk_that_gets_a_limit_takes_appends_again);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *retained = suite_create("retained");

    suite_add_tcase(retained, readers());
    suite_add_tcase(retained, room());
    return retained;
}

TEST_MAIN(suite)
