/*
 * relaxed_test.c - JOURNAL_RELAXED: what an append promises, and what it saves.
 *
 * The tail is so small that most tests go over its end, so that an entry and
 * the one before it lie now here and now there.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/steps.h"
#include "support/fast_dir.h"

#define TINY 65536u
#define ENOUGH 1500u /* entries of append_number(), to go over the end twice */

/* What processes of a test share. */
static uint64_t *acknowledged;

/* A second handle of some tests, beside `journal`. */
static struct journal *other;

static struct journal *
open_as(uint32_t durability, uint32_t flags)
{
    return open_home_as(durability, flags, TINY);
}

static void
setup(void)
{
    test_setup();
    journal = open_as(JOURNAL_RELAXED, 0);
    acknowledged = test_shared(sizeof(*acknowledged));
}

static void
teardown(void)
{
    journal_close(other);
    test_unshare(acknowledged, sizeof(*acknowledged));
    teardown_journal();
}

/* Entry NUMBER, and what it has to be. */
static void
append_number(struct journal *to, uint64_t number)
{
    char key[24], value[100];
    uint64_t seq = JOURNAL_NONE;
    size_t key_size = (size_t)sprintf(key, "key %d", (int)(number % 7));
    size_t size = (size_t)sprintf(value, "%-*llu", (int)(number % 90),
                                  (unsigned long long)number);

    if (journal_append(to, key, key_size, value, size, &seq) != 0 ||
        seq != number)
        ck_abort_msg("%llu instead of %llu", (unsigned long long)seq,
                     (unsigned long long)number);
}

static void
assert_number(struct journal *in, uint64_t number)
{
    struct journal_entry *entry = NULL;
    int rc = journal_read(in, number, &entry);
    char value[100];
    size_t size = (size_t)sprintf(value, "%-*llu", (int)(number % 90),
                                  (unsigned long long)number);

    if (rc != 0 || entry->seq != number || entry->value_size != size ||
        memcmp(entry->value, value, size) != 0)
        ck_abort_msg("entry %llu: %s", (unsigned long long)number,
                     journal_errname(rc));
    journal_entry_free(entry);
}

static void
assert_all(struct journal *in, uint64_t size)
{
    ck_assert_uint_eq(figures(in).size, size);
    for (uint64_t number = 0; number < size; number++)
        assert_number(in, number);
    ck_assert_uint_eq(assert_no_gap(in), size);
}

/* ---- it is seen at once ------------------------------------------------- */

static void
assert_newest(struct journal *in, uint64_t number)
{
    struct journal_entry *entry = NULL;
    char key[24];
    size_t key_size = (size_t)sprintf(key, "key %d", (int)(number % 7));

    ck_assert_uint_eq(figures(in).size, number + 1);
    assert_number(in, number);
    ck_assert_int_eq(journal_get(in, key, key_size, &entry), 0);
    ck_assert_uint_eq(entry->seq, number);
    ck_assert_uint_eq(entry->revision, number / 7 + 1);
    ck_assert_uint_eq(entry->prev, number < 7 ? JOURNAL_NONE : number - 7);
    journal_entry_free(entry);
}

START_TEST(it_is_seen_at_once_by_handles_of_any_kind)
{
    struct journal *durable = open_as(JOURNAL_DURABLE, 0);
    struct journal *reader = open_as(0, JOURNAL_OPEN_READ_ONLY);

    for (uint64_t number = 0; number < ENOUGH; number++) {
        append_number(journal, number);
        assert_newest(journal, number);
        assert_newest(durable, number);
        assert_newest(reader, number);
    }
    journal_close(durable);
    journal_close(reader);
}
END_TEST

static void *
append_in_thread(void *unused)
{
    for (uint64_t number = 0; number < ENOUGH; number++)
        append_number(journal, number);
    return unused;
}

START_TEST(it_is_seen_at_once_by_threads_that_wait)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, append_in_thread, NULL), 0);
    for (uint64_t number = 0; number < ENOUGH; number++) {
        ck_assert_int_eq(journal_wait(journal, number, -1), 0);
        assert_number(journal, number);
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(journal_wait(journal, ENOUGH, 0), JOURNAL_TIMEOUT);
}
END_TEST

/* The even numbers are the parent's, the odd ones a child's. */
static void
take_turns(uint64_t parity)
{
    uint64_t turns = rounds(ENOUGH, 100);

    for (uint64_t number = parity; number < turns; number += 2) {
        if (number > 0) {
            ck_assert_int_eq(journal_wait(journal, number - 1, -1), 0);
            assert_newest(journal, number - 1);
        }
        append_number(journal, number);
    }
}

static void
take_odd_turns(void *durability)
{
    journal_close(journal);
    journal = open_as(*(uint32_t *)durability, 0);
    take_turns(1);
    journal_close(journal);
}

START_TEST(it_is_seen_at_once_by_a_process_that_waits_and_answers)
{
    uint32_t durability = _i == 0 ? JOURNAL_RELAXED : JOURNAL_DURABLE;
    pid_t pid = start(take_odd_turns, &durability);

    take_turns(0);
    finish(pid);
    assert_all(journal, rounds(ENOUGH, 100));
    journal_close(journal);
    journal = open_as(JOURNAL_RELAXED, JOURNAL_OPEN_EXISTING);
    assert_all(journal, rounds(ENOUGH, 100));
}
END_TEST

/* ---- it survives the process -------------------------------------------- */

static void
append_and_die(void *count)
{
    journal_close(other);
    journal_close(journal);
    journal = open_as(JOURNAL_RELAXED, 0);
    for (uint64_t more = *(uint64_t *)count; more > 0; more--) {
        append_number(journal, *acknowledged);
        ++*acknowledged;
    }
    (void)raise(SIGKILL);
}

static void
let_one_append_and_die(uint64_t count)
{
    pid_t pid = start(append_and_die, &count);
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static const uint64_t counts[] = {1, 2, 3, 30, 301, 700, ENOUGH};

START_TEST(it_survives_the_death_of_its_process_beside_another)
{
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        let_one_append_and_die(counts[i]);
        assert_all(journal, *acknowledged);
        append_number(journal, (*acknowledged)++);
    }
}
END_TEST

START_TEST(it_survives_the_death_of_the_last_process)
{
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        journal_close(journal);
        journal = NULL;
        let_one_append_and_die(counts[i]);
        journal = open_as(_i, 0);
        assert_all(journal, *acknowledged);
        append_number(journal, (*acknowledged)++);
    }
}
END_TEST

START_TEST(a_reader_alone_finds_what_the_dead_have_left)
{
    static const uint32_t flags[] = {JOURNAL_OPEN_READ_ONLY,
                                     JOURNAL_OPEN_READ_ONLY |
                                         JOURNAL_OPEN_IMMUTABLE};
    struct bytes before;

    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        journal_close(journal);
        journal = NULL;
        let_one_append_and_die(counts[i]);
        before = picture_of(home());
        journal = open_as(0, flags[_i]);
        assert_all(journal, *acknowledged);
        if ((flags[_i] & JOURNAL_OPEN_IMMUTABLE) != 0)
            assert_picture(home(), &before);
        else
            free(before.data);
    }
}
END_TEST

START_TEST(a_handle_that_was_there_first_goes_on_after_the_death)
{
    uint64_t size = 0;

    other = open_as(JOURNAL_DURABLE, 0);
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        append_number(i % 2 == 0 ? journal : other, size++);
        *acknowledged = size;
        let_one_append_and_die(counts[i]);
        size = *acknowledged;
        append_number(other, size++);
        append_number(journal, size++);
        assert_newest(other, size - 1);
    }
    assert_all(journal, size);
}
END_TEST

/* ---- how much is durable ------------------------------------------------ */

static void
assert_plausible(const struct journal_stat *stat, uint64_t size)
{
    if (stat->size != size || stat->durable_size > size ||
        stat->tail_bytes_used > stat->tail_bytes || stat->tail_bytes > TINY)
        ck_abort_msg("size %llu of %llu, durable %llu; tail %llu of %llu",
                     (unsigned long long)stat->size, (unsigned long long)size,
                     (unsigned long long)stat->durable_size,
                     (unsigned long long)stat->tail_bytes_used,
                     (unsigned long long)stat->tail_bytes);
}

START_TEST(the_durable_size_is_never_over_the_size_and_never_falls)
{
    struct journal_stat before = figures(journal), stat;

    for (uint64_t number = 0; number < ENOUGH; number++) {
        append_number(journal, number);
        stat = figures(journal);
        assert_plausible(&stat, number + 1);
        ck_assert_uint_ge(stat.durable_size, before.durable_size);
        before = stat;
    }
}
END_TEST

/* Or else the tests here would be about something else. */
START_TEST(entries_lie_in_a_tail_of_the_size_asked_for_and_leave_it)
{
    struct journal_stat before, stat = figures(journal);
    unsigned rises = 0, falls = 0;

    for (uint64_t number = 0; number < ENOUGH; number++) {
        before = stat;
        append_number(journal, number);
        stat = figures(journal);
        rises += stat.tail_bytes_used > before.tail_bytes_used;
        falls += stat.tail_bytes_used < before.tail_bytes_used;
    }
    ck_assert_uint_eq(stat.tail_bytes, TINY);
    ck_assert_uint_gt(rises, ENOUGH / 2);
    ck_assert_uint_gt(falls, 1);
}
END_TEST

START_TEST(a_sync_makes_everything_durable)
{
    uint64_t state = test_seed(), number = 0;

    while (number < ENOUGH) {
        for (uint64_t more = test_random(&state) % 60; more > 0; more--)
            append_number(journal, number++);
        ck_assert_int_eq(journal_sync(journal), 0);
        ck_assert_uint_eq(figures(journal).durable_size, number);
    }
}
END_TEST

START_TEST(a_sync_by_any_handle_is_for_all)
{
    other = open_as(_i, 0);
    for (uint64_t number = 0; number < 50; number++) {
        append_number(journal, number);
        ck_assert_int_eq(journal_sync(other), 0);
        ck_assert_uint_eq(figures(journal).durable_size, number + 1);
        ck_assert_uint_eq(figures(other).durable_size, number + 1);
    }
}
END_TEST

START_TEST(a_durable_append_takes_what_was_before_it_along)
{
    struct journal *durable = open_as(JOURNAL_DURABLE, 0);
    uint64_t state = test_seed(), number = 0;

    while (number < ENOUGH / 4) {
        for (uint64_t more = test_random(&state) % 20; more > 0; more--)
            append_number(journal, number++);
        append_number(durable, number++);
        ck_assert_uint_eq(figures(journal).durable_size, number);
    }
    journal_close(durable);
    assert_all(journal, number);
}
END_TEST

START_TEST(after_a_close_everything_is_durable)
{
    uint64_t number = 0;

    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        for (uint64_t more = counts[i]; more > 0; more--)
            append_number(journal, number++);
        journal_close(journal);
        journal = open_as(JOURNAL_RELAXED, JOURNAL_OPEN_EXISTING);
        ck_assert_uint_eq(figures(journal).durable_size, number);
        ck_assert_uint_eq(figures(journal).size, number);
    }
    assert_all(journal, number);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("relaxed");
    TCase *tcase = tcase_create("relaxed");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, it_is_seen_at_once_by_handles_of_any_kind);
    tcase_add_test(tcase, it_is_seen_at_once_by_threads_that_wait);
    tcase_add_loop_test(tcase,
                        it_is_seen_at_once_by_a_process_that_waits_and_answers,
                        0, 2);
    tcase_add_test(tcase, it_survives_the_death_of_its_process_beside_another);
    tcase_add_loop_test(tcase, it_survives_the_death_of_the_last_process, 0, 2);
    tcase_add_loop_test(tcase, a_reader_alone_finds_what_the_dead_have_left, 0,
                        2);
    tcase_add_test(tcase,
                   a_handle_that_was_there_first_goes_on_after_the_death);
    tcase_add_test(tcase,
                   the_durable_size_is_never_over_the_size_and_never_falls);
    tcase_add_test(tcase,
                   entries_lie_in_a_tail_of_the_size_asked_for_and_leave_it);
    tcase_add_test(tcase, a_sync_makes_everything_durable);
    tcase_add_loop_test(tcase, a_sync_by_any_handle_is_for_all, 0, 2);
    tcase_add_test(tcase, a_durable_append_takes_what_was_before_it_along);
    tcase_add_test(tcase, after_a_close_everything_is_durable);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
