/* store_many_test.c - rows looked up together are those found one by one. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "write/handle.h"
#include "pages/layout.h"
#include "settle.h"
#include "support/fast_dir.h"
#include "support/test.h"
#include "journal/view.h"

#define ENTRIES 30000u /* enough for branches below the root */
#define BATCH 1000u
#define KEYS 7u
#define MANY 100u

static struct journal *journal;
static uint64_t chance;

static uint64_t
below(uint64_t limit)
{
    return test_random(&chance) % limit;
}

/* Small values, and now and then one that is stored on pages of its own. */
static void
append(unsigned count)
{
    static const uint8_t value[10000];
    struct journal_record records[BATCH];

    memset(records, 0, sizeof(records));
    for (unsigned i = 0; i < count; i++) {
        records[i].key = &value[i % KEYS];
        records[i].key_size = 1 + i % KEYS;
        records[i].value = value;
        records[i].value_size = below(100) == 0 ? below(sizeof(value))
                                                : below(150);
    }
    ck_assert_int_eq(journal_append_batch(journal, records, count, NULL), 0);
    settle(journal);
}

static void
setup(void)
{
    test_setup();
    chance = test_seed();
    ck_assert_int_eq(journal_open(test_path("journal"), NULL, &journal), 0);
}

static void
fill(void)
{
    for (unsigned i = 0; i < ENTRIES; i += BATCH)
        append(BATCH);
}

static void
teardown(void)
{
    journal_close(journal);
    test_teardown();
}

static void
compare(struct jn_txn *txn, struct jn_numbered *rows, size_t count)
{
    ck_assert_int_eq(jn_store_get_many(txn, JN_ENTRIES, rows, count), 0);
    for (size_t i = 0; i < count; i++) {
        struct jn_span bytes;
        int rc = jn_view_bytes(txn, rows[i].number, &bytes);

        ck_assert_int_eq(rows[i].found, rc == 0);
        if (rc == 0) {
            ck_assert_ptr_eq(rows[i].value.data, bytes.data);
            ck_assert_uint_eq(rows[i].value.size, bytes.size);
        }
    }
}

/* Random numbers, those that follow one another, and some beyond the end. */
static void
compare_all(struct jn_txn *txn)
{
    double rounds = 400 * test_scale();

    for (unsigned round = 0; round < rounds || round < 20; round++) {
        struct jn_numbered rows[MANY];
        size_t count = 1 + below(MANY);
        uint64_t first = below(ENTRIES);

        for (size_t i = 0; i < count; i++)
            rows[i].number = round % 2 == 0 ? first + i
                                            : below(ENTRIES + ENTRIES / 8);
        compare(txn, rows, count);
    }
}

static void
compare_in_a_transaction(void)
{
    struct jn_txn txn;

    ck_assert_int_eq(jn_shared_begin_read(journal->shared, &txn), 0);
    compare_all(&txn);
    jn_store_end_read(&txn);
}

START_TEST(many_rows_are_found_as_one_is)
{
    fill();
    compare_in_a_transaction();
}
END_TEST

START_TEST(so_they_are_in_an_empty_table_and_in_one_of_a_single_page)
{
    compare_in_a_transaction();
    append(3);
    compare_in_a_transaction();
}
END_TEST

START_TEST(so_they_are_where_rows_have_gone)
{
    fill();
    ck_assert_int_eq(journal_prune(journal, ENTRIES / 3, 0, NULL), 0);
    compare_in_a_transaction();
    ck_assert_int_eq(journal_append(journal, "other", 5, "", 0, NULL), 0);
    ck_assert_int_eq(journal_prune(journal, ENTRIES / 2,
                                   JOURNAL_PRUNE_KEEP_LATEST, NULL),
                     0);
    compare_in_a_transaction();
    ck_assert_int_eq(journal_rewind(journal, ENTRIES - 5000), 0);
    compare_in_a_transaction();
}
END_TEST

START_TEST(a_snapshot_stays_what_it_was_beside_a_writer)
{
    struct jn_txn txn;

    fill();
    ck_assert_int_eq(jn_shared_begin_read(journal->shared, &txn), 0);
    for (unsigned i = 0; i < 20; i++) {
        append(50);
        compare_all(&txn);
    }
    jn_store_end_read(&txn);
}
END_TEST

START_TEST(a_writing_transaction_sees_its_own_rows)
{
    struct jn_numbered row = {.number = ENTRIES};
    struct jn_txn txn;
    uint8_t key[8], *value;

    fill();
    jn_put_be64(key, ENTRIES);
    ck_assert_int_eq(jn_shared_begin_write(journal->shared, &txn), 0);
    ck_assert_int_eq(jn_store_append(&txn, JN_ENTRIES, jn_span(key, 8), 3,
                                     &value),
                     0);
    memcpy(value, "new", 3);
    ck_assert_int_eq(jn_store_get_many(&txn, JN_ENTRIES, &row, 1), 0);
    ck_assert(row.found);
    ck_assert(jn_span_equal(row.value, jn_span("new", 3)));
    jn_store_abort(&txn);
}
END_TEST

START_TEST(each_row_counts_as_read)
{
    struct jn_numbered rows[MANY];
    struct jn_txn txn;

    fill();
    for (size_t i = 0; i < MANY; i++)
        rows[i].number = i * 11;
    ck_assert_int_eq(jn_shared_begin_read(journal->shared, &txn), 0);
    ck_assert_int_eq(jn_store_get_many(&txn, JN_ENTRIES, rows, MANY), 0);
    ck_assert_uint_eq(txn.entries_read, MANY);
    jn_store_end_read(&txn);
}
END_TEST

/* The page of the tables' names, as the newer meta page tells. */
static off_t
names_page(int file, size_t page_size)
{
    struct jn_meta metas[2];

    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(pread(file, &metas[i], sizeof(metas[i]),
                               (off_t)(i * page_size + JN_PAGE_HEADER)),
                         sizeof(metas[i]));
    return (off_t)(page_size *
                   metas[metas[1].transaction > metas[0].transaction]
                       .trees[1]
                       .root);
}

/* LMDB does not look at the number that a page says it has. */
START_TEST(a_page_that_has_the_wrong_number_leads_nowhere)
{
    size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t numbers[] = {0, 1, 2, 0, UINT64_MAX};
    struct stat status;
    int file = open(test_path("journal/data.mdb"), O_RDWR);

    fill();
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(fstat(file, &status), 0);
    numbers[3] = (uint64_t)status.st_size / page_size - 1;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        ck_assert_int_eq(pwrite(file, &numbers[i], sizeof(numbers[i]),
                                names_page(file, page_size)),
                         sizeof(numbers[i]));
        compare_in_a_transaction();
    }
    ck_assert_int_eq(close(file), 0);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("store_many");
    TCase *tcase = tcase_create("rows");

    tcase_add_unchecked_fixture(tcase, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, many_rows_are_found_as_one_is);
    tcase_add_test(tcase,
                   so_they_are_in_an_empty_table_and_in_one_of_a_single_page);
    tcase_add_test(tcase, so_they_are_where_rows_have_gone);
    tcase_add_test(tcase, a_snapshot_stays_what_it_was_beside_a_writer);
    tcase_add_test(tcase, a_writing_transaction_sees_its_own_rows);
    tcase_add_test(tcase, each_row_counts_as_read);
    tcase_add_test(tcase, a_page_that_has_the_wrong_number_leads_nowhere);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
