/* victim.h - processes that are started in order to be killed. */
#ifndef TEST_CRASH_VICTIM_H
#define TEST_CRASH_VICTIM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef void victim_body(const void *context);

/* Runs BODY(CONTEXT) in a child, which exits with status 1 if that returns. */
pid_t victim_start(victim_body *body, const void *context);

/* True if it has ended by itself; then it is gone. */
bool victim_is_dead(pid_t pid);

/* True if it lived until it was killed, now. */
bool victim_kill(pid_t pid);

void sleep_for(uint64_t ns);

#endif
