/* query_memory_test.c - a cursor's memory, however much there is to come. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/asking.h"
#include "support/fast_dir.h"

#define BOUND ((size_t)16 << 20)
#define BATCH 4096u

/* Bytes in use; 0 under tools that have a malloc of their own. */
static size_t
memory(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* Entry I of them is of the key "k/" + I % KEYS. */
static void
append_many(uint64_t count, uint64_t keys)
{
    struct journal_record *records = calloc(BATCH, sizeof(*records));
    char(*texts)[24] = calloc(BATCH, sizeof(*texts));

    ck_assert(records != NULL && texts != NULL);
    for (uint64_t done = 0; done < count;) {
        size_t some = count - done < BATCH ? (size_t)(count - done) : BATCH;

        for (size_t i = 0; i < some; i++) {
            records[i].key = texts[i];
            records[i].key_size = (size_t)
                snprintf(texts[i], sizeof(texts[i]), "k/%llu",
                         (unsigned long long)((done + i) % keys));
        }
        ck_assert_int_eq(journal_append_batch(journal, records, some, NULL), 0);
        done += some;
    }
    free(texts);
    free(records);
}

/* Reads COUNT entries, and never takes more than the bound. */
static void
assert_bounded(const struct journal_query *query, uint64_t count)
{
    size_t before = memory(), most = 0;
    struct journal_cursor *cursor = cursor_of(query);
    const struct journal_entry *entry;
    uint64_t came = 0;
    int rc;

    while ((rc = journal_next(cursor, &entry)) == 0) {
        size_t now = came++ % 256 == 0 ? memory() : 0;

        most = now > most ? now : most;
    }
    ck_assert_int_eq(rc, JOURNAL_END);
    ck_assert_uint_eq(came, count);
    ck_assert_msg(most < before + BOUND, "%zu bytes", most - before);
    journal_cursor_close(cursor);
}

START_TEST(a_key_of_a_million_revisions_takes_bounded_memory)
{
    uint64_t count = rounds(1000000, 20000);
    struct journal_query query = ask_for(JOURNAL_MATCH_KEY, "k/0");

    append_many(count, 1);
    assert_bounded(&query, count);
    query.flags = JOURNAL_QUERY_REVERSE;
    assert_bounded(&query, count);
    query.flags = 0;
    query.first_revision = count / 2;
    assert_bounded(&query, count - count / 2 + 1);
}
END_TEST

START_TEST(a_tenth_of_all_takes_bounded_memory)
{
    uint64_t count = rounds(500000, 20000) / 100 * 100;
    struct journal_query query = ask_for(JOURNAL_MATCH_PREFIX, "k/1");

    append_many(count, 100);
    assert_bounded(&query, count / 100 * 11);
    query.flags = JOURNAL_QUERY_REVERSE;
    assert_bounded(&query, count / 100 * 11);
    query = ask_for(JOURNAL_MATCH_EXPR, "k/1$*");
    assert_bounded(&query, count / 100 * 11);
}
END_TEST

START_TEST(the_latest_of_many_keys_takes_bounded_memory)
{
    uint64_t keys = rounds(200000, 10000);
    struct journal_query query = ask();

    append_many(keys, keys);
    query.flags = JOURNAL_QUERY_LATEST;
    assert_bounded(&query, keys);
    query.flags |= JOURNAL_QUERY_REVERSE;
    assert_bounded(&query, keys);
    query = ask_for(JOURNAL_MATCH_EXPR, "k/*");
    query.flags = JOURNAL_QUERY_LATEST;
    assert_bounded(&query, keys);
    append_many(keys / 4, keys);
    query.limit = keys;
    assert_bounded(&query, keys);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("query memory");
    TCase *tcase = tcase_create("query memory");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, a_key_of_a_million_revisions_takes_bounded_memory);
    tcase_add_test(tcase, a_tenth_of_all_takes_bounded_memory);
    tcase_add_test(tcase, the_latest_of_many_keys_takes_bounded_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
