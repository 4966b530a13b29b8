/*
 * salvage_test.c - each write, flush, open and rename of a salvage fails in
 * turn, finds the disk full, or is the last call of the process.
 */
#include <errno.h>
#include <journal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/faults.h"
#include "support/test.h"

#define ENTRIES 300u
#define CALLS_MAX 300u

/* A journal of which a page is gone, and a directory for the new one. */
static void
prepare(void)
{
    static struct journal_record records[ENTRIES];
    static const uint8_t zeros[4096];
    static char keys[ENTRIES][12];
    struct journal *journal;
    FILE *file;

    for (unsigned i = 0; i < ENTRIES; i++)
        records[i] = (struct journal_record){
            .key = keys[i],
            .key_size = (size_t)snprintf(keys[i], sizeof(keys[i]), "%u",
                                         i % 7)};
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
    ck_assert_int_eq(journal_append_batch(journal, records, ENTRIES, NULL), 0);
    ck_assert_int_eq(journal_mark(journal, "mark", 5), 0);
    journal_close(journal);
    file = fopen(test_path("journal/data.mdb"), "r+");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(zeros, 1, sizeof(zeros), file), sizeof(zeros));
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(mkdir(test_path("place"), 0700), 0);
}

static int
salvage(void)
{
    return journal_salvage(test_path("journal"), test_path("place/to"), NULL,
                           NULL, NULL);
}

static bool
exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

/* All of it is there, and sound. */
static void
assert_whole(void)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct journal *journal;

    ck_assert_int_eq(journal_open(test_path("place/to"), NULL, &journal), 0);
    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    ck_assert_uint_eq(stat.entries, ENTRIES);
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), 0);
    journal_close(journal);
}

/* It is whole, or not there, and can be made then. */
static void
assert_all_or_nothing(bool surely)
{
    bool there = exists(test_path("place/to/data.mdb"));
    char command[400];

    ck_assert(there || !surely);
    if (!there)
        ck_assert_int_eq(salvage(), 0);
    assert_whole();
    ck_assert(!exists(test_path("place/to.partial")));
    (void)snprintf(command, sizeof(command), "rm -rf '%s'",
                   test_path("place/to"));
    ck_assert_int_eq(system(command), 0);
}

/* The class of calls, and what comes of the one that fails. */
static const struct {
    int class;
    int error;
    enum fault_effect effect;
} ways[] = {
    {FAULT_WRITE, EIO, FAULT_BEFORE},   {FAULT_WRITE, ENOSPC, FAULT_BEFORE},
    {FAULT_WRITE, ENOSPC, FAULT_SHORT}, {FAULT_SYNC, EIO, FAULT_BEFORE},
    {FAULT_SYNC, EIO, FAULT_AFTER},     {FAULT_OPEN, EMFILE, FAULT_BEFORE},
    {FAULT_NAME, EIO, FAULT_BEFORE},    {FAULT_SPACE, ENOSPC, FAULT_BEFORE},
};

START_TEST(a_call_that_fails_leaves_all_or_nothing)
{
    unsigned n = 0;

    prepare();
    do {
        int rc;

        faults_arm(test_path("place"), ways[_i].class, ++n, ways[_i].error,
                   ways[_i].effect, false);
        rc = salvage();
        faults_disarm();
        if (!faults_hit())
            ck_assert_int_eq(rc, 0);
        if (rc != 0)
            ck_assert_msg(rc > 0 || rc == JOURNAL_FULL, "call %u: %s", n,
                          journal_errname(rc));
        assert_all_or_nothing(rc == 0);
        ck_assert_uint_lt(n, CALLS_MAX);
    } while (faults_hit());
}
END_TEST

START_TEST(a_process_that_dies_leaves_all_or_nothing)
{
    bool killed = true;

    prepare();
    for (unsigned n = 1; killed; n++) {
        int status;
        pid_t pid;

        faults_arm(test_path("place"), FAULT_ANY, n, 0, FAULT_KILL, false);
        pid = fork();
        ck_assert_int_ge(pid, 0);
        if (pid == 0)
            _exit(salvage() == 0 ? 0 : 1);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        faults_disarm();
        killed = WIFSIGNALED(status);
        ck_assert(killed || WEXITSTATUS(status) == 0);
        assert_all_or_nothing(!killed);
        ck_assert_uint_lt(n, CALLS_MAX);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("salvage");
    TCase *tcase = tcase_create("salvage");

    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_loop_test(tcase, a_call_that_fails_leaves_all_or_nothing, 0,
                        (int)(sizeof(ways) / sizeof(ways[0])));
    tcase_add_test(tcase, a_process_that_dies_leaves_all_or_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
