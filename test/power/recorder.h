/*
 * recorder.h - writes down what is done to files, as it is done.
 *
 * A test program of this folder has its own open(), pwrite(), fdatasync() and
 * so on, which LMDB and the journal are bound to.  While a recorder is on they
 * add to a trace what they do below one directory.
 *
 * Stores into a mapping are no calls.  A file that may be written that way is
 * compared with what is known of it before each of its flushes and writes, and
 * whenever the workload begins or ends something: so a store is on record
 * before whatever could depend on it.  LMDB's files are not, for it writes the
 * data by calls, and lock.mdb means nothing after a crash.
 */
#ifndef TEST_POWER_RECORDER_H
#define TEST_POWER_RECORDER_H

#include "trace.h"

/*
 * Records, in this process and its children, what happens to the journal in
 * DIRECTORY/home.  What is there already is taken as known.
 */
void recorder_start(struct trace *trace, const char *directory);

void recorder_stop(void);

/* Calls that may be told to fail. */
enum { CALL_WRITE = 1, CALL_FLUSH = 2, CALL_SIZE = 4, CALL_RENAME = 8 };

/* How much of it such a call does. */
enum effect {
    EFFECT_NO_FAULT,
    EFFECT_NOTHING,
    EFFECT_PART, /* of a write, which says so; of others nothing */
    EFFECT_ALL   /* and says that it failed */
};

struct fault {
    unsigned calls; /* of these kinds */
    unsigned n;     /* the nth from now on */
    unsigned times; /* and so many more; UINT_MAX: for ever */
    enum effect effect;
    int error;
};

/*
 * Lets calls on the journal's files fail, of this process; NULL: none.  A write
 * of a descriptor whose writes are flushes is both: as a flush that does
 * nothing it leaves in the page cache what it wrote.
 */
void recorder_fail(const struct fault *fault);

/* Whether a call has failed since the last recorder_fail() with a fault. */
bool recorder_has_failed(void);

/* The workload begins, or has been acknowledged, the deed of that number. */
void recorder_note(enum event_kind kind, uint64_t deed);

#endif
