/* invariants.c - what holds of every journal, whatever has happened to it. */
#include "invariants.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define U(number) ((unsigned long long)(number))
#define KEYS_MAX 64u

/* What is kept of each entry. */
struct mark {
    bool there;
    bool tombstone;
    uint8_t key; /* KEY_COUNT: none */
};

/* What has been found so far. */
struct found {
    const struct reading *reading;
    struct journal_stat *stat;
    char *why;
    struct mark *marks; /* [0] is of number FIRST */
    uint64_t newest[KEYS_MAX];
    uint64_t revision[KEYS_MAX];
    uint64_t next; /* numbers below have been read */
    uint64_t time;
    uint64_t count;
    uint64_t bytes;
};

bool
invariants_wrong(char *why, const char *format, ...)
{
    va_list rest;

    va_start(rest, format);
    (void)vsnprintf(why, INVARIANTS_WHY, format, rest);
    va_end(rest);
    return false;
}

static struct mark *
mark_of(const struct found *found, uint64_t seq)
{
    return &found->marks[seq - found->stat->first];
}

/* ---- entries ------------------------------------------------------------ */

static unsigned
number_of(const struct reading *reading, const struct journal_entry *entry)
{
    unsigned key = 0;

    while (key < reading->key_count &&
           (reading->keys[key].size != entry->key_size ||
            memcmp(reading->keys[key].data, entry->key, entry->key_size) != 0))
        key++;
    return key;
}

static bool
check_number(const struct found *found, const struct journal_entry *entry)
{
    const struct journal_stat *stat = found->stat;
    uint64_t seq = entry->seq;
    bool follows = found->reading->sparse && found->count > 0
                       ? seq >= found->next
                       : seq == found->next;

    if (!follows || seq >= stat->size)
        return invariants_wrong(found->why,
                                "entry %llu where %llu should be, of %llu",
                                U(seq), U(found->next), U(stat->size));
    if (entry->time < found->time)
        return invariants_wrong(found->why, "time falls at entry %llu", U(seq));
    return true;
}

/* Of the key's oldest entry there is: what was before it is gone. */
static bool
check_oldest(const struct found *found, const struct journal_entry *entry)
{
    uint64_t prev = entry->prev;
    bool gone = prev < found->stat->first ||
                (found->reading->sparse && prev < entry->seq &&
                 !mark_of(found, prev)->there);

    if (prev == JOURNAL_NONE ? entry->revision == 1
                             : gone && entry->revision > 1)
        return true;
    return invariants_wrong(found->why,
                            "entry %llu, the oldest of its key, revision %llu, "
                            "follows %llu",
                            U(entry->seq), U(entry->revision), U(prev));
}

static bool
check_links(const struct found *found, const struct journal_entry *entry,
            unsigned key)
{
    if (key == found->reading->key_count)
        return entry->key_size == 0 && entry->prev == JOURNAL_NONE &&
                       entry->revision == 0
                   ? true
                   : invariants_wrong(found->why,
                                      "entry %llu has links without a key, or "
                                      "one of nobody's",
                                      U(entry->seq));
    if (found->newest[key] == JOURNAL_NONE)
        return check_oldest(found, entry);
    if (entry->prev == found->newest[key] &&
        entry->revision == found->revision[key] + 1)
        return true;
    return invariants_wrong(found->why,
                            "entry %llu, revision %llu, follows %llu instead "
                            "of %llu",
                            U(entry->seq), U(entry->revision), U(entry->prev),
                            U(found->newest[key]));
}

static bool
take_entry(struct found *found, const struct journal_entry *entry)
{
    const struct reading *reading = found->reading;
    unsigned key = number_of(reading, entry);
    struct mark *mark;

    if (!check_number(found, entry) || !check_links(found, entry, key) ||
        !reading->entry(reading->context, entry, key, found->why))
        return false;
    mark = mark_of(found, entry->seq);
    mark->there = true;
    mark->tombstone = (entry->flags & JOURNAL_TOMBSTONE) != 0;
    mark->key = (uint8_t)key;
    if (key < reading->key_count) {
        found->newest[key] = entry->seq;
        found->revision[key] = entry->revision;
    }
    found->next = entry->seq + 1;
    found->time = entry->time;
    found->count++;
    found->bytes += entry->key_size + entry->value_size + entry->meta_size;
    return true;
}

static bool
read_entries(struct found *found)
{
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    bool good = true;
    int rc = journal_replay(found->reading->journal, JOURNAL_NONE, &cursor);

    if (rc != 0)
        return invariants_wrong(found->why, "replay: %s", journal_errname(rc));
    while (good && (rc = journal_next(cursor, &entry)) == 0)
        good = take_entry(found, entry);
    journal_cursor_close(cursor);
    if (good && rc != JOURNAL_END)
        return invariants_wrong(found->why, "next: %s", journal_errname(rc));
    if (good && !found->reading->sparse && found->next != found->stat->size)
        return invariants_wrong(found->why, "size %llu, entries end at %llu",
                                U(found->stat->size), U(found->next));
    return good;
}

/* ---- figures ------------------------------------------------------------ */

static bool
check_figures(const struct found *found)
{
    const struct journal_stat *stat = found->stat;
    uint64_t keys = 0, tombstones = 0;

    for (unsigned i = 0; i < found->reading->key_count; i++) {
        if (found->newest[i] == JOURNAL_NONE)
            continue;
        if (mark_of(found, found->newest[i])->tombstone)
            tombstones++;
        else
            keys++;
    }
    if (found->count == 0 && stat->first != stat->size)
        return invariants_wrong(found->why, "there is nothing in [%llu, %llu)",
                                U(stat->first), U(stat->size));
    if (stat->entries != found->count || stat->bytes_logical != found->bytes)
        return invariants_wrong(
            found->why, "%llu entries, %llu bytes; by the books %llu, %llu",
            U(found->count), U(found->bytes), U(stat->entries),
            U(stat->bytes_logical));
    if (stat->keys != keys || stat->tombstones != tombstones)
        return invariants_wrong(
            found->why, "%llu keys, %llu deleted; by the books %llu, %llu",
            U(keys), U(tombstones), U(stat->keys), U(stat->tombstones));
    if (stat->durable_size > stat->size ||
        (found->reading->all_durable && stat->durable_size != stat->size))
        return invariants_wrong(found->why, "%llu of %llu are durable",
                                U(stat->durable_size), U(stat->size));
    return true;
}

/* ---- the index ---------------------------------------------------------- */

static uint64_t
newest_below(const struct found *found, unsigned key, uint64_t limit)
{
    while (limit-- > found->stat->first)
        if (mark_of(found, limit)->there && mark_of(found, limit)->key == key)
            return limit;
    return JOURNAL_NONE;
}

/* What index and links say of a key as of LIMIT. */
static bool
check_key(const struct found *found, unsigned which, uint64_t limit)
{
    const struct invariants_key *key = &found->reading->keys[which];
    struct journal *journal = found->reading->journal;
    bool now = limit == found->stat->size;
    uint64_t want = now ? found->newest[which]
                        : newest_below(found, which, limit);
    bool live = want != JOURNAL_NONE && !mark_of(found, want)->tombstone;
    struct journal_entry *entry = NULL;
    uint64_t got = JOURNAL_NONE;
    int rc = now ? journal_get(journal, key->data, key->size, &entry)
                 : journal_get_at(journal, key->data, key->size, limit, &entry);

    if (rc == 0)
        got = entry->seq;
    journal_entry_free(entry);
    if (live ? got == want
             : rc == JOURNAL_NOT_FOUND ||
                   (want == JOURNAL_NONE && rc == JOURNAL_PRUNED))
        return true;
    return invariants_wrong(found->why,
                            "key %u as of %llu: %s, entry %lld, not %lld",
                            which, U(limit), journal_errname(rc),
                            (long long)got, (long long)want);
}

/* A key's history, newest first, by its links. */
static bool
check_history(const struct found *found, unsigned which)
{
    const struct journal_entry *entry;
    struct journal_cursor *cursor = NULL;
    struct journal_query query;
    uint64_t want = found->stat->size, got;
    int rc;

    journal_query_init(&query);
    query.match = JOURNAL_MATCH_KEY;
    query.key = found->reading->keys[which].data;
    query.key_size = found->reading->keys[which].size;
    query.flags = JOURNAL_QUERY_REVERSE;
    rc = journal_query(found->reading->journal, &query, &cursor);
    if (rc != 0)
        return invariants_wrong(found->why, "query: %s", journal_errname(rc));
    do {
        rc = journal_next(cursor, &entry);
        got = rc == 0 ? entry->seq : JOURNAL_NONE;
        want = newest_below(found, which, want);
    } while (rc == 0 && got == want);
    journal_cursor_close(cursor);
    if (rc == JOURNAL_END && want == JOURNAL_NONE)
        return true;
    return invariants_wrong(found->why,
                            "history of key %u: %s, entry %lld, not %lld",
                            which, journal_errname(rc), (long long)got,
                            (long long)want);
}

static bool
check_index(const struct found *found)
{
    const struct reading *reading = found->reading;
    uint64_t first = found->stat->first, size = found->stat->size;

    for (unsigned i = 0; i < reading->key_count; i++) {
        if (!check_key(found, i, size))
            return false;
        for (unsigned j = 0; j < reading->limits; j++)
            if (!check_key(found, i,
                           first + (size - first) * j / reading->limits))
                return false;
    }
    for (unsigned i = 0; i < reading->queries; i++)
        if (!check_history(found, (unsigned)((size + i) % reading->key_count)))
            return false;
    return true;
}

/* ------------------------------------------------------------------------- */

bool
invariants_hold(const struct reading *reading, struct journal_stat *stat,
                char *why)
{
    struct found found = {.reading = reading, .stat = stat, .why = why};
    int rc;
    bool good;

    if (reading->key_count > KEYS_MAX)
        abort();
    *stat = (struct journal_stat){.struct_size = sizeof(*stat)};
    rc = journal_stat(reading->journal, stat);
    if (rc != 0)
        return invariants_wrong(why, "stat: %s", journal_errname(rc));
    if (stat->size > reading->most || stat->first > stat->size)
        return invariants_wrong(why, "it is [%llu, %llu)", U(stat->first),
                                U(stat->size));
    memset(found.newest, 0xff, sizeof(found.newest));
    found.next = stat->first;
    found.marks = calloc(stat->size - stat->first + 1, sizeof(*found.marks));
    if (found.marks == NULL)
        abort();
    good = read_entries(&found) && check_figures(&found) && check_index(&found);
    free(found.marks);
    return good;
}
