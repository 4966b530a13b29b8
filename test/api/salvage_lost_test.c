/*
 * salvage_lost_test.c - what a salvage has lost it tells, and the next one, of
 * what it has made, loses nothing.
 */
#include <journal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/steps.h"
#include "api/wrecks.h"

#define PAGE 4096u

/* Overwrites COUNT pages of the data file from PAGE on. */
static void
zero_pages(size_t page, size_t count)
{
    struct wreck_file file = wreck_read("data.mdb");

    ck_assert_uint_le((page + count) * PAGE, file.size);
    memset(file.bytes + page * PAGE, 0, count * PAGE);
    wreck_write(&file);
}

/* ---- once more ----------------------------------------------------------- */

/* Salvages what is in the target, which has nothing wrong. */
static void
salvage_again(void)
{
    struct journal_report report = new_report(), after = new_report();
    struct journal *one, *two;

    ck_assert_int_eq(journal_salvage(wreck_target(), test_path("second"),
                                     &report, NULL, NULL),
                     0);
    ck_assert_uint_eq(report.entries_bad, 0);
    ck_assert_uint_eq(report.links_bad, 0);
    ck_assert_uint_eq(report.index_bad, 0);
    ck_assert_uint_eq(report.flags, 0);
    one = open_path(wreck_target(), 0);
    two = open_path(test_path("second"), 0);
    ck_assert_int_eq(journal_verify(two, &after, NULL, NULL), 0);
    assert_clean(&after);
    ck_assert_uint_eq(figures(one).entries, figures(two).entries);
    ck_assert_uint_eq(figures(one).size, figures(two).size);
    ck_assert_uint_eq(figures(one).keys, figures(two).keys);
    journal_close(one);
    journal_close(two);
    ck_assert_int_eq(journal_destroy(test_path("second")), 0);
}

/* Holes of a salvage are not those of a compaction: keys go on across them. */
START_TEST(what_was_salvaged_with_holes_can_be_salvaged_again)
{
    struct wreck_file file;
    size_t pages;

    wreck_take((enum wreck_kind)(_i % WRECK_KINDS), (unsigned)_i);
    file = wreck_read("data.mdb");
    pages = file.size / PAGE;
    free(file.bytes);
    zero_pages(pages / 4 + wreck_chance(pages / 2), 3);
    (void)wreck_salvage();
    salvage_again();
    wreck_assert_goes_on();
    salvage_again();
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("salvage_lost");
    TCase *tcase = tcase_create("salvage_lost");

    tcase_set_timeout(tcase, 120);
    tcase_add_unchecked_fixture(tcase, wreck_make_all, wreck_remove_all);
    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_loop_test(tcase,
                        what_was_salvaged_with_holes_can_be_salvaged_again, 0,
                        2 * WRECK_KINDS);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
