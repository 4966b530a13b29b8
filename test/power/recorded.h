/* recorded.h - what calls.c tells recorder.c about the calls. */
#ifndef TEST_POWER_RECORDED_H
#define TEST_POWER_RECORDED_H

#include "recorder.h"

#define NOT_OURS UINT32_MAX

/* A call in progress; while it lasts no other is recorded. */
struct recorded {
    struct trace *trace; /* NULL: it is not to be recorded */
    uint32_t file;
    bool dsync;
};

void recorder_opened(int fd, const char *path, int flags);
void recorder_closed(int fd);
void recorder_made_home(const char *path);

/* A call begins, on something open or on a name in the journal's directory. */
struct recorded recorder_enter(int fd);
struct recorded recorder_enter_path(const char *path);
/* ... or on what is mapped there, from *OFFSET of the file on. */
struct recorded recorder_enter_mapped(const void *address, uint64_t *offset);
void recorder_leave(const struct recorded *call);

/* In between: what it has done. */
void recorder_wrote(const struct recorded *call, uint64_t offset,
                    const void *data, size_t size);
/* ... and the whole of the write, which may go out at once; false: or not. */
bool recorder_wrote_all(const struct recorded *call, uint64_t offset,
                        size_t size);
/* Whether the call, of KIND, that is about to be is to fail, and how. */
enum effect recorder_fault(const struct recorded *call, unsigned kind);
/* The call did: sets errno, returns -1. */
int recorder_failed(void);
void recorder_sized(const struct recorded *call, uint64_t size);

/* The path's last link is about to go. */
void recorder_unlinked(const struct recorded *call, const char *path);
uint32_t recorder_name(const struct recorded *call, const char *path);

#endif
