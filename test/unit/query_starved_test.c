/*
 * query_starved_test.c - queries that get no memory, or no rows.
 *
 * This program is linked so that the library's calls for memory, LMDB's for a
 * cursor, and those for many rows fail when they are told to.  A call that
 * gives ENOMEM may be made again; the answer is then whole.
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/cursor.h"
#include "base/error.h"
#include "support/fast_dir.h"
#include "support/test.h"
#include "template.h"

#define KEYS 40u
#define REVISIONS 30u
#define FILLERS 700u /* between two entries of these */
#define HOT 3000u    /* revisions of one more key, at the end */
#define BIG 50000u   /* bytes in every so manieth value */
#define FILL 200000u
#define ANSWER_MAX 5000u

static struct journal *journal;

/* ---- calls that fail ---------------------------------------------------- */

static unsigned calls, failing;
static bool armed, for_ever;
static bool starving; /* calls for memory fail, not those for rows */
static bool inside;   /* a call of the library */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
int __real_mdb_cursor_open(MDB_txn *txn, MDB_dbi table, MDB_cursor **cursor);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
int __wrap_mdb_cursor_open(MDB_txn *txn, MDB_dbi table, MDB_cursor **cursor);
int __real_jn_store_get_many(struct jn_txn *txn, enum jn_table table,
                             struct jn_numbered *rows, size_t count);
int __wrap_jn_store_get_many(struct jn_txn *txn, enum jn_table table,
                             struct jn_numbered *rows, size_t count);

static bool
fails(bool of_memory)
{
    if (!armed || !inside || of_memory != starving)
        return false;
    calls++;
    return calls == failing || (for_ever && calls > failing);
}

void *
__wrap_malloc(size_t size)
{
    return fails(true) ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
    return fails(true) ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *memory, size_t size)
{
    return fails(true) ? NULL : __real_realloc(memory, size);
}

int
__wrap_mdb_cursor_open(MDB_txn *txn, MDB_dbi table, MDB_cursor **cursor)
{
    return fails(true) ? ENOMEM : __real_mdb_cursor_open(txn, table, cursor);
}

int
__wrap_jn_store_get_many(struct jn_txn *txn, enum jn_table table,
                         struct jn_numbered *rows, size_t count)
{
    return fails(false) ? JOURNAL_CORRUPT
                        : __real_jn_store_get_many(txn, table, rows, count);
}

/* Lets call N, from 1 on, fail; or that and all that follow. */
static void
arm(bool memory, unsigned n, bool all)
{
    calls = 0;
    starving = memory;
    failing = n;
    for_ever = all;
    armed = true;
}

/* ---- the journal -------------------------------------------------------- */

static void
append(struct journal *to, const char *key, unsigned count, size_t size)
{
    static const char value[BIG];
    struct journal_record records[FILLERS];

    ck_assert_uint_le(count, FILLERS);
    memset(records, 0, sizeof(records));
    for (unsigned i = 0; i < count; i++) {
        records[i].key = key;
        records[i].key_size = strlen(key);
        records[i].value = value;
        records[i].value_size = size;
        records[i].flags = size == 0 && i % 7 == 3 ? JOURNAL_TOMBSTONE : 0;
    }
    ck_assert_int_eq(journal_append_batch(to, records, count, NULL), 0);
}

static void
fill(struct journal *to)
{
    char key[16];

    for (unsigned i = 0; i < KEYS * REVISIONS; i++) {
        (void)snprintf(key, sizeof(key), "k/%u", i % KEYS);
        append(to, key, 1, i % 100 == 0 ? BIG : 1);
        if (i % 20 == 0)
            append(to, "filler", FILLERS, 1);
    }
    for (unsigned i = 0; i < HOT; i += 500)
        append(to, "hot", 500, 0);
}

static void
make(void)
{
    template_make(fill);
}

static void
setup(void)
{
    test_setup();
    journal = template_open();
}

static void
teardown(void)
{
    armed = false;
    journal_close(journal);
    test_teardown();
}

/* ---- answers ------------------------------------------------------------ */

struct answer {
    uint64_t list[ANSWER_MAX];
    size_t count;
    unsigned starved; /* how often a call gave ENOMEM */
};

static void
add(struct answer *answer, uint64_t seq)
{
    ck_assert_uint_lt(answer->count, ANSWER_MAX);
    answer->list[answer->count++] = seq;
}

static void
add_packed(struct answer *answer, const uint8_t *at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add(answer, jn_get_le64(at + 8));
        at += jn_get_le32(at);
    }
}

static int
open_cursor(const struct journal_query *query, struct journal_cursor **cursor)
{
    int rc;

    inside = true;
    rc = journal_query(journal, query, cursor);
    inside = false;
    return rc;
}

/* One call of journal_next() or journal_fill(). */
static int
step(struct journal_cursor *cursor, bool packed, struct answer *answer)
{
    static uint8_t buffer[FILL];
    const struct journal_entry *entry;
    size_t count;
    int rc;

    inside = true;
    rc = packed ? journal_fill(cursor, buffer, FILL, NULL, &count)
                : journal_next(cursor, &entry);
    inside = false;
    if (rc == 0 && packed)
        add_packed(answer, buffer, count);
    else if (rc == 0)
        add(answer, entry->seq);
    return rc;
}

/* All that QUERY gives, with each call made again that starves. */
static void
ask(const struct journal_query *query, bool packed, struct answer *answer)
{
    struct journal_cursor *cursor;
    int rc;

    answer->count = answer->starved = 0;
    while ((rc = open_cursor(query, &cursor)) == ENOMEM)
        answer->starved++;
    ck_assert_int_eq(rc, 0);
    while ((rc = step(cursor, packed, answer)) == 0 || rc == ENOMEM)
        answer->starved += rc == ENOMEM;
    ck_assert_int_eq(rc, JOURNAL_END);
    journal_cursor_close(cursor);
}

/* Asks until it starves for good; then gives up, or goes on with memory. */
static void
ask_in_vain(const struct journal_query *query, bool go_on,
            struct answer *answer)
{
    struct journal_cursor *cursor;
    int rc = open_cursor(query, &cursor);

    answer->count = 0;
    if (rc == ENOMEM)
        return;
    ck_assert_int_eq(rc, 0);
    while ((rc = step(cursor, false, answer)) == 0)
        ;
    ck_assert(rc == ENOMEM || rc == JOURNAL_END);
    /* What had been read may come first. */
    for (int i = 0; i < 3 && rc == ENOMEM; i++)
        ck_assert_int_ne(step(cursor, false, answer), JOURNAL_END);
    armed = false;
    while (go_on && (rc = step(cursor, false, answer)) == 0)
        ;
    ck_assert(!go_on || rc == JOURNAL_END);
    journal_cursor_close(cursor);
}

static void
assert_same(const struct answer *answer, const struct answer *expected,
            unsigned n)
{
    ck_assert_msg(answer->count == expected->count,
                  "%zu entries, not %zu, when call %u fails", answer->count,
                  expected->count, n);
    ck_assert_mem_eq(answer->list, expected->list,
                     expected->count * sizeof(expected->list[0]));
}

static const struct {
    uint32_t match;
    const char *key;
    uint32_t flags;
    size_t count; /* of what is given */
} ways[] = {
    {JOURNAL_MATCH_KEY, "k/7", 0, REVISIONS},
    {JOURNAL_MATCH_KEY, "hot", 0, HOT},
    {JOURNAL_MATCH_KEY, "hot", JOURNAL_QUERY_REVERSE, HOT},
    {JOURNAL_MATCH_KEY, "hot", JOURNAL_QUERY_LIVE, HOT - 71 * 6},
    {JOURNAL_MATCH_PREFIX, "k/", 0, KEYS *REVISIONS},
    {JOURNAL_MATCH_PREFIX, "k/", JOURNAL_QUERY_REVERSE, KEYS *REVISIONS},
    {JOURNAL_MATCH_EXPR, "k/**", 0, KEYS *REVISIONS},
    {JOURNAL_MATCH_EXPR, "k/**", JOURNAL_QUERY_LATEST, KEYS},
    {JOURNAL_MATCH_ALL, "", JOURNAL_QUERY_LATEST, KEYS + 2},
};
#define WAYS (int)(sizeof(ways) / sizeof(ways[0]))

static struct journal_query
given(int way)
{
    struct journal_query query;

    journal_query_init(&query);
    query.match = ways[way].match;
    query.key = ways[way].key;
    query.key_size = strlen(ways[way].key);
    query.flags = ways[way].flags;
    return query;
}

/* Every call fails in turn, or where that takes long, fewer and fewer. */
static unsigned
next_failing(unsigned n)
{
    return n + 1 + (test_scale() < 1 ? n : 0);
}

static void
assert_whole_answers(const struct journal_query *query, bool memory,
                     bool packed, size_t count)
{
    static struct answer expected, answer;

    ask(query, packed, &expected);
    ck_assert_uint_eq(expected.count, count);
    for (unsigned n = 1;; n = next_failing(n)) {
        arm(memory, n, false);
        ask(query, packed, &answer);
        armed = false;
        assert_same(&answer, &expected, n);
        if (calls < n)
            break;
    }
    ck_assert_uint_gt(calls, 0);
}

START_TEST(a_call_that_gets_no_memory_may_be_made_again)
{
    struct journal_query query = given(_i);

    assert_whole_answers(&query, true, false, ways[_i].count);
}
END_TEST

START_TEST(so_may_one_that_fills_a_buffer)
{
    struct journal_query query = given(_i);

    assert_whole_answers(&query, true, true, ways[_i].count);
}
END_TEST

START_TEST(a_scan_that_gets_no_memory_may_be_made_again)
{
    struct journal_query query = given(4);

    query.key_size = 0;
    query.first = KEYS * REVISIONS * FILLERS / 40;
    query.limit = query.first + ANSWER_MAX - 1;
    assert_whole_answers(&query, true, false, ANSWER_MAX - 1);
    query.flags = JOURNAL_QUERY_REVERSE;
    assert_whole_answers(&query, true, true, ANSWER_MAX - 1);
}
END_TEST

START_TEST(a_cursor_that_starves_for_good_says_so_and_may_be_closed)
{
    static struct answer expected, answer;
    struct journal_query query = given(_i);

    ask(&query, false, &expected);
    for (unsigned n = 1;; n = next_failing(n)) {
        arm(true, n, true);
        ask_in_vain(&query, n % 2 == 0, &answer);
        armed = false;
        if (calls < n)
            break;
        if (n % 2 == 0 && answer.count > 0)
            assert_same(&answer, &expected, n);
    }
}
END_TEST

/* Then it is found by looking at all. */
START_TEST(what_the_index_does_not_lead_to_is_found_all_the_same)
{
    struct journal_query query = given(_i);

    assert_whole_answers(&query, false, false, ways[_i].count);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("query starved");
    TCase *tcase = tcase_create("query starved");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_unchecked_fixture(tcase, make, NULL);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_call_that_gets_no_memory_may_be_made_again, 0,
                        WAYS);
    tcase_add_loop_test(tcase, so_may_one_that_fills_a_buffer, 0, WAYS);
    tcase_add_test(tcase, a_scan_that_gets_no_memory_may_be_made_again);
    tcase_add_loop_test(
        tcase, a_cursor_that_starves_for_good_says_so_and_may_be_closed, 0,
        WAYS);
    tcase_add_loop_test(tcase,
                        what_the_index_does_not_lead_to_is_found_all_the_same,
                        1, WAYS);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
