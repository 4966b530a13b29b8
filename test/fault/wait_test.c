/*
 * wait_test.c - waiting beside a writer whose writes and flushes fail.
 *
 * A failed commit opens LMDB anew under those who wait.  They are to go on, and
 * to say of an entry what a read says.
 */
#include <errno.h>
#include <journal.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "fault/faults.h"
#include "support/fast_dir.h"
#include "support/test.h"

#define CALLS_MAX 200u
#define MS INT64_C(1000000)

static struct journal *
open_home(void)
{
    struct journal *journal = NULL;

    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    return journal;
}

struct waiter {
    struct journal *journal;
    uint64_t seq;
    pthread_t thread;
    int result;
};

static void *
wait_in_thread(void *context)
{
    struct waiter *waiter = context;

    waiter->result = journal_wait(waiter->journal, waiter->seq, 40 * MS);
    return NULL;
}

static int
append(struct journal *journal)
{
    return journal_append(journal, "key", 3, "value", 5, NULL);
}

/* What a read says of entry SEQ, in the words of journal_wait(). */
static int
look(struct journal *journal, uint64_t seq)
{
    struct journal_entry *entry = NULL;
    int rc = journal_read(journal, seq, &entry);

    journal_entry_free(entry);
    return rc == JOURNAL_OUT_OF_RANGE ? JOURNAL_TIMEOUT : rc;
}

/* Call N of KIND fails while somebody waits; false if there is no such call. */
static bool
wait_while_it_fails(unsigned n, int kind, enum fault_effect effect)
{
    struct journal *journal = open_home(), *other = open_home();
    struct waiter waiter = {.journal = other, .seq = 1};
    int rc;

    ck_assert_int_eq(append(journal), 0);
    ck_assert_int_eq(pthread_create(&waiter.thread, NULL, wait_in_thread,
                                    &waiter),
                     0);
    faults_arm(test_dir, kind, n, EIO, effect, false);
    rc = append(journal);
    (void)faults_disarm();
    ck_assert_int_eq(pthread_join(waiter.thread, NULL), 0);
    /* It may have given up before a slow append was through. */
    if (waiter.result != JOURNAL_TIMEOUT)
        ck_assert_int_eq(waiter.result, look(other, 1));
    ck_assert_int_eq(journal_wait(other, 1, 0), look(other, 1));
    if (rc == 0)
        ck_assert_int_eq(journal_wait(other, 1, -1), 0);
    ck_assert_int_eq(journal_wait(journal, 0, -1), 0);
    ck_assert_int_eq(journal_wait(journal, 2, MS), JOURNAL_TIMEOUT);
    journal_close(other);
    journal_close(journal);
    ck_assert_int_eq(journal_destroy(test_path("journal")), 0);
    return faults_hit();
}

static const struct {
    int kind;
    enum fault_effect effect;
} cases[] = {
    {FAULT_WRITE, FAULT_BEFORE}, {FAULT_WRITE, FAULT_AFTER},
    {FAULT_WRITE, FAULT_SHORT},  {FAULT_SYNC, FAULT_BEFORE},
    {FAULT_SYNC, FAULT_AFTER},
};

#define CASES ((int)(sizeof(cases) / sizeof(cases[0])))

START_TEST(a_wait_beside_a_failing_write_says_what_a_read_says)
{
    unsigned n = 1;

    while (n < CALLS_MAX &&
           wait_while_it_fails(n, cases[_i].kind, cases[_i].effect))
        n++;
    ck_assert_uint_gt(n, 1);
    ck_assert_uint_lt(n, CALLS_MAX);
}
END_TEST

static _Atomic bool enough;

static void *
ask_for_first(void *context)
{
    struct journal *journal = context;

    while (!enough)
        ck_assert_int_eq(journal_wait(journal, 0, 0), 0);
    return NULL;
}

/* Call N of an append fails; false if there is no such call. */
static bool
ask_while_it_fails(unsigned n)
{
    struct journal *journal = open_home();
    pthread_t threads[2];

    ck_assert_int_eq(append(journal), 0);
    enough = false;
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_for_first,
                                        journal),
                         0);
    faults_arm(test_dir, FAULT_WRITE, n, EIO, FAULT_BEFORE, false);
    (void)append(journal);
    (void)faults_disarm();
    enough = true;
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    journal_close(journal);
    ck_assert_int_eq(journal_destroy(test_path("journal")), 0);
    return faults_hit();
}

/*
 * When the meta page cannot be written LMDB refuses reads as well, until it has
 * been opened anew; reads of other threads said JOURNAL_FAILED in between.
 */
START_TEST(reads_go_on_while_a_write_fails)
{
    for (unsigned round = 0; round < 30; round++) {
        unsigned n = 1;

        while (n < CALLS_MAX && ask_while_it_fails(n))
            n++;
        ck_assert_uint_gt(n, 1);
        ck_assert_uint_lt(n, CALLS_MAX);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("wait");
    TCase *tcase = tcase_create("wait");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_loop_test(tcase,
                        a_wait_beside_a_failing_write_says_what_a_read_says, 0,
                        CASES);
    tcase_add_test(tcase, reads_go_on_while_a_write_fails);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
