/* fast_dir.c - a directory for files whose flushes cost nothing. */
#include "fast_dir.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

static struct {
    char path[PATH_MAX];
    char *before; /* TMPDIR; NULL if there was none */
} fast;

void
fast_dir_make(void)
{
    const char *base = getenv("TEST_FAST_DIR");
    const char *before = getenv("TMPDIR");

    if (base == NULL && access("/dev/shm", W_OK | X_OK) == 0)
        base = "/dev/shm";
    fast.before = before == NULL ? NULL : strdup(before);
    if (base != NULL && base[0] != '\0')
        ck_assert_int_eq(setenv("TMPDIR", base, 1), 0);
    test_setup();
    (void)snprintf(fast.path, sizeof(fast.path), "%s", test_dir);
    ck_assert_int_eq(setenv("TMPDIR", fast.path, 1), 0);
}

void
fast_dir_remove(void)
{
    (void)snprintf(test_dir, sizeof(fast.path), "%s", fast.path);
    test_teardown();
    if (fast.before == NULL)
        (void)unsetenv("TMPDIR");
    else
        (void)setenv("TMPDIR", fast.before, 1);
    free(fast.before);
    fast.before = NULL;
}
