/* audit_life_test.c - what befalls a journal leaves nothing that is wrong. */
#include "repair/audit.h"

#include <stdio.h>

#include "known.h"
#include "base/checksum.h"
#include "support/fast_dir.h"
#include "support/figures.h"
#include "support/mode.h"
#include "support/test.h"
#include "write/drain.h"

/* Some hashes of long keys are the same: they differ by their probes. */
void __real_jn_hash128(struct jn_span bytes, uint8_t out[JN_HASH128_SIZE]);
void __wrap_jn_hash128(struct jn_span bytes, uint8_t out[JN_HASH128_SIZE]);

void
__wrap_jn_hash128(struct jn_span bytes, uint8_t out[JN_HASH128_SIZE])
{
    __real_jn_hash128(bytes, out);
    if (bytes.size > 0 && bytes.data[bytes.size - 1] % 2 == 0)
        memset(out, 7, JN_HASH128_SIZE);
}

static uint64_t chance;

static uint64_t
below(uint64_t limit)
{
    return test_random(&chance) % limit;
}

/* Some are long, of these some of the same hash and start. */
static size_t
make_key(char *key, unsigned number)
{
    size_t size = number % 5 == 0 ? 300 : 3 + number % 20;

    memset(key, 'k', size);
    (void)snprintf(key + size - 3, 4, "%03u", number);
    return size;
}

static bool mixed; /* keys have stamps in some entries only */

static void
append_random(unsigned keys)
{
    static char names[12][304], value[5000];
    struct journal_record records[12] = {{0}};
    size_t count = 1 + below(12);
    int rc;

    for (size_t i = 0; i < count; i++) {
        struct journal_record *record = &records[i];

        record->key = names[i];
        record->key_size = below(8) == 0
                               ? 0
                               : make_key(names[i], (unsigned)below(keys));
        record->value = value;
        record->value_size = below(30) == 0 ? below(sizeof(value)) : below(90);
        record->meta = value;
        record->meta_size = below(4) == 0 ? below(40) : 0;
        if (record->key_size > 0 && below(6) == 0) {
            record->flags |= JOURNAL_TOMBSTONE;
            record->value_size = 0;
        }
        /* All of a key or none, unless it is to be mixed. */
        if (mixed ? below(3) == 0
                  : record->key_size > 0 &&
                        names[i][record->key_size - 1] % 3 == 0) {
            record->flags |= JOURNAL_STAMPED;
            record->stamp.time = below(40) + below(5);
            record->stamp.id[3] = (uint8_t)below(3);
        }
    }
    rc = journal_append_batch(known_journal, records, count, NULL);
    ck_assert(rc == 0 || rc == JOURNAL_OUTDATED);
}

static void
open_random(void)
{
    struct journal_options options;

    journal_close(known_journal);
    journal_options_init(&options);
    options.tail_bytes = below(2) == 0 ? 0 : UINT64_C(65536) * (1 + below(4));
    if (below(3) == 0)
        options.keep_entries = 50 + below(500);
    if (below(4) == 0)
        options.keep_bytes = 20000 + below(50000);
    ck_assert_int_eq(mode_open_as_is(test_path("journal"), &options,
                                     &known_journal),
                     0);
}

/* Some steps of a round: rows of keys, or entries, and few of either. */
static void
drain_some(void)
{
    struct jn_shared *shared = known_journal->shared;
    const struct jn_slice slice = {.keys = 1 + below(20),
                                   .bytes = 1 + below(3000)};

    for (uint64_t steps = 1 + below(4); steps > 0; steps--) {
        struct jn_txn txn;
        bool keyed;

        ck_assert_int_eq(jn_shared_begin_write(shared, &txn), 0);
        if (jn_drain_left(&txn) == 0) {
            jn_shared_abort(shared, &txn);
            return;
        }
        ck_assert_int_eq(jn_drain(&shared->files.newest, &txn, &slice, &keyed),
                         0);
        ck_assert_int_eq(jn_shared_commit(shared, &txn), 0);
    }
}

static void
do_deed(unsigned keys)
{
    struct journal_stat stat = figures_of(known_journal);
    uint64_t kept = stat.size - stat.first;

    switch (below(24)) {
    case 0:
        ck_assert_int_eq(journal_prune(known_journal,
                                       stat.first + below(kept / 4 + 2), 0,
                                       NULL),
                         0);
        break;
    case 1:
    case 2:
        ck_assert_int_eq(journal_prune(known_journal,
                                       stat.first + below(kept + 2),
                                       JOURNAL_PRUNE_KEEP_LATEST, NULL),
                         0);
        break;
    case 3:
        ck_assert_int_eq(journal_rewind(known_journal,
                                        stat.size - below(kept / 6 + 1)),
                         0);
        break;
    case 4:
        open_random();
        break;
    case 5:
        ck_assert_int_eq(journal_mark(known_journal,
                                      below(2) == 0 ? "m" : "reader",
                                      stat.size - below(kept / 2 + 1)),
                         0);
        break;
    case 6:
    case 7:
    case 8:
    case 9:
        drain_some();
        break;
    default:
        for (unsigned i = 0; i < 4; i++)
            append_random(keys);
    }
}

static void
assert_sound_at_once(unsigned passes_max)
{
    struct jn_audit_counts counts;

    audited_take(&known, known_journal);
    assert_sound();
    ck_assert_uint_le(audited_run(&known, &counts), passes_max);
    audited_retraces = true;
    assert_sound();
    audited_retraces = false;
    audited_free(&known);
}

START_TEST(whatever_befalls_a_journal_it_stays_sound)
{
    unsigned keys, rounds = (unsigned)(120 * test_scale());

    chance = test_seed() + (unsigned)_i;
    keys = (unsigned)(4 + below(60));
    mixed = _i % 2 == 1;
    for (unsigned i = 0; i < rounds || i < 10; i++) {
        for (unsigned deeds = 0; deeds < 5; deeds++)
            do_deed(keys);
        assert_sound_at_once(mixed ? UINT32_MAX : 1);
    }
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("audit_life");
    TCase *any = tcase_create("any");

    tcase_add_unchecked_fixture(any, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(any, known_setup, known_teardown);
    tcase_set_timeout(any, 120);
    tcase_add_loop_test(any, whatever_befalls_a_journal_it_stays_sound, 0, 4);
    suite_add_tcase(suite, any);
    return suite;
}

TEST_MAIN(suite)
