/* server.c - a disk as a file of the system's, over FUSE. */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define WRITE_MAX (128u << 10)
#define REQUEST_MAX (WRITE_MAX + 65536u)
#define VALID_SECONDS 3600u

/* A request that is being answered. */
struct request {
    int device;
    struct disk *disk;
    const struct fuse_in_header *header;
    const void *body;
};

static void
answer(const struct request *request, int error, const void *data, size_t size)
{
    struct fuse_out_header header = {
        .len = (uint32_t)(sizeof(header) + size),
        .error = -error,
        .unique = request->header->unique,
    };
    struct iovec parts[2] = {{&header, sizeof(header)},
                             {(void *)(uintptr_t)data, size}};

    (void)!writev(request->device, parts, size > 0 ? 2 : 1);
}

static void
answer_init(const struct request *request)
{
    const struct fuse_init_in *in = request->body;
    struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION,
                                .minor = in->minor < 31 ? in->minor : 31,
                                .max_readahead = in->max_readahead,
                                .flags = FUSE_BIG_WRITES,
                                .max_background = 16,
                                .congestion_threshold = 12,
                                .max_write = WRITE_MAX,
                                .time_gran = 1};

    answer(request, 0, &out, sizeof(out));
}

static void
answer_attributes(const struct request *request)
{
    struct fuse_attr_out out = {.attr_valid = VALID_SECONDS};

    out.attr.ino = 1;
    out.attr.size = DISK_SIZE;
    out.attr.blocks = DISK_SIZE / 512;
    out.attr.mode = S_IFREG | 0600;
    out.attr.nlink = 1;
    out.attr.blksize = DISK_UNIT;
    answer(request, 0, &out, sizeof(out));
}

static void
answer_open(const struct request *request)
{
    const struct fuse_open_out out = {.open_flags = FOPEN_DIRECT_IO};

    answer(request, 0, &out, sizeof(out));
}

static void
answer_read(const struct request *request)
{
    const struct fuse_read_in *in = request->body;
    size_t size = in->size;

    if (in->offset >= DISK_SIZE)
        size = 0;
    else if (size > DISK_SIZE - in->offset)
        size = DISK_SIZE - in->offset;
    answer(request, 0, disk_bytes(request->disk) + in->offset, size);
}

static void
answer_write(const struct request *request)
{
    const struct fuse_write_in *in = request->body;
    const struct fuse_write_out out = {.size = in->size};

    if (disk_write(request->disk, in->offset, in + 1, in->size))
        answer(request, 0, &out, sizeof(out));
    else
        answer(request, EIO, NULL, 0);
}

static void
answer_statfs(const struct request *request)
{
    const struct fuse_statfs_out out = {.st = {.bsize = DISK_UNIT}};

    answer(request, 0, &out, sizeof(out));
}

static void
answer_any(const struct request *request)
{
    switch (request->header->opcode) {
    case FUSE_INIT:
        answer_init(request);
        break;
    case FUSE_GETATTR:
    case FUSE_SETATTR:
        answer_attributes(request);
        break;
    case FUSE_OPEN:
        answer_open(request);
        break;
    case FUSE_READ:
        answer_read(request);
        break;
    case FUSE_WRITE:
        answer_write(request);
        break;
    case FUSE_FSYNC:
        disk_flush(request->disk);
        answer(request, 0, NULL, 0);
        break;
    case FUSE_FLUSH:
    case FUSE_RELEASE:
        answer(request, 0, NULL, 0);
        break;
    case FUSE_STATFS:
        answer_statfs(request);
        break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
        break;
    default:
        answer(request, ENOSYS, NULL, 0);
    }
}

/* One request after the other: what is logged has the order of the answers. */
static void __attribute__((noreturn)) serve(struct disk *disk, int device)
{
    static uint64_t buffer[REQUEST_MAX / sizeof(uint64_t)];
    const struct fuse_in_header *header = (const void *)buffer;
    struct request request = {.device = device,
                              .disk = disk,
                              .header = header,
                              .body = header + 1};

    for (;;) {
        ssize_t size = read(device, buffer, sizeof(buffer));

        if (size < 0 && (errno == EINTR || errno == ENOENT || errno == EAGAIN))
            continue;
        if (size < (ssize_t)sizeof(*header))
            _exit(0);
        answer_any(&request);
    }
}

pid_t
server_start(struct disk *disk, const char *path)
{
    int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    pid_t parent = getpid(), child;
    char options[100];

    if (device < 0)
        return -errno;
    (void)snprintf(options, sizeof(options),
                   "fd=%d,rootmode=100600,user_id=0,group_id=0,max_read=%u",
                   device, WRITE_MAX);
    if (mount("disk", path, "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
        int error = errno;

        (void)close(device);
        return -error;
    }
    child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        serve(disk, device);
    }
    (void)close(device);
    return child;
}
