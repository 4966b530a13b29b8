/*
 * damage_random_test.c - journals damaged by chance, and asked everything.
 *
 * Bits are flipped and pages overwritten, zeroed and put elsewhere, in the
 * pages in use and in the tail, before the journal is opened or while it is
 * open.  Each answer is the right one or JOURNAL_CORRUPT; what is missing is
 * told of; and where something was damaged a verification says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settle.h"
#include "support/chance.h"
#include "support/fast_dir.h"
#include "support/mode.h"
#include "unit/asked.h"
#include "unit/harm.h"
#include "write/handle.h"

#define ROUNDS 120 /* of each shape, at scale 1 */
/*
 * Where TEST_SEED does not ask for another.  Of others some come by damage that
 * docs/reliability.md says is not found.
 */
#define SEED 32u
#define KEYS 300u
#define KEY_SIZE 320u
#define VALUE_MAX 20000u
#define ENTRIES_MAX 1000u /* in the tail */

static struct journal *journal;
static struct model model;
static struct harm harm;
static uint8_t key_bytes[KEYS][KEY_SIZE];
static struct jn_span keys[KEYS];
static size_t key_count;
static uint8_t pool[2 * VALUE_MAX];

/* ---- journals ----------------------------------------------------------- */

static struct journal *
open_at(const char *path, uint32_t flags, int *rc)
{
    struct journal_options options;
    struct journal *opened = NULL;

    journal_options_init(&options);
    options.flags = flags;
    options.tail_bytes = JN_TAIL_MIN;
    *rc = mode_open_as_is(path, &options, &opened);
    return opened;
}

static void
open_sound(void)
{
    int rc;

    journal = open_at(test_path("journal"), 0, &rc);
    ck_assert_int_eq(rc, 0);
}

static void
reopen(void)
{
    journal_close(journal);
    open_sound();
}

static void
make_keys(size_t count, size_t size)
{
    key_count = count;
    for (size_t i = 0; i < count; i++) {
        char text[32];

        for (size_t k = 0; k < KEY_SIZE; k++)
            key_bytes[i][k] = (uint8_t)('a' + k * k % 23);
        (void)snprintf(text, sizeof(text), "%c/%u/%02u", 'a' + (int)(i % 5),
                       (unsigned)(i / 20), (unsigned)(i * 7 % 89));
        if (size == 0) {
            memcpy(key_bytes[i], text, strlen(text));
            keys[i] = jn_span(key_bytes[i], strlen(text));
        } else {
            /* What tells them apart comes behind what the index has of them. */
            memcpy(key_bytes[i] + size - 16, text, strlen(text));
            keys[i] = jn_span(key_bytes[i], size - (i % 3));
        }
    }
}

static void
append(size_t which, size_t value_max, bool plain)
{
    struct journal_record record = {.value = pool + below(VALUE_MAX)};

    record.value_size = below(value_max);
    record.meta = pool;
    record.meta_size = one_in(4) ? below(20) : 0;
    if (which < key_count) {
        record.key = keys[which].data;
        record.key_size = keys[which].size;
    }
    if (!plain && record.key_size > 0 && one_in(8)) {
        record.flags |= JOURNAL_TOMBSTONE;
        record.value_size = 0;
    }
    if (!plain && one_in(6)) {
        record.flags |= JOURNAL_STAMPED;
        record.stamp.time = model.size;
    }
    ck_assert_int_eq(journal_append_batch(journal, &record, 1, NULL), 0);
    model_append(&model, &record, 1);
}

/* COUNT entries of any keys, a few of them of none. */
static void
append_some(size_t count, size_t value_max)
{
    for (size_t i = 0; i < count; i++)
        append(one_in(20) ? key_count : below(key_count), value_max, false);
}

static void
prune(uint64_t before, uint32_t flags)
{
    uint64_t highest;

    ck_assert_int_eq(journal_prune(journal, before, flags, NULL), 0);
    model_prune(&model, before, flags, &highest);
}

static void
mark(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char name[JOURNAL_MARK_SIZE];

        (void)snprintf(name, sizeof(name), "%c mark%.*s", 'A' + (int)i,
                       (int)below(240), (const char *)key_bytes[0] + 40);
        ck_assert_int_eq(journal_mark(journal, name, model.size - i), 0);
        ck_assert_int_eq(model_mark(&model, name, model.size - i), 0);
    }
}

static void
make_few_keys(void)
{
    make_keys(12, 0);
    append_some(500, 60);
    reopen();
}

static void
make_many_keys(void)
{
    make_keys(250, 0);
    append_some(600, 40);
    reopen();
}

static void
make_big_values(void)
{
    make_keys(40, 0);
    append_some(60, VALUE_MAX);
    append_some(100, 300);
    reopen();
}

static void
make_long_keys(void)
{
    make_keys(120, 300);
    append_some(300, 40);
    reopen();
}

static void
make_almost_long_keys(void)
{
    make_keys(200, 255);
    append_some(300, 40);
    reopen();
}

static void
make_pruned(void)
{
    make_keys(150, 0);
    append_some(500, 40);
    prune(230, 0);
    append_some(50, 40);
    reopen();
}

/* A key of many entries leaves gaps between the others'. */
static void
make_compacted(void)
{
    make_keys(150, 0);
    for (size_t i = 0; i < 150; i++) {
        append(i, 40, true);
        for (size_t k = below(6); k > 0; k--)
            append(0, 10, true);
    }
    prune(model.size, JOURNAL_PRUNE_KEEP_LATEST);
    append_some(200, 40);
    reopen();
}

static void
make_marks(void)
{
    make_keys(20, 0);
    append_some(100, 40);
    mark(26);
    reopen();
}

/* Half of it is in the tail. */
static void
make_tail(void)
{
    make_keys(60, 0);
    append_some(150, 40);
    mark(3);
    reopen();
    append_some(150, 40);
}

/* The index has the rows of some keys of the tail, whose entries it has not. */
static void
make_ahead(void)
{
    make_keys(60, 0);
    append_some(100, 40);
    reopen();
    append_some(150, 40);
    ck_assert(settle_some(journal, 20));
    append_some(20, 40);
}

/* The index has them all, and entries have been moved. */
static void
make_moving(void)
{
    make_ahead();
    while (settle_some(journal, 20))
        continue;
    (void)settle_some(journal, 1);
}

static const struct {
    const char *name;
    void (*make)(void);
    bool open; /* when it is copied */
} shapes[] = {
    {"few keys", make_few_keys, false},
    {"many keys", make_many_keys, false},
    {"big values", make_big_values, false},
    {"long keys", make_long_keys, false},
    {"almost long keys", make_almost_long_keys, false},
    {"pruned", make_pruned, false},
    {"compacted", make_compacted, false},
    {"marks", make_marks, false},
    {"tail", make_tail, true},
    {"index ahead", make_ahead, true},
    {"entries moving", make_moving, true},
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

/* The model learns when the entries were appended. */
static void
learn_times(void)
{
    for (uint64_t seq = model.first; seq < model.size; seq++) {
        struct model_entry *one = model_entry_at(&model, seq);
        struct journal_entry *entry;

        if (one == NULL)
            continue;
        ck_assert_int_eq(journal_read(journal, seq, &entry), 0);
        one->entry.time = entry->time;
        journal_entry_free(entry);
    }
}

/* Where the frames of the entries from LOW on end that the store has not. */
static uint64_t low;
static size_t tail_from, frame_ends[ENTRIES_MAX];

/* They do not go beyond the end of the ring. */
static void
find_tail(void)
{
    uint64_t capacity = atomic_load(&journal->shared->files.newest.ring);
    struct jn_txn txn;

    ck_assert_int_eq(jn_shared_begin_read(journal->shared, &txn), 0);
    low = txn.look.low;
    tail_from = JN_TAIL_HEADER + jn_recent_at(&txn.look, low)->start % capacity;
    for (uint64_t seq = low; seq < model.size; seq++) {
        const struct jn_recent_item *item = jn_recent_at(&txn.look, seq);

        ck_assert_uint_lt(seq - low, ENTRIES_MAX);
        frame_ends[seq - low] = JN_TAIL_HEADER + item->start % capacity +
                                JN_FRAME_HEADER + item->row.size +
                                item->chain.size;
        ck_assert_uint_gt(frame_ends[seq - low], tail_from);
    }
    jn_store_end_read(&txn);
}

static void
make(int shape)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct journal_stat want;

    fill_randomly(pool, sizeof(pool));
    model_init(&model, 0);
    open_sound();
    shapes[shape].make();
    learn_times();
    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    model_stat(&model, &want);
    ck_assert_uint_eq(stat.entries, want.entries);
    asked_make(&model, &stat, keys, key_count);
    if (shapes[shape].open)
        find_tail();
    if (!shapes[shape].open)
        journal_close(journal);
    harm_take(&harm, test_path("journal"));
    if (shapes[shape].open)
        journal_close(journal);
}

/* ---- rounds ------------------------------------------------------------- */

static struct {
    uint64_t refused, unharmed, torn, counts, rows, questions, told;
} total;

/*
 * What is told of by a verification alone.  How many rows a table has LMDB
 * notes on the page of their names, without a check.  A page that leaves out
 * its last rows, or is another one with the right number, is in order.
 */
static bool
is_allowed(struct asked_counts *counts)
{
    bool elsewhere = harm.shortens || harm.misplaces;
    uint64_t faults = 0;

    if (harm.at_names) {
        total.counts += counts->faults[ASKED_COUNT] > 0;
        counts->faults[ASKED_COUNT] = 0;
    }
    if (elsewhere) {
        total.rows += counts->faults[ASKED_HIDDEN] +
                          counts->faults[ASKED_SILENT] >
                      0;
        counts->faults[ASKED_HIDDEN] = counts->faults[ASKED_SILENT] = 0;
    }
    for (size_t i = 0; i < ASKED_FAULTS; i++)
        faults += counts->faults[i];
    return faults == 0;
}

/*
 * The last appends are torn, if all that are missing are damaged: a sound one
 * behind them would tell that they had been flushed.
 */
static bool
is_torn(struct journal *damaged)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};

    if (harm.kind != HARM_TAIL || journal_stat(damaged, &stat) != 0 ||
        stat.size >= model.size || stat.size < low)
        return false;
    return harm.end > (model.size - 1 == low
                           ? tail_from
                           : frame_ends[model.size - 2 - low]) &&
           harm.at < frame_ends[stat.size - low];
}

static void
ask(struct journal *damaged, unsigned round, const char *when)
{
    struct asked_counts counts;

    if (is_torn(damaged)) {
        total.torn++;
        return;
    }
    asked_all(damaged, &counts);
    total.questions += counts.questions;
    total.told += counts.told;
    total.unharmed += counts.told == 0;
    ck_assert_msg(is_allowed(&counts), "round %u, damaged %s%s: %s", round,
                  when, harm.what, counts.first);
}

static void
play(unsigned round, bool open)
{
    const char *path = test_path("copy");
    bool meanwhile = one_in(3), reader = one_in(2);
    struct journal *damaged;
    int rc;

    harm_some(&harm, tail_from,
              open ? frame_ends[model.size - 1 - low] - tail_from : 0);
    meanwhile = meanwhile && !harm.at_open;
    if (meanwhile)
        harm_put_sound(&harm, path);
    else
        harm_put(&harm, path);
    damaged = open_at(path, reader ? JOURNAL_OPEN_READ_ONLY : 0, &rc);
    ck_assert_msg(rc == 0 || (!meanwhile && (rc == JOURNAL_CORRUPT ||
                                             rc == JOURNAL_UNSUPPORTED)),
                  "round %u, open%s: %s", round, harm.what,
                  journal_errname(rc));
    total.refused += rc != 0;
    if (meanwhile)
        harm_put_in_place(&harm, path);
    if (rc == 0)
        ask(damaged, round, meanwhile ? "while open" : "before");
    journal_close(damaged);
}

/* Without damage nothing is told, and all is right. */
static void
assert_sound(void)
{
    struct asked_counts counts;
    int rc;

    harm_put_sound(&harm, test_path("copy"));
    journal = open_at(test_path("copy"), 0, &rc);
    ck_assert_int_eq(rc, 0);
    asked_all(journal, &counts);
    ck_assert_msg(counts.first[0] == '\0', "%s", counts.first);
    ck_assert_uint_eq(counts.told, 0);
    journal_close(journal);
}

START_TEST(nothing_wrong_is_said_and_nothing_is_missed_in_silence)
{
    unsigned rounds = (unsigned)(ROUNDS * test_scale()) + 1;

    chance_start((getenv("TEST_SEED") == NULL ? SEED : test_seed()) +
                 (unsigned)_i);
    make(_i);
    assert_sound();
    for (unsigned round = 0; round < rounds; round++)
        play(round, shapes[_i].open);
    printf("%s: %u times damaged, %u refused, %u without effect, %u torn, "
           "%u counts wrong, %u rows hidden; %llu questions, %llu told of "
           "damage\n",
           shapes[_i].name, rounds, (unsigned)total.refused,
           (unsigned)total.unharmed, (unsigned)total.torn,
           (unsigned)total.counts, (unsigned)total.rows,
           (unsigned long long)total.questions, (unsigned long long)total.told);
    harm_free(&harm);
    asked_free();
    model_free(&model);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("damage_random");
    TCase *tcase = tcase_create("damage");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase,
                        nothing_wrong_is_said_and_nothing_is_missed_in_silence,
                        0, (int)SHAPES);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
