/* known.c - a journal whose rows are known, for tests of audits. */
#include "known.h"

#include "support/mode.h"
#include "support/test.h"

struct journal *known_journal;
struct audited known;

static void
open_journal(void)
{
    ck_assert_int_eq(mode_open_as_is(test_path("journal"), NULL,
                                     &known_journal),
                     0);
}

void
known_reopen(void)
{
    journal_close(known_journal);
    open_journal();
}

void
known_setup(void)
{
    test_setup();
    audited_keys_bytes_max = 0;
    audited_retraces = false;
    open_journal();
}

void
known_teardown(void)
{
    audited_free(&known);
    journal_close(known_journal);
    test_teardown();
}

/* ---- a journal that is known --------------------------------------------- */

void
known_append(uint64_t seq)
{
    static const char *const keys[] = {"a", "b", "c", ""};
    const char *key = keys[seq % 4];
    struct journal_record record = {
        .key = key,
        .key_size = strlen(key),
        .value = &seq,
        .value_size = sizeof(seq),
        .stamp = {seq, {1}},
    };

    if (seq % 4 == 1)
        record.flags = JOURNAL_STAMPED;
    if (seq % 20 == 2) {
        record.flags = JOURNAL_TOMBSTONE;
        record.value_size = 0;
    }
    ck_assert_int_eq(journal_append_batch(known_journal, &record, 1, NULL), 0);
}

void
known_take(void)
{
    audited_free(&known);
    audited_take(&known, known_journal);
}

bool
known_is_ahead(void)
{
    struct jn_tail_row tail;

    known_take();
    audited_tail(&known, &tail);
    return jn_tail_row_is_ahead(&tail);
}

static void
take_known(void)
{
    for (uint64_t seq = 0; seq < ENTRIES; seq++)
        known_append(seq);
    known_reopen();
    known_take();
    ck_assert_uint_eq(known.counts[JN_ENTRIES], ENTRIES);
    ck_assert_uint_eq(known.recent_count, 0);
}

void
known_setup_full(void)
{
    known_setup();
    take_known();
}

struct audited_recent *
known_recent(uint64_t seq)
{
    struct audited_recent *first = known.recent;

    ck_assert_uint_ge(seq, first->seq);
    ck_assert_uint_lt(seq - first->seq, known.recent_count);
    return first + (seq - first->seq);
}

void
assert_counts(uint64_t entries, uint64_t index, uint64_t links, uint64_t first)
{
    struct jn_audit_counts counts;

    (void)audited_run(&known, &counts);
    if (counts.entries_bad != entries || counts.index_bad != index ||
        counts.links_bad != links || counts.first_bad != first)
        ck_abort_msg("bad entries %llu, rows %llu, links %llu, first %lld",
                     (unsigned long long)counts.entries_bad,
                     (unsigned long long)counts.index_bad,
                     (unsigned long long)counts.links_bad,
                     (long long)counts.first_bad);
}

void
assert_both(uint64_t entries, uint64_t index, uint64_t links, uint64_t first)
{
    assert_counts(entries, index, links, first);
    audited_retraces = true;
    assert_counts(entries, index, links, first);
    audited_retraces = false;
}

void
assert_sound(void)
{
    assert_counts(0, 0, 0, JOURNAL_NONE);
}

size_t
known_step(size_t least)
{
    static uint64_t state = 1;
    double step = test_scale() < 1 ? (double)least / test_scale()
                                   : (double)least;

    /* Any remainder, but for a step of one. */
    return step <= 1 ? 1 : (size_t)step - test_random(&state) % 2;
}

void
assert_flips_found(struct audited_row *row, size_t from, size_t least,
                   void (*assert_found)(uint64_t, uint64_t, uint64_t, uint64_t))
{
    for (size_t bit = from; bit < 8 * row->value_size;
         bit += known_step(least)) {
        row->value[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_found(0, 1, 0, JOURNAL_NONE);
        row->value[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* ---- chains that are wrong ----------------------------------------------- */

void
known_spoil_tombstone(struct jn_chain *chain)
{
    chain->tombstone = !chain->tombstone;
}

/* To another key's entry. */
void
known_spoil_newest(struct jn_chain *chain)
{
    chain->roots[0]++;
}

void
known_spoil_last_root(struct jn_chain *chain)
{
    chain->roots[chain->count - 1]++;
}

void
known_spoil_stamp(struct jn_chain *chain)
{
    if (!chain->stamped)
        chain->stamped = true;
    else
        chain->stamp.time++;
}
