/*
 * query_wrong_test.c - what is asked of rows that are wrong, in sound pages.
 *
 * The answer is JOURNAL_CORRUPT, and never an entry that was not asked for.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "journal/view.h"
#include "settle.h"
#include "support/test.h"
#include "unit/sparse.h"
#include "write/handle.h"

#define ENTRIES 40u /* even ones of key "a", odd ones of key "b" */

static struct journal *journal;
static struct jn_txn txn;

static struct jn_span
key_of(uint64_t seq)
{
    return jn_span(seq % 2 == 0 ? "a" : "b", 1);
}

static void
setup(void)
{
    test_setup();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    for (uint64_t seq = 0; seq < ENTRIES; seq++)
        ck_assert_int_eq(journal_append(journal, key_of(seq).data, 1, "value",
                                        5, NULL),
                         0);
    settle(journal);
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

/* ---- rows that are wrong ------------------------------------------------- */

/* The row of key "a" leads to entry SEQ. */
static void
lead_to(uint64_t seq)
{
    struct jn_known known;

    ck_assert_int_eq(jn_view_find(&txn, key_of(0), &known), 0);
    known.chain.roots[0] = seq;
    ck_assert_int_eq(jn_view_put_chain(&txn, &known), 0);
}

static void
lead_to_another_key(void)
{
    lead_to(ENTRIES - 1);
}

static void
lead_behind_the_end(void)
{
    lead_to(ENTRIES + 5);
}

static void
lose_entry(uint64_t seq)
{
    uint8_t key[8];

    jn_put_be64(key, seq);
    ck_assert_int_eq(jn_store_delete(&txn, JN_ENTRIES,
                                     jn_span(key, sizeof(key))),
                     0);
}

static void
lose_the_latest(void)
{
    lose_entry(ENTRIES - 2);
}

/* No row knows of key "a". */
static void
lose_the_row(void)
{
    struct jn_known known;

    ck_assert_int_eq(jn_view_find(&txn, key_of(0), &known), 0);
    known.chain.revision = 0;
    ck_assert_int_eq(jn_view_put_chain(&txn, &known), 0);
}

static void
damage_the_row(void)
{
    struct jn_known known;

    ck_assert_int_eq(jn_view_find(&txn, key_of(0), &known), 0);
    ck_assert_int_eq(jn_store_put(&txn, JN_LATEST,
                                  jn_index_span(&known.index_key),
                                  jn_span("no chain", 8)),
                     0);
}

/* Before a key that no index key looks like. */
static void
add_a_row(void)
{
    struct jn_known known;
    uint8_t key[9] = {0xff, 1, 2, 3, 4, 5, 6, 7, 8};

    for (unsigned i = 0; i < 2; i++) {
        key[0] = i == 0 ? 0xff : 0;
        ck_assert_int_eq(jn_view_find(&txn, key_of(0), &known), 0);
        ck_assert_int_eq(jn_store_put(&txn, JN_LATEST,
                                      jn_span(key, sizeof(key)),
                                      jn_span("no chain", 8)),
                         0);
    }
}

/* Of what nothing is told only journal_verify() knows. */
static const struct {
    void (*make)(void);
    bool told;
} changes[] = {
    {lead_to_another_key, true}, {lead_behind_the_end, true},
    {lose_the_latest, true},     {lose_the_row, false},
    {damage_the_row, true},      {add_a_row, false},
};

#define CHANGES ((int)(sizeof(changes) / sizeof(changes[0])))

static void
change(int which)
{
    ck_assert_int_eq(jn_shared_begin_write(journal->shared, &txn), 0);
    changes[which].make();
    ck_assert_int_eq(jn_shared_commit(journal->shared, &txn), 0);
}

/* ---- what is asked ------------------------------------------------------- */

static void
assert_right(const struct journal_entry *entry)
{
    ck_assert_uint_lt(entry->seq, ENTRIES);
    ck_assert(jn_span_equal(jn_span(entry->key, entry->key_size),
                            key_of(entry->seq)));
}

/* Whatever is wrong may be met, or not. */
static int
get(uint64_t limit)
{
    struct journal_entry *entry = NULL;
    int rc = limit == JOURNAL_NONE
                 ? journal_get(journal, "a", 1, &entry)
                 : journal_get_at(journal, "a", 1, limit, &entry);

    if (rc == 0) {
        assert_right(entry);
        ck_assert_mem_eq(entry->key, "a", 1);
    }
    journal_entry_free(entry);
    return rc;
}

/* Asks for what QUERY says, to the end or an error; how many there were. */
static int
ask(struct journal_query *query, unsigned *count)
{
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    int rc = journal_query(journal, query, &cursor);

    *count = 0;
    while (rc == 0 && *count <= ENTRIES) {
        rc = journal_next(cursor, &entry);
        if (rc != 0)
            break;
        assert_right(entry);
        if (query->match == JOURNAL_MATCH_KEY)
            ck_assert_mem_eq(entry->key, "a", 1);
        ++*count;
    }
    journal_cursor_close(cursor);
    ck_assert(rc == JOURNAL_END || rc == JOURNAL_CORRUPT);
    return rc;
}

static const uint32_t matches[] = {JOURNAL_MATCH_ALL, JOURNAL_MATCH_KEY,
                                   JOURNAL_MATCH_PREFIX, JOURNAL_MATCH_EXPR};

/* All entries of "a" come, or it is told that something is wrong. */
START_TEST(no_entry_is_kept_quiet_about_nor_made_up)
{
    unsigned wrong = 0;

    change(_i);
    for (unsigned i = 0; i < 4 * 8; i++) {
        struct journal_query query;
        unsigned count;
        int rc;

        journal_query_init(&query);
        query.match = matches[i / 8];
        query.key = query.match == JOURNAL_MATCH_ALL ? NULL : "a";
        query.key_size = query.match != JOURNAL_MATCH_ALL;
        query.flags = i % 8;
        rc = ask(&query, &count);
        wrong += rc == JOURNAL_CORRUPT;
        if (rc == JOURNAL_END && (query.flags & JOURNAL_QUERY_LATEST) == 0 &&
            changes[_i].make != lose_the_row &&
            changes[_i].make != lose_the_latest)
            ck_assert_uint_eq(count, query.match == JOURNAL_MATCH_ALL
                                         ? ENTRIES
                                         : ENTRIES / 2);
    }
    wrong += get(JOURNAL_NONE) == JOURNAL_CORRUPT;
    wrong += get(ENTRIES) == JOURNAL_CORRUPT;
    wrong += get(ENTRIES / 2) == JOURNAL_CORRUPT;
    ck_assert(wrong > 0 || !changes[_i].told);
}
END_TEST

START_TEST(a_number_within_the_bounds_that_is_not_there_is_damage)
{
    struct journal_entry *entry;

    ck_assert_int_eq(jn_shared_begin_write(journal->shared, &txn), 0);
    lose_entry(7);
    ck_assert_int_eq(jn_shared_commit(journal->shared, &txn), 0);
    ck_assert_int_eq(journal_read(journal, 7, &entry), JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_read(journal, 6, &entry), 0);
    journal_entry_free(entry);
}
END_TEST

/* ---- below a compaction -------------------------------------------------- */

#define RARE SPARSE_KEYS
#define APART SPARSE_APART
#define LOST 37u /* of the rare ones */

/* Behind key "hot" again and again there are others, each once. */
static void
append_and_compact(void)
{
    sparse_append(journal, ENTRIES);
    settle(journal);
}

static void
lose_a_rare_one(void)
{
    ck_assert_int_eq(jn_shared_begin_write(journal->shared, &txn), 0);
    lose_entry(ENTRIES + LOST * APART);
    ck_assert_int_eq(jn_shared_commit(journal->shared, &txn), 0);
}

/* How many of the rare ones come, and how often JOURNAL_CORRUPT does. */
static void
assert_rare(uint32_t match, const char *key, uint32_t flags, unsigned entries,
            unsigned corrupt)
{
    struct journal_query query;
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    unsigned came = 0, wrong = 0;
    int rc;

    journal_query_init(&query);
    query.match = match;
    query.key = key;
    query.key_size = strlen(key);
    query.flags = flags;
    ck_assert_int_eq(journal_query(journal, &query, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) != JOURNAL_END) {
        ck_assert(rc == 0 || rc == JOURNAL_CORRUPT);
        wrong += rc != 0;
        came += rc == 0 && memcmp(entry->key, "r/", 2) == 0;
    }
    ck_assert_uint_eq(came, entries);
    ck_assert_uint_eq(wrong, corrupt);
    journal_cursor_close(cursor);
}

START_TEST(a_latest_entry_that_is_missing_is_damage_to_all_who_ask)
{
    uint32_t back = _i == 0 ? 0 : JOURNAL_QUERY_REVERSE;
    uint32_t latest = JOURNAL_QUERY_LATEST | back;
    struct journal_entry *entry;
    char key[20];

    append_and_compact();
    (void)snprintf(key, sizeof(key), "%s", sparse_key(LOST));
    assert_rare(JOURNAL_MATCH_PREFIX, "r/", latest, RARE, 0);
    assert_rare(JOURNAL_MATCH_KEY, key, back, 1, 0);
    lose_a_rare_one();
    ck_assert_int_eq(journal_get(journal, key, 5, &entry), JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_get_at(journal, key, 5, ENTRIES + RARE * APART,
                                    &entry),
                     JOURNAL_CORRUPT);
    assert_rare(JOURNAL_MATCH_PREFIX, "r/", latest, RARE - 1, 1);
    assert_rare(JOURNAL_MATCH_ALL, "", latest, RARE - 1, 1);
    assert_rare(JOURNAL_MATCH_KEY, key, latest, 0, 1);
    assert_rare(JOURNAL_MATCH_KEY, key, back, 0, 1);
    assert_rare(JOURNAL_MATCH_KEY, sparse_key(LOST + 1), back, 1, 0);
}
END_TEST

/*
 * Changes byte AT of the key that the index has of rare key LOST, while it is
 * open: who opens it then may be told at once.
 */
static void
change_index_key(size_t at, uint8_t by)
{
    const char *path = test_path("journal/data.mdb");
    struct jn_index_key index_key;
    size_t size;
    unsigned found = 0;
    uint8_t *bytes;
    FILE *file = fopen(path, "r+");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    size = (size_t)ftell(file);
    bytes = malloc(size);
    ck_assert_ptr_nonnull(bytes);
    rewind(file);
    ck_assert_uint_eq(fread(bytes, 1, size, file), size);
    jn_index_make(&index_key, jn_span(sparse_key(LOST), 5));
    for (uint8_t *row = bytes;
         (row = memmem(row, size - (size_t)(row - bytes), index_key.data,
                       index_key.size)) != NULL;
         row++, found++)
        row[1 + at] ^= by;
    ck_assert_uint_gt(found, 0);
    rewind(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
    free(bytes);
}

/* A key that would end the walk, and one that looks like no match. */
START_TEST(a_damaged_key_in_the_index_leaves_nothing_out)
{
    static const struct {
        uint32_t match;
        const char *key;
        size_t at;
        uint8_t by;
    } cases[] = {{JOURNAL_MATCH_PREFIX, "r/", 0, 1},
                 {JOURNAL_MATCH_EXPR, "r/*", 4, '7' ^ '/'}};
    struct journal_query query;
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    unsigned told = 0;
    int rc;

    append_and_compact();
    change_index_key(cases[_i].at, cases[_i].by);
    journal_query_init(&query);
    query.flags = JOURNAL_QUERY_LATEST;
    query.match = cases[_i].match;
    query.key = cases[_i].key;
    query.key_size = strlen(cases[_i].key);
    ck_assert_int_eq(journal_query(journal, &query, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) != JOURNAL_END) {
        ck_assert(rc == 0 || rc == JOURNAL_CORRUPT);
        told++;
    }
    ck_assert_uint_eq(told, RARE);
    journal_cursor_close(cursor);
}
END_TEST

/* A key that is still between its neighbours, and ones that are not. */
START_TEST(a_damaged_key_in_the_index_is_not_taken_for_none)
{
    static const struct {
        size_t at;
        uint8_t by;
    } cases[] = {{5, 1}, {0, 1}, {4, '7' ^ '/'}};
    struct journal_entry *entry;
    unsigned told = 0;
    int rc;

    append_and_compact();
    change_index_key(cases[_i].at, cases[_i].by);
    for (unsigned i = 0; i < RARE; i++) {
        rc = journal_get(journal, sparse_key(i), 5, &entry);
        ck_assert(rc == JOURNAL_CORRUPT || (rc == 0 && i != LOST));
        told += rc != 0;
        if (rc == 0)
            journal_entry_free(entry);
        rc = journal_get_at(journal, sparse_key(i), 5, ENTRIES + RARE * APART,
                            &entry);
        ck_assert(rc == JOURNAL_CORRUPT || (rc == 0 && i != LOST));
        if (rc == 0)
            journal_entry_free(entry);
    }
    /* One that is out of turn misleads who looks for some others. */
    ck_assert(told == 1 || _i > 0);
    /* The entry is sound, and found without the index. */
    assert_rare(JOURNAL_MATCH_KEY, sparse_key(LOST), 0, 1, 0);
    ck_assert_int_eq(journal_get(journal, "none", 4, &entry),
                     JOURNAL_NOT_FOUND);
}
END_TEST

/* What was the latest at some size a compaction has taken since. */
START_TEST(an_older_entry_that_is_missing_is_not)
{
    struct journal_query query;
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    unsigned came = 0;
    int rc;

    for (unsigned i = 0; i < RARE; i++)
        ck_assert_int_eq(journal_append(journal, sparse_key(i), 5, "", 0, NULL),
                         0);
    for (unsigned i = 0; i < RARE; i += 2)
        ck_assert_int_eq(journal_append(journal, sparse_key(i), 5, "", 0, NULL),
                         0);
    ck_assert_int_eq(journal_prune(journal, ENTRIES + RARE,
                                   JOURNAL_PRUNE_KEEP_LATEST, NULL),
                     0);
    settle(journal);
    journal_query_init(&query);
    query.flags = JOURNAL_QUERY_LATEST;
    query.match = JOURNAL_MATCH_PREFIX;
    query.key = "r/";
    query.key_size = 2;
    query.limit = ENTRIES + RARE;
    ck_assert_int_eq(journal_query(journal, &query, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0)
        came++;
    ck_assert_int_eq(rc, JOURNAL_END);
    ck_assert_uint_eq(came, RARE / 2);
    journal_cursor_close(cursor);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("query_wrong");
    TCase *tcase = tcase_create("rows");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, no_entry_is_kept_quiet_about_nor_made_up, 0,
                        CHANGES);
    tcase_add_test(tcase,
                   a_number_within_the_bounds_that_is_not_there_is_damage);
    tcase_add_loop_test(tcase,
                        a_latest_entry_that_is_missing_is_damage_to_all_who_ask,
                        0, 2);
    tcase_add_test(tcase, an_older_entry_that_is_missing_is_not);
    tcase_add_loop_test(tcase, a_damaged_key_in_the_index_leaves_nothing_out, 0,
                        2);
    tcase_add_loop_test(tcase, a_damaged_key_in_the_index_is_not_taken_for_none,
                        0, 3);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
