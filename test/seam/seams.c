/* seams.c - the calls that the library makes of others fail when told to. */
#include "seam/seams.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static struct {
    int kinds;
    unsigned n, calls;
    int error;
    bool for_ever, inside, hit;
    const char *name;
} orders;

void
seams_arm(int kinds, unsigned n, int error, bool for_ever)
{
    orders.kinds = kinds;
    orders.n = n;
    orders.calls = 0;
    orders.error = error;
    orders.for_ever = for_ever;
    orders.hit = false;
    orders.name = "nothing";
}

unsigned
seams_disarm(void)
{
    orders.kinds = 0;
    return orders.calls;
}

bool
seams_hit(void)
{
    return orders.hit;
}

const char *
seams_name(void)
{
    return orders.name;
}

void
seams_enter(void)
{
    orders.inside = true;
}

int
seams_leave(int result)
{
    orders.inside = false;
    return result;
}

/* Counts a call; true if it is to fail. */
static bool
fails(enum seam kind, const char *name)
{
    if (!orders.inside || (orders.kinds & (int)kind) == 0)
        return false;
    orders.calls++;
    if (orders.calls != orders.n &&
        !(orders.for_ever && orders.calls > orders.n))
        return false;
    if (!orders.hit)
        orders.name = name;
    orders.hit = true;
    return true;
}

static int
minus_one(void)
{
    errno = orders.error;
    return -1;
}

/* By these names the linker knows the function and its stand-in. */
#define SEAM(kind, type, name, parameters, arguments, failed)                  \
    type __real_##name parameters;                                             \
    type __wrap_##name parameters;                                             \
    type __wrap_##name parameters                                              \
    {                                                                          \
        if (fails(kind, #name))                                                \
            return failed;                                                     \
        return __real_##name arguments;                                        \
    }

/* ---- memory -------------------------------------------------------------- */

static void *
nothing(void)
{
    errno = ENOMEM;
    return NULL;
}

SEAM(SEAM_MEMORY, void *, malloc, (size_t size), (size), nothing())
SEAM(SEAM_MEMORY, void *, calloc, (size_t n, size_t size), (n, size), nothing())
SEAM(SEAM_MEMORY, void *, realloc, (void *old, size_t size), (old, size),
     nothing())
SEAM(SEAM_MEMORY, void *, aligned_alloc, (size_t a, size_t size), (a, size),
     nothing())

/* ---- LMDB ---------------------------------------------------------------- */

#define LMDB(kind, name, parameters, arguments)                                \
    SEAM(kind, int, mdb_##name, parameters, arguments, orders.error)

LMDB(SEAM_SETUP, env_create, (MDB_env * *env), (env))
LMDB(SEAM_SETUP, env_set_mapsize, (MDB_env * env, size_t size), (env, size))
LMDB(SEAM_SETUP, env_set_maxreaders, (MDB_env * env, unsigned most),
     (env, most))
LMDB(SEAM_SETUP, env_set_maxdbs, (MDB_env * env, unsigned most), (env, most))
LMDB(SEAM_SETUP, env_open,
     (MDB_env * env, const char *path, unsigned flags, mode_t mode),
     (env, path, flags, mode))
LMDB(SEAM_SETUP, env_get_fd, (MDB_env * env, int *file), (env, file))
LMDB(SEAM_SETUP, env_info, (MDB_env * env, MDB_envinfo *info), (env, info))
LMDB(SEAM_SETUP, env_stat, (MDB_env * env, MDB_stat *stat), (env, stat))
LMDB(SEAM_SETUP, env_sync, (MDB_env * env, int force), (env, force))
LMDB(SEAM_SETUP, reader_check, (MDB_env * env, int *dead), (env, dead))
LMDB(SEAM_SETUP, dbi_open,
     (MDB_txn * txn, const char *name, unsigned flags, MDB_dbi *table),
     (txn, name, flags, table))
LMDB(SEAM_SETUP, dbi_flags, (MDB_txn * txn, MDB_dbi table, unsigned *flags),
     (txn, table, flags))
LMDB(SEAM_BEGIN, txn_begin,
     (MDB_env * env, MDB_txn *parent, unsigned flags, MDB_txn **txn),
     (env, parent, flags, txn))
LMDB(SEAM_BEGIN, txn_renew, (MDB_txn * txn), (txn))
LMDB(SEAM_LOOK, stat, (MDB_txn * txn, MDB_dbi table, MDB_stat *stat),
     (txn, table, stat))
LMDB(SEAM_LOOK, get,
     (MDB_txn * txn, MDB_dbi table, MDB_val *key, MDB_val *value),
     (txn, table, key, value))
LMDB(SEAM_LOOK, cursor_open,
     (MDB_txn * txn, MDB_dbi table, MDB_cursor **cursor), (txn, table, cursor))
LMDB(SEAM_LOOK, cursor_get,
     (MDB_cursor * cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op),
     (cursor, key, value, op))
LMDB(SEAM_CHANGE, put,
     (MDB_txn * txn, MDB_dbi table, MDB_val *key, MDB_val *value,
      unsigned flags),
     (txn, table, key, value, flags))
LMDB(SEAM_CHANGE, del,
     (MDB_txn * txn, MDB_dbi table, MDB_val *key, MDB_val *value),
     (txn, table, key, value))
LMDB(SEAM_CHANGE, cursor_put,
     (MDB_cursor * cursor, MDB_val *key, MDB_val *value, unsigned flags),
     (cursor, key, value, flags))
LMDB(SEAM_CHANGE, cursor_del, (MDB_cursor * cursor, unsigned flags),
     (cursor, flags))

/* Whether it succeeds or not, the transaction is gone. */
static int
given_up(MDB_txn *txn)
{
    mdb_txn_abort(txn);
    return orders.error;
}

SEAM(SEAM_CHANGE, int, mdb_txn_commit, (MDB_txn * txn), (txn), given_up(txn))

/* ---- the system ---------------------------------------------------------- */

#define SYSTEM(name, parameters, arguments)                                    \
    SEAM(SEAM_SYSTEM, int, name, parameters, arguments, minus_one())

SYSTEM(fstat, (int file, struct stat *status), (file, status))
SYSTEM(stat, (const char *path, struct stat *status), (path, status))
SYSTEM(lstat, (const char *path, struct stat *status), (path, status))
SYSTEM(statfs, (const char *path, struct statfs *status), (path, status))
SYSTEM(fstatvfs, (int file, struct statvfs *status), (file, status))
SYSTEM(fchmod, (int file, mode_t mode), (file, mode))
SYSTEM(chmod, (const char *path, mode_t mode), (path, mode))
SYSTEM(fsync, (int file), (file))
SYSTEM(fdatasync, (int file), (file))
SYSTEM(msync, (void *at, size_t size, int flags), (at, size, flags))
SYSTEM(truncate, (const char *path, off_t size), (path, size))
SYSTEM(fallocate, (int file, int mode, off_t at, off_t size),
       (file, mode, at, size))
SYSTEM(mkdir, (const char *path, mode_t mode), (path, mode))
SYSTEM(rename, (const char *from, const char *to), (from, to))
SYSTEM(renameat2,
       (int at, const char *from, int there, const char *to, unsigned flags),
       (at, from, there, to, flags))
SYSTEM(flock, (int file, int how), (file, how))
SYSTEM(ftruncate, (int file, off_t size), (file, size))
SYSTEM(unlink, (const char *path), (path))
SYSTEM(rmdir, (const char *path), (path))
SYSTEM(getentropy, (void *bytes, size_t size), (bytes, size))
SYSTEM(clock_gettime, (clockid_t clock, struct timespec *now), (clock, now))
SEAM(SEAM_SYSTEM, int, posix_fallocate, (int file, off_t at, off_t size),
     (file, at, size), orders.error)
SEAM(SEAM_SYSTEM, ssize_t, pread, (int file, void *to, size_t size, off_t at),
     (file, to, size, at), minus_one())
SEAM(SEAM_SYSTEM, ssize_t, pwrite,
     (int file, const void *from, size_t size, off_t at),
     (file, from, size, at), minus_one())
SEAM(SEAM_SYSTEM, void *, mmap,
     (void *at, size_t size, int protection, int flags, int file, off_t offset),
     (at, size, protection, flags, file, offset),
     minus_one() == 0 ? NULL : MAP_FAILED)
SEAM(SEAM_SYSTEM, char *, realpath, (const char *path, char *real),
     (path, real), minus_one() == 0 ? real : NULL)
SEAM(SEAM_SYSTEM, DIR *, opendir, (const char *path), (path),
     minus_one() == 0 ? NULL : NULL)
/* Of the arguments that they may have, the library gives these. */
SYSTEM(open, (const char *path, int flags, mode_t mode), (path, flags, mode))
SYSTEM(openat, (int at, const char *path, int flags, mode_t mode),
       (at, path, flags, mode))
SYSTEM(fcntl, (int file, int command, void *more), (file, command, more))
