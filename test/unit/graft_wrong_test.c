/* graft_wrong_test.c - what a graft makes of rows that no journal has. */
#include "repair/graft.h"

#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "journal/create.h"
#include "journal/view.h"
#include "support/fast_dir.h"
#include "support/figures.h"
#include "support/test.h"
#include "unit/paged.h"

static struct journal *target;
static struct jn_graft *graft;

/* A new journal that nobody has open. */
static void
setup(void)
{
    test_setup();
    ck_assert_int_eq(jn_create_directory(test_path("target"), 0700), 0);
    ck_assert_int_eq(jn_create_data(test_path("target"), 0600, 0), 0);
    ck_assert_int_eq(jn_graft_open(&graft, test_path("target"), 0600), 0);
    target = NULL;
}

/* Whatever went into it. */
static void
assert_sound(void)
{
    struct journal_report report = {.struct_size = sizeof(report)};
    int rc = journal_verify(target, &report, NULL, NULL);

    ck_assert_msg(rc == 0,
                  "%s: entries %llu, links %llu, index %llu, first %llu",
                  journal_errname(rc), (unsigned long long)report.entries_bad,
                  (unsigned long long)report.links_bad,
                  (unsigned long long)report.index_bad,
                  (unsigned long long)report.first_bad);
}

static void
teardown(void)
{
    if (target != NULL)
        assert_sound();
    jn_graft_close(graft);
    journal_close(target);
    test_teardown();
}

static void
end_at(uint64_t next)
{
    ck_assert_int_eq(jn_graft_end(graft, next), 0);
    jn_graft_close(graft);
    graft = NULL;
    ck_assert_int_eq(journal_open(test_path("target"), NULL, &target), 0);
}

/* ---- rows ---------------------------------------------------------------- */

static size_t
encode_record(uint8_t *out, const struct jn_links *links, uint64_t seq,
              const struct jn_record *record)
{
    uint8_t *end = jn_links_encode(out, links, seq);

    jn_record_seal(end, jn_record_encode(end, record), seq, 1);
    return (size_t)(end - out) + jn_record_size(record);
}

static size_t
encode_stamped(uint8_t *out, const struct jn_links *links, uint64_t seq,
               uint64_t stamp)
{
    const struct jn_record record = {
        .key = {(const uint8_t *)"key", 3},
        .flags = stamp > 0 ? JOURNAL_STAMPED : 0,
        .stamp = {stamp, {0}},
    };

    return encode_record(out, links, seq, &record);
}

static size_t
encode(uint8_t *out, const struct jn_links *links, uint64_t seq)
{
    return encode_stamped(out, links, seq, 0);
}

START_TEST(an_entry_that_is_not_sound_is_not_added)
{
    const struct jn_links links = {1, JOURNAL_NONE, JOURNAL_NONE, false, {0}};
    uint8_t row[200];
    size_t size = encode(row, &links, 5);

    for (size_t i = 0; i < size; i++) {
        row[i] ^= 0x10;
        ck_assert_int_eq(jn_graft_add(graft, 5, jn_span(row, size), NULL),
                         JOURNAL_CORRUPT);
        row[i] ^= 0x10;
        ck_assert_int_eq(jn_graft_add(graft, 5, jn_span(row, i), NULL),
                         JOURNAL_CORRUPT);
    }
    ck_assert_int_eq(jn_graft_add(graft, 6, jn_span(row, size), NULL),
                     JOURNAL_CORRUPT);
    ck_assert_uint_eq(jn_graft_next(graft), 0);
    ck_assert_int_eq(jn_graft_add(graft, 5, jn_span(row, size), NULL), 0);
    end_at(6);
    ck_assert_uint_eq(figures_of(target).entries, 1);
}
END_TEST

/* Whatever the links say, the entry is there, with links that can be. */
START_TEST(links_that_cannot_be_are_made_anew)
{
    static const struct jn_links wrong[] = {
        {1, 3, JOURNAL_NONE, false, {0}},
        {2, JOURNAL_NONE, JOURNAL_NONE, false, {0}},
        {2, 3, JOURNAL_NONE, false, {0}},
        {2, 3, 2, false, {0}},
        {3, 3, 2, false, {0}},
        {3, JOURNAL_NONE, JOURNAL_NONE, false, {0}},
        {6, 3, 3, false, {0}},
        {100, 0, 0, false, {0}},
        {UINT64_MAX / 2, 5, 5, true, {7, {1}}},
        {UINT64_MAX / 4, 5, 4, false, {0}},
        {UINT64_MAX / 8 + 2, 5, 4, false, {0}},
    };
    const size_t count = sizeof(wrong) / sizeof(wrong[0]);
    uint8_t row[200];
    bool anew;
    uint64_t seq = 10;

    for (size_t i = 0; i < count; i++, seq++) {
        size_t size = encode(row, &wrong[i], seq);

        ck_assert_int_eq(jn_graft_add(graft, seq, jn_span(row, size), &anew),
                         0);
        ck_assert_msg(anew, "links %zu", i);
    }
    end_at(seq);
    for (uint64_t limit = 11; limit <= seq; limit++) {
        struct journal_entry *entry;

        ck_assert_int_eq(journal_get_at(target, "key", 3, limit, &entry), 0);
        ck_assert_uint_eq(entry->seq, limit - 1);
        ck_assert_uint_eq(entry->revision, limit - 10);
        journal_entry_free(entry);
    }
}
END_TEST

/* Each as the first entry of its key, or as the one behind a sound one. */
START_TEST(links_of_another_entry_are_made_anew)
{
    static const struct jn_links wrong[] = {
        {2, JOURNAL_NONE, JOURNAL_NONE, false, {0}},
        {2, 3, JOURNAL_NONE, false, {0}},
        {2, 3, 2, false, {0}},
        {2, 10, 10, false, {0}}, /* there is one, of another key */
        {3, 10, JOURNAL_NONE, false, {0}},
        {4, 3, 10, false, {0}},
        {5, 3, 2, false, {0}},
        {6, 3, 3, false, {0}},
        {6, 3, 10, false, {0}},
        {18, 9, 10, false, {0}},
        {19, 9, 10, false, {0}},
    };
    const size_t count = sizeof(wrong) / sizeof(wrong[0]);
    uint8_t row[200];
    uint64_t seq = 10;
    bool anew = false;

    for (size_t i = 0; i < 2 * count; i++, seq++) {
        struct jn_links first = {1, JOURNAL_NONE, JOURNAL_NONE, false, {0}};
        char key[8];
        struct jn_record record = {.key = {(const uint8_t *)key, 0}};
        struct jn_span span = {row, 0};

        record.key.size = (size_t)snprintf(key, sizeof(key), "%zu", i);
        if (i >= count) {
            span.size = encode_record(row, &first, seq, &record);
            ck_assert_int_eq(jn_graft_add(graft, seq++, span, &anew), 0);
            ck_assert(!anew);
        }
        span.size = encode_record(row, &wrong[i % count], seq, &record);
        ck_assert_int_eq(jn_graft_add(graft, seq, span, &anew), 0);
        ck_assert_msg(anew, "links %zu", i);
    }
    end_at(seq);
}
END_TEST

/* A number below SEQ, or none. */
static uint64_t
any_before(uint64_t seq, uint64_t *chance)
{
    uint64_t any = test_random(chance) % 12;

    return any < seq && any < 8 ? seq - 1 - any : JOURNAL_NONE;
}

/* Those that fit what was made of the entries before are changed in part. */
START_TEST(whatever_the_links_are_the_entry_is_there)
{
    struct jn_chain chains[3];
    uint64_t chance = test_seed(), seq = 10;
    uint8_t row[200];

    memset(chains, 0, sizeof(chains));
    for (unsigned i = 0; i < 2000; i++, seq += 1 + test_random(&chance) % 2) {
        unsigned which = (unsigned)(test_random(&chance) % 3);
        const struct jn_record record = {
            .key = {(const uint8_t *)"abc" + which, 1}};
        struct jn_span span = {row, 0};
        struct jn_links links;
        uint64_t what = test_random(&chance);

        jn_chain_push(&chains[which], seq, false, NULL, &links);
        if (what % 4 == 0)
            links.revision += what / 4 % 5;
        if (what % 4 <= 1 && what / 32 % 2 == 0)
            links.prev = any_before(seq, &chance);
        if (what % 4 <= 1 && what / 64 % 2 == 0)
            links.jump = links.prev == JOURNAL_NONE
                             ? JOURNAL_NONE
                             : any_before(links.prev, &chance);
        span.size = encode_record(row, &links, seq, &record);
        ck_assert_int_eq(jn_graft_add(graft, seq, span, NULL), 0);
        /* Some are lost. */
        if (what / 128 % 8 == 0)
            jn_chain_push(&chains[which], ++seq, false, NULL, &links);
        else if (what / 128 % 64 == 1)
            (void)jn_chain_begin(&chains[which], seq, &links);
    }
    end_at(seq);
}
END_TEST

/* What is in the target's table of entries makes no sense any more. */
static void
damage_entries(void)
{
    struct paged paged;
    uint8_t *root;

    ck_assert_int_eq(symlink("target", test_path("journal")), 0);
    paged_read(&paged);
    root = paged_page(&paged, paged.root);
    memset(root + JN_PAGE_HEADER, 0xff, paged.page_size - JN_PAGE_HEADER);
    paged_write(&paged);
    paged_free(&paged);
}

static const struct jn_links going_on[] = {
    {9, 12, JOURNAL_NONE, false, {0}}, /* some are missing in between */
    {4, 11, 10, false, {0}},           /* none, and another jump */
};

START_TEST(a_target_that_cannot_be_read_is_told)
{
    struct jn_chain chain = {.revision = 0};
    struct jn_links links;
    uint8_t row[200];

    for (uint64_t seq = 10; seq < 13; seq++) {
        struct jn_span span = {row, 0};

        jn_chain_push(&chain, seq, false, NULL, &links);
        span.size = encode(row, &links, seq);
        ck_assert_int_eq(jn_graft_add(graft, seq, span, NULL), 0);
    }
    ck_assert_int_eq(jn_graft_end(graft, 13), 0);
    damage_entries();
    links = going_on[_i];
    links.prev = chain.roots[0];
    ck_assert_int_eq(jn_graft_add(graft, 20,
                                  jn_span(row, encode(row, &links, 20)), NULL),
                     JOURNAL_CORRUPT);
}
END_TEST

struct stamped {
    uint64_t own, before; /* 0: none */
    bool anew;
};

/* Entries of one key from FIRST on, which say what stamp they replaced. */
static void
graft_stamped(uint64_t first, const struct stamped *stamped, size_t count)
{
    struct jn_links links;
    struct jn_chain chain = {.revision = 0};
    uint8_t row[200];

    for (uint64_t i = 0; i < count; i++) {
        struct jn_span span = {row, 0};
        bool anew;

        jn_chain_push(&chain, first + i, false, NULL, &links);
        links.replaced = stamped[i].before > 0;
        links.stamp_before.time = stamped[i].before;
        span.size = encode_stamped(row, &links, first + i, stamped[i].own);
        ck_assert_int_eq(jn_graft_add(graft, first + i, span, &anew), 0);
        ck_assert_msg(anew == stamped[i].anew, "stamp %u", (unsigned)i);
    }
    end_at(first + count);
}

START_TEST(a_stamp_that_takes_the_place_of_a_later_one_is_linked_anew)
{
    const struct stamped stamped[] = {
        {7, 0, false}, {9, 7, false}, {9, 9, false},
        {9, 10, true}, {0, 8, true},  {12, 11, true},
    };

    graft_stamped(10, stamped, sizeof(stamped) / sizeof(stamped[0]));
}
END_TEST

START_TEST(where_nothing_is_lost_the_stamp_in_force_is_the_one_replaced)
{
    const struct stamped stamped[] = {
        {0, 0, false}, {5, 3, true},   {7, 5, false},
        {9, 8, true},  {10, 9, false}, {11, 0, true},
    };

    graft_stamped(0, stamped, sizeof(stamped) / sizeof(stamped[0]));
}
END_TEST

/* Each second number is missing, of whatever key it was. */
START_TEST(where_something_is_lost_a_stamp_may_have_come_with_it)
{
    const struct stamped stamped[] = {
        {5, 0, false},
        {9, 7, false},
        {12, 11, false},
        {14, 10, true},
    };
    struct jn_links links;
    struct jn_chain chain = {.revision = 0};
    uint8_t row[200];

    for (uint64_t i = 0; i < sizeof(stamped) / sizeof(stamped[0]); i++) {
        struct jn_span span = {row, 0};
        bool anew;

        jn_chain_push(&chain, 10 + 2 * i, false, NULL, &links);
        links.replaced = stamped[i].before > 0;
        links.stamp_before.time = stamped[i].before;
        span.size = encode_stamped(row, &links, 10 + 2 * i, stamped[i].own);
        ck_assert_int_eq(jn_graft_add(graft, 10 + 2 * i, span, &anew), 0);
        ck_assert_msg(anew == stamped[i].anew, "stamp %u", (unsigned)i);
    }
    end_at(30);
}
END_TEST

START_TEST(an_entry_with_a_stamp_that_its_key_is_beyond_is_not_added)
{
    const struct jn_links links = {1, JOURNAL_NONE, JOURNAL_NONE, false, {0}};
    uint8_t row[200];
    struct jn_span span = {row, encode_stamped(row, &links, 5, 8)};

    ck_assert_int_eq(jn_graft_add(graft, 5, span, NULL), 0);
    span.size = encode_stamped(row, &links, 6, 7);
    ck_assert_int_eq(jn_graft_add(graft, 6, span, NULL), JOURNAL_OUTDATED);
    ck_assert_uint_eq(jn_graft_next(graft), 6);
    span.size = encode_stamped(row, &links, 6, 8);
    ck_assert_int_eq(jn_graft_add(graft, 6, span, NULL), 0);
    end_at(7);
    ck_assert_uint_eq(figures_of(target).entries, 2);
}
END_TEST

START_TEST(a_chain_that_does_not_fit_changes_nothing)
{
    const struct jn_links links = {1, JOURNAL_NONE, JOURNAL_NONE, false, {0}};
    struct jn_chain chain = {.revision = 1, .roots = {5}, .count = 1};
    const struct jn_span key = {(const uint8_t *)"key", 3};
    struct journal_entry *entry;
    uint8_t row[200];
    size_t size = encode(row, &links, 5);

    ck_assert_int_eq(jn_graft_confirm(graft, key, &chain), 0);
    ck_assert_int_eq(jn_graft_add(graft, 5, jn_span(row, size), NULL), 0);
    chain.tombstone = true;
    ck_assert_int_eq(jn_graft_confirm(graft, key, &chain), 0);
    chain = (struct jn_chain){.revision = 1, .roots = {4}, .count = 1};
    ck_assert_int_eq(jn_graft_confirm(graft, key, &chain), 0);
    chain = (struct jn_chain){.revision = 2, .roots = {5, 4}, .count = 2};
    ck_assert_int_eq(jn_graft_confirm(graft, key, &chain), 0);
    end_at(6);
    ck_assert_int_eq(journal_get(target, "key", 3, &entry), 0);
    ck_assert_uint_eq(entry->seq, 5);
    ck_assert_uint_eq(entry->revision, 1);
    journal_entry_free(entry);
    ck_assert_uint_eq(figures_of(target).keys, 1);
}
END_TEST

/* Entries 10 and 11 of a key, of which the first has a stamp, or none has. */
START_TEST(a_stamp_that_an_entry_tells_of_is_not_taken_from_the_index)
{
    const struct jn_span key = {(const uint8_t *)"key", 3};
    struct jn_chain chain = {.revision = 0};
    struct jn_links links;
    uint8_t row[200];

    for (uint64_t seq = 10; seq < 12; seq++) {
        struct jn_span span = {row, 0};

        jn_chain_push(&chain, seq, false, NULL, &links);
        span.size = encode_stamped(row, &links, seq,
                                   seq == 10 ? (uint64_t)_i : 0);
        ck_assert_int_eq(jn_graft_add(graft, seq, span, NULL), 0);
    }
    chain.stamped = true;
    for (chain.stamp.time = 0; chain.stamp.time < 10; chain.stamp.time++)
        ck_assert_int_eq(jn_graft_confirm(graft, key, &chain), 0);
    end_at(12);
}
END_TEST

/* One with a stamp, one that is lost, and one without. */
START_TEST(a_stamp_is_not_lowered_whatever_the_index_says)
{
    const struct jn_span key = {(const uint8_t *)"key", 3};
    struct journal_record record = {.key = "key",
                                    .key_size = 3,
                                    .flags = JOURNAL_STAMPED,
                                    .stamp = {.time = 4}};
    struct jn_chain chain = {.revision = 0};
    struct jn_links links;
    uint8_t row[200];

    for (uint64_t seq = 10; seq < 13; seq++) {
        struct jn_span span = {row, 0};

        jn_chain_push(&chain, seq, false, NULL, &links);
        span.size = encode_stamped(row, &links, seq, seq == 10 ? 5 : 0);
        if (seq != 11)
            ck_assert_int_eq(jn_graft_add(graft, seq, span, NULL), 0);
    }
    ck_assert_int_eq(jn_graft_confirm(graft, key, &chain), 0);
    chain.stamped = true;
    chain.stamp.time = 4;
    ck_assert_int_eq(jn_graft_confirm(graft, key, &chain), 0);
    end_at(13);
    ck_assert_int_eq(journal_append_batch(target, &record, 1, NULL),
                     JOURNAL_OUTDATED);
}
END_TEST

/* A key's 18th entry, the only one that is there, whose links are lost. */
START_TEST(a_chain_that_says_where_a_guessed_jump_leads_is_left_alone)
{
    const struct jn_links links = {1, JOURNAL_NONE, JOURNAL_NONE, false, {0}};
    const struct jn_span key = {(const uint8_t *)"key", 3};
    struct jn_chain chain = {.revision = 0};
    struct jn_links pushed;
    uint8_t row[200];
    struct jn_span span = {row, encode(row, &links, 61)}, record = span;

    for (uint64_t seq = 10; seq < 61; seq += 3)
        jn_chain_push(&chain, seq, false, NULL, &pushed);
    jn_chain_push(&chain, 61, false, NULL, &pushed);
    ck_assert_uint_eq(chain.revision, 18);
    ck_assert_int_eq(jn_links_decode(&pushed, &record, 61), 0);
    ck_assert_int_eq(jn_graft_add_record(graft, 61, record, 18), 0);
    ck_assert_int_eq(jn_graft_confirm(graft, key, &chain), 0);
    end_at(62);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("graft_wrong");
    TCase *tcase = tcase_create("graft_wrong");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_entry_that_is_not_sound_is_not_added);
    tcase_add_test(tcase, links_that_cannot_be_are_made_anew);
    tcase_add_test(tcase, links_of_another_entry_are_made_anew);
    tcase_add_test(tcase, whatever_the_links_are_the_entry_is_there);
    tcase_add_loop_test(tcase, a_target_that_cannot_be_read_is_told, 0, 2);
    tcase_add_test(tcase,
                   a_stamp_that_takes_the_place_of_a_later_one_is_linked_anew);
    tcase_add_test(
        tcase, where_nothing_is_lost_the_stamp_in_force_is_the_one_replaced);
    tcase_add_test(tcase,
                   where_something_is_lost_a_stamp_may_have_come_with_it);
    tcase_add_test(tcase,
                   an_entry_with_a_stamp_that_its_key_is_beyond_is_not_added);
    tcase_add_test(tcase, a_chain_that_does_not_fit_changes_nothing);
    tcase_add_loop_test(
        tcase, a_stamp_that_an_entry_tells_of_is_not_taken_from_the_index, 0,
        6);
    tcase_add_test(tcase, a_stamp_is_not_lowered_whatever_the_index_says);
    tcase_add_test(tcase,
                   a_chain_that_says_where_a_guessed_jump_leads_is_left_alone);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
