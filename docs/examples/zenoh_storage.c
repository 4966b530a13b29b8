/* zenoh_storage.c - a storage for Zenoh: put, delete, get by expression. */

/*
 * What a storage backend of Zenoh does, without a network.  A sample has a key,
 * a payload, an encoding and a timestamp of a hybrid logical clock: a time and
 * the identity of the clock.  Samples may come late; one that is older than
 * what the key has is refused, also if that is a deletion.
 */
#include <errno.h>
#include <inttypes.h>
#include <journal.h>
#include <stdio.h>
#include <string.h>

struct storage {
    struct journal *journal;
    uint64_t epoch; /* added to times, so that a second run is later */
};

struct sample {
    const char *key;
    const char *payload; /* NULL: a delete */
    const char *encoding;
    uint64_t time;
    const char *clock; /* at most 16 bytes */
};

/* What this program shows should be true. */
static int
claim(int truth, const char *text)
{
    if (!truth)
        fprintf(stderr, "not so: %s\n", text);
    return truth ? 0 : ECANCELED;
}

static int
store(struct storage *storage, const struct sample *sample)
{
    struct journal_record record;

    memset(&record, 0, sizeof record);
    record.key = sample->key;
    record.key_size = strlen(sample->key);
    record.flags = JOURNAL_STAMPED;
    record.stamp.time = storage->epoch + sample->time;
    memcpy(record.stamp.id, sample->clock, strlen(sample->clock));
    if (sample->payload == NULL) {
        record.flags |= JOURNAL_TOMBSTONE;
    } else {
        record.value = sample->payload;
        record.value_size = strlen(sample->payload);
        record.meta = sample->encoding;
        record.meta_size = strlen(sample->encoding);
    }
    return journal_append_batch(storage->journal, &record, 1, NULL);
}

/* Appends "KEY=PAYLOAD " to SAID, which has room for SIZE bytes. */
static void
say(char *said, size_t size, const struct journal_entry *entry)
{
    size_t used = strlen(said);

    snprintf(said + used, size - used, "%.*s=%.*s ", (int)entry->key_size,
             (const char *)entry->key, (int)entry->value_size,
             (const char *)entry->value);
}

/* The replies to a get of EXPR: the latest sample of each key that matches. */
static int
get(struct storage *storage, const char *expr, const char *expected)
{
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    struct journal_query query;
    char canonical[256], said[512] = "";
    size_t size = strlen(expr);
    int rc;

    /* Peers may write the same in several ways; a query takes one. */
    if (size >= sizeof canonical)
        return JOURNAL_TOO_BIG;
    memcpy(canonical, expr, size);
    rc = journal_expr_canonize(canonical, &size);
    journal_query_init(&query);
    query.match = JOURNAL_MATCH_EXPR;
    query.key = canonical;
    query.key_size = size;
    query.flags = JOURNAL_QUERY_LATEST | JOURNAL_QUERY_LIVE;
    if (rc == 0)
        rc = journal_query(storage->journal, &query, &cursor);
    while (rc == 0 && (rc = journal_next(cursor, &entry)) == 0)
        say(said, sizeof said, entry);
    journal_cursor_close(cursor);
    printf("get %-12s %s\n", expr, said);
    if (rc == JOURNAL_END)
        rc = claim(strcmp(said, expected) == 0, expected);
    return rc;
}

/* The history of KEY, newest first: COUNT samples of it. */
static int
history(struct storage *storage, const char *key, int count,
        const char *expected)
{
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    struct journal_query query;
    char said[512] = "";
    int rc;

    journal_query_init(&query);
    query.match = JOURNAL_MATCH_KEY;
    query.key = key;
    query.key_size = strlen(key);
    query.flags = JOURNAL_QUERY_REVERSE;
    rc = journal_query(storage->journal, &query, &cursor);
    while (rc == 0 && count-- > 0 && (rc = journal_next(cursor, &entry)) == 0)
        say(said, sizeof said, entry);
    journal_cursor_close(cursor);
    printf("history of %s: %s\n", key, said);
    return rc != 0 ? rc : claim(strcmp(said, expected) == 0, expected);
}

/* Stores SAMPLES in order; RESULTS says what each should come to. */
static int
store_all(struct storage *storage, const struct sample *samples,
          const int *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int rc = store(storage, &samples[i]);

        printf("%s %s at %" PRIu64 ": %s\n",
               samples[i].payload != NULL ? "put" : "delete", samples[i].key,
               samples[i].time, rc == 0 ? "stored" : journal_strerror(rc));
        rc = claim(rc == results[i], journal_errname(results[i]));
        if (rc != 0)
            return rc;
    }
    return 0;
}

static int
work(struct storage *storage)
{
    static const struct sample samples[] = {
        {"house/hall/temp", "20.5", "text/plain", 10, "clock-a"},
        {"house/attic/temp", "17.0", "text/plain", 11, "clock-a"},
        {"house/hall/light", "on", "text/plain", 12, "clock-b"},
        {"house/hall/temp", "21.0", "text/plain", 13, "clock-a"},
        {"house/hall/temp", "19.9", "text/plain", 9, "clock-b"},
        {"house/hall/light", NULL, "", 15, "clock-b"},
        {"house/hall/light", "off", "text/plain", 14, "clock-a"},
    };
    static const int results[] = {
        0, 0, 0, 0, JOURNAL_OUTDATED, 0, JOURNAL_OUTDATED};
    int rc = store_all(storage, samples, results,
                       sizeof samples / sizeof *samples);

    if (rc == 0)
        rc = get(storage, "house/*/temp",
                 "house/attic/temp=17.0 house/hall/temp=21.0 ");
    if (rc == 0)
        rc = get(storage, "house/hall/**", "house/hall/temp=21.0 ");
    if (rc == 0)
        rc = get(storage, "**/at$*/$*", "house/attic/temp=17.0 ");
    if (rc == 0)
        rc = history(storage, "house/hall/temp", 2,
                     "house/hall/temp=21.0 house/hall/temp=20.5 ");
    return rc;
}

int
main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "zenoh.journal";
    struct storage storage = {NULL, 0};
    struct journal_stat stat = {.struct_size = sizeof stat};
    int rc = journal_open(path, NULL, &storage.journal);

    if (rc == 0)
        rc = journal_stat(storage.journal, &stat);
    storage.epoch = stat.size * 100;
    if (rc == 0)
        rc = work(&storage);
    if (rc != 0)
        fprintf(stderr, "%s: %s\n", path, journal_strerror(rc));
    journal_close(storage.journal);
    return rc == 0 ? 0 : 1;
}
