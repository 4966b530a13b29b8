/*
 * repair_test.c - calls fail while a journal is verified, backed up, salvaged.
 *
 * Whatever fails, none of them says that all is well when it is not; where a
 * copy is there afterwards it is a journal, and nothing in it is made up; where
 * none is there is nothing, and the next try succeeds.
 */
#include <dirent.h>
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "seam/home.h"
#include "seam/honest.h"
#include "seam/seams.h"
#include "support/fast_dir.h"
#include "support/test.h"

#define CALLS_MAX 20000u
#define ALL (HOME_ENTRIES - HOME_PRUNED)

static struct journal *journal;
static enum home_damage damage;
static uint64_t salvageable; /* entries, where nothing fails */
static bool short_of_memory; /* and of nothing else */

/* ---- the copy ------------------------------------------------------------ */

static const char *
copy_path(void)
{
    return test_path("copy");
}

static void
remove_copy(void)
{
    char command[600];

    (void)journal_destroy(copy_path());
    if (access(copy_path(), F_OK) != 0 &&
        access(test_path("copy.partial"), F_OK) != 0)
        return;
    (void)snprintf(command, sizeof(command), "rm -rf '%s' '%s.partial'",
                   copy_path(), copy_path());
    ck_assert_int_eq(system(command), 0);
}

static void
assert_none(void)
{
    struct journal *copy;

    ck_assert_msg(journal_open(copy_path(), NULL, &copy) == 0,
                  "after %s failed no journal can be made", seams_name());
    ck_assert_uint_eq(home_count_right(copy), 0);
    journal_close(copy);
}

/* It has as many entries as are SAID to be there. */
static void
assert_copy(uint64_t said)
{
    struct journal *copy;

    ck_assert_int_eq(journal_open(copy_path(), NULL, &copy), 0);
    ck_assert_uint_eq(home_count_right(copy), said);
    ck_assert_int_eq(journal_verify(copy, NULL, NULL, NULL), 0);
    journal_close(copy);
}

/* ---- what is done -------------------------------------------------------- */

static void
verify(void)
{
    struct journal_report report = {.struct_size = sizeof(report)};
    int rc = INSIDE(journal_verify(journal, &report, NULL, NULL));

    if (damage == HOME_SOUND) {
        if (honest_went_well(rc, "verify"))
            ck_assert_msg(report.entries_checked == ALL,
                          "%u entries were checked after %s failed",
                          (unsigned)report.entries_checked, seams_name());
        return;
    }
    ck_assert(rc != 0 && honest_is(rc));
    if (rc == JOURNAL_CORRUPT)
        ck_assert_uint_gt(report.entries_bad + report.pages_bad, 0);
}

static void
back_up(void)
{
    int rc = INSIDE(journal_backup(journal, copy_path(), 0, NULL, NULL));

    seams_disarm();
    if (honest_went_well(rc, "backup"))
        assert_copy(ALL);
    else
        assert_none();
}

static void
salvage(void)
{
    struct journal_report report = {.struct_size = sizeof(report)};
    int rc = INSIDE(
        journal_salvage(home_path(), copy_path(), &report, NULL, NULL));

    seams_disarm();
    if (honest_went_well(rc, "salvage"))
        assert_copy(report.salvaged);
    else
        assert_none();
    if (!seams_hit())
        salvageable = report.salvaged;
    if (!seams_hit() && damage == HOME_SOUND)
        ck_assert_uint_eq(report.salvaged, ALL);
    if (rc == 0 && short_of_memory)
        ck_assert_uint_eq(report.salvaged, salvageable);
    if (!seams_hit() && damage != HOME_SOUND)
        ck_assert_uint_gt(report.entries_bad + report.pages_bad, 0);
}

/* ---- each in turn -------------------------------------------------------- */

static const struct work {
    void (*run)(void);
    enum home_damage damage;
    bool opened;
} works[] = {
    {verify, HOME_SOUND, true},       {verify, HOME_ENTRIES_BAD, true},
    {back_up, HOME_SOUND, true},      {salvage, HOME_SOUND, false},
    {salvage, HOME_PAGES_BAD, false}, {salvage, HOME_METAS_BAD, false},
};

#define WORKS (sizeof(works) / sizeof(works[0]))

static const struct fault {
    int kinds, error;
    bool for_ever;
} faults[] = {
    {SEAM_MEMORY, ENOMEM, false},
    {SEAM_MEMORY, ENOMEM, true},
    {SEAM_SETUP | SEAM_BEGIN | SEAM_LOOK | SEAM_CHANGE, EIO, false},
    /* Damage does not go away. */
    {SEAM_LOOK | SEAM_CHANGE, MDB_CORRUPTED, true},
    {SEAM_CHANGE, MDB_MAP_FULL, false},
    {SEAM_SYSTEM, EIO, false},
    {SEAM_SYSTEM, ENOSPC, false},
    {SEAM_SYSTEM, EINTR, false},
    {SEAM_SYSTEM, ENOSYS, false},
};

#define FAULTS (sizeof(faults) / sizeof(faults[0]))

/* How many files this process has open. */
static unsigned
open_files(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned count = 0;

    ck_assert_ptr_nonnull(directory);
    while (readdir(directory) != NULL)
        count++;
    (void)closedir(directory);
    return count;
}

/* Lets call N fail during WORK; false if there are not so many. */
static bool
try(const struct work *work, const struct fault *fault, unsigned n)
{
    remove_copy();
    seams_arm(fault->kinds, n, fault->error, fault->for_ever);
    work->run();
    seams_disarm();
    return seams_hit();
}

START_TEST(whatever_fails_nothing_false_is_said_and_nothing_half_left)
{
    const struct work *work = &works[(size_t)_i / FAULTS];
    const struct fault *fault = &faults[(size_t)_i % FAULTS];
    /* The first calls one by one, then fewer and fewer of many that repeat. */
    unsigned dense = (unsigned)(10 * test_scale()) + 5, n = 1, files;

    damage = work->damage;
    home_copy();
    home_damage(damage);
    if (work->opened)
        ck_assert_int_eq(home_open(&journal, 0, 0, 0), 0);
    short_of_memory = fault->kinds == SEAM_MEMORY;
    (void)try(work, fault, 0);
    files = open_files();
    while (try(work, fault, n) && n < CALLS_MAX) {
        ck_assert_msg(open_files() <= files, "call %u: files stay open", n);
        n += 1 + n / dense;
    }
    ck_assert_uint_lt(n, CALLS_MAX);
    journal_close(journal);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("repair");
    TCase *tcase = tcase_create("repair");

    tcase_set_timeout(tcase, 120);
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_unchecked_fixture(tcase, home_make, NULL);
    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_loop_test(
        tcase, whatever_fails_nothing_false_is_said_and_nothing_half_left, 0,
        (int)(WORKS * FAULTS));
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
