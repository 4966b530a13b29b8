/* salvage_path_test.c - where a salvage reads from, and where it writes to. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/steps.h"
#include "support/fast_dir.h"

#define ENTRIES 100u

/* A journal that nobody has open, in the directory that one is in. */
static void
setup(void)
{
    setup_journal();
    append_numbered(ENTRIES, 7);
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(chdir(test_dir), 0);
}

static int
salvage(const char *from, const char *to)
{
    return journal_salvage(from, to, NULL, NULL, NULL);
}

static void
assert_salvaged(const char *path)
{
    struct journal *copy = open_path(path, 0);

    ck_assert_uint_eq(assert_no_gap(copy), ENTRIES);
    journal_close(copy);
    ck_assert_int_eq(journal_destroy(path), 0);
}

START_TEST(a_target_may_be_written_in_any_way)
{
    static const char *const paths[] = {"copy", "./copy", "copy/",
                                        "journal/../copy",
                                        "../././nothing/../copy"};

    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(salvage("journal", paths[i]), 0);
        assert_salvaged("copy");
    }
    ck_assert_int_eq(salvage("journal", paths[4]), ENOENT);
}
END_TEST

START_TEST(a_journal_is_not_salvaged_into_itself)
{
    static const char *const paths[] = {
        "journal",       "journal/new",        "./journal/.",
        "journal/a/b/c", "journal/../journal", "nothing/../journal/new"};

    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(salvage("journal", paths[i]), EINVAL);
    ck_assert_int_eq(salvage("journal", paths[5]), ENOENT);
    ck_assert_int_eq(salvage("/", "copy"), EINVAL);
    ck_assert_int_eq(chdir("journal"), 0);
    ck_assert_int_eq(salvage("../journal", "copy"), EINVAL);
    ck_assert_int_eq(salvage(".", "../copy"), 0);
    assert_salvaged("../copy");
}
END_TEST

/* Nobody can tell where it would be. */
START_TEST(where_one_is_may_be_gone)
{
    ck_assert_int_eq(mkdir("gone", 0700), 0);
    ck_assert_int_eq(chdir("gone"), 0);
    ck_assert_int_eq(rmdir("../gone"), 0);
    ck_assert_int_eq(salvage(home(), "copy"), ENOENT);
}
END_TEST

START_TEST(a_path_may_be_too_long)
{
    char path[2 * PATH_MAX];

    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    ck_assert_int_eq(salvage("journal", path), ENAMETOOLONG);
    ck_assert_int_eq(salvage(path, "copy"), ENAMETOOLONG);
    for (size_t i = 0; i < sizeof(path); i += 2)
        memcpy(path + i, "./", 2);
    path[PATH_MAX - 2] = '\0';
    ck_assert_int_eq(salvage("journal", path), JOURNAL_EXISTS);
}
END_TEST

/* ... nor is it waited for. */
START_TEST(what_is_no_file_has_no_entries)
{
    (void)unlink("journal/tail");
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(unlink("journal/data.mdb"), 0);
        ck_assert_int_eq(i == 0   ? mkfifo("journal/data.mdb", 0600)
                         : i == 1 ? symlink("/dev/null", "journal/data.mdb")
                                  : symlink("/", "journal/data.mdb"),
                         0);
        ck_assert_int_eq(salvage("journal", "copy"), JOURNAL_NOT_FOUND);
        ck_assert_int_eq(mkdir("journal/tail", 0700), 0);
        ck_assert_int_eq(salvage("journal", "copy"), JOURNAL_CORRUPT);
        ck_assert_int_eq(rmdir("journal/tail"), 0);
        ck_assert_int_eq(mkfifo("journal/tail", 0600), 0);
        ck_assert_int_eq(salvage("journal", "copy"), JOURNAL_CORRUPT);
        ck_assert_int_eq(unlink("journal/tail"), 0);
        ck_assert(!exists(test_path("copy")));
    }
}
END_TEST

START_TEST(a_report_with_what_is_not_known_is_refused)
{
    struct {
        struct journal_report report;
        uint64_t more;
    } larger = {{.struct_size = sizeof(larger)}, 1};

    ck_assert_int_eq(journal_salvage("journal", "copy", &larger.report, NULL,
                                     NULL),
                     EINVAL);
    larger.more = 0;
    ck_assert_int_eq(journal_salvage("journal", "copy", &larger.report, NULL,
                                     NULL),
                     0);
    ck_assert_uint_eq(larger.report.salvaged, ENTRIES);
    assert_salvaged("copy");
}
END_TEST

static void
salvage_unwritable(void *unused)
{
    (void)unused;
    if (!give_up_privileges()) {
        skip("may not give up privileges");
        return;
    }
    ck_assert_int_eq(salvage("journal", "copy"), 0);
    ck_assert_uint_eq(mode_of("copy/data.mdb") & 0777, 0444);
}

/* As from a medium that nobody can write to. */
START_TEST(what_has_no_write_permission_is_salvaged)
{
    ck_assert_int_eq(chmod("journal/data.mdb", 0444), 0);
    ck_assert_int_eq(chmod("journal", 0555), 0);
    in_child(salvage_unwritable, NULL);
    ck_assert_int_eq(chmod("journal", 0755), 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("salvage_path");
    TCase *tcase = tcase_create("salvage_path");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_test(tcase, a_target_may_be_written_in_any_way);
    tcase_add_test(tcase, a_journal_is_not_salvaged_into_itself);
    tcase_add_test(tcase, where_one_is_may_be_gone);
    tcase_add_test(tcase, a_path_may_be_too_long);
    tcase_add_test(tcase, what_is_no_file_has_no_entries);
    tcase_add_test(tcase, a_report_with_what_is_not_known_is_refused);
    tcase_add_test(tcase, what_has_no_write_permission_is_salvaged);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
