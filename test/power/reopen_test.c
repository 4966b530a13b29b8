/*
 * reopen_test.c - what calls that failed have left is settled by the next open.
 *
 * Whoever opens the journal then finds all of it or nothing; and whichever it
 * was, no loss of power changes it any more.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crashes.h"
#include "judge.h"
#include "memory.h"
#include "recorder.h"
#include "support/mode.h"
#include "support/test.h"

#define CALLS 16 /* more than a creation has */
#define ENTRIES 6
#define CRASHES 256

static struct trace *trace;
static struct disk *disk;
static struct fault fault;

static void
setup(void)
{
    test_setup();
    trace = trace_new((size_t)8 << 20);
    disk = disk_new(trace, test_dir, 512, FLAW_NONE);
}

/* On record; what WORK has open stays open when its process ends. */
static void
in_another(void (*work)(void))
{
    pid_t child = test_fork();

    if (child == 0) {
        recorder_start(trace, test_dir);
        recorder_note(EVENT_DEED_BEGUN, 0);
        work();
        _exit(0);
    }
    test_join(child);
}

static int
open_home(struct journal **journal)
{
    struct journal_options options;

    journal_options_init(&options);
    options.tail_bytes = 64 << 10;
    return mode_open_as_is(test_path("home"), &options, journal);
}

static void
open_well(void)
{
    struct journal *journal = NULL;
    int rc = open_home(&journal);

    if (rc != 0) {
        fprintf(stderr, "call %u: %s\n", fault.n, journal_errname(rc));
        _exit(1);
    }
}

/* Every crash after which there is not a sound journal of SIZE entries. */
static void
lose_power(uint64_t size)
{
    static struct state image;
    const struct choice *choices;
    const uint32_t *versions;
    struct crashes crashes;
    struct event event;
    size_t at = 0, count;

    while (trace_read(trace, &at, &event))
        disk_happens(disk, &event);
    count = disk_choices(disk, &choices);
    crashes_begin(&crashes, choices, count, CRASHES, 1);
    while ((versions = crashes_next(&crashes)) != NULL) {
        struct journal *journal;
        char why[WHY_SIZE];

        disk_crash(disk, versions, MEMORY_ROOT, 1);
        ck_assert_msg(judge_open(MEMORY_ROOT, false, &journal, &image, why),
                      "call %u: %s", fault.n, why);
        ck_assert_uint_eq(image.size, size);
        journal_close(journal);
    }
    crashes_end(&crashes);
}

/* ---- a creation --------------------------------------------------------- */

static void
create_in_vain(void)
{
    struct journal *journal = NULL;

    recorder_fail(&fault);
    if (open_home(&journal) == 0)
        journal_close(journal);
}

/*
 * When the flush of the directory had failed, or the process had died before
 * it, the next open found the name and flushed nothing: a loss of power took
 * the whole journal.
 */
START_TEST(a_journal_that_has_been_opened_is_there)
{
    static const enum effect effects[] = {EFFECT_NOTHING, EFFECT_ALL};

    fault = (struct fault){.calls = CALL_FLUSH | CALL_RENAME | CALL_SIZE,
                           .n = 1 + (unsigned)_i / 2,
                           .effect = effects[_i % 2],
                           .error = EIO};
    in_another(create_in_vain);
    in_another(open_well);
    lose_power(0);
}
END_TEST

/* ---- an append ---------------------------------------------------------- */

static int
append(struct journal *journal, uint32_t deed)
{
    const struct tag tag = {.salt = 1, .deed = deed};
    const struct journal_record record = life_record(&tag);

    return journal_append_batch(journal, &record, 1, NULL);
}

static bool is_drained; /* there is nothing in the tail before */

static void
append_in_vain(void)
{
    struct journal *journal = NULL;

    if (open_home(&journal) != 0)
        _exit(1);
    for (uint32_t i = 0; i < ENTRIES; i++)
        if (append(journal, i) != 0)
            _exit(2);
    if (is_drained && (append(journal, ENTRIES) != 0 ||
                       journal_rewind(journal, ENTRIES) != 0))
        _exit(3);
    recorder_fail(&fault);
    if (append(journal, ENTRIES + 1) == 0)
        _exit(4);
}

/*
 * A disk that is full for ever takes half of each write, which makes the frame
 * whole but for the zeros at its end.  The append was told that there was no
 * room, and the next open found the entry; or, with it undone in the page cache
 * and nothing else in the tail, did not, and a loss of power brought it back.
 */
START_TEST(an_append_that_was_taken_back_stays_away)
{
    fault = (struct fault){.calls = CALL_WRITE | CALL_FLUSH,
                           .n = 1,
                           .times = UINT32_MAX,
                           .effect = EFFECT_PART,
                           .error = ENOSPC};
    is_drained = _i == 1;
    in_another(append_in_vain);
    in_another(open_well);
    lose_power(ENTRIES);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("reopen");
    TCase *tcase = tcase_create("reopen");

    tcase_add_checked_fixture(tcase, setup, test_teardown);
    tcase_add_loop_test(tcase, a_journal_that_has_been_opened_is_there, 0,
                        CALLS * 2);
    tcase_add_loop_test(tcase, an_append_that_was_taken_back_stays_away, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
