/* fork_test.c - handles in the child of a fork(). */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/steps.h"

static void
use_inherited(void *unused)
{
    struct journal_record one = record("key", "child");
    struct journal_entry *entry = NULL;
    struct journal_cursor *cursor = NULL;
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    uint64_t number = 99;

    (void)unused;
    ck_assert_int_eq(journal_append(journal, "key", 3, "x", 1, &number),
                     JOURNAL_FORKED);
    ck_assert_int_eq(journal_append_batch(journal, &one, 1, &number),
                     JOURNAL_FORKED);
    ck_assert_int_eq(journal_delete(journal, "key", 3, &number),
                     JOURNAL_FORKED);
    ck_assert_int_eq(journal_sync(journal), JOURNAL_FORKED);
    ck_assert_int_eq(journal_get(journal, "key", 3, &entry), JOURNAL_FORKED);
    ck_assert_int_eq(journal_get_at(journal, "key", 3, 1, &entry),
                     JOURNAL_FORKED);
    ck_assert_int_eq(journal_read(journal, 0, &entry), JOURNAL_FORKED);
    ck_assert_int_eq(journal_replay(journal, 0, &cursor), JOURNAL_FORKED);
    ck_assert_int_eq(journal_prune(journal, 1, 0, &number), JOURNAL_FORKED);
    ck_assert_int_eq(journal_rewind(journal, 0), JOURNAL_FORKED);
    ck_assert_int_eq(journal_stat(journal, &stat), JOURNAL_FORKED);
    ck_assert_uint_eq(number, 99);
    ck_assert_ptr_null(entry);
    ck_assert_ptr_null(cursor);
    journal_close(journal);
}

START_TEST(every_call_on_an_inherited_handle_says_forked)
{
    struct journal_stat before;

    append("key", "parent");
    before = figures(journal);
    in_child(use_inherited, NULL);
    assert_as_before(&before);
    assert_value("key", "parent");
}
END_TEST

START_TEST(an_inherited_read_only_handle_says_forked)
{
    append("key", "parent");
    journal_close(journal);
    journal = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    in_child(use_inherited, NULL);
    assert_value("key", "parent");
}
END_TEST

static void
next_inherited(void *context)
{
    struct journal_cursor *cursor = context;
    const struct journal_entry *entry = NULL;

    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_FORKED);
    ck_assert_ptr_null(entry);
    journal_cursor_close(cursor);
    journal_close(journal);
}

START_TEST(an_inherited_cursor_says_forked)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;

    append("key", "1");
    append("key", "2");
    ck_assert_int_eq(journal_replay(journal, 0, &cursor), 0);
    ck_assert_int_eq(journal_next(cursor, &entry), 0);
    in_child(next_inherited, cursor);
    ck_assert_int_eq(journal_next(cursor, &entry), 0);
    assert_entry(entry, 1, "key", "2");
    journal_cursor_close(cursor);
}
END_TEST

static void
close_inherited(void *unused)
{
    (void)unused;
    journal_close(journal);
}

START_TEST(a_close_in_the_child_leaves_the_parent_working)
{
    append("key", "1");
    for (int i = 0; i < 5; i++)
        in_child(close_inherited, NULL);
    append("key", "2");
    assert_value("key", "2");
    reopen();
    ck_assert_uint_eq(assert_no_gap(journal), 2);
}
END_TEST

static void
do_nothing(void *unused)
{
    (void)unused;
}

START_TEST(a_child_that_ends_leaves_the_parent_working)
{
    append("key", "1");
    in_child(do_nothing, NULL);
    append("key", "2");
    ck_assert_uint_eq(assert_no_gap(journal), 2);
}
END_TEST

static void
open_anew(void *unused)
{
    (void)unused;
    journal_close(journal);
    journal = open_path(home(), 0);
    assert_value("key", "parent");
    append("key", "child");
    assert_value("key", "child");
    journal_close(journal);
}

START_TEST(a_child_may_open_a_handle_of_its_own)
{
    append("key", "parent");
    in_child(open_anew, NULL);
    assert_value("key", "child");
    ck_assert_uint_eq(append("key", "parent"), 2);
    in_child(open_anew, NULL);
    ck_assert_uint_eq(assert_no_gap(journal), 4);
}
END_TEST

static void
be_grandparent(void *unused)
{
    in_child(use_inherited, unused);
    in_child(open_anew, unused);
    journal_close(journal);
    journal = open_path(home(), 0);
    append("key", "parent");
    in_child(use_inherited, unused);
    in_child(open_anew, unused);
    journal_close(journal);
}

START_TEST(a_grandchild_is_as_a_child)
{
    append("key", "parent");
    in_child(be_grandparent, NULL);
    ck_assert_uint_eq(assert_no_gap(journal), 4);
}
END_TEST

static void
open_elsewhere(void *context)
{
    const int *expected = context;

    journal_close(journal);
    ck_assert_int_eq(result_of_open(home(), 0), *expected);
}

static void
destroy_elsewhere(void *unused)
{
    (void)unused;
    journal_close(journal);
    ck_assert_int_eq(journal_destroy(home()), JOURNAL_BUSY);
}

START_TEST(a_close_in_the_child_leaves_the_parents_locks)
{
    int busy = JOURNAL_BUSY;

    journal_close(journal);
    journal = open_path(home(), JOURNAL_OPEN_EXCLUSIVE);
    in_child(close_inherited, NULL);
    in_child(open_elsewhere, &busy);
    in_child(destroy_elsewhere, NULL);
    append("key", "value");
}
END_TEST

static void
look_at(void *context)
{
    struct journal_entry *entry = context;

    assert_entry(entry, 0, "key", "value");
    journal_entry_free(entry);
    journal_close(journal);
}

START_TEST(an_entry_is_the_childs_too)
{
    struct journal_entry *entry;

    append("key", "value");
    entry = get("key");
    in_child(look_at, entry);
    assert_entry(entry, 0, "key", "value");
    journal_entry_free(entry);
}
END_TEST

static void
linger(void *context)
{
    bell_wait(context);
}

START_TEST(a_child_that_lingers_keeps_no_lock_of_a_handle_that_was_closed)
{
    struct bell enough;
    int fine = 0;
    pid_t pid;

    bell_make(&enough);
    journal_close(journal);
    journal = open_path(home(), JOURNAL_OPEN_EXCLUSIVE);
    pid = start(linger, &enough);
    journal_close(journal);
    journal = NULL;
    in_child(open_elsewhere, &fine);
    ck_assert_int_eq(journal_destroy(home()), 0);
    bell_ring(&enough);
    finish(pid);
}
END_TEST

/* ---- amid other threads ------------------------------------------------- */

static atomic_bool enough;

static void *
append_and_get(void *unused)
{
    struct journal_entry *entry;

    while (!atomic_load(&enough)) {
        append("thread", "value");
        entry = get("thread");
        journal_entry_free(entry);
    }
    return unused;
}

static void
use_and_open_anew(void *unused)
{
    uint64_t number;

    (void)unused;
    ck_assert_int_eq(journal_append(journal, "key", 3, "x", 1, &number),
                     JOURNAL_FORKED);
    open_anew(NULL);
}

START_TEST(a_fork_amid_the_calls_of_other_threads_hangs_nobody)
{
    pthread_t threads[4];
    unsigned forks = rounds(40, 3);

    append("key", "parent");
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, append_and_get,
                                        NULL),
                         0);
    for (unsigned i = 0; i < forks; i++) {
        in_child(use_and_open_anew, NULL);
        append("key", "parent");
    }
    atomic_store(&enough, true);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_uint_ge(assert_no_gap(journal), 2 * forks + 1);
}
END_TEST

static void *
open_and_close(void *unused)
{
    while (!atomic_load(&enough))
        ck_assert_int_eq(result_of_open(home(), 0), 0);
    return unused;
}

START_TEST(a_fork_amid_the_opens_of_other_threads_hangs_nobody)
{
    pthread_t threads[2];
    unsigned forks = rounds(40, 3);

    append("key", "parent");
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, open_and_close,
                                        NULL),
                         0);
    for (unsigned i = 0; i < forks; i++)
        in_child(use_inherited, NULL);
    atomic_store(&enough, true);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    append("key", "parent");
    ck_assert_uint_eq(assert_no_gap(journal), 2);
}
END_TEST

static Suite *
suite(void)
{
    Suite *forks = suite_create("fork");
    TCase *tcase = tcase_create("fork");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, every_call_on_an_inherited_handle_says_forked);
    tcase_add_test(tcase, an_inherited_read_only_handle_says_forked);
    tcase_add_test(tcase, an_inherited_cursor_says_forked);
    tcase_add_test(tcase, a_close_in_the_child_leaves_the_parent_working);
    tcase_add_test(tcase, a_child_that_ends_leaves_the_parent_working);
    tcase_add_test(tcase, a_child_may_open_a_handle_of_its_own);
    tcase_add_test(tcase, a_grandchild_is_as_a_child);
    tcase_add_test(tcase, a_close_in_the_child_leaves_the_parents_locks);
    tcase_add_test(tcase, an_entry_is_the_childs_too);
    tcase_add_test(
        tcase, a_child_that_lingers_keeps_no_lock_of_a_handle_that_was_closed);
    tcase_add_test(tcase, a_fork_amid_the_calls_of_other_threads_hangs_nobody);
    tcase_add_test(tcase, a_fork_amid_the_opens_of_other_threads_hangs_nobody);
    suite_add_tcase(forks, tcase);
    return forks;
}

TEST_MAIN(suite)
