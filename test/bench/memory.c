/*
 * memory.c - the memory that a call takes.
 *
 * Measured in a process of its own, started afresh: in this one the allocator
 * would serve the call from what earlier ones gave back.  Counted is memory
 * that is not a file's, so LMDB's map stays out.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

#define SAMPLE_EVERY_US 200

extern char **environ;

/* ---- in the other process ----------------------------------------------- */

struct sampler {
    int statm;
    long page;
    atomic_bool stop;
    _Atomic uint64_t peak;
    pthread_t thread;
};

static uint64_t
anonymous_bytes(const struct sampler *sampler)
{
    char text[128] = "";
    unsigned long size, resident, shared;

    if (pread(sampler->statm, text, sizeof(text) - 1, 0) <= 0 ||
        sscanf(text, "%lu %lu %lu", &size, &resident, &shared) != 3)
        bench_fail("/proc/self/statm cannot be read");
    return resident > shared ? (resident - shared) * (uint64_t)sampler->page
                             : 0;
}

static void *
sample(void *context)
{
    struct sampler *sampler = context;

    while (!atomic_load(&sampler->stop)) {
        uint64_t bytes = anonymous_bytes(sampler);

        if (bytes > atomic_load(&sampler->peak))
            atomic_store(&sampler->peak, bytes);
        usleep(SAMPLE_EVERY_US);
    }
    return NULL;
}

static void
start_sampler(struct sampler *sampler)
{
    *sampler = (struct sampler){.page = sysconf(_SC_PAGESIZE)};
    sampler->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (sampler->statm < 0 ||
        pthread_create(&sampler->thread, NULL, sample, sampler) != 0)
        bench_fail("memory cannot be watched");
    /* What the watching itself takes is taken before the base is read. */
    while (atomic_load(&sampler->peak) == 0)
        usleep(SAMPLE_EVERY_US);
}

static void
run_work(struct subject *subject, const char *work, struct tally *tally)
{
    struct engine_state state;

    subject_open(subject);
    if (strcmp(work, "replay") == 0) {
        engine_check(subject->engine, "replay",
                     subject->engine->replay(subject->db, tally));
        return;
    }
    engine_check(subject->engine, "state",
                 subject->engine->state(subject->db, &state));
    engine_check(subject->engine, "prune",
                 subject->engine->prune(subject->db, state.size));
    engine_check(subject->engine, "replay",
                 subject->engine->replay(subject->db, tally));
}

int
memory_probe(int count, char **arguments)
{
    struct subject subject = {0};
    struct sampler sampler;
    struct tally tally = {0};
    uint64_t base;

    if (count != 3)
        bench_fail("probe: WORK ENGINE PATH");
    for (unsigned i = 0; i < ENGINES; i++) {
        if (engines[i] != NULL && strcmp(engines[i]->name, arguments[1]) == 0)
            subject.engine = engines[i];
    }
    if (subject.engine == NULL)
        bench_fail("probe: no engine %s", arguments[1]);
    subject.path = arguments[2];
    start_sampler(&sampler);
    base = anonymous_bytes(&sampler);
    run_work(&subject, arguments[0], &tally);
    /* Memory that is still held counts even if no sample fell late enough. */
    if (anonymous_bytes(&sampler) > atomic_load(&sampler.peak))
        atomic_store(&sampler.peak, anonymous_bytes(&sampler));
    atomic_store(&sampler.stop, true);
    pthread_join(sampler.thread, NULL);
    subject_close(&subject);
    close(sampler.statm);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
           atomic_load(&sampler.peak) - base, tally.count, tally.bytes,
           tally.sum);
    return 0;
}

/* ---- in this one -------------------------------------------------------- */

static pid_t
start_probe(const struct subject *subject, const char *work, int output)
{
    char program[] = "bench", probe[] = "probe";
    char *words = strdup(work);
    char *name = strdup(subject->engine->name);
    char *const arguments[] = {program, probe,         words,
                               name,    subject->path, NULL};
    posix_spawn_file_actions_t actions;
    pid_t process;
    int rc;

    if (words == NULL || name == NULL)
        bench_fail("out of memory");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    rc = posix_spawn(&process, "/proc/self/exe", &actions, NULL, arguments,
                     environ);
    posix_spawn_file_actions_destroy(&actions);
    if (rc != 0)
        bench_fail("probe: %s", strerror(rc));
    free(words);
    free(name);
    return process;
}

/* Bytes that WORK took; what it found goes to TALLY. */
static uint64_t
probe(const struct subject *subject, const char *work, struct tally *tally)
{
    int ends[2];
    uint64_t bytes = 0;
    int status = 0;
    int found;
    pid_t process;
    FILE *answer;

    if (pipe2(ends, O_CLOEXEC) != 0)
        bench_fail("pipe: %s", strerror(errno));
    process = start_probe(subject, work, ends[1]);
    close(ends[1]);
    answer = fdopen(ends[0], "r");
    if (answer == NULL)
        bench_fail("pipe: %s", strerror(errno));
    found = fscanf(answer, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
                   &bytes, &tally->count, &tally->bytes, &tally->sum);
    fclose(answer);
    while (waitpid(process, &status, 0) < 0 && errno == EINTR)
        continue;
    if (found != 4 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        bench_fail("%s: the %s whose memory was watched failed",
                   subject->engine->name, work);
    return bytes;
}

void
measure_memory(struct report *report, const struct subjects *subjects,
               const char *work, const struct tally *expected)
{
    struct row *row = report_row(report, "MiB", 1, "memory, %s of everything",
                                 work);

    row_bar(row, BAR_BELOW, ENGINE_OURS, 16);
    for (unsigned i = 0; i < subjects->count; i++) {
        struct subject *subject = subjects->list[i];
        struct tally got = {0};

        bench_progress("memory", i, subjects->count);
        subject_close(subject);
        row->values[subject->column][0] = (double)probe(subject, work, &got) /
                                          (1 << 20);
        tally_check(&got, expected, subject->engine->name, work);
    }
}
