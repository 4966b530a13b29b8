/* progress.c - tells a person at a terminal how far a long call has come. */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "monotonic.h"

#define BAR_COLUMNS 40
#define PERIOD 100000000u /* ns from one drawing to the next */

static volatile sig_atomic_t caught;
static struct progress *current; /* NULL: nothing is in progress */

static void
note_signal(int number)
{
    caught = number;
}

/* A signal that the caller's caller ignores stays ignored. */
static void
watch(int number, struct sigaction *before)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = note_signal;
    sigemptyset(&action.sa_mask);
    sigaction(number, NULL, before);
    if (before->sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

/* What takes no time needs no bar: the first is drawn a moment later. */
void
progress_begin(struct progress *progress, const char *what)
{
    memset(progress, 0, sizeof(*progress));
    progress->what = what;
    progress->visible = isatty(STDERR_FILENO) == 1;
    progress->shown_at = monotonic_ns();
    caught = 0;
    current = progress;
    watch(SIGINT, &progress->interrupt);
    watch(SIGTERM, &progress->terminate);
    watch(SIGHUP, &progress->hangup);
}

static void
draw_bar(const struct progress *progress, uint64_t done, uint64_t total)
{
    static const char full[BAR_COLUMNS + 1] =
        "########################################";
    double part = total > 0 && done < total ? (double)done / (double)total : 1;
    int columns = (int)(part * BAR_COLUMNS);

    fprintf(stderr, "\r%s [%.*s%*s] %3d %%\033[K", progress->what, columns,
            full, BAR_COLUMNS - columns, "", (int)(part * 100));
}

int
progress_show(void *context, uint64_t done, uint64_t total)
{
    struct progress *progress = context;
    uint64_t time;

    if (!progress->visible)
        return caught;
    time = monotonic_ns();
    if (time - progress->shown_at < PERIOD)
        return caught;
    progress->shown = true;
    progress->shown_at = time;
    if (total == PROGRESS_UNKNOWN)
        fprintf(stderr, "\r%s %" PRIu64 "\033[K", progress->what, done);
    else
        draw_bar(progress, done, total);
    fflush(stderr);
    return caught;
}

void
progress_clear(void)
{
    if (current != NULL && current->shown) {
        fputs("\r\033[K", stderr);
        current->shown = false;
    }
}

void
progress_end(struct progress *progress)
{
    progress_clear();
    current = NULL;
    sigaction(SIGINT, &progress->interrupt, NULL);
    sigaction(SIGTERM, &progress->terminate, NULL);
    sigaction(SIGHUP, &progress->hangup, NULL);
    if (caught != 0)
        raise(caught);
}
