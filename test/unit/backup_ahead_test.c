/* backup_ahead_test.c - verify and backup in the midst of a round. */
#include <journal.h>

#include "known.h"
#include "settle.h"
#include "support/fast_dir.h"
#include "support/figures.h"
#include "support/test.h"

#define ROUND 40u

static void
append(const char *key, size_t size)
{
    ck_assert_int_eq(journal_append(known_journal, key, size, "x", 1, NULL), 0);
}

/* Keys that the store has, new ones, and one that the index knows by a hash. */
static void
fill_tail(void)
{
    static char long_key[300] = "long";

    append(long_key, sizeof(long_key));
    for (uint64_t seq = ENTRIES + 1; seq < ENTRIES + ROUND; seq++) {
        known_append(seq);
        if (seq % 16 == 0)
            append(long_key, sizeof(long_key));
        if (seq % 8 == 0)
            append("new", 3);
    }
    ck_assert_int_eq(journal_delete(known_journal, "newer", 5, NULL), 0);
}

static void
assert_verified(struct journal *journal)
{
    struct journal_report report = {.struct_size = sizeof(report)};

    ck_assert_int_eq(journal_verify(journal, &report, NULL, NULL), 0);
    ck_assert_uint_eq(report.entries_checked, figures_of(journal).entries);
}

static void
assert_same_figures(struct journal *copy)
{
    struct journal_stat a = figures_of(known_journal), b = figures_of(copy);

    ck_assert_uint_eq(b.first, a.first);
    ck_assert_uint_eq(b.size, a.size);
    ck_assert_uint_eq(b.entries, a.entries);
    ck_assert_uint_eq(b.keys, a.keys);
    ck_assert_uint_eq(b.tombstones, a.tombstones);
    ck_assert_uint_eq(b.bytes_logical, a.bytes_logical);
    ck_assert_uint_eq(b.last_time, a.last_time);
}

/* Each entry, and the row of its key if that leads to it. */
static void
assert_same_entries(struct journal *copy)
{
    for (uint64_t seq = 0; seq < figures_of(copy).size; seq++) {
        struct journal_entry *a, *b, *latest = NULL;

        ck_assert_int_eq(journal_read(known_journal, seq, &a), 0);
        ck_assert_int_eq(journal_read(copy, seq, &b), 0);
        ck_assert_uint_eq(b->revision, a->revision);
        ck_assert_uint_eq(b->prev, a->prev);
        ck_assert_uint_eq(b->time, a->time);
        ck_assert_uint_eq(b->key_size, a->key_size);
        ck_assert_uint_eq(b->value_size, a->value_size);
        if (a->key_size > 0 &&
            journal_get(known_journal, a->key, a->key_size, &latest) == 0) {
            uint64_t expected = latest->seq;

            journal_entry_free(latest);
            ck_assert_int_eq(journal_get(copy, a->key, a->key_size, &latest),
                             0);
            ck_assert_uint_eq(latest->seq, expected);
        }
        journal_entry_free(latest);
        journal_entry_free(a);
        journal_entry_free(b);
    }
}

/* The store alone is the copy, and nothing in it is ahead. */
static void
assert_settled(struct journal *copy)
{
    struct jn_tail_row tail;
    const struct audited_row *row;
    struct audited audited;

    audited_take(&audited, copy);
    row = audited_meta(&audited, "tail");
    ck_assert_ptr_nonnull(row);
    ck_assert_int_eq(jn_tail_row_decode(&tail,
                                        jn_span(row->value, row->value_size)),
                     0);
    ck_assert(!tail.open && !jn_tail_row_is_ahead(&tail));
    ck_assert_uint_eq(audited.recent_count, 0);
    ck_assert_uint_eq(audited.counts[JN_LATEST],
                      figures_of(copy).keys + figures_of(copy).tombstones);
    audited_free(&audited);
}

static void
back_up(void)
{
    struct journal *copy;

    ck_assert_int_eq(journal_backup(known_journal, test_path("copy"), 0, NULL,
                                    NULL),
                     0);
    ck_assert_int_eq(journal_open(test_path("copy"), NULL, &copy), 0);
    assert_settled(copy);
    assert_same_figures(copy);
    assert_same_entries(copy);
    assert_verified(copy);
    journal_close(copy);
    ck_assert_int_eq(journal_destroy(test_path("copy")), 0);
}

START_TEST(at_each_step_of_a_round_a_journal_is_sound_and_backed_up_whole)
{
    unsigned steps = 0;

    fill_tail();
    settle_some(known_journal, 1);
    append("newest", 6);
    for (; known_is_ahead(); steps++) {
        assert_verified(known_journal);
        if (steps < 8 || steps % 8 == 0)
            back_up();
        settle_some(known_journal, 1);
    }
    /* Six keys, and each entry by itself. */
    ck_assert_uint_gt(steps, 6 + ROUND);
}
END_TEST

/* Turns a bit of the ring at POSITION, beside whoever has it open. */
static void
flip_at(uint64_t position)
{
    struct jn_tail *tail = known_journal->shared->files.newest.tail;
    uint8_t byte;

    ck_assert_int_eq(jn_tail_read(tail, position, &byte, 1), 0);
    byte ^= 4;
    ck_assert_int_eq(jn_tail_write(tail, position, &byte, 1), 0);
}

/* Where the frame of each recent entry lies, from number *LOW on. */
static size_t
find_frames(uint64_t *low, uint64_t starts[2 * ROUND])
{
    struct jn_txn txn;
    size_t count = 0;

    ck_assert_int_eq(jn_shared_begin_read(known_journal->shared, &txn), 0);
    *low = txn.look.low;
    for (uint64_t seq = *low; seq < txn.look.high; seq++) {
        ck_assert_uint_lt(count, 2 * ROUND);
        starts[count++] = jn_recent_at(&txn.look, seq)->start;
    }
    jn_store_end_read(&txn);
    return count;
}

START_TEST(a_damaged_frame_of_a_round_is_noticed_and_no_row_is_blamed)
{
    uint64_t low, starts[2 * ROUND];
    size_t count;

    fill_tail();
    for (int keys = 0; keys <= 3 * _i; keys++)
        settle_some(known_journal, 1);
    ck_assert(known_is_ahead());
    count = find_frames(&low, starts);
    for (size_t i = 0; i < count; i++) {
        struct journal_report report = {.struct_size = sizeof(report)};

        flip_at(starts[i] + JN_FRAME_HEADER + 3);
        ck_assert_int_eq(journal_verify(known_journal, &report, NULL, NULL),
                         JOURNAL_CORRUPT);
        ck_assert_uint_eq(report.entries_bad, 1);
        ck_assert_uint_eq(report.first_bad, low + i);
        ck_assert_uint_eq(report.index_bad + report.links_bad, 0);
        ck_assert_uint_eq(report.pages_bad, 0);
        flip_at(starts[i] + JN_FRAME_HEADER + 3);
    }
    assert_verified(known_journal);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("backup_ahead");
    TCase *full = tcase_create("full");

    tcase_add_unchecked_fixture(full, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(full, known_setup_full, known_teardown);
    tcase_set_timeout(full, 120);
    tcase_add_test(
        full, at_each_step_of_a_round_a_journal_is_sound_and_backed_up_whole);
    tcase_add_loop_test(
        full, a_damaged_frame_of_a_round_is_noticed_and_no_row_is_blamed, 0, 3);
    suite_add_tcase(suite, full);
    return suite;
}

TEST_MAIN(suite)
