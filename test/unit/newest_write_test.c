/*
 * newest_write_test.c - the newest entries are written, drained and left: what
 * fails meanwhile, and who comes between.
 */
#include "journal/newest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "unit/newest_steps.h"
#include "write/slices.h"

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

static int write_fails;    /* the result of the next one */
static bool room_is_short; /* all but short ones say that there was no room */

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
    if (rc == 0)
        rc = __real_jn_tail_write(tail, position, bytes, size);
    return rc == 0 && room_is_short && size > 100 ? JOURNAL_FULL : rc;
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

static bool goes_on; /* another append follows */

static void
append_without_room(void)
{
    static const char value[VALUE];

    journal = open_as(0, 0);
    append(journal, 10);
    journal->limits.relaxed = false;
    append(journal, 1);
    room_is_short = true;
    if (journal_append(journal, "key", 3, value, sizeof(value), NULL) !=
        JOURNAL_FULL)
        _exit(1);
    room_is_short = false;
    if (goes_on)
        append(journal, 1);
}

/*
 * It was there whole, as the last bytes of a frame may be zeros that need not
 * be written; there was no room in the store either, and after a crash the
 * entry came back.
 */
START_TEST(what_found_no_room_does_not_come_back)
{
    goes_on = _i == 1;
    in_another(append_without_room);
    journal = open_as(0, 0);
    ck_assert_uint_eq(size_of(journal), 11 + (uint64_t)_i);
}
END_TEST

/* ---- an append of nothing ------------------------------------------------ */

static unsigned flushes;
static int flush_fails; /* the error of the next one */
static bool is_watched;
static uint64_t seen; /* the size while it was under way */

int __real_fdatasync(int file);
int __wrap_fdatasync(int file);

int
__wrap_fdatasync(int file)
{
    flushes++;
    if (is_watched)
        seen = size_of(journal);
    errno = flush_fails;
    flush_fails = 0;
    return errno == 0 ? __real_fdatasync(file) : -1;
}

/* Or somebody might act on what a loss of power takes back. */
START_TEST(what_is_being_flushed_is_not_seen_yet)
{
    journal = open_as(0, 0);
    append(journal, 10);
    journal->limits.relaxed = false;
    append(journal, 1);
    for (uint64_t size = 11; size < 15; size++) {
        seen = 0;
        is_watched = true;
        append(journal, 1);
        is_watched = false;
        ck_assert_uint_eq(seen, size);
        ck_assert_uint_eq(size_of(journal), size + 1);
    }
}
END_TEST

/* It was taken for one that had appended nothing, and the handle for whole. */
START_TEST(a_flush_that_has_no_room_is_of_unknown_outcome)
{
    journal = open_as(0, 0);
    append(journal, 10);
    journal->limits.relaxed = false;
    flush_fails = ENOSPC;
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), ENOSPC);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL),
                     JOURNAL_FAILED);
    journal_close(journal);
    journal = open_as(0, 0);
    append(journal, 1);
}
END_TEST

/* It may come back then, so that nobody knows whether it is there. */
START_TEST(what_found_no_room_and_cannot_be_taken_back_is_of_unknown_outcome)
{
    static const char value[VALUE];

    journal = open_as(0, 0);
    append(journal, 10);
    journal->limits.relaxed = false;
    append(journal, 1);
    room_is_short = true;
    flush_fails = EIO;
    ck_assert_int_eq(journal_append(journal, "key", 3, value, sizeof(value),
                                    NULL),
                     EIO);
    room_is_short = false;
    ck_assert_int_eq(flush_fails, 0);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL),
                     JOURNAL_FAILED);
}
END_TEST

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

/* ---- a ring that is full ------------------------------------------------- */

#define GROUP 170u /* entries, of keys that no other group has */

static void
append_group(unsigned number)
{
    struct journal_record records[GROUP];
    char keys[GROUP][9];

    memset(records, 0, sizeof(records));
    for (unsigned i = 0; i < GROUP; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "%08x",
                       (number * GROUP + i) * 2654435761u);
        records[i].key = keys[i];
        records[i].key_size = 8;
    }
    ck_assert_int_eq(journal_append_batch(journal, records, GROUP, NULL), 0);
}

/*
 * The run that it begins with was counted as if it could be drained: an append
 * that found no room behind a crash looked for it for ever.
 */
START_TEST(an_append_finds_room_in_a_ring_that_begins_with_a_run)
{
    journal = open_as(0, JN_TAIL_MIN);
    append(journal, 2);
    ck_assert_int_eq(jn_slices_drain(journal->shared, 0, 0, UINT_MAX), 0);
    jn_word_set(&files()->newest.words->torn, 1);
    for (unsigned i = 0; i < 20; i++)
        append_group(i);
    ck_assert_uint_eq(size_of(journal), 2 + 20 * GROUP);
}
END_TEST

/* ---- who closes last ----------------------------------------------------- */

static int orders[2], answers[2];
static bool somebody_comes;

void __real_jn_lock_leave(struct jn_lock *lock);
void __wrap_jn_lock_leave(struct jn_lock *lock);

/* In the instant after somebody has seen that there is no other writer. */
void
__wrap_jn_lock_leave(struct jn_lock *lock)
{
    char byte = 0;

    __real_jn_lock_leave(lock);
    if (somebody_comes) {
        somebody_comes = false;
        ck_assert_int_eq(write(orders[1], &byte, 1), 1);
        ck_assert_int_eq(read(answers[0], &byte, 1), 1);
    }
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

/* What is recent is flushed before what is in the store goes. */
START_TEST(a_prune_whose_first_flush_fails_fails_all_that_write)
{
    journal = open_as(0, 0);
    append(journal, 10);
    ck_assert_int_eq(jn_slices_drain(journal->shared, 0, 0, UINT_MAX), 0);
    append(journal, 10);
    flush_fails = EIO;
    ck_assert_int_eq(journal_prune(journal, 5, 0, NULL), EIO);
    ck_assert_int_eq(flush_fails, 0);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL),
                     JOURNAL_FAILED);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("newest_write");
    TCase *tcase = tcase_create("newest_write");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, test_setup, teardown);
    tcase_add_test(tcase,
                   a_rewind_over_the_size_is_refused_whatever_is_drained_first);
    tcase_add_loop_test(tcase, a_drain_whose_flush_fails_fails_all_that_write,
                        0, 2);
    tcase_add_test(tcase,
                   an_append_finds_room_in_a_ring_that_begins_with_a_run);
    tcase_add_test(tcase, a_tail_that_somebody_else_has_come_to_use_stays_open);
    tcase_add_test(tcase,
                   what_was_not_there_for_a_prune_does_not_come_after_it);
    tcase_add_test(tcase,
                   a_tail_that_has_no_room_where_it_was_torn_is_done_without);
    tcase_add_loop_test(tcase, what_found_no_room_does_not_come_back, 0, 2);
    tcase_add_test(tcase, what_is_being_flushed_is_not_seen_yet);
    tcase_add_test(tcase, a_flush_that_has_no_room_is_of_unknown_outcome);
    tcase_add_test(tcase, a_prune_whose_first_flush_fails_fails_all_that_write);
    tcase_add_test(
        tcase,
        what_found_no_room_and_cannot_be_taken_back_is_of_unknown_outcome);
    tcase_add_test(tcase, what_is_refused_flushes_nothing);
    tcase_add_test(tcase, a_fork_waits_for_who_changes_what_is_recent);
    tcase_add_test(tcase, a_tail_belongs_to_whom_the_data_file_does);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
