/*
 * golden_ahead_test.c - journals of format 3, with an index that is ahead.
 *
 * test/data/format-3-keys is a journal whose process died in a round of the
 * drain, when the rows of some of its keys had been written; format-3-entries
 * the same journal farther on in that round, with the rows of all keys and a
 * part of the entries in the store, when the next process died.
 * format-3-closed is what it had been before that: closed, a data file alone.
 * The .txt beside them says what is in them.  None of this changes.
 *
 * The life they have had is here too, and is lived again by every run of this
 * test.  TEST_GOLDEN=DIRECTORY puts what comes of it there: so golden journals
 * of a format to come can be made.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/figures.h"
#include "unit/golden.h"
#include "unit/settle.h"
#include "write/handle.h"

#define DATA "test/data/"

enum golden { KEYS, ENTRIES, CLOSED, GOLDEN };

static const char *const names[GOLDEN] = {"format-3-keys", "format-3-entries",
                                          "format-3-closed"};
static const char *const directories[GOLDEN] = {DATA "format-3-keys",
                                                DATA "format-3-entries",
                                                DATA "format-3-closed"};
static const char *const descriptions[GOLDEN] = {DATA "format-3-keys.txt",
                                                 DATA "format-3-entries.txt",
                                                 DATA "format-3-closed.txt"};

/* ---- bytes -------------------------------------------------------------- */

START_TEST(the_row_of_a_tail_has_the_bytes_of_format_2_if_nothing_is_ahead)
{
    struct jn_tail_row row = golden_tail_row;

    row.ahead = row.next;
    row.ahead_end = row.start;
    golden_assert_tail(&row, golden_tail_bytes);
}
END_TEST

START_TEST(the_row_of_a_tail_has_the_bytes_of_format_3_if_the_index_is_ahead)
{
    static const uint64_t keyed[] = {3, JN_ALL_KEYED};
    static const char *const expected[] = {
        "0100000004030201181716151413121100000100000000002021000000000000"
        "3100000000000000f02000000000000058575655545352514500000000000000"
        "482e00000000000003000000000000000200000000000000fa289e713a589bfb",
        "0100000004030201181716151413121100000100000000002021000000000000"
        "3100000000000000f02000000000000058575655545352514500000000000000"
        "482e000000000000ffffffffffffffff02000000000000002a7b8e5ce36f2bb6",
    };
    struct jn_tail_row row = golden_tail_row;

    row.ahead = 0x45;
    row.ahead_end = 0x2e48;
    row.keyed = keyed[_i];
    row.ahead_rows = 2;
    golden_assert_tail(&row, expected[_i]);
}
END_TEST

/* ---- a life ------------------------------------------------------------- */

static void
append(struct journal *journal, const char *key)
{
    ck_assert_int_eq(journal_append(journal, key, strlen(key), "v", 1, NULL),
                     0);
}

/* Goes on with a round, or begins it: so many keys, or a batch of entries. */
static void
drain(struct journal *journal, uint64_t keys)
{
    ck_assert_int_eq(settle_some(journal, keys), keys > 0);
}

/* Rounds are over by the end. */
static void
live_to_the_close(const char *path)
{
    struct journal *journal = golden_begin(path);

    append(journal, "old");
    drain(journal, 4);
    ck_assert_int_eq(journal_prune(journal, 2, 0, NULL), 0);
    drain(journal, 0);
    golden_add(journal, 12, 3);
    ck_assert_int_eq(journal_rewind(journal, 15), 0);
    golden_add(journal, 15, 3);
    append(journal, "older");
    drain(journal, 2);
    journal_close(journal);
    /* Who opens it next makes another one. */
    ck_assert_int_eq(unlink(test_path("life/tail")), 0);
}

/* More than the round will have: its end is in the middle of the tail. */
static void
begin_a_round(struct journal *journal)
{
    for (unsigned n = 16; n < 22; n++)
        golden_add(journal, n, 1);
    append(journal, "any");
    append(journal, "newer");
    golden_add(journal, 22, 3);
    drain(journal, 3);
    golden_add(journal, 25, 2);
    append(journal, "newest");
}

/* By another process. */
static void
go_on_with_it(struct journal *journal)
{
    drain(journal, UINT_MAX);
    drain(journal, 0);
    drain(journal, 0);
}

START_TEST(the_same_life_makes_the_same_journals)
{
    const char *directory = getenv("TEST_GOLDEN"), *path = test_path("life");

    if (directory == NULL)
        directory = test_dir;
    live_to_the_close(path);
    golden_put(directory, names[CLOSED], path);
    golden_live_and_die(path, JOURNAL_RELAXED, begin_a_round);
    golden_put(directory, names[KEYS], path);
    golden_live_and_die(path, JOURNAL_DURABLE, go_on_with_it);
    golden_put(directory, names[ENTRIES], path);
    for (unsigned i = 0; i < GOLDEN; i++) {
        char made[4096];

        (void)snprintf(made, sizeof(made), "%s/%s.txt", directory, names[i]);
        golden_assert_alike(made, descriptions[i]);
    }
}
END_TEST

/* ---- format 3 ----------------------------------------------------------- */

/* The round is where it was when the process died. */
static void
assert_row(struct journal *journal, enum golden which)
{
    const struct jn_tail_row row = settle_row(journal);

    ck_assert_int_eq(row.open, which != CLOSED);
    ck_assert_int_eq(jn_tail_row_is_ahead(&row), which != CLOSED);
    if (which == CLOSED)
        return;
    ck_assert_uint_eq(row.keyed, which == KEYS ? 3 : JN_ALL_KEYED);
    ck_assert_uint_gt(row.ahead_rows, 0);
    ck_assert_uint_lt(row.ahead, figures_of(journal).size);
}

/* With what is told from the index, and the rows that it should not count. */
static void
assert_content(struct journal *journal, enum golden which)
{
    static const uint64_t keys[GOLDEN] = {10, 10, 7};
    const struct journal_stat stat = figures_of(journal);

    golden_assert(journal, descriptions[which]);
    golden_assert_latest(journal);
    ck_assert_uint_eq(stat.format, 3);
    ck_assert_uint_eq(stat.keys + stat.tombstones, keys[which]);
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), 0);
}

START_TEST(a_journal_of_format_3_is_read_where_it_lies)
{
    struct journal_options options;
    struct journal *journal;

    journal_options_init(&options);
    options.flags = JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE;
    ck_assert_int_eq(journal_open(directories[_i], &options, &journal), 0);
    assert_row(journal, (enum golden)_i);
    assert_content(journal, (enum golden)_i);
    ck_assert_int_eq(figures_of(journal).tail_bytes_used > 0, _i != CLOSED);
    journal_close(journal);
}
END_TEST

static struct journal *
open_copy(int which)
{
    const char *directory = test_path("copy");

    golden_copy(directory, directories[which]);
    return golden_open(directory, JOURNAL_DURABLE);
}

/* The round ends with the close. */
START_TEST(a_journal_of_format_3_is_closed)
{
    struct journal *journal = open_copy(_i);

    assert_row(journal, (enum golden)_i);
    assert_content(journal, (enum golden)_i);
    journal_close(journal);

    journal = golden_open(test_path("copy"), JOURNAL_DURABLE);
    assert_row(journal, CLOSED);
    assert_content(journal, (enum golden)_i);
    journal_close(journal);
}
END_TEST

/* The round ends, and after another process's appends the next one begins. */
START_TEST(a_journal_of_format_3_goes_on)
{
    struct journal *journal = open_copy(_i);
    uint64_t size = figures_of(journal).size;

    settle(journal);
    ck_assert_uint_eq(figures_of(journal).tail_bytes_used, 0);
    assert_content(journal, (enum golden)_i);
    golden_go_on(journal);
    drain(journal, 1);
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), 0);
    ck_assert_int_eq(journal_rewind(journal, size), 0);
    assert_content(journal, (enum golden)_i);
    journal_close(journal);
}
END_TEST

/* From the middle of the round, before anything of it has been moved. */
START_TEST(what_a_round_is_about_can_be_taken_back)
{
    struct journal *journal = open_copy(_i);
    uint64_t size = figures_of(journal).size;

    append(journal, "key 1");
    append(journal, "other");
    ck_assert_int_eq(journal_rewind(journal, size), 0);
    assert_content(journal, (enum golden)_i);
    journal_close(journal);
    journal = golden_open(test_path("copy"), JOURNAL_DURABLE);
    assert_content(journal, (enum golden)_i);
    ck_assert_int_eq(journal_rewind(journal, 17), 0);
    golden_assert_latest(journal);
    ck_assert_uint_eq(figures_of(journal).size, 17);
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), 0);
    journal_close(journal);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("golden ahead");
    TCase *tcase = tcase_create("format 3");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(
        tcase, the_row_of_a_tail_has_the_bytes_of_format_2_if_nothing_is_ahead);
    tcase_add_loop_test(
        tcase,
        the_row_of_a_tail_has_the_bytes_of_format_3_if_the_index_is_ahead, 0,
        2);
    tcase_add_test(tcase, the_same_life_makes_the_same_journals);
    tcase_add_loop_test(tcase, a_journal_of_format_3_is_read_where_it_lies, 0,
                        GOLDEN);
    tcase_add_loop_test(tcase, a_journal_of_format_3_is_closed, 0, GOLDEN);
    tcase_add_loop_test(tcase, a_journal_of_format_3_goes_on, 0, GOLDEN);
    tcase_add_loop_test(tcase, what_a_round_is_about_can_be_taken_back, 0,
                        GOLDEN);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
