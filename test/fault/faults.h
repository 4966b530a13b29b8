/*
 * faults.h - system calls that fail when they are told to.
 *
 * A test program of this folder has its own pwrite(), fdatasync() and so on,
 * which LMDB and the journal are bound to.  They count the calls that touch
 * files below one directory, and let one of them fail.  What they are told is
 * shared with the children of the process.
 */
#ifndef TEST_FAULT_FAULTS_H
#define TEST_FAULT_FAULTS_H

#include <stdbool.h>

enum fault_class {
    FAULT_NONE = 0,
    FAULT_WRITE = 1 << 0, /* write, pwrite, writev */
    FAULT_SYNC = 1 << 1,  /* fsync, fdatasync */
    FAULT_OPEN = 1 << 2,  /* open */
    FAULT_NAME = 1 << 3,  /* rename, unlink */
    FAULT_SPACE = 1 << 4, /* fallocate, posix_fallocate, ftruncate */
    FAULT_ANY = (1 << 5) - 1
};

enum fault_effect {
    FAULT_BEFORE, /* nothing is done */
    FAULT_AFTER,  /* it is done, and said not to be */
    FAULT_SHORT,  /* half of it is written; without an error */
    FAULT_KILL    /* the process ends there, by SIGKILL */
};

/* Lets call N, from 1 on, of CLASSES below DIRECTORY fail with ERROR. */
void faults_arm(const char *directory, int classes, unsigned n, int error,
                enum fault_effect effect, bool for_ever);

/* Only counts. */
void faults_count(const char *directory, int classes);

/* Stops it; returns how many calls there were. */
unsigned faults_disarm(void);

/* Whether the call that was to fail has been reached. */
bool faults_hit(void);

#endif
