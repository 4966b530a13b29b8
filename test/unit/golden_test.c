/*
 * golden_test.c - bytes that were once written are read the same for ever.
 *
 * test/data/format-1 is a journal of format 1, made when that format was new,
 * and format-1-sparse one with marks that has been rewound and compacted; the
 * .txt beside them says what is in it, an entry or a mark a line.  The
 * hexadecimal constants below are the forms that docs/format.md describes.
 * None of this changes: a test that fails here means that journals out there
 * cannot be read.
 */
#include <string.h>

#include "format/index.h"
#include "journal.h"
#include "format/links.h"
#include "format/record.h"
#include "format/state.h"
#include "unit/golden.h"

#define DATA "test/data/format-1"
#define SPARSE "test/data/format-1-sparse"

/* ---- bytes -------------------------------------------------------------- */

static const struct journal_stamp stamp = {
    0x0102030405060708u,
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
};

START_TEST(a_record_has_the_bytes_of_format_1)
{
    const struct jn_record record = {
        .flags = JOURNAL_STAMPED,
        .stamp = stamp,
        .key = {(const uint8_t *)"key", 3},
        .meta = {(const uint8_t *)"m", 1},
        .value = {(const uint8_t *)"value", 5},
    };
    uint8_t bytes[128];
    uint64_t hash = jn_record_encode(bytes, &record);

    jn_record_seal(bytes, hash, 7, 0x1122334455667788u);

    golden_assert_hex(bytes, jn_record_size(&record),
                      "afca99c2a7a5c6a08877665544332211010400030108070605040302"
                      "01000102030405060708090a0b0c0d0e0f6b65796d76616c7565");
}
END_TEST

START_TEST(links_and_chains_have_the_bytes_of_format_1)
{
    const struct journal_stamp older = {5, {9}};
    struct jn_chain chain = {0};
    struct jn_links links;
    uint8_t bytes[JN_CHAIN_MAX];

    jn_chain_push(&chain, 3, false, NULL, &links);
    jn_chain_push(&chain, 10, false, &older, &links);
    jn_chain_push(&chain, 500, true, &stamp, &links);
    jn_chain_push(&chain, 501, false, NULL, &links);
    jn_chain_push(&chain, 700, true, &stamp, &links);

    golden_assert_hex(bytes,
                      (size_t)(jn_links_encode(bytes, &links, 700) - bytes),
                      "0bc701c7010807060504030201000102030405060708090a0b0c0d0e"
                      "0f52335ef1");
    golden_assert_hex(bytes,
                      (size_t)(jn_chain_encode(bytes, &chain, 1) - bytes),
                      "8dc9b7e217bc05c70101080706050403020100010203040506070809"
                      "0a0b0c0d0e0f");
}
END_TEST

START_TEST(index_keys_have_the_bytes_of_format_1)
{
    struct jn_index_key index_key;
    uint8_t key[300];

    jn_index_make(&index_key, jn_span("abc", 3));
    golden_assert_hex(index_key.data, index_key.size, "016162630000000003");
    jn_index_make(&index_key, jn_span("sensors/1", 9));
    golden_assert_hex(index_key.data, index_key.size, "0173656e736f7273082f31");
    memset(key, 'x', sizeof(key));
    jn_index_make(&index_key, jn_span(key, sizeof(key)));
    golden_assert_hex(index_key.data + 257, index_key.size - 257u,
                      "125237ea2ad7bc7aa5d1b4607dc8355400");
}
END_TEST

START_TEST(state_has_the_bytes_of_format_1)
{
    struct jn_state state = {.next = 258,
                             .first = 2,
                             .last_time = 3,
                             .tombstones = 4,
                             .bytes_logical = 5,
                             .dense = 2};
    struct jn_state_rows rows;

    jn_state_encode(&rows, &state);

    golden_assert_hex(rows.next, sizeof(rows.next), "0000000000000102");
    golden_assert_hex(rows.first, sizeof(rows.first), "0000000000000002");
    golden_assert_hex(rows.totals, rows.totals_size,
                      "030000000000000004000000000000000500000000000000cdca8715"
                      "63e520d4");

    state.dense = 6;
    jn_state_encode(&rows, &state);
    golden_assert_hex(
        rows.totals, rows.totals_size,
        "0300000000000000040000000000000005000000000000000600000000000000"
        "5bd0432dcaf66617");

    state.holed = true;
    state.sparse = 3;
    jn_state_encode(&rows, &state);
    golden_assert_hex(
        rows.totals, rows.totals_size,
        "0300000000000000040000000000000005000000000000000600000000000000"
        "03000000000000001dc7938e95d4e72b");
}
END_TEST

START_TEST(cuts_have_the_bytes_of_format_1)
{
    const struct jn_cuts cuts = {.count = 3,
                                 .kept = 2,
                                 .cut = {{1, 2}, {3, 9}}};
    uint8_t bytes[JN_CUTS_BYTES];

    golden_assert_hex(
        bytes, jn_cuts_encode(bytes, &cuts),
        "0300000000000000010000000000000002000000000000000300000000000000"
        "0900000000000000d35f5f1ff3bb8185");
}
END_TEST

/* ---- a whole journal ---------------------------------------------------- */

START_TEST(a_journal_of_format_1_is_read_where_it_lies)
{
    static const char *const directories[] = {DATA, SPARSE};
    static const char *const descriptions[] = {DATA ".txt", SPARSE ".txt"};
    struct journal_options options;
    struct journal *journal;

    journal_options_init(&options);
    options.flags = JOURNAL_OPEN_READ_ONLY | JOURNAL_OPEN_IMMUTABLE;
    ck_assert_int_eq(journal_open(directories[_i], &options, &journal), 0);

    golden_assert(journal, descriptions[_i]);
    journal_close(journal);
}
END_TEST

START_TEST(a_journal_of_format_1_goes_on)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct journal_entry *entry;
    struct journal *journal;
    uint64_t seq;

    golden_copy(test_path("copy"), DATA);
    ck_assert_int_eq(journal_open(test_path("copy"), NULL, &journal), 0);
    golden_assert(journal, DATA ".txt");
    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    ck_assert_uint_eq(stat.format, 1);

    ck_assert_int_eq(journal_append(journal, "key", 3, "new", 3, &seq), 0);

    ck_assert_uint_eq(seq, stat.size);
    ck_assert_int_eq(journal_get(journal, "key", 3, &entry), 0);
    ck_assert_uint_eq(entry->revision, 41);
    journal_entry_free(entry);
    ck_assert_int_eq(journal_get_at(journal, "key", 3, 20, &entry), 0);
    ck_assert_uint_eq(entry->seq, 19);
    journal_entry_free(entry);
    journal_close(journal);
}
END_TEST

/* Below 48 each key's latest entry is left, in numbers 19, 29 and 40. */
START_TEST(a_sparse_journal_of_format_1_goes_on)
{
    struct journal_stat stat = {.struct_size = sizeof(stat)};
    struct journal_entry *entry = NULL;
    struct journal *journal;
    uint64_t seq;

    golden_copy(test_path("copy"), SPARSE);
    ck_assert_int_eq(journal_open(test_path("copy"), NULL, &journal), 0);
    golden_assert(journal, SPARSE ".txt");
    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    ck_assert_uint_eq(stat.size, 56);
    ck_assert_uint_eq(stat.marks, 4);
    ck_assert_int_eq(journal_read(journal, 21, &entry), JOURNAL_PRUNED);
    ck_assert_int_eq(journal_get_at(journal, "key 1", 5, 40, &entry),
                     JOURNAL_PRUNED);
    ck_assert_int_eq(journal_mark(journal, "m", 46), 0);

    ck_assert_int_eq(journal_rewind(journal, 50), 0);
    ck_assert_int_eq(journal_marked(journal, "\xC3\xA9t\xC3\xA9", &seq), 0);
    ck_assert_uint_eq(seq, 50);
    ck_assert_int_eq(journal_prune(journal, JOURNAL_NONE,
                                   JOURNAL_PRUNE_KEEP_LATEST |
                                       JOURNAL_PRUNE_PAST_MARKS,
                                   NULL),
                     0);
    ck_assert_int_eq(journal_stat(journal, &stat), 0);
    ck_assert_uint_eq(stat.entries, stat.keys);
    ck_assert_uint_eq(stat.tombstones, 0);
    journal_close(journal);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("golden");
    TCase *tcase = tcase_create("format 1");

    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    tcase_add_test(tcase, a_record_has_the_bytes_of_format_1);
    tcase_add_test(tcase, links_and_chains_have_the_bytes_of_format_1);
    tcase_add_test(tcase, index_keys_have_the_bytes_of_format_1);
    tcase_add_test(tcase, state_has_the_bytes_of_format_1);
    tcase_add_test(tcase, cuts_have_the_bytes_of_format_1);
    tcase_add_loop_test(tcase, a_journal_of_format_1_is_read_where_it_lies, 0,
                        2);
    tcase_add_test(tcase, a_journal_of_format_1_goes_on);
    tcase_add_test(tcase, a_sparse_journal_of_format_1_goes_on);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
