/* victim.c - processes that are started in order to be killed. */
#include "victim.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/test.h"

pid_t
victim_start(victim_body *body, const void *context)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    ck_assert_msg(pid >= 0, "fork: %s", strerror(errno));
    if (pid > 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        body(context);
    _exit(1);
}

bool
victim_is_dead(pid_t pid)
{
    int status;

    return waitpid(pid, &status, WNOHANG) == pid;
}

bool
victim_kill(pid_t pid)
{
    int status;

    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

void
sleep_for(uint64_t ns)
{
    struct timespec rest = {.tv_sec = (time_t)(ns / 1000000000u),
                            .tv_nsec = (long)(ns % 1000000000u)};

    while (nanosleep(&rest, &rest) != 0 && errno == EINTR)
        continue;
}

/* ---- where -------------------------------------------------------------- */

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
