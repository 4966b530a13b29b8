/*
 * salvage_test.c - a damaged journal gives back all that was not damaged.
 *
 * Journals are made once, with all that may be in one; a copy of one is damaged
 * in each test, and what is salvaged is compared with what there was.
 */
#include <errno.h>
#include <inttypes.h>
#include <journal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/steps.h"
#include "api/wrecks.h"
#include "support/mode.h"

/* ---- no damage ----------------------------------------------------------- */

START_TEST(all_of_a_sound_journal_is_carried_over)
{
    struct journal_report report;

    wreck_take((enum wreck_kind)_i, 0);
    report = wreck_salvage();
    wreck_compare(&report);
    ck_assert_uint_eq(report.salvaged, wreck_entries());
    ck_assert_uint_eq(report.entries_bad, 0);
    ck_assert_uint_eq(report.links_bad, 0);
    ck_assert_uint_eq(report.pages_bad, 0);
    ck_assert_uint_eq(report.index_bad, 0);
    ck_assert_uint_eq(report.first_bad, JOURNAL_NONE);
    ck_assert_uint_eq(report.flags, 0);
    wreck_assert_same();
    wreck_assert_goes_on();
}
END_TEST

/* ---- damage -------------------------------------------------------------- */

START_TEST(flipped_bits_cost_what_they_hit)
{
    struct journal_report report;

    wreck_take((enum wreck_kind)(_i % WRECK_KINDS), (unsigned)_i);
    for (unsigned i = 0; i < 1 + (unsigned)_i / 4; i++)
        wreck_flip_bit();
    report = wreck_salvage();
    wreck_compare(&report);
    wreck_assert_goes_on();
}
END_TEST

START_TEST(a_sector_of_zeros_costs_what_was_in_it)
{
    struct journal_report report;

    wreck_take((enum wreck_kind)(_i % WRECK_KINDS), (unsigned)_i);
    wreck_zero_sector();
    report = wreck_salvage();
    wreck_compare(&report);
}
END_TEST

/* So many in a test that starting it does not count. */
START_TEST(nothing_wrong_comes_of_any_damage)
{
    struct journal_report report;

    for (unsigned i = 0; i < rounds(6, 1); i++) {
        wreck_take((enum wreck_kind)(i % WRECK_KINDS), 1000 * i + (unsigned)_i);
        for (uint64_t more = 1 + wreck_chance(10); more > 0; more--)
            wreck_damage();
        if (wreck_try(&report) == 0)
            wreck_compare(&report);
        wreck_drop();
    }
}
END_TEST

/* ---- classes of damage --------------------------------------------------- */

START_TEST(pages_that_have_changed_places_are_found)
{
    struct journal_report report;
    struct wreck_file file;
    uint8_t page[4096];
    size_t pages, a, b;

    wreck_take((enum wreck_kind)(_i % WRECK_KINDS), (unsigned)_i);
    file = wreck_read("data.mdb");
    pages = file.size / 4096;
    a = 2 + wreck_chance(pages - 2);
    b = 2 + wreck_chance(pages - 2);
    memcpy(page, file.bytes + a * 4096, 4096);
    memcpy(file.bytes + a * 4096, file.bytes + b * 4096, 4096);
    memcpy(file.bytes + b * 4096, page, 4096);
    wreck_write(&file);
    report = wreck_salvage();
    wreck_compare(&report);
}
END_TEST

START_TEST(of_a_file_cut_short_the_rest_is_left)
{
    struct wreck_file file;
    struct journal_report report;
    int rc;

    wreck_take((enum wreck_kind)(_i % WRECK_KINDS), (unsigned)_i);
    file = wreck_read("data.mdb");
    file.size = wreck_chance(file.size);
    wreck_write(&file);
    rc = wreck_try(&report);
    ck_assert(rc == 0 || rc == JOURNAL_CORRUPT);
    if (rc == 0)
        wreck_compare(&report);
    else
        ck_assert(!exists(wreck_target()));
}
END_TEST

/* One of them, or both: then all is found by its leaves. */
START_TEST(without_meta_pages_all_is_found)
{
    enum wreck_kind kind = (enum wreck_kind)(_i / 3);
    struct journal_report report;
    struct wreck_file file;

    wreck_take(kind, (unsigned)_i);
    file = wreck_read("data.mdb");
    for (int i = 0; i < 2; i++)
        if (_i % 3 == i || _i % 3 == 2)
            memset(file.bytes + 4096 * i, 0xff, 4096);
    wreck_write(&file);
    report = wreck_salvage();
    ck_assert(report.flags & JOURNAL_REPORT_UNSURE);
    ck_assert_uint_ge(report.pages_bad, 1);
    wreck_compare(&report);
    ck_assert_uint_ge(report.salvaged, wreck_entries());
    if (kind != WRECK_COMPACTED)
        ck_assert_uint_eq(report.salvaged, wreck_entries());
}
END_TEST

/* Overwrites each branch of the trees: nothing leads to their leaves then. */
static void
break_branches(void)
{
    struct wreck_file file;
    unsigned branches = 0;

    file = wreck_read("data.mdb");
    for (size_t at = 2 * 4096; at < file.size; at += 4096) {
        uint64_t number;

        memcpy(&number, file.bytes + at, 8);
        if (file.bytes[at + 10] != 1 || file.bytes[at + 11] != 0 ||
            number != at / 4096)
            continue;
        memset(file.bytes + at, 0xaa, 4096);
        branches++;
    }
    ck_assert_uint_gt(branches, 0);
    wreck_write(&file);
}

/* All branch pages: none of the leaves is reached. */
START_TEST(without_branches_all_is_found)
{
    struct journal_report report;

    wreck_take((enum wreck_kind)_i, 0);
    break_branches();
    report = wreck_salvage();
    wreck_compare(&report);
    ck_assert_uint_eq(report.salvaged, wreck_entries());
    ck_assert_uint_eq(report.entries_bad, 0);
}
END_TEST

/* ---- the tail ------------------------------------------------------------ */

static const enum wreck_kind tailed[] = {WRECK_TAILED, WRECK_AHEAD,
                                         WRECK_HALFWAY};
#define TAILED ((int)(sizeof(tailed) / sizeof(tailed[0])))

/* A byte of the tail's frames, at each place in turn. */
START_TEST(frames_behind_a_damaged_one_are_found)
{
    struct journal_report report;
    struct wreck_file file;
    size_t used;

    wreck_take(tailed[_i % TAILED], (unsigned)_i);
    file = wreck_read("tail");
    for (used = file.size; used > 0 && file.bytes[used - 1] == 0; used--)
        ;
    file.bytes[4096 + wreck_chance(used - 4096)] ^= 0x40;
    wreck_write(&file);
    report = wreck_salvage();
    wreck_compare(&report);
    /*
     * Of what nobody has flushed no later frame tells that it was there; what
     * the index is ahead of was.
     */
    if (!mode_is_relaxed() || tailed[_i % TAILED] == WRECK_AHEAD)
        ck_assert_uint_ge(report.salvaged, wreck_entries() - 2);
}
END_TEST

START_TEST(the_header_of_the_tail_is_not_needed)
{
    struct journal_report report;
    struct wreck_file file;

    wreck_take(tailed[_i], 0);
    file = wreck_read("tail");
    memset(file.bytes, 0, 4096);
    wreck_write(&file);
    report = wreck_salvage();
    wreck_compare(&report);
    ck_assert_uint_eq(report.salvaged, wreck_entries());
}
END_TEST

START_TEST(without_the_tail_there_is_what_was_drained)
{
    struct journal_report report;

    wreck_take(WRECK_TAILED, 0);
    ck_assert_int_eq(unlink(wreck_path("tail")), 0);
    report = wreck_salvage();
    wreck_compare(&report);
    ck_assert_uint_eq(report.salvaged, 500);
}
END_TEST

/* Rows of keys lead to what is gone, and tell how much of it there was. */
START_TEST(without_the_tail_it_is_known_what_the_index_is_ahead_of)
{
    enum wreck_kind kind = tailed[1 + _i];
    struct journal_report report;
    struct journal *target;
    uint64_t size;

    wreck_take(kind, 0);
    ck_assert_int_eq(unlink(wreck_path("tail")), 0);
    report = wreck_salvage();
    wreck_compare(&report);
    target = open_path(wreck_target(), 0);
    size = figures(target).size;
    journal_close(target);
    ck_assert_uint_ge(report.salvaged, 500);
    ck_assert_uint_eq(report.first_bad, report.salvaged);
    ck_assert_uint_eq(report.salvaged + report.entries_bad, size);
    ck_assert_uint_gt(size, report.salvaged + 1);
    if (kind == WRECK_AHEAD)
        ck_assert_uint_eq(size, wreck_size());
    else
        ck_assert_uint_lt(size, wreck_size());
    ck_assert_uint_eq(report.index_bad, 0);
    wreck_assert_goes_on();
}
END_TEST

START_TEST(of_a_tail_alone_its_entries_are_left)
{
    struct journal_report report;

    wreck_take(tailed[_i], 0);
    ck_assert_int_eq(unlink(wreck_path("data.mdb")), 0);
    report = wreck_salvage();
    wreck_compare(&report);
    ck_assert_uint_ge(report.salvaged, 60);
    ck_assert_uint_eq(report.tail_records, report.salvaged);
    ck_assert(report.flags & JOURNAL_REPORT_UNSURE);
}
END_TEST

/* Another journal's, with the same numbers. */
START_TEST(the_tail_of_another_journal_is_refused)
{
    struct journal_report report;
    struct wreck_file file;

    wreck_take(WRECK_TAILED, 0);
    file = wreck_read("tail");
    wreck_take_other();
    write_bytes(wreck_path("tail"), file.bytes, file.size);
    free(file.bytes);
    report = wreck_salvage();
    ck_assert_uint_eq(report.tail_records, 0);
    wreck_compare(&report);
}
END_TEST

/* ---- what is refused ----------------------------------------------------- */

/* The stamp in force, whose entry is pruned. */
START_TEST(what_the_index_alone_knows_is_carried_over)
{
    struct journal_record one = {.key = "key",
                                 .key_size = 3,
                                 .flags = JOURNAL_STAMPED,
                                 .stamp = {.time = 9}};
    struct journal *from = open_path(wreck_path(""), 0), *to;

    ck_assert_int_eq(journal_append_batch(from, &one, 1, NULL), 0);
    append_to(from, "key", "without a stamp");
    ck_assert_int_eq(journal_prune(from, 1, 0, NULL), 0);
    journal_close(from);
    ck_assert_int_eq(journal_salvage(wreck_path(""), wreck_target(), NULL, NULL,
                                     NULL),
                     0);
    to = open_path(wreck_target(), 0);
    one.stamp.time = 8;
    ck_assert_int_eq(journal_append_batch(to, &one, 1, NULL), JOURNAL_OUTDATED);
    one.stamp.time = 9;
    ck_assert_int_eq(journal_append_batch(to, &one, 1, NULL), 0);
    journal_close(to);
}
END_TEST

/* Damages TEXT wherever it is in the file NAME, if there is one. */
static void
damage_text(const char *name, const char *text)
{
    struct wreck_file file;
    uint8_t *at, *end;

    if (access(wreck_path(name), F_OK) != 0)
        return;
    file = wreck_read(name);
    at = file.bytes;
    end = file.bytes + file.size;
    while ((at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL)
        *at++ ^= 1;
    wreck_write(&file);
}

START_TEST(entries_that_are_lost_at_the_end_are_missed)
{
    struct journal_report report = {.struct_size = sizeof(report)};
    struct journal *from = open_path(wreck_path(""), 0), *to;

    for (unsigned i = 0; i < 20; i++)
        append_to(from, "key", i < 17 ? "sound" : "damaged");
    journal_close(from);
    damage_text("data.mdb", "damaged");
    damage_text("tail", "damaged");
    ck_assert_int_eq(journal_salvage(wreck_path(""), wreck_target(), &report,
                                     NULL, NULL),
                     0);
    ck_assert_uint_eq(report.salvaged, 17);
    ck_assert_uint_eq(report.entries_bad, 3);
    ck_assert_uint_eq(report.first_bad, 17);
    to = open_path(wreck_target(), 0);
    ck_assert_uint_eq(figures(to).size, 20);
    journal_close(to);
}
END_TEST

START_TEST(arguments_that_make_no_sense_are_refused)
{
    struct journal_report report = {.struct_size = 8};
    char within[300];

    wreck_take(WRECK_CLOSED, 0);
    (void)snprintf(within, sizeof(within), "%s", wreck_path("target"));
    ck_assert_int_eq(journal_salvage(NULL, wreck_target(), NULL, NULL, NULL),
                     EINVAL);
    ck_assert_int_eq(journal_salvage("", wreck_target(), NULL, NULL, NULL),
                     EINVAL);
    ck_assert_int_eq(journal_salvage(wreck_path(""), NULL, NULL, NULL, NULL),
                     EINVAL);
    ck_assert_int_eq(journal_salvage(wreck_path(""), "", NULL, NULL, NULL),
                     EINVAL);
    ck_assert_int_eq(journal_salvage(wreck_path(""), wreck_target(), &report,
                                     NULL, NULL),
                     EINVAL);
    ck_assert_int_eq(journal_salvage(wreck_path(""), within, NULL, NULL, NULL),
                     EINVAL);
    ck_assert_int_eq(journal_salvage(wreck_path(""), wreck_path(""), NULL, NULL,
                                     NULL),
                     EINVAL);
    ck_assert(!exists(wreck_target()) && !exists(within));
}
END_TEST

START_TEST(where_there_is_no_journal_nothing_is_made)
{
    ck_assert_int_eq(journal_salvage(test_path("nothing"), test_path("to"),
                                     NULL, NULL, NULL),
                     JOURNAL_NOT_FOUND);
    ck_assert_int_eq(journal_salvage(test_dir, "/nowhere/to", NULL, NULL, NULL),
                     JOURNAL_NOT_FOUND);
    ck_assert_int_eq(mkdir(test_path("other"), 0700), 0);
    write_bytes(test_path("other/data.mdb"), "no journal", 10);
    ck_assert_int_eq(journal_salvage(test_path("other"), test_path("to"), NULL,
                                     NULL, NULL),
                     JOURNAL_CORRUPT);
    write_bytes(test_path("other/data.mdb"), "", 0);
    write_bytes(test_path("other/tail"), "no tail", 7);
    ck_assert_int_eq(journal_salvage(test_path("other"), test_path("to"), NULL,
                                     NULL, NULL),
                     JOURNAL_CORRUPT);
    ck_assert(!exists(test_path("to")));
    ck_assert(!exists(test_path("to.partial")));
}
END_TEST

START_TEST(a_place_where_there_is_something_is_refused)
{
    struct journal_report report;

    wreck_take(WRECK_CLOSED, 0);
    ck_assert_int_eq(mkdir(wreck_target(), 0700), 0);
    write_bytes(test_path("target/mine"), "mine", 4);
    ck_assert_int_eq(wreck_try(&report), JOURNAL_EXISTS);
    ck_assert(exists(test_path("target/mine")));
    ck_assert_int_eq(unlink(test_path("target/mine")), 0);
    report = wreck_salvage();
    wreck_compare(&report);
    ck_assert_int_eq(wreck_try(&report), JOURNAL_EXISTS);
}
END_TEST

START_TEST(a_journal_that_somebody_writes_to_is_busy)
{
    struct journal_report report = {.struct_size = sizeof(report)};
    struct journal *open;

    wreck_take(WRECK_CLOSED, 0);
    open = open_path(wreck_path(""), 0);
    ck_assert_int_eq(journal_salvage(wreck_path(""), wreck_target(), NULL, NULL,
                                     NULL),
                     JOURNAL_BUSY);
    journal_close(open);
    open = open_path(wreck_path(""), JOURNAL_OPEN_READ_ONLY);
    ck_assert_int_eq(journal_salvage(wreck_path(""), wreck_target(), &report,
                                     NULL, NULL),
                     0);
    journal_close(open);
    wreck_compare(&report);
}
END_TEST

/* Somebody comes and appends meanwhile. */
static int
append_meanwhile(void *context, uint64_t done, uint64_t total)
{
    struct journal **open = context;

    (void)done;
    (void)total;
    if (*open == NULL) {
        *open = open_path(wreck_path(""), 0);
        (void)append_to(*open, "new", "new");
        journal_close(*open);
    }
    return 0;
}

START_TEST(who_writes_meanwhile_is_noticed)
{
    struct journal *open = NULL;

    wreck_take(WRECK_CLOSED, 0);
    ck_assert_int_eq(journal_salvage(wreck_path(""), wreck_target(), NULL,
                                     append_meanwhile, &open),
                     JOURNAL_BUSY);
    ck_assert(!exists(wreck_target()));
}
END_TEST

struct stop {
    unsigned calls, at;
    uint64_t done, total;
};

static int
stop_at(void *context, uint64_t done, uint64_t total)
{
    struct stop *stop = context;

    ck_assert_uint_ge(done, stop->done);
    ck_assert_uint_le(done, total);
    stop->done = done;
    stop->total = total;
    return ++stop->calls == stop->at ? -7 : 0;
}

/* Also where most pages are not come to in the order of the trees. */
START_TEST(progress_comes_to_the_end_whatever_is_damaged)
{
    struct stop whole = {.at = 0};

    wreck_take(WRECK_CLOSED, 0);
    break_branches();
    ck_assert_int_eq(journal_salvage(wreck_path(""), wreck_target(), NULL,
                                     stop_at, &whole),
                     0);
    ck_assert_uint_gt(whole.calls, 1);
    ck_assert_uint_eq(whole.done, whole.total);
}
END_TEST

START_TEST(whoever_asks_to_stop_finds_nothing_made)
{
    struct stop whole = {.at = 0};

    wreck_take(WRECK_CLOSED, 0);
    wreck_flip_bit();
    ck_assert_int_eq(journal_salvage(wreck_path(""), wreck_target(), NULL,
                                     stop_at, &whole),
                     0);
    ck_assert_uint_gt(whole.calls, 1);
    ck_assert_uint_eq(whole.done, whole.total);
    for (unsigned i = 1; i <= whole.calls; i++) {
        struct stop stop = {.at = i};

        ck_assert_int_eq(journal_salvage(wreck_path(""), test_path("other"),
                                         NULL, stop_at, &stop),
                         ECANCELED);
        ck_assert(!exists(test_path("other")));
        ck_assert(!exists(test_path("other.partial")));
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("salvage");
    TCase *tcase = tcase_create("salvage");

    tcase_set_timeout(tcase, 120);
    tcase_add_unchecked_fixture(tcase, wreck_make_all, wreck_remove_all);
    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_loop_test(tcase, all_of_a_sound_journal_is_carried_over, 0,
                        WRECK_KINDS);
    tcase_add_loop_test(tcase, flipped_bits_cost_what_they_hit, 0, 24);
    tcase_add_loop_test(tcase, a_sector_of_zeros_costs_what_was_in_it, 0, 18);
    tcase_add_loop_test(tcase, nothing_wrong_comes_of_any_damage, 0, 6);
    tcase_add_loop_test(tcase, pages_that_have_changed_places_are_found, 0, 12);
    tcase_add_loop_test(tcase, of_a_file_cut_short_the_rest_is_left, 0, 12);
    tcase_add_loop_test(tcase, without_meta_pages_all_is_found, 0,
                        3 * WRECK_KINDS);
    tcase_add_loop_test(tcase, without_branches_all_is_found, 0, WRECK_KINDS);
    tcase_add_loop_test(tcase, frames_behind_a_damaged_one_are_found, 0, 18);
    tcase_add_loop_test(tcase, the_header_of_the_tail_is_not_needed, 0, TAILED);
    tcase_add_test(tcase, without_the_tail_there_is_what_was_drained);
    tcase_add_loop_test(tcase,
                        without_the_tail_it_is_known_what_the_index_is_ahead_of,
                        0, TAILED - 1);
    tcase_add_loop_test(tcase, of_a_tail_alone_its_entries_are_left, 0, TAILED);
    tcase_add_test(tcase, the_tail_of_another_journal_is_refused);
    tcase_add_test(tcase, what_the_index_alone_knows_is_carried_over);
    tcase_add_test(tcase, entries_that_are_lost_at_the_end_are_missed);
    tcase_add_test(tcase, arguments_that_make_no_sense_are_refused);
    tcase_add_test(tcase, where_there_is_no_journal_nothing_is_made);
    tcase_add_test(tcase, a_place_where_there_is_something_is_refused);
    tcase_add_test(tcase, a_journal_that_somebody_writes_to_is_busy);
    tcase_add_test(tcase, who_writes_meanwhile_is_noticed);
    tcase_add_test(tcase, progress_comes_to_the_end_whatever_is_damaged);
    tcase_add_test(tcase, whoever_asks_to_stop_finds_nothing_made);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
