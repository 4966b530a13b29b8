/* audit_ahead_test.c - an index that is ahead of the store, right and wrong. */
#include "repair/audit.h"

#include <stdlib.h>

#include "known.h"
#include "settle.h"
#include "support/fast_dir.h"
#include "support/test.h"

/* Entries of the round, and those that are appended when it has begun. */
#define ROUND 24u
#define LATER 8u

/* Keys of the round: `a`, `b`, `c`, which the store has, and `new`. */
#define KEYS 4u

static void
append(const char *key)
{
    ck_assert_int_eq(journal_append(known_journal, key, strlen(key), "x", 1,
                                    NULL),
                     0);
}

/* A round of which the rows of DONE keys have been written. */
static void
begin_round(uint64_t done)
{
    struct jn_tail_row tail;

    known_append(ENTRIES); /* a process begins in the store */
    for (uint64_t seq = ENTRIES + 1; seq < ENTRIES + ROUND; seq++)
        known_append(seq);
    append("new");
    settle_some(known_journal, done);
    append("new");
    for (uint64_t seq = 0; seq < LATER; seq++)
        known_append(ENTRIES + ROUND + 2 + seq);
    append("newer");
    known_take();
    audited_tail(&known, &tail);
    ck_assert(jn_tail_row_is_ahead(&tail));
    ck_assert_uint_eq(tail.ahead, ENTRIES + ROUND + 1);
    ck_assert_uint_eq(tail.keyed, done < KEYS ? done : JN_ALL_KEYED);
    assert_both(0, 0, 0, JOURNAL_NONE);
}

/* ---- sound --------------------------------------------------------------- */

START_TEST(a_round_is_sound_at_each_step)
{
    struct jn_audit_counts counts;
    unsigned steps = 0;

    begin_round(1);
    for (; known_is_ahead(); steps++) {
        ck_assert_uint_eq(audited_run(&known, &counts), 1);
        assert_both(0, 0, 0, JOURNAL_NONE);
        settle_some(known_journal, 1);
    }
    ck_assert_uint_gt(steps, KEYS + ROUND / 2);
    assert_both(0, 0, 0, JOURNAL_NONE);
}
END_TEST

/*
 * The older entries of all keys go, a tombstone among them; the rows stay, for
 * they lead to what is recent.
 */
START_TEST(a_round_is_sound_when_all_that_is_stored_is_pruned)
{
    struct jn_tail_row tail;

    ck_assert_int_eq(journal_delete(known_journal, "c", 1, NULL), 0);
    append("d");
    known_reopen();
    ck_assert_int_eq(journal_delete(known_journal, "a", 1, NULL), 0);
    append("c");
    append("a");
    ck_assert_int_eq(journal_delete(known_journal, "a", 1, NULL), 0);
    ck_assert_int_eq(journal_delete(known_journal, "c", 1, NULL), 0);
    append("c");
    known_append(ENTRIES + 1);
    append("new");
    settle_some(known_journal, KEYS);
    for (uint64_t first = ENTRIES - 8; first < ENTRIES + 4; first++) {
        ck_assert_int_eq(journal_prune(known_journal, first, 0, NULL), 0);
        known_take();
        audited_tail(&known, &tail);
        ck_assert(jn_tail_row_is_ahead(&tail));
        assert_both(0, 0, 0, JOURNAL_NONE);
    }
    while (known_is_ahead()) {
        assert_both(0, 0, 0, JOURNAL_NONE);
        settle_some(known_journal, 1);
    }
    assert_both(0, 0, 0, JOURNAL_NONE);
}
END_TEST

/* ---- rows that are wrong ------------------------------------------------- */

static void
change_to_later(struct jn_chain *chain)
{
    chain->roots[0] = ENTRIES + ROUND + 1;
}

static void
change_to_none(struct jn_chain *chain)
{
    chain->roots[0] = UINT64_C(1) << 40;
}

/* Only of one that has its jump there. */
static void
change_to_older(struct jn_chain *chain)
{
    chain->roots[0] -= 4;
    if (chain->count > 1 && chain->roots[1] >= chain->roots[0])
        chain->roots[1] = chain->roots[0] - 4;
}

static void (*const changes[])(struct jn_chain *) = {
    known_spoil_tombstone, known_spoil_last_root, known_spoil_stamp,
    known_spoil_newest,    change_to_later,       change_to_older,
    change_to_none,
};

START_TEST(each_wrong_row_that_is_ahead_is_noticed_and_counted_once)
{
    static const char *const keys[] = {"a", "b", "c"};

    begin_round(KEYS);
    for (unsigned i = 0; i < 3; i++) {
        struct jn_chain chain, changed;

        audited_chain(&known, keys[i], &chain);
        ck_assert_uint_ge(chain.roots[0], ENTRIES);
        changed = chain;
        changes[_i](&changed);
        audited_set_chain(&known, keys[i], &changed);
        assert_both(0, 1, 0, JOURNAL_NONE);
        audited_set_chain(&known, keys[i], &chain);
    }
    assert_both(0, 0, 0, JOURNAL_NONE);
}
END_TEST

/* What the row of KEY is where the index is not ahead, to be put back. */
static void
set_stored(const char *key, const struct audited *stored)
{
    struct jn_chain chain;

    audited_chain(stored, key, &chain);
    audited_set_chain(&known, key, &chain);
}

/* The rows of the keys that the store has as they were before the round. */
static void
begin_beside(struct audited *stored, uint64_t done)
{
    known_append(ENTRIES);
    audited_take(stored, known_journal);
    for (uint64_t seq = ENTRIES + 1; seq < ENTRIES + ROUND; seq++)
        known_append(seq);
    append("new");
    settle_some(known_journal, done);
    known_take();
    assert_both(0, 0, 0, JOURNAL_NONE);
}

START_TEST(a_row_that_was_left_behind_is_noticed)
{
    struct audited stored;

    begin_beside(&stored, KEYS);
    set_stored("b", &stored);
    assert_both(0, 1, 0, JOURNAL_NONE);
    set_stored("c", &stored);
    assert_both(0, 2, 0, JOURNAL_NONE);
    audited_free(&stored);
}
END_TEST

START_TEST(a_row_that_is_missing_is_noticed)
{
    begin_round(KEYS);
    audited_remove(&known, JN_LATEST, audited_row_of(&known, "b"));
    assert_both(0, 1, 0, JOURNAL_NONE);
    audited_remove(&known, JN_LATEST, audited_row_of(&known, "new"));
    assert_both(0, 2, 0, JOURNAL_NONE);
}
END_TEST

START_TEST(a_row_that_should_be_there_by_its_turn_is_noticed)
{
    struct audited stored;

    begin_beside(&stored, 2);
    set_stored("b", &stored);
    assert_both(0, 1, 0, JOURNAL_NONE);
    audited_free(&stored);
}
END_TEST

/* `c` comes before `new`, and would never get its row. */
START_TEST(a_row_out_of_its_turn_is_noticed)
{
    struct jn_tail_row tail;
    struct audited stored;

    begin_beside(&stored, KEYS);
    audited_tail(&known, &tail);
    tail.keyed = KEYS - 1;
    audited_set_tail(&known, &tail);
    assert_both(0, 1, 0, JOURNAL_NONE);
    set_stored("c", &stored);
    assert_both(0, 1, 0, JOURNAL_NONE);
    audited_free(&stored);
}
END_TEST

START_TEST(a_row_of_a_key_without_entries_in_the_round_is_noticed)
{
    struct jn_chain chain = {.revision = 1, .count = 1, .roots = {ENTRIES + 4}};

    begin_round(KEYS);
    audited_add_chain(&known, "other", &chain);
    assert_both(0, 1, 0, JOURNAL_NONE);
}
END_TEST

START_TEST(any_flipped_bit_of_a_row_that_is_ahead_is_noticed)
{
    begin_round(KEYS);
    for (size_t i = 0; i < known.counts[JN_LATEST]; i++)
        assert_flips_found(&known.rows[JN_LATEST][i], 0, 1, assert_counts);
}
END_TEST

/* ---- figures that are wrong ---------------------------------------------- */

START_TEST(figures_of_a_round_that_do_not_add_up_are_noticed)
{
    struct jn_tail_row tail, changed;
    struct jn_state state;

    begin_round(2);
    audited_tail(&known, &tail);
    for (unsigned i = 0; i < 3; i++) {
        changed = tail;
        changed.keyed += i == 0;
        changed.keyed -= i == 1;
        changed.ahead_rows += i == 2;
        audited_set_tail(&known, &changed);
        assert_both(0, 1, 0, JOURNAL_NONE);
    }
    audited_set_tail(&known, &tail);
    audited_state(&known, &state);
    state.tombstones++;
    audited_set_state(&known, &state);
    assert_both(0, 1, 0, JOURNAL_NONE);
}
END_TEST

START_TEST(a_format_that_knows_of_no_round_is_noticed)
{
    begin_round(2);
    audited_meta(&known, "format")->value[7] = 2;
    assert_both(0, 1, 0, JOURNAL_NONE);
}
END_TEST

/* ---- what is recent, and damaged ----------------------------------------- */

/* The first of their keys, some in between, and the last that rows know of. */
START_TEST(a_damaged_entry_of_a_round_is_noticed_and_no_row_is_blamed)
{
    begin_round(_i == 0 ? 2 : KEYS);
    for (size_t i = 0; i < known.recent_count; i++) {
        struct audited_recent *recent = &known.recent[i];
        struct audited_row *row = &recent->row;
        struct jn_audit_counts counts;

        for (size_t at = 0; at < row->value_size; at += known_step(3)) {
            row->value[at] ^= 4;
            (void)audited_run(&known, &counts);
            ck_assert_uint_eq(counts.entries_bad + counts.links_bad, 1);
            ck_assert_uint_eq(counts.index_bad, 0);
            ck_assert_uint_eq(counts.first_bad, recent->seq);
            row->value[at] ^= 4;
        }
    }
}
END_TEST

static void
forget_recent(struct audited_recent *recent)
{
    free(recent->row.key);
    free(recent->row.value);
    free(recent->chain.key);
    free(recent->chain.value);
}

START_TEST(what_is_missing_of_a_round_is_noticed_and_no_row_is_blamed)
{
    begin_round(_i == 0 ? 2 : KEYS);
    for (size_t from = 0; from + 1 < known.recent_count; from++) {
        struct audited_recent *recent = &known.recent[from];
        uint64_t seq = recent->seq;

        /* The last stays, so that a number is missing, and no end. */
        for (size_t count = 1; known.recent_count - from > 2 && count < 5;
             count++) {
            forget_recent(recent);
            known.recent_count--;
            memmove(recent, recent + 1,
                    (known.recent_count - from) * sizeof(*recent));
            assert_both(count, 0, 0, seq);
        }
        known_take();
    }
}
END_TEST

START_TEST(a_round_whose_end_is_missing_is_noticed_and_no_row_is_blamed)
{
    size_t count;

    begin_round(KEYS);
    count = known.recent_count;
    for (uint64_t missing = 1; missing <= count; missing++) {
        known.recent_count--;
        assert_both(missing, 0, 0, known.size - missing);
    }
    known.recent_count = count;
}
END_TEST

START_TEST(any_flipped_bit_of_a_chain_of_a_round_is_noticed)
{
    begin_round(_i == 0 ? 2 : KEYS);
    for (size_t i = 0; i < known.recent_count; i++)
        assert_flips_found(&known.recent[i].chain, i % 8, 4, assert_both);
}
END_TEST

/*
 * Chains of `a` that are well sealed.  What the first one says of a stamp is
 * all that those behind it can be held against.
 */
START_TEST(a_chain_of_a_round_that_says_something_else_is_noticed)
{
    begin_round(KEYS);
    for (uint64_t seq = ENTRIES + 4; seq < ENTRIES + ROUND; seq += 4) {
        struct audited_row *row = &known_recent(seq)->chain;
        struct jn_chain chain, changed;

        audited_read_chain(row, "a", &chain);
        changed = chain;
        if (chain.count == 1)
            known_spoil_tombstone(&changed);
        else
            changes[_i](&changed);
        audited_write_chain(row, "a", &changed);
        if (_i == 2 && seq == ENTRIES + 4)
            ck_assert(!audited_is_sound(&known));
        else
            assert_both(0, 1, 0, JOURNAL_NONE);
        audited_write_chain(row, "a", &chain);
    }
    assert_both(0, 0, 0, JOURNAL_NONE);
}
END_TEST

START_TEST(wrong_links_of_a_round_are_noticed)
{
    begin_round(KEYS);
    for (uint64_t seq = ENTRIES + 4; seq < ENTRIES + ROUND; seq += 4) {
        struct audited_row *row = &known_recent(seq)->row;
        struct jn_links links, changed;

        audited_read_links(row, seq, &links);
        changed = links;
        changed.jump -= 4;
        audited_write_links(row, seq, &changed);
        assert_both(0, 0, 1, seq);
        audited_write_links(row, seq, &links);
    }
}
END_TEST

START_TEST(a_frame_of_a_round_that_tells_its_key_wrong_is_noticed)
{
    begin_round(KEYS);
    for (uint64_t seq = known.recent->seq; seq <= ENTRIES + ROUND; seq++) {
        if (known_recent(seq)->chain.value_size == 0)
            continue;
        known_recent(seq)->fresh ^= 1;
        assert_both(0, 1, 0, JOURNAL_NONE);
        known_recent(seq)->fresh ^= 1;
        known_recent(seq)->buried ^= 1;
        assert_both(0, 1, 0, JOURNAL_NONE);
        known_recent(seq)->buried ^= 1;
    }
}
END_TEST

START_TEST(what_is_damaged_in_the_store_is_noticed_under_a_round)
{
    begin_round(KEYS);
    for (uint64_t seq = ENTRIES - 4; seq <= ENTRIES; seq++) {
        struct audited_row
            *row = &known.rows[JN_ENTRIES][audited_at(&known, seq)];

        row->value[row->value_size - 1] ^= 1;
        assert_both(1, 0, 0, seq);
        row->value[row->value_size - 1] ^= 1;
        row->value[1] ^= 1;
        /* One without a key has its record there. */
        assert_both(seq % 4 == 3, 0, seq % 4 < 3, seq);
        row->value[1] ^= 1;
    }
    audited_remove(&known, JN_ENTRIES, audited_at(&known, ENTRIES - 4));
    assert_both(1, 0, 0, ENTRIES - 4);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("audit_ahead");
    TCase *full = tcase_create("full");
    const int kinds = (int)(sizeof(changes) / sizeof(changes[0]));

    tcase_add_unchecked_fixture(full, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(full, known_setup_full, known_teardown);
    tcase_set_timeout(full, 120);
    tcase_add_test(full, a_round_is_sound_at_each_step);
    tcase_add_test(full, a_round_is_sound_when_all_that_is_stored_is_pruned);
    tcase_add_loop_test(
        full, each_wrong_row_that_is_ahead_is_noticed_and_counted_once, 0,
        kinds);
    tcase_add_test(full, a_row_that_was_left_behind_is_noticed);
    tcase_add_test(full, a_row_that_is_missing_is_noticed);
    tcase_add_test(full, a_row_that_should_be_there_by_its_turn_is_noticed);
    tcase_add_test(full, a_row_out_of_its_turn_is_noticed);
    tcase_add_test(full,
                   a_row_of_a_key_without_entries_in_the_round_is_noticed);
    tcase_add_test(full, any_flipped_bit_of_a_row_that_is_ahead_is_noticed);
    tcase_add_test(full, figures_of_a_round_that_do_not_add_up_are_noticed);
    tcase_add_test(full, a_format_that_knows_of_no_round_is_noticed);
    tcase_add_loop_test(
        full, a_damaged_entry_of_a_round_is_noticed_and_no_row_is_blamed, 0, 2);
    tcase_add_loop_test(
        full, what_is_missing_of_a_round_is_noticed_and_no_row_is_blamed, 0, 2);
    tcase_add_test(
        full, a_round_whose_end_is_missing_is_noticed_and_no_row_is_blamed);
    tcase_add_loop_test(full, any_flipped_bit_of_a_chain_of_a_round_is_noticed,
                        0, 2);
    tcase_add_loop_test(full,
                        a_chain_of_a_round_that_says_something_else_is_noticed,
                        0, 3);
    tcase_add_test(full, wrong_links_of_a_round_are_noticed);
    tcase_add_test(full,
                   a_frame_of_a_round_that_tells_its_key_wrong_is_noticed);
    tcase_add_test(full, what_is_damaged_in_the_store_is_noticed_under_a_round);
    suite_add_tcase(suite, full);
    return suite;
}

TEST_MAIN(suite)
