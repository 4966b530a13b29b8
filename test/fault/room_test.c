/*
 * room_test.c - room that runs out: on the disk, in the map, in the table of
 * readers; and who has lost his locks.
 *
 * Without the reserve a full disk cannot be pruned; without the blocks of the
 * lock file an open on it ends the process; without growing and adopting maps
 * one process stops, or crashes, when another writes; without clearing dead
 * readers they pin pages for ever.
 */
#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <journal.h>
#include <lmdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/figures.h"
#include "support/mounts.h"
#include "support/test.h"

static char value[1000];

static const char *
home(void)
{
    return test_path("journal");
}

static struct journal *
open_with(uint32_t flags, uint64_t bytes_max)
{
    struct journal_options options;
    struct journal *journal = NULL;

    journal_options_init(&options);
    options.flags = flags;
    options.bytes_max = bytes_max;
    ck_assert_int_eq(journal_open(home(), &options, &journal), 0);
    return journal;
}

static int
append(struct journal *journal)
{
    return journal_append(journal, "key", 3, value, sizeof(value), NULL);
}

static void
append_many(struct journal *journal, size_t count)
{
    struct journal_record records[100];

    for (size_t i = 0; i < 100; i++)
        records[i] = (struct journal_record){.key = "key",
                                             .key_size = 3,
                                             .value = value,
                                             .value_size = sizeof(value)};
    for (size_t i = 0; i < count; i += 100)
        ck_assert_int_eq(journal_append_batch(journal, records, 100, NULL), 0);
}

static uint64_t
count_all(struct journal *journal)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    uint64_t count = 0;
    int rc;

    ck_assert_int_eq(journal_replay(journal, JOURNAL_NONE, &cursor), 0);
    while ((rc = journal_next(cursor, &entry)) == 0)
        count++;
    ck_assert_int_eq(rc, JOURNAL_END);
    journal_cursor_close(cursor);
    return count;
}

/* ---- a full disk -------------------------------------------------------- */

static void
fill_disk(void)
{
    static char block[4096];
    int file = open(test_path("ballast"), O_WRONLY | O_CREAT, 0600);

    while (write(file, block, sizeof(block)) == sizeof(block))
        continue;
    close(file);
}

START_TEST(a_full_disk_can_be_pruned_and_appended_to_again)
{
    struct journal *journal;
    struct journal_stat stat;
    uint64_t removed;
    unsigned appended = 0;

    if (!mounts_disk(test_dir, 6u << 20))
        return;
    journal = open_with(0, 0);
    while (append(journal) == 0)
        appended++;
    ck_assert_uint_gt(appended, 1000);
    fill_disk();
    for (unsigned round = 0; round < 20; round++) {
        stat = figures_of(journal);
        ck_assert_int_eq(append(journal), JOURNAL_FULL);
        ck_assert_uint_eq(figures_of(journal).size, stat.size);
        ck_assert_uint_eq(count_all(journal), stat.entries);

        ck_assert_int_eq(journal_prune(journal, stat.first + 200, 0, &removed),
                         0);
        ck_assert_uint_eq(removed, 200);
        for (unsigned i = 0; i < 20; i++)
            ck_assert_int_eq(append(journal), 0);
        while (append(journal) == 0)
            continue;
    }
    ck_assert_int_eq(journal_prune(journal, JOURNAL_NONE, 0, NULL), 0);
    ck_assert_uint_eq(count_all(journal), 0);
    ck_assert_int_eq(append(journal), 0);
    journal_close(journal);
    umount2(test_dir, MNT_DETACH);
}
END_TEST

#define LOADED 60000u

/* COUNT keys of so many, far from each other: each is on a page of its own. */
static int
append_scattered(struct journal *journal, size_t count)
{
    static struct journal_record records[LOADED];
    static char keys[LOADED][8];

    for (size_t i = 0; i < count; i++) {
        snprintf(keys[i], sizeof(keys[i]), "%07zu", i * 7919 % LOADED);
        records[i] = (struct journal_record){.key = keys[i],
                                             .key_size = 7,
                                             .value = value,
                                             .value_size = 20};
    }
    return journal_append_batch(journal, records, count, NULL);
}

/*
 * Loaded in one commit a file has hardly a free page to begin with; and to
 * forget a few hundred keys of so many takes more pages than the reserve has.
 */
START_TEST(a_loaded_journal_can_be_pruned_on_a_full_disk)
{
    struct journal *journal;
    uint64_t removed;

    if (!mounts_disk(test_dir, 24u << 20))
        return;
    journal = open_with(0, 0);
    ck_assert_int_eq(append_scattered(journal, LOADED), 0);
    fill_disk();
    ck_assert_int_eq(journal_prune(journal, LOADED / 2, 0, &removed), 0);
    ck_assert_uint_eq(removed, LOADED / 2);
    ck_assert_uint_eq(count_all(journal), LOADED / 2);
    ck_assert_int_eq(append(journal), 0);
    journal_close(journal);
    umount2(test_dir, MNT_DETACH);
}
END_TEST

/* The file has only the blocks that it needs then, as any copy has. */
static void
copy_data(void)
{
    char block[4096];
    ssize_t size;
    int from = open(test_path("journal/data.mdb"), O_RDONLY);
    int to = open(test_path("copy"), O_WRONLY | O_CREAT, 0600);

    while ((size = read(from, block, sizeof(block))) > 0)
        ck_assert_int_eq(write(to, block, (size_t)size), size);
    close(from);
    close(to);
    ck_assert_int_eq(rename(test_path("copy"), test_path("journal/data.mdb")),
                     0);
}

/*
 * Of the free pages of such a copy most are those of the last commit: not yet
 * for use, and what is in the tail does not fit into the others.
 */
START_TEST(a_copy_can_be_pruned_on_a_disk_that_it_fills)
{
    struct journal *journal;
    pid_t child;
    int status;

    if (!mounts_disk(test_dir, 32u << 20))
        return;
    journal = open_with(0, 0);
    ck_assert_int_eq(append_scattered(journal, LOADED), 0);
    journal_close(journal);
    child = fork();
    if (child == 0) {
        journal = open_with(0, 0);
        _exit(append(journal) != 0 || append_scattered(journal, 300) != 0 ||
              append_scattered(journal, 100) != 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    copy_data();
    fill_disk();
    journal = open_with(0, 0);
    ck_assert_uint_eq(figures_of(journal).size, LOADED + 401);
    ck_assert_int_eq(journal_prune(journal, LOADED + 1, 0, NULL), 0);
    ck_assert_uint_eq(count_all(journal), 400);
    ck_assert_int_eq(append(journal), 0);
    journal_close(journal);
    umount2(test_dir, MNT_DETACH);
}
END_TEST

START_TEST(a_journal_opens_and_reads_on_a_full_disk)
{
    struct journal *journal;

    if (!mounts_disk(test_dir, 6u << 20))
        return;
    journal = open_with(0, 0);
    append_many(journal, 1000);
    journal_close(journal);
    unlink(test_path("journal/lock.mdb"));
    fill_disk();
    /* There is no room for the reader slots: an error, not a signal. */
    ck_assert_int_eq(journal_open(home(), NULL, &journal), JOURNAL_FULL);
    unlink(test_path("ballast"));
    journal = open_with(0, 0);
    journal_close(journal);
    fill_disk();

    journal = open_with(0, 0);
    ck_assert_uint_eq(count_all(journal), 1000);
    ck_assert_int_eq(journal_prune(journal, 500, 0, NULL), 0);
    journal_close(journal);
    umount2(test_dir, MNT_DETACH);
}
END_TEST

START_TEST(creation_on_a_full_disk_leaves_nothing)
{
    struct journal *journal = NULL;

    if (!mounts_disk(test_dir, 1u << 20))
        return;
    fill_disk();
    ck_assert_int_eq(journal_open(home(), NULL, &journal), JOURNAL_FULL);
    ck_assert_int_ne(access(home(), F_OK), 0);
    unlink(test_path("ballast"));
    journal = open_with(0, 0);
    ck_assert_int_eq(append(journal), 0);
    journal_close(journal);
    umount2(test_dir, MNT_DETACH);
}
END_TEST

START_TEST(a_limit_on_the_size_of_files_is_a_full_disk)
{
    struct rlimit limit = {2 << 20, 2 << 20};
    struct journal *journal = open_with(0, 0);
    int rc = 0;

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    while (rc == 0)
        rc = append(journal);
    ck_assert_int_eq(rc, JOURNAL_FULL);
    ck_assert_int_eq(journal_prune(journal, 500, 0, NULL), 0);
    ck_assert_int_eq(append(journal), 0);
    journal_close(journal);
}
END_TEST

/* ---- a full map --------------------------------------------------------- */

START_TEST(a_full_journal_goes_on_after_each_prune)
{
    const uint64_t bytes_max = 1 << 20;
    struct journal *journal = open_with(0, bytes_max);

    for (unsigned round = 0; round < 50; round++) {
        int rc = 0;

        while (rc == 0)
            rc = append(journal);
        ck_assert_int_eq(rc, JOURNAL_FULL);
        ck_assert_uint_le(figures_of(journal).bytes_file, bytes_max);
        ck_assert_int_eq(journal_prune(journal, figures_of(journal).first + 100,
                                       0, NULL),
                         0);
        for (unsigned i = 0; i < 50; i++)
            ck_assert_int_eq(append(journal), 0);
    }
    ck_assert_uint_eq(count_all(journal), figures_of(journal).entries);
    journal_close(journal);
}
END_TEST

/* Lets the process have BYTES of address space more than it has. */
static void
limit_space(rlim_t bytes, struct rlimit *before)
{
    struct rlimit limit;
    FILE *in = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;

    ck_assert_int_eq(fscanf(in, "%lu", &pages), 1);
    fclose(in);
    getrlimit(RLIMIT_AS, before);
    limit = *before;
    limit.rlim_cur = pages * (rlim_t)sysconf(_SC_PAGESIZE) + bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
}

/* Under a sanitizer the address space is not ours to limit. */
#if defined(__has_feature)
#define HAS(feature) __has_feature(feature)
#else
#define HAS(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
    HAS(address_sanitizer) || HAS(thread_sanitizer)
#define LIMITS_WORK false
#else
#define LIMITS_WORK (getenv("RUN") == NULL || *getenv("RUN") == '\0')
#endif

/* Without a limit, and with ones over what can be mapped at first, or ever. */
static const uint64_t large[] = {0, UINT64_C(100) << 20, UINT64_C(1) << 30,
                                 UINT64_MAX};

START_TEST(a_small_map_grows_here)
{
    struct journal *journal;
    struct rlimit before;

    if (!LIMITS_WORK)
        return;
    limit_space(16 << 20, &before);
    journal = open_with(0, large[_i]);
    setrlimit(RLIMIT_AS, &before);

    append_many(journal, 30000);

    ck_assert_uint_gt(figures_of(journal).bytes_file, 30u << 20);
    ck_assert_uint_eq(count_all(journal), 30000);
    journal_close(journal);
}
END_TEST

START_TEST(a_small_map_follows_a_process_that_grows_the_file)
{
    struct journal *journal;
    struct rlimit before;
    int status;
    pid_t pid;

    if (!LIMITS_WORK)
        return;
    limit_space(16 << 20, &before);
    journal = open_with(0, 0);
    setrlimit(RLIMIT_AS, &before);
    ck_assert_int_eq(append(journal), 0);
    pid = fork();
    if (pid == 0) {
        journal_close(journal);
        journal = open_with(0, 0);
        append_many(journal, 30000);
        journal_close(journal);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);

    ck_assert_uint_eq(count_all(journal), 30001);
    ck_assert_int_eq(append(journal), 0);
    ck_assert_uint_eq(figures_of(journal).size, 30002);
    journal_close(journal);
}
END_TEST

/* What it takes goes by the keys that there are, each of which takes much. */
START_TEST(many_records_of_one_key_take_little_memory)
{
    const size_t count = 100000;
    struct journal_record *records = calloc(count, sizeof(*records));
    struct journal *journal = open_with(0, 0);
    struct rlimit before;

    ck_assert_ptr_nonnull(records);
    for (size_t i = 0; i < count; i++) {
        records[i].key = "key";
        records[i].key_size = 3;
    }
    if (LIMITS_WORK)
        limit_space(64 << 20, &before);
    ck_assert_int_eq(journal_append_batch(journal, records, count, NULL), 0);
    if (LIMITS_WORK)
        setrlimit(RLIMIT_AS, &before);
    ck_assert_uint_eq(figures_of(journal).size, count);
    journal_close(journal);
    free(records);
}
END_TEST

/* ---- readers ------------------------------------------------------------ */

/* Takes a reader's slot of the journal, pins what it sees, and waits. */
static pid_t
leave_reader(void)
{
    int begun[2];
    char byte;
    pid_t pid;

    ck_assert_int_eq(pipe(begun), 0);
    pid = fork();
    if (pid == 0) {
        MDB_env *env;
        MDB_txn *txn;

        if (mdb_env_create(&env) == 0 && mdb_env_set_maxdbs(env, 3) == 0 &&
            mdb_env_open(env, home(), MDB_RDONLY | MDB_NOTLS, 0) == 0 &&
            mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0)
            (void)!write(begun[1], "x", 1);
        pause();
        _exit(0);
    }
    close(begun[1]);
    ck_assert_int_eq(read(begun[0], &byte, 1), 1);
    close(begun[0]);
    return pid;
}

START_TEST(a_dead_reader_pins_nothing)
{
    struct journal *journal = open_with(0, 2 << 20);
    int status;

    ck_assert_int_eq(append(journal), 0);
    for (unsigned round = 0; round < 3; round++) {
        pid_t pid = leave_reader();

        kill(pid, SIGKILL);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        for (unsigned i = 0; i < 1000; i++) {
            ck_assert_int_eq(append(journal), 0);
            if (i % 10 == 9)
                ck_assert_int_eq(journal_prune(journal,
                                               figures_of(journal).size - 100,
                                               0, NULL),
                                 0);
        }
    }
    ck_assert_uint_le(figures_of(journal).bytes_file, 2 << 20);
    journal_close(journal);
}
END_TEST

START_TEST(an_open_cursor_pins_nothing)
{
    struct journal *journal = open_with(0, 0);
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    uint64_t before;

    append_many(journal, 1000);
    ck_assert_int_eq(journal_replay(journal, 0, &cursor), 0);
    ck_assert_int_eq(journal_next(cursor, &entry), 0);
    before = figures_of(journal).bytes_file;
    for (unsigned i = 0; i < 500; i++)
        ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), 0);

    /* Pinned, each commit would take tens of KiB. */
    ck_assert_uint_lt(figures_of(journal).bytes_file - before, 1 << 20);
    journal_cursor_close(cursor);
    journal_close(journal);
}
END_TEST

/* ---- lost locks --------------------------------------------------------- */

START_TEST(who_has_lost_his_locks_keeps_others_out)
{
    int begun[2], status;
    struct journal *journal = open_with(0, 0);
    char byte;
    pid_t pid;

    ck_assert_int_eq(append(journal), 0);
    journal_close(journal);
    ck_assert_int_eq(pipe(begun), 0);
    pid = fork();
    if (pid == 0) {
        journal = open_with(0, 0);
        /* As a tool would that copies files within the process. */
        close(open(test_path("journal/lock.mdb"), O_RDONLY));
        (void)!write(begun[1], "x", 1);
        pause();
        _exit(0);
    }
    ck_assert_int_eq(read(begun[0], &byte, 1), 1);

    ck_assert_int_eq(journal_open(home(), NULL, &journal), JOURNAL_BUSY);

    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    journal = open_with(0, 0);
    ck_assert_uint_eq(count_all(journal), 1);
    journal_close(journal);
}
END_TEST

START_TEST(closing_one_handle_leaves_the_locks_of_the_other)
{
    struct journal *first = open_with(0, 0);
    struct journal *second = open_with(0, 0);
    int status;
    pid_t pid;

    journal_close(first);
    pid = fork();
    if (pid == 0) {
        struct flock range = {.l_type = F_WRLCK, .l_len = 1};
        int file = open(test_path("journal/lock.mdb"), O_RDWR);

        _exit(fcntl(file, F_GETLK, &range) != 0 || range.l_type == F_UNLCK);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    journal_close(second);
}
END_TEST

/* ---- memory ------------------------------------------------------------- */

static unsigned long
kib_of(const char *name)
{
    FILE *in = fopen("/proc/self/status", "r");
    unsigned long kib = 0;
    char line[200];

    while (fgets(line, sizeof(line), in) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtoul(line + strlen(name), NULL, 10);
    }
    fclose(in);
    return kib;
}

START_TEST(a_long_prune_takes_little_memory)
{
    static struct journal_record records[1000];
    static char keys[1000][8];
    size_t count = (size_t)(300000 * test_scale());
    struct journal *journal = open_with(0, 0);
    unsigned long before;
    uint64_t removed;

    count = count < 10000 ? 10000 : count / 1000 * 1000;
    for (size_t i = 0; i < count; i += 1000) {
        for (size_t k = 0; k < 1000; k++) {
            snprintf(keys[k], sizeof(keys[k]), "%07zu", (i + k) % 5000000);
            records[k] = (struct journal_record){.key = keys[k],
                                                 .key_size = 7,
                                                 .value = value,
                                                 .value_size = 20};
        }
        ck_assert_int_eq(journal_append_batch(journal, records, 1000, NULL), 0);
    }
    before = kib_of("RssAnon:");
    ck_assert_int_eq(journal_prune(journal, count, 0, &removed), 0);
    ck_assert_uint_eq(removed, count);
    if (LIMITS_WORK)
        ck_assert_uint_lt(kib_of("RssAnon:") - before, 16 << 10);
    ck_assert_uint_eq(figures_of(journal).keys, 0);
    journal_close(journal);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("room");
    TCase *tcase = tcase_create("room");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_full_disk_can_be_pruned_and_appended_to_again);
    tcase_add_test(tcase, a_loaded_journal_can_be_pruned_on_a_full_disk);
    tcase_add_test(tcase, a_copy_can_be_pruned_on_a_disk_that_it_fills);
    tcase_add_test(tcase, a_journal_opens_and_reads_on_a_full_disk);
    tcase_add_test(tcase, creation_on_a_full_disk_leaves_nothing);
    tcase_add_test(tcase, a_limit_on_the_size_of_files_is_a_full_disk);
    tcase_add_test(tcase, a_full_journal_goes_on_after_each_prune);
    tcase_add_loop_test(tcase, a_small_map_grows_here, 0,
                        (int)(sizeof(large) / sizeof(large[0])));
    tcase_add_test(tcase, a_small_map_follows_a_process_that_grows_the_file);
    tcase_add_test(tcase, many_records_of_one_key_take_little_memory);
    tcase_add_test(tcase, a_dead_reader_pins_nothing);
    tcase_add_test(tcase, an_open_cursor_pins_nothing);
    tcase_add_test(tcase, who_has_lost_his_locks_keeps_others_out);
    tcase_add_test(tcase, closing_one_handle_leaves_the_locks_of_the_other);
    tcase_add_test(tcase, a_long_prune_takes_little_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
