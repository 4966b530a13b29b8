/*
 * trace.h - what processes did to the files of a journal, in order.
 *
 * A trace lies in memory that is shared with children: the recorder adds to
 * it, in whatever process, and the explorer reads it when they are gone.
 *
 * There are two directories, the journal's own and its parent; they are files
 * too, as far as flushes go.  Other files are numbered as they turn up, and
 * keep their numbers when they are renamed.
 */
#ifndef TEST_POWER_TRACE_H
#define TEST_POWER_TRACE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TRACE_FILES 64u
#define TRACE_NAMES 16u
#define TRACE_NAME_SIZE 24u

/* The first two file numbers. */
enum { TRACE_PARENT = 0, TRACE_HOME = 1, TRACE_FIRST_FILE = 2 };

enum event_kind {
    EVENT_HOME_MADE,   /* the journal's directory, in its parent */
    EVENT_CREATED,     /* FILE under NAME */
    EVENT_RENAMED,     /* NAME became TO */
    EVENT_REMOVED,     /* NAME */
    EVENT_WRITTEN,     /* SIZE bytes at OFFSET of FILE; DATA */
    EVENT_SIZED,       /* FILE has SIZE bytes now */
    EVENT_FLUSH_BEGUN, /* of FILE, from OFFSET for SIZE */
    EVENT_FLUSHED,     /* the one that began as event PAIR */
    EVENT_NOT_FLUSHED, /* it failed; as EVENT_FLUSH_BEGUN */
    EVENT_FAILED,      /* some call, on FILE, was made to fail */
    EVENT_DEED_BEGUN,  /* of the workload, number PAIR */
    EVENT_DEED_DONE    /* and acknowledged */
};

/* Who wanted the flush. */
enum flush_cause { FLUSH_CALL, FLUSH_DSYNC };

struct event {
    enum event_kind kind;
    enum flush_cause cause;
    uint32_t file;
    uint32_t name;
    uint32_t to;
    uint32_t number; /* of the event */
    uint64_t offset;
    uint64_t size;
    uint64_t pair;
    const uint8_t *data;
};

struct trace_file {
    dev_t device;
    ino_t inode; /* 0: no path leads there any more */
    uint32_t name;
};

struct trace;

/* A trace with room for SIZE bytes; it ends with the process. */
struct trace *trace_new(size_t size);

void trace_clear(struct trace *trace);

/* ---- for the recorder --------------------------------------------------- */

/* The others up to trace_add() want the lock. */
void trace_lock(struct trace *trace);
void trace_unlock(struct trace *trace);

/* The number of a file, by its inode; adds it if it is new. */
uint32_t trace_file(struct trace *trace, dev_t device, ino_t inode,
                    const char *name, bool *is_new);

/* No file has this inode any more. */
void trace_forget(struct trace *trace, dev_t device, ino_t inode);

uint32_t trace_name(struct trace *trace, const char *name);

/* Copies EVENT and its data; returns the number it got. */
uint32_t trace_add(struct trace *trace, const struct event *event);

/* ---- for whoever reads it ----------------------------------------------- */

/* Whether there was more than it had room for. */
bool trace_is_full(const struct trace *trace);

/* How many events there are. */
uint32_t trace_length(const struct trace *trace);

/*
 * Reads the event at *PLACE, 0 at first, and moves on; false at the end.  The
 * data stays valid until the trace is cleared.
 */
bool trace_read(const struct trace *trace, size_t *place, struct event *event);

const char *trace_name_of(const struct trace *trace, uint32_t name);

#endif
