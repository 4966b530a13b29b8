/*
 * backup_kill_test.c - backups killed at any moment leave nothing or all.
 *
 * A child makes one backup after the other to the same target while this
 * process appends; it is killed some 0 to 5 ms later.  What is at the target
 * then is a whole backup, or nothing that counts as a journal; and the next
 * backup, by this process, comes to its end.
 */
#include <journal.h>
#include <stdio.h>
#include <unistd.h>

#include "support/fast_dir.h"
#include "support/test.h"
#include "victim.h"

#define ROUNDS 150u
#define WAIT_MAX 5000000u /* ns */

static struct journal *journal;
static uint64_t chance;

static void
setup(void)
{
    test_setup();
    chance = test_seed();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

static const char *
target(void)
{
    return test_path("backup");
}

static void
append_some(void)
{
    static char value[3000];
    uint64_t count = test_random(&chance) % 20;

    for (uint64_t i = 0; i < count; i++) {
        uint64_t key = test_random(&chance) % 50;

        ck_assert_int_eq(journal_append(journal, &key, sizeof(key), value,
                                        test_random(&chance) % sizeof(value),
                                        NULL),
                         0);
    }
}

/* Through a handle of its own, which the next one has to do without. */
static void
back_up_again_and_again(const void *unused)
{
    journal_close(journal);
    if (journal_open(test_path("journal"), NULL, &journal) != 0)
        return;
    while (journal_backup(journal, target(), 0, NULL, NULL) == 0)
        if (journal_destroy(target()) != 0)
            return;
    (void)unused;
}

static uint64_t
size_of(struct journal *of)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    ck_assert_int_eq(journal_stat(of, &stat), 0);
    return stat.size;
}

/* Whether there is a journal; if so it is sound, and has BEFORE entries. */
static bool
is_whole(uint64_t before)
{
    struct journal_options options;
    struct journal *copy;

    journal_options_init(&options);
    options.flags = JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE;
    if (journal_open(target(), &options, &copy) != 0)
        return false;
    ck_assert_uint_ge(size_of(copy), before);
    ck_assert_int_eq(journal_verify(copy, NULL, NULL, NULL), 0);
    journal_close(copy);
    return true;
}

/* What a journal_destroy() was killed over has no data file any more. */
static void
clear_target(bool whole)
{
    int rc = journal_destroy(target());

    if (whole)
        ck_assert_int_eq(rc, 0);
}

static void
kill_one(unsigned *whole_count)
{
    uint64_t before = size_of(journal);
    pid_t pid = victim_start(back_up_again_and_again, NULL);
    bool whole;

    append_some();
    sleep_for(test_random(&chance) % WAIT_MAX);
    ck_assert(victim_kill(pid));
    whole = is_whole(before);
    *whole_count += whole;
    clear_target(whole);
    ck_assert_int_eq(journal_backup(journal, target(), 0, NULL, NULL), 0);
    ck_assert(is_whole(size_of(journal)));
    ck_assert_int_ne(access(test_path("backup.partial"), F_OK), 0);
    ck_assert_int_eq(journal_destroy(target()), 0);
    ck_assert_int_ne(access(target(), F_OK), 0);
}

START_TEST(a_killed_backup_leaves_nothing_or_all)
{
    unsigned rounds = (unsigned)(ROUNDS * test_scale()), whole = 0;

    for (unsigned i = 0; i < rounds + 20; i++)
        kill_one(&whole);
    printf("%u of %u were killed behind a whole backup\n", whole, rounds + 20);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("backup_kill");
    TCase *tcase = tcase_create("backup_kill");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_killed_backup_leaves_nothing_or_all);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
