/* links_test.c - jump pointers against a plain array, and their bytes. */
#include "format/links.h"

#include <stdlib.h>

#include "support/test.h"

#define ENTRIES 3000u
#define NOT_A_SEED UINT64_C(99)

/* A key's whole history, as an array. */
struct history {
    uint64_t seq[ENTRIES];
    struct jn_chain_end end[ENTRIES];
    struct jn_chain before[ENTRIES]; /* what the chain was before the entry */
    struct jn_chain chain;
    size_t count;
};

static struct history *
make_history(size_t count)
{
    struct history *history = calloc(1, sizeof(*history));
    uint64_t state = test_seed(), seq = test_random(&state) % 1000;

    for (size_t i = 0; i < count; i++) {
        struct jn_chain_end *end = &history->end[i];
        struct journal_stamp stamp = {i, {(uint8_t)i}};

        history->before[i] = history->chain;
        end->tombstone = test_random(&state) % 5 == 0;
        end->stamped = test_random(&state) % 3 == 0;
        jn_chain_push(&history->chain, seq, end->tombstone,
                      end->stamped ? &stamp : NULL, &end->links);
        history->seq[i] = seq;
        seq += 1 + test_random(&state) % 7;
    }
    history->count = count;
    return history;
}

static size_t
index_of(const struct history *history, uint64_t seq)
{
    for (size_t i = 0; i < history->count; i++) {
        if (history->seq[i] == seq)
            return i;
    }
    ck_abort_msg("%llu is no entry of the key", (unsigned long long)seq);
    return 0;
}

START_TEST(links_lead_to_the_entries_they_name)
{
    struct history *history = make_history(ENTRIES);

    for (size_t i = 0; i < history->count; i++) {
        const struct jn_links *links = &history->end[i].links;
        uint64_t jump = jn_links_jump_revision(i + 1);

        ck_assert_uint_eq(links->revision, i + 1);
        ck_assert_uint_eq(links->prev,
                          i == 0 ? JOURNAL_NONE : history->seq[i - 1]);
        ck_assert_uint_eq(links->jump,
                          jump == 0 ? JOURNAL_NONE : history->seq[jump - 1]);
    }
    free(history);
}
END_TEST

START_TEST(followers_are_those_whose_jumps_lead_there)
{
    static unsigned jumps[2 * ENTRIES + 2];

    for (uint64_t r = 1; r <= 2 * ENTRIES; r++)
        jumps[jn_links_jump_revision(r)]++;
    for (uint64_t r = 1; r < ENTRIES; r++) {
        unsigned count = jn_links_followers(r), met = 0;

        for (unsigned i = 1; i <= count; i++) {
            uint64_t from = r + (UINT64_C(1) << i) - 1;

            ck_assert_uint_eq(jn_links_jump_revision(from), r);
            met += from <= 2 * ENTRIES;
        }
        ck_assert_uint_eq(jumps[r], met);
    }
}
END_TEST

START_TEST(the_newest_below_any_number_is_few_steps_away)
{
    struct history *history = make_history(ENTRIES);
    uint64_t last = history->seq[ENTRIES - 1];
    unsigned most = 0;

    for (uint64_t bound = history->seq[0]; bound <= last; bound++) {
        uint64_t seq = jn_chain_seek(&history->chain, bound), next;
        unsigned steps = 1;

        for (;; steps++) {
            next = jn_links_toward(&history->end[index_of(history, seq)].links,
                                   bound);
            if (next == JOURNAL_NONE || next < bound)
                break;
            ck_assert_uint_lt(next, seq);
            seq = next;
        }
        /* SEQ is the first at or above BOUND, NEXT the one before it. */
        ck_assert_uint_ge(seq, bound);
        if (next != JOURNAL_NONE)
            ck_assert_uint_eq(index_of(history, next) + 1,
                              index_of(history, seq));
        most = steps > most ? steps : most;
    }
    ck_assert_uint_le(most, 24); /* 2 log2 of 3000 */
    free(history);
}
END_TEST

static void
assert_same(const struct jn_chain *a, const struct jn_chain *b)
{
    ck_assert_uint_eq(a->revision, b->revision);
    ck_assert_uint_eq(a->count, b->count);
    ck_assert_mem_eq(a->roots, b->roots, a->count * sizeof(a->roots[0]));
    ck_assert_int_eq(a->tombstone, b->tombstone);
    ck_assert_int_eq(a->stamped, b->stamped);
    if (a->stamped)
        ck_assert_int_eq(jn_stamp_compare(&a->stamp, &b->stamp), 0);
}

START_TEST(pop_undoes_push)
{
    struct history *history = make_history(ENTRIES);

    for (size_t i = ENTRIES - 1; i > 0; i--) {
        ck_assert_int_eq(jn_chain_pop(&history->chain, &history->end[i],
                                      &history->end[i - 1]),
                         0);
        assert_same(&history->chain, &history->before[i]);
    }
    free(history);
}
END_TEST

/* The chain of the first entries goes on with a later one. */
static void
assert_skipped(const struct history *history, size_t kept, size_t later)
{
    const struct jn_chain *whole = &history->before[later + 1];
    struct jn_chain chain = history->before[kept];
    uint64_t revision = later + 1;

    ck_assert(
        jn_chain_skip(&chain, history->seq[later], &history->end[later].links));
    ck_assert_uint_eq(chain.revision, whole->revision);
    ck_assert_uint_eq(chain.count, whole->count);
    for (unsigned i = 0; i < chain.count; i++) {
        if (i > 1 && revision > kept)
            ck_assert_uint_eq(chain.roots[i], JOURNAL_NONE);
        else
            ck_assert_uint_eq(chain.roots[i], whole->roots[i]);
        revision = jn_links_jump_revision(revision);
    }
    ck_assert(chain.stamped == history->before[kept].stamped);
}

START_TEST(skip_knows_the_roots_that_are_not_among_the_missing)
{
    struct history *history = make_history(200);

    for (size_t kept = 1; kept < 198; kept++)
        for (size_t later = kept + 1; later < 199; later++)
            assert_skipped(history, kept, later);
    free(history);
}
END_TEST

/*
 * Entry LATER says that its jump leads elsewhere, over what is missing or
 * not.
 */
START_TEST(skip_refuses_a_jump_to_the_wrong_side_of_what_it_knows)
{
    struct history *history = make_history(200);
    unsigned within = 0, beyond = 0;

    for (size_t kept = 1; kept < 198; kept++)
        for (size_t later = kept + 1; later < 199; later++) {
            struct jn_chain chain = history->before[kept];
            struct jn_links links = history->end[later].links;
            uint64_t last = chain.roots[0];

            if (links.jump == JOURNAL_NONE || links.jump == links.prev)
                continue;
            within += links.jump > last;
            beyond += links.jump <= last;
            links.jump = links.jump > last ? last : last + 1;
            if (links.jump < links.prev)
                ck_assert(!jn_chain_skip(&chain, history->seq[later], &links));
        }
    ck_assert_uint_gt(within, 0);
    ck_assert_uint_gt(beyond, 0);
    free(history);
}
END_TEST

START_TEST(no_chain_begins_with_links_that_cannot_be)
{
    static const struct jn_links wrong[] = {
        {0, JOURNAL_NONE, JOURNAL_NONE, false, {0}},
        {UINT64_MAX / 4 + 1, 5, 4, false, {0}},
        {UINT64_MAX / 2, 5, 4, false, {0}},
        {1, 5, JOURNAL_NONE, false, {0}},
        {2, JOURNAL_NONE, JOURNAL_NONE, false, {0}},
        {2, 5, JOURNAL_NONE, false, {0}},
        {2, 5, 4, false, {0}},
        {3, 5, 4, false, {0}},
        {5, 5, 4, false, {0}},
        {6, 5, 5, false, {0}},
    };
    struct jn_chain chain;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_msg(!jn_chain_begin(&chain, 9, &wrong[i]), "links %zu", i);
}
END_TEST

START_TEST(skip_refuses_an_entry_that_cannot_follow)
{
    struct history *history = make_history(200);

    for (size_t kept = 1; kept < 199; kept++) {
        const struct jn_chain *before = &history->before[kept];
        struct jn_chain chain = *before;
        struct jn_links links = history->end[199].links;

        for (size_t i = 0; i <= kept; i++)
            ck_assert(!jn_chain_skip(&chain, history->seq[199],
                                     &history->end[i].links));
        links.prev = before->roots[0];
        ck_assert(!jn_chain_skip(&chain, history->seq[199], &links));
        links = history->end[199].links;
        links.jump = JOURNAL_NONE;
        ck_assert(!jn_chain_skip(&chain, history->seq[199], &links));
        ck_assert_mem_eq(&chain, before, sizeof(chain));
    }
    free(history);
}
END_TEST

START_TEST(pop_refuses_entries_that_do_not_belong_together)
{
    struct history *history = make_history(100);
    struct jn_chain chain = history->chain;

    ck_assert_int_eq(jn_chain_pop(&chain, &history->end[98], &history->end[97]),
                     JOURNAL_CORRUPT);
    chain = history->chain;
    ck_assert_int_eq(jn_chain_pop(&chain, &history->end[99], &history->end[97]),
                     JOURNAL_CORRUPT);
    free(history);
}
END_TEST

START_TEST(links_come_back_and_any_damage_is_noticed)
{
    struct history *history = make_history(60);

    for (size_t i = 0; i < history->count; i++) {
        const struct jn_links *links = &history->end[i].links;
        uint64_t seq = history->seq[i];
        uint8_t bytes[JN_LINKS_MAX];
        size_t size = (size_t)(jn_links_encode(bytes, links, seq) - bytes);
        struct jn_span in = {bytes, size};
        struct jn_links back;

        ck_assert_int_eq(jn_links_decode(&back, &in, seq), 0);
        ck_assert_uint_eq(in.size, 0);
        ck_assert_uint_eq(back.revision, links->revision);
        ck_assert_uint_eq(back.prev, links->prev);
        ck_assert_uint_eq(back.jump, links->jump);
        ck_assert_int_eq(back.replaced, links->replaced);
        in = jn_span(bytes, size);
        ck_assert_int_ne(jn_links_decode(&back, &in, seq + 1), 0);
        for (size_t bit = 0; bit < size * 8; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            in = jn_span(bytes, size);
            /* A first byte of 0 would be an entry without a key. */
            if (bytes[0] != 0)
                ck_assert_int_eq(jn_links_decode(&back, &in, seq),
                                 JOURNAL_CORRUPT);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t cut = 0; cut < size; cut++) {
            in = jn_span(bytes, cut);
            ck_assert_int_eq(jn_links_decode(&back, &in, seq), JOURNAL_CORRUPT);
        }
    }
    free(history);
}
END_TEST

START_TEST(a_chain_comes_back_and_any_damage_is_noticed)
{
    struct history *history = make_history(ENTRIES);

    for (size_t i = 1; i < history->count; i += 13) {
        const struct jn_chain *chain = &history->before[i];
        uint8_t bytes[JN_CHAIN_MAX];
        size_t size = (size_t)(jn_chain_encode(bytes, chain, i) - bytes);
        struct jn_chain back;

        ck_assert_int_eq(jn_chain_decode(&back, jn_span(bytes, size), i), 0);
        assert_same(&back, chain);
        ck_assert_int_eq(jn_chain_decode(&back, jn_span(bytes, size),
                                         i ^ NOT_A_SEED),
                         JOURNAL_CORRUPT);
        for (size_t bit = 0; bit < size * 8; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            ck_assert_int_eq(jn_chain_decode(&back, jn_span(bytes, size), i),
                             JOURNAL_CORRUPT);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t cut = 0; cut < size; cut++)
            ck_assert_int_eq(jn_chain_decode(&back, jn_span(bytes, cut), i),
                             JOURNAL_CORRUPT);
    }
    free(history);
}
END_TEST

/* As long as the chain says that there are older entries, links lead there. */
START_TEST(pop_refuses_links_that_lead_nowhere)
{
    struct history *history = make_history(8);
    const struct jn_chain_end *end = history->end;

    /* Entry 7 is the root of a tree of seven, entry 8 of one alone. */
    for (unsigned i = 0; i < 4; i++) {
        size_t at = i == 3 ? 7 : 6;
        struct jn_chain chain = i == 3 ? history->chain : history->before[7];
        struct jn_chain_end latest = end[at], prev = end[at - 1];

        if (i == 0)
            latest.links.prev = JOURNAL_NONE;
        else if (i == 1)
            prev.links.jump = JOURNAL_NONE;
        else if (i == 3)
            latest.links.prev = end[3].links.prev;
        ck_assert_int_eq(jn_chain_pop(&chain, &latest, &prev),
                         i == 2 ? 0 : JOURNAL_CORRUPT);
    }
    free(history);
}
END_TEST

START_TEST(a_tree_may_be_as_large_as_numbers_go)
{
    ck_assert_uint_eq(jn_links_tree_size(UINT64_MAX), UINT64_MAX);
    ck_assert_uint_eq(jn_links_jump_revision(UINT64_MAX), 0);
    ck_assert_uint_eq(jn_links_tree_size(UINT64_MAX - 1), UINT64_MAX / 2);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("links");
    TCase *tcase = tcase_create("links");

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, links_lead_to_the_entries_they_name);
    tcase_add_test(tcase, followers_are_those_whose_jumps_lead_there);
    tcase_add_test(tcase, the_newest_below_any_number_is_few_steps_away);
    tcase_add_test(tcase, pop_undoes_push);
    tcase_add_test(tcase, skip_knows_the_roots_that_are_not_among_the_missing);
    tcase_add_test(tcase, no_chain_begins_with_links_that_cannot_be);
    tcase_add_test(tcase,
                   skip_refuses_a_jump_to_the_wrong_side_of_what_it_knows);
    tcase_add_test(tcase, skip_refuses_an_entry_that_cannot_follow);
    tcase_add_test(tcase, pop_refuses_entries_that_do_not_belong_together);
    tcase_add_test(tcase, pop_refuses_links_that_lead_nowhere);
    tcase_add_test(tcase, a_tree_may_be_as_large_as_numbers_go);
    tcase_add_test(tcase, links_come_back_and_any_damage_is_noticed);
    tcase_add_test(tcase, a_chain_comes_back_and_any_damage_is_noticed);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
