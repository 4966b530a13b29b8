/*
 * store_many.c - many rows at a time, whose pages are waited for together.
 *
 * They are looked up in the pages of LMDB's snapshot where they are mapped;
 * what is not found there is left to LMDB.
 */
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "pages/layout.h"
#include "store/store_env.h"

/* The description of TABLE, in the page that has those of all tables. */
static int
get_table(struct jn_txn *txn, enum jn_table table, MDB_val *value)
{
    const char *name = jn_table_names[table];
    MDB_val key = {strlen(name), (void *)(uintptr_t)name};
    int rc = mdb_get(txn->handle, txn->store->names, &key, value);

    if (rc == MDB_NOTFOUND ||
        (rc == 0 && value->mv_size != sizeof(struct jn_tree)))
        return JOURNAL_CORRUPT;
    return jn_store_error_in(txn, rc);
}

static bool
read_metas(const struct jn_txn *txn, int file, struct jn_meta *meta)
{
    size_t page_size = txn->store->page_size;

    for (unsigned i = 0; i < 2; i++) {
        off_t offset = (off_t)(i * page_size + JN_PAGE_HEADER);

        if (pread(file, meta, sizeof(*meta), offset) == sizeof(*meta) &&
            meta->transaction == jn_store_number(txn) - txn->write)
            return true;
    }
    return false;
}

bool
jn_store_read_meta(const struct jn_txn *txn, struct jn_meta *meta)
{
    mdb_filehandle_t file;
    bool found;
    int state;

    if (mdb_env_get_fd(txn->store->env, &file) != 0)
        return false;
    /* A thread cancelled with a transaction open would leave it for ever. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    found = read_metas(txn, file, meta);
    pthread_setcancelstate(state, NULL);
    return found;
}

/*
 * LMDB does not tell where it has mapped the file.  But the page that VALUE
 * lies on is the root of the tree of names, whose number the meta page tells;
 * unless a change has put a copy of it elsewhere.  It has to say so itself: the
 * meta page may be overwritten while it is read.
 */
static const uint8_t *
find_map(const struct jn_txn *txn, const void *value)
{
    size_t page_size = txn->store->page_size;
    const uint8_t *page, *map;
    struct jn_meta meta;

    map = atomic_load_explicit(&txn->store->map, memory_order_relaxed);
    if (map != NULL || jn_guard_has_begun(txn) ||
        !jn_store_read_meta(txn, &meta) || meta.trees[1].depth != 1)
        return map;
    page = (const uint8_t *)value - (uintptr_t)value % page_size;
    if (jn_page_number(page) != meta.trees[1].root)
        return NULL;
    map = page - meta.trees[1].root * page_size;
    atomic_store_explicit(&txn->store->map, map, memory_order_relaxed);
    return map;
}

static int
find_tree(struct jn_store_tree *tree, struct jn_txn *txn, enum jn_table table)
{
    const struct jn_store *store = txn->store;
    struct jn_tree found;
    MDB_envinfo info;
    MDB_val value;
    int rc = get_table(txn, table, &value);

    if (rc != 0)
        return rc;
    (void)mdb_env_info(store->env, &info);
    memcpy(&found, value.mv_data, sizeof(found));
    tree->page_size = store->page_size;
    tree->pages = info.me_last_pgno + 1;
    tree->root = found.root;
    tree->depth = found.depth;
    if (found.flags != 0 || found.depth >= JN_DEPTH_MAX ||
        (found.depth == 0) != (found.root == JN_NO_ROOT))
        return JOURNAL_CORRUPT;
    if (tree->pages > info.me_mapsize / tree->page_size || found.depth == 0)
        return JOURNAL_NOT_FOUND;
    tree->base = find_map(txn, value.mv_data);
    return tree->base != NULL ? 0 : JOURNAL_NOT_FOUND;
}

int
jn_store_tree_of(struct jn_store_tree *tree, struct jn_txn *txn,
                 enum jn_table table)
{
    int rc = 0;

    if (txn->trees[table].base == NULL)
        rc = find_tree(&txn->trees[table], txn, table);
    if (rc == 0)
        *tree = txn->trees[table];
    return rc;
}

static int
ask_lmdb(struct jn_txn *txn, enum jn_table table, struct jn_numbered *row)
{
    uint8_t key[8];
    int rc;

    jn_put_be64(key, row->number);
    rc = jn_store_get(txn, table, jn_span(key, sizeof(key)), &row->value);
    row->found = rc == 0;
    return rc == JOURNAL_NOT_FOUND ? 0 : rc;
}

int
jn_store_get_many(struct jn_txn *txn, enum jn_table table,
                  struct jn_numbered *rows, size_t count)
{
    struct jn_store_tree tree;
    bool mapped = !jn_guard_has_changed(txn, table) &&
                  jn_store_tree_of(&tree, txn, table) == 0;
    int rc = 0;

    if (mapped)
        jn_store_tree_find(&tree, rows, count);
    for (size_t i = 0; i < count && rc == 0; i++) {
        if (mapped && rows[i].found)
            txn->entries_read += table == JN_ENTRIES;
        else
            rc = ask_lmdb(txn, table, &rows[i]);
    }
    return rc;
}
