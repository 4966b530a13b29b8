/* trace.c - what processes did to the files of a journal, in order. */
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct trace {
    pthread_mutex_t mutex;
    size_t room; /* bytes of data */
    size_t used;
    uint32_t length;
    bool full;
    uint32_t files;
    uint32_t names;
    struct trace_file file[TRACE_FILES];
    char name[TRACE_NAMES][TRACE_NAME_SIZE];
    _Alignas(8) uint8_t data[];
};

struct trace *
trace_new(size_t size)
{
    struct trace *trace;
    pthread_mutexattr_t attributes;

    trace = mmap(NULL, sizeof(*trace) + size, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (trace == MAP_FAILED)
        abort();
    trace->room = size;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&trace->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    trace_clear(trace);
    return trace;
}

void
trace_clear(struct trace *trace)
{
    trace->used = 0;
    trace->length = 0;
    trace->full = false;
    trace->files = TRACE_FIRST_FILE;
    trace->names = 0;
    memset(trace->file, 0, sizeof(trace->file));
    memset(trace->name, 0, sizeof(trace->name));
}

void
trace_lock(struct trace *trace)
{
    pthread_mutex_lock(&trace->mutex);
}

void
trace_unlock(struct trace *trace)
{
    pthread_mutex_unlock(&trace->mutex);
}

uint32_t
trace_file(struct trace *trace, dev_t device, ino_t inode, const char *name,
           bool *is_new)
{
    uint32_t file;

    *is_new = false;
    for (file = TRACE_FIRST_FILE; file < trace->files; file++)
        if (trace->file[file].device == device &&
            trace->file[file].inode == inode)
            return file;
    if (trace->files == TRACE_FILES)
        abort();
    *is_new = true;
    trace->file[file].device = device;
    trace->file[file].inode = inode;
    trace->file[file].name = trace_name(trace, name);
    return trace->files++;
}

void
trace_forget(struct trace *trace, dev_t device, ino_t inode)
{
    for (uint32_t file = TRACE_FIRST_FILE; file < trace->files; file++)
        if (trace->file[file].device == device &&
            trace->file[file].inode == inode)
            trace->file[file].inode = 0;
}

uint32_t
trace_name(struct trace *trace, const char *name)
{
    uint32_t i;

    for (i = 0; i < trace->names; i++)
        if (strcmp(trace->name[i], name) == 0)
            return i;
    if (trace->names == TRACE_NAMES || strlen(name) >= TRACE_NAME_SIZE)
        abort();
    memcpy(trace->name[i], name, strlen(name) + 1);
    return trace->names++;
}

static size_t
bytes_of(const struct event *event)
{
    return event->kind == EVENT_WRITTEN ? (event->size + 7) / 8 * 8 : 0;
}

uint32_t
trace_add(struct trace *trace, const struct event *event)
{
    size_t size = bytes_of(event);
    struct event *added;

    if (trace->room - trace->used < sizeof(*added) + size) {
        trace->full = true;
        return trace->length;
    }
    added = (struct event *)(void *)(trace->data + trace->used);
    *added = *event;
    added->number = trace->length;
    if (size > 0)
        memcpy(added + 1, event->data, event->size);
    trace->used += sizeof(*added) + size;
    return trace->length++;
}

bool
trace_is_full(const struct trace *trace)
{
    return trace->full;
}

uint32_t
trace_length(const struct trace *trace)
{
    return trace->length;
}

bool
trace_read(const struct trace *trace, size_t *place, struct event *event)
{
    if (*place >= trace->used)
        return false;
    memcpy(event, trace->data + *place, sizeof(*event));
    event->data = trace->data + *place + sizeof(*event);
    *place += sizeof(*event) + bytes_of(event);
    return true;
}

const char *
trace_name_of(const struct trace *trace, uint32_t name)
{
    return trace->name[name];
}
