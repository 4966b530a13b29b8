/* create.h - a new journal, whole or not there at all. */
#ifndef JN_CREATE_H
#define JN_CREATE_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Makes a directory of one level with the x bits that match MODE's r bits.
 * JOURNAL_EXISTS if there is something of that name by now.
 */
int jn_create_directory(const char *path, mode_t mode);

/* Gives one that is there the mode of one that is made so. */
int jn_create_directory_mode(const char *path, mode_t mode);

/*
 * Makes the data file of a new journal in DIRECTORY, whose first entry will
 * be FIRST_SEQ: under another name, flushed, then renamed, then the directory
 * flushed.  So it is there whole or not at all, however it ends.
 */
int jn_create_data(const char *directory, mode_t mode, uint64_t first_seq);

#endif
