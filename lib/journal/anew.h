/*
 * anew.h - the store's file, made sure of after a write that failed.
 *
 * Then the page cache and the disk differ, and the system takes them to be the
 * same.  What is to be built upon has to be on the disk.
 */
#ifndef JN_ANEW_H
#define JN_ANEW_H

/*
 * Lets what is read of the data file in DIRECTORY from now on be what the disk
 * has: ext4 does not even make a block part of the file whose first write
 * failed, and that was then written again, as pages of a commit that failed
 * are.  The system does not forget what somebody has mapped.  0 or an errno.
 */
int jn_anew_read(const char *directory);

/*
 * Writes the meta pages once more, as they are read, so that the disk has what
 * is built upon, whatever the system has forgotten.  0 or an errno.
 */
int jn_anew_write(const char *directory);

#endif
