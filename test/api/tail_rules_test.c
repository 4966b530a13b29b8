/*
 * tail_rules_test.c - what an append is held to, with entries here and there.
 *
 * Expectations, stamps, tombstones and batches of a few keys, through handles
 * of both durabilities, with a tail so small that it is moved all the time; an
 * array says what each key has come to.
 */
#include <stdio.h>
#include <string.h>

#include "api/steps.h"
#include "support/chance.h"
#include "support/fast_dir.h"

#define TINY 65536u
#define KEYS 12u
#define STEPS 2500u
#define BATCH 30u

static struct journal *handles[2]; /* relaxed, durable */

/* What a key has come to. */
struct known {
    char key[24];
    uint64_t latest; /* JOURNAL_NONE: it has no entry */
    uint64_t revision;
    uint64_t stamp; /* the one in force; 0: none */
    bool deleted;
};

static struct known keys[KEYS];
static uint64_t size;

static struct journal *
open_as(uint32_t durability)
{
    return open_home_as(durability, 0, TINY);
}

static void
open_both(void)
{
    handles[0] = open_as(JOURNAL_RELAXED);
    handles[1] = open_as(JOURNAL_DURABLE);
    journal = handles[0];
}

static void
close_both(void)
{
    journal_close(handles[0]);
    journal_close(handles[1]);
    journal = NULL;
}

static void
setup(void)
{
    test_setup();
    chance_start(test_seed());
    open_both();
    for (unsigned i = 0; i < KEYS; i++) {
        keys[i] = (struct known){.latest = JOURNAL_NONE};
        (void)sprintf(keys[i].key, "key %u", i);
    }
}

static void
teardown(void)
{
    close_both();
    test_teardown();
}

/* ---- the state of keys -------------------------------------------------- */

static void
assert_known(const struct known *known)
{
    struct journal_entry *entry = NULL;
    int rc = journal_get(handles[below(2)], known->key, strlen(known->key),
                         &entry);
    int expected = known->latest == JOURNAL_NONE || known->deleted
                       ? JOURNAL_NOT_FOUND
                       : 0;

    if (rc != expected || (rc == 0 && (entry->seq != known->latest ||
                                       entry->revision != known->revision)))
        ck_abort_msg("%s: %s, not entry %llu, revision %llu", known->key,
                     journal_errname(rc), (unsigned long long)known->latest,
                     (unsigned long long)known->revision);
    journal_entry_free(entry);
}

static struct journal_record
make_record(const struct known *known)
{
    static const char bytes[3000];
    struct journal_record one = record(known->key, NULL);

    if (below(6) == 0) {
        one.flags = JOURNAL_TOMBSTONE;
        return one;
    }
    one.value = bytes;
    one.value_size = below(below(20) == 0 ? sizeof(bytes) : 100);
    return one;
}

static void
take(struct known *known, const struct journal_record *one)
{
    known->latest = size++;
    known->revision++;
    known->deleted = (one->flags & JOURNAL_TOMBSTONE) != 0;
    if ((one->flags & JOURNAL_STAMPED) != 0)
        known->stamp = one->stamp.time;
}

/* ---- one record --------------------------------------------------------- */

/* Adds a condition to ONE; returns what an append of it has to say. */
static int
add_condition(struct journal_record *one, const struct known *known)
{
    bool right = below(2) == 0;

    switch (below(4)) {
    case 0:
        one->flags |= JOURNAL_EXPECT;
        one->expect = right ? known->latest : below(size + 1);
        return one->expect == known->latest ? 0 : JOURNAL_CONFLICT;
    case 1:
        one->flags |= JOURNAL_EXPECT;
        one->expect = JOURNAL_NONE;
        return known->latest == JOURNAL_NONE ? 0 : JOURNAL_CONFLICT;
    case 2:
        one->flags |= JOURNAL_EXPECT_SEQ;
        one->expect_seq = right ? size : size + below(3);
        return one->expect_seq == size ? 0 : JOURNAL_CONFLICT;
    default:
        one->flags |= JOURNAL_STAMPED;
        one->stamp.time = right ? known->stamp + below(2) : below(size + 2);
        return one->stamp.time >= known->stamp ? 0 : JOURNAL_OUTDATED;
    }
}

static void
append_one(void)
{
    struct known *known = &keys[below(KEYS)];
    struct journal_record one = make_record(known);
    int expected = add_condition(&one, known);
    uint64_t seq = 77;
    int rc = journal_append_batch(handles[below(8) == 0], &one, 1, &seq);

    if (rc != expected || seq != (rc == 0 ? size : 77))
        ck_abort_msg("%s instead of %s, number %llu, size %llu",
                     journal_errname(rc), journal_errname(expected),
                     (unsigned long long)seq, (unsigned long long)size);
    if (rc == 0)
        take(known, &one);
    assert_known(known);
}

START_TEST(conditions_hold_wherever_the_entry_before_lies)
{
    for (unsigned i = rounds(STEPS, 300); i > 0; i--) {
        if (below(STEPS / 3) == 0) {
            close_both();
            open_both();
        }
        append_one();
    }
    for (unsigned i = 0; i < KEYS; i++)
        assert_known(&keys[i]);
    ck_assert_uint_eq(assert_no_gap(journal), size);
    close_both();
    open_both();
    for (unsigned i = 0; i < KEYS; i++)
        assert_known(&keys[i]);
    ck_assert_uint_eq(assert_no_gap(journal), size);
}
END_TEST

/* ---- batches ------------------------------------------------------------ */

/* One that fails, if FAILS, because of a record in its middle. */
static void
append_some(size_t count, bool fails)
{
    struct journal_record records[BATCH];
    struct known before[KEYS];
    uint64_t seq = 77, start = size;
    int rc;

    memcpy(before, keys, sizeof(keys));
    for (size_t i = 0; i < count; i++) {
        struct known *known = &keys[below(KEYS)];

        records[i] = make_record(known);
        records[i].flags |= JOURNAL_EXPECT_SEQ;
        records[i].expect_seq = start + i;
        take(known, &records[i]);
    }
    if (fails)
        records[below(count)].expect_seq++;
    rc = journal_append_batch(handles[below(8) == 0], records, count, &seq);
    ck_assert_int_eq(rc, fails ? JOURNAL_CONFLICT : 0);
    ck_assert_uint_eq(seq, fails ? 77 : start);
    if (fails) {
        memcpy(keys, before, sizeof(keys));
        size = start;
    }
    ck_assert_uint_eq(figures(journal).size, size);
    for (unsigned i = 0; i < KEYS; i++)
        assert_known(&keys[i]);
}

START_TEST(a_batch_is_all_or_nothing_wherever_it_goes)
{
    for (unsigned i = rounds(STEPS / 8, 60); i > 0; i--)
        append_some(1 + below(BATCH), below(3) == 0);
    ck_assert_uint_eq(assert_no_gap(journal), size);
    close_both();
    open_both();
    ck_assert_uint_eq(assert_no_gap(journal), size);
    for (unsigned i = 0; i < KEYS; i++)
        assert_known(&keys[i]);
}
END_TEST

/* ---- histories ---------------------------------------------------------- */

/* All of a key's entries, found one by one from the newest back. */
static void
assert_links(const struct known *known)
{
    uint64_t at = known->latest, revision = known->revision;

    for (; at != JOURNAL_NONE; revision--) {
        struct journal_entry *entry = NULL;
        uint64_t next;

        if (journal_read(handles[0], at, &entry) != 0 ||
            entry->revision != revision ||
            memcmp(entry->key, known->key, entry->key_size) != 0)
            ck_abort_msg("entry %llu is not revision %llu of %s",
                         (unsigned long long)at, (unsigned long long)revision,
                         known->key);
        next = entry->prev;
        journal_entry_free(entry);
        at = next;
    }
    ck_assert_uint_eq(revision, 0);
}

START_TEST(links_go_on_over_the_end_of_the_tail)
{
    for (unsigned i = rounds(STEPS, 300); i > 0; i--) {
        append_one();
        if (below(100) == 0)
            assert_links(&keys[below(KEYS)]);
    }
    for (unsigned i = 0; i < KEYS; i++)
        assert_links(&keys[i]);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("tail rules");
    TCase *tcase = tcase_create("tail rules");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, conditions_hold_wherever_the_entry_before_lies);
    tcase_add_test(tcase, a_batch_is_all_or_nothing_wherever_it_goes);
    tcase_add_test(tcase, links_go_on_over_the_end_of_the_tail);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
