/* time_test.c - the times of entries, whatever the clock does. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "api/steps.h"

#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)

/* How far the library's clock is ahead, in ns. */
static int64_t ahead;

static int64_t
real_time(void)
{
    struct timespec now;

    ck_assert_int_eq(syscall(SYS_clock_gettime, CLOCK_REALTIME, &now), 0);
    return now.tv_sec * SECOND + now.tv_nsec;
}

/* Stands in for the C library's. */
int
clock_gettime(clockid_t clock, struct timespec *now)
{
    int rc = (int)syscall(SYS_clock_gettime, clock, now);
    int64_t time;

    if (rc != 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE))
        return rc;
    time = now->tv_sec * SECOND + now->tv_nsec + ahead;
    now->tv_sec = time / SECOND;
    now->tv_nsec = time % SECOND;
    return 0;
}

static void
setup(void)
{
    setup_journal();
    ahead = 0;
}

static int64_t
time_of(uint64_t seq)
{
    struct journal_entry *entry = entry_at(seq);
    int64_t time = (int64_t)entry->time;

    journal_entry_free(entry);
    return time;
}

START_TEST(the_time_is_that_of_the_append_in_ns_since_1970)
{
    int64_t before = real_time();
    int64_t after;

    append("key", "value");
    after = real_time();
    /* A coarse clock is some ms behind. */
    ck_assert_int_ge(time_of(0), before - SECOND);
    ck_assert_int_le(time_of(0), after);
}
END_TEST

START_TEST(time_goes_on_with_the_clock)
{
    append("key", "value");
    ahead = HOUR;
    append("key", "value");
    ck_assert_int_ge(time_of(1) - time_of(0), HOUR - SECOND);
    ck_assert_int_le(time_of(1) - time_of(0), HOUR + 60 * SECOND);
}
END_TEST

START_TEST(time_does_not_fall_back_with_the_clock)
{
    ahead = HOUR;
    append("key", "value");
    ahead = -HOUR;
    append("key", "value");
    append("other", "value");
    ck_assert_int_ge(time_of(1), time_of(0));
    ck_assert_int_ge(time_of(2), time_of(1));
    ck_assert_int_le(time_of(2) - time_of(0), SECOND);
}
END_TEST

START_TEST(time_does_not_fall_back_over_reopening)
{
    ahead = HOUR;
    append("key", "value");
    ahead = 0;
    reopen();
    append("key", "value");
    ck_assert_int_ge(time_of(1), time_of(0));
}
END_TEST

START_TEST(time_does_not_fall_back_over_pruning_everything)
{
    int64_t last;

    ahead = HOUR;
    append("key", "value");
    last = time_of(0);
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    ahead = 0;
    reopen();
    append("key", "value");
    ck_assert_int_ge(time_of(1), last);
}
END_TEST

START_TEST(time_does_not_fall_along_a_batch)
{
    struct journal_record records[100];

    for (size_t i = 0; i < COUNT_OF(records); i++)
        records[i] = record("key", "value");
    append("key", "value");
    ahead = -SECOND;
    ck_assert_int_eq(journal_append_batch(journal, records, COUNT_OF(records),
                                          NULL),
                     0);
    for (uint64_t seq = 1; seq <= COUNT_OF(records); seq++)
        ck_assert_int_ge(time_of(seq), time_of(seq - 1));
}
END_TEST

static Suite *
suite(void)
{
    Suite *times = suite_create("time");
    TCase *tcase = tcase_create("time");

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_test(tcase, the_time_is_that_of_the_append_in_ns_since_1970);
    tcase_add_test(tcase, time_goes_on_with_the_clock);
    tcase_add_test(tcase, time_does_not_fall_back_with_the_clock);
    tcase_add_test(tcase, time_does_not_fall_back_over_reopening);
    tcase_add_test(tcase, time_does_not_fall_back_over_pruning_everything);
    tcase_add_test(tcase, time_does_not_fall_along_a_batch);
    suite_add_tcase(times, tcase);
    return times;
}

TEST_MAIN(suite)
