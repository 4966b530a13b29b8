/*
 * memory.c - the memory that a call takes.
 *
 * Measured in a process of its own: in this one the allocator would serve the
 * call from what earlier ones gave back.  Counted is memory that is not a
 * file's, so LMDB's map stays out.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"
#include "probe.h"

#define SAMPLE_EVERY_US 200

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

static int
watch(struct subject *subject, const char *work)
{
    struct sampler sampler;
    struct tally tally = {0};
    uint64_t base;

    start_sampler(&sampler);
    base = anonymous_bytes(&sampler);
    run_work(subject, work, &tally);
    /* Memory that is still held counts even if no sample fell late enough. */
    if (anonymous_bytes(&sampler) > atomic_load(&sampler.peak))
        atomic_store(&sampler.peak, anonymous_bytes(&sampler));
    atomic_store(&sampler.stop, true);
    pthread_join(sampler.thread, NULL);
    subject_close(subject);
    close(sampler.statm);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
           atomic_load(&sampler.peak) - base, tally.count, tally.bytes,
           tally.sum);
    return 0;
}

int
replay_probe(struct subject *subject, const struct probe_order *order)
{
    (void)order;
    return watch(subject, "replay");
}

int
prune_probe(struct subject *subject, const struct probe_order *order)
{
    (void)order;
    return watch(subject, "prune");
}

/* ---- in this one -------------------------------------------------------- */

/* Bytes that WORK took; what it found goes to TALLY. */
static uint64_t
probe_memory(const struct subject *subject, const char *work,
             struct tally *tally)
{
    struct probe probe;
    uint64_t bytes = 0;
    int found;

    probe_start(&probe, subject, work, (struct probe_order){0});
    found = fscanf(probe.answer, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
                   &bytes, &tally->count, &tally->bytes, &tally->sum);
    if (!probe_end(&probe) || found != 4)
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
        row->values[subject->column][0] = (double)probe_memory(subject, work,
                                                               &got) /
                                          (1 << 20);
        tally_check(&got, expected, subject->engine->name, work);
    }
}
