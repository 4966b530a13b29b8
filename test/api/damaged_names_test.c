/*
 * damaged_names_test.c - the names of LMDB's tables, damaged while the journal
 * is open: whoever asks is told of it, or answered right.
 *
 * JOURNAL_FULL would be answered by pruning.  Each case is a child, for LMDB
 * ends the process where it goes by such a page.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/asking.h"
#include "support/fast_dir.h"

#define ENTRIES 50u
#define KEYS 7u
#define DATA_MAX ((size_t)8 << 20)

static const char *const names[] = {"entries", "latest", "meta"};

/* Where a bit of a node is damaged, from the start of its name. */
static const struct {
    int at;
    uint8_t bits;
} flips[] = {
    {-4, 1},    /* its value is on pages of its own */
    {-4, 2},    /* it is not a table's */
    {1, 0x10},  /* the name is another one, and in another place */
    {0, 0x20},  /* the same */
    {-8, 0x10}, /* the size of the value */
};

/* In each copy of the page that the file has, of which one is in use. */
static void
flip(const char *name, int at, uint8_t bits)
{
    static uint8_t whole[DATA_MAX];
    int file = open(test_path("journal/data.mdb"), O_RDWR);
    size_t length = strlen(name), found = 0;
    ssize_t size;

    ck_assert_int_ge(file, 0);
    size = pread(file, whole, sizeof(whole), 0);
    ck_assert_int_gt(size, 0);
    for (size_t i = 8; i + 64 < (size_t)size; i += 2) {
        uint8_t byte = (uint8_t)(whole[i + (size_t)at] ^ bits);

        if (whole[i - 2] != length || whole[i - 8] != 48 ||
            memcmp(whole + i, name, length) != 0)
            continue;
        ck_assert_int_eq(pwrite(file, &byte, 1, (off_t)i + at), 1);
        found++;
    }
    close(file);
    ck_assert_uint_ge(found, 1);
}

static void
must_be_right_or_told(int rc, const char *call)
{
    ck_assert_msg(rc == 0 || rc == JOURNAL_CORRUPT, "%s: %s", call,
                  journal_errname(rc));
}

/* What is missing of so many WANTED is told of. */
static void
must_be_all_or_told(uint32_t flags, uint64_t wanted)
{
    struct journal_query query = ask();
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    uint64_t told = 0, met = 0;
    int rc;

    query.flags = flags;
    rc = journal_query(journal, &query, &cursor);
    must_be_right_or_told(rc, "query");
    if (rc != 0)
        return;
    while ((rc = journal_next(cursor, &entry)) != JOURNAL_END &&
           told < wanted) {
        must_be_right_or_told(rc, "next");
        *(rc == 0 ? &met : &told) += 1;
    }
    ck_assert_msg(met == wanted || told > 0, "%u of %u", (unsigned)met,
                  (unsigned)wanted);
    journal_cursor_close(cursor);
}

static void
use(void)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct journal_entry *entry = NULL;
    uint64_t removed;

    must_be_right_or_told(journal_get(journal, "key 1", 5, &entry), "get");
    journal_entry_free(entry);
    entry = NULL;
    must_be_right_or_told(journal_read(journal, 3, &entry), "read");
    journal_entry_free(entry);
    must_be_right_or_told(journal_stat(journal, &stat), "stat");
    must_be_all_or_told(0, ENTRIES);
    must_be_all_or_told(JOURNAL_QUERY_LATEST, KEYS);
    must_be_all_or_told(JOURNAL_QUERY_LATEST | JOURNAL_QUERY_REVERSE, KEYS);
    must_be_right_or_told(journal_append(journal, "key 1", 5, "v", 1, NULL),
                          "append");
    must_be_right_or_told(journal_sync(journal), "sync");
    must_be_right_or_told(journal_mark(journal, "reader", 5), "mark");
    must_be_right_or_told(journal_prune(journal, 5, 0, &removed), "prune");
    must_be_right_or_told(journal_rewind(journal, 20), "rewind");
}

START_TEST(what_is_asked_is_answered_right_or_the_damage_is_told)
{
    size_t name = (size_t)_i % COUNT_OF(names);
    size_t what = (size_t)_i / COUNT_OF(names);

    append_numbered(ENTRIES, KEYS);
    reopen();
    flip(names[name], flips[what].at, flips[what].bits);
    use();
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("damaged_names");
    TCase *tcase = tcase_create("names");

    tcase_set_timeout(tcase, 60);
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_loop_test(tcase,
                        what_is_asked_is_answered_right_or_the_damage_is_told,
                        0, (int)(COUNT_OF(names) * COUNT_OF(flips)));
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
