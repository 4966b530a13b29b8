/* gaps_test.c - missing numbers, against an array of them. */
#include "base/gaps.h"

#include <stdbool.h>

#include "support/test.h"

#define NUMBERS 500u

START_TEST(gaps_tell_what_is_missing)
{
    uint64_t chance = test_seed(), at = 0, below = UINT64_MAX;
    bool missing[NUMBERS] = {false};
    struct jn_gaps gaps = {NULL, 0, 0};

    while (at < NUMBERS - 20) {
        uint64_t from = at + test_random(&chance) % 9;
        uint64_t limit = from + test_random(&chance) % 9;

        ck_assert_int_eq(jn_gaps_add(&gaps, from, limit), 0);
        for (at = from; at < limit; at++)
            missing[at] = true;
    }
    for (uint64_t i = 0; i < NUMBERS; i++) {
        ck_assert(jn_gaps_has(&gaps, i) == missing[i]);
        ck_assert_uint_eq(jn_gaps_below(&gaps, i), below);
        below = missing[i] ? i : below;
    }
    jn_gaps_free(&gaps);
}
END_TEST

START_TEST(ranges_that_touch_are_one)
{
    struct jn_gaps gaps = {NULL, 0, 0};

    for (uint64_t i = 0; i < 1000; i++)
        ck_assert_int_eq(jn_gaps_add(&gaps, i, i + 1), 0);
    ck_assert_int_eq(jn_gaps_add(&gaps, 2000, UINT64_MAX), 0);
    ck_assert_uint_eq(gaps.count, 2);
    ck_assert_uint_eq(jn_gaps_below(&gaps, UINT64_MAX), UINT64_MAX - 1);
    ck_assert(!jn_gaps_has(&gaps, UINT64_MAX));
    ck_assert(!jn_gaps_has(&gaps, 1000));
    jn_gaps_free(&gaps);
}
END_TEST

START_TEST(where_nothing_is_missing_nothing_is_found)
{
    struct jn_gaps gaps = {NULL, 0, 0};

    ck_assert(!jn_gaps_has(&gaps, 0));
    ck_assert_uint_eq(jn_gaps_below(&gaps, UINT64_MAX), UINT64_MAX);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("gaps");
    TCase *tcase = tcase_create("gaps");

    tcase_add_test(tcase, gaps_tell_what_is_missing);
    tcase_add_test(tcase, ranges_that_touch_are_one);
    tcase_add_test(tcase, where_nothing_is_missing_nothing_is_found);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
