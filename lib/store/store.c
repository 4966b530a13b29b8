/* store.c - the LMDB environment: made, opened, opened anew, closed. */
#include "store/store.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/error.h"
#include "base/path.h"
#include "store/store_env.h"

/* LMDB's codes are far below the journal's own. */
#define FIRST_LMDB_CODE (-1000)

#define OPEN_TRIES 100u

#define CREATE_MAP (UINT64_C(1) << 20)

const char *const jn_table_names[JN_TABLES] = {"entries", "latest", "meta"};

int
jn_store_error(int rc)
{
    switch (rc) {
    case MDB_NOTFOUND:
        return JOURNAL_NOT_FOUND;
    case MDB_MAP_FULL:
        return JOURNAL_FULL;
    case MDB_TXN_FULL:
    case MDB_PAGE_FULL:
        return JOURNAL_TOO_BIG;
    case MDB_READERS_FULL:
        return EAGAIN;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_CURSOR_FULL:
    case MDB_BAD_DBI:
    case MDB_BAD_TXN: /* an earlier step of the transaction met damage */
        return JOURNAL_CORRUPT;
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
        return JOURNAL_UNSUPPORTED;
    case MDB_PANIC:
        return JOURNAL_FAILED;
    default:
        break;
    }
    if (rc > 0)
        return jn_error_from_errno(rc);
    return rc < FIRST_LMDB_CODE ? JOURNAL_CORRUPT : rc;
}

int
jn_store_error_in(struct jn_txn *txn, int rc)
{
    if (rc == MDB_BAD_TXN && txn->full)
        return JOURNAL_FULL;
    /* A row that is said to be a table, where there are none. */
    if (rc == MDB_INCOMPATIBLE)
        return JOURNAL_CORRUPT;
    rc = jn_store_error(rc);
    if (rc == JOURNAL_FULL)
        txn->full = true;
    return rc;
}

/* ---- making a file ------------------------------------------------------ */

static int
fill_new(MDB_env *env, const struct jn_row *rows, size_t count)
{
    MDB_dbi tables[JN_TABLES];
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(env, NULL, 0, &txn);

    for (size_t i = 0; rc == 0 && i < JN_TABLES; i++)
        rc = mdb_dbi_open(txn, jn_table_names[i], MDB_CREATE, &tables[i]);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        MDB_val key = {strlen(rows[i].key), (void *)(uintptr_t)rows[i].key};
        MDB_val value = {rows[i].value.size,
                         (void *)(uintptr_t)rows[i].value.data};

        rc = mdb_put(txn, tables[JN_META], &key, &value, 0);
    }
    if (rc == 0) {
        rc = mdb_txn_commit(txn);
        txn = NULL;
    }
    if (txn != NULL)
        mdb_txn_abort(txn);
    return rc;
}

/*
 * Makes the file PATH with exactly MODE, empty: LMDB, which opens it twice,
 * might not be let in again under the umask.
 */
static int
make_empty(const char *path, mode_t mode)
{
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    int rc = 0;

    if (file < 0)
        return errno;
    if (fchmod(file, mode) != 0)
        rc = errno;
    close(file);
    return rc;
}

/* Fills the new file of ENV and brings it to the disk. */
static int
write_new(MDB_env *env, const struct jn_row *rows, size_t count)
{
    mdb_filehandle_t file;
    int rc = fill_new(env, rows, count);

    if (rc == 0)
        rc = mdb_env_sync(env, 1);
    if (mdb_env_get_fd(env, &file) != 0)
        return rc;
    if (rc == 0 && fsync(file) != 0)
        rc = errno;
    if (rc == EIO && jn_store_disk_is_full(file))
        rc = ENOSPC;
    return rc;
}

int
jn_store_create(const char *path, mode_t mode, const struct jn_row *rows,
                size_t count)
{
    MDB_env *env = NULL;
    int rc = make_empty(path, mode);

    if (rc == 0)
        rc = mdb_env_create(&env);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(env, JN_TABLES);
    if (rc == 0)
        rc = mdb_env_set_mapsize(env, CREATE_MAP);
    if (rc == 0)
        rc = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, mode);
    if (rc == 0)
        rc = write_new(env, rows, count);
    if (env != NULL)
        mdb_env_close(env);
    return jn_store_error(rc);
}

/* ---- the environment ---------------------------------------------------- */

static int
create_env(struct jn_store *store, MDB_env **out)
{
    MDB_env *env = NULL;
    struct jn_path path = jn_path_in(store->directory, JN_STORE_FILE);
    struct stat status;
    uint64_t map;
    int rc;

    if (stat(path.text, &status) != 0)
        return errno;
    map = jn_store_choose_map((uint64_t)status.st_size,
                              store->options.bytes_max, store->options.beside);
    if (map == 0)
        return ENOMEM;
    rc = mdb_env_create(&env);
    if (rc != 0)
        return rc;
    rc = mdb_env_set_maxdbs(env, JN_TABLES);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(env, JN_READERS_MAX);
    if (rc == 0)
        rc = mdb_env_set_mapsize(env, (size_t)map);
    if (rc != 0) {
        mdb_env_close(env);
        return rc;
    }
    *out = env;
    return 0;
}

/*
 * A signal while LMDB waits for the lock leaves EINTR behind although the lock
 * was taken; only a new environment may be tried again.
 */
static int
open_lmdb(struct jn_store *store, MDB_env **out)
{
    unsigned flags = MDB_NOTLS;
    int rc = EINTR;

    if (store->options.read_only)
        flags |= MDB_RDONLY;
    if (store->options.immutable)
        flags |= MDB_NOLOCK;
    for (unsigned i = 0; i < OPEN_TRIES && rc == EINTR; i++) {
        MDB_env *env = NULL;

        rc = create_env(store, &env);
        if (rc != 0)
            return rc;
        rc = mdb_env_open(env, store->directory, flags, store->options.mode);
        if (rc == 0)
            *out = env;
        else
            mdb_env_close(env);
    }
    return rc;
}

static int
find_pid(const char *line, void *context)
{
    long pid = strtol(line, NULL, 10);

    if (pid == (long)getpid())
        *(bool *)context = true;
    return 0;
}

/*
 * Dead readers pin pages, so they are cleared.  One with our own number, left
 * by a process of a container that was restarted, looks alive to LMDB; only
 * the close of an environment that has read clears it.
 */
static int
clear_dead_readers(struct jn_store *store, MDB_env **env)
{
    bool ours = false;
    MDB_txn *txn = NULL;
    int dead, rc;

    rc = mdb_reader_check(*env, &dead);
    if (rc != 0)
        return rc;
    (void)mdb_reader_list(*env, find_pid, &ours);
    if (!ours)
        return 0;
    rc = mdb_txn_begin(*env, NULL, MDB_RDONLY, &txn);
    if (rc == 0)
        mdb_txn_abort(txn);
    mdb_env_close(*env);
    *env = NULL;
    return open_lmdb(store, env);
}

static int
open_tables(struct jn_store *store, MDB_env *env)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);

    if (rc == 0)
        rc = mdb_dbi_open(txn, NULL, 0, &store->names);
    for (size_t i = 0; rc == 0 && i < JN_TABLES; i++) {
        unsigned flags = 0;

        rc = mdb_dbi_open(txn, jn_table_names[i], 0, &store->tables[i]);
        if (rc == 0)
            rc = mdb_dbi_flags(txn, store->tables[i], &flags);
        if (rc == MDB_NOTFOUND || (rc == 0 && flags != 0))
            rc = MDB_INCOMPATIBLE;
    }
    if (rc == 0)
        rc = mdb_txn_commit(txn);
    else if (txn != NULL)
        mdb_txn_abort(txn);
    return rc;
}

/* No file of the journal survives an exec; LMDB forgets that of the data. */
static int
note_file(struct jn_store *store, MDB_env *env)
{
    mdb_filehandle_t file;
    struct stat status;
    MDB_stat page;
    int flags, rc = mdb_env_get_fd(env, &file);

    if (rc != 0)
        return rc;
    flags = fcntl(file, F_GETFD);
    if (flags < 0 || fcntl(file, F_SETFD, flags | FD_CLOEXEC) != 0 ||
        fstat(file, &status) != 0)
        return errno;
    /* Opened anew, it is another one that was put there meanwhile. */
    if (store->data_id.inode != 0 && (store->data_id.device != status.st_dev ||
                                      store->data_id.inode != status.st_ino))
        return ESTALE;
    store->data_id.device = status.st_dev;
    store->data_id.inode = status.st_ino;
    rc = mdb_env_stat(env, &page);
    store->page_size = page.ms_psize;
    return rc;
}

int
jn_store_open_env(struct jn_store *store)
{
    bool locks = !store->options.immutable;
    MDB_env *env = NULL;
    int rc = locks ? jn_store_prepare_lock(store) : 0;

    if (rc == 0)
        rc = open_lmdb(store, &env);
    if (rc == 0 && locks)
        rc = clear_dead_readers(store, &env);
    if (rc == 0)
        rc = note_file(store, env);
    /*
     * Whoever made the journal may have died, or failed, before its name was
     * on the disk.
     */
    if (rc == 0 && !store->options.read_only)
        rc = jn_disk_flush_names(store->directory);
    /*
     * What an earlier session's failed commit has left in the page cache may
     * differ from what is on the disk: make them the same before building on
     * it.  A failure here is a reason not to.
     */
    if (rc == 0 && !store->options.read_only)
        rc = mdb_env_sync(env, 1);
    if (rc == 0)
        rc = open_tables(store, env);
    if (rc == 0) {
        store->env = env;
        env = NULL;
    }
    if (env != NULL)
        mdb_env_close(env);
    return rc;
}

void
jn_store_close_env(struct jn_store *store)
{
    for (size_t i = 0; i < JN_IDLE_MAX; i++) {
        MDB_txn *txn = atomic_exchange(&store->idle[i], NULL);

        if (txn != NULL)
            mdb_txn_abort(txn);
    }
    jn_store_lose_pins(store);
    if (store->env != NULL)
        mdb_env_close(store->env);
    store->env = NULL;
    atomic_store(&store->map, NULL);
    store->allocated = 0;
}

/* New writers and closers go first, so that readers cannot keep them out. */
static int
init_gate(pthread_rwlock_t *gate)
{
    pthread_rwlockattr_t attributes;
    int rc = pthread_rwlockattr_init(&attributes);

    if (rc != 0)
        return rc;
#ifdef __GLIBC__
    (void)pthread_rwlockattr_setkind_np(
        &attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
    rc = pthread_rwlock_init(gate, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    return rc;
}

static int
init_locks(struct jn_store *store)
{
    int rc = init_gate(&store->gate);

    if (rc != 0)
        return rc;
    rc = pthread_mutex_init(&store->pins_lock, NULL);
    if (rc != 0)
        pthread_rwlock_destroy(&store->gate);
    return rc;
}

int
jn_store_open(struct jn_store **out, const char *directory,
              const struct jn_store_options *options)
{
    struct jn_store *store;
    int rc;

    if (strlen(directory) >= sizeof(store->directory))
        return ENAMETOOLONG;
    store = calloc(1, sizeof(*store));
    if (store == NULL)
        return ENOMEM;
    memcpy(store->directory, directory, strlen(directory) + 1);
    store->options = *options;
    rc = init_locks(store);
    if (rc != 0) {
        free(store);
        return rc;
    }
    rc = jn_store_open_env(store);
    if (rc == 0) {
        *out = store;
        store = NULL;
    }
    jn_store_close(store);
    return jn_store_error(rc);
}

void
jn_store_close(struct jn_store *store)
{
    if (store == NULL)
        return;
    jn_store_close_env(store);
    pthread_mutex_destroy(&store->pins_lock);
    pthread_rwlock_destroy(&store->gate);
    jn_guard_free(&store->guard);
    free(store);
}

void
jn_store_forget(struct jn_store *store)
{
    /*
     * Idle transactions stay unfreed: to abort one would clear the parent's
     * slot.  The gate may be held by a thread that the child does not have.
     */
    if (store->env != NULL)
        mdb_env_close(store->env);
    jn_guard_free(&store->guard);
    free(store);
}

int
jn_store_renew_env(struct jn_store *store, bool read_only)
{
    jn_store_close_env(store);
    store->options.read_only = read_only;
    /* They may have come, or gone, by now. */
    store->options.others = store->options.alone = false;
    return jn_store_open_env(store);
}

int
jn_store_reopen(struct jn_store *store, bool read_only)
{
    int rc;

    pthread_rwlock_wrlock(&store->gate);
    rc = jn_store_renew_env(store, read_only);
    pthread_rwlock_unlock(&store->gate);
    return jn_store_error(rc);
}

int
jn_store_make_writable(struct jn_store *store, uint64_t bytes_max,
                       uint64_t beside)
{
    int rc;

    pthread_rwlock_wrlock(&store->gate);
    store->options.bytes_max = bytes_max;
    store->options.beside = beside;
    rc = jn_store_renew_env(store, false);
    pthread_rwlock_unlock(&store->gate);
    return jn_store_error(rc);
}

bool
jn_store_is_read_only(struct jn_store *store)
{
    bool read_only;

    pthread_rwlock_rdlock(&store->gate);
    read_only = store->options.read_only;
    pthread_rwlock_unlock(&store->gate);
    return read_only;
}
