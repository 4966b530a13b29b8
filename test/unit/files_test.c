/* files_test.c - a journal's files: made, looked at, opened, removed. */
#include "journal/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal/create.h"
#include "base/error.h"
#include "journal/inspect.h"
#include "support/test.h"
#include "journal/view.h"

static const struct jn_wish create = {.may_create = true,
                                      .mode = 0640,
                                      .first_seq = 7};
static const struct jn_wish reader = {.read_only = true, .mode = 0640};

static void
touch(const char *name)
{
    int file = open(test_path(name), O_WRONLY | O_CREAT, 0600);

    ck_assert_int_ge(file, 0);
    close(file);
}

/* ---- inspect ------------------------------------------------------------ */

static const struct {
    const char *names[4];
    int result;
    enum jn_content content;
} directories[] = {
    {{NULL}, 0, JN_CONTENT_NOTHING},
    {{JN_LOCK_FILE}, 0, JN_CONTENT_NOTHING},
    {{JN_LOCK_FILE, JN_NEW_FILE}, 0, JN_CONTENT_NOTHING},
    {{JN_LOCK_FILE, JN_STORE_LOCK_FILE}, 0, JN_CONTENT_NOTHING},
    {{JN_STORE_FILE}, 0, JN_CONTENT_DATA},
    {{JN_STORE_FILE, "notes.txt"}, 0, JN_CONTENT_DATA},
    {{JN_NEW_FILE}, JOURNAL_UNSUPPORTED, 0},
    {{JN_STORE_LOCK_FILE}, JOURNAL_UNSUPPORTED, 0},
    {{"notes.txt"}, JOURNAL_UNSUPPORTED, 0},
    {{JN_LOCK_FILE, "notes.txt"}, JOURNAL_UNSUPPORTED, 0},
};

START_TEST(names_tell_what_a_directory_is)
{
    enum jn_content content;
    int rc;

    for (size_t i = 0; directories[_i].names[i] != NULL; i++)
        touch(directories[_i].names[i]);
    rc = jn_inspect_directory(test_dir, &content);
    ck_assert_int_eq(rc, directories[_i].result);
    if (rc == 0)
        ck_assert_int_eq(content, directories[_i].content);
}
END_TEST

START_TEST(what_is_no_directory_is_told)
{
    enum jn_content content;

    ck_assert_int_eq(jn_inspect_directory(test_path("absent"), &content), 0);
    ck_assert_int_eq(content, JN_CONTENT_ABSENT);
    touch("file");
    ck_assert_int_eq(jn_inspect_directory(test_path("file"), &content),
                     JOURNAL_UNSUPPORTED);
}
END_TEST

START_TEST(a_file_is_looked_at_without_being_changed)
{
    unsigned long long size = 0;
    struct stat before, after;

    ck_assert_int_eq(jn_inspect_file(test_dir, &size), ENOENT);
    touch(JN_STORE_FILE);
    ck_assert_int_eq(jn_inspect_file(test_dir, &size), JOURNAL_UNSUPPORTED);
    ck_assert_int_eq(unlink(test_path(JN_STORE_FILE)), 0);
    ck_assert_int_eq(jn_create_data(test_dir, 0600, 0), 0);
    ck_assert_int_eq(stat(test_path(JN_STORE_FILE), &before), 0);
    ck_assert_int_eq(jn_inspect_file(test_dir, &size), 0);
    ck_assert_int_eq(stat(test_path(JN_STORE_FILE), &after), 0);
    ck_assert_int_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    ck_assert_uint_le((uint64_t)after.st_size, size);
    ck_assert_int_ne(access(test_path(JN_STORE_LOCK_FILE), F_OK), 0);
}
END_TEST

START_TEST(another_format_is_not_supported)
{
    const struct jn_row newer[] = {
        {"format", {(const uint8_t *)"\0\0\0\0\0\0\0\4", 8}}};
    unsigned long long size;

    ck_assert_int_eq(jn_store_create(test_path(JN_STORE_FILE), 0600, newer, 1),
                     0);
    ck_assert_int_eq(jn_inspect_file(test_dir, &size), JOURNAL_UNSUPPORTED);
}
END_TEST

/* ---- create ------------------------------------------------------------- */

START_TEST(a_directory_gets_the_x_bits_that_match)
{
    static const mode_t modes[][2] = {
        {0640, 0750}, {0600, 0700}, {0644, 0755}, {0660, 0770}, {0200, 0200}};
    struct stat status;

    umask(077);
    ck_assert_int_eq(jn_create_directory(test_path("new"), modes[_i][0]), 0);
    ck_assert_int_eq(stat(test_path("new"), &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, modes[_i][1]);
    ck_assert_int_eq(jn_create_directory(test_path("new"), 0640),
                     JOURNAL_EXISTS);
    ck_assert_int_eq(jn_create_directory(test_path("no/new"), 0640), ENOENT);
}
END_TEST

START_TEST(what_an_earlier_creation_left_is_made_anew)
{
    unsigned long long size;

    touch(JN_NEW_FILE);
    ck_assert_int_eq(jn_create_data(test_dir, 0600, 3), 0);
    ck_assert_int_eq(jn_inspect_file(test_dir, &size), 0);
    ck_assert_int_ne(access(test_path(JN_NEW_FILE), F_OK), 0);
}
END_TEST

/* ---- open, destroy ------------------------------------------------------ */

START_TEST(a_new_journal_starts_where_it_is_told_to)
{
    struct jn_files files;
    struct jn_state state;
    struct jn_txn txn;
    struct stat status;

    ck_assert_int_eq(jn_files_open(&files, test_dir, &create, false), 0);
    ck_assert_int_eq(jn_store_begin_read(files.store, &txn), 0);
    ck_assert_int_eq(jn_view_state(&txn, &state), 0);
    jn_store_end_read(&txn);
    ck_assert_uint_eq(state.next, 7);
    ck_assert_uint_eq(state.first, 7);
    ck_assert_int_eq(jn_files_identify(test_dir, &status), 0);
    ck_assert_uint_eq(status.st_ino, files.inode);
    ck_assert_uint_eq(status.st_mode & 0777, 0640);
    jn_files_close(&files);
}
END_TEST

START_TEST(nothing_is_left_open_when_there_is_nothing_to_open)
{
    struct jn_files files;
    struct stat status;

    ck_assert_int_eq(jn_files_open(&files, test_dir, &reader, false),
                     JOURNAL_NOT_FOUND);
    ck_assert_int_eq(jn_files_identify(test_dir, &status), JOURNAL_NOT_FOUND);
    ck_assert_int_ne(access(test_path(JN_LOCK_FILE), F_OK), 0);
}
END_TEST

START_TEST(destroy_waits_for_nobody_and_leaves_nothing)
{
    struct jn_files files;

    ck_assert_int_eq(jn_files_destroy(test_dir, false), JOURNAL_NOT_FOUND);
    ck_assert_int_eq(jn_files_open(&files, test_dir, &create, false), 0);
    ck_assert_int_eq(jn_files_destroy(test_dir, true), JOURNAL_BUSY);
    jn_files_close(&files);
    touch("notes.txt");
    ck_assert_int_eq(jn_files_destroy(test_dir, true), 0);
    ck_assert_int_eq(access(test_path("notes.txt"), F_OK), 0);
    ck_assert_int_ne(access(test_path(JN_STORE_FILE), F_OK), 0);
    ck_assert_int_ne(access(test_path(JN_LOCK_FILE), F_OK), 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("files");
    TCase *tcase = tcase_create("files");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_loop_test(tcase, names_tell_what_a_directory_is, 0,
                        (int)(sizeof(directories) / sizeof(directories[0])));
    tcase_add_test(tcase, what_is_no_directory_is_told);
    tcase_add_test(tcase, a_file_is_looked_at_without_being_changed);
    tcase_add_test(tcase, another_format_is_not_supported);
    tcase_add_loop_test(tcase, a_directory_gets_the_x_bits_that_match, 0, 5);
    tcase_add_test(tcase, what_an_earlier_creation_left_is_made_anew);
    tcase_add_test(tcase, a_new_journal_starts_where_it_is_told_to);
    tcase_add_test(tcase, nothing_is_left_open_when_there_is_nothing_to_open);
    tcase_add_test(tcase, destroy_waits_for_nobody_and_leaves_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
