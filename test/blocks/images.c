/* images.c - what a loss of power may leave of a disk. */
#include "images.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "power/claims.h"
#include "power/judge.h"
#include "support/test.h"

#define UNITS_MAX 8192u
#define GO_ON_EVERY 16u

/* A unit of what has been written since the last flush. */
struct unit {
    uint64_t offset;
    const uint8_t *data;
    unsigned write; /* the number of the write it is of */
};

/* One process's part of the work. */
struct explorer {
    const struct images *images;
    struct images_figures *figures; /* shared */
    unsigned which;
    unsigned number; /* of the image, in all processes the same */
    unsigned epoch;
    uint8_t *durable;
    uint8_t *image; /* the file that is mounted */
    struct device device;
    struct claims *claims;
    struct unit *units;
    size_t count;
    unsigned writes;
    bool *chosen;
    char mounted[PATH_MAX];
};

/* ---- one image ---------------------------------------------------------- */

/* Only what differs: most of a disk stays as it is. */
static void
put(struct explorer *explorer, uint64_t offset, const uint8_t *data)
{
    if (memcmp(explorer->image + offset, data, DISK_UNIT) != 0)
        memcpy(explorer->image + offset, data, DISK_UNIT);
}

static void
build(struct explorer *explorer)
{
    for (uint64_t offset = 0; offset < DISK_SIZE; offset += DISK_UNIT)
        put(explorer, offset, explorer->durable + offset);
    for (size_t i = 0; i < explorer->count; i++)
        if (explorer->chosen[i])
            put(explorer, explorer->units[i].offset, explorer->units[i].data);
}

static bool
judge(struct explorer *explorer, char *why)
{
    static struct state image;
    struct journal *journal = NULL;
    bool good = judge_open(explorer->mounted, !explorer->claims->exists,
                           &journal, &image, why);

    if (good && !claims_allow(explorer->claims, &image)) {
        (void)snprintf(why, WHY_SIZE, "not what was acknowledged: size %llu",
                       (unsigned long long)image.size);
        good = false;
    }
    if (good && explorer->number % GO_ON_EVERY == 0 && image.size > 0 &&
        image.size + 64 < LIFE_ENTRIES) {
        __atomic_fetch_add(&explorer->figures->gone_on, 1, __ATOMIC_RELAXED);
        return judge_go_on(explorer->mounted, journal, &image,
                           explorer->images->seed + 1, why);
    }
    journal_close(journal);
    return good;
}

static void
try_one(struct explorer *explorer)
{
    char why[WHY_SIZE] = "";
    bool good = false;
    int rc;

    build(explorer);
    rc = device_mount(&explorer->device, explorer->mounted);
    if (rc != 0) {
        (void)snprintf(why, sizeof(why), "mount: %s", strerror(rc));
    } else {
        good = judge(explorer, why);
        rc = device_unmount(explorer->mounted);
        if (rc != 0) {
            (void)snprintf(why, sizeof(why), "unmount: %s", strerror(rc));
            good = false;
        }
    }
    __atomic_fetch_add(&explorer->figures->images, 1, __ATOMIC_RELAXED);
    if (good)
        return;
    __atomic_fetch_add(&explorer->figures->violations, 1, __ATOMIC_RELAXED);
    printf("seed %llu, epoch %u, image %u: %s\n",
           (unsigned long long)explorer->images->seed, explorer->epoch,
           explorer->number, why);
    (void)fflush(stdout);
}

/* ---- between two flushes ------------------------------------------------ */

static void
choose(struct explorer *explorer, unsigned kind, uint64_t *chance)
{
    uint64_t density = test_random(chance) % 3;
    unsigned write = (unsigned)(test_random(chance) % (explorer->writes + 1));

    for (size_t i = 0; i < explorer->count; i++) {
        bool *chosen = &explorer->chosen[i];
        unsigned of = explorer->units[i].write;

        switch (kind) {
        case 0: /* nothing */
        case 1: /* all */
            *chosen = kind == 1;
            break;
        case 2: /* up to a write */
            *chosen = of < write;
            break;
        case 3: /* all but one */
            *chosen = of != write;
            break;
        case 4: /* one alone */
            *chosen = of == write;
            break;
        default:
            *chosen = test_random(chance) % 4 <= density;
        }
    }
}

/* The end of an epoch has the strongest acknowledgements of it. */
static void
explore_epoch(struct explorer *explorer)
{
    const struct images *images = explorer->images;
    uint64_t chance = images->seed + 7919u * explorer->epoch;
    unsigned most = images->most;

    if (explorer->count == 0)
        return;
    if (most > 2u << explorer->writes && explorer->writes < 8)
        most = 2u << explorer->writes;
    if (explorer->which == 0)
        explorer->figures->epochs++;
    for (unsigned i = 0; i < most; i++) {
        uint64_t here = test_random(&chance);

        if (explorer->number++ % images->jobs != explorer->which)
            continue;
        choose(explorer, i < 2 ? i : 2 + i % 6, &here);
        try_one(explorer);
    }
}

static void
make_durable(struct explorer *explorer)
{
    for (size_t i = 0; i < explorer->count; i++)
        memcpy(explorer->durable + explorer->units[i].offset,
               explorer->units[i].data, DISK_UNIT);
    explorer->count = 0;
    explorer->writes = 0;
}

static void
add_write(struct explorer *explorer, const struct disk_event *event)
{
    if (event->offset % DISK_UNIT != 0 || event->size % DISK_UNIT != 0)
        abort();
    for (uint64_t at = 0; at < event->size; at += DISK_UNIT) {
        struct unit *unit = &explorer->units[explorer->count++];

        if (explorer->count > UNITS_MAX)
            abort();
        unit->offset = event->offset + at;
        unit->data = event->data + at;
        unit->write = explorer->writes;
    }
    explorer->writes++;
}

static void
note(struct explorer *explorer, const struct disk_event *event)
{
    const struct event told = {.kind = (enum event_kind)event->what,
                               .pair = event->number};

    claims_happens(explorer->claims, &told);
}

static void
go_through(struct explorer *explorer)
{
    struct disk_event event;
    size_t place = 0;

    while (disk_read_log(explorer->images->disk, &place, &event)) {
        if (event.kind == DISK_WRITTEN) {
            add_write(explorer, &event);
        } else if (event.kind == DISK_NOTED) {
            note(explorer, &event);
        } else {
            explore_epoch(explorer);
            if (!explorer->images->lies || explorer->epoch % 3 == 0)
                make_durable(explorer);
            explorer->epoch++;
        }
    }
    explore_epoch(explorer);
}

/* ---- all ---------------------------------------------------------------- */

static void *
allocate(size_t size)
{
    void *memory = calloc(1, size);

    if (memory == NULL)
        abort();
    return memory;
}

static void
start(struct explorer *explorer, const char *path)
{
    static struct state nothing;
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (file < 0 || ftruncate(file, (off_t)DISK_SIZE) != 0)
        abort();
    explorer->image = mmap(NULL, DISK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
                           file, 0);
    if (explorer->image == MAP_FAILED)
        abort();
    (void)close(file);
    explorer->durable = allocate(DISK_SIZE);
    memcpy(explorer->durable, explorer->images->start, DISK_SIZE);
    explorer->units = allocate(UNITS_MAX * sizeof(struct unit));
    explorer->chosen = allocate(UNITS_MAX * sizeof(bool));
    explorer->claims = allocate(sizeof(struct claims));
    state_init(&nothing);
    claims_init(explorer->claims, explorer->images->life, &nothing, true,
                false);
    if (!device_attach(&explorer->device, path) ||
        (mkdir(explorer->mounted, 0700) != 0 && errno != EEXIST))
        abort();
}

/* A process's whole life. */
static void __attribute__((noreturn))
live(const struct images *images, struct images_figures *figures,
     unsigned which)
{
    struct explorer explorer = {.images = images,
                                .figures = figures,
                                .which = which};
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/image-%u", images->stage, which);
    (void)snprintf(explorer.mounted, sizeof(explorer.mounted), "%s/mounted-%u",
                   images->stage, which);
    start(&explorer, path);
    go_through(&explorer);
    device_detach(&explorer.device);
    _exit(0);
}

/* After one that was killed. */
static void
tidy_up(const struct images *images, unsigned which)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/mounted-%u", images->stage, which);
    while (device_unmount(path) == 0)
        continue;
}

void
images_explore(const struct images *images, struct images_figures *figures)
{
    struct images_figures *shared = test_shared(sizeof(*shared));
    pid_t children[64];

    if (images->jobs > 64)
        abort();
    (void)fflush(stdout);
    for (unsigned i = 0; i < images->jobs; i++) {
        children[i] = fork();
        if (children[i] == 0)
            live(images, shared, i);
    }
    for (unsigned i = 0; i < images->jobs; i++) {
        int status = 0;

        if (waitpid(children[i], &status, 0) != children[i] || status != 0) {
            printf("the process that looks ended with status %d\n", status);
            shared->violations++;
        }
    }
    for (unsigned i = 0; i < images->jobs; i++)
        tidy_up(images, i);
    figures->images += shared->images;
    figures->epochs += shared->epochs;
    figures->gone_on += shared->gone_on;
    figures->violations += shared->violations;
    test_unshare(shared, sizeof(*shared));
}
