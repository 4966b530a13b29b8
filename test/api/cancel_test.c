/* cancel_test.c - a thread that is cancelled in a call: it finishes it. */
#include <pthread.h>
#include <unistd.h>

#include "api/steps.h"

#define ENTRIES 20u

static struct journal_cursor *cursor;
static int result;

static const char *
other(void)
{
    return test_path("other");
}

static void
setup(void)
{
    setup_journal();
    append_numbered(ENTRIES, 3);
    ck_assert_int_eq(journal_replay(journal, 0, &cursor), 0);
}

static void
teardown(void)
{
    journal_cursor_close(cursor);
    teardown_journal();
}

/* ---- calls --------------------------------------------------------------- */

/* Not by the steps: an assertion is a place where a thread may end. */
static int
open_and_close(const char *path)
{
    struct journal *opened;
    int rc = journal_open(path, NULL, &opened);

    if (rc == 0)
        journal_close(opened);
    return rc;
}

static int
make_and_close(void)
{
    return open_and_close(other());
}

static int
open_again(void)
{
    return open_and_close(home());
}

/* The cursor alone keeps it open. */
static int
close_last(void)
{
    journal_cursor_close(cursor);
    cursor = NULL;
    return 0;
}

static int
destroy(void)
{
    return journal_destroy(test_path("old"));
}

static int
append_one(void)
{
    return journal_append(journal, "key", 3, "value", 5, NULL);
}

static int
delete_one(void)
{
    return journal_delete(journal, "key 1", 5, NULL);
}

static int
sync_all(void)
{
    return journal_sync(journal);
}

static int
prune(void)
{
    return journal_prune(journal, 3, 0, NULL);
}

static int
compact(void)
{
    return journal_prune(journal, 9, JOURNAL_PRUNE_KEEP_LATEST, NULL);
}

static int
take_back(void)
{
    return journal_rewind(journal, ENTRIES - 3);
}

static int
mark(void)
{
    return journal_mark(journal, "mark", 1);
}

static int
get_one(void)
{
    struct journal_entry *entry;
    int rc = journal_get(journal, "key 1", 5, &entry);

    if (rc == 0)
        journal_entry_free(entry);
    return rc;
}

static int
step(void)
{
    const struct journal_entry *entry;

    return journal_next(cursor, &entry);
}

static int
wait_for_one(void)
{
    return journal_wait(journal, ENTRIES + 1, 1000000) == JOURNAL_TIMEOUT ? 0
                                                                          : -1;
}

static int
verify(void)
{
    return journal_verify(journal, NULL, NULL, NULL);
}

static int
back_up(void)
{
    return journal_backup(journal, other(), 0, NULL, NULL);
}

static int
salvage(void)
{
    return journal_salvage(test_path("old"), other(), NULL, NULL, NULL);
}

static int (*const calls[])(void) = {
    make_and_close, open_again, close_last, destroy, append_one,
    delete_one,     sync_all,   prune,      compact, take_back,
    mark,           get_one,    step,       verify,  back_up,
    wait_for_one,   salvage,
};
#define CALLS COUNT_OF(calls)

/* ---- in a thread that is to end ------------------------------------------ */

/* What waits to be done is done at the first place where it may. */
static void *
call_cancelled(void *call)
{
    int state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_cancel(pthread_self());
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    result = (*(int (*const *)(void))call)();
    return call;
}

static void
assert_finished(int (*const *call)(void))
{
    pthread_t thread;
    void *returned;

    result = -1;
    ck_assert_int_eq(pthread_create(&thread, NULL, call_cancelled,
                                    (void *)(uintptr_t)call),
                     0);
    ck_assert_int_eq(pthread_join(thread, &returned), 0);
    ck_assert_ptr_eq(returned, (void *)(uintptr_t)call);
    ck_assert_int_eq(result, 0);
}

static void
assert_nobody_is_kept_out(void)
{
    ck_assert_int_eq(result_of_open(test_path("third"), 0), 0);
    if (journal != NULL)
        append("key", "and so on");
}

START_TEST(a_call_is_finished)
{
    journal_close(open_path(test_path("old"), 0));
    if (calls[_i] == close_last) {
        journal_close(journal);
        journal = NULL;
    }
    assert_finished(&calls[_i]);
    assert_nobody_is_kept_out();
}
END_TEST

static void
append_some(void *unused)
{
    struct journal *theirs;

    (void)unused;
    journal_close(journal);
    journal_cursor_close(cursor);
    theirs = open_path(home(), 0);
    append_to(theirs, "key", "theirs");
    append_to(theirs, "key", "theirs");
    _exit(0);
}

/* What another process has put into the tail is copied by whoever reads. */
START_TEST(a_read_of_what_others_have_appended_is_finished)
{
    int (*const call)(void) = get_one;

    in_child(append_some, NULL);
    assert_finished(&call);
    assert_value("key", "theirs");
    assert_nobody_is_kept_out();
}
END_TEST

/* Where the file is mapped is looked up by the first read. */
START_TEST(the_first_read_of_a_file_that_was_opened_anew_is_finished)
{
    int (*const call)(void) = get_one;
    struct journal *writer;

    journal_cursor_close(cursor);
    cursor = NULL;
    journal_close(journal);
    journal = open_path(home(), JOURNAL_OPEN_READ_ONLY);
    writer = open_path(home(), 0);
    assert_finished(&call);
    append_to(writer, "key", "value");
    journal_close(writer);
}
END_TEST

static Suite *
suite(void)
{
    Suite *cancel = suite_create("cancel");
    TCase *tcase = tcase_create("cancel");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_call_is_finished, 0, CALLS);
    tcase_add_test(tcase, a_read_of_what_others_have_appended_is_finished);
    tcase_add_test(tcase,
                   the_first_read_of_a_file_that_was_opened_anew_is_finished);
    suite_add_tcase(cancel, tcase);
    return cancel;
}

TEST_MAIN(suite)
