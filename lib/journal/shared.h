/*
 * shared.h - what the handles of one journal share within a process.
 *
 * LMDB must not have a file open twice in a process: closing one would drop
 * the locks of the other.  So there is one *shared* part for each file, by
 * whatever path it was reached: the store, the lock file, and the queue in
 * which appends wait for a commit.  It is counted, and closed with the last.
 *
 * A fork leaves the child with copies of what only the parent may use.  Each
 * shared part knows the generation it was made in; in a child the generation
 * is another, and every call says JOURNAL_FORKED.
 */
#ifndef JN_SHARED_H
#define JN_SHARED_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "journal/files.h"
#include "journal/marks.h"
#include "store/store.h"

struct jn_request;

/* Appends that wait for a commit, in the order in which they came. */
struct jn_queue {
    pthread_mutex_t mutex;
    pthread_cond_t company; /* as many wait as there were in the last group */
    struct jn_request *first;
    struct jn_request **end;
    size_t waiting;
    bool led; /* one of the waiting threads is at work for the others */
    size_t last_count;         /* requests in the group before, */
    uint64_t last_ns;          /* and the time that it took */
    struct jn_slowest slowest; /* mark, as far as whoever leads knows */
};

struct jn_shared {
    struct jn_shared *next; /* in the registry */
    struct jn_files files;
    struct jn_queue queue;
    uint64_t generation; /* of forks */
    unsigned references;
    unsigned writers;    /* handles that may write */
    unsigned exclusives; /* of these, those that want no other process to */
    bool immutable;
    bool held; /* no thread was changing what is recent, at the last fork */
};

/* Opens the journal in PATH, or joins those that have it open. */
int jn_shared_acquire(struct jn_shared **shared, const char *path,
                      const struct jn_wish *wish);

/* Gives it back, with the wish with which it was acquired. */
void jn_shared_release(struct jn_shared *shared, bool read_only,
                       bool exclusive);

/*
 * A handle that may write is about to close, and is none of the writers from
 * now on: unless it is the last of all processes, which then has to see to it
 * that the store is WHOLE, and asks again.  False: it still is one.
 */
bool jn_shared_leave_writers(struct jn_shared *shared, bool exclusive,
                             bool whole);

/* Removes the journal in PATH. */
int jn_shared_destroy(const char *path);

/* JOURNAL_FORKED in a child of the process that opened it. */
int jn_shared_check(const struct jn_shared *shared);

/* The same, and JOURNAL_FAILED if a write has failed in any process. */
int jn_shared_check_write(const struct jn_shared *shared);

/* Reads, writes and commits in the store, with these checks. */
int jn_shared_begin_read(struct jn_shared *shared, struct jn_txn *txn);
int jn_shared_begin_write(struct jn_shared *shared, struct jn_txn *txn);

/* The same for a moment, and often: see jn_store_begin_brief(). */
int jn_shared_begin_brief(struct jn_shared *shared, struct jn_txn *txn);

/*
 * Commits TXN, and wakes those who wait for an append.  If the outcome is
 * unknown, every handle of every process gives JOURNAL_FAILED from now on to
 * whatever would write.
 */
int jn_shared_commit(struct jn_shared *shared, struct jn_txn *txn);

/*
 * Aborts TXN, which may have drained.  A flush that failed in it may have been
 * told of what others have written: every handle learns of it as above.
 */
void jn_shared_abort(struct jn_shared *shared, struct jn_txn *txn);

/*
 * After a write of unknown outcome: tells all processes, and lets reads go on,
 * for which LMDB may need to be opened anew.  With no transaction open.
 */
void jn_shared_fail(struct jn_shared *shared);

/*
 * What has been appended is on the disk: flushes the tail, without LMDB's
 * writer lock.  *TAIL: there is one.
 */
int jn_shared_flush(struct jn_shared *shared, bool *tail);

/* Wakes those who wait for an append. */
void jn_shared_wake(struct jn_shared *shared);

/* A commit that changes nothing: see jn_store_touch(). */
int jn_shared_tick(struct jn_shared *shared);

/*
 * After JOURNAL_FULL, with no transaction open: 0 if it is worth trying again,
 * within BYTES_MAX (0: without limit).
 */
int jn_shared_make_room(struct jn_shared *shared, uint64_t bytes_max);

#endif
