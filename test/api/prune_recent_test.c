/*
 * prune_recent_test.c - a prune of keys that are recent too.
 *
 * What there was of them in the store goes, while their newest entries are in
 * the tail: they are known as before, now, when the tail is moved, and after a
 * death.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/steps.h"
#include "support/fast_dir.h"

#define KEYS 20u
#define FILLER 5u

/* What each key has in the store, and what is recent then. */
enum kind { PLAIN, BURIED, DELETED, LONG, STAMPED, MIXED, KINDS };

static enum kind
kind_of(enum kind kind, unsigned key)
{
    return kind == MIXED ? (enum kind)(key % MIXED) : kind;
}

/* The name of KEY, of over 255 bytes if it is LONG. */
static const char *
name_of(enum kind kind, unsigned key)
{
    static char name[400];

    (void)snprintf(name, sizeof(name), "%0*u",
                   kind_of(kind, key) == LONG ? 300 : 8, key);
    return name;
}

static void
append_key(enum kind kind, unsigned key, bool tombstone, uint64_t stamp)
{
    struct journal_record one = record(name_of(kind, key),
                                       tombstone ? "" : "value");

    if (tombstone)
        one.flags |= JOURNAL_TOMBSTONE;
    if (stamp != 0 && kind_of(kind, key) == STAMPED) {
        one.flags |= JOURNAL_STAMPED;
        one.stamp.time = stamp;
    }
    ck_assert_int_eq(append_record(&one), 0);
}

/* Entries [0, KEYS) are in the store, [KEYS + FILLER, size) in the tail. */
static void
prepare(enum kind kind)
{
    for (unsigned key = 0; key < KEYS; key++)
        append_key(kind, key, kind_of(kind, key) == BURIED, 10);
    reopen();
    for (unsigned i = 0; i < FILLER; i++)
        append(NULL, "filler");
    for (unsigned key = 0; key < KEYS; key++)
        append_key(kind, key, kind_of(kind, key) == DELETED, 0);
}

static unsigned
count_of(enum kind kind, enum kind what)
{
    unsigned count = 0;

    for (unsigned key = 0; key < KEYS; key++)
        count += kind_of(kind, key) == what;
    return count;
}

static void
assert_key(enum kind kind, unsigned key)
{
    const char *name = name_of(kind, key);
    struct journal_entry *entry = entry_at(KEYS + FILLER + key), *other = NULL;
    struct journal_record late = record(name, "late");

    ck_assert_uint_eq(entry->revision, 2);
    ck_assert_uint_eq(entry->prev, key);
    ck_assert_int_eq(journal_get_at(journal, name, strlen(name), KEYS, &other),
                     JOURNAL_PRUNED);
    if (kind_of(kind, key) == DELETED)
        assert_absent(name);
    else
        assert_value(name, "value");
    journal_entry_free(entry);
    late.flags = JOURNAL_EXPECT;
    late.expect = JOURNAL_NONE;
    ck_assert_int_eq(append_record(&late), JOURNAL_CONFLICT);
    if (kind_of(kind, key) != STAMPED)
        return;
    late.flags = JOURNAL_STAMPED;
    late.stamp.time = 9;
    ck_assert_int_eq(append_record(&late), JOURNAL_OUTDATED);
}

/* What a query for all keys' latest entries finds. */
static unsigned
count_latest(void)
{
    const struct journal_entry *entry;
    struct journal_cursor *cursor;
    struct journal_query query;
    unsigned count = 0;

    journal_query_init(&query);
    query.flags = JOURNAL_QUERY_LATEST;
    ck_assert_int_eq(journal_query(journal, &query, &cursor), 0);
    while (journal_next(cursor, &entry) == 0)
        count++;
    journal_cursor_close(cursor);
    return count;
}

static void
assert_all(enum kind kind, uint64_t first)
{
    struct journal_stat stat = figures(journal);
    struct journal_report report = new_report();
    unsigned deleted = count_of(kind, DELETED);

    ck_assert_uint_eq(stat.first, first);
    ck_assert_uint_eq(stat.size, 2 * KEYS + FILLER);
    ck_assert_uint_eq(stat.entries, stat.size - first);
    ck_assert_uint_eq(stat.keys, KEYS - deleted);
    ck_assert_uint_eq(stat.tombstones, deleted);
    ck_assert_uint_eq(count_latest(), KEYS);
    for (unsigned key = 0; key < KEYS; key++)
        assert_key(kind, key);
    ck_assert_int_eq(journal_verify(journal, &report, NULL, NULL), 0);
    assert_clean(&report);
    ck_assert_uint_eq(assert_no_gap(journal), stat.size - first);
}

static void
prune(uint64_t before, uint64_t expected)
{
    uint64_t removed = JOURNAL_NONE;

    ck_assert_int_eq(journal_prune(journal, before, 0, &removed), 0);
    ck_assert_uint_eq(removed, expected);
}

START_TEST(keys_that_are_recent_outlive_what_the_store_had_of_them)
{
    enum kind kind = (enum kind)_i;

    prepare(kind);
    prune(KEYS, KEYS);
    assert_all(kind, KEYS);
    ck_assert_int_eq(journal_sync(journal), 0);
    assert_all(kind, KEYS);
    reopen();
    assert_all(kind, KEYS);
}
END_TEST

/* It is moved only where it has to be. */
START_TEST(what_is_recent_need_not_be_moved_for_a_prune)
{
    uint64_t used;

    prepare(PLAIN);
    used = figures(journal).tail_bytes_used;
    ck_assert_uint_gt(used, 0);
    prune(KEYS, KEYS);
    ck_assert_uint_eq(figures(journal).tail_bytes_used, used);
    prune(KEYS + FILLER + 1, FILLER + 1);
    ck_assert_uint_eq(figures(journal).first, KEYS + FILLER + 1);
    ck_assert_uint_eq(figures(journal).keys, KEYS - 1);
}
END_TEST

static void
prune_and_die(void *context)
{
    journal = open_with(home(), NULL);
    prepare(*(enum kind *)context);
    prune(KEYS / 2, KEYS / 2);
    prune(KEYS, KEYS - KEYS / 2);
    _exit(42);
}

START_TEST(keys_that_are_recent_outlive_a_death_after_it)
{
    enum kind kind = (enum kind)_i;
    int status;
    pid_t pid;

    journal_close(journal);
    journal = NULL;
    pid = start(prune_and_die, &kind);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    journal = open_with(home(), NULL);
    assert_all(kind, KEYS);
}
END_TEST

/* What a backup has of it is a journal by itself. */
START_TEST(keys_that_are_recent_are_in_a_backup_of_it)
{
    enum kind kind = (enum kind)_i;

    prepare(kind);
    prune(KEYS, KEYS);
    ck_assert_int_eq(journal_backup(journal, test_path("backup"), 0, NULL,
                                    NULL),
                     0);
    journal_close(journal);
    journal = open_path(test_path("backup"), 0);
    assert_all(kind, KEYS);
}
END_TEST

/* They go back to nothing, for nothing before is there. */
START_TEST(keys_that_were_recent_are_forgotten_by_a_rewind)
{
    enum kind kind = (enum kind)_i;
    struct journal_stat stat;

    prepare(kind);
    prune(KEYS, KEYS);
    ck_assert_int_eq(journal_rewind(journal, KEYS + FILLER), 0);
    stat = figures(journal);
    ck_assert_uint_eq(stat.keys, 0);
    ck_assert_uint_eq(stat.tombstones, 0);
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("prune recent");
    TCase *tcase = tcase_create("prune recent");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_loop_test(tcase,
                        keys_that_are_recent_outlive_what_the_store_had_of_them,
                        0, KINDS);
    tcase_add_test(tcase, what_is_recent_need_not_be_moved_for_a_prune);
    tcase_add_loop_test(tcase, keys_that_are_recent_outlive_a_death_after_it, 0,
                        KINDS);
    tcase_add_loop_test(tcase, keys_that_are_recent_are_in_a_backup_of_it, 0,
                        KINDS);
    tcase_add_loop_test(tcase, keys_that_were_recent_are_forgotten_by_a_rewind,
                        0, KINDS);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
