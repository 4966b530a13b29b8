/* ahead_copy_test.c - what each step of a round leaves, and work on it. */
#include "write/ahead.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "journal/view.h"
#include "support/chance.h"
#include "support/fast_dir.h"
#include "unit/rounds.h"
#include "write/expiry.h"

#define BIG 60000u /* bytes of a value that is too large for the tail */

/* What is done to a copy of the journal, and to the model. */
typedef void deed(struct journal *copy, const struct jn_tail_row *row);

static struct journal *copy;
static deed *doing;
static unsigned steps;
static uint64_t ahead; /* of the round whose copy is damaged */

static const char *
place(void)
{
    return test_path("copy");
}

static const char *
file_of(const char *name)
{
    static char path[4096];

    (void)snprintf(path, sizeof(path), "%s/%s", place(), name);
    return path;
}

/* ---- deeds --------------------------------------------------------------- */

static uint64_t
between_two(uint64_t a, uint64_t b)
{
    return a < b ? between(a, b) : a;
}

static void
prune(struct journal *in, uint64_t before, uint32_t flags)
{
    uint64_t removed = 0, highest = 0;
    uint64_t expected = model_prune(&rounds_model, before, flags, &highest);

    ck_assert_int_eq(journal_prune(in, before, flags, &removed), 0);
    ck_assert_uint_eq(removed, expected);
}

static void
prune_some(struct journal *in, const struct jn_tail_row *row)
{
    prune(in, between_two(1, row->next - 1), 0);
}

/* All that the store has: many a key has nothing but what is recent then. */
static void
prune_stored(struct journal *in, const struct jn_tail_row *row)
{
    struct jn_tail_row after;

    prune(in, row->next, 0);
    if (rounds_state_of(in, &after) != ROUNDS_NONE)
        ck_assert_uint_ge(after.ahead_rows, row->ahead_rows);
}

static void
prune_over(struct journal *in, const struct jn_tail_row *row)
{
    prune(in, between_two(row->next, rounds_model.size), 0);
}

static void
compact_stored(struct journal *in, const struct jn_tail_row *row)
{
    prune(in, row->next, JOURNAL_PRUNE_KEEP_LATEST);
}

static void
compact(struct journal *in, const struct jn_tail_row *row)
{
    (void)row;
    prune(in, rounds_model.size, JOURNAL_PRUNE_KEEP_LATEST);
}

/* Of what the store has, by a limit that what is recent is far below. */
static void
expire(struct journal *in, const struct jn_tail_row *row)
{
    uint64_t from = rounds_model.first, size = rounds_model.size, highest = 0;
    struct jn_limits limits = {
        .keep_entries = size - between_two(from, row->next - 1)};
    const struct jn_amount none = {0, 0};
    uint64_t over = size - from - limits.keep_entries;

    ck_assert_int_eq(jn_expiry_run(in->shared, &limits, &none), 0);
    if (over > limits.keep_entries / 16)
        (void)model_prune(&rounds_model, from + over, 0, &highest);
}

static void
rewind_to(struct journal *in, uint64_t size)
{
    ck_assert_int_eq(journal_rewind(in, size), 0);
    ck_assert_int_eq(model_rewind(&rounds_model, size), 0);
}

static void
rewind_below(struct journal *in, const struct jn_tail_row *row)
{
    rewind_to(in, between_two(rounds_model.first, row->next));
}

static void
rewind_inside(struct journal *in, const struct jn_tail_row *row)
{
    rewind_to(in, between_two(row->next, row->ahead));
}

static void
rewind_above(struct journal *in, const struct jn_tail_row *row)
{
    rewind_to(in, between_two(row->ahead, rounds_model.size));
}

static void
append_big(struct journal *in, const struct jn_tail_row *row)
{
    static char value[BIG];
    struct journal_record record = {.value = value, .value_size = BIG};

    (void)row;
    record.key = rounds_keys.keys[0].data;
    record.key_size = rounds_keys.keys[0].size;
    ck_assert_int_eq(journal_append_batch(in, &record, 1, NULL), 0);
    rounds_know(in, &record, 1);
}

static void
append_small(struct journal *in, const struct jn_tail_row *row)
{
    (void)row;
    for (unsigned i = 0; i < 5; i++)
        rounds_append(in);
}

static void
back_up(struct journal *in, const struct jn_tail_row *row)
{
    struct journal *other;

    (void)row;
    ck_assert_int_eq(journal_backup(in, test_path("backup"), 0, NULL, NULL), 0);
    other = rounds_open(test_path("backup"), JOURNAL_DURABLE, 0);
    rounds_compare_some(other);
    journal_close(other);
    ck_assert_int_eq(journal_destroy(test_path("backup")), 0);
}

static void
close_only(struct journal *in, const struct jn_tail_row *row)
{
    (void)in;
    (void)row;
}

static deed *const deeds[] = {prune_some,     prune_stored,  prune_over,
                              compact_stored, compact,       expire,
                              rewind_below,   rewind_inside, rewind_above,
                              append_big,     append_small,  back_up,
                              close_only};
#define DEEDS (sizeof(deeds) / sizeof(*deeds))

/* ---- in a copy ----------------------------------------------------------- */

/* The last writer closes it: the data file alone is the journal. */
static void
close_and_look(void)
{
    journal_close(copy);
    ck_assert_int_eq(unlink(file_of("tail")), 0);
    copy = rounds_open(place(), JOURNAL_DURABLE, 0);
    rounds_compare_some(copy);
    rounds_append(copy);
    rounds_append(copy);
    rounds_compare_some(copy);
    journal_close(copy);
}

/* Its process has gone on with the round before, or has not; and after it. */
static void
do_it(void *unused)
{
    struct jn_tail_row row;

    (void)unused;
    copy = rounds_open(place(), JOURNAL_DURABLE, 0);
    if (one_in(2))
        (void)rounds_step(copy);
    (void)rounds_state_of(copy, &row);
    doing(copy, &row);
    rounds_compare_some(copy);
    if (one_in(2))
        (void)rounds_step(copy);
    if (one_in(2))
        rounds_append(copy);
    rounds_compare_some(copy);
    if (one_in(2))
        rounds_finish(copy);
    close_and_look();
}

static void
do_in_copy(deed *what)
{
    doing = what;
    rounds_copy(place());
    rounds_in_child(do_it, NULL);
    rounds_remove_copy(place());
}

/* A round, to which entries come; true as long as it goes on. */
static bool
go_on(void)
{
    struct jn_tail_row row;

    if (steps++ == 2)
        rounds_append_later(rounds_journal);
    (void)below(2); /* the children go other ways than at the step before */
    return rounds_step(rounds_journal) &&
           rounds_state_of(rounds_journal, &row) != ROUNDS_NONE;
}

/* Between two steps that are tried, as many as the time there is allows. */
static unsigned
steps_between(void)
{
    return test_scale() >= 4 ? 1 : test_scale() >= 0.05 ? 4 : 16;
}

START_TEST(work_of_each_kind_finds_all_at_each_step)
{
    unsigned stride = steps_between(), cases = 0;

    while (go_on()) {
        if (steps % stride != (unsigned)_i % stride)
            continue;
        do_in_copy(deeds[_i]);
        cases++;
    }
    ck_assert_uint_gt(cases, 0);
}
END_TEST

/* ---- what is left -------------------------------------------------------- */

static void
look_at_copy(void *unused)
{
    static const uint32_t ways[] = {JOURNAL_OPEN_READ_ONLY |
                                        JOURNAL_OPEN_IMMUTABLE,
                                    JOURNAL_OPEN_READ_ONLY, 0};

    (void)unused;
    for (unsigned i = 0; i < 3; i++) {
        copy = rounds_open(place(), JOURNAL_DURABLE, ways[i]);
        rounds_compare(copy);
        if (i < 2)
            journal_close(copy);
    }
    rounds_append(copy);
    rounds_append(copy);
    while (rounds_step(copy))
        rounds_compare_some(copy);
    close_and_look();
}

START_TEST(what_a_process_leaves_at_any_step_is_whole)
{
    do {
        if (test_scale() < 0.05 && steps % 4 != 0)
            continue;
        rounds_copy(place());
        rounds_in_child(look_at_copy, NULL);
        rounds_remove_copy(place());
    } while (go_on());
}
END_TEST

/* ---- damage -------------------------------------------------------------- */

static void
change(uint64_t from, uint64_t size, bool wipe)
{
    int file = open(file_of("tail"), O_RDWR);

    ck_assert_int_ge(file, 0);
    for (uint64_t at = from; at < from + size; at++) {
        uint8_t byte = 0;

        ck_assert_int_eq(pread(file, &byte, 1, (off_t)at), 1);
        byte = wipe ? 0 : byte ^ 4;
        ck_assert_int_eq(pwrite(file, &byte, 1, (off_t)at), 1);
    }
    (void)close(file);
}

static int
try_to_open(uint32_t flags)
{
    struct journal_options options;
    struct journal *opened = NULL;
    int rc;

    journal_options_init(&options);
    options.flags = flags;
    rc = journal_open(place(), &options, &opened);
    if (rc == 0) {
        struct journal_stat stat = {.struct_size = sizeof(stat)};

        ck_assert_int_eq(journal_stat(opened, &stat), 0);
        ck_assert_uint_lt(stat.size, rounds_model.size);
        ck_assert_uint_ge(stat.size, ahead);
        ck_assert_int_eq(model_rewind(&rounds_model, stat.size), 0);
        rounds_model.durable = 0; /* it was not that which has cut it */
        rounds_compare_some(opened);
    }
    journal_close(opened);
    return rc;
}

/* Of what came when the round had begun nobody said that it is on the disk. */
static void
open_damaged(void *below_end)
{
    int expected = below_end != NULL ? JOURNAL_CORRUPT : 0;

    ck_assert_int_eq(try_to_open(JOURNAL_OPEN_READ_ONLY), expected);
    if (expected != 0)
        ck_assert_int_eq(try_to_open(0), expected);
}

static void
damage(uint64_t seq, bool wipe)
{
    struct rounds_place at = rounds_place_of(rounds_journal, seq);
    bool is_below = seq < ahead;

    rounds_copy(place());
    if (wipe)
        change(at.start, at.size, true);
    else
        change(at.start + below(at.size - 7), 1, false);
    rounds_in_child(open_damaged, is_below ? &is_below : NULL);
    ck_assert_int_eq(unlink(file_of("tail")), 0);
    rounds_in_child(open_damaged, &is_below);
    rounds_remove_copy(place());
}

/* The last frames are the ones that nothing else tells of. */
START_TEST(damage_of_what_the_index_knows_is_noticed)
{
    struct jn_tail_row row;

    while (go_on()) {
        if (test_scale() < 0.05 && steps % 4 != 0)
            continue;
        (void)rounds_state_of(rounds_journal, &row);
        ahead = row.ahead;
        damage(ahead - 1, true);
        damage(ahead - 1, false);
        damage(between_two(row.next, ahead - 1), false);
        if (rounds_model.size > ahead)
            damage(between_two(ahead, rounds_model.size - 1), one_in(2));
    }
    ck_assert_uint_gt(steps, 5);
}
END_TEST

static void
setup(void)
{
    steps = 0;
    rounds_setup(JOURNAL_DURABLE);
}

static void
setup_relaxed(void)
{
    steps = 0;
    rounds_setup(JOURNAL_RELAXED);
}

static Suite *
suite(void)
{
    Suite *suite = suite_create("ahead copy");
    TCase *durable = tcase_create("durable");
    TCase *relaxed = tcase_create("relaxed");

    tcase_set_timeout(durable, 600);
    tcase_add_unchecked_fixture(durable, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(durable, setup, rounds_teardown);
    tcase_add_loop_test(durable, work_of_each_kind_finds_all_at_each_step, 0,
                        DEEDS);
    tcase_add_test(durable, what_a_process_leaves_at_any_step_is_whole);
    suite_add_tcase(suite, durable);

    tcase_set_timeout(relaxed, 600);
    tcase_add_unchecked_fixture(relaxed, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(relaxed, setup_relaxed, rounds_teardown);
    tcase_add_test(relaxed, damage_of_what_the_index_knows_is_noticed);
    suite_add_tcase(suite, relaxed);
    return suite;
}

TEST_MAIN(suite)
