/* kill_test.c - writers killed at any moment lose nothing and leave no mess. */
#include "series.h"
#include "support/test.h"

static const struct kind one_writer = {.name = "one writer",
                                       .processes = 1,
                                       .threads = 1};
static const struct kind upkeep = {.name = "prune, rewind",
                                   .processes = 1,
                                   .threads = 1,
                                   .prunes = true,
                                   .rewinds = true};
static const struct kind deep = {.name = "deep prune, rewind",
                                 .processes = 1,
                                 .threads = 1,
                                 .deep = true};
static const struct kind threads = {.name = "threads",
                                    .processes = 1,
                                    .threads = 4,
                                    .prunes = true};
static const struct kind processes = {.name = "processes",
                                      .processes = SERIES_WRITERS_MAX,
                                      .threads = 1,
                                      .prunes = true,
                                      .reader = true};

#define ROUNDS_ONE_WRITER 1000u
#define ROUNDS_UPKEEP 1000u
#define ROUNDS_DEEP 200u
#define ROUNDS_THREADS 600u
#define ROUNDS_PROCESSES 600u
#define ROUNDS_ON_DISK 200u

START_TEST(a_killed_writer_loses_nothing)
{
    series_run(&one_writer, ROUNDS_ONE_WRITER, _i);
}
END_TEST

START_TEST(a_killed_prune_or_rewind_leaves_a_whole_journal)
{
    series_run(&upkeep, ROUNDS_UPKEEP, _i);
}
END_TEST

START_TEST(a_prune_or_rewind_killed_between_its_steps_leaves_a_whole_journal)
{
    series_run(&deep, ROUNDS_DEEP, _i);
}
END_TEST

START_TEST(killed_threads_lose_nothing)
{
    series_run(&threads, ROUNDS_THREADS, _i);
}
END_TEST

START_TEST(killed_processes_lose_nothing_and_hold_up_nobody)
{
    series_run(&processes, ROUNDS_PROCESSES, _i);
}
END_TEST

START_TEST(a_killed_writer_loses_nothing_on_a_disk)
{
    series_run(&one_writer, ROUNDS_ON_DISK, _i);
}
END_TEST

START_TEST(a_killed_prune_or_rewind_on_a_disk_leaves_a_whole_journal)
{
    series_run(&upkeep, ROUNDS_ON_DISK, _i);
}
END_TEST

START_TEST(killed_threads_lose_nothing_on_a_disk)
{
    series_run(&threads, ROUNDS_ON_DISK, _i);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("kill");
    TCase *fast = series_case(suite, "in memory", true);
    TCase *more = series_case(suite, "in memory, more", true);
    TCase *disk = series_case(suite, "on a disk", false);

    series_add(fast, a_killed_writer_loses_nothing, ROUNDS_ONE_WRITER);
    series_add(fast, a_killed_prune_or_rewind_leaves_a_whole_journal,
               ROUNDS_UPKEEP);
    series_add(
        more, a_prune_or_rewind_killed_between_its_steps_leaves_a_whole_journal,
        ROUNDS_DEEP);
    series_add(more, killed_threads_lose_nothing, ROUNDS_THREADS);
    series_add(more, killed_processes_lose_nothing_and_hold_up_nobody,
               ROUNDS_PROCESSES);
    series_add(disk, a_killed_writer_loses_nothing_on_a_disk, ROUNDS_ON_DISK);
    series_add(disk, a_killed_prune_or_rewind_on_a_disk_leaves_a_whole_journal,
               ROUNDS_ON_DISK);
    series_add(disk, killed_threads_lose_nothing_on_a_disk, ROUNDS_ON_DISK);
    return suite;
}

TEST_MAIN(suite)
