/* damage_test.c - files that are damaged, foreign, or cut short. */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/steps.h"

#define PAGE 4096u

static const uint32_t ways[] = {0, JOURNAL_OPEN_EXISTING,
                                JOURNAL_OPEN_EXCLUSIVE, JOURNAL_OPEN_READ_ONLY,
                                JOURNAL_OPEN_READ_ONLY |
                                    JOURNAL_OPEN_IMMUTABLE};

static const char *
data_file(void)
{
    return test_path("journal/data.mdb");
}

/* It is refused, in every way, as the one or the other; nothing changes. */
static void
assert_refused(int one, int other)
{
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct bytes before = picture_of(home());
        int rc = result_of_open(home(), ways[i]);

        ck_assert_msg(rc == one || rc == other, "open with flags %u: %s",
                      ways[i], journal_errname(rc));
        assert_picture(home(), &before);
    }
}

/* A journal of some size that is closed. */
static void
setup(void)
{
    setup_journal();
    append_numbered(rounds(3000, 300), 100);
    journal_close(journal);
    journal = NULL;
}

/* Everything that is read is right. */
static void
assert_all_right(uint64_t size)
{
    journal = open_path(home(), 0);
    ck_assert_uint_eq(assert_no_gap(journal), size);
    journal_close(journal);
    journal = NULL;
}

/* ---- cut short ---------------------------------------------------------- */

static void
cut(uint64_t size)
{
    ck_assert_int_eq(truncate(data_file(), (off_t)size), 0);
}

START_TEST(a_file_cut_short_is_refused_and_left)
{
    static const unsigned sizes[] = {1,    15,       16,       100,
                                     4095, 4096,     4097,     8191,
                                     8192, 8192 + 1, 4 * 4096, 5 * 4096 + 100};

    cut(sizes[_i]);
    assert_refused(JOURNAL_CORRUPT, JOURNAL_UNSUPPORTED);
}
END_TEST

START_TEST(a_file_cut_in_the_middle_is_corrupt)
{
    struct bytes whole = bytes_of(data_file());
    size_t pages = whole.size / PAGE;

    free(whole.data);
    cut((pages * (unsigned)_i / 8) * PAGE);
    assert_refused(JOURNAL_CORRUPT, JOURNAL_CORRUPT);
}
END_TEST

START_TEST(a_file_without_its_last_bytes_is_corrupt_or_whole)
{
    static const unsigned less[] = {1, 100, 4095, 4096, 2 * 4096, 5 * 4096};
    struct bytes whole = bytes_of(data_file());
    int rc;

    cut(whole.size - less[_i]);
    free(whole.data);
    rc = result_of_open(home(), JOURNAL_OPEN_READ_ONLY);
    if (rc == 0)
        assert_all_right(rounds(3000, 300));
    else
        assert_refused(JOURNAL_CORRUPT, JOURNAL_CORRUPT);
}
END_TEST

START_TEST(an_empty_file_is_refused_and_left)
{
    cut(0);
    assert_refused(JOURNAL_CORRUPT, JOURNAL_UNSUPPORTED);
}
END_TEST

START_TEST(a_file_that_became_longer_is_the_same_journal)
{
    struct bytes whole = bytes_of(data_file());

    cut(whole.size + 3 * PAGE);
    free(whole.data);
    assert_all_right(rounds(3000, 300));
}
END_TEST

/* ---- foreign ------------------------------------------------------------ */

START_TEST(random_bytes_are_unsupported_and_left)
{
    static const size_t sizes[] = {1, 100, 4096, 8192, 100000};
    uint64_t state = test_seed();
    uint8_t *bytes = malloc(sizes[_i]);

    for (size_t i = 0; i < sizes[_i]; i++)
        bytes[i] = (uint8_t)test_random(&state);
    write_bytes(data_file(), bytes, sizes[_i]);
    free(bytes);
    assert_refused(JOURNAL_UNSUPPORTED, JOURNAL_CORRUPT);
}
END_TEST

START_TEST(zeros_are_refused_and_left)
{
    struct bytes whole = bytes_of(data_file());

    memset(whole.data, 0, whole.size);
    write_bytes(data_file(), whole.data, whole.size);
    free(whole.data);
    assert_refused(JOURNAL_UNSUPPORTED, JOURNAL_CORRUPT);
}
END_TEST

START_TEST(a_data_file_alone_in_a_directory_is_refused_and_left)
{
    ck_assert_int_eq(journal_destroy(home()), 0);
    ck_assert_int_eq(mkdir(home(), 0777), 0);
    write_bytes(data_file(), "mine", _i == 0 ? 0 : 4);
    assert_refused(JOURNAL_UNSUPPORTED, JOURNAL_CORRUPT);
}
END_TEST

static MDB_txn *
begin(MDB_env **env, unsigned flags)
{
    MDB_txn *txn;

    ck_assert_int_eq(mdb_env_create(env), 0);
    ck_assert_int_eq(mdb_env_set_maxdbs(*env, 8), 0);
    ck_assert_int_eq(mdb_env_open(*env, home(), flags, 0666), 0);
    ck_assert_int_eq(mdb_txn_begin(*env, NULL, 0, &txn), 0);
    return txn;
}

static void
put(MDB_txn *txn, const char *table, const char *key, const void *data,
    size_t size)
{
    MDB_val name = {strlen(key), NULL};
    MDB_val value = {size, NULL};
    MDB_dbi dbi;

    /* LMDB reads these only, but says so nowhere. */
    name.mv_data = (void *)(uintptr_t)key;
    value.mv_data = (void *)(uintptr_t)data;
    ck_assert_int_eq(mdb_dbi_open(txn, table, table != NULL ? MDB_CREATE : 0,
                                  &dbi),
                     0);
    ck_assert_int_eq(mdb_put(txn, dbi, &name, &value, 0), 0);
}

static void
end(MDB_env *env, MDB_txn *txn)
{
    ck_assert_int_eq(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

/* In place of the journal: an environment of somebody else's. */
static void
make_foreign(void *context)
{
    int which = *(int *)context;
    MDB_env *env;
    MDB_txn *txn;

    ck_assert_int_eq(journal_destroy(home()), 0);
    ck_assert_int_eq(mkdir(home(), 0777), 0);
    txn = begin(&env, 0);
    if (which == 0)
        put(txn, NULL, "key", "value", 5);
    if (which == 1)
        put(txn, "table", "key", "value", 5);
    if (which >= 2) {
        put(txn, "entries", "key", "value", 5);
        put(txn, "latest", "key", "value", 5);
        put(txn, "meta", "key", "value", 5);
    }
    end(env, txn);
    if (which == 3)
        ck_assert_int_eq(unlink(test_path("journal/lock.mdb")), 0);
}

START_TEST(an_lmdb_file_without_a_journal_is_unsupported_and_left)
{
    int which = _i;

    in_child(make_foreign, &which);
    assert_refused(JOURNAL_UNSUPPORTED, JOURNAL_UNSUPPORTED);
}
END_TEST

static void
make_newer(void *unused)
{
    static const uint8_t newer[8] = {0, 0, 0, 0, 0, 0, 0, 99};
    MDB_env *env;
    MDB_txn *txn = begin(&env, 0);

    (void)unused;
    put(txn, "meta", "format", newer, sizeof(newer));
    end(env, txn);
}

START_TEST(a_newer_format_is_unsupported_and_left)
{
    in_child(make_newer, NULL);
    assert_refused(JOURNAL_UNSUPPORTED, JOURNAL_UNSUPPORTED);
}
END_TEST

/* Where LMDB has these, in both of its meta pages. */
#define MAGIC 16u
#define VERSION 20u
#define PAGE_SIZE 40u

static void
change_metas(size_t place, size_t size, void (*change)(char *at, size_t size))
{
    struct bytes whole = bytes_of(data_file());

    change(whole.data + place, size);
    change(whole.data + PAGE + place, size);
    write_bytes(data_file(), whole.data, whole.size);
    free(whole.data);
}

static void
swap(char *at, size_t size)
{
    for (size_t i = 0; i < size / 2; i++) {
        char byte = at[i];

        at[i] = at[size - 1 - i];
        at[size - 1 - i] = byte;
    }
}

static void
increase(char *at, size_t size)
{
    at[0]++;
    ck_assert_uint_gt(size, 0);
}

static void
double_page_size(char *at, size_t size)
{
    uint32_t number;

    ck_assert_uint_eq(size, sizeof(number));
    memcpy(&number, at, sizeof(number));
    ck_assert_uint_eq(number, PAGE);
    number *= 2;
    memcpy(at, &number, sizeof(number));
}

START_TEST(another_byte_order_is_unsupported_and_left)
{
    change_metas(MAGIC, 4, swap);
    assert_refused(JOURNAL_UNSUPPORTED, JOURNAL_UNSUPPORTED);
}
END_TEST

START_TEST(another_version_of_lmdb_is_unsupported_and_left)
{
    change_metas(VERSION, 4, increase);
    assert_refused(JOURNAL_UNSUPPORTED, JOURNAL_UNSUPPORTED);
}
END_TEST

START_TEST(another_page_size_is_refused_and_left)
{
    change_metas(PAGE_SIZE, 4, double_page_size);
    assert_refused(JOURNAL_UNSUPPORTED, JOURNAL_CORRUPT);
}
END_TEST

START_TEST(a_data_file_that_is_a_directory_is_refused_and_left)
{
    ck_assert_int_eq(unlink(data_file()), 0);
    ck_assert_int_eq(mkdir(data_file(), 0777), 0);
    assert_refused(JOURNAL_UNSUPPORTED, JOURNAL_CORRUPT);
}
END_TEST

/* ---- flipped bytes ------------------------------------------------------ */

#define NEEDLE "needle in a haystack of bytes"

/* Flips a bit in each copy of TEXT in the file, also those of old pages. */
static void
flip(const char *text)
{
    struct bytes whole = bytes_of(data_file());
    size_t size = strlen(text);
    unsigned found = 0;
    char *from = whole.data;
    char *end_of_file = whole.data + whole.size;
    char *at;

    while ((at = memmem(from, (size_t)(end_of_file - from), text, size)) !=
           NULL) {
        at[size / 2] ^= 0x10;
        from = at + 1;
        found++;
    }
    ck_assert_uint_gt(found, 0);
    write_bytes(data_file(), whole.data, whole.size);
    free(whole.data);
}

static void
append_haystack(const char *key)
{
    char *value = calloc(1, 100000);

    memcpy(value + 50000, NEEDLE, strlen(NEEDLE));
    ck_assert_int_eq(journal_append(journal, key, strlen(key), value, 100000,
                                    NULL),
                     0);
    free(value);
}

/* Three entries of which the one in the middle is damaged: number 1. */
static void
append_and_flip(int which)
{
    struct journal_record one = record("damaged", "value");

    journal = open_path(test_path("flipped"), 0);
    append("before", "value");
    one.meta = NEEDLE;
    one.meta_size = strlen(NEEDLE);
    if (which == 0)
        append("damaged", NEEDLE);
    else if (which == 1)
        append_haystack("damaged");
    else
        ck_assert_int_eq(append_record(&one), 0);
    append("after", "value");
    journal_close(journal);
    ck_assert_int_eq(rename(test_path("journal"), test_path("other")), 0);
    ck_assert_int_eq(rename(test_path("flipped"), test_path("journal")), 0);
    flip(NEEDLE);
    journal = open_path(home(), 0);
}

START_TEST(a_flipped_byte_makes_its_entry_corrupt)
{
    struct journal_entry *entry = NULL;

    append_and_flip(_i);
    ck_assert_int_eq(journal_get(journal, "damaged", 7, &entry),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_get_at(journal, "damaged", 7, 2, &entry),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_read(journal, 1, &entry), JOURNAL_CORRUPT);
    ck_assert_ptr_null(entry);
}
END_TEST

START_TEST(a_flipped_byte_leaves_the_other_entries_readable)
{
    struct journal_entry *entry;

    append_and_flip(_i);
    assert_value("before", "value");
    assert_value("after", "value");
    entry = entry_at(2);
    assert_entry(entry, 2, "after", "value");
    journal_entry_free(entry);
    ck_assert_uint_eq(append("after", "goes on"), 3);
    assert_value("after", "goes on");
}
END_TEST

START_TEST(replay_says_corrupt_for_one_entry_and_goes_on)
{
    struct journal_cursor *cursor;
    const struct journal_entry *entry;

    append_and_flip(_i);
    ck_assert_int_eq(journal_replay(journal, 0, &cursor), 0);
    ck_assert_int_eq(journal_next(cursor, &entry), 0);
    assert_entry(entry, 0, "before", "value");
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_next(cursor, &entry), 0);
    assert_entry(entry, 2, "after", "value");
    ck_assert_int_eq(journal_next(cursor, &entry), JOURNAL_END);
    journal_cursor_close(cursor);
}
END_TEST

START_TEST(a_key_of_a_damaged_entry_may_be_written_anew)
{
    append_and_flip(_i);
    ck_assert_uint_eq(append("damaged", "healed"), 3);
    assert_value("damaged", "healed");
}
END_TEST

START_TEST(a_damaged_entry_may_be_pruned)
{
    append_and_flip(_i);
    ck_assert_int_eq(journal_prune(journal, 2, 0, NULL), 0);
    ck_assert_uint_eq(assert_no_gap(journal), 1);
    assert_absent("damaged");
    assert_value("after", "value");
}
END_TEST

/* Of these the index has a hash, and the entry tells whose row it is. */
START_TEST(so_may_one_of_a_long_key)
{
    char key[301];
    struct journal_entry *entry = NULL;
    uint64_t seq;

    memset(key, 'k', 300);
    key[300] = '\0';
    journal = open_path(home(), 0);
    seq = append(key, NEEDLE);
    append("after", "value");
    journal_close(journal);
    flip(NEEDLE);
    journal = open_path(home(), 0);
    ck_assert_int_eq(journal_get(journal, key, 300, &entry), JOURNAL_CORRUPT);
    ck_assert_int_eq(journal_prune(journal, seq + 1, 0, NULL), 0);
    assert_absent(key);
    append(key, "again");
    assert_value(key, "again");
}
END_TEST

START_TEST(a_damaged_entry_at_either_end_does_not_hide_the_figures)
{
    struct journal_entry *entry;

    append_and_flip(_i);
    ck_assert_int_eq(journal_prune(journal, 1, 0, NULL), 0);
    entry = entry_at(2);
    ck_assert_uint_eq(figures(journal).first, 1);
    ck_assert_uint_eq(figures(journal).entries, 2);
    ck_assert_uint_eq(figures(journal).first_time, entry->time);
    journal_entry_free(entry);
    ck_assert_int_eq(journal_rewind(journal, 2), 0);
    ck_assert_uint_eq(figures(journal).first_time, 0);
    ck_assert_uint_eq(append("after", "goes on"), 2);
    assert_value("after", "goes on");
}
END_TEST

START_TEST(values_that_look_alike_do_not_hide_damage)
{
    char key[16];
    struct journal_entry *entry = NULL;

    append_and_flip(0);
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof(key), "copy %d", i);
        append(key, NEEDLE);
        assert_value(key, NEEDLE);
    }
    ck_assert_int_eq(journal_get(journal, "damaged", 7, &entry),
                     JOURNAL_CORRUPT);
}
END_TEST

/* ---- other files of the journal ----------------------------------------- */

START_TEST(lock_files_that_are_gone_are_made_again)
{
    static const char *const names[] = {"journal/lock.mdb",
                                        "journal/journal.lock"};

    ck_assert_int_eq(unlink(test_path(names[_i])), 0);
    assert_all_right(rounds(3000, 300));
    ck_assert(exists(test_path(names[_i])));
}
END_TEST

/* Its tail shows that there was one; without that nothing does. */
START_TEST(a_data_file_that_is_gone_is_missed)
{
    ck_assert_int_eq(unlink(data_file()), 0);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_EXISTING),
                     JOURNAL_CORRUPT);
    ck_assert_int_eq(result_of_open(home(), 0), JOURNAL_CORRUPT);
    ck_assert_int_eq(unlink(test_path("journal/tail")), 0);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_EXISTING),
                     JOURNAL_NOT_FOUND);
    ck_assert_int_eq(result_of_open(home(), JOURNAL_OPEN_READ_ONLY),
                     JOURNAL_NOT_FOUND);
}
END_TEST

static TCase *
short_files(void)
{
    TCase *tcase = tcase_create("cut short");

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_loop_test(tcase, a_file_cut_short_is_refused_and_left, 0, 12);
    tcase_add_loop_test(tcase, a_file_cut_in_the_middle_is_corrupt, 1, 7);
    tcase_add_loop_test(tcase,
                        a_file_without_its_last_bytes_is_corrupt_or_whole, 0,
                        6);
    tcase_add_test(tcase, an_empty_file_is_refused_and_left);
    tcase_add_test(tcase, a_file_that_became_longer_is_the_same_journal);
    return tcase;
}

static TCase *
foreign_files(void)
{
    TCase *tcase = tcase_create("foreign");

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_loop_test(tcase, random_bytes_are_unsupported_and_left, 0, 5);
    tcase_add_test(tcase, zeros_are_refused_and_left);
    tcase_add_loop_test(tcase,
                        a_data_file_alone_in_a_directory_is_refused_and_left, 0,
                        2);
    tcase_add_loop_test(tcase,
                        an_lmdb_file_without_a_journal_is_unsupported_and_left,
                        0, 4);
    tcase_add_test(tcase, a_newer_format_is_unsupported_and_left);
    tcase_add_test(tcase, another_byte_order_is_unsupported_and_left);
    tcase_add_test(tcase, another_version_of_lmdb_is_unsupported_and_left);
    tcase_add_test(tcase, another_page_size_is_refused_and_left);
    tcase_add_test(tcase, a_data_file_that_is_a_directory_is_refused_and_left);
    tcase_add_loop_test(tcase, lock_files_that_are_gone_are_made_again, 0, 2);
    tcase_add_test(tcase, a_data_file_that_is_gone_is_missed);
    return tcase;
}

static TCase *
flipped_bytes(void)
{
    TCase *tcase = tcase_create("flipped");

    tcase_add_checked_fixture(tcase, setup, teardown_journal);
    tcase_add_loop_test(tcase, a_flipped_byte_makes_its_entry_corrupt, 0, 3);
    tcase_add_loop_test(tcase, a_flipped_byte_leaves_the_other_entries_readable,
                        0, 3);
    tcase_add_loop_test(tcase, replay_says_corrupt_for_one_entry_and_goes_on, 0,
                        3);
    tcase_add_loop_test(tcase, a_key_of_a_damaged_entry_may_be_written_anew, 0,
                        3);
    tcase_add_loop_test(tcase, a_damaged_entry_may_be_pruned, 0, 3);
    tcase_add_test(tcase, so_may_one_of_a_long_key);
    tcase_add_loop_test(tcase,
                        a_damaged_entry_at_either_end_does_not_hide_the_figures,
                        0, 3);
    tcase_add_test(tcase, values_that_look_alike_do_not_hide_damage);
    return tcase;
}

static Suite *
suite(void)
{
    Suite *damage = suite_create("damage");

    suite_add_tcase(damage, short_files());
    suite_add_tcase(damage, foreign_files());
    suite_add_tcase(damage, flipped_bytes());
    return damage;
}

TEST_MAIN(suite)
