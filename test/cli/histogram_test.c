/* histogram_test.c - durations come out nearly as they went in. */
#include "histogram.h"

#include <check.h>
#include <inttypes.h>
#include <string.h>

#include "support/test.h"

static struct histogram histogram;

static void
setup(void)
{
    memset(&histogram, 0, sizeof(histogram));
}

START_TEST(nothing_has_no_quantile)
{
    ck_assert_uint_eq(histogram_quantile(&histogram, 500), 0);
}
END_TEST

START_TEST(a_single_duration_is_all_quantiles_to_a_thirty_second)
{
    uint64_t ns, found;
    int power, step;

    for (power = 0; power < 64; power++) {
        for (step = 0; step < 3; step++) {
            ns = UINT64_C(1) << power;
            ns += ns / 3 * (uint64_t)step;
            setup();
            histogram_add(&histogram, ns);
            found = histogram_quantile(&histogram, 990);
            ck_assert_msg(found <= ns && ns - found <= ns / 32,
                          "%" PRIu64 " was %" PRIu64, found, ns);
            ck_assert_uint_eq(histogram_quantile(&histogram, 0), found);
            ck_assert_uint_eq(histogram_quantile(&histogram, 1000), found);
        }
    }
    setup();
    histogram_add(&histogram, UINT64_MAX);
    ck_assert_uint_gt(histogram_quantile(&histogram, 500),
                      UINT64_MAX / 33 * 32);
}
END_TEST

START_TEST(small_numbers_are_exact)
{
    uint64_t ns;

    for (ns = 0; ns < 64; ns++) {
        setup();
        histogram_add(&histogram, ns);
        ck_assert_uint_eq(histogram_quantile(&histogram, 500), ns);
    }
}
END_TEST

START_TEST(a_quantile_leaves_so_many_below)
{
    uint64_t ns;

    for (ns = 1; ns <= 1000; ns++)
        histogram_add(&histogram, ns < 991 ? 10 : 20);
    ck_assert_uint_eq(histogram_quantile(&histogram, 500), 10);
    ck_assert_uint_eq(histogram_quantile(&histogram, 990), 10);
    ck_assert_uint_eq(histogram_quantile(&histogram, 991), 20);
    ck_assert_uint_eq(histogram_quantile(&histogram, 1000), 20);
}
END_TEST

START_TEST(two_together_are_both)
{
    struct histogram other = {0};

    histogram_add(&histogram, 1);
    histogram_add(&other, 30);
    histogram_add(&other, 31);
    histogram_merge(&histogram, &other);
    ck_assert_uint_eq(histogram.count, 3);
    ck_assert_uint_eq(histogram_quantile(&histogram, 100), 1);
    ck_assert_uint_eq(histogram_quantile(&histogram, 500), 30);
    ck_assert_uint_eq(histogram_quantile(&histogram, 990), 31);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("histogram");
    TCase *tcase = tcase_create("histogram");

    suite_add_tcase(s, tcase);
    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, nothing_has_no_quantile);
    tcase_add_test(tcase,
                   a_single_duration_is_all_quantiles_to_a_thirty_second);
    tcase_add_test(tcase, small_numbers_are_exact);
    tcase_add_test(tcase, a_quantile_leaves_so_many_below);
    tcase_add_test(tcase, two_together_are_both);
    return s;
}

TEST_MAIN(suite)
