/*
 * relaxed_loss_test.c - what a loss of power takes of relaxed appends is a
 * suffix, between batches, of what was not durable (I14).
 *
 * The disk is made up: data.mdb is on it as it is, for each commit is flushed;
 * of the tail there is what had been flushed, and of what was written since
 * then any blocks, of 512 or of 4096 bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/steps.h"
#include "support/chance.h"
#include "support/fast_dir.h"
#include "support/motley.h"

#define TINY 65536u
#define STEPS_MOST 30u
#define BATCH_MOST 8u
#define COMPARED 300u /* entries at the end */

static struct journal *durable;

/* What is on the disk for certain, and how far it goes. */
static struct {
    struct bytes store, tail;
    uint64_t size;
} flushed;

/* The sizes that there were between two batches since then. */
static uint64_t ends[STEPS_MOST + 1];
static unsigned end_count;

/* Losses of power, those that took something, and not everything. */
static unsigned losses, took, left;

/* ---- what is flushed ---------------------------------------------------- */

static struct bytes
file(const char *name)
{
    char path[40];

    (void)snprintf(path, sizeof(path), "journal/%s", name);
    return bytes_of(test_path(path));
}

static void
forget(void)
{
    free(flushed.store.data);
    free(flushed.tail.data);
    flushed.store.data = flushed.tail.data = NULL;
}

/* All that there is is durable. */
static void
note_flush(void)
{
    forget();
    flushed.store = file("data.mdb");
    flushed.tail = file("tail");
    flushed.size = figures(journal).size;
    ck_assert_uint_eq(figures(journal).durable_size, flushed.size);
    ends[0] = flushed.size;
    end_count = 1;
}

static void
setup(void)
{
    test_setup();
    journal = open_home_as(JOURNAL_RELAXED, 0, TINY);
    durable = open_home_as(JOURNAL_DURABLE, 0, TINY);
    append_numbered(20, 3);
    append("key", "value");
    losses = took = left = 0;
}

static void
teardown(void)
{
    forget();
    journal_close(durable);
    teardown_journal();
}

/* ---- a loss of power ---------------------------------------------------- */

static bool
is_same(const struct bytes *a, const struct bytes *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static bool
has_changed(const struct bytes *tail, size_t at, size_t unit)
{
    return memcmp(tail->data + at, flushed.tail.data + at, unit) != 0;
}

/* Some of what was written to TAIL is there, and some as it was flushed. */
static void
tear(struct bytes *tail)
{
    size_t unit = one_in(2) ? 512 : 4096, changed = 0;
    uint64_t whole, kept = below(5);

    for (size_t at = 0; at < tail->size; at += unit)
        changed += has_changed(tail, at, unit);
    whole = one_in(2) ? below(changed + 1) : 0;
    for (size_t at = 0; at < tail->size; at += unit) {
        if (!has_changed(tail, at, unit))
            continue;
        if (whole > 0)
            whole--;
        else if (below(4) >= kept)
            memcpy(tail->data + at, flushed.tail.data + at, unit);
    }
}

/* What is left is the journal as it was up to some batch. */
static void
assert_is_start(struct journal *lost)
{
    uint64_t size = figures(lost).size, now = figures(journal).size;
    unsigned i = 0;

    while (i < end_count && ends[i] != size)
        i++;
    ck_assert_msg(i < end_count, "%llu are left of %llu, of which %llu durable",
                  (unsigned long long)size, (unsigned long long)now,
                  (unsigned long long)flushed.size);
    for (uint64_t seq = size < COMPARED ? 0 : size - COMPARED; seq < size;
         seq++) {
        struct journal_entry *is = NULL, *was = NULL;

        ck_assert_int_eq(journal_read(lost, seq, &is), 0);
        ck_assert_int_eq(journal_read(journal, seq, &was), 0);
        assert_same_entry(is, was);
        journal_entry_free(is);
        journal_entry_free(was);
    }
    losses++;
    took += size < now;
    left += size < now && size > flushed.size;
}

static void
go_on(struct journal *lost)
{
    uint64_t size = figures(lost).size;

    ck_assert_uint_eq(figures(lost).durable_size, size);
    ck_assert_uint_eq(append_to(lost, "key", "after it"), size);
    motley_assert_sound(lost);
}

/* Not while entries move into the store: what is flushed then is its own. */
static void
lose_power(void)
{
    struct bytes store = file("data.mdb"), tail = file("tail");
    struct journal *lost;

    if (is_same(&store, &flushed.store) && tail.size == flushed.tail.size) {
        tear(&tail);
        ck_assert_int_eq(mkdir(test_path("lost"), 0700), 0);
        write_bytes(test_path("lost/data.mdb"), store.data, store.size);
        write_bytes(test_path("lost/tail"), tail.data, tail.size);
        lost = open_path(test_path("lost"), 0);
        assert_is_start(lost);
        go_on(lost);
        journal_close(lost);
        ck_assert_int_eq(journal_destroy(test_path("lost")), 0);
    }
    free(store.data);
    free(tail.data);
}

/* ---- appends ------------------------------------------------------------ */

static void
append_batch(struct journal *to)
{
    static char value[700];
    static const char *const keys[] = {"a", "b/c", "b/d"};
    struct journal_record batch[BATCH_MOST];
    size_t count = one_in(2) ? 1 : 1 + below(BATCH_MOST);

    fill_randomly(value, sizeof(value));
    for (size_t i = 0; i < count; i++) {
        batch[i] = (struct journal_record){.value = value,
                                           .value_size = below(sizeof(value))};
        if (one_in(2))
            batch[i].value_size = below(30);
        if (!one_in(4)) {
            batch[i].key = keys[below(COUNT_OF(keys))];
            batch[i].key_size = strlen(batch[i].key);
        }
    }
    ck_assert_int_eq(journal_append_batch(to, batch, count, NULL), 0);
    ends[end_count++] = figures(journal).size;
}

/* From one flush to another, which is a sync's or a durable append's. */
static void
append_until_flush(void)
{
    for (uint64_t steps = below(STEPS_MOST); steps > 0; steps--) {
        append_batch(journal);
        if (one_in(3))
            lose_power();
    }
    if (one_in(3))
        append_batch(durable);
    else
        ck_assert_int_eq(journal_sync(journal), 0);
    note_flush();
    lose_power();
}

START_TEST(what_is_lost_is_a_suffix_of_what_was_not_durable)
{
    chance_start(test_seed() + (uint64_t)_i);
    ck_assert_int_eq(journal_sync(journal), 0);
    note_flush();
    for (unsigned i = rounds(40, 12); i > 0; i--)
        append_until_flush();
    ck_assert_uint_gt(losses, rounds(40, 12));
    ck_assert_uint_gt(took, losses / 8);
    ck_assert_uint_gt(left, 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("relaxed loss");
    TCase *tcase = tcase_create("relaxed loss");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, what_is_lost_is_a_suffix_of_what_was_not_durable,
                        0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
