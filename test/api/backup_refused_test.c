/* backup_refused_test.c - journal_backup() where there can be no backup. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/backups.h"
#include "api/kinds.h"
#include "api/room.h"
#include "support/chance.h"
#include "support/fast_dir.h"

/* ---- what cannot be ------------------------------------------------------ */

START_TEST(mistakes_are_told)
{
    ck_assert_int_eq(journal_backup(NULL, target(), 0, NULL, NULL), EINVAL);
    ck_assert_int_eq(journal_backup(journal, NULL, 0, NULL, NULL), EINVAL);
    ck_assert_int_eq(journal_backup(journal, "", 0, NULL, NULL), EINVAL);
    ck_assert_int_eq(journal_backup(journal, target(), 1, NULL, NULL), EINVAL);
    ck_assert_int_eq(journal_backup(journal, target(), UINT32_MAX, NULL, NULL),
                     EINVAL);
    ck_assert(!exists(target()));
}
END_TEST

static void
back_up_in_child(void *unused)
{
    (void)unused;
    ck_assert_int_eq(back_up(target()), JOURNAL_FORKED);
    ck_assert(!exists(target()));
}

START_TEST(a_child_cannot_use_what_it_inherited)
{
    in_child(back_up_in_child, NULL);
    ck_assert_int_eq(back_up(target()), 0);
}
END_TEST

/* Each page in turn, a byte of it, in a journal that can be opened then. */
START_TEST(of_damage_there_is_no_backup)
{
    unsigned refused = 0;
    struct bytes good;

    append_any(journal, 300, 0);
    append_megabytes(1);
    journal_close(journal);
    journal = NULL;
    good = bytes_of(test_path("journal/data.mdb"));
    for (size_t page = 2; page < good.size / 4096; page++) {
        size_t at = page * 4096 + 16 + below(4000);
        int rc;

        good.data[at] ^= 0x20;
        write_bytes(test_path("journal/data.mdb"), good.data, good.size);
        good.data[at] ^= 0x20;
        rc = journal_open(home(), NULL, &journal);
        if (rc == 0)
            rc = back_up(target());
        ck_assert_msg(rc == 0 || rc == JOURNAL_CORRUPT, "page %zu: %s", page,
                      journal_errname(rc));
        journal_close(journal);
        journal = NULL;
        refused += rc == JOURNAL_CORRUPT;
        ck_assert_int_eq(exists(target()), rc == 0);
        ck_assert(!exists(test_path("backup.partial")));
        /* A byte that nobody uses, or a free page. */
        if (rc == 0)
            ck_assert_int_eq(journal_destroy(target()), 0);
    }
    ck_assert_uint_gt(refused * 2, good.size / 4096);
    free(good.data);
}
END_TEST

/* The file that is open, which write_bytes() would cut. */
static void
overwrite(const struct bytes *bytes)
{
    int file = open(test_path("journal/data.mdb"), O_WRONLY | O_CLOEXEC);

    ck_assert_int_eq(pwrite(file, bytes->data, 2 * 4096, 0), 2 * 4096);
    close(file);
}

/* The page that says where all is, and the one before, of an open journal. */
START_TEST(of_a_damaged_meta_page_there_is_no_backup)
{
    struct bytes good;

    append_any(journal, 300, 0);
    reopen();
    good = bytes_of(test_path("journal/data.mdb"));
    for (unsigned pages = 1; pages < 4; pages++) {
        struct bytes bad = bytes_of(test_path("journal/data.mdb"));
        int rc;

        for (size_t page = 0; page < 2; page++)
            if ((pages >> page & 1) != 0)
                bad.data[page * 4096 + 16] = 'x';
        overwrite(&bad);
        rc = back_up(target());
        ck_assert_msg(rc == JOURNAL_CORRUPT, "pages %u: %s", pages,
                      journal_errname(rc));
        ck_assert(!exists(target()));
        overwrite(&good);
        free(bad.data);
    }
    free(good.data);
    ck_assert_int_eq(back_up(target()), 0);
}
END_TEST

static void
back_up_to_full_disk(void *unused)
{
    struct bytes before;

    (void)unused;
    if (!have_disk(3 << 20))
        return;
    /* What was inherited is not used. */
    journal_close(journal);
    journal = open_path(home(), 0);
    before = picture_of(test_path("disk"));
    ck_assert_int_eq(back_up(test_path("disk/backup")), JOURNAL_FULL);
    assert_picture(test_path("disk"), &before);
    before = picture_of(test_path("disk"));
    /* The empty directory that a disk is. */
    ck_assert_int_eq(back_up(test_path("disk")), JOURNAL_FULL);
    assert_picture(test_path("disk"), &before);
    prune_before(45);
    ck_assert_int_eq(back_up(test_path("disk")), 0);
    ck_assert_int_eq(result_of_open(test_path("disk"), JOURNAL_OPEN_READ_ONLY),
                     0);
    journal_close(journal);
}

START_TEST(a_full_disk_is_told_and_left_as_it_was)
{
    append_megabytes(5);
    in_child(back_up_to_full_disk, NULL);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("backup_refused");
    TCase *tcase = tcase_create("backup_refused");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, mistakes_are_told);
    tcase_add_test(tcase, a_child_cannot_use_what_it_inherited);
    tcase_add_test(tcase, of_damage_there_is_no_backup);
    tcase_add_test(tcase, of_a_damaged_meta_page_there_is_no_backup);
    tcase_add_test(tcase, a_full_disk_is_told_and_left_as_it_was);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
