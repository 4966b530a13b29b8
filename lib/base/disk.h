/* disk.h - what the system has no single call for, of files and directories. */
#ifndef JN_DISK_H
#define JN_DISK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Makes what was done to the names in DIRECTORY durable; 0 or an errno. */
int jn_disk_flush_directory(const char *directory);

/* ... and that of the directory, if its own may be opened. */
int jn_disk_flush_names(const char *directory);

/*
 * Lets what is read of the file PATH from now on be what the disk has; 0 or an
 * errno.  Nobody may have it mapped.
 */
int jn_disk_read_anew(const char *path);

/* Gives FILE to the user and the group of LIKE, as far as the process may. */
void jn_disk_give(int file, const struct stat *like);

/*
 * Makes PATH, a file that whoever writes to the file DATA has to write to: it
 * gets DATA's permissions, user and group.  It gets MODE where there is no DATA
 * yet, or its user may not write to it, as a lock is needed to read too.  0 or
 * an errno; *FILE is to be closed unless it is -1.
 */
int jn_disk_create_beside(const char *path, const char *data, mode_t mode,
                          int *file);

/*
 * Sees to it that no file opened from now on gets the descriptor 0, 1 or 2:
 * what a program that has closed them writes to stderr all the same would be
 * written into it.  Those that are free become ones that nobody can read or
 * write.  0 or an errno.
 */
int jn_disk_take_standard(void);

/*
 * Whether this process may have files of SIZE bytes.  To write on beyond its
 * limit would raise a signal, which ends the process.
 */
bool jn_disk_allows(uint64_t size);

#endif
