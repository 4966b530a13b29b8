/* clock.c - what time it is. */
#include "base/clock.h"

#define SECOND 1000000000u

static uint64_t
read_clock(clockid_t clock)
{
    struct timespec now;

    if (clock_gettime(clock, &now) != 0 || now.tv_sec < 0)
        return 0;
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

uint64_t
jn_clock_now(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t
jn_clock_steady(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t
jn_clock_coarse(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    return read_clock(CLOCK_MONOTONIC_COARSE);
#else
    return read_clock(CLOCK_MONOTONIC);
#endif
}

static struct timespec
to_timespec(uint64_t ns)
{
    struct timespec span = {.tv_sec = (time_t)(ns / SECOND),
                            .tv_nsec = (long)(ns % SECOND)};

    return span;
}

void
jn_clock_after(struct timespec *until, uint64_t ns)
{
    *until = to_timespec(jn_clock_steady() + ns);
}

void
jn_clock_sleep(uint64_t ns)
{
    struct timespec span = to_timespec(ns);

    (void)nanosleep(&span, NULL);
}
