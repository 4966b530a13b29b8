/* find_time_test.c - journal_find_time(): numbers by the time of appending. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "api/steps.h"

static uint64_t
find(uint64_t time)
{
    uint64_t seq = 99999;

    ck_assert_int_eq(journal_find_time(journal, time, &seq), 0);
    return seq;
}

static uint64_t
time_of(uint64_t seq)
{
    struct journal_entry *entry = entry_at(seq);
    uint64_t time = entry->time;

    journal_entry_free(entry);
    return time;
}

/* So that what is appended next has another time. */
static void
let_time_pass(void)
{
    const struct timespec tick = {0, 200000};

    nanosleep(&tick, NULL);
}

static void
append_apart(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        append("key", "value");
        let_time_pass();
    }
}

/* One time for all of a batch. */
static void
append_together(unsigned count)
{
    uint64_t first = figures(journal).size;

    append_numbered(count, 5);
    ck_assert_uint_eq(time_of(first), time_of(first + count - 1));
    let_time_pass();
}

/* By looking at each entry that there is. */
static uint64_t
first_at_or_after(uint64_t time)
{
    uint64_t seq = figures(journal).size;
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    int rc;

    ck_assert_int_eq(journal_replay(journal, JOURNAL_NONE, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0 && entry->time < time)
        continue;
    ck_assert(rc == 0 || rc == JOURNAL_END);
    if (rc == 0)
        seq = entry->seq;
    journal_cursor_close(cursor);
    return seq;
}

/* At, just before and just after the time of each entry there is. */
static void
assert_all_found(void)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    int rc;

    ck_assert_int_eq(journal_replay(journal, JOURNAL_NONE, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0) {
        const uint64_t times[] = {entry->time - 1, entry->time,
                                  entry->time + 1};

        for (size_t i = 0; i < COUNT_OF(times); i++)
            ck_assert_uint_eq(find(times[i]), first_at_or_after(times[i]));
    }
    ck_assert_int_eq(rc, JOURNAL_END);
    journal_cursor_close(cursor);
    ck_assert_uint_eq(find(0), first_at_or_after(0));
    ck_assert_uint_eq(find(UINT64_MAX), figures(journal).size);
}

START_TEST(in_an_empty_journal_it_is_the_size)
{
    ck_assert_uint_eq(find(0), 0);
    ck_assert_uint_eq(find(1), 0);
    ck_assert_uint_eq(find(UINT64_MAX), 0);
    append_apart(3);
    ck_assert_int_eq(journal_prune(journal, 3, 0, NULL), 0);
    ck_assert_uint_eq(find(0), 3);
    ck_assert_uint_eq(find(UINT64_MAX), 3);
}
END_TEST

START_TEST(before_all_it_is_the_oldest_and_after_all_the_size)
{
    append_apart(5);
    ck_assert_uint_eq(find(0), 0);
    ck_assert_uint_eq(find(1), 0);
    ck_assert_uint_eq(find(time_of(0) - 1), 0);
    ck_assert_uint_eq(find(time_of(4)), 4);
    ck_assert_uint_eq(find(time_of(4) + 1), 5);
    ck_assert_uint_eq(find(UINT64_MAX), 5);
}
END_TEST

START_TEST(between_two_it_is_the_later)
{
    append_apart(5);
    ck_assert_uint_lt(time_of(2), time_of(3));
    ck_assert_uint_eq(find(time_of(2)), 2);
    ck_assert_uint_eq(find(time_of(2) + 1), 3);
    ck_assert_uint_eq(find(time_of(3) - 1), 3);
    assert_all_found();
}
END_TEST

START_TEST(of_equal_times_it_is_the_first)
{
    append_apart(2);
    append_together(7);
    append_together(1);
    append_together(30);
    ck_assert_uint_eq(find(time_of(5)), 2);
    ck_assert_uint_eq(find(time_of(5) + 1), 9);
    ck_assert_uint_eq(find(time_of(39)), 10);
    assert_all_found();
}
END_TEST

START_TEST(what_was_pruned_is_not_found)
{
    uint64_t time;

    append_apart(8);
    time = time_of(2);
    ck_assert_int_eq(journal_prune(journal, 5, 0, NULL), 0);
    ck_assert_uint_eq(find(time), 5);
    ck_assert_uint_eq(find(0), 5);
    assert_all_found();
}
END_TEST

START_TEST(what_was_compacted_away_is_not_found)
{
    uint64_t time;

    append("old", "value");
    append_apart(10);
    append("new", "value");
    append_apart(10);
    time = time_of(5);
    ck_assert_int_eq(journal_prune(journal, 19, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    ck_assert_uint_eq(find(0), 0);
    ck_assert_uint_eq(find(time_of(0) + 1), 11);
    ck_assert_uint_eq(find(time), 11);
    ck_assert_uint_eq(find(time_of(11) + 1), 19);
    assert_all_found();
}
END_TEST

START_TEST(when_the_newest_is_compacted_away_it_is_the_size)
{
    uint64_t time;

    append_apart(3);
    append(NULL, "last");
    time = time_of(3);
    ck_assert_int_eq(journal_prune(journal, JOURNAL_NONE,
                                   JOURNAL_PRUNE_KEEP_LATEST, NULL),
                     0);
    ck_assert_uint_eq(find(time), 4);
    ck_assert_uint_eq(find(time - 1), 4);
    ck_assert_uint_eq(find(0), 2);
    assert_all_found();
}
END_TEST

START_TEST(what_was_rewound_is_not_found)
{
    uint64_t time;

    append_apart(8);
    time = time_of(6);
    ck_assert_int_eq(journal_rewind(journal, 5), 0);
    ck_assert_uint_eq(find(time), 5);
    assert_all_found();
    append("key", "later");
    ck_assert_uint_eq(find(time), 5);
    assert_all_found();
}
END_TEST

START_TEST(it_lasts_and_is_seen_by_all)
{
    uint64_t seq = 99;
    struct journal *other;

    append_apart(8);
    reopen();
    assert_all_found();
    other = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    ck_assert_int_eq(journal_find_time(other, time_of(3), &seq), 0);
    ck_assert_uint_eq(seq, 3);
    journal_close(other);
}
END_TEST

START_TEST(arguments_that_are_missing_are_a_mistake)
{
    uint64_t seq = 99;

    ck_assert_int_eq(journal_find_time(NULL, 0, &seq), EINVAL);
    ck_assert_int_eq(journal_find_time(journal, 0, NULL), EINVAL);
    ck_assert_uint_eq(seq, 99);
}
END_TEST

/* Whatever happens to a journal, each time is found. */
START_TEST(every_time_is_found_after_any_upkeep)
{
    uint64_t state = test_seed() + (unsigned)_i;
    unsigned steps = rounds(20, 4);

    while (steps-- > 0) {
        struct journal_stat stat;
        uint64_t some;

        append_together(1 + (unsigned)(test_random(&state) % 20));
        append_apart((unsigned)(test_random(&state) % 4));
        stat = figures(journal);
        some = stat.first + test_random(&state) % (stat.size - stat.first + 1);
        switch (test_random(&state) % 5) {
        case 0:
            ck_assert_int_eq(journal_rewind(journal, some), 0);
            break;
        case 1:
            ck_assert_int_eq(journal_prune(journal, some, 0, NULL), 0);
            break;
        default:
            ck_assert_int_eq(journal_prune(journal, some,
                                           JOURNAL_PRUNE_KEEP_LATEST, NULL),
                             0);
        }
        assert_all_found();
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *find_time = suite_create("find_time");
    TCase *tcase = tcase_create("find_time");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, in_an_empty_journal_it_is_the_size);
    tcase_add_test(tcase, before_all_it_is_the_oldest_and_after_all_the_size);
    tcase_add_test(tcase, between_two_it_is_the_later);
    tcase_add_test(tcase, of_equal_times_it_is_the_first);
    tcase_add_test(tcase, what_was_pruned_is_not_found);
    tcase_add_test(tcase, what_was_compacted_away_is_not_found);
    tcase_add_test(tcase, when_the_newest_is_compacted_away_it_is_the_size);
    tcase_add_test(tcase, what_was_rewound_is_not_found);
    tcase_add_test(tcase, it_lasts_and_is_seen_by_all);
    tcase_add_test(tcase, arguments_that_are_missing_are_a_mistake);
    tcase_add_loop_test(tcase, every_time_is_found_after_any_upkeep, 0, 5);
    suite_add_tcase(find_time, tcase);
    return find_time;
}

TEST_MAIN(suite)
