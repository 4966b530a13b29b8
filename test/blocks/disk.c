/* disk.c - a disk in shared memory that remembers what was done to it. */
#include "disk.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LOG_SIZE (UINT64_C(192) << 20)

struct disk {
    pthread_mutex_t lock; /* of the log and the wounds */
    bool records;
    bool is_full;
    size_t used; /* of the log */
    struct wounds wounds;
    unsigned touched; /* writes that met one */
    unsigned failed;
    uint8_t bytes[DISK_SIZE];
    uint8_t log[LOG_SIZE];
};

static void
init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t shared;

    if (pthread_mutexattr_init(&shared) != 0 ||
        pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED) != 0 ||
        pthread_mutex_init(lock, &shared) != 0)
        abort();
    (void)pthread_mutexattr_destroy(&shared);
}

struct disk *
disk_new(const char *image)
{
    FILE *file = fopen(image, "rbe");
    struct disk *disk = mmap(NULL, sizeof(*disk), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (disk == MAP_FAILED || file == NULL ||
        fread(disk->bytes, 1, DISK_SIZE, file) != DISK_SIZE)
        abort();
    (void)fclose(file);
    init_lock(&disk->lock);
    return disk;
}

void
disk_free(struct disk *disk)
{
    (void)munmap(disk, sizeof(*disk));
}

const uint8_t *
disk_bytes(const struct disk *disk)
{
    return disk->bytes;
}

static void
lock(struct disk *disk)
{
    if (pthread_mutex_lock(&disk->lock) != 0)
        abort();
}

static void
unlock(struct disk *disk)
{
    (void)pthread_mutex_unlock(&disk->lock);
}

void
disk_record(struct disk *disk)
{
    lock(disk);
    disk->records = true;
    disk->is_full = false;
    disk->used = 0;
    unlock(disk);
}

/* ---- the log ------------------------------------------------------------ */

/* With its data behind it, and as many bytes as end a word. */
static size_t
size_of(uint64_t data)
{
    return sizeof(struct disk_event) + (size_t)((data + 7) & ~UINT64_C(7));
}

static void
add(struct disk *disk, const struct disk_event *event)
{
    size_t size = event->data == NULL ? 0 : event->size;

    if (!disk->records)
        return;
    if (size_of(size) > LOG_SIZE - disk->used) {
        disk->is_full = true;
        return;
    }
    memcpy(disk->log + disk->used, event, sizeof(*event));
    if (size > 0)
        memcpy(disk->log + disk->used + sizeof(*event), event->data, size);
    disk->used += size_of(size);
}

bool
disk_is_full(const struct disk *disk)
{
    return disk->is_full;
}

bool
disk_read_log(const struct disk *disk, size_t *place, struct disk_event *event)
{
    if (*place == disk->used)
        return false;
    memcpy(event, disk->log + *place, sizeof(*event));
    if (event->data != NULL)
        event->data = disk->log + *place + sizeof(*event);
    *place += size_of(event->data == NULL ? 0 : event->size);
    return true;
}

/* ---- what happens ------------------------------------------------------- */

static bool
touches(const struct wounds *wounds, uint64_t from, uint64_t to)
{
    unsigned i = 0;

    while (i < wounds->count &&
           (to <= wounds->from[i] || wounds->to[i] <= from))
        i++;
    return i < wounds->count;
}

/* With the lock held: whether a write there fails. */
static bool
fails(struct disk *disk, uint64_t offset, size_t size)
{
    const struct wounds *wounds = &disk->wounds;
    unsigned call;

    if (!touches(wounds, offset, offset + size))
        return false;
    call = ++disk->touched;
    if (call < wounds->n || call - wounds->n >= wounds->times)
        return false;
    disk->failed++;
    return true;
}

bool
disk_write(struct disk *disk, uint64_t offset, const void *data, size_t size)
{
    const struct disk_event event = {.kind = DISK_WRITTEN,
                                     .offset = offset,
                                     .size = size,
                                     .data = data};
    bool bad;

    if (offset > DISK_SIZE || size > DISK_SIZE - offset)
        return false;
    lock(disk);
    bad = fails(disk, offset, size);
    if (!bad || disk->wounds.after) {
        memcpy(disk->bytes + offset, data, size);
        add(disk, &event);
    }
    unlock(disk);
    return !bad;
}

void
disk_flush(struct disk *disk)
{
    const struct disk_event event = {.kind = DISK_FLUSHED};

    lock(disk);
    add(disk, &event);
    unlock(disk);
}

void
disk_note(struct disk *disk, uint32_t what, uint64_t number)
{
    const struct disk_event event = {.kind = DISK_NOTED,
                                     .what = what,
                                     .number = number};

    lock(disk);
    add(disk, &event);
    unlock(disk);
}

void
disk_hurt(struct disk *disk, const struct wounds *wounds)
{
    lock(disk);
    disk->wounds = *wounds;
    disk->touched = disk->failed = 0;
    unlock(disk);
}

unsigned
disk_heal(struct disk *disk)
{
    unsigned failed;

    lock(disk);
    disk->wounds.count = 0;
    failed = disk->failed;
    unlock(disk);
    return failed;
}
