/* space_test.c - JOURNAL_FULL: a limit or a disk that is full, and after. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/room.h"
#include "support/mode.h"

#define LIMIT (1u << 20)

static void
open_limited(const char *path, uint64_t bytes_max)
{
    struct journal_options options = options_with(0);

    options.bytes_max = bytes_max;
    journal = open_with(path, &options);
}

/* The same with the tail that a limit alone leads to. */
static void
open_by_default(uint64_t bytes_max)
{
    struct journal_options options;

    journal_options_init(&options);
    options.bytes_max = bytes_max;
    ck_assert_int_eq(mode_open_as_is(home(), &options, &journal), 0);
}

static void
setup(void)
{
    test_setup();
    open_limited(home(), LIMIT);
}

/* The bytes that the files of the journal have, or take, if that is more. */
static uint64_t
bytes_on_disk(void)
{
    struct dirent **names;
    struct stat status;
    uint64_t bytes = 0;
    int count = scandir(home(), &names, NULL, NULL);

    ck_assert_int_gt(count, 2);
    for (int i = 0; i < count; i++) {
        char path[300];

        snprintf(path, sizeof(path), "journal/%s", names[i]->d_name);
        ck_assert_int_eq(stat(test_path(path), &status), 0);
        if (S_ISREG(status.st_mode))
            bytes += (uint64_t)status.st_size > (uint64_t)status.st_blocks * 512
                         ? (uint64_t)status.st_size
                         : (uint64_t)status.st_blocks * 512;
        free(names[i]);
    }
    free(names);
    return bytes;
}

START_TEST(bytes_max_ends_in_full)
{
    ck_assert_uint_gt(fill_up(1000), 200);
    ck_assert_uint_le(bytes_on_disk(), LIMIT);
    ck_assert_uint_le(figures(journal).bytes_file, LIMIT);
}
END_TEST

START_TEST(bytes_max_is_made_use_of)
{
    fill_up(1000);
    ck_assert_uint_gt(figures(journal).bytes_logical, LIMIT / 3);
}
END_TEST

/* Each handle's only append goes to the store, beside a tail that is there. */
START_TEST(a_tail_that_nobody_has_opened_counts)
{
    uint64_t limit = 4 * LIMIT;
    int rc = 0;

    journal_close(journal);
    open_limited(home(), limit);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(append_of(10), 0);
    ck_assert_uint_gt(figures(journal).tail_bytes, 0);
    while (rc == 0) {
        journal_close(journal);
        open_limited(home(), limit);
        rc = append_of(20000);
    }
    ck_assert_int_eq(rc, JOURNAL_FULL);
    ck_assert_uint_le(bytes_on_disk(), limit);
}
END_TEST

/* What a handle without a limit has left, and nobody uses, is not needed. */
START_TEST(a_tail_that_is_larger_than_the_limit_goes)
{
    struct journal *reader = NULL;

    journal_close(journal);
    journal_destroy(home());
    open_by_default(0);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(append_of(10), 0);
    ck_assert_uint_gt(bytes_on_disk(), 4 * LIMIT);
    journal_close(journal);
    if (_i == 1) /* in the same process: it is made writable then */
        reader = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    open_by_default(4 * LIMIT);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(append_of(10), 0);
    ck_assert_uint_eq(figures(journal).tail_bytes, 4 * LIMIT / 32);
    ck_assert_uint_le(bytes_on_disk(), 4 * LIMIT);
    ck_assert_uint_eq(figures(journal).size, 6);
    journal_close(reader);
}
END_TEST

/* A process died that was making one. */
START_TEST(a_tail_that_was_being_made_goes)
{
    journal_close(journal);
    write_bytes(test_path("journal/tail.new"), large_value, 100000);
    open_limited(home(), LIMIT);
    ck_assert(!exists(test_path("journal/tail.new")));
}
END_TEST

/* Dies with what it has appended in a tail. */
static void
leave_tail(void *context)
{
    (void)context;
    open_by_default(0);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(append_of(10), 0);
}

/* It may be all there is of what was appended before a crash. */
START_TEST(a_tail_that_is_larger_than_the_limit_stays_while_it_is_needed)
{
    journal_close(journal);
    journal_destroy(home());
    in_child(leave_tail, NULL);
    open_by_default(4 * LIMIT);
    ck_assert_uint_eq(figures(journal).size, 3);
    ck_assert_uint_gt(bytes_on_disk(), 4 * LIMIT);
    journal_close(journal);
    open_by_default(4 * LIMIT);
    ck_assert_uint_eq(figures(journal).size, 3);
    ck_assert_int_eq(append_of(10), 0);
    ck_assert_uint_le(bytes_on_disk(), 4 * LIMIT);
}
END_TEST

START_TEST(a_full_journal_has_appended_nothing_of_what_was_refused)
{
    struct journal_stat before;
    uint64_t seq = 99;

    fill_up(1000);
    before = figures(journal);
    ck_assert_int_eq(journal_append(journal, "new", 3, large_value, 100000,
                                    &seq),
                     JOURNAL_FULL);
    ck_assert_uint_eq(seq, 99);
    assert_as_before(&before);
    assert_absent("new");
    assert_no_gap(journal);
}
END_TEST

START_TEST(a_full_journal_reads_on_and_opens_again)
{
    uint64_t count = fill_up(1000);

    ck_assert_uint_eq(assert_no_gap(journal), count);
    reopen();
    ck_assert_uint_eq(assert_no_gap(journal), count);
}
END_TEST

START_TEST(a_full_journal_is_pruned_and_appended_to_again)
{
    unsigned cycles = rounds(10, 3);

    fill_up(1000);
    for (unsigned i = 0; i < cycles; i++) {
        struct journal_stat stat = figures(journal);
        uint64_t half = stat.first + stat.entries / 2;

        ck_assert_int_eq(journal_prune(journal, half, 0, NULL), 0);
        ck_assert_uint_eq(figures(journal).first, half);
        ck_assert_uint_ge(fill_up(1000), stat.entries / 4);
        ck_assert_uint_le(bytes_on_disk(), LIMIT);
    }
    assert_no_gap(journal);
}
END_TEST

START_TEST(a_full_journal_is_pruned_empty_and_filled_again)
{
    uint64_t count = fill_up(3000);

    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(journal_prune(journal, JOURNAL_NONE, 0, NULL), 0);
        ck_assert_uint_ge(fill_up(3000), count / 2);
    }
    assert_no_gap(journal);
}
END_TEST

START_TEST(a_full_journal_is_pruned_entry_by_entry)
{
    fill_up(1000);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(journal_prune(journal, figures(journal).first + 1, 0,
                                       NULL),
                         0);
    ck_assert_int_eq(append_of(1000), 0);
    assert_no_gap(journal);
}
END_TEST

START_TEST(a_full_journal_may_be_rewound)
{
    uint64_t count = fill_up(1000);

    ck_assert_int_eq(journal_rewind(journal, count / 2), 0);
    ck_assert_uint_ge(fill_up(1000), count / 4);
    assert_no_gap(journal);
}
END_TEST

START_TEST(a_full_journal_that_was_reopened_is_pruned)
{
    uint64_t count = fill_up(1000);

    journal_close(journal);
    open_limited(home(), LIMIT);
    ck_assert_int_eq(append_of(1000), JOURNAL_FULL);
    ck_assert_int_eq(journal_prune(journal, count / 2, 0, NULL), 0);
    ck_assert_uint_ge(fill_up(1000), count / 4);
}
END_TEST

START_TEST(what_never_fits_leaves_room_for_what_does)
{
    struct journal_record records[10];

    for (size_t i = 0; i < COUNT_OF(records); i++) {
        records[i] = record("batch", NULL);
        records[i].value = large_value;
        records[i].value_size = sizeof(large_value);
    }
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(journal_append_batch(journal, records,
                                              COUNT_OF(records), NULL),
                         JOURNAL_FULL);
        ck_assert_int_eq(append_of(1000), 0);
    }
    assert_absent("batch");
    ck_assert_uint_eq(assert_no_gap(journal), 10);
}
END_TEST

START_TEST(bytes_max_belongs_to_the_handle)
{
    struct journal *unlimited = open_path(home(), 0);

    fill_up(1000);
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(journal_append(unlimited, "key", 3, large_value,
                                        100000, NULL),
                         0);
    ck_assert_int_eq(append_of(1000), JOURNAL_FULL);
    assert_no_gap(unlimited);
    journal_close(unlimited);
}
END_TEST

START_TEST(who_has_no_limit_finds_room_beside_one_who_has)
{
    enum { SIZE = 40 << 20 };
    struct journal *unlimited = open_path(home(), 0);
    char *large = calloc(1, SIZE);

    ck_assert_ptr_nonnull(large);
    ck_assert_int_eq(journal_append(unlimited, "key", 3, large, SIZE, NULL), 0);
    free(large);
    journal_close(unlimited);
}
END_TEST

#define PINNED_LIMIT ((uint64_t)8 << 20)
#define OVERDRAFT (256u << 10)

/* Goes on until appends find no room, or come to several times the limit. */
static int
fill_beside(void *context, uint64_t done, uint64_t total)
{
    uint64_t *written = context;

    (void)done;
    (void)total;
    while (*written < 4 * PINNED_LIMIT && append_of(1000) == 0)
        *written += 1000;
    return 0;
}

static void
assert_limit_holds_beside_a_verify(void)
{
    struct journal_options options = options_with(0);
    struct journal_report report = {.struct_size = sizeof(report)};
    uint64_t written = 0;

    options.bytes_max = PINNED_LIMIT;
    options.keep_entries = 1000;
    options.durability = JOURNAL_RELAXED;
    journal = open_with(home(), &options);
    for (unsigned i = 0; i < 2000; i++)
        ck_assert_int_eq(append_of(1000), 0);
    ck_assert_int_eq(journal_verify(journal, &report, fill_beside, &written),
                     0);
    ck_assert_uint_lt(written, 4 * PINNED_LIMIT);
    /* What is drained has been acknowledged, and may take a little more. */
    ck_assert_uint_le(bytes_on_disk(), PINNED_LIMIT + OVERDRAFT);
    ck_assert_int_eq(append_of(1000), 0);
}

/*
 * What goes for new entries leaves no room then, as a snapshot is being read.
 * To make some, old entries were removed, and the tail drained beside that with
 * no limit at all.
 */
START_TEST(bytes_max_holds_while_a_verify_reads_what_retention_removes)
{
    journal_close(journal);
    assert_limit_holds_beside_a_verify();
}
END_TEST

START_TEST(bytes_max_holds_where_the_process_has_read_before)
{
    struct journal *reader;

    journal_close(journal);
    reader = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    assert_limit_holds_beside_a_verify();
    journal_close(reader);
}
END_TEST

START_TEST(bytes_max_may_be_raised)
{
    fill_up(1000);
    journal_close(journal);
    open_limited(home(), 4 * LIMIT);
    ck_assert_uint_gt(fill_up(1000), 200);
    assert_no_gap(journal);
}
END_TEST

/* No address space is so large: it is as good as none. */
START_TEST(bytes_max_may_be_over_all_that_can_be_mapped)
{
    journal_close(journal);
    open_by_default(_i == 0 ? UINT64_MAX : UINT64_C(1) << 50);
    ck_assert_int_eq(append_of(1000), 0);
    ck_assert_int_eq(append_of(1000), 0);
    ck_assert_uint_eq(figures(journal).tail_bytes, 8 << 20);
    ck_assert_uint_eq(figures(journal).bytes_max,
                      _i == 0 ? INT64_MAX : INT64_C(1) << 50);
    assert_no_gap(journal);
}
END_TEST

/* ---- a disk that is full ------------------------------------------------ */

static void
fill_disk(void *unused)
{
    uint64_t count;

    (void)unused;
    if (!have_disk(4 << 20))
        return;
    journal = open_path(test_path("disk/journal"), 0);
    count = fill_up(1000);
    ck_assert_uint_gt(count, 500);
    for (int i = 0; i < 5; i++) {
        struct journal_stat before = figures(journal);

        ck_assert_int_eq(append_of(100000), JOURNAL_FULL);
        assert_as_before(&before);
        ck_assert_int_eq(journal_prune(journal,
                                       before.first + before.entries / 2, 0,
                                       NULL),
                         0);
        ck_assert_uint_ge(fill_up(1000), count / 4);
    }
    assert_no_gap(journal);
    journal_close(journal);
}

START_TEST(a_full_disk_is_pruned_and_appended_to_again)
{
    in_child(fill_disk, NULL);
}
END_TEST

static void
mark_on_full_disk(void *unused)
{
    struct journal_stat stat;
    char name[JOURNAL_MARK_SIZE];
    unsigned count = 0;
    int rc;

    (void)unused;
    if (!have_disk(4 << 20))
        return;
    journal = open_path(test_path("disk/journal"), 0);
    ck_assert_int_eq(journal_mark(journal, "slow", 0), 0);
    fill_up(1000);
    for (uint64_t i = 0; i < 100; i++)
        ck_assert_int_eq(journal_mark(journal, "slow", i), 0);
    do {
        snprintf(name, sizeof(name), "%0200u", count++);
        rc = journal_mark(journal, name, 300);
    } while (rc == 0 && count < (4 << 20) / 200);
    ck_assert_msg(rc == JOURNAL_FULL, "mark: %s", journal_errname(rc));
    stat = figures(journal);
    ck_assert_uint_eq(stat.marks, count);
    ck_assert_int_eq(journal_mark(journal, "slow", 300), 0);
    ck_assert_int_eq(journal_prune(journal, stat.size, 0, NULL), 0);
    ck_assert_uint_eq(figures(journal).first, 300);
    ck_assert_int_eq(append_of(1000), 0);
    assert_no_gap(journal);
    journal_close(journal);
}

START_TEST(marks_on_a_full_disk_move_and_leave_room_to_prune)
{
    in_child(mark_on_full_disk, NULL);
}
END_TEST

/* Leaves FREE bytes of the disk. */
static void
fill_all_but(size_t free_bytes)
{
    FILE *file = fopen(test_path("disk/ballast"), "w");

    ck_assert_ptr_nonnull(file);
    setbuf(file, NULL);
    while (fwrite(large_value, 1, 4096, file) == 4096)
        continue;
    fclose(file);
    if (free_bytes > 0)
        ck_assert_int_eq(truncate(test_path("disk/ballast"),
                                  (off_t)((1u << 20) - free_bytes)),
                         0);
}

static void
create_on_full_disk(void *context)
{
    const size_t *free_bytes = context;

    if (!have_disk(1 << 20))
        return;
    fill_all_but(*free_bytes);
    ck_assert_int_eq(result_of_open(test_path("disk/journal"), 0),
                     JOURNAL_FULL);
    ck_assert(!exists(test_path("disk/journal")));
    ck_assert_int_eq(unlink(test_path("disk/ballast")), 0);
    ck_assert_int_eq(result_of_open(test_path("disk/journal"), 0), 0);
}

START_TEST(creating_on_a_full_disk_leaves_nothing_behind)
{
    size_t free_bytes = (size_t)_i * 4096;

    in_child(create_on_full_disk, &free_bytes);
}
END_TEST

static void
open_on_full_disk(void *unused)
{
    (void)unused;
    if (!have_disk(1 << 20))
        return;
    journal = open_path(test_path("disk/journal"), 0);
    append("key", "value");
    append("key", "newer");
    fill_all_but(0);
    journal_close(journal);
    journal = open_path(test_path("disk/journal"), 0);
    assert_value("key", "newer");
    ck_assert_int_eq(append_of(sizeof(large_value)), JOURNAL_FULL);
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    ck_assert_uint_eq(assert_no_gap(journal), 1);
    journal_close(journal);
}

START_TEST(a_journal_opens_and_is_pruned_on_a_disk_that_others_filled)
{
    in_child(open_on_full_disk, NULL);
}
END_TEST

static TCase *
limits(void)
{
    TCase *tcase = tcase_create("limit");

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_test(tcase, bytes_max_ends_in_full);
    tcase_add_test(tcase, bytes_max_is_made_use_of);
    tcase_add_test(tcase, a_tail_that_nobody_has_opened_counts);
    tcase_add_loop_test(tcase, a_tail_that_is_larger_than_the_limit_goes, 0, 2);
    tcase_add_test(tcase, a_tail_that_was_being_made_goes);
    tcase_add_test(
        tcase, a_tail_that_is_larger_than_the_limit_stays_while_it_is_needed);
    tcase_add_test(tcase,
                   a_full_journal_has_appended_nothing_of_what_was_refused);
    tcase_add_test(tcase, a_full_journal_reads_on_and_opens_again);
    tcase_add_test(tcase, a_full_journal_is_pruned_and_appended_to_again);
    tcase_add_test(tcase, a_full_journal_is_pruned_empty_and_filled_again);
    tcase_add_test(tcase, a_full_journal_is_pruned_entry_by_entry);
    tcase_add_test(tcase, a_full_journal_may_be_rewound);
    tcase_add_test(tcase, a_full_journal_that_was_reopened_is_pruned);
    tcase_add_test(tcase, what_never_fits_leaves_room_for_what_does);
    tcase_add_test(tcase, bytes_max_belongs_to_the_handle);
    tcase_add_test(tcase, who_has_no_limit_finds_room_beside_one_who_has);
    tcase_add_test(tcase, bytes_max_may_be_raised);
    tcase_add_loop_test(tcase, bytes_max_may_be_over_all_that_can_be_mapped, 0,
                        2);
    tcase_add_test(tcase,
                   bytes_max_holds_while_a_verify_reads_what_retention_removes);
    tcase_add_test(tcase, bytes_max_holds_where_the_process_has_read_before);
    return tcase;
}

static TCase *
disks(void)
{
    TCase *tcase = tcase_create("disk");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, a_full_disk_is_pruned_and_appended_to_again);
    tcase_add_test(tcase, marks_on_a_full_disk_move_and_leave_room_to_prune);
    tcase_add_loop_test(tcase, creating_on_a_full_disk_leaves_nothing_behind, 0,
                        4);
    tcase_add_test(tcase,
                   a_journal_opens_and_is_pruned_on_a_disk_that_others_filled);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *space = suite_create("space");

    suite_add_tcase(space, limits());
    suite_add_tcase(space, disks());
    return space;
}

TEST_MAIN(suite)
