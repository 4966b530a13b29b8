/*
 * trace.h - what has been done so far, told when something is wrong.
 *
 * Each round prints its seed, and with TEST_SEED set to that it is the first
 * round of the next run.  A failure tells the seed, the operation's number and
 * text, and the operations before.
 */
#ifndef TEST_MODEL_TRACE_H
#define TEST_MODEL_TRACE_H

#include <stdint.h>

/* A new round. */
void trace_round(const char *name, uint64_t seed);

/* A new operation begins. */
void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* More about the operation that has begun. */
void trace_more(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Fails the test. */
void trace_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4), noreturn));

#define expect(condition, ...)                                                 \
    do {                                                                       \
        if (!(condition))                                                      \
            trace_fail(__FILE__, __LINE__, __VA_ARGS__);                       \
    } while (0)

#endif
