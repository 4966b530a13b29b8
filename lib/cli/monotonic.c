/* monotonic.c - time that only goes on. */
#include "monotonic.h"

#include <time.h>

uint64_t
monotonic_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}
