/* engine_sqlite.h - what the two files of the engine on SQLite share. */
#ifndef BENCH_ENGINE_SQLITE_H
#define BENCH_ENGINE_SQLITE_H

#include "engine.h"

#ifdef BENCH_SQLITE
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>

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

struct engine_db {
    sqlite3 *handle;
    sqlite3_stmt *statements[STATEMENTS]; /* made when first wanted */
    pthread_mutex_t appending;
    const char *synchronous; /* the statement */
    uint32_t flags;
    uint64_t retained;
    bool keyless;
};

/* Prepared when it is first wanted. */
sqlite3_stmt *sql_statement(struct engine_db *db, unsigned which);

/* The bytes have to stay until the statement has run. */
void sql_set_number(sqlite3_stmt *statement, int place, uint64_t number);
void sql_set_bytes(sqlite3_stmt *statement, int place, const void *bytes,
                   size_t size);

/* Runs a statement that has no answer. */
int sql_run(sqlite3_stmt *statement);

/* Runs one whose answer is a number; *NUMBER stays where there is none. */
int sql_number(sqlite3_stmt *statement, uint64_t *number);

/* Runs one whose answer is entries, falling or rising by their numbers. */
int sql_entries(sqlite3_stmt *statement, bool falling, struct tally *tally);

#endif
#endif
