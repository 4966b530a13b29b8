/*
 * bench.h - what every part of the benchmark shares.
 *
 * A benchmark that meets an error, or a wrong result, has nothing to measure:
 * it says so and ends, which removes the run's directory.  So nothing here
 * hands errors up.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ROUNDS_MAX 16u

struct settings {
    const char *size;  /* its name */
    const char *dir;   /* the run's own, removed at the end */
    unsigned rounds;   /* each gives one value of every figure */
    unsigned slices;   /* of a round of durable appends, for each contender */
    uint64_t slice_ns; /* how long one goes on */
    unsigned rests;    /* half seconds, for a disk that is throttled */
    uint64_t entries;  /* in the journal that is read, opened, pruned */
    uint64_t keys;     /* distinct */
    size_t value_size;
    size_t bytes_max;   /* of values that are in memory at the same time */
    uint64_t revisions; /* of the one key that get_at looks at */
    uint64_t timed;     /* entries among which a time is looked for */
    uint64_t relaxed;   /* entries of a run of relaxed appends */
    uint64_t turn_ns; /* the longest that an engine goes on in a round of it */
    unsigned tailed;  /* the newest entries, in our tail; 10k are half of it */
    unsigned lookups; /* of a slice */
    unsigned killed;  /* appends of who is killed, and up to half as many */
    uint64_t costs;   /* entries whose writing is counted */
    unsigned wakes;   /* of a round */
    uint64_t head_start_ns; /* for processes to start, and to open */
    uint64_t offered_ns;    /* how long entries are offered at a rate */
    uint64_t growth_least; /* entries of the smallest journal, times ten, ... */
    uint64_t growth_most;
    uint64_t many; /* keys, and entries, of the largest run of these */
    bool large;
    const char *part;   /* those to be measured; NULL: all */
    const char *filler; /* command that reads in another language, or NULL */
    const char *out;    /* where results are left, or NULL */
    bool json;
};

/* Says why on stderr and ends the program with status 1. */
_Noreturn void bench_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* realloc() that does not fail. */
void *bench_resize(void *memory, size_t size);

/* What is going on is the part NAME; says so where progress is not shown. */
void bench_part(const char *name, unsigned number, unsigned count);

/*
 * Shows on a terminal what is going on.  Ends the program if it has been
 * interrupted, so it is called wherever that does no harm.
 */
void bench_progress(const char *work, unsigned done, unsigned total);

/* DIR/NAME, and that in the run's directory; to be given to free(). */
char *bench_join(const char *dir, const char *name);
char *bench_path(const struct settings *settings, const char *name);

/* Makes the directory PATH unless it is there. */
void bench_make_dir(const char *path);

/* Waits until what was written to the file system has reached the disk. */
void bench_sync(const struct settings *settings);

/* Removes PATH with all that is in it, as far as that can be done. */
void bench_remove(const char *path);

#endif
