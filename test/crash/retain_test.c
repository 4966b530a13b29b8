/*
 * retain_test.c - a writer with limits is killed: each append that returned has
 * removed what it had to, and no more; the last one too, or not yet.
 *
 * The journal begins with more than its limit, so that the first rounds kill
 * appends that remove hundreds of entries.
 */
#include <inttypes.h>
#include <journal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "support/fast_dir.h"
#include "support/figures.h"
#include "support/test.h"
#include "victim.h"

#define ROUNDS 150
#define MORE 10u /* times as many where none has got to removing yet, */
#define DELAY_MAX 3000000u /* and times as long */
#define BEFORE 24000u      /* entries to begin with */
#define KEYS 700u
#define LIMIT 160u
#define STEP (LIMIT / 16)
#define MOST (1024u + 2)

/* Shared with the victim: the size as of the last append that returned. */
static void *page;
static _Atomic uint64_t *acknowledged;

static struct journal *
open_keeping(uint64_t entries)
{
    struct journal_options options;
    struct journal *journal = NULL;

    journal_options_init(&options);
    options.keep_entries = entries;
    ck_assert_int_eq(journal_open(test_path("journal"), &options, &journal), 0);
    return journal;
}

static size_t
make_key(char key[32], uint64_t number)
{
    return (size_t)snprintf(key, 32, "key %" PRIu64, number % KEYS);
}

static int
append(struct journal *journal, uint64_t number)
{
    char key[32];
    uint64_t seq = 0;
    int rc = journal_append(journal, key, make_key(key, number), &number,
                            sizeof(number), &seq);

    return rc == 0 && seq != number ? JOURNAL_CORRUPT : rc;
}

static void
append_for_ever(const void *unused)
{
    struct journal *journal = open_keeping(LIMIT);
    uint64_t number = atomic_load(acknowledged);

    (void)unused;
    while (append(journal, number) == 0)
        atomic_store(acknowledged, ++number);
}

/* Where the journal begins after appends one by one from *FIRST and SIZE on. */
static void
retain(uint64_t *first, uint64_t size, uint64_t until)
{
    while (size < until) {
        uint64_t count = ++size - *first;

        if (count > LIMIT + STEP)
            *first += count - LIMIT < MOST ? count - LIMIT : MOST;
    }
}

/* Every entry is there, the bytes add up, and known keys lead to the newest. */
static void
check_entries(struct journal *journal, const struct journal_stat *stat)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    uint64_t seq = stat->first, bytes = 0, keys = 0;
    int rc;

    ck_assert_int_eq(journal_replay(journal, JOURNAL_NONE, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0) {
        ck_assert_uint_eq(entry->seq, seq++);
        bytes += entry->key_size + entry->value_size;
    }
    ck_assert_int_eq(rc, JOURNAL_END);
    journal_cursor_close(cursor);
    ck_assert_uint_eq(seq, stat->size);
    ck_assert_uint_eq(bytes, stat->bytes_logical);
    for (uint64_t i = 0; i < KEYS; i++) {
        uint64_t newest = stat->size - 1 - (stat->size - 1 - i) % KEYS;
        struct journal_entry *found = NULL;
        char key[32];

        rc = journal_get(journal, key, make_key(key, i), &found);
        ck_assert_int_eq(rc, newest >= stat->first ? 0 : JOURNAL_NOT_FOUND);
        ck_assert(rc != 0 || found->seq == newest);
        journal_entry_free(found);
        keys += rc == 0;
    }
    ck_assert_uint_eq(keys, stat->keys);
}

/*
 * From *FIRST and SIZE on; the append that was killed, if it is there, is to be
 * followed by its removal, and leaves that to the next one where it was not.
 */
static void
assert_retained(uint64_t *first, uint64_t size, const struct journal_stat *stat)
{
    uint64_t before, after;

    ck_assert_uint_ge(stat->size, atomic_load(acknowledged));
    ck_assert_uint_le(stat->size, atomic_load(acknowledged) + 1);
    retain(first, size, atomic_load(acknowledged));
    before = after = *first;
    retain(&after, atomic_load(acknowledged), stat->size);
    ck_assert(stat->first == before || stat->first == after);
    *first = stat->first;
}

START_TEST(a_killed_writer_has_removed_what_it_had_to_but_for_the_last_append)
{
    uint64_t state = test_seed();
    unsigned rounds = (unsigned)(ROUNDS * test_scale()) + 10;
    struct journal *journal = open_keeping(0);
    uint64_t first = 0, size = BEFORE;

    for (uint64_t i = 0; i < BEFORE; i++)
        ck_assert_int_eq(append(journal, i), 0);
    journal_close(journal);
    atomic_store(acknowledged, BEFORE);
    for (unsigned i = 0; i < rounds || (first == 0 && i < MORE * rounds); i++) {
        pid_t pid = victim_start(append_for_ever, NULL);
        struct journal_stat stat;

        sleep_for(test_random(&state) % (DELAY_MAX * (1 + i / rounds)));
        ck_assert(victim_kill(pid));
        journal = open_keeping(0);
        stat = figures_of(journal);
        assert_retained(&first, size, &stat);
        size = stat.size;
        atomic_store(acknowledged, size);
        check_entries(journal, &stat);
        journal_close(journal);
    }
    ck_assert_uint_gt(first, 0);
}
END_TEST

static void
setup(void)
{
    test_setup();
    page = test_shared(sizeof(*acknowledged));
    acknowledged = page;
}

static void
teardown(void)
{
    test_unshare(page, sizeof(*acknowledged));
    test_teardown();
}

static Suite *
suite(void)
{
    Suite *suite = suite_create("retain");
    TCase *tcase = tcase_create("retain");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(
        tcase,
        a_killed_writer_has_removed_what_it_had_to_but_for_the_last_append);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
