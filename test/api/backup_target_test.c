/* backup_target_test.c - where journal_backup() may put a backup. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/backups.h"
#include "api/same.h"
#include "support/fast_dir.h"

static void
setup(void)
{
    setup_journal();
    append_numbered(100, 7);
}

/* There is a whole backup at PATH, alone in its directory. */
static void
assert_whole(const char *path)
{
    struct journal *copy;

    copy = open_path(path, JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE);
    assert_same_journal(journal, copy);
    journal_close(copy);
}

/* A backup to PATH is refused, and all is as it was. */
static void
assert_refused(const char *path, int rc)
{
    struct bytes before = picture_of(test_dir);

    ck_assert_int_eq(back_up(path), rc);
    assert_picture(test_dir, &before);
}

static void
make_directory(const char *name)
{
    ck_assert_int_eq(mkdir(test_path(name), 0751), 0);
}

/* ---- paths --------------------------------------------------------------- */

static const char *const good_paths[] = {
    "backup",   "backup/",           "backup///",
    "./backup", "journal/../backup", "journal/.././backup/",
};

START_TEST(a_path_may_be_written_in_any_way)
{
    ck_assert_int_eq(chdir(test_dir), 0);
    ck_assert_int_eq(back_up(good_paths[_i]), 0);
    assert_whole(test_path("backup"));
    assert_refused(good_paths[_i], JOURNAL_EXISTS);
}
END_TEST

START_TEST(an_empty_directory_becomes_the_backup)
{
    make_directory("backup");
    ck_assert_int_eq(symlink("backup", test_path("link")), 0);
    ck_assert_int_eq(back_up(test_path("link")), 0);
    assert_whole(test_path("backup"));
    ck_assert_uint_eq(mode_of(test_path("backup")) & 0777, 0751);
    ck_assert(!exists(test_path("backup/data.mdb.partial")));
}
END_TEST

START_TEST(the_directory_one_is_in_may_become_it)
{
    make_directory("backup");
    ck_assert_int_eq(chdir(test_path("backup")), 0);
    ck_assert_int_eq(back_up("."), 0);
    assert_whole(test_path("backup"));
    assert_refused(".", JOURNAL_EXISTS);
}
END_TEST

START_TEST(what_is_there_is_left_alone)
{
    make_directory("full");
    make_directory("other.partial");
    write_bytes(test_path("full/file"), "x", 1);
    write_bytes(test_path("file"), "x", 1);
    write_bytes(test_path("other.partial/file"), "x", 1);
    write_bytes(test_path("third.partial"), "x", 1);
    ck_assert_int_eq(symlink("nowhere", test_path("dangling")), 0);
    ck_assert_int_eq(symlink("full", test_path("link")), 0);
    assert_refused(test_path("full"), JOURNAL_EXISTS);
    assert_refused(test_path("link"), JOURNAL_EXISTS);
    assert_refused(test_path("file"), JOURNAL_EXISTS);
    assert_refused(test_path("dangling"), JOURNAL_EXISTS);
    assert_refused(test_path("other"), JOURNAL_EXISTS);
    assert_refused(test_path("third"), JOURNAL_EXISTS);
    assert_refused(test_dir, JOURNAL_EXISTS);
    assert_refused("/", JOURNAL_EXISTS);
}
END_TEST

START_TEST(a_journal_is_not_its_own_backup)
{
    ck_assert_int_eq(chdir(home()), 0);
    assert_refused(home(), JOURNAL_EXISTS);
    assert_refused(".", JOURNAL_EXISTS);
}
END_TEST

/* It would go with the journal, and journal_destroy() would leave it there. */
START_TEST(a_backup_does_not_lie_within_its_journal)
{
    make_directory("journal/empty");
    ck_assert_int_eq(symlink("journal", test_path("link")), 0);
    assert_refused(test_path("journal/backup"), EINVAL);
    assert_refused(test_path("journal/empty"), EINVAL);
    assert_refused(test_path("journal/empty/backup"), EINVAL);
    assert_refused(test_path("link/backup"), EINVAL);
    ck_assert_int_eq(chdir(home()), 0);
    assert_refused("backup", EINVAL);
    ck_assert_int_eq(back_up("../backup"), 0);
    assert_whole(test_path("backup"));
    ck_assert_int_eq(rmdir("empty"), 0);
    reopen();
    append("key", "value");
}
END_TEST

START_TEST(the_directory_around_it_has_to_be_there)
{
    write_bytes(test_path("file"), "x", 1);
    assert_refused(test_path("missing/backup"), ENOENT);
    assert_refused(test_path("missing/../backup"), ENOENT);
    assert_refused(test_path("file/backup"), ENOTDIR);
}
END_TEST

START_TEST(a_path_may_be_too_long)
{
    char path[PATH_MAX + 300], name[NAME_MAX + 1];

    /* With ".partial" behind it the name is too long. */
    memset(name, 'n', NAME_MAX);
    name[NAME_MAX] = '\0';
    assert_refused(test_path(name), ENAMETOOLONG);
    name[NAME_MAX - 8] = '\0';
    ck_assert_int_eq(back_up(test_path(name)), 0);
    memset(path, '/', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_refused(path, ENAMETOOLONG);
}
END_TEST

static void
back_up_without_permission(void *unused)
{
    (void)unused;
    if (!give_up_privileges()) {
        skip("may not give up privileges");
        return;
    }
    journal_close(journal);
    journal = open_path(home(), 0);
    assert_refused(test_path("locked/backup"), EACCES);
    assert_refused(test_path("locked"), EACCES);
    journal_close(journal);
}

START_TEST(permission_is_needed)
{
    make_directory("locked");
    ck_assert_int_eq(chmod(test_path("locked"), 0500), 0);
    in_child(back_up_without_permission, NULL);
    ck_assert_int_eq(chmod(test_path("locked"), 0700), 0);
}
END_TEST

static void
back_up_unwritable(void *unused)
{
    struct journal_entry *entry;

    (void)unused;
    if (!give_up_privileges()) {
        skip("may not give up privileges");
        return;
    }
    journal_close(journal);
    journal = open_path(home(),
                        JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE);
    ck_assert_int_eq(back_up(target()), 0);
    journal_close(journal);
    ck_assert_uint_eq(mode_of(test_path("backup/data.mdb")) & 0777, 0444);
    journal = open_path(target(),
                        JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE);
    entry = get("key");
    journal_entry_free(entry);
    journal_close(journal);
}

/* As of a medium that nobody can write to. */
START_TEST(of_a_journal_without_write_permission_there_is_a_backup)
{
    append("key", "value");
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(chmod(test_path("journal/data.mdb"), 0444), 0);
    ck_assert_int_eq(chmod(home(), 0555), 0);
    in_child(back_up_unwritable, NULL);
    ck_assert_int_eq(chmod(home(), 0755), 0);
}
END_TEST

/* ---- what others have left, or are about --------------------------------- */

static void
leave(const char *base)
{
    char path[PATH_MAX];

    make_directory(base);
    (void)snprintf(path, sizeof(path), "%s/data.mdb.partial", base);
    make_directory(path);
    (void)snprintf(path, sizeof(path), "%s/data.mdb.partial/data.mdb", base);
    write_bytes(test_path(path), "half", 4);
}

START_TEST(what_a_crash_has_left_is_replaced)
{
    leave("backup.partial");
    ck_assert_int_eq(result_of_open(test_path("backup.partial"), 0),
                     JOURNAL_UNSUPPORTED);
    ck_assert_int_eq(back_up(test_path("backup")), 0);
    assert_whole(test_path("backup"));
    ck_assert(!exists(test_path("backup.partial")));
    leave("other");
    ck_assert_int_eq(back_up(test_path("other")), 0);
    assert_whole(test_path("other"));
    ck_assert(!exists(test_path("other/data.mdb.partial")));
}
END_TEST

START_TEST(what_does_not_look_like_a_crash_is_left_alone)
{
    leave("backup.partial");
    write_bytes(test_path("backup.partial/data.mdb.partial/mine"), "x", 1);
    assert_refused(test_path("backup"), JOURNAL_EXISTS);
    leave("other");
    write_bytes(test_path("other/mine"), "x", 1);
    assert_refused(test_path("other"), JOURNAL_EXISTS);
}
END_TEST

/* What is not ours, by a name that what is ours has. */
START_TEST(no_link_is_followed_to_where_a_backup_is_made)
{
    make_directory("elsewhere");
    write_bytes(test_path("elsewhere/data.mdb"), "mine", 4);
    make_directory("empty");
    make_directory("other.partial");
    ck_assert_int_eq(symlink("../elsewhere",
                             test_path("other.partial/data.mdb.partial")),
                     0);
    ck_assert_int_eq(symlink("empty", test_path("backup.partial")), 0);
    ck_assert_int_eq(symlink("../elsewhere",
                             test_path("empty/data.mdb.partial")),
                     0);
    assert_refused(test_path("empty"), JOURNAL_EXISTS);
    assert_refused(test_path("other"), JOURNAL_EXISTS);
    ck_assert_int_eq(unlink(test_path("empty/data.mdb.partial")), 0);
    assert_refused(test_path("backup"), JOURNAL_EXISTS);
    ck_assert(exists(test_path("elsewhere/data.mdb")));
}
END_TEST

START_TEST(what_another_user_has_left_is_left_alone)
{
    make_directory("backup.partial");
    if (!give_to_nobody(test_path("backup.partial")))
        return;
    assert_refused(test_path("backup"), JOURNAL_EXISTS);
    ck_assert_int_eq(chown(test_path("backup.partial"), 0, 0), 0);
    ck_assert_int_eq(back_up(test_path("backup")), 0);
}
END_TEST

/* A crash may have come before the umask was made up for. */
START_TEST(what_a_crash_has_left_gets_its_mode)
{
    leave("backup.partial");
    ck_assert_int_eq(chmod(test_path("backup.partial"), 0777), 0);
    ck_assert_int_eq(back_up(test_path("backup")), 0);
    ck_assert_uint_eq(mode_of(test_path("backup")) & 07777, 0750);
}
END_TEST

/* Another backup to the same target, from within the first one's progress. */
static int
back_up_beside(void *context, uint64_t done, uint64_t total)
{
    ck_assert_uint_le(done, total);
    ck_assert_int_eq(back_up(context), JOURNAL_BUSY);
    ck_assert_int_eq(back_up(test_path("third")), 0);
    ck_assert_int_eq(journal_destroy(test_path("third")), 0);
    return 0;
}

START_TEST(one_backup_at_a_time_goes_to_a_target)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s", test_path("backup"));
    ck_assert_int_eq(journal_backup(journal, path, 0, back_up_beside, path), 0);
    assert_whole(path);
    make_directory("other");
    (void)snprintf(path, sizeof(path), "%s", test_path("other"));
    ck_assert_int_eq(journal_backup(journal, path, 0, back_up_beside, path), 0);
    assert_whole(path);
}
END_TEST

#define THREADS 4

static void *
back_up_in_thread(void *rc)
{
    *(int *)rc = back_up(test_path("backup"));
    return NULL;
}

START_TEST(of_many_at_once_one_comes_to_an_end)
{
    for (int round = 0; round < 10; round++) {
        pthread_t threads[THREADS];
        int results[THREADS], good = 0;

        for (int i = 0; i < THREADS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL,
                                            back_up_in_thread, &results[i]),
                             0);
        for (int i = 0; i < THREADS; i++) {
            ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
            good += results[i] == 0;
            ck_assert_msg(results[i] == 0 || results[i] == JOURNAL_BUSY ||
                              results[i] == JOURNAL_EXISTS,
                          "%s", journal_errname(results[i]));
        }
        ck_assert_int_eq(good, 1);
        assert_whole(test_path("backup"));
        ck_assert(!exists(test_path("backup.partial")));
        ck_assert_int_eq(journal_destroy(test_path("backup")), 0);
    }
}
END_TEST

/* What comes to the target while the backup is made is not overwritten. */
static int
take_place(void *context, uint64_t done, uint64_t total)
{
    ck_assert_uint_le(done, total);
    if (exists(context))
        return 0;
    ck_assert_int_eq(mkdir(context, 0700), 0);
    ck_assert_int_eq(result_of_open(context, JOURNAL_OPEN_NEW), 0);
    return 0;
}

START_TEST(who_comes_first_keeps_the_place)
{
    char path[PATH_MAX];
    struct journal *other;

    (void)snprintf(path, sizeof(path), "%s", test_path("backup"));
    ck_assert_int_eq(journal_backup(journal, path, 0, take_place, path),
                     JOURNAL_EXISTS);
    ck_assert(!exists(test_path("backup.partial")));
    other = open_path(path, JOURNAL_OPEN_EXISTING);
    ck_assert_uint_eq(figures(other).size, 0);
    journal_close(other);
}
END_TEST

/* Who dies behind the last rename leaves where he worked in the backup. */
START_TEST(what_is_left_in_a_backup_goes_with_it)
{
    ck_assert_int_eq(back_up(test_path("backup")), 0);
    make_directory("backup/data.mdb.partial");
    write_bytes(test_path("backup/data.mdb.partial/lock.mdb"), "left", 4);
    assert_whole(test_path("backup"));
    ck_assert_int_eq(journal_destroy(test_path("backup")), 0);
    ck_assert(!exists(test_path("backup")));
}
END_TEST

START_TEST(what_a_link_in_a_backup_leads_to_does_not_go_with_it)
{
    make_directory("elsewhere");
    write_bytes(test_path("elsewhere/data.mdb"), "mine", 4);
    ck_assert_int_eq(back_up(test_path("backup")), 0);
    ck_assert_int_eq(symlink("../elsewhere",
                             test_path("backup/data.mdb.partial")),
                     0);
    ck_assert_int_eq(journal_destroy(test_path("backup")), 0);
    ck_assert(!exists(test_path("backup")));
    ck_assert(exists(test_path("elsewhere/data.mdb")));
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("backup_target");
    TCase *tcase = tcase_create("backup_target");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_loop_test(tcase, a_path_may_be_written_in_any_way, 0,
                        (int)COUNT_OF(good_paths));
    tcase_add_test(tcase, an_empty_directory_becomes_the_backup);
    tcase_add_test(tcase, the_directory_one_is_in_may_become_it);
    tcase_add_test(tcase, what_is_there_is_left_alone);
    tcase_add_test(tcase, a_journal_is_not_its_own_backup);
    tcase_add_test(tcase, a_backup_does_not_lie_within_its_journal);
    tcase_add_test(tcase, the_directory_around_it_has_to_be_there);
    tcase_add_test(tcase, a_path_may_be_too_long);
    tcase_add_test(tcase, permission_is_needed);
    tcase_add_test(tcase,
                   of_a_journal_without_write_permission_there_is_a_backup);
    tcase_add_test(tcase, what_a_crash_has_left_is_replaced);
    tcase_add_test(tcase, what_does_not_look_like_a_crash_is_left_alone);
    tcase_add_test(tcase, no_link_is_followed_to_where_a_backup_is_made);
    tcase_add_test(tcase, what_another_user_has_left_is_left_alone);
    tcase_add_test(tcase, what_a_crash_has_left_gets_its_mode);
    tcase_add_test(tcase, one_backup_at_a_time_goes_to_a_target);
    tcase_add_test(tcase, of_many_at_once_one_comes_to_an_end);
    tcase_add_test(tcase, who_comes_first_keeps_the_place);
    tcase_add_test(tcase, what_is_left_in_a_backup_goes_with_it);
    tcase_add_test(tcase, what_a_link_in_a_backup_leads_to_does_not_go_with_it);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
