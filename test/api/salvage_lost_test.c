/*
 * salvage_lost_test.c - what a salvage has lost it tells, and the next one, of
 * what it has made, loses nothing.
 */
#include <journal.h>
#include <stdio.h>
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

/* ---- the tail ------------------------------------------------------------ */

/* What may become of a tail. */
enum loss { MISSING, ZEROS, CUT_SHORT, CUT_BEHIND, NO_FILE, OF_OTHER, EARLIER };
#define LOSSES (EARLIER + 1)

static void
lose_tail(enum loss loss)
{
    struct wreck_file tail = wreck_read("tail");

    if (loss == MISSING || loss == NO_FILE)
        ck_assert_int_eq(unlink(wreck_path("tail")), 0);
    if (loss == NO_FILE)
        ck_assert_int_eq(mkdir(wreck_path("tail"), 0700), 0);
    if (loss == ZEROS)
        memset(tail.bytes, 0, tail.size);
    if (loss == CUT_SHORT)
        tail.size = PAGE;
    if (loss == CUT_BEHIND) /* what is left may be all, or not */
        tail.size -= PAGE;
    if (loss == OF_OTHER) {
        wreck_take_other();
        free(tail.bytes);
        tail = wreck_read("tail");
        wreck_take(WRECK_TAILED, 0);
    }
    if (loss == EARLIER) /* before there was any of the frames */
        memset(tail.bytes + PAGE, 0, tail.size - PAGE);
    if (loss == MISSING || loss == NO_FILE)
        free(tail.bytes);
    else
        wreck_write(&tail);
}

START_TEST(a_tail_that_is_lost_is_told)
{
    struct journal_report report;

    wreck_take(WRECK_TAILED, 0);
    lose_tail((enum loss)_i);
    report = wreck_salvage();
    wreck_compare(&report);
    ck_assert_uint_eq(report.salvaged,
                      _i == CUT_BEHIND ? wreck_entries() : 500);
    ck_assert_uint_eq(report.flags, JOURNAL_REPORT_UNSURE);
}
END_TEST

/* So is one of which the journal's row is damaged. */
START_TEST(a_tail_whose_row_is_lost_too_is_told)
{
    struct journal_report report;
    struct wreck_file file;
    uint8_t *at;

    wreck_take(WRECK_TAILED, 0);
    file = wreck_read("data.mdb");
    at = file.bytes;
    /* Nodes of LMDB's leaves: the size of the value, flags, that of the key. */
    while ((at = memmem(at, file.size - (size_t)(at - file.bytes),
                        "\0\0\4\0tail", 8)) != NULL) {
        at += 8;
        at[0] ^= 0x40;
    }
    wreck_write(&file);
    report = wreck_salvage();
    ck_assert_uint_eq(report.salvaged, wreck_entries());
    ck_assert_uint_eq(report.index_bad, 1);
    ck_assert_uint_eq(report.flags, 0);
    ck_assert_int_eq(journal_destroy(wreck_target()), 0);
    ck_assert_int_eq(unlink(wreck_path("tail")), 0);
    report = wreck_salvage();
    ck_assert_uint_eq(report.salvaged, 500);
    ck_assert_uint_eq(report.flags, JOURNAL_REPORT_UNSURE);
}
END_TEST

/* One that is left over of a journal that has been closed has nothing more. */
START_TEST(a_tail_that_does_not_count_is_not_missed)
{
    struct journal *from = open_path(wreck_path(""), 0);
    struct journal_report report = new_report();
    struct bytes tail;

    for (unsigned i = 0; i < 20; i++)
        append_to(from, "key", "value");
    tail = bytes_of(wreck_path("tail"));
    journal_close(from);
    write_bytes(wreck_path("tail"), tail.data, tail.size / 2);
    free(tail.data);
    ck_assert_int_eq(journal_salvage(wreck_path(""), wreck_target(), &report,
                                     NULL, NULL),
                     0);
    ck_assert_uint_eq(report.salvaged, 20);
    ck_assert_uint_eq(report.flags, 0);
}
END_TEST

/* ---- below a compaction -------------------------------------------------- */

#define KEPT 150u
#define BEHIND 50u

/*
 * Compacted, with every other number left below: each the latest of its key,
 * or not any more.
 */
static void
make_compacted(bool superseded)
{
    struct journal *from = open_path(wreck_path(""), 0);
    char key[20];

    for (unsigned i = 0; i < KEPT; i++) {
        (void)snprintf(key, sizeof(key), "key %u", i);
        append_to(from, key, "a value that takes some room on its page");
        append_to(from, "other", "x");
    }
    ck_assert_int_eq(journal_prune(from, 2 * KEPT, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    for (unsigned i = 0; i < (superseded ? KEPT : BEHIND); i++) {
        (void)snprintf(key, sizeof(key), "key %u", i);
        append_to(from, superseded ? key : "other", "y");
    }
    journal_close(from);
}

/* What a salvage without a page has lost, and has told of it. */
struct outcome {
    uint64_t lost, told;
    bool unsure;
};

static struct outcome
salvage_without(const struct wreck_file *whole, size_t page, uint64_t entries)
{
    struct journal_report report = new_report();
    uint8_t *bytes = malloc(whole->size);

    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, whole->bytes, whole->size);
    memset(bytes + page * PAGE, 0, PAGE);
    write_bytes(wreck_path("data.mdb"), bytes, whole->size);
    free(bytes);
    ck_assert_int_eq(journal_salvage(wreck_path(""), wreck_target(), &report,
                                     NULL, NULL),
                     0);
    ck_assert_int_eq(journal_destroy(wreck_target()), 0);
    /* Of an earlier commit, which it may go back to, there may be more. */
    return (struct outcome){report.salvaged < entries
                                ? entries - report.salvaged
                                : 0,
                            report.entries_bad,
                            report.flags == JOURNAL_REPORT_UNSURE};
}

/* Whatever page it is: no more is lost than is told, or it is not sure. */
START_TEST(what_is_lost_below_a_compaction_is_told)
{
    struct wreck_file whole;
    unsigned counted = 0, unsure = 0;
    uint64_t entries;
    struct journal *from;

    make_compacted(_i == 1);
    from = open_path(wreck_path(""), JOURNAL_OPEN_READ_ONLY);
    entries = figures(from).entries;
    journal_close(from);
    whole = wreck_read("data.mdb");
    for (size_t page = 2; page < whole.size / PAGE; page++) {
        struct outcome is = salvage_without(&whole, page, entries);

        ck_assert_msg(is.lost == is.told || is.unsure,
                      "page %zu: lost %u, told %u", page, (unsigned)is.lost,
                      (unsigned)is.told);
        counted += is.lost > 0 && !is.unsure;
        unsure += is.lost > 0 && is.unsure;
    }
    free(whole.bytes);
    if (_i == 0) {
        ck_assert_uint_ge(counted, 3);
        ck_assert_uint_eq(unsure, 0);
    } else {
        ck_assert_uint_ge(unsure, 2);
    }
}
END_TEST

/* A bad row there is counted, and once, though its key's leads to it. */
START_TEST(a_bad_row_below_a_compaction_is_counted_once)
{
    struct journal_report report = new_report();
    struct wreck_file file;
    uint8_t *at;

    make_compacted(false);
    file = wreck_read("data.mdb");
    at = memmem(file.bytes, file.size, "key 20a value", 13);
    for (; at != NULL; at = memmem(at, file.size - (size_t)(at - file.bytes),
                                   "key 20a value", 13))
        at[8] ^= 1;
    wreck_write(&file);
    ck_assert_int_eq(journal_salvage(wreck_path(""), wreck_target(), &report,
                                     NULL, NULL),
                     0);
    ck_assert_uint_eq(report.entries_bad, 1);
    ck_assert_uint_eq(report.first_bad, 40);
    ck_assert_uint_eq(report.flags, 0);
}
END_TEST

/* ---- permissions --------------------------------------------------------- */

/* Without a data file those of the tail; nobody gets in who could not. */
START_TEST(without_its_data_file_a_journal_has_the_mode_of_its_tail)
{
    static const mode_t modes[] = {0600, 0640, 0664};
    struct journal_report report;

    wreck_take(WRECK_TAILED, 0);
    ck_assert_int_eq(unlink(wreck_path("data.mdb")), 0);
    ck_assert_int_eq(chmod(wreck_path("tail"), modes[_i]), 0);
    report = wreck_salvage();
    ck_assert_uint_gt(report.salvaged, 0);
    ck_assert_uint_eq(mode_of(test_path("target/data.mdb")), modes[_i]);
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
    tcase_add_loop_test(tcase, a_tail_that_is_lost_is_told, 0, LOSSES);
    tcase_add_test(tcase, a_tail_whose_row_is_lost_too_is_told);
    tcase_add_test(tcase, a_tail_that_does_not_count_is_not_missed);
    tcase_add_loop_test(tcase, what_is_lost_below_a_compaction_is_told, 0, 2);
    tcase_add_test(tcase, a_bad_row_below_a_compaction_is_counted_once);
    tcase_add_loop_test(
        tcase, without_its_data_file_a_journal_has_the_mode_of_its_tail, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
