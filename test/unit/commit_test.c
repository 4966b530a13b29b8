/* commit_test.c - requests, groups of them, and long work between them. */
#include "write/commit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "write/handle.h"
#include "support/test.h"

#define THREADS 16
#define APPENDS 50

static struct journal *journal;

static void
setup(void)
{
    test_setup();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

/* The number of LMDB's next commit: the difference of two counts commits. */
static uint64_t
commits(void)
{
    struct jn_txn txn;
    uint64_t number;

    ck_assert_int_eq(jn_shared_begin_write(journal->shared, &txn), 0);
    number = jn_store_number(&txn);
    jn_store_abort(&txn);
    return number;
}

static uint64_t
size(void)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    return stat.size;
}

/* ---- requests ----------------------------------------------------------- */

START_TEST(a_request_of_nothing_is_refused)
{
    const struct journal_record record = {.key = "k", .key_size = 1};
    struct jn_request request;

    ck_assert_int_eq(jn_request_make(&request, &record, 0), EINVAL);
    ck_assert_int_eq(jn_request_make(&request, NULL, 1), EINVAL);
}
END_TEST

static const struct {
    struct journal_record record;
    int result;
} refused[] = {
    {{.reserved = 1}, EINVAL},
    {{.flags = 1u << 4}, EINVAL},
    {{.flags = 1u << 31}, EINVAL},
    {{.key = NULL, .key_size = 1}, EINVAL},
    {{.value = NULL, .value_size = 1}, EINVAL},
    {{.meta = NULL, .meta_size = 1}, EINVAL},
    {{.flags = JOURNAL_TOMBSTONE}, EINVAL},
    {{.key = "k",
      .key_size = 1,
      .value = "v",
      .value_size = 1,
      .flags = JOURNAL_TOMBSTONE},
     EINVAL},
    {{.flags = JOURNAL_EXPECT}, EINVAL},
    {{.key = "k", .key_size = JOURNAL_KEY_MAX + 1}, JOURNAL_TOO_BIG},
    {{.meta = "m", .meta_size = JOURNAL_META_MAX + 1}, JOURNAL_TOO_BIG},
    {{.value = "v", .value_size = (size_t)JOURNAL_VALUE_MAX + 1},
     JOURNAL_TOO_BIG},
    {{.value = "v", .value_size = SIZE_MAX}, JOURNAL_TOO_BIG},
};

START_TEST(a_record_that_cannot_be_is_refused_before_it_is_read)
{
    struct jn_request request;

    ck_assert_int_eq(jn_request_make(&request, &refused[_i].record, 1),
                     refused[_i].result);
    ck_assert_ptr_null(request.records);
}
END_TEST

START_TEST(a_batch_over_a_commits_maximum_is_refused)
{
    struct journal_record records[2] = {{.value = "v"}, {.value = "v"}};
    struct jn_request request;

    /* Refused by its sizes; no byte of such values is looked at. */
    records[0].value_size = records[1].value_size = JOURNAL_VALUE_MAX;
    ck_assert_int_eq(jn_request_make(&request, records, 2), JOURNAL_TOO_BIG);
}
END_TEST

/* ---- groups ------------------------------------------------------------- */

static atomic_uint conflicts;

static void *
append_some(void *context)
{
    struct journal_record record = {
        .key = "key",
        .key_size = 3,
        .flags = context == NULL ? 0 : JOURNAL_EXPECT_SEQ,
        .expect_seq = 1u << 30, /* never */
    };

    for (unsigned i = 0; i < APPENDS; i++) {
        int rc = journal_append_batch(journal, &record, 1, NULL);

        if (rc == JOURNAL_CONFLICT)
            atomic_fetch_add(&conflicts, 1);
        else
            ck_assert_int_eq(rc, 0);
    }
    return NULL;
}

/* Every second thread expects what will not be, if MIXED. */
static void
run_threads(bool mixed)
{
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, append_some,
                                        mixed && i % 2 == 1 ? journal : NULL),
                         0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

START_TEST(appends_of_many_threads_share_commits)
{
    uint64_t before = commits();

    run_threads(false);
    ck_assert_uint_eq(size(), THREADS * APPENDS);
    ck_assert_uint_lt(commits() - before, THREADS * APPENDS / 2);
}
END_TEST

START_TEST(a_request_fails_alone)
{
    run_threads(true);
    ck_assert_uint_eq(atomic_load(&conflicts), THREADS / 2 * APPENDS);
    ck_assert_uint_eq(size(), THREADS / 2 * APPENDS);
}
END_TEST

START_TEST(what_is_refused_commits_nothing)
{
    const struct journal_record record = {.key = "key",
                                          .key_size = 3,
                                          .flags = JOURNAL_EXPECT,
                                          .expect = 5};
    uint64_t before = commits();

    ck_assert_int_eq(journal_append_batch(journal, &record, 1, NULL),
                     JOURNAL_CONFLICT);
    ck_assert_uint_eq(commits(), before);
    ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), 0);
    ck_assert_uint_eq(commits(), before + 1);
}
END_TEST

/* ---- long work ---------------------------------------------------------- */

#define ENTRIES 40000u

static atomic_bool pruned;
static unsigned between;

static void *
append_meanwhile(void *unused)
{
    while (!atomic_load(&pruned)) {
        ck_assert_int_eq(journal_append(journal, "key", 3, "", 0, NULL), 0);
        if (!atomic_load(&pruned))
            between++;
    }
    return unused;
}

static void
append_entries(void)
{
    static struct journal_record records[1000];
    static char keys[1000][8];

    for (unsigned i = 0; i < ENTRIES; i += 1000) {
        for (unsigned k = 0; k < 1000; k++) {
            snprintf(keys[k], sizeof(keys[k]), "%06u", i + k);
            records[k].key = keys[k];
            records[k].key_size = 6;
        }
        ck_assert_int_eq(journal_append_batch(journal, records, 1000, NULL), 0);
    }
}

START_TEST(a_prune_goes_in_steps_and_appends_get_in_between)
{
    pthread_t thread;
    uint64_t before, removed;

    append_entries();
    before = commits();
    ck_assert_int_eq(pthread_create(&thread, NULL, append_meanwhile, NULL), 0);
    ck_assert_int_eq(journal_prune(journal, ENTRIES, 0, &removed), 0);
    atomic_store(&pruned, true);
    pthread_join(thread, NULL);

    ck_assert_uint_eq(removed, ENTRIES);
    ck_assert_uint_ge(commits() - before, ENTRIES / 4096);
    ck_assert_uint_ge(between, 5);
}
END_TEST

START_TEST(a_rewind_goes_in_steps)
{
    uint64_t before;

    append_entries();
    before = commits();
    ck_assert_int_eq(journal_rewind(journal, 7), 0);
    ck_assert_uint_ge(commits() - before, ENTRIES / 4096);
    ck_assert_uint_eq(size(), 7);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("commit");
    TCase *tcase = tcase_create("commit");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_request_of_nothing_is_refused);
    tcase_add_loop_test(tcase,
                        a_record_that_cannot_be_is_refused_before_it_is_read, 0,
                        (int)(sizeof(refused) / sizeof(refused[0])));
    tcase_add_test(tcase, a_batch_over_a_commits_maximum_is_refused);
    tcase_add_test(tcase, appends_of_many_threads_share_commits);
    tcase_add_test(tcase, a_request_fails_alone);
    tcase_add_test(tcase, what_is_refused_commits_nothing);
    tcase_add_test(tcase, a_prune_goes_in_steps_and_appends_get_in_between);
    tcase_add_test(tcase, a_rewind_goes_in_steps);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
