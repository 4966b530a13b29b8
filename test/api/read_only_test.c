/* read_only_test.c - read-only and immutable handles, and permissions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/steps.h"
#include "support/mounts.h"

#define IMMUTABLE (JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE)

static const char *const files[] = {"journal/data.mdb", "journal/lock.mdb",
                                    "journal/journal.lock"};

static void
setup(void)
{
    setup_journal();
    append("key", "value");
    append("gone", "value");
    erase("gone");
}

static void
reopen_with(uint32_t flags)
{
    journal_close(journal);
    journal = NULL;
    journal = open_path(home(), flags);
}

static void
assert_all_there(void)
{
    ck_assert_uint_eq(assert_no_gap(journal), 3);
    assert_value("key", "value");
    assert_absent("gone");
    assert_value_at("gone", 2, "value");
}

static void
assert_changes_nothing(void)
{
    struct journal_record one = record("key", "value");
    const uint8_t packed[56] = {56}; /* an entry of nothing */
    struct journal_stat before = figures(journal);
    uint64_t number = 99;

    ck_assert_int_eq(journal_append(journal, "key", 3, "new", 3, &number),
                     JOURNAL_READ_ONLY);
    ck_assert_int_eq(journal_append_batch(journal, &one, 1, &number),
                     JOURNAL_READ_ONLY);
    ck_assert_int_eq(journal_append_packed(journal, packed, sizeof(packed),
                                           NULL, &number),
                     JOURNAL_READ_ONLY);
    ck_assert_int_eq(journal_append_packed(journal, packed, 1, NULL, &number),
                     JOURNAL_READ_ONLY);
    ck_assert_int_eq(journal_delete(journal, "key", 3, &number),
                     JOURNAL_READ_ONLY);
    ck_assert_int_eq(journal_prune(journal, 1, 0, &number), JOURNAL_READ_ONLY);
    ck_assert_int_eq(journal_prune(journal, 1, JOURNAL_PRUNE_KEEP_LATEST,
                                   &number),
                     JOURNAL_READ_ONLY);
    ck_assert_int_eq(journal_rewind(journal, 1), JOURNAL_READ_ONLY);
    ck_assert_int_eq(journal_mark(journal, "mark", 1), JOURNAL_READ_ONLY);
    ck_assert_int_eq(journal_unmark(journal, "mark"), JOURNAL_READ_ONLY);
    ck_assert_int_eq(journal_sync(journal), JOURNAL_READ_ONLY);
    ck_assert_uint_eq(number, 99);
    assert_as_before(&before);
    assert_all_there();
}

START_TEST(a_read_only_handle_reads_everything)
{
    reopen_with(JOURNAL_OPEN_READ_ONLY);
    assert_all_there();
}
END_TEST

START_TEST(a_read_only_handle_changes_nothing)
{
    reopen_with(JOURNAL_OPEN_READ_ONLY);
    assert_changes_nothing();
}
END_TEST

START_TEST(a_read_only_handle_beside_a_writer_changes_nothing)
{
    struct journal *writer = journal;

    journal = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    assert_changes_nothing();
    journal_close(writer);
    assert_changes_nothing();
}
END_TEST

START_TEST(a_read_only_handle_sees_what_a_writer_appends)
{
    struct journal *reader = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    struct journal_entry *entry;

    append("key", "newer");
    ck_assert_int_eq(journal_get(reader, "key", 3, &entry), 0);
    assert_entry(entry, 3, "key", "newer");
    journal_entry_free(entry);
    journal_close(reader);
}
END_TEST

START_TEST(a_writer_may_come_after_a_read_only_handle_in_a_process)
{
    struct journal *writer;

    reopen_with(JOURNAL_OPEN_READ_ONLY);
    writer = open_path(home(), 0);
    ck_assert_uint_eq(append_to(writer, "key", "newer"), 3);
    assert_value("key", "newer");
    journal_close(writer);
    assert_value("key", "newer");
}
END_TEST

START_TEST(a_cursor_of_a_read_only_handle_lives_through_the_first_writer)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    struct journal *writer;

    reopen_with(JOURNAL_OPEN_READ_ONLY);
    ck_assert_int_eq(journal_replay(journal, 0, &cursor), 0);
    writer = open_path(home(), 0);
    append_to(writer, "key", "newer");
    for (uint64_t seq = 0; seq < 3; seq++) {
        ck_assert_int_eq(journal_next(cursor, &entry), 0);
        ck_assert_uint_eq(entry->seq, seq);
    }
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    journal_cursor_close(cursor);
    journal_close(writer);
}
END_TEST

static void
append_in_child(void *unused)
{
    (void)unused;
    journal_close(journal);
    journal = open_path(home(), 0);
    append("key", "newer");
    journal_close(journal);
}

START_TEST(a_read_only_handle_sees_what_another_process_appends)
{
    reopen_with(JOURNAL_OPEN_READ_ONLY);
    in_child(append_in_child, NULL);
    assert_value("key", "newer");
    ck_assert_uint_eq(assert_no_gap(journal), 4);
}
END_TEST

/* ---- immutable ---------------------------------------------------------- */

START_TEST(an_immutable_handle_reads_everything)
{
    reopen_with(IMMUTABLE);
    assert_all_there();
}
END_TEST

START_TEST(an_immutable_handle_changes_nothing)
{
    reopen_with(IMMUTABLE);
    assert_changes_nothing();
}
END_TEST

START_TEST(an_immutable_handle_leaves_the_files_as_they_were)
{
    struct bytes before;

    journal_close(journal);
    journal = NULL;
    before = picture_of(home());
    journal = open_path(home(), IMMUTABLE);
    assert_all_there();
    journal_close(journal);
    journal = NULL;
    assert_picture(home(), &before);
}
END_TEST

START_TEST(an_immutable_handle_needs_no_lock_files)
{
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(unlink(test_path("journal/lock.mdb")), 0);
    ck_assert_int_eq(unlink(test_path("journal/journal.lock")), 0);
    journal = open_path(home(), IMMUTABLE);
    assert_all_there();
    ck_assert(!exists(test_path("journal/lock.mdb")));
    ck_assert(!exists(test_path("journal/journal.lock")));
}
END_TEST

/* ---- permissions -------------------------------------------------------- */

static void
take_write_permission(mode_t file, mode_t directory)
{
    journal_close(journal);
    journal = NULL;
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (exists(test_path(files[i])))
            ck_assert_int_eq(chmod(test_path(files[i]), file), 0);
    ck_assert_int_eq(chmod(home(), directory), 0);
}

/* In a child, since privileges do not come back. */
static void
open_unprivileged(void *context)
{
    const uint32_t *flags = context;
    struct bytes before;

    if (!give_up_privileges()) {
        skip("cannot give up privileges");
        return;
    }
    before = picture_of(home());
    ck_assert_int_eq(result_of_open(home(), *flags), EACCES);
    assert_picture(home(), &before);
}

START_TEST(without_permission_on_the_lock_files_even_readers_are_refused)
{
    uint32_t flags[] = {0, JOURNAL_OPEN_EXISTING, JOURNAL_OPEN_READ_ONLY};

    take_write_permission(0444, 0555);
    in_child(open_unprivileged, &flags[_i]);
}
END_TEST

static void
open_immutable_unprivileged(void *unused)
{
    (void)unused;
    if (!give_up_privileges()) {
        skip("cannot give up privileges");
        return;
    }
    journal = open_path(home(), IMMUTABLE);
    assert_all_there();
    journal_close(journal);
}

START_TEST(an_immutable_handle_needs_no_write_permission)
{
    take_write_permission(0444, 0555);
    in_child(open_immutable_unprivileged, NULL);
}
END_TEST

START_TEST(without_permission_to_read_the_journal_is_refused)
{
    uint32_t flags[] = {0, JOURNAL_OPEN_READ_ONLY, IMMUTABLE};

    take_write_permission(0644, 0755);
    ck_assert_int_eq(chmod(test_path("journal/data.mdb"), 0), 0);
    if (!give_up_privileges()) {
        skip("cannot give up privileges");
        return;
    }
    ck_assert_int_eq(result_of_open(home(), flags[_i]), EACCES);
}
END_TEST

static void
create_unprivileged(void *unused)
{
    (void)unused;
    if (!give_up_privileges()) {
        skip("cannot give up privileges");
        return;
    }
    ck_assert_int_eq(result_of_open(test_path("closed/new"), 0), EACCES);
    ck_assert_int_eq(result_of_open(test_path("closed"), 0), EACCES);
}

START_TEST(without_permission_nothing_is_created)
{
    ck_assert_int_eq(mkdir(test_path("closed"), 0555), 0);
    in_child(create_unprivileged, NULL);
    ck_assert_int_eq(rmdir(test_path("closed")), 0);
}
END_TEST

/* ---- a read-only mount -------------------------------------------------- */

static bool
mount_read_only(void)
{
    const char *path = home();

    return mounts_own() && mount(path, path, NULL, MS_BIND, NULL) == 0 &&
           mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0;
}

static void
open_on_read_only_mount(void *unused)
{
    (void)unused;
    if (!mount_read_only()) {
        skip("may not mount");
        return;
    }
    ck_assert_int_eq(result_of_open(home(), 0), EROFS);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_READ_ONLY), EROFS);
    journal = open_path(home(), IMMUTABLE);
    assert_all_there();
    journal_close(journal);
}

START_TEST(a_read_only_mount_is_refused_unless_immutable)
{
    journal_close(journal);
    journal = NULL;
    in_child(open_on_read_only_mount, NULL);
}
END_TEST

static Suite *
suite(void)
{
    Suite *read_only = suite_create("read-only");
    TCase *tcase = tcase_create("read-only");

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_test(tcase, a_read_only_handle_reads_everything);
    tcase_add_test(tcase, a_read_only_handle_changes_nothing);
    tcase_add_test(tcase, a_read_only_handle_beside_a_writer_changes_nothing);
    tcase_add_test(tcase, a_read_only_handle_sees_what_a_writer_appends);
    tcase_add_test(tcase,
                   a_writer_may_come_after_a_read_only_handle_in_a_process);
    tcase_add_test(
        tcase, a_cursor_of_a_read_only_handle_lives_through_the_first_writer);
    tcase_add_test(tcase, a_read_only_handle_sees_what_another_process_appends);
    tcase_add_test(tcase, an_immutable_handle_reads_everything);
    tcase_add_test(tcase, an_immutable_handle_changes_nothing);
    tcase_add_test(tcase, an_immutable_handle_leaves_the_files_as_they_were);
    tcase_add_test(tcase, an_immutable_handle_needs_no_lock_files);
    tcase_add_loop_test(
        tcase, without_permission_on_the_lock_files_even_readers_are_refused, 0,
        3);
    tcase_add_test(tcase, an_immutable_handle_needs_no_write_permission);
    tcase_add_loop_test(tcase,
                        without_permission_to_read_the_journal_is_refused, 0,
                        3);
    tcase_add_test(tcase, without_permission_nothing_is_created);
    tcase_add_test(tcase, a_read_only_mount_is_refused_unless_immutable);
    suite_add_tcase(read_only, tcase);
    return read_only;
}

TEST_MAIN(suite)
