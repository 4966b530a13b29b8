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
#include <stddef.h>
#include <stdint.h>

enum fault_class {
    FAULT_NONE = 0,
    FAULT_WRITE = 1 << 0, /* write, pwrite, writev */
    FAULT_SYNC = 1 << 1,  /* fsync, fdatasync */
    FAULT_OPEN = 1 << 2,  /* open */
    FAULT_NAME = 1 << 3,  /* rename, unlink, mkdir, rmdir, chmod, chown */
    FAULT_SPACE = 1 << 4, /* fallocate, posix_fallocate, ftruncate, truncate */
    FAULT_ANY = (1 << 5) - 1, /* of these: the calls that change something */
    FAULT_MSYNC = 1 << 5,
    FAULT_LOCK = 1 << 6,   /* fcntl, flock */
    FAULT_MAP = 1 << 7,    /* mmap, of a file or of none */
    FAULT_READ = 1 << 8,   /* pread */
    FAULT_LOOK = 1 << 9,   /* stat and the like, directories, lseek, entropy */
    FAULT_CLOSE = 1 << 10, /* close, which then has closed it all the same */
    FAULT_MEMORY = 1 << 11 /* malloc and so on, where the program has them */
};

#define FAULT_CLASSES 12u
#define FAULT_ALL ((1 << FAULT_CLASSES) - 1)

enum fault_effect {
    FAULT_BEFORE, /* nothing is done */
    FAULT_AFTER,  /* it is done, and said not to be */
    FAULT_SHORT,  /* half of it is done without an error; the next time, none */
    FAULT_KILL    /* the process ends there, by SIGKILL */
};

#define FAULT_FOR_EVER UINT32_MAX

struct fault {
    int classes;
    unsigned n;      /* the first call that fails, from 1 on */
    unsigned times;  /* how many one after the other, or FAULT_FOR_EVER */
    unsigned second; /* another one that fails; 0: none */
    int error;
    enum fault_effect effect;
};

/* Lets calls that touch what is below DIRECTORY fail. */
void faults_order(const char *directory, const struct fault *fault);

/* Lets call N, from 1 on, of CLASSES below DIRECTORY fail with ERROR. */
void faults_arm(const char *directory, int classes, unsigned n, int error,
                enum fault_effect effect, bool for_ever);

/* Only counts. */
void faults_count(const char *directory, int classes);

/* Stops it; returns how many calls there were. */
unsigned faults_disarm(void);

/* How many there were of a class. */
unsigned faults_calls(int class);

/* For a look in between, which is neither counted nor fails. */
void faults_pause(void);
void faults_resume(void);

/* Whether the call that was to fail has been reached. */
bool faults_hit(void);

/* The classes of the fault that was ordered last. */
int faults_ordered(void);

/* The name of the file that it was about, without directories; or "". */
const char *faults_file(void);

/* ---- places ------------------------------------------------------------- */

/* An instruction that makes calls of a class. */
struct fault_site {
    uintptr_t address;
    int class;
    bool failed;
};

#define FAULT_SITES 1024u

/* From now on they are noted, for this process and its children. */
void faults_note_sites(void);

/* Those seen so far; returns how many. */
unsigned faults_sites(struct fault_site *sites);

#endif
