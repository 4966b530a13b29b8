/* owner_test.c - whose the files are that a journal comes to have. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/steps.h"

static const char *const lock_files[] = {"journal/journal.lock",
                                         "journal/lock.mdb"};

/* As a restored backup is: a data file and nothing else. */
static void
setup(void)
{
    setup_journal();
    append_numbered(100, 7);
    ck_assert_int_eq(journal_backup(journal, test_path("copy"), 0, NULL, NULL),
                     0);
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(journal_destroy(home()), 0);
    ck_assert_int_eq(rename(test_path("copy"), home()), 0);
}

static const char *
data_file(void)
{
    return test_path("journal/data.mdb");
}

static void
assert_lock_files_have(mode_t mode)
{
    for (size_t i = 0; i < COUNT_OF(lock_files); i++)
        ck_assert_uint_eq(mode_of(test_path(lock_files[i])), mode);
}

/* ---- beside a data file -------------------------------------------------- */

START_TEST(lock_files_get_the_mode_of_the_data_file)
{
    static const mode_t modes[] = {0600, 0660, 0644, 0666};

    ck_assert_int_eq(chmod(data_file(), modes[_i]), 0);
    journal = open_path(home(), 0);
    assert_lock_files_have(modes[_i]);
}
END_TEST

START_TEST(who_may_only_read_the_data_file_may_write_to_the_lock_files)
{
    ck_assert_int_eq(chmod(data_file(), 0444), 0);
    journal = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    assert_lock_files_have(0640);
}
END_TEST

static void
append_as_nobody(void *unused)
{
    (void)unused;
    if (!become(NOBODY) || eaccess(test_dir, X_OK) != 0) {
        skip("may not be nobody here");
    } else {
        journal = open_path(home(), 0);
        append("key", "value");
        journal_close(journal);
    }
    (void)become(0);
}

static const uint32_t ways_to_open[] = {0, JOURNAL_OPEN_READ_ONLY};

START_TEST(root_leaves_a_journal_to_its_owner)
{
    if (!give_to_nobody(home()) || !give_to_nobody(data_file()))
        return;
    ck_assert_int_eq(chmod(test_dir, 0711), 0);
    ck_assert_int_eq(result_of_open(home(), ways_to_open[_i]), 0);
    for (size_t i = 0; i < COUNT_OF(lock_files); i++)
        ck_assert(is_nobodys(test_path(lock_files[i])));
    in_child(append_as_nobody, NULL);
}
END_TEST

/* One who may not is not kept from opening it. */
START_TEST(who_may_not_give_files_away_keeps_them)
{
    if (!give_to_nobody(home()))
        return;
    ck_assert_int_eq(chmod(test_dir, 0711), 0);
    ck_assert_int_eq(chmod(data_file(), 0666), 0);
    in_child(append_as_nobody, NULL);
}
END_TEST

/* ---- what is made of another journal ------------------------------------- */

static void
back_up_to(const char *path)
{
    journal = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    ck_assert_int_eq(journal_backup(journal, path, 0, NULL, NULL), 0);
    journal_close(journal);
    journal = NULL;
}

static void
salvage_to(const char *path)
{
    ck_assert_int_eq(journal_salvage(home(), path, NULL, NULL, NULL), 0);
}

static void (*const ways_to_copy[])(const char *path) = {back_up_to,
                                                         salvage_to};

static void
assert_owner(const char *name, bool nobodys)
{
    ck_assert_msg(is_nobodys(test_path(name)) == nobodys, "%s", name);
}

START_TEST(what_root_makes_of_a_journal_is_its_owners)
{
    if (!give_to_nobody(data_file()))
        return;
    ways_to_copy[_i](test_path("copy"));
    assert_owner("copy", true);
    assert_owner("copy/data.mdb", true);
    ck_assert_uint_eq(mode_of(test_path("copy")), 0750);
    ck_assert_uint_eq(mode_of(test_path("copy/data.mdb")), 0640);
}
END_TEST

START_TEST(a_directory_that_was_there_keeps_its_owner)
{
    ck_assert_int_eq(mkdir(test_path("copy"), 0700), 0);
    if (!give_to_nobody(data_file()))
        return;
    ways_to_copy[_i](test_path("copy"));
    assert_owner("copy", false);
    assert_owner("copy/data.mdb", true);
}
END_TEST

/* Whose directory it is made in might put another file in its place. */
START_TEST(nothing_is_given_away_in_a_directory_of_another)
{
    ck_assert_int_eq(mkdir(test_path("copy"), 0700), 0);
    ck_assert_int_eq(mkdir(test_path("copy/data.mdb.partial"), 0700), 0);
    if (!give_to_nobody(data_file()) ||
        !give_to_nobody(test_path("copy/data.mdb.partial")))
        return;
    ways_to_copy[_i](test_path("copy"));
    assert_owner("copy/data.mdb", false);
}
END_TEST

static void
copy_as_nobody(void *way)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s", test_path("out/copy"));
    if (!become(NOBODY) || eaccess(test_dir, X_OK) != 0)
        skip("may not be nobody here");
    else
        ways_to_copy[*(const int *)way](path);
    if (become(0) && exists(path))
        assert_owner("out/copy/data.mdb", true);
}

START_TEST(what_others_make_of_a_journal_is_theirs)
{
    ck_assert_int_eq(mkdir(test_path("out"), 0700), 0);
    if (!give_to_nobody(test_path("out")) || !give_to_nobody(home()))
        return;
    ck_assert_int_eq(chmod(test_dir, 0711), 0);
    ck_assert_int_eq(chmod(data_file(), 0644), 0);
    in_child(copy_as_nobody, &_i);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("owner");
    TCase *tcase = tcase_create("owner");
    const int ways = (int)COUNT_OF(ways_to_copy);

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_loop_test(tcase, lock_files_get_the_mode_of_the_data_file, 0, 4);
    tcase_add_test(tcase,
                   who_may_only_read_the_data_file_may_write_to_the_lock_files);
    tcase_add_loop_test(tcase, root_leaves_a_journal_to_its_owner, 0,
                        (int)COUNT_OF(ways_to_open));
    tcase_add_test(tcase, who_may_not_give_files_away_keeps_them);
    tcase_add_loop_test(tcase, what_root_makes_of_a_journal_is_its_owners, 0,
                        ways);
    tcase_add_loop_test(tcase, a_directory_that_was_there_keeps_its_owner, 0,
                        ways);
    tcase_add_loop_test(tcase, nothing_is_given_away_in_a_directory_of_another,
                        0, ways);
    tcase_add_loop_test(tcase, what_others_make_of_a_journal_is_theirs, 0,
                        ways);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
