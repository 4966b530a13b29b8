/* audit_test.c - whatever is wrong with entries and their links is found. */
#include "repair/audit.h"

#include <stdio.h>

#include "known.h"
#include "support/fast_dir.h"
#include "support/test.h"

START_TEST(what_is_sound_is_found_to_be)
{
    struct jn_audit_counts counts;

    ck_assert_uint_eq(audited_run(&known, &counts), 1);
    ck_assert_uint_eq(counts.entries_checked, ENTRIES);
    assert_sound();
    audited_retraces = true;
    ck_assert_uint_eq(audited_run(&known, &counts), 2);
    assert_sound();
}
END_TEST

START_TEST(an_empty_journal_is_sound)
{
    audited_take(&known, known_journal);
    assert_sound();
}
END_TEST

/* ---- entries ------------------------------------------------------------ */

START_TEST(any_changed_byte_of_an_entry_is_noticed_and_counted_once)
{
    struct jn_audit_counts counts;

    for (uint64_t seq = 0; seq < ENTRIES; seq++) {
        struct audited_row *row = &known.rows[JN_ENTRIES][seq];

        for (size_t i = 0; i < row->value_size; i += known_step(1)) {
            row->value[i] ^= (uint8_t)(1u << (i + seq) % 8);
            (void)audited_run(&known, &counts);
            ck_assert_uint_eq(counts.entries_bad + counts.links_bad, 1);
            ck_assert_uint_eq(counts.index_bad, 0);
            ck_assert_uint_eq(counts.first_bad, seq);
            row->value[i] ^= (uint8_t)(1u << (i + seq) % 8);
        }
    }
    assert_sound();
}
END_TEST

START_TEST(a_record_behind_damaged_links_is_not_counted_as_bad)
{
    known.rows[JN_ENTRIES][41].value[1] ^= 1;
    assert_counts(0, 0, 1, 41);
}
END_TEST

START_TEST(a_row_cut_short_at_any_byte_is_noticed)
{
    struct audited_row *row = &known.rows[JN_ENTRIES][9];
    size_t size = row->value_size;

    for (row->value_size = 0; row->value_size < size; row->value_size++)
        assert_counts(1, 0, 0, 9);
}
END_TEST

START_TEST(a_missing_entry_is_noticed)
{
    for (uint64_t seq = 0; seq < ENTRIES; seq++) {
        audited_remove(&known, JN_ENTRIES, seq);
        assert_counts(1, 0, 0, seq);
        known_take();
    }
}
END_TEST

START_TEST(each_of_many_that_are_missing_counts)
{
    for (unsigned i = 0; i < 30; i++)
        audited_remove(&known, JN_ENTRIES, 25);
    assert_counts(30, 0, 0, 25);
    while (known.counts[JN_ENTRIES] > 25)
        audited_remove(&known, JN_ENTRIES, 25);
    assert_counts(55, 0, 0, 25);
    while (known.counts[JN_ENTRIES] > 0)
        audited_remove(&known, JN_ENTRIES, 0);
    assert_counts(ENTRIES, 0, 0, 0);
}
END_TEST

START_TEST(an_entry_under_the_number_of_another_is_noticed)
{
    const struct audited_row *other = &known.rows[JN_ENTRIES][30];
    struct jn_span value = jn_span(other->value, other->value_size);

    audited_set(&known.rows[JN_ENTRIES][31], value);
    assert_counts(1, 0, 0, 31);
}
END_TEST

START_TEST(an_entry_that_no_journal_has_is_noticed)
{
    uint8_t key[8];
    uint8_t value[] = {0, 1, 2};

    jn_put_be64(key, ENTRIES + 5);
    audited_add(&known, JN_ENTRIES, jn_span(key, 8), jn_span(value, 3));
    assert_counts(1, 0, 0, ENTRIES + 5);
    audited_add(&known, JN_ENTRIES, jn_span(key, 3), jn_span(value, 3));
    assert_counts(2, 0, 0, ENTRIES + 5);
}
END_TEST

START_TEST(a_time_that_falls_is_noticed)
{
    struct jn_record record;
    struct jn_links links;

    audited_entry(&known, 50, &links, &record);
    record.time = 1;
    audited_set_record(&known, 50, &record);
    assert_counts(1, 0, 0, 50);
}
END_TEST

/* ---- links -------------------------------------------------------------- */

/* How the links of an entry are wrong. */
struct wrong {
    const char *text;
    uint64_t seq;
    void (*change)(struct jn_links *links);
};

static void
set_prev_older(struct jn_links *links)
{
    links->prev -= 4;
}

static void
set_prev_foreign(struct jn_links *links)
{
    links->prev += 1;
}

static void
set_prev_none(struct jn_links *links)
{
    links->prev = JOURNAL_NONE;
}

static void
set_jump_older(struct jn_links *links)
{
    links->jump -= 4;
}

static void
set_jump_foreign(struct jn_links *links)
{
    links->jump += 1;
}

static void
set_jump_none(struct jn_links *links)
{
    links->jump = JOURNAL_NONE;
}

static void
set_both_older(struct jn_links *links)
{
    links->prev -= 4;
    links->jump -= 4;
}

static void
set_revision_higher(struct jn_links *links)
{
    links->revision++;
}

static void
set_revision_lower(struct jn_links *links)
{
    links->revision--;
}

static void
set_revision_first(struct jn_links *links)
{
    links->revision = 1;
    links->prev = links->jump = JOURNAL_NONE;
    links->replaced = false;
}

static void
set_stamp_other(struct jn_links *links)
{
    links->stamp_before.time -= 4;
}

static void
set_stamp_id(struct jn_links *links)
{
    links->stamp_before.id[0]++;
}

static void
set_stamp_none(struct jn_links *links)
{
    links->replaced = false;
}

static void
set_stamp_without_stamp(struct jn_links *links)
{
    links->replaced = true;
}

static void
set_without_key(struct jn_links *links)
{
    memset(links, 0, sizeof(*links));
}

static void
set_as_with_key(struct jn_links *links)
{
    links->revision = 1;
    links->prev = links->jump = JOURNAL_NONE;
}

/* Of `a`, 40 is the 11th, whose jump leads to the 10th; 52 the 14th, to 7th. */
static const struct wrong wrongs[] = {
    {"an older prev", 40, set_prev_older},
    {"an older prev, and a jump that is not prev", 52, set_prev_older},
    {"a prev to another key", 52, set_prev_foreign},
    {"no prev", 52, set_prev_none},
    {"an older jump", 52, set_jump_older},
    {"a jump to another key", 52, set_jump_foreign},
    {"no jump", 52, set_jump_none},
    {"older prev and jump, which are the same", 40, set_both_older},
    {"a higher revision", 40, set_revision_higher},
    {"a higher revision, to a tree", 52, set_revision_higher},
    {"a lower revision", 40, set_revision_lower},
    {"a lower revision, of a tree", 52, set_revision_lower},
    {"the newest's lower revision", 76, set_revision_lower},
    {"a history that begins anew", 40, set_revision_first},
    {"another stamp replaced", 41, set_stamp_other},
    {"a stamp of another replaced", 41, set_stamp_id},
    {"no stamp replaced", 41, set_stamp_none},
    {"a stamp replaced where there is none", 40, set_stamp_without_stamp},
    {"links as without a key", 40, set_without_key},
    {"links where there is no key", 43, set_as_with_key},
    {"the first entry's prev of another key", 2, set_revision_higher},
};

static void
assert_noticed(const struct wrong *wrong)
{
    struct jn_record record;
    struct jn_links links, before;
    struct jn_audit_counts counts;

    audited_entry(&known, wrong->seq, &links, &record);
    before = links;
    wrong->change(&links);
    audited_set_links(&known, wrong->seq, &links);
    (void)audited_run(&known, &counts);
    if (counts.links_bad != 1 || counts.first_bad != wrong->seq ||
        counts.entries_bad != 0 || counts.index_bad != 0)
        ck_abort_msg("%s: links %llu, index %llu, entries %llu", wrong->text,
                     (unsigned long long)counts.links_bad,
                     (unsigned long long)counts.index_bad,
                     (unsigned long long)counts.entries_bad);
    audited_set_links(&known, wrong->seq, &before);
}

START_TEST(each_kind_of_wrong_link_is_noticed_and_counted_once)
{
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++)
        assert_noticed(&wrongs[i]);
    assert_sound();
}
END_TEST

START_TEST(links_of_many_entries_are_counted_one_by_one)
{
    struct jn_record record;
    struct jn_links links;

    for (unsigned i = 0; i < 5; i++) {
        audited_entry(&known, 12 + 12 * i, &links, &record);
        links.prev += 1;
        audited_set_links(&known, 12 + 12 * i, &links);
    }
    assert_counts(0, 0, 5, 12);
}
END_TEST

START_TEST(what_links_to_the_damaged_or_missing_is_not_blamed)
{
    audited_remove(&known, JN_ENTRIES, 40);
    known.rows[JN_ENTRIES][20].value[20] ^= 1;
    known.rows[JN_ENTRIES][8].value[20] ^= 1;
    assert_counts(3, 0, 0, 8);
}
END_TEST

/* ---- bounds ------------------------------------------------------------- */

#define MANY 3000u

START_TEST(with_little_memory_the_same_is_found_in_more_passes)
{
    struct jn_audit_counts counts, again;
    struct jn_record record;
    struct jn_links links;

    for (uint64_t i = 0; i < 3 * MANY; i++) {
        char key[16];
        int size = snprintf(key, sizeof(key), "%u", (unsigned)(i % MANY));

        ck_assert_int_eq(journal_append(known_journal, key, (size_t)size, &i,
                                        sizeof(i), NULL),
                         0);
    }
    known_reopen();
    audited_take(&known, known_journal);
    for (uint64_t seq = MANY; seq < 2 * MANY; seq += 7) {
        audited_entry(&known, seq, &links, &record);
        links.prev = links.jump = seq - 5;
        audited_set_links(&known, seq, &links);
    }
    for (unsigned i = 0; i < 100; i++)
        audited_remove(&known, JN_LATEST, 20 * i);
    ck_assert_uint_eq(audited_run(&known, &counts), 2);
    ck_assert_uint_eq(counts.links_bad, (MANY + 6) / 7);
    ck_assert_uint_eq(counts.index_bad, 100);
    ck_assert_uint_eq(counts.first_bad, MANY);
    audited_keys_bytes_max = 20000;
    ck_assert_uint_gt(audited_run(&known, &again), 4);
    ck_assert_mem_eq(&again, &counts, sizeof(counts));
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("audit");
    TCase *full = tcase_create("full"), *any = tcase_create("any");

    tcase_add_unchecked_fixture(full, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(full, known_setup_full, known_teardown);
    tcase_add_test(full, what_is_sound_is_found_to_be);
    tcase_add_test(full,
                   any_changed_byte_of_an_entry_is_noticed_and_counted_once);
    tcase_add_test(full, a_record_behind_damaged_links_is_not_counted_as_bad);
    tcase_add_test(full, a_row_cut_short_at_any_byte_is_noticed);
    tcase_add_test(full, a_missing_entry_is_noticed);
    tcase_add_test(full, each_of_many_that_are_missing_counts);
    tcase_add_test(full, an_entry_under_the_number_of_another_is_noticed);
    tcase_add_test(full, an_entry_that_no_journal_has_is_noticed);
    tcase_add_test(full, a_time_that_falls_is_noticed);
    tcase_add_test(full, each_kind_of_wrong_link_is_noticed_and_counted_once);
    tcase_add_test(full, links_of_many_entries_are_counted_one_by_one);
    tcase_add_test(full, what_links_to_the_damaged_or_missing_is_not_blamed);
    suite_add_tcase(suite, full);
    tcase_add_unchecked_fixture(any, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(any, known_setup, known_teardown);
    tcase_set_timeout(any, 120);
    tcase_add_test(any, an_empty_journal_is_sound);
    tcase_add_test(any, with_little_memory_the_same_is_found_in_more_passes);
    suite_add_tcase(suite, any);
    return suite;
}

TEST_MAIN(suite)
