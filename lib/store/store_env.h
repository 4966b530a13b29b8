/* store_env.h - what a store is, for store*.c alone. */
#ifndef JN_STORE_ENV_H
#define JN_STORE_ENV_H

#include <limits.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/store_guard.h"

/* Reader slots; LMDB's lock file has 64 bytes for each. */
#define JN_READERS_MAX 1024u

/* Reset read transactions kept for reuse. */
#define JN_IDLE_MAX 32u

/* Disk space kept beyond the end of the file, so that pruning works. */
#define JN_RESERVE (UINT64_C(256) << 10)

struct jn_file_id {
    dev_t device;
    ino_t inode;
};

/*
 * Whenever no call is in progress:
 *   1. env is open, or NULL after a failure to open it anew;
 *   2. the transactions in idle are reset, and of env;
 *   3. the transactions of the pins are of env;
 *   4. nobody holds the gate.
 */
struct jn_store {
    char directory[PATH_MAX];
    struct jn_store_options options;
    pthread_rwlock_t gate;
    MDB_env *env;
    MDB_dbi tables[JN_TABLES];
    MDB_dbi names; /* the table that holds these by their names */
    _Atomic(MDB_txn *) idle[JN_IDLE_MAX];
    struct jn_file_id data_id;
    struct jn_file_id lock_id;
    _Atomic uint64_t looked; /* when the files were last looked at */
    uint64_t page_size;
    pthread_mutex_t pins_lock; /* taken with the gate held */
    struct jn_pin *pins;
    _Atomic uint64_t beside;      /* bytes of the journal's that are not here */
    _Atomic(const uint8_t *) map; /* where page 0 is mapped; NULL: not known */
    /* The rest belongs to whoever holds LMDB's writer lock. */
    uint64_t allocated; /* bytes from the file's start that have disk blocks */
    unsigned commits;   /* since dead readers were last cleared */
    struct jn_guard guard; /* of what has been looked at before changes */
};

/* The meta page that TXN began with, if it is not overwritten yet. */
bool jn_store_read_meta(const struct jn_txn *txn, struct jn_meta *meta);

/* The journal's code for one of LMDB's. */
int jn_store_error(int rc);

/* The same for a step of TXN, which may fail because an earlier one has. */
int jn_store_error_in(struct jn_txn *txn, int rc);

/* With the gate held alone: opens, closes the environment, or both. */
int jn_store_open_env(struct jn_store *store);
void jn_store_close_env(struct jn_store *store);
int jn_store_renew_env(struct jn_store *store, bool read_only);

/*
 * Makes LMDB's lock file ready, and notes which file it is.  Only while this
 * process has no environment open: closing the file drops LMDB's locks.
 */
int jn_store_prepare_lock(struct jn_store *store);

/* With the gate held alone: all pins are lost. */
void jn_store_lose_pins(struct jn_store *store);

/* ESTALE if the files are no longer those that were opened. */
int jn_store_check_files(struct jn_store *store);

/* Whether FILE's disk is: LMDB reports a short write as EIO. */
bool jn_store_disk_is_full(int file);

/* Bytes to map: as much as can be had, up to WANTED; 0: less than LEAST. */
uint64_t jn_store_probe_map(uint64_t wanted, uint64_t least);

/* How many bytes to map for a file of FILE_SIZE, with others BESIDE it. */
uint64_t jn_store_choose_map(uint64_t file_size, uint64_t bytes_max,
                             uint64_t beside);

/* With no transaction open: follows other processes that grew the file. */
int jn_store_adopt_map(struct jn_store *store);

#endif
