/* progress.h - how far a long command has come, on a terminal. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* A line on standard error that is written again and again. */
struct progress {
    const char *what; /* "verifying" */
    bool shown;       /* standard error is a terminal */
    bool drawn;       /* the line is there */
    uint64_t drawn_at;
};

void progress_begin(struct progress *progress, const char *what);

/* A journal_progress, with a struct progress for its context. */
int progress_show(void *context, uint64_t done, uint64_t total);

/* Leaves the line empty, for what is to be printed. */
void progress_end(struct progress *progress);

#endif
