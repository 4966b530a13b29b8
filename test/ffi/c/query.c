/* query.c - claims of cursors: queries, the packed form, following. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* A query for keys that match TEXT. */
static struct journal_query
query_for(uint32_t match, const char *text, uint32_t flags)
{
    struct journal_query query;

    journal_query_init(&query);
    query.match = match;
    query.key = text;
    query.key_size = strlen(text);
    query.flags = flags;
    return query;
}

/* Whether QUERY finds just these COUNT numbers. */
static bool
finds(struct journal *journal, struct journal_query query,
      const uint64_t *expected, size_t count)
{
    struct journal_cursor *cursor = NULL;

    return GIVES(0, journal_query(journal, &query, &cursor)) &&
           gives_numbers(cursor, expected, count);
}

#define FINDS(query, ...)                                                      \
    CHECK(finds(journal, query, (const uint64_t[]){__VA_ARGS__},               \
                sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)))

static void
queries_choose(const char *path)
{
    struct journal *journal = filled(path, 10);
    struct journal_query query;

    GIVES(0, journal_delete(journal, "k/1", 3, NULL));
    FINDS(query_for(JOURNAL_MATCH_KEY, "k/2", 0), 2, 5, 8);
    FINDS(query_for(JOURNAL_MATCH_KEY, "k/2", JOURNAL_QUERY_REVERSE), 8, 5, 2);
    FINDS(query_for(JOURNAL_MATCH_EXPR, "*/1", 0), 1, 4, 7, 10);
    FINDS(query_for(JOURNAL_MATCH_ALL, "", JOURNAL_QUERY_LATEST), 8, 9, 10);
    FINDS(query_for(JOURNAL_MATCH_PREFIX, "k",
                    JOURNAL_QUERY_LATEST | JOURNAL_QUERY_LIVE),
          8, 9);
    query = query_for(JOURNAL_MATCH_PREFIX, "k/", 0);
    query.first = 3;
    query.limit = 5;
    FINDS(query, 3, 4);
    query = query_for(JOURNAL_MATCH_KEY, "k/2", 0);
    query.first_revision = 2;
    FINDS(query, 5, 8);
    query.since = UINT64_MAX;
    CHECK(finds(journal, query, NULL, 0));
    journal_close(journal);
}

/* The bytes at AT, little endian, as this machine has them or not. */
static uint64_t
integer(const unsigned char *at, unsigned size)
{
    uint64_t value = 0;

    while (size > 0)
        value = value << 8 | at[--size];
    return value;
}

/* Reads an entry of the packed form; gives its size. */
static size_t
unpack(const unsigned char *packed, struct journal_entry *entry)
{
    const unsigned char *at = packed + 56;

    entry->flags = (uint32_t)integer(packed + 4, 4);
    entry->seq = integer(packed + 8, 8);
    entry->time = integer(packed + 16, 8);
    entry->prev = integer(packed + 24, 8);
    entry->revision = integer(packed + 32, 8);
    entry->key_size = (size_t)integer(packed + 40, 4);
    entry->meta_size = (size_t)integer(packed + 44, 4);
    entry->value_size = (size_t)integer(packed + 48, 4);
    if ((entry->flags & JOURNAL_STAMPED) != 0) {
        entry->stamp.time = integer(at, 8);
        memcpy(entry->stamp.id, at + 8, 16);
        at += 24;
    }
    entry->key = at;
    entry->meta = at + entry->key_size;
    entry->value = at + entry->key_size + entry->meta_size;
    return (size_t)integer(packed, 4);
}

static bool
same(const struct journal_entry *a, const struct journal_entry *b)
{
    return a->seq == b->seq && a->time == b->time && a->prev == b->prev &&
           a->revision == b->revision && a->flags == b->flags &&
           a->key_size == b->key_size && a->value_size == b->value_size &&
           a->meta_size == b->meta_size &&
           memcmp(a->key, b->key, a->key_size) == 0 &&
           memcmp(a->value, b->value, a->value_size) == 0 &&
           memcmp(a->meta, b->meta, a->meta_size) == 0 &&
           ((a->flags & JOURNAL_STAMPED) == 0 ||
            memcmp(&a->stamp, &b->stamp, sizeof(a->stamp)) == 0);
}

/* Takes the USED bytes apart, beside what journal_next() gives. */
static size_t
compare(const unsigned char *packed, size_t used, struct journal_cursor *beside)
{
    const struct journal_entry *expected;
    struct journal_entry entry;
    size_t count = 0;

    for (size_t at = 0; at < used; count++) {
        at += unpack(packed + at, &entry);
        if (!GIVES(0, journal_next(beside, &expected)) ||
            !CHECK(same(&entry, expected)))
            return count;
    }
    return count;
}

/* As journal_fill(), with a BUFFER that grows to what an entry takes. */
static int
fill(struct journal_cursor *cursor, unsigned char **buffer, size_t *size,
     size_t *used, size_t *count)
{
    int rc = journal_fill(cursor, *buffer, *size, used, count);

    if (rc == JOURNAL_TOO_BIG) {
        unsigned char *larger = realloc(*buffer, *used);

        if (larger == NULL)
            abort();
        *buffer = larger;
        *size = *used;
        rc = journal_fill(cursor, *buffer, *size, used, count);
    }
    return rc;
}

static void
packed_entries_are_those_of_next(const char *path)
{
    struct journal *journal = filled(path, 100);
    struct journal_record stamped = record("stamped", "value");
    struct journal_cursor *cursor = NULL;
    struct journal_cursor *beside = NULL;
    const struct journal_entry *entry;
    unsigned char *buffer = NULL;
    size_t size = 0;
    size_t used = 0;
    size_t count = 0;
    uint64_t seq = 99;

    stamped.flags = JOURNAL_STAMPED;
    stamped.meta = "meta";
    stamped.meta_size = 4;
    GIVES(0, journal_append_batch(journal, &stamped, 1, NULL));
    GIVES(0, journal_replay(journal, 0, &cursor));
    GIVES(0, journal_replay(journal, 0, &beside));
    while (fill(cursor, &buffer, &size, &used, &count) == 0)
        CHECK(compare(buffer, used, beside) == count);
    GIVES(JOURNAL_END, journal_next(beside, &entry));
    journal_cursor_close(beside);
    journal_cursor_close(cursor);

    GIVES(0, journal_append_packed(journal, buffer, used, &count, &seq));
    CHECK(seq == 101 && count == 1);
    CHECK(journal_append_packed(journal, buffer, used - 1, NULL, NULL) > 0);
    free(buffer);
    journal_close(journal);
}

/* Gives the journal, if all went well. */
static void *
append_hundred(void *context)
{
    struct journal *journal = context;
    int rc = 0;

    for (int i = 0; i < 100 && rc == 0; i++)
        rc = journal_append(journal, i % 2 ? "odd" : "even", i % 2 ? 3 : 4, &i,
                            sizeof(i), NULL);
    return rc == 0 ? journal : NULL;
}

/* Gives how many entries of "odd" came, each once and in order. */
static unsigned
follow(struct journal *journal, struct journal_cursor *cursor, unsigned wanted)
{
    const struct journal_entry *entry;
    struct journal_stat stat = {0};
    unsigned seen = 0;
    int rc = 0;
    int value;

    stat.struct_size = sizeof(stat);
    while (rc == 0 && seen < wanted) {
        /* Before looking: an append after that ends the wait at once. */
        rc = journal_stat(journal, &stat);
        while (rc == 0 && (rc = journal_next(cursor, &entry)) == 0) {
            memcpy(&value, entry->value, sizeof(value));
            CHECK(value == (int)(2 * seen++ + 1));
        }
        if (rc == JOURNAL_END && seen < wanted)
            rc = journal_wait(journal, stat.size, INT64_C(30000000000));
    }
    return seen;
}

static void
a_follower_gets_all(const char *path)
{
    struct journal *journal = filled(path, 0);
    struct journal_query query = query_for(JOURNAL_MATCH_KEY, "odd",
                                           JOURNAL_QUERY_FOLLOW);
    struct journal_cursor *cursor = NULL;
    pthread_t writer;
    void *well = NULL;

    GIVES(0, journal_query(journal, &query, &cursor));
    if (!CHECK(pthread_create(&writer, NULL, append_hundred, journal) == 0))
        return;
    CHECK(follow(journal, cursor, 50) == 50);
    CHECK(pthread_join(writer, &well) == 0 && well == journal);
    GIVES(0, journal_wait(journal, 99, 0));
    GIVES(JOURNAL_TIMEOUT, journal_wait(journal, 100, 0));
    GIVES(JOURNAL_TIMEOUT, journal_wait(journal, 100, 10000000));
    journal_cursor_close(cursor);
    journal_close(journal);
}

void
query(void)
{
    CLAIM(queries_choose);
    CLAIM(packed_entries_are_those_of_next);
    CLAIM(a_follower_gets_all);
}
