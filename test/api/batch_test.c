/* batch_test.c - journal_append_batch(): all or none. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "api/steps.h"

START_TEST(a_batch_gets_consecutive_numbers)
{
    struct journal_record records[3] = {record("a", "1"), record(NULL, "2"),
                                        record("c", "3")};
    uint64_t first = 99;

    append("before", "");
    ck_assert_int_eq(journal_append_batch(journal, records, 3, &first), 0);
    ck_assert_uint_eq(first, 1);
    for (uint64_t i = 0; i < 3; i++) {
        struct journal_entry *entry = entry_at(first + i);

        assert_entry(entry, first + i, records[i].key, records[i].value);
        journal_entry_free(entry);
    }
    ck_assert_uint_eq(append("after", ""), 4);
}
END_TEST

START_TEST(the_first_number_may_be_left_unasked)
{
    struct journal_record one = record("key", "value");

    ck_assert_int_eq(journal_append_batch(journal, &one, 1, NULL), 0);
    assert_value("key", "value");
}
END_TEST

START_TEST(an_empty_batch_is_a_mistake)
{
    struct journal_record one = record("key", "value");
    uint64_t first = 99;

    ck_assert_int_eq(journal_append_batch(journal, &one, 0, &first), EINVAL);
    ck_assert_int_eq(journal_append_batch(journal, NULL, 0, &first), EINVAL);
    ck_assert_int_eq(journal_append_batch(journal, NULL, 1, &first), EINVAL);
    ck_assert_uint_eq(first, 99);
    ck_assert_uint_eq(figures(journal).size, 0);
}
END_TEST

START_TEST(a_record_may_carry_meta)
{
    struct journal_record one = record("key", "value");
    struct journal_entry *entry;

    one.meta = "me\0ta";
    one.meta_size = 5;
    ck_assert_int_eq(append_record(&one), 0);
    entry = get("key");
    assert_entry(entry, 0, "key", "value");
    ck_assert_uint_eq(entry->meta_size, 5);
    ck_assert_mem_eq(entry->meta, "me\0ta", 5);
    journal_entry_free(entry);
}
END_TEST

START_TEST(a_record_without_key_and_value_may_carry_meta)
{
    struct journal_record one = record(NULL, NULL);
    struct journal_entry *entry;

    one.meta = "meta";
    one.meta_size = 4;
    ck_assert_int_eq(append_record(&one), 0);
    entry = entry_at(0);
    assert_entry(entry, 0, NULL, NULL);
    ck_assert_mem_eq(entry->meta, "meta", 4);
    journal_entry_free(entry);
}
END_TEST

START_TEST(a_tombstone_may_carry_meta)
{
    struct journal_record one = record("key", NULL);
    struct journal_entry *entry;

    append("key", "value");
    one.flags = JOURNAL_TOMBSTONE;
    one.meta = "why";
    one.meta_size = 3;
    ck_assert_int_eq(append_record(&one), 0);
    assert_absent("key");
    entry = entry_at(1);
    assert_entry(entry, 1, "key", "");
    ck_assert_mem_eq(entry->meta, "why", 3);
    journal_entry_free(entry);
}
END_TEST

START_TEST(a_key_may_appear_again_in_a_batch)
{
    struct journal_record records[3] = {record("key", "1"), record("key", NULL),
                                        record("key", "3")};
    struct journal_entry *entry;

    records[1].flags = JOURNAL_TOMBSTONE;
    append("key", "0");
    ck_assert_int_eq(journal_append_batch(journal, records, 3, NULL), 0);
    assert_value("key", "3");
    for (uint64_t seq = 1; seq < 4; seq++) {
        entry = entry_at(seq);
        ck_assert_uint_eq(entry->prev, seq - 1);
        ck_assert_uint_eq(entry->revision, seq + 1);
        journal_entry_free(entry);
    }
    ck_assert_uint_eq(figures(journal).keys, 1);
}
END_TEST

START_TEST(a_big_batch_is_one_batch)
{
    unsigned count = rounds(20000, 100);
    struct journal_record *records = calloc(count, sizeof(*records));
    uint32_t *keys = calloc(count, sizeof(*keys));

    for (unsigned i = 0; i < count; i++) {
        keys[i] = i;
        records[i].key = &keys[i];
        records[i].key_size = sizeof(keys[i]);
        records[i].value = "some value of some size";
        records[i].value_size = 23;
    }
    ck_assert_int_eq(journal_append_batch(journal, records, count, NULL), 0);
    ck_assert_uint_eq(assert_no_gap(journal), count);
    ck_assert_uint_eq(figures(journal).keys, count);
    free(keys);
    free(records);
}
END_TEST

/* ---- all or none -------------------------------------------------------- */

struct fault {
    struct journal_record record;
    int result;
};

static char too_long[JOURNAL_KEY_MAX + 1];

static struct fault
fault_of(int which)
{
    struct fault faults[] = {
        {.record = {.key = "k", .key_size = 1, .flags = 1u << 4},
         .result = EINVAL},
        {.record = {.key = "k", .key_size = 1, .flags = 1u << 31},
         .result = EINVAL},
        {.record = {.key = "k", .key_size = 1, .reserved = 1},
         .result = EINVAL},
        {.record = {.key = "k",
                    .key_size = 1,
                    .value = "v",
                    .value_size = 1,
                    .flags = JOURNAL_TOMBSTONE},
         .result = EINVAL},
        {.record = {.flags = JOURNAL_TOMBSTONE}, .result = EINVAL},
        {.record = {.flags = JOURNAL_EXPECT, .expect = JOURNAL_NONE},
         .result = EINVAL},
        {.record = {.key = NULL, .key_size = 1}, .result = EINVAL},
        {.record = {.value = NULL, .value_size = 1}, .result = EINVAL},
        {.record = {.meta = NULL, .meta_size = 1}, .result = EINVAL},
        {.record = {.key = too_long, .key_size = sizeof(too_long)},
         .result = JOURNAL_TOO_BIG},
        {.record = {.meta = too_long, .meta_size = sizeof(too_long)},
         .result = JOURNAL_TOO_BIG},
        {.record = {.value = "", .value_size = (size_t)JOURNAL_VALUE_MAX + 1},
         .result = JOURNAL_TOO_BIG},
        {.record = {.value = "", .value_size = SIZE_MAX},
         .result = JOURNAL_TOO_BIG},
        {.record = {.key = "known",
                    .key_size = 5,
                    .flags = JOURNAL_EXPECT,
                    .expect = JOURNAL_NONE},
         .result = JOURNAL_CONFLICT},
        {.record = {.flags = JOURNAL_EXPECT_SEQ, .expect_seq = 0},
         .result = JOURNAL_CONFLICT},
        {.record = {.key = "known",
                    .key_size = 5,
                    .flags = JOURNAL_STAMPED,
                    .stamp = {.time = 1}},
         .result = JOURNAL_OUTDATED},
    };

    return faults[which];
}
#define FAULTS 16

START_TEST(a_record_that_is_refused_takes_its_whole_batch_along)
{
    struct journal_record known = record("known", "value");
    struct fault fault = fault_of(_i);
    struct journal_stat before;
    uint64_t first = 99;

    known.flags = JOURNAL_STAMPED;
    known.stamp.time = 1000;
    ck_assert_int_eq(append_record(&known), 0);
    before = figures(journal);
    for (size_t place = 0; place < 3; place++) {
        struct journal_record records[3] = {record("a", "1"), record("b", "2"),
                                            record("c", "3")};

        records[place] = fault.record;
        ck_assert_int_eq(journal_append_batch(journal, records, 3, &first),
                         fault.result);
        ck_assert_uint_eq(first, 99);
        assert_as_before(&before);
        assert_absent("a");
        assert_absent("b");
        assert_absent("c");
    }
    ck_assert_uint_eq(append("a", "fine"), 1);
}
END_TEST

START_TEST(a_meta_of_the_maximum_fits)
{
    struct journal_record one = record("key", "value");
    struct journal_entry *entry;

    one.meta = too_long;
    one.meta_size = JOURNAL_META_MAX;
    ck_assert_int_eq(append_record(&one), 0);
    entry = get("key");
    ck_assert_uint_eq(entry->meta_size, JOURNAL_META_MAX);
    journal_entry_free(entry);
}
END_TEST

START_TEST(a_batch_over_a_commits_maximum_is_too_big)
{
    struct journal_record records[3] = {record("a", ""), record("b", ""),
                                        record("c", "")};
    struct journal_stat before = figures(journal);
    void *gigabyte = mmap(NULL, JOURNAL_VALUE_MAX, PROT_READ,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    ck_assert_ptr_ne(gigabyte, MAP_FAILED);
    for (size_t i = 0; i < 3; i++) {
        records[i].value = gigabyte;
        records[i].value_size = JOURNAL_VALUE_MAX;
    }
    ck_assert_int_eq(journal_append_batch(journal, records, 3, NULL),
                     JOURNAL_TOO_BIG);
    assert_as_before(&before);
    ck_assert_uint_eq(append("a", "fits"), 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *batch = suite_create("batch");
    TCase *tcase = tcase_create("batch");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, a_batch_gets_consecutive_numbers);
    tcase_add_test(tcase, the_first_number_may_be_left_unasked);
    tcase_add_test(tcase, an_empty_batch_is_a_mistake);
    tcase_add_test(tcase, a_record_may_carry_meta);
    tcase_add_test(tcase, a_record_without_key_and_value_may_carry_meta);
    tcase_add_test(tcase, a_tombstone_may_carry_meta);
    tcase_add_test(tcase, a_key_may_appear_again_in_a_batch);
    tcase_add_test(tcase, a_big_batch_is_one_batch);
    tcase_add_loop_test(tcase,
                        a_record_that_is_refused_takes_its_whole_batch_along, 0,
                        FAULTS);
    tcase_add_test(tcase, a_meta_of_the_maximum_fits);
    tcase_add_test(tcase, a_batch_over_a_commits_maximum_is_too_big);
    suite_add_tcase(batch, tcase);
    return batch;
}

TEST_MAIN(suite)
