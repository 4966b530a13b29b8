/* mounts.c - file systems of a process's own. */
#include "mounts.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

bool
mounts_own(void)
{
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

bool
mounts_disk(const char *directory, unsigned size)
{
    char options[32];

    (void)snprintf(options, sizeof(options), "size=%u", size);
    if (mounts_own() && mount("none", directory, "tmpfs", 0, options) == 0)
        return true;
    printf("skipped: no disk of its own: %s\n", strerror(errno));
    (void)fflush(stdout);
    return false;
}
