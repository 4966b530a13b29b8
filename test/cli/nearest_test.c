/* nearest_test.c - a slip of the finger finds what was meant. */
#include "nearest.h"

#include <check.h>
#include <string.h>

#include "support/test.h"

static const char *
nearest_of(const char *word, const char *a, const char *b)
{
    struct nearest nearest;

    nearest_init(&nearest, word, strlen(word));
    nearest_offer(&nearest, a);
    nearest_offer(&nearest, b);
    return nearest.name == NULL ? "" : nearest.name;
}

START_TEST(one_letter_wrong_missing_added_or_swapped_is_a_slip)
{
    ck_assert_str_eq(nearest_of("veryfy", "salvage", "verify"), "verify");
    ck_assert_str_eq(nearest_of("verfy", "salvage", "verify"), "verify");
    ck_assert_str_eq(nearest_of("veriffy", "salvage", "verify"), "verify");
    ck_assert_str_eq(nearest_of("verifu", "salvage", "verify"), "verify");
    ck_assert_str_eq(nearest_of("evrify", "salvage", "verify"), "verify");
    ck_assert_str_eq(nearest_of("verfiy", "salvage", "verify"), "verify");
}
END_TEST

START_TEST(long_words_may_have_more_slips_than_short_ones)
{
    ck_assert_str_eq(nearest_of("past-mraksx", "past-marks", "at"),
                     "past-marks");
    ck_assert_str_eq(nearest_of("gat", "get", "prune"), "get");
    ck_assert_str_eq(nearest_of("gte", "get", "prune"), "get");
    ck_assert_str_eq(nearest_of("gab", "get", "prune"), "");
}
END_TEST

START_TEST(swapped_letters_are_one_slip_in_the_shortest_words)
{
    ck_assert_str_eq(nearest_of("ta", "query", "at"), "at");
}
END_TEST

START_TEST(the_nearest_is_meant_in_whatever_order_they_come)
{
    ck_assert_str_eq(nearest_of("reaed", "replay", "read"), "read");
    ck_assert_str_eq(nearest_of("reaed", "read", "replay"), "read");
}
END_TEST

START_TEST(of_two_as_near_the_first_is_meant)
{
    ck_assert_str_eq(nearest_of("mart", "mark", "part"), "mark");
    ck_assert_str_eq(nearest_of("mart", "part", "mark"), "part");
}
END_TEST

START_TEST(three_letters_of_a_beginning_are_enough)
{
    ck_assert_str_eq(nearest_of("hist", "keys", "history"), "history");
    ck_assert_str_eq(nearest_of("sal", "keys", "salvage"), "salvage");
    ck_assert_str_eq(nearest_of("sa", "keys", "salvage"), "");
}
END_TEST

START_TEST(only_so_much_of_the_word_counts_as_was_said)
{
    struct nearest nearest;

    nearest_init(&nearest, "frist=3", 5);
    nearest_offer(&nearest, "first");
    ck_assert_ptr_nonnull(nearest.name);
}
END_TEST

START_TEST(nothing_and_very_long_words_are_near_to_nothing)
{
    char word[200];

    memset(word, 'a', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    ck_assert_str_eq(nearest_of("", "get", "at"), "");
    ck_assert_str_eq(nearest_of(word, "get", "at"), "");
    ck_assert_str_eq(nearest_of("get", word, "at"), "");
    word[33] = '\0';
    ck_assert_str_eq(nearest_of(word, word, "at"), "");
    word[32] = '\0';
    ck_assert_str_eq(nearest_of(word, word, "at"), word);
}
END_TEST

static Suite *
suite(void)
{
    Suite *s = suite_create("nearest");
    TCase *tcase = tcase_create("nearest");

    suite_add_tcase(s, tcase);
    tcase_add_test(tcase, one_letter_wrong_missing_added_or_swapped_is_a_slip);
    tcase_add_test(tcase, long_words_may_have_more_slips_than_short_ones);
    tcase_add_test(tcase, swapped_letters_are_one_slip_in_the_shortest_words);
    tcase_add_test(tcase, the_nearest_is_meant_in_whatever_order_they_come);
    tcase_add_test(tcase, of_two_as_near_the_first_is_meant);
    tcase_add_test(tcase, three_letters_of_a_beginning_are_enough);
    tcase_add_test(tcase, only_so_much_of_the_word_counts_as_was_said);
    tcase_add_test(tcase, nothing_and_very_long_words_are_near_to_nothing);
    return s;
}

TEST_MAIN(suite)
