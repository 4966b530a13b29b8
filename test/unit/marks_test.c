/* marks_test.c - names, rows and lists of marks, whole and damaged. */
#include "journal/marks.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "write/handle.h"
#include "support/test.h"
#include "writing.h"

/* ---- names -------------------------------------------------------------- */

/* Writes CODE as UTF-8; returns its size, 0 if it has no such form. */
static size_t
encode(uint32_t code, uint8_t *out)
{
    if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return 0;
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xC0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xE0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (code & 0x3F));
    return 4;
}

/* Decodes without a look at what is allowed; encoded again it must be same. */
static bool
is_character(const uint8_t *text, size_t size)
{
    static const uint8_t masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = text[0] & masks[size];
    uint8_t again[4];

    for (size_t i = 1; i < size; i++)
        code = code << 6 | (text[i] & 0x3F);
    return encode(code, again) == size && memcmp(again, text, size) == 0;
}

static bool
is_text(const uint8_t *text, size_t size)
{
    if (size == 0)
        return true;
    for (size_t step = 1; step <= 4 && step <= size; step++)
        if (is_character(text, step))
            return is_text(text + step, size - step);
    return false;
}

START_TEST(every_code_point_is_a_name)
{
    char name[5];
    uint32_t count = 0;

    for (uint32_t code = 0; code <= 0x110010; code++) {
        size_t size = encode(code, (uint8_t *)name);

        if (size == 0)
            continue;
        name[size] = '\0';
        if (jn_marks_check(name) != 0)
            ck_abort_msg("U+%04X", code);
        count++;
    }
    ck_assert_uint_eq(count, 0x110000 - 0x800 - 1);
}
END_TEST

START_TEST(bytes_are_a_name_if_they_are_text)
{
    /* All of them, but where a look at each takes long. */
    const uint32_t step = test_scale() < 1 ? 251 : 1;
    uint8_t name[5] = {0};

    for (uint32_t bytes = 1; bytes < 1u << 24; bytes += step) {
        size_t size;

        name[0] = (uint8_t)(bytes & 0xFF);
        name[1] = (uint8_t)(bytes >> 8 & 0xFF);
        name[2] = (uint8_t)(bytes >> 16);
        size = strlen((const char *)name);
        if ((jn_marks_check((const char *)name) == 0) !=
            (size > 0 && is_text(name, size)))
            ck_abort_msg("%02X %02X %02X", name[0], name[1], name[2]);
    }
}
END_TEST

START_TEST(four_bytes_are_a_name_if_they_are_text)
{
    static const uint8_t ends[] = {0x00, 0x01, 0x7F, 0x80, 0x81, 0x8F, 0x90,
                                   0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
                                   0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF};
    const unsigned count = sizeof(ends);
    uint8_t name[5] = {0};

    for (unsigned i = 0; i < 16 * count * count * count; i++) {
        size_t size;

        name[0] = (uint8_t)(0xF0 + i % 16);
        name[1] = ends[i / 16 % count];
        name[2] = ends[i / 16 / count % count];
        name[3] = ends[i / 16 / count / count];
        size = strlen((const char *)name);
        if ((jn_marks_check((const char *)name) == 0) != is_text(name, size))
            ck_abort_msg("%02X %02X %02X %02X", name[0], name[1], name[2],
                         name[3]);
    }
}
END_TEST

/* ---- rows --------------------------------------------------------------- */

/* The form on disk, docs/format.md; the bytes never change. */
START_TEST(a_row_is_what_the_format_says)
{
    static const uint8_t short_key[] = {'m', 'a', 'r', 'k', '/', 'x', 0, 0, 0};
    static const uint8_t short_value[] = {0,    0,    0,    0,    0,    0,
                                          1,    2,    0x4c, 0x5c, 0x39, 0x03,
                                          0xa3, 0x43, 0x78, 0x0e};
    static const uint8_t long_value[] = {0,    0,    0,    0,    0,    0,
                                         1,    2,    0x3a, 0xab, 0xc8, 0x29,
                                         0x39, 0x01, 0x5e, 0xbd};
    struct jn_span value;

    ck_assert_int_eq(jn_marks_put(&writing.txn, "x", 258), 0);
    ck_assert_int_eq(jn_marks_put(&writing.txn, "mailer", 258), 0);
    ck_assert_int_eq(jn_store_get(&writing.txn, JN_META,
                                  jn_span(short_key, sizeof(short_key)),
                                  &value),
                     0);
    ck_assert_uint_eq(value.size, 16);
    ck_assert_mem_eq(value.data, short_value, 16);
    ck_assert_int_eq(jn_store_get(&writing.txn, JN_META,
                                  jn_span("mark/mailer", 11), &value),
                     0);
    ck_assert_uint_eq(value.size, 16);
    ck_assert_mem_eq(value.data, long_value, 16);
}
END_TEST

static void
assert_corrupt(const char *name)
{
    char next[JOURNAL_MARK_SIZE] = "";
    uint64_t seq = 77;

    ck_assert_int_eq(jn_marks_get(&writing.txn, name, &seq), JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_marks_next(&writing.txn, next, &seq), JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_marks_lowest(&writing.txn, &seq), JOURNAL_CORRUPT);
    ck_assert_int_eq(jn_marks_move_back(&writing.txn, 0), JOURNAL_CORRUPT);
    ck_assert_uint_eq(seq, 77);
    ck_assert_str_eq(next, "");
}

START_TEST(any_flipped_bit_of_a_row_is_noticed)
{
    struct jn_span key = jn_span("mark/name", 9), value;
    uint8_t bytes[17] = {0};
    uint64_t seq;

    ck_assert_int_eq(jn_marks_put(&writing.txn, "name", 1000), 0);
    ck_assert_int_eq(jn_store_get(&writing.txn, JN_META, key, &value), 0);
    ck_assert_uint_eq(value.size, 16);
    memcpy(bytes, value.data, 16);
    for (size_t bit = 0; bit < 128; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert_int_eq(jn_store_put(&writing.txn, JN_META, key,
                                      jn_span(bytes, 16)),
                         0);
        assert_corrupt("name");
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t size = 0; size <= 17; size++) {
        ck_assert_int_eq(jn_store_put(&writing.txn, JN_META, key,
                                      jn_span(bytes, size)),
                         0);
        if (size != 16)
            assert_corrupt("name");
    }
    /* Under another name it is no other mark's row either. */
    ck_assert_int_eq(jn_store_put(&writing.txn, JN_META,
                                  jn_span("mark/eman", 9), jn_span(bytes, 16)),
                     0);
    assert_corrupt("eman");
    /* To set it again, or to remove it, puts things right. */
    ck_assert_int_eq(jn_marks_remove(&writing.txn, "eman"), 0);
    ck_assert_int_eq(jn_marks_put(&writing.txn, "name", 5), 0);
    ck_assert_int_eq(jn_marks_lowest(&writing.txn, &seq), 0);
    ck_assert_uint_eq(seq, 5);
}
END_TEST

START_TEST(without_marks_there_is_nothing_to_list)
{
    char name[JOURNAL_MARK_SIZE] = "";
    uint64_t seq = 77;

    ck_assert_int_eq(jn_marks_next(&writing.txn, name, &seq), JOURNAL_END);
    ck_assert_int_eq(jn_marks_lowest(&writing.txn, &seq), 0);
    ck_assert_uint_eq(seq, JOURNAL_NONE);
    ck_assert_int_eq(jn_marks_count(&writing.txn, &seq), 0);
    ck_assert_uint_eq(seq, 0);
    ck_assert_int_eq(jn_marks_remove(&writing.txn, "name"), JOURNAL_NOT_FOUND);
    ck_assert_int_eq(jn_marks_move_back(&writing.txn, 0), 0);
}
END_TEST

/* ---- many --------------------------------------------------------------- */

#define MANY 10000u

struct mark {
    char name[JOURNAL_MARK_SIZE];
    uint64_t seq;
};

static int
compare_marks(const void *a, const void *b)
{
    const struct mark *left = a, *right = b;

    return strcmp(left->name, right->name);
}

/* All are different: each has its number in it, at either end. */
static void
make_mark(struct mark *mark, unsigned number, uint64_t *state)
{
    static const size_t sizes[] = {4, 5, 8, 9, 30, 200, 255};
    size_t size = sizes[test_random(state) % 7];

    memset(mark->name, 'm', size);
    mark->name[size] = '\0';
    for (size_t i = 0; i < 4; i++, number /= 26)
        mark->name[test_random(state) % 2 == 0 || size < 9 ? i : size - 1 - i] =
            (char)('a' + number % 26);
    mark->seq = test_random(state) % 1000000;
}

/* Returns how many of COUNT are left when of two alike one has gone. */
static unsigned
drop_twins(struct mark *marks, unsigned count)
{
    unsigned left = 0;

    qsort(marks, count, sizeof(*marks), compare_marks);
    for (unsigned i = 0; i < count; i++)
        if (left == 0 || strcmp(marks[left - 1].name, marks[i].name) != 0)
            marks[left++] = marks[i];
    return left;
}

static void
shuffle(struct mark *marks, unsigned count, uint64_t *state)
{
    for (unsigned i = count; i > 1; i--) {
        unsigned j = (unsigned)(test_random(state) % i);
        struct mark other = marks[j];

        marks[j] = marks[i - 1];
        marks[i - 1] = other;
    }
}

/* MARKS, in order, are there, moved back to at most LIMIT, and no others. */
static void
assert_list(const struct mark *marks, unsigned count, uint64_t limit)
{
    char name[JOURNAL_MARK_SIZE] = "";
    uint64_t seq, lowest = JOURNAL_NONE;

    for (unsigned i = 0; i < count; i++) {
        uint64_t expected = marks[i].seq < limit ? marks[i].seq : limit;

        if (jn_marks_next(&writing.txn, name, &seq) != 0 ||
            strcmp(name, marks[i].name) != 0 || seq != expected)
            ck_abort_msg("for %s comes %s", marks[i].name, name);
        lowest = expected < lowest ? expected : lowest;
    }
    ck_assert_int_eq(jn_marks_next(&writing.txn, name, &seq), JOURNAL_END);
    ck_assert_int_eq(jn_marks_lowest(&writing.txn, &seq), 0);
    ck_assert_uint_eq(seq, lowest);
    ck_assert_int_eq(jn_marks_count(&writing.txn, &seq), 0);
    ck_assert_uint_eq(seq, count);
}

/* LMDB must be able to split a page of any mixture of them. */
START_TEST(ten_thousand_marks_of_mixed_lengths_come_and_go)
{
    struct mark *marks = malloc(MANY * sizeof(*marks));
    uint64_t state = test_seed() + (unsigned)_i;
    unsigned count;

    ck_assert_ptr_nonnull(marks);
    for (unsigned i = 0; i < MANY; i++)
        make_mark(&marks[i], i, &state);
    count = drop_twins(marks, MANY);
    ck_assert_uint_gt(count, MANY / 2);
    if (_i > 0)
        shuffle(marks, count, &state);
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(jn_marks_put(&writing.txn, marks[i].name,
                                      marks[i].seq),
                         0);
    qsort(marks, count, sizeof(*marks), compare_marks);
    assert_list(marks, count, JOURNAL_NONE);
    ck_assert_int_eq(jn_marks_move_back(&writing.txn, 500000), 0);
    assert_list(marks, count, 500000);
    shuffle(marks, count, &state);
    for (unsigned i = count / 3; i < count; i++)
        ck_assert_int_eq(jn_marks_remove(&writing.txn, marks[i].name), 0);
    qsort(marks, count / 3, sizeof(*marks), compare_marks);
    assert_list(marks, count / 3, 500000);
    free(marks);
}
END_TEST

static Suite *
suite(void)
{
    Suite *suite = suite_create("marks");
    TCase *tcase = tcase_create("marks");

    tcase_add_checked_fixture(tcase, writing_setup, writing_teardown);
    tcase_add_test(tcase, every_code_point_is_a_name);
    tcase_add_test(tcase, bytes_are_a_name_if_they_are_text);
    tcase_add_test(tcase, four_bytes_are_a_name_if_they_are_text);
    tcase_add_test(tcase, a_row_is_what_the_format_says);
    tcase_add_test(tcase, any_flipped_bit_of_a_row_is_noticed);
    tcase_add_test(tcase, without_marks_there_is_nothing_to_list);
    tcase_add_loop_test(tcase, ten_thousand_marks_of_mixed_lengths_come_and_go,
                        0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}

TEST_MAIN(suite)
