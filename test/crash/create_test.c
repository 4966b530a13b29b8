/*
 * create_test.c - a journal is created whole or not at all, however it ends.
 *
 * Whatever a process that died while it created or removed a journal can leave
 * in the directory: it is no journal to those who want to find one, and does
 * not stand in the way of those who want to make one.  The leftovers are made
 * by hand, by killing the process at every one of its system calls, and by
 * killing it at any time.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <journal.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fast_dir.h"
#include "support/figures.h"
#include "support/test.h"
#include "victim.h"

#define FIRST UINT64_C(7)       /* of the journal that the victim creates */
#define OTHER_FIRST UINT64_C(9) /* of the one that is created after it */

static const char *
home(void)
{
    return test_path("journal");
}

static int
open_with(uint32_t flags, uint64_t first_seq, struct journal **journal)
{
    struct journal_options options;

    journal_options_init(&options);
    options.flags = flags;
    options.first_seq = first_seq;
    *journal = NULL;
    return journal_open(home(), &options, journal);
}

static int
result_of_open(uint32_t flags)
{
    struct journal *journal;
    int rc = open_with(flags, OTHER_FIRST, &journal);

    journal_close(journal);
    return rc;
}

static void
assert_gone(void)
{
    ck_assert_int_ne(access(home(), F_OK), 0);
}

/* JOURNAL's entries are text, each of which says its number. */
static void
assert_whole(struct journal *journal)
{
    struct journal_stat stat = figures_of(journal);

    ck_assert_uint_eq(stat.entries, stat.size - stat.first);
    for (uint64_t seq = stat.first; seq < stat.size; seq++) {
        struct journal_entry *entry;
        char text[32];

        snprintf(text, sizeof(text), "%llu", (unsigned long long)seq);
        ck_assert_int_eq(journal_read(journal, seq, &entry), 0);
        ck_assert_uint_eq(entry->value_size, strlen(text));
        ck_assert_int_eq(memcmp(entry->value, text, strlen(text)), 0);
        journal_entry_free(entry);
    }
}

static int
append_number(struct journal *journal)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    char text[32];
    int rc = journal_stat(journal, &stat);

    if (rc != 0)
        return rc;
    snprintf(text, sizeof(text), "%llu", (unsigned long long)stat.size);
    return journal_append(journal, "key", 3, text, strlen(text), NULL);
}

/*
 * Opens what is there, or creates it: a good journal, that goes on working
 * until it is removed and leaves nothing.
 */
static void
assert_goes_on(uint32_t flags)
{
    struct journal *journal;
    uint64_t size;

    ck_assert_int_eq(open_with(flags, OTHER_FIRST, &journal), 0);
    assert_whole(journal);
    size = figures_of(journal).size;
    ck_assert_int_eq(append_number(journal), 0);
    journal_close(journal);
    ck_assert_int_ne(access(test_path("journal/data.mdb.new"), F_OK), 0);
    ck_assert_int_eq(open_with(JOURNAL_OPEN_EXISTING, 0, &journal), 0);
    assert_whole(journal);
    ck_assert_uint_eq(figures_of(journal).size, size + 1);
    journal_close(journal);
    ck_assert_int_eq(journal_destroy(home()), 0);
    assert_gone();
}

/* ---- states made by hand ------------------------------------------------ */

/* How much there is of a file; ZEROS: as many as it has bytes. */
enum part { ABSENT, EMPTY, PIECE, HALF, ZEROS, WHOLE };

struct state {
    const char *name;
    enum part lock;      /* journal.lock */
    enum part fresh;     /* data.mdb.new, which becomes data.mdb */
    enum part lmdb_lock; /* lock.mdb */
    enum part tail;      /* of a journal that was being removed */
};

static const struct state states[] = {
    {"an empty directory", ABSENT, ABSENT, ABSENT, ABSENT},
    {"an empty lock file", EMPTY, ABSENT, ABSENT, ABSENT},
    {"a piece of the lock file", PIECE, ABSENT, ABSENT, ABSENT},
    {"half of the lock file", HALF, ABSENT, ABSENT, ABSENT},
    {"a lock file", WHOLE, ABSENT, ABSENT, ABSENT},
    {"an empty new file", WHOLE, EMPTY, ABSENT, ABSENT},
    {"an empty new file, an empty lock file", EMPTY, EMPTY, ABSENT, ABSENT},
    {"a piece of a page of the new file", WHOLE, PIECE, ABSENT, ABSENT},
    {"half of the new file", WHOLE, HALF, ABSENT, ABSENT},
    {"half of the new file, an empty lock file", EMPTY, HALF, ABSENT, ABSENT},
    {"zeros in the new file", WHOLE, ZEROS, ABSENT, ABSENT},
    {"the new file, not renamed", WHOLE, WHOLE, ABSENT, ABSENT},
    {"the data file removed", WHOLE, ABSENT, WHOLE, ABSENT},
    {"the data file removed, an empty lock file", EMPTY, ABSENT, WHOLE, ABSENT},
    {"the data file set aside", WHOLE, WHOLE, WHOLE, WHOLE},
    {"the data file set aside, half of a tail", WHOLE, WHOLE, WHOLE, HALF},
    {"half of the new file, an old tail", WHOLE, HALF, WHOLE, WHOLE},
};

#define STATES ((int)(sizeof(states) / sizeof(states[0])))
#define FILE_MAX (1u << 20)
#define PIECE_SIZE 11u

/* The bytes of PART of the file at PATH. */
static size_t
read_part(char *data, const char *path, enum part part)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size;

    ck_assert_int_ge(file, 0);
    size = read(file, data, FILE_MAX);
    ck_assert_int_gt(size, (ssize_t)PIECE_SIZE);
    ck_assert_int_lt(size, (ssize_t)FILE_MAX);
    ck_assert_int_eq(close(file), 0);
    switch (part) {
    case PIECE:
        return PIECE_SIZE;
    case HALF:
        return (size_t)size / 2;
    case ZEROS:
        memset(data, 0, (size_t)size);
        return (size_t)size;
    case WHOLE:
        return (size_t)size;
    default:
        return 0;
    }
}

static void
put_file(const char *name, enum part part, const char *from)
{
    char *data = malloc(FILE_MAX);
    size_t size;
    int file;

    ck_assert_ptr_nonnull(data);
    if (part != ABSENT) {
        size = read_part(data, test_path(from), part);
        file = open(test_path(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
        ck_assert_int_ge(file, 0);
        ck_assert_int_eq(write(file, data, size), (ssize_t)size);
        ck_assert_int_eq(close(file), 0);
    }
    free(data);
}

static void
make_state(const struct state *state)
{
    struct journal_options options;
    struct journal *journal;

    journal_options_init(&options);
    options.tail_bytes = 64 << 10;
    ck_assert_int_eq(journal_open(test_path("model"), &options, &journal), 0);
    ck_assert_int_eq(append_number(journal), 0);
    ck_assert_int_eq(append_number(journal), 0);
    journal_close(journal);
    ck_assert_int_eq(mkdir(home(), 0750), 0);
    put_file("journal/journal.lock", state->lock, "model/journal.lock");
    put_file("journal/data.mdb.new", state->fresh, "model/data.mdb");
    put_file("journal/lock.mdb", state->lmdb_lock, "model/lock.mdb");
    put_file("journal/tail", state->tail, "model/tail");
}

/* Which of a journal's files are in home(), and how many files in all. */
static unsigned
files_there(void)
{
    static const char *const names[] = {"data.mdb", "data.mdb.new", "lock.mdb",
                                        "journal.lock", "tail"};
    DIR *directory = opendir(home());
    unsigned count = 0, bits = 0;
    const struct dirent *entry;

    ck_assert_ptr_nonnull(directory);
    while ((entry = readdir(directory)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(directory);
    for (unsigned i = 0; i < 5; i++) {
        char name[64];

        snprintf(name, sizeof(name), "journal/%s", names[i]);
        bits |= (unsigned)(access(test_path(name), F_OK) == 0) << i;
    }
    return count << 5 | bits;
}

START_TEST(open_creates_a_journal_in_any_state)
{
    make_state(&states[_i]);
    assert_goes_on(0);
}
END_TEST

START_TEST(open_new_creates_a_journal_in_any_state)
{
    make_state(&states[_i]);
    assert_goes_on(JOURNAL_OPEN_NEW);
}
END_TEST

START_TEST(no_journal_is_found_in_any_state_and_nothing_is_changed)
{
    unsigned files;

    make_state(&states[_i]);
    files = files_there();
    ck_assert_int_eq(result_of_open(JOURNAL_OPEN_EXISTING), JOURNAL_NOT_FOUND);
    ck_assert_uint_eq(files_there(), files);
    ck_assert_int_eq(result_of_open(JOURNAL_OPEN_READ_ONLY), JOURNAL_NOT_FOUND);
    ck_assert_uint_eq(files_there(), files);
    ck_assert_int_eq(result_of_open(JOURNAL_OPEN_READ_ONLY |
                                    JOURNAL_OPEN_IMMUTABLE),
                     JOURNAL_NOT_FOUND);
    ck_assert_uint_eq(files_there(), files);
    assert_goes_on(0);
}
END_TEST

START_TEST(destroy_removes_any_state_or_finds_nothing)
{
    unsigned files;
    int rc;

    make_state(&states[_i]);
    files = files_there();
    rc = journal_destroy(home());
    if (rc == 0)
        assert_gone();
    else
        ck_assert_uint_eq(files_there(), files);
    ck_assert_msg(rc == 0 || rc == JOURNAL_NOT_FOUND, "%s: %s", states[_i].name,
                  journal_errname(rc));
    assert_goes_on(0);
}
END_TEST

/* Nobody is given an empty journal for the one that there was. */
START_TEST(a_tail_without_its_data_file_is_no_empty_place)
{
    static const struct state robbed = {"only a tail", WHOLE, ABSENT, WHOLE,
                                        WHOLE};
    unsigned files;

    make_state(&robbed);
    files = files_there();
    ck_assert_int_eq(result_of_open(0), JOURNAL_CORRUPT);
    ck_assert_int_eq(result_of_open(JOURNAL_OPEN_NEW), JOURNAL_CORRUPT);
    ck_assert_int_eq(result_of_open(JOURNAL_OPEN_EXISTING), JOURNAL_CORRUPT);
    ck_assert_int_eq(result_of_open(JOURNAL_OPEN_READ_ONLY), JOURNAL_CORRUPT);
    ck_assert_uint_eq(files_there(), files);
    ck_assert_int_eq(journal_destroy(home()), 0);
    assert_gone();
    assert_goes_on(0);
}
END_TEST

/* ---- a victim's notes --------------------------------------------------- */

enum phase { NOWHERE, OPENING, OPEN, REMOVING };

/* Shared with the victim; what it has done outlives it here. */
struct notes {
    _Atomic(enum phase) phase;
    atomic_uint appended; /* to the present journal, acknowledged */
    atomic_uint complained;
    char complaint[200];
};

static struct notes *notes; /* one for each of two victims */

static void
setup(void)
{
    test_setup();
    notes = test_shared(2 * sizeof(*notes));
}

static void
teardown(void)
{
    test_unshare(notes, 2 * sizeof(*notes));
    test_teardown();
}

static void
complain(struct notes *mine, const char *call, int rc)
{
    snprintf(mine->complaint, sizeof(mine->complaint), "%s: %s", call,
             journal_errname(rc));
    atomic_store(&mine->complained, 1);
    _exit(1);
}

static void
assert_no_complaint(void)
{
    for (unsigned i = 0; i < 2; i++)
        ck_assert_msg(atomic_load(&notes[i].complained) == 0, "%s",
                      notes[i].complaint);
}

/* A life of a journal: opened, appended to twice, closed. */
static void
make_journal(struct notes *mine)
{
    struct journal *journal;
    int rc;

    atomic_store(&mine->appended, 0);
    atomic_store(&mine->phase, OPENING);
    rc = open_with(0, FIRST, &journal);
    if (rc != 0)
        complain(mine, "open", rc);
    atomic_store(&mine->phase, OPEN);
    for (unsigned i = 1; i <= 2; i++) {
        rc = append_number(journal);
        if (rc != 0)
            complain(mine, "append", rc);
        atomic_store(&mine->appended, i);
    }
    journal_close(journal);
}

static void
remove_journal(struct notes *mine)
{
    int rc;

    atomic_store(&mine->phase, REMOVING);
    rc = journal_destroy(home());
    if (rc != 0)
        complain(mine, "destroy", rc);
    atomic_store(&mine->phase, NOWHERE);
}

/* The victim was alone, and is dead. */
static void
assert_as_noted(void)
{
    enum phase phase = atomic_load(&notes->phase);
    unsigned appended = atomic_load(&notes->appended);
    struct journal *journal;
    int rc = open_with(JOURNAL_OPEN_EXISTING, 0, &journal);
    struct journal_stat stat;

    assert_no_complaint();
    if (rc != 0) {
        ck_assert_int_eq(rc, JOURNAL_NOT_FOUND);
        ck_assert_int_ne(phase, OPEN);
    } else {
        assert_whole(journal);
        stat = figures_of(journal);
        ck_assert_int_ne(phase, NOWHERE);
        ck_assert_uint_eq(stat.first, FIRST);
        ck_assert_uint_ge(stat.size, FIRST + appended);
        ck_assert_uint_le(stat.size, FIRST + appended + (phase == OPEN));
        journal_close(journal);
    }
    assert_goes_on(0);
}

/* ---- killed at every system call ---------------------------------------- */

static void
allow_tracing(void)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(2);
    (void)raise(SIGSTOP);
}

static void
traced_creation(const void *context)
{
    (void)context;
    allow_tracing();
    make_journal(notes);
    _exit(0);
}

static void
traced_removal(const void *context)
{
    (void)context;
    allow_tracing();
    remove_journal(notes);
    _exit(0);
}

/* Some places forbid it. */
static bool
may_trace(void)
{
    pid_t pid = victim_start(traced_creation, NULL);
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    if (WIFSTOPPED(status)) {
        ck_assert(victim_kill(pid));
        return true;
    }
    printf("skipped: tracing is not permitted here\n");
    return false;
}

/*
 * Runs BODY and kills it when it enters, or leaves, a system call for the
 * STOPS-th time.  False if it came to its end before.
 */
static bool
kill_at_stop(victim_body *body, unsigned stops)
{
    pid_t pid = victim_start(body, NULL);
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    for (unsigned i = 0; WIFSTOPPED(status) && i < stops; i++) {
        ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    }
    if (WIFSTOPPED(status)) {
        ck_assert(victim_kill(pid));
        return true;
    }
    assert_no_complaint();
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return false;
}

/* Every stop, or fewer where TEST_SCALE asks for less. */
static unsigned
stride(void)
{
    double scale = test_scale();

    return scale >= 1 ? 1 : scale > 0.1 ? (unsigned)(1 / scale + 0.5) : 10;
}

START_TEST(creation_may_be_killed_at_any_system_call)
{
    unsigned stops = 0;

    if (!may_trace())
        return;
    while (kill_at_stop(traced_creation, stops)) {
        assert_as_noted();
        memset(notes, 0, sizeof(*notes));
        stops += stride();
    }
    ck_assert_uint_gt(stops, 20);
    assert_as_noted();
}
END_TEST

START_TEST(removal_may_be_killed_at_any_system_call)
{
    unsigned stops = 0;
    bool killed = true;

    if (!may_trace())
        return;
    while (killed) {
        make_journal(notes);
        atomic_store(&notes->phase, OPEN);
        killed = kill_at_stop(traced_removal, stops);
        assert_as_noted();
        stops += stride();
    }
    ck_assert_uint_gt(stops, 20);
}
END_TEST

/* ---- killed at any time ------------------------------------------------- */

static void
create_and_remove(const void *context)
{
    (void)context;
    for (;;) {
        make_journal(notes);
        remove_journal(notes);
    }
}

/*
 * Another does the same to the same journal: it may be open when this one
 * wants to remove it, or removed already.
 */
static void
contend(const void *context)
{
    struct notes *mine = notes + *(const unsigned *)context;

    for (;;) {
        struct journal *journal;
        int rc = open_with(0, FIRST, &journal);

        if (rc != 0)
            complain(mine, "open", rc);
        rc = journal_append(journal, "key", 3, "value", 5, NULL);
        if (rc != 0)
            complain(mine, "append", rc);
        journal_close(journal);
        rc = journal_destroy(home());
        if (rc != 0 && rc != JOURNAL_BUSY && rc != JOURNAL_NOT_FOUND)
            complain(mine, "destroy", rc);
    }
}

static void
announce(const char *name, uint64_t seed)
{
    printf("%s: TEST_SEED=%llu\n", name, (unsigned long long)seed);
    fflush(stdout);
}

#define SERIES 100
#define DELAY_MAX 2000000u

START_TEST(creation_and_removal_may_be_killed_at_any_time)
{
    uint64_t seed = test_seed() + (unsigned)_i, state = seed;

    announce("create, remove", seed);
    for (int round = 0; round < SERIES; round++) {
        pid_t pid = victim_start(create_and_remove, NULL);

        sleep_for(test_random(&state) % DELAY_MAX);
        if (!victim_kill(pid)) {
            assert_no_complaint();
            ck_abort_msg("the victim ended without a word");
        }
        assert_as_noted();
        memset(notes, 0, sizeof(*notes));
    }
}
END_TEST

START_TEST(two_that_create_and_remove_at_once_harm_nobody)
{
    uint64_t seed = test_seed() + (unsigned)_i, state = seed;
    static const unsigned which[2] = {0, 1};

    announce("create, remove at once", seed);
    for (int round = 0; round < SERIES; round++) {
        pid_t one = victim_start(contend, &which[0]);
        pid_t other = victim_start(contend, &which[1]);
        struct journal *journal;
        bool alive;

        sleep_for(test_random(&state) % DELAY_MAX);
        alive = victim_kill(one);
        sleep_for(test_random(&state) % DELAY_MAX);
        alive &= victim_kill(other);
        assert_no_complaint();
        ck_assert(alive);
        ck_assert_int_eq(open_with(0, FIRST, &journal), 0);
        ck_assert_uint_le(figures_of(journal).size, FIRST + 1000);
        journal_close(journal);
        ck_assert_int_eq(journal_destroy(home()), 0);
        assert_gone();
    }
}
END_TEST

static int
series_of(unsigned rounds)
{
    int series = (int)(rounds * test_scale() / SERIES + 0.5);

    return series > 0 ? series : 1;
}

static Suite *
suite(void)
{
    Suite *suite = suite_create("create");
    TCase *hand = tcase_create("made by hand");
    TCase *calls = tcase_create("at every call");
    TCase *any = tcase_create("at any time");

    tcase_add_checked_fixture(hand, test_setup, test_teardown);
    tcase_add_loop_test(hand, open_creates_a_journal_in_any_state, 0, STATES);
    tcase_add_loop_test(hand, open_new_creates_a_journal_in_any_state, 0,
                        STATES);
    tcase_add_loop_test(hand,
                        no_journal_is_found_in_any_state_and_nothing_is_changed,
                        0, STATES);
    tcase_add_test(hand, a_tail_without_its_data_file_is_no_empty_place);
    tcase_add_loop_test(hand, destroy_removes_any_state_or_finds_nothing, 0,
                        STATES);
    suite_add_tcase(suite, hand);
    tcase_add_unchecked_fixture(calls, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(calls, setup, teardown);
    tcase_add_test(calls, creation_may_be_killed_at_any_system_call);
    tcase_add_test(calls, removal_may_be_killed_at_any_system_call);
    suite_add_tcase(suite, calls);
    tcase_add_unchecked_fixture(any, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(any, setup, teardown);
    tcase_add_loop_test(any, creation_and_removal_may_be_killed_at_any_time, 0,
                        series_of(500));
    tcase_add_loop_test(any, two_that_create_and_remove_at_once_harm_nobody, 0,
                        series_of(300));
    suite_add_tcase(suite, any);
    return suite;
}

TEST_MAIN(suite)
