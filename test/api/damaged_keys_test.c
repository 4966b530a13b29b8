/*
 * damaged_keys_test.c - keys in the pages of the file, damaged one at a time
 * while the journal is open: no query misses an entry and does not tell.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "api/asking.h"
#include "support/fast_dir.h"

#define PAGE 4096u
#define ENTRIES 1500u
#define KEYS 500u
#define DATA_MAX ((size_t)8 << 20)

static uint8_t whole[DATA_MAX];
static size_t whole_size;
static int file;

static unsigned
number_at(size_t at)
{
    return whole[at] | (unsigned)whole[at + 1] << 8;
}

static void
make(void)
{
    ssize_t size;

    append_numbered(ENTRIES, KEYS);
    reopen();
    file = open(test_path("journal/data.mdb"), O_RDWR);
    ck_assert_int_ge(file, 0);
    size = pread(file, whole, sizeof(whole), 0);
    ck_assert_int_gt(size, 0);
    whole_size = (size_t)size;
}

/* A byte of some key in a branch or a leaf; there may be none in that page. */
static size_t
choose(uint64_t *chance)
{
    size_t page = test_random(chance) % (whole_size / PAGE) * PAGE, node;
    unsigned flags = number_at(page + 10), end = number_at(page + 12), size;

    if (page < 2 * PAGE || (flags != 1 && flags != 2) || end <= 16)
        return 0;
    node = page +
           number_at(page + 16 + test_random(chance) % (end - 16) / 2 * 2);
    size = number_at(node + 6);
    return size == 0 ? 0 : node + 8 + test_random(chance) % size;
}

static const struct {
    uint32_t match;
    const char *key;
    uint32_t flags;
    uint64_t entries;
} queries[] = {
    {JOURNAL_MATCH_ALL, NULL, 0, ENTRIES},
    {JOURNAL_MATCH_ALL, NULL, JOURNAL_QUERY_LATEST, KEYS},
    {JOURNAL_MATCH_PREFIX, "key 1", 0, 111 * (ENTRIES / KEYS)},
    {JOURNAL_MATCH_PREFIX, "key 31", JOURNAL_QUERY_LATEST, 11},
    {JOURNAL_MATCH_PREFIX, "key 2", JOURNAL_QUERY_LATEST, 111},
    {JOURNAL_MATCH_PREFIX, "key 4", JOURNAL_QUERY_LATEST, 111},
    {JOURNAL_MATCH_EXPR, "*", JOURNAL_QUERY_REVERSE, ENTRIES},
};

/* How many entries come, and what is told otherwise; *TOLD: that it is. */
static uint64_t
count_of(size_t i, bool *told)
{
    const char *key = queries[i].key;
    struct journal_query query = key == NULL ? ask()
                                             : ask_for(queries[i].match, key);
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    uint64_t count = 0;
    int rc;

    query.flags = queries[i].flags;
    *told = false;
    rc = journal_query(journal, &query, &cursor);
    if (rc != 0)
        *told = true;
    for (unsigned k = 0; rc == 0 && k < 2 * ENTRIES; k++) {
        rc = journal_next(cursor, &entry);
        count += rc == 0;
        if (rc == JOURNAL_CORRUPT) {
            *told = true;
            rc = 0;
        }
    }
    journal_cursor_close(cursor);
    return count;
}

START_TEST(a_damaged_key_hides_no_entry_that_is_not_told_of)
{
    size_t rounds = (size_t)(1000 * test_scale()) + 200, damaged = 0;
    uint64_t chance = test_seed();
    bool told;

    make();
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        ck_assert_uint_eq(count_of(i, &told), queries[i].entries);
        ck_assert(!told);
    }
    for (size_t round = 0; round < rounds;) {
        size_t at = choose(&chance);
        uint8_t byte = whole[at] ^ (uint8_t)(1u << test_random(&chance) % 8);

        /* The lowest key, made lower, is before all that is asked for. */
        if (at == 0 || (whole[at] == 1 && byte == 0))
            continue;
        round++;
        ck_assert_int_eq(pwrite(file, &byte, 1, (off_t)at), 1);
        for (size_t i = 0; i < COUNT_OF(queries); i++) {
            uint64_t count = count_of(i, &told);

            ck_assert_msg(told || count == queries[i].entries,
                          "byte %zu, query %zu: %u", at, i, (unsigned)count);
            damaged += told;
        }
        ck_assert_int_eq(pwrite(file, &whole[at], 1, (off_t)at), 1);
    }
    ck_assert_uint_gt(damaged, 0);
    close(file);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("damaged_keys");
    TCase *tcase = tcase_create("keys");

    tcase_set_timeout(tcase, 120);
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, a_damaged_key_hides_no_entry_that_is_not_told_of);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
