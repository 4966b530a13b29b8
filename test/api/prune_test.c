/* prune_test.c - journal_prune(): the oldest entries go. */
#include <errno.h>
#include <stdlib.h>

#include "api/steps.h"

static uint64_t
prune(uint64_t before)
{
    uint64_t removed = 99;

    ck_assert_int_eq(journal_prune(journal, before, 0, &removed), 0);
    return removed;
}

static void
assert_range(uint64_t first, uint64_t size)
{
    struct journal_stat stat = figures(journal);

    ck_assert_uint_eq(stat.first, first);
    ck_assert_uint_eq(stat.size, size);
    ck_assert_uint_eq(assert_no_gap(journal), size - first);
}

START_TEST(prune_removes_exactly_the_entries_below)
{
    append_numbered(10, 3);
    ck_assert_uint_eq(prune(4), 4);
    assert_range(4, 10);
    ck_assert_uint_eq(prune(5), 1);
    assert_range(5, 10);
}
END_TEST

START_TEST(what_was_removed_may_be_left_unasked)
{
    append_numbered(10, 3);
    ck_assert_int_eq(journal_prune(journal, 4, 0, NULL), 0);
    assert_range(4, 10);
}
END_TEST

START_TEST(pruning_up_to_the_oldest_does_nothing)
{
    struct journal_stat before;

    ck_assert_uint_eq(prune(0), 0);
    append_numbered(10, 3);
    ck_assert_uint_eq(prune(0), 0);
    prune(4);
    before = figures(journal);
    ck_assert_uint_eq(prune(4), 0);
    ck_assert_uint_eq(prune(3), 0);
    ck_assert_uint_eq(prune(0), 0);
    assert_as_before(&before);
}
END_TEST

START_TEST(over_the_size_counts_as_the_size)
{
    static const uint64_t befores[] = {10, 11, 1000, JOURNAL_NONE};

    append_numbered(10, 3);
    ck_assert_uint_eq(prune(befores[_i]), 10);
    assert_range(10, 10);
    ck_assert_uint_eq(append("key", "value"), 10);
}
END_TEST

START_TEST(a_journal_pruned_empty_goes_on_counting)
{
    append_numbered(10, 3);
    prune(10);
    reopen();
    assert_range(10, 10);
    ck_assert_uint_eq(append("key", "value"), 10);
    reopen();
    assert_range(10, 11);
    assert_value("key", "value");
}
END_TEST

START_TEST(a_prune_lasts)
{
    append_numbered(10, 3);
    prune(4);
    reopen();
    assert_range(4, 10);
}
END_TEST

START_TEST(a_key_whose_latest_entry_goes_is_forgotten)
{
    append("gone", "value");
    append("kept", "value");
    append("gone too", "value");
    erase("gone too");
    append("kept", "newer");
    prune(4);
    assert_absent("gone");
    assert_value("kept", "newer");
    ck_assert_uint_eq(figures(journal).keys, 1);
    ck_assert_uint_eq(figures(journal).tombstones, 0);
}
END_TEST

START_TEST(a_key_with_a_newer_entry_stays)
{
    struct journal_entry *entry;

    append("key", "1");
    append("key", "2");
    prune(1);
    assert_value("key", "2");
    entry = get("key");
    ck_assert_uint_eq(entry->prev, 0);
    ck_assert_uint_eq(entry->revision, 2);
    journal_entry_free(entry);
}
END_TEST

START_TEST(figures_count_what_is_left)
{
    append("a", "12345");
    append(NULL, "123456");
    erase("a");
    append("b", "1");
    prune(1);
    ck_assert_uint_eq(figures(journal).entries, 3);
    ck_assert_uint_eq(figures(journal).bytes_logical, 6 + 1 + 2);
    ck_assert_uint_eq(figures(journal).tombstones, 1);
    prune(3);
    ck_assert_uint_eq(figures(journal).entries, 1);
    ck_assert_uint_eq(figures(journal).bytes_logical, 2);
    ck_assert_uint_eq(figures(journal).keys, 1);
    ck_assert_uint_eq(figures(journal).tombstones, 0);
}
END_TEST

START_TEST(unknown_flags_are_a_mistake)
{
    static const uint32_t flags[] = {4, 5, 8, UINT32_MAX, 1u << 31};
    struct journal_stat before;
    uint64_t removed = 99;

    append_numbered(10, 3);
    before = figures(journal);
    ck_assert_int_eq(journal_prune(journal, 4, flags[_i], &removed), EINVAL);
    ck_assert_uint_eq(removed, 99);
    assert_as_before(&before);
}
END_TEST

START_TEST(a_long_journal_is_pruned_in_one_call)
{
    uint64_t count = rounds(60000, 500);

    append_numbered(count, 1000);
    ck_assert_uint_eq(prune(count - 100), count - 100);
    assert_range(count - 100, count);
    ck_assert_uint_eq(figures(journal).keys, 100);
    ck_assert_uint_eq(prune(count), 100);
    ck_assert_uint_eq(figures(journal).keys, 0);
}
END_TEST

START_TEST(the_space_is_used_again)
{
    char *value = calloc(1, 10000);
    unsigned count = rounds(2000, 300);
    uint64_t full = 0;

    for (unsigned i = 0; i < count; i++) {
        ck_assert_int_eq(journal_append(journal, "key", 3, value, 10000, NULL),
                         0);
        if (i % 100 == 99) {
            prune(i);
            if (full == 0)
                full = figures(journal).bytes_file;
        }
    }
    ck_assert_uint_le(figures(journal).bytes_file, 2 * full);
    free(value);
}
END_TEST

START_TEST(another_handle_sees_the_prune)
{
    struct journal *other = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    struct journal_entry *entry = NULL;

    append_numbered(10, 3);
    prune(4);
    ck_assert_int_eq(journal_read(other, 3, &entry), JOURNAL_PRUNED);
    ck_assert_uint_eq(figures(other).first, 4);
    journal_close(other);
}
END_TEST

static Suite *
suite(void)
{
    Suite *prune_suite = suite_create("prune");
    TCase *tcase = tcase_create("prune");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, prune_removes_exactly_the_entries_below);
    tcase_add_test(tcase, what_was_removed_may_be_left_unasked);
    tcase_add_test(tcase, pruning_up_to_the_oldest_does_nothing);
    tcase_add_loop_test(tcase, over_the_size_counts_as_the_size, 0, 4);
    tcase_add_test(tcase, a_journal_pruned_empty_goes_on_counting);
    tcase_add_test(tcase, a_prune_lasts);
    tcase_add_test(tcase, a_key_whose_latest_entry_goes_is_forgotten);
    tcase_add_test(tcase, a_key_with_a_newer_entry_stays);
    tcase_add_test(tcase, figures_count_what_is_left);
    tcase_add_loop_test(tcase, unknown_flags_are_a_mistake, 0, 5);
    tcase_add_test(tcase, a_long_journal_is_pruned_in_one_call);
    tcase_add_test(tcase, the_space_is_used_again);
    tcase_add_test(tcase, another_handle_sees_the_prune);
    suite_add_tcase(prune_suite, tcase);
    return prune_suite;
}

TEST_MAIN(suite)
