/*
 * server.h - a disk as a file of the system's, over FUSE.
 *
 * Speaks the kernel's protocol itself, which for one file is little: so that
 * no library need be there.
 */
#ifndef TEST_BLOCKS_SERVER_H
#define TEST_BLOCKS_SERVER_H

#include <sys/types.h>

#include "disk.h"

/*
 * Lets the file PATH be DISK, served by a child until it is killed, in the
 * mount namespace of this process.  Returns the child; negative: an errno.
 */
pid_t server_start(struct disk *disk, const char *path);

#endif
