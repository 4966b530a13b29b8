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

/*
 * Lets the Nth flush from now on fail, or write of a descriptor whose writes
 * are flushes; 0: none.  Of this process, and before it has threads.
 */
void recorder_fail_flush(unsigned n);

/* The workload begins, or has been acknowledged, the deed of that number. */
void recorder_note(enum event_kind kind, uint64_t deed);

#endif
