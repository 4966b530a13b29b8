/*
 * backup_live_test.c - journal_backup() while others append, prune, compact.
 *
 * A backup is a beginning of what was appended, which holds all that had been
 * acknowledged before it was asked for.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "api/kinds.h"
#include "api/same.h"
#include "support/chance.h"
#include "support/fast_dir.h"

#define WRITERS 3u
#define APPENDED_FIRST 3000u

/* What all threads and processes of a test know. */
static struct board {
    _Atomic uint32_t acknowledged[WRITERS];
    _Atomic bool enough;
} * board;

static void
setup(void)
{
    setup_journal();
    board = test_shared(sizeof(*board));
}

static void
teardown(void)
{
    test_unshare(board, sizeof(*board));
    teardown_journal();
}

/* ---- those who write ----------------------------------------------------- */

/* Each under a key of his own, the numbers from 0 on. */
static void
write_numbers(struct journal *to, uint32_t writer)
{
    char key[] = "writer 0";

    key[7] = (char)('0' + writer);
    for (uint32_t i = 0; !atomic_load(&board->enough); i++) {
        ck_assert_int_eq(journal_append(to, key, 8, &i, sizeof(i), NULL), 0);
        atomic_store(&board->acknowledged[writer], i + 1);
    }
}

static void *
write_in_thread(void *writer)
{
    write_numbers(journal, *(uint32_t *)writer);
    return NULL;
}

static void
write_in_process(void *writer)
{
    journal_close(journal);
    journal = open_path(home(), 0);
    write_numbers(journal, *(uint32_t *)writer);
    journal_close(journal);
}

static uint32_t numbers[WRITERS] = {0, 1, 2};
static pthread_t threads[WRITERS];
static pid_t pids[WRITERS];

static void
start_all(bool processes)
{
    for (unsigned i = 0; i < WRITERS && processes; i++)
        pids[i] = start(write_in_process, &numbers[i]);
    for (unsigned i = 0; i < WRITERS && !processes; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_in_thread,
                                        &numbers[i]),
                         0);
}

static void
finish_all(bool processes)
{
    atomic_store(&board->enough, true);
    for (unsigned i = 0; i < WRITERS && processes; i++)
        finish(pids[i]);
    for (unsigned i = 0; i < WRITERS && !processes; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}

/* ---- what is in a backup ------------------------------------------------- */

/* The entry of COPY is that of SOURCE, of the same number. */
static void
assert_in_source(struct journal *source, const struct journal_entry *entry)
{
    struct journal_entry *same;

    ck_assert_int_eq(journal_read(source, entry->seq, &same), 0);
    assert_same_entry(entry, same);
    journal_entry_free(same);
}

/* All numbers, and of each writer a beginning of at least BEFORE. */
static void
assert_prefix(struct journal *source, struct journal *copy,
              const uint32_t before[WRITERS])
{
    uint32_t found[WRITERS] = {0}, value;
    const struct journal_entry *entry;
    struct journal_cursor *cursor;
    uint64_t seq = 0;

    ck_assert_int_eq(journal_replay(copy, 0, &cursor), 0);
    for (; journal_next(cursor, &entry) == 0; seq++) {
        unsigned writer = 0;

        ck_assert_uint_eq(entry->seq, seq);
        assert_in_source(source, entry);
        if (entry->key_size != 8 || memcmp(entry->key, "writer ", 7) != 0)
            continue;
        writer = (unsigned)(((const char *)entry->key)[7] - '0');
        memcpy(&value, entry->value, sizeof(value));
        ck_assert_uint_eq(value, found[writer]);
        found[writer]++;
    }
    journal_cursor_close(cursor);
    ck_assert_uint_eq(seq, figures(copy).size);
    for (unsigned i = 0; i < WRITERS; i++)
        ck_assert_uint_ge(found[i], before[i]);
}

static void
back_up_beside_writers(struct journal *through)
{
    uint32_t before[WRITERS];
    struct journal *copy;

    for (unsigned i = 0; i < WRITERS; i++)
        before[i] = atomic_load(&board->acknowledged[i]);
    ck_assert_int_eq(journal_backup(through, test_path("backup"), 0, NULL,
                                    NULL),
                     0);
    copy = open_path(test_path("backup"),
                     JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE);
    assert_prefix(through, copy, before);
    journal_close(copy);
    ck_assert_int_eq(journal_destroy(test_path("backup")), 0);
}

static void
back_up_often(bool processes, uint32_t flags)
{
    struct journal *through;

    append_numbered(APPENDED_FIRST, 50);
    start_all(processes);
    through = open_path(home(), flags);
    for (unsigned i = 0; i < rounds(5, 2); i++)
        back_up_beside_writers(through);
    finish_all(processes);
    back_up_beside_writers(through);
    journal_close(through);
}

START_TEST(beside_threads_that_append_a_backup_is_a_beginning)
{
    back_up_often(false, _i == 0 ? 0 : JOURNAL_OPEN_READ_ONLY);
}
END_TEST

START_TEST(beside_processes_that_append_a_backup_is_a_beginning)
{
    back_up_often(true, _i == 0 ? 0 : JOURNAL_OPEN_READ_ONLY);
}
END_TEST

/* ---- all kinds of changes ------------------------------------------------ */

static void
change(struct journal *of)
{
    struct journal_stat stat = figures(of);

    switch (below(6)) {
    case 0:
        ck_assert_int_eq(journal_prune(of, stat.first + stat.entries / 3, 0,
                                       NULL),
                         0);
        break;
    case 1:
        ck_assert_int_eq(journal_prune(of, stat.size - stat.size / 10,
                                       JOURNAL_PRUNE_KEEP_LATEST, NULL),
                         0);
        break;
    case 2:
        if (stat.entries > 100)
            ck_assert_int_eq(journal_rewind(of, stat.size - below(20)), 0);
        break;
    default:
        append_any(of, 100, 0);
    }
}

static void *
change_in_thread(void *unused)
{
    while (!atomic_load(&board->enough))
        change(journal);
    return unused;
}

/* Whatever may be asked of COPY has an answer. */
static void
assert_answers(struct journal *copy)
{
    struct journal_stat stat = figures(copy);
    struct journal_query query;
    const struct journal_entry *entry;
    struct journal_cursor *cursor;
    uint64_t count = 0, keys = 0;
    int rc;

    journal_query_init(&query);
    ck_assert_int_eq(journal_query(copy, &query, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0)
        count++;
    ck_assert_int_eq(rc, JOURNAL_END);
    journal_cursor_close(cursor);
    ck_assert_uint_eq(count, stat.entries);
    query.flags = JOURNAL_QUERY_LATEST;
    ck_assert_int_eq(journal_query(copy, &query, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0) {
        struct journal_entry *past;

        keys++;
        ck_assert_int_eq(
            journal_get_at(copy, entry->key, entry->key_size, stat.size, &past),
            (entry->flags & JOURNAL_TOMBSTONE) != 0 ? JOURNAL_NOT_FOUND : 0);
        if ((entry->flags & JOURNAL_TOMBSTONE) == 0)
            journal_entry_free(past);
    }
    ck_assert_int_eq(rc, JOURNAL_END);
    journal_cursor_close(cursor);
    ck_assert_uint_eq(keys, stat.keys + stat.tombstones);
}

START_TEST(beside_all_kinds_of_changes_a_backup_is_a_journal)
{
    pthread_t thread;
    struct journal *copy;

    append_any(journal, 1000, 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, change_in_thread, NULL), 0);
    for (unsigned i = 0; i < rounds(15, 3); i++) {
        ck_assert_int_eq(journal_backup(journal, test_path("backup"), 0, NULL,
                                        NULL),
                         0);
        copy = open_path(test_path("backup"), 0);
        assert_answers(copy);
        append_to(copy, "key", "value");
        journal_close(copy);
        ck_assert_int_eq(journal_destroy(test_path("backup")), 0);
    }
    atomic_store(&board->enough, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("backup_live");
    TCase *tcase = tcase_create("backup_live");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase,
                        beside_threads_that_append_a_backup_is_a_beginning, 0,
                        2);
    tcase_add_loop_test(tcase,
                        beside_processes_that_append_a_backup_is_a_beginning, 0,
                        2);
    tcase_add_test(tcase, beside_all_kinds_of_changes_a_backup_is_a_journal);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
