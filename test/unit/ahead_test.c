/* ahead_test.c - rounds, in which the index is ahead of the entries. */
#include "write/ahead.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/view.h"
#include "support/chance.h"
#include "support/fast_dir.h"
#include "support/figures.h"
#include "unit/golden.h"
#include "unit/rounds.h"
#include "unit/settle.h"

/* How many of the steps have left the journal in each state. */
static unsigned seen[ROUNDS_STATES];

static enum rounds_state
look(void)
{
    struct jn_tail_row row;
    enum rounds_state state = rounds_state_of(rounds_journal, &row);

    seen[state]++;
    return state;
}

static void
assert_all_seen(void)
{
    for (unsigned i = 0; i < ROUNDS_STATES; i++)
        ck_assert_uint_gt(seen[i], 0);
}

/* ---- a reader of another process ----------------------------------------- */

static struct {
    pid_t pid;
    int to, from; /* pipes */
} reader;

enum { COMPARE = 'c', KNOW_LATER = 'l' };

/* Reads through the handle that it has had from the beginning. */
static void
serve(int from, int to)
{
    struct journal *mine = rounds_open(test_path("journal"), JOURNAL_DURABLE,
                                       JOURNAL_OPEN_READ_ONLY);
    char what;

    while (read(from, &what, 1) == 1) {
        if (what == KNOW_LATER)
            rounds_know_later(mine);
        rounds_compare(mine);
        ck_assert_int_eq(write(to, &what, 1), 1);
    }
    journal_close(mine);
    _exit(0);
}

static void
start_reader(void)
{
    int there[2], back[2];

    ck_assert_int_eq(pipe(there), 0);
    ck_assert_int_eq(pipe(back), 0);
    reader.pid = fork();
    ck_assert_int_ge(reader.pid, 0);
    if (reader.pid == 0) {
        journal_close(rounds_journal);
        close(there[1]);
        close(back[0]);
        serve(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    reader.to = there[1];
    reader.from = back[0];
}

static void
let_reader(char what)
{
    char answer;

    ck_assert_int_eq(write(reader.to, &what, 1), 1);
    ck_assert_int_eq(read(reader.from, &answer, 1), 1);
}

static void
stop_reader(void)
{
    int status;

    close(reader.to);
    ck_assert_int_eq(waitpid(reader.pid, &status, 0), reader.pid);
    ck_assert_int_eq(status, 0);
    close(reader.from);
}

/* ---- each step ----------------------------------------------------------- */

static void
append_later(void)
{
    rounds_append_later(rounds_journal);
    let_reader(KNOW_LATER);
}

START_TEST(readers_of_all_processes_see_the_same_at_each_step)
{
    bool appended = false;

    start_reader();
    look();
    while (rounds_step(rounds_journal)) {
        rounds_compare(rounds_journal);
        let_reader(COMPARE);
        /* What comes when a round has begun is not of it. */
        if (look() != ROUNDS_NONE && !appended) {
            append_later();
            appended = true;
        }
    }
    ck_assert(appended);
    look();
    assert_all_seen();
    stop_reader();
    journal_close(rounds_journal);
    rounds_journal = rounds_open(test_path("journal"), JOURNAL_DURABLE, 0);
    rounds_compare(rounds_journal);
}
END_TEST

/* ---- steps of different processes ---------------------------------------- */

static void
step_and_look(void *unused)
{
    struct journal *mine = rounds_open(test_path("journal"), JOURNAL_DURABLE,
                                       0);

    (void)unused;
    ck_assert(rounds_step(mine));
    rounds_compare_some(mine);
    journal_close(mine);
}

/* Who goes on with a round sorts the keys anew, or remembers them. */
START_TEST(processes_take_turns_in_a_round)
{
    struct jn_tail_row row, before = {.open = false};

    (void)rounds_step(rounds_journal);
    while (look() != ROUNDS_NONE) {
        enum rounds_state state = rounds_state_of(rounds_journal, &row);

        ck_assert(before.ahead_end == 0 || row.ahead_end == before.ahead_end);
        before = row;
        if (state == ROUNDS_ALL_KEYED || one_in(2))
            (void)rounds_step(rounds_journal);
        else
            rounds_in_child(step_and_look, NULL);
        rounds_compare(rounds_journal);
    }
    assert_all_seen();
}
END_TEST

/* ---- how a round begins -------------------------------------------------- */

static uint64_t *older; /* position up to which readers are told to read */
static int flush_result;
static unsigned flushes;

/* By these names the linker knows the functions and what is called for them. */
uint64_t __real_jn_newest_published(const struct jn_newest *newest);
uint64_t __wrap_jn_newest_published(const struct jn_newest *newest);
int __real_jn_tail_flush(struct jn_tail *tail);
int __wrap_jn_tail_flush(struct jn_tail *tail);

uint64_t
__wrap_jn_newest_published(const struct jn_newest *newest)
{
    return older != NULL ? *older : __real_jn_newest_published(newest);
}

int
__wrap_jn_tail_flush(struct jn_tail *tail)
{
    flushes++;
    return flush_result != 0 ? flush_result : __real_jn_tail_flush(tail);
}

/*
 * A reader is told how far it may read before its transaction begins; rows lead
 * farther by then.
 */
START_TEST(a_reader_sees_as_far_as_the_index_leads)
{
    struct jn_tail_row row;
    uint64_t position;

    (void)rounds_state_of(rounds_journal, &row);
    position = row.start;
    while (rounds_step(rounds_journal)) {
        if (look() == ROUNDS_NONE)
            continue;
        older = &position;
        ck_assert_uint_eq(figures_of(rounds_journal).size, rounds_model.size);
        rounds_compare(rounds_journal);
        older = NULL;
    }
    ck_assert_uint_gt(seen[ROUNDS_HALF_KEYED], 0);
}
END_TEST

/* Those that are still to be written are not left without their entries. */
START_TEST(what_a_prune_leaves_of_rows_is_counted_while_they_are_written)
{
    struct jn_tail_row row;
    uint64_t removed = 0, highest;

    for (int i = 0; i <= _i; i++)
        ck_assert(rounds_step(rounds_journal));
    /* Until one goes that what is recent holds up: that ends the round. */
    while (rounds_state_of(rounds_journal, &row) == ROUNDS_HALF_KEYED &&
           rounds_model.first < row.next) {
        uint64_t before = rounds_model.first + 1;

        ck_assert_int_eq(journal_prune(rounds_journal, before, 0, NULL), 0);
        removed += model_prune(&rounds_model, before, 0, &highest);
        rounds_compare_some(rounds_journal);
    }
    ck_assert_uint_gt(removed, 0);
    rounds_finish(rounds_journal);
    rounds_compare(rounds_journal);
}
END_TEST

START_TEST(a_round_of_relaxed_entries_begins_with_a_flush)
{
    struct jn_tail_row row;

    ck_assert_uint_lt(figures_of(rounds_journal).durable_size,
                      rounds_model.size);
    flushes = 0;
    ck_assert(rounds_step(rounds_journal));
    ck_assert_int_eq(rounds_state_of(rounds_journal, &row), ROUNDS_HALF_KEYED);
    ck_assert_uint_eq(flushes, 1);
    ck_assert_uint_eq(row.ahead, rounds_model.size);
    ck_assert_uint_ge(figures_of(rounds_journal).durable_size, row.ahead);
    rounds_append_later(rounds_journal);
    rounds_finish(rounds_journal);
    rounds_compare(rounds_journal);
}
END_TEST

static int
try_step(struct journal *journal)
{
    bool done;

    journal->shared->files.newest.slice = (struct jn_slice){1, 1};
    return jn_slices_drain_one(journal->shared, 0, 0, &done);
}

START_TEST(where_the_flush_fails_no_round_begins_and_nothing_is_lost)
{
    struct jn_tail_row row;

    flush_result = EIO;
    ck_assert_int_eq(try_step(rounds_journal), EIO);
    flush_result = 0;
    ck_assert_int_eq(try_step(rounds_journal), JOURNAL_FAILED);
    ck_assert_int_eq(journal_append(rounds_journal, "k", 1, "v", 1, NULL),
                     JOURNAL_FAILED);
    ck_assert_int_eq(rounds_state_of(rounds_journal, &row), ROUNDS_NONE);
    rounds_compare(rounds_journal);

    journal_close(rounds_journal);
    rounds_journal = rounds_open(test_path("journal"), JOURNAL_RELAXED, 0);
    rounds_compare(rounds_journal);
    rounds_append(rounds_journal);
    rounds_append(rounds_journal);
    rounds_finish(rounds_journal);
    rounds_compare(rounds_journal);
}
END_TEST

/* ---- few keys ------------------------------------------------------------ */

/* So many entries tell that their keys are few. */
#define ENOUGH 64u

static bool
has_enough(void)
{
    struct jn_tail_row row;

    (void)rounds_state_of(rounds_journal, &row);
    return rounds_model.size - row.next > ENOUGH;
}

/* Of one key, or none, which needs no round. */
START_TEST(few_keys_go_with_their_entries)
{
    struct journal_record record = {.key = "one",
                                    .key_size = _i == 0 ? 3 : 0,
                                    .value = "v"};
    struct jn_tail_row row;
    unsigned steps = 0;

    settle(rounds_journal);
    record.value_size = 1;
    for (unsigned i = 0; i < 300; i++) {
        ck_assert_int_eq(journal_append_batch(rounds_journal, &record, 1, NULL),
                         0);
        rounds_know(rounds_journal, &record, 1);
    }
    for (; has_enough(); steps++) {
        ck_assert(rounds_step(rounds_journal));
        ck_assert_int_eq(rounds_state_of(rounds_journal, &row), ROUNDS_NONE);
        rounds_compare_some(rounds_journal);
    }
    ck_assert_uint_gt(steps, 2);
    rounds_finish(rounds_journal);
    rounds_compare_some(rounds_journal);
}
END_TEST

/* ---- format 2 ------------------------------------------------------------ */

START_TEST(a_journal_of_format_2_becomes_one_of_format_3_with_its_first_round)
{
    const char *path = test_path("old");
    struct jn_tail_row row;
    struct journal *old;
    unsigned ahead = 0;

    golden_copy(path, "test/data/format-2");
    old = rounds_open(path, JOURNAL_DURABLE, 0);
    ck_assert_uint_eq(figures_of(old).format, 2);
    golden_assert(old, "test/data/format-2.txt");
    ck_assert_uint_eq(figures_of(old).format, 2);
    while (rounds_step(old)) {
        ahead += rounds_state_of(old, &row) != ROUNDS_NONE;
        ck_assert_uint_eq(figures_of(old).format, 3);
        golden_assert(old, "test/data/format-2.txt");
        ck_assert_int_eq(journal_verify(old, NULL, NULL, NULL), 0);
    }
    ck_assert_uint_gt(ahead, 0);
    journal_close(old);
    old = rounds_open(path, JOURNAL_DURABLE, JOURNAL_OPEN_READ_ONLY);
    ck_assert_uint_eq(figures_of(old).format, 3);
    golden_assert(old, "test/data/format-2.txt");
    journal_close(old);
}
END_TEST

/* ---- many entries -------------------------------------------------------- */

#define BATCH 9000u
#define BATCHES 18u
#define MANY_KEYS 20000u
#define SORTED_AT_ONCE (1u << 17)

static void
append_many(struct journal *large)
{
    static struct journal_record records[BATCH];
    static char keys[BATCH][8];

    for (unsigned n = 0; n < BATCHES; n++) {
        for (unsigned i = 0; i < BATCH; i++) {
            (void)snprintf(keys[i], sizeof(keys[i]), "%u",
                           (n * BATCH + i) % MANY_KEYS);
            records[i].key = keys[i];
            records[i].key_size = strlen(keys[i]);
        }
        ck_assert_int_eq(journal_append_batch(large, records, BATCH, NULL), 0);
    }
}

/* Those of a round are sorted while nobody else can write. */
START_TEST(a_round_has_so_many_entries_at_most_and_ends_with_a_batch)
{
    struct journal_options options;
    struct jn_tail_row row;
    struct journal *large;
    bool done = false;

    journal_options_init(&options);
    options.durability = JOURNAL_RELAXED;
    options.tail_bytes = UINT64_C(64) << 20;
    ck_assert_int_eq(journal_open(test_path("large"), &options, &large), 0);
    append_many(large);
    large->shared->files.newest.slice = (struct jn_slice){1, 1};
    ck_assert_int_eq(jn_slices_drain_one(large->shared, 0, 0, &done), 0);

    (void)rounds_state_of(large, &row);
    ck_assert_uint_ge(row.ahead - row.next, SORTED_AT_ONCE);
    ck_assert_uint_lt(row.ahead - row.next, SORTED_AT_ONCE + BATCH);
    ck_assert_uint_eq(row.ahead % BATCH, 0);
    ck_assert_uint_lt(row.ahead, BATCH * BATCHES);
    ck_assert_int_eq(jn_slices_drain(large->shared, 0, 0, UINT_MAX), 0);
    ck_assert_uint_eq(figures_of(large).tail_bytes_used, 0);
    ck_assert_uint_eq(figures_of(large).keys, MANY_KEYS);
    ck_assert_int_eq(journal_verify(large, NULL, NULL, NULL), 0);
    journal_close(large);
}
END_TEST

static void
setup(void)
{
    memset(seen, 0, sizeof(seen));
    rounds_setup(JOURNAL_DURABLE);
}

static void
setup_relaxed(void)
{
    rounds_setup(JOURNAL_RELAXED);
}

static Suite *
suite(void)
{
    Suite *suite = suite_create("ahead");
    TCase *durable = tcase_create("durable"),
          *relaxed = tcase_create("relaxed");

    tcase_set_timeout(durable, 600);
    tcase_add_unchecked_fixture(durable, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(durable, setup, rounds_teardown);
    tcase_add_test(durable, readers_of_all_processes_see_the_same_at_each_step);
    tcase_add_test(durable, processes_take_turns_in_a_round);
    tcase_add_test(durable, a_reader_sees_as_far_as_the_index_leads);
    tcase_add_loop_test(
        durable, what_a_prune_leaves_of_rows_is_counted_while_they_are_written,
        0, 3);
    tcase_add_loop_test(durable, few_keys_go_with_their_entries, 0, 2);
    tcase_add_test(
        durable,
        a_journal_of_format_2_becomes_one_of_format_3_with_its_first_round);
    suite_add_tcase(suite, durable);

    tcase_set_timeout(relaxed, 600);
    tcase_add_unchecked_fixture(relaxed, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(relaxed, setup_relaxed, rounds_teardown);
    tcase_add_test(relaxed, a_round_of_relaxed_entries_begins_with_a_flush);
    tcase_add_test(relaxed,
                   where_the_flush_fails_no_round_begins_and_nothing_is_lost);
    tcase_add_test(relaxed,
                   a_round_has_so_many_entries_at_most_and_ends_with_a_batch);
    suite_add_tcase(suite, relaxed);
    return suite;
}

TEST_MAIN(suite)
