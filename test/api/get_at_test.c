/* get_at_test.c - journal_get_at(): a key as it was. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/steps.h"

static int
result_at(const char *key, uint64_t limit)
{
    struct journal_entry *entry = NULL;
    int rc = journal_get_at(journal, key, strlen(key), limit, &entry);

    ck_assert_int_eq(rc == 0, entry != NULL);
    journal_entry_free(entry);
    return rc;
}

START_TEST(a_key_is_as_it_was_at_every_size)
{
    append("key", "1");
    append("other", "2");
    append("key", "3");
    ck_assert_int_eq(result_at("key", 0), JOURNAL_NOT_FOUND);
    assert_value_at("key", 1, "1");
    assert_value_at("key", 2, "1");
    assert_value_at("key", 3, "3");
    ck_assert_int_eq(result_at("other", 1), JOURNAL_NOT_FOUND);
    assert_value_at("other", 2, "2");
    assert_value_at("other", 3, "2");
}
END_TEST

START_TEST(at_the_size_it_is_what_get_gives)
{
    struct journal_entry *now;
    struct journal_entry *then;

    append_numbered(50, 7);
    now = get("key 3");
    ck_assert_int_eq(journal_get_at(journal, "key 3", 5, 50, &then), 0);
    assert_same_entry(now, then);
    journal_entry_free(now);
    journal_entry_free(then);
}
END_TEST

START_TEST(over_the_size_is_out_of_range)
{
    append("key", "value");
    ck_assert_int_eq(result_at("key", 2), JOURNAL_OUT_OF_RANGE);
    ck_assert_int_eq(result_at("key", JOURNAL_NONE), JOURNAL_OUT_OF_RANGE);
    ck_assert_int_eq(result_at("unknown", 2), JOURNAL_OUT_OF_RANGE);
}
END_TEST

START_TEST(a_key_that_is_not_known_is_not_found)
{
    append("key", "value");
    ck_assert_int_eq(result_at("unknown", 0), JOURNAL_NOT_FOUND);
    ck_assert_int_eq(result_at("unknown", 1), JOURNAL_NOT_FOUND);
}
END_TEST

START_TEST(a_key_that_was_deleted_then_is_not_found)
{
    append("key", "1");
    erase("key");
    append("key", "3");
    assert_value_at("key", 1, "1");
    ck_assert_int_eq(result_at("key", 2), JOURNAL_NOT_FOUND);
    assert_value_at("key", 3, "3");
}
END_TEST

START_TEST(a_key_that_is_deleted_now_was_there_then)
{
    append("key", "1");
    erase("key");
    assert_absent("key");
    assert_value_at("key", 1, "1");
}
END_TEST

START_TEST(what_was_pruned_is_pruned)
{
    append("key", "1");
    append("other", "2");
    append("other", "3");
    append("key", "4");
    ck_assert_int_eq(journal_prune(journal, 2, 0, NULL), 0);
    ck_assert_int_eq(result_at("key", 2), JOURNAL_PRUNED);
    ck_assert_int_eq(result_at("key", 3), JOURNAL_PRUNED);
    assert_value_at("key", 4, "4");
}
END_TEST

START_TEST(what_came_first_after_a_prune_was_not_found_before)
{
    append("other", "1");
    append("other", "2");
    append("other", "3");
    append("key", "4");
    ck_assert_int_eq(journal_prune(journal, 2, 0, NULL), 0);
    ck_assert_int_eq(result_at("key", 3), JOURNAL_NOT_FOUND);
    assert_value_at("key", 4, "4");
}
END_TEST

START_TEST(a_key_that_is_forgotten_is_not_found_at_any_size)
{
    append("key", "1");
    append("other", "2");
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    ck_assert_int_eq(result_at("key", 1), JOURNAL_NOT_FOUND);
    ck_assert_int_eq(result_at("key", 2), JOURNAL_NOT_FOUND);
}
END_TEST

START_TEST(a_tombstone_that_is_retained_answers_after_a_prune)
{
    append("key", "1");
    append("key", "2");
    erase("key");
    append("key", "4");
    ck_assert_int_eq(journal_prune(journal, 2, 0, NULL), 0);
    ck_assert_int_eq(result_at("key", 2), JOURNAL_PRUNED);
    ck_assert_int_eq(result_at("key", 3), JOURNAL_NOT_FOUND);
    assert_value_at("key", 4, "4");
}
END_TEST

START_TEST(numbers_before_the_first_ever_hold_nothing)
{
    struct journal_options options = options_with(0);

    journal_close(journal);
    options.first_seq = 100;
    journal = open_with(test_path("late"), &options);
    append("key", "value");
    ck_assert_int_eq(result_at("key", 100), JOURNAL_NOT_FOUND);
    ck_assert_int_eq(result_at("key", 50), JOURNAL_NOT_FOUND);
    assert_value_at("key", 101, "value");
}
END_TEST

START_TEST(a_mistake_in_the_key_is_told_first)
{
    static char key[JOURNAL_KEY_MAX + 1];
    struct journal_entry *entry = NULL;

    append("key", "value");
    ck_assert_int_eq(journal_get_at(journal, "", 0, 1, &entry), EINVAL);
    ck_assert_int_eq(journal_get_at(journal, NULL, 0, 1, &entry), EINVAL);
    ck_assert_int_eq(journal_get_at(journal, key, sizeof(key), 1, &entry),
                     JOURNAL_TOO_BIG);
    ck_assert_ptr_null(entry);
}
END_TEST

/* ---- long histories ----------------------------------------------------- */

#define OPERATIONS_MAX 6000
#define KEYS 5

/* Of each key at each size: the number of its latest entry, or NONE. */
static uint64_t latest[OPERATIONS_MAX + 1][KEYS];
static uint8_t is_tombstone[OPERATIONS_MAX];
static const char *const names[KEYS] = {"rare", "a", "b", "c", "often"};

static void
append_operation(uint64_t seq, uint64_t chance)
{
    uint64_t key = chance % 1000 == 0 ? 0 : chance % 7 < 4 ? 4 : chance % 3 + 1;

    is_tombstone[seq] = chance % 11 == 0;
    if (is_tombstone[seq])
        ck_assert_uint_eq(erase(names[key]), seq);
    else
        ck_assert_uint_eq(append(names[key], "value"), seq);
    memcpy(latest[seq + 1], latest[seq], sizeof(latest[seq]));
    latest[seq + 1][key] = seq;
}

static void
append_operations(uint64_t operations, uint64_t *state)
{
    for (size_t key = 0; key < KEYS; key++)
        latest[0][key] = JOURNAL_NONE;
    for (uint64_t seq = 0; seq < operations; seq++)
        append_operation(seq, test_random(state) >> 16);
}

/* What get_at() is to say, if entries below FIRST are pruned. */
static int
expected(size_t key, uint64_t limit, uint64_t size, uint64_t first)
{
    uint64_t seq = latest[limit][key];
    uint64_t newest = latest[size][key];

    if (seq == JOURNAL_NONE || newest < first)
        return JOURNAL_NOT_FOUND;
    if (seq < first)
        return JOURNAL_PRUNED;
    return is_tombstone[seq] ? JOURNAL_NOT_FOUND : 0;
}

static void
assert_at(size_t key, uint64_t limit, uint64_t size, uint64_t first)
{
    struct journal_entry *entry = NULL;
    int rc = journal_get_at(journal, names[key], strlen(names[key]), limit,
                            &entry);

    ck_assert_msg(rc == expected(key, limit, size, first), "%s at %llu: %s",
                  names[key], (unsigned long long)limit, journal_errname(rc));
    if (rc == 0)
        ck_assert_uint_eq(entry->seq, latest[limit][key]);
    journal_entry_free(entry);
}

START_TEST(long_histories_answer_at_every_size)
{
    uint64_t size = rounds(OPERATIONS_MAX / 3, 200);
    uint64_t state = test_seed();
    uint64_t first = size / 3;

    append_operations(size, &state);
    for (uint64_t limit = 0; limit <= size; limit++)
        for (size_t key = 0; key < KEYS; key++)
            assert_at(key, limit, size, 0);
    ck_assert_int_eq(journal_prune(journal, first, 0, NULL), 0);
    for (uint64_t limit = 1; limit <= size; limit++)
        for (size_t key = 0; key < KEYS; key++)
            if (latest[limit][key] != JOURNAL_NONE)
                assert_at(key, limit, size, first);
}
END_TEST

static Suite *
suite(void)
{
    Suite *get_at = suite_create("get_at");
    TCase *tcase = tcase_create("get_at");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, a_key_is_as_it_was_at_every_size);
    tcase_add_test(tcase, at_the_size_it_is_what_get_gives);
    tcase_add_test(tcase, over_the_size_is_out_of_range);
    tcase_add_test(tcase, a_key_that_is_not_known_is_not_found);
    tcase_add_test(tcase, a_key_that_was_deleted_then_is_not_found);
    tcase_add_test(tcase, a_key_that_is_deleted_now_was_there_then);
    tcase_add_test(tcase, what_was_pruned_is_pruned);
    tcase_add_test(tcase, what_came_first_after_a_prune_was_not_found_before);
    tcase_add_test(tcase, a_key_that_is_forgotten_is_not_found_at_any_size);
    tcase_add_test(tcase, a_tombstone_that_is_retained_answers_after_a_prune);
    tcase_add_test(tcase, numbers_before_the_first_ever_hold_nothing);
    tcase_add_test(tcase, a_mistake_in_the_key_is_told_first);
    tcase_add_test(tcase, long_histories_answer_at_every_size);
    suite_add_tcase(get_at, tcase);
    return get_at;
}

TEST_MAIN(suite)
