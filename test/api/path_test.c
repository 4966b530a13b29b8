/* path_test.c - journal_open(): many handles, by whatever path. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/steps.h"
#include "support/mounts.h"

/* Both are the same journal, and share what is appended. */
static void
assert_one_journal(struct journal *a, struct journal *b)
{
    struct journal_entry *entry;
    uint64_t size = figures(a).size;

    ck_assert_mem_eq(figures(a).id, figures(b).id, 16);
    ck_assert_uint_eq(append_to(a, "key", "through a"), size);
    ck_assert_uint_eq(append_to(b, "key", "through b"), size + 1);
    ck_assert_uint_eq(append_to(a, NULL, "through a again"), size + 2);
    ck_assert_int_eq(journal_get(a, "key", 3, &entry), 0);
    assert_entry(entry, size + 1, "key", "through b");
    journal_entry_free(entry);
    ck_assert_int_eq(journal_read(b, size + 2, &entry), 0);
    assert_entry(entry, size + 2, NULL, "through a again");
    journal_entry_free(entry);
}

static void
assert_same_journal_at(const char *path)
{
    struct journal *other = open_path(path, JOURNAL_OPEN_EXISTING);

    assert_one_journal(journal, other);
    journal_close(other);
    append("key", "when the other was closed");
    assert_value("key", "when the other was closed");
}

START_TEST(a_journal_opens_twice_in_a_process)
{
    assert_same_journal_at(home());
}
END_TEST

START_TEST(the_first_handle_may_be_closed_before_the_second)
{
    struct journal *second = open_path(home(), 0);

    append("key", "value");
    journal_close(journal);
    journal = second;
    append("key 2", "value 2");
    assert_value("key", "value");
    assert_value("key 2", "value 2");
}
END_TEST

START_TEST(a_journal_opens_many_times_in_a_process)
{
    struct journal *handles[32];

    for (size_t i = 0; i < COUNT_OF(handles); i++)
        handles[i] = open_path(home(), i % 3 == 0 ? JOURNAL_OPEN_READ_ONLY : 0);
    for (size_t i = 0; i < COUNT_OF(handles); i++)
        if (i % 3 != 0)
            append_to(handles[i], "key", "value");
    for (size_t i = 0; i < COUNT_OF(handles); i++) {
        ck_assert_uint_eq(assert_no_gap(handles[i]), 21);
        journal_close(handles[i]);
    }
}
END_TEST

START_TEST(a_symbolic_link_leads_to_the_same_journal)
{
    ck_assert_int_eq(symlink(home(), test_path("link")), 0);
    ck_assert_int_eq(symlink("link", test_path("link to link")), 0);
    assert_same_journal_at(test_path("link"));
    assert_same_journal_at(test_path("link to link"));
}
END_TEST

START_TEST(a_link_in_the_middle_leads_to_the_same_journal)
{
    ck_assert_int_eq(symlink(test_dir, test_path("link")), 0);
    assert_same_journal_at(test_path("link/journal"));
}
END_TEST

START_TEST(a_relative_path_leads_to_the_same_journal)
{
    static const char *const paths[] = {
        "journal",   "./journal",          "journal/",
        "journal/.", "journal/../journal", ".//journal//"};

    ck_assert_int_eq(chdir(test_dir), 0);
    assert_same_journal_at(paths[_i]);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(the_current_directory_may_be_a_journal)
{
    ck_assert_int_eq(chdir(home()), 0);
    assert_same_journal_at(".");
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(a_handle_goes_on_when_the_current_directory_changes)
{
    struct journal *relative;

    ck_assert_int_eq(chdir(test_dir), 0);
    relative = open_path("journal", 0);
    ck_assert_int_eq(chdir("/"), 0);
    assert_one_journal(journal, relative);
    journal_close(journal);
    append_to(relative, "key", "value");
    journal = relative;
    assert_value("key", "value");
}
END_TEST

START_TEST(a_journal_is_created_behind_a_symbolic_link)
{
    struct journal *other;

    ck_assert_int_eq(mkdir(test_path("empty"), 0777), 0);
    ck_assert_int_eq(symlink("empty", test_path("link")), 0);
    other = open_path(test_path("link"), 0);
    append_to(other, "key", "value");
    journal_close(other);
    ck_assert_int_eq(result_of_open(test_path("empty"), JOURNAL_OPEN_EXISTING),
                     0);
}
END_TEST

/* JOURNAL_NOT_FOUND is for those who want none to be made. */
START_TEST(behind_a_link_to_nothing_no_journal_is_created)
{
    ck_assert_int_eq(symlink("nothing", test_path("link")), 0);
    ck_assert_int_eq(result_of_open(test_path("link"), 0), ENOENT);
    ck_assert_int_eq(result_of_open(test_path("link"), JOURNAL_OPEN_NEW),
                     ENOENT);
    ck_assert_int_eq(result_of_open(test_path("link"), JOURNAL_OPEN_EXISTING),
                     JOURNAL_NOT_FOUND);
    ck_assert(!exists(test_path("nothing")));
}
END_TEST

static void
link_file(const char *name)
{
    char from[64];
    char to[64];

    snprintf(from, sizeof(from), "journal/%s", name);
    snprintf(to, sizeof(to), "linked/%s", name);
    ck_assert_msg(link(test_path(from), test_path(to)) == 0, "%s: %s", name,
                  strerror(errno));
}

START_TEST(hard_links_of_the_files_are_the_same_journal_or_refused)
{
    struct journal_options options = options_with(JOURNAL_OPEN_EXISTING);
    struct journal *other = NULL;
    int rc;

    ck_assert_int_eq(mkdir(test_path("linked"), 0777), 0);
    link_file("data.mdb");
    link_file("lock.mdb");
    link_file("journal.lock");
    rc = journal_open(test_path("linked"), &options, &other);
    if (rc == 0)
        assert_one_journal(journal, other);
    else
        ck_assert_int_eq(rc, JOURNAL_BUSY);
    journal_close(other);
    append("key", "value");
    assert_value("key", "value");
    assert_no_gap(journal);
}
END_TEST

/* Opens the journal anew through a mount beside it, and both in turn. */
static void
open_through_mount(void *unused)
{
    (void)unused;
    journal_close(journal);
    if (!mounts_own() || mkdir(test_path("mounted"), 0777) != 0 ||
        mount(home(), test_path("mounted"), NULL, MS_BIND, NULL) != 0) {
        skip("may not mount");
        return;
    }
    journal = open_path(home(), JOURNAL_OPEN_EXISTING);
    assert_same_journal_at(test_path("mounted"));
    ck_assert_uint_eq(assert_no_gap(journal), 5);
    journal_close(journal);
}

START_TEST(a_bind_mount_leads_to_the_same_journal)
{
    append("key", "value");
    in_child(open_through_mount, NULL);
    assert_no_gap(journal);
}
END_TEST

START_TEST(two_journals_of_a_process_do_not_mix)
{
    struct journal *other = open_path(test_path("other"), 0);

    append("key", "here");
    append_to(other, "key", "there");
    assert_value("key", "here");
    ck_assert_uint_eq(figures(journal).size, 1);
    ck_assert_uint_eq(figures(other).size, 1);
    ck_assert_mem_ne(figures(journal).id, figures(other).id, 16);
    journal_close(other);
}
END_TEST

START_TEST(a_long_path_works)
{
    char path[1500];
    struct journal *other;
    size_t size = (size_t)snprintf(path, sizeof(path), "%s", test_dir);

    while (size + 201 < sizeof(path)) {
        path[size] = '/';
        memset(path + size + 1, 'd', 200);
        size += 201;
        path[size] = '\0';
        ck_assert_int_eq(mkdir(path, 0777), 0);
    }
    other = open_path(path, 0);
    append_to(other, "key", "value");
    journal_close(other);
    ck_assert_int_eq(journal_destroy(path), 0);
}
END_TEST

/* From where it is it has a name, but no path that the system takes. */
START_TEST(a_journal_so_deep_that_it_has_no_path_is_refused)
{
    char name[201];
    struct journal *other = NULL;

    memset(name, 'd', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ck_assert_int_eq(chdir(test_dir), 0);
    for (unsigned i = 0; i < PATH_MAX / (sizeof(name) - 1) + 1; i++) {
        ck_assert_int_eq(mkdir(name, 0777), 0);
        ck_assert_int_eq(chdir(name), 0);
    }
    ck_assert_int_eq(mkdir("journal", 0777), 0);
    ck_assert_int_eq(journal_open("journal", NULL, &other), ENAMETOOLONG);
    ck_assert_int_eq(journal_destroy("journal"), ENAMETOOLONG);
    ck_assert_int_eq(rmdir("journal"), 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *path = suite_create("path");
    TCase *tcase = tcase_create("path");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, a_journal_opens_twice_in_a_process);
    tcase_add_test(tcase, the_first_handle_may_be_closed_before_the_second);
    tcase_add_test(tcase, a_journal_opens_many_times_in_a_process);
    tcase_add_test(tcase, a_symbolic_link_leads_to_the_same_journal);
    tcase_add_test(tcase, a_link_in_the_middle_leads_to_the_same_journal);
    tcase_add_loop_test(tcase, a_relative_path_leads_to_the_same_journal, 0, 6);
    tcase_add_test(tcase, the_current_directory_may_be_a_journal);
    tcase_add_test(tcase, a_handle_goes_on_when_the_current_directory_changes);
    tcase_add_test(tcase, a_journal_is_created_behind_a_symbolic_link);
    tcase_add_test(tcase, behind_a_link_to_nothing_no_journal_is_created);
    tcase_add_test(tcase,
                   hard_links_of_the_files_are_the_same_journal_or_refused);
    tcase_add_test(tcase, a_bind_mount_leads_to_the_same_journal);
    tcase_add_test(tcase, two_journals_of_a_process_do_not_mix);
    tcase_add_test(tcase, a_long_path_works);
    tcase_add_test(tcase, a_journal_so_deep_that_it_has_no_path_is_refused);
    suite_add_tcase(path, tcase);
    return path;
}

TEST_MAIN(suite)
