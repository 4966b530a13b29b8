/* trace.c - what has been done so far, told when something is wrong. */
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

#define LINES 16u
#define LINE_SIZE 240u

static struct {
    char lines[LINES][LINE_SIZE];
    uint64_t count; /* of operations */
    uint64_t seed;
    const char *name;
} log_;

static char *
line_of(uint64_t operation)
{
    return log_.lines[operation % LINES];
}

void
trace_round(const char *name, uint64_t seed)
{
    memset(&log_, 0, sizeof(log_));
    log_.name = name;
    log_.seed = seed;
    printf("%s: TEST_SEED=%llu\n", name, (unsigned long long)seed);
    fflush(stdout);
}

static void __attribute__((format(printf, 1, 0)))
add_text(const char *format, va_list arguments)
{
    char *line = line_of(log_.count);
    size_t size = strlen(line);

    (void)vsnprintf(line + size, LINE_SIZE - size, format, arguments);
}

void
trace(const char *format, ...)
{
    va_list arguments;

    log_.count++;
    line_of(log_.count)[0] = '\0';
    va_start(arguments, format);
    add_text(format, arguments);
    va_end(arguments);
}

void
trace_more(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_text(format, arguments);
    va_end(arguments);
}

void
trace_fail(const char *file, int line, const char *format, ...)
{
    uint64_t operation = log_.count < LINES ? 1 : log_.count - LINES + 1;
    va_list arguments;
    char text[400];

    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    for (; operation <= log_.count; operation++)
        printf("%8llu  %s\n", (unsigned long long)operation,
               line_of(operation));
    fflush(stdout);
    ck_abort_msg("%s:%d: %s, TEST_SEED=%llu, operation %llu (%s): %s", file,
                 line, log_.name, (unsigned long long)log_.seed,
                 (unsigned long long)log_.count, line_of(log_.count), text);
    abort();
}
