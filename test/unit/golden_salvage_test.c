/* golden_salvage_test.c - journals of every format are salvaged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "golden.h"

static const char *const names[] = {
    "format-1",      "format-1-sparse",  "format-2",        "format-2-closed",
    "format-3-keys", "format-3-entries", "format-3-closed",
};
#define NAMES (sizeof(names) / sizeof(names[0]))

static struct journal_report report;

/* What is salvaged of it is what the file beside it says. */
static void
salvage_and_compare(const char *name)
{
    char description[100];
    struct journal *journal;

    report = (struct journal_report){.struct_size = sizeof(report)};
    ck_assert_int_eq(journal_salvage(test_path("from"), test_path("to"),
                                     &report, NULL, NULL),
                     0);
    (void)snprintf(description, sizeof(description), "test/data/%s.txt", name);
    ck_assert_int_eq(journal_open(test_path("to"), NULL, &journal), 0);
    golden_assert(journal, description);
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), 0);
    journal_close(journal);
    ck_assert_uint_eq(report.entries_bad, 0);
    ck_assert_uint_eq(report.links_bad, 0);
}

static void
take(const char *name)
{
    char from[100];

    (void)snprintf(from, sizeof(from), "test/data/%s", name);
    golden_copy(test_path("from"), from);
}

START_TEST(a_journal_of_any_format_is_salvaged)
{
    take(names[_i]);
    salvage_and_compare(names[_i]);
    ck_assert_uint_eq(report.flags, 0);
    ck_assert_uint_eq(report.pages_bad, 0);
}
END_TEST

/*
 * Those from format 2 on: of the others what a compaction has removed may be
 * back, or a mark that was.
 */
START_TEST(without_its_meta_pages_too)
{
    size_t size;
    char *bytes;

    take(names[_i]);
    bytes = golden_read(test_path("from/data.mdb"), &size);
    memset(bytes, 0, 2 * 4096);
    golden_write(test_path("from/data.mdb"), bytes, size);
    free(bytes);
    salvage_and_compare(names[_i]);
    ck_assert_uint_eq(report.flags, JOURNAL_REPORT_UNSURE);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("golden salvage");
    TCase *tcase = tcase_create("golden salvage");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_loop_test(tcase, a_journal_of_any_format_is_salvaged, 0, NAMES);
    tcase_add_loop_test(tcase, without_its_meta_pages_too, 2, NAMES);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
