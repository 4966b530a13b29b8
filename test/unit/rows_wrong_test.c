/*
 * rows_wrong_test.c - rows that are wrong, in pages that are not.
 *
 * Each kind is put into the store of a journal that is open: verify says that
 * something is wrong, a backup is refused or as good as the journal, and what a
 * salvage makes of it is sound, with nothing in it that was not appended.
 */
#include <stdlib.h>

#include "base/checksum.h"
#include "format/index.h"
#include "known.h"
#include "journal/marks.h"
#include "journal/view.h"
#include "support/fast_dir.h"
#include "support/test.h"

#define RECENT 12u /* entries */

/* ---- rows ---------------------------------------------------------------- */

static struct jn_txn txn;

static struct jn_span
span_of(const char *text)
{
    return jn_span(text, strlen(text));
}

static void
put(enum jn_table table, struct jn_span key, struct jn_span value)
{
    ck_assert_int_eq(jn_store_put(&txn, table, key, value), 0);
}

/* A copy of the row of KEY, to be changed and put; NULL: there is none. */
static uint8_t *
get(enum jn_table table, struct jn_span key, size_t *size)
{
    static uint8_t copy[400];
    struct jn_span value;

    if (jn_store_get(&txn, table, key, &value) != 0)
        return NULL;
    ck_assert_uint_le(value.size, sizeof(copy));
    (void)jn_span_copy(copy, value);
    *size = value.size;
    return copy;
}

static struct jn_span
number(uint64_t seq)
{
    static uint8_t key[8];

    jn_put_be64(key, seq);
    return jn_span(key, sizeof(key));
}

static void
drop(enum jn_table table, struct jn_span key)
{
    ck_assert_int_eq(jn_store_delete(&txn, table, key), 0);
}

/* ---- of `meta` ----------------------------------------------------------- */

static void
change_tail(uint64_t capacity)
{
    uint8_t bytes[JN_TAIL_ROW_MAX];
    struct jn_tail_row row;

    ck_assert_int_eq(jn_view_tail(&txn, &row), 0);
    row.open = true;
    row.next = 100;
    row.capacity = capacity;
    jn_tail_row_end_ahead(&row);
    put(JN_META, span_of("tail"),
        jn_span(bytes, jn_tail_row_encode(bytes, &row)));
}

static void
tail_of_nothing(void)
{
    change_tail(0);
}

static void
tail_too_small(void)
{
    change_tail(JN_TAIL_MIN / 2);
}

static void
tail_too_large(void)
{
    change_tail(2 * JN_TAIL_MAX);
}

static void
tail_uneven(void)
{
    change_tail(JN_TAIL_MIN + 8);
}

static void
tail_damaged(void)
{
    put(JN_META, span_of("tail"), span_of("tail"));
}

static void
id_short(void)
{
    put(JN_META, span_of("id"), span_of("id"));
}

static void
totals_long(void)
{
    static const uint8_t bytes[JN_TOTALS_MAX + 8];

    put(JN_META, span_of("totals"), jn_span(bytes, sizeof(bytes)));
}

static void
totals_odd(void)
{
    static const uint8_t bytes[JN_TOTALS_MIN + 1];

    put(JN_META, span_of("totals"), jn_span(bytes, sizeof(bytes)));
}

static void
totals_damaged(void)
{
    size_t size;
    uint8_t *bytes = get(JN_META, span_of("totals"), &size);

    bytes[3] ^= 1;
    put(JN_META, span_of("totals"), jn_span(bytes, size));
}

static void
change_state(int64_t first, int64_t next)
{
    struct jn_state_rows rows;
    struct jn_state state;

    ck_assert_int_eq(jn_view_stored_state(&txn, &state), 0);
    state.first += (uint64_t)first;
    if (state.dense < state.first)
        state.dense = state.first;
    state.next += (uint64_t)next;
    jn_state_encode(&rows, &state);
    put(JN_META, span_of("first"), jn_span(rows.first, 8));
    put(JN_META, span_of("next"), jn_span(rows.next, 8));
    put(JN_META, span_of("totals"), jn_span(rows.totals, rows.totals_size));
}

static void
first_higher(void)
{
    change_state(2, 0);
}

static void
next_lower(void)
{
    change_state(0, -3);
}

static void
next_higher(void)
{
    change_state(0, 3);
}

static void
rewinds_damaged(void)
{
    put(JN_META, span_of("rewinds"), span_of("none"));
}

/* What follows `mark/` in the key of a mark. */
static void
put_mark(const char *name, size_t size)
{
    static const uint8_t value[16];
    uint8_t key[64] = "mark/";

    memcpy(key + 5, name, size);
    put(JN_META, jn_span(key, 5 + size), jn_span(value, sizeof(value)));
}

static void
mark_without_name(void)
{
    put_mark("\0\0\0\0\0\0", 6);
}

static void
mark_of_no_text(void)
{
    put_mark("name \xff", 6);
}

static void
mark_with_more(void)
{
    put_mark("name\0more", 9);
}

static void
mark_too_short(void)
{
    put_mark("", 0);
}

static void
mark_damaged(void)
{
    put_mark("a name", 6);
}

static void
mark_too_high(void)
{
    ck_assert_int_eq(jn_marks_put(&txn, "a name", 1000), 0);
}

static void
row_of_nobody(void)
{
    put(JN_META, span_of("nobody"), span_of("knows"));
}

/* ---- of `entries` -------------------------------------------------------- */

static void
entry_without_number(void)
{
    put(JN_ENTRIES, span_of("one"), span_of("two"));
}

static void
entry_missing(void)
{
    drop(JN_ENTRIES, number(90));
}

static void
first_entry_missing(void)
{
    struct jn_state state;

    ck_assert_int_eq(jn_view_stored_state(&txn, &state), 0);
    drop(JN_ENTRIES, number(state.first));
}

static void
copy_entry(uint64_t from, uint64_t to)
{
    size_t size;
    uint8_t *bytes = get(JN_ENTRIES, number(from), &size);

    put(JN_ENTRIES, number(to), jn_span(bytes, size));
}

static void
entry_below_the_first(void)
{
    copy_entry(90, 1);
}

static void
entry_beyond_the_last(void)
{
    copy_entry(90, 1000);
}

static void
entry_of_another(void)
{
    copy_entry(90, 91);
}

static void
entry_of_nothing(void)
{
    put(JN_ENTRIES, number(90), jn_span(NULL, 0));
}

static void
time_falls(void)
{
    size_t size;
    uint8_t *bytes = get(JN_ENTRIES, number(91), &size);
    uint8_t *body = bytes + 1 + JN_RECORD_HEADER; /* it has no links */

    jn_record_seal(bytes + 1,
                   jn_hash64(jn_span(body, size - 1 - JN_RECORD_HEADER), 0), 91,
                   5);
    put(JN_ENTRIES, number(91), jn_span(bytes, size));
}

static void
damage_links(uint64_t seq)
{
    size_t size;
    uint8_t *bytes = get(JN_ENTRIES, number(seq), &size);

    bytes[1] ^= 1;
    put(JN_ENTRIES, number(seq), jn_span(bytes, size));
}

/* Some have another of their key behind them, and others not. */
static void
links_damaged(void)
{
    damage_links(88);
    damage_links(89);
    damage_links(93);
    damage_links(96);
    damage_links(97);
}

static void
links_damaged_beside_what_is_lost(void)
{
    damage_links(89);
    drop(JN_ENTRIES, number(93));
    damage_links(96);
    drop(JN_ENTRIES, number(92));
}

static void
all_links_damaged(void)
{
    for (uint64_t seq = 88; seq < 100; seq++)
        if (seq % 4 != 3)
            damage_links(seq);
}

static void
sparse_entries_damaged(void)
{
    struct jn_state state;

    ck_assert_int_eq(jn_view_stored_state(&txn, &state), 0);
    put(JN_ENTRIES, number(state.first), span_of("nothing"));
    put(JN_ENTRIES, number(state.first + 1), span_of("nothing"));
}

static void
no_entries(void)
{
    for (uint64_t seq = 0; seq < 200; seq++)
        (void)jn_store_delete(&txn, JN_ENTRIES, number(seq));
}

/* ---- of `latest` --------------------------------------------------------- */

static void
put_chain(const char *key, uint64_t revision, uint64_t root, bool damaged)
{
    struct jn_chain chain = {.revision = 0};
    uint8_t bytes[JN_CHAIN_MAX];
    struct jn_index_key index_key;
    struct jn_links links;
    uint8_t *end;

    for (uint64_t i = 1; i <= revision; i++)
        jn_chain_push(&chain, root - revision + i, false, NULL, &links);
    jn_index_make(&index_key, span_of(key));
    end = jn_chain_encode(bytes, &chain,
                          jn_hash64(jn_index_span(&index_key), 0));
    bytes[0] ^= damaged;
    put(JN_LATEST, jn_index_span(&index_key),
        jn_span(bytes, (size_t)(end - bytes)));
}

static void
chain_beyond_the_last(void)
{
    put_chain("a", 3, 1000, false);
}

static void
chain_damaged(void)
{
    put_chain("a", 3, 96, true);
}

static void
chain_of_another(void)
{
    put_chain("new", 1, 96, false);
}

static void
chain_of_no_key(void)
{
    put_chain("new", 1, 95, false);
}

static void
chain_of_what_is_missing(void)
{
    put_chain("new", 1, 2, false);
}

static void
chain_missing(void)
{
    struct jn_index_key index_key;

    jn_index_make(&index_key, span_of("a"));
    drop(JN_LATEST, jn_index_span(&index_key));
}

static void
row_of_no_key(void)
{
    put(JN_LATEST, span_of("k"), span_of("v"));
}

/* ---- each ---------------------------------------------------------------- */

static const struct kind {
    void (*change)(void);
    const char *text;
} kinds[] = {
#define KIND(name)                                                             \
    {                                                                          \
        name, #name                                                            \
    }
    KIND(tail_of_nothing),
    KIND(tail_too_small),
    KIND(tail_too_large),
    KIND(tail_uneven),
    KIND(tail_damaged),
    KIND(id_short),
    KIND(totals_long),
    KIND(totals_odd),
    KIND(totals_damaged),
    KIND(first_higher),
    KIND(next_lower),
    KIND(next_higher),
    KIND(rewinds_damaged),
    KIND(mark_without_name),
    KIND(mark_of_no_text),
    KIND(mark_with_more),
    KIND(mark_too_short),
    KIND(mark_damaged),
    KIND(mark_too_high),
    KIND(row_of_nobody),
    KIND(entry_without_number),
    KIND(entry_missing),
    KIND(first_entry_missing),
    KIND(entry_below_the_first),
    KIND(entry_beyond_the_last),
    KIND(entry_of_another),
    KIND(entry_of_nothing),
    KIND(time_falls),
    KIND(links_damaged),
    KIND(links_damaged_beside_what_is_lost),
    KIND(all_links_damaged),
    KIND(sparse_entries_damaged),
    KIND(no_entries),
    KIND(chain_beyond_the_last),
    KIND(chain_damaged),
    KIND(chain_of_another),
    KIND(chain_of_no_key),
    KIND(chain_of_what_is_missing),
    KIND(chain_missing),
    KIND(row_of_no_key),
#undef KIND
};

#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

/*
 * Up to 88 a compaction has left of each key the latest, the first of them at
 * 80; up to 99 all is there, and in the store; the RECENT ones behind are not.
 */
static void
make_journal(unsigned recent)
{
    ck_assert_int_eq(journal_append(known_journal, "old", 3, "x", 1, NULL), 0);
    ck_assert_int_eq(journal_append(known_journal, "older", 5, "x", 1, NULL),
                     0);
    for (uint64_t seq = ENTRIES + 2; seq < 100; seq++)
        known_append(seq);
    known_reopen();
    ck_assert_int_eq(journal_prune(known_journal, 88, JOURNAL_PRUNE_KEEP_LATEST,
                                   NULL),
                     0);
    ck_assert_int_eq(journal_mark(known_journal, "reader", 95), 0);
    known_reopen();
    for (uint64_t seq = 100; seq < 100 + recent; seq++)
        known_append(seq);
    ck_assert_int_eq(journal_verify(known_journal, NULL, NULL, NULL), 0);
}

/* What known_append() and make_journal() have appended. */
static void
assert_right(const struct journal_entry *entry)
{
    bool old = entry->seq == ENTRIES || entry->seq == ENTRIES + 1;

    if ((entry->flags & JOURNAL_TOMBSTONE) != 0)
        ck_assert_uint_eq(entry->seq % 20, 2);
    else if (!old)
        ck_assert_mem_eq(entry->value, &entry->seq, sizeof(entry->seq));
    ck_assert_uint_eq(entry->key_size, old ? 3 + 2 * (entry->seq - ENTRIES)
                                           : entry->seq % 4 != 3);
}

/* The journal in COPY is sound and has nothing that was not appended. */
static uint64_t
assert_sound_copy(const char *copy)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct journal_entry *entry;
    struct journal *other;
    uint64_t count = 0;

    ck_assert_int_eq(journal_open(copy, NULL, &other), 0);
    ck_assert_int_eq(journal_stat(other, &stat), 0);
    for (uint64_t seq = 0; seq < stat.size; seq++) {
        if (journal_read(other, seq, &entry) != 0)
            continue;
        assert_right(entry);
        journal_entry_free(entry);
        count++;
    }
    ck_assert_uint_eq(count, stat.entries);
    ck_assert_int_eq(journal_verify(other, NULL, NULL, NULL), 0);
    journal_close(other);
    return count;
}

START_TEST(a_row_that_is_wrong_is_noticed_and_does_no_harm)
{
    const struct kind *kind = &kinds[_i % KINDS];
    struct journal_report report = {.struct_size = sizeof(report)};
    bool unknown;
    int rc;

    make_journal(_i < KINDS ? RECENT : 0);
    ck_assert_int_eq(jn_store_begin_write(known_journal->shared->files.store,
                                          &txn),
                     0);
    kind->change();
    ck_assert_int_eq(jn_store_commit(&txn, &unknown), 0);
    rc = journal_verify(known_journal, NULL, NULL, NULL);
    ck_assert_msg(rc == JOURNAL_CORRUPT, "%s, verify: %s", kind->text,
                  journal_errname(rc));
    rc = journal_backup(known_journal, test_path("backup"), 0, NULL, NULL);
    ck_assert_msg(rc == 0 || rc == JOURNAL_CORRUPT, "%s, backup: %s",
                  kind->text, journal_errname(rc));
    journal_close(known_journal);
    known_journal = NULL;
    rc = journal_salvage(test_path("journal"), test_path("copy"), &report, NULL,
                         NULL);
    ck_assert_msg(rc == 0, "%s, salvage: %s", kind->text, journal_errname(rc));
    ck_assert_uint_eq(assert_sound_copy(test_path("copy")), report.salvaged);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("rows_wrong");
    TCase *full = tcase_create("full");

    tcase_add_unchecked_fixture(full, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(full, known_setup_full, known_teardown);
    tcase_add_loop_test(full, a_row_that_is_wrong_is_noticed_and_does_no_harm,
                        0, test_scale() < 0.06 ? KINDS : 2 * KINDS);
    suite_add_tcase(suite, full);
    return suite;
}

TEST_MAIN(suite)
