/* inside.h - what the calls that may fail ask first. */
#ifndef TEST_FAULT_INSIDE_H
#define TEST_FAULT_INSIDE_H

#include <errno.h>

#include "faults.h"

/* What becomes of a call. */
enum verdict {
    VERDICT_GO,      /* it is made */
    VERDICT_REFUSED, /* it is not, and fails */
    VERDICT_DENIED,  /* it is, and fails */
    VERDICT_HALF     /* half of it is made */
};

/* Who makes the call. */
#define SITE ((uintptr_t)__builtin_return_address(0))

/* A sanitizer for threads makes some calls before it is ready to be called. */
#define NO_THREAD_SANITIZER __attribute__((no_sanitize("thread")))

/* Whether anything has ever been ordered to fail or to be counted. */
bool fault_was_ordered(void);

/* Of a call on a file, on a path, or on neither. */
enum verdict fault_of_file(enum fault_class class, uintptr_t site, int file);
enum verdict fault_of_path(enum fault_class class, uintptr_t site,
                           const char *path);
enum verdict fault_of_any(enum fault_class class, uintptr_t site);

/* The errno that was ordered. */
int fault_error(void);

/* Makes CALL or not, and returns what it does. */
#define ANSWER(verdict, call)                                                  \
    do {                                                                       \
        switch (verdict) {                                                     \
        case VERDICT_DENIED:                                                   \
            (void)!(call);                                                     \
            /* FALLTHROUGH */                                                  \
        case VERDICT_REFUSED:                                                  \
            errno = fault_error();                                             \
            return -1;                                                         \
        default:                                                               \
            return (call);                                                     \
        }                                                                      \
    } while (0)

#endif
