/* retention_test.c - appends remove what is over the limits of their handle. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/steps.h"

#define MS UINT64_C(1000000)
#define MIB (UINT64_C(1) << 20)

/* Closes `journal`, if it is open, and opens it again with limits. */
static void
keep(uint64_t entries, uint64_t bytes, uint64_t ns)
{
    struct journal_options options = options_with(0);

    options.keep_entries = entries;
    options.keep_bytes = bytes;
    options.keep_ns = ns;
    journal_close(journal);
    journal = NULL;
    journal = open_with(home(), &options);
}

/* ---- what is to be there ------------------------------------------------ */

/*
 * A journal as it should be: how large its entries are, when they were
 * appended, and the rules of retention as the contract has them.
 */
#define SHADOW_MAX 70000u

static struct {
    uint64_t bytes[SHADOW_MAX];
    uint64_t time[SHADOW_MAX];
    uint64_t first, size, sum;
    uint64_t mark;
    uint64_t keep_entries, keep_bytes, keep_ns;
    uint64_t removed; /* by the last append */
} shadow;

static void
shadow_reset(uint64_t entries, uint64_t bytes, uint64_t ns)
{
    memset(&shadow, 0, sizeof(shadow));
    shadow.mark = JOURNAL_NONE;
    shadow.keep_entries = entries;
    shadow.keep_bytes = bytes;
    shadow.keep_ns = ns;
}

static uint64_t
step_of(uint64_t limit, uint64_t most)
{
    return limit / 16 < most ? limit / 16 : most;
}

/* Whether a limit is passed by more than a step, or with STEPS 0 at all. */
static bool
is_over(uint64_t steps)
{
    uint64_t age = shadow.time[shadow.size - 1] - shadow.time[shadow.first];

    if (shadow.keep_entries != 0 &&
        shadow.size - shadow.first >
            shadow.keep_entries + steps * step_of(shadow.keep_entries, 1024))
        return true;
    if (shadow.keep_bytes != 0 &&
        shadow.sum >
            shadow.keep_bytes + steps * step_of(shadow.keep_bytes, MIB))
        return true;
    return shadow.keep_ns != 0 &&
           age > shadow.keep_ns + steps * step_of(shadow.keep_ns, 1000 * MS);
}

static void
shadow_retain(uint64_t count, uint64_t bytes)
{
    uint64_t gone = 0;

    shadow.removed = 0;
    if (!is_over(1))
        return;
    while (is_over(0) && shadow.removed < 1024 + 2 * count &&
           gone < 64 * MIB + 2 * bytes && shadow.first + 1 < shadow.size &&
           shadow.first < shadow.mark) {
        gone += shadow.bytes[shadow.first];
        shadow.sum -= shadow.bytes[shadow.first];
        shadow.first++;
        shadow.removed++;
    }
}

/* COUNT entries of SIZE bytes each have been appended in one call. */
static void
shadow_append(uint64_t count, uint64_t size)
{
    struct journal_entry *newest = entry_at(shadow.size + count - 1);

    ck_assert_uint_le(shadow.size + count, SHADOW_MAX);
    for (uint64_t i = 0; i < count; i++) {
        shadow.bytes[shadow.size] = size;
        shadow.time[shadow.size] = newest->time;
        shadow.sum += size;
        shadow.size++;
    }
    journal_entry_free(newest);
    shadow_retain(count, count * size);
}

static void
assert_as_shadow(void)
{
    struct journal_stat stat = figures(journal);

    ck_assert_uint_eq(stat.size, shadow.size);
    ck_assert_uint_eq(stat.first, shadow.first);
    ck_assert_uint_eq(stat.entries, shadow.size - shadow.first);
    ck_assert_uint_eq(stat.bytes_logical, shadow.sum);
}

/* Appends COUNT entries of SIZE bytes each, keys included, as one batch. */
static void
append_sized(uint64_t count, uint64_t size)
{
    static char value[4 << 20];
    static struct journal_record records[5000];
    uint64_t key = shadow.size % 50;

    ck_assert_uint_le(count, COUNT_OF(records));
    memset(records, 0, sizeof(records));
    for (uint64_t i = 0; i < count; i++) {
        records[i].key = &key;
        records[i].key_size = size > sizeof(key) ? sizeof(key) : 0;
        records[i].value = value;
        records[i].value_size = size - records[i].key_size;
    }
    ck_assert_int_eq(journal_append_batch(journal, records, count, NULL), 0);
    shadow_append(count, size);
}

/* ---- each limit --------------------------------------------------------- */

static const uint64_t entry_limits[] = {1, 2, 15, 16, 17, 32, 100, 1024, 1500};

START_TEST(the_oldest_go_once_there_are_more_entries_than_a_step_over)
{
    uint64_t limit = entry_limits[_i], most = 0;

    keep(limit, 0, 0);
    shadow_reset(limit, 0, 0);
    if (limit > 10)
        append_sized(limit - 10, 30);
    for (unsigned i = 0; i < 200; i++) {
        append_sized(1, 30);
        assert_as_shadow();
        if (shadow.size - shadow.first > most)
            most = shadow.size - shadow.first;
    }
    ck_assert_uint_eq(most, limit + step_of(limit, 1024));
    assert_no_gap(journal);
}
END_TEST

static const uint64_t byte_limits[] = {1, 15, 100, 1000, 20000, 2000000};

START_TEST(the_oldest_go_once_there_are_more_bytes_than_a_step_over)
{
    uint64_t limit = byte_limits[_i], state = test_seed();

    keep(0, limit, 0);
    shadow_reset(0, limit, 0);
    for (unsigned i = 0; i < rounds(300, 100); i++) {
        append_sized(1, test_random(&state) % (limit / 20 + 100));
        assert_as_shadow();
        if (shadow.size - shadow.first > 1)
            ck_assert_uint_le(shadow.sum, limit + step_of(limit, MIB));
    }
    ck_assert_uint_gt(shadow.first, 0);
    assert_no_gap(journal);
}
END_TEST

static const uint64_t ages[] = {1, 10, 1 * MS, 20 * MS, 100 * MS};

START_TEST(the_oldest_go_once_they_are_older_by_more_than_a_step)
{
    uint64_t limit = ages[_i];

    keep(0, 0, limit);
    shadow_reset(0, 0, limit);
    for (unsigned i = 0; i < 150; i++) {
        append_sized(1, 30);
        assert_as_shadow();
        usleep(1000);
    }
    ck_assert_uint_gt(shadow.first, 0);
    ck_assert_uint_ge(shadow.size - shadow.first, 1);
    assert_no_gap(journal);
}
END_TEST

START_TEST(whichever_limit_is_passed_all_are_kept_afterwards)
{
    uint64_t state = test_seed() + (uint64_t)_i;
    uint64_t entries = test_random(&state) % 300 + 1;
    uint64_t bytes = test_random(&state) % 40000 + 1;
    uint64_t ns = (test_random(&state) % 200 + 1) * MS;

    keep(entries, bytes, ns);
    shadow_reset(entries, bytes, ns);
    for (unsigned i = 0; i < 150; i++) {
        append_sized(test_random(&state) % 8 + 1, test_random(&state) % 300);
        assert_as_shadow();
    }
    ck_assert_uint_gt(shadow.first, 0);
    assert_no_gap(journal);
}
END_TEST

START_TEST(a_step_is_no_more_than_1024_entries)
{
    uint64_t limit = 17000, most = 0;

    keep(limit, 0, 0);
    shadow_reset(limit, 0, 0);
    for (unsigned i = 0; i < 4; i++)
        append_sized(limit / 4, 30);
    for (unsigned i = 0; i < 40; i++) {
        append_sized(64, 30);
        assert_as_shadow();
        if (shadow.size - shadow.first > most)
            most = shadow.size - shadow.first;
    }
    ck_assert_uint_eq(most, limit + 1024);
    ck_assert_uint_gt(shadow.first, 1024);
    assert_no_gap(journal);
}
END_TEST

START_TEST(a_step_is_no_more_than_a_mebibyte)
{
    uint64_t limit = 20 * MIB;

    keep(0, limit, 0);
    shadow_reset(0, limit, 0);
    for (unsigned i = 0; i < 10; i++)
        append_sized(2, MIB);
    for (unsigned i = 0; i < 20; i++) {
        append_sized(1, 100000);
        assert_as_shadow();
        ck_assert_uint_le(shadow.sum, limit + MIB);
    }
    ck_assert_uint_gt(shadow.first, 0);
    assert_no_gap(journal);
}
END_TEST

START_TEST(the_largest_limits_are_no_limits)
{
    keep(UINT64_MAX, UINT64_MAX, UINT64_MAX);
    append_numbered(1000, 10);
    append("key", "value");
    ck_assert_uint_eq(assert_no_gap(journal), 1001);
}
END_TEST

START_TEST(without_limits_nothing_is_removed)
{
    keep(0, 0, 0);
    append_numbered(1000, 10);
    ck_assert_uint_eq(figures(journal).first, 0);
}
END_TEST

START_TEST(age_is_counted_to_the_newest_entry_and_not_to_now)
{
    keep(0, 0, 10 * MS);
    append_numbered(2, 1); /* of one moment */
    usleep(40000);
    ck_assert_uint_eq(figures(journal).entries, 2);
    append("key", "value");
    ck_assert_uint_eq(assert_no_gap(journal), 1);
}
END_TEST

/* ---- much to remove ----------------------------------------------------- */

START_TEST(many_appends_share_in_a_big_prune)
{
    uint64_t first = 0;

    append_numbered(5000, 4000);
    keep(100, 0, 0);
    while (figures(journal).entries > 100 + 6) {
        append("key", "value");
        ck_assert_uint_le(figures(journal).first - first, 1024 + 2);
        if (figures(journal).entries > 100)
            ck_assert_uint_eq(figures(journal).first - first, 1024 + 2);
        first = figures(journal).first;
    }
    ck_assert_uint_ge(figures(journal).size, 5000 + 4900 / 1026);
    ck_assert_uint_le(figures(journal).size, 5000 + 4900 / 1025 + 1);
    assert_no_gap(journal);
}
END_TEST

START_TEST(a_batch_removes_two_for_each_of_its_own)
{
    shadow_reset(10, 0, 0);
    for (int i = 0; i < 20; i++) {
        shadow.keep_entries = 0;
        append_sized(500, 20);
    }
    shadow.keep_entries = 10;
    keep(10, 0, 0);
    append_sized(500, 20);
    ck_assert_uint_eq(shadow.removed, 1024 + 2 * 500);
    assert_as_shadow();
    append_sized(5000, 20);
    ck_assert_uint_eq(shadow.size - shadow.first, 15500 - 2024 - 11024);
    assert_as_shadow();
}
END_TEST

START_TEST(a_batch_over_a_limit_loses_its_own_first_entries)
{
    struct journal_entry *entry = NULL;

    keep(10, 0, 0);
    append_numbered(100, 7);
    ck_assert_uint_eq(figures(journal).first, 90);
    ck_assert_uint_eq(assert_no_gap(journal), 10);
    ck_assert_int_eq(journal_read(journal, 0, &entry), JOURNAL_PRUNED);
    assert_value("key 1", "value 99");
}
END_TEST

START_TEST(large_entries_go_a_few_at_a_time)
{
    uint64_t size = 4 * MIB;

    shadow_reset(0, 0, 0);
    for (int i = 0; i < 30; i++)
        append_sized(1, size);
    shadow.keep_entries = 1;
    keep(1, 0, 0);
    append_sized(1, size);
    ck_assert_uint_eq(shadow.removed, (64 + 2 * 4) / 4);
    assert_as_shadow();
    append_sized(1, 30);
    ck_assert_uint_eq(shadow.size - shadow.first, 1);
    assert_as_shadow();
}
END_TEST

/* ---- what stays --------------------------------------------------------- */

START_TEST(the_newest_stays_whatever_its_size_and_age)
{
    struct journal_stat stat;

    keep(0, 3, 1);
    for (uint64_t i = 0; i < 10; i++) {
        ck_assert_uint_eq(append("key", "longer than the limit"), i);
        assert_value("key", "longer than the limit");
        ck_assert_uint_eq(assert_no_gap(journal), 1);
    }
    stat = figures(journal);
    ck_assert_uint_eq(stat.first, 9);
    ck_assert_uint_eq(stat.first_time, stat.last_time);
}
END_TEST

START_TEST(entries_at_or_above_the_slowest_mark_stay)
{
    keep(10, 0, 0);
    append_numbered(10, 3);
    ck_assert_int_eq(journal_mark(journal, "slow", 4), 0);
    ck_assert_int_eq(journal_mark(journal, "fast", 8), 0);
    append_numbered(20, 3);
    ck_assert_uint_eq(figures(journal).first, 4);
    append("key", "value");
    ck_assert_uint_eq(figures(journal).first, 4);
    ck_assert_int_eq(journal_mark(journal, "slow", 30), 0);
    append("key", "value");
    ck_assert_uint_eq(figures(journal).first, 8);
    ck_assert_int_eq(journal_mark(journal, "slow", 6), 0);
    ck_assert_int_eq(journal_unmark(journal, "fast"), 0);
    append("key", "value");
    ck_assert_uint_eq(figures(journal).first, 8);
    ck_assert_int_eq(journal_unmark(journal, "slow"), 0);
    append("key", "value");
    ck_assert_uint_eq(assert_no_gap(journal), 10);
}
END_TEST

START_TEST(a_mark_at_the_end_holds_nothing_back)
{
    keep(5, 0, 0);
    for (uint64_t i = 0; i < 50; i++) {
        append("key", "value");
        ck_assert_int_eq(journal_mark(journal, "end", i + 1), 0);
    }
    ck_assert_uint_eq(assert_no_gap(journal), 5);
}
END_TEST

START_TEST(a_mark_of_another_handle_holds_back_too)
{
    struct journal *other = open_path(home(), 0);

    keep(5, 0, 0);
    for (uint64_t i = 0; i < 40; i++) {
        append("key", "value");
        if (i % 10 == 0)
            ck_assert_int_eq(journal_mark(other, "there", i), 0);
        ck_assert_uint_le(figures(journal).first, i - i % 10);
    }
    ck_assert_uint_eq(figures(journal).first, 30);
    journal_close(other);
}
END_TEST

START_TEST(an_append_that_fails_removes_nothing)
{
    struct journal_record one = record("key", "value");
    struct journal_stat before;

    append_numbered(100, 3);
    keep(10, 0, 0);
    before = figures(journal);
    one.flags = JOURNAL_EXPECT_SEQ;
    one.expect_seq = 7;
    ck_assert_int_eq(append_record(&one), JOURNAL_CONFLICT);
    one.key_size = JOURNAL_KEY_MAX + 1;
    ck_assert_int_eq(append_record(&one), JOURNAL_TOO_BIG);
    assert_as_before(&before);
    append("key", "value");
    ck_assert_uint_eq(assert_no_gap(journal), 10);
}
END_TEST

START_TEST(what_is_no_append_removes_nothing)
{
    append_numbered(100, 3);
    keep(10, 0, 0);
    ck_assert_int_eq(journal_mark(journal, "mark", 50), 0);
    ck_assert_int_eq(journal_unmark(journal, "mark"), 0);
    ck_assert_int_eq(journal_sync(journal), 0);
    ck_assert_int_eq(journal_rewind(journal, 99), 0);
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    reopen();
    ck_assert_uint_eq(assert_no_gap(journal), 98);
}
END_TEST

static TCase *
limits(void)
{
    TCase *tcase = tcase_create("limits");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(
        tcase, the_oldest_go_once_there_are_more_entries_than_a_step_over, 0,
        COUNT_OF(entry_limits));
    tcase_add_loop_test(
        tcase, the_oldest_go_once_there_are_more_bytes_than_a_step_over, 0,
        COUNT_OF(byte_limits));
    tcase_add_loop_test(tcase,
                        the_oldest_go_once_they_are_older_by_more_than_a_step,
                        0, COUNT_OF(ages));
    tcase_add_loop_test(tcase,
                        whichever_limit_is_passed_all_are_kept_afterwards, 0,
                        5);
    tcase_add_test(tcase, a_step_is_no_more_than_1024_entries);
    tcase_add_test(tcase, a_step_is_no_more_than_a_mebibyte);
    tcase_add_test(tcase, the_largest_limits_are_no_limits);
    tcase_add_test(tcase, without_limits_nothing_is_removed);
    tcase_add_test(tcase, many_appends_share_in_a_big_prune);
    tcase_add_test(tcase, a_batch_removes_two_for_each_of_its_own);
    tcase_add_test(tcase, a_batch_over_a_limit_loses_its_own_first_entries);
    tcase_add_test(tcase, large_entries_go_a_few_at_a_time);
    tcase_add_test(tcase, age_is_counted_to_the_newest_entry_and_not_to_now);
    return tcase;
}

static TCase *
what_stays(void)
{
    TCase *tcase = tcase_create("what stays");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, the_newest_stays_whatever_its_size_and_age);
    tcase_add_test(tcase, entries_at_or_above_the_slowest_mark_stay);
    tcase_add_test(tcase, a_mark_at_the_end_holds_nothing_back);
    tcase_add_test(tcase, a_mark_of_another_handle_holds_back_too);
    tcase_add_test(tcase, an_append_that_fails_removes_nothing);
    tcase_add_test(tcase, what_is_no_append_removes_nothing);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *retention = suite_create("retention");

    suite_add_tcase(retention, limits());
    suite_add_tcase(retention, what_stays());
    return retention;
}

TEST_MAIN(suite)
