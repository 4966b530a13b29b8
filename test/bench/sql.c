/*
 * sql.c - what is said to SQLite, and its answers.
 *
 * Of the ways to put a question the fastest that was found.
 */
#include "engine_sqlite.h"

#ifdef BENCH_SQLITE
#include "bench.h"

#define COLUMNS "SELECT seq, key, value FROM entries "

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

sqlite3_stmt *
sql_statement(struct engine_db *db, unsigned which)
{
    if (db->statements[which] == NULL &&
        sqlite3_prepare_v3(db->handle, texts[which], -1,
                           SQLITE_PREPARE_PERSISTENT, &db->statements[which],
                           NULL) != SQLITE_OK)
        bench_fail("SQLite: %s: %s", texts[which], sqlite3_errmsg(db->handle));
    return db->statements[which];
}

void
sql_set_number(sqlite3_stmt *statement, int place, uint64_t number)
{
    sqlite3_bind_int64(statement, place,
                       number > INT64_MAX ? INT64_MAX : (int64_t)number);
}

void
sql_set_bytes(sqlite3_stmt *statement, int place, const void *bytes,
              size_t size)
{
    sqlite3_bind_blob(statement, place, bytes, (int)size, SQLITE_STATIC);
}

int
sql_run(sqlite3_stmt *statement)
{
    sqlite3_step(statement);
    return sqlite3_reset(statement);
}

int
sql_number(sqlite3_stmt *statement, uint64_t *number)
{
    if (sqlite3_step(statement) == SQLITE_ROW &&
        sqlite3_column_type(statement, 0) != SQLITE_NULL)
        *number = (uint64_t)sqlite3_column_int64(statement, 0);
    return sqlite3_reset(statement);
}

int
sql_entries(sqlite3_stmt *statement, bool falling, struct tally *tally)
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
#endif
