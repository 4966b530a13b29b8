/* graft_test.c - entries with numbers of their own enter a store. */
#include "repair/graft.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "journal/create.h"
#include "base/error.h"
#include "golden.h"
#include "settle.h"
#include "support/fast_dir.h"
#include "support/figures.h"
#include "support/motley.h"
#include "support/test.h"
#include "journal/view.h"

#define ENTRIES 400u

static struct journal *source, *target;
static struct jn_graft *graft;
static uint64_t chance;

/* A source, and a new journal that nobody has open. */
static void
setup(void)
{
    test_setup();
    chance = test_seed();
    ck_assert_int_eq(journal_open(test_path("source"), NULL, &source), 0);
    ck_assert_int_eq(jn_create_directory(test_path("target"), 0700), 0);
    ck_assert_int_eq(jn_create_data(test_path("target"), 0600, 0), 0);
    ck_assert_int_eq(jn_graft_open(&graft, test_path("target"), 0600), 0);
    target = NULL;
}

static void
teardown(void)
{
    /* What is missing is no fault of the journal. */
    if (target != NULL)
        motley_assert_sound(target);
    jn_graft_close(graft);
    journal_close(target);
    journal_close(source);
    test_teardown();
}

static uint64_t
below(uint64_t limit)
{
    return test_random(&chance) % limit;
}

static void
append_some(unsigned count)
{
    motley_append_some(source, count, &chance);
}

/* ---- grafting ------------------------------------------------------------ */

/* Which of the source's entries are there; those that have other links. */
static bool gone[ENTRIES + 1];
static unsigned anew_count;

static void
graft_row(uint64_t seq, struct jn_span row)
{
    bool anew = false;

    if (seq <= ENTRIES && gone[seq])
        return;
    ck_assert_int_eq(jn_graft_add(graft, seq, row, &anew), 0);
    ck_assert_uint_eq(jn_graft_next(graft), seq + 1);
    anew_count += anew;
}

/* All rows of TABLE in the source, in order. */
static void
each_row(enum jn_table table,
         void (*meet)(struct jn_txn *txn, struct jn_span key,
                      struct jn_span value))
{
    struct jn_place place;
    struct jn_span key, value;
    enum jn_move move = JN_FIRST;
    struct jn_txn txn;

    settle(source);
    ck_assert_int_eq(jn_shared_begin_read(source->shared, &txn), 0);
    ck_assert_int_eq(jn_place_open(&place, &txn, table), 0);
    while (jn_place_move(&place, move, &key, &value) == 0) {
        meet(&txn, key, value);
        move = JN_NEXT;
    }
    jn_place_close(&place);
    jn_store_end_read(&txn);
}

static void
graft_entry(struct jn_txn *txn, struct jn_span key, struct jn_span value)
{
    (void)txn;
    graft_row(jn_get_be64(key.data), value);
}

static void
confirm_key(struct jn_txn *txn, struct jn_span key, struct jn_span value)
{
    struct jn_chain chain;
    struct jn_stored stored;

    ck_assert_int_eq(jn_view_chain(&chain, key, value), 0);
    ck_assert_int_eq(jn_view_stored(txn, chain.roots[0], &stored), 0);
    ck_assert_int_eq(jn_graft_confirm(graft, stored.record.key, &chain), 0);
}

static void
end_at(uint64_t next)
{
    ck_assert_int_eq(jn_graft_end(graft, next), 0);
    jn_graft_close(graft);
    graft = NULL;
    ck_assert_int_eq(journal_open(test_path("target"), NULL, &target), 0);
}

static void
graft_all(void)
{
    anew_count = 0;
    each_row(JN_ENTRIES, graft_entry);
}

/* ---- compared ------------------------------------------------------------ */

static struct jn_place latest;

static void
compare_latest(struct jn_txn *txn, struct jn_span key, struct jn_span value)
{
    struct jn_span other_key, other_value;

    (void)txn;
    ck_assert_int_eq(jn_place_move(&latest, JN_NEXT, &other_key, &other_value),
                     0);
    ck_assert(jn_span_equal(key, other_key));
    ck_assert(jn_span_equal(value, other_value));
}

static void
assert_same_index(void)
{
    struct jn_span key, value;
    struct jn_txn txn;

    ck_assert_int_eq(jn_shared_begin_read(target->shared, &txn), 0);
    ck_assert_int_eq(jn_place_open(&latest, &txn, JN_LATEST), 0);
    each_row(JN_LATEST, compare_latest);
    ck_assert_int_eq(jn_place_move(&latest, JN_NEXT, &key, &value),
                     JOURNAL_NOT_FOUND);
    jn_place_close(&latest);
    jn_store_end_read(&txn);
}

static void
assert_same(void)
{
    char *a = golden_describe(source), *b = golden_describe(target);
    struct journal_stat before = figures_of(source), after = figures_of(target);

    ck_assert_str_eq(a, b);
    free(a);
    free(b);
    ck_assert_uint_eq(after.first, before.first);
    ck_assert_uint_eq(after.size, before.size);
    ck_assert_uint_eq(after.entries, before.entries);
    ck_assert_uint_eq(after.keys, before.keys);
    ck_assert_uint_eq(after.tombstones, before.tombstones);
    ck_assert_uint_eq(after.bytes_logical, before.bytes_logical);
    ck_assert_uint_eq(after.last_time, before.last_time);
    assert_same_index();
}

/* ---- nothing is missing -------------------------------------------------- */

START_TEST(all_entries_make_the_same_journal)
{
    append_some(ENTRIES);
    graft_all();
    ck_assert_uint_eq(anew_count, 0);
    end_at(ENTRIES);
    assert_same();
}
END_TEST

START_TEST(what_is_added_goes_on_where_the_store_was)
{
    append_some(100);
    graft_all();
    end_at(100);
    journal_close(target);
    target = NULL;
    ck_assert_int_eq(jn_graft_open(&graft, test_path("target"), 0600), 0);
    ck_assert_uint_eq(jn_graft_next(graft), 100);
    memset(gone, 1, 100);
    append_some(100);
    graft_all();
    ck_assert_uint_eq(anew_count, 0);
    end_at(200);
    assert_same();
}
END_TEST

/* Entries of a key lead to what was pruned, and its roots are in the index. */
static void
graft_confirmed(uint64_t next)
{
    graft_all();
    ck_assert_uint_eq(anew_count, 0);
    each_row(JN_LATEST, confirm_key);
    end_at(next);
    assert_same();
}

START_TEST(what_was_pruned_leaves_links_as_they_were)
{
    append_some(ENTRIES);
    ck_assert_int_eq(journal_prune(source, 100 + below(ENTRIES - 100), 0, NULL),
                     0);
    graft_confirmed(ENTRIES);
}
END_TEST

START_TEST(what_was_compacted_leaves_links_as_they_were)
{
    append_some(ENTRIES);
    ck_assert_int_eq(journal_prune(source, 100 + below(ENTRIES - 100),
                                   JOURNAL_PRUNE_KEEP_LATEST, NULL),
                     0);
    graft_confirmed(ENTRIES);
}
END_TEST

START_TEST(what_is_appended_later_gets_the_same_links)
{
    append_some(ENTRIES);
    ck_assert_int_eq(journal_prune(source, 350, 0, NULL), 0);
    graft_all();
    each_row(JN_LATEST, confirm_key);
    end_at(ENTRIES);
    for (unsigned i = 0; i < 100; i++) {
        uint64_t now = chance;

        motley_append(source, i % (MOTLEY_KEYS + 1), &chance);
        chance = now;
        motley_append(target, i % (MOTLEY_KEYS + 1), &chance);
    }
    settle(target);
    assert_same_index();
}
END_TEST

START_TEST(without_the_index_what_was_pruned_stays_out_of_reach)
{
    struct journal_entry *entry;
    char key[MOTLEY_KEY_SIZE];
    uint64_t first = 300;

    append_some(ENTRIES);
    ck_assert_int_eq(journal_prune(source, first, 0, NULL), 0);
    graft_all();
    ck_assert_uint_eq(anew_count, 0);
    end_at(ENTRIES);
    for (unsigned i = 0; i < MOTLEY_KEYS; i++)
        for (uint64_t limit = 0; limit <= ENTRIES; limit++) {
            size_t size = motley_key(key, i);
            int rc = journal_get_at(source, key, size, limit, &entry);

            if (rc == 0)
                journal_entry_free(entry);
            ck_assert_int_eq(journal_get_at(target, key, size, limit, &entry),
                             rc);
            if (rc == 0)
                journal_entry_free(entry);
        }
}
END_TEST

START_TEST(more_than_a_commit_holds_is_added)
{
    static char value[3 << 20];
    struct journal_record records[9000];

    memset(records, 0, sizeof(records));
    for (size_t i = 0; i < 9000; i++) {
        records[i].key = i % 2 == 0 ? "even" : "odd";
        records[i].key_size = 3;
    }
    ck_assert_int_eq(journal_append_batch(source, records, 9000, NULL), 0);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(journal_append(source, "big", 3, value, sizeof(value),
                                        NULL),
                         0);
    graft_all();
    end_at(9005);
    assert_same();
}
END_TEST

/* ---- something is missing ------------------------------------------------ */

static bool
has_key(const struct journal_entry *entry, unsigned key)
{
    char bytes[MOTLEY_KEY_SIZE];
    size_t size = motley_key(bytes, key);

    return jn_span_equal(jn_span(entry->key, entry->key_size),
                         jn_span(bytes, size));
}

/* Entry SEQ of the source if it has KEY and is not gone, or NULL. */
static struct journal_entry *
read_kept(uint64_t seq, unsigned key)
{
    struct journal_entry *entry;

    if (gone[seq] || journal_read(source, seq, &entry) != 0)
        return NULL;
    if (has_key(entry, key))
        return entry;
    journal_entry_free(entry);
    return NULL;
}

/* Rows whose links are lost. */
static unsigned lost_links;

static void
assert_same_entry(const struct journal_entry *a, const struct journal_entry *b)
{
    ck_assert_uint_eq(a->seq, b->seq);
    ck_assert_uint_eq(a->time, b->time);
    ck_assert_uint_eq(a->flags, b->flags);
    ck_assert_uint_eq(a->value_size, b->value_size);
    if (lost_links > 0)
        return;
    ck_assert_uint_eq(a->prev, b->prev);
    ck_assert_uint_eq(a->revision, b->revision);
}

/* All of KEY from a revision on that is there, as it was. */
static void
compare_history(unsigned key, uint64_t first_revision)
{
    struct journal_query query;
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    char bytes[MOTLEY_KEY_SIZE];

    journal_query_init(&query);
    query.match = JOURNAL_MATCH_KEY;
    query.key = bytes;
    query.key_size = motley_key(bytes, key);
    query.first_revision = first_revision;
    ck_assert_int_eq(journal_query(target, &query, &cursor), 0);
    for (uint64_t seq = 0; seq < ENTRIES; seq++) {
        struct journal_entry *kept = read_kept(seq, key);

        if (kept != NULL && kept->revision >= first_revision) {
            ck_assert_int_eq(journal_next(cursor, &entry), 0);
            assert_same_entry(entry, kept);
        }
        journal_entry_free(kept);
    }
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    journal_cursor_close(cursor);
}

/* Lookups whose answer was gone, and the others. */
static unsigned unknown, answered;

/*
 * The past is as it was, or not known: but if the newest entry is lost without
 * a trace, the newest that is there has its place.
 */
static void
compare_get_at(unsigned key)
{
    uint64_t after = 0;
    char bytes[MOTLEY_KEY_SIZE];
    size_t size = motley_key(bytes, key);

    for (uint64_t seq = 0; seq < ENTRIES; seq++) {
        struct journal_entry *kept = read_kept(seq, key);

        after = kept != NULL ? seq + 1 : after;
        journal_entry_free(kept);
    }
    for (uint64_t limit = 0; limit <= after; limit++) {
        struct journal_entry *was = NULL, *is = NULL;
        int rc = journal_get_at(source, bytes, size, limit, &was);
        int got = journal_get_at(target, bytes, size, limit, &is);

        ck_assert_msg(got == rc || got == JOURNAL_PRUNED,
                      "key %u, limit %" PRIu64 ": %s, not %s", key, limit,
                      journal_errname(got), journal_errname(rc));
        if (got == 0)
            assert_same_entry(is, was);
        unknown += got == JOURNAL_PRUNED;
        answered += got != JOURNAL_PRUNED;
        journal_entry_free(was);
        journal_entry_free(is);
    }
}

static void
compare_numbers(void)
{
    struct journal_entry *entry;

    for (uint64_t seq = 0; seq < ENTRIES; seq++) {
        int rc = journal_read(target, seq, &entry);

        ck_assert_int_eq(rc, gone[seq] ? JOURNAL_PRUNED : 0);
        if (rc == 0)
            journal_entry_free(entry);
    }
    ck_assert_int_eq(journal_read(target, ENTRIES, &entry),
                     JOURNAL_OUT_OF_RANGE);
}

static void
assert_what_is_left(void)
{
    compare_numbers();
    unknown = answered = 0;
    for (unsigned key = 0; key < MOTLEY_KEYS; key++) {
        for (uint64_t revision = 0; revision < ENTRIES / 2; revision += 7)
            compare_history(key, revision);
        compare_get_at(key);
    }
    ck_assert_uint_gt(unknown, 0);
    ck_assert_uint_gt(answered, 0);
}

START_TEST(where_entries_are_missing_the_others_are_as_they_were)
{
    append_some(ENTRIES);
    for (uint64_t seq = 0; seq < ENTRIES; seq++)
        gone[seq] = below(100) < 10u * (unsigned)_i;
    gone[ENTRIES - 1] = true;
    graft_all();
    ck_assert_uint_eq(anew_count, 0);
    end_at(ENTRIES);
    assert_what_is_left();
    ck_assert_uint_eq(figures_of(target).size, ENTRIES);
    motley_append(target, 0, &chance);
    ck_assert_uint_eq(figures_of(target).size, ENTRIES + 1);
}
END_TEST

START_TEST(a_long_hole_is_left_behind)
{
    append_some(ENTRIES);
    for (uint64_t seq = 100; seq < 300; seq++)
        gone[seq] = true;
    graft_all();
    end_at(ENTRIES);
    assert_what_is_left();
}
END_TEST

START_TEST(an_index_that_does_not_fit_is_left_alone)
{
    struct journal_stat before;

    append_some(ENTRIES);
    for (uint64_t seq = 50; seq < ENTRIES; seq += 3)
        gone[seq] = true;
    graft_all();
    each_row(JN_LATEST, confirm_key);
    end_at(ENTRIES);
    assert_what_is_left();
    before = figures_of(target);
    ck_assert_uint_eq(before.entries, 400 - 117);
}
END_TEST

/* As of LIMIT, of each key what journal_get_at() gives. */
static void
compare_latest_of(uint64_t limit)
{
    struct journal_query query;
    struct journal_cursor *cursor;
    const struct journal_entry *entry;
    struct journal_entry *same;
    unsigned count = 0;
    char bytes[MOTLEY_KEY_SIZE];

    journal_query_init(&query);
    query.flags = JOURNAL_QUERY_LATEST | JOURNAL_QUERY_LIVE;
    query.limit = limit;
    ck_assert_int_eq(journal_query(target, &query, &cursor), 0);
    for (int rc; (rc = journal_next(cursor, &entry)) != JOURNAL_END; count++) {
        ck_assert_int_eq(rc, 0);
        ck_assert_int_eq(journal_get_at(target, entry->key, entry->key_size,
                                        limit, &same),
                         0);
        assert_same_entry(entry, same);
        journal_entry_free(same);
    }
    journal_cursor_close(cursor);
    for (unsigned key = 0; key < MOTLEY_KEYS; key++) {
        size_t size = motley_key(bytes, key);

        if (journal_get_at(target, bytes, size, limit, &same) == 0) {
            journal_entry_free(same);
            count--;
        }
    }
    ck_assert_uint_eq(count, 0);
}

START_TEST(what_was_the_latest_as_of_a_size_is_told_in_one_way)
{
    append_some(ENTRIES);
    for (uint64_t seq = 0; seq < ENTRIES; seq++)
        gone[seq] = below(4) == 0;
    graft_all();
    end_at(ENTRIES);
    for (uint64_t limit = 0; limit <= ENTRIES; limit += 3)
        compare_latest_of(limit);
}
END_TEST

/* Either nothing changes, or what is left is as it was at that size. */
static void
rewind_to(uint64_t size)
{
    struct journal_stat before = figures_of(target), after;
    int rc = journal_rewind(target, size);

    ck_assert(rc == 0 || rc == JOURNAL_PRUNED);
    after = figures_of(target);
    ck_assert_uint_eq(after.size, rc == 0 ? size : before.size);
    if (rc != 0) {
        ck_assert_uint_eq(after.entries, before.entries);
        return;
    }
    for (uint64_t seq = size; seq < ENTRIES; seq++)
        gone[seq] = true;
    for (unsigned key = 0; key < MOTLEY_KEYS; key++)
        compare_history(key, 0);
}

START_TEST(a_rewind_does_not_forget_what_is_before_a_hole)
{
    uint64_t stride = test_scale() < 0.05 ? 7 : 1;
    unsigned done = 0, tried = 0;

    append_some(ENTRIES);
    for (uint64_t seq = 0; seq < ENTRIES; seq++)
        gone[seq] = seq < ENTRIES / 2 && below(20) == 0;
    graft_all();
    end_at(ENTRIES);
    for (uint64_t size = ENTRIES; size >= figures_of(target).first + stride;) {
        size -= stride;
        rewind_to(size);
        tried++;
        done += figures_of(target).size == size;
    }
    ck_assert_uint_gt(done, 0);
    ck_assert_uint_lt(done, tried);
}
END_TEST

START_TEST(the_rest_of_a_journal_with_holes_is_pruned_and_compacted)
{
    uint64_t removed;

    append_some(ENTRIES);
    for (uint64_t seq = 0; seq < ENTRIES; seq++)
        gone[seq] = below(20) == 0;
    graft_all();
    end_at(ENTRIES);
    ck_assert_int_eq(journal_prune(target, 100, 0, &removed), 0);
    for (uint64_t seq = 0; seq < 100; seq++)
        gone[seq] = true;
    for (unsigned key = 0; key < MOTLEY_KEYS; key++)
        compare_history(key, 0);
    ck_assert_int_eq(journal_prune(target, 300, JOURNAL_PRUNE_KEEP_LATEST,
                                   &removed),
                     0);
    ck_assert_uint_gt(removed, 0);
    ck_assert_int_eq(journal_prune(target, ENTRIES, 0, NULL), 0);
    ck_assert_uint_eq(figures_of(target).entries, 0);
    ck_assert_uint_eq(figures_of(target).keys, 0);
    ck_assert_uint_eq(figures_of(target).bytes_logical, 0);
}
END_TEST

static void
graft_some_records(struct jn_txn *txn, struct jn_span key, struct jn_span value)
{
    uint64_t seq = jn_get_be64(key.data), revision;
    struct jn_links links;

    (void)txn;
    if (seq % 4 != 0 || gone[seq]) {
        graft_row(seq, value);
        return;
    }
    ck_assert_int_eq(jn_links_decode(&links, &value, seq), 0);
    revision = lost_links++ % 2 == 0 ? links.revision : 0;
    ck_assert_int_eq(jn_graft_add_record(graft, seq, value, revision), 0);
}

START_TEST(lost_links_come_again_where_nothing_else_is_lost)
{
    append_some(ENTRIES);
    each_row(JN_ENTRIES, graft_some_records);
    ck_assert_uint_gt(lost_links, 0);
    ck_assert_uint_eq(anew_count, 0);
    end_at(ENTRIES);
    assert_same();
}
END_TEST

START_TEST(with_lost_links_and_entries_nothing_wrong_is_told)
{
    append_some(ENTRIES);
    for (uint64_t seq = 0; seq < ENTRIES; seq++)
        gone[seq] = below(10) == 0;
    each_row(JN_ENTRIES, graft_some_records);
    end_at(ENTRIES);
    compare_numbers();
    unknown = answered = 0;
    for (unsigned key = 0; key < MOTLEY_KEYS; key++)
        compare_get_at(key);
    ck_assert_uint_gt(unknown, 0);
    ck_assert_uint_gt(answered, 0);
}
END_TEST

START_TEST(without_entries_the_numbers_go_on)
{
    struct journal_stat stat;
    uint64_t seq;

    end_at(77);
    stat = figures_of(target);
    ck_assert_uint_eq(stat.first, 77);
    ck_assert_uint_eq(stat.size, 77);
    ck_assert_int_eq(journal_append(target, "a", 1, "b", 1, &seq), 0);
    ck_assert_uint_eq(seq, 77);
}
END_TEST

/* ---- the rest ------------------------------------------------------------ */

START_TEST(marks_are_set)
{
    uint64_t seq;

    append_some(20);
    graft_all();
    ck_assert_int_eq(jn_graft_mark(graft, "reader", 20), 0);
    ck_assert_int_eq(jn_graft_mark(graft, "other", 0), 0);
    end_at(20);
    ck_assert_int_eq(journal_marked(target, "reader", &seq), 0);
    ck_assert_uint_eq(seq, 20);
    ck_assert_int_eq(journal_marked(target, "other", &seq), 0);
    ck_assert_uint_eq(seq, 0);
}
END_TEST

START_TEST(what_is_no_journal_is_not_opened)
{
    struct jn_graft *other = NULL;

    ck_assert_int_eq(jn_graft_open(&other, test_path("nothing"), 0600), ENOENT);
    ck_assert_ptr_null(other);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("graft");
    TCase *tcase = tcase_create("graft");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, all_entries_make_the_same_journal);
    tcase_add_test(tcase, what_is_added_goes_on_where_the_store_was);
    tcase_add_test(tcase, what_was_pruned_leaves_links_as_they_were);
    tcase_add_test(tcase, what_was_compacted_leaves_links_as_they_were);
    tcase_add_test(tcase, what_is_appended_later_gets_the_same_links);
    tcase_add_test(tcase, without_the_index_what_was_pruned_stays_out_of_reach);
    tcase_add_test(tcase, more_than_a_commit_holds_is_added);
    tcase_add_loop_test(tcase,
                        where_entries_are_missing_the_others_are_as_they_were,
                        1, 10);
    tcase_add_test(tcase, a_long_hole_is_left_behind);
    tcase_add_test(tcase, an_index_that_does_not_fit_is_left_alone);
    tcase_add_test(tcase, what_was_the_latest_as_of_a_size_is_told_in_one_way);
    tcase_add_test(tcase, a_rewind_does_not_forget_what_is_before_a_hole);
    tcase_add_test(tcase,
                   the_rest_of_a_journal_with_holes_is_pruned_and_compacted);
    tcase_add_test(tcase, lost_links_come_again_where_nothing_else_is_lost);
    tcase_add_test(tcase, with_lost_links_and_entries_nothing_wrong_is_told);
    tcase_add_test(tcase, without_entries_the_numbers_go_on);
    tcase_add_test(tcase, marks_are_set);
    tcase_add_test(tcase, what_is_no_journal_is_not_opened);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
