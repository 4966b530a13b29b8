/*
 * golden_tail_test.c - journals of format 2, with entries in the tail.
 *
 * test/data/format-2 is a journal whose processes have died: some entries are
 * in its tail alone.  It was closed once before, lost a process after that, and
 * the one that came next has written behind what was torn.  format-2-closed is
 * the same journal after the close: a data file alone.  The .txt beside them
 * says what is in them.  None of this changes.
 *
 * The life they have had is here too, and is lived again by every run of this
 * test; what comes of it is of the format of today, with the same in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/figures.h"
#include "unit/golden.h"

#define OPEN "test/data/format-2"
#define CLOSED "test/data/format-2-closed"

/* ---- bytes -------------------------------------------------------------- */

START_TEST(the_row_of_a_tail_has_the_bytes_of_format_2)
{
    golden_assert_tail(&golden_tail_row, golden_tail_bytes);
}
END_TEST

/* ---- a life ------------------------------------------------------------- */

static void
live_to_the_close(const char *path)
{
    struct journal *journal = golden_begin(path);

    ck_assert_int_eq(journal_prune(journal, 2, 0, NULL), 0);
    golden_add(journal, 12, 3);
    ck_assert_int_eq(journal_rewind(journal, 14), 0);
    golden_add(journal, 15, 1);
    journal_close(journal);
}

/* The first two go into the store, as of each process. */
static void
add_ten(struct journal *journal, unsigned from)
{
    for (unsigned n = from; n < from + 6; n++)
        golden_add(journal, n, 1);
    golden_add(journal, from + 6, 3);
    golden_add(journal, from + 9, 1);
}

static void
live_on(struct journal *journal)
{
    add_ten(journal, 16);
}

static void
live_longer(struct journal *journal)
{
    add_ten(journal, 26);
}

START_TEST(the_same_life_makes_the_same_journals)
{
    const char *path = test_path("life");

    live_to_the_close(path);
    golden_put(test_dir, "format-2-closed", path);
    golden_live_and_die(path, JOURNAL_DURABLE, live_on);
    golden_live_and_die(path, JOURNAL_RELAXED, live_longer);
    golden_put(test_dir, "format-2", path);
    golden_assert_alike(test_path("format-2-closed.txt"), CLOSED ".txt");
    golden_assert_alike(test_path("format-2.txt"), OPEN ".txt");
}
END_TEST

/* ---- format 2 ----------------------------------------------------------- */

START_TEST(a_journal_of_format_2_is_read_where_it_lies)
{
    static const char *const directories[] = {OPEN, CLOSED};
    static const char *const descriptions[] = {OPEN ".txt", CLOSED ".txt"};
    struct journal_options options;
    struct journal *journal;

    journal_options_init(&options);
    options.flags = JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE;
    ck_assert_int_eq(journal_open(directories[_i], &options, &journal), 0);

    golden_assert(journal, descriptions[_i]);
    ck_assert_uint_eq(figures_of(journal).format, 2);
    ck_assert_int_eq(figures_of(journal).tail_bytes_used > 0, _i == 0);
    journal_close(journal);
}
END_TEST

/* The tail is read, drained, and used again. */
START_TEST(a_journal_of_format_2_goes_on)
{
    const char *directory = test_path("copy"), *text;
    const char *from = _i == 0 ? OPEN : CLOSED;
    struct journal *journal;
    uint64_t size;

    text = _i == 0 ? OPEN ".txt" : CLOSED ".txt";
    golden_copy(directory, from);
    journal = golden_open(directory, JOURNAL_DURABLE);
    golden_assert(journal, text);
    golden_assert_latest(journal);
    journal_close(journal);

    journal = golden_open(directory, JOURNAL_DURABLE);
    golden_assert(journal, text);
    golden_assert_latest(journal);
    size = figures_of(journal).size;
    golden_go_on(journal);
    ck_assert_uint_gt(figures_of(journal).tail_bytes_used, 0);
    ck_assert_int_eq(journal_rewind(journal, size), 0);
    golden_assert(journal, text);
    journal_close(journal);
}
END_TEST

/* ---- format 1 ----------------------------------------------------------- */

static bool
has_tail(const char *directory)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/tail", directory);
    return access(path, F_OK) == 0;
}

static void
assert_begins_as(struct journal *journal, const char *description)
{
    char *text = golden_describe(journal);
    size_t size;
    char *expected = golden_read(description, &size);
    char *marks = strstr(expected, "mark ");

    if (marks != NULL)
        *marks = '\0';
    ck_assert_int_eq(strncmp(text, expected, strlen(expected)), 0);
    free(text);
    free(expected);
}

static void
add_plain(struct journal *journal)
{
    ck_assert_int_eq(journal_append(journal, "key 1", 5, "new", 3, NULL), 0);
}

START_TEST(a_journal_of_format_1_gets_its_tail_with_the_second_append)
{
    static const char *const directories[] = {"test/data/format-1",
                                              "test/data/format-1-sparse"};
    static const char *const descriptions[] = {"test/data/format-1.txt",
                                               "test/data/format-1-sparse.txt"};
    const char *directory = test_path("copy");
    struct journal *journal;

    golden_copy(directory, directories[_i]);
    journal = golden_open(directory, JOURNAL_DURABLE);
    golden_assert(journal, descriptions[_i]);
    add_plain(journal);
    ck_assert_uint_eq(figures_of(journal).format, 1);
    ck_assert(!has_tail(directory));
    add_plain(journal);
    ck_assert_uint_eq(figures_of(journal).format, 3);
    ck_assert(has_tail(directory));
    assert_begins_as(journal, descriptions[_i]);
    add_plain(journal);
    ck_assert_uint_gt(figures_of(journal).tail_bytes_used, 0);
    assert_begins_as(journal, descriptions[_i]);
    journal_close(journal);

    journal = golden_open(directory, JOURNAL_DURABLE);
    ck_assert_uint_eq(figures_of(journal).format, 3);
    assert_begins_as(journal, descriptions[_i]);
    golden_assert_latest(journal);
    journal_close(journal);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("golden tail");
    TCase *tcase = tcase_create("format 2");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, the_row_of_a_tail_has_the_bytes_of_format_2);
    tcase_add_test(tcase, the_same_life_makes_the_same_journals);
    tcase_add_loop_test(tcase, a_journal_of_format_2_is_read_where_it_lies, 0,
                        2);
    tcase_add_loop_test(tcase, a_journal_of_format_2_goes_on, 0, 2);
    tcase_add_loop_test(
        tcase, a_journal_of_format_1_gets_its_tail_with_the_second_append, 0,
        2);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
