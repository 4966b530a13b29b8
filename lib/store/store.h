/*
 * store.h - the LMDB environment; store*.c are the files that know LMDB.
 *
 * A store keeps rows of bytes in three tables and gives them no meaning.  It
 * fences in what LMDB 0.9 does to the unwary:
 *
 *   - transactions hold a gate shared; whoever must have none in flight (to
 *     grow the map, to adopt another process's size, to open the file anew)
 *     takes the gate alone, so that no map is pulled away under a reader;
 *   - readers belong to no thread (MDB_NOTLS) and are kept for reuse;
 *   - slots of dead readers are cleared; a lost slot is found by a retry;
 *   - a reserve of disk space beyond the end of the file is kept, for pruning;
 *   - an error of a commit is told apart: nothing happened, or unknown.
 *
 * The layer above serialises opening and closing, and notices forks.
 */
#ifndef JN_STORE_H
#define JN_STORE_H

#include <stdbool.h>
#include <sys/types.h>

#include "pages/layout.h"
#include "tail/recent.h"

#define JN_STORE_FILE "data.mdb"
#define JN_STORE_LOCK_FILE "lock.mdb"

enum jn_table { JN_ENTRIES, JN_LATEST, JN_META, JN_TABLES };

/* The names that the tables have in the file. */
extern const char *const jn_table_names[JN_TABLES];

struct jn_store;

/* A tree of the last commit, and where its pages are. */
struct jn_store_tree {
    const uint8_t *base; /* of page 0 */
    size_t page_size;
    uint64_t pages; /* that there are from there on */
    uint64_t root;
    unsigned depth;
};

/* A transaction: for reading, many at a time; for writing, one. */
struct jn_txn {
    struct jn_store *store;
    struct MDB_txn *handle;
    bool write;
    bool full;             /* a step of it had no room */
    uint64_t entries_read; /* rows of JN_ENTRIES that were looked up */
    struct jn_store_tree trees[JN_TABLES]; /* no base: not looked for yet */
    /*
     * What the layer above sees beside it, of entries that are not in the
     * store yet; it is left when the transaction ends.
     */
    struct jn_recent_look look;
};

/* A row of a tree, and the way down to it: see store_tree.h. */
struct jn_store_way {
    struct jn_store_tree tree;
    struct jn_store_level {
        const uint8_t *page;
        unsigned at, count; /* which of its nodes the way takes */
    } level[JN_DEPTH_MAX];
    struct jn_span first; /* key of the leaf it is in; NULL: it is nowhere */
    bool strict; /* a key out of turn, which may hide rows, is noticed */
};

/* A place in a table, within a transaction. */
struct jn_place {
    struct jn_txn *txn;
    enum jn_table table;
    struct MDB_cursor *handle; /* NULL: the way leads there */
    struct jn_store_way way;
    struct jn_span key; /* with a handle: the row's, a copy; NULL: none */
    uint8_t bytes[JN_KEY_MAX];
};

struct jn_row {
    const char *key;
    struct jn_span value;
};

/* ---- the environment ---------------------------------------------------- */

/*
 * Writes a new file PATH with the tables, and COUNT rows in JN_META; it is on
 * the disk on return.  On failure there may be a part of a file.
 */
int jn_store_create(const char *path, mode_t mode, const struct jn_row *rows,
                    size_t count);

struct jn_store_options {
    bool read_only;
    bool immutable; /* read-only, and without locks */
    bool others;    /* other processes are known to have it open, */
    bool alone;     /* or no other has, but for who lost the lock file */
    mode_t mode;    /* of the lock file, if it is made */
    uint64_t bytes_max;
    uint64_t beside; /* what it may come to keep in other files, within that */
};

/*
 * Opens the file in DIRECTORY, an absolute path.  Not while this process has
 * the same file open.  JOURNAL_BUSY if others have it open, but have lost the
 * lock that says so.
 */
int jn_store_open(struct jn_store **store, const char *directory,
                  const struct jn_store_options *options);
void jn_store_close(struct jn_store *store);

/* JOURNAL_BUSY if another process holds LMDB's lock of DIRECTORY. */
int jn_store_check_unused(const char *directory);

/* In a child of fork(): frees what can be without touching what is shared. */
void jn_store_forget(struct jn_store *store);

/*
 * Closes LMDB's environment and opens it anew, once no transaction is left.
 * On failure every transaction gives JOURNAL_FAILED.
 */
int jn_store_reopen(struct jn_store *store, bool read_only);

/* The same, to write, with limits as in struct jn_store_options. */
int jn_store_make_writable(struct jn_store *store, uint64_t bytes_max,
                           uint64_t beside);

bool jn_store_is_read_only(struct jn_store *store);

/* Sizes of the store's files together, in bytes. */
int jn_store_file_bytes(struct jn_store *store, uint64_t *bytes);

/* ---- transactions ------------------------------------------------------- */

/*
 * A thread has at most one transaction at a time.  EAGAIN: no reader slot.
 * ESTALE: the files were removed or replaced.
 */
int jn_store_begin_read(struct jn_store *store, struct jn_txn *txn);
void jn_store_end_read(struct jn_txn *txn);

/* Waits for the writer before.  Commit or abort on the same thread. */
int jn_store_begin_write(struct jn_store *store, struct jn_txn *txn);

/* The same, but it is asked only now and then whether the files are there. */
int jn_store_begin_brief(struct jn_store *store, struct jn_txn *txn);
void jn_store_abort(struct jn_txn *txn);

/*
 * Ends TXN either way.  With *UNKNOWN set, an error leaves open what the disk
 * holds, and nothing may be written until the file has been opened anew.
 * Otherwise an error means that nothing was committed, and JOURNAL_FULL that
 * the disk or the map has no room.
 */
int jn_store_commit(struct jn_txn *txn, bool *unknown);

/*
 * Sees to it that a commit of some BYTES finds room on the disk, with the
 * reserve for pruning behind it: JOURNAL_FULL if not.
 */
int jn_store_reserve(struct jn_txn *txn, uint64_t bytes, uint64_t bytes_max);

/*
 * Gives back what was allocated ahead, but for the reserve, if it is much.  Who
 * else has the store open to write would count on it: so nobody may.
 */
void jn_store_give_back(struct jn_txn *txn);

/*
 * While nobody in this process may write: others may have given back what was
 * allocated here.
 */
void jn_store_forget_allocated(struct jn_store *store);

/* Whether the store can take BYTES more within BYTES_MAX (0: no limit). */
bool jn_store_has_room(struct jn_txn *txn, uint64_t bytes, uint64_t bytes_max);

/* So many bytes the journal does keep in other files. */
void jn_store_set_beside(struct jn_store *store, uint64_t bytes);

/* JOURNAL_FULL if TXN, committed now, would leave no reserve in BYTES_MAX. */
int jn_store_check_limit(struct jn_txn *txn, uint64_t bytes_max);

/*
 * After JOURNAL_FULL from a put or a commit, with no transaction open: makes
 * room in the map, of at most BYTES_MAX (0: without limit).  JOURNAL_FULL if
 * there is none to be made.  Where it is the disk that is full, that does not
 * help; but there may be pages that are free, if not yet for use: *FREE_PAGES.
 */
int jn_store_make_room(struct jn_store *store, uint64_t bytes_max,
                       bool *free_pages);

/*
 * With no transaction open: sees to it that the map has room for BYTES behind
 * what the file has.  JOURNAL_FULL if it cannot.
 */
int jn_store_widen(struct jn_store *store, uint64_t bytes);

/*
 * Changes nothing, but gives TXN something to commit: pages that a commit has
 * freed can be used again from the second commit after it on.
 */
int jn_store_touch(struct jn_txn *txn);

/*
 * The number of a writing TXN: one more than that of the last commit; of a
 * reading one, that of the commit whose outcome it sees.
 */
uint64_t jn_store_number(const struct jn_txn *txn);

/* Whether what TXN reads is what was committed last. */
bool jn_store_is_newest(const struct jn_txn *txn);

/* What jn_store_is_read_only() says, which may wait for TXN to end. */
bool jn_store_is_read_only_in(const struct jn_txn *txn);

/* Flushes the file as it is, with TXN open. */
int jn_store_flush(struct jn_txn *txn);

/* Bytes in pages in use, as TXN sees it. */
uint64_t jn_store_bytes_used(struct jn_txn *txn);

/* ---- pins --------------------------------------------------------------- */

/*
 * A snapshot whose pages stay as they are in the file, for somebody who reads
 * them there for long: it keeps nobody from anything, but the file grows while
 * others write.  Where the environment has to be opened anew it is lost.
 */
struct jn_pin {
    struct jn_store *store;
    struct jn_pin *next;
    struct MDB_txn *handle; /* NULL: lost */
    uint64_t number;        /* of the transaction whose outcome it is */
    int file;               /* the data file, to be read */
};

/* Makes a pin of what TXN reads, and ends TXN, also where it fails. */
int jn_store_pin(struct jn_txn *txn, struct jn_pin *pin);

/* Lets go of it; whether it was there all the time. */
bool jn_store_unpin(struct jn_pin *pin);

/* ---- rows --------------------------------------------------------------- */

/* VALUE is valid until the next change or the end of the transaction. */
int jn_store_get(struct jn_txn *txn, enum jn_table table, struct jn_span key,
                 struct jn_span *value);
int jn_store_put(struct jn_txn *txn, enum jn_table table, struct jn_span key,
                 struct jn_span value);

/* Whether TXN may have changed rows of TABLE; to look these up takes longer. */
bool jn_store_has_changed(const struct jn_txn *txn, enum jn_table table);

/*
 * The row as the last commit has it, whatever TXN has changed since; VALUE is
 * valid until the end of the transaction.  JOURNAL_NOT_FOUND also where that
 * cannot be seen.
 */
int jn_store_get_committed(struct jn_txn *txn, enum jn_table table,
                           struct jn_span key, struct jn_span *value);

/* A row whose key is a number, 8 bytes, big endian. */
struct jn_numbered {
    uint64_t number;
    struct jn_span value; /* if it was found */
    bool found;
};

/* Looks up COUNT rows, sooner than one after the other if these are many. */
int jn_store_get_many(struct jn_txn *txn, enum jn_table table,
                      struct jn_numbered *rows, size_t count);

int jn_store_delete(struct jn_txn *txn, enum jn_table table,
                    struct jn_span key);

/*
 * Adds a row with a KEY over all others and gives room for SIZE bytes of
 * value, to be filled before the next change.
 */
int jn_store_append(struct jn_txn *txn, enum jn_table table, struct jn_span key,
                    size_t size, uint8_t **value);

/*
 * For who has not found KEY in TABLE: has CHECK look at the rows on both sides
 * of where it would be.  A key that was damaged ends the search beside itself,
 * be it the one that is looked for or one that misleads.  JOURNAL_CORRUPT where
 * the way there makes no sense; 0 without a look where TXN has changed TABLE.
 */
typedef int (*jn_row_check)(struct jn_span key, struct jn_span value);
int jn_store_look_beside(struct jn_txn *txn, enum jn_table table,
                         struct jn_span key, jn_row_check check);

/* Number of rows. */
uint64_t jn_store_count(struct jn_txn *txn, enum jn_table table);

/* Close places before the transaction ends.  JOURNAL_NOT_FOUND at the end. */
int jn_place_open(struct jn_place *place, struct jn_txn *txn,
                  enum jn_table table);
void jn_place_close(struct jn_place *place);

enum jn_move {
    JN_FIRST,
    JN_LAST,
    JN_NEXT,
    JN_PREV,
    JN_AT_OR_AFTER /* the row with *KEY, or else the next one */
};
int jn_place_move(struct jn_place *place, enum jn_move move,
                  struct jn_span *key, struct jn_span *value);

/* Deletes the row at the place; JN_NEXT then gives the one behind it. */
int jn_place_delete(struct jn_place *place);

/*
 * Puts a row, and the place there: sooner than jn_store_put() if it is close to
 * the one before.
 */
int jn_place_put(struct jn_place *place, struct jn_span key,
                 struct jn_span value);

#endif
