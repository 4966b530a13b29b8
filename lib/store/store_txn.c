/* store_txn.c - transactions: begun, committed, ended. */
#include "store/store.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/store_env.h"
#include "store/store_guard.h"

#define BEGIN_TRIES 10u
#define LOOK_SELDOM 1000000000u     /* ns between looks at the files */
#define LOOK_NOW_AND_THEN 10000000u /* the same, for who writes in a hurry */
#define CLEAR_EVERY 1000u /* commits between clearings of dead readers */

/* ---- idle read transactions --------------------------------------------- */

/* Threads start at different places, so that they seldom meet. */
static size_t
first_idle(void)
{
    static _Atomic unsigned threads;
    static _Thread_local unsigned mine;

    if (mine == 0)
        mine = atomic_fetch_add(&threads, 1) + 1;
    return mine % JN_IDLE_MAX;
}

static MDB_txn *
take_idle(struct jn_store *store)
{
    size_t first = first_idle();

    for (size_t i = 0; i < JN_IDLE_MAX; i++) {
        _Atomic(MDB_txn *) *slot = &store->idle[(first + i) % JN_IDLE_MAX];
        MDB_txn *txn;

        if (atomic_load_explicit(slot, memory_order_relaxed) == NULL)
            continue;
        txn = atomic_exchange(slot, NULL);
        if (txn != NULL)
            return txn;
    }
    return NULL;
}

static bool
put_idle(struct jn_store *store, MDB_txn *txn)
{
    size_t first = first_idle();

    for (size_t i = 0; i < JN_IDLE_MAX; i++) {
        MDB_txn *none = NULL;

        if (atomic_compare_exchange_strong(
                &store->idle[(first + i) % JN_IDLE_MAX], &none, txn))
            return true;
    }
    return false;
}

/* ---- begin, end --------------------------------------------------------- */

/* How often the system is asked whether the files are still there. */
enum look { ALWAYS, NOW_AND_THEN, SELDOM };

/* With the gate held: whether the environment is there and is the right one. */
static int
check_env(struct jn_store *store, enum look look)
{
    uint64_t every = look == SELDOM ? LOOK_SELDOM : LOOK_NOW_AND_THEN;
    uint64_t now, looked;

    if (store->env == NULL)
        return JOURNAL_FAILED;
    if (look != ALWAYS) {
        now = jn_clock_coarse();
        looked = atomic_load_explicit(&store->looked, memory_order_relaxed);
        if (now - looked < every)
            return 0;
        atomic_store_explicit(&store->looked, now, memory_order_relaxed);
    }
    return jn_store_check_files(store);
}

static int
start_read(struct jn_store *store, MDB_txn **out)
{
    MDB_txn *txn = take_idle(store);
    int rc;

    if (txn == NULL)
        return mdb_txn_begin(store->env, NULL, MDB_RDONLY, out);
    rc = mdb_txn_renew(txn);
    if (rc == 0)
        *out = txn;
    else
        mdb_txn_abort(txn);
    return rc;
}

static void
give_back(struct jn_store *store, MDB_txn *txn)
{
    mdb_txn_reset(txn);
    if (!put_idle(store, txn))
        mdb_txn_abort(txn);
}

/* Whether nobody has committed after TXN, which has just begun. */
static bool
is_newest(struct jn_store *store, MDB_txn *txn)
{
    MDB_envinfo info;

    atomic_thread_fence(memory_order_acquire);
    return mdb_env_info(store->env, &info) == 0 &&
           info.me_last_txnid == mdb_txn_id(txn);
}

/*
 * LMDB takes the number of the newest commit, and then copies what its meta
 * page says: if two commits come in between, what that of the later one does,
 * under the number of the earlier.  While there is no newer one, or another
 * transaction gets the same number after that, there have not been two.
 */
static int
start_right(struct jn_store *store, MDB_txn **out)
{
    MDB_txn *txn = NULL, *next = NULL;
    int rc = start_read(store, &txn);

    while (rc == 0 && !is_newest(store, txn)) {
        bool same;

        rc = start_read(store, &next);
        same = rc == 0 && mdb_txn_id(next) == mdb_txn_id(txn);
        give_back(store, same ? next : txn);
        if (same)
            break;
        txn = next;
    }
    if (rc == 0)
        *out = txn;
    return rc;
}

static int
start(struct jn_store *store, bool write, MDB_txn **out)
{
    return write ? mdb_txn_begin(store->env, NULL, 0, out)
                 : start_right(store, out);
}

static bool
has_panicked(struct jn_store *store)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);

    if (rc == 0)
        mdb_txn_abort(txn);
    return rc == MDB_PANIC;
}

/*
 * After a meta page that could not be written LMDB refuses reads too.  Whoever
 * wrote it will open the file anew; a read that gets here before does it first,
 * and one that comes later if that has failed.
 */
static bool
overcome_panic(struct jn_store *store)
{
    int state, rc = 0;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_rwlock_wrlock(&store->gate);
    if (store->env == NULL || has_panicked(store))
        rc = jn_store_renew_env(store, true);
    pthread_rwlock_unlock(&store->gate);
    pthread_setcancelstate(state, NULL);
    return rc == 0;
}

/* With no transaction and no gate: whether RC was worth another try. */
static bool
overcome(struct jn_store *store, int rc, bool write)
{
    int dead = 0;

    if (rc == MDB_MAP_RESIZED)
        return jn_store_adopt_map(store) == 0;
    if (rc == MDB_PANIC || rc == JOURNAL_FAILED)
        return !write && overcome_panic(store);
    if (rc != MDB_READERS_FULL)
        return false;
    pthread_rwlock_rdlock(&store->gate);
    if (store->env != NULL)
        (void)mdb_reader_check(store->env, &dead);
    pthread_rwlock_unlock(&store->gate);
    return dead > 0;
}

static int
begin(struct jn_store *store, struct jn_txn *txn, bool write, enum look look)
{
    int rc = 0;

    for (unsigned i = 0; i < BEGIN_TRIES; i++) {
        pthread_rwlock_rdlock(&store->gate);
        rc = check_env(store, look);
        if (rc == 0)
            rc = start(store, write, &txn->handle);
        if (rc == 0) {
            txn->store = store;
            txn->write = write;
            txn->full = false;
            txn->entries_read = 0;
            for (unsigned table = 0; table < JN_TABLES; table++)
                txn->trees[table].base = NULL;
            txn->look.recent = NULL;
            if (write)
                jn_guard_reset(&store->guard);
            return 0;
        }
        pthread_rwlock_unlock(&store->gate);
        if (!overcome(store, rc, write))
            break;
    }
    return jn_store_error(rc);
}

int
jn_store_begin_read(struct jn_store *store, struct jn_txn *txn)
{
    return begin(store, txn, false, SELDOM);
}

void
jn_store_end_read(struct jn_txn *txn)
{
    jn_recent_leave(&txn->look);
    give_back(txn->store, txn->handle);
    pthread_rwlock_unlock(&txn->store->gate);
}

int
jn_store_begin_write(struct jn_store *store, struct jn_txn *txn)
{
    return begin(store, txn, true, ALWAYS);
}

int
jn_store_begin_brief(struct jn_store *store, struct jn_txn *txn)
{
    return begin(store, txn, true, NOW_AND_THEN);
}

void
jn_store_abort(struct jn_txn *txn)
{
    jn_recent_leave(&txn->look);
    mdb_txn_abort(txn->handle);
    pthread_rwlock_unlock(&txn->store->gate);
}

uint64_t
jn_store_number(const struct jn_txn *txn)
{
    return mdb_txn_id(txn->handle);
}

bool
jn_store_is_newest(const struct jn_txn *txn)
{
    uint64_t number = jn_store_number(txn) - txn->write;
    MDB_envinfo info;

    return mdb_env_info(txn->store->env, &info) != 0 ||
           info.me_last_txnid == number;
}

bool
jn_store_is_read_only_in(const struct jn_txn *txn)
{
    return txn->store->options.read_only;
}

int
jn_store_flush(struct jn_txn *txn)
{
    int rc = mdb_env_sync(txn->store->env, 1);

    return rc > 0 ? rc : jn_store_error(rc);
}

/* ---- commit ------------------------------------------------------------- */

static bool
is_for_want_of_room(struct jn_store *store, int rc)
{
    mdb_filehandle_t file;

    if (rc == EIO)
        return mdb_env_get_fd(store->env, &file) == 0 &&
               jn_store_disk_is_full(file);
    return jn_store_error(rc) == JOURNAL_FULL;
}

/*
 * LMDB writes pages, flushes them, then writes the meta page that makes them
 * count.  If the last step failed it refuses to go on: what the disk holds is
 * unknown.  If there was no room for the pages nothing has happened, but the
 * kernel may hand a late error of this file to the next flush: so the file is
 * opened anew, and flushed.  Where a step before the commit failed it has not
 * even begun.  Any other error may be that of a flush, after which the kernel
 * may have dropped pages: unknown too.
 */
static int
explain_failure(struct jn_txn *txn, int rc, bool panicked, bool full,
                bool *unknown)
{
    if (!panicked &&
        (rc == ENOMEM || rc == MDB_MAP_FULL || rc == MDB_PAGE_FULL ||
         rc == MDB_TXN_FULL || rc == MDB_BAD_TXN))
        return jn_store_error_in(txn, rc);
    if (!panicked && full && jn_store_reopen(txn->store, false) == 0)
        return JOURNAL_FULL;
    *unknown = true;
    return rc > 0 ? rc : EIO;
}

int
jn_store_commit(struct jn_txn *txn, bool *unknown)
{
    struct jn_store *store = txn->store;
    bool panicked = false, full = false;
    int dead, rc;

    *unknown = false;
    jn_recent_leave(&txn->look);
    if (++store->commits >= CLEAR_EVERY) {
        store->commits = 0;
        (void)mdb_reader_check(store->env, &dead);
    }
    rc = mdb_txn_commit(txn->handle);
    if (rc != 0) {
        panicked = has_panicked(store);
        full = is_for_want_of_room(store, rc);
    }
    pthread_rwlock_unlock(&store->gate);
    if (rc != 0)
        return explain_failure(txn, rc, panicked, full, unknown);
    return 0;
}
