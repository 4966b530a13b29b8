/*
 * expr_test.c - key expressions: golden vectors, hostile bytes, and a matcher
 * so slow and simple that it cannot be wrong.
 */
#include <errno.h>
#include <journal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/slow_expr.h"
#include "support/test.h"

#define VECTORS "test/data/keyexpr-vectors.tsv"
#define LINE 4096

/* ---- golden vectors ----------------------------------------------------- */

static int
canonizes_to(const char *from, const char *to)
{
    char text[LINE];
    size_t size = strlen(from);
    int rc;

    memcpy(text, from, size + 1);
    rc = journal_expr_canonize(text, &size);
    if (rc == EINVAL) {
        ck_assert_uint_eq(size, strlen(from));
        ck_assert_mem_eq(text, from, size);
        return 0;
    }
    ck_assert_int_eq(rc, 0);
    ck_assert_int_eq(journal_expr_check(text, size), 0);
    return size == strlen(to) && memcmp(text, to, size) == 0;
}

static int
result_of(const char *call, const char *left, const char *right)
{
    size_t a = strlen(left), b = strlen(right);

    if (strcmp(call, "check") == 0)
        return journal_expr_check(left, a) == 0;
    if (strcmp(call, "canonize") == 0)
        return canonizes_to(left, right);
    if (strcmp(call, "matches") == 0)
        return journal_expr_matches(left, a, right, b);
    if (strcmp(call, "includes") == 0)
        return journal_expr_includes(left, a, right, b);
    ck_assert_str_eq(call, "intersects");
    ck_assert_int_eq(journal_expr_intersects(left, a, right, b),
                     journal_expr_intersects(right, b, left, a));
    return journal_expr_intersects(left, a, right, b);
}

/* The next column of a line, whose tab becomes its end. */
static char *
column(char **line)
{
    char *start = *line, *tab = strchr(start, '\t');

    ck_assert_ptr_nonnull(tab);
    *tab = '\0';
    *line = tab + 1;
    return start;
}

START_TEST(the_golden_vectors_hold)
{
    FILE *in = fopen(VECTORS, "r");
    char buffer[LINE];
    unsigned count = 0;

    ck_assert_msg(in != NULL, "%s: run from the top of the tree", VECTORS);
    while (fgets(buffer, sizeof(buffer), in) != NULL) {
        char *line = buffer, *call, *left, *right, *expected;

        if (line[0] == '#')
            continue;
        call = column(&line);
        left = column(&line);
        right = column(&line);
        expected = column(&line);
        ck_assert_msg(result_of(call, left, right) == atoi(expected),
                      "%s '%s' '%s' is not %s", call, left, right, expected);
        count++;
    }
    fclose(in);
    ck_assert_uint_gt(count, 3800);
}
END_TEST

/* ---- against a slow matcher --------------------------------------------- */

/* Some chunks of an alphabet so small that they often match. */
static void
random_text(uint64_t *state, char *out, bool wild)
{
    static const char *const wilds[] = {"*",     "**",   "$*a", "a$*",
                                        "$*a$*", "a$*b", "@",   "a",
                                        "b",     "ab",   "@a",  "ba$*a"};
    static const char *const tame[] = {"a", "b", "ab", "aab", "ba", "@a", "@"};
    unsigned chunks = 1 + (unsigned)(test_random(state) % 5);

    *out = '\0';
    for (unsigned i = 0; i < chunks; i++) {
        if (i > 0)
            strcat(out, "/");
        strcat(out, wild ? wilds[test_random(state) % 12]
                         : tame[test_random(state) % 7]);
    }
}

static void
random_expr(uint64_t *state, char *out)
{
    size_t size;

    random_text(state, out, true);
    size = strlen(out);
    ck_assert_int_eq(journal_expr_canonize(out, &size), 0);
    out[size] = '\0';
}

START_TEST(random_expressions_match_what_the_slow_matcher_says)
{
    uint64_t state = test_seed();
    size_t rounds = (size_t)(300000 * test_scale()) + 1000;
    unsigned matched = 0;

    for (size_t i = 0; i < rounds; i++) {
        char expr[64], key[64];
        int expected;

        random_expr(&state, expr);
        random_text(&state, key, false);
        expected = slow_expr_matches(expr, strlen(expr), key, strlen(key));
        matched += (unsigned)expected;
        ck_assert_msg(journal_expr_matches(expr, strlen(expr), key,
                                           strlen(key)) == expected,
                      "%s %s: not %d", expr, key, expected);
    }
    ck_assert_uint_gt(matched, rounds / 100);
}
END_TEST

START_TEST(relations_of_expressions_agree_with_the_keys_they_match)
{
    uint64_t state = test_seed();
    size_t rounds = (size_t)(100000 * test_scale()) + 1000;

    for (size_t i = 0; i < rounds; i++) {
        char a[64], b[64], key[64];
        size_t a_size, b_size;
        bool in_a, in_b;

        random_expr(&state, a);
        random_expr(&state, b);
        a_size = strlen(a);
        b_size = strlen(b);
        ck_assert_int_eq(journal_expr_includes(a, a_size, a, a_size), 1);
        ck_assert_int_eq(journal_expr_intersects(a, a_size, a, a_size), 1);
        for (unsigned k = 0; k < 5; k++) {
            random_text(&state, key, false);
            in_a = journal_expr_matches(a, a_size, key, strlen(key)) == 1;
            in_b = journal_expr_matches(b, b_size, key, strlen(key)) == 1;
            if (in_a && in_b)
                ck_assert_msg(journal_expr_intersects(a, a_size, b, b_size),
                              "%s %s meet in %s", a, b, key);
            if (in_b && !in_a)
                ck_assert_msg(!journal_expr_includes(a, a_size, b, b_size),
                              "%s does not include %s: %s", a, b, key);
        }
        if (journal_expr_includes(a, a_size, b, b_size))
            ck_assert_int_eq(journal_expr_intersects(a, a_size, b, b_size), 1);
    }
}
END_TEST

/* ---- hostile input ------------------------------------------------------ */

static uint64_t
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

START_TEST(a_hostile_pattern_takes_no_longer_than_others)
{
    static const char *const patterns[] = {
        "$*a$*a$*a$*a$*a$*a$*a$*a$*a$*a$*a$*a$*a$*a$*a$*a$*a$*a$*b",
        "**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b",
    };
    char key[61];
    uint64_t start = now();

    for (size_t i = 0; i < 60; i++)
        key[i] = _i == 1 && i % 2 == 1 ? '/' : 'a';
    key[_i == 1 ? 59 : 60] = '\0';
    for (unsigned i = 0; i < 100; i++) {
        const char *pattern = patterns[_i];
        size_t size = strlen(pattern);

        ck_assert_int_eq(journal_expr_matches(pattern, size, key, strlen(key)),
                         0);
        ck_assert_int_eq(journal_expr_intersects(pattern, size, pattern, size),
                         1);
        ck_assert_int_eq(journal_expr_includes(pattern, size, pattern, size),
                         1);
    }
    /* By trying everything one of them would take years. */
    ck_assert_uint_lt(now() - start, UINT64_C(10000000000));
}
END_TEST

START_TEST(any_bytes_may_come)
{
    uint64_t state = test_seed();
    size_t rounds = (size_t)(200000 * test_scale()) + 1000;

    for (size_t i = 0; i < rounds; i++) {
        static const char odd[] = "a/*$@#?\0b";
        char left[24], right[24], copy[24];
        size_t a = test_random(&state) % sizeof(left), size = a;
        size_t b = test_random(&state) % sizeof(right);

        for (size_t k = 0; k < sizeof(left); k++) {
            left[k] = odd[test_random(&state) % 9];
            right[k] = odd[test_random(&state) % 9];
        }
        memcpy(copy, left, sizeof(left));
        if (journal_expr_canonize(copy, &size) == 0) {
            ck_assert_uint_le(size, a);
            ck_assert_int_eq(journal_expr_check(copy, size), 0);
        } else {
            ck_assert_int_eq(journal_expr_check(left, a), EINVAL);
            ck_assert_mem_eq(copy, left, sizeof(left));
        }
        ck_assert_int_le(journal_expr_matches(left, a, right, b), 1);
        ck_assert_int_le(journal_expr_intersects(left, a, right, b), 1);
        ck_assert_int_le(journal_expr_includes(left, a, right, b), 1);
    }
}
END_TEST

START_TEST(what_is_no_expression_is_refused)
{
    static char large[JOURNAL_KEY_MAX + 1];
    size_t size = 0;

    ck_assert_int_eq(journal_expr_check(NULL, 0), EINVAL);
    ck_assert_int_eq(journal_expr_check("", 0), EINVAL);
    ck_assert_int_eq(journal_expr_canonize(NULL, &size), EINVAL);
    ck_assert_int_eq(journal_expr_canonize(large, NULL), EINVAL);
    memset(large, 'a', sizeof(large));
    ck_assert_int_eq(journal_expr_check(large, sizeof(large)), EINVAL);
    ck_assert_int_eq(journal_expr_check(large, JOURNAL_KEY_MAX), 0);
    ck_assert_int_eq(journal_expr_matches("**", 2, "a//b", 4), 0);
    ck_assert_int_eq(journal_expr_matches("**", 2, "a/*", 3), 0);
    ck_assert_int_eq(journal_expr_matches("**/**", 5, "a", 1), 0);
    ck_assert_int_eq(journal_expr_matches("**", 2, NULL, 0), 0);
}
END_TEST

START_TEST(the_largest_expressions_are_compared_in_time)
{
    static char left[JOURNAL_KEY_MAX], right[JOURNAL_KEY_MAX];
    size_t size = (size_t)(6000 * test_scale());

    size = size < 100 ? 100 : size > JOURNAL_KEY_MAX ? JOURNAL_KEY_MAX : size;
    for (size_t i = 0; i < size; i++) {
        left[i] = "**/a/"[i % 5];
        right[i] = "*/**/"[i % 5];
    }
    left[size - 1] = right[size - 1] = 'z';
    size = size / 5 * 5 - 1;
    ck_assert_int_eq(journal_expr_check(left, size), 0);
    ck_assert_int_eq(journal_expr_includes(left, size, left, size), 1);
    ck_assert_int_eq(journal_expr_intersects(left, size, left, size), 1);
    ck_assert_int_eq(journal_expr_check(right, size), EINVAL);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("expr");
    TCase *tcase = tcase_create("expr");

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, the_golden_vectors_hold);
    tcase_add_test(tcase, random_expressions_match_what_the_slow_matcher_says);
    tcase_add_test(tcase,
                   relations_of_expressions_agree_with_the_keys_they_match);
    tcase_add_loop_test(tcase, a_hostile_pattern_takes_no_longer_than_others, 0,
                        2);
    tcase_add_test(tcase, any_bytes_may_come);
    tcase_add_test(tcase, what_is_no_expression_is_refused);
    tcase_add_test(tcase, the_largest_expressions_are_compared_in_time);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
