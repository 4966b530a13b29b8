/* expect_test.c - JOURNAL_EXPECT and JOURNAL_EXPECT_SEQ. */
#include <errno.h>

#include "api/steps.h"

/* The result of an append to KEY if its latest entry is number EXPECT. */
static int
append_if(const char *key, uint64_t expect)
{
    struct journal_record one = record(key, "expected");

    one.flags = JOURNAL_EXPECT;
    one.expect = expect;
    return append_record(&one);
}

static void
assert_conflict(const char *key, uint64_t expect)
{
    struct journal_stat before = figures(journal);

    ck_assert_int_eq(append_if(key, expect), JOURNAL_CONFLICT);
    assert_as_before(&before);
}

START_TEST(the_number_of_the_latest_entry_holds)
{
    append("key", "value");
    append("other", "value");
    ck_assert_int_eq(append_if("key", 0), 0);
    ck_assert_int_eq(append_if("key", 2), 0);
    assert_value("key", "expected");
    ck_assert_uint_eq(figures(journal).size, 4);
}
END_TEST

START_TEST(any_other_number_conflicts)
{
    append("key", "value");
    append("other", "value");
    append("key", "newer");
    assert_conflict("key", 0);
    assert_conflict("key", 1);
    assert_conflict("key", 3);
    assert_conflict("key", JOURNAL_NONE - 1);
    assert_value("key", "newer");
}
END_TEST

START_TEST(none_holds_for_a_key_that_is_not_known)
{
    append("other", "value");
    ck_assert_int_eq(append_if("key", JOURNAL_NONE), 0);
    assert_value("key", "expected");
}
END_TEST

START_TEST(none_conflicts_for_a_known_key)
{
    append("key", "value");
    assert_conflict("key", JOURNAL_NONE);
}
END_TEST

START_TEST(a_number_conflicts_for_a_key_that_is_not_known)
{
    append("other", "value");
    assert_conflict("key", 0);
    assert_conflict("key", 1);
}
END_TEST

START_TEST(a_tombstone_is_the_latest_entry)
{
    append("key", "value");
    erase("key");
    assert_conflict("key", JOURNAL_NONE);
    assert_conflict("key", 0);
    ck_assert_int_eq(append_if("key", 1), 0);
    assert_value("key", "expected");
}
END_TEST

START_TEST(a_key_whose_latest_entry_was_pruned_is_not_known)
{
    append("key", "value");
    append("other", "value");
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    assert_conflict("key", 0);
    ck_assert_int_eq(append_if("key", JOURNAL_NONE), 0);
}
END_TEST

START_TEST(a_key_whose_older_entry_was_pruned_is_known)
{
    append("key", "value");
    append("key", "newer");
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    assert_conflict("key", JOURNAL_NONE);
    ck_assert_int_eq(append_if("key", 1), 0);
}
END_TEST

START_TEST(a_rewind_takes_expectations_back_too)
{
    append("key", "value");
    append("key", "newer");
    append("new", "value");
    ck_assert_int_eq(journal_rewind(journal, 1), 0);
    assert_conflict("key", 1);
    ck_assert_int_eq(append_if("key", 0), 0);
    ck_assert_int_eq(append_if("new", JOURNAL_NONE), 0);
}
END_TEST

START_TEST(expectations_last_over_reopening)
{
    append("key", "value");
    reopen();
    assert_conflict("key", JOURNAL_NONE);
    ck_assert_int_eq(append_if("key", 0), 0);
}
END_TEST

START_TEST(a_tombstone_may_expect)
{
    struct journal_record one = record("key", NULL);

    append("key", "value");
    one.flags = JOURNAL_TOMBSTONE | JOURNAL_EXPECT;
    one.expect = 5;
    ck_assert_int_eq(append_record(&one), JOURNAL_CONFLICT);
    one.expect = 0;
    ck_assert_int_eq(append_record(&one), 0);
    assert_absent("key");
}
END_TEST

START_TEST(expect_needs_a_key)
{
    struct journal_record one = record(NULL, "value");

    one.flags = JOURNAL_EXPECT;
    one.expect = JOURNAL_NONE;
    ck_assert_int_eq(append_record(&one), EINVAL);
    ck_assert_uint_eq(figures(journal).size, 0);
}
END_TEST

START_TEST(without_the_flag_nothing_is_expected)
{
    struct journal_record one = record("key", "value");

    one.expect = 5;
    one.expect_seq = 5;
    one.stamp.time = 1;
    ck_assert_int_eq(append_record(&one), 0);
    ck_assert_int_eq(append_record(&one), 0);
}
END_TEST

START_TEST(a_batch_expects_what_was_before_it)
{
    struct journal_record records[2] = {record("key", "1"), record("key", "2")};

    append("key", "0");
    records[0].flags = JOURNAL_EXPECT;
    records[1].flags = JOURNAL_EXPECT;
    records[1].expect = 1;
    ck_assert_int_eq(journal_append_batch(journal, records, 2, NULL),
                     JOURNAL_CONFLICT);
    ck_assert_uint_eq(figures(journal).size, 1);
    records[1].expect = 0;
    ck_assert_int_eq(journal_append_batch(journal, records, 2, NULL), 0);
    assert_value("key", "2");
}
END_TEST

START_TEST(a_batch_may_expect_no_key_and_make_it_twice)
{
    struct journal_record records[2] = {record("key", "1"), record("key", "2")};

    for (int i = 0; i < 2; i++) {
        records[i].flags = JOURNAL_EXPECT;
        records[i].expect = JOURNAL_NONE;
    }
    ck_assert_int_eq(journal_append_batch(journal, records, 2, NULL), 0);
    assert_value("key", "2");
}
END_TEST

/* ---- JOURNAL_EXPECT_SEQ ------------------------------------------------- */

START_TEST(the_number_that_the_record_gets_holds)
{
    struct journal_record one = record("key", "value");

    one.flags = JOURNAL_EXPECT_SEQ;
    for (uint64_t seq = 0; seq < 3; seq++) {
        one.expect_seq = seq;
        ck_assert_int_eq(append_record(&one), 0);
    }
    ck_assert_uint_eq(assert_no_gap(journal), 3);
}
END_TEST

START_TEST(any_other_number_than_the_next_conflicts)
{
    static const uint64_t others[] = {0, 1, 3, JOURNAL_NONE};
    struct journal_record one = record("key", "value");
    struct journal_stat before;

    append("key", "value");
    append("key", "value");
    before = figures(journal);
    one.flags = JOURNAL_EXPECT_SEQ;
    one.expect_seq = others[_i];
    ck_assert_int_eq(append_record(&one), JOURNAL_CONFLICT);
    assert_as_before(&before);
}
END_TEST

START_TEST(expect_seq_needs_no_key)
{
    struct journal_record one = record(NULL, "value");

    one.flags = JOURNAL_EXPECT_SEQ;
    ck_assert_int_eq(append_record(&one), 0);
    ck_assert_int_eq(append_record(&one), JOURNAL_CONFLICT);
}
END_TEST

START_TEST(each_record_of_a_batch_has_its_own_number)
{
    struct journal_record records[3] = {record("a", ""), record("b", ""),
                                        record("c", "")};

    append("key", "value");
    records[2].flags = JOURNAL_EXPECT_SEQ;
    records[2].expect_seq = 1;
    ck_assert_int_eq(journal_append_batch(journal, records, 3, NULL),
                     JOURNAL_CONFLICT);
    records[2].expect_seq = 3;
    ck_assert_int_eq(journal_append_batch(journal, records, 3, NULL), 0);
    ck_assert_uint_eq(figures(journal).size, 4);
}
END_TEST

START_TEST(both_expectations_must_hold)
{
    struct journal_record one = record("key", "value");

    append("key", "value");
    one.flags = JOURNAL_EXPECT | JOURNAL_EXPECT_SEQ;
    one.expect = 0;
    one.expect_seq = 0;
    ck_assert_int_eq(append_record(&one), JOURNAL_CONFLICT);
    one.expect = 1;
    one.expect_seq = 1;
    ck_assert_int_eq(append_record(&one), JOURNAL_CONFLICT);
    one.expect = 0;
    ck_assert_int_eq(append_record(&one), 0);
}
END_TEST

START_TEST(expectations_are_not_kept_with_the_entry)
{
    struct journal_record one = record("key", "value");
    struct journal_entry *entry;

    one.flags = JOURNAL_EXPECT | JOURNAL_EXPECT_SEQ;
    one.expect = JOURNAL_NONE;
    one.expect_seq = 0;
    ck_assert_int_eq(append_record(&one), 0);
    entry = get("key");
    ck_assert_uint_eq(entry->flags, 0);
    journal_entry_free(entry);
}
END_TEST

static Suite *
suite(void)
{
    Suite *expect = suite_create("expect");
    TCase *tcase = tcase_create("expect");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, the_number_of_the_latest_entry_holds);
    tcase_add_test(tcase, any_other_number_conflicts);
    tcase_add_test(tcase, none_holds_for_a_key_that_is_not_known);
    tcase_add_test(tcase, none_conflicts_for_a_known_key);
    tcase_add_test(tcase, a_number_conflicts_for_a_key_that_is_not_known);
    tcase_add_test(tcase, a_tombstone_is_the_latest_entry);
    tcase_add_test(tcase, a_key_whose_latest_entry_was_pruned_is_not_known);
    tcase_add_test(tcase, a_key_whose_older_entry_was_pruned_is_known);
    tcase_add_test(tcase, a_rewind_takes_expectations_back_too);
    tcase_add_test(tcase, expectations_last_over_reopening);
    tcase_add_test(tcase, a_tombstone_may_expect);
    tcase_add_test(tcase, expect_needs_a_key);
    tcase_add_test(tcase, without_the_flag_nothing_is_expected);
    tcase_add_test(tcase, a_batch_expects_what_was_before_it);
    tcase_add_test(tcase, a_batch_may_expect_no_key_and_make_it_twice);
    tcase_add_test(tcase, the_number_that_the_record_gets_holds);
    tcase_add_loop_test(tcase, any_other_number_than_the_next_conflicts, 0, 4);
    tcase_add_test(tcase, expect_seq_needs_no_key);
    tcase_add_test(tcase, each_record_of_a_batch_has_its_own_number);
    tcase_add_test(tcase, both_expectations_must_hold);
    tcase_add_test(tcase, expectations_are_not_kept_with_the_entry);
    suite_add_tcase(expect, tcase);
    return expect;
}

TEST_MAIN(suite)
