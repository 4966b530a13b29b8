/* stat_test.c - journal_stat(): the figures. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/steps.h"
#include "support/mode.h"

START_TEST(a_new_journal_has_nothing)
{
    static const uint8_t zeros[16];
    struct journal_stat stat = figures(journal);

    ck_assert_uint_eq(stat.first, 0);
    ck_assert_uint_eq(stat.size, 0);
    ck_assert_uint_eq(stat.durable_size, 0);
    ck_assert_uint_eq(stat.entries, 0);
    ck_assert_uint_eq(stat.keys, 0);
    ck_assert_uint_eq(stat.tombstones, 0);
    ck_assert_uint_eq(stat.bytes_logical, 0);
    ck_assert_uint_eq(stat.bytes_max, 0);
    ck_assert_uint_eq(stat.first_time, 0);
    ck_assert_uint_eq(stat.last_time, 0);
    ck_assert_uint_ge(stat.format, 1);
    ck_assert_mem_ne(stat.id, zeros, sizeof(zeros));
}
END_TEST

START_TEST(first_and_size_are_the_range_of_what_is_retained)
{
    struct journal_stat stat;

    append_numbered(10, 3);
    ck_assert_int_eq(journal_prune(journal, 4, 0, NULL), 0);
    stat = figures(journal);
    ck_assert_uint_eq(stat.first, 4);
    ck_assert_uint_eq(stat.size, 10);
    if (!mode_is_relaxed())
        ck_assert_uint_eq(stat.durable_size, 10);
    ck_assert_uint_eq(stat.entries, 6);
}
END_TEST

START_TEST(keys_are_those_with_a_live_latest_entry)
{
    append("a", "");
    append("b", "");
    append("a", "");
    append(NULL, "");
    ck_assert_uint_eq(figures(journal).keys, 2);
    erase("a");
    ck_assert_uint_eq(figures(journal).keys, 1);
    erase("a");
    erase("never was");
    ck_assert_uint_eq(figures(journal).keys, 1);
    append("a", "");
    ck_assert_uint_eq(figures(journal).keys, 2);
}
END_TEST

START_TEST(tombstones_are_keys_whose_latest_entry_is_one)
{
    append("a", "");
    append("b", "");
    ck_assert_uint_eq(figures(journal).tombstones, 0);
    erase("a");
    erase("a");
    erase("never was");
    ck_assert_uint_eq(figures(journal).tombstones, 2);
    append("a", "");
    ck_assert_uint_eq(figures(journal).tombstones, 1);
}
END_TEST

START_TEST(bytes_logical_are_those_of_keys_metas_and_values)
{
    struct journal_record one = record("key", "value");

    one.meta = "meta";
    one.meta_size = 4;
    one.flags = JOURNAL_STAMPED;
    ck_assert_int_eq(append_record(&one), 0);
    ck_assert_uint_eq(figures(journal).bytes_logical, 3 + 5 + 4);
    append(NULL, "1234567");
    ck_assert_uint_eq(figures(journal).bytes_logical, 12 + 7);
    erase("key");
    ck_assert_uint_eq(figures(journal).bytes_logical, 19 + 3);
    ck_assert_int_eq(journal_rewind(journal, 1), 0);
    ck_assert_uint_eq(figures(journal).bytes_logical, 12);
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    ck_assert_uint_eq(figures(journal).bytes_logical, 0);
}
END_TEST

START_TEST(bytes_used_and_bytes_file_are_of_the_disk)
{
    struct journal_stat before = figures(journal);
    struct journal_stat after;
    struct stat status;

    append_numbered(5000, 100);
    after = figures(journal);
    ck_assert_int_eq(stat(test_path("journal/data.mdb"), &status), 0);
    ck_assert_uint_gt(after.bytes_used, before.bytes_used);
    ck_assert_uint_ge(after.bytes_used, after.bytes_logical);
    ck_assert_uint_ge(after.bytes_file, after.bytes_used);
    ck_assert_uint_ge(after.bytes_file, (uint64_t)status.st_size);
}
END_TEST

static uint64_t
size_of(const char *name)
{
    struct stat status;

    ck_assert_int_eq(stat(test_path(name), &status), 0);
    return (uint64_t)status.st_size;
}

START_TEST(bytes_file_is_of_files_that_are_there)
{
    struct journal_options options;
    struct journal *copy;

    append_numbered(3, 100);
    append_numbered(3, 100);
    ck_assert_uint_eq(figures(journal).bytes_file,
                      size_of("journal/data.mdb") +
                          size_of("journal/lock.mdb") +
                          size_of("journal/tail"));
    ck_assert_int_eq(journal_backup(journal, test_path("copy"), 0, NULL, NULL),
                     0);
    journal_options_init(&options);
    options.flags = JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE;
    ck_assert_int_eq(journal_open(test_path("copy"), &options, &copy), 0);
    ck_assert_uint_eq(figures(copy).bytes_file, size_of("copy/data.mdb"));
    journal_close(copy);
}
END_TEST

START_TEST(pruning_takes_pages_out_of_use)
{
    uint64_t full;

    append_numbered(5000, 100);
    full = figures(journal).bytes_used;
    ck_assert_int_eq(journal_prune(journal, 5000, 0, NULL), 0);
    ck_assert_uint_lt(figures(journal).bytes_used, full / 2);
}
END_TEST

START_TEST(times_are_those_of_the_oldest_and_the_newest)
{
    struct journal_entry *first;
    struct journal_entry *last;

    append_numbered(10, 3);
    ck_assert_int_eq(journal_prune(journal, 4, 0, NULL), 0);
    first = entry_at(4);
    last = entry_at(9);
    ck_assert_uint_eq(figures(journal).first_time, first->time);
    ck_assert_uint_eq(figures(journal).last_time, last->time);
    journal_entry_free(first);
    journal_entry_free(last);
}
END_TEST

START_TEST(a_journal_pruned_empty_knows_when_it_was_written)
{
    uint64_t last;

    append("key", "value");
    last = figures(journal).last_time;
    ck_assert_uint_ne(last, 0);
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    ck_assert_uint_eq(figures(journal).first_time, 0);
    ck_assert_uint_eq(figures(journal).last_time, last);
}
END_TEST

START_TEST(marks_are_counted)
{
    append("key", "value");
    ck_assert_uint_eq(figures(journal).marks, 0);
    ck_assert_int_eq(journal_mark(journal, "a", 0), 0);
    ck_assert_int_eq(journal_mark(journal, "b", 1), 0);
    ck_assert_uint_eq(figures(journal).marks, 2);
    ck_assert_int_eq(journal_mark(journal, "b", 0), 0);
    ck_assert_uint_eq(figures(journal).marks, 2);
    ck_assert_int_eq(journal_unmark(journal, "a"), 0);
    ck_assert_uint_eq(figures(journal).marks, 1);
    ck_assert_int_eq(journal_rewind(journal, 0), 0);
    ck_assert_uint_eq(figures(journal).marks, 1);
    reopen();
    ck_assert_uint_eq(figures(journal).marks, 1);
}
END_TEST

START_TEST(a_compaction_is_counted_as_it_leaves_things)
{
    struct journal_stat stat;
    struct journal_entry *oldest;

    append("a", "12345");
    append("b", "1");
    append(NULL, "123");
    append("a", "1");
    erase("b");
    append("c", "12");
    append("c", "1234");
    ck_assert_int_eq(journal_prune(journal, 6, JOURNAL_PRUNE_KEEP_LATEST, NULL),
                     0);
    stat = figures(journal);
    oldest = entry_at(3);
    ck_assert_uint_eq(stat.first, 3);
    ck_assert_uint_eq(stat.size, 7);
    ck_assert_uint_eq(stat.entries, 2);
    ck_assert_uint_eq(stat.keys, 2);
    ck_assert_uint_eq(stat.tombstones, 0);
    ck_assert_uint_eq(stat.bytes_logical, 2 + 5);
    ck_assert_uint_eq(stat.first_time, oldest->time);
    journal_entry_free(oldest);
}
END_TEST

START_TEST(figures_last_over_reopening)
{
    struct journal_stat before;
    struct journal_stat after;

    append_numbered(100, 7);
    erase("key 3");
    ck_assert_int_eq(journal_prune(journal, 20, 0, NULL), 0);
    before = figures(journal);
    reopen();
    after = figures(journal);
    after.bytes_file = before.bytes_file;
    after.bytes_used = before.bytes_used;
    ck_assert_mem_eq(&after, &before, sizeof(after));
}
END_TEST

START_TEST(a_handle_that_only_reads_sees_the_same_figures)
{
    struct journal *reader = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    struct journal_stat a;
    struct journal_stat b;

    append_numbered(100, 7);
    a = figures(journal);
    b = figures(reader);
    ck_assert_mem_eq(&a, &b, sizeof(a));
    journal_close(reader);
}
END_TEST

/* ---- a struct that may grow --------------------------------------------- */

static struct journal_stat *
stat_of_size(size_t size)
{
    struct journal_stat *stat = calloc(1, size);

    ck_assert_ptr_nonnull(stat);
    stat->struct_size = (uint32_t)size;
    return stat;
}

START_TEST(a_stat_of_no_release_is_a_mistake)
{
    static const size_t sizes[] = {4, 8, 64, sizeof(struct journal_stat) - 1};
    struct journal_stat *stat = stat_of_size(sizes[_i]);

    ck_assert_int_eq(journal_stat(journal, stat), EINVAL);
    ck_assert_uint_eq(stat->struct_size, sizes[_i]);
    stat->struct_size = 0;
    ck_assert_int_eq(journal_stat(journal, stat), EINVAL);
    free(stat);
}
END_TEST

/* It ended before the marks. */
START_TEST(a_stat_of_the_first_release_gets_what_it_has)
{
    size_t size = offsetof(struct journal_stat, marks);
    struct journal_stat *stat = stat_of_size(sizeof(*stat));

    append("key", "value");
    ck_assert_int_eq(journal_mark(journal, "a", 0), 0);
    stat->struct_size = (uint32_t)size;
    stat->marks = 77;
    ck_assert_int_eq(journal_stat(journal, stat), 0);
    ck_assert_uint_eq(stat->struct_size, size);
    ck_assert_uint_eq(stat->size, 1);
    ck_assert_uint_eq(stat->marks, 77);
    free(stat);
}
END_TEST

START_TEST(a_larger_stat_is_fine_while_the_rest_is_zero)
{
    size_t size = sizeof(struct journal_stat) + 40;
    struct journal_stat *stat = stat_of_size(size);

    append("key", "value");
    ck_assert_int_eq(journal_stat(journal, stat), 0);
    ck_assert_uint_eq(stat->size, 1);
    ck_assert_uint_eq(stat->struct_size, size);
    for (size_t i = sizeof(*stat); i < size; i++)
        ck_assert_int_eq(((char *)stat)[i], 0);
    free(stat);
}
END_TEST

START_TEST(a_larger_stat_that_says_something_unknown_is_a_mistake)
{
    size_t size = sizeof(struct journal_stat) + 40;
    struct journal_stat *stat = stat_of_size(size);
    size_t place = _i == 0 ? sizeof(*stat) : size - 1;

    append("key", "value");
    ((char *)stat)[place] = 1;
    ck_assert_int_eq(journal_stat(journal, stat), EINVAL);
    ck_assert_uint_eq(stat->size, 0);
    free(stat);
}
END_TEST

START_TEST(what_a_stat_held_before_does_not_matter)
{
    struct journal_stat stat;
    struct journal_stat clean = figures(journal);

    memset(&stat, 0xa5, sizeof(stat));
    stat.struct_size = sizeof(stat);
    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    ck_assert_mem_eq(&stat, &clean, sizeof(stat));
}
END_TEST

static Suite *
suite(void)
{
    Suite *stat_suite = suite_create("stat");
    TCase *tcase = tcase_create("stat");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, a_new_journal_has_nothing);
    tcase_add_test(tcase, first_and_size_are_the_range_of_what_is_retained);
    tcase_add_test(tcase, keys_are_those_with_a_live_latest_entry);
    tcase_add_test(tcase, tombstones_are_keys_whose_latest_entry_is_one);
    tcase_add_test(tcase, bytes_logical_are_those_of_keys_metas_and_values);
    tcase_add_test(tcase, bytes_used_and_bytes_file_are_of_the_disk);
    tcase_add_test(tcase, bytes_file_is_of_files_that_are_there);
    tcase_add_test(tcase, pruning_takes_pages_out_of_use);
    tcase_add_test(tcase, times_are_those_of_the_oldest_and_the_newest);
    tcase_add_test(tcase, a_journal_pruned_empty_knows_when_it_was_written);
    tcase_add_test(tcase, marks_are_counted);
    tcase_add_test(tcase, a_compaction_is_counted_as_it_leaves_things);
    tcase_add_test(tcase, figures_last_over_reopening);
    tcase_add_test(tcase, a_handle_that_only_reads_sees_the_same_figures);
    tcase_add_loop_test(tcase, a_stat_of_no_release_is_a_mistake, 0, 4);
    tcase_add_test(tcase, a_stat_of_the_first_release_gets_what_it_has);
    tcase_add_test(tcase, a_larger_stat_is_fine_while_the_rest_is_zero);
    tcase_add_loop_test(tcase,
                        a_larger_stat_that_says_something_unknown_is_a_mistake,
                        0, 2);
    tcase_add_test(tcase, what_a_stat_held_before_does_not_matter);
    suite_add_tcase(stat_suite, tcase);
    return stat_suite;
}

TEST_MAIN(suite)
