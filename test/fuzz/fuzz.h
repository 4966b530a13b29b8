/*
 * fuzz.h - what a fuzz target is.
 *
 * A target is a file NAME_fuzz.c that defines fuzz_one() by the name under
 * which libFuzzer knows it.  `make fuzz` looks for bytes on which one fails;
 * `make check` replays those in corpus/NAME, with any compiler.
 */
#ifndef TEST_FUZZ_FUZZ_H
#define TEST_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define fuzz_one LLVMFuzzerTestOneInput

/* Tries the SIZE bytes of DATA, and ends the process if something is wrong. */
int fuzz_one(const uint8_t *data, size_t size);

static inline void
fuzz_check(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "not so: %s\n", what);
    abort();
}

/* Makes a directory like NAME.XXXXXX, whose flushes cost nothing, in OUT. */
static inline void
fuzz_directory(char *out, size_t size, const char *name)
{
    const char *base = getenv("TEST_FAST_DIR");

    if (base == NULL)
        base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(out, size, "%s/%s.XXXXXX", base, name);
    fuzz_check(mkdtemp(out) != NULL, "there is a directory");
}

#endif
