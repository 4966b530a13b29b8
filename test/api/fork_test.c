/* fork_test.c - handles in the child of a fork(). */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/steps.h"

static void
use_inherited(void *unused)
{
    struct journal_record one = record("key", "child");
    const uint8_t packed[56] = {56}; /* an entry of nothing */
    struct journal_entry *entry = NULL;
    struct journal_cursor *cursor = NULL;
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    char name[JOURNAL_MARK_SIZE] = "";
    uint64_t number = 99;

    (void)unused;
    ck_assert_int_eq(journal_append(journal, "key", 3, "x", 1, &number),
                     JOURNAL_FORKED);
    ck_assert_int_eq(journal_append_batch(journal, &one, 1, &number),
                     JOURNAL_FORKED);
    ck_assert_int_eq(journal_append_packed(journal, packed, sizeof(packed),
                                           NULL, &number),
                     JOURNAL_FORKED);
    ck_assert_int_eq(journal_append_packed(journal, packed, 1, NULL, &number),
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
    ck_assert_int_eq(journal_find_time(journal, 0, &number), JOURNAL_FORKED);
    ck_assert_int_eq(journal_mark(journal, "mark", 0), JOURNAL_FORKED);
    ck_assert_int_eq(journal_unmark(journal, "mark"), JOURNAL_FORKED);
    ck_assert_int_eq(journal_marked(journal, "mark", &number), JOURNAL_FORKED);
    ck_assert_int_eq(journal_next_mark(journal, name, &number), JOURNAL_FORKED);
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

/* A child that neither uses nor closes what it has inherited. */
struct lingerer {
    struct bell begun;
    struct bell enough;
};

static void
linger(void *context)
{
    struct lingerer *lingerer = context;
    char sound;

    /* With this end closed, it is enough too when the test has died. */
    close(lingerer->enough.ends[1]);
    bell_ring(&lingerer->begun);
    ck_assert_int_ge(read(lingerer->enough.ends[0], &sound, 1), 0);
}

START_TEST(a_child_that_lingers_keeps_no_lock_of_a_handle_that_was_closed)
{
    struct lingerer lingerer;
    int fine = 0;
    pid_t pid;

    bell_make(&lingerer.begun);
    bell_make(&lingerer.enough);
    journal_close(journal);
    journal = open_path(home(), JOURNAL_OPEN_EXCLUSIVE);
    pid = start(linger, &lingerer);
    bell_wait(&lingerer.begun);
    journal_close(journal);
    journal = NULL;
    in_child(open_elsewhere, &fine);
    ck_assert_int_eq(journal_destroy(home()), 0);
    bell_ring(&lingerer.enough);
    finish(pid);
}
END_TEST

/* Opens, leaves a child of its own behind, and dies. */
static void
bequeath(void *context)
{
    struct lingerer *lingerer = context;

    journal = open_path(home(), JOURNAL_OPEN_EXCLUSIVE);
    if (fork() == 0) {
        linger(lingerer);
        _exit(EXIT_SUCCESS);
    }
    bell_wait(&lingerer->begun);
    _exit(EXIT_SUCCESS);
}

START_TEST(a_child_that_lingers_keeps_no_lock_of_a_process_that_died)
{
    struct lingerer lingerer;

    bell_make(&lingerer.begun);
    bell_make(&lingerer.enough);
    journal_close(journal);
    journal = NULL;
    in_child(bequeath, &lingerer);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_EXCLUSIVE), 0);
    ck_assert_int_eq(journal_destroy(home()), 0);
    bell_ring(&lingerer.enough);
}
END_TEST

/* ---- amid other threads ------------------------------------------------- */

static atomic_bool enough;
static atomic_uint calls;
static atomic_uint mistakes;

/*
 * These threads say nothing to Check, which holds a lock while it listens: the
 * child would inherit it.
 */
static void *
append_and_get(void *unused)
{
    struct journal_entry *entry;

    while (!atomic_load(&enough)) {
        entry = NULL;
        if (journal_append(journal, "thread", 6, "value", 5, NULL) != 0 ||
            journal_get(journal, "thread", 6, &entry) != 0)
            atomic_fetch_add(&mistakes, 1);
        journal_entry_free(entry);
        atomic_fetch_add(&calls, 1);
    }
    return unused;
}

static void *
open_and_close(void *path)
{
    while (!atomic_load(&enough)) {
        struct journal *opened = NULL;

        if (journal_open(path, NULL, &opened) != 0)
            atomic_fetch_add(&mistakes, 1);
        journal_close(opened);
        atomic_fetch_add(&calls, 1);
    }
    return NULL;
}

/* Forks again and again while two threads do WORK. */
static void
fork_amid(void *(*work)(void *), process *body, void (*after)(void))
{
    unsigned forks = rounds(40, 3);
    char path[4096];
    pthread_t threads[2];

    snprintf(path, sizeof(path), "%s", home());
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, path), 0);
    for (unsigned i = 0; i < forks; i++) {
        in_child(body, NULL);
        after();
    }
    atomic_store(&enough, true);
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_uint_eq(atomic_load(&mistakes), 0);
    ck_assert_uint_gt(atomic_load(&calls), 0);
}

static void
append_as_parent(void)
{
    append("key", "parent");
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
    append_as_parent();
    fork_amid(append_and_get, use_and_open_anew, append_as_parent);
    ck_assert_uint_ge(assert_no_gap(journal), 1 + 2 * rounds(40, 3));
}
END_TEST

START_TEST(a_fork_amid_the_opens_of_other_threads_hangs_nobody)
{
    append_as_parent();
    fork_amid(open_and_close, use_inherited, append_as_parent);
    ck_assert_uint_eq(assert_no_gap(journal), 1 + rounds(40, 3));
}
END_TEST

/* Many at a time, so that they are mostly at work on memory. */
static void *
append_many(void *unused)
{
    static const char value[600];
    struct journal_record records[300];
    char keys[COUNT_OF(records)][8];

    for (unsigned i = 0; i < COUNT_OF(records); i++) {
        snprintf(keys[i], sizeof(keys[i]), "%u", i);
        records[i] = record(keys[i], "");
        records[i].value = value;
        records[i].value_size = 2 * i;
    }
    while (!atomic_load(&enough)) {
        if (journal_append_batch(journal, records, COUNT_OF(records), NULL) !=
            0)
            atomic_fetch_add(&mistakes, 1);
        atomic_fetch_add(&calls, 1);
    }
    return unused;
}

static void
close_only(void *unused)
{
    (void)unused;
    journal_close(journal);
}

static void
leave_be(void)
{
}

START_TEST(a_fork_amid_appends_leaves_the_child_what_it_can_free)
{
    struct journal_options options = options_with(0);

    journal_close(journal);
    options.durability = JOURNAL_RELAXED;
    options.keep_entries = 10000;
    ck_assert_int_eq(journal_open(home(), &options, &journal), 0);
    fork_amid(append_many, close_only, leave_be);
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
    tcase_add_test(tcase,
                   a_fork_amid_appends_leaves_the_child_what_it_can_free);
    tcase_add_test(tcase, a_fork_amid_the_opens_of_other_threads_hangs_nobody);
    tcase_add_test(tcase,
                   a_child_that_lingers_keeps_no_lock_of_a_process_that_died);
    suite_add_tcase(forks, tcase);
    return forks;
}

TEST_MAIN(suite)
