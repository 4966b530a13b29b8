/*
 * blocks_test.c - loss of power on a real file system: the kernel's ext4, on a
 * disk that remembers what the kernel did to it.
 *
 * Where a program may not mount there is nothing to do.  BLOCK_IMAGES is how
 * many images to look at, in all.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "extents.h"
#include "images.h"
#include "server.h"
#include "support/fast_dir.h"
#include "support/test.h"
#include "work.h"

/* A disk with a file system, and where it is mounted. */
struct rig {
    struct disk *disk;
    struct device device;
    pid_t server;
    uint8_t *start;
    char mounted[4096];
};

static double
now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static unsigned
number_of(const char *name, double otherwise)
{
    const char *text = getenv(name);
    double number = text == NULL || text[0] == '\0' ? otherwise
                                                    : strtod(text, NULL);

    return number < 1 ? 1 : (unsigned)number;
}

/* ---- the rig ------------------------------------------------------------ */

static void
make_file(const char *path)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    (void)fclose(file);
}

static void
rig_mount(struct rig *rig)
{
    int rc = device_mount(&rig->device, rig->mounted);

    ck_assert_msg(rc == 0, "mount: %s", strerror(rc));
}

static void
rig_up(struct rig *rig)
{
    device_format(test_path("format"), DISK_SIZE);
    rig->disk = disk_new(test_path("format"));
    make_file(test_path("disk"));
    rig->server = server_start(rig->disk, test_path("disk"));
    ck_assert_msg(rig->server > 0, "%s", strerror((int)-rig->server));
    ck_assert(device_attach(&rig->device, test_path("disk")));
    (void)snprintf(rig->mounted, sizeof(rig->mounted), "%s",
                   test_path("mounted"));
    ck_assert_int_eq(mkdir(rig->mounted, 0700), 0);
    rig_mount(rig);
    sync();
    rig->start = malloc(DISK_SIZE);
    ck_assert_ptr_nonnull(rig->start);
    memcpy(rig->start, disk_bytes(rig->disk), DISK_SIZE);
    disk_record(rig->disk);
}

/* The mount is left: what it would write now is no part of it. */
static void
rig_down(struct rig *rig)
{
    int status;

    (void)device_unmount(rig->mounted);
    device_detach(&rig->device);
    (void)kill(rig->server, SIGKILL);
    (void)waitpid(rig->server, &status, 0);
    (void)device_unmount(test_path("disk"));
    disk_free(rig->disk);
    free(rig->start);
}

/* ---- images ------------------------------------------------------------- */

/* Appends that gave an error. */
static unsigned
failures_of(const struct life *life)
{
    unsigned failures = 0;

    for (uint32_t i = 0; i < life->count; i++)
        failures += life->deeds[i].failed;
    return failures;
}

/* Returns how many appends have failed. */
static unsigned
explore_one(const struct work *work, unsigned most, bool lies,
            struct images_figures *figures)
{
    struct rig rig;
    struct life *life = life_new();
    struct images images = {.life = life,
                            .seed = work->seed,
                            .most = most,
                            .lies = lies,
                            .jobs = number_of("BLOCK_JOBS", 2)};
    const char *wrong;

    test_setup();
    rig_up(&rig);
    wrong = work_do(work, rig.mounted, rig.disk, life);
    ck_assert_msg(wrong == NULL, "seed %llu: %s",
                  (unsigned long long)work->seed, wrong);
    ck_assert(!disk_is_full(rig.disk));
    images.start = rig.start;
    images.disk = rig.disk;
    images.stage = test_dir;
    images_explore(&images, figures);
    rig_down(&rig);
    test_teardown();
    return failures_of(life);
}

static void
report(const char *title, const struct images_figures *figures,
       unsigned failures, double seconds)
{
    printf("%s: %u images of %u epochs in %.1f s, %.0f a second; %u gone on "
           "with; %u appends had failed; violations: %u\n",
           title, figures->images, figures->epochs, seconds,
           figures->images / seconds, figures->gone_on, failures,
           figures->violations);
    (void)fflush(stdout);
}

/*
 * LMDB takes back a meta page that it could not write in the page cache only;
 * the disk may have it.  And a block whose first write failed ext4 does not
 * make part of the file when it is written again, unless it is forgotten first.
 */
static const struct kind {
    const char *title;
    uint32_t durability;
    enum hurt hurt;
} kinds[] = {
    {"durable", JOURNAL_DURABLE, HURT_NONE},
    {"relaxed", JOURNAL_RELAXED, HURT_NONE},
    {"durable, writes fail", JOURNAL_DURABLE, HURT_ANY},
    {"relaxed, writes fail", JOURNAL_RELAXED, HURT_ANY},
    {"durable, meta pages fail, though written", JOURNAL_DURABLE, HURT_META},
    {"durable, fresh blocks fail", JOURNAL_DURABLE, HURT_FRESH},
};

#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

START_TEST(what_is_acknowledged_is_on_the_file_system_after_a_loss_of_power)
{
    const struct kind *kind = &kinds[_i];
    unsigned wanted = number_of("BLOCK_IMAGES", 72 * test_scale());
    struct images_figures figures = {0};
    uint64_t chance = test_seed() + (uint64_t)_i;
    unsigned failures = 0;
    double begun = now();

    wanted = (wanted + KINDS - 1) / KINDS;
    device_go_private();
    while (figures.violations == 0 &&
           (figures.images < wanted ||
            (kind->hurt != HURT_NONE && failures == 0))) {
        struct work work = {.seed = test_random(&chance),
                            .durability = kind->durability,
                            .sessions = kind->hurt != HURT_NONE ? 4 : 1,
                            .deeds = 8,
                            .hurt = kind->hurt};

        work.sessions += (unsigned)(test_random(&chance) % 3);
        if (wanted >= 200)
            work.deeds += (unsigned)(test_random(&chance) % 24);
        failures += explore_one(&work, wanted < 200 ? 1 : 8, false, &figures);
    }
    report(kind->title, &figures, failures, now() - begun);
    ck_assert_uint_eq(figures.violations, 0);
}
END_TEST

/* ---- processes ---------------------------------------------------------- */

/* Opens, says so, and appends when it is told to. */
static void
append_beside(const char *home, int orders, int answers)
{
    struct journal *journal = NULL;
    int rc = journal_open(home, NULL, &journal);
    char order;

    (void)!write(answers, &rc, sizeof(rc));
    while (read(orders, &order, 1) == 1) {
        rc = journal_append(journal, "beside", 6, "", 0, NULL);
        (void)!write(answers, &rc, sizeof(rc));
    }
    journal_close(journal);
    _exit(0);
}

static int
answer_of(int answers)
{
    int rc = -1;

    ck_assert_int_eq(read(answers, &rc, sizeof(rc)), sizeof(rc));
    return rc;
}

/*
 * LMDB keeps to itself that it has failed, and the kernel tells each open file
 * of an error of its own: the other process was told of a failure of a commit
 * that had none, or of nothing.  And an error told late was taken for one of
 * the next commit, which was on the disk.
 */
START_TEST(a_failed_write_is_told_to_others_and_not_to_the_next_session)
{
    struct wounds wounds = {.n = 1, .times = 1};
    struct journal *journal = NULL;
    int orders[2], answers[2], rc;
    char home[PATH_MAX + 8];
    struct rig rig;
    pid_t child;

    device_go_private();
    test_setup();
    rig_up(&rig);
    (void)snprintf(home, sizeof(home), "%s/home", rig.mounted);
    ck_assert_int_eq(pipe(orders) + pipe(answers), 0);
    child = fork();
    if (child == 0) {
        (void)close(orders[1]);
        append_beside(home, orders[0], answers[1]);
    }
    ck_assert_int_eq(answer_of(answers[0]), 0);
    ck_assert_int_eq(journal_open(home, NULL, &journal), 0);
    extents_add(&wounds, home, "data.mdb", EXTENTS_ALL);
    disk_hurt(rig.disk, &wounds);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), EIO);
    ck_assert_uint_eq(disk_heal(rig.disk), 1);
    ck_assert_int_eq(write(orders[1], "", 1), 1);
    ck_assert_int_eq(answer_of(answers[0]), JOURNAL_FAILED);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL),
                     JOURNAL_FAILED);
    journal_close(journal);
    (void)close(orders[1]);
    ck_assert_int_eq(waitpid(child, &rc, 0), child);
    ck_assert_int_eq(rc, 0);
    ck_assert_int_eq(journal_open(home, NULL, &journal), 0);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), 0);
    journal_close(journal);
    rig_down(&rig);
    test_teardown();
}
END_TEST

/* ---- the harness bites -------------------------------------------------- */

START_TEST(a_disk_that_lies_is_noticed)
{
    const struct work work = {.seed = test_seed(), .sessions = 2, .deeds = 12};
    struct images_figures figures = {0};

    device_go_private();
    explore_one(&work, 1, true, &figures);
    ck_assert_uint_gt(figures.violations, 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("blocks");
    TCase *tcase = tcase_create("blocks");

    tcase_set_timeout(tcase, 7200);
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_loop_test(
        tcase, what_is_acknowledged_is_on_the_file_system_after_a_loss_of_power,
        0, KINDS);
    tcase_add_test(
        tcase, a_failed_write_is_told_to_others_and_not_to_the_next_session);
    tcase_add_test(tcase, a_disk_that_lies_is_noticed);
    suite_add_tcase(suite, tcase);
    return suite;
}

int
main(void)
{
    const char *trouble = device_trouble();

    if (trouble == NULL)
        return test_main(__FILE__, suite);
    printf("SKIPPED: no images of a real file system: %s\n", trouble);
    return 77;
}
