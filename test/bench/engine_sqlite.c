/*
 * engine_sqlite.c - the same on SQLite, where it is installed.
 *
 * A table of entries by number, one from key to the latest number, and a
 * counter, all in one transaction; WAL, flushed at each commit, or with
 * ENGINE_RELAXED only at checkpoints.  With ENGINE_HISTORY an index on (key,
 * seq), with ENGINE_TIMES one on (time, seq).
 * Of the ways to put a question the fastest that was found.
 */
#include "engine.h"

#ifdef BENCH_SQLITE
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "bench.h"
#include "record.h"

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

#define COLUMNS "SELECT seq, key, value FROM entries "

enum {
    BEGIN,
    COMMIT,
    ROLLBACK,
    GET_NEXT,
    PUT_NEXT,
    PUT_ENTRY,
    PUT_LATEST,
    GET,
    GET_AT,
    READ,
    REPLAY,
    BY_KEY,
    BY_KEY_NEWEST,
    BY_PREFIX,
    BY_PREFIX_NEWEST,
    SCAN,
    LATEST,
    LATEST_AS_OF,
    BY_TIME,
    FIND_TIME,
    TIME_OF,
    PRUNE_ENTRIES,
    PRUNE_LATEST,
    FORGET_KEYS,
    COMPACT,
    FIRST,
    COUNT_ENTRIES,
    COUNT_KEYS,
    USED,
    STATEMENTS
};

static const char *const texts[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [GET_NEXT] = "SELECT next FROM counter",
    [PUT_NEXT] = "UPDATE counter SET next = ?1",
    [PUT_ENTRY] = "INSERT INTO entries VALUES (?1, ?2, ?3, ?4)",
    [PUT_LATEST] = "REPLACE INTO latest VALUES (?1, ?2)",
    [GET] = COLUMNS "WHERE seq = (SELECT seq FROM latest WHERE key = ?1)",
    [GET_AT] = COLUMNS "WHERE key = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT 1",
    [READ] = COLUMNS "WHERE seq = ?1",
    [REPLAY] = COLUMNS "ORDER BY seq",
    [BY_KEY] = COLUMNS "WHERE key = ?1 ORDER BY seq",
    [BY_KEY_NEWEST] = COLUMNS "WHERE key = ?1 ORDER BY seq DESC LIMIT ?3",
    /* Not so wide a sort as without the inner question. */
    [BY_PREFIX] = COLUMNS "WHERE seq IN (SELECT seq FROM entries"
                          " WHERE key >= ?1 AND key < ?2) ORDER BY seq",
    [BY_PREFIX_NEWEST] = COLUMNS "NOT INDEXED WHERE key >= ?1 AND key < ?2"
                                 " ORDER BY seq DESC LIMIT ?3",
    [SCAN] = COLUMNS "NOT INDEXED WHERE key >= ?1 AND key < ?2 ORDER BY seq",
    [LATEST] = COLUMNS "WHERE seq IN (SELECT seq FROM latest) ORDER BY seq",
    [LATEST_AS_OF] = COLUMNS
    "WHERE seq IN (SELECT (SELECT max(e.seq) FROM entries e"
    " WHERE e.key = l.key AND e.seq < ?1) FROM latest l) ORDER BY seq",
    /* Times never fall, so this is the order of numbers too. */
    [BY_TIME] = COLUMNS "WHERE time >= ?1 AND time < ?2 ORDER BY time, seq",
    [FIND_TIME] = "SELECT seq FROM entries WHERE time >= ?1"
                  " ORDER BY time, seq LIMIT 1",
    [TIME_OF] = "SELECT time FROM entries WHERE seq = ?1",
    [PRUNE_ENTRIES] = "DELETE FROM entries WHERE seq < ?1",
    [PRUNE_LATEST] = "DELETE FROM latest WHERE seq < ?1",
    [FORGET_KEYS] = "DELETE FROM latest WHERE seq < ?1"
                    " AND key IN (SELECT key FROM entries WHERE seq < ?1)",
    [COMPACT] = "DELETE FROM entries WHERE seq < ?1"
                " AND seq NOT IN (SELECT seq FROM latest)",
    [FIRST] = "SELECT min(seq) FROM entries",
    [COUNT_ENTRIES] = "SELECT count(*) FROM entries",
    [COUNT_KEYS] = "SELECT count(*) FROM latest",
    [USED] = "SELECT (page_count - freelist_count) * page_size"
             " FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
};

struct engine_db {
    sqlite3 *handle;
    sqlite3_stmt *statements[STATEMENTS]; /* made when first wanted */
    pthread_mutex_t appending;
    uint64_t retained;
    bool keyless;
};

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
open_database(struct engine_db **out, const char *path, uint32_t flags,
              uint64_t retained)
{
    struct engine_db *db = bench_resize(NULL, sizeof(*db));
    char *file = bench_join(path, "history.db");
    int rc;

    *db = (struct engine_db){.retained = retained,
                             .keyless = (flags & ENGINE_KEYLESS) != 0};
    pthread_mutex_init(&db->appending, NULL);
    bench_make_dir(path);
    rc = sqlite3_open_v2(file, &db->handle,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                             SQLITE_OPEN_NOMUTEX,
                         NULL);
    free(file);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db->handle, schema, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db->handle,
                          (flags & ENGINE_RELAXED) != 0
                              ? "PRAGMA synchronous = NORMAL"
                              : "PRAGMA synchronous = FULL",
                          NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = make_indexes(db, flags);
    if (rc != SQLITE_OK) {
        close_database(db);
        return rc;
    }
    *out = db;
    return 0;
}

/* The log goes into the file, and the planner learns what is in it. */
static int
settle(struct engine_db *db)
{
    return sqlite3_exec(db->handle, "ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)",
                        NULL, NULL, NULL);
}

/* ---- statements --------------------------------------------------------- */

static sqlite3_stmt *
statement(struct engine_db *db, unsigned which)
{
    if (db->statements[which] == NULL &&
        sqlite3_prepare_v3(db->handle, texts[which], -1,
                           SQLITE_PREPARE_PERSISTENT, &db->statements[which],
                           NULL) != SQLITE_OK)
        bench_fail("SQLite: %s: %s", texts[which], sqlite3_errmsg(db->handle));
    return db->statements[which];
}

static void
set_number(sqlite3_stmt *statement, int place, uint64_t number)
{
    sqlite3_bind_int64(statement, place,
                       number > INT64_MAX ? INT64_MAX : (int64_t)number);
}

/* The bytes have to stay until the statement has run. */
static void
set_bytes(sqlite3_stmt *statement, int place, const void *bytes, size_t size)
{
    sqlite3_bind_blob(statement, place, bytes, (int)size, SQLITE_STATIC);
}

/* Runs a statement that has no answer. */
static int
run(sqlite3_stmt *statement)
{
    sqlite3_step(statement);
    return sqlite3_reset(statement);
}

/* Runs one whose answer is a number; *NUMBER stays where there is none. */
static int
ask_number(sqlite3_stmt *statement, uint64_t *number)
{
    if (sqlite3_step(statement) == SQLITE_ROW &&
        sqlite3_column_type(statement, 0) != SQLITE_NULL)
        *number = (uint64_t)sqlite3_column_int64(statement, 0);
    return sqlite3_reset(statement);
}

/* Runs one whose answer is entries, falling or rising by their numbers. */
static int
ask_entries(sqlite3_stmt *statement, bool falling, struct tally *tally)
{
    int64_t before = falling ? INT64_MAX : -1;
    int rc;

    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t seq = sqlite3_column_int64(statement, 0);
        const void *key = sqlite3_column_blob(statement, 1);
        const void *value = sqlite3_column_blob(statement, 2);

        if (falling ? seq >= before : seq <= before) {
            sqlite3_reset(statement);
            return ENGINE_DISORDER;
        }
        before = seq;
        tally_add(tally, key, (size_t)sqlite3_column_bytes(statement, 1), value,
                  (size_t)sqlite3_column_bytes(statement, 2));
    }
    return sqlite3_reset(statement);
}

/* ---- append ------------------------------------------------------------- */

static int
put_item(struct engine_db *db, uint64_t time, const struct item *item,
         uint64_t seq)
{
    sqlite3_stmt *entry = statement(db, PUT_ENTRY);
    sqlite3_stmt *latest = statement(db, PUT_LATEST);
    int rc;

    set_number(entry, 1, seq);
    set_number(entry, 2, time);
    set_bytes(entry, 3, item->key, db->keyless ? 0 : KEY_SIZE);
    set_bytes(entry, 4, item->value, VALUE_SIZE);
    rc = run(entry);
    if (rc != SQLITE_OK || db->keyless)
        return rc;
    set_bytes(latest, 1, item->key, KEY_SIZE);
    set_number(latest, 2, seq);
    return run(latest);
}

/* Removes the few entries below BEFORE that there still are. */
static int
forget(struct engine_db *db, uint64_t before)
{
    static const unsigned steps[] = {FORGET_KEYS, PRUNE_ENTRIES};
    int rc = SQLITE_OK;

    for (unsigned i = 0; rc == SQLITE_OK && i < 2; i++) {
        set_number(statement(db, steps[i]), 1, before);
        rc = run(statement(db, steps[i]));
    }
    return rc;
}

static int
put_items(struct engine_db *db, const struct item *items, size_t count)
{
    uint64_t time = record_now();
    uint64_t next = 0;
    int rc = ask_number(statement(db, GET_NEXT), &next);

    for (size_t i = 0; rc == SQLITE_OK && i < count; i++)
        rc = put_item(db, time, &items[i], next + i);
    if (rc == SQLITE_OK && db->retained != 0 && next + count > db->retained)
        rc = forget(db, next + count - db->retained);
    if (rc != SQLITE_OK)
        return rc;
    set_number(statement(db, PUT_NEXT), 1, next + count);
    return run(statement(db, PUT_NEXT));
}

static int
append_batch(struct engine_db *db, const struct item *items, size_t count)
{
    int rc;

    pthread_mutex_lock(&db->appending);
    rc = run(statement(db, BEGIN));
    if (rc == SQLITE_OK)
        rc = put_items(db, items, count);
    if (rc == SQLITE_OK)
        rc = run(statement(db, COMMIT));
    if (rc != SQLITE_OK)
        run(statement(db, ROLLBACK));
    pthread_mutex_unlock(&db->appending);
    return rc;
}

static int
append(struct engine_db *db, const struct item *item)
{
    return append_batch(db, item, 1);
}

/* ---- read --------------------------------------------------------------- */

static int
get(struct engine_db *db, const unsigned char key[KEY_SIZE],
    struct tally *tally)
{
    set_bytes(statement(db, GET), 1, key, KEY_SIZE);
    return ask_entries(statement(db, GET), false, tally);
}

static int
get_at(struct engine_db *db, const unsigned char key[KEY_SIZE], uint64_t limit,
       struct tally *tally)
{
    set_bytes(statement(db, GET_AT), 1, key, KEY_SIZE);
    set_number(statement(db, GET_AT), 2, limit);
    return ask_entries(statement(db, GET_AT), false, tally);
}

static int
read_entry(struct engine_db *db, uint64_t seq, struct tally *tally)
{
    set_number(statement(db, READ), 1, seq);
    return ask_entries(statement(db, READ), false, tally);
}

static int
replay(struct engine_db *db, struct tally *tally)
{
    return ask_entries(statement(db, REPLAY), false, tally);
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
    sqlite3_stmt *asked = statement(db, statement_for(question));
    unsigned char end[KEY_SIZE];

    switch (question->kind) {
    case ASK_KEY:
    case ASK_PREFIX:
    case ASK_SCAN:
        set_bytes(asked, 1, question->key, question->key_size);
        end_of_prefix(question->key, question->key_size, end);
        if (question->kind != ASK_KEY)
            set_bytes(asked, 2, end, question->key_size);
        if (question->newest != 0)
            set_number(asked, 3, question->newest);
        break;
    case ASK_LATEST:
        if (question->limit != UINT64_MAX)
            set_number(asked, 1, question->limit);
        break;
    case ASK_TIMES:
        set_number(asked, 1, question->since);
        set_number(asked, 2, question->until);
        break;
    }
    return ask_entries(asked, question->newest != 0, tally);
}

static int
find_time(struct engine_db *db, uint64_t time, uint64_t *seq)
{
    set_number(statement(db, FIND_TIME), 1, time);
    return ask_number(statement(db, FIND_TIME), seq);
}

static int
time_of(struct engine_db *db, uint64_t seq, uint64_t *time)
{
    set_number(statement(db, TIME_OF), 1, seq);
    return ask_number(statement(db, TIME_OF), time);
}

/* ---- upkeep ------------------------------------------------------------- */

/* Runs the COUNT statements in one transaction, each with BEFORE. */
static int
remove_below(struct engine_db *db, uint64_t before, const unsigned *statements,
             size_t count)
{
    int rc = run(statement(db, BEGIN));

    for (size_t i = 0; rc == SQLITE_OK && i < count; i++) {
        set_number(statement(db, statements[i]), 1, before);
        rc = run(statement(db, statements[i]));
    }
    if (rc == SQLITE_OK)
        rc = run(statement(db, COMMIT));
    if (rc != SQLITE_OK)
        run(statement(db, ROLLBACK));
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
    rc = ask_number(statement(db, GET_NEXT), &out->size);
    out->first = out->size;
    if (rc == SQLITE_OK)
        rc = ask_number(statement(db, FIRST), &out->first);
    if (rc == SQLITE_OK)
        rc = ask_number(statement(db, COUNT_ENTRIES), &out->entries);
    if (rc == SQLITE_OK)
        rc = ask_number(statement(db, COUNT_KEYS), &out->keys);
    if (rc == SQLITE_OK)
        rc = ask_number(statement(db, USED), &out->bytes_used);
    return rc;
}

static const char *
describe(int result)
{
    return sqlite3_errstr(result);
}

const struct engine engine_sqlite = {.name = "SQLite",
                                     .flags = ENGINE_HISTORY | ENGINE_TIMES |
                                              ENGINE_UPKEEP | ENGINE_RELAXED |
                                              ENGINE_KEYLESS,
                                     .open = open_database,
                                     .close = close_database,
                                     .settle = settle,
                                     .append = append,
                                     .append_batch = append_batch,
                                     .get = get,
                                     .get_at = get_at,
                                     .read = read_entry,
                                     .replay = replay,
                                     .ask = ask,
                                     .find_time = find_time,
                                     .time_of = time_of,
                                     .prune = prune,
                                     .compact = compact,
                                     .state = state,
                                     .describe = describe};
#endif
