/* backup_test.c - journal_backup(): what is in a backup, and its progress. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "api/backups.h"
#include "api/kinds.h"
#include "api/same.h"
#include "support/chance.h"
#include "support/fast_dir.h"

/* ---- what is in it ------------------------------------------------------- */

/* A backup of what OF is a handle of, compared with that. */
static void
assert_backup(struct journal *of)
{
    struct journal *copy;

    ck_assert_int_eq(journal_backup(of, target(), 0, NULL, NULL), 0);
    copy = open_path(target(), JOURNAL_OPEN_READ_ONLY);
    assert_same_journal(of, copy);
    journal_close(copy);
    ck_assert_int_eq(journal_destroy(target()), 0);
    ck_assert(!exists(target()));
}

START_TEST(a_backup_is_the_same_journal)
{
    struct journal *reader;

    make_kind(_i);
    assert_backup(journal);
    reader = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    assert_backup(reader);
    journal_close(journal);
    assert_backup(reader);
    journal_close(reader);
    reader = open_path(home(), JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE);
    assert_backup(reader);
    journal_close(reader);
    journal = open_path(home(), 0);
    assert_backup(journal);
}
END_TEST

/* Links, stamps and numbers go on as in the source. */
/* Nothing of what is recent has a key. */
START_TEST(a_backup_without_new_keys_is_the_same_journal)
{
    struct journal *copy;

    append("key", "value");
    reopen();
    for (unsigned i = 0; i < 20; i++)
        append(NULL, "value");
    ck_assert_int_eq(journal_backup(journal, test_path("backup"), 0, NULL,
                                    NULL),
                     0);
    copy = open_path(test_path("backup"), 0);
    assert_same_journal(journal, copy);
    journal_close(copy);
}
END_TEST

START_TEST(a_backup_goes_on_as_its_source_does)
{
    uint64_t size, choice;
    struct journal *copy;

    make_kind(_i);
    size = figures(journal).size;
    ck_assert_int_eq(back_up(target()), 0);
    copy = open_path(target(), 0);
    choice = 1 + below(UINT64_MAX - 1);
    append_any(journal, 200, choice);
    append_any(copy, 200, choice);
    for (uint64_t seq = size; seq < size + 200; seq++) {
        struct journal_entry *a, *b;

        ck_assert_int_eq(journal_read(journal, seq, &a), 0);
        ck_assert_int_eq(journal_read(copy, seq, &b), 0);
        b->time = a->time;
        assert_same_entry(a, b);
        journal_entry_free(a);
        journal_entry_free(b);
    }
    ck_assert_int_eq(journal_rewind(copy, size), 0);
    ck_assert_int_eq(journal_rewind(journal, size), 0);
    /* Of nothing, time does not go back. */
    if (figures(journal).entries > 0)
        assert_same_journal(journal, copy);
    journal_close(copy);
}
END_TEST

START_TEST(a_backup_of_a_backup_is_the_same_file)
{
    struct journal *copy;
    struct bytes first, second;

    append_any(journal, 1500, 0);
    ck_assert_int_eq(back_up(target()), 0);
    copy = open_path(target(), JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE);
    ck_assert_int_eq(journal_backup(copy, test_path("again"), 0, NULL, NULL),
                     0);
    journal_close(copy);
    first = bytes_of(test_path("backup/data.mdb"));
    second = bytes_of(test_path("again/data.mdb"));
    ck_assert_uint_eq(first.size, second.size);
    ck_assert_mem_eq(first.data + 8192, second.data + 8192, first.size - 8192);
    free(first.data);
    free(second.data);
}
END_TEST

START_TEST(a_backup_is_compact_and_closed)
{
    struct stat before, after;

    append_numbered(20000, 1000);
    prune_before(19000);
    ck_assert_int_eq(back_up(target()), 0);
    ck_assert_int_eq(stat(test_path("journal/data.mdb"), &before), 0);
    ck_assert_int_eq(stat(test_path("backup/data.mdb"), &after), 0);
    ck_assert_int_lt(after.st_size * 4, before.st_size);
    ck_assert(!exists(test_path("backup/tail")));
    ck_assert(!exists(test_path("backup/lock.mdb")));
    ck_assert(!exists(test_path("backup/data.mdb.partial")));
    ck_assert(!exists(test_path("backup.partial")));
}
END_TEST

START_TEST(a_backup_has_the_modes_of_its_source)
{
    struct journal_options options = options_with(0);

    journal_close(journal);
    options.mode = 0604;
    ck_assert_int_eq(journal_open(test_path("other"), &options, &journal), 0);
    ck_assert_int_eq(back_up(target()), 0);
    ck_assert_uint_eq(mode_of(test_path("backup/data.mdb")) & 0777, 0604);
    ck_assert_uint_eq(mode_of(target()) & 0777, 0705);
}
END_TEST

START_TEST(the_source_is_left_alone)
{
    struct bytes before;
    struct journal *reader;

    append_any(journal, 1500, 0);
    journal_close(journal);
    journal = NULL;
    before = picture_of(home());
    reader = open_path(home(), JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE);
    ck_assert_int_eq(journal_backup(reader, target(), 0, NULL, NULL), 0);
    journal_close(reader);
    assert_picture(home(), &before);
}
END_TEST

START_TEST(nothing_stays_open)
{
    unsigned before;

    append_any(journal, 1500, 0);
    ck_assert_int_eq(back_up(test_path("first")), 0);
    before = descriptors();
    ck_assert_int_eq(back_up(target()), 0);
    ck_assert_int_eq(back_up(target()), JOURNAL_EXISTS);
    ck_assert_uint_eq(descriptors(), before);
}
END_TEST

/* ---- progress ------------------------------------------------------------ */

struct progress {
    unsigned calls;
    unsigned cancel_at; /* 0: never */
    uint64_t done, total;
};

static int
note_progress(void *context, uint64_t done, uint64_t total)
{
    struct progress *progress = context;

    ck_assert_uint_ge(done, progress->done);
    ck_assert_uint_le(done, total);
    if (progress->calls > 0)
        ck_assert_uint_eq(total, progress->total);
    progress->done = done;
    progress->total = total;
    progress->calls++;
    return progress->calls == progress->cancel_at ? -5 : 0;
}

START_TEST(progress_rises_to_the_end)
{
    struct progress progress = {0};

    append_megabytes(20);
    reopen();
    ck_assert_int_eq(journal_backup(journal, target(), 0, note_progress,
                                    &progress),
                     0);
    ck_assert_uint_ge(progress.calls, 4);
    ck_assert_uint_gt(progress.total, 20 * 1000 * 1000);
    ck_assert_uint_eq(progress.done, progress.total);
}
END_TEST

START_TEST(who_cancels_leaves_nothing_behind)
{
    unsigned calls = 0;

    append_megabytes(20);
    reopen();
    for (;;) {
        struct progress progress = {.cancel_at = ++calls};
        struct bytes before = picture_of(test_dir);
        int rc = journal_backup(journal, target(), 0, note_progress, &progress);

        if (rc == 0) {
            free(before.data);
            break;
        }
        ck_assert_int_eq(rc, ECANCELED);
        ck_assert_uint_eq(progress.calls, calls);
        assert_picture(test_dir, &before);
    }
    ck_assert_uint_ge(calls, 4);
    ck_assert_int_eq(result_of_open(target(), 0), 0);
}
END_TEST

static int
use_journal(void *context, uint64_t done, uint64_t total)
{
    (void)context;
    ck_assert_uint_le(done, total);
    append("from progress", "value");
    prune_before(1);
    journal_entry_free(get("from progress"));
    return 0;
}

START_TEST(progress_may_use_the_journal)
{
    struct journal *copy;

    append_megabytes(10);
    ck_assert_int_eq(journal_backup(journal, target(), 0, use_journal, NULL),
                     0);
    copy = open_path(target(), 0);
    ck_assert_uint_eq(figures(copy).entries, 100);
    journal_close(copy);
}
END_TEST

START_TEST(a_snapshot_that_is_lost_is_taken_anew)
{
    struct journal *writer = NULL, *reader, *copy;

    append_megabytes(10);
    journal_close(journal);
    journal = NULL;
    reader = open_small(JOURNAL_OPEN_READ_ONLY);
    ck_assert_int_eq(journal_backup(reader, target(), 0, come_to_write,
                                    &writer),
                     0);
    ck_assert_ptr_nonnull(writer);
    copy = open_path(target(), 0);
    assert_same_journal(reader, copy);
    ck_assert_uint_eq(figures(copy).size, 101);
    journal_close(copy);
    journal_close(reader);
    journal_close(writer);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("backup");
    TCase *tcase = tcase_create("backup");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_loop_test(tcase, a_backup_is_the_same_journal, 0, KINDS);
    tcase_add_test(tcase, a_backup_without_new_keys_is_the_same_journal);
    tcase_add_loop_test(tcase, a_backup_goes_on_as_its_source_does, 0, KINDS);
    tcase_add_test(tcase, a_backup_of_a_backup_is_the_same_file);
    tcase_add_test(tcase, a_backup_is_compact_and_closed);
    tcase_add_test(tcase, a_backup_has_the_modes_of_its_source);
    tcase_add_test(tcase, the_source_is_left_alone);
    tcase_add_test(tcase, nothing_stays_open);
    tcase_add_test(tcase, progress_rises_to_the_end);
    tcase_add_test(tcase, who_cancels_leaves_nothing_behind);
    tcase_add_test(tcase, progress_may_use_the_journal);
    tcase_add_test(tcase, a_snapshot_that_is_lost_is_taken_anew);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
