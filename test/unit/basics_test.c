/* basics_test.c - the small modules: checksum, clock, error, filesystem. */
#include <stdlib.h>

#include "base/checksum.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/filesystem.h"
#include "support/test.h"

/* ---- checksum ----------------------------------------------------------- */

START_TEST(hashes_are_those_of_the_specification)
{
    static const uint8_t empty[] = {0x99, 0xaa, 0x06, 0xd3, 0x01, 0x47,
                                    0x98, 0xd8, 0x60, 0x01, 0xc3, 0x24,
                                    0x46, 0x8d, 0x49, 0x7f};
    uint8_t hash[JN_HASH128_SIZE];

    ck_assert_uint_eq(jn_hash64(jn_span("", 0), 0), 0x2d06800538d394c2u);
    jn_hash128(jn_span("", 0), hash);
    ck_assert_mem_eq(hash, empty, sizeof(empty));
}
END_TEST

START_TEST(a_hash_depends_on_bytes_size_and_seed)
{
    uint64_t hash = jn_hash64(jn_span("abc", 3), 1);

    ck_assert_uint_eq(jn_hash64(jn_span("abc", 3), 1), hash);
    ck_assert_uint_ne(jn_hash64(jn_span("abc", 3), 2), hash);
    ck_assert_uint_ne(jn_hash64(jn_span("abd", 3), 1), hash);
    ck_assert_uint_ne(jn_hash64(jn_span("abc", 2), 1), hash);
    ck_assert_uint_ne(jn_hash64(jn_span("abc\0", 4), 1), hash);
}
END_TEST

/* ---- clock -------------------------------------------------------------- */

START_TEST(the_steady_clock_does_not_fall_and_sleep_takes_its_time)
{
    uint64_t before = jn_clock_steady();

    for (unsigned i = 0; i < 1000; i++) {
        uint64_t now = jn_clock_steady();

        ck_assert_uint_ge(now, before);
        before = now;
    }
    jn_clock_sleep(2000000);
    ck_assert_uint_ge(jn_clock_steady() - before, 2000000);
}
END_TEST

START_TEST(a_time_from_now_is_of_the_steady_clock)
{
    struct timespec until;
    uint64_t before = jn_clock_steady(), at;

    jn_clock_after(&until, 5000000000u);
    at = (uint64_t)until.tv_sec * 1000000000u + (uint64_t)until.tv_nsec;
    ck_assert_uint_ge(at, before + 5000000000u);
    ck_assert_uint_le(at, jn_clock_steady() + 5000000000u);
    ck_assert_int_lt(until.tv_nsec, 1000000000);
}
END_TEST

START_TEST(now_is_after_the_year_2020)
{
    ck_assert_uint_gt(jn_clock_now(), UINT64_C(1577836800000000000));
}
END_TEST

/* ---- error -------------------------------------------------------------- */

START_TEST(every_code_has_words_and_a_name_of_its_own)
{
    for (int i = JOURNAL_EXISTS; i <= JOURNAL_END; i++) {
        ck_assert_str_ne(journal_strerror(i), "unknown error");
        ck_assert_int_eq(strncmp(journal_errname(i), "JOURNAL_", 8), 0);
        for (int k = i + 1; k <= JOURNAL_END; k++) {
            ck_assert_str_ne(journal_strerror(i), journal_strerror(k));
            ck_assert_str_ne(journal_errname(i), journal_errname(k));
        }
    }
}
END_TEST

START_TEST(a_full_disk_has_one_code)
{
    ck_assert_int_eq(jn_error_from_errno(ENOSPC), JOURNAL_FULL);
    ck_assert_int_eq(jn_error_from_errno(EDQUOT), JOURNAL_FULL);
    ck_assert_int_eq(jn_error_from_errno(EFBIG), JOURNAL_FULL);
    ck_assert_int_eq(jn_error_from_errno(EIO), EIO);
    ck_assert_int_eq(jn_error_from_errno(0), 0);
}
END_TEST

/* ---- filesystem --------------------------------------------------------- */

START_TEST(a_local_file_system_will_do_and_none_at_all_will_not)
{
    ck_assert_int_eq(jn_filesystem_check(test_dir), 0);
    ck_assert_int_eq(jn_filesystem_check(test_path("absent")), ENOENT);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("basics");
    TCase *tcase = tcase_create("basics");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, hashes_are_those_of_the_specification);
    tcase_add_test(tcase, a_hash_depends_on_bytes_size_and_seed);
    tcase_add_test(tcase,
                   the_steady_clock_does_not_fall_and_sleep_takes_its_time);
    tcase_add_test(tcase, a_time_from_now_is_of_the_steady_clock);
    tcase_add_test(tcase, now_is_after_the_year_2020);
    tcase_add_test(tcase, every_code_has_words_and_a_name_of_its_own);
    tcase_add_test(tcase, a_full_disk_has_one_code);
    tcase_add_test(tcase, a_local_file_system_will_do_and_none_at_all_will_not);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
