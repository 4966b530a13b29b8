/* faults.c - which call it is that fails, and how. */
#include "faults.h"

#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "inside.h"

/* Shared by the process and its children. */
static struct orders {
    atomic_int classes;
    int paused; /* the classes, meanwhile */
    atomic_uint calls;
    atomic_uint of_class[FAULT_CLASSES];
    atomic_bool hit;
    struct fault fault;
    char directory[PATH_MAX];
    char file[NAME_MAX + 1];
} * orders;

/* Where calls came from; an address of 0 is a free place. */
static struct noted {
    atomic_uintptr_t address;
    atomic_int class;
    atomic_bool failed;
} * noted;

static void *
shared_memory(size_t size)
{
    void *memory = (void *)syscall(SYS_mmap, NULL, size, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        abort();
    return memory;
}

/* ---- orders ------------------------------------------------------------- */

void
faults_order(const char *directory, const struct fault *fault)
{
    if (orders == NULL)
        orders = shared_memory(sizeof(*orders));
    atomic_store(&orders->classes, FAULT_NONE);
    atomic_store(&orders->calls, 0);
    for (unsigned i = 0; i < FAULT_CLASSES; i++)
        atomic_store(&orders->of_class[i], 0);
    atomic_store(&orders->hit, false);
    orders->file[0] = '\0';
    orders->fault = *fault;
    snprintf(orders->directory, sizeof(orders->directory), "%s", directory);
    atomic_store(&orders->classes, fault->classes);
}

void
faults_arm(const char *directory, int classes, unsigned n, int error,
           enum fault_effect effect, bool for_ever)
{
    const struct fault fault = {.classes = classes,
                                .n = n,
                                .times = for_ever ? FAULT_FOR_EVER : 1,
                                .error = error,
                                .effect = effect};

    faults_order(directory, &fault);
}

void
faults_count(const char *directory, int classes)
{
    faults_arm(directory, classes, UINT_MAX, 0, FAULT_BEFORE, false);
}

unsigned
faults_disarm(void)
{
    atomic_store(&orders->classes, FAULT_NONE);
    return atomic_load(&orders->calls);
}

static atomic_uint *
calls_of(int class)
{
    return &orders->of_class[__builtin_ctz((unsigned)class)];
}

unsigned
faults_calls(int class)
{
    return atomic_load(calls_of(class));
}

void
faults_pause(void)
{
    orders->paused = atomic_exchange(&orders->classes, FAULT_NONE);
}

void
faults_resume(void)
{
    atomic_store(&orders->classes, orders->paused);
}

bool
faults_hit(void)
{
    return atomic_load(&orders->hit);
}

int
faults_ordered(void)
{
    return orders->fault.classes;
}

const char *
faults_file(void)
{
    return orders->file;
}

int
fault_error(void)
{
    return orders->fault.error;
}

/* ---- places ------------------------------------------------------------- */

void
faults_note_sites(void)
{
    if (noted == NULL)
        noted = shared_memory(FAULT_SITES * sizeof(*noted));
}

static void
note(enum fault_class class, uintptr_t site, bool failed)
{
    unsigned place = (unsigned)(site * 2654435761u % FAULT_SITES);

    for (unsigned i = 0; noted != NULL && i < FAULT_SITES; i++) {
        struct noted *one = &noted[(place + i) % FAULT_SITES];
        uintptr_t free_place = 0;

        if (!atomic_compare_exchange_strong(&one->address, &free_place, site) &&
            free_place != site)
            continue;
        atomic_store(&one->class, (int)class);
        if (failed)
            atomic_store(&one->failed, true);
        return;
    }
}

unsigned
faults_sites(struct fault_site *sites)
{
    unsigned count = 0;

    for (unsigned i = 0; noted != NULL && i < FAULT_SITES; i++)
        if (atomic_load(&noted[i].address) != 0)
            sites[count++] = (struct fault_site){
                .address = atomic_load(&noted[i].address),
                .class = atomic_load(&noted[i].class),
                .failed = atomic_load(&noted[i].failed)};
    return count;
}

/* ---- calls -------------------------------------------------------------- */

static bool
is_below(const char *path)
{
    size_t length = strlen(orders->directory);

    return strncmp(path, orders->directory, length) == 0;
}

/* The path of an open file; false if it has none. */
static bool
find_path(int file, char path[PATH_MAX])
{
    char link[64];
    ssize_t size;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
    size = readlink(link, path, PATH_MAX - 1);
    path[size > 0 ? size : 0] = '\0';
    return size > 0;
}

NO_THREAD_SANITIZER bool
fault_was_ordered(void)
{
    return orders != NULL;
}

static bool is_awaited(enum fault_class class)
{
    return orders != NULL && (atomic_load(&orders->classes) & (int)class) != 0;
}

static bool
is_one_of(const struct fault *fault, unsigned call)
{
    if (call == fault->second)
        return true;
    return call >= fault->n && call - fault->n < fault->times;
}

static void
note_hit(const char *path)
{
    const char *name = strrchr(path, '/');

    if (atomic_exchange(&orders->hit, true))
        return;
    snprintf(orders->file, sizeof(orders->file), "%.255s",
             name == NULL ? path : name + 1);
}

/* Counts a call that is awaited. */
static enum verdict
judge(enum fault_class class, uintptr_t site, const char *path)
{
    const struct fault *fault = &orders->fault;
    unsigned call = atomic_fetch_add(&orders->calls, 1) + 1;
    bool fails = is_one_of(fault, call);

    atomic_fetch_add(calls_of((int)class), 1);
    note(class, site, fails);
    if (!fails)
        return VERDICT_GO;
    if (fault->effect == FAULT_KILL)
        (void)raise(SIGKILL);
    note_hit(path);
    if (fault->effect == FAULT_SHORT)
        return call == fault->n ? VERDICT_HALF : VERDICT_REFUSED;
    return fault->effect == FAULT_AFTER ? VERDICT_DENIED : VERDICT_REFUSED;
}

enum verdict
fault_of_file(enum fault_class class, uintptr_t site, int file)
{
    char path[PATH_MAX];

    if (!is_awaited(class) || !find_path(file, path) || !is_below(path))
        return VERDICT_GO;
    return judge(class, site, path);
}

enum verdict
fault_of_path(enum fault_class class, uintptr_t site, const char *path)
{
    if (!is_awaited(class) || !is_below(path))
        return VERDICT_GO;
    return judge(class, site, path);
}

enum verdict
fault_of_any(enum fault_class class, uintptr_t site)
{
    return is_awaited(class) ? judge(class, site, "") : VERDICT_GO;
}
