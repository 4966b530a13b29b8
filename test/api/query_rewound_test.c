/* query_rewound_test.c - rewound under a cursor. */
#include "api/spread.h"
#include "support/fast_dir.h"

START_TEST(rewound_ahead_ends_early)
{
    unsigned by = ways[_i].by;
    struct journal_query query = way(_i, 0);
    struct journal_cursor *cursors[2];

    append_spread(ways[_i].step);
    cursors[0] = cursor_of(&query);
    cursors[1] = cursor_of(&query);
    ck_assert_uint_eq(next_of(cursors[1]), 0);
    rewind_to(21);
    for (int i = 0; i < 2; i++) {
        struct story story = told_by(cursors[i]);

        ck_assert_uint_eq(story.pruned, 0);
        assert_in_order(&story, false, by);
        assert_all_of(&story, (uint64_t)i, 21, by);
        ck_assert_uint_lt(story.seqs[story.count - 1], 21);
        story_free(&story);
    }
}
END_TEST

START_TEST(rewound_and_ended_it_stays_so)
{
    struct journal_cursor *cursor = given(_i, 0);

    rewind_to(21);
    while (next_of(cursor) < 20)
        ;
    assert_end(cursor);
    append_large("k/a", MANY);
    assert_end(cursor);
    journal_cursor_close(cursor);
}
END_TEST

/* Entries of other numbers than were there when it was asked for. */
START_TEST(rewound_and_appended_gives_nothing_new)
{
    bool back = _i >= (int)WAYS;
    struct journal_cursor *cursor = given(_i % (int)WAYS,
                                          back ? JOURNAL_QUERY_REVERSE : 0);
    const struct journal_entry *entry;
    int rc;

    assert_next(cursor, 0);
    rewind_to(21);
    for (unsigned i = 0; i < MANY; i++)
        append_words("k/a");
    while ((rc = journal_next(cursor, &entry)) == 0)
        ck_assert_uint_gt(entry->value_size, 100);
    ck_assert_int_eq(rc, JOURNAL_END);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(rewound_under_a_cursor_that_goes_back_gives_what_is_left_or_ends)
{
    unsigned by = ways[_i].by;
    struct journal_cursor *cursor = given(_i, JOURNAL_QUERY_REVERSE);
    struct story story;

    assert_next(cursor, 0);
    rewind_to(21);
    story = told_by(cursor);
    ck_assert_uint_eq(story.pruned, 0);
    assert_in_order(&story, true, by);
    if (is_in(&story, 20))
        assert_all_of(&story, 0, 21, by);
    ck_assert(!is_in(&story, 22));
    story_free(&story);
}
END_TEST

static TCase *
rewound(void)
{
    TCase *tcase = tcase_create("rewound");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_loop_test(tcase, rewound_ahead_ends_early, 0, WAYS);
    tcase_add_loop_test(tcase, rewound_and_ended_it_stays_so, 0, WAYS);
    tcase_add_loop_test(tcase, rewound_and_appended_gives_nothing_new, 0,
                        2 * WAYS);
    tcase_add_loop_test(
        tcase, rewound_under_a_cursor_that_goes_back_gives_what_is_left_or_ends,
        0, WAYS);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *suite = suite_create("query rewound");

    suite_add_tcase(suite, rewound());
    return suite;
}

TEST_MAIN(suite)
