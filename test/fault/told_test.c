/*
 * told_test.c - what a failed call is told as, and what goes on after it.
 *
 * A flush of the tail that found no room was told as JOURNAL_FULL, "nothing was
 * appended", and the entry was there when the journal was opened again.  A
 * write that failed while a large group moved the tail along left the handle
 * working, against its word.  Where LMDB could not be opened again after a
 * failed commit reads ended for good.  And what journal_destroy() could not
 * remove it passed over.
 */
#include <errno.h>
#include <journal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault/faults.h"
#include "support/mode.h"
#include "support/test.h"

#define ENTRIES 5u
#define CALLS_MAX 200u

static const char *
home(void)
{
    return test_path("journal");
}

static struct journal *
open_home(void)
{
    struct journal *journal = NULL;
    struct journal_options options;

    journal_options_init(&options);
    options.tail_bytes = 65536;
    ck_assert_int_eq(mode_open_as_is(home(), &options, &journal), 0);
    return journal;
}

static struct journal *
open_with_entries(void)
{
    struct journal *journal = open_home();

    for (unsigned i = 0; i < ENTRIES; i++)
        ck_assert_int_eq(journal_append(journal, "key", 3, "value", 5, NULL),
                         0);
    return journal;
}

static uint64_t
size_of(struct journal *journal)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    return stat.size;
}

/* Nothing can be written; afterwards SIZE entries, or one less, are there. */
static void
assert_failed(struct journal *journal, uint64_t size)
{
    struct journal_entry *entry = NULL;
    uint64_t left;

    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL),
                     JOURNAL_FAILED);
    ck_assert_int_eq(journal_get(journal, "key", 3, &entry), 0);
    journal_entry_free(entry);
    journal_close(journal);
    journal = open_home();
    left = size_of(journal);
    ck_assert(left == size || left == size - 1);
    journal_close(journal);
}

START_TEST(a_flush_that_finds_no_room_leaves_it_unknown)
{
    struct journal *journal = open_with_entries();

    faults_arm(home(), FAULT_SYNC, 1, ENOSPC, FAULT_BEFORE, false);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), ENOSPC);
    ck_assert(faults_hit());
    faults_disarm();
    assert_failed(journal, ENTRIES + 1);
}
END_TEST

START_TEST(a_sync_that_finds_no_room_fails_the_journal)
{
    struct journal_options options;
    struct journal *journal = NULL;

    journal_options_init(&options);
    options.durability = JOURNAL_RELAXED;
    ck_assert_int_eq(mode_open_as_is(home(), &options, &journal), 0);
    for (unsigned i = 0; i < ENTRIES; i++)
        ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), 0);
    faults_arm(home(), FAULT_SYNC, 1, ENOSPC, FAULT_BEFORE, false);
    ck_assert_int_eq(journal_sync(journal), ENOSPC);
    ck_assert(faults_hit());
    faults_disarm();
    assert_failed(journal, ENTRIES);
}
END_TEST

START_TEST(whatever_errno_an_append_gives_the_journal_has_failed)
{
    static char value[40000];
    struct journal *journal;

    for (unsigned n = 1;; n++) {
        int rc;

        journal = open_with_entries();
        /* Too large for the tail, whose entries are moved by its commit. */
        faults_arm(home(), FAULT_WRITE | FAULT_MSYNC, n, EIO, FAULT_BEFORE,
                   false);
        rc = journal_append(journal, "key", 3, value, sizeof(value), NULL);
        faults_disarm();
        if (!faults_hit())
            break;
        ck_assert_msg(rc == EIO, "call %u: %s", n, journal_errname(rc));
        assert_failed(journal, ENTRIES + 1);
        ck_assert_int_eq(journal_destroy(home()), 0);
    }
    journal_close(journal);
}
END_TEST

/* Nor can the file be opened again while the system finds nothing. */
START_TEST(reads_go_on_as_soon_as_the_file_can_be_opened_again)
{
    static char value[40000];
    unsigned ended = 0;

    for (unsigned n = 1; n < CALLS_MAX; n++) {
        struct journal *journal = open_with_entries();
        struct journal_entry *entry = NULL;
        bool hit;
        int rc;

        faults_arm(home(), FAULT_WRITE | FAULT_LOOK, n, EIO, FAULT_BEFORE,
                   true);
        (void)journal_append(journal, "key", 3, value, sizeof(value), NULL);
        hit = faults_hit();
        rc = journal_get(journal, "key", 3, &entry);
        ended += rc == JOURNAL_FAILED;
        if (rc == 0)
            journal_entry_free(entry);
        faults_disarm();
        ck_assert_int_eq(journal_get(journal, "key", 3, &entry), 0);
        journal_entry_free(entry);
        journal_close(journal);
        ck_assert_int_eq(journal_destroy(home()), 0);
        if (!hit)
            break;
    }
    ck_assert_uint_gt(ended, 0);
}
END_TEST

START_TEST(what_cannot_be_removed_is_told)
{
    unsigned n = 1;

    for (;; n++) {
        struct stat status;
        int rc;

        journal_close(open_with_entries());
        faults_arm(home(), FAULT_NAME, n, EIO, FAULT_BEFORE, false);
        rc = journal_destroy(home());
        faults_disarm();
        if (!faults_hit())
            break;
        /* An empty directory is in nobody's way. */
        if (stat(test_path("journal/journal.lock"), &status) == 0)
            ck_assert_msg(rc != 0, "call %u was passed over", n);
        journal_close(open_home());
        ck_assert_int_eq(journal_destroy(home()), 0);
    }
    ck_assert_uint_gt(n, 4);
    ck_assert_int_ne(access(home(), F_OK), 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("told");
    TCase *tcase = tcase_create("told");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, a_flush_that_finds_no_room_leaves_it_unknown);
    tcase_add_test(tcase, a_sync_that_finds_no_room_fails_the_journal);
    tcase_add_test(tcase,
                   whatever_errno_an_append_gives_the_journal_has_failed);
    tcase_add_test(tcase, reads_go_on_as_soon_as_the_file_can_be_opened_again);
    tcase_add_test(tcase, what_cannot_be_removed_is_told);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
