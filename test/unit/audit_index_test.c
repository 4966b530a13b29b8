/* audit_index_test.c - what is wrong with keys, figures, frames is found. */
#include "repair/audit.h"

#include "known.h"
#include "support/fast_dir.h"
#include "support/test.h"

/* ---- rows of keys ------------------------------------------------------- */

START_TEST(any_flipped_bit_of_a_row_of_the_index_is_noticed)
{
    struct jn_audit_counts counts;

    for (size_t i = 0; i < known.counts[JN_LATEST]; i++) {
        struct audited_row *row = &known.rows[JN_LATEST][i];

        assert_flips_found(row, 0, 1, assert_counts);
        /* Under another key it is damaged, and the key has none. */
        for (size_t bit = 0; bit < 8 * row->key_size; bit += known_step(1)) {
            row->key[bit / 8] ^= (uint8_t)(1u << bit % 8);
            (void)audited_run(&known, &counts);
            ck_assert_uint_eq(counts.index_bad, 2);
            ck_assert_uint_eq(counts.entries_bad + counts.links_bad, 0);
            row->key[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}
END_TEST

START_TEST(a_key_without_a_row_is_noticed)
{
    audited_remove(&known, JN_LATEST, audited_row_of(&known, "a"));
    assert_counts(0, 1, 0, JOURNAL_NONE);
}
END_TEST

static void
change_nothing(struct jn_chain *chain)
{
    (void)chain;
}

/* As it was before the latest entry. */
static void
set_stale(struct jn_chain *chain)
{
    struct jn_chain stale = {0};
    struct jn_links links;

    for (uint64_t seq = chain->roots[0] % 4; seq < chain->roots[0]; seq += 4) {
        struct journal_stamp stamp = {seq, {1}};

        jn_chain_push(&stale, seq, seq % 20 == 2,
                      chain->stamped ? &stamp : NULL, &links);
    }
    *chain = stale;
}

static void
set_chain_revision(struct jn_chain *chain)
{
    struct jn_chain other = {.stamped = chain->stamped, .stamp = chain->stamp};
    struct jn_links links;

    /* Revisions 20 and 21 have as many roots: 15, 3, 1, 1 and 15, 3, 3. */
    for (unsigned i = 0; i < 21; i++)
        jn_chain_push(&other, 4 * i, false, NULL, &links);
    memcpy(other.roots, chain->roots, chain->count * sizeof(uint64_t));
    *chain = other;
}

static void
set_chain_root(struct jn_chain *chain)
{
    chain->roots[1]--;
}

static void (*const chain_changes[])(struct jn_chain *) = {
    change_nothing,        set_stale,
    known_spoil_tombstone, set_chain_root,
    known_spoil_last_root, known_spoil_newest,
    known_spoil_stamp,     set_chain_revision,
};

START_TEST(each_kind_of_wrong_row_is_noticed_and_counted_once)
{
    static const char *const keys[] = {"a", "b", "c"};
    size_t kinds = sizeof(chain_changes) / sizeof(chain_changes[0]);

    for (size_t i = 0; i < 3 * kinds; i++) {
        struct jn_chain chain, changed;

        audited_chain(&known, keys[i % 3], &chain);
        changed = chain;
        chain_changes[i / 3](&changed);
        audited_set_chain(&known, keys[i % 3], &changed);
        assert_counts(0, i / 3 > 0, 0, JOURNAL_NONE);
        audited_set_chain(&known, keys[i % 3], &chain);
    }
    assert_sound();
}
END_TEST

START_TEST(a_row_of_a_key_without_entries_is_noticed)
{
    struct jn_chain chain = {.revision = 1, .count = 1, .roots = {40}};

    audited_add_chain(&known, "new", &chain);
    assert_counts(0, 1, 0, JOURNAL_NONE);
}
END_TEST

START_TEST(a_row_that_leads_to_what_is_pruned_is_noticed)
{
    struct jn_chain chain;

    ck_assert_int_eq(journal_prune(known_journal, 41, 0, NULL), 0);
    known_reopen();
    known_take();
    assert_sound();
    audited_chain(&known, "a", &chain);
    while (known.counts[JN_ENTRIES] > 0)
        audited_remove(&known, JN_ENTRIES, 0);
    for (unsigned i = 0; i < 3; i++) {
        struct jn_state state;

        audited_state(&known, &state);
        state.first = state.dense = state.next;
        state.bytes_logical = 0;
        audited_set_state(&known, &state);
    }
    assert_counts(0, 3, 0, JOURNAL_NONE);
}
END_TEST

/* ---- the journal's own rows --------------------------------------------- */

/* Whether the value of ROW with BIT flipped is one that it may have, too. */
static bool
may_be_flipped(const struct audited_row *row, size_t bit)
{
    struct jn_span key = jn_span(row->key, row->key_size);

    /* The lowest two tell format 3 from the older ones. */
    if (jn_span_equal(key, jn_span("format", 6)))
        return bit >= 56 && bit < 58;
    return jn_span_equal(key, jn_span("id", 2)) ||
           jn_span_equal(key, jn_span("created", 7));
}

START_TEST(any_flipped_bit_of_the_own_rows_is_noticed_that_can_be)
{
    ck_assert_int_eq(journal_mark(known_journal, "reader", 7), 0);
    ck_assert_int_eq(journal_rewind(known_journal, ENTRIES - 1), 0);
    known_reopen();
    known_take();
    assert_sound();
    for (size_t i = 0; i < known.counts[JN_META]; i++) {
        struct audited_row *row = &known.rows[JN_META][i];

        for (size_t bit = 0; bit < 8 * row->value_size; bit += known_step(1)) {
            row->value[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_counts(0, !may_be_flipped(row, bit), 0, JOURNAL_NONE);
            row->value[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        row->key[0] ^= 1;
        ck_assert(!audited_is_sound(&known));
        row->key[0] ^= 1;
    }
}
END_TEST

START_TEST(a_missing_row_of_its_own_is_noticed)
{
    static const char *const names[] = {"format", "id",    "created",
                                        "next",   "first", "totals"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct audited_row *row = audited_meta(&known, names[i]);

        audited_remove(&known, JN_META, (size_t)(row - known.rows[JN_META]));
        assert_counts(0, 1, 0, JOURNAL_NONE);
        known_take();
    }
}
END_TEST

START_TEST(figures_that_do_not_add_up_are_noticed)
{
    struct jn_state state, changed;

    audited_state(&known, &state);
    for (unsigned i = 0; i < 4; i++) {
        changed = state;
        changed.tombstones += i == 0;
        changed.bytes_logical += i == 1;
        changed.last_time += i == 2;
        changed.last_time -= i == 3;
        audited_set_state(&known, &changed);
        assert_counts(0, 1, 0, JOURNAL_NONE);
    }
}
END_TEST

START_TEST(bounds_that_are_not_those_of_the_entries_are_noticed)
{
    struct jn_state state, changed;

    audited_state(&known, &state);
    changed = state;
    changed.next++;
    known.size++;
    audited_set_state(&known, &changed);
    assert_counts(1, 0, 0, ENTRIES);
    changed = state;
    changed.next--;
    audited_set_state(&known, &changed);
    ck_assert(!audited_is_sound(&known));
    changed = state;
    changed.first = changed.dense = 3;
    audited_set_state(&known, &changed);
    ck_assert(!audited_is_sound(&known));
}
END_TEST

START_TEST(a_mark_beyond_the_end_is_noticed)
{
    ck_assert_int_eq(journal_mark(known_journal, "reader", ENTRIES), 0);
    known_take();
    assert_sound();
    known.size--;
    assert_counts(0, 1, 0, JOURNAL_NONE);
}
END_TEST

/* ---- what is recent ------------------------------------------------------ */

static void
take_recent(void)
{
    for (uint64_t seq = ENTRIES; seq < ENTRIES + 24; seq++)
        known_append(seq);
    ck_assert_int_eq(journal_append(known_journal, "new", 3, "x", 1, NULL), 0);
    known_take();
    ck_assert_uint_gt(known.recent_count, 20);
    assert_sound();
}

START_TEST(any_flipped_bit_of_what_is_recent_is_noticed)
{
    take_recent();
    for (size_t i = 0; i < known.recent_count; i++) {
        struct audited_recent *recent = &known.recent[i];
        struct audited_row *row = &recent->row;
        struct jn_audit_counts counts;

        for (size_t bit = i % 8; bit < 8 * row->value_size;
             bit += known_step(8)) {
            row->value[bit / 8] ^= (uint8_t)(1u << bit % 8);
            (void)audited_run(&known, &counts);
            ck_assert_uint_eq(counts.entries_bad + counts.links_bad, 1);
            ck_assert_uint_eq(counts.index_bad, 0);
            ck_assert_uint_eq(counts.first_bad, recent->seq);
            row->value[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_flips_found(&recent->chain, i % 8, 8, assert_counts);
    }
}
END_TEST

START_TEST(what_is_missing_of_what_is_recent_is_noticed)
{
    take_recent();
    known.size += 2;
    assert_counts(2, 0, 0, known.size - 2);
    known.size -= 2;
    known.recent_count -= 3;
    assert_counts(3, 0, 0, known.size - 3);
    known.recent_count += 3;
}
END_TEST

START_TEST(wrong_links_of_what_is_recent_are_noticed)
{
    struct audited_recent *recent;
    struct jn_links links;

    take_recent();
    recent = known_recent(ENTRIES + 4);
    audited_read_links(&recent->row, recent->seq, &links);
    links.jump = links.prev = links.prev - 4;
    audited_write_links(&recent->row, recent->seq, &links);
    assert_counts(0, 0, 1, recent->seq);
}
END_TEST

START_TEST(a_frame_that_tells_its_key_wrong_is_noticed)
{
    take_recent();
    known_recent(ENTRIES + 4)->fresh ^= 1;
    assert_counts(0, 1, 0, JOURNAL_NONE);
    known_recent(ENTRIES + 4)->fresh ^= 1;
    known_recent(ENTRIES + 6)->buried ^= 1;
    assert_counts(0, 1, 0, JOURNAL_NONE);
}
END_TEST

START_TEST(a_wrong_row_is_noticed_under_what_is_recent)
{
    struct jn_chain chain;

    take_recent();
    audited_chain(&known, "a", &chain);
    set_stale(&chain);
    audited_set_chain(&known, "a", &chain);
    assert_counts(0, 1, 0, JOURNAL_NONE);
}
END_TEST

START_TEST(a_damaged_entry_is_noticed_under_what_is_recent)
{
    take_recent();
    known.rows[JN_ENTRIES][ENTRIES - 4].value[20] ^= 1;
    assert_counts(1, 0, 0, ENTRIES - 4);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("audit_index");
    TCase *full = tcase_create("full");

    tcase_add_unchecked_fixture(full, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(full, known_setup_full, known_teardown);
    tcase_add_test(full, any_flipped_bit_of_a_row_of_the_index_is_noticed);
    tcase_add_test(full, a_key_without_a_row_is_noticed);
    tcase_add_loop_test(full,
                        each_kind_of_wrong_row_is_noticed_and_counted_once, 0,
                        (int)(sizeof(chain_changes) /
                              sizeof(chain_changes[0])));
    tcase_add_test(full, a_row_of_a_key_without_entries_is_noticed);
    tcase_add_test(full, a_row_that_leads_to_what_is_pruned_is_noticed);
    tcase_add_test(full,
                   any_flipped_bit_of_the_own_rows_is_noticed_that_can_be);
    tcase_add_test(full, a_missing_row_of_its_own_is_noticed);
    tcase_add_test(full, figures_that_do_not_add_up_are_noticed);
    tcase_add_test(full, bounds_that_are_not_those_of_the_entries_are_noticed);
    tcase_add_test(full, a_mark_beyond_the_end_is_noticed);
    tcase_add_test(full, any_flipped_bit_of_what_is_recent_is_noticed);
    tcase_add_test(full, what_is_missing_of_what_is_recent_is_noticed);
    tcase_add_test(full, wrong_links_of_what_is_recent_are_noticed);
    tcase_add_test(full, a_frame_that_tells_its_key_wrong_is_noticed);
    tcase_add_test(full, a_wrong_row_is_noticed_under_what_is_recent);
    tcase_add_test(full, a_damaged_entry_is_noticed_under_what_is_recent);
    suite_add_tcase(suite, full);
    return suite;
}

TEST_MAIN(suite)
