/* get_test.c - journal_get(): the latest entry of a key. */
#include <errno.h>
#include <string.h>

#include "api/steps.h"

START_TEST(get_gives_the_latest_entry)
{
    append("key", "old");
    append("other", "other");
    append("key", "new");
    assert_value("key", "new");
    assert_value("other", "other");
}
END_TEST

START_TEST(a_key_that_never_was_is_not_found)
{
    assert_absent("key");
    append("key", "value");
    assert_absent("ke");
    assert_absent("key ");
    assert_absent("Key");
}
END_TEST

START_TEST(a_tombstone_is_not_found)
{
    append("key", "value");
    erase("key");
    assert_absent("key");
    reopen();
    assert_absent("key");
}
END_TEST

START_TEST(a_key_whose_latest_entry_was_pruned_is_not_found)
{
    append("key", "value");
    append("other", "value");
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    assert_absent("key");
    assert_value("other", "value");
}
END_TEST

START_TEST(an_entry_tells_all_about_itself)
{
    struct journal_record one = record("key", "value");
    struct journal_entry *entry;

    append("other", "");
    append("key", "older");
    one.meta = "meta";
    one.meta_size = 4;
    one.flags = JOURNAL_STAMPED;
    one.stamp.time = 77;
    memset(one.stamp.id, 7, sizeof(one.stamp.id));
    ck_assert_int_eq(append_record(&one), 0);
    entry = get("key");
    assert_entry(entry, 2, "key", "value");
    ck_assert_uint_eq(entry->meta_size, 4);
    ck_assert_mem_eq(entry->meta, "meta", 4);
    ck_assert_uint_eq(entry->prev, 1);
    ck_assert_uint_eq(entry->revision, 2);
    ck_assert_uint_eq(entry->flags, JOURNAL_STAMPED);
    ck_assert_uint_eq(entry->reserved, 0);
    ck_assert_uint_eq(entry->stamp.time, 77);
    ck_assert_mem_eq(entry->stamp.id, one.stamp.id, 16);
    journal_entry_free(entry);
}
END_TEST

START_TEST(pointers_are_never_null_even_with_size_0)
{
    struct journal_entry *entry;

    ck_assert_int_eq(journal_append(journal, NULL, 0, NULL, 0, NULL), 0);
    entry = entry_at(0);
    ck_assert_ptr_nonnull(entry->key);
    ck_assert_ptr_nonnull(entry->value);
    ck_assert_ptr_nonnull(entry->meta);
    ck_assert_uint_eq(entry->key_size + entry->value_size + entry->meta_size,
                      0);
    journal_entry_free(entry);
}
END_TEST

START_TEST(revisions_count_a_keys_entries_from_1)
{
    struct journal_entry *entry;

    for (uint64_t i = 0; i < 10; i++) {
        append("key", "value");
        append("other", "value");
        entry = get("key");
        ck_assert_uint_eq(entry->revision, i + 1);
        ck_assert_uint_eq(entry->prev, i == 0 ? JOURNAL_NONE : 2 * (i - 1));
        journal_entry_free(entry);
    }
}
END_TEST

static void
assert_latest(const char *key, uint64_t revision, uint64_t prev)
{
    struct journal_entry *entry = get(key);

    ck_assert_uint_eq(entry->revision, revision);
    ck_assert_uint_eq(entry->prev, prev);
    journal_entry_free(entry);
}

START_TEST(revisions_go_on_over_tombstones)
{
    append("key", "value");
    erase("key");
    erase("key");
    append("key", "again");
    assert_latest("key", 4, 2);
}
END_TEST

START_TEST(revisions_go_on_over_prunes_while_the_key_is_known)
{
    append("key", "1");
    append("key", "2");
    append("key", "3");
    ck_assert_int_eq(journal_prune(journal, 2, 0, NULL), 0);
    assert_latest("key", 3, 1);
    append("key", "4");
    assert_latest("key", 4, 2);
}
END_TEST

START_TEST(revisions_go_on_over_reopening)
{
    append("key", "1");
    reopen();
    append("key", "2");
    assert_latest("key", 2, 0);
}
END_TEST

START_TEST(revisions_start_anew_once_a_key_is_forgotten)
{
    append("key", "1");
    append("key", "2");
    ck_assert_int_eq(journal_prune(journal, 2, 0, NULL), 0);
    append("key", "3");
    assert_latest("key", 1, JOURNAL_NONE);
}
END_TEST

START_TEST(a_tombstone_keeps_a_key_known_until_it_is_pruned)
{
    append("key", "1");
    erase("key");
    append("other", "value");
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    append("key", "3");
    assert_latest("key", 3, 1);
    erase("key");
    ck_assert_int_eq(journal_prune(journal, 5, 0, NULL), 0);
    append("key", "5");
    assert_latest("key", 1, JOURNAL_NONE);
}
END_TEST

START_TEST(entries_are_copies_that_nothing_changes)
{
    struct journal_entry *first;
    struct journal_entry *second;

    append("key", "value");
    first = get("key");
    second = get("key");
    ck_assert_ptr_ne(first, second);
    for (int i = 0; i < 50; i++)
        append("key", "a newer value");
    ck_assert_int_eq(journal_prune(journal, 40, 0, NULL), 0);
    append_numbered(500, 7);
    assert_entry(first, 0, "key", "value");
    journal_entry_free(first);
    assert_entry(second, 0, "key", "value");
    journal_entry_free(second);
}
END_TEST

START_TEST(a_failed_get_writes_no_entry)
{
    char mark;
    struct journal_entry *entry = (struct journal_entry *)(void *)&mark;

    ck_assert_int_eq(journal_get(journal, "key", 3, &entry), JOURNAL_NOT_FOUND);
    ck_assert_int_eq(journal_get(journal, "", 0, &entry), EINVAL);
    ck_assert_ptr_eq(entry, &mark);
}
END_TEST

START_TEST(an_empty_key_is_a_mistake)
{
    struct journal_entry *entry = NULL;

    append(NULL, "value");
    ck_assert_int_eq(journal_get(journal, "", 0, &entry), EINVAL);
    ck_assert_int_eq(journal_get(journal, NULL, 0, &entry), EINVAL);
}
END_TEST

START_TEST(a_key_over_the_maximum_is_too_big)
{
    static char key[JOURNAL_KEY_MAX + 1];
    struct journal_entry *entry = NULL;

    ck_assert_int_eq(journal_get(journal, key, JOURNAL_KEY_MAX, &entry),
                     JOURNAL_NOT_FOUND);
    ck_assert_int_eq(journal_get(journal, key, JOURNAL_KEY_MAX + 1, &entry),
                     JOURNAL_TOO_BIG);
    ck_assert_int_eq(journal_get(journal, key, SIZE_MAX, &entry),
                     JOURNAL_TOO_BIG);
}
END_TEST

static Suite *
suite(void)
{
    Suite *get_suite = suite_create("get");
    TCase *tcase = tcase_create("get");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, get_gives_the_latest_entry);
    tcase_add_test(tcase, a_key_that_never_was_is_not_found);
    tcase_add_test(tcase, a_tombstone_is_not_found);
    tcase_add_test(tcase, a_key_whose_latest_entry_was_pruned_is_not_found);
    tcase_add_test(tcase, an_entry_tells_all_about_itself);
    tcase_add_test(tcase, pointers_are_never_null_even_with_size_0);
    tcase_add_test(tcase, revisions_count_a_keys_entries_from_1);
    tcase_add_test(tcase, revisions_go_on_over_tombstones);
    tcase_add_test(tcase, revisions_go_on_over_prunes_while_the_key_is_known);
    tcase_add_test(tcase, revisions_go_on_over_reopening);
    tcase_add_test(tcase, revisions_start_anew_once_a_key_is_forgotten);
    tcase_add_test(tcase, a_tombstone_keeps_a_key_known_until_it_is_pruned);
    tcase_add_test(tcase, entries_are_copies_that_nothing_changes);
    tcase_add_test(tcase, a_failed_get_writes_no_entry);
    tcase_add_test(tcase, an_empty_key_is_a_mistake);
    tcase_add_test(tcase, a_key_over_the_maximum_is_too_big);
    suite_add_tcase(get_suite, tcase);
    return get_suite;
}

TEST_MAIN(suite)
