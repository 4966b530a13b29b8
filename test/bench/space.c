/* space.c - the blocks and sizes of a directory's files. */
#include "space.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "bench.h"

struct bytes
space_of(const char *path)
{
    DIR *directory = opendir(path);
    struct bytes bytes = {0};
    const struct dirent *file;
    struct stat status;

    if (directory == NULL)
        bench_fail("%s: cannot be listed", path);
    while ((file = readdir(directory)) != NULL) {
        if (fstatat(dirfd(directory), file->d_name, &status,
                    AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(status.st_mode)) {
            bytes.disk += (uint64_t)status.st_blocks * 512;
            bytes.size += (uint64_t)status.st_size;
        }
    }
    closedir(directory);
    return bytes;
}
