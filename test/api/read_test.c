/* read_test.c - journal_read(): the entry of a number. */
#include <errno.h>
#include <string.h>

#include "api/steps.h"

static int
result_of_read(uint64_t seq)
{
    struct journal_entry *entry = NULL;
    int rc = journal_read(journal, seq, &entry);

    ck_assert_int_eq(rc == 0, entry != NULL);
    journal_entry_free(entry);
    return rc;
}

START_TEST(every_number_gives_its_entry)
{
    static const char *const values[] = {"a", "b", "", "d"};

    for (size_t i = 0; i < COUNT_OF(values); i++)
        append(i % 2 == 0 ? "key" : NULL, values[i]);
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct journal_entry *entry = entry_at(i);

        assert_entry(entry, i, i % 2 == 0 ? "key" : NULL, values[i]);
        journal_entry_free(entry);
    }
}
END_TEST

START_TEST(a_number_not_appended_yet_is_out_of_range)
{
    ck_assert_int_eq(result_of_read(0), JOURNAL_OUT_OF_RANGE);
    append("key", "value");
    ck_assert_int_eq(result_of_read(0), 0);
    ck_assert_int_eq(result_of_read(1), JOURNAL_OUT_OF_RANGE);
    ck_assert_int_eq(result_of_read(JOURNAL_NONE - 1), JOURNAL_OUT_OF_RANGE);
}
END_TEST

START_TEST(none_is_out_of_range)
{
    append("key", "value");
    ck_assert_int_eq(result_of_read(JOURNAL_NONE), JOURNAL_OUT_OF_RANGE);
}
END_TEST

START_TEST(a_pruned_number_is_pruned)
{
    append_numbered(10, 3);
    ck_assert_int_eq(journal_prune(journal, 4, 0, NULL), 0);
    for (uint64_t seq = 0; seq < 4; seq++)
        ck_assert_int_eq(result_of_read(seq), JOURNAL_PRUNED);
    for (uint64_t seq = 4; seq < 10; seq++)
        ck_assert_int_eq(result_of_read(seq), 0);
    ck_assert_int_eq(result_of_read(10), JOURNAL_OUT_OF_RANGE);
}
END_TEST

START_TEST(a_number_of_a_journal_pruned_empty_is_pruned)
{
    append_numbered(3, 3);
    ck_assert_int_eq(journal_prune(journal, 3, 0, NULL), 0);
    ck_assert_int_eq(result_of_read(2), JOURNAL_PRUNED);
    ck_assert_int_eq(result_of_read(3), JOURNAL_OUT_OF_RANGE);
}
END_TEST

START_TEST(a_number_below_the_first_ever_is_pruned)
{
    struct journal_options options = options_with(0);

    journal_close(journal);
    options.first_seq = 100;
    journal = open_with(test_path("late"), &options);
    append("key", "value");
    ck_assert_int_eq(result_of_read(99), JOURNAL_PRUNED);
    ck_assert_int_eq(result_of_read(100), 0);
}
END_TEST

START_TEST(a_number_that_was_rewound_is_out_of_range)
{
    append_numbered(10, 3);
    ck_assert_int_eq(journal_rewind(journal, 4), 0);
    ck_assert_int_eq(result_of_read(3), 0);
    ck_assert_int_eq(result_of_read(4), JOURNAL_OUT_OF_RANGE);
}
END_TEST

START_TEST(read_and_get_give_the_same)
{
    struct journal_entry *by_key;
    struct journal_entry *by_number;

    append_numbered(20, 3);
    by_key = get("key 1");
    by_number = entry_at(by_key->seq);
    assert_same_entry(by_key, by_number);
    journal_entry_free(by_key);
    journal_entry_free(by_number);
}
END_TEST

START_TEST(prev_leads_through_the_history_of_a_key)
{
    uint64_t seq = 99;
    uint64_t revision = 34;

    append_numbered(100, 3);
    while (seq != JOURNAL_NONE) {
        struct journal_entry *entry = entry_at(seq);

        ck_assert_mem_eq(entry->key, "key 0", 5);
        ck_assert_uint_eq(entry->revision, revision--);
        seq = entry->prev;
        journal_entry_free(entry);
    }
    ck_assert_uint_eq(revision, 0);
}
END_TEST

START_TEST(a_failed_read_writes_no_entry)
{
    char mark;
    struct journal_entry *entry = (struct journal_entry *)(void *)&mark;

    ck_assert_int_eq(journal_read(journal, 0, &entry), JOURNAL_OUT_OF_RANGE);
    ck_assert_ptr_eq(entry, &mark);
}
END_TEST

static Suite *
suite(void)
{
    Suite *read = suite_create("read");
    TCase *tcase = tcase_create("read");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, every_number_gives_its_entry);
    tcase_add_test(tcase, a_number_not_appended_yet_is_out_of_range);
    tcase_add_test(tcase, none_is_out_of_range);
    tcase_add_test(tcase, a_pruned_number_is_pruned);
    tcase_add_test(tcase, a_number_of_a_journal_pruned_empty_is_pruned);
    tcase_add_test(tcase, a_number_below_the_first_ever_is_pruned);
    tcase_add_test(tcase, a_number_that_was_rewound_is_out_of_range);
    tcase_add_test(tcase, read_and_get_give_the_same);
    tcase_add_test(tcase, prev_leads_through_the_history_of_a_key);
    tcase_add_test(tcase, a_failed_read_writes_no_entry);
    suite_add_tcase(read, tcase);
    return read;
}

TEST_MAIN(suite)
