/* clock.h - what time it is. */
#ifndef JN_CLOCK_H
#define JN_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds since 1970 UTC; may step back with the system's clock. */
uint64_t jn_clock_now(void);

/* Nanoseconds since some start, never falling. */
uint64_t jn_clock_steady(void);

/* The same, a few ms late at worst, and cheaper. */
uint64_t jn_clock_coarse(void);

/* NS from now, of the clock of jn_clock_steady(). */
void jn_clock_after(struct timespec *until, uint64_t ns);

void jn_clock_sleep(uint64_t ns);

#endif
