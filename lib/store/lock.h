/*
 * lock.h - `journal.lock`: who has the journal open, and a word for all.
 *
 * LMDB's own lock file serialises writers and keeps count of readers.  This
 * one says what LMDB has no words for: that somebody is opening, creating or
 * removing the journal; that somebody has it open at all; that somebody wants
 * to be its only writer; that a write has failed somewhere, or may have.
 *
 * Locks are of the open file description (fcntl's OFD locks): unlike POSIX
 * record locks they don't vanish when some other part of the program opens and
 * closes the file, and unlike those they work within a process too.
 */
#ifndef JN_LOCK_H
#define JN_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/futex.h"

struct jn_lock;

/*
 * What processes tell each other of the tail: positions, each on a cache line
 * of its own.  They only hint at what the files hold: whoever has the journal
 * open alone finds them out anew.
 */
struct jn_word {
    _Atomic uint64_t value;
    uint8_t space[56];
};

struct jn_words {
    /* Changed with LMDB's writer lock held: */
    struct jn_word written; /* up to here the ring has been written */
    struct jn_word torn;    /* 1: behind that may be what is torn */
    /* These only rise, but for the first one with a new ring: */
    struct jn_word reserved;  /* up to here it may have been written */
    struct jn_word published; /* readers see what ends up to here */
    struct jn_word flushed;   /* it is on the disk, or in the store */
    /* What the last one to open the journal alone has found: */
    struct jn_word records;   /* entries in the tail, */
    struct jn_word discarded; /* and bytes behind them that were torn */
};

#define JN_LOCK_FILE "journal.lock"

/*
 * Opens DIRECTORY's lock file, and makes it if CREATE: for those who may write
 * to the data file, or with MODE if there is none yet.  JOURNAL_NOT_FOUND if
 * there is none; JOURNAL_UNSUPPORTED if there is something else by its name.
 */
int jn_lock_open(struct jn_lock **lock, const char *directory, bool create,
                 mode_t mode);

/*
 * Within the door: be known no longer as one who has the journal open, nor as a
 * writer.
 */
void jn_lock_part(struct jn_lock *lock);

/* Gives up all locks; the file stays. */
void jn_lock_close(struct jn_lock *lock);

/* In a child of fork(): lets go of what the parent goes on using. */
void jn_lock_forget(struct jn_lock *lock);

/*
 * The door: held for the moments of opening, creating, closing, removing.
 * Waits.  JOURNAL_NOT_FOUND if the file has been removed in the meantime;
 * JOURNAL_FULL if there was no room for what it holds: then it has been, too.
 */
int jn_lock_enter(struct jn_lock *lock);

/* The same for who has the journal open, wherever it may have gone since. */
int jn_lock_enter_again(struct jn_lock *lock);

/* JOURNAL_NOT_FOUND: the path does not lead to the file that is open. */
int jn_lock_check_path(const struct jn_lock *lock);
void jn_lock_leave(struct jn_lock *lock);

/*
 * Within the door: be known as one who has the journal open.  *ALONE tells
 * whether nobody else has; then the words are cleared too, but for the one that
 * says that a write has failed, and *IN_DOUBT tells what that says.
 */
int jn_lock_join(struct jn_lock *lock, bool *alone, bool *in_doubt);

/*
 * Within the door: says to all others, if alone, that FILE is the data file
 * that is open; and whether it is.  Who opened another one, in whose place it
 * was put meanwhile, shares LMDB's lock file, and numbers that are not its own.
 */
void jn_lock_set_data(struct jn_lock *lock, const struct stat *file);
bool jn_lock_is_data(const struct jn_lock *lock, const struct stat *file);

/* Within the door: JOURNAL_BUSY unless nobody has the journal open. */
int jn_lock_only_one(struct jn_lock *lock);

/* Be one of the writers, or the only one; JOURNAL_BUSY if that can't be. */
int jn_lock_writer(struct jn_lock *lock, bool exclusive);
void jn_lock_no_writer(struct jn_lock *lock);

/*
 * Whether anybody has the journal in DIRECTORY open to write, as far as can be
 * told without touching anything.
 */
bool jn_lock_has_writer(const char *directory);

/* A write has failed: every process learns it, until all have closed. */
void jn_lock_set_failed(struct jn_lock *lock);
bool jn_lock_failed(const struct jn_lock *lock);

/*
 * And who is alone then makes sure of what there is, and says so.  Whoever does
 * not get that far, be it that he dies, leaves it to the next one.
 */
void jn_lock_settled(struct jn_lock *lock);

/*
 * The number of the last transaction that somebody set out to commit.  Set
 * and read with LMDB's writer lock held.
 */
void jn_lock_set_attempt(struct jn_lock *lock, uint64_t number);
uint64_t jn_lock_attempt(const struct jn_lock *lock);

/* The words about the tail. */
struct jn_words *jn_lock_words(const struct jn_lock *lock);

/* Whether no other process is a writer at the moment. */
bool jn_lock_only_writer(const struct jn_lock *lock);

/*
 * Where those sleep who wait for an append.  It lies in the page: in a child
 * of fork() it is there no more.
 */
struct jn_futex *jn_lock_futex(const struct jn_lock *lock);

#endif
