/* same.c - two journals that hold the same, as far as can be read. */
#include "same.h"

#include <string.h>

#define LIMITS 7u

static void
assert_same_figures(struct journal *a, struct journal *b)
{
    struct journal_stat x = figures(a), y = figures(b);

    ck_assert_uint_eq(x.first, y.first);
    ck_assert_uint_eq(x.size, y.size);
    ck_assert_uint_eq(x.entries, y.entries);
    ck_assert_uint_eq(x.keys, y.keys);
    ck_assert_uint_eq(x.tombstones, y.tombstones);
    ck_assert_uint_eq(x.bytes_logical, y.bytes_logical);
    ck_assert_uint_eq(x.first_time, y.first_time);
    ck_assert_uint_eq(x.last_time, y.last_time);
    ck_assert_uint_eq(x.format, y.format);
    ck_assert_uint_eq(x.marks, y.marks);
    ck_assert_mem_eq(x.id, y.id, sizeof(x.id));
}

static void
assert_same_marks(struct journal *a, struct journal *b)
{
    char name[JOURNAL_MARK_SIZE] = "", other[JOURNAL_MARK_SIZE] = "";
    uint64_t seq = 0, at = 0;

    while (journal_next_mark(a, name, &seq) == 0) {
        ck_assert_int_eq(journal_next_mark(b, other, &at), 0);
        ck_assert_str_eq(name, other);
        ck_assert_uint_eq(seq, at);
    }
    ck_assert_int_eq(journal_next_mark(b, other, &at), JOURNAL_END);
}

void
assert_same_answer(struct journal *a, struct journal *b,
                   const struct journal_query *query)
{
    struct journal_cursor *x, *y;
    const struct journal_entry *one, *other;
    int rc;

    ck_assert_int_eq(journal_query(a, query, &x), 0);
    ck_assert_int_eq(journal_query(b, query, &y), 0);
    while ((rc = journal_next(x, &one)) == 0) {
        ck_assert_int_eq(journal_next(y, &other), 0);
        assert_same_entry(one, other);
    }
    ck_assert_int_eq(rc, JOURNAL_END);
    ck_assert_int_eq(journal_next(y, &other), JOURNAL_END);
    journal_cursor_close(x);
    journal_cursor_close(y);
}

static void
assert_same_past(struct journal *a, struct journal *b, const void *key,
                 size_t size, uint64_t limit)
{
    struct journal_entry *one = NULL, *other = NULL;
    int rc = journal_get_at(a, key, size, limit, &one);

    ck_assert_int_eq(journal_get_at(b, key, size, limit, &other), rc);
    if (rc == 0)
        assert_same_entry(one, other);
    journal_entry_free(one);
    journal_entry_free(other);
}

static void
assert_same_key(struct journal *a, struct journal *b,
                const struct journal_entry *latest)
{
    uint64_t size = figures(a).size;
    struct journal_query query;

    journal_query_init(&query);
    query.match = JOURNAL_MATCH_KEY;
    query.key = latest->key;
    query.key_size = latest->key_size;
    assert_same_answer(a, b, &query);
    query.flags = JOURNAL_QUERY_REVERSE;
    assert_same_answer(a, b, &query);
    for (uint64_t i = 0; i <= LIMITS; i++)
        assert_same_past(a, b, latest->key, latest->key_size,
                         size * i / LIMITS);
}

/* Of each key there is, deleted ones too. */
static void
assert_same_keys(struct journal *a, struct journal *b)
{
    struct journal_cursor *cursor;
    const struct journal_entry *latest;
    struct journal_query query;

    journal_query_init(&query);
    query.flags = JOURNAL_QUERY_LATEST;
    assert_same_answer(a, b, &query);
    ck_assert_int_eq(journal_query(a, &query, &cursor), 0);
    while (journal_next(cursor, &latest) == 0)
        assert_same_key(a, b, latest);
    journal_cursor_close(cursor);
}

static void
assert_same_numbers(struct journal *a, struct journal *b)
{
    struct journal_stat stat = figures(a);

    for (uint64_t seq = 0; seq <= stat.size;
         seq += 1 + (stat.size - stat.first) / 500) {
        struct journal_entry *one = NULL, *other = NULL;
        uint64_t found, again;
        int rc = journal_read(a, seq, &one);

        ck_assert_int_eq(journal_read(b, seq, &other), rc);
        if (rc == 0) {
            assert_same_entry(one, other);
            ck_assert_int_eq(journal_find_time(a, one->time, &found), 0);
            ck_assert_int_eq(journal_find_time(b, one->time, &again), 0);
            ck_assert_uint_eq(found, again);
        }
        journal_entry_free(one);
        journal_entry_free(other);
    }
}

void
assert_same_journal(struct journal *a, struct journal *b)
{
    struct journal_query all, prefix;

    journal_query_init(&all);
    journal_query_init(&prefix);
    prefix.match = JOURNAL_MATCH_PREFIX;
    prefix.key = "k";
    prefix.key_size = 1;
    assert_same_figures(a, b);
    assert_same_answer(a, b, &all);
    assert_same_answer(a, b, &prefix);
    assert_same_keys(a, b);
    assert_same_numbers(a, b);
    assert_same_marks(a, b);
}
