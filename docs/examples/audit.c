/* audit.c - an audit trail: who changed what, and what was it at the time? */

/*
 * Settings are changed; each change is an entry that says in its meta who did
 * it.  Afterwards three questions are asked: the history of a setting, all of
 * them as they were at a moment, and what has changed since.
 */
#include <errno.h>
#include <inttypes.h>
#include <journal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What this program shows should be true. */
static int
claim(int truth, const char *text)
{
    if (!truth)
        fprintf(stderr, "not so: %s\n", text);
    return truth ? 0 : ECANCELED;
}

static uint64_t
now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* VALUE NULL: the setting is removed. */
static int
set(struct journal *journal, const char *who, const char *key,
    const char *value)
{
    struct journal_record record;

    memset(&record, 0, sizeof record);
    record.key = key;
    record.key_size = strlen(key);
    record.meta = who;
    record.meta_size = strlen(who);
    if (value == NULL) {
        record.flags = JOURNAL_TOMBSTONE;
    } else {
        record.value = value;
        record.value_size = strlen(value);
    }
    return journal_append_batch(journal, &record, 1, NULL);
}

/* Prints what QUERY gives, as text of which EXPECTED is all. */
static int
ask(struct journal *journal, const char *title,
    const struct journal_query *query, const char *expected)
{
    struct journal_cursor *cursor = NULL;
    const struct journal_entry *entry;
    char said[1024] = "", line[256];
    int rc = journal_query(journal, query, &cursor);

    while (rc == 0 && (rc = journal_next(cursor, &entry)) == 0) {
        snprintf(line, sizeof line, "%.*s=%.*s by %.*s\n", (int)entry->key_size,
                 (const char *)entry->key, (int)entry->value_size,
                 (const char *)entry->value, (int)entry->meta_size,
                 (const char *)entry->meta);
        strncat(said, line, sizeof said - strlen(said) - 1);
    }
    journal_cursor_close(cursor);
    printf("%s\n%s\n", title, said);
    if (rc == JOURNAL_END)
        rc = claim(strcmp(said, expected) == 0, expected);
    return rc;
}

/* One setting from number FIRST on, the oldest change first. */
static int
ask_history(struct journal *journal, uint64_t first)
{
    struct journal_query query;

    journal_query_init(&query);
    query.match = JOURNAL_MATCH_KEY;
    query.key = "limit";
    query.key_size = 5;
    query.first = first;
    return ask(journal, "How did the limit come about?", &query,
               "limit=10 by ann\nlimit=20 by bob\nlimit=15 by ann\n");
}

/* The state as of a time is that as of the size that the journal had then. */
static int
ask_then(struct journal *journal, uint64_t then)
{
    struct journal_query query;

    journal_query_init(&query);
    query.flags = JOURNAL_QUERY_LATEST | JOURNAL_QUERY_LIVE;
    query.limit = then;
    return ask(journal, "What were the settings then?", &query,
               "colour=red by ann\nlimit=20 by bob\n");
}

/* Of each setting that has changed since then, what it is now. */
static int
ask_since(struct journal *journal, uint64_t then)
{
    struct journal_query query;

    journal_query_init(&query);
    query.flags = JOURNAL_QUERY_LATEST;
    query.first = then;
    return ask(journal, "What has changed since?", &query,
               "limit=15 by ann\ncolour= by bob\n");
}

/* One setting, then: O(log n), however long its history is. */
static int
ask_one(struct journal *journal, uint64_t then)
{
    struct journal_entry *entry = NULL;
    int rc = journal_get_at(journal, "limit", 5, then, &entry);

    if (rc == 0)
        rc = claim(entry->value_size == 2 && memcmp(entry->value, "20", 2) == 0,
                   "the limit was 20");
    journal_entry_free(entry);
    return rc;
}

static int
work(struct journal *journal)
{
    struct journal_stat stat = {.struct_size = sizeof stat};
    uint64_t moment, then = 0;
    int rc = journal_stat(journal, &stat);

    if (rc == 0)
        rc = set(journal, "ann", "colour", "red");
    if (rc == 0)
        rc = set(journal, "ann", "limit", "10");
    if (rc == 0)
        rc = set(journal, "bob", "limit", "20");
    /* Times never fall, but two entries may have the same. */
    for (moment = now_ns(); now_ns() == moment;)
        continue;
    moment++;
    if (rc == 0)
        rc = set(journal, "ann", "limit", "15");
    if (rc == 0)
        rc = set(journal, "bob", "colour", NULL);
    if (rc == 0)
        rc = journal_find_time(journal, moment, &then);
    if (rc == 0)
        rc = ask_history(journal, stat.size);
    if (rc == 0)
        rc = ask_then(journal, then);
    if (rc == 0)
        rc = ask_since(journal, then);
    if (rc == 0)
        rc = ask_one(journal, then);
    return rc;
}

int
main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "audit.journal";
    struct journal *journal = NULL;
    int rc = journal_open(path, NULL, &journal);

    if (rc == 0)
        rc = work(journal);
    if (rc != 0)
        fprintf(stderr, "%s: %s\n", path, journal_strerror(rc));
    journal_close(journal);
    return rc == 0 ? 0 : 1;
}
