/*
 * store_rows.c - rows and places within a transaction.
 *
 * What the last commit has is read in its pages, without LMDB; what this
 * transaction has changed LMDB alone knows.
 */
#include <assert.h>

#include "base/error.h"
#include "store/store_env.h"
#include "store/store_guard.h"

/* LMDB takes no const, and does not change what it is given. */
static MDB_val
to_lmdb(struct jn_span span)
{
    MDB_val value = {span.size, (void *)(uintptr_t)span.data};

    return value;
}

/*
 * Keys of entries are numbers, most of which follow one another: so the place
 * of one is known without a search, unless something is not as expected.
 */
static int
get_from(const struct jn_store_tree *tree, enum jn_table table,
         struct jn_span key, struct jn_span *value)
{
    struct jn_numbered row;

    if (table != JN_ENTRIES || key.size != 8)
        return jn_store_tree_get(tree, key, value);
    row.number = jn_get_be64(key.data);
    jn_store_tree_find(tree, &row, 1);
    if (!row.found)
        return jn_store_tree_get(tree, key, value);
    *value = row.value;
    return 0;
}

int
jn_store_get(struct jn_txn *txn, enum jn_table table, struct jn_span key,
             struct jn_span *value)
{
    MDB_val k = to_lmdb(key), v;
    struct jn_store_tree tree;
    int rc = JOURNAL_NOT_FOUND;

    txn->entries_read += table == JN_ENTRIES;
    if (!jn_guard_has_changed(txn, table))
        rc = jn_store_tree_of(&tree, txn, table);
    if (rc == 0)
        return get_from(&tree, table, key, value);
    if (rc == JOURNAL_NOT_FOUND)
        rc = txn->write ? jn_guard_way(txn, table, key) : 0;
    if (rc != 0)
        return rc;
    rc = mdb_get(txn->handle, txn->store->tables[table], &k, &v);
    if (rc == 0)
        *value = jn_span(v.mv_data, v.mv_size);
    return jn_store_error_in(txn, rc);
}

bool
jn_store_has_changed(const struct jn_txn *txn, enum jn_table table)
{
    return jn_guard_has_changed(txn, table);
}

int
jn_store_get_committed(struct jn_txn *txn, enum jn_table table,
                       struct jn_span key, struct jn_span *value)
{
    struct jn_store_tree tree;
    int rc = jn_store_tree_of(&tree, txn, table);

    if (rc != 0)
        return rc;
    txn->entries_read += table == JN_ENTRIES;
    return get_from(&tree, table, key, value);
}

int
jn_store_look_beside(struct jn_txn *txn, enum jn_table table,
                     struct jn_span key, jn_row_check check)
{
    struct jn_store_way way;
    struct jn_span value;
    int rc;

    if (jn_guard_has_changed(txn, table) ||
        !jn_store_way_open(&way, txn, table))
        return 0;
    way.strict = true;
    rc = jn_store_way_move(&way, JN_AT_OR_AFTER, &key, &value);
    if (rc == 0)
        rc = check(key, value);
    if (rc == 0 || rc == JOURNAL_NOT_FOUND)
        rc = jn_store_way_move(&way, JN_PREV, &key, &value);
    if (rc == 0)
        rc = check(key, value);
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

int
jn_store_put(struct jn_txn *txn, enum jn_table table, struct jn_span key,
             struct jn_span value)
{
    MDB_val k = to_lmdb(key), v = to_lmdb(value);
    int rc;

    assert(txn->write);
    rc = jn_guard_rewrite(txn, table, key);
    if (rc != 0)
        return rc;
    return jn_store_error_in(txn,
                             mdb_put(txn->handle, txn->store->tables[table], &k,
                                     &v, 0));
}

int
jn_store_delete(struct jn_txn *txn, enum jn_table table, struct jn_span key)
{
    MDB_val k = to_lmdb(key);
    int rc;

    assert(txn->write);
    rc = jn_guard_around(txn, table, key);
    if (rc != 0)
        return rc;
    jn_guard_change(txn, table);
    return jn_store_error_in(txn, mdb_del(txn->handle,
                                          txn->store->tables[table], &k, NULL));
}

int
jn_store_append(struct jn_txn *txn, enum jn_table table, struct jn_span key,
                size_t size, uint8_t **value)
{
    MDB_val k = to_lmdb(key), v = {size, NULL};
    int rc;

    assert(txn->write);
    rc = jn_guard_edge(txn, table, true);
    if (rc != 0)
        return rc;
    jn_guard_change(txn, table);
    rc = mdb_put(txn->handle, txn->store->tables[table], &k, &v,
                 MDB_APPEND | MDB_RESERVE);
    if (rc == MDB_KEYEXIST)
        return JOURNAL_CORRUPT; /* there is a row over all that should be */
    if (rc == 0)
        *value = v.mv_data;
    return jn_store_error_in(txn, rc);
}

uint64_t
jn_store_count(struct jn_txn *txn, enum jn_table table)
{
    MDB_stat stat = {0};

    (void)mdb_stat(txn->handle, txn->store->tables[table], &stat);
    return stat.ms_entries;
}

/* ---- places ------------------------------------------------------------- */

int
jn_place_open(struct jn_place *place, struct jn_txn *txn, enum jn_table table)
{
    place->txn = txn;
    place->table = table;
    place->handle = NULL;
    place->key = jn_span(NULL, 0);
    if (!txn->write && jn_store_way_open(&place->way, txn, table))
        return 0;
    return jn_store_error_in(txn, mdb_cursor_open(txn->handle,
                                                  txn->store->tables[table],
                                                  &place->handle));
}

void
jn_place_close(struct jn_place *place)
{
    if (place->handle != NULL)
        mdb_cursor_close(place->handle);
    place->handle = NULL;
}

/* Where LMDB may come by when it makes the move. */
static int
guard(struct jn_place *place, enum jn_move move, struct jn_span key)
{
    if (!place->txn->write)
        return 0;
    if (move == JN_AT_OR_AFTER)
        return jn_guard_around(place->txn, place->table, key);
    if ((move == JN_NEXT || move == JN_PREV) && place->key.data != NULL)
        return jn_guard_around(place->txn, place->table, place->key);
    return jn_guard_edge(place->txn, place->table,
                         move == JN_LAST || move == JN_PREV);
}

/* Keys stay where they are; but those of pages that are changed move. */
static void
note_key(struct jn_place *place, struct jn_span key)
{
    if (key.size > sizeof(place->bytes))
        key.size = sizeof(place->bytes);
    memcpy(place->bytes, key.data, key.size);
    place->key = jn_span(place->bytes, key.size);
}

static int
move_cursor(struct jn_place *place, enum jn_move move, struct jn_span *key,
            struct jn_span *value)
{
    static const MDB_cursor_op operations[] = {
        [JN_FIRST] = MDB_FIRST,
        [JN_LAST] = MDB_LAST,
        [JN_NEXT] = MDB_NEXT,
        [JN_PREV] = MDB_PREV,
        [JN_AT_OR_AFTER] = MDB_SET_RANGE,
    };
    MDB_val k = {0, NULL}, v;
    int rc = guard(place, move, *key);

    if (rc != 0)
        return rc;
    if (move == JN_AT_OR_AFTER)
        k = to_lmdb(*key);
    rc = mdb_cursor_get(place->handle, &k, &v, operations[move]);
    if (rc != 0)
        return jn_store_error_in(place->txn, rc);
    *key = jn_span(k.mv_data, k.mv_size);
    *value = jn_span(v.mv_data, v.mv_size);
    if (place->txn->write)
        note_key(place, *key);
    return 0;
}

int
jn_place_move(struct jn_place *place, enum jn_move move, struct jn_span *key,
              struct jn_span *value)
{
    place->txn->entries_read += place->table == JN_ENTRIES;
    return place->handle == NULL
               ? jn_store_way_move(&place->way, move, key, value)
               : move_cursor(place, move, key, value);
}

int
jn_place_delete(struct jn_place *place)
{
    int rc;

    assert(place->txn->write && place->handle != NULL);
    rc = jn_guard_around(place->txn, place->table, place->key);
    if (rc != 0)
        return rc;
    jn_guard_change(place->txn, place->table);
    return jn_store_error_in(place->txn, mdb_cursor_del(place->handle, 0));
}

int
jn_place_put(struct jn_place *place, struct jn_span key, struct jn_span value)
{
    MDB_val k = to_lmdb(key), v = to_lmdb(value);
    int rc;

    assert(place->txn->write && place->handle != NULL);
    rc = jn_guard_rewrite(place->txn, place->table, key);
    if (rc != 0)
        return rc;
    return jn_store_error_in(place->txn,
                             mdb_cursor_put(place->handle, &k, &v, 0));
}
