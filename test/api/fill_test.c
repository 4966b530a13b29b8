/* fill_test.c - journal_fill(): many entries at once, in the packed form. */
#include <stdlib.h>
#include <string.h>

#include "api/asking.h"
#include "api/filling.h"
#include "support/packer.h"

#define KINDS 210u

/* ---- what it gives ------------------------------------------------------ */

/* Each call gives all that fit, and so one entry more would have not. */
START_TEST(as_many_whole_entries_as_fit_are_given)
{
    static const size_t sizes[] = {136, 137, 200, 999, 4096, 100001};
    struct journal_query query = ask();
    struct journal_cursor *cursor;
    uint64_t seq = 0;

    append_kinds(KINDS);
    cursor = cursor_of(&query);
    while (seq < KINDS) {
        uint64_t limit = seq;
        size_t used = 0, size = sizes[_i];

        while (limit < KINDS && used + packed_size(limit) <= size)
            used += packed_size(limit++);
        assert_fill(cursor, size, seq, limit - 1);
        seq = limit;
    }
    assert_fill_says(cursor, sizes[_i], JOURNAL_END);
    assert_fill_says(cursor, 0, JOURNAL_END);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(used_and_count_may_be_null)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor;
    uint8_t buffer[200];
    size_t used = 99, count = 99;

    append_words("a a a a");
    cursor = cursor_of(&query);
    ck_assert_int_eq(journal_fill(cursor, buffer, 80, NULL, NULL), 0);
    ck_assert_int_eq(journal_fill(cursor, buffer, 80, &used, NULL), 0);
    ck_assert_int_eq(journal_fill(cursor, buffer, 80, NULL, &count), 0);
    ck_assert_uint_eq(used, packed_size(1));
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(journal_fill(cursor, buffer, 1, NULL, NULL),
                     JOURNAL_TOO_BIG);
    ck_assert_uint_eq(next(cursor), 3);
    ck_assert_int_eq(journal_fill(cursor, buffer, 80, NULL, NULL), JOURNAL_END);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(next_and_fill_may_be_mixed)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor;
    uint64_t state = test_seed(), seq = 0;

    append_kinds(KINDS);
    cursor = cursor_of(&query);
    while (seq < KINDS)
        if (test_random(&state) % 2 == 0)
            ck_assert_uint_eq(next(cursor), seq++);
        else {
            assert_fill(cursor, packed_size(seq), seq, seq);
            seq++;
        }
    assert_fill_says(cursor, 1000, JOURNAL_END);
    assert_end(cursor);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(what_a_query_gives_is_filled_in)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor;

    append_words("a b a b a b !a - b");
    query.flags = JOURNAL_QUERY_REVERSE;
    cursor = cursor_of(&query);
    assert_fill(cursor, 10000, 8, 0);
    journal_cursor_close(cursor);
    query = ask_for(JOURNAL_MATCH_KEY, "a");
    query.flags = JOURNAL_QUERY_LATEST;
    cursor = cursor_of(&query);
    assert_fill(cursor, 10000, 6, 6);
    assert_fill_says(cursor, 10000, JOURNAL_END);
    journal_cursor_close(cursor);
    query = ask();
    query.first = 3;
    query.limit = 6;
    cursor = cursor_of(&query);
    assert_fill(cursor, 10000, 3, 5);
    assert_fill_says(cursor, 10000, JOURNAL_END);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(who_follows_is_given_what_came_later)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor;

    append_words("a b");
    query.flags = JOURNAL_QUERY_FOLLOW;
    cursor = cursor_of(&query);
    assert_fill(cursor, 10000, 0, 1);
    assert_fill_says(cursor, 10000, JOURNAL_END);
    append_words("c d e");
    assert_fill(cursor, 10000, 2, 4);
    /* Nobody has been told of an end by now. */
    append_words("f");
    assert_fill(cursor, 10000, 5, 5);
    assert_fill_says(cursor, 10000, JOURNAL_END);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(an_empty_replay_is_at_its_end)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor = cursor_of(&query);

    assert_fill_says(cursor, 1000, JOURNAL_END);
    assert_fill_says(cursor, 0, JOURNAL_END);
    ck_assert_int_eq(journal_fill(cursor, NULL, 0, NULL, NULL), JOURNAL_END);
    journal_cursor_close(cursor);
}
END_TEST

/* ---- what does not fit -------------------------------------------------- */

START_TEST(an_entry_that_does_not_fit_says_what_it_needs_and_stays)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor;

    append_kinds(KINDS);
    cursor = cursor_of(&query);
    for (uint64_t seq = 0; seq < KINDS; seq++) {
        size_t needed = packed_size(seq);

        assert_needs(cursor, needed - 1, needed);
        assert_needs(cursor, 0, needed);
        assert_needs(cursor, 1, needed);
        if (seq % 2 == 0)
            assert_fill(cursor, needed, seq, seq);
        else
            ck_assert_uint_eq(next(cursor), seq);
    }
    assert_end(cursor);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(a_buffer_of_nothing_may_be_null)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor;
    size_t used = 99, count = 99;

    append("key", "value");
    cursor = cursor_of(&query);
    ck_assert_int_eq(journal_fill(cursor, NULL, 0, &used, &count),
                     JOURNAL_TOO_BIG);
    ck_assert_uint_eq(used, 64);
    ck_assert_uint_eq(count, 99);
    ck_assert_uint_eq(next(cursor), 0);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(what_fits_comes_before_what_does_not)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor;
    size_t needed;

    append_words("a b");
    append_big("key", 1);
    append_words("c");
    needed = packed_size(2);
    cursor = cursor_of(&query);
    assert_fill(cursor, 1000, 0, 1);
    assert_needs(cursor, 1000, needed);
    assert_needs(cursor, needed - 8, needed);
    assert_fill(cursor, needed, 2, 2);
    assert_fill(cursor, 1000, 3, 3);
    assert_fill_says(cursor, 1000, JOURNAL_END);
    journal_cursor_close(cursor);
}
END_TEST

/* ---- there and back ----------------------------------------------------- */

/* But for number, time, prev and revision. */
static void
assert_copied(const struct journal_entry *a, const struct journal_entry *b)
{
    struct journal_entry same = *a;

    same.seq = b->seq;
    same.time = b->time;
    same.prev = b->prev;
    same.revision = b->revision;
    assert_same_entry(&same, b);
}

static void
copy_all(struct journal *to, size_t size)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor = cursor_of(&query);
    struct filled filled = fill(cursor, size);

    for (; filled.rc == 0; filled = fill(cursor, size)) {
        uint64_t expected = figures(to).size, first = 99;
        size_t count = 99;

        ck_assert_int_eq(journal_append_packed(to, filled.bytes, filled.used,
                                               &count, &first),
                         0);
        ck_assert_uint_eq(count, filled.count);
        ck_assert_uint_eq(first, expected);
        free(filled.place);
    }
    ck_assert_int_eq(filled.rc, JOURNAL_END);
    free(filled.place);
    journal_cursor_close(cursor);
}

START_TEST(what_is_filled_in_is_appended_to_another_journal)
{
    struct journal *copy = open_path(test_path("copy"), 0);

    append_words("x y z");
    append_kinds(KINDS);
    ck_assert_int_eq(journal_prune(journal, 3, 0, NULL), 0);
    copy_all(copy, _i == 0 ? 500 : 1000000);
    ck_assert_uint_eq(assert_no_gap(copy), KINDS);
    for (uint64_t seq = 0; seq < KINDS; seq++) {
        struct journal_entry *was = entry_at(3 + seq), *is = NULL;

        ck_assert_int_eq(journal_read(copy, seq, &is), 0);
        assert_copied(was, is);
        journal_entry_free(was);
        journal_entry_free(is);
    }
    journal_close(copy);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("fill");
    TCase *tcase = tcase_create("fill");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, as_many_whole_entries_as_fit_are_given, 0, 6);
    tcase_add_test(tcase, used_and_count_may_be_null);
    tcase_add_test(tcase, next_and_fill_may_be_mixed);
    tcase_add_test(tcase, what_a_query_gives_is_filled_in);
    tcase_add_test(tcase, who_follows_is_given_what_came_later);
    tcase_add_test(tcase, an_empty_replay_is_at_its_end);
    tcase_add_test(tcase,
                   an_entry_that_does_not_fit_says_what_it_needs_and_stays);
    tcase_add_test(tcase, a_buffer_of_nothing_may_be_null);
    tcase_add_test(tcase, what_fits_comes_before_what_does_not);
    tcase_add_loop_test(tcase, what_is_filled_in_is_appended_to_another_journal,
                        0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
