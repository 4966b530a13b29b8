/* engine_journal.c - libjournal, through its public header. */
#include <journal.h>
#include <stdlib.h>

#include "bench.h"
#include "engine.h"

struct engine_db {
    struct journal *journal;
    struct journal_record *records; /* for batches, made once */
    size_t room;
};

static int
open_journal(struct engine_db **out, const char *path, uint32_t flags)
{
    struct engine_db *db = bench_resize(NULL, sizeof(*db));
    int rc;

    (void)flags; /* a journal always keeps its history */
    *db = (struct engine_db){0};
    rc = journal_open(path, NULL, &db->journal);
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
    free(db->records);
    free(db);
}

static int
append(struct engine_db *db, const struct item *item)
{
    return journal_append(db->journal, item->key, sizeof(item->key),
                          item->value, sizeof(item->value), NULL);
}

static int
append_batch(struct engine_db *db, const struct item *items, size_t count)
{
    if (count > db->room) {
        db->records = bench_resize(db->records, count * sizeof(*db->records));
        memset(db->records, 0, count * sizeof(*db->records));
        db->room = count;
    }
    for (size_t i = 0; i < count; i++) {
        db->records[i].key = items[i].key;
        db->records[i].key_size = sizeof(items[i].key);
        db->records[i].value = items[i].value;
        db->records[i].value_size = sizeof(items[i].value);
    }
    return journal_append_batch(db->journal, db->records, count, NULL);
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
        if (next != JOURNAL_NONE && entry->seq != next)
            rc = ENGINE_DISORDER;
        next = entry->seq + 1;
        tally_add(tally, entry->key, entry->key_size, entry->value,
                  entry->value_size);
    }
    journal_cursor_close(cursor);
    return rc == JOURNAL_END ? 0 : rc;
}

static int
prune(struct engine_db *db, uint64_t before)
{
    return journal_prune(db->journal, before, 0, NULL);
}

static int
state(struct engine_db *db, struct engine_state *out)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    int rc = journal_stat(db->journal, &stat);

    if (rc != 0)
        return rc;
    out->first = stat.first;
    out->size = stat.size;
    out->entries = stat.entries;
    out->keys = stat.keys;
    out->bytes_used = stat.bytes_used;
    return 0;
}

const struct engine engine_journal = {.name = "libjournal",
                                      .open = open_journal,
                                      .close = close_journal,
                                      .append = append,
                                      .append_batch = append_batch,
                                      .get = get,
                                      .get_at = get_at,
                                      .read = read_entry,
                                      .replay = replay,
                                      .prune = prune,
                                      .state = state,
                                      .describe = journal_strerror};
