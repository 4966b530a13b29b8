/*
 * plan_test.c - what a query costs follows its answer and not the journal.
 *
 * Counted is how many rows of `entries` a cursor has looked up, and how many of
 * `latest`, which is the same on every machine; for the latter this program is
 * linked so that jn_keys_next() is counted.
 *
 * The journal: 40,000 entries of 400 keys in turn, "k/00/000" to "k/03/399", so
 * that each has 100 revisions and each group of a hundred keys a quarter; then
 * a key with 30,000 revisions of its own.
 */
#include <stdio.h>
#include <string.h>

#include "query/cursor.h"
#include "base/error.h"
#include "settle.h"
#include "support/fast_dir.h"
#include "support/test.h"
#include "template.h"

#define KEYS 400u
#define REVISIONS 100u
#define SPREAD (KEYS * REVISIONS)
#define HOT 30000u
#define SIZE (SPREAD + HOT)
#define BATCH 500u

#define MANY 270000u /* keys of one revision each */

static struct journal *journal;

static uint64_t rows; /* of `latest` */

int __real_jn_keys_next(struct jn_keys *keys, struct jn_chain *chain,
                        bool *matches);
int __wrap_jn_keys_next(struct jn_keys *keys, struct jn_chain *chain,
                        bool *matches);

int
__wrap_jn_keys_next(struct jn_keys *keys, struct jn_chain *chain, bool *matches)
{
    rows++;
    return __real_jn_keys_next(keys, chain, matches);
}

struct answer {
    uint64_t count;
    uint64_t first, last; /* numbers, as they came */
    uint64_t read;        /* rows of `entries` looked up for it */
    uint64_t rows;        /* rows of `latest` gone over */
};

static void
name_key(char key[16], unsigned i)
{
    (void)snprintf(key, 16, "k/%02u/%03u", i / 100, i);
}

static void
append(struct journal *to, unsigned first, bool hot)
{
    static char keys[BATCH][16];
    struct journal_record records[BATCH];

    memset(records, 0, sizeof(records));
    for (unsigned i = 0; i < BATCH; i++) {
        name_key(keys[i], (first + i) % KEYS);
        records[i].key = hot ? "hot" : keys[i];
        records[i].key_size = strlen(records[i].key);
        records[i].value = "value";
        records[i].value_size = 5;
    }
    ck_assert_int_eq(journal_append_batch(to, records, BATCH, NULL), 0);
}

static void
fill(struct journal *to)
{
    for (unsigned i = 0; i < SPREAD; i += BATCH)
        append(to, i, false);
    for (unsigned i = 0; i < HOT; i += BATCH)
        append(to, i, true);
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
    journal_close(journal);
    test_teardown();
}

static struct journal_query
query_of(uint32_t match, const char *key, uint32_t flags)
{
    struct journal_query query;

    journal_query_init(&query);
    query.match = match;
    query.key = key;
    query.key_size = strlen(key);
    query.flags = flags;
    return query;
}

/* At most MOST entries of what QUERY asks for. */
static struct answer
ask(const struct journal_query *query, uint64_t most)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    struct answer answer = {0, 0, 0, 0, 0};
    int rc = 0;

    rows = 0;
    ck_assert_int_eq(journal_query(journal, query, &cursor), 0);
    while (answer.count < most && (rc = journal_next(cursor, &entry)) == 0) {
        if (answer.count++ == 0)
            answer.first = entry->seq;
        answer.last = entry->seq;
    }
    ck_assert(rc == 0 || rc == JOURNAL_END);
    answer.read = cursor->entries_read;
    answer.rows = rows;
    journal_cursor_close(cursor);
    return answer;
}

static struct answer
ask_all(uint32_t match, const char *key, uint32_t flags)
{
    struct journal_query query = query_of(match, key, flags);

    return ask(&query, UINT64_MAX);
}

/* ---- histories ---------------------------------------------------------- */

START_TEST(a_short_history_is_read_and_nothing_else)
{
    struct answer up = ask_all(JOURNAL_MATCH_KEY, "k/02/250", 0);
    struct answer down = ask_all(JOURNAL_MATCH_KEY, "k/02/250",
                                 JOURNAL_QUERY_REVERSE);

    ck_assert_uint_eq(up.count, REVISIONS);
    ck_assert_uint_eq(up.read, REVISIONS);
    ck_assert_uint_eq(down.count, REVISIONS);
    /* The newest come first, and the rest at a second try. */
    ck_assert_uint_le(down.read, REVISIONS * 6 / 5);
    ck_assert_uint_eq(up.first, down.last);
    ck_assert_uint_eq(up.last, down.first);
}
END_TEST

START_TEST(a_key_that_is_not_known_costs_nothing)
{
    struct answer answer = ask_all(JOURNAL_MATCH_KEY, "k/02/999", 0);

    ck_assert_uint_eq(answer.count, 0);
    ck_assert_uint_eq(answer.read, 0);
}
END_TEST

START_TEST(a_history_from_a_late_revision_on_costs_what_is_left_of_it)
{
    struct journal_query query = query_of(JOURNAL_MATCH_KEY, "k/02/250", 0);
    struct answer answer;

    query.first_revision = 96;
    answer = ask(&query, UINT64_MAX);
    ck_assert_uint_eq(answer.count, 5);
    ck_assert_uint_le(answer.read, 5 + 2 * 7 + 2);
}
END_TEST

START_TEST(the_newest_of_a_long_history_do_not_wait_for_the_rest)
{
    struct journal_query query = query_of(JOURNAL_MATCH_KEY, "hot",
                                          JOURNAL_QUERY_REVERSE);
    struct answer answer = ask(&query, 10);

    ck_assert_uint_eq(answer.count, 10);
    ck_assert_uint_eq(answer.first, SIZE - 1);
    ck_assert_uint_le(answer.read, JN_GATHER_FEW_NEWEST + 5 * 15);
}
END_TEST

/* 30,000 of 70,000: links would read each of them from a place of its own. */
START_TEST(a_history_that_is_a_large_part_of_the_journal_is_scanned)
{
    struct answer answer = ask_all(JOURNAL_MATCH_KEY, "hot", 0);

    ck_assert_uint_eq(answer.count, HOT);
    ck_assert_uint_le(answer.read, SIZE + SIZE / 50);
}
END_TEST

/* ---- prefixes and expressions ------------------------------------------- */

START_TEST(a_selective_prefix_reads_little_more_than_it_finds)
{
    struct answer answer = ask_all(JOURNAL_MATCH_PREFIX, "k/02/25", 0);

    ck_assert_uint_eq(answer.count, 10 * REVISIONS);
    /* Few keys are gone over a few times, for the first to come early. */
    ck_assert_uint_le(answer.read, 10 * REVISIONS * 5 / 4);
}
END_TEST

START_TEST(a_selective_expression_reads_little_more_than_it_finds)
{
    struct answer answer = ask_all(JOURNAL_MATCH_EXPR, "k/*/$*50", 0);

    ck_assert_uint_eq(answer.count, 4 * REVISIONS);
    ck_assert_uint_eq(answer.read, 4 * REVISIONS);
}
END_TEST

START_TEST(a_wide_prefix_reads_each_entry_once)
{
    struct answer answer = ask_all(JOURNAL_MATCH_PREFIX, "k/", 0);

    ck_assert_uint_eq(answer.count, SPREAD);
    ck_assert_uint_le(answer.read, SIZE + SIZE / 50);
}
END_TEST

START_TEST(a_range_costs_its_own_size_at_most)
{
    struct journal_query query = query_of(JOURNAL_MATCH_PREFIX, "k/", 0);
    struct answer answer;

    query.first = 10000;
    query.limit = 11000;
    answer = ask(&query, UINT64_MAX);
    ck_assert_uint_eq(answer.count, 1000);
    ck_assert_uint_le(answer.read, 1000 + 10);
}
END_TEST

START_TEST(the_newest_of_a_prefix_do_not_wait_for_the_rest)
{
    struct journal_query query = query_of(JOURNAL_MATCH_PREFIX, "k/02/25",
                                          JOURNAL_QUERY_REVERSE);
    struct answer answer = ask(&query, 5);

    ck_assert_uint_eq(answer.count, 5);
    ck_assert_uint_le(answer.read, 10 * 10);
}
END_TEST

/* ---- latest ------------------------------------------------------------- */

START_TEST(latest_reads_each_key_once)
{
    struct answer answer = ask_all(JOURNAL_MATCH_ALL, "", JOURNAL_QUERY_LATEST);

    ck_assert_uint_eq(answer.count, KEYS + 1);
    ck_assert_uint_eq(answer.read, KEYS + 1);
}
END_TEST

START_TEST(latest_as_of_a_size_costs_steps_along_the_links_only)
{
    struct journal_query query = query_of(JOURNAL_MATCH_PREFIX, "k/",
                                          JOURNAL_QUERY_LATEST);
    struct answer answer;

    query.limit = SPREAD / 2;
    answer = ask(&query, UINT64_MAX);
    ck_assert_uint_eq(answer.count, KEYS);
    ck_assert_uint_le(answer.read, KEYS * (2 * 7 + 2));
}
END_TEST

START_TEST(the_oldest_of_a_prefix_do_not_wait_for_the_rest)
{
    struct journal_query query = query_of(JOURNAL_MATCH_PREFIX, "k/02/25", 0);
    struct answer answer = ask(&query, 5);

    ck_assert_uint_eq(answer.count, 5);
    ck_assert_uint_le(answer.read, 64 * 10);
}
END_TEST

START_TEST(latest_of_a_short_range_does_not_go_over_all_keys)
{
    struct journal_query query = query_of(JOURNAL_MATCH_ALL, "",
                                          JOURNAL_QUERY_LATEST);
    struct answer answer;

    query.first = SIZE - 20;
    answer = ask(&query, UINT64_MAX);
    ck_assert_uint_eq(answer.count, 1);
    ck_assert_uint_eq(answer.first, SIZE - 1);
    ck_assert_uint_le(answer.read, 20 + 2);
}
END_TEST

/* ---- time, following ---------------------------------------------------- */

START_TEST(a_time_range_costs_steps_of_a_binary_search)
{
    struct journal_query query = query_of(JOURNAL_MATCH_ALL, "", 0);
    struct journal_entry *entry;
    struct journal_cursor *cursor;

    ck_assert_int_eq(journal_read(journal, SPREAD, &entry), 0);
    query.since = entry->time;
    query.until = entry->time + 1;
    ck_assert_int_eq(journal_query(journal, &query, &cursor), 0);
    ck_assert_uint_le(cursor->range.low, SPREAD);
    ck_assert_uint_gt(cursor->range.high, SPREAD);
    ck_assert_uint_le(cursor->range.high - cursor->range.low, 2 * BATCH);
    ck_assert_uint_le(cursor->entries_read, 2 * 17 + 4);
    journal_cursor_close(cursor);
    journal_entry_free(entry);
}
END_TEST

START_TEST(following_costs_what_is_new)
{
    struct journal_query query = query_of(JOURNAL_MATCH_PREFIX, "k/03/",
                                          JOURNAL_QUERY_FOLLOW);
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    uint64_t before;

    query.first = SIZE;
    ck_assert_int_eq(journal_query(journal, &query, &cursor), 0);
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    before = cursor->entries_read;
    ck_assert_int_eq(journal_append(journal, "k/03/new", 8, "v", 1, NULL), 0);
    ck_assert_int_eq(journal_next(cursor, &entry), 0);
    ck_assert_uint_eq(entry->seq, SIZE);
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    ck_assert_uint_le(cursor->entries_read - before, 2);
    journal_cursor_close(cursor);
}
END_TEST

/* ---- many keys ---------------------------------------------------------- */

/* COUNT entries of KEYS keys in turn, "00/000" and up, 30 keys to a group. */
static void
append_groups(struct journal *to, uint64_t count, uint64_t keys)
{
    static char names[BATCH][16];
    struct journal_record records[BATCH];

    memset(records, 0, sizeof(records));
    for (uint64_t i = 0; i < count; i++) {
        unsigned key = (unsigned)(i % keys), at = (unsigned)(i % BATCH);

        records[at].key = names[at];
        records[at].key_size = (size_t)snprintf(names[at], sizeof(names[at]),
                                                "%02u/%06u", key / 30, key);
        if (at == BATCH - 1)
            ck_assert_int_eq(journal_append_batch(to, records, BATCH, NULL), 0);
    }
}

/* 120,000 entries: 300 revisions of each of 400 keys. */
static void
fill_groups(struct journal *to)
{
    append_groups(to, 120000, 400);
}

static void
make_groups(void)
{
    template_make(fill_groups);
}

START_TEST(the_first_of_a_group_of_keys_do_not_wait_for_the_rest)
{
    static const uint32_t flags[] = {0, JOURNAL_QUERY_REVERSE};
    struct journal_query query = query_of(JOURNAL_MATCH_PREFIX, "05/",
                                          flags[_i]);
    struct answer answer = ask(&query, 10);

    ck_assert_uint_eq(answer.count, 10);
    ck_assert_uint_le(answer.read, 3000);
    answer = ask(&query, UINT64_MAX);
    ck_assert_uint_eq(answer.count, 30 * 300);
    ck_assert_uint_le(answer.read, 30 * 300 * 3 / 2);
    /* Counted, and then gone over a few times. */
    ck_assert_uint_le(answer.rows, 31 * (5 + (unsigned)_i));
}
END_TEST

/* The links that tell how many there are of a key must be read, too. */
START_TEST(to_count_what_is_in_a_short_range_costs_less_than_the_range)
{
    struct journal_query query = query_of(JOURNAL_MATCH_PREFIX, "", 0);
    struct answer answer;

    query.first = 60000;
    query.limit = 60300;
    answer = ask(&query, UINT64_MAX);
    ck_assert_uint_eq(answer.count, 300);
    ck_assert_uint_le(answer.read, 300 * 3 / 2);
}
END_TEST

/* All keys are gone over for each list of numbers: so there is one list. */
START_TEST(the_latest_of_very_many_keys_are_found_in_one_go)
{
    struct answer answer;

    if (test_scale() < 1)
        return; /* fewer keys say nothing */
    test_setup();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    append_groups(journal, MANY, MANY);
    settle(journal);
    answer = ask_all(JOURNAL_MATCH_ALL, "", JOURNAL_QUERY_LATEST);
    ck_assert_uint_eq(answer.count, MANY);
    ck_assert_uint_le(answer.read + answer.rows, 2 * MANY + 1);
    teardown();
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("plan");
    TCase *tcase = tcase_create("cost");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_unchecked_fixture(tcase, make, NULL);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_short_history_is_read_and_nothing_else);
    tcase_add_test(tcase, a_key_that_is_not_known_costs_nothing);
    tcase_add_test(tcase,
                   a_history_from_a_late_revision_on_costs_what_is_left_of_it);
    tcase_add_test(tcase,
                   the_newest_of_a_long_history_do_not_wait_for_the_rest);
    tcase_add_test(tcase,
                   a_history_that_is_a_large_part_of_the_journal_is_scanned);
    tcase_add_test(tcase, a_selective_prefix_reads_little_more_than_it_finds);
    tcase_add_test(tcase,
                   a_selective_expression_reads_little_more_than_it_finds);
    tcase_add_test(tcase, a_wide_prefix_reads_each_entry_once);
    tcase_add_test(tcase, a_range_costs_its_own_size_at_most);
    tcase_add_test(tcase, the_newest_of_a_prefix_do_not_wait_for_the_rest);
    tcase_add_test(tcase, the_oldest_of_a_prefix_do_not_wait_for_the_rest);
    tcase_add_test(tcase, latest_reads_each_key_once);
    tcase_add_test(tcase, latest_as_of_a_size_costs_steps_along_the_links_only);
    tcase_add_test(tcase, latest_of_a_short_range_does_not_go_over_all_keys);
    tcase_add_test(tcase, a_time_range_costs_steps_of_a_binary_search);
    tcase_add_test(tcase, following_costs_what_is_new);
    suite_add_tcase(suite, tcase);

    tcase = tcase_create("cost of groups");
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_unchecked_fixture(tcase, make_groups, NULL);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase,
                        the_first_of_a_group_of_keys_do_not_wait_for_the_rest,
                        0, 2);
    tcase_add_test(tcase,
                   to_count_what_is_in_a_short_range_costs_less_than_the_range);
    suite_add_tcase(suite, tcase);

    tcase = tcase_create("cost of very many");
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, the_latest_of_very_many_keys_are_found_in_one_go);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
