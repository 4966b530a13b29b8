/*
 * engine_lmdb.c - what one would write on LMDB without libjournal.
 *
 * Entries under their numbers, an index from key to the latest number, and a
 * counter, all in one transaction; with ENGINE_HISTORY also an index of all
 * numbers of a key.  Times need none: they never fall.  No checksums.  With
 * ENGINE_RELAXED nothing is flushed: loss of power may then destroy the file.
 */
#include "engine_lmdb.h"

#include <stdlib.h>

#define MAP_SIZE (UINT64_C(64) << 30)
#define PRUNE_STEP 5000u

/* ---- open, close -------------------------------------------------------- */

static int
open_tables(struct engine_db *db)
{
    static const char *const names[TABLES] = {"entries", "latest", "meta",
                                              "history"};
    MDB_txn *txn;
    int rc = mdb_txn_begin(db->env, NULL, 0, &txn);

    if (rc != 0)
        return rc;
    for (unsigned i = 0; rc == 0 && i < TABLES; i++) {
        if (i != HISTORY || (db->flags & ENGINE_HISTORY) != 0)
            rc = mdb_dbi_open(txn, names[i], MDB_CREATE, &db->tables[i]);
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

static void
close_env(struct engine_db *db)
{
    mdb_txn_abort(db->reader);
    mdb_env_close(db->env);
    free(db->numbers);
    free(db);
}

static int
open_env(struct engine_db **out, const char *path, uint32_t flags,
         uint64_t retained)
{
    struct engine_db *db = bench_resize(NULL, sizeof(*db));
    int rc;

    *db = (struct engine_db){.flags = flags, .retained = retained};
    bench_make_dir(path);
    rc = mdb_env_create(&db->env);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(db->env, TABLES);
    if (rc == 0)
        rc = mdb_env_set_mapsize(db->env, MAP_SIZE);
    if (rc == 0)
        rc = mdb_env_open(db->env, path,
                          MDB_NOTLS |
                              ((flags & ENGINE_RELAXED) != 0 ? MDB_NOSYNC : 0),
                          0640);
    if (rc == 0)
        rc = open_tables(db);
    if (rc == 0)
        rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &db->reader);
    if (rc != 0) {
        close_env(db);
        return rc;
    }
    mdb_txn_reset(db->reader);
    *out = db;
    return 0;
}

static int
open_reader(struct engine_db **out, struct engine_db *db)
{
    struct engine_db *reader = bench_resize(NULL, sizeof(*reader));
    int rc;

    *reader = *db;
    reader->numbers = NULL;
    reader->room = 0;
    rc = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &reader->reader);
    if (rc != 0) {
        free(reader);
        return rc;
    }
    mdb_txn_reset(reader->reader);
    *out = reader;
    return 0;
}

static void
close_reader(struct engine_db *reader)
{
    mdb_txn_abort(reader->reader);
    free(reader->numbers);
    free(reader);
}

/* ---- remove ------------------------------------------------------------- */

/* Removes the entry, and KEY with its latest, unless that is to be kept. */
static int
prune_one(struct engine_db *db, MDB_cursor *cursor, const MDB_val *number,
          const unsigned char key[KEY_SIZE], bool keep_latest)
{
    MDB_txn *txn = mdb_cursor_txn(cursor);
    MDB_val name = value_of(key, KEY_SIZE);
    MDB_val found;
    int rc = mdb_get(txn, db->tables[LATEST], &name, &found);
    bool latest;

    if (rc != 0)
        return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
    latest = memcmp(found.mv_data, number->mv_data, sizeof(uint64_t)) == 0;
    if (latest && keep_latest)
        return 0;
    if (latest)
        rc = mdb_del(txn, db->tables[LATEST], &name, NULL);
    return rc != 0 ? rc : mdb_cursor_del(cursor, 0);
}

/* A step of a prune, which goes on from *FROM; MDB_NOTFOUND at the end. */
static int
prune_some(struct engine_db *db, MDB_cursor *cursor, uint64_t *from,
           uint64_t before, bool keep_latest)
{
    uint64_t big = htobe64(*from);
    MDB_val number = value_of(&big, sizeof(big));
    MDB_cursor_op way = MDB_SET_RANGE;

    for (unsigned i = 0; i < PRUNE_STEP; i++) {
        unsigned char key[KEY_SIZE];
        MDB_val value;
        int rc = mdb_cursor_get(cursor, &number, &value, way);

        if (rc == 0 && number_of(&number) >= before)
            rc = MDB_NOTFOUND;
        if (rc != 0)
            return rc;
        *from = number_of(&number) + 1;
        memcpy(key, key_of(&value), KEY_SIZE);
        rc = prune_one(db, cursor, &number, key, keep_latest);
        if (rc != 0)
            return rc;
        way = MDB_NEXT;
    }
    return 0;
}

/* ---- append ------------------------------------------------------------- */

int
lmdb_next(struct engine_db *db, MDB_txn *txn, uint64_t *next)
{
    MDB_val name = value_of("next", 4);
    MDB_val value;
    int rc = mdb_get(txn, db->tables[META], &name, &value);

    *next = 0;
    if (rc == 0)
        memcpy(next, value.mv_data, sizeof(*next));
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
put_next(struct engine_db *db, MDB_txn *txn, uint64_t next)
{
    MDB_val name = value_of("next", 4);
    MDB_val value = value_of(&next, sizeof(next));

    return mdb_put(txn, db->tables[META], &name, &value, 0);
}

static int
put_history(struct engine_db *db, MDB_txn *txn, const struct item *item,
            uint64_t big)
{
    struct history_key history = {.seq = big};
    MDB_val key = value_of(&history, sizeof(history));
    MDB_val nothing = value_of("", 0);

    memcpy(history.key, item->key, KEY_SIZE);
    return mdb_put(txn, db->tables[HISTORY], &key, &nothing, 0);
}

static int
put_item(struct engine_db *db, MDB_txn *txn, uint64_t time,
         const struct item *item, uint64_t seq)
{
    bool keyless = (db->flags & ENGINE_KEYLESS) != 0;
    unsigned char record[RECORD_MAX];
    uint64_t big = htobe64(seq);
    MDB_val number = value_of(&big, sizeof(big));
    MDB_val value = value_of(record, record_pack(record, time, item, keyless));
    MDB_val key = value_of(item->key, KEY_SIZE);
    int rc = mdb_put(txn, db->tables[ENTRIES], &number, &value, MDB_APPEND);

    if (rc == 0 && !keyless)
        rc = mdb_put(txn, db->tables[LATEST], &key, &number, 0);
    if (rc == 0 && (db->flags & ENGINE_HISTORY) != 0)
        rc = put_history(db, txn, item, big);
    return rc;
}

/* Removes, as a part of TXN, what is below BEFORE. */
static int
forget(struct engine_db *db, MDB_txn *txn, uint64_t before)
{
    uint64_t from = 0;
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, db->tables[ENTRIES], &cursor);

    if (rc != 0)
        return rc;
    rc = prune_some(db, cursor, &from, before, false);
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
append_batch(struct engine_db *db, const struct item *items, size_t count)
{
    uint64_t time = record_now();
    uint64_t next = 0;
    MDB_txn *txn;
    int rc = mdb_txn_begin(db->env, NULL, 0, &txn);

    if (rc != 0)
        return rc;
    rc = lmdb_next(db, txn, &next);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = put_item(db, txn, time, &items[i], next + i);
    if (rc == 0 && db->retained != 0 && next + count > db->retained)
        rc = forget(db, txn, next + count - db->retained);
    if (rc == 0)
        rc = put_next(db, txn, next + count);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

/* ---- read --------------------------------------------------------------- */

int
lmdb_take(struct engine_db *db, MDB_val *number, struct tally *tally)
{
    unsigned char record[RECORD_MAX];
    MDB_val value;
    int rc = mdb_get(db->reader, db->tables[ENTRIES], number, &value);

    if (rc != 0)
        return rc;
    if (value.mv_size > sizeof(record))
        return MDB_CORRUPTED;
    /* A caller keeps an entry longer than a transaction, so it is a copy. */
    memcpy(record, value.mv_data, value.mv_size);
    return record_tally(record, value.mv_size, tally) ? 0 : MDB_CORRUPTED;
}

static int
get(struct engine_db *db, const unsigned char key[KEY_SIZE],
    struct tally *tally)
{
    MDB_val name = value_of(key, KEY_SIZE);
    MDB_val number;
    int rc = mdb_txn_renew(db->reader);

    if (rc != 0)
        return rc;
    rc = mdb_get(db->reader, db->tables[LATEST], &name, &number);
    if (rc == 0)
        rc = lmdb_take(db, &number, tally);
    else if (rc == MDB_NOTFOUND)
        rc = 0;
    mdb_txn_reset(db->reader);
    return rc;
}

static int
read_entry(struct engine_db *db, uint64_t seq, struct tally *tally)
{
    uint64_t big = htobe64(seq);
    MDB_val number = value_of(&big, sizeof(big));
    int rc = mdb_txn_renew(db->reader);

    if (rc != 0)
        return rc;
    rc = lmdb_take(db, &number, tally);
    mdb_txn_reset(db->reader);
    return rc;
}

static int
walk(MDB_cursor *cursor, struct tally *tally)
{
    MDB_val key, value;
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    uint64_t next = 0;

    while (rc == 0) {
        if (number_of(&key) < next)
            return ENGINE_DISORDER;
        next = number_of(&key) + 1;
        tally_record(tally, &value);
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
replay(struct engine_db *db, struct tally *tally)
{
    MDB_cursor *cursor;
    int rc = mdb_txn_renew(db->reader);

    if (rc != 0)
        return rc;
    rc = mdb_cursor_open(db->reader, db->tables[ENTRIES], &cursor);
    if (rc == 0) {
        rc = walk(cursor, tally);
        mdb_cursor_close(cursor);
    }
    mdb_txn_reset(db->reader);
    return rc;
}

/* ---- prune -------------------------------------------------------------- */

static int
prune_step(struct engine_db *db, uint64_t *from, uint64_t before,
           bool keep_latest, bool *more)
{
    MDB_cursor *cursor;
    MDB_txn *txn;
    int rc = mdb_txn_begin(db->env, NULL, 0, &txn);

    if (rc != 0)
        return rc;
    rc = mdb_cursor_open(txn, db->tables[ENTRIES], &cursor);
    if (rc == 0) {
        rc = prune_some(db, cursor, from, before, keep_latest);
        mdb_cursor_close(cursor);
    }
    *more = rc == 0;
    if (rc != 0 && rc != MDB_NOTFOUND) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

static int
remove_below(struct engine_db *db, uint64_t before, bool keep_latest)
{
    uint64_t from = 0;
    bool more = true;
    int rc = 0;

    while (rc == 0 && more)
        rc = prune_step(db, &from, before, keep_latest, &more);
    return rc;
}

static int
prune(struct engine_db *db, uint64_t before)
{
    return remove_below(db, before, false);
}

static int
compact(struct engine_db *db, uint64_t before)
{
    return remove_below(db, before, true);
}

/* ---- state -------------------------------------------------------------- */

static int
find_first(struct engine_db *db, struct engine_state *out)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int rc = mdb_cursor_open(db->reader, db->tables[ENTRIES], &cursor);

    if (rc != 0)
        return rc;
    rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    mdb_cursor_close(cursor);
    if (rc == 0)
        out->first = number_of(&key);
    else if (rc == MDB_NOTFOUND)
        out->first = out->size;
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
add_pages(struct engine_db *db, struct engine_state *out)
{
    for (unsigned i = 0; i < TABLES; i++) {
        MDB_stat stat;
        int rc;

        if (i == HISTORY && (db->flags & ENGINE_HISTORY) == 0)
            continue;
        rc = mdb_stat(db->reader, db->tables[i], &stat);
        if (rc != 0)
            return rc;
        out->bytes_used += stat.ms_psize *
                           (stat.ms_branch_pages + stat.ms_leaf_pages +
                            stat.ms_overflow_pages);
        if (i == ENTRIES)
            out->entries = stat.ms_entries;
        if (i == LATEST)
            out->keys = stat.ms_entries;
    }
    return 0;
}

static int
state(struct engine_db *db, struct engine_state *out)
{
    int rc = mdb_txn_renew(db->reader);

    if (rc != 0)
        return rc;
    *out = (struct engine_state){0};
    rc = lmdb_next(db, db->reader, &out->size);
    if (rc == 0)
        rc = find_first(db, out);
    if (rc == 0)
        rc = add_pages(db, out);
    mdb_txn_reset(db->reader);
    return rc;
}

static const char *
describe(int result)
{
    return mdb_strerror(result);
}

static const char *
version(void)
{
    return MDB_VERSION_STRING;
}

const struct engine engine_lmdb = {.name = "raw LMDB",
                                   .version = version,
                                   .flags = ENGINE_EVERYTHING,
                                   .open = open_env,
                                   .close = close_env,
                                   .open_reader = open_reader,
                                   .close_reader = close_reader,
                                   .append_batch = append_batch,
                                   .get = get,
                                   .get_at = lmdb_get_at,
                                   .read = read_entry,
                                   .replay = replay,
                                   .ask = lmdb_ask,
                                   .find_time = lmdb_find_time,
                                   .time_of = lmdb_time_of,
                                   .prune = prune,
                                   .compact = compact,
                                   .state = state,
                                   .describe = describe};
