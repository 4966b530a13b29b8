/*
 * sweep_test.c - every call fails in turn, in every way that fits it.
 *
 * FAULT_STRIDE=1 leaves no call out, 2 every other one; then, until
 * FAULT_SECONDS are over, two fail in the same run.  FAULT_JOBS processes share
 * the work; fewer runs than FAULT_LEAST are a failure.  FAULT_SITES is a file
 * for the places that made such calls.  FAULT_SCENE=threads takes the scenes
 * alone whose names begin so; FAULT_ONE="scene: mishap: call 7", as printed,
 * does one again, which threads may have missed by then.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sites.h"
#include "support/fast_dir.h"
#include "support/test.h"
#include "sweep.h"

#define TAIL (UINT64_C(64) << 10)
#define NO_TAIL (UINT64_C(1) << 20)

/* ---- what is done ------------------------------------------------------- */

static const struct scene scenes[] = {
    {"create", "", "O a a g c", TAIL, .salt = 2},
    {"create a new one", "", "N b c", TAIL, .salt = 2},
    {"create, relaxed", "", "R a2 s c", TAIL, .salt = 3},
    {"open", "O a3 c", "O a g c", TAIL, .salt = 2},
    {"open to read", "O b m c", "I g c", TAIL, .salt = 3},
    {"recover", "O a2 b2 x", "O a g c", TAIL, .salt = 2},
    {"recover, relaxed", "R a2 b2 s b x", "R a g s c", TAIL, .salt = 3},
    {"recover, to read", "O a2 b2 x", "I g c O g c", TAIL, .salt = 2},
    {"die, and recover", "O a2 x", "O a2 b g x", TAIL, .salt = 3},
    {"append", "O a c", "O a4 b g c", TAIL, .salt = 2},
    {"append, relaxed", "R a2 c", "R a4 b g s c", TAIL, .salt = 3},
    {"drain", "O a2 b c", "O a2 B6 g c", TAIL, .salt = 2},
    {"drain, relaxed", "R a2 b c", "R a2 B6 s c", TAIL, .salt = 3},
    {"large groups", "O a2 c", "O a2 B3 g", TAIL, .salt = 0},
    {"without a tail", "O a2 c", "O a2 b g c", TAIL, NO_TAIL, .salt = 2},
    {"full", "O a2 c", "O B30 p a c", TAIL, NO_TAIL, .salt = 0},
    {"read", "O b4 B2 m c", "O g2 c", TAIL, .salt = 0},
    {"prune", "O b4 m c", "O a2 p g p a c", TAIL, .salt = 2},
    {"compact", "O b4 c", "O a2 k g a c", TAIL, .salt = 3},
    {"rewind", "O b4 m c", "O a2 w g w a c", TAIL, .salt = 2},
    {"marks", "O b m c", "O m a2 m2 u g c", TAIL, .salt = 2},
    {"marks, relaxed", "R b m c", "R m a2 m2 u s c", TAIL, .salt = 2},
    /* What retention could not remove is told to the next call that writes. */
    {"retention", "O b2 c", "O a2 b3 s g c", TAIL, .keep_entries = 20,
     .salt = 2},
    {"two processes", "O b c", "O a2 y a2 y g c", TAIL, .salt = 2},
    {"two processes, relaxed", "R b c", "R a2 y a2 y g s c", TAIL, .salt = 3},
    {"verify", "O b3 B m c", "O a2 v c", TAIL, .salt = 2},
    {"verify, to read", "O a2 b2 x", "I v c", TAIL, .salt = 0},
    {"backup", "O b3 B m c", "O a2 h a c", TAIL, .salt = 2},
    {"backup, to read", "O a2 b2 c", "I h c", TAIL, .salt = 0},
    {"salvage", "O b3 B m c", "z", TAIL, .salt = 2},
    {"salvage, with a tail", "O a2 b2 x", "z", TAIL, .salt = 0},
    /* What a sync could not move into the store is told to the next append. */
    {"threads", "O a2 c", "O t a c", TAIL, .threads = 4, .salt = 2},
    {"threads, and read", "O b c", "O t2 a g", TAIL, .threads = 3, .salt = 2},
    {"threads, relaxed", "R a2 c", "R t2 s a c", TAIL, .threads = 4, .salt = 2},
    {"threads that drain", "R b2 c", "O t3 a g c", TAIL, .threads = 2,
     .salt = 0},
    {"threads, without a tail", "O a2 c", "O t a g c", TAIL, NO_TAIL,
     .threads = 3, .salt = 2},
    {"destroy", "O b c", "O a c d", TAIL, .salt = 2},
    {"all", "O b c", "O a2 b B4 s p m k a2 w a2 g c R a3 s c I g c", TAIL,
     .salt = 2},
};

#define SCENES (sizeof(scenes) / sizeof(scenes[0]))

/* ---- what goes wrong ---------------------------------------------------- */

#define ONCE .times = 1
#define THRICE .times = 3
#define EVER .times = FAULT_FOR_EVER

static const struct mishap mishaps[] = {
    {"write EIO", {FAULT_WRITE, ONCE, .error = EIO}},
    {"write EIO for ever", {FAULT_WRITE, EVER, .error = EIO}},
    {"write EIO, though done",
     {FAULT_WRITE, ONCE, .error = EIO, .effect = FAULT_AFTER}},
    {"write EIO, though done, for ever",
     {FAULT_WRITE, EVER, .error = EIO, .effect = FAULT_AFTER}},
    {"write ENOSPC", {FAULT_WRITE, ONCE, .error = ENOSPC}},
    {"write ENOSPC for ever", {FAULT_WRITE, EVER, .error = ENOSPC}},
    {"write EDQUOT", {FAULT_WRITE, ONCE, .error = EDQUOT}},
    {"write EINTR", {FAULT_WRITE, THRICE, .error = EINTR}},
    {"write short", {FAULT_WRITE, ONCE, .effect = FAULT_SHORT}},
    {"write short, then ENOSPC",
     {FAULT_WRITE, EVER, .error = ENOSPC, .effect = FAULT_SHORT}},
    {"sync EIO", {FAULT_SYNC, ONCE, .error = EIO}},
    {"sync EIO for ever", {FAULT_SYNC, EVER, .error = EIO}},
    {"sync EIO, though done",
     {FAULT_SYNC, ONCE, .error = EIO, .effect = FAULT_AFTER}},
    {"sync ENOSPC", {FAULT_SYNC, ONCE, .error = ENOSPC}},
    {"sync EINTR", {FAULT_SYNC, THRICE, .error = EINTR}},
    {"msync EIO", {FAULT_MSYNC, ONCE, .error = EIO}},
    {"msync EIO for ever", {FAULT_MSYNC, EVER, .error = EIO}},
    {"msync EIO, though done",
     {FAULT_MSYNC, ONCE, .error = EIO, .effect = FAULT_AFTER}},
    {"allocate ENOSPC", {FAULT_SPACE, ONCE, .error = ENOSPC}},
    {"allocate ENOSPC for ever", {FAULT_SPACE, EVER, .error = ENOSPC}},
    {"allocate ENOSPC, though done",
     {FAULT_SPACE, ONCE, .error = ENOSPC, .effect = FAULT_AFTER}},
    {"allocate EIO", {FAULT_SPACE, ONCE, .error = EIO}},
    {"allocate EINTR", {FAULT_SPACE, THRICE, .error = EINTR}},
    {"allocate EOPNOTSUPP for ever", {FAULT_SPACE, EVER, .error = EOPNOTSUPP}},
    {"open EMFILE", {FAULT_OPEN, ONCE, .error = EMFILE}},
    {"open EMFILE for ever", {FAULT_OPEN, EVER, .error = EMFILE}},
    {"open EACCES", {FAULT_OPEN, ONCE, .error = EACCES}},
    {"open EIO, though done",
     {FAULT_OPEN, ONCE, .error = EIO, .effect = FAULT_AFTER}},
    {"lock ENOLCK", {FAULT_LOCK, ONCE, .error = ENOLCK}},
    {"lock ENOLCK for ever", {FAULT_LOCK, EVER, .error = ENOLCK}},
    {"lock EINTR", {FAULT_LOCK, THRICE, .error = EINTR}},
    {"map ENOMEM", {FAULT_MAP, ONCE, .error = ENOMEM}},
    {"map ENOMEM for ever", {FAULT_MAP, EVER, .error = ENOMEM}},
    {"read EIO", {FAULT_READ, ONCE, .error = EIO}},
    {"read EIO for ever", {FAULT_READ, EVER, .error = EIO}},
    {"read EINTR", {FAULT_READ, THRICE, .error = EINTR}},
    {"read short", {FAULT_READ, ONCE, .effect = FAULT_SHORT}},
    {"look EIO", {FAULT_LOOK, ONCE, .error = EIO}},
    {"look EIO for ever", {FAULT_LOOK, EVER, .error = EIO}},
    {"look EACCES", {FAULT_LOOK, ONCE, .error = EACCES}},
    {"look ENOMEM", {FAULT_LOOK, ONCE, .error = ENOMEM}},
    {"name EIO", {FAULT_NAME, ONCE, .error = EIO}},
    {"name EIO for ever", {FAULT_NAME, EVER, .error = EIO}},
    {"name EIO, though done",
     {FAULT_NAME, ONCE, .error = EIO, .effect = FAULT_AFTER}},
    {"name ENOSPC", {FAULT_NAME, ONCE, .error = ENOSPC}},
    {"name EROFS for ever", {FAULT_NAME, EVER, .error = EROFS}},
    {"close EIO", {FAULT_CLOSE, ONCE, .error = EIO}},
    {"no memory", {FAULT_MEMORY, ONCE, .error = ENOMEM}},
    {"no memory for ever", {FAULT_MEMORY, EVER, .error = ENOMEM}},
};

#define MISHAPS (sizeof(mishaps) / sizeof(mishaps[0]))

/* ---- all of it ---------------------------------------------------------- */

/* What the processes share. */
struct work {
    struct tally tally;
    unsigned next; /* task: a scene with a mishap */
    unsigned stride;
    uint64_t seed;
    double until; /* pairs go on; seconds */
};

static double
now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double
number_of(const char *name, double otherwise)
{
    const char *text = getenv(name);

    return text == NULL || text[0] == '\0' ? otherwise : strtod(text, NULL);
}

static bool
is_wanted(const struct scene *scene)
{
    const char *start = getenv("FAULT_SCENE");

    return start == NULL || strncmp(scene->name, start, strlen(start)) == 0;
}

/* Tasks one after the other, until there are none. */
static void
do_tasks(struct work *work, const char *directory)
{
    struct sweep *sweep = NULL;
    size_t scene = SCENES;
    unsigned task;

    while ((task = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED)) <
           SCENES * MISHAPS) {
        uint64_t chance = work->seed + task;

        if (!is_wanted(&scenes[task / MISHAPS]))
            continue;
        if (task / MISHAPS != scene) {
            if (sweep != NULL)
                sweep_end(sweep);
            scene = task / MISHAPS;
            sweep = sweep_scene(&scenes[scene], directory, &work->tally);
        }
        sweep_mishap(sweep, &mishaps[task % MISHAPS], work->stride, &chance);
    }
    if (sweep != NULL)
        sweep_end(sweep);
}

static void
do_pairs(struct work *work, const char *directory, unsigned which)
{
    uint64_t chance = work->seed + SCENES * MISHAPS + which;

    while (now() < work->until) {
        size_t scene = test_random(&chance) % SCENES;
        struct sweep *sweep = sweep_scene(&scenes[scene], directory,
                                          &work->tally);

        for (unsigned i = 0; i < 40; i++)
            sweep_pair(sweep, &chance);
        sweep_end(sweep);
    }
}

static void
do_share(struct work *work, unsigned which)
{
    char directory[32];

    (void)snprintf(directory, sizeof(directory), "share-%u", which);
    ck_assert_int_eq(mkdir(test_path(directory), 0700), 0);
    do_tasks(work, test_path(directory));
    do_pairs(work, test_path(directory), which);
}

static void
share(struct work *work, unsigned jobs)
{
    pid_t pids[64];

    ck_assert_uint_le(jobs, 64);
    for (unsigned i = 0; i < jobs; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            do_share(work, i);
            (void)fflush(stdout);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < jobs; i++) {
        int status;

        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert_int_eq(status, 0);
    }
}

/* Seconds of processors that this process and its children took. */
static double
used(void)
{
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    double sum = 0;

    for (unsigned i = 0; i < 2; i++) {
        struct rusage usage;

        (void)getrusage(whose[i], &usage);
        sum += (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    }
    return sum;
}

static void
report(const struct tally *tally, double seconds)
{
    static const char *const names[FAULT_CLASSES] = {
        "write", "sync", "open", "name", "allocate", "msync",
        "lock",  "map",  "read", "look", "close",    "memory"};

    printf("faults: %u in %.1f s, %.0f a second, and %.1f s of processors; %u "
           "told; violations: %u\n",
           tally->runs, seconds, tally->runs / seconds, used(), tally->told,
           tally->violations);
    printf("faults:");
    for (unsigned i = 0; i < FAULT_CLASSES; i++)
        printf(" %s %u", names[i], tally->by_class[i]);
    printf("; two in a run %u\n", tally->pairs);
    (void)fflush(stdout);
}

static struct work *
work_new(void)
{
    struct work *work = test_shared(sizeof(*work));

    work->seed = test_seed();
    return work;
}

/* In `make check` a part of the calls, from random ones on. */
static unsigned
stride_wanted(void)
{
    double stride = 240 / test_scale();

    stride = number_of("FAULT_STRIDE", stride);
    return stride < 1 ? 1 : (unsigned)stride;
}

START_TEST(a_call_that_fails_is_told_or_harmless_and_nothing_is_lost)
{
    struct work *work = work_new();
    double begun = now();

    work->stride = stride_wanted();
    work->until = begun + number_of("FAULT_SECONDS", 0);
    faults_note_sites();
    share(work, (unsigned)number_of("FAULT_JOBS", 1));
    report(&work->tally, now() - begun);
    sites_report(getenv("FAULT_SITES"));
    ck_assert_uint_gt(work->tally.runs, 0);
    ck_assert_uint_ge(work->tally.runs, (unsigned)number_of("FAULT_LEAST", 0));
    ck_assert_uint_eq(work->tally.violations, 0);
}
END_TEST

/* ---- one again ---------------------------------------------------------- */

static void
do_again(const char *text)
{
    static struct tally tally;
    char scene[64], mishap[64];
    unsigned n;

    ck_assert_int_eq(sscanf(text, "%63[^:]: %63[^:]: call %u", scene, mishap,
                            &n),
                     3);
    for (size_t i = 0; i < SCENES; i++)
        for (size_t j = 0; j < MISHAPS; j++)
            if (strcmp(scenes[i].name, scene) == 0 &&
                strcmp(mishaps[j].name, mishap) == 0) {
                struct sweep *sweep = sweep_scene(&scenes[i], test_dir, &tally);

                sweep_one(sweep, &mishaps[j], n);
                sweep_end(sweep);
            }
    ck_assert_uint_eq(tally.violations, 0);
}

START_TEST(the_one_that_is_asked_for)
{
    do_again(getenv("FAULT_ONE"));
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("sweep");
    TCase *tcase = tcase_create("sweep");

    tcase_set_timeout(tcase, 7200);
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    if (getenv("FAULT_ONE") != NULL)
        tcase_add_test(tcase, the_one_that_is_asked_for);
    else
        tcase_add_test(
            tcase, a_call_that_fails_is_told_or_harmless_and_nothing_is_lost);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
