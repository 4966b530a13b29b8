/* removal_test.c - the oldest entries go, with the keys that they leave. */
#include "write/removal.h"

#include "journal/view.h"
#include "support/test.h"
#include "writing.h"

#define VALUE 10u

static const struct jn_amount all = {UINT64_MAX, UINT64_MAX};

static struct jn_state state;
static uint64_t removed;
static bool done;

/* An entry for each letter of KEYS, of VALUE bytes and the key. */
static void
append(const char *keys)
{
    static const uint8_t value[VALUE];

    for (; *keys != '\0'; keys++) {
        const struct journal_record record = {.key = keys,
                                              .key_size = 1,
                                              .value = value,
                                              .value_size = VALUE};
        bool changed;

        ck_assert_int_eq(writing_apply(&record, 1, &changed), 0);
    }
}

static void
remove_before(uint64_t before, const struct jn_amount *most)
{
    const struct jn_goal goal = {.before = before};

    ck_assert_int_eq(jn_view_state(&writing.txn, &state), 0);
    ck_assert_int_eq(jn_remove_oldest(&writing.txn, &state, &goal, most,
                                      &removed, &done),
                     0);
    ck_assert_int_eq(jn_view_put_state(&writing.txn, &state), 0);
}

/* KEYS are known, and no others. */
static void
assert_known(const char *keys)
{
    ck_assert_uint_eq(jn_store_count(&writing.txn, JN_LATEST), strlen(keys));
    for (; *keys != '\0'; keys++) {
        struct jn_known known;

        ck_assert_int_eq(jn_view_find(&writing.txn, jn_span(keys, 1), &known),
                         0);
        ck_assert_uint_gt(known.chain.revision, 0);
        ck_assert_uint_ge(known.chain.roots[0], state.first);
    }
}

START_TEST(as_many_go_as_may)
{
    append("abcdef");
    remove_before(6, &(struct jn_amount){4, UINT64_MAX});
    ck_assert_uint_eq(removed, 4);
    ck_assert(!done);
    ck_assert_uint_eq(state.first, 4);
    assert_known("ef");
}
END_TEST

/* The one that comes to it goes as a whole. */
START_TEST(as_many_bytes_go_as_may)
{
    append("abcdef");
    remove_before(6, &(struct jn_amount){UINT64_MAX, 2 * (VALUE + 1) + 1});
    ck_assert_uint_eq(removed, 3);
    ck_assert(!done);
    ck_assert_uint_eq(state.first, 3);
    ck_assert_uint_eq(state.bytes_logical, 3 * (VALUE + 1));
    assert_known("def");
}
END_TEST

START_TEST(a_goal_that_is_reached_with_the_last_that_may_go_is_reached)
{
    append("abcdef");
    remove_before(3, &(struct jn_amount){3, UINT64_MAX});
    ck_assert_uint_eq(removed, 3);
    ck_assert(done);
    remove_before(6, &all);
    ck_assert_uint_eq(removed, 3);
    ck_assert(done);
    ck_assert_uint_eq(state.first, 6);
    ck_assert_uint_eq(state.bytes_logical, 0);
    assert_known("");
}
END_TEST

/* Whether the last commit has them, this transaction, or both. */
START_TEST(a_key_goes_with_its_latest_entry_and_no_sooner)
{
    static const char keys[] = "abacabda";
    char first[sizeof(keys)] = "";

    memcpy(first, keys, (size_t)_i);
    append(first);
    writing_commit();
    append(keys + _i);
    remove_before(5, &all);
    ck_assert_uint_eq(removed, 5);
    assert_known("abd");
    remove_before(6, &all);
    assert_known("ad");
    remove_before(7, &all);
    assert_known("a");
}
END_TEST

/* The last commit does not know that, and says that it was the latest. */
START_TEST(a_key_that_has_just_got_a_newer_entry_stays)
{
    append("ab");
    writing_commit();
    append("ca");
    remove_before(2, &all);
    ck_assert_uint_eq(removed, 2);
    assert_known("ca");
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("removal");
    TCase *tcase = tcase_create("removal");

    tcase_add_checked_fixture(tcase, writing_setup, writing_teardown);
    tcase_add_test(tcase, as_many_go_as_may);
    tcase_add_test(tcase, as_many_bytes_go_as_may);
    tcase_add_test(tcase,
                   a_goal_that_is_reached_with_the_last_that_may_go_is_reached);
    tcase_add_loop_test(tcase, a_key_goes_with_its_latest_entry_and_no_sooner,
                        0, 9);
    tcase_add_test(tcase, a_key_that_has_just_got_a_newer_entry_stays);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
