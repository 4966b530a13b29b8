/* rounds.c - a journal whose tail is drained step by step, and its model. */
#include "unit/rounds.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal/view.h"
#include "model/batch.h"
#include "model/query.h"
#include "model/trace.h"
#include "support/chance.h"
#include "support/figures.h"
#include "support/mode.h"
#include "unit/golden.h"
#include "unit/settle.h"

#define TAIL ((uint64_t)192 << 10)
#define STORED 60u       /* entries, before there are others */
#define USED (TAIL / 5)  /* bytes of the tail: it is not drained by itself */
#define RECENT 90u       /* entries at most, and then some of a batch */
#define STEP_BYTES 1500u /* of entries */
#define OLD_KEYS 12u     /* keys that the store has, */
#define NEW_KEYS 6u      /* others, */
#define LONG_KEYS 4u     /* long ones: a new one would go into the store */
#define LONG_SIZE 290u
#define QUERIES 12u

struct journal *rounds_journal;
struct model rounds_model;
struct keys rounds_keys;
static uint64_t begun_at; /* the number at which the round has begun */
static struct batch later;

static const struct taste taste = {.keyless = 8,
                                   .deleted = 5,
                                   .stamped = 6,
                                   .old = 0};

/* ---- the journal --------------------------------------------------------- */

struct journal *
rounds_open(const char *path, uint32_t durability, uint32_t flags)
{
    return mode_open_with(path, durability, flags, TAIL);
}

void
rounds_know(struct journal *in, const struct journal_record *records,
            size_t count)
{
    uint64_t seq = rounds_model.size;

    model_append(&rounds_model, records, count);
    for (; seq < rounds_model.size; seq++) {
        struct journal_entry *entry = NULL;

        ck_assert_int_eq(journal_read(in, seq, &entry), 0);
        model_entry_at(&rounds_model, seq)->entry.time = entry->time;
        journal_entry_free(entry);
    }
}

static void
append_batch(struct journal *to, const struct batch *batch)
{
    uint64_t seq;

    ck_assert_int_eq(journal_append_batch(to, batch->records, batch->count,
                                          &seq),
                     0);
    ck_assert_uint_eq(seq, rounds_model.size);
    rounds_know(to, batch->records, batch->count);
}

/* A key may come twice in it, with stamps that do not fit together. */
static void
make_batch(struct batch *batch, size_t count, const struct keys *keys)
{
    do
        batch_make(batch, count, &taste, keys, &rounds_model);
    while (!model_allows(&rounds_model, batch->records, batch->count, 0));
}

static void
append_of(struct journal *to, const struct keys *keys)
{
    struct batch batch;

    make_batch(&batch, one_in(3) ? between(2, 6) : 1, keys);
    append_batch(to, &batch);
}

void
rounds_append(struct journal *to)
{
    append_of(to, &rounds_keys);
}

void
rounds_append_later(struct journal *to)
{
    append_batch(to, &later);
}

void
rounds_know_later(struct journal *in)
{
    rounds_know(in, later.records, later.count);
}

/* ---- its beginning ------------------------------------------------------- */

static void
add_long_key(unsigned number)
{
    static uint8_t alike[LONG_SIZE];
    struct key *key = &rounds_keys.keys[rounds_keys.count++];

    if (number == 0)
        fill_randomly(alike, sizeof(alike));
    memcpy(key->data, alike, LONG_SIZE);
    key->data[LONG_SIZE - 1] = (uint8_t)number;
    key->size = LONG_SIZE;
}

/* Those that the store is to have come first. */
static void
make_keys(struct keys *old)
{
    struct keys fresh;

    keys_make(&rounds_keys, OLD_KEYS + NEW_KEYS, 0);
    fresh = rounds_keys;
    rounds_keys.count = OLD_KEYS;
    for (unsigned i = 0; i < LONG_KEYS; i++)
        add_long_key(i);
    *old = rounds_keys;
    for (unsigned i = 0; i < NEW_KEYS; i++)
        rounds_keys.keys[rounds_keys.count++] = fresh.keys[OLD_KEYS + i];
}

/* Each of them has an entry, and most will have more. */
static void
append_each(struct journal *to, const struct keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        struct keys one = {.count = 1, .keys = {keys->keys[i]}};
        bool known = false;

        while (!known) {
            append_of(to, &one);
            known = model_newest(&rounds_model, one.keys->data, one.keys->size,
                                 rounds_model.size) != NULL;
        }
    }
}

static void
append_recent(struct journal *to)
{
    uint64_t start = rounds_model.size;

    append_of(to, &rounds_keys); /* a process begins in the store */
    append_each(to, &rounds_keys);
    while (figures_of(to).tail_bytes_used < USED &&
           rounds_model.size < start + RECENT)
        rounds_append(to);
}

void
rounds_setup(uint32_t durability)
{
    struct keys old;

    test_setup();
    trace_round("rounds", test_seed());
    chance_start(test_seed());
    batch_start();
    model_init(&rounds_model, 0);
    make_keys(&old);
    rounds_journal = rounds_open(test_path("journal"), durability, 0);
    append_each(rounds_journal, &old);
    while (rounds_model.size < STORED)
        append_of(rounds_journal, &old);
    journal_close(rounds_journal);
    rounds_journal = rounds_open(test_path("journal"), durability, 0);
    /* An entry that is too large for the tail takes with it what was there. */
    do {
        append_recent(rounds_journal);
    } while (figures_of(rounds_journal).tail_bytes_used < USED);
    make_batch(&later, 6, &rounds_keys);
    begun_at = JOURNAL_NONE;
}

void
rounds_teardown(void)
{
    journal_close(rounds_journal);
    rounds_journal = NULL;
    model_free(&rounds_model);
    test_teardown();
}

/* ---- steps --------------------------------------------------------------- */

bool
rounds_step(struct journal *journal)
{
    struct jn_shared *shared = journal->shared;
    bool done;

    shared->files.newest.slice = (struct jn_slice){between(1, 4), STEP_BYTES};
    ck_assert_int_eq(jn_slices_drain_one(shared, 0, 0, &done), 0);
    return !done;
}

void
rounds_finish(struct journal *journal)
{
    while (rounds_step(journal))
        continue;
}

enum rounds_state
rounds_state_of(struct journal *journal, struct jn_tail_row *row)
{
    *row = settle_row(journal);
    if (!jn_tail_row_is_ahead(row))
        return ROUNDS_NONE;
    if (begun_at == JOURNAL_NONE)
        begun_at = row->next;
    if (row->keyed != JN_ALL_KEYED)
        return ROUNDS_HALF_KEYED;
    return row->next == begun_at ? ROUNDS_ALL_KEYED : ROUNDS_HALF_MOVED;
}

struct rounds_place
rounds_place_of(struct journal *journal, uint64_t seq)
{
    const struct jn_recent_item *item;
    struct rounds_place place;
    struct jn_txn txn;

    ck_assert_int_eq(jn_shared_begin_read(journal->shared, &txn), 0);
    ck_assert(seq >= txn.look.low && seq < txn.look.high);
    item = jn_recent_at(&txn.look, seq);
    place = (struct rounds_place){JN_TAIL_HEADER + item->start % TAIL,
                                  item->end - item->start};
    jn_store_end_read(&txn);
    return place;
}

/* ---- copies -------------------------------------------------------------- */

void
rounds_copy(const char *path)
{
    golden_copy(path, test_path("journal"));
}

void
rounds_remove_copy(const char *path)
{
    ck_assert_int_eq(journal_destroy(path), 0);
}

/* ---- what it says -------------------------------------------------------- */

static void
ask(struct journal *journal)
{
    for (unsigned i = 0; i < QUERIES; i++)
        query_any(&rounds_model, journal, &rounds_keys);
}

/* Where little is to be done, not all of it each time. */
void
rounds_compare(struct journal *journal)
{
    if (test_scale() < 0.05 && !one_in(4))
        compare_stat(&rounds_model, journal);
    else
        compare_all(&rounds_model, journal, &rounds_keys);
    ask(journal);
}

void
rounds_compare_some(struct journal *journal)
{
    struct journal_report report = {.struct_size = sizeof(report)};

    compare_stat(&rounds_model, journal);
    compare_replay(&rounds_model, journal, JOURNAL_NONE);
    for (size_t i = 0; i < rounds_keys.count; i++) {
        const struct key *key = &rounds_keys.keys[i];

        compare_get(&rounds_model, journal, key);
        for (unsigned j = 0; j < 4; j++)
            compare_get_at(&rounds_model, journal, key,
                           below(rounds_model.size + 2));
    }
    ask(journal);
    ck_assert_int_eq(journal_verify(journal, &report, NULL, NULL), 0);
}

/* ---- other processes ----------------------------------------------------- */

void
rounds_in_child(void (*work)(void *context), void *context)
{
    pid_t child = test_fork();

    if (child == 0) {
        journal_close(rounds_journal);
        rounds_journal = NULL;
        work(context);
        _exit(0);
    }
    test_join(child);
}
