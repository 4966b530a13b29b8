/*
 * damaged_pages_test.c - whatever page is damaged, no call ends the process.
 *
 * LMDB trusts the pages of its file: it ends the process where one makes no
 * sense, or goes on with what it finds.  Here each page of a journal's data
 * file is damaged in turn, in several ways, and a child asks all questions and
 * makes all changes.  Each ends well, or with an error; what is read is right.
 */
#include <errno.h>
#include <fcntl.h>
#include <journal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fast_dir.h"
#include "support/mode.h"
#include "support/test.h"

#define PAGE 4096u
#define KEYS 300u
#define ENTRIES 1500u
#define DATA_MAX ((size_t)8 << 20)

static uint8_t whole[DATA_MAX];
static size_t whole_size;

/* ---- the journal -------------------------------------------------------- */

/* Some keys are so long that the index has a hash of them. */
static size_t
make_key(char *key, unsigned number)
{
    size_t size = (size_t)sprintf(key, "key/%06u/", number * 7919 % KEYS);

    if (number % 11 == 0) {
        memset(key + size, 'x', 300);
        size += 300;
    }
    return size;
}

/* Some values are so big that they have pages of their own. */
static size_t
make_value(char *value, unsigned seq)
{
    size_t size = seq % 97 == 0 ? 6000 : 40;

    memset(value, 'a' + (int)(seq % 26), size);
    (void)sprintf(value, "%u", seq);
    return size;
}

static void
append_entry(struct journal *journal, unsigned seq)
{
    char key[400], value[6000];
    size_t key_size = make_key(key, seq % KEYS);

    ck_assert_int_eq(journal_append(journal, key, key_size, value,
                                    make_value(value, seq), NULL),
                     0);
}

/* Prunes and commits have left free pages, and a list of these. */
static void
make_journal(void)
{
    struct journal *journal = NULL;
    uint64_t removed;
    int rc, file;

    ck_assert_int_eq(mode_open_as_is(test_path("journal"), NULL, &journal), 0);
    for (unsigned seq = 0; seq < ENTRIES; seq++) {
        append_entry(journal, seq);
        if (seq % 500 == 499)
            ck_assert_int_eq(journal_sync(journal), 0);
    }
    ck_assert_int_eq(journal_mark(journal, "reader", 700), 0);
    rc = journal_prune(journal, 400, 0, &removed);
    ck_assert_int_eq(rc, 0);
    journal_close(journal);
    file = open(test_path("journal/data.mdb"), O_RDONLY);
    ck_assert_int_ge(file, 0);
    whole_size = (size_t)read(file, whole, sizeof(whole));
    close(file);
    ck_assert_uint_gt(whole_size, 50 * PAGE);
    ck_assert_uint_lt(whole_size, sizeof(whole));
}

/* ---- what is done with it ----------------------------------------------- */

/* What a call may say of a journal that is damaged. */
static bool
is_allowed(int rc)
{
    switch (rc) {
    case 0:
    case JOURNAL_CORRUPT:
    case JOURNAL_NOT_FOUND:
    case JOURNAL_PRUNED:
    case JOURNAL_END:
    case JOURNAL_OUT_OF_RANGE:
    case JOURNAL_UNSUPPORTED:
    case JOURNAL_FULL:
        return true;
    default:
        return false;
    }
}

static void
must(int rc, const char *call)
{
    if (is_allowed(rc))
        return;
    fprintf(stderr, "%s: %s\n", call, journal_errname(rc));
    _exit(1);
}

/* What an entry says is what was written. */
static void
must_be_right(const struct journal_entry *entry)
{
    char key[400], value[6000];
    size_t size;

    if (entry->seq >= ENTRIES)
        return;
    size = make_key(key, (unsigned)entry->seq % KEYS);
    if (entry->key_size != size || memcmp(entry->key, key, size) != 0)
        _exit(2);
    size = make_value(value, (unsigned)entry->seq);
    if (entry->value_size != size || memcmp(entry->value, value, size) != 0)
        _exit(3);
}

static void
ask(struct journal *journal, const struct journal_query *query,
    const char *title)
{
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    int rc = journal_query(journal, query, &cursor);

    for (unsigned i = 0; rc == 0 && i < 3 * ENTRIES; i++) {
        rc = journal_next(cursor, &entry);
        if (rc == 0)
            must_be_right(entry);
    }
    must(rc, title);
    if (rc == 0)
        _exit(4); /* it does not end */
    journal_cursor_close(cursor);
}

static void
ask_all(struct journal *journal)
{
    struct journal_query query;
    struct journal_entry *entry = NULL;
    char key[400];
    uint64_t seq;

    for (unsigned i = 0; i < KEYS; i += 13) {
        must(journal_get(journal, key, make_key(key, i), &entry), "get");
        if (entry != NULL)
            must_be_right(entry);
        journal_entry_free(entry);
        entry = NULL;
    }
    journal_query_init(&query);
    ask(journal, &query, "replay");
    query.flags = JOURNAL_QUERY_REVERSE;
    ask(journal, &query, "reverse");
    query.flags = JOURNAL_QUERY_LATEST;
    ask(journal, &query, "latest");
    query.flags = 0;
    query.match = JOURNAL_MATCH_PREFIX;
    query.key = "key/0001";
    query.key_size = 8;
    ask(journal, &query, "prefix");
    must(journal_find_time(journal, 1, &seq), "find_time");
}

static void
change_all(struct journal *journal, uint64_t chance)
{
    char key[400], value[6000];
    uint64_t removed;
    int rc = 0;

    memset(value, 'z', sizeof(value));
    for (unsigned i = 0; rc == 0 && i < KEYS + 50; i++) {
        size_t size = make_key(key, i);

        if (i >= KEYS)
            size = (size_t)sprintf(key, "new/%u", i);
        rc = test_random(&chance) % 4 == 0
                 ? journal_delete(journal, key, size, NULL)
                 : journal_append(journal, key, size, value,
                                  i % 50 == 0 ? sizeof(value) : 30, NULL);
        must(rc, "append");
    }
    must(journal_sync(journal), "sync");
    must(journal_mark(journal, "another", 800), "mark");
    must(journal_prune(journal, 900, JOURNAL_PRUNE_PAST_MARKS, &removed),
         "prune");
    must(journal_prune(journal, 1200,
                       JOURNAL_PRUNE_PAST_MARKS | JOURNAL_PRUNE_KEEP_LATEST,
                       &removed),
         "compact");
    must(journal_rewind(journal, 1300), "rewind");
    must(journal_sync(journal), "sync");
}

static void
use_it(const char *path, uint64_t chance)
{
    struct journal *journal = NULL;
    int rc;

    (void)alarm(60);
    rc = mode_open_as_is(path, NULL, &journal);
    must(rc, "open");
    if (rc == 0) {
        if (chance % 2 == 0)
            ask_all(journal);
        change_all(journal, chance);
        ask_all(journal);
        journal_close(journal);
    }
    _exit(0);
}

/* ---- damage ------------------------------------------------------------- */

enum damage { ZEROS, NOISE, HEADER, OFFSETS, BITS, STRANGER, DAMAGES };

static void
spoil(uint8_t *page, enum damage damage, uint64_t *chance)
{
    size_t pages = whole_size / PAGE;

    switch (damage) {
    case ZEROS:
        memset(page, 0, PAGE);
        break;
    case NOISE:
        for (size_t i = 0; i < PAGE; i++)
            page[i] = (uint8_t)test_random(chance);
        break;
    case HEADER:
        page[8 + test_random(chance) % 8] ^= (uint8_t)(1 + test_random(chance));
        page[8 + test_random(chance) % 8] ^= (uint8_t)(test_random(chance));
        break;
    case OFFSETS:
        for (unsigned i = 0; i < 3; i++)
            page[16 + test_random(chance) % 64] = (uint8_t)test_random(chance);
        break;
    case BITS:
        for (unsigned i = 0; i < 8; i++)
            page[test_random(chance) % PAGE] ^= (uint8_t)(1u << test_random(
                                                                    chance) %
                                                                    8);
        break;
    default:
        memcpy(page, whole + test_random(chance) % pages * PAGE, PAGE);
        break;
    }
}

static void
write_damaged(const char *path, size_t page, enum damage damage,
              uint64_t *chance)
{
    uint8_t copy[PAGE];
    char name[200];
    int file;

    memcpy(copy, whole + page * PAGE, PAGE);
    spoil(copy, damage, chance);
    (void)mkdir(path, 0700);
    snprintf(name, sizeof(name), "%s/data.mdb", path);
    file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, whole, whole_size), (ssize_t)whole_size);
    ck_assert_int_eq(pwrite(file, copy, PAGE, (off_t)(page * PAGE)), PAGE);
    close(file);
}

/* The index of the test is the kind of damage. */
START_TEST(no_call_ends_the_process)
{
    uint64_t chance = test_seed() + (uint64_t)_i;
    size_t step = test_scale() < 1 ? (size_t)(1 / test_scale()) : 1;
    char path[200];

    make_journal();
    snprintf(path, sizeof(path), "%s", test_path("damaged"));
    for (size_t page = 2 + chance % step; page < whole_size / PAGE;
         page += step) {
        int status = 0;
        pid_t child;

        write_damaged(path, page, (enum damage)_i, &chance);
        child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0)
            use_it(path, chance);
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(status == 0, "page %zu, damage %d: status %x", page, _i,
                      (unsigned)status);
        (void)journal_destroy(path);
        (void)test_random(&chance);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("damaged_pages");
    TCase *tcase = tcase_create("pages");

    tcase_set_timeout(tcase, 600);
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_loop_test(tcase, no_call_ends_the_process, 0, DAMAGES);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
