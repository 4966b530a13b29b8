/* shipper.c - a shipper of logs: follows a journal, and copies it elsewhere. */

/*
 * A program logs into a journal that keeps the newest entries only, without
 * waiting for the disk.  The shipper follows it and hands over what is new in
 * the packed form, many entries at a time, as it would through a network.  Its
 * mark keeps entries from going before they are shipped.
 */
#include <errno.h>
#include <inttypes.h>
#include <journal.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { LINES = 2000, KEPT = 200 };

struct shipper {
    struct journal *source;
    struct journal *target;
    uint64_t limit; /* stops before this number; others go on for ever */
    int rc;
};

/* What this program shows should be true. */
static int
claim(int truth, const char *text)
{
    if (!truth)
        fprintf(stderr, "not so: %s\n", text);
    return truth ? 0 : ECANCELED;
}

/* As long as nobody is in between, the copy has the numbers of the original. */
static int
ship(struct shipper *shipper, const void *packed, size_t size, uint64_t *next)
{
    size_t count;
    uint64_t first;
    int rc = journal_append_packed(shipper->target, packed, size, &count,
                                   &first);

    if (rc == 0 && first != *next)
        rc = JOURNAL_CONFLICT;
    if (rc == 0)
        *next = first + count;
    if (rc == 0)
        rc = journal_mark(shipper->source, "shipper", *next);
    return rc;
}

/* Ships what there is, waits for more, and so on, up to the limit. */
static int
follow(struct shipper *shipper, struct journal_cursor *cursor, uint64_t next)
{
    static char buffer[1 << 16];
    size_t used = 0;
    int rc = 0;

    while (rc == 0 && next < shipper->limit) {
        rc = journal_fill(cursor, buffer, sizeof buffer, &used, NULL);
        if (rc == 0)
            rc = ship(shipper, buffer, used, &next);
        else if (rc == JOURNAL_END)
            rc = journal_wait(shipper->source, next, -1);
    }
    return rc;
}

/* Where the copy ends is where the shipper goes on. */
static int
run(struct shipper *shipper)
{
    struct journal_stat stat = {.struct_size = sizeof stat};
    struct journal_cursor *cursor = NULL;
    struct journal_query query;
    int rc = journal_stat(shipper->target, &stat);

    journal_query_init(&query);
    query.flags = JOURNAL_QUERY_FOLLOW;
    query.first = stat.size;
    if (rc == 0)
        rc = journal_query(shipper->source, &query, &cursor);
    if (rc == 0)
        rc = follow(shipper, cursor, stat.size);
    journal_cursor_close(cursor);
    return rc;
}

static void *
run_thread(void *context)
{
    struct shipper *shipper = context;

    shipper->rc = run(shipper);
    return NULL;
}

/* Every tenth is a warning; the key says of what kind an entry is. */
static int
produce(struct journal *journal)
{
    char line[64];
    int rc = 0;

    for (int i = 0; rc == 0 && i < LINES; i++) {
        const char *key = i % 10 == 0 ? "log/warning" : "log/info";
        int size = snprintf(line, sizeof line, "request %d took %d ms", i,
                            i % 10 == 0 ? 900 : 9);

        rc = journal_append(journal, key, strlen(key), line, (size_t)size,
                            NULL);
    }
    return rc;
}

/* The copy has everything, the original what it was told to keep. */
static int
look(struct shipper *shipper)
{
    struct journal_stat source = {.struct_size = sizeof source};
    struct journal_stat target = {.struct_size = sizeof target};
    int rc = journal_prune(shipper->source, shipper->limit - KEPT, 0, NULL);

    if (rc == 0)
        rc = journal_stat(shipper->source, &source);
    if (rc == 0)
        rc = journal_stat(shipper->target, &target);
    if (rc != 0)
        return rc;
    printf("original: %" PRIu64 " entries of %" PRIu64 ", copy: %" PRIu64 "\n",
           source.entries, source.size, target.entries);
    rc = claim(target.size == source.size && target.entries == target.size,
               "the copy has everything");
    if (rc == 0)
        rc = claim(source.entries == KEPT, "the original has what it keeps");
    return rc;
}

/* The mark is there before the first entry, so none goes before its time. */
static int
begin(struct shipper *shipper, const char *home)
{
    struct journal_options options;
    struct journal_stat stat = {.struct_size = sizeof stat};
    char path[4096];
    int rc;

    mkdir(home, 0777); /* if it is there: all the better */
    journal_options_init(&options);
    options.durability = JOURNAL_RELAXED;
    options.keep_entries = KEPT;
    snprintf(path, sizeof path, "%s/log", home);
    rc = journal_open(path, &options, &shipper->source);
    snprintf(path, sizeof path, "%s/copy", home);
    if (rc == 0)
        rc = journal_open(path, NULL, &shipper->target);
    if (rc == 0)
        rc = journal_stat(shipper->target, &stat);
    if (rc == 0)
        rc = journal_mark(shipper->source, "shipper", stat.size);
    shipper->limit = stat.size + LINES;
    return rc;
}

static int
work(struct shipper *shipper)
{
    pthread_t thread;
    int rc = pthread_create(&thread, NULL, run_thread, shipper);

    if (rc != 0)
        return rc;
    rc = produce(shipper->source);
    if (rc != 0)
        return rc; /* the shipper would wait for ever */
    pthread_join(thread, NULL);
    return shipper->rc != 0 ? shipper->rc : look(shipper);
}

int
main(int argc, char **argv)
{
    const char *home = argc > 1 ? argv[1] : "shipper";
    struct shipper shipper = {NULL, NULL, 0, 0};
    int rc = begin(&shipper, home);

    if (rc == 0)
        rc = work(&shipper);
    if (rc != 0) {
        fprintf(stderr, "%s: %s\n", home, journal_strerror(rc));
        return 1; /* the thread may still use the journals */
    }
    journal_close(shipper.target);
    journal_close(shipper.source);
    return 0;
}
