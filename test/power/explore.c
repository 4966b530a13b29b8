/* explore.c - every crash of a recorded run, tried. */
#include "explore.h"

#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "claims.h"
#include "crashes.h"
#include "judge.h"
#include "memory.h"
#include "report.h"
#include "support/test.h"

#define TRACE_SIZE ((size_t)256 << 20)
#define HANGS 120u /* seconds that one image may take */
#define AGAIN_MAX 16u

/* What a crash left, for another run; its files are in a directory. */
struct left {
    struct state state;
    bool exists;
};

/* Shared with the process that judges, which may die of an image. */
struct board {
    struct figures figures;
    uint64_t image; /* that it is at, of this run */
    bool whole;     /* all of the run is done */
    unsigned again;
    struct left left[AGAIN_MAX];
};

struct explorer {
    struct plan plan;
    const struct limits *limits;
    const char *directory;
    struct trace *trace;
    struct life *life;
    struct disk *disk;
    struct board *board;
    struct claims claims;
    uint64_t skip; /* images that were judged before */
    unsigned depth;
    unsigned number;    /* of the run, of those of its depth */
    struct event event; /* where it is */
    unsigned deeds;     /* done since the moment before */
    bool has_failed;    /* some call */
};

static const char *
place(const struct explorer *explorer, const char *name, unsigned number)
{
    static char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s-%u-%u", explorer->directory, name,
             explorer->depth, number);
    return path;
}

/* ---- one image ---------------------------------------------------------- */

static void
violation(struct explorer *explorer, const uint32_t *versions, const char *why)
{
    const struct choice *choices;
    size_t count = disk_choices(explorer->disk, &choices);

    explorer->board->figures.violations++;
    if (explorer->limits->flaws != 0 || explorer->board->figures.violations > 3)
        return;
    report_violation(&explorer->plan, explorer->limits, &explorer->claims,
                     &explorer->event, why);
    for (size_t i = 0; i < count; i++) {
        char text[200];

        disk_describe(explorer->disk, &choices[i], versions[i], text,
                      sizeof(text));
        printf("    %s\n", text);
    }
    fflush(stdout);
}

/* If there are to be many, of late moments, in which there is more to lose. */
static bool
is_wanted_again(const struct explorer *explorer, uint64_t chance)
{
    const struct claims *claims = &explorer->claims;

    if (explorer->limits->again > 1 && claims->possible < claims->count / 2)
        return false;
    return explorer->depth == 0 &&
           explorer->board->again < explorer->limits->again &&
           test_random(&chance) % (64 / explorer->limits->again) == 0;
}

static bool
goes_on(const struct explorer *explorer, uint64_t chance)
{
    unsigned every = explorer->limits->go_on_every;

    return every > 0 && chance % every == 0;
}

/* A look at what the crash left, of one kind or another, or none. */
static bool
look(struct explorer *explorer, const char *directory, uint64_t chance,
     bool *found, struct state *image, char *why)
{
    static const uint32_t kinds[8] = {
        JOURNAL_OPEN_READ_ONLY, JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE,
        JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE};
    uint32_t flags = kinds[chance / 64 % 8];

    *found = false;
    if (flags == 0)
        return true;
    explorer->board->figures.looked++;
    return judge_look(directory, flags, !explorer->claims.exists, found, image,
                      why);
}

static bool
judge(struct explorer *explorer, const char *directory, bool again,
      uint64_t chance, char *why)
{
    static struct state image, seen;
    struct journal *journal;
    bool found;
    struct board *board = explorer->board;

    if (!look(explorer, directory, chance, &found, &seen, why))
        return false;
    if (!judge_open(directory, !explorer->claims.exists, &journal, &image,
                    why)) {
        journal_close(journal);
        return false;
    }
    if (!claims_allow(&explorer->claims, &image)) {
        report_difference(&explorer->claims, &image, why);
        board->figures.lost++;
        journal_close(journal);
        return false;
    }
    if (found && !state_equals(&seen, &image)) {
        snprintf(why, WHY_SIZE, "an open changed what is read");
        journal_close(journal);
        return false;
    }
    if (again) {
        state_copy(&board->left[board->again].state, &image);
        board->left[board->again++].exists = explorer->claims.exists;
    }
    if (goes_on(explorer, chance)) {
        board->figures.gone_on++;
        return judge_go_on(directory, journal, &image, chance, why);
    }
    journal_close(journal);
    return true;
}

static void
try_image(struct explorer *explorer, const uint32_t *versions, uint64_t chance)
{
    struct board *board = explorer->board;
    const char *directory = MEMORY_ROOT;
    bool again;
    char why[WHY_SIZE];

    if (board->image++ < explorer->skip)
        return;
    (void)alarm(HANGS);
    board->figures.images++;
    board->figures.of_crash += explorer->depth > 0;
    board->figures.after_failure += explorer->has_failed;
    again = is_wanted_again(explorer, chance);
    if (again) {
        const char *kept = place(explorer, "again", board->again);

        (void)mkdir(kept, 0700);
        disk_crash(explorer->disk, versions, kept, chance);
    }
    if (explorer->limits->real_every > 0 &&
        chance / 256 % explorer->limits->real_every == 0)
        directory = place(explorer, "crash", explorer->number);
    disk_crash(explorer->disk, versions, directory, chance);
    if (!judge(explorer, directory, again, chance, why))
        violation(explorer, versions, why);
}

/* ---- one run ------------------------------------------------------------ */

static bool
is_over(const struct explorer *explorer)
{
    const struct limits *limits = explorer->limits;
    const struct figures *figures = &explorer->board->figures;

    return figures->violations >= limits->violations ||
           (limits->images > 0 && figures->images >= limits->images);
}

static void
try_moment(struct explorer *explorer)
{
    const struct choice *choices;
    struct crashes crashes;
    const uint32_t *versions;
    size_t count = disk_choices(explorer->disk, &choices);
    uint64_t seed = explorer->plan.seed ^ (uint64_t)explorer->event.number
                                              << 20;
    uint64_t chance = seed;
    uint32_t most = explorer->limits->most * (1 + explorer->deeds / 4);

    explorer->deeds = 0;
    crashes_begin(&crashes, choices, count, most, seed);
    if (explorer->board->image >= explorer->skip)
        explorer->board->figures.moments++;
    while (!is_over(explorer) && (versions = crashes_next(&crashes)) != NULL)
        try_image(explorer, versions, test_random(&chance));
    crashes_end(&crashes);
}

/*
 * LMDB wants megabytes for each open, zeros in part: these are to be mapped,
 * which is quicker than to wipe them, and all else to be kept.
 */
static void
spare_the_kernel(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, 3 << 19);
    (void)mallopt(M_TRIM_THRESHOLD, 256 << 20);
    (void)mallopt(M_TOP_PAD, 4 << 20);
}

/* In a process of its own. */
static void
judge_all(struct explorer *explorer)
{
    size_t at = 0;

    spare_the_kernel();
    explorer->board->image = 0;
    explorer->deeds = 0;
    explorer->has_failed = false;
    while (!is_over(explorer) &&
           trace_read(explorer->trace, &at, &explorer->event)) {
        if (explorer->event.kind == EVENT_FLUSHED)
            try_moment(explorer);
        explorer->deeds += explorer->event.kind == EVENT_DEED_DONE;
        explorer->has_failed |= explorer->event.kind == EVENT_FAILED;
        disk_happens(explorer->disk, &explorer->event);
        claims_happens(&explorer->claims, &explorer->event);
    }
    explorer->event.number++;
    if (!is_over(explorer))
        try_moment(explorer);
    explorer->board->whole = true;
    fflush(stdout);
    _exit(0);
}

/* The process died of the image it was at. */
static void
judge_was_killed(struct explorer *explorer, int status)
{
    struct board *board = explorer->board;
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

    board->figures.violations++;
    board->figures.killed++;
    if (explorer->limits->flaws == 0)
        printf("image %llu of the run of seed %llu, %u: killed by signal %d "
               "(%s)\n",
               (unsigned long long)board->image,
               (unsigned long long)explorer->plan.seed, explorer->limits->unit,
               number, strsignal(number));
    report_plan(&explorer->plan, explorer->limits);
    explorer->skip = board->image;
}

static void
judge_in_children(struct explorer *explorer)
{
    explorer->skip = 0;
    explorer->board->whole = false;
    fflush(stdout);
    while (!explorer->board->whole && !is_over(explorer)) {
        int status = 0;
        pid_t child = fork();

        if (child == 0)
            judge_all(explorer);
        if (child < 0 || waitpid(child, &status, 0) != child)
            abort();
        if (status != 0)
            judge_was_killed(explorer, status);
    }
}

static bool
explore_run(struct explorer *explorer, const char *stage,
            const struct state *base, bool exists)
{
    const char *wrong;
    const struct plan *plan = &explorer->plan;

    (void)mkdir(stage, 0700);
    (void)mkdir(place(explorer, "crash", explorer->number), 0700);
    trace_clear(explorer->trace);
    explorer->disk = disk_new(explorer->trace, stage, explorer->limits->unit,
                              explorer->limits->flaws);
    workload_run(plan, stage, base, explorer->trace, explorer->life, &wrong);
    if (wrong == NULL && trace_is_full(explorer->trace))
        wrong = "the trace is full";
    explorer->board->figures.runs++;
    if (wrong == NULL) {
        claims_init(&explorer->claims, explorer->life, base,
                    plan->hands * plan->processes == 1, exists);
        judge_in_children(explorer);
    } else {
        printf("the run of seed %llu failed: %s\n",
               (unsigned long long)plan->seed, wrong);
        report_plan(plan, explorer->limits);
        fflush(stdout);
    }
    disk_free(explorer->disk);
    return wrong == NULL;
}

/* Runs that begin with what crashes of the first have left. */
static bool
explore_again(struct explorer *explorer)
{
    struct board *board = explorer->board;
    unsigned count = board->again;
    bool good = true;

    for (unsigned i = 0; i < count && good && !is_over(explorer); i++) {
        char stage[PATH_MAX];

        snprintf(stage, sizeof(stage), "%s", place(explorer, "again", i));
        explorer->depth = 1;
        explorer->number = i;
        explorer->plan.seed += 4; /* of the same kind of life */
        explorer->plan.sessions = 1;
        explorer->plan.deeds /= 2;
        board->figures.again++;
        good = explore_run(explorer, stage, &board->left[i].state,
                           board->left[i].exists);
        explorer->plan.deeds *= 2;
        explorer->depth = 0;
        explorer->number = 0;
    }
    return good;
}

static double
seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Of this process and of those children that are gone. */
static double
core_seconds_now(void)
{
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    struct rusage usage;
    double seconds = 0;

    for (size_t i = 0; i < 2; i++) {
        getrusage(whose[i], &usage);
        seconds += (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) /
                       1e6;
    }
    return seconds;
}

bool
explore(const struct plan *plan, const struct limits *limits,
        const char *directory, struct figures *figures)
{
    static struct state empty;
    static struct explorer explorer;
    double start = seconds_now(), core_start = core_seconds_now();
    char stage[PATH_MAX];
    bool good;

    if (explorer.trace == NULL) {
        explorer.trace = trace_new(TRACE_SIZE);
        explorer.life = life_new();
        explorer.board = test_shared(sizeof(*explorer.board));
    }
    explorer.plan = *plan;
    explorer.limits = limits;
    explorer.directory = directory;
    explorer.board->figures = *figures;
    explorer.board->again = 0;
    explorer.depth = 0;
    state_init(&empty);
    snprintf(stage, sizeof(stage), "%s", place(&explorer, "stage", 0));
    good = explore_run(&explorer, stage, &empty, false) &&
           explore_again(&explorer);
    *figures = explorer.board->figures;
    figures->seconds += seconds_now() - start;
    figures->core_seconds += core_seconds_now() - core_start;
    return good;
}
