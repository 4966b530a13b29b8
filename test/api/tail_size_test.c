/*
 * tail_size_test.c - options.tail_bytes, and what does not fit into a tail.
 *
 * Whatever is asked for, and however large an entry or a batch is beside it,
 * the journal holds the same: every entry is made from its number.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/steps.h"
#include "support/fast_dir.h"
#include "support/mode.h"

#define TINY UINT64_C(65536)
#define POOL (2u << 20)
#define BATCH_MAX 500u

static uint8_t pool[POOL];
static struct journal *other;

/* What is shared with those who die. */
static struct shared {
    uint64_t count;
    uint32_t sizes[20000]; /* of the values appended so far */
} * shared;

static struct journal *
open_as(uint32_t durability, uint64_t tail_bytes, uint64_t bytes_max)
{
    struct journal_options options = options_with(0);
    struct journal *opened = NULL;
    int rc;

    options.durability = durability;
    options.tail_bytes = tail_bytes;
    options.bytes_max = bytes_max;
    rc = mode_open_as_is(home(), &options, &opened);
    ck_assert_msg(rc == 0, "open with a tail of %llu: %s",
                  (unsigned long long)tail_bytes, journal_errname(rc));
    return opened;
}

static void
close_both(void)
{
    journal_close(other);
    journal_close(journal);
    other = journal = NULL;
}

static void
setup(void)
{
    uint64_t state = test_seed();

    test_setup();
    for (size_t i = 0; i < POOL; i++)
        pool[i] = (uint8_t)test_random(&state);
    shared = test_shared(sizeof(*shared));
}

static void
teardown(void)
{
    close_both();
    test_unshare(shared, sizeof(*shared));
    test_teardown();
}

/* ---- entries ------------------------------------------------------------ */

static const uint8_t *
value_of(uint64_t number)
{
    return pool + number * 7919 % (POOL / 2);
}

static struct journal_record
record_of(uint64_t number, size_t size)
{
    static const char keys[] = "abcdefg";
    struct journal_record one = record(NULL, NULL);

    one.key = &keys[number % 7];
    one.key_size = number % 5 == 0 ? 0 : 1;
    one.value = value_of(number);
    one.value_size = size;
    return one;
}

/* COUNT at once, of the sizes that are noted from the end of all on. */
static void
append_noted(struct journal *to, size_t count)
{
    struct journal_record records[BATCH_MAX];
    uint64_t seq = JOURNAL_NONE, first = shared->count;
    int rc;

    ck_assert_uint_le(first + count, COUNT_OF(shared->sizes));
    for (size_t i = 0; i < count; i++)
        records[i] = record_of(first + i, shared->sizes[first + i]);
    rc = journal_append_batch(to, records, count, &seq);
    if (rc != 0 || seq != first)
        ck_abort_msg("%zu entries from %llu on: %s, number %llu", count,
                     (unsigned long long)first, journal_errname(rc),
                     (unsigned long long)seq);
    shared->count += count;
}

static void
append_sized(struct journal *to, size_t size)
{
    shared->sizes[shared->count] = (uint32_t)size;
    append_noted(to, 1);
}

static void
assert_all(struct journal *in)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    uint64_t number = 0;

    ck_assert_int_eq(journal_replay(in, 0, &cursor), 0);
    for (; journal_next(cursor, &entry) == 0; number++)
        if (entry->seq != number ||
            entry->value_size != shared->sizes[number] ||
            memcmp(entry->value, value_of(number), entry->value_size) != 0)
            ck_abort_msg("entry %llu is wrong", (unsigned long long)number);
    journal_cursor_close(cursor);
    ck_assert_uint_eq(number, shared->count);
    ck_assert_uint_eq(assert_no_gap(in), shared->count);
}

static void
assert_plausible(struct journal *of)
{
    struct journal_stat stat = figures(of);

    ck_assert_uint_le(stat.tail_bytes_used, stat.tail_bytes);
    ck_assert_uint_le(stat.durable_size, stat.size);
    ck_assert_uint_eq(stat.size, shared->count);
}

/* Mostly small; now and then near a quarter, a half or all of LIMIT, or more.
 */
static size_t
any_size(uint64_t *state, size_t limit)
{
    uint64_t chance = test_random(state) % 60;
    size_t near = (size_t)(test_random(state) % 256);

    if (chance < 8)
        return (limit << (chance % 4)) / 4 + near - 128;
    return chance < 14 ? 10 * near : near;
}

/* Through both handles in turn. */
static void
append_mixture(unsigned count, uint64_t tail_bytes)
{
    uint64_t state = test_seed() + tail_bytes;
    size_t limit = tail_bytes < TINY ? TINY : tail_bytes;

    limit = limit < POOL / 4 ? limit : POOL / 4;
    for (unsigned i = 0; i < count; i++) {
        append_sized(i % 3 == 0 ? other : journal, any_size(&state, limit));
        assert_plausible(journal);
    }
}

/* ---- any size ----------------------------------------------------------- */

static const uint64_t sizes[] = {
    0,     1,      4095,   4096,    TINY - 1,      TINY,
    65537, 100001, 262144, 1 << 20, (4 << 20) + 7, 9 << 20,
};

START_TEST(a_tail_may_be_of_any_size)
{
    journal = open_as(JOURNAL_RELAXED, sizes[_i], 0);
    other = open_as(JOURNAL_DURABLE, sizes[_i], 0);
    append_mixture(rounds(400, 100), sizes[_i]);
    assert_all(journal);
    close_both();
    journal = open_as(JOURNAL_DURABLE, 0, 0);
    assert_all(journal);
}
END_TEST

/* With files that may not grow so far, as on a disk that is too small. */
static void
append_where_files_are_small(void *tail_bytes)
{
    static const struct rlimit limit = {48 << 20, 48 << 20};

    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    journal = open_as(JOURNAL_RELAXED, *(uint64_t *)tail_bytes, 0);
    other = open_as(JOURNAL_DURABLE, *(uint64_t *)tail_bytes, 0);
    append_mixture(100, TINY);
    assert_all(other);
    close_both();
}

START_TEST(a_tail_larger_than_there_is_room_for_is_done_without)
{
    uint64_t large[] = {UINT64_C(1) << 29, UINT64_C(1) << 40, UINT64_MAX - 4095,
                        UINT64_MAX};

    in_child(append_where_files_are_small, &large[_i]);
    journal = open_as(JOURNAL_DURABLE, 0, 0);
    assert_all(journal);
}
END_TEST

START_TEST(handles_that_ask_for_different_sizes_share_one)
{
    uint64_t first = _i == 0 ? TINY : 1 << 20;
    uint64_t second = _i == 0 ? 1 << 20 : TINY;

    journal = open_as(JOURNAL_RELAXED, first, 0);
    other = open_as(JOURNAL_RELAXED, second, 0);
    append_mixture(300, TINY);
    ck_assert_uint_eq(figures(journal).tail_bytes, figures(other).tail_bytes);
    journal_close(journal);
    journal = NULL;
    assert_all(other);
    append_sized(other, 10);
    assert_all(other);
}
END_TEST

/* ---- from one open to the next ------------------------------------------ */

struct life {
    uint64_t tail_bytes;
    uint64_t seed;
    bool killed;
};

static void
live(void *context)
{
    const struct life *life = context;

    journal = open_as(JOURNAL_RELAXED, life->tail_bytes, 0);
    other = open_as(JOURNAL_DURABLE, life->tail_bytes, 0);
    append_mixture(20 + (unsigned)(life->seed % 120), TINY);
    if (life->killed)
        (void)raise(SIGKILL);
    close_both();
}

static void
let_live(struct life *life)
{
    pid_t pid = start(live, life);
    int status;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(life->killed ? WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL
                           : WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

START_TEST(the_size_may_be_another_at_each_open)
{
    uint64_t state = test_seed();

    for (unsigned i = rounds(24, 6); i > 0 && shared->count < 15000; i--) {
        uint64_t tail_bytes = sizes[test_random(&state) % COUNT_OF(sizes)];
        struct life life = {tail_bytes, test_random(&state),
                            test_random(&state) % 2 == 0};

        let_live(&life);
        tail_bytes = sizes[test_random(&state) % COUNT_OF(sizes)];
        journal = open_as(JOURNAL_RELAXED, tail_bytes, 0);
        assert_all(journal);
        append_sized(journal, test_random(&state) % 20000);
        close_both();
    }
    journal = open_as(JOURNAL_DURABLE, 0, 0);
    assert_all(journal);
}
END_TEST

/* ---- what does not fit -------------------------------------------------- */

static void
append_around(size_t size)
{
    static const int off[] = {-513, -256, -128, -104, -96, -88, -80,
                              -73,  -64,  -48,  -40,  -8,  -1,  0,
                              1,    7,    8,    64,   4096};

    for (size_t i = 0; i < COUNT_OF(off); i++) {
        append_sized(journal, size + (size_t)off[i]);
        append_sized(journal, 10);
        append_sized(other, 10);
    }
}

static void
append_around_and_die(void *size)
{
    journal = open_as(JOURNAL_RELAXED, TINY, 0);
    other = open_as(JOURNAL_DURABLE, TINY, 0);
    append_around(*(size_t *)size);
    (void)raise(SIGKILL);
}

START_TEST(a_value_near_or_over_the_size_of_the_tail_is_like_any)
{
    size_t size = (size_t)(TINY << _i) / 8;
    int status;
    pid_t pid;

    journal = open_as(JOURNAL_RELAXED, TINY, 0);
    other = open_as(JOURNAL_DURABLE, TINY, 0);
    append_around(size);
    assert_all(journal);
    assert_plausible(journal);
    close_both();
    pid = start(append_around_and_die, &size);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    journal = open_as(JOURNAL_RELAXED, TINY, 0);
    assert_all(journal);
}
END_TEST

/* A batch of COUNT entries of SIZE in all, about. */
static void
append_batch(struct journal *to, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++)
        shared->sizes[shared->count + i] = (uint32_t)(size / count + i % 3);
    append_noted(to, count);
}

static void
append_batches(uint64_t *state)
{
    for (unsigned i = 0; i < 25; i++) {
        size_t size = (size_t)((TINY << test_random(state) % 6) / 8);

        append_batch(i % 3 == 0 ? other : journal,
                     1 + test_random(state) % BATCH_MAX,
                     size + test_random(state) % 4096);
        append_sized(journal, 10);
    }
}

static void
append_batches_and_die(void *state)
{
    journal = open_as(JOURNAL_RELAXED, TINY, 0);
    other = open_as(JOURNAL_DURABLE, TINY, 0);
    append_batches(state);
    (void)raise(SIGKILL);
}

START_TEST(a_batch_near_or_over_the_size_of_the_tail_is_like_any)
{
    uint64_t state = test_seed();

    for (unsigned i = rounds(4, 1); i > 0 && shared->count < 5000; i--) {
        int status;
        pid_t pid = start(append_batches_and_die, &state);

        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        (void)test_random(&state);
        journal = open_as(JOURNAL_RELAXED, TINY, 0);
        assert_all(journal);
        other = open_as(JOURNAL_DURABLE, TINY, 0);
        append_sized(other, 100);
        close_both();
    }
}
END_TEST

/* ---- little room -------------------------------------------------------- */

static uint64_t
fill_to(uint64_t bytes_max)
{
    uint64_t state = test_seed(), count = 0;
    int rc;

    do {
        struct journal_record one = record_of(shared->count, 0);
        struct journal *to = count % 3 == 0 ? other : journal;

        one.value_size = test_random(&state) % 3000;
        shared->sizes[shared->count] = (uint32_t)one.value_size;
        rc = journal_append_batch(to, &one, 1, NULL);
        ck_assert(rc == 0 || rc == JOURNAL_FULL);
        ck_assert_uint_le(figures(journal).bytes_file, bytes_max);
        shared->count += rc == 0;
        count += rc == 0;
        assert_plausible(journal);
    } while (rc == 0);
    return count;
}

static const uint64_t limits[] = {500000, 512 << 10, 1 << 20, (2 << 20) + 1};

START_TEST(a_small_journal_is_full_pruned_and_filled_again)
{
    uint64_t count;

    for (size_t i = 0; i < COUNT_OF(sizes); i += 3) {
        journal = open_as(JOURNAL_RELAXED, sizes[i], limits[_i]);
        other = open_as(JOURNAL_DURABLE, sizes[i], limits[_i]);
        count = fill_to(limits[_i]);
        ck_assert_uint_gt(count, 0);
        ck_assert_int_eq(journal_prune(journal, shared->count / 2, 0, NULL), 0);
        ck_assert_uint_gt(fill_to(limits[_i]), 0);
        ck_assert_int_eq(journal_prune(other, shared->count, 0, NULL), 0);
        ck_assert_uint_gt(fill_to(limits[_i]), count / 2);
        assert_no_gap(journal);
        close_both();
        journal = open_as(JOURNAL_DURABLE, 0, 0);
        ck_assert_uint_eq(figures(journal).size, shared->count);
        assert_no_gap(journal);
        close_both();
        ck_assert_int_eq(journal_destroy(home()), 0);
        shared->count = 0;
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("tail size");
    TCase *tcase = tcase_create("tail size");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_tail_may_be_of_any_size, 0, COUNT_OF(sizes));
    tcase_add_loop_test(tcase,
                        a_tail_larger_than_there_is_room_for_is_done_without, 0,
                        4);
    tcase_add_loop_test(tcase, handles_that_ask_for_different_sizes_share_one,
                        0, 2);
    tcase_add_test(tcase, the_size_may_be_another_at_each_open);
    tcase_add_loop_test(tcase,
                        a_value_near_or_over_the_size_of_the_tail_is_like_any,
                        0, 6);
    tcase_add_test(tcase,
                   a_batch_near_or_over_the_size_of_the_tail_is_like_any);
    tcase_add_loop_test(tcase, a_small_journal_is_full_pruned_and_filled_again,
                        0, COUNT_OF(limits));
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
