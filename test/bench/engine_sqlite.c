/*
 * engine_sqlite.c - the same on SQLite, where it is installed.
 *
 * A table of entries by number, one from key to the latest number, and a
 * counter, all in one transaction; WAL, flushed at each commit, or with
 * ENGINE_RELAXED only at checkpoints, or never (an engine of its own).  With
 * ENGINE_HISTORY an index on (key, seq), with ENGINE_TIMES one on (time, seq).
 */
#include "engine_sqlite.h"

#ifdef BENCH_SQLITE
#include <stdlib.h>

#include "bench.h"
#include "record.h"

#define BUSY_MS 20000

/* seq is the row's number, so it is a part of every index. */
static const char schema[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA cache_size = -65536; PRAGMA mmap_size = 68719476736;"
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS entries (seq INTEGER PRIMARY KEY,"
    " time INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS latest (key BLOB PRIMARY KEY,"
    " seq INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS counter (next INTEGER NOT NULL);"
    "INSERT INTO counter SELECT 0 WHERE NOT EXISTS (SELECT * FROM counter);"
    "COMMIT";

/* ---- open, close -------------------------------------------------------- */

static void
close_database(struct engine_db *db)
{
    for (unsigned i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(db->statements[i]);
    sqlite3_close(db->handle);
    pthread_mutex_destroy(&db->appending);
    free(db);
}

static int
make_indexes(struct engine_db *db, uint32_t flags)
{
    int rc = SQLITE_OK;

    if ((flags & ENGINE_HISTORY) != 0)
        rc = sqlite3_exec(db->handle,
                          "CREATE INDEX IF NOT EXISTS history ON entries (key)",
                          NULL, NULL, NULL);
    if (rc == SQLITE_OK && (flags & ENGINE_TIMES) != 0)
        rc = sqlite3_exec(db->handle,
                          "CREATE INDEX IF NOT EXISTS times ON entries (time)",
                          NULL, NULL, NULL);
    return rc;
}

static int
open_with(const char *synchronous, struct engine_db **out, const char *path,
          uint32_t flags, uint64_t retained)
{
    struct engine_db *db = bench_resize(NULL, sizeof(*db));
    char *file = bench_join(path, "history.db");
    int rc;

    *db = (struct engine_db){.synchronous = synchronous,
                             .flags = flags,
                             .retained = retained,
                             .keyless = (flags & ENGINE_KEYLESS) != 0};
    pthread_mutex_init(&db->appending, NULL);
    bench_make_dir(path);
    rc = sqlite3_open_v2(file, &db->handle,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                             SQLITE_OPEN_NOMUTEX,
                         NULL);
    free(file);
    /* Others write too. */
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db->handle, schema, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db->handle, synchronous, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = make_indexes(db, flags);
    if (rc != SQLITE_OK) {
        close_database(db);
        return rc;
    }
    *out = db;
    return 0;
}

static int
open_database(struct engine_db **out, const char *path, uint32_t flags,
              uint64_t retained)
{
    const char *synchronous = (flags & ENGINE_RELAXED) != 0
                                  ? "PRAGMA synchronous = NORMAL"
                                  : "PRAGMA synchronous = FULL";

    return open_with(synchronous, out, path, flags, retained);
}

static int
open_unflushed(struct engine_db **out, const char *path, uint32_t flags,
               uint64_t retained)
{
    return open_with("PRAGMA synchronous = OFF", out, path, flags, retained);
}

/* A connection of its own, to the file in the same directory. */
static int
open_reader(struct engine_db **out, struct engine_db *db)
{
    const char *file = sqlite3_db_filename(db->handle, "main");
    char *path = bench_join(file, "");
    int rc;

    *strrchr(path, '/') = '\0';
    *strrchr(path, '/') = '\0';
    rc = open_with(db->synchronous, out, path, db->flags, 0);
    free(path);
    return rc;
}

/* The log goes into the file, and the planner learns what is in it. */
static int
settle(struct engine_db *db)
{
    return sqlite3_exec(db->handle, "ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)",
                        NULL, NULL, NULL);
}

/* ---- append ------------------------------------------------------------- */

static int
put_item(struct engine_db *db, uint64_t time, const struct item *item,
         uint64_t seq)
{
    sqlite3_stmt *entry = sql_statement(db, PUT_ENTRY);
    sqlite3_stmt *latest = sql_statement(db, PUT_LATEST);
    int rc;

    sql_set_number(entry, 1, seq);
    sql_set_number(entry, 2, time);
    sql_set_bytes(entry, 3, item->key, db->keyless ? 0 : KEY_SIZE);
    sql_set_bytes(entry, 4, item->value, item->value_size);
    rc = sql_run(entry);
    if (rc != SQLITE_OK || db->keyless)
        return rc;
    sql_set_bytes(latest, 1, item->key, KEY_SIZE);
    sql_set_number(latest, 2, seq);
    return sql_run(latest);
}

/* Removes the few entries below BEFORE that there still are. */
static int
forget(struct engine_db *db, uint64_t before)
{
    static const unsigned steps[] = {FORGET_KEYS, PRUNE_ENTRIES};
    int rc = SQLITE_OK;

    for (unsigned i = 0; rc == SQLITE_OK && i < 2; i++) {
        sql_set_number(sql_statement(db, steps[i]), 1, before);
        rc = sql_run(sql_statement(db, steps[i]));
    }
    return rc;
}

static int
put_items(struct engine_db *db, const struct item *items, size_t count)
{
    uint64_t time = record_now();
    uint64_t next = 0;
    int rc = sql_number(sql_statement(db, GET_NEXT), &next);

    for (size_t i = 0; rc == SQLITE_OK && i < count; i++)
        rc = put_item(db, time, &items[i], next + i);
    if (rc == SQLITE_OK && db->retained != 0 && next + count > db->retained)
        rc = forget(db, next + count - db->retained);
    if (rc != SQLITE_OK)
        return rc;
    sql_set_number(sql_statement(db, PUT_NEXT), 1, next + count);
    return sql_run(sql_statement(db, PUT_NEXT));
}

static int
append_batch(struct engine_db *db, const struct item *items, size_t count)
{
    int rc;

    pthread_mutex_lock(&db->appending);
    rc = sql_run(sql_statement(db, BEGIN));
    if (rc == SQLITE_OK)
        rc = put_items(db, items, count);
    if (rc == SQLITE_OK)
        rc = sql_run(sql_statement(db, COMMIT));
    if (rc != SQLITE_OK)
        sql_run(sql_statement(db, ROLLBACK));
    pthread_mutex_unlock(&db->appending);
    return rc;
}

/* ---- read --------------------------------------------------------------- */

static int
get(struct engine_db *db, const unsigned char key[KEY_SIZE],
    struct tally *tally)
{
    sql_set_bytes(sql_statement(db, GET), 1, key, KEY_SIZE);
    return sql_entries(sql_statement(db, GET), false, tally);
}

static int
get_at(struct engine_db *db, const unsigned char key[KEY_SIZE], uint64_t limit,
       struct tally *tally)
{
    sql_set_bytes(sql_statement(db, GET_AT), 1, key, KEY_SIZE);
    sql_set_number(sql_statement(db, GET_AT), 2, limit);
    return sql_entries(sql_statement(db, GET_AT), false, tally);
}

static int
read_entry(struct engine_db *db, uint64_t seq, struct tally *tally)
{
    sql_set_number(sql_statement(db, READ), 1, seq);
    return sql_entries(sql_statement(db, READ), false, tally);
}

static int
replay(struct engine_db *db, struct tally *tally)
{
    return sql_entries(sql_statement(db, REPLAY), false, tally);
}

/* ---- questions ---------------------------------------------------------- */

static unsigned
statement_for(const struct question *question)
{
    switch (question->kind) {
    case ASK_KEY:
        return question->newest != 0 ? BY_KEY_NEWEST : BY_KEY;
    case ASK_PREFIX:
        return question->newest != 0 ? BY_PREFIX_NEWEST : BY_PREFIX;
    case ASK_SCAN:
        return SCAN;
    case ASK_LATEST:
        return question->limit == UINT64_MAX ? LATEST : LATEST_AS_OF;
    case ASK_TIMES:
        break;
    }
    return BY_TIME;
}

/* The first key behind those that begin with SIZE bytes, none of them ff. */
static void
end_of_prefix(const unsigned char *prefix, size_t size,
              unsigned char end[KEY_SIZE])
{
    memcpy(end, prefix, size);
    end[size - 1]++;
}

static int
ask(struct engine_db *db, const struct question *question, struct tally *tally)
{
    sqlite3_stmt *asked = sql_statement(db, statement_for(question));
    unsigned char end[KEY_SIZE];

    switch (question->kind) {
    case ASK_KEY:
    case ASK_PREFIX:
    case ASK_SCAN:
        sql_set_bytes(asked, 1, question->key, question->key_size);
        end_of_prefix(question->key, question->key_size, end);
        if (question->kind != ASK_KEY)
            sql_set_bytes(asked, 2, end, question->key_size);
        if (question->newest != 0)
            sql_set_number(asked, 3, question->newest);
        break;
    case ASK_LATEST:
        if (question->limit != UINT64_MAX)
            sql_set_number(asked, 1, question->limit);
        break;
    case ASK_TIMES:
        sql_set_number(asked, 1, question->since);
        sql_set_number(asked, 2, question->until);
        break;
    }
    return sql_entries(asked, question->newest != 0, tally);
}

static int
find_time(struct engine_db *db, uint64_t time, uint64_t *seq)
{
    sql_set_number(sql_statement(db, FIND_TIME), 1, time);
    return sql_number(sql_statement(db, FIND_TIME), seq);
}

static int
time_of(struct engine_db *db, uint64_t seq, uint64_t *time)
{
    sql_set_number(sql_statement(db, TIME_OF), 1, seq);
    return sql_number(sql_statement(db, TIME_OF), time);
}

/* ---- upkeep ------------------------------------------------------------- */

/* Runs the COUNT statements in one transaction, each with BEFORE. */
static int
remove_below(struct engine_db *db, uint64_t before, const unsigned *statements,
             size_t count)
{
    int rc = sql_run(sql_statement(db, BEGIN));

    for (size_t i = 0; rc == SQLITE_OK && i < count; i++) {
        sql_set_number(sql_statement(db, statements[i]), 1, before);
        rc = sql_run(sql_statement(db, statements[i]));
    }
    if (rc == SQLITE_OK)
        rc = sql_run(sql_statement(db, COMMIT));
    if (rc != SQLITE_OK)
        sql_run(sql_statement(db, ROLLBACK));
    return rc;
}

static int
prune(struct engine_db *db, uint64_t before)
{
    static const unsigned statements[] = {PRUNE_LATEST, PRUNE_ENTRIES};

    return remove_below(db, before, statements, 2);
}

static int
compact(struct engine_db *db, uint64_t before)
{
    static const unsigned statements[] = {COMPACT};

    return remove_below(db, before, statements, 1);
}

static int
state(struct engine_db *db, struct engine_state *out)
{
    int rc;

    *out = (struct engine_state){0};
    rc = sql_number(sql_statement(db, GET_NEXT), &out->size);
    out->first = out->size;
    if (rc == SQLITE_OK)
        rc = sql_number(sql_statement(db, FIRST), &out->first);
    if (rc == SQLITE_OK)
        rc = sql_number(sql_statement(db, COUNT_ENTRIES), &out->entries);
    if (rc == SQLITE_OK)
        rc = sql_number(sql_statement(db, COUNT_KEYS), &out->keys);
    if (rc == SQLITE_OK)
        rc = sql_number(sql_statement(db, USED), &out->bytes_used);
    return rc;
}

static const char *
describe(int result)
{
    return sqlite3_errstr(result);
}

#define SQLITE_CALLS                                                           \
    .version = sqlite3_libversion, .close = close_database,                    \
    .prune_step = 2000, .open_reader = open_reader,                            \
    .close_reader = close_database, .settle = settle, ENGINE_CALLS,            \
    .describe = describe

const struct engine engine_sqlite = {.name = "SQLite",
                                     .flags = ENGINE_EVERYTHING,
                                     .open = open_database,
                                     SQLITE_CALLS};

/* Nothing waits for the disk: loss of power may then destroy the file. */
const struct engine engine_sqlite_off = {.name = "SQLite OFF",
                                         .flags = ENGINE_EVERYTHING,
                                         .needs = ENGINE_RELAXED,
                                         .open = open_unflushed,
                                         SQLITE_CALLS};
#endif
