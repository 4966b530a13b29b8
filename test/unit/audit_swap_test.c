/*
 * audit_swap_test.c - what two keys of one bucket say, changed about.
 *
 * The audit adds up what the entries and rows of a bucket say of each other.
 * What one says in the place of another leaves the sum as it was, unless it
 * depends on whose it is: on the key, the revision, and the number.
 */
#include <stdio.h>

#include "known.h"
#include "repair/audit_part.h"
#include "support/fast_dir.h"
#include "support/test.h"

#define PAIRS 20u /* entries of each of two keys */

/* The first two with a history, the others with an entry each. */
#define KEYS 4u

static char names[KEYS][16];

static unsigned
bucket_of(const char *key)
{
    return jn_audit_bucket(jn_audit_hash(jn_span(key, strlen(key))));
}

/* Makes of NAME the next key of BUCKET. */
static void
find_name(char name[16], unsigned bucket)
{
    static unsigned tried;

    do
        (void)snprintf(name, 16, "key %u", tried++);
    while (bucket_of(name) != bucket);
}

static void
find_names(void)
{
    (void)snprintf(names[0], sizeof(names[0]), "key");
    for (unsigned i = 1; i < KEYS; i++)
        find_name(names[i], bucket_of(names[0]));
}

static void
append(uint64_t seq, const char *key)
{
    struct journal_record record = {
        .key = key,
        .key_size = strlen(key),
        .stamp = {seq, {1}},
        .flags = seq / 2 % 2 == 0 ? JOURNAL_STAMPED : 0,
    };

    if (seq % 10 == 9 || seq == 2 * PAIRS)
        record.flags |= JOURNAL_TOMBSTONE;
    ck_assert_int_eq(journal_append_batch(known_journal, &record, 1, NULL), 0);
}

/* All have a stamp, and one of each two ends with a tombstone. */
static void
setup(void)
{
    known_setup();
    find_names();
    for (unsigned seq = 0; seq < 2 * PAIRS; seq++)
        append(seq, names[seq % 2]);
    append(2 * PAIRS, names[2]);
    append(2 * PAIRS + 1, names[3]);
    known_reopen();
    known_take();
    ck_assert_uint_eq(known.counts[JN_ENTRIES], 2 * PAIRS + 2);
    assert_sound();
}

static void
swap(uint64_t *a, uint64_t *b)
{
    uint64_t kept = *a;

    *a = *b;
    *b = kept;
}

/* ---- links --------------------------------------------------------------- */

enum field { REVISION, PREV, JUMP, FIELDS };

static uint64_t *
field_of(struct jn_links *links, enum field field)
{
    uint64_t *const fields[FIELDS] = {&links->revision, &links->prev,
                                      &links->jump};

    return fields[field];
}

static void
read_links(uint64_t seq, struct jn_links *links)
{
    audited_read_links(&known.rows[JN_ENTRIES][seq], seq, links);
}

/* FIELD of entry SEQ becomes VALUE; returns what it was. */
static uint64_t
change(uint64_t seq, enum field field, uint64_t value)
{
    struct jn_links links;

    read_links(seq, &links);
    swap(field_of(&links, field), &value);
    audited_set_links(&known, seq, &links);
    return value;
}

/* The fields FIELD and OTHER of entries SEQ and WITH, not below it. */
static void
try_links(uint64_t seq, enum field field, uint64_t with, enum field other)
{
    struct jn_links links, theirs;
    uint64_t was, that;

    read_links(seq, &links);
    read_links(with, &theirs);
    was = *field_of(&links, field);
    that = *field_of(&theirs, other);
    /* A number is no revision, and links lead back. */
    if (was == that || (field == REVISION) != (other == REVISION) ||
        (field != REVISION && that >= seq))
        return;
    change(seq, field, that);
    change(with, other, was);
    assert_counts(0, 0, seq == with ? 1 : 2, seq);
    change(with, other, that);
    change(seq, field, was);
}

START_TEST(links_of_two_entries_changed_about_are_noticed)
{
    /* The first of a key has none. */
    for (size_t i = 2 * FIELDS; i < 2 * PAIRS * FIELDS; i += known_step(1))
        for (size_t j = i + 1; j < 2 * PAIRS * FIELDS; j += known_step(1))
            try_links(i / FIELDS, i % FIELDS, j / FIELDS, j % FIELDS);
    assert_sound();
}
END_TEST

/* The third of each, all of whose links could be the other's. */
START_TEST(links_to_the_other_keys_entries_are_noticed)
{
    change(4, PREV, 3);
    change(5, PREV, 2);
    assert_both(0, 0, 2, 4);
    change(4, JUMP, 1);
    change(5, JUMP, 0);
    assert_both(0, 0, 2, 4);
    change(4, PREV, 2);
    change(5, PREV, 3);
    assert_both(0, 0, 2, 4);
}
END_TEST

START_TEST(links_of_keys_in_the_first_and_the_last_bucket_are_noticed_once)
{
    uint64_t seq = known.size;
    char ends[2][16];

    find_name(ends[0], 0);
    find_name(ends[1], JN_AUDIT_BUCKETS - 1);
    for (unsigned i = 0; i < 6; i++)
        append(seq + i, ends[i % 2]);
    known_reopen();
    known_take();
    assert_sound();
    change(seq + 4, PREV, seq + 1);
    assert_both(0, 0, 1, seq + 4);
    change(seq + 5, PREV, seq + 2);
    assert_both(0, 0, 2, seq + 4);
    change(seq + 4, PREV, seq + 2);
    assert_both(0, 0, 1, seq + 5);
}
END_TEST

/* ---- rows of the index --------------------------------------------------- */

static void
swap_root(struct jn_chain *a, struct jn_chain *b, unsigned i)
{
    swap(&a->roots[i], &b->roots[i]);
}

static void
swap_tombstones(struct jn_chain *a, struct jn_chain *b, unsigned i)
{
    (void)i;
    ck_assert(a->tombstone != b->tombstone);
    a->tombstone = !a->tombstone;
    b->tombstone = !b->tombstone;
}

static void
swap_stamps(struct jn_chain *a, struct jn_chain *b, unsigned i)
{
    struct journal_stamp kept = a->stamp;

    (void)i;
    ck_assert(a->stamped && b->stamped);
    a->stamp = b->stamp;
    b->stamp = kept;
}

/* The I-th of something about the rows of KEY and the next changed about. */
static void
try_rows(void (*swap_them)(struct jn_chain *, struct jn_chain *, unsigned),
         unsigned key, unsigned i)
{
    struct jn_chain chains[2], changed[2];

    for (unsigned k = 0; k < 2; k++)
        audited_chain(&known, names[key + k], &chains[k]);
    memcpy(changed, chains, sizeof(chains));
    swap_them(&changed[0], &changed[1], i);
    for (unsigned k = 0; k < 2; k++)
        audited_set_chain(&known, names[key + k], &changed[k]);
    assert_both(0, 2, 0, JOURNAL_NONE);
    for (unsigned k = 0; k < 2; k++)
        audited_set_chain(&known, names[key + k], &chains[k]);
}

START_TEST(rows_of_two_keys_changed_about_are_noticed)
{
    for (unsigned key = 0; key < KEYS; key += 2) {
        struct jn_chain chain;

        audited_chain(&known, names[key], &chain);
        ck_assert(key > 0 ? chain.count == 1 : chain.count >= 3);
        for (unsigned i = 0; i < chain.count; i++)
            try_rows(swap_root, key, i);
        try_rows(swap_tombstones, key, 0);
        try_rows(swap_stamps, key, 0);
    }
    assert_sound();
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("audit_swap");
    TCase *tcase = tcase_create("swap");

    tcase_set_timeout(tcase, 120);
    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, known_teardown);
    tcase_add_test(tcase, links_of_two_entries_changed_about_are_noticed);
    tcase_add_test(tcase, links_to_the_other_keys_entries_are_noticed);
    tcase_add_test(
        tcase, links_of_keys_in_the_first_and_the_last_bucket_are_noticed_once);
    tcase_add_test(tcase, rows_of_two_keys_changed_about_are_noticed);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
