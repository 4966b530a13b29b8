/* watch.c - looks at the memory of this process until it is told to stop. */
#include "watch.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

#define LOOK_EVERY_US 200

static uint64_t
anonymous_bytes(const struct watch *watch)
{
    char text[128] = "";
    unsigned long size, resident, shared;

    if (pread(watch->statm, text, sizeof(text) - 1, 0) <= 0 ||
        sscanf(text, "%lu %lu %lu", &size, &resident, &shared) != 3)
        bench_fail("/proc/self/statm cannot be read");
    return resident > shared ? (resident - shared) * (uint64_t)watch->page : 0;
}

static void *
look(void *context)
{
    struct watch *watch = context;

    while (!atomic_load(&watch->stop)) {
        uint64_t bytes = anonymous_bytes(watch);

        if (bytes > atomic_load(&watch->peak))
            atomic_store(&watch->peak, bytes);
        usleep(LOOK_EVERY_US);
    }
    return NULL;
}

void
watch_begin(struct watch *watch)
{
    *watch = (struct watch){.page = sysconf(_SC_PAGESIZE)};
    watch->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (watch->statm < 0 ||
        pthread_create(&watch->thread, NULL, look, watch) != 0)
        bench_fail("memory cannot be watched");
    /* What the watching itself takes is taken before the base is read. */
    while (atomic_load(&watch->peak) == 0)
        usleep(LOOK_EVERY_US);
    watch->base = anonymous_bytes(watch);
}

uint64_t
watch_end(struct watch *watch)
{
    uint64_t last = anonymous_bytes(watch);
    uint64_t peak;

    atomic_store(&watch->stop, true);
    pthread_join(watch->thread, NULL);
    close(watch->statm);
    /* Memory that is still held counts even if no look fell late enough. */
    peak = atomic_load(&watch->peak);
    if (last > peak)
        peak = last;
    return peak - watch->base;
}
