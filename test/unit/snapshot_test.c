/* snapshot_test.c - a tail that cannot be read is no damaged one. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "support/mode.h"
#include "support/test.h"

#define ENTRIES 30u

static struct journal *journal;

/* ---- reads that fail ----------------------------------------------------- */

static struct stat tail;  /* the file whose reads do */
static unsigned fails_in; /* so many of them; 0: never */
static int error_of_reads;

static bool
is_tail(int file)
{
    struct stat status;

    return fstat(file, &status) == 0 && status.st_dev == tail.st_dev &&
           status.st_ino == tail.st_ino;
}

ssize_t __real_pread(int file, void *out, size_t size, off_t offset);
ssize_t __wrap_pread(int file, void *out, size_t size, off_t offset);

ssize_t
__wrap_pread(int file, void *out, size_t size, off_t offset)
{
    if (fails_in == 0 || !is_tail(file) || --fails_in > 0)
        return __real_pread(file, out, size, offset);
    errno = error_of_reads;
    return -1;
}

/* ---- what is told of it -------------------------------------------------- */

static void
setup(void)
{
    test_setup();
    journal = mode_open_with(test_path("journal"), JOURNAL_DURABLE, 0, 0);
    for (unsigned i = 0; i < ENTRIES; i++)
        ck_assert_int_eq(journal_append(journal, "key", 3, "x", 1, NULL), 0);
    ck_assert_int_eq(stat(test_path("journal/tail"), &tail), 0);
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

static int
verify(struct journal_report *report)
{
    *report = (struct journal_report){.struct_size = sizeof(*report)};
    return journal_verify(journal, report, NULL, NULL);
}

static void
assert_sound(void)
{
    struct journal_report report;

    ck_assert_int_eq(verify(&report), 0);
    ck_assert_uint_eq(report.entries_checked, ENTRIES);
}

/* Each read of the tail fails once; returns how many there are. */
static unsigned
fail_each_read(int error, bool (*may_be)(int rc))
{
    unsigned reads = 0;
    int rc;

    error_of_reads = error;
    for (;;) {
        struct journal_report report;

        fails_in = reads + 1;
        rc = verify(&report);
        if (fails_in > 0)
            break;
        ck_assert_msg(may_be(rc), "read %u: %s", reads, journal_errname(rc));
        reads++;
    }
    fails_in = 0;
    ck_assert_int_eq(rc, 0);
    assert_sound();
    return reads;
}

static bool
is_the_error(int rc)
{
    return rc == error_of_reads;
}

START_TEST(a_read_that_fails_is_no_damage)
{
    static const int errors[] = {ENOMEM, ESTALE, EACCES};

    ck_assert_uint_ge(fail_each_read(errors[_i], is_the_error), 2);
}
END_TEST

static bool
is_damage(int rc)
{
    return rc == JOURNAL_CORRUPT || rc == EIO;
}

/* Of a disk, that is what damage is. */
START_TEST(bytes_that_cannot_be_had_are_damage)
{
    ck_assert_uint_ge(fail_each_read(EIO, is_damage), 2);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *tcase = tcase_create("snapshot");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_read_that_fails_is_no_damage, 0, 3);
    tcase_add_test(tcase, bytes_that_cannot_be_had_are_damage);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
