/*
 * newest.h - the entries that are not in the store yet.
 *
 * Appends go to the file `tail` first, a ring of frames (tail.h), and from
 * there into the store, many at a time (drain.h).  Where the one ends and the
 * other begins, the store's row `tail` says.  Of what lies between, each
 * process keeps copies in memory (recent.h): those that it has appended itself,
 * and those of others, copied from the ring when a transaction is to see them.
 *
 * A transaction sees the store as LMDB has it, and behind that the recent
 * entries up to a position: a reader those that are published, a writer all.
 * What was copied may have been overtaken by a writer that has gone once round
 * the ring; then the store has it by now, and the transaction begins anew.
 */
#ifndef JN_NEWEST_H
#define JN_NEWEST_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "store/lock.h"
#include "format/state.h"
#include "store/store.h"
#include "tail/tail.h"

/* What the handle that asks wants of the journal; 0: no limit. */
struct jn_limits {
    uint64_t bytes_max;    /* on disk: see journal_open() */
    uint64_t keep_entries; /* retention: see retention.h */
    uint64_t keep_bytes;
    uint64_t keep_ns;
    uint64_t tail_bytes; /* size of the tail, if this handle makes it */
    bool relaxed;        /* appends don't wait for the disk */
};

/*
 * What the row of a snapshot says of where the tail begins, remembered, for
 * most transactions see the snapshot that the one before saw.  VERSION is odd
 * while somebody writes.
 */
struct jn_glance {
    _Atomic uint64_t version;
    _Atomic uint64_t snapshot; /* its number; 0: none */
    _Atomic uint64_t open, start, next, shown;
};

/* The same for who writes, with the state of the store. */
struct jn_basis {
    uint64_t snapshot;
    struct jn_tail_row row;
    struct jn_state state;
};

/* What a transaction is to drain: so many keys, or bytes of the tail. */
struct jn_slice {
    uint64_t keys;
    uint64_t bytes;
};

/* Keys whose rows are being written, in the order in which they are. */
struct jn_round {
    uint64_t end;     /* position of the round's, which makes it the one */
    uint32_t *orders; /* NULL: not known */
    size_t count;
};

struct jn_newest {
    struct jn_store *store;
    struct jn_words *words; /* in the lock file's page, or OWN */
    struct jn_words own;    /* without locks */
    struct jn_recent *recent;
    struct jn_glance glance;
    char directory[PATH_MAX];
    struct stat like; /* whose the file is to be, and for whom, if it is made */
    /* With the lock of RECENT held: */
    struct jn_tail *tail; /* NULL: not opened yet */
    struct jn_tail_name name;
    _Atomic uint64_t ring;   /* its capacity, for who has not got the lock */
    _Atomic unsigned opened; /* how often one has been; for all, too */
    uint32_t run;            /* of the frame that is to follow */
    /* With LMDB's writer lock held: */
    uint64_t no_tail_until; /* there was no room for one; steady clock */
    struct jn_basis basis;  /* of the store, when it was last looked at */
    bool appended;          /* this process has committed to the store, */
    unsigned moved;         /* the last time with the tail opened so often */
    uint64_t sure;          /* or has written again what ends there */
    uint64_t used;          /* bytes of the tail, when it last was */
    struct jn_slice slice;  /* how large the next one is: see slices.c */
    struct jn_round round;  /* keys of the one in progress: see ahead.c */
    bool broken;            /* the tail has failed within a transaction */
    /* Of the thread that leads the appends: */
    uint64_t begun; /* up to where a flush of the tail has been begun */
    bool few;       /* keys, when it was last drained: that needed none */
};

/*
 * With the STORE just opened.  Who has the journal open ALONE finds out what
 * the tail holds, and unless READ_ONLY sees to it that this is on the disk.
 * JOURNAL_CORRUPT: what was acknowledged is missing.
 */
struct jn_newest_wish {
    bool alone;
    bool read_only;
    const struct stat *data; /* the data file's status */
};
int jn_newest_open(struct jn_newest *newest, const char *directory,
                   struct jn_store *store, struct jn_lock *lock,
                   const struct jn_newest_wish *wish);
void jn_newest_close(struct jn_newest *newest);

/* The position up to which readers see what there is. */
uint64_t jn_newest_published(const struct jn_newest *newest);

/*
 * Lets TXN see what is recent up to position LIMIT.  *AGAIN: it is too old for
 * that; end it and begin another.
 */
int jn_newest_look(struct jn_newest *newest, struct jn_txn *txn, uint64_t limit,
                   bool *again);

/*
 * What the store says, to TXN that has changed nothing yet: the row about the
 * tail, and the state without what is recent.
 */
int jn_newest_basis(struct jn_newest *newest, struct jn_txn *txn,
                    const struct jn_basis **basis);

/* What of that a look needs, to any TXN that has changed nothing yet. */
struct jn_outset {
    bool open;
    uint64_t start, next; /* of what is in the tail */
    uint64_t shown;       /* what ends there can be seen in any case */
};
int jn_newest_outset(struct jn_newest *newest, struct jn_txn *txn,
                     struct jn_outset *outset);

/* Opens the tail that ROW tells of, unless it is open; with the lock held. */
int jn_newest_open_tail(struct jn_newest *newest, struct jn_txn *txn,
                        const struct jn_tail_row *row);

/*
 * With the lock held: lets what is recent go on where ROW has the tail begin,
 * unless it reaches beyond.  Positions never fall, so they tell which of the
 * two is newer; where they are the same, a transaction that began before a
 * rewind may have been the last to do so.  So who is going to write does, too.
 */
int jn_newest_align(struct jn_newest *newest, const struct jn_tail_row *row);

/*
 * The last frame that was drained is still where it was: if not, the tail and
 * the store are of different times, or the tail is damaged.
 */
int jn_newest_check_last(struct jn_newest *newest,
                         const struct jn_tail_row *row);

/* Closes it, to be opened anew by a process that may write by now. */
void jn_newest_close_tail(struct jn_newest *newest);

/* Copies FRAME, of BYTES that end at position END, behind what is recent. */
int jn_newest_add(struct jn_newest *newest, const struct jn_frame *frame,
                  struct jn_span bytes, uint64_t end);

/*
 * Writes what lies in [FROM, TO) once more.  What a flush that failed has left
 * may be in the page cache alone, and not known there as still to be written.
 */
int jn_newest_write_again(struct jn_newest *newest, uint64_t from, uint64_t to);

/*
 * In TXN, with LMDB's writer lock held: has the tail open for a flush of all
 * that is written, if there is one, so that its failure will be known here.
 */
int jn_newest_prepare_flush(struct jn_newest *newest, struct jn_txn *txn,
                            uint64_t *written);

/*
 * In TXN: all that is written is on the disk when it is committed.  A tail that
 * fails is noted as BROKEN, for jn_shared_abort().
 */
int jn_newest_flush_all(struct jn_newest *newest, struct jn_txn *txn);

/*
 * Whether this process has moved all there was into the store since it has the
 * tail open: only of what was written later is it told if a flush has failed.
 */
static inline bool
jn_newest_has_moved(const struct jn_newest *newest)
{
    return newest->appended && newest->moved == atomic_load(&newest->opened);
}

/* Adds ITEM, of USED bytes, behind what is recent, with its sums. */
int jn_newest_append(struct jn_newest *newest, struct jn_recent_item *item,
                     size_t used);

/* Words: the value, and one that only rises. */
static inline uint64_t
jn_word_get(const struct jn_word *word)
{
    return atomic_load(&word->value);
}

static inline void
jn_word_set(struct jn_word *word, uint64_t value)
{
    atomic_store(&word->value, value);
}

void jn_word_raise(struct jn_word *word, uint64_t value);

/*
 * Flushes the tail if what ends at position UPTO is not on the disk yet, and
 * publishes what is there then.  With LMDB's writer lock held all wait for it.
 */
int jn_newest_flush(struct jn_newest *newest, uint64_t upto);

/*
 * The size of the ring that somebody gets who wants TAIL_BYTES (0: the usual)
 * within BYTES_MAX (0: no limit); 0: none, there is no room for one.
 */
uint64_t jn_newest_capacity(uint64_t tail_bytes, uint64_t bytes_max);

/*
 * With the door entered, by the only writer: removes a tail that is closed and
 * takes more than MOST bytes, and what was to become one.  They mean nothing,
 * but would count.
 */
void jn_newest_fit_tail(struct jn_newest *newest, uint64_t most);

/*
 * In TXN, in which the store has all there is and its rows are final: opens
 * the tail, if LIMITS allow one and there is none open.  What goes wrong with
 * the file only means that there is none for now.
 */
int jn_newest_begin_tail(struct jn_newest *newest, struct jn_txn *txn,
                         const struct jn_limits *limits);

/*
 * In the same: closes it, so that the store alone is the journal; *CHANGED if
 * it was open.
 */
int jn_newest_end_tail(struct jn_newest *newest, struct jn_txn *txn,
                       bool *changed);

#endif
