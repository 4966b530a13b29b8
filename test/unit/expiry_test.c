/* expiry_test.c - entries over the limits go, and what is recent stays. */
#include "write/expiry.h"

#include <stdio.h>
#include <unistd.h>

#include "settle.h"
#include "support/fast_dir.h"
#include "support/figures.h"
#include "support/test.h"
#include "write/handle.h"

#define KEEP 2000u
#define STEP (KEEP / 16)

static struct journal *journal;

static unsigned runs; /* commits of retention that have been tried */

int __real_jn_expiry_run(struct jn_shared *shared,
                         const struct jn_limits *limits,
                         const struct jn_amount *added);
int __wrap_jn_expiry_run(struct jn_shared *shared,
                         const struct jn_limits *limits,
                         const struct jn_amount *added);

int
__wrap_jn_expiry_run(struct jn_shared *shared, const struct jn_limits *limits,
                     const struct jn_amount *added)
{
    runs++;
    return __real_jn_expiry_run(shared, limits, added);
}

/* One more handle, that keeps what is no older than a millisecond. */
static struct journal *
open_for_a_moment(uint32_t durability)
{
    struct journal_options options;
    struct journal *other = NULL;

    journal_options_init(&options);
    options.durability = durability;
    options.keep_ns = 1000000;
    ck_assert_int_eq(journal_open(test_path("journal"), &options, &other), 0);
    return other;
}

static void
open_keeping(uint32_t durability, uint64_t entries, uint64_t bytes)
{
    struct journal_options options;

    journal_options_init(&options);
    options.durability = durability;
    options.keep_entries = entries;
    options.keep_bytes = bytes;
    journal_close(journal);
    journal = NULL;
    ck_assert_int_eq(journal_open(test_path("journal"), &options, &journal), 0);
}

/* By a handle that is closed then. */
static void
append_by(struct journal *other, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(journal_append(other, "key", 3, "value", 5, NULL), 0);
    journal_close(other);
}

static void
append(const char *key, const char *value, uint32_t flags)
{
    struct journal_record record = {.key = key,
                                    .key_size = strlen(key),
                                    .value = value,
                                    .value_size = strlen(value),
                                    .flags = flags};

    ck_assert_int_eq(journal_append_batch(journal, &record, 1, NULL), 0);
}

static void
append_many(unsigned count)
{
    char key[20];

    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(key, sizeof(key), "k/%u", i);
        append(key, "value", 0);
    }
}

/* How many entries are in the tail alone. */
static uint64_t
recent(void)
{
    struct jn_txn txn;
    uint64_t count;

    ck_assert_int_eq(jn_shared_begin_write(journal->shared, &txn), 0);
    count = txn.look.recent == NULL ? 0 : txn.look.high - txn.look.low;
    jn_store_abort(&txn);
    return count;
}

static void
verify(void)
{
    ck_assert_int_eq(journal_verify(journal, NULL, NULL, NULL), 0);
}

/* KEEP entries in the store, and a tail for those that follow. */
static void
begin(uint32_t durability)
{
    open_keeping(JOURNAL_DURABLE, 0, 0);
    append_many(KEEP);
    settle(journal);
    open_keeping(durability, KEEP, 0);
    /* The first of a process goes to the store, the second makes a tail. */
    append_many(2);
    ck_assert_uint_eq(recent(), 0);
}

static const uint32_t durabilities[] = {JOURNAL_DURABLE, JOURNAL_RELAXED};

START_TEST(what_is_recent_stays_where_it_is)
{
    begin(durabilities[_i]);
    for (uint64_t i = 1; i <= STEP - 2; i++) {
        append("key", "value", 0);
        ck_assert_uint_eq(recent(), i);
        ck_assert_uint_eq(figures_of(journal).first, 0);
    }
    append("key", "value", 0);
    ck_assert_uint_eq(figures_of(journal).first, STEP + 1);
    ck_assert_uint_eq(figures_of(journal).entries, KEEP);
    ck_assert_uint_eq(recent(), STEP - 1);
    verify();
}
END_TEST

/* Else a loss of power would leave less than is to be kept. */
START_TEST(what_replaces_the_old_is_on_the_disk_before_they_go)
{
    begin(JOURNAL_RELAXED);
    while (figures_of(journal).first == 0) {
        ck_assert_uint_le(figures_of(journal).durable_size, KEEP + 2);
        append("key", "value", 0);
    }
    ck_assert_uint_eq(figures_of(journal).durable_size,
                      figures_of(journal).size);
    append("key", "value", 0);
    ck_assert_uint_lt(figures_of(journal).durable_size,
                      figures_of(journal).size);
}
END_TEST

/*
 * A tombstone that something recent has buried has to be counted when that
 * enters the store: so all of it does.
 */
START_TEST(what_is_recent_and_holds_the_oldest_is_moved)
{
    open_keeping(JOURNAL_DURABLE, 0, 0);
    append("buried", "", JOURNAL_TOMBSTONE);
    append_many(KEEP);
    settle(journal);
    open_keeping(durabilities[_i], KEEP, 0);
    append_many(2);
    append("buried", "again", 0);
    while (figures_of(journal).first == 0)
        append("key", "value", 0);
    ck_assert_uint_eq(figures_of(journal).entries, KEEP);
    ck_assert_uint_eq(recent(), 0);
    ck_assert_uint_eq(figures_of(journal).tombstones, 0);
    verify();
}
END_TEST

/* Of limits below what the tail has, the store's entries go first. */
START_TEST(what_is_recent_goes_too_once_the_store_has_no_more)
{
    begin(durabilities[_i]);
    append_many(100);
    ck_assert_uint_eq(recent(), 100);
    open_keeping(durabilities[_i], 10, 0);
    for (unsigned i = 0; figures_of(journal).entries > 10; i++) {
        ck_assert_uint_lt(i, 5);
        append("key", "value", 0);
    }
    ck_assert_uint_eq(figures_of(journal).first, figures_of(journal).size - 10);
    verify();
}
END_TEST

START_TEST(a_mark_holds_what_is_stored_and_appends_go_on)
{
    begin(durabilities[_i]);
    ck_assert_int_eq(journal_mark(journal, "mark", 5), 0);
    append_many(2 * STEP);
    ck_assert_uint_eq(figures_of(journal).first, 5);
    ck_assert_uint_ge(recent(), STEP);
    ck_assert_int_eq(journal_unmark(journal, "mark"), 0);
    append_many(1);
    ck_assert_uint_eq(figures_of(journal).entries, KEEP);
    verify();
}
END_TEST

/* What it finds holds until somebody commits. */
START_TEST(a_mark_that_holds_all_is_looked_for_once)
{
    begin(durabilities[_i]);
    ck_assert_int_eq(journal_mark(journal, "mark", 0), 0);
    append_many(STEP);
    runs = 0;
    append_many(STEP);
    ck_assert_uint_le(runs, 1);
    ck_assert_uint_eq(figures_of(journal).first, 0);
    ck_assert_int_eq(journal_mark(journal, "mark", 7), 0);
    append("key", "value", 0);
    ck_assert_uint_eq(figures_of(journal).first, 7);
    ck_assert_int_eq(journal_unmark(journal, "mark"), 0);
    append("key", "value", 0);
    ck_assert_uint_eq(figures_of(journal).entries, KEEP);
    verify();
}
END_TEST

START_TEST(what_a_mark_has_kept_in_the_tail_stays_there)
{
    begin(durabilities[_i]);
    ck_assert_int_eq(journal_mark(journal, "mark", KEEP + 2), 0);
    append_many(20);
    ck_assert_uint_eq(recent(), 20);
    usleep(5000);
    append_by(open_for_a_moment(durabilities[_i]), 5);
    ck_assert_uint_eq(figures_of(journal).first, KEEP + 2);
    ck_assert_uint_eq(recent(), 25);
    verify();
}
END_TEST

START_TEST(bytes_are_counted_with_those_that_are_recent)
{
    uint64_t limit;

    begin(durabilities[_i]);
    limit = figures_of(journal).bytes_logical;
    open_keeping(durabilities[_i], 0, limit);
    append_many(2);
    for (unsigned i = 0; i < STEP; i++) {
        append("key", "a longer value than others have", 0);
        ck_assert_uint_le(figures_of(journal).bytes_logical,
                          limit + limit / 16);
    }
    ck_assert_uint_gt(figures_of(journal).first, 0);
    ck_assert_uint_ge(figures_of(journal).bytes_logical, limit - 50);
    ck_assert_uint_gt(recent(), 0);
    verify();
}
END_TEST

START_TEST(an_append_that_is_refused_removes_nothing)
{
    struct journal_record record = {.key = "key",
                                    .key_size = 3,
                                    .flags = JOURNAL_EXPECT,
                                    .expect = KEEP + 7};
    struct journal *other;

    begin(durabilities[_i]);
    append_many(1);
    other = open_for_a_moment(durabilities[_i]);
    usleep(5000);
    ck_assert_int_eq(journal_append_batch(other, &record, 1, NULL),
                     JOURNAL_CONFLICT);
    ck_assert_uint_eq(figures_of(journal).first, 0);
    append_by(other, 1);
    ck_assert_uint_gt(figures_of(journal).first, 0);
}
END_TEST

/* Where the store has nothing, the oldest is one that is recent. */
START_TEST(what_is_recent_gets_too_old)
{
    begin(durabilities[_i]);
    append_many(5);
    ck_assert_int_eq(journal_prune(journal, KEEP + 2, 0, NULL), 0);
    ck_assert_uint_eq(recent(), 5);
    usleep(5000);
    append_by(open_for_a_moment(durabilities[_i]), 1);
    ck_assert_uint_eq(figures_of(journal).entries, 1);
    verify();
}
END_TEST

static void
teardown(void)
{
    journal_close(journal);
    journal = NULL;
    test_teardown();
}

static Suite *
suite(void)
{
    Suite *suite = suite_create("expiry");
    TCase *tcase = tcase_create("expiry");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, test_setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, what_is_recent_stays_where_it_is, 0, 2);
    tcase_add_test(tcase, what_replaces_the_old_is_on_the_disk_before_they_go);
    tcase_add_loop_test(tcase, what_is_recent_and_holds_the_oldest_is_moved, 0,
                        2);
    tcase_add_loop_test(tcase,
                        what_is_recent_goes_too_once_the_store_has_no_more, 0,
                        2);
    tcase_add_loop_test(tcase, a_mark_holds_what_is_stored_and_appends_go_on, 0,
                        2);
    tcase_add_loop_test(tcase, a_mark_that_holds_all_is_looked_for_once, 0, 2);
    tcase_add_loop_test(tcase, what_a_mark_has_kept_in_the_tail_stays_there, 0,
                        2);
    tcase_add_loop_test(tcase, bytes_are_counted_with_those_that_are_recent, 0,
                        2);
    tcase_add_loop_test(tcase, an_append_that_is_refused_removes_nothing, 0, 2);
    tcase_add_loop_test(tcase, what_is_recent_gets_too_old, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
