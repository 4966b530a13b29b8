/* extents.c - where on the disk the bytes of a file are. */
#include "extents.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define META_SIZE (2u * DISK_UNIT)
#define NOWHERE                                                                \
    (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_DATA_INLINE)

/* What is not on the disk yet has no place there. */
static bool
is_wanted(const struct fiemap_extent *extent, enum extents which)
{
    if ((extent->fe_flags & NOWHERE) != 0)
        return false;
    return which != EXTENTS_FRESH ||
           (extent->fe_flags & FIEMAP_EXTENT_UNWRITTEN) != 0;
}

static void
add_one(struct wounds *wounds, const struct fiemap_extent *extent,
        enum extents which)
{
    uint64_t size = extent->fe_length;
    unsigned i = wounds->count;

    if (which == EXTENTS_META && extent->fe_logical >= META_SIZE)
        return;
    if (which == EXTENTS_META && size > META_SIZE - extent->fe_logical)
        size = META_SIZE - extent->fe_logical;
    if (i == DISK_WOUNDS || !is_wanted(extent, which))
        return;
    wounds->from[i] = extent->fe_physical;
    wounds->to[i] = extent->fe_physical + size;
    wounds->count++;
}

void
extents_add(struct wounds *wounds, const char *directory, const char *name,
            enum extents which)
{
    static uint64_t memory[(sizeof(struct fiemap) +
                            DISK_WOUNDS * sizeof(struct fiemap_extent)) /
                           sizeof(uint64_t)];
    struct fiemap *map = (void *)memory;
    char path[PATH_MAX];
    int file;

    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    map->fm_start = 0;
    map->fm_length = FIEMAP_MAX_OFFSET;
    map->fm_flags = 0;
    map->fm_extent_count = DISK_WOUNDS;
    if (ioctl(file, FS_IOC_FIEMAP, map) != 0)
        abort();
    for (unsigned i = 0; i < map->fm_mapped_extents; i++)
        add_one(wounds, &map->fm_extents[i], which);
    (void)close(file);
}
