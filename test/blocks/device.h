/*
 * device.h - files as block devices, and file systems on them.
 *
 * In a mount namespace of the process's own: when it and its children are gone,
 * however they ended, so are the mounts, and the loop devices with them.
 */
#ifndef TEST_BLOCKS_DEVICE_H
#define TEST_BLOCKS_DEVICE_H

#include <stdbool.h>

/* A block device; it goes when nobody has it open any more. */
struct device {
    int file;
    char name[32];
};

/* Why it cannot be done here, in words; NULL if it can. */
const char *device_trouble(void);

/* From now on mounts are this process's own affair. */
void device_go_private(void);

/* The file PATH as a block device; false if there is none left. */
bool device_attach(struct device *device, const char *path);
void device_detach(struct device *device);

/* The file system on it at DIRECTORY; 0, or an errno. */
int device_mount(const struct device *device, const char *directory);
int device_unmount(const char *directory);

/* An empty file system of SIZE bytes in the new file PATH. */
void device_format(const char *path, unsigned long long size);

#endif
