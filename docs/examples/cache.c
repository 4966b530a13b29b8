/* cache.c - a cache in memory, rebuilt from a journal and kept up to date. */

/*
 * The journal is the truth; the cache is what it says at present.  Whoever
 * starts reads the latest entry of each key as of the size that the journal has
 * then, and applies what comes behind it.  Nothing is between the two.
 */
#include <errno.h>
#include <inttypes.h>
#include <journal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 256, KEYS = 100, CHANGES = 400 };

struct item {
    char key[16];
    char value[32];
    int used;
};

struct cache {
    struct item items[SLOTS];
    uint64_t size; /* it is what the journal was with so many entries */
};

/* What this program shows should be true. */
static int
claim(int truth, const char *text)
{
    if (!truth)
        fprintf(stderr, "not so: %s\n", text);
    return truth ? 0 : ECANCELED;
}

/* The slot of KEY, or a free one.  There are more slots than keys. */
static struct item *
slot(struct cache *cache, const char *key)
{
    unsigned hash = 5381;

    for (const char *c = key; *c != '\0'; c++)
        hash = hash * 33 + (unsigned char)*c;
    while (cache->items[hash % SLOTS].key[0] != '\0' &&
           strcmp(cache->items[hash % SLOTS].key, key) != 0)
        hash++;
    return &cache->items[hash % SLOTS];
}

/* An entry is a new value of its key, or its end. */
static void
apply(struct cache *cache, const struct journal_entry *entry)
{
    char key[sizeof cache->items[0].key];
    struct item *item;

    snprintf(key, sizeof key, "%.*s", (int)entry->key_size,
             (const char *)entry->key);
    item = slot(cache, key);
    memcpy(item->key, key, sizeof key);
    snprintf(item->value, sizeof item->value, "%.*s", (int)entry->value_size,
             (const char *)entry->value);
    item->used = (entry->flags & JOURNAL_TOMBSTONE) == 0;
    cache->size = entry->seq + 1;
}

/* Applies all that the cursor has; its end is no error. */
static int
apply_all(struct cache *cache, struct journal_cursor *cursor)
{
    const struct journal_entry *entry;
    int rc;

    while ((rc = journal_next(cursor, &entry)) == 0)
        apply(cache, entry);
    return rc == JOURNAL_END ? 0 : rc;
}

/* The state as of the present size, which takes a look at each key. */
static int
rebuild(struct cache *cache, struct journal *journal)
{
    struct journal_stat stat = {.struct_size = sizeof stat};
    struct journal_cursor *cursor = NULL;
    struct journal_query query;
    int rc = journal_stat(journal, &stat);

    memset(cache, 0, sizeof *cache);
    journal_query_init(&query);
    query.match = JOURNAL_MATCH_PREFIX; /* of no bytes: all that has a key */
    query.flags = JOURNAL_QUERY_LATEST | JOURNAL_QUERY_LIVE;
    query.limit = stat.size;
    if (rc == 0)
        rc = journal_query(journal, &query, &cursor);
    if (rc == 0)
        rc = apply_all(cache, cursor);
    journal_cursor_close(cursor);
    cache->size = stat.size;
    return rc;
}

/* A cursor over what comes behind the state that the cache has. */
static int
subscribe(const struct cache *cache, struct journal *journal,
          struct journal_cursor **cursor)
{
    struct journal_query query;

    journal_query_init(&query);
    query.match = JOURNAL_MATCH_PREFIX;
    query.flags = JOURNAL_QUERY_FOLLOW;
    query.first = cache->size;
    return journal_query(journal, &query, cursor);
}

/* Somebody changes values, and removes some. */
static int
change(struct journal *journal, int from, int to)
{
    char key[16], value[32];
    int rc = 0;

    for (int i = from; rc == 0 && i < to; i++) {
        size_t size = (size_t)sprintf(key, "user/%d", i * 7 % KEYS);
        size_t value_size = (size_t)sprintf(value, "seen %d times", i);

        if (i % 9 == 0)
            rc = journal_delete(journal, key, size, NULL);
        else
            rc = journal_append(journal, key, size, value, value_size, NULL);
    }
    return rc;
}

/* Does the cache say of each key what the journal says? */
static int
compare(struct cache *cache, struct journal *journal)
{
    int live = 0;

    for (int i = 0; i < KEYS; i++) {
        struct journal_entry *entry = NULL;
        char key[16];
        size_t size = (size_t)sprintf(key, "user/%d", i);
        const struct item *item = slot(cache, key);
        int rc = journal_get(journal, key, size, &entry);
        int same = rc == JOURNAL_NOT_FOUND
                       ? !item->used
                       : rc == 0 && item->used &&
                             strlen(item->value) == entry->value_size &&
                             memcmp(item->value, entry->value,
                                    entry->value_size) == 0;

        journal_entry_free(entry);
        if (rc != 0 && rc != JOURNAL_NOT_FOUND)
            return rc;
        if (!same)
            return claim(0, key);
        live += item->used;
    }
    printf("%d keys of %d live, as of size %" PRIu64 "\n", live, KEYS,
           cache->size);
    return 0;
}

static int
work(struct journal *journal)
{
    static struct cache cache;
    struct journal_cursor *cursor = NULL;
    int rc = change(journal, 0, CHANGES);

    if (rc == 0)
        rc = rebuild(&cache, journal);
    if (rc == 0)
        rc = compare(&cache, journal);
    if (rc == 0)
        rc = subscribe(&cache, journal, &cursor);
    if (rc == 0)
        rc = change(journal, CHANGES, 2 * CHANGES);
    if (rc == 0)
        rc = apply_all(&cache, cursor);
    if (rc == 0)
        rc = compare(&cache, journal);
    journal_cursor_close(cursor);
    return rc;
}

/* What the journal says can be had again; so it need not wait for the disk. */
int
main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "cache.journal";
    struct journal_options options;
    struct journal *journal = NULL;
    int rc;

    journal_options_init(&options);
    options.durability = JOURNAL_RELAXED;
    rc = journal_open(path, &options, &journal);
    if (rc == 0)
        rc = work(journal);
    if (rc != 0)
        fprintf(stderr, "%s: %s\n", path, journal_strerror(rc));
    journal_close(journal);
    return rc == 0 ? 0 : 1;
}
