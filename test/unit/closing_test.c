/*
 * closing_test.c - what a close leaves; and one while another opens.
 *
 * This program is linked so that it gets to work when somebody has just left
 * the door, and when the tail has just been emptied.
 */
#define _GNU_SOURCE 1 /* fallocate() */

#include <errno.h>
#include <fcntl.h>
#include <journal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "store/lock.h"
#include "support/mode.h"
#include "support/test.h"
#include "write/upkeep.h"

static bool armed;

/* By these names the linker knows the functions and what is called for them. */
void __real_jn_lock_leave(struct jn_lock *lock);
void __wrap_jn_lock_leave(struct jn_lock *lock);
int __real_ftruncate(int file, off_t size);
int __wrap_ftruncate(int file, off_t size);
int __real_fallocate(int file, int mode, off_t at, off_t size);
int __wrap_fallocate(int file, int mode, off_t at, off_t size);
int __real_jn_upkeep(struct jn_shared *shared, uint64_t bytes_max,
                     const struct jn_job *job);
int __wrap_jn_upkeep(struct jn_shared *shared, uint64_t bytes_max,
                     const struct jn_job *job);

/* No fork: its handlers would wait for the one who closes. */
static void
open_in_another_process(void)
{
    char name[] = "journal", command[] = "append", quiet[] = "-q";
    char path[256], key[] = "k", value[] = "v";
    char *arguments[] = {name, command, quiet, path, key, value, NULL};
    pid_t child;
    int status;

    (void)snprintf(path, sizeof(path), "%s", test_path("journal"));
    ck_assert_int_eq(posix_spawn(&child, getenv("JOURNAL"), NULL, NULL,
                                 arguments, environ),
                     0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

void
__wrap_jn_lock_leave(struct jn_lock *lock)
{
    bool act = armed;

    armed = false;
    __real_jn_lock_leave(lock);
    if (act)
        open_in_another_process();
}

/* LMDB has not got its lock any more, which is not taken for a lost one. */
START_TEST(who_has_left_the_door_is_not_in_the_way)
{
    struct journal *journal;

    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    ck_assert_int_eq(journal_append(journal, "k", 1, "v", 1, NULL), 0);
    armed = true;
    journal_close(journal);
    ck_assert(!armed);
}
END_TEST

/* ---- room on the disk ---------------------------------------------------- */

#define RESERVE (256u << 10)
#define SOME (1u << 20)

/* What PATH takes of the disk behind its end. */
static uint64_t
bytes_behind(const char *path)
{
    struct stat status;
    uint64_t taken;

    ck_assert_int_eq(stat(path, &status), 0);
    taken = (uint64_t)status.st_blocks * 512;
    return taken > (uint64_t)status.st_size ? taken - (uint64_t)status.st_size
                                            : 0;
}

/* Whether this file system allocates behind a file's end, and takes it back. */
static bool
can_give_back(void)
{
    const char *path = test_path("file");
    int file = open(path, O_RDWR | O_CREAT, 0600);
    bool can = fallocate(file, FALLOC_FL_KEEP_SIZE, 0, 2 * SOME) == 0 &&
               bytes_behind(path) >= 2 * SOME && ftruncate(file, 0) == 0 &&
               bytes_behind(path) == 0;

    close(file);
    if (!can)
        printf("this file system gives no blocks back: not tried\n");
    return can;
}

static void
append_batches(struct journal *journal, unsigned count)
{
    static const char value[1000];
    struct journal_record records[100];

    memset(records, 0, sizeof(records));
    for (unsigned i = 0; i < 100; i++) {
        records[i].value = value;
        records[i].value_size = sizeof(value);
    }
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(journal_append_batch(journal, records, 100, NULL), 0);
}

static void
append_much(struct journal *journal)
{
    append_batches(journal, 200);
}

static void
assert_all_there(uint64_t size)
{
    struct journal_report report = {.struct_size = sizeof(report)};
    struct journal *journal;

    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    ck_assert_int_eq(journal_verify(journal, &report, NULL, NULL), 0);
    ck_assert_uint_eq(report.entries_checked, size);
    append_much(journal);
    journal_close(journal);
}

/* What data.mdb has behind its end. */
static uint64_t
ahead_of_need(void)
{
    return bytes_behind(test_path("journal/data.mdb"));
}

/* But for the reserve, without which a full disk could not be pruned. */
START_TEST(what_was_allocated_ahead_is_given_back)
{
    struct journal *journal;

    if (!can_give_back())
        return;
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    append_much(journal);
    ck_assert_uint_gt(ahead_of_need(), SOME);
    journal_close(journal);
    for (uint64_t size = 20000; size <= 40000; size += 20000) {
        ck_assert_uint_ge(ahead_of_need(), RESERVE);
        ck_assert_uint_lt(ahead_of_need(), 2 * RESERVE);
        assert_all_there(size);
    }
}
END_TEST

static struct {
    pid_t pid;
    int to, from;     /* pipes */
    bool late;        /* is yet to open it */
    unsigned batches; /* that it appends when it has */
} other;

static void
let_other(void)
{
    char byte = 0;

    ck_assert_int_eq(write(other.to, &byte, 1), 1);
    ck_assert_int_eq(read(other.from, &byte, 1), 1);
}

/* Opens the journal when it is let to, and closes it then. */
static void
start_other(void)
{
    int there[2], back[2];
    struct journal *journal;
    char byte;

    ck_assert_int_eq(pipe(there) | pipe(back), 0);
    other.pid = test_fork();
    if (other.pid == 0) {
        ck_assert_int_eq(read(there[0], &byte, 1), 1);
        ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
        append_batches(journal, other.batches);
        ck_assert_int_eq(write(back[1], &byte, 1), 1);
        ck_assert_int_eq(read(there[0], &byte, 1), 1);
        journal_close(journal);
        ck_assert_int_eq(write(back[1], &byte, 1), 1);
        _exit(0);
    }
    other.to = there[1];
    other.from = back[0];
}

int
__wrap_jn_upkeep(struct jn_shared *shared, uint64_t bytes_max,
                 const struct jn_job *job)
{
    int rc = __real_jn_upkeep(shared, bytes_max, job);

    if (other.late)
        let_other();
    other.late = false;
    return rc;
}

/* Or what he acknowledges might not find room. */
START_TEST(what_another_writer_counts_on_stays)
{
    struct journal *journal;
    int status;

    if (!can_give_back())
        return;
    start_other();
    other.late = _i == 1;
    if (!other.late)
        let_other();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    append_much(journal);
    journal_close(journal);
    ck_assert(!other.late);
    ck_assert_uint_gt(ahead_of_need(), SOME);
    let_other();
    ck_assert_int_eq(waitpid(other.pid, &status, 0), other.pid);
    ck_assert_int_eq(status, 0);
    assert_all_there(20000);
}
END_TEST

static enum { NOTHING, TRUNCATING, ALLOCATING } failing;

int
__wrap_ftruncate(int file, off_t size)
{
    errno = EIO;
    return failing == TRUNCATING ? -1 : __real_ftruncate(file, size);
}

int
__wrap_fallocate(int file, int mode, off_t at, off_t size)
{
    errno = ENOSPC;
    return failing == ALLOCATING ? -1 : __real_fallocate(file, mode, at, size);
}

/* The reserve comes again with the next append. */
START_TEST(what_the_disk_does_not_take_or_give_is_no_harm)
{
    struct journal *journal;

    if (!can_give_back())
        return;
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    append_much(journal);
    failing = _i == 0 ? TRUNCATING : ALLOCATING;
    journal_close(journal);
    failing = NOTHING;
    if (_i == 0)
        ck_assert_uint_gt(ahead_of_need(), SOME);
    else
        ck_assert_uint_lt(ahead_of_need(), RESERVE);
    assert_all_there(20000);
    ck_assert_uint_ge(ahead_of_need(), RESERVE);
    ck_assert_uint_lt(ahead_of_need(), 2 * RESERVE);
}
END_TEST

/* He has allocated nothing himself. */
START_TEST(the_last_one_gives_back_what_others_have_allocated)
{
    struct journal *journal;

    if (!can_give_back())
        return;
    start_other();
    let_other();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    append_much(journal);
    journal_close(journal);
    ck_assert_uint_gt(ahead_of_need(), 2 * SOME);
    let_other();
    ck_assert_int_eq(waitpid(other.pid, NULL, 0), other.pid);
    ck_assert_uint_ge(ahead_of_need(), RESERVE);
    ck_assert_uint_lt(ahead_of_need(), 2 * RESERVE);
    assert_all_there(20000);
}
END_TEST

/* He who counted on it had stopped to write, and begins again. */
START_TEST(what_was_given_back_meanwhile_is_allocated_again)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct journal *reader, *writer;

    if (!can_give_back())
        return;
    other.batches = 35;
    start_other();
    let_other();
    reader = mode_open_with(test_path("journal"), JOURNAL_DURABLE,
                            JOURNAL_OPEN_READ_ONLY, 0);
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &writer), 0);
    append_batches(writer, 1);
    journal_close(writer);
    ck_assert_uint_gt(ahead_of_need(), 2 * SOME);
    let_other(); /* closes, as the last one who may write */
    ck_assert_int_eq(waitpid(other.pid, NULL, 0), other.pid);
    ck_assert_uint_lt(ahead_of_need(), 2 * RESERVE);
    writer = mode_open_with(test_path("journal"), JOURNAL_RELAXED, 0, 0);
    while (stat.tail_bytes_used < SOME) {
        append_batches(writer, 1);
        ck_assert_int_eq(journal_stat(writer, &stat), 0);
    }
    ck_assert_uint_ge(ahead_of_need(), 2 * SOME);
    journal_close(writer);
    journal_close(reader);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("closing");
    TCase *tcase = tcase_create("closing");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, who_has_left_the_door_is_not_in_the_way);
    tcase_add_test(tcase, what_was_allocated_ahead_is_given_back);
    tcase_add_loop_test(tcase, what_another_writer_counts_on_stays, 0, 2);
    tcase_add_loop_test(tcase, what_the_disk_does_not_take_or_give_is_no_harm,
                        0, 2);
    tcase_add_test(tcase, the_last_one_gives_back_what_others_have_allocated);
    tcase_add_test(tcase, what_was_given_back_meanwhile_is_allocated_again);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
