/* append_packed_test.c - journal_append_packed(): batches, packed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "api/steps.h"
#include "support/fast_dir.h"
#include "support/packer.h"

/* What is packed in a test; freed at its end. */
static struct packer packer;

static void
teardown(void)
{
    free(packer.bytes);
    packer = (struct packer){0};
    teardown_journal();
}

/* As it never comes out of the journal: all that is ignored is wrong. */
static struct journal_entry
entry_of(const char *key, const char *value)
{
    return (struct journal_entry){
        .seq = 0x5152535455565758u,
        .time = 1,
        .prev = 0,
        .revision = 77,
        .key = key,
        .key_size = key == NULL ? 0 : strlen(key),
        .value = value,
        .value_size = value == NULL ? 0 : strlen(value),
    };
}

static struct journal_entry
stamped(const char *key, const char *value, uint64_t time)
{
    struct journal_entry entry = entry_of(key, value);

    entry.flags = JOURNAL_STAMPED;
    entry.stamp = (struct journal_stamp){time, {1, 0, 255}};
    return entry;
}

static struct journal_entry
tombstone(const char *key)
{
    struct journal_entry entry = entry_of(key, NULL);

    entry.flags = JOURNAL_TOMBSTONE;
    return entry;
}

static void
add(struct journal_entry entry)
{
    (void)packer_add(&packer, &entry);
}

/* Entries of each kind. */
#define KINDS 7

static void
add_each_kind(void)
{
    struct journal_entry with_meta = entry_of("meta", "value");
    struct journal_entry all = stamped("all", "v", 20);

    with_meta.meta = "me\0ta";
    with_meta.meta_size = 5;
    all.meta = "m";
    all.meta_size = 1;
    add(entry_of("key", "value"));
    add(entry_of(NULL, "no key"));
    add(entry_of(NULL, NULL));
    add(with_meta);
    add(tombstone("key"));
    add(all);
    add(stamped("key", "later", 10));
}

static int
send(size_t *count, uint64_t *first_seq)
{
    return journal_append_packed(journal, packer.bytes, packer.size, count,
                                 first_seq);
}

static bool
same(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size == b_size && memcmp(a, b, a_size) == 0;
}

/* The entries from number FIRST on are the SIZE bytes at PACKED. */
static size_t
assert_arrived(const uint8_t *packed, size_t size, uint64_t first)
{
    size_t count = 0;

    for (size_t at = 0; at < size; count++) {
        struct journal_entry *is = entry_at(first + count), was;

        at += packer_read(&was, packed + at, size - at);
        if (is->flags != was.flags || is->stamp.time != was.stamp.time ||
            memcmp(is->stamp.id, was.stamp.id, 16) != 0 ||
            !same(is->key, is->key_size, was.key, was.key_size) ||
            !same(is->meta, is->meta_size, was.meta, was.meta_size) ||
            !same(is->value, is->value_size, was.value, was.value_size))
            ck_abort_msg("entry %zu is another", count);
        journal_entry_free(is);
    }
    return count;
}

/* ---- what it does ------------------------------------------------------- */

START_TEST(entries_of_every_kind_arrive_as_they_were_packed)
{
    uint64_t first = 99;
    size_t count = 99;

    append("before", "");
    add_each_kind();
    ck_assert_int_eq(send(&count, &first), 0);
    ck_assert_uint_eq(count, KINDS);
    ck_assert_uint_eq(first, 1);
    ck_assert_uint_eq(assert_arrived(packer.bytes, packer.size, 1), KINDS);
    reopen();
    ck_assert_uint_eq(assert_arrived(packer.bytes, packer.size, 1), KINDS);
    ck_assert_uint_eq(assert_no_gap(journal), 1 + KINDS);
}
END_TEST

START_TEST(number_time_prev_and_revision_are_new)
{
    uint64_t earlier;

    append("key", "older");
    earlier = figures(journal).last_time;
    add(entry_of("key", "a"));
    add(entry_of("key", "b"));
    ck_assert_int_eq(send(NULL, NULL), 0);
    for (uint64_t seq = 1; seq <= 2; seq++) {
        struct journal_entry *entry = entry_at(seq);

        ck_assert_uint_eq(entry->seq, seq);
        ck_assert_uint_ge(entry->time, earlier);
        ck_assert_uint_eq(entry->prev, seq - 1);
        ck_assert_uint_eq(entry->revision, seq + 1);
        journal_entry_free(entry);
    }
}
END_TEST

START_TEST(count_and_first_seq_may_be_null)
{
    uint64_t first = 99;
    size_t count = 99;

    add(entry_of("key", "value"));
    ck_assert_int_eq(send(NULL, NULL), 0);
    ck_assert_int_eq(send(&count, NULL), 0);
    ck_assert_int_eq(send(NULL, &first), 0);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(first, 2);
}
END_TEST

/* To the byte, so that a step too far is seen. */
START_TEST(the_bytes_may_lie_at_any_address)
{
    add_each_kind();
    for (size_t shift = 0; shift < 8; shift++) {
        uint8_t *place = malloc(shift + packer.size);
        uint64_t first = 99;

        memcpy(place + shift, packer.bytes, packer.size);
        ck_assert_int_eq(journal_append_packed(journal, place + shift,
                                               packer.size, NULL, &first),
                         0);
        free(place);
        ck_assert_uint_eq(first, shift * KINDS);
        ck_assert_uint_eq(assert_arrived(packer.bytes, packer.size, first),
                          KINDS);
    }
}
END_TEST

START_TEST(a_packed_tombstone_deletes)
{
    append("key", "value");
    add(tombstone("key"));
    add(tombstone("never there"));
    ck_assert_int_eq(send(NULL, NULL), 0);
    assert_absent("key");
    assert_value_at("key", 1, "value");
    ck_assert_uint_eq(figures(journal).tombstones, 2);
}
END_TEST

START_TEST(many_entries_are_one_batch)
{
    unsigned count = rounds(20000, 100);
    size_t found = 99;

    packer.bytes = malloc(count * 64);
    for (unsigned i = 0; i < count; i++) {
        struct journal_entry entry = entry_of("k", "value");

        entry.key = &i;
        entry.key_size = sizeof(i);
        entry.value_size = 0;
        add(entry);
    }
    ck_assert_int_eq(send(&found, NULL), 0);
    ck_assert_uint_eq(found, count);
    ck_assert_uint_eq(assert_no_gap(journal), count);
    ck_assert_uint_eq(figures(journal).keys, count);
}
END_TEST

/* ---- stamps ------------------------------------------------------------- */

START_TEST(an_older_stamp_is_outdated_and_takes_all_along)
{
    struct journal_stat before;
    uint64_t first = 99;
    size_t count = 99;

    add(stamped("key", "newer", 10));
    ck_assert_int_eq(send(NULL, NULL), 0);
    before = figures(journal);
    free(packer.bytes);
    packer = (struct packer){0};
    add(entry_of("other", "value"));
    add(stamped("key", "older", 9));
    add(entry_of("third", "value"));
    ck_assert_int_eq(send(&count, &first), JOURNAL_OUTDATED);
    ck_assert_uint_eq(count, 99);
    ck_assert_uint_eq(first, 99);
    assert_as_before(&before);
    assert_absent("other");
    assert_value("key", "newer");
}
END_TEST

START_TEST(stamps_of_one_buffer_count_in_turn)
{
    add(stamped("key", "1", 10));
    add(stamped("key", "2", 10));
    add(entry_of("key", "3"));
    add(stamped("key", "4", 11));
    ck_assert_int_eq(send(NULL, NULL), 0);
    assert_value("key", "4");
    ck_assert_int_eq(send(NULL, NULL), JOURNAL_OUTDATED);
    ck_assert_uint_eq(figures(journal).size, 4);
}
END_TEST

/* ---- what it refuses ---------------------------------------------------- */

static void
assert_refused(const void *packed, size_t size, int result)
{
    struct journal_stat before = figures(journal);
    uint64_t first = 99;
    size_t count = 99;

    ck_assert_int_eq(journal_append_packed(journal, packed, size, &count,
                                           &first),
                     result);
    ck_assert_uint_eq(count, 99);
    ck_assert_uint_eq(first, 99);
    assert_as_before(&before);
}

START_TEST(a_mistake_in_the_arguments_is_einval)
{
    uint64_t first = 99;
    size_t count = 99;

    add(entry_of("key", "value"));
    assert_refused(packer.bytes, 0, EINVAL);
    assert_refused(NULL, 0, EINVAL);
    assert_refused(NULL, packer.size, EINVAL);
    assert_refused(NULL, SIZE_MAX, EINVAL);
    ck_assert_int_eq(journal_append_packed(NULL, packer.bytes, packer.size,
                                           &count, &first),
                     EINVAL);
    ck_assert_uint_eq(count, 99);
    ck_assert_uint_eq(first, 99);
}
END_TEST

/* A field of an entry, and what it must not say.  The value has nine bytes. */
static const struct {
    size_t field;
    uint32_t number;
} malformed[] = {
    {PACKED_TOTAL, 0},
    {PACKED_TOTAL, 56},
    {PACKED_TOTAL, 71},
    {PACKED_TOTAL, 73},
    {PACKED_TOTAL, 80},
    {PACKED_TOTAL, UINT32_MAX},
    {PACKED_FLAGS, JOURNAL_EXPECT},
    {PACKED_FLAGS, JOURNAL_EXPECT_SEQ},
    {PACKED_FLAGS, 16},
    {PACKED_FLAGS, 1u << 31},
    {PACKED_FLAGS, JOURNAL_TOMBSTONE},
    {PACKED_FLAGS, JOURNAL_STAMPED},
    {PACKED_KEY_SIZE, 20},
    {PACKED_KEY_SIZE, UINT32_MAX},
    {PACKED_META_SIZE, 20},
    {PACKED_VALUE_SIZE, 0},
    {PACKED_VALUE_SIZE, 8}, /* leaves padding that is not zero */
    {PACKED_VALUE_SIZE, UINT32_MAX},
    {PACKED_RESERVED, 1},
    {68, 1u << 24}, /* the last byte of padding */
};

#define MANY 50

START_TEST(one_malformed_entry_among_many_takes_all_along)
{
    static const size_t places[] = {0, MANY / 2, MANY - 1};

    append("before", "value");
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        size_t at = 0;

        for (size_t j = 0; j < MANY; j++) {
            struct journal_entry entry = entry_of("key", "123456789");
            size_t begin = packer_add(&packer, &entry);

            at = j == places[i] ? begin : at;
        }
        packer_put(&packer, at + malformed[_i].field, malformed[_i].number, 4);
        assert_refused(packer.bytes, packer.size, EINVAL);
        assert_absent("key");
        free(packer.bytes);
        packer = (struct packer){0};
    }
    add(entry_of("key", "123456789"));
    ck_assert_int_eq(send(NULL, NULL), 0);
    ck_assert_uint_eq(assert_no_gap(journal), 2);
}
END_TEST

START_TEST(a_packed_tombstone_without_a_key_is_einval)
{
    add(entry_of("key", "value"));
    add(tombstone(NULL));
    assert_refused(packer.bytes, packer.size, EINVAL);
}
END_TEST

START_TEST(a_key_or_a_meta_over_its_maximum_is_too_big)
{
    static const char bytes[JOURNAL_KEY_MAX + 1];
    struct journal_entry key = entry_of(NULL, "value");
    struct journal_entry meta = entry_of("key", "value");

    key.key = bytes;
    key.key_size = JOURNAL_KEY_MAX + 1;
    meta.meta = bytes;
    meta.meta_size = JOURNAL_META_MAX + 1;
    for (int i = 0; i < 2; i++) {
        add(entry_of("other", "value"));
        add(i == 0 ? key : meta);
        assert_refused(packer.bytes, packer.size, JOURNAL_TOO_BIG);
        free(packer.bytes);
        packer = (struct packer){0};
    }
    key.key_size = JOURNAL_KEY_MAX;
    meta.meta_size = JOURNAL_META_MAX;
    add(key);
    add(meta);
    ck_assert_int_eq(send(NULL, NULL), 0);
    ck_assert_uint_eq(assert_arrived(packer.bytes, packer.size, 0), 2);
}
END_TEST

/* Pages that nobody touches are not there. */
static void
assert_too_big_with_value(uint32_t value_size, unsigned count)
{
    size_t total = (PACKED_HEADER + (size_t)value_size + 7) / 8 * 8;
    struct packer mapped = {.size = total * count};

    mapped.bytes = mmap(NULL, mapped.size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ck_assert_ptr_ne(mapped.bytes, MAP_FAILED);
    for (unsigned i = 0; i < count; i++) {
        packer_put(&mapped, i * total + PACKED_TOTAL, total, 4);
        packer_put(&mapped, i * total + PACKED_VALUE_SIZE, value_size, 4);
    }
    assert_refused(mapped.bytes, mapped.size, JOURNAL_TOO_BIG);
    munmap(mapped.bytes, mapped.size);
}

START_TEST(a_value_or_a_batch_over_its_maximum_is_too_big)
{
    append("before", "value");
    assert_too_big_with_value(JOURNAL_VALUE_MAX + 1, 1);
    assert_too_big_with_value(UINT32_MAX - 63, 1);
    assert_too_big_with_value(JOURNAL_VALUE_MAX, 2);
}
END_TEST

START_TEST(what_does_not_fit_on_the_disk_is_full)
{
    struct journal_options options = options_with(0);
    char *value = calloc(1, 1 << 20);
    struct journal_entry entry = entry_of("key", NULL);

    options.bytes_max = 1 << 20;
    journal_close(journal);
    journal = open_with(home(), &options);
    entry.value = value;
    entry.value_size = 1 << 20;
    add(entry_of("other", "value"));
    add(entry);
    assert_refused(packer.bytes, packer.size, JOURNAL_FULL);
    assert_absent("other");
    ck_assert_uint_eq(append("key", "fits"), 0);
    free(value);
}
END_TEST

/* ---- all malformed input ------------------------------------------------ */

static bool
is_expected(int rc)
{
    return rc == EINVAL || rc == JOURNAL_TOO_BIG || rc == JOURNAL_OUTDATED;
}

/* Either refused, and nothing is there, or all of it is; then it is undone. */
static bool
refused_or_arrived(const uint8_t *bytes, size_t size)
{
    uint64_t before = figures(journal).size, first = 99;
    uint8_t *exact = malloc(size > 0 ? size : 1);
    size_t count = 99;
    int rc;

    memcpy(exact, bytes, size);
    rc = journal_append_packed(journal, exact, size, &count, &first);
    free(exact);
    if (rc != 0) {
        if (!is_expected(rc) || count != 99 || first != 99 ||
            figures(journal).size != before)
            ck_abort_msg("refused with %s, but not quite", journal_errname(rc));
        return true;
    }
    if (first != before || figures(journal).size != before + count ||
        assert_arrived(bytes, size, first) != count)
        ck_abort_msg("something else arrived");
    if (journal_rewind(journal, before) != 0)
        ck_abort_msg("rewind");
    return false;
}

START_TEST(any_truncation_is_refused_unless_an_entry_ends_there)
{
    struct journal_entry entry;
    size_t end = 0;

    add_each_kind();
    for (size_t size = 0; size <= packer.size; size++) {
        bool whole = size > 0 && size == end;

        ck_assert(refused_or_arrived(packer.bytes, size) == !whole);
        if (size == end && size < packer.size)
            end += packer_read(&entry, packer.bytes + end, packer.size - end);
    }
    ck_assert_uint_eq(end, packer.size);
}
END_TEST

/* packed_test goes through all values; these are each bit, and all bits. */
START_TEST(any_byte_that_is_wrong_is_refused_or_arrives)
{
    static const uint8_t changes[] = {1, 2, 4, 8, 16, 32, 64, 128, 255};

    append("before", "value");
    add_each_kind();
    for (size_t i = 0; i < packer.size; i++)
        for (size_t j = 0; j < sizeof(changes); j++) {
            packer.bytes[i] ^= changes[j];
            (void)refused_or_arrived(packer.bytes, packer.size);
            packer.bytes[i] ^= changes[j];
        }
    ck_assert_uint_eq(assert_no_gap(journal), 1);
    ck_assert(!refused_or_arrived(packer.bytes, packer.size));
}
END_TEST

static void
add_all(TCase *tcase)
{
    tcase_add_test(tcase, entries_of_every_kind_arrive_as_they_were_packed);
    tcase_add_test(tcase, number_time_prev_and_revision_are_new);
    tcase_add_test(tcase, count_and_first_seq_may_be_null);
    tcase_add_test(tcase, the_bytes_may_lie_at_any_address);
    tcase_add_test(tcase, a_packed_tombstone_deletes);
    tcase_add_test(tcase, many_entries_are_one_batch);
    tcase_add_test(tcase, an_older_stamp_is_outdated_and_takes_all_along);
    tcase_add_test(tcase, stamps_of_one_buffer_count_in_turn);
    tcase_add_test(tcase, a_mistake_in_the_arguments_is_einval);
    tcase_add_loop_test(tcase, one_malformed_entry_among_many_takes_all_along,
                        0, COUNT_OF(malformed));
    tcase_add_test(tcase, a_packed_tombstone_without_a_key_is_einval);
    tcase_add_test(tcase, a_key_or_a_meta_over_its_maximum_is_too_big);
    tcase_add_test(tcase, a_value_or_a_batch_over_its_maximum_is_too_big);
    tcase_add_test(tcase, what_does_not_fit_on_the_disk_is_full);
}

static Suite *
suite(void)
{
    Suite *suite = suite_create("append_packed");
    TCase *tcase = tcase_create("append_packed");
    TCase *fast = tcase_create("malformed");

    tcase_add_checked_fixture(tcase, setup_journal, teardown);
    tcase_set_timeout(tcase, 30);
    add_all(tcase);
    suite_add_tcase(suite, tcase);

    tcase_add_unchecked_fixture(fast, fast_dir_make, fast_dir_remove);
    tcase_add_checked_fixture(fast, setup_journal, teardown);
    tcase_set_timeout(fast, 120);
    tcase_add_test(fast, any_truncation_is_refused_unless_an_entry_ends_there);
    tcase_add_test(fast, any_byte_that_is_wrong_is_refused_or_arrives);
    suite_add_tcase(suite, fast);
    return suite;
}

TEST_MAIN(suite)
