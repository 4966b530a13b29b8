/* words_test.c - words for results, and the version. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "api/steps.h"

static const struct {
    int number;
    int code;
    const char *name;
} errors[] = {
    {-1, JOURNAL_END, "JOURNAL_END"},
    {-2, JOURNAL_NOT_FOUND, "JOURNAL_NOT_FOUND"},
    {-3, JOURNAL_PRUNED, "JOURNAL_PRUNED"},
    {-4, JOURNAL_OUT_OF_RANGE, "JOURNAL_OUT_OF_RANGE"},
    {-5, JOURNAL_CONFLICT, "JOURNAL_CONFLICT"},
    {-6, JOURNAL_OUTDATED, "JOURNAL_OUTDATED"},
    {-7, JOURNAL_TOO_BIG, "JOURNAL_TOO_BIG"},
    {-8, JOURNAL_FULL, "JOURNAL_FULL"},
    {-9, JOURNAL_READ_ONLY, "JOURNAL_READ_ONLY"},
    {-10, JOURNAL_BUSY, "JOURNAL_BUSY"},
    {-11, JOURNAL_CORRUPT, "JOURNAL_CORRUPT"},
    {-12, JOURNAL_FAILED, "JOURNAL_FAILED"},
    {-13, JOURNAL_UNSUPPORTED, "JOURNAL_UNSUPPORTED"},
    {-14, JOURNAL_TIMEOUT, "JOURNAL_TIMEOUT"},
    {-15, JOURNAL_FORKED, "JOURNAL_FORKED"},
    {-16, JOURNAL_EXISTS, "JOURNAL_EXISTS"},
};

START_TEST(an_error_has_its_number_for_ever)
{
    ck_assert_int_eq(errors[_i].code, errors[_i].number);
}
END_TEST

START_TEST(an_error_is_called_by_its_name)
{
    ck_assert_str_eq(journal_errname(errors[_i].number), errors[_i].name);
}
END_TEST

START_TEST(an_error_has_words_of_its_own)
{
    const char *words = journal_strerror(errors[_i].number);

    ck_assert_uint_gt(strlen(words), 5);
    ck_assert_ptr_null(strchr(words, '\n'));
    ck_assert(islower((unsigned char)words[0]));
    for (int i = 0; i < _i; i++)
        ck_assert_str_ne(words, journal_strerror(errors[i].number));
}
END_TEST

START_TEST(an_error_says_what_to_do_next)
{
    const char *words = journal_strerror(errors[_i].number);
    const char *advice = strstr(words, ": ");

    ck_assert_ptr_nonnull(advice);
    ck_assert_int_ge(advice - words, 5);
    ck_assert_uint_ge(strlen(advice), 10);
}
END_TEST

/* What is in the way of a backup need not be a journal. */
START_TEST(what_exists_may_be_anything)
{
    const char *words = journal_strerror(JOURNAL_EXISTS);

    ck_assert_ptr_null(strstr(words, "a journal exists"));
    ck_assert_ptr_nonnull(strstr(words, "choose another path"));
}
END_TEST

/* As journal_fill() says it, nothing can be split: there is too little room. */
START_TEST(what_is_too_big_may_be_so_for_a_buffer)
{
    ck_assert_ptr_nonnull(
        strstr(journal_strerror(JOURNAL_TOO_BIG), "journal_fill()"));
}
END_TEST

START_TEST(success_is_ok)
{
    ck_assert_str_eq(journal_errname(0), "OK");
    ck_assert_uint_gt(strlen(journal_strerror(0)), 0);
}
END_TEST

START_TEST(an_errno_has_its_own_words_and_name)
{
    static const struct {
        int number;
        const char *name;
    } numbers[] = {{EINVAL, "EINVAL"}, {EACCES, "EACCES"}, {EROFS, "EROFS"},
                   {ENOMEM, "ENOMEM"}, {EIO, "EIO"},       {ENOENT, "ENOENT"},
                   {EAGAIN, "EAGAIN"}, {ESTALE, "ESTALE"}};

    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        ck_assert_str_eq(journal_errname(numbers[i].number), numbers[i].name);
        ck_assert_str_eq(journal_strerror(numbers[i].number),
                         strerror(numbers[i].number));
    }
}
END_TEST

START_TEST(an_unknown_result_is_called_unknown)
{
    static const int unknown[] = {-17, -100, INT_MIN, INT_MAX, 99999};

    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        ck_assert_str_eq(journal_errname(unknown[i]), "UNKNOWN");
        ck_assert_ptr_nonnull(journal_strerror(unknown[i]));
        ck_assert_uint_gt(strlen(journal_strerror(unknown[i])), 0);
    }
}
END_TEST

START_TEST(words_leave_errno_alone)
{
    errno = 77;
    journal_strerror(JOURNAL_FULL);
    journal_errname(JOURNAL_FULL);
    ck_assert_int_eq(errno, 77);
}
END_TEST

START_TEST(the_version_is_the_headers)
{
    ck_assert_uint_eq(journal_version(), JOURNAL_VERSION_MAJOR << 16 |
                                             JOURNAL_VERSION_MINOR << 8 |
                                             JOURNAL_VERSION_PATCH);
}
END_TEST

/* Text after NAME in the version string, from its first digit on. */
static const char *
version_of(const char *name)
{
    const char *place = strstr(journal_version_string(), name);

    ck_assert_msg(place != NULL, "no %s in: %s", name,
                  journal_version_string());
    return place + strcspn(place, "0123456789");
}

START_TEST(the_version_in_words_has_the_numbers)
{
    char version[32];

    snprintf(version, sizeof(version), "%d.%d.%d", JOURNAL_VERSION_MAJOR,
             JOURNAL_VERSION_MINOR, JOURNAL_VERSION_PATCH);
    ck_assert_ptr_nonnull(strstr(journal_version_string(), version));
}
END_TEST

START_TEST(the_version_in_words_names_what_is_loaded)
{
    ck_assert_int_eq(strncmp(version_of("LMDB"), "0.9.", 4), 0);
    ck_assert_int_eq(strncmp(version_of("xxHash"), "0.", 2), 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *words = suite_create("words");
    TCase *tcase = tcase_create("words");

    tcase_add_loop_test(tcase, an_error_has_its_number_for_ever, 0,
                        COUNT_OF(errors));
    tcase_add_loop_test(tcase, an_error_is_called_by_its_name, 0,
                        COUNT_OF(errors));
    tcase_add_loop_test(tcase, an_error_has_words_of_its_own, 0,
                        COUNT_OF(errors));
    tcase_add_loop_test(tcase, an_error_says_what_to_do_next, 0,
                        COUNT_OF(errors));
    tcase_add_test(tcase, what_exists_may_be_anything);
    tcase_add_test(tcase, what_is_too_big_may_be_so_for_a_buffer);
    tcase_add_test(tcase, success_is_ok);
    tcase_add_test(tcase, an_errno_has_its_own_words_and_name);
    tcase_add_test(tcase, an_unknown_result_is_called_unknown);
    tcase_add_test(tcase, words_leave_errno_alone);
    tcase_add_test(tcase, the_version_is_the_headers);
    tcase_add_test(tcase, the_version_in_words_has_the_numbers);
    tcase_add_test(tcase, the_version_in_words_names_what_is_loaded);
    suite_add_tcase(words, tcase);
    return words;
}

TEST_MAIN(suite)
