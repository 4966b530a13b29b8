/* query_arguments_test.c - mistakes in the arguments of a query. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/asking.h"

static void
setup(void)
{
    setup_journal();
    append_words("a b a - !b c/d");
}

static void
assert_refused(const struct journal_query *query, int result)
{
    char mark;
    struct journal_cursor *cursor = (struct journal_cursor *)(void *)&mark;
    int rc = journal_query(journal, query, &cursor);

    ck_assert_msg(rc == result, "%s instead of %s", journal_errname(rc),
                  journal_errname(result));
    ck_assert_ptr_eq(cursor, &mark);
}

START_TEST(null_is_refused)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry = NULL;

    ck_assert_int_eq(journal_query(NULL, &query, &cursor), EINVAL);
    ck_assert_int_eq(journal_query(journal, NULL, &cursor), EINVAL);
    ck_assert_int_eq(journal_query(journal, &query, NULL), EINVAL);
    ck_assert_int_eq(journal_next(NULL, &entry), EINVAL);
    ck_assert_ptr_null(cursor);
    ck_assert_ptr_null(entry);
    journal_cursor_close(NULL);
}
END_TEST

START_TEST(a_struct_size_of_no_release_is_refused)
{
    struct journal_query query = ask();

    for (uint32_t size = 0; size < sizeof(query); size++) {
        query.struct_size = size;
        assert_refused(&query, EINVAL);
    }
    query.struct_size = sizeof(query);
    assert_answer(&query, "0-5");
}
END_TEST

START_TEST(a_larger_struct_is_taken_if_the_rest_is_zero)
{
    struct {
        struct journal_query query;
        uint8_t rest[40];
    } large;
    /* On the heap, so that a look behind its end would be seen. */
    struct journal_query *exact;

    for (uint32_t more = 1; more <= sizeof(large.rest); more++) {
        memset(&large, 0, sizeof(large));
        large.query = ask();
        large.query.struct_size += more;
        exact = malloc(large.query.struct_size);
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, &large, large.query.struct_size);
        assert_answer(exact, "0-5");
        for (uint32_t i = 0; i < more; i++) {
            uint8_t *byte = (uint8_t *)exact + sizeof(large.query) + i;

            *byte = 1;
            assert_refused(exact, EINVAL);
            *byte = 0;
        }
        free(exact);
    }
}
END_TEST

START_TEST(unknown_flags_are_refused)
{
    struct journal_query query = ask();

    for (unsigned bit = 4; bit < 32; bit++) {
        query.flags = 1u << bit;
        assert_refused(&query, EINVAL);
        query.flags |= JOURNAL_QUERY_LIVE;
        assert_refused(&query, EINVAL);
    }
}
END_TEST

START_TEST(an_unknown_match_is_refused)
{
    struct journal_query query = ask_for(0, "a");

    for (unsigned bit = 2; bit < 32; bit++) {
        query.match = 1u << bit;
        assert_refused(&query, EINVAL);
    }
    query.match = UINT32_MAX;
    assert_refused(&query, EINVAL);
}
END_TEST

START_TEST(reserved_bits_are_refused)
{
    struct journal_query query = ask();

    for (unsigned bit = 0; bit < 32; bit++) {
        query.reserved = 1u << bit;
        assert_refused(&query, EINVAL);
    }
}
END_TEST

START_TEST(an_empty_key_is_refused)
{
    struct journal_query query = ask_for(JOURNAL_MATCH_KEY, "");

    assert_refused(&query, EINVAL);
    query.key = NULL;
    assert_refused(&query, EINVAL);
    query.match = JOURNAL_MATCH_EXPR;
    assert_refused(&query, EINVAL);
}
END_TEST

START_TEST(null_is_no_key_of_a_size)
{
    struct journal_query query = ask();

    query.key_size = 1;
    for (query.match = JOURNAL_MATCH_KEY; query.match <= JOURNAL_MATCH_EXPR;
         query.match++)
        assert_refused(&query, EINVAL);
}
END_TEST

START_TEST(a_key_over_the_maximum_is_too_big)
{
    static char key[JOURNAL_KEY_MAX + 1];
    static const size_t sizes[] = {JOURNAL_KEY_MAX + 1, SIZE_MAX / 2, SIZE_MAX};
    struct journal_query query = ask_for(JOURNAL_MATCH_KEY, "");

    memset(key, 'k', sizeof(key));
    query.key = key;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        query.key_size = sizes[i];
        query.match = JOURNAL_MATCH_KEY;
        assert_refused(&query, JOURNAL_TOO_BIG);
        query.match = JOURNAL_MATCH_PREFIX;
        assert_refused(&query, JOURNAL_TOO_BIG);
    }
    query.key_size = JOURNAL_KEY_MAX;
    for (query.match = JOURNAL_MATCH_KEY; query.match <= JOURNAL_MATCH_EXPR;
         query.match++)
        assert_answer(&query, "");
}
END_TEST

START_TEST(an_expression_over_the_maximum_is_refused)
{
    static char expr[JOURNAL_KEY_MAX + 1];
    struct journal_query query = ask_for(JOURNAL_MATCH_EXPR, "");
    struct journal_cursor *cursor = NULL;
    int rc;

    memset(expr, 'k', sizeof(expr));
    query.key = expr;
    query.key_size = sizeof(expr);
    rc = journal_query(journal, &query, &cursor);
    ck_assert(rc == JOURNAL_TOO_BIG || rc == EINVAL);
    ck_assert_ptr_null(cursor);
}
END_TEST

START_TEST(an_expression_that_is_not_canonical_is_refused)
{
    static const char *const exprs[] = {
        "/",    "a/",   "/a",      "a//b",  "**/**", "**/*", "$*",
        "a/$*", "$*$*", "a$*$*/b", "a$b",   "a*",    "*a",   "***",
        "a**",  "a#b",  "a?b",     "#",     "?",     "$",    "a/**/**/b",
        "$",    "a$",   "**/*/**", "*/**/*"};

    for (size_t i = 0; i < COUNT_OF(exprs); i++) {
        struct journal_query query = ask_for(JOURNAL_MATCH_EXPR, exprs[i]);

        ck_assert_msg(result_of_query(&query) == EINVAL, "%s", exprs[i]);
        query.flags = JOURNAL_QUERY_LATEST;
        ck_assert_msg(result_of_query(&query) == EINVAL, "%s", exprs[i]);
        query.flags = JOURNAL_QUERY_FOLLOW;
        ck_assert_msg(result_of_query(&query) == EINVAL, "%s", exprs[i]);
    }
}
END_TEST

START_TEST(follow_goes_neither_backward_nor_with_latest)
{
    struct journal_query query = ask();

    query.flags = JOURNAL_QUERY_FOLLOW | JOURNAL_QUERY_REVERSE;
    assert_refused(&query, EINVAL);
    query.flags = JOURNAL_QUERY_FOLLOW | JOURNAL_QUERY_LATEST;
    assert_refused(&query, EINVAL);
    query.flags |= JOURNAL_QUERY_LIVE | JOURNAL_QUERY_REVERSE;
    assert_refused(&query, EINVAL);
    query.flags = JOURNAL_QUERY_FOLLOW | JOURNAL_QUERY_LIVE;
    assert_answer(&query, "0-3 5");
}
END_TEST

START_TEST(a_first_revision_is_for_one_key)
{
    static const uint64_t revisions[] = {1, 2, UINT64_MAX};
    static const uint32_t matches[] = {JOURNAL_MATCH_ALL, JOURNAL_MATCH_PREFIX,
                                       JOURNAL_MATCH_EXPR};
    struct journal_query query;

    for (size_t i = 0; i < COUNT_OF(revisions); i++)
        for (size_t k = 0; k < COUNT_OF(matches); k++) {
            query = ask_for(matches[k], "a");
            query.first_revision = revisions[i];
            assert_refused(&query, EINVAL);
            query.first_revision = 0;
            ck_assert_int_eq(result_of_query(&query), 0);
        }
}
END_TEST

START_TEST(a_query_leaves_what_it_was_given_and_keeps_none_of_it)
{
    char key[] = "c/d";
    struct journal_query query = ask_for(JOURNAL_MATCH_KEY + (uint32_t)_i, key);
    struct journal_query copy = query;
    struct journal_cursor *cursor = cursor_of(&query);

    ck_assert_mem_eq(&query, &copy, sizeof(query));
    ck_assert_str_eq(key, "c/d");
    memset(key, 'x', sizeof(key));
    memset(&query, 0xff, sizeof(query));
    assert_last(cursor, "5");
}
END_TEST

START_TEST(next_takes_no_null_and_loses_nothing_by_it)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor = cursor_of(&query);

    ck_assert_int_eq(journal_next(cursor, NULL), EINVAL);
    ck_assert_uint_eq(next(cursor), 0);
    ck_assert_int_eq(journal_next(cursor, NULL), EINVAL);
    assert_last(cursor, "1-5");
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("query arguments");
    TCase *tcase = tcase_create("query arguments");

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_test(tcase, null_is_refused);
    tcase_add_test(tcase, a_struct_size_of_no_release_is_refused);
    tcase_add_test(tcase, a_larger_struct_is_taken_if_the_rest_is_zero);
    tcase_add_test(tcase, unknown_flags_are_refused);
    tcase_add_test(tcase, an_unknown_match_is_refused);
    tcase_add_test(tcase, reserved_bits_are_refused);
    tcase_add_test(tcase, an_empty_key_is_refused);
    tcase_add_test(tcase, null_is_no_key_of_a_size);
    tcase_add_test(tcase, a_key_over_the_maximum_is_too_big);
    tcase_add_test(tcase, an_expression_over_the_maximum_is_refused);
    tcase_add_test(tcase, an_expression_that_is_not_canonical_is_refused);
    tcase_add_test(tcase, follow_goes_neither_backward_nor_with_latest);
    tcase_add_test(tcase, a_first_revision_is_for_one_key);
    tcase_add_loop_test(tcase,
                        a_query_leaves_what_it_was_given_and_keeps_none_of_it,
                        0, 3);
    tcase_add_test(tcase, next_takes_no_null_and_loses_nothing_by_it);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
