/* recorder.c - writes down what is done to files, as it is done. */
#include "recorder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "recorded.h"

#define OPEN_MAX_HERE 1024
#define BLOCK 512u
#define PIECE ((size_t)64 << 10)

/* The size up to which a mapped file is followed, and how many of them. */
#define SHADOW_SIZE ((size_t)16 << 20)
#define SHADOWS (TRACE_FILES - TRACE_FIRST_FILE)

static struct trace *trace; /* NULL: off */
static char stage[PATH_MAX];
static char home[PATH_MAX];

/* Of this process, by descriptor; used under the trace's lock. */
static struct {
    uint32_t file; /* NOT_OURS: not below the directory */
    bool dsync;
} opened[OPEN_MAX_HERE];

/* What is known of files that may be mapped; by file, shared by processes. */
static struct shadow {
    bool known;
    size_t size;
    uint8_t *data;
} * shadows;

/* This process's own descriptor of such a file, + 1. */
static int watched[TRACE_FILES];

/* ---- what is known ------------------------------------------------------ */

static bool
may_be_mapped(const char *name)
{
    return strncmp(name, "data.mdb", 8) != 0 && strcmp(name, "lock.mdb") != 0;
}

static void
make_shadows(void)
{
    size_t table = TRACE_FILES * sizeof(*shadows);
    uint8_t *memory = mmap(NULL, table + SHADOWS * SHADOW_SIZE,
                           PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        abort();
    shadows = (struct shadow *)(void *)memory;
    for (size_t i = 0; i < SHADOWS; i++)
        shadows[TRACE_FIRST_FILE + i].data = memory + table + i * SHADOW_SIZE;
}

static struct shadow *
shadow_of(uint32_t file)
{
    if (file >= TRACE_FIRST_FILE + SHADOWS)
        abort();
    return &shadows[file];
}

static void
add_write(uint32_t file, uint64_t offset, const uint8_t *data, size_t size)
{
    const struct event event = {.kind = EVENT_WRITTEN,
                                .file = file,
                                .offset = offset,
                                .size = size,
                                .data = data};

    if (size > 0)
        trace_add(trace, &event);
}

/*
 * What differs between NOW, SIZE bytes that are at offset AT by now, and what
 * is known; a stretch of blocks that ends where NOW begins is in *BEGIN, *END.
 */
static void
compare_piece(uint32_t file, const uint8_t *now, size_t size, size_t at,
              size_t *begin, size_t *end)
{
    uint8_t *known = shadow_of(file)->data + at;

    if (memcmp(known, now, size) == 0)
        return;
    for (size_t done = 0; done < size; done += BLOCK) {
        size_t part = size - done < BLOCK ? size - done : BLOCK;

        if (memcmp(known + done, now + done, part) == 0)
            continue;
        memcpy(known + done, now + done, part);
        if (*end != at + done) {
            add_write(file, *begin, shadow_of(file)->data + *begin,
                      *end - *begin);
            *begin = at + done;
        }
        *end = at + done + part;
    }
}

/* Puts on record what has been stored into FILE without a call. */
static void
look_for_stores(uint32_t file)
{
    struct shadow *shadow = shadow_of(file);
    static uint8_t now[PIECE];
    size_t begin = 0, end = 0;

    for (size_t at = 0; at < shadow->size; at += PIECE) {
        size_t size = shadow->size - at < PIECE ? shadow->size - at : PIECE;
        ssize_t got = syscall(SYS_pread64, watched[file] - 1, now, size, at);

        if (got <= 0)
            break;
        compare_piece(file, now, (size_t)got, at, &begin, &end);
    }
    add_write(file, begin, shadow->data + begin, end - begin);
}

static void
look_at_all(void)
{
    for (uint32_t file = 0; file < TRACE_FILES; file++)
        if (watched[file] != 0)
            look_for_stores(file);
}

static void
know_size(uint32_t file, uint64_t size)
{
    struct shadow *shadow;

    if (watched[file] == 0)
        return;
    shadow = shadow_of(file);
    if (size > SHADOW_SIZE)
        abort();
    if (size < shadow->size)
        memset(shadow->data + size, 0, shadow->size - size);
    shadow->size = size;
}

static void
know_write(uint32_t file, uint64_t offset, const uint8_t *data, size_t size)
{
    if (watched[file] == 0)
        return;
    if (offset + size > shadow_of(file)->size)
        know_size(file, offset + size);
    memcpy(shadow_of(file)->data + offset, data, size);
}

/* ---- files -------------------------------------------------------------- */

/* The name of a file in the journal's directory, or NULL. */
static const char *
name_in_home(const char *path)
{
    size_t length = strlen(home);

    return strncmp(path, home, length) == 0 && path[length] == '/'
               ? path + length + 1
               : NULL;
}

static void
watch(uint32_t file, const char *path)
{
    struct stat status;

    if (watched[file] != 0)
        return;
    watched[file] = (int)syscall(SYS_openat, AT_FDCWD, path,
                                 O_RDONLY | O_CLOEXEC, 0) +
                    1;
    if (watched[file] == 0 || fstat(watched[file] - 1, &status) != 0)
        abort();
    if (shadow_of(file)->known)
        return;
    shadow_of(file)->known = true;
    know_size(file, (uint64_t)status.st_size);
    if (syscall(SYS_pread64, watched[file] - 1, shadow_of(file)->data,
                status.st_size, 0) != status.st_size)
        abort();
}

/* The number of the regular file at PATH, which is in the directory. */
static uint32_t
know_file(const char *path, const struct stat *status, bool *is_new)
{
    const char *name = name_in_home(path);
    uint32_t file = trace_file(trace, status->st_dev, status->st_ino, name,
                               is_new);

    if (may_be_mapped(name))
        watch(file, path);
    return file;
}

static bool
is_directory(const char *path, const struct stat *status)
{
    struct stat own;

    return stat(path, &own) == 0 && own.st_dev == status->st_dev &&
           own.st_ino == status->st_ino;
}

static uint32_t
number_of(const char *path, const struct stat *status)
{
    struct event event = {.kind = EVENT_CREATED};
    bool is_new;

    if (S_ISDIR(status->st_mode)) {
        if (is_directory(home, status))
            return TRACE_HOME;
        return is_directory(stage, status) ? TRACE_PARENT : NOT_OURS;
    }
    if (name_in_home(path) == NULL)
        return NOT_OURS;
    event.file = know_file(path, status, &is_new);
    event.name = trace_name(trace, name_in_home(path));
    if (is_new)
        trace_add(trace, &event);
    return event.file;
}

void
recorder_opened(int fd, const char *path, int flags)
{
    struct stat status;

    if (trace == NULL || fd < 0)
        return;
    if (fd >= OPEN_MAX_HERE || fstat(fd, &status) != 0)
        abort();
    trace_lock(trace);
    opened[fd].file = number_of(path, &status);
    opened[fd].dsync = (flags & O_DSYNC) != 0;
    trace_unlock(trace);
}

void
recorder_closed(int fd)
{
    if (trace == NULL || fd < 0 || fd >= OPEN_MAX_HERE)
        return;
    trace_lock(trace);
    opened[fd].file = NOT_OURS;
    trace_unlock(trace);
}

/* ---- calls -------------------------------------------------------------- */

struct recorded
recorder_enter(int fd)
{
    struct recorded call = {.file = NOT_OURS};

    if (trace == NULL || fd < 0 || fd >= OPEN_MAX_HERE ||
        opened[fd].file == NOT_OURS)
        return call;
    trace_lock(trace);
    call.trace = trace;
    call.file = opened[fd].file;
    call.dsync = opened[fd].dsync;
    if (watched[call.file] != 0)
        look_for_stores(call.file);
    return call;
}

struct recorded
recorder_enter_path(const char *path)
{
    struct recorded call = {.file = NOT_OURS};
    struct stat status;
    bool is_new;

    if (trace == NULL || name_in_home(path) == NULL)
        return call;
    trace_lock(trace);
    call.trace = trace;
    if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
        call.file = know_file(path, &status, &is_new);
    return call;
}

/* The inode that is mapped at ADDRESS, and from where in it. */
static ino_t
find_mapped(const void *address, uint64_t *offset)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long long from, to, start, inode, found = 0;
    unsigned long long wanted = (uintptr_t)address;
    char line[PATH_MAX + 100];

    while (maps != NULL && fgets(line, sizeof(line), maps) != NULL)
        if (sscanf(line, "%llx-%llx %*s %llx %*s %llu", &from, &to, &start,
                   &inode) == 4 &&
            from <= wanted && wanted < to) {
            *offset = start + (wanted - from);
            found = inode;
        }
    if (maps != NULL)
        fclose(maps);
    return (ino_t)found;
}

struct recorded
recorder_enter_mapped(const void *address, uint64_t *offset)
{
    struct recorded call = {.file = NOT_OURS};
    struct stat status;
    ino_t inode = trace == NULL ? 0 : find_mapped(address, offset);

    if (inode == 0)
        return call;
    trace_lock(trace);
    for (uint32_t file = 0; file < TRACE_FILES; file++)
        if (watched[file] != 0 && fstat(watched[file] - 1, &status) == 0 &&
            status.st_ino == inode) {
            call.trace = trace;
            call.file = file;
        }
    if (call.trace != NULL)
        look_for_stores(call.file);
    else
        trace_unlock(trace);
    return call;
}

void
recorder_leave(const struct recorded *call)
{
    if (call->trace != NULL)
        trace_unlock(call->trace);
}

uint32_t
recorder_name(const struct recorded *call, const char *path)
{
    const char *name = name_in_home(path);

    return trace_name(call->trace, name == NULL ? "elsewhere" : name);
}

void
recorder_unlinked(const struct recorded *call, const char *path)
{
    struct stat status;

    if (stat(path, &status) == 0 && status.st_nlink == 1)
        trace_forget(call->trace, status.st_dev, status.st_ino);
}

void
recorder_made_home(const char *path)
{
    const struct event event = {.kind = EVENT_HOME_MADE};

    if (trace == NULL || strcmp(path, home) != 0)
        return;
    trace_lock(trace);
    trace_add(trace, &event);
    trace_unlock(trace);
}

void
recorder_wrote(const struct recorded *call, uint64_t offset, const void *data,
               size_t size)
{
    if (call->trace == NULL || call->file < TRACE_FIRST_FILE)
        return;
    add_write(call->file, offset, data, size);
    know_write(call->file, offset, data, size);
}

/* Used by calls under the trace's lock. */
static struct {
    struct fault fault; /* calls 0: none */
    bool has_failed;
} failing;

void
recorder_fail(const struct fault *fault)
{
    static const struct fault none;

    if (trace != NULL)
        trace_lock(trace);
    failing.fault = fault == NULL ? none : *fault;
    failing.has_failed &= fault == NULL;
    if (trace != NULL)
        trace_unlock(trace);
}

bool
recorder_has_failed(void)
{
    return failing.has_failed;
}

enum effect
recorder_fault(const struct recorded *call, unsigned kind)
{
    const struct event event = {.kind = EVENT_FAILED, .file = call->file};
    struct fault *fault = &failing.fault;

    if (call->trace == NULL || (fault->calls & kind) == 0 || fault->n == 0)
        return EFFECT_NO_FAULT;
    if (--fault->n > 0)
        return EFFECT_NO_FAULT;
    if (fault->times > 0) {
        fault->n = 1;
        fault->times -= fault->times != UINT_MAX;
    }
    failing.has_failed = true;
    trace_add(trace, &event);
    return fault->effect;
}

int
recorder_failed(void)
{
    errno = failing.fault.error;
    return -1;
}

/* What goes out with O_DSYNC is durable on return, and nothing else is. */
bool
recorder_wrote_all(const struct recorded *call, uint64_t offset, size_t size)
{
    struct event event = {.kind = EVENT_FLUSH_BEGUN,
                          .cause = FLUSH_DSYNC,
                          .file = call->file,
                          .offset = offset,
                          .size = size};
    enum effect effect;

    if (call->trace == NULL || !call->dsync || size == 0)
        return true;
    effect = recorder_fault(call, CALL_FLUSH);
    if (effect != EFFECT_NO_FAULT && effect != EFFECT_ALL) {
        event.kind = EVENT_NOT_FLUSHED;
        trace_add(call->trace, &event);
        return false;
    }
    event.pair = trace_add(call->trace, &event);
    event.kind = EVENT_FLUSHED;
    trace_add(call->trace, &event);
    return effect == EFFECT_NO_FAULT;
}

void
recorder_sized(const struct recorded *call, uint64_t size)
{
    const struct event event = {.kind = EVENT_SIZED,
                                .file = call->file,
                                .size = size};

    if (call->trace == NULL || call->file == NOT_OURS)
        return;
    trace_add(call->trace, &event);
    know_size(call->file, size);
}

/* ---- start, stop -------------------------------------------------------- */

static void
know_what_is_there(void)
{
    DIR *directory = opendir(home);
    const struct dirent *entry;
    char path[PATH_MAX + NAME_MAX + 2];
    struct stat status;
    bool is_new;

    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", home, entry->d_name);
        if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
            know_file(path, &status, &is_new);
    }
    if (directory != NULL)
        closedir(directory);
}

void
recorder_start(struct trace *to, const char *directory)
{
    if (shadows == NULL)
        make_shadows();
    for (uint32_t i = 0; i < TRACE_FILES; i++)
        shadows[i].known = false, shadows[i].size = 0;
    for (int i = 0; i < OPEN_MAX_HERE; i++)
        opened[i].file = NOT_OURS;
    snprintf(stage, sizeof(stage), "%s", directory);
    if (snprintf(home, sizeof(home), "%s/home", directory) >= (int)sizeof(home))
        abort();
    trace = to;
    know_what_is_there();
}

void
recorder_stop(void)
{
    trace = NULL;
    for (uint32_t file = 0; file < TRACE_FILES; file++) {
        if (watched[file] != 0)
            close(watched[file] - 1);
        watched[file] = 0;
    }
}

void
recorder_note(enum event_kind kind, uint64_t deed)
{
    const struct event event = {.kind = kind, .pair = deed};

    if (trace == NULL)
        return;
    trace_lock(trace);
    look_at_all();
    trace_add(trace, &event);
    trace_unlock(trace);
}
