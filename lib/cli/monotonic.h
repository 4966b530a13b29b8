/* monotonic.h - time that only goes on. */
#ifndef MONOTONIC_H
#define MONOTONIC_H

#include <stdint.h>

#define NS_PER_S UINT64_C(1000000000)

/* Nanoseconds since some moment of the past. */
uint64_t monotonic_ns(void);

#endif
