/*
 * watch.h - the memory that this process takes while it does something.
 *
 * Looked at every now and then by a thread.  Counted is memory that is not a
 * file's, so LMDB's map stays out.
 */
#ifndef BENCH_WATCH_H
#define BENCH_WATCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct watch {
    int statm;
    long page;
    atomic_bool stop;
    _Atomic uint64_t peak;
    pthread_t thread;
    uint64_t base;
};

void watch_begin(struct watch *watch);

/* Returns the most that there was beyond what there was at the beginning. */
uint64_t watch_end(struct watch *watch);

#endif
