/* close_test.c - journal_close() and journal_destroy(). */
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api/steps.h"

START_TEST(close_and_free_take_null)
{
    journal_close(NULL);
    journal_cursor_close(NULL);
    journal_entry_free(NULL);
    ck_assert_uint_eq(append("key", "still works"), 0);
}
END_TEST

START_TEST(closing_keeps_what_was_appended)
{
    append("key", "value");
    reopen();
    assert_value("key", "value");
    ck_assert_uint_eq(append("key", "next"), 1);
}
END_TEST

START_TEST(closing_gives_every_descriptor_back)
{
    unsigned before;

    journal_close(journal);
    before = descriptors();
    journal = open_path(home(), 0);
    append("key", "value");
    assert_value("key", "value");
    ck_assert_uint_gt(descriptors(), before);
    journal_close(journal);
    ck_assert_uint_eq(descriptors(), before);
    journal = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    journal_close(journal);
    journal = NULL;
    ck_assert_uint_eq(descriptors(), before);
}
END_TEST

START_TEST(open_and_close_may_go_on_and_on)
{
    unsigned count = rounds(300, 10);

    for (unsigned i = 0; i < count; i++) {
        reopen();
        ck_assert_uint_eq(append("key", "value"), i);
    }
    ck_assert_uint_eq(assert_no_gap(journal), count);
}
END_TEST

static void
close_it(void)
{
    journal_close(journal);
    journal = NULL;
}

#define CLOSERS 3u

/* Appends, waits for the others, and closes when they do. */
static void
close_together(void *context)
{
    _Atomic unsigned *ready = context;
    struct journal_options options = options_with(0);
    struct timespec moment = {.tv_nsec = 20000};

    options.durability = JOURNAL_RELAXED;
    journal = open_with(home(), &options);
    for (unsigned i = 0; i < 3; i++)
        append("key", "value");
    atomic_fetch_add(ready, 1);
    while (atomic_load(ready) <= CLOSERS)
        nanosleep(&moment, NULL);
    journal_close(journal);
}

/* Once all have it open: moves it, or not, and lets them close it. */
static void
let_close(_Atomic unsigned *ready, bool move)
{
    struct timespec moment = {.tv_nsec = 20000};

    while (atomic_load(ready) < CLOSERS)
        nanosleep(&moment, NULL);
    if (move)
        ck_assert_int_eq(rename(home(), test_path("moved")), 0);
    atomic_fetch_add(ready, 1);
}

/*
 * Each saw the others, and left it to them: data.mdb alone was not the journal
 * then, and what is relaxed was not on the disk.
 */
START_TEST(of_those_who_close_together_one_leaves_the_store_whole)
{
    unsigned count = rounds(20, 8);
    _Atomic unsigned *ready = test_shared(sizeof(*ready));

    close_it();
    for (unsigned i = 1; i <= count; i++) {
        pid_t children[CLOSERS];

        atomic_store(ready, 0);
        for (unsigned k = 0; k < CLOSERS; k++)
            children[k] = start(close_together, ready);
        let_close(ready, _i == 1);
        for (unsigned k = 0; k < CLOSERS; k++)
            finish(children[k]);
        if (_i == 1)
            ck_assert_int_eq(rename(test_path("moved"), home()), 0);
        unlink(test_path("journal/tail"));
        journal = open_path(home(), 0);
        ck_assert_uint_eq(figures(journal).size, i * CLOSERS * 3);
        close_it();
    }
    test_unshare(ready, sizeof(*ready));
}
END_TEST

START_TEST(entries_outlive_the_handle)
{
    struct journal_entry *entry;

    append("key", "value");
    entry = get("key");
    journal_close(journal);
    journal = NULL;
    assert_entry(entry, 0, "key", "value");
    journal_entry_free(entry);
}
END_TEST

START_TEST(a_cursor_outlives_the_handle)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    unsigned before;

    /* More than a cursor reads ahead. */
    char *value = calloc(1, 100000);
    for (uint64_t seq = 0; seq < 50; seq++)
        ck_assert_int_eq(journal_append(journal, NULL, 0, value, 100000, NULL),
                         0);
    free(value);
    ck_assert_int_eq(journal_replay(journal, 0, &cursor), 0);
    before = descriptors();
    journal_close(journal);
    journal = NULL;
    for (uint64_t seq = 0; seq < 50; seq++) {
        ck_assert_int_eq(journal_next(cursor, &entry), 0);
        ck_assert_uint_eq(entry->seq, seq);
    }
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    journal_cursor_close(cursor);
    ck_assert_uint_lt(descriptors(), before);
}
END_TEST

/* ---- destroy ------------------------------------------------------------ */

START_TEST(destroy_removes_the_journal_and_its_directory)
{
    append("key", "value");
    close_it();
    ck_assert_int_eq(journal_destroy(home()), 0);
    ck_assert(!exists(home()));
}
END_TEST

START_TEST(after_destroy_a_new_journal_begins_anew)
{
    struct journal_stat before;

    append("key", "value");
    before = figures(journal);
    close_it();
    ck_assert_int_eq(journal_destroy(home()), 0);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_EXISTING),
                     JOURNAL_NOT_FOUND);
    journal = open_path(home(), JOURNAL_OPEN_NEW);
    assert_absent("key");
    ck_assert_uint_eq(figures(journal).size, 0);
    ck_assert_mem_ne(figures(journal).id, before.id, sizeof(before.id));
}
END_TEST

START_TEST(destroy_leaves_files_that_are_not_the_journals)
{
    struct bytes notes;

    write_bytes(test_path("journal/notes"), "mine", 4);
    close_it();
    ck_assert_int_eq(journal_destroy(home()), 0);
    ck_assert(!exists(test_path("journal/data.mdb")));
    ck_assert(!exists(test_path("journal/lock.mdb")));
    ck_assert(!exists(test_path("journal/journal.lock")));
    notes = bytes_of(test_path("journal/notes"));
    ck_assert_mem_eq(notes.data, "mine", 4);
    free(notes.data);
}
END_TEST

START_TEST(destroy_is_busy_while_this_process_has_it_open)
{
    append("key", "value");
    ck_assert_int_eq(journal_destroy(home()), JOURNAL_BUSY);
    assert_value("key", "value");
    append("key", "still works");
    close_it();
    ck_assert_int_eq(journal_destroy(home()), 0);
}
END_TEST

START_TEST(destroy_is_busy_while_this_process_reads_it)
{
    append("key", "value");
    close_it();
    journal = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    ck_assert_int_eq(journal_destroy(home()), JOURNAL_BUSY);
    assert_value("key", "value");
}
END_TEST

START_TEST(destroy_is_busy_while_a_cursor_is_open)
{
    const struct journal_entry *entry;
    struct journal_cursor *cursor;

    append("key", "value");
    ck_assert_int_eq(journal_replay(journal, 0, &cursor), 0);
    close_it();
    ck_assert_int_eq(journal_destroy(home()), JOURNAL_BUSY);
    ck_assert_int_eq(journal_next(cursor, &entry), 0);
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    ck_assert_int_eq(journal_destroy(home()), JOURNAL_BUSY);
    journal_cursor_close(cursor);
    ck_assert_int_eq(journal_destroy(home()), 0);
}
END_TEST

static void
destroy_in_child(void *context)
{
    const int *expected = context;

    journal_close(journal);
    ck_assert_int_eq(journal_destroy(home()), *expected);
}

START_TEST(destroy_is_busy_while_another_process_has_it_open)
{
    int busy = JOURNAL_BUSY;

    append("key", "value");
    in_child(destroy_in_child, &busy);
    close_it();
    journal = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    in_child(destroy_in_child, &busy);
    assert_value("key", "value");
}
END_TEST

START_TEST(destroy_works_through_a_link)
{
    close_it();
    ck_assert_int_eq(symlink("journal", test_path("link")), 0);
    ck_assert_int_eq(journal_destroy(test_path("link")), 0);
    ck_assert(!exists(test_path("journal/data.mdb")));
}
END_TEST

START_TEST(destroy_finds_no_journal_where_there_is_none)
{
    ck_assert_int_eq(journal_destroy(test_path("none")), JOURNAL_NOT_FOUND);
    ck_assert_int_eq(mkdir(test_path("empty"), 0777), 0);
    ck_assert_int_eq(journal_destroy(test_path("empty")), JOURNAL_NOT_FOUND);
    ck_assert(exists(test_path("empty")));
}
END_TEST

START_TEST(destroy_leaves_a_directory_that_holds_something_else)
{
    struct bytes before;

    ck_assert_int_eq(mkdir(test_path("other"), 0777), 0);
    write_bytes(test_path("other/notes"), "mine", 4);
    before = picture_of(test_path("other"));
    ck_assert_int_eq(journal_destroy(test_path("other")), JOURNAL_UNSUPPORTED);
    assert_picture(test_path("other"), &before);
}
END_TEST

START_TEST(destroy_leaves_a_data_file_that_is_no_journals)
{
    struct bytes before;

    ck_assert_int_eq(mkdir(test_path("other"), 0777), 0);
    write_bytes(test_path("other/data.mdb"), "mine", 4);
    before = picture_of(test_path("other"));
    ck_assert_int_eq(journal_destroy(test_path("other")), JOURNAL_UNSUPPORTED);
    assert_picture(test_path("other"), &before);
}
END_TEST

/* Files of the journal that are directories, and what is in them. */
static const char *const obstacles[] = {
    "journal/tail/mine",
    "journal/tail.new/mine",
    "journal/data.mdb.partial/mine",
    "journal/lock.mdb/data.mdb",
};

START_TEST(destroy_changes_nothing_where_something_cannot_be_removed)
{
    char path[PATH_MAX];
    struct bytes before;

    (void)snprintf(path, sizeof(path), "%s", test_path(obstacles[_i]));
    journal_close(journal);
    journal = NULL;
    *strrchr(path, '/') = '\0';
    (void)unlink(path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    write_bytes(test_path(obstacles[_i]), "mine", 4);
    before = picture_of(home());
    ck_assert_int_eq(journal_destroy(home()), ENOTEMPTY);
    assert_picture(home(), &before);
    ck_assert_int_eq(unlink(test_path(obstacles[_i])), 0);
    ck_assert_int_eq(journal_destroy(home()), 0);
    ck_assert(!exists(home()));
}
END_TEST

START_TEST(destroy_of_null_is_a_mistake)
{
    ck_assert_int_eq(journal_destroy(NULL), EINVAL);
}
END_TEST

static Suite *
suite(void)
{
    Suite *close = suite_create("close");
    TCase *tcase = tcase_create("close");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, close_and_free_take_null);
    tcase_add_test(tcase, closing_keeps_what_was_appended);
    tcase_add_test(tcase, closing_gives_every_descriptor_back);
    tcase_add_test(tcase, open_and_close_may_go_on_and_on);
    tcase_add_loop_test(tcase,
                        of_those_who_close_together_one_leaves_the_store_whole,
                        0, 2);
    tcase_add_test(tcase, entries_outlive_the_handle);
    tcase_add_test(tcase, a_cursor_outlives_the_handle);
    suite_add_tcase(close, tcase);

    tcase = tcase_create("destroy");
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, destroy_removes_the_journal_and_its_directory);
    tcase_add_test(tcase, after_destroy_a_new_journal_begins_anew);
    tcase_add_test(tcase, destroy_leaves_files_that_are_not_the_journals);
    tcase_add_test(tcase, destroy_is_busy_while_this_process_has_it_open);
    tcase_add_test(tcase, destroy_is_busy_while_this_process_reads_it);
    tcase_add_test(tcase, destroy_is_busy_while_a_cursor_is_open);
    tcase_add_test(tcase, destroy_is_busy_while_another_process_has_it_open);
    tcase_add_test(tcase, destroy_works_through_a_link);
    tcase_add_test(tcase, destroy_finds_no_journal_where_there_is_none);
    tcase_add_test(tcase, destroy_leaves_a_directory_that_holds_something_else);
    tcase_add_test(tcase, destroy_leaves_a_data_file_that_is_no_journals);
    tcase_add_loop_test(
        tcase, destroy_changes_nothing_where_something_cannot_be_removed, 0,
        (int)COUNT_OF(obstacles));
    tcase_add_test(tcase, destroy_of_null_is_a_mistake);
    suite_add_tcase(close, tcase);
    return close;
}

TEST_MAIN(suite)
