/*
 * newest_test.c - what is seen of the newest entries, whoever comes between.
 *
 * Most of it is about two moments that are far apart here and close together
 * in life: a transaction begins, and looks at what is recent.
 */
#include "newest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "error.h"
#include "handle.h"
#include "stage.h"
#include "support/mode.h"
#include "support/test.h"

#define VALUE 1000u

static struct journal *journal;

static const char *
home(void)
{
    return test_path("journal");
}

static struct journal *
open_as(uint32_t flags, uint64_t tail_bytes)
{
    struct journal_options options;
    struct journal *opened = NULL;
    int rc;

    journal_options_init(&options);
    options.flags = flags;
    options.durability = JOURNAL_RELAXED;
    options.tail_bytes = tail_bytes;
    rc = mode_open_as_is(home(), &options, &opened);
    ck_assert_msg(rc == 0, "open: %s", journal_errname(rc));
    return opened;
}

static void
append(struct journal *to, unsigned count)
{
    static const char value[VALUE];

    for (; count > 0; count--) {
        int rc = journal_append(to, "key", 3, value, sizeof(value), NULL);

        ck_assert_msg(rc == 0, "append: %s", journal_errname(rc));
    }
}

static uint64_t
size_of(struct journal *of)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    int rc = journal_stat(of, &stat);

    ck_assert_msg(rc == 0, "stat: %s", journal_errname(rc));
    return stat.size;
}

/* Has another process do WORK, which ends without closing what it has open. */
static void
in_another(void (*work)(void))
{
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        journal_close(journal);
        journal = NULL;
        work();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

static void
teardown(void)
{
    journal_close(journal);
    journal = NULL;
    test_teardown();
}

/* ---- who may write only later -------------------------------------------- */

static void
fill_and_die(void)
{
    append(open_as(0, 0), 1000);
}

START_TEST(what_a_reader_has_seen_it_drains_once_it_may_write)
{
    struct journal *writer;

    in_another(fill_and_die);
    journal = open_as(JOURNAL_OPEN_READ_ONLY, 0);
    ck_assert_uint_eq(size_of(journal), 1000);
    writer = open_as(0, 0);
    append(writer, 1);
    ck_assert_uint_eq(size_of(journal), 1001);
    journal_close(writer);
}
END_TEST

/* ---- the tail is opened while others wait -------------------------------- */

static struct jn_files *
files(void)
{
    return &journal->shared->files;
}

static void
append_one_and_die(void)
{
    append(open_as(0, 0), 3);
}

static void *
open_anew(void *result)
{
    *(int *)result = jn_store_reopen(files()->store, true);
    return NULL;
}

/* Those who want all transactions gone let none begin before. */
START_TEST(a_look_that_opens_the_tail_holds_up_nobody_who_waits_for_it)
{
    struct jn_txn txn;
    pthread_t thread;
    bool again = true;
    int result = -1;

    journal = open_as(0, 0);
    journal_close(journal);
    journal = open_as(JOURNAL_OPEN_READ_ONLY, 0);
    in_another(append_one_and_die);
    ck_assert_int_eq(jn_store_begin_read(files()->store, &txn), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, open_anew, &result), 0);
    jn_clock_sleep(100000000);
    ck_assert_int_eq(jn_newest_look(&files()->newest, &txn, 0, &again), 0);
    ck_assert(!again);
    jn_store_end_read(&txn);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(result, 0);
}
END_TEST

/* ---- what is known of the tail is of another time ------------------------ */

/* Stages one entry in TXN, which is a writing one. */
static void
stage_one(struct jn_txn *txn)
{
    const struct journal_record record = {.key = "key", .key_size = 3};
    struct jn_newest *newest = &files()->newest;
    struct jn_request request;
    enum jn_staged staged = JN_NO_TAIL;
    uint64_t end = 0;
    bool broken = true;

    ck_assert_int_eq(jn_request_make(&request, &record, 1), 0);
    request.limits = journal->limits;
    request.next = NULL;
    ck_assert_int_eq(jn_stage(newest, txn, &request, jn_clock_now(), &staged,
                              &end, &broken),
                     0);
    ck_assert_int_eq(staged, JN_STAGED);
    ck_assert_int_eq(request.result, 0);
    jn_word_raise(&newest->words->published, end);
    jn_request_free(&request);
}

START_TEST(a_look_of_before_a_rewind_is_not_in_the_way_of_an_append)
{
    struct jn_txn before, now;
    bool again;

    journal = open_as(0, 0);
    append(journal, 10);
    ck_assert_int_eq(journal_rewind(journal, 10), 0);
    ck_assert_int_eq(jn_store_begin_read(files()->store, &before), 0);
    ck_assert_int_eq(journal_rewind(journal, 5), 0);
    ck_assert_int_eq(jn_shared_begin_write(journal->shared, &now), 0);
    ck_assert_int_eq(jn_newest_look(&files()->newest, &before, 0, &again), 0);
    jn_store_end_read(&before);
    stage_one(&now);
    jn_store_abort(&now);
    ck_assert_uint_eq(size_of(journal), 6);
    append(journal, 1);
    ck_assert_uint_eq(size_of(journal), 7);
}
END_TEST

START_TEST(a_look_of_before_a_rewind_sees_what_there_was_or_begins_anew)
{
    struct jn_txn before;
    uint64_t published;
    bool again = false;

    journal = open_as(0, 0);
    append(journal, 10);
    ck_assert_int_eq(journal_rewind(journal, 10), 0);
    append(journal, 5);
    published = jn_newest_published(&files()->newest);
    ck_assert_int_eq(jn_store_begin_read(files()->store, &before), 0);
    ck_assert_int_eq(journal_rewind(journal, 10 - (unsigned)_i), 0);
    append(journal, 8);
    ck_assert_int_eq(jn_newest_look(&files()->newest, &before, published,
                                    &again),
                     0);
    ck_assert(again || before.look.high == 15);
    jn_store_end_read(&before);
}
END_TEST

static void
append_five_and_die(void)
{
    append(open_as(0, 0), 5);
}

static void
open_and_close(void)
{
    journal_close(open_as(0, 0));
}

/* A tail that is opened again has a run of its own. */
static void
append_where_it_was(void)
{
    struct journal *writer = open_as(0, 0);

    append(writer, 2);
    if (journal_rewind(writer, 5) != 0)
        _exit(1);
    append(writer, 1);
}

START_TEST(a_tail_that_is_opened_again_where_it_was_is_read_on)
{
    open_and_close();
    journal = open_as(JOURNAL_OPEN_READ_ONLY, 0);
    in_another(append_five_and_die);
    ck_assert_uint_eq(size_of(journal), 5);
    in_another(open_and_close);
    in_another(append_where_it_was);
    ck_assert_uint_eq(size_of(journal), 6);
}
END_TEST

static void
append_to_one(void)
{
    append(open_as(0, 65536), 10);
}

/* Once it is told to, by the end of what can be read. */
static void
append_to_another(int told, int done)
{
    char byte;

    (void)!read(told, &byte, 1);
    journal_close(journal);
    open_and_close();
    append(open_as(0, 131072), 10);
    close(done);
    _exit(0);
}

/* The file is a new one by the time of the look. */
START_TEST(a_look_of_before_the_tail_was_made_anew_begins_anew)
{
    int tell[2], done[2];
    struct jn_txn before;
    bool again = false;
    char byte;
    pid_t child;

    open_and_close();
    ck_assert_int_eq(pipe(tell), 0);
    ck_assert_int_eq(pipe(done), 0);
    journal = open_as(JOURNAL_OPEN_READ_ONLY, 0);
    in_another(append_to_one);
    child = fork();
    if (child == 0) {
        close(tell[1]);
        append_to_another(tell[0], done[1]);
    }
    close(done[1]);
    ck_assert_int_eq(jn_store_begin_read(files()->store, &before), 0);
    close(tell[1]);
    ck_assert_int_eq(read(done[0], &byte, 1), 0);
    ck_assert_int_eq(jn_newest_look(&files()->newest, &before, 0, &again), 0);
    ck_assert(again);
    jn_store_end_read(&before);
    ck_assert_uint_eq(size_of(journal), 20);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

/* ---- who only reads ------------------------------------------------------ */

#define ROUNDS 80u
#define A_ROUND 5u

/* Drains what was there and appends, a round for each byte that comes. */
static void
append_rounds(int from, int to)
{
    struct journal *writer = open_as(0, 1);
    char byte;

    while (read(from, &byte, 1) == 1) {
        if (journal_rewind(writer, size_of(writer)) != 0)
            _exit(1);
        append(writer, A_ROUND);
        (void)!write(to, &byte, 1);
    }
    _exit(0);
}

/* Of an entry that does not lie at the beginning of the tail. */
static bool
is_remembered(uint64_t seq)
{
    struct jn_recent *recent = files()->newest.recent;
    struct jn_recent_look look;
    bool is = jn_recent_look(recent, seq, JN_TAIL_HEADER,
                             jn_recent_position(recent), &look);

    jn_recent_leave(&look);
    return is;
}

START_TEST(who_only_reads_keeps_no_more_than_a_tail_holds)
{
    int ask[2], told[2];
    char byte = 0;
    pid_t child;

    open_and_close();
    ck_assert_int_eq(pipe(ask), 0);
    ck_assert_int_eq(pipe(told), 0);
    child = fork();
    if (child == 0) {
        close(ask[1]);
        append_rounds(ask[0], told[1]);
    }
    journal = open_as(JOURNAL_OPEN_READ_ONLY, 0);
    for (unsigned i = 1; i <= ROUNDS; i++) {
        ck_assert_int_eq(write(ask[1], &byte, 1), 1);
        ck_assert_int_eq(read(told[0], &byte, 1), 1);
        ck_assert_uint_eq(size_of(journal), i * A_ROUND);
    }
    close(ask[1]);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert(!is_remembered(ROUNDS * A_ROUND - JN_TAIL_MIN / VALUE));
    ck_assert(is_remembered(ROUNDS * A_ROUND - 1));
}
END_TEST

/* ---- a flush that fails -------------------------------------------------- */

static int msync_fails; /* the error of the next one */

int __real_msync(void *start, size_t size, int flags);
int __wrap_msync(void *start, size_t size, int flags);

int
__wrap_msync(void *start, size_t size, int flags)
{
    errno = msync_fails;
    msync_fails = 0;
    return errno == 0 ? __real_msync(start, size, flags) : -1;
}

/* For the store, and what is recent with it. */
static void
append_large_in_vain(void)
{
    static const char value[(2 << 20)];

    ck_assert_int_eq(journal_append(journal, "key", 3, value, sizeof(value),
                                    NULL),
                     EIO);
}

/* Whoever was told of it once hears nothing of it from later flushes. */
START_TEST(a_drain_whose_flush_fails_fails_all_that_write)
{
    journal = open_as(0, 0);
    append(journal, 10);
    msync_fails = EIO;
    if (_i == 0)
        ck_assert_int_eq(journal_rewind(journal, 5), EIO);
    else
        append_large_in_vain();
    ck_assert_int_eq(msync_fails, 0);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL),
                     JOURNAL_FAILED);
    ck_assert_uint_eq(size_of(journal), 10);
    journal_close(journal);
    journal = open_as(0, 0);
    ck_assert_uint_eq(size_of(journal), 10);
    append(journal, 1);
}
END_TEST

/* ---- a write that finds no room ------------------------------------------ */

static int write_fails; /* the result of the next one */

int __real_jn_tail_write(struct jn_tail *tail, uint64_t position,
                         const uint8_t *bytes, size_t size);
int __wrap_jn_tail_write(struct jn_tail *tail, uint64_t position,
                         const uint8_t *bytes, size_t size);

int
__wrap_jn_tail_write(struct jn_tail *tail, uint64_t position,
                     const uint8_t *bytes, size_t size)
{
    int rc = write_fails;

    write_fails = 0;
    return rc != 0 ? rc : __real_jn_tail_write(tail, position, bytes, size);
}

/* Some systems write elsewhere what is written again. */
START_TEST(a_tail_that_has_no_room_where_it_was_torn_is_done_without)
{
    journal = open_as(0, 0);
    append(journal, 10);
    jn_word_set(&files()->newest.words->torn, 1);
    write_fails = JOURNAL_FULL;
    append(journal, 1);
    ck_assert_int_eq(write_fails, 0);
    append(journal, 10);
    ck_assert_uint_eq(size_of(journal), 21);
}
END_TEST

/* ---- an append of nothing ------------------------------------------------ */

static unsigned flushes;

int __real_fdatasync(int file);
int __wrap_fdatasync(int file);

int
__wrap_fdatasync(int file)
{
    flushes++;
    return __real_fdatasync(file);
}

/* But for what may have been written before. */
START_TEST(what_is_refused_flushes_nothing)
{
    const struct journal_record record = {.key = "key",
                                          .key_size = 3,
                                          .flags = JOURNAL_EXPECT,
                                          .expect = JOURNAL_NONE};
    unsigned before;

    journal = open_as(0, 0);
    append(journal, 10);
    ck_assert_int_eq(journal_rewind(journal, 5), 0);
    journal->limits.relaxed = false;
    before = flushes;
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(journal_append_batch(journal, &record, 1, NULL),
                         JOURNAL_CONFLICT);
    ck_assert_uint_le(flushes - before, 1);
}
END_TEST

/* ---- who closes last ----------------------------------------------------- */

static int orders[2], answers[2];
static bool somebody_comes;

bool __real_jn_lock_only_writer(const struct jn_lock *lock);
bool __wrap_jn_lock_only_writer(const struct jn_lock *lock);

/* In the instant after somebody has seen that there is no other writer. */
bool
__wrap_jn_lock_only_writer(const struct jn_lock *lock)
{
    bool only = __real_jn_lock_only_writer(lock);
    char byte = 0;

    if (somebody_comes) {
        somebody_comes = false;
        ck_assert_int_eq(write(orders[1], &byte, 1), 1);
        ck_assert_int_eq(read(answers[0], &byte, 1), 1);
    }
    return only;
}

static void
append_when_told(void)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct journal *writer;
    char byte;

    (void)!read(orders[0], &byte, 1);
    writer = open_as(0, 0);
    append(writer, 5);
    (void)!write(answers[1], &byte, 1);
    (void)!read(orders[0], &byte, 1);
    _exit(journal_stat(writer, &stat) == 0 && stat.tail_bytes_used > 0 ? 0 : 1);
}

START_TEST(a_tail_that_somebody_else_has_come_to_use_stays_open)
{
    pid_t child;
    int status = -1;

    ck_assert_int_eq(pipe(orders), 0);
    ck_assert_int_eq(pipe(answers), 0);
    child = fork();
    if (child == 0) {
        close(orders[1]);
        append_when_told();
    }
    journal = open_as(0, 0);
    append(journal, 5);
    somebody_comes = true;
    journal_close(journal);
    journal = NULL;
    ck_assert(!somebody_comes);
    close(orders[1]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* ---- what somebody wrote who died before he could say so ----------------- */

static void
die_having_written(void)
{
    struct jn_words *words;
    uint64_t written, published;

    journal = open_as(0, 0);
    words = files()->newest.words;
    if (journal_append(journal, "other", 5, "", 0, NULL) != 0)
        _exit(1);
    written = jn_word_get(&words->written);
    published = jn_word_get(&words->published);
    append(journal, 1);
    if (jn_word_get(&words->written) == written)
        _exit(2);
    jn_word_set(&words->torn, 1);
    jn_word_set(&words->written, written);
    jn_word_set(&words->published, published);
}

static void
prune_without_it(void)
{
    journal = open_as(0, 0);
    append(journal, 10);
    if (journal_delete(journal, "key", 3, NULL) != 0)
        _exit(3);
    in_another(die_having_written);
    if (size_of(journal) != 12 ||
        journal_prune(journal, JOURNAL_NONE, 0, NULL) != 0)
        _exit(4);
}

/* Its links, and what it changes, are those of another journal. */
START_TEST(what_was_not_there_for_a_prune_does_not_come_after_it)
{
    in_another(prune_without_it);
    journal = open_as(0, 0);
    ck_assert_uint_eq(size_of(journal), 12);
    append(journal, 3);
    ck_assert_uint_eq(size_of(journal), 15);
}
END_TEST

/* ---- whose the file is --------------------------------------------------- */

/* Somebody may append who is not the one to whom the journal belongs. */
START_TEST(a_tail_belongs_to_whom_the_data_file_does)
{
    const char *data = test_path("journal/data.mdb");
    struct stat theirs, ours;

    open_and_close();
    ck_assert_int_eq(chmod(data, 0664), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(chown(data, 4711, 4712), 0);
    ck_assert_int_eq(stat(data, &theirs), 0);
    journal = open_as(0, 0);
    append(journal, 3);
    ck_assert_int_eq(stat(test_path("journal/tail"), &ours), 0);
    ck_assert_uint_eq(ours.st_mode, theirs.st_mode);
    ck_assert_uint_eq(ours.st_uid, theirs.st_uid);
    ck_assert_uint_eq(ours.st_gid, theirs.st_gid);
}
END_TEST

/* ---- forks --------------------------------------------------------------- */

static atomic_bool is_locked, is_unlocked, has_forked;

static void *
change_for_long(void *unused)
{
    jn_recent_lock(files()->newest.recent);
    atomic_store(&is_locked, true);
    jn_clock_sleep(100000000);
    atomic_store(&is_unlocked, true);
    jn_recent_unlock(files()->newest.recent);
    /* The child is not to hear of a thread that has ended. */
    while (!atomic_load(&has_forked))
        jn_clock_sleep(1000000);
    return unused;
}

static void
find_unlocked(void)
{
    if (!atomic_load(&is_unlocked))
        _exit(1);
}

START_TEST(a_fork_waits_for_who_changes_what_is_recent)
{
    pthread_t thread;

    journal = open_as(0, 0);
    append(journal, 3);
    ck_assert_int_eq(pthread_create(&thread, NULL, change_for_long, NULL), 0);
    while (!atomic_load(&is_locked))
        jn_clock_sleep(1000000);
    in_another(find_unlocked);
    atomic_store(&has_forked, true);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    append(journal, 3);
}
END_TEST

/* ---- upkeep -------------------------------------------------------------- */

START_TEST(a_rewind_over_the_size_is_refused_whatever_is_drained_first)
{
    journal = open_as(0, 0);
    append(journal, 1900);
    ck_assert_int_eq(journal_rewind(journal, 2000), EINVAL);
    ck_assert_uint_eq(size_of(journal), 1900);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("newest");
    TCase *tcase = tcase_create("newest");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, test_setup, teardown);
    tcase_add_test(tcase, what_a_reader_has_seen_it_drains_once_it_may_write);
    tcase_add_test(tcase,
                   a_rewind_over_the_size_is_refused_whatever_is_drained_first);
    tcase_add_test(tcase,
                   a_look_that_opens_the_tail_holds_up_nobody_who_waits_for_it);
    tcase_add_test(tcase,
                   a_look_of_before_a_rewind_is_not_in_the_way_of_an_append);
    tcase_add_loop_test(
        tcase, a_look_of_before_a_rewind_sees_what_there_was_or_begins_anew, 0,
        10);
    tcase_add_test(tcase, a_tail_that_is_opened_again_where_it_was_is_read_on);
    tcase_add_test(tcase, a_look_of_before_the_tail_was_made_anew_begins_anew);
    tcase_add_test(tcase, who_only_reads_keeps_no_more_than_a_tail_holds);
    tcase_add_loop_test(tcase, a_drain_whose_flush_fails_fails_all_that_write,
                        0, 2);
    tcase_add_test(tcase, a_tail_that_somebody_else_has_come_to_use_stays_open);
    tcase_add_test(tcase,
                   what_was_not_there_for_a_prune_does_not_come_after_it);
    tcase_add_test(tcase,
                   a_tail_that_has_no_room_where_it_was_torn_is_done_without);
    tcase_add_test(tcase, what_is_refused_flushes_nothing);
    tcase_add_test(tcase, a_fork_waits_for_who_changes_what_is_recent);
    tcase_add_test(tcase, a_tail_belongs_to_whom_the_data_file_does);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
