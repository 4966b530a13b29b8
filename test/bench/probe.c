/* probe.c - this program started afresh, and what it is then told to do. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "measure.h"

extern char **environ;

/* ---- in this process ---------------------------------------------------- */

static pid_t
start(char *const *arguments, int output)
{
    posix_spawn_file_actions_t actions;
    pid_t process;
    int rc;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    rc = posix_spawn(&process, "/proc/self/exe", &actions, NULL, arguments,
                     environ);
    posix_spawn_file_actions_destroy(&actions);
    if (rc != 0)
        bench_fail("probe: %s", strerror(rc));
    return process;
}

void
probe_start(struct probe *probe, const struct subject *subject,
            const char *work, struct probe_order order)
{
    char program[] = "bench", word[] = "probe", column[16], flags[16];
    char first[24], keys[24], task[16];
    char *const arguments[] = {program,       word,  task, column, flags,
                               subject->path, first, keys, NULL};
    int ends[2];

    snprintf(task, sizeof(task), "%s", work);
    snprintf(column, sizeof(column), "%u", subject->column);
    snprintf(flags, sizeof(flags), "%" PRIu32, subject->flags);
    snprintf(first, sizeof(first), "%" PRIu64, order.first);
    snprintf(keys, sizeof(keys), "%" PRIu64, order.keys);
    if (pipe2(ends, O_CLOEXEC) != 0)
        bench_fail("pipe: %s", strerror(errno));
    probe->process = start(arguments, ends[1]);
    close(ends[1]);
    probe->answer = fdopen(ends[0], "r");
    if (probe->answer == NULL)
        bench_fail("pipe: %s", strerror(errno));
}

bool
probe_end(struct probe *probe)
{
    int status = 0;

    fclose(probe->answer);
    while (waitpid(probe->process, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void
probe_kill(struct probe *probe)
{
    kill(probe->process, SIGKILL);
    probe_end(probe);
}

/* ---- in the other ------------------------------------------------------- */

int
probe_main(int count, char **arguments)
{
    struct subject subject = {0};
    struct probe_order order;
    unsigned long column;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (count != 6)
        bench_fail("probe: WORK ENGINE FLAGS PATH FIRST KEYS");
    column = strtoul(arguments[1], NULL, 10);
    if (column >= ENGINES || engines[column] == NULL)
        bench_fail("probe: no engine %s", arguments[1]);
    subject.engine = engines[column];
    subject.column = (unsigned)column;
    subject.flags = (uint32_t)strtoul(arguments[2], NULL, 10);
    subject.path = arguments[3];
    order.first = strtoull(arguments[4], NULL, 10);
    order.keys = strtoull(arguments[5], NULL, 10);
    if (strcmp(arguments[0], "append") == 0)
        return opening_probe(&subject, order);
    return memory_probe(&subject, arguments[0]);
}
