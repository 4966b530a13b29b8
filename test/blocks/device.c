/* device.c - files as block devices, and file systems on them. */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRIES 200u

static void
rest(void)
{
    const struct timespec time = {.tv_nsec = 5000000};

    (void)nanosleep(&time, NULL);
}

/* Whether a namespace of one's own may be had, without getting one. */
static bool
may_mount(void)
{
    pid_t child = fork();
    int status = 1;

    if (child == 0)
        _exit(unshare(CLONE_NEWNS) != 0 ||
              mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static bool
has_loop(void)
{
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    bool has = control >= 0 && ioctl(control, LOOP_CTL_GET_FREE) >= 0;

    if (control >= 0)
        (void)close(control);
    return has;
}

/* Runs mkfs on PATH, or only asks for its version. */
static int
make_file_system(const char *path)
{
    char command[4200];

    (void)snprintf(command, sizeof(command),
                   "PATH=$PATH:/usr/sbin:/sbin mkfs.ext4 -q -F -b 4096 "
                   "-J size=4 -N 64 -m 0 -E nodiscard,lazy_itable_init=0,"
                   "lazy_journal_init=0 '%s' >/dev/null 2>&1",
                   path);
    return system(path != NULL ? command
                               : "PATH=$PATH:/usr/sbin:/sbin "
                                 "mkfs.ext4 -V >/dev/null 2>&1");
}

const char *
device_trouble(void)
{
    if (geteuid() != 0)
        return "this needs to be root";
    if (access("/dev/fuse", R_OK | W_OK) != 0)
        return "there is no /dev/fuse";
    if (!has_loop())
        return "there are no loop devices";
    if (make_file_system(NULL) != 0)
        return "there is no mkfs.ext4";
    if (!may_mount())
        return "nothing may be mounted";
    return NULL;
}

void
device_go_private(void)
{
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        abort();
}

void
device_format(const char *path, unsigned long long size)
{
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (file < 0 || ftruncate(file, (off_t)size) != 0 ||
        make_file_system(path) != 0)
        abort();
    (void)close(file);
}

/* ---- block devices ------------------------------------------------------ */

/* One that is free may be somebody else's a moment later. */
static bool
try_attach(struct device *device, int file, int control)
{
    struct loop_config config = {.fd = (uint32_t)file,
                                 .info = {.lo_flags = LO_FLAGS_AUTOCLEAR}};
    int number = ioctl(control, LOOP_CTL_GET_FREE);

    if (number < 0)
        return false;
    (void)snprintf(device->name, sizeof(device->name), "/dev/loop%d", number);
    device->file = open(device->name, O_RDWR | O_CLOEXEC);
    if (device->file < 0)
        return false;
    if (ioctl(device->file, LOOP_CONFIGURE, &config) == 0)
        return true;
    (void)close(device->file);
    return false;
}

bool
device_attach(struct device *device, const char *path)
{
    int file = open(path, O_RDWR | O_CLOEXEC);
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    bool done = false;

    for (unsigned i = 0; i < TRIES && !done && file >= 0; i++) {
        done = try_attach(device, file, control);
        if (!done)
            rest();
    }
    if (file >= 0)
        (void)close(file);
    if (control >= 0)
        (void)close(control);
    return done;
}

void
device_detach(struct device *device)
{
    (void)ioctl(device->file, LOOP_CLR_FD);
    (void)close(device->file);
}

/* What was read of it before is forgotten: the file may have changed. */
int
device_mount(const struct device *device, const char *directory)
{
    (void)ioctl(device->file, BLKFLSBUF);
    return mount(device->name, directory, "ext4", MS_NOATIME, "") == 0 ? 0
                                                                       : errno;
}

/* Somebody may just be looking at it. */
int
device_unmount(const char *directory)
{
    for (unsigned i = 0; i < TRIES; i++) {
        if (umount2(directory, 0) == 0)
            return 0;
        if (errno != EBUSY)
            return errno;
        rest();
    }
    return EBUSY;
}
