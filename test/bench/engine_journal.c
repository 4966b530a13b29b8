/* engine_journal.c - libjournal, through its public header. */
#include <journal.h>
#include <stdlib.h>

#include "bench.h"
#include "engine.h"

struct engine_db {
    struct journal *journal;
    size_t key_size; /* of what is appended */
};

static int
open_journal(struct engine_db **out, const char *path, uint32_t flags,
             uint64_t retained)
{
    struct engine_db *db = bench_resize(NULL, sizeof(*db));
    struct journal_options options;
    int rc;

    /* A journal always keeps its history, and knows times. */
    *db = (struct engine_db){
        .key_size = (flags & ENGINE_KEYLESS) != 0 ? 0 : KEY_SIZE};
    journal_options_init(&options);
    options.keep_entries = retained;
    if ((flags & ENGINE_RELAXED) != 0)
        options.durability = JOURNAL_RELAXED;
    rc = journal_open(path, &options, &db->journal);
    if (rc != 0) {
        free(db);
        return rc;
    }
    *out = db;
    return 0;
}

static void
close_journal(struct engine_db *db)
{
    journal_close(db->journal);
    free(db);
}

static int
append(struct engine_db *db, const struct item *item)
{
    return journal_append(db->journal, item->key, db->key_size, item->value,
                          item->value_size, NULL);
}

static int
append_batch(struct engine_db *db, const struct item *items, size_t count)
{
    struct journal_record *records = bench_resize(NULL,
                                                  count * sizeof(*records));
    int rc;

    memset(records, 0, count * sizeof(*records));
    for (size_t i = 0; i < count; i++) {
        records[i].key = items[i].key;
        records[i].key_size = db->key_size;
        records[i].value = items[i].value;
        records[i].value_size = items[i].value_size;
    }
    rc = journal_append_batch(db->journal, records, count, NULL);
    free(records);
    return rc;
}

/* Looks at ENTRY, unless RC says that there is none, and gives it back. */
static int
take(int rc, struct journal_entry *entry, struct tally *tally)
{
    if (rc == JOURNAL_NOT_FOUND)
        return 0;
    if (rc != 0)
        return rc;
    tally_add(tally, entry->key, entry->key_size, entry->value,
              entry->value_size);
    journal_entry_free(entry);
    return 0;
}

static int
get(struct engine_db *db, const unsigned char key[KEY_SIZE],
    struct tally *tally)
{
    struct journal_entry *entry = NULL;
    int rc = journal_get(db->journal, key, KEY_SIZE, &entry);

    return take(rc, entry, tally);
}

static int
get_at(struct engine_db *db, const unsigned char key[KEY_SIZE], uint64_t limit,
       struct tally *tally)
{
    struct journal_entry *entry = NULL;
    int rc = journal_get_at(db->journal, key, KEY_SIZE, limit, &entry);

    return take(rc, entry, tally);
}

static int
read_entry(struct engine_db *db, uint64_t seq, struct tally *tally)
{
    struct journal_entry *entry = NULL;
    int rc = journal_read(db->journal, seq, &entry);

    return take(rc, entry, tally);
}

static int
replay(struct engine_db *db, struct tally *tally)
{
    const struct journal_entry *entry;
    struct journal_cursor *cursor = NULL;
    uint64_t next = JOURNAL_NONE;
    int rc = journal_replay(db->journal, JOURNAL_NONE, &cursor);

    while (rc == 0) {
        rc = journal_next(cursor, &entry);
        if (rc != 0)
            break;
        if (next != JOURNAL_NONE && entry->seq < next)
            rc = ENGINE_DISORDER;
        next = entry->seq + 1;
        tally_add(tally, entry->key, entry->key_size, entry->value,
                  entry->value_size);
    }
    journal_cursor_close(cursor);
    return rc == JOURNAL_END ? 0 : rc;
}

/* ---- questions ---------------------------------------------------------- */

static void
put_question(const struct question *question, struct journal_query *query)
{
    journal_query_init(query);
    query->key = question->key;
    query->key_size = question->key_size;
    switch (question->kind) {
    case ASK_KEY:
        query->match = JOURNAL_MATCH_KEY;
        break;
    case ASK_PREFIX:
        query->match = JOURNAL_MATCH_PREFIX;
        break;
    case ASK_SCAN:
        break;
    case ASK_LATEST:
        query->flags = JOURNAL_QUERY_LATEST;
        query->limit = question->limit;
        break;
    case ASK_TIMES:
        query->since = question->since;
        query->until = question->until;
        break;
    }
    if (question->newest != 0)
        query->flags |= JOURNAL_QUERY_REVERSE;
}

/* Only a scan gives entries that the caller has to leave out himself. */
static bool
left_out(const struct question *question, const struct journal_entry *entry)
{
    return question->kind == ASK_SCAN &&
           memcmp(entry->key, question->key, question->key_size) != 0;
}

static int
take_all(struct journal_cursor *cursor, const struct question *question,
         struct tally *tally)
{
    bool falling = question->newest != 0;
    uint64_t before = falling ? UINT64_MAX : 0;
    const struct journal_entry *entry;
    unsigned found = 0;
    int rc;

    while ((rc = journal_next(cursor, &entry)) == 0) {
        if (falling ? entry->seq >= before : entry->seq < before)
            return ENGINE_DISORDER;
        before = falling ? entry->seq : entry->seq + 1;
        if (left_out(question, entry))
            continue;
        tally_add(tally, entry->key, entry->key_size, entry->value,
                  entry->value_size);
        if (++found == question->newest)
            return 0;
    }
    return rc == JOURNAL_END ? 0 : rc;
}

static int
ask(struct engine_db *db, const struct question *question, struct tally *tally)
{
    struct journal_cursor *cursor = NULL;
    struct journal_query query;
    int rc;

    put_question(question, &query);
    rc = journal_query(db->journal, &query, &cursor);
    if (rc == 0)
        rc = take_all(cursor, question, tally);
    journal_cursor_close(cursor);
    return rc;
}

static int
find_time(struct engine_db *db, uint64_t time, uint64_t *seq)
{
    return journal_find_time(db->journal, time, seq);
}

static int
time_of(struct engine_db *db, uint64_t seq, uint64_t *time)
{
    struct journal_entry *entry = NULL;
    int rc = journal_read(db->journal, seq, &entry);

    if (rc == 0)
        *time = entry->time;
    journal_entry_free(entry);
    return rc;
}

/* ---- upkeep ------------------------------------------------------------- */

static int
prune(struct engine_db *db, uint64_t before)
{
    return journal_prune(db->journal, before, 0, NULL);
}

static int
compact(struct engine_db *db, uint64_t before)
{
    return journal_prune(db->journal, before, JOURNAL_PRUNE_KEEP_LATEST, NULL);
}

static int
state(struct engine_db *db, struct engine_state *out)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    int rc = journal_stat(db->journal, &stat);

    if (rc != 0)
        return rc;
    *out = (struct engine_state){.first = stat.first};
    out->size = stat.size;
    out->entries = stat.entries;
    out->keys = stat.keys;
    out->bytes_used = stat.bytes_used;
    out->tail_used = stat.tail_bytes_used;
    return 0;
}

const struct engine engine_journal = {.name = "libjournal",
                                      .version = journal_version_string,
                                      .flags = ENGINE_EVERYTHING,
                                      .open = open_journal,
                                      .close = close_journal,
                                      .append = append,
                                      ENGINE_CALLS,
                                      .describe = journal_strerror};
