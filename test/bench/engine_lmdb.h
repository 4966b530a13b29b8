/*
 * engine_lmdb.h - what the two files of the engine on LMDB share.
 *
 * Entries are kept under their numbers, big endian, as LMDB compares bytes.
 */
#ifndef BENCH_ENGINE_LMDB_H
#define BENCH_ENGINE_LMDB_H

#include <endian.h>
#include <lmdb.h>

#include "bench.h"
#include "engine.h"
#include "record.h"

enum { ENTRIES, LATEST, META, HISTORY, TABLES };

struct history_key {
    unsigned char key[KEY_SIZE];
    uint64_t seq; /* big endian */
};

struct engine_db {
    MDB_env *env;
    MDB_dbi tables[TABLES];
    MDB_txn *reader; /* reset between calls */
    uint32_t flags;
    uint64_t *numbers; /* of entries that answer a question */
    size_t room;
    uint64_t retained;
};

/* The number that the next entry gets. */
int lmdb_next(struct engine_db *db, MDB_txn *txn, uint64_t *next);

/* Adds the entry NUMBER to TALLY. */
int lmdb_take(struct engine_db *db, MDB_val *number, struct tally *tally);

int lmdb_get_at(struct engine_db *db, const unsigned char key[KEY_SIZE],
                uint64_t limit, struct tally *tally);
int lmdb_ask(struct engine_db *db, const struct question *question,
             struct tally *tally);
int lmdb_find_time(struct engine_db *db, uint64_t time, uint64_t *seq);
int lmdb_time_of(struct engine_db *db, uint64_t seq, uint64_t *time);

static inline MDB_val
value_of(const void *data, size_t size)
{
    return (MDB_val){size, (void *)(uintptr_t)data};
}

static inline uint64_t
number_of(const MDB_val *key)
{
    uint64_t big;

    memcpy(&big, key->mv_data, sizeof(big));
    return be64toh(big);
}

/* The key of the entry in VALUE. */
static inline const unsigned char *
key_of(const MDB_val *value)
{
    return (const unsigned char *)value->mv_data + RECORD_HEAD;
}

/* Looks at the entry in VALUE where it lies; what is none is not counted. */
static inline void
tally_record(struct tally *tally, const MDB_val *value)
{
    (void)record_tally(value->mv_data, value->mv_size, tally);
}

#endif
