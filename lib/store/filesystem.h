/* filesystem.h - whether a file system is one to keep a journal on. */
#ifndef JN_FILESYSTEM_H
#define JN_FILESYSTEM_H

/*
 * JOURNAL_UNSUPPORTED where PATH is on a network file system: shared maps and
 * locks, on which LMDB relies, do not hold between machines there.
 */
int jn_filesystem_check(const char *path);

#endif
