/*
 * meanwhile_test.c - what one removes while another begins to use it.
 *
 * This program is linked so that it gets to work when somebody is just about to
 * remove a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <journal.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/figures.h"
#include "support/mode.h"
#include "support/test.h"

#define LIMIT (UINT64_C(4) << 20) /* a tail of 8 MiB is over it */
#define MOMENT 200                /* ms */
#define FAILED_WORD 64            /* where journal.lock says so */

static bool armed, full;

/* A process that reads all the time, and writes twice. */
static struct {
    pid_t pid;
    int to, from; /* pipes */
} other;

/* By these names the linker knows the function and what is called for it. */
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
ssize_t __real_pwrite(int file, const void *data, size_t size, off_t at);
ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t at);

static void
append_some(struct journal *journal)
{
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(journal_append(journal, "k", 1, "v", 1, NULL), 0);
}

static struct journal *
open_to_write(uint64_t bytes_max)
{
    struct journal_options options;
    struct journal *journal;

    journal_options_init(&options);
    options.bytes_max = bytes_max;
    ck_assert_int_eq(mode_open_as_is(test_path("journal"), &options, &journal),
                     0);
    return journal;
}

static void
read_and_write(int orders, int answers)
{
    struct journal *journal = open_to_write(0);
    char byte = 0;

    (void)mode_open_with(test_path("journal"), JOURNAL_DURABLE,
                         JOURNAL_OPEN_READ_ONLY, 0);
    append_some(journal);
    journal_close(journal);
    ck_assert_int_eq(write(answers, &byte, 1), 1);
    ck_assert_int_eq(read(orders, &byte, 1), 1);
    append_some(open_to_write(0));
    ck_assert_int_eq(write(answers, &byte, 1), 1);
    for (;;)
        pause();
}

static void
open_and_stay(int orders, int answers)
{
    char byte = 0;

    ck_assert_int_eq(read(orders, &byte, 1), 1);
    append_some(open_to_write(0));
    ck_assert_int_eq(write(answers, &byte, 1), 1);
    for (;;)
        pause();
}

static void
start(void (*body)(int orders, int answers))
{
    int there[2], back[2];

    ck_assert_int_eq(pipe(there) | pipe(back), 0);
    other.pid = test_fork();
    if (other.pid == 0)
        body(there[0], back[1]);
    other.to = there[1];
    other.from = back[0];
}

static void
start_other(void)
{
    char byte;

    start(read_and_write);
    ck_assert_int_eq(read(other.from, &byte, 1), 1);
}

/* What he has appended is all that there is of it, in the tail. */
static void
kill_other(void)
{
    char byte;

    ck_assert_int_eq(read(other.from, &byte, 1), 1);
    ck_assert_int_eq(kill(other.pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(other.pid, NULL, 0), other.pid);
}

static void
assert_all_there(void)
{
    struct journal *journal = open_to_write(0);

    ck_assert_uint_eq(figures_of(journal).size, 6);
    journal_close(journal);
}

static bool
has_tail(void)
{
    return access(test_path("journal/tail"), F_OK) == 0;
}

/* He had it open still, and wrote what nobody could find any more. */
START_TEST(a_tail_that_was_removed_meanwhile_is_made_anew)
{
    start_other();
    ck_assert(has_tail());
    journal_close(open_to_write(LIMIT));
    ck_assert(!has_tail());
    ck_assert_int_eq(write(other.to, "", 1), 1);
    kill_other();
    ck_assert(has_tail());
    assert_all_there();
}
END_TEST

/* Lets him act, if he can, while this one takes it that nobody does. */
int
__wrap_unlink(const char *path)
{
    struct pollfd answer = {.fd = other.from, .events = POLLIN};

    if (armed && strstr(path, ".new") == NULL) {
        armed = false;
        ck_assert_int_eq(write(other.to, "", 1), 1);
        (void)poll(&answer, 1, MOMENT);
    }
    return __real_unlink(path);
}

START_TEST(a_tail_is_not_removed_while_somebody_begins_to_write)
{
    struct journal *journal;

    start_other();
    armed = true;
    journal = open_to_write(LIMIT);
    ck_assert(!armed);
    kill_other();
    journal_close(journal);
    assert_all_there();
}
END_TEST

/* Also where the process has never stopped to be one that may write. */
START_TEST(a_limit_removes_what_was_left_where_somebody_reads)
{
    struct journal *reader, *writer = open_to_write(0);

    reader = mode_open_with(test_path("journal"), JOURNAL_DURABLE,
                            JOURNAL_OPEN_READ_ONLY, 0);
    append_some(writer);
    journal_close(writer);
    writer = open_to_write(LIMIT);
    ck_assert(!has_tail());
    append_some(writer);
    journal_close(writer);
    journal_close(reader);
    assert_all_there();
}
END_TEST

/*
 * What says that it means nothing may be all but on the disk.  Then it is with
 * the next one who is alone, and makes sure of what there is.
 */
START_TEST(a_tail_is_not_removed_after_a_write_that_failed)
{
    const uint32_t failed = 1;
    int file;

    start_other();
    file = open(test_path("journal/journal.lock"), O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(pwrite(file, &failed, sizeof(failed), FAILED_WORD),
                     sizeof(failed));
    close(file);
    journal_close(open_to_write(LIMIT));
    ck_assert(has_tail());
    ck_assert_int_eq(kill(other.pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(other.pid, NULL, 0), other.pid);
    journal_close(open_to_write(LIMIT));
    ck_assert(!has_tail());
}
END_TEST

ssize_t
__wrap_pwrite(int file, const void *data, size_t size, off_t at)
{
    if (!full)
        return __real_pwrite(file, data, size, at);
    full = false;
    armed = true;
    errno = ENOSPC;
    return -1;
}

/* It was somebody's by then, and the next one made another beside him. */
START_TEST(a_lock_file_that_found_no_room_is_nobody_elses)
{
    struct journal_options options;
    struct journal *journal = NULL;
    char byte;

    start(open_and_stay);
    full = true;
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal),
                     JOURNAL_FULL);
    ck_assert(!full && !armed);
    ck_assert_int_eq(read(other.from, &byte, 1), 1);
    journal_options_init(&options);
    options.flags = JOURNAL_OPEN_EXCLUSIVE;
    ck_assert_int_eq(journal_open(test_path("journal"), &options, &journal),
                     JOURNAL_BUSY);
    ck_assert_int_eq(kill(other.pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(other.pid, NULL, 0), other.pid);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("meanwhile");
    TCase *tcase = tcase_create("meanwhile");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, a_tail_that_was_removed_meanwhile_is_made_anew);
    tcase_add_test(tcase, a_tail_is_not_removed_while_somebody_begins_to_write);
    tcase_add_test(tcase, a_limit_removes_what_was_left_where_somebody_reads);
    tcase_add_test(tcase, a_tail_is_not_removed_after_a_write_that_failed);
    tcase_add_test(tcase, a_lock_file_that_found_no_room_is_nobody_elses);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
