/* stamp_test.c - JOURNAL_STAMPED: callers' timestamps, and their order. */
#include <errno.h>
#include <string.h>

#include "api/steps.h"

static struct journal_stamp
stamp(uint64_t time, uint8_t first, uint8_t last)
{
    struct journal_stamp one;

    memset(&one, 0, sizeof(one));
    one.time = time;
    one.id[0] = first;
    one.id[15] = last;
    return one;
}

static struct journal_record
stamped(const char *key, struct journal_stamp with)
{
    struct journal_record one = record(key, "stamped");

    one.flags = JOURNAL_STAMPED;
    one.stamp = with;
    return one;
}

/* The result of an append with a stamp of TIME and an id of zeros. */
static int
append_stamped(const char *key, uint64_t time)
{
    struct journal_record one = stamped(key, stamp(time, 0, 0));

    return append_record(&one);
}

static void
assert_outdated(const char *key, uint64_t time)
{
    struct journal_stat before = figures(journal);

    ck_assert_int_eq(append_stamped(key, time), JOURNAL_OUTDATED);
    assert_as_before(&before);
}

/* TIME is in force: it is accepted, one less is not. */
static void
assert_in_force(const char *key, uint64_t time)
{
    assert_outdated(key, time - 1);
    ck_assert_int_eq(append_stamped(key, time), 0);
}

START_TEST(the_stamp_is_kept_with_the_entry)
{
    struct journal_record one = stamped("key", stamp(UINT64_MAX, 1, 0xff));
    struct journal_entry *entry;

    ck_assert_int_eq(append_record(&one), 0);
    entry = get("key");
    ck_assert_uint_eq(entry->flags, JOURNAL_STAMPED);
    ck_assert_uint_eq(entry->stamp.time, UINT64_MAX);
    ck_assert_mem_eq(entry->stamp.id, one.stamp.id, 16);
    journal_entry_free(entry);
}
END_TEST

START_TEST(an_entry_without_a_stamp_says_so)
{
    struct journal_entry *entry;

    append("key", "value");
    entry = get("key");
    ck_assert_uint_eq(entry->flags & JOURNAL_STAMPED, 0);
    journal_entry_free(entry);
}
END_TEST

START_TEST(an_older_stamp_is_outdated)
{
    ck_assert_int_eq(append_stamped("key", 10), 0);
    assert_outdated("key", 9);
    assert_outdated("key", 0);
    ck_assert_uint_eq(figures(journal).size, 1);
}
END_TEST

START_TEST(an_equal_stamp_is_accepted)
{
    ck_assert_int_eq(append_stamped("key", 10), 0);
    ck_assert_int_eq(append_stamped("key", 10), 0);
    ck_assert_uint_eq(figures(journal).size, 2);
}
END_TEST

START_TEST(a_newer_stamp_is_accepted_and_in_force)
{
    ck_assert_int_eq(append_stamped("key", 10), 0);
    ck_assert_int_eq(append_stamped("key", 1000), 0);
    assert_in_force("key", 1000);
}
END_TEST

START_TEST(the_first_stamp_of_a_key_may_be_any)
{
    ck_assert_int_eq(append_stamped("zero", 0), 0);
    ck_assert_int_eq(append_stamped("last", UINT64_MAX), 0);
    assert_outdated("last", UINT64_MAX - 1);
}
END_TEST

START_TEST(keys_have_stamps_of_their_own)
{
    ck_assert_int_eq(append_stamped("key", 1000), 0);
    ck_assert_int_eq(append_stamped("other", 1), 0);
    assert_in_force("key", 1000);
    assert_in_force("other", 1);
}
END_TEST

/* Older ones first. */
static const struct {
    uint64_t time;
    uint8_t first, last;
} in_order[] = {
    {1, 0xff, 0xff},    {2, 0, 0},          {2, 0, 1},          {2, 0, 0x80},
    {2, 0, 0xff},       {2, 1, 0},          {2, 0x7f, 0},       {2, 0x80, 0},
    {2, 0xff, 0},       {3, 0, 0},          {0x100, 0, 0},      {0x10000, 0, 0},
    {1ull << 32, 0, 0}, {1ull << 63, 0, 0}, {UINT64_MAX, 0, 0},
};

START_TEST(stamps_are_ordered_by_time_then_by_the_bytes_of_id)
{
    struct journal_stamp newer = stamp(in_order[_i].time, in_order[_i].first,
                                       in_order[_i].last);
    struct journal_stamp older = stamp(in_order[_i - 1].time,
                                       in_order[_i - 1].first,
                                       in_order[_i - 1].last);
    struct journal_record one = stamped("key", older);

    ck_assert_int_eq(append_record(&one), 0);
    one.stamp = newer;
    ck_assert_int_eq(append_record(&one), 0);
    one.stamp = older;
    ck_assert_int_eq(append_record(&one), JOURNAL_OUTDATED);
}
END_TEST

START_TEST(an_entry_without_a_stamp_leaves_the_one_in_force)
{
    ck_assert_int_eq(append_stamped("key", 10), 0);
    append("key", "no stamp");
    append("key", "no stamp");
    assert_in_force("key", 10);
}
END_TEST

START_TEST(a_stamp_stays_in_force_over_a_tombstone)
{
    ck_assert_int_eq(append_stamped("key", 10), 0);
    erase("key");
    assert_in_force("key", 10);
}
END_TEST

START_TEST(a_tombstone_may_be_stamped)
{
    struct journal_record one = stamped("key", stamp(10, 0, 0));
    struct journal_entry *entry;

    one.flags |= JOURNAL_TOMBSTONE;
    one.value_size = 0;
    ck_assert_int_eq(append_record(&one), 0);
    entry = entry_at(0);
    ck_assert_uint_eq(entry->flags, JOURNAL_TOMBSTONE | JOURNAL_STAMPED);
    journal_entry_free(entry);
    assert_outdated("key", 9);
    one.stamp.time = 9;
    ck_assert_int_eq(append_record(&one), JOURNAL_OUTDATED);
}
END_TEST

START_TEST(a_stamp_stays_in_force_when_reopened)
{
    ck_assert_int_eq(append_stamped("key", 10), 0);
    append("key", "no stamp");
    reopen();
    assert_in_force("key", 10);
}
END_TEST

START_TEST(a_rewind_restores_the_stamp_that_was_in_force)
{
    ck_assert_int_eq(append_stamped("key", 10), 0);
    append("key", "no stamp");
    ck_assert_int_eq(append_stamped("key", 1000), 0);
    append("key", "no stamp");
    ck_assert_int_eq(journal_rewind(journal, 2), 0);
    assert_in_force("key", 10);
}
END_TEST

START_TEST(a_rewind_before_the_first_stamp_leaves_none)
{
    append("key", "no stamp");
    ck_assert_int_eq(append_stamped("key", 10), 0);
    ck_assert_int_eq(journal_rewind(journal, 1), 0);
    ck_assert_int_eq(append_stamped("key", 1), 0);
}
END_TEST

START_TEST(a_stamp_stays_in_force_when_its_entry_is_pruned)
{
    ck_assert_int_eq(append_stamped("key", 10), 0);
    append("key", "no stamp");
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    assert_in_force("key", 10);
}
END_TEST

START_TEST(a_rewind_restores_a_stamp_whose_entry_is_pruned)
{
    ck_assert_int_eq(append_stamped("key", 10), 0);
    append("key", "no stamp");
    ck_assert_int_eq(append_stamped("key", 1000), 0);
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    ck_assert_int_eq(journal_rewind(journal, 2), 0);
    assert_in_force("key", 10);
}
END_TEST

START_TEST(a_key_that_is_forgotten_has_no_stamp_in_force)
{
    ck_assert_int_eq(append_stamped("key", 10), 0);
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    ck_assert_int_eq(append_stamped("key", 1), 0);
}
END_TEST

/* ---- over compactions --------------------------------------------------- */

static void
compact(uint64_t before)
{
    ck_assert_int_eq(journal_prune(journal, before, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
}

START_TEST(a_stamp_stays_in_force_when_its_entry_is_compacted_away)
{
    ck_assert_int_eq(append_stamped("key", 10), 0);
    append("key", "no stamp");
    compact(2);
    ck_assert_uint_eq(figures(journal).entries, 1);
    assert_outdated("key", 9);
    reopen();
    append("key", "no stamp");
    compact(3);
    ck_assert_uint_eq(figures(journal).entries, 1);
    assert_in_force("key", 10);
}
END_TEST

START_TEST(a_tombstone_that_is_compacted_away_takes_the_stamp_along)
{
    ck_assert_int_eq(append_stamped("key", 10), 0);
    erase("key");
    compact(1);
    assert_outdated("key", 9);
    compact(2);
    ck_assert_uint_eq(figures(journal).entries, 0);
    ck_assert_int_eq(append_stamped("key", 1), 0);
    assert_in_force("key", 1);
}
END_TEST

START_TEST(a_rewind_restores_a_stamp_whose_entry_is_compacted_away)
{
    ck_assert_int_eq(append_stamped("key", 10), 0);
    append("key", "no stamp");
    compact(2);
    ck_assert_int_eq(append_stamped("key", 1000), 0);
    ck_assert_int_eq(append_stamped("key", 2000), 0);
    reopen();
    ck_assert_int_eq(journal_rewind(journal, 3), 0);
    assert_outdated("key", 999);
    ck_assert_int_eq(journal_rewind(journal, 2), 0);
    assert_in_force("key", 10);
}
END_TEST

/* What it was then has been removed, so that the key is not known. */
START_TEST(a_rewind_to_what_was_compacted_away_leaves_no_stamp)
{
    append("other", "value");
    ck_assert_int_eq(append_stamped("key", 10), 0);
    append("other", "value");
    ck_assert_int_eq(append_stamped("key", 1000), 0);
    compact(3);
    ck_assert_int_eq(journal_rewind(journal, 3), 0);
    ck_assert_int_eq(append_stamped("key", 1), 0);
    assert_in_force("key", 1);
}
END_TEST

/* ---- over tombstones and rewinds ---------------------------------------- */

START_TEST(a_stamp_stays_over_many_tombstones_and_reopening)
{
    struct journal_record one = stamped("key", stamp(20, 0, 0));

    ck_assert_int_eq(append_stamped("key", 10), 0);
    erase("key");
    erase("key");
    reopen();
    assert_outdated("key", 9);
    one.flags |= JOURNAL_TOMBSTONE;
    one.value_size = 0;
    ck_assert_int_eq(append_record(&one), 0);
    append("key", "back without a stamp");
    erase("key");
    reopen();
    assert_in_force("key", 20);
}
END_TEST

START_TEST(a_rewind_restores_the_stamp_below_a_tombstone)
{
    struct journal_record one = stamped("key", stamp(20, 0, 0));

    ck_assert_int_eq(append_stamped("key", 10), 0);
    erase("key");
    one.flags |= JOURNAL_TOMBSTONE;
    one.value_size = 0;
    ck_assert_int_eq(append_record(&one), 0);
    ck_assert_int_eq(journal_rewind(journal, 2), 0);
    assert_absent("key");
    assert_in_force("key", 10);
}
END_TEST

/* Each size there was is gone back to; each stamp is in force again. */
START_TEST(every_stamp_that_was_in_force_is_restored_in_turn)
{
    uint64_t state = test_seed();
    uint64_t in_force[60];

    for (unsigned i = 0; i < COUNT_OF(in_force); i++) {
        in_force[i] = i == 0 ? 0 : in_force[i - 1];
        switch (test_random(&state) % 3) {
        case 0:
            append("key", "no stamp");
            break;
        case 1:
            erase("key");
            break;
        default:
            in_force[i] += 1 + test_random(&state) % 5;
            ck_assert_int_eq(append_stamped("key", in_force[i]), 0);
        }
    }
    ck_assert_int_eq(journal_prune(journal, 10, 0, NULL), 0);
    compact(20);
    for (unsigned size = COUNT_OF(in_force); size > 20; size--) {
        if (size % 7 == 0)
            reopen();
        ck_assert_int_eq(journal_rewind(journal, size), 0);
        if (in_force[size - 1] == 0)
            continue;
        assert_in_force("key", in_force[size - 1]);
    }
}
END_TEST

/* ---- in batches --------------------------------------------------------- */

START_TEST(a_batch_may_pass_a_stamp_over_its_own_tombstone)
{
    struct journal_record records[4] = {stamped("key", stamp(10, 0, 0)),
                                        record("key", NULL),
                                        record("key", "no stamp"),
                                        stamped("key", stamp(9, 0, 0))};

    records[1].flags = JOURNAL_TOMBSTONE;
    ck_assert_int_eq(journal_append_batch(journal, records, 4, NULL),
                     JOURNAL_OUTDATED);
    records[3].stamp.time = 10;
    ck_assert_int_eq(journal_append_batch(journal, records, 4, NULL), 0);
    assert_in_force("key", 10);
    ck_assert_int_eq(journal_rewind(journal, 0), 0);
    ck_assert_int_eq(append_stamped("key", 1), 0);
}
END_TEST

START_TEST(stamps_of_a_batch_count_in_turn)
{
    struct journal_record records[2] = {stamped("key", stamp(10, 0, 0)),
                                        stamped("key", stamp(9, 0, 0))};

    ck_assert_int_eq(journal_append_batch(journal, records, 2, NULL),
                     JOURNAL_OUTDATED);
    ck_assert_uint_eq(figures(journal).size, 0);
    records[1].stamp.time = 11;
    ck_assert_int_eq(journal_append_batch(journal, records, 2, NULL), 0);
    assert_in_force("key", 11);
}
END_TEST

START_TEST(stamps_of_other_keys_in_a_batch_do_not_count)
{
    struct journal_record records[2] = {stamped("key", stamp(10, 0, 0)),
                                        stamped("other", stamp(9, 0, 0))};

    ck_assert_int_eq(journal_append_batch(journal, records, 2, NULL), 0);
}
END_TEST

START_TEST(an_entry_without_a_key_may_have_any_stamp)
{
    struct journal_record one = stamped(NULL, stamp(10, 0, 0));
    struct journal_entry *entry;

    ck_assert_int_eq(append_record(&one), 0);
    one.stamp.time = 9;
    ck_assert_int_eq(append_record(&one), 0);
    entry = entry_at(1);
    ck_assert_uint_eq(entry->flags, JOURNAL_STAMPED);
    ck_assert_uint_eq(entry->stamp.time, 9);
    journal_entry_free(entry);
}
END_TEST

START_TEST(an_outdated_record_leaves_the_stamp_in_force)
{
    struct journal_record records[2] = {stamped("key", stamp(1000, 0, 0)),
                                        stamped("key", stamp(1, 0, 0))};

    ck_assert_int_eq(append_stamped("key", 10), 0);
    ck_assert_int_eq(journal_append_batch(journal, records, 2, NULL),
                     JOURNAL_OUTDATED);
    assert_in_force("key", 10);
}
END_TEST

static Suite *
suite(void)
{
    Suite *stamps = suite_create("stamp");
    TCase *tcase = tcase_create("stamp");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, the_stamp_is_kept_with_the_entry);
    tcase_add_test(tcase, an_entry_without_a_stamp_says_so);
    tcase_add_test(tcase, an_older_stamp_is_outdated);
    tcase_add_test(tcase, an_equal_stamp_is_accepted);
    tcase_add_test(tcase, a_newer_stamp_is_accepted_and_in_force);
    tcase_add_test(tcase, the_first_stamp_of_a_key_may_be_any);
    tcase_add_test(tcase, keys_have_stamps_of_their_own);
    tcase_add_loop_test(tcase,
                        stamps_are_ordered_by_time_then_by_the_bytes_of_id, 1,
                        COUNT_OF(in_order));
    tcase_add_test(tcase, an_entry_without_a_stamp_leaves_the_one_in_force);
    tcase_add_test(tcase, a_stamp_stays_in_force_over_a_tombstone);
    tcase_add_test(tcase, a_tombstone_may_be_stamped);
    tcase_add_test(tcase, a_stamp_stays_in_force_when_reopened);
    tcase_add_test(tcase, a_rewind_restores_the_stamp_that_was_in_force);
    tcase_add_test(tcase, a_rewind_before_the_first_stamp_leaves_none);
    tcase_add_test(tcase, a_stamp_stays_in_force_when_its_entry_is_pruned);
    tcase_add_test(tcase, a_rewind_restores_a_stamp_whose_entry_is_pruned);
    tcase_add_test(tcase, a_key_that_is_forgotten_has_no_stamp_in_force);
    tcase_add_test(tcase,
                   a_stamp_stays_in_force_when_its_entry_is_compacted_away);
    tcase_add_test(tcase,
                   a_tombstone_that_is_compacted_away_takes_the_stamp_along);
    tcase_add_test(tcase,
                   a_rewind_restores_a_stamp_whose_entry_is_compacted_away);
    tcase_add_test(tcase, a_rewind_to_what_was_compacted_away_leaves_no_stamp);
    tcase_add_test(tcase, a_stamp_stays_over_many_tombstones_and_reopening);
    tcase_add_test(tcase, a_rewind_restores_the_stamp_below_a_tombstone);
    tcase_add_test(tcase, every_stamp_that_was_in_force_is_restored_in_turn);
    tcase_add_test(tcase, a_batch_may_pass_a_stamp_over_its_own_tombstone);
    tcase_add_test(tcase, stamps_of_a_batch_count_in_turn);
    tcase_add_test(tcase, stamps_of_other_keys_in_a_batch_do_not_count);
    tcase_add_test(tcase, an_entry_without_a_key_may_have_any_stamp);
    tcase_add_test(tcase, an_outdated_record_leaves_the_stamp_in_force);
    suite_add_tcase(stamps, tcase);
    return stamps;
}

TEST_MAIN(suite)
