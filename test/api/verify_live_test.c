/* verify_live_test.c - journal_verify() while the journal is in use. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "api/backups.h"
#include "support/fast_dir.h"

/* ---- beside others ------------------------------------------------------- */

static bool *enough;

static uint64_t
now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* All kinds of changes, in a journal of some thousand entries. */
static void
change(struct journal *in, uint64_t *chance)
{
    struct journal_stat stat = figures(in);
    uint64_t choice = test_random(chance) % 50;

    if (choice == 0)
        (void)journal_prune(in, stat.size - (stat.size - stat.first) / 2, 0,
                            NULL);
    else if (choice == 1)
        (void)journal_prune(in, stat.size - (stat.size - stat.first) / 2,
                            JOURNAL_PRUNE_KEEP_LATEST, NULL);
    else if (choice == 2)
        (void)journal_rewind(in, stat.size - (stat.size - stat.first) / 8);
    else if (choice == 3)
        (void)journal_mark(in, "mark", stat.size);
    else if (choice == 4)
        (void)journal_sync(in);
    else
        for (unsigned i = 0; i < 20; i++) {
            char key[16], value[200];

            (void)snprintf(key, sizeof(key), "%u",
                           (unsigned)(test_random(chance) % 300));
            memset(value, 'x', sizeof(value));
            if (test_random(chance) % 8 == 0)
                (void)journal_delete(in, key, strlen(key), NULL);
            else
                (void)journal_append(in, key, strlen(key), value,
                                     test_random(chance) % sizeof(value), NULL);
        }
}

static void
write_on(void *context)
{
    uint64_t chance = test_seed() + *(unsigned *)context;
    struct journal_options options = options_with(0);
    struct journal *own;

    options.durability = JOURNAL_RELAXED;
    options.tail_bytes = 65536;
    own = open_with(home(), &options);
    while (!__atomic_load_n(enough, __ATOMIC_ACQUIRE))
        change(own, &chance);
    journal_close(own);
}

START_TEST(beside_writers_nothing_is_found_that_is_not)
{
    unsigned first = 1, second = 2, count = 0;
    uint64_t end = now_ns() + 700000000u * rounds(10, 10) / 10;
    pid_t pids[2];

    enough = test_shared(sizeof(*enough));
    journal_close(journal);
    journal = NULL;
    pids[0] = start(write_on, &first);
    pids[1] = start(write_on, &second);
    journal = open_path(home(), _i == 0 ? 0 : JOURNAL_OPEN_READ_ONLY);
    while (now_ns() < end || count < 3) {
        struct journal_report report = new_report();
        int rc = journal_verify(journal, &report, NULL, NULL);

        ck_assert_msg(rc == 0,
                      "%s: entries %llu, index %llu, links %llu, pages %llu",
                      journal_errname(rc),
                      (unsigned long long)report.entries_bad,
                      (unsigned long long)report.index_bad,
                      (unsigned long long)report.links_bad,
                      (unsigned long long)report.pages_bad);
        assert_clean(&report);
        count++;
    }
    __atomic_store_n(enough, true, __ATOMIC_RELEASE);
    finish(pids[0]);
    finish(pids[1]);
    test_unshare(enough, sizeof(*enough));
}
END_TEST

/* ---- from progress ------------------------------------------------------- */

/* Of so many bytes that progress is told of more than once. */
static void
append_large(struct journal *to, unsigned count)
{
    char value[8000];

    memset(value, 'v', sizeof(value));
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(journal_append(to, "large", 5, value, sizeof(value),
                                        NULL),
                         0);
}

static void
assert_sound(int (*progress)(void *, uint64_t, uint64_t), void *context,
             uint64_t entries)
{
    struct journal_report report = new_report();

    ck_assert_int_eq(journal_verify(journal, &report, progress, context), 0);
    assert_clean(&report);
    ck_assert_uint_eq(report.entries_checked, entries);
}

static int
use_journal(void *context, uint64_t done, uint64_t total)
{
    unsigned *calls = context;
    struct journal_stat stat = figures(journal);

    ck_assert_uint_le(done, total);
    append("from progress", "value");
    ck_assert_int_eq(journal_sync(journal), 0);
    ck_assert_int_eq(journal_prune(journal, stat.first + 1, 0, NULL), 0);
    assert_value("from progress", "value");
    if (++*calls == 1)
        ck_assert_int_eq(journal_verify(journal, NULL, use_journal, calls), 0);
    return 0;
}

START_TEST(progress_may_use_the_journal)
{
    unsigned calls = 0;

    append_large(journal, 1500);
    append("in the tail", "value");
    assert_sound(use_journal, &calls, 1501);
    ck_assert_uint_gt(calls, 4);
    assert_sound(NULL, NULL, figures(journal).entries);
}
END_TEST

#define SMALL (4u << 20)

struct growth {
    struct journal *other; /* the same journal, without a limit */
    bool done;
};

/* A map that was made for the limit has to grow for it. */
static int
outgrow(void *context, uint64_t done, uint64_t total)
{
    struct growth *growth = context;

    (void)done;
    (void)total;
    if (!growth->done)
        append_large(growth->other, 2000);
    growth->done = true;
    return 0;
}

static uint64_t
data_size(void)
{
    struct stat status;

    ck_assert_int_eq(stat(test_path("journal/data.mdb"), &status), 0);
    return (uint64_t)status.st_size;
}

START_TEST(the_map_may_grow_meanwhile)
{
    struct journal_options options = options_with(0);
    struct growth growth = {0};

    journal_close(journal);
    options.bytes_max = SMALL;
    options.tail_bytes = 65536;
    journal = open_with(home(), &options);
    growth.other = open_path(home(), 0);
    append_large(growth.other, 100);
    ck_assert_uint_lt(data_size(), SMALL);
    assert_sound(outgrow, &growth, 100);
    ck_assert_uint_gt(data_size(), 2 * SMALL);
    assert_sound(NULL, NULL, 2100);
    journal_close(growth.other);
}
END_TEST

START_TEST(a_snapshot_that_is_lost_is_taken_anew)
{
    struct journal *writer = NULL;

    append_large(journal, 500);
    journal_close(journal);
    journal = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    assert_sound(come_to_write, &writer, 501);
    ck_assert_ptr_nonnull(writer);
    journal_close(writer);
}
END_TEST

static int
come_and_stop(void *context, uint64_t done, uint64_t total)
{
    (void)come_to_write(context, done, total);
    return 1;
}

START_TEST(who_stops_it_is_heard_though_the_snapshot_is_lost)
{
    struct journal *writer = NULL;

    append_large(journal, 500);
    journal_close(journal);
    journal = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    ck_assert_int_eq(journal_verify(journal, NULL, come_and_stop, &writer),
                     ECANCELED);
    assert_sound(NULL, NULL, 501);
    journal_close(writer);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("verify_live");
    TCase *tcase = tcase_create("verify_live");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, beside_writers_nothing_is_found_that_is_not, 0,
                        2);
    tcase_add_test(tcase, progress_may_use_the_journal);
    tcase_add_test(tcase, the_map_may_grow_meanwhile);
    tcase_add_test(tcase, a_snapshot_that_is_lost_is_taken_anew);
    tcase_add_test(tcase, who_stops_it_is_heard_though_the_snapshot_is_lost);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
