/* store_space.c - room: in the map, on the disk, and in reserve. */
#define _GNU_SOURCE 1 /* fallocate() */

#include "store/store.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/error.h"
#include "base/path.h"
#include "store/store_env.h"

/*
 * Address space that is only reserved costs nothing, so the map is made large
 * once and hardly ever has to grow; tools like valgrind allow less.
 */
#if SIZE_MAX > UINT32_MAX
#define MAP_WANTED (UINT64_C(1) << 40)
#else
#define MAP_WANTED (UINT64_C(1) << 30)
#endif
#define MAP_LEAST (UINT64_C(1) << 20) /* over what the file has */

#define STEP_MAX (UINT64_C(4) << 20)  /* most that is allocated ahead */
#define MUCH (UINT64_C(1) << 20)      /* less is not worth giving back */
#define DISK_FULL (UINT64_C(1) << 20) /* less free than this is full */

/* What the other files of a journal take of its limit. */
#define OTHER_FILES (UINT64_C(80) << 10)

/* Of the address space LMDB and whoever else needs some, beside the map. */
#define BESIDE_MAP (UINT64_C(4) << 20)

/* ---- the map ------------------------------------------------------------ */

static uint64_t
whole_pages(uint64_t bytes)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    return bytes / page * page;
}

uint64_t
jn_store_probe_map(uint64_t wanted, uint64_t least)
{
    for (uint64_t size = wanted; size >= least; size = whole_pages(size / 2)) {
        uint64_t room = size + BESIDE_MAP;
        void *map;

        if (size > SIZE_MAX - BESIDE_MAP)
            continue;
        map = mmap(NULL, (size_t)room, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (map != MAP_FAILED) {
            munmap(map, (size_t)room);
            return size;
        }
    }
    return 0;
}

/* What the data file may take of a limit, with so much BESIDE it. */
static uint64_t
limit_beside(uint64_t bytes_max, uint64_t beside)
{
    uint64_t other = OTHER_FILES + beside;

    return bytes_max > other ? whole_pages(bytes_max - other) : 0;
}

static uint64_t
data_limit(const struct jn_store *store, uint64_t bytes_max)
{
    return limit_beside(bytes_max, atomic_load(&store->beside));
}

void
jn_store_set_beside(struct jn_store *store, uint64_t bytes)
{
    atomic_store(&store->beside, bytes);
}

uint64_t
jn_store_choose_map(uint64_t file_size, uint64_t bytes_max, uint64_t beside)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t least = whole_pages(file_size + page - 1);
    uint64_t limit = UINT64_MAX, wanted;

    if (bytes_max != 0) {
        limit = limit_beside(bytes_max, beside);
        limit = limit > least ? limit : least;
    }
    /* A limit may be over all that can be mapped: that grows when it has to. */
    least += MAP_LEAST;
    wanted = MAP_WANTED > least ? MAP_WANTED : least;
    return jn_store_probe_map(wanted < limit ? wanted : limit,
                              least < limit ? least : limit);
}

/* With the gate held alone: a map of WANTED bytes, or less down to LEAST. */
static int
resize_map(struct jn_store *store, uint64_t wanted, uint64_t least)
{
    uint64_t size = jn_store_probe_map(wanted, least);
    int rc;

    if (size == 0)
        return JOURNAL_FULL;
    atomic_store(&store->map, NULL);
    rc = mdb_env_set_mapsize(store->env, (size_t)size);
    if (rc != 0) {
        /* The old map is gone, and LMDB does not know. */
        jn_store_close_env(store);
        store->options.others = store->options.alone = false;
        if (jn_store_open_env(store) == 0)
            rc = JOURNAL_FULL;
    }
    return rc;
}

int
jn_store_adopt_map(struct jn_store *store)
{
    MDB_envinfo info;
    int rc = JOURNAL_FAILED;

    pthread_rwlock_wrlock(&store->gate);
    if (store->env != NULL)
        rc = mdb_env_info(store->env, &info);
    if (rc == 0) {
        uint64_t least = ((uint64_t)info.me_last_pgno + 1) * store->page_size;

        if (least > info.me_mapsize)
            rc = resize_map(store, least * 2, least);
    }
    pthread_rwlock_unlock(&store->gate);
    return rc;
}

static int
grow_map(struct jn_store *store, uint64_t limit)
{
    MDB_envinfo info;
    int rc = JOURNAL_FAILED;

    pthread_rwlock_wrlock(&store->gate);
    if (store->env != NULL)
        rc = mdb_env_info(store->env, &info);
    if (rc == 0 && info.me_mapsize >= limit)
        rc = JOURNAL_FULL;
    if (rc == 0) {
        uint64_t wanted = (uint64_t)info.me_mapsize * 2;

        /* Not little by little: a commit may want any part of it. */
        wanted = wanted > MAP_WANTED ? wanted : MAP_WANTED;
        wanted = wanted < limit ? wanted : limit;
        rc = resize_map(store, wanted, info.me_mapsize + store->page_size);
    }
    pthread_rwlock_unlock(&store->gate);
    return rc;
}

int
jn_store_widen(struct jn_store *store, uint64_t bytes)
{
    MDB_envinfo info;
    int rc = JOURNAL_FAILED;

    pthread_rwlock_wrlock(&store->gate);
    if (store->env != NULL)
        rc = mdb_env_info(store->env, &info);
    if (rc == 0) {
        uint64_t pages = (uint64_t)info.me_last_pgno + 1;
        uint64_t least = whole_pages(pages * store->page_size + bytes);

        if (least > info.me_mapsize)
            rc = resize_map(store, least * 2, least);
    }
    pthread_rwlock_unlock(&store->gate);
    return rc;
}

/* ---- how much there is -------------------------------------------------- */

static uint64_t
pages_of(struct jn_txn *txn, MDB_dbi table)
{
    MDB_stat stat;

    if (mdb_stat(txn->handle, table, &stat) != 0)
        return 0;
    return stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
}

uint64_t
jn_store_bytes_used(struct jn_txn *txn)
{
    /* LMDB's own two trees have the handles 0 and 1, and two meta pages. */
    uint64_t pages = 2 + pages_of(txn, 0) + pages_of(txn, 1);

    for (size_t i = 0; i < JN_TABLES; i++)
        pages += pages_of(txn, txn->store->tables[i]);
    return pages * txn->store->page_size;
}

static uint64_t
bytes_in_file(struct jn_store *store)
{
    MDB_envinfo info;

    if (mdb_env_info(store->env, &info) != 0)
        return 0;
    return ((uint64_t)info.me_last_pgno + 1) * store->page_size;
}

static uint64_t
size_of(const char *directory, const char *name)
{
    struct jn_path path = jn_path_in(directory, name);
    struct stat status;

    return stat(path.text, &status) == 0 ? (uint64_t)status.st_size : 0;
}

int
jn_store_file_bytes(struct jn_store *store, uint64_t *bytes)
{
    mdb_filehandle_t file;
    struct stat status;
    int rc = JOURNAL_FAILED;

    pthread_rwlock_rdlock(&store->gate);
    if (store->env != NULL) {
        rc = mdb_env_get_fd(store->env, &file);
        if (rc == 0 && fstat(file, &status) != 0)
            rc = errno;
    }
    pthread_rwlock_unlock(&store->gate);
    if (rc == 0)
        *bytes = (uint64_t)status.st_size +
                 size_of(store->directory, JN_STORE_LOCK_FILE);
    return rc;
}

static uint64_t
reserve_within(uint64_t limit)
{
    return limit / 8 < JN_RESERVE ? limit / 8 : JN_RESERVE;
}

int
jn_store_check_limit(struct jn_txn *txn, uint64_t bytes_max)
{
    return jn_store_has_room(txn, 0, bytes_max) ? 0 : JOURNAL_FULL;
}

bool
jn_store_has_room(struct jn_txn *txn, uint64_t bytes, uint64_t bytes_max)
{
    uint64_t limit;

    if (bytes_max == 0)
        return true;
    limit = data_limit(txn->store, bytes_max);
    return jn_store_bytes_used(txn) + bytes + reserve_within(limit) <= limit;
}

bool
jn_store_disk_is_full(int file)
{
    struct statvfs status;

    return fstatvfs(file, &status) == 0 &&
           (uint64_t)status.f_bavail * status.f_frsize < DISK_FULL;
}

/* ---- the reserve on the disk -------------------------------------------- */

static int
allocate(int file, uint64_t from, uint64_t to)
{
    int rc;

    if (!jn_disk_allows(to))
        return EFBIG;
    do
        rc = fallocate(file, FALLOC_FL_KEEP_SIZE, (off_t)from,
                       (off_t)(to - from)) == 0
                 ? 0
                 : errno;
    while (rc == EINTR);
    return rc;
}

/* How much to allocate ahead, so that few commits have to. */
static uint64_t
step_after(uint64_t in_file)
{
    uint64_t step = in_file / 8;

    if (step < JN_RESERVE)
        return JN_RESERVE;
    return step < STEP_MAX ? step : STEP_MAX;
}

int
jn_store_reserve(struct jn_txn *txn, uint64_t bytes, uint64_t bytes_max)
{
    struct jn_store *store = txn->store;
    uint64_t in_file = bytes_in_file(store);
    uint64_t need = in_file + bytes + JN_RESERVE;
    uint64_t ahead = step_after(in_file);
    mdb_filehandle_t file;
    int rc;

    if (need <= store->allocated)
        return 0;
    if (bytes_max != 0 && need + ahead > data_limit(store, bytes_max)) {
        ahead = 0;
        need = data_limit(store, bytes_max);
        if (need <= in_file || need <= store->allocated)
            return 0;
    }
    if (mdb_env_get_fd(store->env, &file) != 0)
        return EIO;
    rc = allocate(file, in_file, need + ahead);
    if (jn_error_from_errno(rc) == JOURNAL_FULL && ahead > 0) {
        ahead = 0;
        rc = allocate(file, in_file, need);
    }
    if (rc == 0)
        store->allocated = need + ahead;
    else if (jn_error_from_errno(rc) != JOURNAL_FULL)
        store->allocated = UINT64_MAX; /* this file system cannot */
    else if (in_file < jn_store_bytes_used(txn) + bytes)
        return JOURNAL_FULL;
    return 0;
}

void
jn_store_give_back(struct jn_txn *txn)
{
    struct jn_store *store = txn->store;
    uint64_t keep = bytes_in_file(store) + JN_RESERVE;
    mdb_filehandle_t file;
    struct stat status;

    if (store->allocated == UINT64_MAX ||
        mdb_env_get_fd(store->env, &file) != 0 || fstat(file, &status) != 0)
        return;
    /* Others may have allocated it, who were not the last, or died. */
    if ((uint64_t)status.st_blocks * 512 < keep + MUCH)
        return;
    /* To make a file as long as it is frees the blocks behind its end. */
    if (ftruncate(file, status.st_size) != 0)
        return;
    store->allocated = 0;
    if (allocate(file, keep - JN_RESERVE, keep) == 0)
        store->allocated = keep;
}

void
jn_store_forget_allocated(struct jn_store *store)
{
    store->allocated = 0;
}

/* ---- after JOURNAL_FULL ------------------------------------------------- */

int
jn_store_touch(struct jn_txn *txn)
{
    struct jn_place place = {.handle = NULL};
    struct jn_span key, value;
    uint8_t copy[64];
    int rc = jn_place_open(&place, txn, JN_META);

    if (rc == 0)
        rc = jn_place_move(&place, JN_FIRST, &key, &value);
    if (rc == 0 && value.size > sizeof(copy))
        rc = JOURNAL_CORRUPT;
    if (rc == 0) {
        MDB_val k = {key.size, (void *)(uintptr_t)key.data};
        MDB_val v = {value.size, copy};

        memcpy(copy, value.data, value.size);
        jn_guard_change(txn, JN_META);
        rc = jn_store_error_in(txn, mdb_cursor_put(place.handle, &k, &v,
                                                   MDB_CURRENT));
    }
    jn_place_close(&place);
    return rc;
}

/* Whether the file has pages that are free, if not yet for use. */
static bool
has_free_pages(struct jn_store *store)
{
    struct jn_txn txn;
    bool has;

    if (jn_store_begin_read(store, &txn) != 0)
        return false;
    has = bytes_in_file(store) > jn_store_bytes_used(&txn);
    jn_store_end_read(&txn);
    return has;
}

static void
clear_dead_readers(struct jn_store *store)
{
    int dead;

    pthread_rwlock_rdlock(&store->gate);
    if (store->env != NULL)
        (void)mdb_reader_check(store->env, &dead);
    pthread_rwlock_unlock(&store->gate);
}

int
jn_store_make_room(struct jn_store *store, uint64_t bytes_max, bool *free_pages)
{
    uint64_t limit = bytes_max == 0 ? UINT64_MAX : data_limit(store, bytes_max);
    int rc;

    clear_dead_readers(store);
    rc = grow_map(store, limit);
    *free_pages = has_free_pages(store);
    return rc == 0 ? 0 : JOURNAL_FULL;
}
