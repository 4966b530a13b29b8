/* progress.c - how far a long command has come, on a terminal. */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BAR_COLUMNS 40
#define BETWEEN_NS 100000000u /* from one drawing to the next */

static uint64_t
now(void)
{
    struct timespec time;

    if (clock_gettime(CLOCK_MONOTONIC, &time) != 0)
        return 0;
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* What takes no time needs no bar: the first is drawn a moment later. */
void
progress_begin(struct progress *progress, const char *what)
{
    progress->what = what;
    progress->shown = isatty(STDERR_FILENO) == 1;
    progress->drawn = false;
    progress->drawn_at = now();
}

int
progress_show(void *context, uint64_t done, uint64_t total)
{
    static const char full[BAR_COLUMNS + 1] =
        "########################################";
    struct progress *progress = context;
    double part = total > 0 ? (double)done / (double)total : 1;
    int columns = (int)(part * BAR_COLUMNS);
    uint64_t time;

    if (!progress->shown)
        return 0;
    time = now();
    if (time - progress->drawn_at < BETWEEN_NS)
        return 0;
    progress->drawn = true;
    progress->drawn_at = time;
    fprintf(stderr, "\r%s [%.*s%*s] %3d %%", progress->what, columns, full,
            BAR_COLUMNS - columns, "", (int)(part * 100));
    fflush(stderr);
    return 0;
}

void
progress_end(struct progress *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", stderr);
    progress->drawn = false;
}
