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

/* The numbers of an order, printed and read by KIND. */
#define ORDER_FORMAT(kind)                                                     \
    "%" kind ",%" kind ",%" kind ",%" kind ",%" kind ",%" kind ",%" kind

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
    char value_size[16], numbers[200], task[16];
    char *const arguments[] = {program,       word,    task,
                               column,        flags,   value_size,
                               subject->path, numbers, NULL};
    int ends[2];

    snprintf(task, sizeof(task), "%s", work);
    snprintf(column, sizeof(column), "%u", subject->column);
    snprintf(flags, sizeof(flags), "%" PRIu32, subject->flags);
    snprintf(value_size, sizeof(value_size), "%zu", subject->value_size);
    snprintf(numbers, sizeof(numbers), ORDER_FORMAT(PRIu64), order.first,
             order.count, order.keys, order.batch, order.random, order.start,
             order.ns);
    if (pipe2(ends, O_CLOEXEC) != 0)
        bench_fail("pipe: %s", strerror(errno));
    probe->process = start(arguments, ends[1]);
    close(ends[1]);
    probe->answer = fdopen(ends[0], "r");
    if (probe->answer == NULL)
        bench_fail("pipe: %s", strerror(errno));
}

/* False if that was not a good end. */
static bool
end(struct probe *probe)
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
    end(probe);
}

void
probe_await(struct probe *probe, const struct subject *subject,
            const char *work)
{
    char word[8] = "";

    if (fscanf(probe->answer, "%7s", word) != 1 || strcmp(word, "ready") != 0)
        bench_fail("%s: %s in another process failed", subject->engine->name,
                   work);
}

static bool
take_number(FILE *answer, uint64_t *number)
{
    return fscanf(answer, "%" SCNu64, number) == 1;
}

void
probe_result(struct probe *probe, const struct subject *subject,
             const char *work, struct tally *tally, uint64_t *figures,
             unsigned count)
{
    bool good = take_number(probe->answer, &tally->count) &&
                take_number(probe->answer, &tally->bytes) &&
                take_number(probe->answer, &tally->sum);

    for (unsigned i = 0; good && i < count; i++)
        good = take_number(probe->answer, &figures[i]);
    if (!end(probe) || !good)
        bench_fail("%s: %s in another process failed", subject->engine->name,
                   work);
}

/* ---- in the other ------------------------------------------------------- */

void
probe_ready(void)
{
    puts("ready");
    fflush(stdout);
}

void
probe_answer(const struct tally *tally, const uint64_t *figures, unsigned count)
{
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64, tally->count, tally->bytes,
           tally->sum);
    for (unsigned i = 0; i < count; i++)
        printf(" %" PRIu64, figures[i]);
    putchar('\n');
    fflush(stdout);
}

static const struct task {
    const char *name;
    int (*work)(struct subject *subject, const struct probe_order *order);
} tasks[] = {
    {"append", opening_probe},  {"replay", replay_probe},
    {"prune", prune_probe},     {"cost", cost_probe},
    {"share", share_probe},     {"prune-beside", beside_probe},
    {"receive", receive_probe},
};

int
probe_main(int count, char **arguments)
{
    struct subject subject = {0};
    struct probe_order order;
    unsigned long column;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (count != 6 || sscanf(arguments[5], ORDER_FORMAT(SCNu64), &order.first,
                             &order.count, &order.keys, &order.batch,
                             &order.random, &order.start, &order.ns) != 7)
        bench_fail("probe: WORK ENGINE FLAGS VALUE-SIZE PATH ORDER");
    column = strtoul(arguments[1], NULL, 10);
    if (column >= ENGINES || engines[column] == NULL)
        bench_fail("probe: no engine %s", arguments[1]);
    subject.engine = engines[column];
    subject.column = (unsigned)column;
    subject.flags = (uint32_t)strtoul(arguments[2], NULL, 10);
    subject.value_size = strtoul(arguments[3], NULL, 10);
    subject.path = arguments[4];
    for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
        if (strcmp(arguments[0], tasks[i].name) == 0)
            return tasks[i].work(&subject, &order);
    }
    bench_fail("probe: no work %s", arguments[0]);
}
