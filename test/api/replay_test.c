/* replay_test.c - journal_replay() and journal_next(). */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/steps.h"

/* More than a cursor reads ahead by far, entry by entry. */
#define BIG (256u << 10)
#define MANY 40

static struct journal_cursor *
replay(uint64_t first)
{
    struct journal_cursor *cursor = NULL;
    int rc = journal_replay(journal, first, &cursor);

    ck_assert_msg(rc == 0, "replay: %s", journal_errname(rc));
    ck_assert_ptr_nonnull(cursor);
    return cursor;
}

static int
result_of_replay(uint64_t first)
{
    struct journal_cursor *cursor = NULL;
    int rc = journal_replay(journal, first, &cursor);

    ck_assert_int_eq(rc == 0, cursor != NULL);
    journal_cursor_close(cursor);
    return rc;
}

static uint64_t
next(struct journal_cursor *cursor)
{
    const struct journal_entry *entry = NULL;
    int rc = journal_next(cursor, &entry);

    ck_assert_msg(rc == 0, "next: %s", journal_errname(rc));
    return entry->seq;
}

static void
assert_end(struct journal_cursor *cursor)
{
    const struct journal_entry *entry = NULL;

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    ck_assert_ptr_null(entry);
}

/* The cursor gives [first, limit) and then ends. */
static void
assert_gives(struct journal_cursor *cursor, uint64_t first, uint64_t limit)
{
    for (uint64_t seq = first; seq < limit; seq++)
        ck_assert_uint_eq(next(cursor), seq);
    assert_end(cursor);
    journal_cursor_close(cursor);
}

static void
append_big(uint64_t count)
{
    char *value = calloc(1, BIG);

    for (uint64_t i = 0; i < count; i++) {
        value[0] = (char)i;
        ck_assert_int_eq(journal_append(journal, "big", 3, value, BIG, NULL),
                         0);
    }
    free(value);
}

START_TEST(replay_gives_all_entries_in_order)
{
    uint64_t count = rounds(5000, 100);

    append_numbered(count, 17);
    assert_gives(replay(0), 0, count);
}
END_TEST

START_TEST(replay_starts_where_it_is_told)
{
    append_numbered(10, 3);
    for (uint64_t first = 0; first <= 10; first++)
        assert_gives(replay(first), first, 10);
}
END_TEST

START_TEST(replay_from_none_starts_at_the_oldest)
{
    append_numbered(10, 3);
    assert_gives(replay(JOURNAL_NONE), 0, 10);
    ck_assert_int_eq(journal_prune(journal, 4, 0, NULL), 0);
    assert_gives(replay(JOURNAL_NONE), 4, 10);
}
END_TEST

START_TEST(replay_from_the_size_is_empty)
{
    assert_gives(replay(0), 0, 0);
    append_numbered(10, 3);
    assert_gives(replay(10), 10, 10);
    ck_assert_int_eq(journal_prune(journal, 10, 0, NULL), 0);
    assert_gives(replay(10), 10, 10);
}
END_TEST

START_TEST(replay_of_an_empty_journal_is_empty)
{
    assert_gives(replay(JOURNAL_NONE), 0, 0);
    append_numbered(10, 3);
    ck_assert_int_eq(journal_prune(journal, 10, 0, NULL), 0);
    assert_gives(replay(JOURNAL_NONE), 10, 10);
}
END_TEST

START_TEST(replay_from_over_the_size_is_out_of_range)
{
    ck_assert_int_eq(result_of_replay(1), JOURNAL_OUT_OF_RANGE);
    append_numbered(10, 3);
    ck_assert_int_eq(result_of_replay(11), JOURNAL_OUT_OF_RANGE);
    ck_assert_int_eq(result_of_replay(JOURNAL_NONE - 1), JOURNAL_OUT_OF_RANGE);
}
END_TEST

START_TEST(replay_from_below_the_oldest_is_pruned)
{
    append_numbered(10, 3);
    ck_assert_int_eq(journal_prune(journal, 4, 0, NULL), 0);
    ck_assert_int_eq(result_of_replay(3), JOURNAL_PRUNED);
    ck_assert_int_eq(result_of_replay(0), JOURNAL_PRUNED);
    ck_assert_int_eq(result_of_replay(4), 0);
    ck_assert_int_eq(journal_prune(journal, 10, 0, NULL), 0);
    ck_assert_int_eq(result_of_replay(9), JOURNAL_PRUNED);
}
END_TEST

START_TEST(a_failed_replay_writes_no_cursor)
{
    char mark;
    struct journal_cursor *cursor = (struct journal_cursor *)(void *)&mark;

    ck_assert_int_eq(journal_replay(journal, 1, &cursor), JOURNAL_OUT_OF_RANGE);
    ck_assert_ptr_eq(cursor, &mark);
}
END_TEST

START_TEST(replay_gives_what_read_gives)
{
    struct journal_record one = record("key", "stamped");
    struct journal_cursor *cursor;
    const struct journal_entry *entry;

    append("key", "value");
    append(NULL, "no key");
    one.flags = JOURNAL_STAMPED;
    one.stamp.time = 5;
    one.meta = "meta";
    one.meta_size = 4;
    ck_assert_int_eq(append_record(&one), 0);
    erase("key");
    append(NULL, "");
    cursor = replay(0);
    for (uint64_t seq = 0; seq < 5; seq++) {
        struct journal_entry *same = entry_at(seq);

        ck_assert_int_eq(journal_next(cursor, &entry), 0);
        assert_same_entry(entry, same);
        ck_assert_ptr_nonnull(entry->key);
        ck_assert_ptr_nonnull(entry->value);
        ck_assert_ptr_nonnull(entry->meta);
        journal_entry_free(same);
    }
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(replay_ends_where_the_journal_ended_when_it_began)
{
    struct journal_cursor *cursor;

    append_numbered(10, 3);
    cursor = replay(0);
    ck_assert_uint_eq(next(cursor), 0);
    append_numbered(10, 3);
    assert_gives(cursor, 1, 10);
}
END_TEST

START_TEST(the_end_stays_the_end)
{
    struct journal_cursor *cursor = replay(0);

    assert_end(cursor);
    append("key", "value");
    assert_end(cursor);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(an_entry_is_valid_until_the_next_call)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;

    append("key", "value");
    append("key", "newer");
    cursor = replay(0);
    ck_assert_int_eq(journal_next(cursor, &entry), 0);
    ck_assert_int_eq(journal_prune(journal, 2, 0, NULL), 0);
    append_numbered(1000, 3);
    assert_entry(entry, 0, "key", "value");
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(entries_of_all_sizes_come_whole)
{
    static const size_t sizes[] = {0, 1, 100, 5000, 60000, 300000, 3 << 20, 7};
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    char *value = malloc(3 << 20);

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        memset(value, (int)i + 1, sizes[i]);
        ck_assert_int_eq(journal_append(journal, "key", 3, value, sizes[i],
                                        NULL),
                         0);
    }
    cursor = replay(0);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        ck_assert_int_eq(journal_next(cursor, &entry), 0);
        memset(value, (int)i + 1, sizes[i]);
        ck_assert_uint_eq(entry->value_size, sizes[i]);
        ck_assert_int_eq(memcmp(entry->value, value, sizes[i]), 0);
    }
    assert_end(cursor);
    journal_cursor_close(cursor);
    free(value);
}
END_TEST

START_TEST(cursors_go_each_their_own_way)
{
    struct journal_cursor *cursors[20];

    append_numbered(100, 3);
    for (uint64_t i = 0; i < 20; i++)
        cursors[i] = replay(i);
    for (uint64_t step = 0; step < 50; step++)
        for (uint64_t i = 0; i < 20; i++)
            ck_assert_uint_eq(next(cursors[i]), i + step);
    for (uint64_t i = 0; i < 20; i++)
        assert_gives(cursors[i], i + 50, 100);
}
END_TEST

static void *
next_in_thread(void *context)
{
    struct journal_cursor *cursor = context;

    ck_assert_uint_eq(next(cursor), 1);
    return NULL;
}

START_TEST(a_cursor_may_move_between_threads)
{
    struct journal_cursor *cursor;
    pthread_t thread;

    append_big(4);
    cursor = replay(0);
    ck_assert_uint_eq(next(cursor), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, next_in_thread, cursor), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    assert_gives(cursor, 2, 4);
}
END_TEST

/* ---- pruned and rewound under the cursor -------------------------------- */

/*
 * Reads on until the result is RC, over what was read ahead; returns the
 * number that was to come next.
 */
static uint64_t
read_on_until(struct journal_cursor *cursor, uint64_t seq, int rc)
{
    const struct journal_entry *entry;
    int got;

    while ((got = journal_next(cursor, &entry)) == 0)
        ck_assert_uint_eq(entry->seq, seq++);
    ck_assert_int_eq(got, rc);
    return seq;
}

START_TEST(a_cursor_that_was_pruned_says_so_once_and_goes_on)
{
    struct journal_cursor *cursor;
    uint64_t seq;

    append_big(MANY);
    cursor = replay(0);
    ck_assert_uint_eq(next(cursor), 0);
    ck_assert_int_eq(journal_prune(journal, MANY - 5, 0, NULL), 0);
    seq = read_on_until(cursor, 1, JOURNAL_PRUNED);
    ck_assert_uint_lt(seq, MANY - 5);
    assert_gives(cursor, MANY - 5, MANY);
}
END_TEST

START_TEST(a_cursor_says_again_that_it_was_pruned_if_it_was_again)
{
    struct journal_cursor *cursor;

    append_big(MANY);
    cursor = replay(0);
    ck_assert_uint_eq(next(cursor), 0);
    ck_assert_int_eq(journal_prune(journal, 15, 0, NULL), 0);
    read_on_until(cursor, 1, JOURNAL_PRUNED);
    ck_assert_uint_eq(next(cursor), 15);
    ck_assert_int_eq(journal_prune(journal, 35, 0, NULL), 0);
    read_on_until(cursor, 16, JOURNAL_PRUNED);
    assert_gives(cursor, 35, MANY);
}
END_TEST

START_TEST(a_cursor_whose_rest_was_pruned_says_so_and_ends)
{
    struct journal_cursor *cursor;

    append_big(MANY);
    cursor = replay(0);
    ck_assert_uint_eq(next(cursor), 0);
    ck_assert_int_eq(journal_prune(journal, MANY, 0, NULL), 0);
    append_big(2);
    read_on_until(cursor, 1, JOURNAL_PRUNED);
    assert_end(cursor);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(a_cursor_behind_a_prune_does_not_mind)
{
    struct journal_cursor *cursor;

    append_big(MANY);
    cursor = replay(10);
    ck_assert_int_eq(journal_prune(journal, 10, 0, NULL), 0);
    assert_gives(cursor, 10, MANY);
}
END_TEST

START_TEST(a_cursor_that_was_rewound_ends_early)
{
    struct journal_cursor *cursor;

    append_big(MANY);
    cursor = replay(0);
    ck_assert_uint_eq(next(cursor), 0);
    ck_assert_int_eq(journal_rewind(journal, 20), 0);
    assert_gives(cursor, 1, 20);
}
END_TEST

START_TEST(a_cursor_does_not_go_on_with_what_came_after_a_rewind)
{
    struct journal_cursor *cursor;

    append_big(MANY);
    cursor = replay(0);
    ck_assert_uint_eq(next(cursor), 0);
    ck_assert_int_eq(journal_rewind(journal, 20), 0);
    append_big(MANY);
    assert_gives(cursor, 1, 20);
}
END_TEST

START_TEST(a_cursor_keeps_no_space_from_being_used_again)
{
    struct journal_options options = options_with(0);
    struct journal_cursor *cursor;
    unsigned count = rounds(60, 15);

    journal_close(journal);
    options.bytes_max = 8 << 20;
    journal = open_with(home(), &options);
    append_big(8);
    cursor = replay(0);
    ck_assert_uint_eq(next(cursor), 0);
    for (unsigned i = 0; i < count; i++) {
        append_big(4);
        ck_assert_int_eq(journal_prune(journal, figures(journal).size - 8, 0,
                                       NULL),
                         0);
    }
    journal_cursor_close(cursor);
    ck_assert_uint_eq(assert_no_gap(journal), 8);
}
END_TEST

static TCase *
plain(void)
{
    TCase *tcase = tcase_create("replay");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, replay_gives_all_entries_in_order);
    tcase_add_test(tcase, replay_starts_where_it_is_told);
    tcase_add_test(tcase, replay_from_none_starts_at_the_oldest);
    tcase_add_test(tcase, replay_from_the_size_is_empty);
    tcase_add_test(tcase, replay_of_an_empty_journal_is_empty);
    tcase_add_test(tcase, replay_from_over_the_size_is_out_of_range);
    tcase_add_test(tcase, replay_from_below_the_oldest_is_pruned);
    tcase_add_test(tcase, a_failed_replay_writes_no_cursor);
    tcase_add_test(tcase, replay_gives_what_read_gives);
    tcase_add_test(tcase, replay_ends_where_the_journal_ended_when_it_began);
    tcase_add_test(tcase, the_end_stays_the_end);
    tcase_add_test(tcase, an_entry_is_valid_until_the_next_call);
    tcase_add_test(tcase, entries_of_all_sizes_come_whole);
    tcase_add_test(tcase, cursors_go_each_their_own_way);
    tcase_add_test(tcase, a_cursor_may_move_between_threads);
    return tcase;
}

static TCase *
disturbed(void)
{
    TCase *tcase = tcase_create("disturbed replay");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, a_cursor_that_was_pruned_says_so_once_and_goes_on);
    tcase_add_test(tcase,
                   a_cursor_says_again_that_it_was_pruned_if_it_was_again);
    tcase_add_test(tcase, a_cursor_whose_rest_was_pruned_says_so_and_ends);
    tcase_add_test(tcase, a_cursor_behind_a_prune_does_not_mind);
    tcase_add_test(tcase, a_cursor_that_was_rewound_ends_early);
    tcase_add_test(tcase,
                   a_cursor_does_not_go_on_with_what_came_after_a_rewind);
    tcase_add_test(tcase, a_cursor_keeps_no_space_from_being_used_again);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *replay_suite = suite_create("replay");

    suite_add_tcase(replay_suite, plain());
    suite_add_tcase(replay_suite, disturbed());
    return replay_suite;
}

TEST_MAIN(suite)
