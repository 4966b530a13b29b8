/* threads_test.c - many threads, through one handle and through several. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "api/steps.h"
#include "support/mode.h"

#define THREADS 16

/* ---- what the library flushes ------------------------------------------- */

static atomic_uint flushes;
static atomic_uint flush_us;

static int
flush(long call, int file)
{
    struct timespec pause = {0, (long)atomic_load(&flush_us) * 1000};

    atomic_fetch_add(&flushes, 1);
    nanosleep(&pause, NULL);
    return (int)syscall(call, file);
}

/* These stand in for the C library's. */
int
fdatasync(int file)
{
    return flush(SYS_fdatasync, file);
}

int
fsync(int file)
{
    return flush(SYS_fsync, file);
}

/* ---- threads ------------------------------------------------------------ */

struct worker {
    pthread_t thread;
    unsigned number;
    struct journal *handle;
    unsigned count;  /* of appends to do, or done */
    unsigned failed; /* or otherwise of note */
    uint64_t seqs[2000];
};

static struct worker workers[THREADS];
static atomic_bool enough;

typedef void *work(void *);

static void
run(work *body, unsigned threads, unsigned count)
{
    for (unsigned i = 0; i < threads; i++) {
        struct worker *worker = &workers[i];

        ck_assert_uint_le(count, COUNT_OF(worker->seqs));
        worker->number = i;
        worker->count = count;
        worker->failed = 0;
        if (worker->handle == NULL)
            worker->handle = journal;
        ck_assert_int_eq(pthread_create(&worker->thread, NULL, body, worker),
                         0);
    }
    for (unsigned i = 0; i < threads; i++)
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
}

/* Value: the worker's number and which of its appends it is. */
struct token {
    uint32_t worker;
    uint32_t which;
};

static void *
append_tokens(void *context)
{
    struct worker *worker = context;

    for (unsigned i = 0; i < worker->count; i++) {
        struct token token = {worker->number, i};

        ck_assert_int_eq(journal_append(worker->handle, &token.worker, 4,
                                        &token, sizeof(token),
                                        &worker->seqs[i]),
                         0);
    }
    return NULL;
}

static struct token
token_at(uint64_t seq)
{
    struct journal_entry *entry = entry_at(seq);
    struct token token;

    ck_assert_uint_eq(entry->value_size, sizeof(token));
    memcpy(&token, entry->value, sizeof(token));
    journal_entry_free(entry);
    return token;
}

/* Every append has its own number, and each worker's rise. */
static void
assert_tokens(unsigned threads)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < threads; i++)
        for (unsigned j = 0; j < workers[i].count; j++) {
            struct token token = token_at(workers[i].seqs[j]);

            ck_assert_uint_eq(token.worker, i);
            ck_assert_uint_eq(token.which, j);
            if (j > 0)
                ck_assert_uint_gt(workers[i].seqs[j], workers[i].seqs[j - 1]);
            sum++;
        }
    ck_assert_uint_eq(figures(journal).size, sum);
    ck_assert_uint_eq(assert_no_gap(journal), sum);
}

static void
setup(void)
{
    setup_journal();
    memset(workers, 0, sizeof(workers));
}

START_TEST(threads_append_through_one_handle_without_a_gap)
{
    run(append_tokens, THREADS, rounds(200, 20));
    assert_tokens(THREADS);
}
END_TEST

START_TEST(threads_append_through_several_handles_without_a_gap)
{
    for (unsigned i = 0; i < THREADS; i++)
        workers[i].handle = i % 2 == 0 ? open_path(home(), 0) : NULL;
    run(append_tokens, THREADS, rounds(200, 20));
    assert_tokens(THREADS);
    for (unsigned i = 0; i < THREADS; i += 2)
        journal_close(workers[i].handle);
}
END_TEST

static void
reopen_durable(void)
{
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(mode_open_as_is(home(), NULL, &journal), 0);
}

START_TEST(threads_share_flushes)
{
    unsigned count = rounds(20, 10);
    unsigned alone;

    reopen_durable();
    atomic_store(&flushes, 0);
    run(append_tokens, 1, 10);
    alone = atomic_load(&flushes);
    ck_assert_uint_ge(alone, 10);
    reopen_durable();
    memset(workers, 0, sizeof(workers));
    /* Slow enough for the others to come meanwhile. */
    atomic_store(&flush_us, 5000);
    atomic_store(&flushes, 0);
    run(append_tokens, THREADS, count);
    ck_assert_uint_le(atomic_load(&flushes), THREADS * count * alone / 10 / 4);
}
END_TEST

START_TEST(threads_through_several_handles_share_flushes)
{
    unsigned count = rounds(20, 10);

    for (unsigned i = 0; i < THREADS; i++)
        workers[i].handle = open_path(home(), 0);
    atomic_store(&flush_us, 5000);
    atomic_store(&flushes, 0);
    run(append_tokens, THREADS, count);
    ck_assert_uint_ge(atomic_load(&flushes), 1);
    ck_assert_uint_le(atomic_load(&flushes), THREADS * count / 4);
    assert_tokens(THREADS);
    for (unsigned i = 0; i < THREADS; i++)
        journal_close(workers[i].handle);
}
END_TEST

/* ---- failures of one's own ---------------------------------------------- */

/* Every second append cannot hold. */
static void *
append_and_fail(void *context)
{
    struct worker *worker = context;

    for (unsigned i = 0; i < worker->count; i++) {
        struct token token = {worker->number, i};
        struct journal_record one = record(NULL, NULL);

        one.key = &token.worker;
        one.key_size = 4;
        one.value = &token;
        one.value_size = sizeof(token);
        ck_assert_int_eq(journal_append_batch(worker->handle, &one, 1,
                                              &worker->seqs[i]),
                         0);
        one.flags = JOURNAL_EXPECT;
        one.expect = JOURNAL_NONE;
        ck_assert_int_eq(journal_append_batch(worker->handle, &one, 1, NULL),
                         JOURNAL_CONFLICT);
        one.value_size = (size_t)JOURNAL_VALUE_MAX + 1;
        ck_assert_int_eq(journal_append_batch(worker->handle, &one, 1, NULL),
                         JOURNAL_TOO_BIG);
    }
    return NULL;
}

START_TEST(a_record_that_fails_fails_alone)
{
    run(append_and_fail, THREADS, rounds(50, 10));
    assert_tokens(THREADS);
}
END_TEST

/* Counts up one key, each step if nobody else has done it. */
static void *
count_up(void *context)
{
    struct worker *worker = context;
    unsigned done = 0;

    while (done < worker->count) {
        struct journal_record one = record("counter", NULL);
        struct journal_entry *entry;
        uint64_t number;
        int rc;

        ck_assert_int_eq(journal_get(worker->handle, "counter", 7, &entry), 0);
        memcpy(&number, entry->value, sizeof(number));
        number++;
        one.value = &number;
        one.value_size = sizeof(number);
        one.flags = JOURNAL_EXPECT;
        one.expect = entry->seq;
        journal_entry_free(entry);
        rc = journal_append_batch(worker->handle, &one, 1, NULL);
        ck_assert(rc == 0 || rc == JOURNAL_CONFLICT);
        done += rc == 0;
    }
    return NULL;
}

START_TEST(of_those_that_expect_the_same_one_wins)
{
    unsigned count = rounds(50, 5);
    struct journal_entry *entry;
    uint64_t number = 0;

    ck_assert_int_eq(journal_append(journal, "counter", 7, &number, 8, NULL),
                     0);
    run(count_up, 8, count);
    entry = get("counter");
    memcpy(&number, entry->value, sizeof(number));
    ck_assert_uint_eq(number, 8 * count);
    ck_assert_uint_eq(entry->revision, 8 * count + 1);
    journal_entry_free(entry);
}
END_TEST

static void *
append_until_full(void *context)
{
    static const char value[30000];
    struct worker *worker = context;
    int rc;

    while ((rc = journal_append(worker->handle, "big", 3, value, sizeof(value),
                                NULL)) == 0)
        worker->failed++;
    ck_assert_int_eq(rc, JOURNAL_FULL);
    return NULL;
}

START_TEST(a_full_journal_is_full_for_all_and_hangs_nobody)
{
    struct journal_options options = options_with(0);

    options.bytes_max = 1 << 20;
    for (unsigned i = 0; i < 4; i++)
        workers[i].handle = open_with(home(), &options);
    for (int i = 0; i < 5; i++) {
        run(append_until_full, 4, 0);
        ck_assert_uint_gt(assert_no_gap(journal), 10);
        ck_assert_int_eq(journal_prune(workers[i % 4].handle, JOURNAL_NONE, 0,
                                       NULL),
                         0);
    }
    for (unsigned i = 0; i < 4; i++)
        journal_close(workers[i].handle);
}
END_TEST

/* ---- readers beside writers --------------------------------------------- */

#define PARTS 8

/* Batches of PARTS records: keys part 0.., all with the same value. */
static void *
append_batches(void *context)
{
    struct worker *worker = context;

    for (unsigned i = 0; i < worker->count; i++) {
        struct token token = {worker->number, i};
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
        ck_assert_int_eq(journal_append_batch(worker->handle, records, PARTS,
                                              &worker->seqs[i]),
                         0);
    }
    atomic_store(&enough, true);
    return NULL;
}

/* At any moment the journal consists of whole batches. */
static void
assert_whole_batches(struct journal *handle, uint64_t first)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    char token[sizeof(struct token)];
    uint64_t seq = first;

    ck_assert_int_eq(journal_replay(handle, first, &cursor), 0);
    while (journal_next(cursor, &entry) == 0) {
        ck_assert_uint_eq(entry->seq, seq);
        ck_assert_int_eq(*(const char *)entry->key, '0' + (int)(seq % PARTS));
        if (seq % PARTS == 0)
            memcpy(token, entry->value, sizeof(token));
        ck_assert_mem_eq(entry->value, token, sizeof(token));
        seq++;
    }
    ck_assert_uint_eq(seq % PARTS, 0);
    journal_cursor_close(cursor);
}

static void *
watch(void *context)
{
    struct worker *worker = context;
    uint64_t seen = 0;
    uint64_t time = 0;

    while (!atomic_load(&enough)) {
        struct journal_stat stat = figures(worker->handle);
        struct journal_entry *entry;

        ck_assert_uint_eq(stat.size % PARTS, 0);
        ck_assert_uint_ge(stat.size, seen);
        if (stat.size > 0) {
            ck_assert_int_eq(journal_read(worker->handle, stat.size - 1,
                                          &entry),
                             0);
            ck_assert_uint_ge(entry->time, time);
            time = entry->time;
            journal_entry_free(entry);
        }
        assert_whole_batches(worker->handle, seen);
        seen = stat.size;
        worker->failed++;
    }
    return NULL;
}

static void *
write_or_watch(void *context)
{
    struct worker *worker = context;

    return worker->number < 4 ? append_batches(worker) : watch(worker);
}

START_TEST(readers_see_whole_batches_in_order)
{
    for (unsigned i = 0; i < 8; i++)
        workers[i].handle = open_path(home(),
                                      i == 7 ? JOURNAL_OPEN_READ_ONLY : 0);
    run(write_or_watch, 8, rounds(150, 10));
    assert_whole_batches(journal, 0);
    for (unsigned i = 0; i < 8; i++)
        journal_close(workers[i].handle);
}
END_TEST

static void *
read_own(void *context)
{
    struct worker *worker = context;
    struct journal_entry *entry;

    for (unsigned i = 0; i < worker->count; i++) {
        struct token token = {worker->number, i};

        ck_assert_int_eq(journal_append(worker->handle, &token.worker, 4,
                                        &token, sizeof(token),
                                        &worker->seqs[i]),
                         0);
        ck_assert_int_eq(journal_get(worker->handle, &token.worker, 4, &entry),
                         0);
        ck_assert_uint_eq(entry->seq, worker->seqs[i]);
        ck_assert_mem_eq(entry->value, &token, sizeof(token));
        journal_entry_free(entry);
    }
    return NULL;
}

START_TEST(a_thread_reads_what_it_has_appended)
{
    run(read_own, THREADS, rounds(50, 10));
    assert_tokens(THREADS);
}
END_TEST

/* ---- all calls at once -------------------------------------------------- */

static void *
prune_on(void *context)
{
    struct worker *worker = context;

    while (!atomic_load(&enough)) {
        uint64_t size = figures(worker->handle).size;

        ck_assert_int_eq(journal_prune(worker->handle,
                                       size > 100 ? size - 100 : 0, 0, NULL),
                         0);
    }
    return NULL;
}

static void *
replay_on(void *context)
{
    struct worker *worker = context;

    while (!atomic_load(&enough)) {
        struct journal_cursor *cursor;
        const struct journal_entry *entry;
        uint64_t next = 0;
        int rc;

        ck_assert_int_eq(journal_replay(worker->handle, JOURNAL_NONE, &cursor),
                         0);
        while ((rc = journal_next(cursor, &entry)) != JOURNAL_END) {
            ck_assert(rc == 0 || rc == JOURNAL_PRUNED);
            if (rc == 0) {
                ck_assert_uint_ge(entry->seq, next);
                next = entry->seq + 1;
            }
        }
        journal_cursor_close(cursor);
    }
    return NULL;
}

static void *
append_until_enough(void *context)
{
    append_tokens(context);
    atomic_store(&enough, true);
    return NULL;
}

static void *
open_on(void *unused)
{
    while (!atomic_load(&enough)) {
        ck_assert_int_eq(result_of_open(home(), 0), 0);
        ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_READ_ONLY), 0);
    }
    return unused;
}

static void *
do_one_of_all(void *context)
{
    static work *const works[] = {append_until_enough, prune_on, replay_on,
                                  open_on};
    struct worker *worker = context;

    return works[worker->number % COUNT_OF(works)](worker);
}

START_TEST(all_calls_may_run_at_once)
{
    run(do_one_of_all, 8, rounds(500, 20));
    assert_no_gap(journal);
    reopen();
    assert_no_gap(journal);
}
END_TEST

static void *
open_one(void *context)
{
    struct worker *worker = context;
    struct journal_options options = options_with(JOURNAL_OPEN_NEW);

    worker->handle = NULL;
    worker->failed = journal_open(test_dir, &options, &worker->handle) ==
                     JOURNAL_EXISTS;
    return NULL;
}

START_TEST(of_threads_that_create_the_same_journal_one_does)
{
    unsigned created = 0;

    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(journal_destroy(home()), 0);
    run(open_one, THREADS, 1);
    for (unsigned i = 0; i < THREADS; i++) {
        ck_assert_int_eq(workers[i].failed, workers[i].handle == NULL);
        created += workers[i].handle != NULL;
        journal_close(workers[i].handle);
    }
    ck_assert_uint_eq(created, 1);
    ck_assert_int_eq(result_of_open(test_dir, JOURNAL_OPEN_EXISTING), 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *threads = suite_create("threads");
    TCase *tcase = tcase_create("threads");

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_test(tcase, threads_append_through_one_handle_without_a_gap);
    tcase_add_test(tcase, threads_append_through_several_handles_without_a_gap);
    tcase_add_test(tcase, threads_share_flushes);
    tcase_add_test(tcase, threads_through_several_handles_share_flushes);
    tcase_add_test(tcase, a_record_that_fails_fails_alone);
    tcase_add_test(tcase, of_those_that_expect_the_same_one_wins);
    tcase_add_test(tcase, a_full_journal_is_full_for_all_and_hangs_nobody);
    tcase_add_test(tcase, readers_see_whole_batches_in_order);
    tcase_add_test(tcase, a_thread_reads_what_it_has_appended);
    tcase_add_test(tcase, all_calls_may_run_at_once);
    tcase_add_test(tcase, of_threads_that_create_the_same_journal_one_does);
    suite_add_tcase(threads, tcase);
    return threads;
}

TEST_MAIN(suite)
