/*
 * power_test.c - what is acknowledged survives loss of power.
 *
 * Recorded runs, and for each moment of them many of the states in which a
 * loss of power may leave the files; see explore.h.  POWER_SECONDS makes the
 * long tests take so long each; POWER_PLAN, as a violation tells it, runs that
 * one alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore.h"
#include "report.h"
#include "support/fast_dir.h"
#include "support/test.h"

static const struct plan common = {.durability = JOURNAL_DURABLE,
                                   .tail_bytes = 64 << 10,
                                   .sessions = 2,
                                   .deeds = 20,
                                   .hands = 1,
                                   .processes = 1};

static const struct limits whole = {.unit = 512,
                                    .most = 24,
                                    .go_on_every = 16,
                                    .real_every = 64,
                                    .again = 1,
                                    .violations = 20};

/* Explores a run of PLAN in a directory of its own. */
static void
explore_one(const struct plan *plan, const struct limits *limits,
            struct figures *figures)
{
    test_setup();
    ck_assert(explore(plan, limits, test_dir, figures));
    test_teardown();
}

static double
seconds_wanted(void)
{
    const char *text = getenv("POWER_SECONDS");

    return text != NULL ? strtod(text, NULL) : 1.2 * test_scale();
}

/* Slow builds go through as many moments, and try fewer crashes of each. */
static uint32_t
most_wanted(void)
{
    double most = whole.most * test_scale();

    return most < 4 ? 4 : most > 256 ? 256 : (uint32_t)most;
}

/* Varies what PLAN leaves open. */
static void
vary(struct plan *plan, uint64_t *chance)
{
    plan->seed = test_random(chance);
    plan->sessions = 1 + (unsigned)(test_random(chance) % 3) + plan->faults * 3;
    plan->deeds = 1 + (unsigned)(test_random(chance) % 32);
    /* The default takes long to write down for each image. */
    plan->tail_bytes = (test_random(chance) % 16 == 0 ? 256 : 64) << 10;
}

/* Explores runs like PLAN until the time is up; none may go wrong. */
static void
explore_many(const char *title, struct plan plan, struct limits limits)
{
    struct figures figures = {0};
    double seconds = seconds_wanted();
    uint64_t seed = test_seed();
    unsigned round = 0;

    limits.most = most_wanted();
    limits.again = 1 + limits.most / 64;
    do {
        vary(&plan, &seed);
        limits.unit = round++ % 2 == 0 ? 512 : 4096;
        explore_one(&plan, &limits, &figures);
    } while (figures.seconds < seconds && figures.violations == 0);
    report_figures(title, &figures);
    ck_assert_uint_gt(figures.images, 0);
    ck_assert_uint_eq(figures.violations, 0);
}

START_TEST(what_is_acknowledged_durable_survives)
{
    explore_many("durable", common, whole);
}
END_TEST

START_TEST(what_is_acknowledged_relaxed_survives_from_a_sync_on)
{
    struct plan plan = common;

    plan.durability = JOURNAL_RELAXED;
    explore_many("relaxed", plan, whole);
}
END_TEST

START_TEST(what_is_acknowledged_survives_calls_that_failed)
{
    struct plan plan = common;

    plan.faults = true;
    explore_many("durable, calls fail", plan, whole);
    plan.durability = JOURNAL_RELAXED;
    explore_many("relaxed, calls fail", plan, whole);
}
END_TEST

/* In lives in which new entries end where lost ones did. */
START_TEST(what_a_crash_tore_never_follows_on)
{
    struct figures figures = {0};
    struct limits limits = whole;
    struct plan plan = common;
    uint64_t seed = test_seed();

    plan.durability = JOURNAL_RELAXED;
    plan.appends = true;
    plan.sessions = 1;
    limits.most = most_wanted();
    limits.again = 8;
    do {
        plan.seed = test_random(&seed) / 4 * 4 + 1;
        explore_one(&plan, &limits, &figures);
    } while (figures.seconds < seconds_wanted() && figures.violations == 0);
    report_figures("relaxed, torn", &figures);
    ck_assert_uint_eq(figures.violations, 0);
}
END_TEST

START_TEST(what_threads_append_at_the_same_time_survives)
{
    struct plan plan = common;

    plan.hands = 4;
    explore_many("durable, 4 threads", plan, whole);
    plan.durability = JOURNAL_RELAXED;
    explore_many("relaxed, 4 threads", plan, whole);
}
END_TEST

START_TEST(what_processes_append_at_the_same_time_survives)
{
    struct plan plan = common;

    plan.hands = 2;
    plan.processes = 2;
    explore_many("durable, 2 processes", plan, whole);
    plan.durability = JOURNAL_RELAXED;
    explore_many("relaxed, 2 processes", plan, whole);
}
END_TEST

START_TEST(what_went_wrong_before_goes_well)
{
    struct figures figures = {0};
    struct limits limits = whole;
    struct plan plan = common;

    ck_assert(report_plan_of(getenv("POWER_PLAN"), &plan, &limits));
    explore_one(&plan, &limits, &figures);
    report_figures("once more", &figures);
    ck_assert_uint_eq(figures.violations, 0);
}
END_TEST

/* ---- the harness bites -------------------------------------------------- */

static const struct {
    const char *title;
    unsigned flaws;
} flaws[] = {
    {"if fdatasync did nothing", FLAW_NO_FLUSH},
    {"if O_DSYNC did nothing", FLAW_NO_DSYNC},
    {"if flushes of directories did nothing", FLAW_NO_DIRECTORY},
    {"if flushes of the tail did nothing", FLAW_NO_TAIL},
};

START_TEST(a_disk_that_lies_is_noticed)
{
    struct limits limits = whole;
    struct figures figures = {0};
    struct plan plan = common;
    uint64_t seed = test_seed();

    limits.flaws = flaws[_i].flaws;
    for (unsigned i = 0; i < 20 && figures.violations == 0; i++) {
        plan.seed = test_random(&seed);
        explore_one(&plan, &limits, &figures);
    }
    report_figures(flaws[_i].title, &figures);
    ck_assert_uint_gt(figures.violations, 0);
}
END_TEST

/* A case of its own for each, so that one alone may be run: CK_RUN_CASE. */
static TCase *
add_case(Suite *suite, const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, 7200);
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    suite_add_tcase(suite, tcase);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *suite = suite_create("power");

    if (getenv("POWER_PLAN") != NULL) {
        tcase_add_test(add_case(suite, "plan"),
                       what_went_wrong_before_goes_well);
        return suite;
    }
    tcase_add_test(add_case(suite, "durable"),
                   what_is_acknowledged_durable_survives);
    tcase_add_test(add_case(suite, "relaxed"),
                   what_is_acknowledged_relaxed_survives_from_a_sync_on);
    tcase_add_test(add_case(suite, "failures"),
                   what_is_acknowledged_survives_calls_that_failed);
    tcase_add_test(add_case(suite, "torn"), what_a_crash_tore_never_follows_on);
    tcase_add_test(add_case(suite, "threads"),
                   what_threads_append_at_the_same_time_survives);
    tcase_add_test(add_case(suite, "processes"),
                   what_processes_append_at_the_same_time_survives);
    tcase_add_loop_test(add_case(suite, "lies"), a_disk_that_lies_is_noticed, 0,
                        sizeof(flaws) / sizeof(flaws[0]));
    return suite;
}

TEST_MAIN(suite)
