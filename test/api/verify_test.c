/* verify_test.c - journal_verify(): all is well, or what is not. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/steps.h"
#include "support/fast_dir.h"

#define PAGE 4096u

static void
assert_sound_in(struct journal *in)
{
    struct journal_report report = new_report();

    ck_assert_int_eq(journal_verify(in, &report, NULL, NULL), 0);
    assert_clean(&report);
    ck_assert_uint_eq(report.entries_checked, figures(in).entries);
}

/* ---- all is well --------------------------------------------------------- */

START_TEST(an_empty_journal_is_sound)
{
    assert_sound_in(journal);
    reopen();
    assert_sound_in(journal);
}
END_TEST

START_TEST(a_journal_is_sound_with_a_tail_and_without)
{
    append_numbered(rounds(3000, 300), 100);
    append(NULL, "without a key");
    erase("key 5");
    assert_sound_in(journal);
    reopen();
    assert_sound_in(journal);
    append("key 7", "more");
    append("key 5", "again");
    erase("key 7");
    assert_sound_in(journal);
}
END_TEST

START_TEST(it_is_sound_through_read_only_handles)
{
    struct journal *other;

    append_numbered(500, 7);
    other = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    assert_sound_in(other);
    journal_close(other);
    journal_close(journal);
    journal = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    assert_sound_in(journal);
    other = open_path(home(), JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE);
    assert_sound_in(other);
    journal_close(other);
}
END_TEST

static void
leave_a_tail(void *context)
{
    (void)context;
    journal = open_path(home(), 0);
    append_numbered(300, 7);
    _exit(0);
}

START_TEST(it_is_sound_after_the_death_of_a_writer)
{
    struct journal_report report = new_report();
    struct journal_stat before;

    journal_close(journal);
    journal = NULL;
    in_child(leave_a_tail, NULL);
    journal = open_path(home(),
                        JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE);
    assert_sound_in(journal);
    journal_close(journal);
    journal = open_path(home(), 0);
    before = figures(journal);
    ck_assert_int_eq(journal_verify(journal, &report, NULL, NULL), 0);
    ck_assert_uint_eq(report.entries_checked, 300);
    ck_assert_uint_eq(report.tail_records > 0, before.tail_bytes_used > 0);
    ck_assert_uint_eq(report.tail_bytes_discarded, 0);
    assert_as_before(&before);
}
END_TEST

START_TEST(what_is_pruned_compacted_and_rewound_is_sound)
{
    append_numbered(2000, 50);
    ck_assert_int_eq(journal_prune(journal, 300, 0, NULL), 0);
    assert_sound_in(journal);
    ck_assert_int_eq(journal_prune(journal, 1000, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    assert_sound_in(journal);
    ck_assert_int_eq(journal_mark(journal, "reader", 1700), 0);
    ck_assert_int_eq(journal_rewind(journal, 1500), 0);
    assert_sound_in(journal);
    append_numbered(100, 13);
    assert_sound_in(journal);
    ck_assert_int_eq(journal_prune(journal, JOURNAL_NONE,
                                   JOURNAL_PRUNE_PAST_MARKS, NULL),
                     0);
    assert_sound_in(journal);
}
END_TEST

/* ---- arguments ----------------------------------------------------------- */

START_TEST(arguments_are_looked_at)
{
    struct {
        struct journal_report report;
        char more[16];
    } large;
    struct journal_report report = new_report();

    ck_assert_int_eq(journal_verify(NULL, &report, NULL, NULL), EINVAL);
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), 0);
    report.struct_size = sizeof(report) - 1;
    ck_assert_int_eq(journal_verify(journal, &report, NULL, NULL), EINVAL);
    report.struct_size = 0;
    ck_assert_int_eq(journal_verify(journal, &report, NULL, NULL), EINVAL);
    memset(&large, 0, sizeof(large));
    large.report.struct_size = sizeof(large);
    ck_assert_int_eq(journal_verify(journal, &large.report, NULL, NULL), 0);
    ck_assert_uint_eq(large.report.struct_size, sizeof(large));
    large.more[15] = 1;
    ck_assert_int_eq(journal_verify(journal, &large.report, NULL, NULL),
                     EINVAL);
}
END_TEST

static void
verify_in_child(void *context)
{
    (void)context;
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), JOURNAL_FORKED);
}

START_TEST(a_handle_from_before_a_fork_is_told)
{
    in_child(verify_in_child, NULL);
}
END_TEST

struct told {
    unsigned calls;
    unsigned stop_at; /* which call is to be the last */
    uint64_t done;
    uint64_t total;
};

static int
on_progress(void *context, uint64_t done, uint64_t total)
{
    struct told *told = context;

    ck_assert_uint_le(done, total);
    ck_assert_uint_ge(done, told->done);
    ck_assert_uint_ge(total, told->total);
    told->done = done;
    told->total = total;
    return ++told->calls == told->stop_at;
}

START_TEST(progress_rises_to_the_end)
{
    struct told told = {0};
    char value[4000];

    memset(value, 'v', sizeof(value));
    for (unsigned i = 0; i < 2500; i++)
        ck_assert_int_eq(journal_append(journal, "k", 1, value, sizeof(value),
                                        NULL),
                         0);
    reopen();
    ck_assert_int_eq(journal_verify(journal, NULL, on_progress, &told), 0);
    ck_assert_uint_gt(told.calls, 1);
    ck_assert_uint_gt(told.total, 2500);
    ck_assert_uint_eq(told.done, told.total);
}
END_TEST

START_TEST(whoever_is_told_of_progress_may_stop_it)
{
    struct told told = {.stop_at = 1};
    struct journal_report report = new_report(), before = report;
    unsigned files = descriptors();

    append_numbered(100, 3);
    ck_assert_int_eq(journal_verify(journal, &report, on_progress, &told),
                     ECANCELED);
    ck_assert_uint_eq(told.calls, 1);
    ck_assert_mem_eq(&report, &before, sizeof(report));
    ck_assert_uint_eq(descriptors(), files);
    assert_sound_in(journal);
}
END_TEST

/* ---- damage -------------------------------------------------------------- */

static int data_file;

static void
setup_closed(void)
{
    setup_journal();
    append_numbered(2000, 40);
    reopen();
    data_file = open(test_path("journal/data.mdb"), O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(data_file, 0);
}

static void
teardown_closed(void)
{
    close(data_file);
    teardown_journal();
}

/* Changes TEXT in a file, where it is the WHICH-th time, or wherever it is. */
static void
spoil(const char *path, const char *text, unsigned which)
{
    struct bytes all = bytes_of(path);
    size_t size = strlen(text);
    char *at = all.data;
    unsigned count = 0;

    while ((at = memmem(at, all.size - (size_t)(at - all.data), text, size)) !=
           NULL) {
        count++;
        if (which == 0 || count == which)
            *at = (char)~*at;
        at++;
    }
    ck_assert_uint_ge(count, which + (which == 0));
    write_bytes(path, all.data, all.size);
    free(all.data);
}

START_TEST(a_damaged_entry_is_counted_and_named)
{
    struct journal_report report = new_report();

    append("key", "this is to be damaged");
    append("key", "this is not");
    reopen();
    /* Older copies of the page may be about. */
    spoil(test_path("journal/data.mdb"), "this is to be damaged", 0);
    ck_assert_int_eq(journal_verify(journal, &report, NULL, NULL),
                     JOURNAL_CORRUPT);
    ck_assert_uint_eq(report.entries_checked, 2002);
    ck_assert_uint_eq(report.entries_bad, 1);
    ck_assert_uint_eq(report.first_bad, 2000);
    ck_assert_uint_eq(report.index_bad + report.links_bad + report.pages_bad,
                      0);
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL),
                     JOURNAL_CORRUPT);
    assert_value("key", "this is not");
}
END_TEST

struct damage {
    off_t offset;
    size_t size;
    char before[2 * PAGE];
};

static void
remember(struct damage *damage, off_t offset, size_t size)
{
    damage->offset = offset;
    damage->size = size;
    ck_assert_int_eq(pread(data_file, damage->before, size, offset), size);
}

static void
undo(const struct damage *damage)
{
    ck_assert_int_eq(pwrite(data_file, damage->before, damage->size,
                            damage->offset),
                     damage->size);
}

/* Bytes changed, a sector of zeros, a page in another's place, or half one. */
static void
do_damage(struct damage *damage, uint64_t *chance, uint64_t pages)
{
    off_t page = (off_t)((2 + test_random(chance) % (pages - 2)) * PAGE);
    off_t other = (off_t)((2 + test_random(chance) % (pages - 2)) * PAGE);
    char bytes[PAGE];

    remember(damage, page, PAGE);
    switch (test_random(chance) % 4) {
    case 0:
        memcpy(bytes, damage->before, PAGE);
        for (uint64_t i = test_random(chance) % 4 + 1; i > 0; i--)
            bytes[test_random(chance) % PAGE] ^= (char)(1 +
                                                        test_random(chance) %
                                                            255);
        break;
    case 1:
        memcpy(bytes, damage->before, PAGE);
        memset(bytes + test_random(chance) % 8 * 512, 0, 512);
        break;
    case 2:
        ck_assert_int_eq(pread(data_file, bytes, PAGE, other), PAGE);
        break;
    default:
        ck_assert_int_eq(pread(data_file, bytes, PAGE / 2, other), PAGE / 2);
        memcpy(bytes + PAGE / 2, damage->before + PAGE / 2, PAGE / 2);
    }
    ck_assert_int_eq(pwrite(data_file, bytes, PAGE, page), PAGE);
}

START_TEST(whatever_is_damaged_is_reported_and_crashes_nothing)
{
    uint64_t chance = test_seed(), before = figures(journal).entries;
    uint64_t pages = (uint64_t)lseek(data_file, 0, SEEK_END) / PAGE;
    unsigned found = 0, count = rounds(400, 40);

    for (unsigned i = 0; i < count; i++) {
        struct journal_report report = new_report();
        struct damage damage;
        int rc;

        do_damage(&damage, &chance, pages);
        rc = journal_verify(journal, &report, NULL, NULL);
        ck_assert(rc == 0 || rc == JOURNAL_CORRUPT);
        if (rc == 0)
            assert_clean(&report);
        /* What verify finds sound can be read. */
        if (rc == 0)
            ck_assert_uint_eq(assert_no_gap(journal), before);
        found += rc != 0;
        undo(&damage);
    }
    ck_assert_uint_gt(found, count / 4);
    assert_sound_in(journal);
}
END_TEST

START_TEST(a_file_cut_short_is_reported)
{
    struct bytes all = bytes_of(test_path("journal/data.mdb"));

    for (size_t pages = 2; pages < all.size / PAGE; pages += 3) {
        struct journal_report report = new_report();

        ck_assert_int_eq(ftruncate(data_file, (off_t)(pages * PAGE + 100)), 0);
        ck_assert_int_eq(journal_verify(journal, &report, NULL, NULL),
                         JOURNAL_CORRUPT);
        ck_assert_uint_gt(report.pages_bad, 0);
        ck_assert_uint_gt(report.entries_bad + report.index_bad, 0);
        ck_assert_int_eq(pwrite(data_file, all.data, all.size, 0), all.size);
    }
    free(all.data);
    assert_sound_in(journal);
}
END_TEST

START_TEST(damaged_meta_pages_are_reported)
{
    uint64_t chance = test_seed();

    for (unsigned i = 0; i < rounds(200, 20); i++) {
        struct journal_report report = new_report();
        struct damage damage;
        char byte;
        off_t at = (off_t)(test_random(&chance) % (16 + 136));
        int rc;

        remember(&damage, 0, sizeof(damage.before));
        byte = (char)(damage.before[at] ^ (1 << test_random(&chance) % 8));
        if (_i == 1) /* both */
            ck_assert_int_eq(pwrite(data_file, &byte, 1, at), 1);
        at += PAGE;
        byte = (char)(damage.before[at] ^ (1 << test_random(&chance) % 8));
        ck_assert_int_eq(pwrite(data_file, &byte, 1, at), 1);
        rc = journal_verify(journal, &report, NULL, NULL);
        ck_assert(rc == 0 || rc == JOURNAL_CORRUPT);
        if (rc == 0)
            assert_clean(&report);
        else
            ck_assert_uint_gt(report.pages_bad, 0);
        undo(&damage);
    }
    assert_sound_in(journal);
}
END_TEST

static struct bytes tail;
static int tail_file;

/*
 * Entries 2002 to 2101 are in the ring; false if there is none.  The first two
 * of a process are not.
 */
static bool
have_tail(void)
{
    append("one", "and");
    append("two", "more");
    for (unsigned i = 0; i < 100; i++)
        append("tail", "a value that lies in the ring");
    if (figures(journal).tail_bytes_used == 0) {
        skip("there is no tail");
        return false;
    }
    tail = bytes_of(test_path("journal/tail"));
    tail_file = open(test_path("journal/tail"), O_RDWR | O_CLOEXEC);
    return true;
}

static void
restore_tail(void)
{
    ck_assert_int_eq(pwrite(tail_file, tail.data, tail.size, 0), tail.size);
    assert_sound_in(journal);
}

static void
assert_damaged(uint64_t entries, uint64_t pages, uint64_t first)
{
    struct journal_report report = new_report();

    ck_assert_int_eq(journal_verify(journal, &report, NULL, NULL),
                     JOURNAL_CORRUPT);
    ck_assert_uint_eq(report.entries_bad, entries);
    ck_assert_uint_eq(report.pages_bad, pages);
    ck_assert_uint_eq(report.first_bad, first);
    ck_assert_uint_eq(report.index_bad + report.links_bad, 0);
}

START_TEST(damage_to_the_tail_is_reported)
{
    if (!have_tail())
        return;
    spoil(test_path("journal/tail"), "a value that lies", 51);
    assert_damaged(1, 0, 2052);
    spoil(test_path("journal/tail"), "a value that lies", 99);
    assert_damaged(2, 0, 2052);
    restore_tail();
    spoil(test_path("journal/tail"), "a value that lies", 100);
    assert_damaged(1, 0, 2101);
    restore_tail();
    ck_assert_int_eq(pwrite(tail_file, "x", 1, 40), 1);
    assert_damaged(0, 1, JOURNAL_NONE);
    restore_tail();
    /* How many there were nobody knows then. */
    ck_assert_int_eq(ftruncate(tail_file, 0), 0);
    assert_damaged(1, 1, 2002);
    restore_tail();
    ck_assert_int_eq(rename(test_path("journal/tail"), test_path("away")), 0);
    assert_damaged(1, 1, 2002);
    ck_assert_int_eq(rename(test_path("away"), test_path("journal/tail")), 0);
    restore_tail();
    close(tail_file);
    free(tail.data);
}
END_TEST

/* ... and nobody is waited for. */
START_TEST(what_is_no_file_in_place_of_the_tail_is_reported)
{
    const char *path = test_path("journal/tail");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int file = socket(AF_UNIX, SOCK_STREAM, 0);

    if (!have_tail())
        return;
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    ck_assert_int_eq(rename(path, test_path("away")), 0);
    for (unsigned i = 0; i < 5; i++) {
        if (i == 0)
            ck_assert_int_eq(mkfifo(path, 0600), 0);
        else if (i == 1)
            ck_assert_int_eq(mkdir(path, 0700), 0);
        else if (i == 2)
            ck_assert_int_eq(symlink("tail", path), 0);
        else if (i == 3)
            ck_assert_int_eq(symlink("/dev/null", path), 0);
        else
            ck_assert_int_eq(bind(file, (struct sockaddr *)&address,
                                  sizeof(address)),
                             0);
        assert_damaged(1, 1, 2002);
        ck_assert_int_eq(remove(path), 0);
    }
    ck_assert_int_eq(rename(test_path("away"), path), 0);
    restore_tail();
    close(file);
    close(tail_file);
    free(tail.data);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("verify");
    TCase *sound = tcase_create("sound"), *damaged = tcase_create("damaged");

    tcase_add_unchecked_fixture(sound, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(sound, setup_journal, teardown_journal);
    tcase_set_timeout(sound, 60);
    tcase_add_test(sound, an_empty_journal_is_sound);
    tcase_add_test(sound, a_journal_is_sound_with_a_tail_and_without);
    tcase_add_test(sound, it_is_sound_through_read_only_handles);
    tcase_add_test(sound, it_is_sound_after_the_death_of_a_writer);
    tcase_add_test(sound, what_is_pruned_compacted_and_rewound_is_sound);
    tcase_add_test(sound, arguments_are_looked_at);
    tcase_add_test(sound, a_handle_from_before_a_fork_is_told);
    tcase_add_test(sound, progress_rises_to_the_end);
    tcase_add_test(sound, whoever_is_told_of_progress_may_stop_it);
    suite_add_tcase(suite, sound);
    tcase_add_unchecked_fixture(damaged, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(damaged, setup_closed, teardown_closed);
    tcase_set_timeout(damaged, 60);
    tcase_add_test(damaged, a_damaged_entry_is_counted_and_named);
    tcase_add_test(damaged,
                   whatever_is_damaged_is_reported_and_crashes_nothing);
    tcase_add_test(damaged, a_file_cut_short_is_reported);
    tcase_add_loop_test(damaged, damaged_meta_pages_are_reported, 0, 2);
    tcase_add_test(damaged, damage_to_the_tail_is_reported);
    tcase_add_test(damaged, what_is_no_file_in_place_of_the_tail_is_reported);
    suite_add_tcase(suite, damaged);
    return suite;
}

TEST_MAIN(suite)
