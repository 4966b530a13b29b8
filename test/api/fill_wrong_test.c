/* fill_wrong_test.c - journal_fill(): mistakes, damage, and what was pruned. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/asking.h"
#include "api/filling.h"

#define NEEDLE "needle in a haystack of bytes"

START_TEST(a_mistake_in_the_arguments_is_einval)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor;
    size_t used = 99, count = 99;
    uint8_t buffer[100];

    append("key", "value");
    cursor = cursor_of(&query);
    ck_assert_int_eq(journal_fill(NULL, buffer, sizeof(buffer), &used, &count),
                     EINVAL);
    ck_assert_int_eq(journal_fill(cursor, NULL, 1, &used, &count), EINVAL);
    ck_assert_int_eq(journal_fill(cursor, NULL, SIZE_MAX, &used, &count),
                     EINVAL);
    ck_assert_uint_eq(used, 99);
    ck_assert_uint_eq(count, 99);
    ck_assert_uint_eq(next(cursor), 0);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(pruned_comes_once_and_after_what_was_read_ahead)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor;
    struct filled filled;
    uint64_t read_ahead;

    append_big("key", 20);
    cursor = cursor_of(&query);
    ck_assert_uint_eq(next(cursor), 0);
    ck_assert_int_eq(journal_prune(journal, 15, 0, NULL), 0);
    /* What has been read ahead, if anything, is not in the journal now. */
    filled = fill(cursor, 20 << 18);
    read_ahead = filled.rc == 0 ? filled.count : 0;
    ck_assert_uint_lt(read_ahead, 14);
    free(filled.place);
    if (read_ahead > 0)
        assert_fill_says(cursor, 6 << 19, JOURNAL_PRUNED);
    else
        ck_assert_int_eq(filled.rc, JOURNAL_PRUNED);
    assert_fill(cursor, 6 << 19, 15, 19);
    assert_fill_says(cursor, 6 << 19, JOURNAL_END);
    journal_cursor_close(cursor);
}
END_TEST

static void
append_small_and_prune(struct journal_cursor **cursor)
{
    struct journal_query query = ask();

    append_numbered(1000, 10);
    *cursor = cursor_of(&query);
    ck_assert_uint_eq(next(*cursor), 0);
    ck_assert_int_eq(journal_prune(journal, 990, 0, NULL), 0);
}

START_TEST(pruned_is_kept_for_next_too)
{
    struct journal_cursor *cursor;
    struct filled filled;

    append_small_and_prune(&cursor);
    filled = fill(cursor, 1 << 20);
    ck_assert_int_eq(filled.rc, 0);
    ck_assert_uint_lt(filled.count, 989);
    free(filled.place);
    assert_last(cursor, "PRUNED 990-999");
}
END_TEST

/* Flips a bit in each copy of the needle in the file. */
static void
damage(void)
{
    const char *path = test_path("journal/data.mdb");
    size_t size = strlen(NEEDLE), found = 0;
    struct bytes whole;
    char *end, *at;

    journal_close(journal);
    whole = bytes_of(path);
    end = whole.data + whole.size;
    at = whole.data;
    while ((at = memmem(at, (size_t)(end - at), NEEDLE, size)) != NULL) {
        at[size / 2] ^= 0x10;
        found++;
    }
    ck_assert_uint_ge(found, 1);
    write_bytes(path, whole.data, whole.size);
    free(whole.data);
    journal = open_path(home(), 0);
}

START_TEST(a_damaged_entry_comes_after_what_was_before_it)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor;

    append_words("a b c");
    append("key", NEEDLE);
    append("key", NEEDLE);
    append_words("d e");
    append("key", NEEDLE);
    damage();
    cursor = cursor_of(&query);
    assert_fill(cursor, 10000, 0, 2);
    assert_fill_says(cursor, 10000, JOURNAL_CORRUPT);
    assert_fill_says(cursor, 10000, JOURNAL_CORRUPT);
    assert_fill(cursor, 10000, 5, 6);
    assert_fill_says(cursor, 10000, JOURNAL_CORRUPT);
    assert_fill_says(cursor, 10000, JOURNAL_END);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(a_damaged_entry_is_kept_for_next_too)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor;

    append_words("a b c");
    append("key", NEEDLE);
    append_words("d");
    damage();
    cursor = cursor_of(&query);
    assert_fill(cursor, 10000, 0, 2);
    assert_last(cursor, "CORRUPT 4");
}
END_TEST

static void
use_inherited(void *context)
{
    assert_fill_says(context, 1000, JOURNAL_FORKED);
}

START_TEST(an_inherited_cursor_says_forked)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor;

    append_words("a b c");
    cursor = cursor_of(&query);
    in_child(use_inherited, cursor);
    assert_fill(cursor, 1000, 0, 2);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(a_cursor_is_filled_from_after_its_handle_is_closed)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor;
    uint8_t buffer[1000];
    size_t count = 99;

    append_words("a b c");
    cursor = cursor_of(&query);
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(journal_fill(cursor, buffer, sizeof(buffer), NULL, &count),
                     0);
    ck_assert_uint_eq(count, 3);
    journal_cursor_close(cursor);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("fill wrong");
    TCase *tcase = tcase_create("fill wrong");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_mistake_in_the_arguments_is_einval);
    tcase_add_test(tcase, pruned_comes_once_and_after_what_was_read_ahead);
    tcase_add_test(tcase, pruned_is_kept_for_next_too);
    tcase_add_test(tcase, a_damaged_entry_comes_after_what_was_before_it);
    tcase_add_test(tcase, a_damaged_entry_is_kept_for_next_too);
    tcase_add_test(tcase, an_inherited_cursor_says_forked);
    tcase_add_test(tcase, a_cursor_is_filled_from_after_its_handle_is_closed);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
