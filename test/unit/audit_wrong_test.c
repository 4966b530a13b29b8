/* audit_wrong_test.c - rows that are wrong, and whose checks are right. */
#include <stdlib.h>

#include "known.h"
#include "repair/audit_part.h"
#include "repair/graft.h"
#include "journal/create.h"
#include "support/fast_dir.h"
#include "support/mode.h"
#include "support/test.h"

static void
set_links(uint64_t seq, uint64_t revision, uint64_t prev, uint64_t jump)
{
    struct jn_links links = {revision, prev, jump, false, {0}};

    audited_set_links(&known, seq, &links);
}

/* ---- entries ------------------------------------------------------------- */

START_TEST(a_row_without_anything_sound_in_it_is_an_entry_that_is_bad)
{
    struct audited_row *row = &known.rows[JN_ENTRIES][30];
    uint8_t bytes[2 * JN_LINKS_MAX];

    memset(bytes, 0xff, sizeof(bytes));
    audited_set(row, jn_span(bytes, sizeof(bytes)));
    assert_counts(1, 0, 0, 30);
}
END_TEST

START_TEST(an_entry_that_is_met_twice_is_bad)
{
    const struct audited_row *row = &known.rows[JN_ENTRIES][30];

    audited_add(&known, JN_ENTRIES, jn_span(row->key, row->key_size),
                jn_span(row->value, row->value_size));
    assert_counts(1, 0, 0, 30);
}
END_TEST

START_TEST(an_entry_below_the_first_is_bad)
{
    struct audited_row row = known.rows[JN_ENTRIES][4];
    uint8_t key[8], value[200];
    struct jn_span span = {value, row.value_size};

    memcpy(key, row.key, sizeof(key));
    ck_assert_uint_le(row.value_size, sizeof(value));
    memcpy(value, row.value, row.value_size);
    ck_assert_int_eq(journal_prune(known_journal, 41, 0, NULL), 0);
    known_reopen();
    known_take();
    audited_add(&known, JN_ENTRIES, jn_span(key, sizeof(key)), span);
    assert_both(1, 0, 0, 4);
}
END_TEST

/* One entry of a key of its own, which is all that a compaction leaves. */
static void
compact_to_one(void)
{
    ck_assert_int_eq(journal_append(known_journal, "old", 3, "x", 1, NULL), 0);
    for (uint64_t seq = ENTRIES + 4; seq < ENTRIES + 24; seq++)
        known_append(seq);
    known_reopen();
    ck_assert_int_eq(journal_prune(known_journal, ENTRIES + 5,
                                   JOURNAL_PRUNE_KEEP_LATEST, NULL),
                     0);
    known_reopen();
    known_take();
    ck_assert_uint_eq(known.counts[JN_ENTRIES], 17);
    assert_both(0, 0, 0, JOURNAL_NONE);
}

START_TEST(a_sparse_part_lacks_its_first_entry)
{
    compact_to_one();
    audited_remove(&known, JN_ENTRIES, 0);
    assert_both(1, 0, 0, ENTRIES);
}
END_TEST

START_TEST(a_sparse_part_and_all_behind_it_is_gone)
{
    compact_to_one();
    while (known.counts[JN_ENTRIES] > 0)
        audited_remove(&known, JN_ENTRIES, 0);
    assert_both(17, 0, 0, ENTRIES);
}
END_TEST

/* ---- links --------------------------------------------------------------- */

START_TEST(stamps_replaced_that_cannot_be_are_noticed)
{
    struct jn_record record;
    struct jn_links links;

    audited_entry(&known, 41, &links, &record);
    links.stamp_before.time = 42;
    audited_set_links(&known, 41, &links);
    assert_both(0, 0, 1, 41);
    links.stamp_before.time = 37;
    audited_set_links(&known, 41, &links);
    audited_entry(&known, 1, &links, &record);
    links.replaced = true;
    audited_set_links(&known, 1, &links);
    assert_both(0, 0, 1, 1);
}
END_TEST

static void
prune_known(uint64_t first)
{
    ck_assert_int_eq(journal_prune(known_journal, first, 0, NULL), 0);
    known_reopen();
    known_take();
    assert_both(0, 0, 0, JOURNAL_NONE);
}

/* The 20th entry of `a`, whose jump should be what comes before it. */
START_TEST(links_that_cannot_be_are_noticed_where_nothing_comes_before)
{
    prune_known(76);
    set_links(76, 20, 72, 68);
    assert_both(0, 1, 1, 76);
}
END_TEST

START_TEST(links_that_cannot_be_are_noticed_behind_what_is_lost)
{
    audited_remove(&known, JN_ENTRIES, 40);
    set_links(44, 12, 40, 43);
    assert_both(1, 0, 1, 40);
}
END_TEST

START_TEST(a_jump_to_what_is_not_known_and_lost_may_be)
{
    struct jn_record record;
    struct jn_links links;

    prune_known(41);
    audited_entry(&known, 52, &links, &record);
    ck_assert_uint_lt(links.jump, 41);
    audited_remove(&known, JN_ENTRIES, audited_at(&known, 47));
    links.jump = 47;
    audited_set_links(&known, 52, &links);
    audited_retraces = true;
    assert_counts(1, 0, 0, 47);
}
END_TEST

/* `a` has its 23rd and one root that is not known, where `old` is. */
START_TEST(a_root_that_is_not_known_leads_to_no_entry_that_is_there)
{
    struct jn_chain chain;

    ck_assert_int_eq(journal_append(known_journal, "old", 3, "x", 1, NULL), 0);
    for (uint64_t seq = ENTRIES + 1; seq < ENTRIES + 16; seq++)
        known_append(seq);
    known_reopen();
    ck_assert_int_eq(journal_prune(known_journal, 92, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    known_reopen();
    known_take();
    assert_both(0, 0, 0, JOURNAL_NONE);
    audited_chain(&known, "a", &chain);
    ck_assert_uint_eq(chain.count, 3);
    ck_assert_uint_eq(chain.roots[0], 92);
    chain.roots[2] = ENTRIES;
    audited_set_chain(&known, "a", &chain);
    assert_both(0, 1, 0, JOURNAL_NONE);
}
END_TEST

/* ---- rows of `meta` ------------------------------------------------------ */

START_TEST(a_format_that_is_no_number_is_noticed)
{
    audited_set(audited_meta(&known, "format"), jn_span("2", 1));
    assert_counts(0, 1, 0, JOURNAL_NONE);
}
END_TEST

START_TEST(a_tail_that_begins_elsewhere_is_noticed)
{
    struct audited_row *row;
    uint8_t bytes[JN_TAIL_ROW_MAX];
    struct jn_tail_row tail;

    known_append(ENTRIES);
    known_append(ENTRIES + 1);
    known_take();
    row = audited_meta(&known, "tail");
    ck_assert_ptr_nonnull(row);
    ck_assert_int_eq(jn_tail_row_decode(&tail,
                                        jn_span(row->value, row->value_size)),
                     0);
    ck_assert(tail.open);
    tail.next++;
    jn_tail_row_end_ahead(&tail);
    audited_set(row, jn_span(bytes, jn_tail_row_encode(bytes, &tail)));
    assert_counts(0, 1, 0, JOURNAL_NONE);
}
END_TEST

/* ---- what is recent ------------------------------------------------------ */

START_TEST(a_chain_beside_a_recent_entry_says_something_else)
{
    struct audited_row *row;
    struct jn_chain chain;

    for (uint64_t seq = ENTRIES; seq < ENTRIES + 8; seq++)
        known_append(seq);
    known_take();
    ck_assert_uint_gt(known.recent_count, 5);
    row = &known.recent[known.recent_count - 4].chain;
    audited_read_chain(row, "a", &chain);
    chain.tombstone = true;
    audited_write_chain(row, "a", &chain);
    assert_both(0, 1, 0, JOURNAL_NONE);
}
END_TEST

START_TEST(a_damaged_row_under_what_is_recent_is_noticed)
{
    for (uint64_t seq = ENTRIES; seq < ENTRIES + 8; seq++)
        known_append(seq);
    known_take();
    ck_assert_uint_gt(known.recent_count, 4);
    known.rows[JN_LATEST][audited_row_of(&known, "b")].value[0] ^= 1;
    assert_both(0, 1, 0, JOURNAL_NONE);
}
END_TEST

/* What is recent has let the entry go that the row leads to. */
START_TEST(a_row_under_what_is_recent_may_lead_to_what_is_gone)
{
    struct jn_state state;

    ck_assert_int_eq(journal_append(known_journal, "new", 3, "1", 1, NULL), 0);
    for (uint64_t seq = ENTRIES + 1; seq < ENTRIES + 9; seq++)
        known_append(seq);
    known_reopen();
    ck_assert_int_eq(journal_prune(known_journal, ENTRIES, 0, NULL), 0);
    for (uint64_t seq = ENTRIES + 9; seq < ENTRIES + 13; seq++)
        known_append(seq);
    ck_assert_int_eq(journal_append(known_journal, "new", 3, "2", 1, NULL), 0);
    known_take();
    ck_assert_uint_gt(known.recent_count, 0);
    assert_both(0, 0, 0, JOURNAL_NONE);
    audited_remove(&known, JN_ENTRIES, 0);
    audited_state(&known, &state);
    state.first = state.dense = ENTRIES + 1;
    state.bytes_logical -= 4;
    audited_set_state(&known, &state);
    assert_both(0, 0, 0, JOURNAL_NONE);
}
END_TEST

/* ---- what a salvage has left --------------------------------------------- */

static void
graft_all_but(const bool *gone)
{
    struct jn_graft *graft;
    const char *path = test_path("holed");

    ck_assert_int_eq(jn_create_directory(path, 0700), 0);
    ck_assert_int_eq(jn_create_data(path, 0600, 0), 0);
    ck_assert_int_eq(jn_graft_open(&graft, path, 0600), 0);
    for (uint64_t seq = 0; seq < ENTRIES; seq++) {
        const struct audited_row *row = &known.rows[JN_ENTRIES][seq];

        if (!gone[seq])
            ck_assert_int_eq(jn_graft_add(graft, seq,
                                          jn_span(row->value, row->value_size),
                                          NULL),
                             0);
    }
    ck_assert_int_eq(jn_graft_end(graft, ENTRIES), 0);
    jn_graft_close(graft);
    journal_close(known_journal);
    ck_assert_int_eq(mode_open_as_is(path, NULL, &known_journal), 0);
    known_take();
}

/* Of `b` 37 is lost, whose stamp 41 replaced: that may well have been. */
START_TEST(in_a_journal_with_holes_a_stamp_may_have_come_with_what_is_lost)
{
    bool gone[ENTRIES] = {[37] = true};
    struct jn_record record;
    struct jn_links links;

    graft_all_but(gone);
    assert_both(0, 0, 0, JOURNAL_NONE);
    audited_entry(&known, 45, &links, &record);
    for (unsigned i = 0; i < 3; i++) {
        struct jn_links changed = links;

        /* One that nobody has; lower than the one in force; none. */
        changed.stamp_before.time = i == 0 ? 43 : 40;
        changed.replaced = i < 2;
        audited_set_links(&known, 45, &changed);
        audited_retraces = true;
        assert_counts(0, 0, i > 0, i > 0 ? 45 : JOURNAL_NONE);
    }
}
END_TEST

/* ---- bounds -------------------------------------------------------------- */

START_TEST(keys_of_one_bucket_take_what_memory_they_need)
{
    audited_retraces = true;
    audited_keys_bytes_max = 1;
    assert_counts(0, 0, 0, JOURNAL_NONE);
    audited_remove(&known, JN_LATEST, audited_row_of(&known, "c"));
    assert_counts(0, 1, 0, JOURNAL_NONE);
}
END_TEST

START_TEST(of_numbers_beyond_count_none_is_sure)
{
    const struct jn_state state = {.next = UINT64_C(1) << 40,
                                   .dense = UINT64_C(1) << 40};
    const uint64_t numbers[] = {0, (UINT64_C(1) << 28) - 1};
    struct jn_audit *audit;

    ck_assert_int_eq(jn_audit_open(&audit, &state, state.next), 0);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(jn_audit_is_there(audit, numbers[i]), JN_GONE);
        ck_assert_int_eq(jn_audit_set_add(&audit->present, numbers[i]), 0);
        ck_assert_int_eq(jn_audit_is_there(audit, numbers[i]), JN_THERE);
    }
    ck_assert_int_eq(jn_audit_is_there(audit, UINT64_C(1) << 28), JN_UNCERTAIN);
    ck_assert_int_eq(jn_audit_is_there(audit, state.next - 1), JN_UNCERTAIN);
    ck_assert_int_eq(jn_audit_is_there(audit, state.next), JN_THERE);
    jn_audit_close(audit);
}
END_TEST

/* An entry far up in a sparse part, and the last one. */
START_TEST(entries_far_apart_are_sound)
{
    const uint64_t far = UINT64_C(1) << 40;
    const struct jn_state state = {.next = far,
                                   .dense = far,
                                   .bytes_logical = 0};
    const struct jn_record record = {.value = {NULL, 0}};
    const struct jn_links links = {0, JOURNAL_NONE, JOURNAL_NONE, false, {0}};
    struct jn_audit_counts counts;
    struct jn_audit *audit;

    ck_assert_int_eq(jn_audit_open(&audit, &state, state.next), 0);
    for (uint64_t seq = 0; seq < far; seq = seq == 0 ? far - 1 : far) {
        uint8_t bytes[100], key[8];
        uint8_t *end = jn_links_encode(bytes, &links, seq);

        jn_record_seal(end, jn_record_encode(end, &record), seq, 1);
        jn_put_be64(key, seq);
        ck_assert_int_eq(jn_audit_entry(audit, jn_span(key, 8),
                                        jn_span(bytes,
                                                (size_t)(end - bytes) +
                                                    jn_record_size(&record))),
                         0);
    }
    jn_audit_counts(audit, &counts);
    ck_assert_uint_eq(counts.entries_checked, 2);
    ck_assert_uint_eq(counts.entries_bad, 0);
    jn_audit_close(audit);
}
END_TEST

/* More ranges than are kept: each number may be lost then. */
START_TEST(of_too_many_ranges_any_number_may_be_lost)
{
    struct jn_audit_ranges ranges = {0};

    for (uint64_t i = 0; i < UINT64_C(1) << 20; i++)
        ck_assert_int_eq(jn_audit_ranges_add(&ranges, 3 * i, 3 * i + 1), 0);
    ck_assert(jn_audit_ranges_have(&ranges, 3));
    ck_assert(!jn_audit_ranges_have(&ranges, 4));
    ck_assert_int_eq(jn_audit_ranges_add(&ranges, UINT64_C(1) << 30,
                                         UINT64_C(1) << 31),
                     0);
    ck_assert(jn_audit_ranges_have(&ranges, 4));
    free(ranges.list);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("audit_wrong");
    TCase *full = tcase_create("full");

    tcase_add_unchecked_fixture(full, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(full, known_setup_full, known_teardown);
    tcase_add_test(full,
                   a_row_without_anything_sound_in_it_is_an_entry_that_is_bad);
    tcase_add_test(full, an_entry_that_is_met_twice_is_bad);
    tcase_add_test(full, an_entry_below_the_first_is_bad);
    tcase_add_test(full, a_sparse_part_lacks_its_first_entry);
    tcase_add_test(full, a_sparse_part_and_all_behind_it_is_gone);
    tcase_add_test(full, stamps_replaced_that_cannot_be_are_noticed);
    tcase_add_test(full,
                   links_that_cannot_be_are_noticed_where_nothing_comes_before);
    tcase_add_test(full, links_that_cannot_be_are_noticed_behind_what_is_lost);
    tcase_add_test(full, a_jump_to_what_is_not_known_and_lost_may_be);
    tcase_add_test(full,
                   a_root_that_is_not_known_leads_to_no_entry_that_is_there);
    tcase_add_test(full, a_format_that_is_no_number_is_noticed);
    tcase_add_test(full, a_tail_that_begins_elsewhere_is_noticed);
    tcase_add_test(full, a_chain_beside_a_recent_entry_says_something_else);
    tcase_add_test(full, a_damaged_row_under_what_is_recent_is_noticed);
    tcase_add_test(full, a_row_under_what_is_recent_may_lead_to_what_is_gone);
    tcase_add_test(
        full, in_a_journal_with_holes_a_stamp_may_have_come_with_what_is_lost);
    tcase_add_test(full, keys_of_one_bucket_take_what_memory_they_need);
    tcase_add_test(full, of_numbers_beyond_count_none_is_sure);
    tcase_add_test(full, entries_far_apart_are_sound);
    tcase_add_test(full, of_too_many_ranges_any_number_may_be_lost);
    suite_add_tcase(suite, full);
    return suite;
}

TEST_MAIN(suite)
