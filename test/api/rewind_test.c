/* rewind_test.c - journal_rewind(): the newest entries were never there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/steps.h"

static void
rewind_to(uint64_t size)
{
    int rc = journal_rewind(journal, size);

    ck_assert_msg(rc == 0, "rewind to %llu: %s", (unsigned long long)size,
                  journal_errname(rc));
    ck_assert_uint_eq(figures(journal).size, size);
}

START_TEST(rewind_keeps_exactly_the_entries_below)
{
    append_numbered(10, 3);
    rewind_to(4);
    ck_assert_uint_eq(assert_no_gap(journal), 4);
    assert_value("key 0", "value 3");
    assert_value("key 1", "value 1");
}
END_TEST

START_TEST(the_next_append_gets_the_number)
{
    append_numbered(10, 3);
    rewind_to(4);
    ck_assert_uint_eq(append("key 0", "other"), 4);
    assert_value("key 0", "other");
    ck_assert_uint_eq(assert_no_gap(journal), 5);
}
END_TEST

START_TEST(rewinding_to_the_size_does_nothing)
{
    struct journal_stat before;

    append_numbered(10, 3);
    before = figures(journal);
    ck_assert_int_eq(journal_rewind(journal, 10), 0);
    assert_as_before(&before);
}
END_TEST

START_TEST(over_the_size_is_a_mistake)
{
    struct journal_stat before;

    append_numbered(10, 3);
    before = figures(journal);
    ck_assert_int_eq(journal_rewind(journal, 11), EINVAL);
    ck_assert_int_eq(journal_rewind(journal, JOURNAL_NONE), EINVAL);
    assert_as_before(&before);
}
END_TEST

START_TEST(below_the_oldest_is_pruned)
{
    struct journal_stat before;

    append_numbered(10, 3);
    ck_assert_int_eq(journal_prune(journal, 4, 0, NULL), 0);
    before = figures(journal);
    ck_assert_int_eq(journal_rewind(journal, 3), JOURNAL_PRUNED);
    ck_assert_int_eq(journal_rewind(journal, 0), JOURNAL_PRUNED);
    assert_as_before(&before);
}
END_TEST

START_TEST(to_the_oldest_leaves_an_empty_journal_there)
{
    append_numbered(10, 3);
    ck_assert_int_eq(journal_prune(journal, 4, 0, NULL), 0);
    rewind_to(4);
    ck_assert_uint_eq(figures(journal).first, 4);
    ck_assert_uint_eq(figures(journal).keys, 0);
    ck_assert_uint_eq(figures(journal).bytes_logical, 0);
    ck_assert_uint_eq(assert_no_gap(journal), 0);
    ck_assert_uint_eq(append("key", "value"), 4);
}
END_TEST

START_TEST(to_0_leaves_an_empty_journal)
{
    append_numbered(10, 3);
    rewind_to(0);
    ck_assert_uint_eq(assert_no_gap(journal), 0);
    assert_absent("key 0");
    ck_assert_uint_eq(append("key", "value"), 0);
}
END_TEST

START_TEST(an_empty_journal_may_be_rewound)
{
    rewind_to(0);
    append_numbered(3, 3);
    ck_assert_int_eq(journal_prune(journal, 3, 0, NULL), 0);
    rewind_to(3);
    ck_assert_int_eq(journal_rewind(journal, 2), JOURNAL_PRUNED);
}
END_TEST

START_TEST(a_rewind_is_durable)
{
    append_numbered(10, 3);
    rewind_to(4);
    ck_assert_uint_eq(figures(journal).durable_size, 4);
    reopen();
    ck_assert_uint_eq(assert_no_gap(journal), 4);
    assert_value("key 0", "value 3");
}
END_TEST

START_TEST(a_key_that_was_deleted_since_is_back)
{
    append("key", "value");
    erase("key");
    rewind_to(1);
    assert_value("key", "value");
    ck_assert_uint_eq(figures(journal).keys, 1);
    ck_assert_uint_eq(figures(journal).tombstones, 0);
}
END_TEST

START_TEST(a_key_that_was_deleted_then_is_deleted_again)
{
    append("key", "value");
    erase("key");
    append("key", "again");
    rewind_to(2);
    assert_absent("key");
    ck_assert_uint_eq(figures(journal).tombstones, 1);
}
END_TEST

START_TEST(a_key_that_came_since_is_not_known)
{
    struct journal_entry *entry;

    append("other", "value");
    append("key", "value");
    append("key", "value");
    rewind_to(1);
    assert_absent("key");
    append("key", "first");
    entry = get("key");
    ck_assert_uint_eq(entry->revision, 1);
    ck_assert_uint_eq(entry->prev, JOURNAL_NONE);
    journal_entry_free(entry);
}
END_TEST

START_TEST(a_history_goes_on_from_there)
{
    struct journal_entry *entry;

    for (int i = 0; i < 20; i++)
        append("key", "value");
    rewind_to(7);
    append("key", "value");
    entry = get("key");
    ck_assert_uint_eq(entry->revision, 8);
    ck_assert_uint_eq(entry->prev, 6);
    journal_entry_free(entry);
    assert_value_at("key", 3, "value");
}
END_TEST

START_TEST(a_key_of_which_all_before_was_pruned_is_not_known)
{
    append("key", "1");
    append("other", "2");
    append("other", "3");
    append("key", "4");
    ck_assert_int_eq(journal_prune(journal, 2, 0, NULL), 0);
    rewind_to(3);
    assert_absent("key");
    assert_value("other", "3");
    ck_assert_uint_eq(figures(journal).keys, 1);
}
END_TEST

START_TEST(another_handle_sees_the_rewind)
{
    struct journal *other = open_path(home(), 0);

    append_numbered(10, 3);
    rewind_to(4);
    ck_assert_uint_eq(assert_no_gap(other), 4);
    ck_assert_uint_eq(append_to(other, "key", "value"), 4);
    journal_close(other);
}
END_TEST

/* ---- as it was at every size -------------------------------------------- */

#define STATES_MAX 600
#define KEYS 6

/* What the journal said of itself at one size. */
struct state {
    struct journal_stat stat;
    uint64_t latest[KEYS]; /* or NONE: get() found none */
};

static struct state states[STATES_MAX + 1];

static uint64_t
latest_of(const char *key)
{
    struct journal_entry *entry;
    uint64_t seq;

    if (journal_get(journal, key, strlen(key), &entry) != 0)
        return JOURNAL_NONE;
    seq = entry->seq;
    journal_entry_free(entry);
    return seq;
}

static struct state
look(void)
{
    struct state state;
    char key[8];

    state.stat = figures(journal);
    for (int i = 0; i < KEYS; i++) {
        snprintf(key, sizeof(key), "%d", i);
        state.latest[i] = latest_of(key);
    }
    return state;
}

static void
assert_state(const struct state *then)
{
    struct state now = look();

    ck_assert_uint_eq(now.stat.first, then->stat.first);
    ck_assert_uint_eq(now.stat.size, then->stat.size);
    ck_assert_uint_eq(now.stat.durable_size, then->stat.size);
    ck_assert_uint_eq(now.stat.entries, then->stat.entries);
    ck_assert_uint_eq(now.stat.keys, then->stat.keys);
    ck_assert_uint_eq(now.stat.tombstones, then->stat.tombstones);
    ck_assert_uint_eq(now.stat.bytes_logical, then->stat.bytes_logical);
    ck_assert_uint_eq(now.stat.first_time, then->stat.first_time);
    ck_assert_mem_eq(now.latest, then->latest, sizeof(now.latest));
}

static void
append_something(uint64_t chance)
{
    char key[8];

    snprintf(key, sizeof(key), "%d", (int)(chance % KEYS));
    if (chance % 5 == 0)
        erase(key);
    else if (chance % 7 == 0)
        append(NULL, "without key");
    else
        append(key, "some value");
}

START_TEST(everything_is_as_it_was_at_that_size)
{
    uint64_t state = test_seed();
    uint64_t size = rounds(STATES_MAX, 60);

    for (uint64_t i = 0; i < size; i++) {
        states[i] = look();
        append_something(test_random(&state) >> 16);
    }
    while (size > 0) {
        uint64_t step = test_random(&state) % 40 + 1;

        size -= step < size ? step : size;
        rewind_to(size);
        assert_state(&states[size]);
        assert_no_gap(journal);
    }
}
END_TEST

START_TEST(a_long_journal_is_rewound_in_one_call)
{
    uint64_t count = rounds(30000, 500);

    append_numbered(count, 1000);
    rewind_to(100);
    ck_assert_uint_eq(assert_no_gap(journal), 100);
    ck_assert_uint_eq(figures(journal).keys, 100);
    assert_value("key 7", "value 7");
}
END_TEST

static Suite *
suite(void)
{
    Suite *rewind_suite = suite_create("rewind");
    TCase *tcase = tcase_create("rewind");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, rewind_keeps_exactly_the_entries_below);
    tcase_add_test(tcase, the_next_append_gets_the_number);
    tcase_add_test(tcase, rewinding_to_the_size_does_nothing);
    tcase_add_test(tcase, over_the_size_is_a_mistake);
    tcase_add_test(tcase, below_the_oldest_is_pruned);
    tcase_add_test(tcase, to_the_oldest_leaves_an_empty_journal_there);
    tcase_add_test(tcase, to_0_leaves_an_empty_journal);
    tcase_add_test(tcase, an_empty_journal_may_be_rewound);
    tcase_add_test(tcase, a_rewind_is_durable);
    tcase_add_test(tcase, a_key_that_was_deleted_since_is_back);
    tcase_add_test(tcase, a_key_that_was_deleted_then_is_deleted_again);
    tcase_add_test(tcase, a_key_that_came_since_is_not_known);
    tcase_add_test(tcase, a_history_goes_on_from_there);
    tcase_add_test(tcase, a_key_of_which_all_before_was_pruned_is_not_known);
    tcase_add_test(tcase, another_handle_sees_the_rewind);
    tcase_add_test(tcase, everything_is_as_it_was_at_that_size);
    tcase_add_test(tcase, a_long_journal_is_rewound_in_one_call);
    suite_add_tcase(rewind_suite, tcase);
    return rewind_suite;
}

TEST_MAIN(suite)
