/* arguments_test.c - mistakes in arguments: EINVAL, and nothing changes. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "api/steps.h"

static char too_long[JOURNAL_KEY_MAX + 1];
static struct journal_stat before;

static void
setup(void)
{
    setup_journal();
    append("key", "value");
    append("key", "newer");
    append("other", "value");
    before = figures(journal);
}

static void
teardown(void)
{
    assert_as_before(&before);
    ck_assert_uint_eq(assert_no_gap(journal), 3);
    ck_assert_uint_eq(append("key", "still works"), 3);
    teardown_journal();
}

/* What is wrong with a pair of a pointer and a size. */
static const struct {
    const void *data;
    size_t size;
    int result;
} bad_keys[] = {
    {NULL, 1, EINVAL},
    {NULL, JOURNAL_KEY_MAX, EINVAL},
    {too_long, sizeof(too_long), JOURNAL_TOO_BIG},
    {too_long, SIZE_MAX, JOURNAL_TOO_BIG},
    {too_long, SIZE_MAX / 2, JOURNAL_TOO_BIG},
};
#define BAD_KEYS COUNT_OF(bad_keys)

START_TEST(append_refuses_a_bad_key)
{
    uint64_t seq = 99;

    ck_assert_int_eq(journal_append(journal, bad_keys[_i].data,
                                    bad_keys[_i].size, "value", 5, &seq),
                     bad_keys[_i].result);
    ck_assert_uint_eq(seq, 99);
}
END_TEST

START_TEST(append_refuses_a_bad_value)
{
    uint64_t seq = 99;

    ck_assert_int_eq(journal_append(journal, "key", 3, NULL, 1, &seq), EINVAL);
    ck_assert_int_eq(journal_append(journal, NULL, 0, NULL, 1, &seq), EINVAL);
    ck_assert_int_eq(journal_append(journal, "key", 3, too_long,
                                    (size_t)JOURNAL_VALUE_MAX + 1, &seq),
                     JOURNAL_TOO_BIG);
    ck_assert_int_eq(journal_append(journal, "key", 3, too_long, SIZE_MAX - 3,
                                    &seq),
                     JOURNAL_TOO_BIG);
    ck_assert_uint_eq(seq, 99);
}
END_TEST

START_TEST(delete_refuses_a_bad_key)
{
    uint64_t seq = 99;

    ck_assert_int_eq(journal_delete(journal, bad_keys[_i].data,
                                    bad_keys[_i].size, &seq),
                     bad_keys[_i].result);
    ck_assert_int_eq(journal_delete(journal, NULL, 0, &seq), EINVAL);
    ck_assert_int_eq(journal_delete(journal, "key", 0, &seq), EINVAL);
    ck_assert_uint_eq(seq, 99);
}
END_TEST

START_TEST(get_refuses_a_bad_key)
{
    struct journal_entry *entry = NULL;

    ck_assert_int_eq(journal_get(journal, bad_keys[_i].data, bad_keys[_i].size,
                                 &entry),
                     bad_keys[_i].result);
    ck_assert_int_eq(journal_get_at(journal, bad_keys[_i].data,
                                    bad_keys[_i].size, 1, &entry),
                     bad_keys[_i].result);
    ck_assert_int_eq(journal_get(journal, NULL, 0, &entry), EINVAL);
    ck_assert_int_eq(journal_get_at(journal, NULL, 0, 1, &entry), EINVAL);
    ck_assert_ptr_null(entry);
}
END_TEST

START_TEST(a_batch_refuses_a_bad_key)
{
    struct journal_record one = record(NULL, "value");
    uint64_t first = 99;

    one.key = bad_keys[_i].data;
    one.key_size = bad_keys[_i].size;
    ck_assert_int_eq(journal_append_batch(journal, &one, 1, &first),
                     bad_keys[_i].result);
    one.flags = JOURNAL_TOMBSTONE;
    one.value_size = 0;
    ck_assert_int_eq(journal_append_batch(journal, &one, 1, &first),
                     bad_keys[_i].result);
    ck_assert_uint_eq(first, 99);
}
END_TEST

START_TEST(a_batch_refuses_a_bad_meta)
{
    struct journal_record one = record("key", "value");
    uint64_t first = 99;

    one.meta_size = 1;
    ck_assert_int_eq(journal_append_batch(journal, &one, 1, &first), EINVAL);
    one.meta = too_long;
    one.meta_size = JOURNAL_META_MAX + 1;
    ck_assert_int_eq(journal_append_batch(journal, &one, 1, &first),
                     JOURNAL_TOO_BIG);
    one.meta_size = SIZE_MAX;
    ck_assert_int_eq(journal_append_batch(journal, &one, 1, &first),
                     JOURNAL_TOO_BIG);
    ck_assert_uint_eq(first, 99);
}
END_TEST

START_TEST(a_batch_refuses_unknown_flags)
{
    struct journal_record one = record("key", "value");
    uint64_t first = 99;

    for (unsigned bit = 4; bit < 32; bit++) {
        one.flags = 1u << bit;
        ck_assert_int_eq(journal_append_batch(journal, &one, 1, &first),
                         EINVAL);
        one.flags |= JOURNAL_STAMPED;
        ck_assert_int_eq(journal_append_batch(journal, &one, 1, &first),
                         EINVAL);
    }
    ck_assert_uint_eq(first, 99);
}
END_TEST

START_TEST(a_batch_refuses_reserved_bits)
{
    struct journal_record one = record("key", "value");

    for (unsigned bit = 0; bit < 32; bit++) {
        one.reserved = 1u << bit;
        ck_assert_int_eq(append_record(&one), EINVAL);
    }
}
END_TEST

START_TEST(a_batch_refuses_a_tombstone_that_makes_no_sense)
{
    struct journal_record one = record("key", "value");

    one.flags = JOURNAL_TOMBSTONE;
    ck_assert_int_eq(append_record(&one), EINVAL);
    one = record(NULL, NULL);
    one.flags = JOURNAL_TOMBSTONE;
    ck_assert_int_eq(append_record(&one), EINVAL);
}
END_TEST

START_TEST(a_batch_refuses_an_absurd_count)
{
    struct journal_record one = record("key", "value");

    ck_assert_int_eq(journal_append_batch(journal, &one, 0, NULL), EINVAL);
    ck_assert_int_eq(journal_append_batch(journal, NULL, 0, NULL), EINVAL);
    ck_assert_int_eq(journal_append_batch(journal, NULL, 3, NULL), EINVAL);
}
END_TEST

START_TEST(no_call_takes_null_for_the_journal)
{
    struct journal_record one = record("key", "value");
    struct journal_entry *entry = NULL;
    struct journal_cursor *cursor = NULL;
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    uint64_t number = 99;

    ck_assert_int_eq(journal_append(NULL, "key", 3, "", 0, &number), EINVAL);
    ck_assert_int_eq(journal_append_batch(NULL, &one, 1, &number), EINVAL);
    ck_assert_int_eq(journal_delete(NULL, "key", 3, &number), EINVAL);
    ck_assert_int_eq(journal_sync(NULL), EINVAL);
    ck_assert_int_eq(journal_get(NULL, "key", 3, &entry), EINVAL);
    ck_assert_int_eq(journal_get_at(NULL, "key", 3, 0, &entry), EINVAL);
    ck_assert_int_eq(journal_read(NULL, 0, &entry), EINVAL);
    ck_assert_int_eq(journal_replay(NULL, 0, &cursor), EINVAL);
    ck_assert_int_eq(journal_prune(NULL, 1, 0, &number), EINVAL);
    ck_assert_int_eq(journal_rewind(NULL, 0), EINVAL);
    ck_assert_int_eq(journal_stat(NULL, &stat), EINVAL);
    ck_assert_uint_eq(number, 99);
    ck_assert_ptr_null(entry);
    ck_assert_ptr_null(cursor);
}
END_TEST

START_TEST(no_call_takes_null_for_what_it_gives)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry = NULL;

    ck_assert_int_eq(journal_get(journal, "key", 3, NULL), EINVAL);
    ck_assert_int_eq(journal_get_at(journal, "key", 3, 1, NULL), EINVAL);
    ck_assert_int_eq(journal_read(journal, 0, NULL), EINVAL);
    ck_assert_int_eq(journal_replay(journal, 0, NULL), EINVAL);
    ck_assert_int_eq(journal_stat(journal, NULL), EINVAL);
    ck_assert_int_eq(journal_next(NULL, &entry), EINVAL);
    ck_assert_int_eq(journal_replay(journal, 0, &cursor), 0);
    ck_assert_int_eq(journal_next(cursor, NULL), EINVAL);
    ck_assert_int_eq(journal_next(cursor, &entry), 0);
    ck_assert_uint_eq(entry->seq, 0);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(open_takes_no_null_and_no_empty_path)
{
    struct journal *opened = NULL;
    int rc;

    ck_assert_int_eq(journal_open(NULL, NULL, &opened), EINVAL);
    ck_assert_int_eq(journal_open(home(), NULL, NULL), EINVAL);
    ck_assert_int_eq(journal_open(test_path("new"), NULL, NULL), EINVAL);
    ck_assert(!exists(test_path("new")));
    rc = journal_open("", NULL, &opened);
    ck_assert(rc == EINVAL || rc == ENOENT);
    ck_assert_ptr_null(opened);
}
END_TEST

/* One byte more than a path can have. */
START_TEST(no_path_is_longer_than_paths_are)
{
    static char path[PATH_MAX + 1];
    struct journal *none = NULL;

    memset(path, '/', PATH_MAX);
    ck_assert_int_eq(journal_open(path, NULL, &none), ENAMETOOLONG);
    ck_assert_int_eq(journal_destroy(path), ENAMETOOLONG);
    ck_assert_int_eq(journal_destroy(NULL), EINVAL);
    ck_assert_int_eq(journal_destroy(""), EINVAL);
}
END_TEST

START_TEST(what_is_not_there_need_not_be_initialised)
{
    struct journal_stat stat = {.struct_size = UINT32_MAX};

    journal_options_init(NULL);
    journal_query_init(NULL);
    ck_assert_int_eq(journal_stat(journal, &stat), EINVAL);
}
END_TEST

START_TEST(calls_leave_what_they_were_given_as_it_was)
{
    struct journal_record records[2] = {record("key", "1"), record("key", "2")};
    struct journal_record copies[2];
    struct journal_options options = options_with(0);
    struct journal_options copy = options;

    records[1].flags = JOURNAL_EXPECT;
    records[1].expect = 77;
    memcpy(copies, records, sizeof(records));
    ck_assert_int_eq(journal_append_batch(journal, records, 2, NULL),
                     JOURNAL_CONFLICT);
    ck_assert_mem_eq(records, copies, sizeof(records));
    ck_assert_int_eq(result_of_open_with(home(), &options), 0);
    ck_assert_mem_eq(&options, &copy, sizeof(options));
}
END_TEST

static Suite *
suite(void)
{
    Suite *arguments = suite_create("arguments");
    TCase *tcase = tcase_create("arguments");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, append_refuses_a_bad_key, 0, BAD_KEYS);
    tcase_add_test(tcase, append_refuses_a_bad_value);
    tcase_add_loop_test(tcase, delete_refuses_a_bad_key, 0, BAD_KEYS);
    tcase_add_loop_test(tcase, get_refuses_a_bad_key, 0, BAD_KEYS);
    tcase_add_loop_test(tcase, a_batch_refuses_a_bad_key, 0, BAD_KEYS);
    tcase_add_test(tcase, a_batch_refuses_a_bad_meta);
    tcase_add_test(tcase, a_batch_refuses_unknown_flags);
    tcase_add_test(tcase, a_batch_refuses_reserved_bits);
    tcase_add_test(tcase, a_batch_refuses_a_tombstone_that_makes_no_sense);
    tcase_add_test(tcase, a_batch_refuses_an_absurd_count);
    tcase_add_test(tcase, no_call_takes_null_for_the_journal);
    tcase_add_test(tcase, no_call_takes_null_for_what_it_gives);
    tcase_add_test(tcase, open_takes_no_null_and_no_empty_path);
    tcase_add_test(tcase, no_path_is_longer_than_paths_are);
    tcase_add_test(tcase, what_is_not_there_need_not_be_initialised);
    tcase_add_test(tcase, calls_leave_what_they_were_given_as_it_was);
    suite_add_tcase(arguments, tcase);
    return arguments;
}

TEST_MAIN(suite)
