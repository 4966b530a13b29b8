/* processes_test.c - many processes write and read one journal. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/steps.h"

#define PROCESSES 6
#define PARTS 8

struct token {
    uint32_t process;
    uint32_t which;
};

/* What all processes of a test know. */
static struct shared {
    unsigned count;
    uint32_t acknowledged[PROCESSES]; /* appends that have returned */
    uint64_t seqs[PROCESSES][1000];
    bool enough;
} * shared;

static void
setup(void)
{
    setup_journal();
    shared = test_shared(sizeof(*shared));
}

static void
teardown(void)
{
    test_unshare(shared, sizeof(*shared));
    teardown_journal();
}

static bool
is_enough(void)
{
    return __atomic_load_n(&shared->enough, __ATOMIC_ACQUIRE);
}

static void
say_enough(void)
{
    __atomic_store_n(&shared->enough, true, __ATOMIC_RELEASE);
}

/* A second handle of some tests, beside `journal`. */
static struct journal *reader;

/*
 * For those who may be killed at any time: Check notes each assertion in a file
 * of the test's, and half a note would be the end of the whole program.
 */
static void
must(bool holds, const char *what)
{
    if (!holds)
        ck_abort_msg("not true: %s", what);
}

#define MUST(condition) must(condition, #condition)

/* Instead of the handles that were inherited. */
static void
open_own(uint32_t flags)
{
    struct journal_options options = options_with(flags);

    journal_close(reader);
    journal_close(journal);
    MUST(journal_open(home(), &options, &journal) == 0);
}

/* Starts PROCESSES of BODY, each with its number. */
static void
start_all(process *body, pid_t *pids, uint32_t *numbers)
{
    for (uint32_t i = 0; i < PROCESSES; i++) {
        numbers[i] = i;
        pids[i] = start(body, &numbers[i]);
    }
}

static void
run_all(process *body)
{
    pid_t pids[PROCESSES];
    uint32_t numbers[PROCESSES];

    start_all(body, pids, numbers);
    for (uint32_t i = 0; i < PROCESSES; i++)
        finish(pids[i]);
}

static void
append_tokens(void *context)
{
    struct token token = {*(uint32_t *)context, 0};

    open_own(0);
    for (; token.which < shared->count; token.which++) {
        ck_assert_int_eq(
            journal_append(journal, &token.process, 4, &token, sizeof(token),
                           &shared->seqs[token.process][token.which]),
            0);
        shared->acknowledged[token.process]++;
    }
    journal_close(journal);
}

static struct token
token_of(const struct journal_entry *entry)
{
    struct token token;

    ck_assert_uint_eq(entry->value_size, sizeof(token));
    memcpy(&token, entry->value, sizeof(token));
    return token;
}

/* Each has its numbers, in its own order, and there are no others. */
static void
assert_tokens(void)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < PROCESSES; i++)
        for (uint32_t j = 0; j < shared->acknowledged[i]; j++, sum++) {
            struct journal_entry *entry = entry_at(shared->seqs[i][j]);
            struct token token = token_of(entry);

            ck_assert_uint_eq(token.process, i);
            ck_assert_uint_eq(token.which, j);
            ck_assert_uint_eq(entry->revision, j + 1);
            ck_assert_uint_eq(entry->prev,
                              j == 0 ? JOURNAL_NONE : shared->seqs[i][j - 1]);
            journal_entry_free(entry);
        }
    ck_assert_uint_eq(assert_no_gap(journal), sum);
}

START_TEST(processes_append_without_a_gap_each_in_its_own_order)
{
    shared->count = rounds(200, 10);
    run_all(append_tokens);
    ck_assert_uint_eq(shared->acknowledged[0], shared->count);
    assert_tokens();
    reopen();
    assert_tokens();
}
END_TEST

START_TEST(what_one_process_appends_another_reads_at_once)
{
    uint32_t number = 0;

    for (shared->count = 1; shared->count <= 20; shared->count++) {
        struct journal_entry *entry;

        in_child(append_tokens, &number);
        ck_assert_int_eq(journal_get(journal, &number, 4, &entry), 0);
        ck_assert_uint_eq(token_of(entry).which, shared->count - 1);
        journal_entry_free(entry);
    }
}
END_TEST

/* ---- readers ------------------------------------------------------------ */

/* A batch of PARTS records with one value, again and again. */
static void
append_batches(void *context)
{
    struct token token = {*(uint32_t *)context, 0};

    open_own(0);
    for (; token.which < shared->count; token.which++) {
        struct journal_record records[PARTS];
        char keys[PARTS];

        for (unsigned part = 0; part < PARTS; part++) {
            keys[part] = (char)('0' + part);
            records[part] = record(NULL, NULL);
            records[part].key = &keys[part];
            records[part].key_size = 1;
            records[part].value = &token;
            records[part].value_size = sizeof(token);
        }
        MUST(journal_append_batch(journal, records, PARTS, NULL) == 0);
        shared->acknowledged[token.process]++;
    }
    journal_close(journal);
}

/* Whole batches from FIRST on; returns their end. */
static uint64_t
assert_whole_batches(uint64_t first)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    struct token token = {0, 0};
    uint64_t seq = first;

    ck_assert_int_eq(journal_replay(journal, first, &cursor), 0);
    for (; journal_next(cursor, &entry) == 0; seq++) {
        ck_assert_uint_eq(entry->seq, seq);
        ck_assert_int_eq(*(const char *)entry->key, '0' + (int)(seq % PARTS));
        if (seq % PARTS == 0)
            token = token_of(entry);
        ck_assert_mem_eq(entry->value, &token, sizeof(token));
    }
    ck_assert_uint_eq(seq % PARTS, 0);
    journal_cursor_close(cursor);
    return seq;
}

/* All that was acknowledged is seen by a look that began afterwards. */
static void
watch(void *context)
{
    uint64_t seen = 0;

    open_own(*(uint32_t *)context);
    while (!is_enough()) {
        uint64_t acknowledged = 0;

        for (uint32_t i = 0; i < PROCESSES; i++)
            acknowledged += __atomic_load_n(&shared->acknowledged[i],
                                            __ATOMIC_ACQUIRE);
        ck_assert_uint_ge(figures(journal).size, acknowledged * PARTS);
        ck_assert_uint_eq(figures(journal).size % PARTS, 0);
        seen = assert_whole_batches(seen);
        ck_assert_uint_ge(seen, acknowledged * PARTS);
    }
    journal_close(journal);
}

START_TEST(readers_see_whole_batches_in_the_order_of_commits)
{
    uint32_t flags[2] = {JOURNAL_OPEN_READ_ONLY, 0};
    pid_t watchers[2];

    shared->count = rounds(60, 5);
    for (int i = 0; i < 2; i++)
        watchers[i] = start(watch, &flags[i]);
    run_all(append_batches);
    say_enough();
    for (int i = 0; i < 2; i++)
        finish(watchers[i]);
    ck_assert_uint_eq(assert_whole_batches(0),
                      (uint64_t)PROCESSES * PARTS * shared->count);
}
END_TEST

/* Values that make the file grow, beside handles that have it mapped. */
static void
append_big(void *unused)
{
    char *value = calloc(1, 2 << 20);

    (void)unused;
    open_own(0);
    for (unsigned i = 0; i < shared->count; i++)
        ck_assert_int_eq(journal_append(journal, "big", 3, value, 2 << 20,
                                        NULL),
                         0);
    journal_close(journal);
    free(value);
}

START_TEST(a_journal_that_grows_grows_for_all)
{
    struct journal_entry *entry;

    reader = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    append("small", "value");
    shared->count = rounds(10, 2);
    for (int i = 0; i < 3; i++) {
        in_child(append_big, NULL);
        ck_assert_int_eq(journal_get(reader, "big", 3, &entry), 0);
        ck_assert_uint_eq(entry->value_size, 2 << 20);
        journal_entry_free(entry);
        append("small", "value");
    }
    ck_assert_uint_eq(assert_no_gap(reader), 1 + 3 * (shared->count + 1));
    journal_close(reader);
}
END_TEST

/* ---- upkeep beside others ----------------------------------------------- */

static void
prune_on(void *unused)
{
    (void)unused;
    open_own(0);
    while (!is_enough()) {
        uint64_t size = figures(journal).size;

        ck_assert_int_eq(journal_prune(journal, size > 50 ? size - 50 : 0, 0,
                                       NULL),
                         0);
    }
    journal_close(journal);
}

START_TEST(one_process_may_prune_while_others_append)
{
    pid_t pruner;

    shared->count = rounds(100, 5);
    pruner = start(prune_on, NULL);
    run_all(append_tokens);
    say_enough();
    finish(pruner);
    ck_assert_uint_eq(figures(journal).size,
                      (uint64_t)PROCESSES * shared->count);
    assert_no_gap(journal);
}
END_TEST

static void
rewind_in_child(void *context)
{
    open_own(0);
    ck_assert_int_eq(journal_rewind(journal, *(uint64_t *)context), 0);
    journal_close(journal);
}

START_TEST(a_rewind_by_another_process_is_seen_here)
{
    uint64_t size = 4;

    append_numbered(10, 3);
    in_child(rewind_in_child, &size);
    ck_assert_uint_eq(figures(journal).size, 4);
    assert_value("key 0", "value 3");
    ck_assert_uint_eq(append("key 0", "next"), 4);
    ck_assert_uint_eq(assert_no_gap(journal), 5);
}
END_TEST

static void
open_on(void *unused)
{
    (void)unused;
    journal_close(journal);
    for (unsigned i = 0; i < shared->count; i++) {
        journal = open_path(home(), i % 3 == 0 ? JOURNAL_OPEN_READ_ONLY : 0);
        if (i % 3 != 0)
            append("key", "value");
        journal_close(journal);
    }
}

START_TEST(processes_may_open_and_close_all_the_time)
{
    shared->count = 3 * rounds(30, 3);
    run_all(open_on);
    ck_assert_uint_eq(assert_no_gap(journal),
                      (uint64_t)PROCESSES * shared->count / 3 * 2);
}
END_TEST

/* ---- creation ----------------------------------------------------------- */

static void
create(void *context)
{
    uint32_t number = *(uint32_t *)context;

    journal = open_path(home(), 0);
    append("key", "value");
    memcpy(shared->seqs[number], figures(journal).id, 16);
    journal_close(journal);
}

START_TEST(processes_that_create_the_same_journal_share_it)
{
    unsigned count = rounds(15, 2);

    for (unsigned i = 0; i < count; i++) {
        journal_close(journal);
        journal = NULL;
        ck_assert_int_eq(journal_destroy(home()), 0);
        run_all(create);
        journal = open_path(home(), JOURNAL_OPEN_EXISTING);
        ck_assert_uint_eq(assert_no_gap(journal), PROCESSES);
        for (unsigned j = 0; j < PROCESSES; j++)
            ck_assert_mem_eq(shared->seqs[j], figures(journal).id, 16);
    }
}
END_TEST

static void
create_new(void *context)
{
    uint32_t number = *(uint32_t *)context;
    int rc = result_of_open(home(), JOURNAL_OPEN_NEW);

    ck_assert(rc == 0 || rc == JOURNAL_EXISTS);
    shared->acknowledged[number] = rc == 0;
}

START_TEST(of_processes_that_create_a_new_journal_one_does)
{
    unsigned count = rounds(15, 2);

    for (unsigned i = 0; i < count; i++) {
        unsigned created = 0;

        journal_close(journal);
        journal = NULL;
        ck_assert_int_eq(journal_destroy(home()), 0);
        run_all(create_new);
        for (unsigned j = 0; j < PROCESSES; j++)
            created += shared->acknowledged[j];
        ck_assert_uint_eq(created, 1);
        journal = open_path(home(), JOURNAL_OPEN_EXISTING);
    }
}
END_TEST

/* ---- death -------------------------------------------------------------- */

static void
kill_after(pid_t pid, unsigned us)
{
    int status;

    usleep(us);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}

START_TEST(a_writer_that_is_killed_leaves_whole_batches_and_no_lock)
{
    uint64_t state = test_seed();
    unsigned count = rounds(40, 3);
    uint32_t number = 0;

    shared->count = 1000000;
    /* Where others have the processors, one may not get far. */
    for (unsigned i = 0;
         i < count || (shared->acknowledged[0] == 0 && i < count + 200); i++) {
        pid_t pid = start(append_batches, &number);
        uint64_t size;

        kill_after(pid,
                   2000 + i * 100 + (unsigned)(test_random(&state) % 20000));
        size = assert_whole_batches(0);
        ck_assert_uint_ge(size, (uint64_t)shared->acknowledged[0] * PARTS);
        ck_assert_uint_eq(figures(journal).size, size);
    }
    ck_assert_uint_gt(shared->acknowledged[0], 0);
}
END_TEST

static void
read_on(void *unused)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;

    (void)unused;
    open_own(JOURNAL_OPEN_READ_ONLY);
    for (;;) {
        MUST(journal_replay(journal, JOURNAL_NONE, &cursor) == 0);
        while (journal_next(cursor, &entry) != JOURNAL_END)
            shared->acknowledged[0]++;
        journal_cursor_close(cursor);
    }
}

START_TEST(readers_that_are_killed_hold_up_no_space)
{
    struct journal_options options = options_with(0);
    static char value[20000];
    unsigned count = rounds(100, 10);

    journal_close(journal);
    options.bytes_max = 2 << 20;
    journal = open_with(home(), &options);
    for (unsigned i = 0; i < count; i++) {
        pid_t pid = start(read_on, NULL);

        ck_assert_int_eq(journal_append(journal, "key", 3, value, sizeof(value),
                                        NULL),
                         0);
        kill_after(pid, 5000);
        if (i >= 20)
            ck_assert_int_eq(journal_prune(journal, i - 20, 0, NULL), 0);
    }
    ck_assert_uint_gt(shared->acknowledged[0], 0);
    assert_no_gap(journal);
}
END_TEST

static Suite *
suite(void)
{
    Suite *processes = suite_create("processes");
    TCase *tcase = tcase_create("processes");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, processes_append_without_a_gap_each_in_its_own_order);
    tcase_add_test(tcase, what_one_process_appends_another_reads_at_once);
    tcase_add_test(tcase, readers_see_whole_batches_in_the_order_of_commits);
    tcase_add_test(tcase, a_journal_that_grows_grows_for_all);
    tcase_add_test(tcase, one_process_may_prune_while_others_append);
    tcase_add_test(tcase, a_rewind_by_another_process_is_seen_here);
    tcase_add_test(tcase, processes_may_open_and_close_all_the_time);
    tcase_add_test(tcase, processes_that_create_the_same_journal_share_it);
    tcase_add_test(tcase, of_processes_that_create_a_new_journal_one_does);
    tcase_add_test(tcase,
                   a_writer_that_is_killed_leaves_whole_batches_and_no_lock);
    tcase_add_test(tcase, readers_that_are_killed_hold_up_no_space);
    suite_add_tcase(processes, tcase);
    return processes;
}

TEST_MAIN(suite)
