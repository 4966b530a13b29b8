/*
 * progress.h - tells a person at a terminal how far a long call has come.
 *
 * Nothing is printed where standard error is no terminal.  SIGINT, SIGTERM
 * and SIGHUP make the call end with ECANCELED, so that it cleans up, and act
 * only then.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* A line on standard error that is written again and again. */
struct progress {
    const char *what;  /* "verifying" */
    bool visible;      /* there is somebody to read it */
    bool shown;        /* the line is there */
    uint64_t shown_at; /* when it was written last, ns */
    struct sigaction interrupt, terminate, hangup; /* as they were */
};

/* A TOTAL that nobody knows: how much is DONE is shown as it is. */
#define PROGRESS_UNKNOWN UINT64_MAX

void progress_begin(struct progress *progress, const char *what);

/* A journal_progress, whose context is the struct progress. */
int progress_show(void *context, uint64_t done, uint64_t total);

/* Clears the line of whatever is in progress: something else is to be said. */
void progress_clear(void);

/* Clears the line, and lets the signal act that came meanwhile. */
void progress_end(struct progress *progress);

#endif
