/* store_test.c - transactions, rows and places, and what else a store does. */
#include "store/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "support/test.h"

static struct jn_store *store;

static struct jn_span
text(const char *bytes)
{
    return jn_span(bytes, strlen(bytes));
}

static struct jn_store *
open_store(bool read_only)
{
    const struct jn_store_options options = {.read_only = read_only,
                                             .mode = 0600};
    struct jn_store *opened = NULL;

    ck_assert_int_eq(jn_store_open(&opened, test_dir, &options), 0);
    return opened;
}

static void
setup(void)
{
    const struct jn_row rows[] = {{"a", {(const uint8_t *)"first", 5}}};

    test_setup();
    ck_assert_int_eq(jn_store_create(test_path(JN_STORE_FILE), 0600, rows, 1),
                     0);
    store = open_store(false);
}

static void
teardown(void)
{
    jn_store_close(store);
    test_teardown();
}

static void
assert_row(struct jn_store *in, const char *key, const char *expected)
{
    struct jn_span value;
    struct jn_txn txn;
    int rc;

    ck_assert_int_eq(jn_store_begin_read(in, &txn), 0);
    rc = jn_store_get(&txn, JN_META, text(key), &value);
    if (expected == NULL)
        ck_assert_int_eq(rc, JOURNAL_NOT_FOUND);
    else
        ck_assert(rc == 0 && jn_span_equal(value, text(expected)));
    jn_store_end_read(&txn);
}

static void
put_row(struct jn_store *in, const char *key, const char *value)
{
    struct jn_txn txn;
    bool unknown = true;

    ck_assert_int_eq(jn_store_begin_write(in, &txn), 0);
    ck_assert_int_eq(jn_store_put(&txn, JN_META, text(key), text(value)), 0);
    ck_assert_int_eq(jn_store_commit(&txn, &unknown), 0);
    ck_assert(!unknown);
}

START_TEST(a_new_file_has_its_rows_and_its_mode)
{
    struct stat status;

    assert_row(store, "a", "first");
    ck_assert_int_eq(stat(test_path(JN_STORE_FILE), &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    ck_assert_int_eq(stat(test_path(JN_STORE_LOCK_FILE), &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    ck_assert_int_ge(status.st_blocks * 512, 64 * 1024);
}
END_TEST

START_TEST(what_is_committed_is_there_and_what_is_aborted_is_not)
{
    struct jn_txn txn;

    put_row(store, "b", "committed");
    ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
    ck_assert_int_eq(jn_store_put(&txn, JN_META, text("b"), text("x")), 0);
    ck_assert_int_eq(jn_store_delete(&txn, JN_META, text("a")), 0);
    jn_store_abort(&txn);
    assert_row(store, "a", "first");
    assert_row(store, "b", "committed");
    assert_row(store, "c", NULL);
}
END_TEST

START_TEST(rows_are_appended_in_order_only)
{
    struct jn_txn txn;
    uint8_t *value;

    ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
    ck_assert_int_eq(jn_store_append(&txn, JN_ENTRIES, text("2"), 1, &value),
                     0);
    *value = 'x';
    ck_assert_int_eq(jn_store_append(&txn, JN_ENTRIES, text("1"), 1, &value),
                     JOURNAL_CORRUPT);
    ck_assert_uint_eq(jn_store_count(&txn, JN_ENTRIES), 1);
    jn_store_abort(&txn);
}
END_TEST

START_TEST(a_place_goes_along_the_rows)
{
    struct jn_place place;
    struct jn_span key = text("b"), value;
    struct jn_txn txn;

    put_row(store, "c", "third");
    ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
    ck_assert_int_eq(jn_place_open(&place, &txn, JN_META), 0);
    ck_assert_int_eq(jn_place_move(&place, JN_AT_OR_AFTER, &key, &value), 0);
    ck_assert(jn_span_equal(key, text("c")));
    ck_assert_int_eq(jn_place_move(&place, JN_NEXT, &key, &value),
                     JOURNAL_NOT_FOUND);
    ck_assert_int_eq(jn_place_move(&place, JN_FIRST, &key, &value), 0);
    ck_assert(jn_span_equal(key, text("a")));
    ck_assert_int_eq(jn_place_delete(&place), 0);
    ck_assert_int_eq(jn_place_move(&place, JN_LAST, &key, &value), 0);
    ck_assert(jn_span_equal(value, text("third")));
    ck_assert_int_eq(jn_place_move(&place, JN_PREV, &key, &value),
                     JOURNAL_NOT_FOUND);
    jn_place_close(&place);
    jn_store_abort(&txn);
}
END_TEST

START_TEST(a_touch_is_a_commit_that_changes_nothing)
{
    struct jn_txn txn;
    uint64_t number;
    bool unknown;

    ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
    number = jn_store_number(&txn);
    ck_assert_int_eq(jn_store_touch(&txn), 0);
    ck_assert_int_eq(jn_store_commit(&txn, &unknown), 0);
    ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
    ck_assert_uint_eq(jn_store_number(&txn), number + 1);
    jn_store_abort(&txn);
    assert_row(store, "a", "first");
}
END_TEST

START_TEST(opening_anew_changes_between_reading_and_writing)
{
    ck_assert(!jn_store_is_read_only(store));
    ck_assert_int_eq(jn_store_reopen(store, true), 0);
    ck_assert(jn_store_is_read_only(store));
    assert_row(store, "a", "first");
    ck_assert_int_eq(jn_store_reopen(store, false), 0);
    put_row(store, "b", "again");
    assert_row(store, "b", "again");
}
END_TEST

START_TEST(processes_see_one_another)
{
    int status;
    pid_t pid;

    jn_store_close(store);
    store = NULL;
    pid = fork();
    if (pid == 0) {
        struct jn_store *own = open_store(false);

        put_row(own, "child", "here");
        jn_store_close(own);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    store = open_store(true);
    assert_row(store, "child", "here");
}
END_TEST

#define READERS 40

static pthread_barrier_t all_read;

static void *
read_with_the_others(void *unused)
{
    struct jn_txn txn;
    int rc = jn_store_begin_read(store, &txn);

    pthread_barrier_wait(&all_read);
    if (rc == 0)
        jn_store_end_read(&txn);
    return rc == 0 ? unused : store;
}

START_TEST(more_readers_than_are_kept_idle_work)
{
    pthread_t threads[READERS];
    void *failed;

    pthread_barrier_init(&all_read, NULL, READERS);
    for (unsigned i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_with_the_others,
                                        NULL),
                         0);
    for (unsigned i = 0; i < READERS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    pthread_barrier_destroy(&all_read);
    put_row(store, "b", "after");
    assert_row(store, "b", "after");
}
END_TEST

START_TEST(a_limit_leaves_a_reserve)
{
    struct jn_txn txn;
    uint64_t used;

    ck_assert_int_eq(jn_store_begin_write(store, &txn), 0);
    used = jn_store_bytes_used(&txn);
    ck_assert_uint_gt(used, 0);
    ck_assert_int_eq(jn_store_check_limit(&txn, 0), 0);
    ck_assert_int_eq(jn_store_check_limit(&txn, 1 << 20), 0);
    ck_assert_int_eq(jn_store_check_limit(&txn, 1), JOURNAL_FULL);
    ck_assert_int_eq(jn_store_check_limit(&txn, (80 << 10) + used),
                     JOURNAL_FULL);
    jn_store_abort(&txn);
}
END_TEST

START_TEST(all_pages_of_a_new_file_are_in_use)
{
    struct stat status;
    struct jn_txn txn;
    uint64_t used;

    ck_assert_int_eq(jn_store_begin_read(store, &txn), 0);
    used = jn_store_bytes_used(&txn);
    jn_store_end_read(&txn);
    ck_assert_int_eq(stat(test_path(JN_STORE_FILE), &status), 0);
    ck_assert_uint_eq(used, status.st_size);
}
END_TEST

/* The file's bytes, for free(). */
static uint8_t *
read_pinned(const struct jn_pin *pin, size_t *size)
{
    struct stat status;
    uint8_t *bytes;

    ck_assert_int_eq(fstat(pin->file, &status), 0);
    bytes = malloc((size_t)status.st_size);
    ck_assert_int_eq(pread(pin->file, bytes, (size_t)status.st_size, 0),
                     status.st_size);
    *size = (size_t)status.st_size;
    return bytes;
}

START_TEST(what_is_pinned_stays_as_it_is)
{
    const size_t metas = 2 * (size_t)sysconf(_SC_PAGESIZE);
    struct jn_txn txn;
    struct jn_pin pin;
    uint8_t *before, *after;
    size_t size, later;

    put_row(store, "a", "second");
    ck_assert_int_eq(jn_store_begin_read(store, &txn), 0);
    ck_assert_int_eq(jn_store_pin(&txn, &pin), 0);
    before = read_pinned(&pin, &size);
    for (int i = 0; i < 20; i++)
        put_row(store, "a", "third");
    after = read_pinned(&pin, &later);
    ck_assert_uint_gt(later, size);
    ck_assert_mem_eq(before + metas, after + metas, size - metas);
    free(before);
    free(after);
    ck_assert(jn_store_unpin(&pin));
    assert_row(store, "a", "third");
}
END_TEST

START_TEST(a_pin_holds_up_nobody_and_is_lost_when_the_file_is_opened_anew)
{
    struct jn_txn txn;
    struct jn_pin first, second;

    ck_assert_int_eq(jn_store_begin_read(store, &txn), 0);
    ck_assert_int_eq(jn_store_pin(&txn, &first), 0);
    ck_assert_int_eq(jn_store_begin_read(store, &txn), 0);
    ck_assert_int_eq(jn_store_pin(&txn, &second), 0);
    ck_assert(jn_store_unpin(&first));
    ck_assert_int_eq(jn_store_widen(store, 1), 0);
    ck_assert_int_eq(jn_store_reopen(store, false), 0);
    ck_assert_int_eq(jn_store_begin_read(store, &txn), 0);
    ck_assert_int_eq(jn_store_pin(&txn, &first), 0);
    ck_assert(!jn_store_unpin(&second));
    ck_assert(jn_store_unpin(&first));
}
END_TEST

START_TEST(files_that_are_gone_are_noticed)
{
    struct jn_txn txn;

    ck_assert_int_eq(unlink(test_path(JN_STORE_FILE)), 0);
    ck_assert_int_eq(jn_store_begin_write(store, &txn), ESTALE);
}
END_TEST

/* What is open of it elsewhere belongs to the one that was there before. */
START_TEST(another_file_in_its_place_is_not_opened_anew)
{
    const struct jn_row rows[] = {{"a", {(const uint8_t *)"other", 5}}};
    struct jn_txn txn;

    ck_assert_int_eq(jn_store_create(test_path("new"), 0600, rows, 1), 0);
    ck_assert_int_eq(rename(test_path("new"), test_path(JN_STORE_FILE)), 0);
    ck_assert_int_eq(jn_store_reopen(store, true), ESTALE);
    ck_assert_int_ne(jn_store_begin_read(store, &txn), 0);
}
END_TEST

START_TEST(a_lock_file_that_is_another_is_noticed)
{
    struct jn_txn txn;

    ck_assert_int_eq(unlink(test_path(JN_STORE_LOCK_FILE)), 0);
    ck_assert_int_eq(jn_store_begin_write(store, &txn), ESTALE);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("store");
    TCase *tcase = tcase_create("store");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_new_file_has_its_rows_and_its_mode);
    tcase_add_test(tcase,
                   what_is_committed_is_there_and_what_is_aborted_is_not);
    tcase_add_test(tcase, rows_are_appended_in_order_only);
    tcase_add_test(tcase, a_place_goes_along_the_rows);
    tcase_add_test(tcase, a_touch_is_a_commit_that_changes_nothing);
    tcase_add_test(tcase, opening_anew_changes_between_reading_and_writing);
    tcase_add_test(tcase, processes_see_one_another);
    tcase_add_test(tcase, more_readers_than_are_kept_idle_work);
    tcase_add_test(tcase, a_limit_leaves_a_reserve);
    tcase_add_test(tcase, all_pages_of_a_new_file_are_in_use);
    tcase_add_test(tcase, what_is_pinned_stays_as_it_is);
    tcase_add_test(
        tcase, a_pin_holds_up_nobody_and_is_lost_when_the_file_is_opened_anew);
    tcase_add_test(tcase, files_that_are_gone_are_noticed);
    tcase_add_test(tcase, another_file_in_its_place_is_not_opened_anew);
    tcase_add_test(tcase, a_lock_file_that_is_another_is_noticed);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
