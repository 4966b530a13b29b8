/*
 * files.h - the files of a journal: created, looked at, opened, removed.
 *
 * Opening goes from the outside in: the directory, the lock file, its door;
 * then, within the door, the data file is made or examined, and LMDB gets it.
 * Whatever fails leaves a directory that was not ours as it was.
 */
#ifndef JN_FILES_H
#define JN_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "store/lock.h"
#include "journal/newest.h"
#include "store/store.h"

/* How a handle wants to have the journal opened. */
struct jn_wish {
    bool may_create;
    bool must_create;
    bool read_only;
    bool exclusive;
    bool immutable;
    mode_t mode;
    uint64_t first_seq;
    uint64_t bytes_max;
    uint64_t tail_bytes;
};

/* What is open of a journal. */
struct jn_files {
    struct jn_store *store;
    struct jn_lock *lock; /* NULL: immutable */
    struct jn_newest newest;
    dev_t device; /* of the data file */
    ino_t inode;
};

/* The data file's identity; JOURNAL_NOT_FOUND if there is none. */
int jn_files_identify(const char *directory, struct stat *file);

/*
 * Opens, or creates, the journal in DIRECTORY, an absolute path; HAD_DATA
 * tells whether there was a data file.  On failure nothing is open.
 */
int jn_files_open(struct jn_files *files, const char *directory,
                  const struct jn_wish *wish, bool had_data);

/*
 * With the door entered, by the first of this process to write again: what was
 * opened to read is opened to write, within the limit of WISH.  On failure it
 * is as it was.
 */
int jn_files_make_writable(struct jn_files *files, const struct jn_wish *wish);

void jn_files_close(struct jn_files *files);

/* JOURNAL_BUSY while anybody has the journal in DIRECTORY open. */
int jn_files_destroy(const char *directory, bool has_data);

#endif
