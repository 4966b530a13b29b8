/* control.c - the preallocated file that durable appends are compared with. */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_SIZE (UINT32_C(4) << 20)
#define LOOK_WRITES 15u /* before a rest */
#define LOOK_FACTOR 4
#define REST_US 500000u
#define WRITE_SIZE 132u /* a key, a value, and a header of 16 bytes */

void
control_open(struct control *control, const struct settings *settings)
{
    char *path = bench_path(settings, "control");
    char *zeros = bench_resize(NULL, FILE_SIZE);

    memset(zeros, 0, FILE_SIZE);
    *control = (struct control){0};
    control->file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (control->file < 0 ||
        write(control->file, zeros, FILE_SIZE) != (ssize_t)FILE_SIZE ||
        fsync(control->file) != 0)
        bench_fail("%s: %s", path, strerror(errno));
    free(zeros);
    free(path);
}

static void
write_once(struct control *control)
{
    char bytes[WRITE_SIZE];

    memset(bytes, 'x', sizeof(bytes));
    if (pwrite(control->file, bytes, sizeof(bytes), (off_t)control->offset) !=
            (ssize_t)sizeof(bytes) ||
        fdatasync(control->file) != 0)
        bench_fail("control: %s", strerror(errno));
    control->offset += sizeof(bytes);
    if (control->offset + sizeof(bytes) > FILE_SIZE)
        control->offset = 0;
}

void
control_run(struct control *control, uint64_t ns)
{
    uint64_t spent = 0;

    while (spent < ns) {
        uint64_t before = timing_now();
        uint64_t took;

        write_once(control);
        took = timing_now() - before;
        samples_add(&control->round, took);
        samples_add(&control->all, took);
        spent += took;
    }
}

static double
look(struct control *control)
{
    double took[LOOK_WRITES];

    for (unsigned i = 0; i < LOOK_WRITES; i++) {
        uint64_t before = timing_now();

        write_once(control);
        took[i] = (double)(timing_now() - before) / 1e3;
    }
    return spread_of(took, LOOK_WRITES).median;
}

void
control_rest(struct control *control, const struct settings *settings)
{
    for (;;) {
        double now = look(control);

        if (control->best_us == 0 || now < control->best_us)
            control->best_us = now;
        if (now <= control->best_us * LOOK_FACTOR ||
            control->rests >= settings->rests)
            return;
        control->rests++;
        bench_progress("the disk rests", control->rests, settings->rests);
        usleep(REST_US);
    }
}

double
control_note(struct control *control, struct note *note, unsigned round)
{
    note->p50_us[round] = samples_percentile_us(&control->round, 50);
    note->longest_us = samples_percentile_us(&control->all, 100);
    note->rounds = round + 1;
    note->rests = control->rests;
    samples_clear(&control->round);
    return note->p50_us[round];
}

void
control_close(struct control *control)
{
    close(control->file);
    samples_free(&control->round);
    samples_free(&control->all);
}
