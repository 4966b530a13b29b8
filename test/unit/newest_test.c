/*
 * newest_test.c - what is seen of the newest entries, whoever comes between.
 *
 * Most of it is about two moments that are far apart here and close together
 * in life: a transaction begins, and looks at what is recent.
 */
#include "journal/newest.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "write/stage.h"
#include "unit/newest_steps.h"

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

static void
die_writing_a_large_group(void)
{
    struct jn_words *words;

    journal = open_as(0, 1 << 20);
    append(journal, 10);
    words = files()->newest.words;
    jn_word_set(&words->torn, 1);
    jn_word_raise(&words->reserved, jn_word_get(&words->written) + (1 << 18));
}

static void
append_to_a_small_one(void)
{
    append(open_as(0, JN_TAIL_MIN), 10);
}

/* It would seem to have been gone round, as it is smaller than the group. */
START_TEST(a_tail_that_is_made_anew_is_read_whatever_was_torn_in_the_other)
{
    open_and_close();
    journal = open_as(JOURNAL_OPEN_READ_ONLY, 0);
    in_another(die_writing_a_large_group);
    in_another(open_and_close);
    in_another(append_to_a_small_one);
    ck_assert_uint_eq(size_of(journal), 20);
    in_another(append_to_a_small_one);
    ck_assert_uint_eq(size_of(journal), 30);
}
END_TEST

static void
append_three_and_die(void)
{
    append(open_as(0, 0), 3);
}

/*
 * A flush may have failed before the tail was opened here, which the one who
 * died was told of alone: so it all moves into the store first.
 */
START_TEST(who_opens_the_tail_that_another_has_made_moves_what_is_there)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    journal = open_as(0, 0);
    append(journal, 1);
    in_another(append_three_and_die);
    if (_i == 1)
        ck_assert_uint_eq(size_of(journal), 4); /* a read opens it, too */
    append(journal, 1);
    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    ck_assert_uint_eq(stat.size, 5);
    ck_assert_uint_eq(stat.tail_bytes_used, 0);
    append(journal, 1);
    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    ck_assert_uint_gt(stat.tail_bytes_used, 0);
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

static Suite *
suite(void)
{
    Suite *suite = suite_create("newest");
    TCase *tcase = tcase_create("newest");

    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, test_setup, teardown);
    tcase_add_test(tcase, what_a_reader_has_seen_it_drains_once_it_may_write);
    tcase_add_test(tcase,
                   a_look_that_opens_the_tail_holds_up_nobody_who_waits_for_it);
    tcase_add_test(tcase,
                   a_look_of_before_a_rewind_is_not_in_the_way_of_an_append);
    tcase_add_loop_test(
        tcase, a_look_of_before_a_rewind_sees_what_there_was_or_begins_anew, 0,
        10);
    tcase_add_test(tcase, a_tail_that_is_opened_again_where_it_was_is_read_on);
    tcase_add_test(tcase, a_look_of_before_the_tail_was_made_anew_begins_anew);
    tcase_add_test(
        tcase, a_tail_that_is_made_anew_is_read_whatever_was_torn_in_the_other);
    tcase_add_loop_test(
        tcase, who_opens_the_tail_that_another_has_made_moves_what_is_there, 0,
        2);
    tcase_add_test(tcase, who_only_reads_keeps_no_more_than_a_tail_holds);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
