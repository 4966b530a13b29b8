/* append_test.c - journal_append(), journal_delete() and journal_sync(). */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/steps.h"
#include "support/mode.h"

START_TEST(numbers_start_at_0_and_rise_by_one)
{
    for (uint64_t seq = 0; seq < 20; seq++)
        ck_assert_uint_eq(append(seq % 2 == 0 ? "key" : NULL, "value"), seq);
    ck_assert_uint_eq(assert_no_gap(journal), 20);
}
END_TEST

START_TEST(the_number_may_be_left_unasked)
{
    ck_assert_int_eq(journal_append(journal, "key", 3, "value", 5, NULL), 0);
    ck_assert_int_eq(journal_delete(journal, "other", 5, NULL), 0);
    assert_value("key", "value");
    ck_assert_uint_eq(figures(journal).size, 2);
}
END_TEST

START_TEST(nothing_is_overwritten)
{
    struct journal_entry *entry;

    append("key", "old");
    append("key", "new");
    entry = entry_at(0);
    assert_entry(entry, 0, "key", "old");
    journal_entry_free(entry);
    assert_value("key", "new");
}
END_TEST

START_TEST(a_value_may_be_empty)
{
    append("key", "");
    assert_value("key", "");
    ck_assert_int_eq(journal_append(journal, "key", 3, NULL, 0, NULL), 0);
    assert_value("key", "");
    ck_assert_uint_eq(figures(journal).keys, 1);
}
END_TEST

START_TEST(an_entry_may_have_no_key)
{
    struct journal_entry *entry;

    ck_assert_uint_eq(append(NULL, "value"), 0);
    ck_assert_int_eq(journal_append(journal, "", 0, "value", 5, NULL), 0);
    ck_assert_int_eq(journal_append(journal, NULL, 0, NULL, 0, NULL), 0);
    ck_assert_uint_eq(figures(journal).keys, 0);
    entry = entry_at(1);
    assert_entry(entry, 1, NULL, "value");
    ck_assert_uint_eq(entry->revision, 0);
    ck_assert_uint_eq(entry->prev, JOURNAL_NONE);
    journal_entry_free(entry);
}
END_TEST

START_TEST(bytes_may_be_any_bytes)
{
    uint8_t bytes[512];
    struct journal_entry *entry;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    ck_assert_int_eq(journal_append(journal, bytes, 300, bytes, 512, NULL), 0);
    ck_assert_int_eq(journal_get(journal, bytes, 300, &entry), 0);
    ck_assert_uint_eq(entry->key_size, 300);
    ck_assert_mem_eq(entry->key, bytes, 300);
    ck_assert_uint_eq(entry->value_size, 512);
    ck_assert_mem_eq(entry->value, bytes, 512);
    journal_entry_free(entry);
}
END_TEST

START_TEST(nothing_that_was_passed_is_kept)
{
    char key[] = "key";
    char value[] = "value";

    ck_assert_int_eq(journal_append(journal, key, 3, value, 5, NULL), 0);
    memset(key, 'x', sizeof(key));
    memset(value, 'x', sizeof(value));
    assert_value("key", "value");
    reopen();
    assert_value("key", "value");
}
END_TEST

/* A value of SIZE bytes that are hard to mistake for one another. */
static uint8_t *
noise(size_t size)
{
    uint8_t *bytes = malloc(size + 8);
    uint64_t state = size;

    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < size; i += 8) {
        uint64_t number = test_random(&state);

        memcpy(bytes + i, &number, 8);
    }
    return bytes;
}

START_TEST(values_of_all_sizes_come_back_whole)
{
    static const size_t sizes[] = {1,       100,     2000,    2040,
                                   4080,    4096,    65535,   65536,
                                   1 << 20, 3 << 20, 5000003, 12 << 20};
    size_t size = sizes[_i];
    uint8_t *value = noise(size);
    struct journal_entry *entry;

    ck_assert_int_eq(journal_append(journal, "key", 3, value, size, NULL), 0);
    reopen();
    entry = get("key");
    ck_assert_uint_eq(entry->value_size, size);
    ck_assert_int_eq(memcmp(entry->value, value, size), 0);
    journal_entry_free(entry);
    free(value);
}
END_TEST

START_TEST(many_big_values_fit)
{
    uint8_t *value = noise(1 << 20);
    unsigned count = rounds(40, 3);
    struct journal_entry *entry;

    for (unsigned i = 0; i < count; i++) {
        value[0] = (uint8_t)i;
        ck_assert_int_eq(journal_append(journal, "key", 3, value, 1 << 20,
                                        NULL),
                         0);
    }
    for (unsigned i = 0; i < count; i++) {
        entry = entry_at(i);
        value[0] = (uint8_t)i;
        ck_assert_int_eq(memcmp(entry->value, value, 1 << 20), 0);
        journal_entry_free(entry);
    }
    free(value);
}
END_TEST

START_TEST(an_acknowledged_entry_is_durable)
{
    journal_close(journal);
    ck_assert_int_eq(mode_open_as_is(home(), NULL, &journal), 0);
    for (int i = 0; i < 5; i++) {
        append("key", "value");
        ck_assert_uint_eq(figures(journal).durable_size, figures(journal).size);
    }
}
END_TEST

static void
append_and_die(void *context)
{
    struct bell *appended = context;

    journal_close(journal);
    journal = open_path(home(), 0);
    append("key", "value");
    bell_ring(appended);
    raise(SIGKILL);
}

START_TEST(an_acknowledged_entry_survives_its_process)
{
    struct bell appended;
    int status;
    pid_t pid;

    bell_make(&appended);
    pid = start(append_and_die, &appended);
    bell_wait(&appended);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
    assert_value("key", "value");
    ck_assert_uint_eq(append("key", "next"), 1);
}
END_TEST

/* ---- too big ------------------------------------------------------------ */

/* Readable bytes that take no memory. */
static void *
emptiness(size_t size)
{
    void *bytes = mmap(NULL, size, PROT_READ,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    ck_assert_ptr_ne(bytes, MAP_FAILED);
    return bytes;
}

START_TEST(a_key_of_the_maximum_fits_and_no_more)
{
    char *key = emptiness(JOURNAL_KEY_MAX + 1);
    struct journal_stat before;
    struct journal_entry *entry;
    uint64_t seq = 99;

    ck_assert_int_eq(journal_append(journal, key, JOURNAL_KEY_MAX, "value", 5,
                                    NULL),
                     0);
    ck_assert_int_eq(journal_get(journal, key, JOURNAL_KEY_MAX, &entry), 0);
    ck_assert_uint_eq(entry->key_size, JOURNAL_KEY_MAX);
    ck_assert_mem_eq(entry->value, "value", 5);
    journal_entry_free(entry);
    before = figures(journal);
    ck_assert_int_eq(journal_append(journal, key, JOURNAL_KEY_MAX + 1, "value",
                                    5, &seq),
                     JOURNAL_TOO_BIG);
    ck_assert_int_eq(journal_delete(journal, key, JOURNAL_KEY_MAX + 1, &seq),
                     JOURNAL_TOO_BIG);
    ck_assert_uint_eq(seq, 99);
    assert_as_before(&before);
}
END_TEST

START_TEST(a_value_over_the_maximum_is_too_big)
{
    size_t size = (size_t)JOURNAL_VALUE_MAX + 1;
    struct journal_stat before = figures(journal);
    uint64_t seq = 99;

    ck_assert_int_eq(journal_append(journal, "key", 3, emptiness(size), size,
                                    &seq),
                     JOURNAL_TOO_BIG);
    ck_assert_uint_eq(seq, 99);
    assert_as_before(&before);
    ck_assert_uint_eq(append("key", "fits"), 0);
}
END_TEST

START_TEST(a_size_that_is_absurd_is_too_big)
{
    struct journal_stat before = figures(journal);

    ck_assert_int_eq(journal_append(journal, "key", 3, "", SIZE_MAX, NULL),
                     JOURNAL_TOO_BIG);
    ck_assert_int_eq(journal_append(journal, "", SIZE_MAX, "", 0, NULL),
                     JOURNAL_TOO_BIG);
    assert_as_before(&before);
}
END_TEST

/* ---- delete ------------------------------------------------------------- */

START_TEST(delete_appends_a_tombstone)
{
    struct journal_entry *entry;

    append("key", "value");
    ck_assert_uint_eq(erase("key"), 1);
    assert_absent("key");
    entry = entry_at(1);
    assert_entry(entry, 1, "key", "");
    ck_assert_uint_eq(entry->flags, JOURNAL_TOMBSTONE);
    ck_assert_uint_eq(entry->prev, 0);
    ck_assert_uint_eq(entry->revision, 2);
    journal_entry_free(entry);
}
END_TEST

START_TEST(delete_appends_a_tombstone_of_a_key_that_never_was)
{
    struct journal_entry *entry;

    ck_assert_uint_eq(erase("key"), 0);
    assert_absent("key");
    entry = entry_at(0);
    ck_assert_uint_eq(entry->flags, JOURNAL_TOMBSTONE);
    ck_assert_uint_eq(entry->prev, JOURNAL_NONE);
    ck_assert_uint_eq(entry->revision, 1);
    journal_entry_free(entry);
    ck_assert_uint_eq(figures(journal).tombstones, 1);
}
END_TEST

START_TEST(delete_appends_a_tombstone_of_a_key_that_is_deleted)
{
    append("key", "value");
    erase("key");
    ck_assert_uint_eq(erase("key"), 2);
    ck_assert_uint_eq(figures(journal).tombstones, 1);
    assert_value_at("key", 1, "value");
}
END_TEST

START_TEST(a_deleted_key_may_come_back)
{
    append("key", "value");
    erase("key");
    append("key", "again");
    assert_value("key", "again");
    ck_assert_uint_eq(figures(journal).keys, 1);
    ck_assert_uint_eq(figures(journal).tombstones, 0);
}
END_TEST

START_TEST(deleting_a_key_leaves_the_others)
{
    append("key", "value");
    append("key 2", "value 2");
    append("ke", "value 3");
    erase("key");
    assert_absent("key");
    assert_value("key 2", "value 2");
    assert_value("ke", "value 3");
}
END_TEST

START_TEST(an_empty_key_cannot_be_deleted)
{
    uint64_t seq = 99;

    append(NULL, "value");
    ck_assert_int_eq(journal_delete(journal, "", 0, &seq), EINVAL);
    ck_assert_int_eq(journal_delete(journal, NULL, 0, &seq), EINVAL);
    ck_assert_uint_eq(seq, 99);
    ck_assert_uint_eq(figures(journal).size, 1);
}
END_TEST

/* ---- sync, and the end of numbers --------------------------------------- */

START_TEST(sync_makes_everything_durable)
{
    struct journal_stat stat;

    ck_assert_int_eq(journal_sync(journal), 0);
    append("key", "value");
    ck_assert_int_eq(journal_sync(journal), 0);
    stat = figures(journal);
    ck_assert_uint_eq(stat.durable_size, stat.size);
}
END_TEST

/* A journal that has room for two more numbers. */
static void
open_at_the_end(void)
{
    struct journal_options options = options_with(JOURNAL_OPEN_NEW);

    journal_close(journal);
    options.first_seq = UINT64_MAX - 2;
    journal = open_with(test_path("last"), &options);
}

START_TEST(none_is_never_the_number_of_an_entry)
{
    uint64_t seq = 99;

    open_at_the_end();
    ck_assert_uint_eq(append("key", "1"), UINT64_MAX - 2);
    ck_assert_uint_eq(append("key", "2"), UINT64_MAX - 1);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(journal_append(journal, "key", 3, "3", 1, &seq),
                         JOURNAL_FULL);
    ck_assert_int_eq(journal_delete(journal, "key", 3, &seq), JOURNAL_FULL);
    ck_assert_uint_eq(seq, 99);
    assert_value("key", "2");
    ck_assert_uint_eq(assert_no_gap(journal), 2);
}
END_TEST

START_TEST(a_batch_that_would_need_number_none_appends_nothing)
{
    struct journal_record records[3] = {record("a", "1"), record("b", "2"),
                                        record("c", "3")};
    struct journal_stat before;

    open_at_the_end();
    before = figures(journal);
    ck_assert_int_eq(journal_append_batch(journal, records, 3, NULL),
                     JOURNAL_FULL);
    assert_as_before(&before);
    ck_assert_int_eq(journal_append_batch(journal, records, 2, NULL), 0);
    ck_assert_uint_eq(assert_no_gap(journal), 2);
}
END_TEST

START_TEST(out_of_numbers_reading_pruning_and_rewinding_go_on)
{
    uint64_t removed;

    open_at_the_end();
    append("key", "1");
    append("key", "2");
    ck_assert_int_eq(journal_append(journal, "key", 3, "3", 1, NULL),
                     JOURNAL_FULL);
    assert_value("key", "2");
    assert_value_at("key", UINT64_MAX - 1, "1");
    ck_assert_int_eq(journal_rewind(journal, UINT64_MAX - 1), 0);
    ck_assert_uint_eq(append("key", "other"), UINT64_MAX - 1);
    ck_assert_int_eq(journal_prune(journal, UINT64_MAX, 0, &removed), 0);
    ck_assert_uint_eq(removed, 2);
    ck_assert_int_eq(journal_append(journal, "key", 3, "3", 1, NULL),
                     JOURNAL_FULL);
}
END_TEST

/* Some of many are looked at: behind the last the next was beyond NONE. */
START_TEST(the_last_numbers_move_from_a_full_tail_like_others)
{
    struct journal_options options = options_with(JOURNAL_OPEN_NEW);
    uint64_t count = 600 + (uint64_t)_i;

    journal_close(journal);
    options.durability = JOURNAL_RELAXED;
    options.tail_bytes = 128 << 10;
    options.first_seq = JOURNAL_NONE - count;
    journal = open_with(test_path("last"), &options);
    for (uint64_t i = 0; i < count; i++)
        ck_assert_int_eq(journal_append(journal, &i, sizeof(i), "", 0, NULL),
                         0);
    ck_assert_int_eq(journal_append(journal, NULL, 0, "", 0, NULL),
                     JOURNAL_FULL);
    ck_assert_uint_gt(figures(journal).tail_bytes_used, 32 << 10);
    ck_assert_int_eq(journal_sync(journal), 0);
    ck_assert_uint_le(figures(journal).tail_bytes_used, 32 << 10);
    ck_assert_uint_eq(assert_no_gap(journal), count);
}
END_TEST

static Suite *
suite(void)
{
    Suite *append_suite = suite_create("append");
    TCase *tcase = tcase_create("append");

    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, numbers_start_at_0_and_rise_by_one);
    tcase_add_test(tcase, the_number_may_be_left_unasked);
    tcase_add_test(tcase, nothing_is_overwritten);
    tcase_add_test(tcase, a_value_may_be_empty);
    tcase_add_test(tcase, an_entry_may_have_no_key);
    tcase_add_test(tcase, bytes_may_be_any_bytes);
    tcase_add_test(tcase, nothing_that_was_passed_is_kept);
    tcase_add_loop_test(tcase, values_of_all_sizes_come_back_whole, 0, 12);
    tcase_add_test(tcase, many_big_values_fit);
    tcase_add_test(tcase, an_acknowledged_entry_is_durable);
    tcase_add_test(tcase, an_acknowledged_entry_survives_its_process);
    tcase_add_test(tcase, a_key_of_the_maximum_fits_and_no_more);
    tcase_add_test(tcase, a_value_over_the_maximum_is_too_big);
    tcase_add_test(tcase, a_size_that_is_absurd_is_too_big);
    suite_add_tcase(append_suite, tcase);

    tcase = tcase_create("delete");
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, delete_appends_a_tombstone);
    tcase_add_test(tcase, delete_appends_a_tombstone_of_a_key_that_never_was);
    tcase_add_test(tcase, delete_appends_a_tombstone_of_a_key_that_is_deleted);
    tcase_add_test(tcase, a_deleted_key_may_come_back);
    tcase_add_test(tcase, deleting_a_key_leaves_the_others);
    tcase_add_test(tcase, an_empty_key_cannot_be_deleted);
    suite_add_tcase(append_suite, tcase);

    tcase = tcase_create("the end");
    tcase_add_checked_fixture(tcase, setup_journal, teardown_journal);
    tcase_add_test(tcase, sync_makes_everything_durable);
    tcase_add_test(tcase, none_is_never_the_number_of_an_entry);
    tcase_add_test(tcase, a_batch_that_would_need_number_none_appends_nothing);
    tcase_add_test(tcase, out_of_numbers_reading_pruning_and_rewinding_go_on);
    tcase_add_loop_test(tcase,
                        the_last_numbers_move_from_a_full_tail_like_others, 0,
                        2);
    suite_add_tcase(append_suite, tcase);
    return append_suite;
}

TEST_MAIN(suite)
